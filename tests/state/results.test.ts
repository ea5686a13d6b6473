import { describe, expect, it } from 'vitest';
import { ExactSums } from '../../runtime/state/exact-sum.ts';
import {
  addSquare,
  carryInt,
  doubleAverage,
  doubleSum,
  intAverage,
  intSum,
  intVariance,
  variance,
} from '../../runtime/state/results.ts';
import { random } from './plans.ts';

const LIMB = 2n ** 32n;
const { MAX_VALUE, NaN: NAN, POSITIVE_INFINITY: INFINITY } = Number;
/** What every double is a whole number of. */
const UNIT_BITS = 1074;

/** Limbs of 32 bits but the last one, which has the sign. */
function limbsOf(value: bigint, limbs: number): Float64Array {
  const acc = new Float64Array(limbs);
  let rest = value;
  for (let i = 0; i < limbs - 1; i++) {
    acc[i] = Number(BigInt.asUintN(32, rest));
    rest >>= 32n;
  }
  acc[limbs - 1] = Number(rest);
  return acc;
}

/** x · 2^1074 */
function unitsOf(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponent = bits >> 52n;
  const fraction = bits & (2n ** 52n - 1n);
  const units = exponent === 0n ? fraction : (fraction + 2n ** 52n) << (exponent - 1n);
  return x < 0 ? -units : units;
}

/** above / below · 2^−bits, to 64 bits before it is rounded. */
function quotient(above: bigint, below: bigint, bits: number): number {
  const shift = Math.max(0, 64 + below.toString(2).length - above.toString(2).length);
  const scaled = (above << BigInt(shift)) / below;
  const extra = Math.max(0, scaled.toString(2).length - 64);
  const exponent = extra - shift - bits;
  const half = Math.trunc(exponent / 2);
  return Number(scaled >> BigInt(extra)) * 2 ** half * 2 ** (exponent - half);
}

function varianceOf(values: readonly bigint[], sample: boolean, bits: number): number {
  const n = BigInt(values.length);
  const sum = values.reduce((total, x) => total + x, 0n);
  const squares = values.reduce((total, x) => total + x * x, 0n);
  return quotient(n * squares - sum * sum, n * (sample ? n - 1n : n), 2 * bits);
}

function added(sums: ExactSums, values: readonly number[]): { sum: number; squares: number } {
  return {
    sum: values.reduce((handle, x) => sums.add(handle, x, 1), 0),
    squares: values.reduce((handle, x) => sums.addSquare(handle, x, 1), 0),
  };
}

function spreadOf(values: readonly number[], sample = false, root = false, scale = 0): number | null {
  const sums = new ExactSums();
  const { sum, squares } = added(sums, values);
  return variance(sums, sum, squares, values.length, sample, root, scale);
}

/** The quick way may lose the bits of a part of 16. */
function expectClose(actual: number | null, wanted: number, what: string): void {
  if (wanted === 0) expect(actual, what).toBe(0);
  else expect(Math.abs((actual ?? Number.NaN) / wanted - 1), what).toBeLessThan(2e-14);
}

describe('sums of integers', () => {
  it('are carried without a loss, of either sign, beside what is not theirs', () => {
    for (const low of [0, 1, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53) + 1, 3 * 2 ** 40 + 5]) {
      for (const high of [0, 7, -7]) {
        const acc = new Float64Array([9, low, high, 9]);
        carryInt(acc, 1);
        const [before, carried, above, after] = acc as unknown as [number, number, number, number];
        expect([before, after]).toEqual([9, 9]);
        expect(Math.abs(carried)).toBeLessThan(2 ** 32);
        expect(BigInt(carried) + LIMB * BigInt(above)).toBe(BigInt(low) + LIMB * BigInt(high));
      }
    }
  });

  it('are numbers where a double holds them, and null beyond their type', () => {
    const widest = 10n ** 38n;
    const sumOf = (value: bigint, limbs: number, digits: number): number | bigint | null => {
      const acc = new Float64Array(limbs + 2).fill(3);
      acc.set(limbsOf(value, limbs), 1);
      return intSum(acc, 1, limbs, digits);
    };
    for (const value of [0n, 5n, -5n, 2n ** 53n - 1n, 1n - 2n ** 53n, 2n ** 32n, -(2n ** 32n) - 1n]) {
      for (const limbs of [2, 4]) for (const digits of [0, 38]) expect(sumOf(value, limbs, digits)).toBe(Number(value));
    }
    for (const value of [2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      for (const digits of [0, 38]) expect(sumOf(value, 3, digits)).toBe(value);
    }
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
      expect(sumOf(value, 3, 0)).toBeNull();
      expect(sumOf(value, 3, 38)).toBe(value);
    }
    for (const value of [widest - 1n, 1n - widest]) expect(sumOf(value, 4, 38)).toBe(value);
    for (const value of [widest, -widest]) expect(sumOf(value, 4, 38)).toBeNull();
    expect([sumOf(10n ** 20n - 1n, 4, 20), sumOf(10n ** 20n, 4, 20)]).toEqual([10n ** 20n - 1n, null]);
  });

  it('are never −0, and parts of opposite signs make one sum', () => {
    expect(intSum(new Float64Array([-0, 0]), 0, 2, 0)).toBe(0);
    expect(intSum(new Float64Array([2 ** 32 + 5, -1]), 0, 2, 0)).toBe(5);
    expect(intSum(new Float64Array([-5, 1, -1, 0]), 0, 3, 38)).toBe(-(2n ** 64n) + 2n ** 32n - 5n);
    expect(intSum(new Float64Array([0, 2 ** 32, -1]), 0, 3, 38)).toBe(0);
  });

  it('are divided exactly rounded, with their scale', () => {
    expect(intAverage(new Float64Array([7, 0]), 0, 2, 2, 0)).toBe(3.5);
    expect(intAverage(new Float64Array([9, 725, 0]), 1, 2, 2, 2)).toBe(3.625);
    expect(intAverage(limbsOf(-(10n ** 37n), 4), 0, 4, 10, 2)).toBe(-1e34);
    expect(intAverage(new Float64Array([-0, 0]), 0, 2, 3, 0)).toBe(0);
    expect(intAverage(new Float64Array([0, 0]), 0, 2, 3, 5)).toBe(0);
  });
});

describe('sums of doubles', () => {
  it('are null only where finite values add up beyond the type', () => {
    const sums = new ExactSums();
    const sumOf = (...values: number[]): number | null => doubleSum(sums, added(sums, values).sum);
    expect([sumOf(MAX_VALUE, MAX_VALUE), sumOf(-MAX_VALUE, -MAX_VALUE)]).toEqual([null, null]);
    expect(sumOf(MAX_VALUE, MAX_VALUE, -MAX_VALUE)).toBe(MAX_VALUE);
    expect([sumOf(INFINITY, 1), sumOf(-INFINITY), sumOf(NAN, 1)]).toEqual([INFINITY, -INFINITY, NAN]);
    expect([sumOf(), sumOf(-0), sumOf(1, -1)]).toEqual([0, 0, 0]);
  });

  it('are divided even where they are beyond the type', () => {
    const sums = new ExactSums();
    const meanOf = (...values: number[]): number => doubleAverage(sums, added(sums, values).sum, values.length);
    expect([meanOf(1, 2), meanOf(-0, 0), meanOf(-5e-324, 0, 0)]).toEqual([1.5, 0, 0]);
    expect(meanOf(MAX_VALUE, MAX_VALUE)).toBe(MAX_VALUE);
    expect(meanOf(-MAX_VALUE, -MAX_VALUE, -MAX_VALUE, 0)).toBe(-MAX_VALUE * 0.75);
    expect([meanOf(INFINITY, 1), meanOf(-INFINITY), meanOf(NAN, MAX_VALUE, MAX_VALUE)]).toEqual([
      INFINITY,
      -INFINITY,
      NAN,
    ]);
  });
});

describe('variances', () => {
  it('of too few, of NaN and of infinities, and beyond the type are null', () => {
    expect([spreadOf([]), spreadOf([5]), spreadOf([5], true), spreadOf([5, 7], true)]).toEqual([null, 0, null, 2]);
    for (const value of [NAN, INFINITY, -INFINITY, 1e200]) expect(spreadOf([1, value])).toBeNull();
    expect(spreadOf([1e200, 1e200])).toBeNull();
  });

  it('and deviations are those of whole numbers, however near to each other and far from 0 values are', () => {
    const r = random(6);
    const bases = [0, 1e-3, 1, 1e9 + 0.1, -1e15, 1e150, -3e-150];
    const steps = [0, 2 ** -50, 1e-9, 1e-3, 1, 1e3, 1e17];
    for (let round = 0; round < 400; round++) {
      const [base, step] = [r.pick(bases), r.pick(steps)];
      const size = Math.abs(base) > 1e100 || Math.abs(base) < 1e-100 ? Math.abs(base) : 1;
      const values = Array.from({ length: 1 + r.int(9) }, () => base + size * step * (r.int(1000) - 300));
      if (values.length < 2) values.push(values[0] as number);
      if (values.some((x) => Math.abs(x) > 1e153)) continue;
      for (const sample of [false, true]) {
        const wanted = varianceOf(values.map(unitsOf), sample, UNIT_BITS);
        const actual = spreadOf(values, sample) as number;
        expectClose(actual, wanted, `${values}`);
        expect(spreadOf(values, sample, true)).toBe(Math.sqrt(actual));
        expect(spreadOf(values, sample, false, 2)).toBe(actual / 1e4);
      }
    }
  });

  it('are there up to the end of the type', () => {
    const values = [9e153, -9e153, 1e153];
    expectClose(spreadOf(values), varianceOf(values.map(unitsOf), false, UNIT_BITS), 'wide');
    const near = [7e153, 7e153, 6.999e153];
    expectClose(spreadOf(near), varianceOf(near.map(unitsOf), false, UNIT_BITS), 'wide and near');
    const far = [...new Array<number>(20).fill(1e150), 1e-150];
    expectClose(spreadOf(far), varianceOf(far.map(unitsOf), false, UNIT_BITS), 'near each other but one');
    const equal = [9e153, 9e153];
    expect(spreadOf(equal)).toBe(0);
  });

  it('of integers are the same', () => {
    const r = random(7);
    for (let round = 0; round < 200; round++) {
      const base = r.pick([0, 3, -(2 ** 31), 2 ** 52, -(2 ** 52)]);
      const step = r.pick([0, 1, 1000, 2 ** 40]);
      const values = Array.from({ length: 2 + r.int(9) }, () => base + step * (r.int(1000) - 300));
      const acc = new Float64Array(7);
      for (const x of values) {
        acc[1] = (acc[1] as number) + x;
        carryInt(acc, 1);
        addSquare(acc, 3, x, 1);
      }
      for (const sample of [false, true]) {
        const wanted = varianceOf(values.map(BigInt), sample, 0);
        const scale = r.int(3);
        const actual = intVariance(acc, 1, 3, values.length, sample, false, scale) as number;
        expectClose(actual, wanted / 100 ** scale, `${values}`);
        expect(intVariance(acc, 1, 3, values.length, sample, true, scale)).toBe(Math.sqrt(actual));
      }
    }
  });

  it('of one integer are 0, and none as a sample', () => {
    const acc = new Float64Array(6);
    acc[0] = 5;
    addSquare(acc, 2, 5, 1);
    expect(intVariance(acc, 0, 2, 1, false, false, 0)).toBe(0);
    expect(intVariance(acc, 0, 2, 1, true, false, 0)).toBeNull();
  });
});
