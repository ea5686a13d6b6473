/**
 * However long a stream runs, its sums of doubles are those of what is in the window now, without an error that grows (design.md section 4).
 * FSC_SUM_UPDATES sets the number of updates; values span twelve orders of magnitude and both signs. The reference counts in integers.
 */
import { expect, it } from 'vitest';
import { ExactSums } from '../../runtime/state/exact-sum.ts';
import { doubleSum, variance } from '../../runtime/state/results.ts';

const UPDATES = Number(process.env['FSC_SUM_UPDATES'] ?? '2e6');
const SEED = Number(process.env['FSC_SEED'] ?? '1');
/** Values of the window. */
const KEPT = 1000;
const CHECKS = 20;
const UPDATES_A_STEP = 5;
const POWERS = Float64Array.from({ length: 12 }, (_, i) => 10 ** (i - 6));
/** No bit of a double from 10^-6 on stands below 2^-72: the reference counts in these. */
const UNIT_BITS = 72;

/** Numbers of 32 bits (xorshift): quick, and the same everywhere. */
class Bits {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) | 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** From 10^-6 to 2·10^6, either sign, with a mantissa of its own. */
  double(): number {
    const high = this.next();
    const fraction = ((high >>> 6) * 2 ** 26 + (this.next() >>> 6)) / 2 ** 52;
    const x = (1 + fraction) * (POWERS[this.next() % 12] as number);
    return (high & 1) === 0 ? x : -x;
  }
}

function unitsOf(x: number): bigint {
  return BigInt(x * 2 ** UNIT_BITS);
}

/** A sum of any length: parts of 24 bits, taken over into a bigint before one of them could round. */
class Reference {
  #units = 0n;
  #added = 0;
  readonly #parts = new Float64Array(4);

  add(x: number): void {
    let rest = x;
    for (let i = 0; i < 4; i++) {
      const part = Math.trunc(rest);
      this.#parts[i] = (this.#parts[i] as number) + part;
      rest = (rest - part) * 2 ** 24;
    }
    if (++this.#added === 2 ** 24) this.#carry();
  }

  units(): bigint {
    this.#carry();
    return this.#units;
  }

  #carry(): void {
    for (const [i, part] of this.#parts.entries()) this.#units += BigInt(part) << BigInt(UNIT_BITS - 24 * i);
    this.#parts.fill(0);
    this.#added = 0;
  }
}

/** All of it, not only what is left of it in a double. */
function exactUnits(sums: ExactSums, handle: number, unitBits: number): bigint {
  const { digits, exponent } = sums.exact(handle);
  const shift = BigInt(exponent + unitBits);
  if (shift >= 0n) return digits << shift;
  const units = digits >> -shift;
  expect(units << -shift).toBe(digits);
  return units;
}

/** The double that an integer of units is nearest to, give or take the last bit. */
function expectNear(actual: number | null, units: bigint, unitBits: number): void {
  const wanted = Number(units) / 2 ** unitBits;
  expect(Math.abs((actual as number) - wanted)).toBeLessThanOrEqual(2 ** -52 * Math.abs(wanted));
}

it('sums and variances of a window do not remember how many values went through it', { timeout: 7_200_000 }, () => {
  const bits = new Bits(SEED);
  const window = new Float64Array(KEPT);
  const reference = new Reference();
  let sums = new ExactSums();
  let [all, sum, squares] = [0, 0, 0];
  const steps = Math.ceil(UPDATES / UPDATES_A_STEP);
  const every = Math.ceil(steps / CHECKS);
  let checks = 0;
  for (let step = 1; step <= steps; step++) {
    const at = step % KEPT;
    const [x, gone] = [bits.double(), window[at] as number];
    window[at] = x;
    all = sums.add(all, x, 1);
    reference.add(x);
    sum = sums.add(sums.add(sum, x, 1), gone, -1);
    squares = sums.addSquare(sums.addSquare(squares, x, 1), gone, -1);
    if (step % every !== 0 && step !== steps) continue;
    checks += 1;
    expect(exactUnits(sums, all, UNIT_BITS)).toBe(reference.units());
    expectNear(doubleSum(sums, all), reference.units(), UNIT_BITS);
    const units = [...window].map(unitsOf);
    const windowSum = units.reduce((a, b) => a + b, 0n);
    const windowSquares = units.reduce((a, b) => a + b * b, 0n);
    expect(exactUnits(sums, sum, UNIT_BITS)).toBe(windowSum);
    expect(exactUnits(sums, squares, 2 * UNIT_BITS)).toBe(windowSquares);
    expectNear(doubleSum(sums, sum), windowSum, UNIT_BITS);
    // Not an ulp: the quick way rounds four times.
    const spread = variance(sums, sum, squares, KEPT, false, false, 0) as number;
    const wanted = Number(BigInt(KEPT) * windowSquares - windowSum * windowSum) / KEPT ** 2 / 2 ** (2 * UNIT_BITS);
    expect(Math.abs(spread / wanted - 1)).toBeLessThan(1e-13);
    // A stream that goes on from a snapshot goes on from the same bits.
    const { pool, free } = sums.snapshot();
    const next = new ExactSums();
    next.restore(Float64Array.from(pool), free);
    sums = next;
  }
  expect(checks).toBeGreaterThanOrEqual(Math.min(CHECKS - 1, steps));
  // What was added and taken away again leaves no trace.
  for (const x of window) {
    sum = sums.add(sum, x, -1);
    squares = sums.addSquare(squares, x, -1);
  }
  expect([doubleSum(sums, sum), doubleSum(sums, squares)]).toEqual([0, 0]);
});
