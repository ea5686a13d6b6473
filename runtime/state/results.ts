import { type ExactNumber, type ExactSums, quotient } from './exact-sum.ts';
import type { Interner } from './interner.ts';

/** What generated code calls to keep integer sums and to turn accumulators into values. */
const LIMB = 2 ** 32;
const LIMB_BIG = 2n ** 32n;
const CARRY = 2 ** 52;
const PART = 2 ** 18;

/** Moves what is above 32 bits of a sum's low part into its high part. */
export function carryInt(acc: Float64Array, at: number): void {
  const low = acc[at] as number;
  const carried = Math.trunc(low / LIMB);
  acc[at] = low - carried * LIMB;
  acc[at + 1] = (acc[at + 1] as number) + carried;
}

/** Four limbs of 32 bits with slack, for integers of any size. */
export function addWide(acc: Float64Array, at: number, stored: number, sign: number, texts: Interner): void {
  if (stored > Number.MAX_SAFE_INTEGER) {
    addBig(acc, at, texts.value(stored) as bigint, sign);
    return;
  }
  const high = Math.floor(stored / LIMB);
  acc[at] = (acc[at] as number) + sign * (stored - high * LIMB);
  acc[at + 1] = (acc[at + 1] as number) + sign * high;
  if (Math.abs(acc[at] as number) > CARRY) carryInt(acc, at);
  if (Math.abs(acc[at + 1] as number) > CARRY) carryInt(acc, at + 1);
}

/** Adds the square of an integer within ±(2^53−1): (a·2^36 + b·2^18 + c)², part by part. */
export function addSquare(acc: Float64Array, at: number, x: number, sign: number): void {
  const magnitude = Math.abs(x);
  const upper = Math.floor(magnitude / PART);
  const c = magnitude - upper * PART;
  const a = Math.floor(upper / PART);
  const b = upper - a * PART;
  addShifted(acc, at, c * c, 0, sign);
  addShifted(acc, at, 2 * b * c, 18, sign);
  addShifted(acc, at, 2 * a * c + b * b, 36, sign);
  addShifted(acc, at, 2 * a * b, 54, sign);
  addShifted(acc, at, a * a, 72, sign);
  for (let i = 0; i < 3; i++) if (Math.abs(acc[at + i] as number) > CARRY) carryInt(acc, at + i);
}

/** Adds value · 2^bits to the limbs; the value is an integer below 2^38. */
function addShifted(acc: Float64Array, at: number, value: number, bits: number, sign: number): void {
  const limb = at + (bits >> 5);
  const shift = 2 ** (bits & 31);
  // In halves, so that the products are exact.
  const upper = Math.floor(value / PART);
  const low = (value - upper * PART) * shift;
  const high = upper * shift * PART;
  acc[limb] = (acc[limb] as number) + sign * ((low % LIMB) + (high % LIMB));
  const over = Math.floor(low / LIMB) + Math.floor(high / LIMB);
  if (over !== 0) acc[limb + 1] = (acc[limb + 1] as number) + sign * over;
}

function addBig(acc: Float64Array, at: number, value: bigint, sign: number): void {
  let rest = value;
  for (let limb = at; limb < at + 3; limb++) {
    acc[limb] = (acc[limb] as number) + sign * Number(BigInt.asUintN(32, rest));
    rest >>= 32n;
    if (Math.abs(acc[limb] as number) > CARRY) carryInt(acc, limb);
  }
  // A decimal(38) is below 2^127, so what is left is below 2^31.
  acc[at + 3] = (acc[at + 3] as number) + sign * Number(rest);
}

function total(acc: Float64Array, at: number, limbs: number): number | bigint {
  let high = 0;
  for (let i = 1; i < limbs; i++) high += Math.abs(acc[at + i] as number);
  if (high === 0) return acc[at] as number;
  let sum = 0n;
  for (let i = limbs - 1; i >= 0; i--) sum = sum * LIMB_BIG + BigInt(acc[at + i] as number);
  const rounded = Number(sum);
  return Number.isSafeInteger(rounded) ? rounded : sum;
}

/** The sum, or null beyond the type: ±`limit` (exclusive above for bigint, whose least value has no counterpart). */
export function intSum(acc: Float64Array, at: number, limbs: number, digits: number): number | bigint | null {
  const sum = total(acc, at, limbs);
  if (typeof sum === 'number') return sum === 0 ? 0 : sum;
  if (digits === 0) return sum >= -(2n ** 63n) && sum < 2n ** 63n ? sum : null;
  const limit = 10n ** BigInt(digits);
  return sum > -limit && sum < limit ? sum : null;
}

export function intAverage(acc: Float64Array, at: number, limbs: number, count: number, scale: number): number {
  const mean = Number(total(acc, at, limbs)) / count / 10 ** scale;
  return mean === 0 ? 0 : mean;
}

/** Sum of doubles; null where finite values add up beyond the type. */
export function doubleSum(sums: ExactSums, handle: number): number | null {
  const sum = sums.value(handle);
  return Number.isFinite(sum) || sums.hasSpecial(handle) ? sum : null;
}

export function doubleAverage(sums: ExactSums, handle: number, count: number): number {
  const sum = sums.value(handle);
  if (Number.isFinite(sum) || sums.hasSpecial(handle)) return sum / count === 0 ? 0 : sum / count;
  return (sums.scaled(handle, -64) / count) * 2 ** 64;
}

/** Variance from the exact sums of x and x², never below 0; null for too few values and where Σx² is not finite. */
export function variance(
  sums: ExactSums,
  sum: number,
  squares: number,
  count: number,
  sample: boolean,
  root: boolean,
  scale: number,
): number | null {
  if (count < (sample ? 2 : 1)) return null;
  const [s, q] = [sums.value(sum), sums.value(squares)];
  if (!Number.isFinite(q) || !Number.isFinite(s)) return null;
  const divisor = count * (sample ? count - 1 : count);
  const spread = quickSpread(s, q, count, divisor) ?? exactSpread(sums.exact(sum), sums.exact(squares), count, divisor);
  return spreadResult(spread, root, scale);
}

/** The same of integers; sums stand in `acc`. */
export function intVariance(
  acc: Float64Array,
  sumAt: number,
  squaresAt: number,
  count: number,
  sample: boolean,
  root: boolean,
  scale: number,
): number | null {
  if (count < (sample ? 2 : 1)) return null;
  const [s, q] = [total(acc, sumAt, 2), total(acc, squaresAt, 4)];
  const divisor = count * (sample ? count - 1 : count);
  const whole = (digits: number | bigint): ExactNumber => ({ digits: BigInt(digits), exponent: 0 });
  const spread = quickSpread(Number(s), Number(q), count, divisor) ?? exactSpread(whole(s), whole(q), count, divisor);
  return spreadResult(spread, root, scale);
}

/** Least part of n·Σx² that may be left for doubles to tell the difference by. */
const ENOUGH = 1 / 16;

/** (n·Σx² − (Σx)²) / divisor, or null where most of it cancels out. */
function quickSpread(sum: number, squares: number, count: number, divisor: number): number | null {
  const whole = count * squares;
  const left = whole - sum * sum;
  // Neither where `whole` is beyond the type: nothing is more than that.
  return left > whole * ENOUGH ? left / divisor : null;
}

/** The same by whole numbers: values far from 0 and near each other are common, and so are equal ones. */
function exactSpread(sum: ExactNumber, squares: ExactNumber, count: number, divisor: number): number {
  const low = Math.min(squares.exponent, 2 * sum.exponent);
  const whole = (BigInt(count) * squares.digits) << BigInt(squares.exponent - low);
  const left = whole - ((sum.digits * sum.digits) << BigInt(2 * sum.exponent - low));
  return quotient(left, low, divisor);
}

function spreadResult(spread: number, root: boolean, scale: number): number | null {
  const value = spread / 10 ** (2 * scale);
  const result = root ? Math.sqrt(value) : value;
  return Number.isFinite(result) ? result : null;
}

/** Kept out of line so that the loop around it stays small. */
export function behindLine(t: number, line: number): never {
  throw new Error(`event at ${t} arrived behind the settle line ${line + 1}`);
}
