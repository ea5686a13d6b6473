import { describe, expect, it } from 'vitest';
import { addSquare, intVariance } from '../../runtime/state/results.ts';
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

  it('touch nothing beside their four limbs', () => {
    const acc = new Float64Array([5, 0, 0, 0, 0, Number.NaN]);
    addSquare(acc, 1, Number.MAX_SAFE_INTEGER, 1);
    expect([acc[0], acc[5]]).toEqual([5, Number.NaN]);
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
