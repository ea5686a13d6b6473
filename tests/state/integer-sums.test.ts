import { describe, expect, it } from 'vitest';
import { Interner } from '../../runtime/state/interner.ts';
import { addSquare, addWide, intVariance } from '../../runtime/state/results.ts';
import { type Random, random } from './plans.ts';

const LIMB = 2n ** 32n;

function squareSum(acc: Float64Array): bigint {
  return acc.reduceRight((sum, limb) => sum * LIMB + BigInt(limb), 0n);
}

function someInteger(r: Random): number {
  const size = 2 ** r.int(54);
  return (
    (r.chance(0.5) ? 1 : -1) *
    Math.floor(Math.min(size, Number.MAX_SAFE_INTEGER) * (r.chance(0.2) ? 1 : r.int(1000) / 1000))
  );
}

describe('sums of integers', () => {
  it('add and take away squares exactly', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const r = random(seed);
      const values = Array.from({ length: 400 }, () => someInteger(r));
      const acc = new Float64Array(4);
      let sum = 0n;
      for (const x of values) {
        addSquare(acc, 0, x, 1);
        sum += BigInt(x) ** 2n;
      }
      expect(squareSum(acc)).toBe(sum);
      for (const x of values.slice(0, 300)) {
        addSquare(acc, 0, x, -1);
        sum -= BigInt(x) ** 2n;
      }
      expect(squareSum(acc)).toBe(sum);
    }
  });

  it('add squares exactly into limbs as full as they get before they are carried', () => {
    const full = 2 ** 52;
    for (const limb of [0, 1, 2]) {
      for (const sign of [1, -1]) {
        for (const x of [1, 2 ** 18 - 1, 2 ** 36 + 1, Number.MAX_SAFE_INTEGER]) {
          const acc = new Float64Array(6);
          acc[1 + limb] = sign * full;
          const before = squareSum(acc.subarray(1, 5));
          for (let i = 0; i < 3; i++) addSquare(acc, 1, x, sign);
          expect(squareSum(acc.subarray(1, 5))).toBe(before + 3n * BigInt(sign) * BigInt(x) ** 2n);
          expect([acc[0], acc[5]]).toEqual([0, 0]);
          for (const one of acc.subarray(1, 4)) expect(Math.abs(one)).toBeLessThanOrEqual(full);
        }
      }
    }
  });

  it('touch nothing beside their four limbs', () => {
    const acc = new Float64Array([5, 0, 0, 0, 0, Number.NaN]);
    addSquare(acc, 1, Number.MAX_SAFE_INTEGER, 1);
    expect([acc[0], acc[5]]).toEqual([5, Number.NaN]);
  });

  it('add integers of any size exactly, into limbs as full as they get before they are carried', () => {
    const texts = new Interner();
    const widest = 10n ** 38n - 1n;
    const values = [
      1n,
      -1n,
      2n ** 32n,
      2n ** 53n - 1n,
      -(2n ** 53n - 1n),
      2n ** 53n,
      -(2n ** 63n),
      2n ** 106n + 7n,
      widest,
      -widest,
    ];
    const full = 2 ** 52;
    for (const value of values) {
      for (const limb of [-1, 0, 1, 2, 3]) {
        for (const sign of [1, -1]) {
          const acc = new Float64Array(6);
          if (limb >= 0) acc[1 + limb] = sign * full;
          const before = squareSum(acc.subarray(1, 5));
          const small = Number(value);
          const stored = texts.hybrid(Number.isSafeInteger(small) ? small : value);
          for (let i = 0; i < 3; i++) addWide(acc, 1, stored, sign, texts);
          expect([value, limb, squareSum(acc.subarray(1, 5))]).toEqual([
            value,
            limb,
            before + 3n * BigInt(sign) * value,
          ]);
          expect([acc[0], acc[5]]).toEqual([0, 0]);
          // Carried: no sum that is to come may round.
          for (const one of acc.subarray(1, 4)) expect(Math.abs(one)).toBeLessThanOrEqual(full);
        }
      }
    }
  });

  it('give variance and deviation, null for too few', () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    const acc = new Float64Array(6);
    for (const x of values) {
      acc[0] = (acc[0] as number) + x;
      addSquare(acc, 2, x, 1);
    }
    expect(intVariance(acc, 0, 2, 8, false, false, 0)).toBe(4);
    expect(intVariance(acc, 0, 2, 8, false, true, 0)).toBe(2);
    expect(intVariance(acc, 0, 2, 8, true, false, 1)).toBeCloseTo(32 / 7 / 100, 15);
    expect(intVariance(acc, 0, 2, 1, true, false, 0)).toBeNull();
    expect(intVariance(acc, 0, 2, 0, false, false, 0)).toBeNull();
  });
});
