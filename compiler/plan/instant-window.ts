import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { TemporalUnit } from '../../runtime/values/temporal.ts';
import { MICROS_PER_DAY } from '../../runtime/values/types.ts';
import type { BindContext } from '../bind/context.ts';
import { truncUnit } from '../bind/units.ts';
import { conjunctsOf, hasNow, isNow } from '../bind/walk.ts';
import type { Expr } from '../parse/ast.ts';
import { constantInterval } from './constant-interval.ts';
import { eventTimeName } from './naming.ts';
import type { InstantBound, InstantWindow } from './plan.ts';
import { reportEmpty, reportMonths, reportNoBound, reportUnsolved } from './window-faults.ts';

export const NO_WINDOW: InstantWindow = { lower: [], upper: [] };

const CALENDAR_UNITS: readonly (TemporalUnit | null)[] = ['month', 'quarter', 'year'];
const FLIPPED: Readonly<Record<string, Comparison>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
type Comparison = '<' | '<=' | '>' | '>=';

/** `time`·event time + `now`·base(t) + a constant interval. */
interface Linear {
  readonly time: number;
  readonly now: number;
  readonly trunc: TemporalUnit | null;
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

interface WrittenBound {
  readonly bound: InstantBound;
  readonly node: Expr;
}

/** Takes the windows out of conjuncts over the source's own columns. Whatever else holds now() is told as a fault. */
export function splitWindow(conjuncts: readonly Expr[], source: SourceSpec, context: BindContext): SplitCondition {
  const lower: WrittenBound[] = [];
  const upper: WrittenBound[] = [];
  const rest: Expr[] = [];
  for (const conjunct of conjuncts.flatMap((condition) => conjunctsOf(condition)).flatMap(splitBetween)) {
    if (!hasNow(conjunct)) rest.push(conjunct);
    else {
      const solved = readBound(conjunct, source, context);
      if (solved !== null)
        (solved.op === '>' || solved.op === '>=' ? lower : upper).push({ bound: solved.bound, node: conjunct });
    }
  }
  reportEmpty(lower, upper, source, context.faults);
  return { window: { lower: lower.map(({ bound }) => bound), upper: upper.map(({ bound }) => bound) }, rest };
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

/** The bound that a condition with now() is; null after its fault was told. */
function readBound(expr: Expr, source: SourceSpec, context: BindContext): Solved | null {
  const time = eventTimeName(source);
  if (expr.kind !== 'binary' || !(expr.op in FLIPPED)) return reportNoBound(expr, source, context);
  const left = linear(expr.left, time);
  const right = linear(expr.right, time);
  const solved = left === null || right === null ? null : solve(left, right, expr.op as Comparison);
  if (solved === null) return reportUnsolved(expr, source, context);
  return solved === 'months' ? reportMonths(expr, time, context.faults) : solved;
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

function truncated(expr: Extract<Expr, { kind: 'call' }>, zero: Linear): Linear | null {
  const [unit, operand] = expr.args;
  if (expr.name !== 'date_trunc' || expr.args.length !== 2 || unit?.kind !== 'string' || operand === undefined)
    return null;
  const bare = operand.kind === 'cast' && operand.type.name.startsWith('timestamp') ? operand.operand : operand;
  const name = truncUnit(unit.value);
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

export function windowKey(window: InstantWindow): string {
  const text = (bound: InstantBound): string =>
    `${bound.inclusive ? '=' : ''}${bound.trunc ?? 'now'}${bound.offsetMonths}m${bound.offsetMicros}us`;
  return `(${window.lower.map(text).sort().join()};${window.upper.map(text).sort().join()})`;
}
