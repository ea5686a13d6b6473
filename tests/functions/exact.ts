/** Aggregates by exact arithmetic over whole numbers, for judging the machines. */

import { normaliseBigint } from '../../runtime/values/hybrid.ts';
import { compareValues, equalValues } from '../../runtime/values/order.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';

/** An exact number: `digits` · 2^−1074 for floats, `digits` / 10^scale for others. */
const FLOAT_SHIFT = 1074n;

function digitsOf(value: number | bigint, type: SqlType): bigint {
  if (type.kind !== 'real' && type.kind !== 'double') return BigInt(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(value));
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  const digits = mantissa << BigInt(Math.max(0, exponent - 1));
  return bits >> 63n === 1n ? -digits : digits;
}

function unitOf(type: SqlType): bigint {
  if (type.kind === 'real' || type.kind === 'double') return 1n << FLOAT_SHIFT;
  return type.kind === 'decimal' ? 10n ** BigInt(type.scale) : 1n;
}

const bitLength = (value: bigint): number => value.toString(2).length;

/** The nearest double of a fraction; an infinity beyond the range. */
export function ratio(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  if (numerator < 0n) return -ratio(-numerator, denominator);
  const shift = 66 - (bitLength(numerator) - bitLength(denominator));
  const [n, d] = shift >= 0 ? [numerator << BigInt(shift), denominator] : [numerator, denominator << BigInt(-shift)];
  const quotient = (n / d) | (n % d === 0n ? 0n : 1n);
  let value = Number(quotient);
  for (let left = -shift; left !== 0; ) {
    const step = Math.max(-1000, Math.min(900, left));
    value *= 2 ** step;
    left -= step;
  }
  return value;
}

export interface Row {
  readonly time: number;
  readonly id: number;
  readonly value: Value;
}

/** The aggregate's value over the rows, and what its tolerances hang on (design.md section 4). */
export interface Exact {
  readonly value: Value;
  /** Σ|x| and Σx²/n, as doubles; 0 for what has none. */
  readonly size: number;
  readonly squares: number;
}

export function exactly(
  name: string,
  distinct: boolean,
  type: SqlType | null,
  result: SqlType,
  rows: readonly Row[],
): Exact {
  const values = rows.map((row) => row.value).filter((value) => value !== null);
  const plain = (value: Value): Exact => ({ value, size: 0, squares: 0 });
  switch (name) {
    case 'count_star':
      return plain(rows.length);
    case 'count':
      return plain(distinct ? distinctCount(values, type as SqlType) : values.length);
    case 'min':
    case 'max':
      return plain(extreme(values, type as SqlType, name === 'max' ? 1 : -1));
    case 'bool_and':
      return plain(values.length === 0 ? null : values.every((value) => value === true));
    case 'bool_or':
      return plain(values.length === 0 ? null : values.includes(true));
    case 'latest':
    case 'earliest':
      return plain(picked(rows, name === 'latest' ? 1 : -1));
    default:
      return arithmetic(name, rows, values as (number | bigint)[], type as SqlType, result);
  }
}

function distinctCount(values: readonly Exclude<Value, null>[], type: SqlType): number {
  const kept: Exclude<Value, null>[] = [];
  for (const value of values) if (!kept.some((other) => equalValues(type, value, other))) kept.push(value);
  return kept.length;
}

function extreme(values: readonly Exclude<Value, null>[], type: SqlType, sign: 1 | -1): Value {
  return values.reduce<Value>(
    (best, value) => (best === null || compareValues(type, value, best) * sign > 0 ? value : best),
    null,
  );
}

function picked(rows: readonly Row[], sign: 1 | -1): Value {
  const [first] = [...rows].sort((a, b) => sign * (b.time - a.time || b.id - a.id));
  return first === undefined ? null : first.value;
}

function arithmetic(
  name: string,
  rows: readonly Row[],
  values: readonly (number | bigint)[],
  type: SqlType,
  result: SqlType,
): Exact {
  const special = values.filter((value) => typeof value === 'number' && !Number.isFinite(value)) as number[];
  if (special.length > 0) {
    const sum = special.reduce((total, value) => total + value, 0);
    return { value: name === 'sum' || name === 'avg' ? sum : null, size: 0, squares: 0 };
  }
  const moments = momentsOf(rows, values, type);
  return { value: resultOf(name, moments, type, result), size: moments.size, squares: moments.meanSquare };
}

interface Moments {
  readonly n: bigint;
  readonly sum: bigint;
  readonly squares: bigint;
  readonly unit: bigint;
  readonly size: number;
  readonly meanSquare: number;
}

/** Several aggregates ask for the same rows. */
const known = new WeakMap<readonly Row[], Moments>();

function momentsOf(rows: readonly Row[], values: readonly (number | bigint)[], type: SqlType): Moments {
  const before = known.get(rows);
  if (before !== undefined) return before;
  const n = BigInt(values.length);
  const digits = values.map((value) => digitsOf(value, type));
  const unit = unitOf(type);
  const sum = digits.reduce((total, x) => total + x, 0n);
  const squares = digits.reduce((total, x) => total + x * x, 0n);
  const sizes = digits.reduce((total, x) => total + (x < 0n ? -x : x), 0n);
  // An infinity would excuse whatever stands beside it.
  const size = Math.min(ratio(sizes, unit), Number.MAX_VALUE);
  const moments = { n, sum, squares, unit, size, meanSquare: n === 0n ? 0 : ratio(squares, unit * unit * n) };
  known.set(rows, moments);
  return moments;
}

function resultOf(name: string, { n, sum, squares, unit }: Moments, type: SqlType, result: SqlType): Value {
  if (n === 0n) return null;
  if (name === 'sum') return result.kind === 'double' ? finite(ratio(sum, unit)) : wholeSum(sum, result);
  if (name === 'avg') return ratio(sum, unit * n);
  const isSample = name.endsWith('samp');
  if (isSample && n < 2n) return null;
  const isFloat = type.kind === 'real' || type.kind === 'double';
  if (isFloat && !Number.isFinite(ratio(squares, unit * unit))) return null;
  const variance = ratio(n * squares - sum * sum, unit * unit * n * (isSample ? n - 1n : n));
  return name.startsWith('stddev') ? Math.sqrt(variance) : variance;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function wholeSum(sum: bigint, type: SqlType): Value {
  const limit = type.kind === 'decimal' ? 10n ** BigInt(type.precision) : 1n << 63n;
  const fits = type.kind === 'decimal' ? sum < limit && sum > -limit : sum < limit && sum >= -limit;
  return fits ? normaliseBigint(sum) : null;
}
