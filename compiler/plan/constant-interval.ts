import { type IntervalValue, MICROS_PER_DAY } from '../../runtime/values/types.ts';
import { decimalDigits, intervalLiteral, intervalValue } from '../catalog/literals.ts';
import type { Expr } from '../parse/ast.ts';

/** A length of time that is known when the view is compiled: a literal, a multiple of one, a sum. Undefined for anything else. */
export function constantInterval(expr: Expr): IntervalValue | undefined {
  switch (expr.kind) {
    case 'interval':
      return intervalLiteral(expr.value, expr.unit);
    case 'typedString':
      return expr.type.name === 'interval' ? intervalValue(expr.value) : undefined;
    case 'cast':
      if (expr.type.name !== 'interval' || expr.type.args.length > 0) return undefined;
      return expr.operand.kind === 'string' ? intervalValue(expr.operand.value) : constantInterval(expr.operand);
    case 'unary':
      return scaled(constantInterval(expr.operand), expr.op === '-' ? -1 : 1);
    case 'binary':
      return combined(expr);
    default:
      return undefined;
  }
}

function combined(expr: Extract<Expr, { kind: 'binary' }>): IntervalValue | undefined {
  const { op, left, right } = expr;
  if (op === '*')
    return scaled(constantInterval(left), wholeNumber(right)) ?? scaled(constantInterval(right), wholeNumber(left));
  if (op !== '+' && op !== '-') return undefined;
  const [a, b] = [constantInterval(left), scaled(constantInterval(right), op === '-' ? -1 : 1)];
  if (a === undefined || b === undefined) return undefined;
  return bounded({ months: a.months + b.months, days: a.days + b.days, micros: a.micros + b.micros });
}

/** `INTERVAL '3 hours' / 2` and `INTERVAL '1 day' * 1.5`, whose rest the databases carry to smaller units in ways of their own. */
export function isFraction(expr: Expr): boolean {
  return fraction(expr) !== null;
}

/** The literal that a fraction comes to; null where that is no whole number of microseconds, or of months. */
export function fractionLiteral(expr: Expr): string | null {
  const parts = fraction(expr);
  const by = parts === null ? undefined : decimalDigits(parts.by);
  if (parts === null || by === undefined || by.unscaled === 0n || parts.value.months !== 0) return null;
  const micros = BigInt(parts.value.days) * BigInt(MICROS_PER_DAY) + BigInt(parts.value.micros);
  const scale = 10n ** BigInt(by.scale);
  const [top, bottom] = parts.op === '*' ? [micros * by.unscaled, scale] : [micros * scale, by.unscaled];
  const total = top / bottom;
  const unit = LENGTHS.find(([, size]) => total % size === 0n);
  if (top % bottom !== 0n || total === 0n || unit === undefined) return null;
  const count = total / unit[1];
  return `INTERVAL '${count} ${unit[0]}${count === 1n ? '' : 's'}'`;
}

const LENGTHS: readonly (readonly [string, bigint])[] = [
  ['day', 86_400_000_000n],
  ['hour', 3_600_000_000n],
  ['minute', 60_000_000n],
  ['second', 1_000_000n],
  ['millisecond', 1000n],
  ['microsecond', 1n],
];

interface Fraction {
  readonly value: IntervalValue;
  readonly op: '*' | '/';
  readonly by: string;
}

function fraction(expr: Expr): Fraction | null {
  if (expr.kind !== 'binary' || (expr.op !== '*' && expr.op !== '/') || constantInterval(expr) !== undefined)
    return null;
  const [of, by] = expr.op === '*' && expr.left.kind === 'number' ? [expr.right, expr.left] : [expr.left, expr.right];
  const value = constantInterval(of);
  return value === undefined || by.kind !== 'number' ? null : { value, op: expr.op, by: by.text };
}

function wholeNumber(expr: Expr): number | undefined {
  if (expr.kind === 'number') return /^\d{1,9}$/.test(expr.text) ? Number(expr.text) : undefined;
  if (expr.kind !== 'unary') return undefined;
  const operand = wholeNumber(expr.operand);
  return operand === undefined || expr.op === '+' ? operand : 0 - operand;
}

function scaled(value: IntervalValue | undefined, by: number | undefined): IntervalValue | undefined {
  if (value === undefined || by === undefined) return undefined;
  // Adding 0 turns −0 into 0.
  return bounded({ months: value.months * by + 0, days: value.days * by + 0, micros: value.micros * by + 0 });
}

/** The databases hold months and days in 32 bits. */
function bounded(value: IntervalValue): IntervalValue | undefined {
  const fits = Math.abs(value.months) < 2 ** 31 && Math.abs(value.days) < 2 ** 31;
  return fits && Number.isSafeInteger(value.micros) ? value : undefined;
}
