import type {
  AggregateCall,
  AggregateViewPlan,
  InstantBound,
  InstantWindow,
  PlanExpr,
  RowFrame,
  RowsViewPlan,
} from '../../compiler/plan/plan.ts';
import type { Value } from '../../runtime/values/types.ts';
import { COLUMNS } from './plans.ts';

/** A view's slots from the bare list of events, by the words of the plan; as slow as it is short. */
export type Event = readonly Value[];

export function evaluate(expr: PlanExpr, event: Event): Value {
  const both = (args: readonly PlanExpr[], decisive: boolean): Value => {
    const values = args.map((arg) => evaluate(arg, event));
    if (values.includes(decisive)) return decisive;
    return values.includes(null) ? null : !decisive;
  };
  switch (expr.kind) {
    case 'const':
      return expr.value;
    case 'column':
      return event[expr.column] as Value;
    case 'and':
      return both(expr.args, false);
    case 'or':
      return both(expr.args, true);
    case 'not': {
      const arg = evaluate(expr.arg, event);
      return arg === null ? null : !arg;
    }
    case 'isNull':
      return (evaluate(expr.arg, event) === null) !== expr.negated;
    case 'case': {
      const branch = expr.whens.find(({ when }) => evaluate(when, event) === true);
      return evaluate(branch === undefined ? expr.otherwise : branch.then, event);
    }
    case 'coalesce':
      return expr.args.map((arg) => evaluate(arg, event)).find((value) => value !== null) ?? null;
    case 'call': {
      const args = expr.args.map((arg) => evaluate(arg, event));
      if (args.includes(null)) return null;
      if (expr.fn === 'gt') return (args[0] as number) > (args[1] as number);
      return (args[0] as number) % 2 === 0 ? (args[0] as number) / 2 : null;
    }
    default:
      throw new Error(expr.kind);
  }
}

function boundInstant(bound: InstantBound, t: number): number {
  if (bound.trunc === null) return t + bound.offsetMicros;
  const date = new Date(Math.floor(t / 1000));
  if (bound.trunc === 'hour') date.setUTCMinutes(0, 0, 0);
  else date.setUTCHours(0, 0, 0, 0);
  if (bound.trunc === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (bound.trunc === 'month') date.setUTCMonth(date.getUTCMonth() + bound.offsetMonths, 1);
  return date.getTime() * 1000 + bound.offsetMicros;
}

export function inWindow(window: InstantWindow, ts: number, t: number): boolean {
  const above = window.lower.every((b) => (b.inclusive ? ts >= boundInstant(b, t) : ts > boundInstant(b, t)));
  return above && window.upper.every((b) => (b.inclusive ? ts <= boundInstant(b, t) : ts < boundInstant(b, t)));
}

const time = (event: Event): number => event[0] as number;

/** Events must be sorted by (time, key). `cap`: the last event time that counts. Null: no row. */
export function aggregateSlots(
  plan: AggregateViewPlan,
  events: readonly Event[],
  t: number,
  cap: number,
): Value[] | null {
  const grouped = events.filter(
    (event) =>
      time(event) <= cap &&
      inWindow(plan.whereWindow, time(event), t) &&
      (plan.where === null || evaluate(plan.where, event) === true),
  );
  if (grouped.length === 0) return null;
  return plan.slots.map((slot) => {
    if (slot.kind !== 'aggregate') throw new Error(slot.kind);
    return fold(
      slot.call,
      slot.filter,
      grouped.filter((event) => inWindow(slot.window, time(event), t)),
    );
  });
}

export function rowSlots(plan: RowsViewPlan, events: readonly Event[], t: number, cap: number): Value[] | null {
  const rows = events.filter(
    (event) =>
      time(event) <= cap &&
      inWindow(plan.whereWindow, time(event), t) &&
      (plan.where === null || evaluate(plan.where, event) === true),
  );
  const row = rows[rows.length - 1];
  if (row === undefined) return null;
  return plan.slots.map((slot) => {
    switch (slot.kind) {
      case 'rowValue':
        return evaluate(slot.expr, row);
      case 'rowNumber':
        return rows.length;
      case 'lag': {
        const earlier = rows[rows.length - 1 - slot.offset];
        if (earlier !== undefined) return evaluate(slot.expr, earlier);
        return slot.otherwise === null ? null : evaluate(slot.otherwise, row);
      }
      case 'frameValue': {
        const inside = framed(rows, slot.frame);
        const picked = slot.which === 'first' ? inside[0] : inside[inside.length - 1];
        return picked === undefined ? null : evaluate(slot.expr, picked);
      }
      case 'frame':
        return fold(slot.call, slot.filter, framed(rows, slot.frame));
      default:
        throw new Error(slot.kind);
    }
  });
}

function framed(rows: readonly Event[], frame: RowFrame): readonly Event[] {
  const last = rows.length - 1;
  if (frame.mode === 'rows') {
    const end = last - frame.end;
    return rows.filter((_, i) => i <= end && (frame.start === null || i >= last - frame.start));
  }
  const at = time(rows[last] as Event);
  const { startMicros, endMicros } = frame;
  return rows.filter((row) => time(row) <= at - endMicros && (startMicros === null || time(row) >= at - startMicros));
}

function order(a: Value, b: Value): number {
  if (Number.isNaN(a as number) || Number.isNaN(b as number)) {
    return Number(Number.isNaN(a as number)) - Number(Number.isNaN(b as number));
  }
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function fold(call: AggregateCall, filter: PlanExpr | null, events: readonly Event[]): Value {
  const taken = filter === null ? events : events.filter((event) => evaluate(filter, event) === true);
  if (call.arg === null) return taken.length;
  const { arg } = call;
  const all = taken.map((event) => evaluate(arg, event));
  if (call.fn === 'latest') return all[all.length - 1] ?? null;
  if (call.fn === 'earliest') return all[0] ?? null;
  const values = all.filter((value) => value !== null);
  if (call.fn === 'count') return call.distinct ? new Set(values).size : values.length;
  if (values.length === 0) return null;
  if (call.fn === 'bool_and') return !values.includes(false);
  if (call.fn === 'bool_or') return values.includes(true);
  if (call.fn === 'min' || call.fn === 'max') {
    return values.reduce((best, value) => (order(value, best) < 0 === (call.fn === 'min') ? value : best));
  }
  return numeric(call, values as (number | bigint)[]);
}

function numeric(call: AggregateCall, values: readonly (number | bigint)[]): Value {
  if (call.argType?.kind === 'double' || (call.fn !== 'sum' && call.fn !== 'avg')) return floating(call, values);
  const sum = values.reduce<bigint>((total, value) => total + BigInt(value), 0n);
  if (call.fn === 'sum') return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum;
  const scale = call.argType?.kind === 'decimal' ? call.argType.scale : 0;
  return Number(sum) / values.length / 10 ** scale;
}

function floating(call: AggregateCall, values: readonly (number | bigint)[]): Value {
  const scale = call.argType?.kind === 'decimal' ? 10 ** call.argType.scale : 1;
  const xs = values.map((value) => Number(value) / scale);
  const sum = xs.reduce((a, x) => a + x, 0);
  if (call.fn === 'sum') return sum;
  if (call.fn === 'avg') return sum / xs.length;
  const divisor = call.fn.endsWith('samp') ? xs.length - 1 : xs.length;
  if (divisor === 0) return null;
  const mean = sum / xs.length;
  const variance = xs.reduce((a, x) => a + (x - mean) ** 2, 0) / divisor;
  const result = call.fn.startsWith('stddev') ? Math.sqrt(variance) : variance;
  return Number.isFinite(result) ? result : null;
}

export function columnIndex(name: string): number {
  return COLUMNS.findIndex((column) => column.name === name);
}
