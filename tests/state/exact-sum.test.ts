import { describe, expect, it } from 'vitest';
import { ExactSums } from '../../runtime/state/exact-sum.ts';
import { random } from './plans.ts';

const EXTREMES = [
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1e-300,
  1e-9,
  0.1,
  0.2,
  0.3,
  1,
  -1,
  3,
  2 ** 53,
  -(2 ** 53),
  1e17,
  1e22,
  1e300,
  -1e300,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  1.7e308,
];

describe('exact sums', () => {
  it('leave no trace of what was added and removed', () => {
    const r = random(1);
    for (let round = 0; round < 200; round++) {
      const sums = new ExactSums();
      const kept = r.pick(EXTREMES);
      const values = Array.from({ length: 40 }, () => r.pick(EXTREMES));
      let handle = sums.add(0, kept, 1);
      for (const value of values) handle = sums.add(handle, value, 1);
      for (const value of values.sort()) handle = sums.add(handle, value, -1);
      expect(sums.value(handle)).toBe(kept);
    }
  });

  it('do not depend on order', () => {
    const r = random(2);
    const values = Array.from({ length: 1000 }, () => r.pick(EXTREMES.slice(3, 16)) * (1 + r.int(1000) / 7));
    const total = (list: readonly number[]): number => {
      const sums = new ExactSums();
      return sums.value(list.reduce((handle, value) => sums.add(handle, value, 1), 0));
    };
    const expected = total(values);
    for (let round = 0; round < 20; round++) expect(total([...values].sort(() => r.int(3) - 1))).toBe(expected);
  });

  it('are exact where plain addition is not', () => {
    const sums = new ExactSums();
    let handle = 0;
    for (const value of [1e17, 1, -1e17, 2]) handle = sums.add(handle, value, 1);
    expect(sums.value(handle)).toBe(3);
    for (let i = 0; i < 10; i++) handle = sums.add(handle, 0.1, 1);
    expect(sums.value(handle)).toBe(4);
    for (const value of [3, 1]) handle = sums.add(handle, value, -1);
    expect(sums.value(handle)).toBeCloseTo(0, 15);
  });

  it('survive more additions than a limb has room for without a carry', () => {
    // All ones in one limb, so that each addition would round once the limb is above 2^53.
    const value = (2 ** 32 - 1) / 16;
    const additions = 2_400_000;
    const sums = new ExactSums();
    let handle = 0;
    for (let i = 0; i < additions; i++) handle = sums.add(handle, value, 1);
    expect(sums.value(handle)).toBe(value * additions);
    for (let i = 0; i < additions; i++) handle = sums.add(handle, value, -1);
    expect(sums.value(handle)).toBe(0);
  });

  it('are what is left, however much cancels out', () => {
    const r = random(5);
    // All values are whole numbers of 2^-1074.
    const units = (x: number): bigint => BigInt(x * 2 ** 200) << 874n;
    const someValue = (): number => (r.chance(0.5) ? 1 : -1) * (1 + r.int(2 ** 30) / 2 ** 30) * 2 ** (r.int(300) - 140);
    for (let round = 0; round < 300; round++) {
      const sums = new ExactSums();
      let [handle, left] = [0, 0n];
      for (let i = 0; i < 5; i++) {
        const x = someValue();
        handle = sums.add(handle, x, 1);
        left += units(x);
      }
      while (left !== 0n) {
        const value = sums.value(handle);
        const wanted = Number(left >> 874n) / 2 ** 200;
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(2 ** -52 * Math.abs(wanted));
        // What remains is below the last bit of what was there.
        handle = sums.add(handle, value, -1);
        left -= units(value);
      }
      expect(sums.value(handle)).toBe(0);
    }
  });

  it('square exactly', () => {
    const r = random(3);
    const sums = new ExactSums();
    for (let round = 0; round < 500; round++) {
      const x = r.pick([3, 94906267, 134217729, 2 ** 53 - 1, 5e-324, 1e-160, 1e154, 0.1]) * (r.chance(0.5) ? 1 : -1);
      const handle = sums.addSquare(0, x, 1);
      const value = sums.value(handle);
      if (Number.isInteger(x)) expect(value).toBe(Number(BigInt(x) * BigInt(x)));
      else if (x * x > 1e-290) expect(Math.abs(value / (x * x) - 1)).toBeLessThan(1e-15);
      expect(sums.value(sums.addSquare(handle, x, -1))).toBe(0);
      sums.release(handle);
    }
  });

  it('square the least and the greatest exactly, and NaN and infinities to what they are', () => {
    const sums = new ExactSums();
    for (const x of [...EXTREMES, 3e-320, -2.2250738585072009e-308, 4e-308]) {
      const { digits, exponent } = sums.exact(sums.add(0, x, 1));
      const square = sums.exact(sums.addSquare(0, x, 1));
      const whole = square.digits << BigInt(square.exponent + 2148);
      expect([x, whole]).toEqual([x, (digits * digits) << BigInt(2 * exponent + 2148)]);
    }
    for (const [x, square] of [
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
      [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      [Number.NaN, Number.NaN],
    ] as const) {
      const handle = sums.addSquare(sums.addSquare(0, 3, 1), x, 1);
      expect(sums.value(handle)).toBe(square);
      expect(sums.value(sums.addSquare(handle, x, -1))).toBe(9);
    }
  });

  it('square every bit: n·Σx² − (Σx)² of one value is 0', () => {
    const r = random(4);
    const sums = new ExactSums();
    for (let round = 0; round < 2000; round++) {
      const x = (2 ** 27 - 1 + r.int(2 ** 26) * 2 ** 27) * 2 ** (r.int(400) - 200);
      const sum = sums.exact(sums.add(0, x, 1));
      const square = sums.exact(sums.addSquare(0, x, 1));
      const low = Math.min(square.exponent, 2 * sum.exponent);
      const whole = square.digits << BigInt(square.exponent - low);
      expect(whole - ((sum.digits * sum.digits) << BigInt(2 * sum.exponent - low))).toBe(0n);
    }
  });

  it('count NaN and infinities apart', () => {
    const sums = new ExactSums();
    let handle = sums.add(sums.add(0, 1, 1), Number.POSITIVE_INFINITY, 1);
    expect(sums.value(handle)).toBe(Number.POSITIVE_INFINITY);
    handle = sums.add(handle, Number.NEGATIVE_INFINITY, 1);
    expect(sums.value(handle)).toBeNaN();
    handle = sums.add(sums.add(handle, Number.NEGATIVE_INFINITY, -1), Number.POSITIVE_INFINITY, -1);
    expect(sums.value(handle)).toBe(1);
    handle = sums.add(sums.add(handle, Number.NaN, 1), 2, 1);
    expect(sums.value(handle)).toBeNaN();
    expect(sums.value(sums.add(handle, Number.NaN, -1))).toBe(3);
  });

  it('may begin with NaN or an infinity, and those that are none have none', () => {
    const sums = new ExactSums();
    const one = sums.add(0, 1, 1);
    const handles = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((x) => sums.add(0, x, 1));
    expect(handles.map((handle) => sums.value(handle))).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect([0, one, ...handles].map((handle) => sums.hasSpecial(handle))).toEqual([false, false, true, true, true]);
    expect([sums.value(0), sums.exact(0).digits, sums.value(one)]).toEqual([0, 0n, 1]);
    const last = sums.add(sums.add(handles[0] as number, 2, 1), Number.NaN, -1);
    expect([sums.value(last), sums.hasSpecial(last)]).toEqual([2, false]);
  });

  it('remember NaN and infinities when they grow to either side', () => {
    const sums = new ExactSums();
    for (const special of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const far of [5e-324, 1e300]) {
        let handle = sums.add(sums.add(0, 1, 1), special, 1);
        handle = sums.add(handle, far, 1);
        expect(sums.value(handle)).toBe(special);
        handle = sums.add(sums.add(handle, special, -1), 1, -1);
        expect(sums.value(handle)).toBe(far);
      }
    }
  });

  it('are copied over none, over a smaller and over a larger one, and go their own way', () => {
    const sums = new ExactSums();
    const make = (values: readonly number[]): number => values.reduce((handle, x) => sums.add(handle, x, 1), 0);
    const small = [1.5, 2.25];
    const large = [5e-324, 1e300, 7];
    for (const from of [[], small, large]) {
      for (const to of [[], small, large]) {
        const source = make(from);
        const other = make([3]);
        const copied = sums.add(sums.copy(source, make(to)), 1, 1);
        expect(sums.value(copied)).toBe(from.reduce((a, b) => a + b, 1));
        // Blocks that were given back are taken again: neither by two at once.
        const more = [make([10]), make([20]), make([5e-324, 1e300, 30])];
        const whole = make(from);
        expect(sums.value(sums.add(whole, -1, 1))).toBe(from.reduce((a, b) => a + b, -1));
        expect([source, other, ...more.slice(0, 2)].map((handle) => sums.value(handle))).toEqual([
          sums.value(make(from)),
          3,
          10,
          20,
        ]);
        expect(new Set([copied, other, ...more]).size).toBe(5);
      }
    }
  });

  it('are copied beside each other without touching one another', () => {
    const [small, large] = [[1.5], [5e-324, 1e300, 7]];
    for (const from of [small, large]) {
      for (const to of [small, large]) {
        const sums = new ExactSums();
        const make = (values: readonly number[]): number => values.reduce((handle, x) => sums.add(handle, x, 1), 0);
        const target = make(to);
        const source = make(from);
        const copied = sums.copy(source, target);
        const more = [make([10]), make([5e-324, 1e300, 20]), make([30])];
        const total = from.reduce((a, b) => a + b);
        expect([copied, source, ...more].map((handle) => sums.value(handle))).toEqual([total, total, 10, 1e300, 30]);
      }
    }
  });

  it('that are none are not given back', () => {
    const sums = new ExactSums();
    sums.release(0);
    expect(sums.add(0, 1, 1)).not.toBe(0);
    expect(sums.value(sums.copy(0, 0))).toBe(0);
    expect(sums.add(0, 2, 1)).not.toBe(0);
    const handle = sums.copy(sums.add(0, 5, 1), 0);
    expect([sums.value(handle), sums.add(0, 3, 1)]).not.toContain(0);
  });

  it('keep to the blocks that they have where these are large enough', () => {
    const sums = new ExactSums();
    const target = sums.add(0, 1, 1);
    const source = sums.add(0, 2, 1);
    expect(sums.copy(source, target)).toBe(target);
    const before = sums.bytes();
    for (let i = 0; i < 10_000; i++) sums.release(sums.add(0, i + 0.5, 1));
    expect(sums.bytes()).toBe(before);
    const large = sums.add(sums.add(0, 5e-324, 1), 1e300, 1);
    for (let i = 0; i < 1000; i++) sums.release(sums.copy(large, sums.add(0, i + 0.5, 1)));
    expect(sums.bytes()).toBe(before);
  });

  it('use again all that was given back, after a restart too', () => {
    const some = (sums: ExactSums): number[] => Array.from({ length: 300 }, (_, i) => sums.add(0, i + 0.5, 1));
    const restored = (sums: ExactSums): ExactSums => {
      const copy = new ExactSums();
      const { pool, free } = sums.snapshot();
      copy.restore(pool.slice(), free);
      return copy;
    };
    const first = new ExactSums();
    // A large one is given back alone: there are no small ones to give yet.
    const large = first.add(first.add(0, 5e-324, 1), 1e300, 1);
    const kept = first.add(0, 9, 1);
    const given = some(first);
    first.release(large);
    let sums = restored(first);
    for (const handle of given) sums.release(handle);
    const before = sums.bytes();
    expect(before).toBeGreaterThan(300 * 5 * 8);
    sums = restored(sums);
    const again = some(sums);
    expect(new Set([...again, ...given]).size).toBe(300);
    sums.release(again.pop() as number);
    expect(sums.add(sums.add(0, 5e-324, 1), 1e300, 1)).toBe(large);
    expect(again.map((handle) => sums.value(handle))).toEqual(again.map((_, i) => i + 0.5));
    expect([sums.value(kept), sums.bytes()]).toEqual([9, before]);
    // Of a size that none was given back of.
    expect(sums.value(sums.add(sums.add(0, 1, 1), 1e60, 1))).toBe(1e60);
  });
});
