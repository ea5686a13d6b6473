import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { MICROS_PER_DAY } from '../../runtime/values/types.ts';
import { conjunctsOf, hasNow, isNow, someExpr } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { intervalLiteral, intervalValue } from '../catalog/literals.ts';
import type { Expr } from '../parse/ast.ts';
import type { InstantBound, InstantWindow, TruncUnit } from './plan.ts';

export const NO_WINDOW: InstantWindow = { lower: [], upper: [] };

const UNITS = ['microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const CALENDAR_UNITS: readonly (TruncUnit | null)[] = ['month', 'quarter', 'year'];
const FLIPPED: Readonly<Record<string, Comparison>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
type Comparison = '<' | '<=' | '>' | '>=';

/** `time`·event time + `now`·base(t) + a constant interval. */
interface Linear {
  readonly time: number;
  readonly now: number;
  readonly trunc: TruncUnit | null;
  readonly months: number;
  readonly micros: number;
  /** Months were added after smaller units, which does not commute with adding them first. */
  readonly lateMonths: boolean;
}

export interface SplitCondition {
  readonly window: InstantWindow;
  /** Conjuncts without now(). */
  readonly rest: readonly Expr[];
}

/** Takes the windows out of conjuncts over the source's own columns. Whatever else holds now() is told as a fault. */
export function splitWindow(conjuncts: readonly Expr[], source: SourceSpec, faults: Faults): SplitCondition {
  const lower: InstantBound[] = [];
  const upper: InstantBound[] = [];
  const rest: Expr[] = [];
  for (const conjunct of conjuncts.flatMap((condition) => conjunctsOf(condition)).flatMap(splitBetween)) {
    if (!hasNow(conjunct)) rest.push(conjunct);
    else addBound(conjunct, source, faults, lower, upper);
  }
  const window = { lower, upper };
  const last = conjuncts.at(-1);
  if (last !== undefined && isAlwaysEmpty(window)) {
    const at = conjuncts.find(hasNow) ?? last;
    faults.error('FSC3306', at.span, 'no event is ever inside this window');
  }
  return { window, rest };
}

/** `x BETWEEN a AND b` with now() is two bounds. */
function splitBetween(expr: Expr): readonly Expr[] {
  if (expr.kind !== 'between' || expr.negated || !hasNow(expr)) return [expr];
  const { span, operand, low, high } = expr;
  return [
    { kind: 'binary', span, op: '>=', opSpan: span, left: operand, right: low },
    { kind: 'binary', span, op: '<=', opSpan: span, left: operand, right: high },
  ];
}

function addBound(expr: Expr, source: SourceSpec, faults: Faults, lower: InstantBound[], upper: InstantBound[]): void {
  const fault = notABound(expr, source);
  if (fault !== null) {
    faults.error(fault.code, expr.span, fault.message);
    return;
  }
  if (expr.kind !== 'binary') return;
  const time = source.columns[source.eventTimeColumn]?.name ?? '';
  const left = linear(expr.left, time);
  const right = linear(expr.right, time);
  const solved = left === null || right === null ? null : solve(left, right, expr.op as Comparison);
  if (solved === null) {
    reportUnsolved(expr, source, faults);
    return;
  }
  if (solved === 'months') {
    faults.error('FSC3302', expr.span, 'months or years from an instant that is not truncated to month or year');
    return;
  }
  const { op, bound } = solved;
  if (op === '>' || op === '>=') lower.push(bound);
  else upper.push(bound);
}

interface NotABound {
  readonly code: 'FSC3301' | 'FSC3303' | 'FSC3307';
  readonly message: string;
}

function notABound(expr: Expr, source: SourceSpec): NotABound | null {
  const time = source.columns[source.eventTimeColumn]?.name ?? '';
  const hasTime = someExpr(expr, (node) => node.kind === 'column' && node.name.name === time);
  if (expr.kind === 'binary') {
    if (expr.op in FLIPPED) return null;
    if (expr.op === '=' || expr.op === '<>')
      return { code: 'FSC3307', message: `now() is compared with \`${expr.op}\`` };
  }
  if ((expr.kind === 'or' || expr.kind === 'not') && hasTime) {
    return { code: 'FSC3303', message: `a window inside ${expr.kind.toUpperCase()}` };
  }
  if (expr.kind === 'between' && hasTime) return { code: 'FSC3303', message: 'a window inside NOT BETWEEN' };
  return { code: 'FSC3301', message: 'now() is no window bound here' };
}

function reportUnsolved(expr: Extract<Expr, { kind: 'binary' }>, source: SourceSpec, faults: Faults): void {
  const time = source.columns[source.eventTimeColumn]?.name ?? '';
  const columns = new Set<string>();
  someExpr(expr, (node) => {
    if (node.kind === 'column') columns.add(node.name.name);
    return false;
  });
  const hasTime = columns.delete(time);
  const instants = source.columns.filter((column) => ['timestamp', 'timestamptz', 'date'].includes(column.type.kind));
  const other = instants.find((column) => columns.has(column.name));
  if (!hasTime && other !== undefined) {
    faults.error('FSC3304', expr.span, `\`${other.name}\` is compared with now()`);
  } else if (hasTime)
    faults.error('FSC3305', expr.span, 'the window is not event time against now() and a constant interval');
  else faults.error('FSC3301', expr.span, 'now() is no window bound here');
}

/** Reads a sum of event time, now() and constant intervals; null for anything else. */
function linear(expr: Expr, time: string): Linear | null {
  const zero: Linear = { time: 0, now: 0, trunc: null, months: 0, micros: 0, lateMonths: false };
  if (expr.kind === 'column') return expr.name.name === time ? { ...zero, time: 1 } : null;
  if (isNow(expr)) return { ...zero, now: 1 };
  const interval = constantInterval(expr);
  if (interval !== undefined) {
    return { ...zero, months: interval.months, micros: interval.days * MICROS_PER_DAY + interval.micros };
  }
  switch (expr.kind) {
    case 'cast':
      return expr.type.name.startsWith('timestamp') && expr.type.args.length === 0 ? linear(expr.operand, time) : null;
    case 'unary': {
      const operand = linear(expr.operand, time);
      if (operand === null || expr.op === '+') return operand;
      return operand.time === 0 && operand.now === 0 ? negate(operand) : null;
    }
    case 'call':
      return truncated(expr, zero);
    case 'binary': {
      if (expr.op !== '+' && expr.op !== '-') return null;
      const left = linear(expr.left, time);
      const right = linear(expr.right, time);
      if (left === null || right === null) return null;
      return sum(left, expr.op === '-' ? negate(right) : right);
    }
    default:
      return null;
  }
}

function constantInterval(expr: Expr): ReturnType<typeof intervalValue> {
  if (expr.kind === 'interval') return intervalLiteral(expr.value, expr.unit);
  const isCast = expr.kind === 'cast' && expr.type.name === 'interval' && expr.operand.kind === 'string';
  if (isCast && expr.operand.kind === 'string') return intervalValue(expr.operand.value);
  if (expr.kind === 'typedString' && expr.type.name === 'interval') return intervalValue(expr.value);
  return undefined;
}

function truncated(expr: Extract<Expr, { kind: 'call' }>, zero: Linear): Linear | null {
  const [unit, operand] = expr.args;
  if (expr.name !== 'date_trunc' || expr.args.length !== 2 || unit?.kind !== 'string' || operand === undefined)
    return null;
  const bare = operand.kind === 'cast' && operand.type.name.startsWith('timestamp') ? operand.operand : operand;
  const name = UNITS.find((known) => known === unit.value.toLowerCase()) as TruncUnit | undefined;
  return isNow(bare) && name !== undefined ? { ...zero, now: 1, trunc: name } : null;
}

function negate(a: Linear): Linear {
  return { ...a, time: -a.time, now: -a.now, months: 0 - a.months, micros: 0 - a.micros };
}

function sum(a: Linear, b: Linear): Linear | null {
  if (a.now !== 0 && b.now !== 0) return null;
  if (a.time !== 0 && b.time !== 0) return null;
  return {
    time: a.time + b.time,
    now: a.now + b.now,
    trunc: a.trunc ?? b.trunc,
    months: a.months + b.months,
    micros: a.micros + b.micros,
    lateMonths: a.lateMonths || b.lateMonths || lateMonths(a, b),
  };
}

/** (trunc + 2 days) + 1 month is not (trunc + 1 month) + 2 days. */
function lateMonths(a: Linear, b: Linear): boolean {
  return (b.months !== 0 && a.micros !== 0) || (a.months !== 0 && b.micros !== 0 && b.now !== 0);
}

interface Solved {
  readonly op: Comparison;
  readonly bound: InstantBound;
}

/** Solves `left op right` for the event time. */
function solve(left: Linear, right: Linear, op: Comparison): Solved | 'months' | null {
  const hasMonths = left.months !== 0 || right.months !== 0;
  const difference = sum(left, negate(right));
  if (difference === null || difference.time * difference.now !== -1) return null;
  const isRising = difference.time === 1;
  if (hasMonths && !monthsAreSafe(left, right)) return 'months';
  const months = isRising ? 0 - difference.months : difference.months;
  const micros = isRising ? 0 - difference.micros : difference.micros;
  if (!Number.isSafeInteger(micros)) return null;
  const solvedOp = isRising ? op : (FLIPPED[op] as Comparison);
  return {
    op: solvedOp,
    bound: {
      trunc: difference.trunc,
      offsetMonths: months,
      offsetMicros: micros,
      inclusive: solvedOp === '<=' || solvedOp === '>=',
    },
  };
}

/** The event time stands alone, and months are added first, to an instant truncated to a calendar unit. */
function monthsAreSafe(left: Linear, right: Linear): boolean {
  const [alone, bound] = left.time !== 0 ? [left, right] : [right, left];
  if (alone.time !== 1 || alone.now !== 0 || alone.months !== 0 || alone.micros !== 0) return false;
  return bound.now === 1 && CALENDAR_UNITS.includes(bound.trunc) && !bound.lateMonths;
}

/** Told only where it is plain: bounds of one base without months, and t itself above all. */
export function isAlwaysEmpty(window: InstantWindow): boolean {
  const present: InstantBound = { trunc: null, offsetMonths: 0, offsetMicros: 0, inclusive: true };
  return window.lower.some((low) => [...window.upper, present].some((high) => isEmptyBetween(low, high)));
}

function isEmptyBetween(low: InstantBound, high: InstantBound): boolean {
  if (low.trunc !== high.trunc || low.offsetMonths !== high.offsetMonths) return false;
  if (low.offsetMicros !== high.offsetMicros) return low.offsetMicros > high.offsetMicros;
  return !(low.inclusive && high.inclusive);
}

export function windowKey(window: InstantWindow): string {
  const text = (bound: InstantBound): string =>
    `${bound.inclusive ? '=' : ''}${bound.trunc ?? 'now'}${bound.offsetMonths}m${bound.offsetMicros}us`;
  return `(${window.lower.map(text).sort().join()};${window.upper.map(text).sort().join()})`;
}
