import { growFloats } from './grow.ts';

/**
 * Exact sums of doubles that can subtract (superaccumulators): a value is added to limbs of 32 bits at its exponent, so the result does
 * not depend on order, and what was added and removed leaves no trace. Ordinary data needs three or four limbs; a block
 * grows when a value falls outside its range. Bit 0 of limb 0 is 2^-2148, so that squares of the smallest doubles have a place.
 *
 * Block: [class, first limb, limbs, additions since the last carry, NaN, +Inf, −Inf, limbs…].
 */
const HEADER = 7;
const FIRST = 1;
const COUNT = 2;
const ADDITIONS = 3;
const NANS = 4;
const PLUS = 5;
const MINUS = 6;
const BIAS = 2148;
const LIMB = 2 ** 32;
/** Each addition moves a limb by less than 2^33; carry long before 2^53. */
const MAX_ADDITIONS = 2 ** 18;

const magnitude = new Float64Array(5 << 6);
const bits = new DataView(new ArrayBuffer(8));

/** digits · 2^exponent */
export interface ExactNumber {
  readonly digits: bigint;
  readonly exponent: number;
}

export class ExactSums {
  /** Handle 0 means an empty sum. */
  #pool: Float64Array = new Float64Array(1024);
  #top = 1;
  #free: number[][] = [];

  /** Adds (sign 1) or removes (sign −1) a value; gives the handle, which may move. */
  add(handle: number, x: number, sign: number): number {
    if (x === 0) return handle;
    if (!Number.isFinite(x)) return this.#special(handle, x, sign);
    bits.setFloat64(0, x);
    const hi = bits.getUint32(0);
    const exponent = (hi >>> 20) & 0x7ff;
    const high = exponent === 0 ? hi & 0xfffff : (hi & 0xfffff) | 0x100000;
    return this.#put(
      handle,
      high,
      bits.getUint32(4),
      (exponent === 0 ? 1 : exponent) - 1075 + BIAS,
      hi >>> 31 === 1 ? -sign : sign,
    );
  }

  /** The same with the exact square. One half of the mantissa has a sign and 26 bits, the other 26 bits: so all products are exact. */
  addSquare(handle: number, x: number, sign: number): number {
    if (x === 0) return handle;
    if (!Number.isFinite(x)) return this.#special(handle, x * x, sign);
    bits.setFloat64(0, Math.abs(x));
    const hi = bits.getUint32(0);
    const exponent = (hi >>> 20) & 0x7ff;
    const high = exponent === 0 ? hi & 0xfffff : (hi & 0xfffff) | 0x100000;
    const mantissa = high * LIMB + bits.getUint32(4);
    const upper = Math.round(mantissa / 2 ** 27);
    const lower = mantissa - upper * 2 ** 27;
    const at = 2 * ((exponent === 0 ? 1 : exponent) - 1075) + BIAS;
    const a = this.#putInteger(handle, lower * lower, at, sign);
    const b = this.#putInteger(a, upper * Math.abs(lower), at + 28, lower < 0 ? -sign : sign);
    return this.#putInteger(b, upper * upper, at + 54, sign);
  }

  /** Rounded value; ±Infinity beyond the range of a double. Never −0. */
  value(handle: number): number {
    return this.scaled(handle, 0);
  }

  /** value · 2^shift, so that a sum beyond the range of a double can still be divided. */
  scaled(handle: number, shift: number): number {
    if (handle === 0) return 0;
    const pool = this.#pool;
    const nans = pool[handle + NANS] as number;
    const plus = pool[handle + PLUS] as number;
    const minus = pool[handle + MINUS] as number;
    if (nans > 0 || (plus > 0 && minus > 0)) return Number.NaN;
    if (plus > 0) return Number.POSITIVE_INFINITY;
    if (minus > 0) return Number.NEGATIVE_INFINITY;
    const top = this.#magnitude(handle);
    if (top < 0) return 0;
    let mantissa = 0;
    for (let i = top; i > top - 4; i--) mantissa = mantissa * LIMB + (i >= 0 ? (magnitude[i] as number) : 0);
    const exponent = ((pool[handle + FIRST] as number) + top - 3) * 32 - BIAS + shift;
    return (this.#negative(handle) ? -1 : 1) * ldexp(mantissa, exponent);
  }

  /** The sum of the finite values without rounding. */
  exact(handle: number): ExactNumber {
    if (handle === 0) return { digits: 0n, exponent: 0 };
    this.#carry(handle);
    const pool = this.#pool;
    const start = handle + HEADER;
    let digits = 0n;
    for (let i = start + (pool[handle + COUNT] as number) - 1; i >= start; i--) {
      digits = (digits << 32n) + BigInt(pool[i] as number);
    }
    return { digits, exponent: (pool[handle + FIRST] as number) * 32 - BIAS };
  }

  /** NaN or an infinity is among the values. */
  hasSpecial(handle: number): boolean {
    if (handle === 0) return false;
    const pool = this.#pool;
    return pool[handle + NANS] !== 0 || pool[handle + PLUS] !== 0 || pool[handle + MINUS] !== 0;
  }

  copy(from: number, to: number): number {
    if (from === 0) {
      this.empty(to);
      return to;
    }
    const size = this.#size(from);
    let target = to;
    if (target === 0 || this.#size(target) < size) {
      if (target !== 0) this.release(target);
      target = this.#allocate(this.#pool[from] as number);
    }
    const kind = this.#pool[target] as number;
    this.#pool.copyWithin(target, from, from + size);
    this.#pool[target] = kind;
    return target;
  }

  /** Forgets every value. */
  empty(handle: number): void {
    if (handle !== 0) this.#pool.fill(0, handle + ADDITIONS, handle + this.#size(handle));
  }

  release(handle: number): void {
    if (handle === 0) return;
    const kind = this.#pool[handle] as number;
    const list = this.#free[kind];
    if (list === undefined) this.#free[kind] = [handle];
    else list.push(handle);
  }

  snapshot(): { pool: Float64Array; free: string } {
    return { pool: this.#pool.subarray(0, this.#top), free: JSON.stringify(this.#free) };
  }

  restore(pool: Float64Array, free: string): void {
    this.#top = pool.length;
    this.#pool = growFloats(pool, Math.max(1024, pool.length));
    this.#free = (JSON.parse(free) as (number[] | null)[]).map((list) => list ?? []);
  }

  bytes(): number {
    return this.#pool.byteLength;
  }

  /** mantissa = high·2^32 + low stands at bit `at`. */
  #put(handle: number, high: number, low: number, at: number, sign: number): number {
    const limb = at >>> 5;
    const shift = at & 31;
    const block = this.#cover(handle, limb, limb + 3);
    const pool = this.#pool;
    const slot = block + HEADER + limb - (pool[block + FIRST] as number);
    if (shift === 0) {
      pool[slot] = (pool[slot] as number) + sign * low;
      pool[slot + 1] = (pool[slot + 1] as number) + sign * high;
    } else {
      const back = 32 - shift;
      pool[slot] = (pool[slot] as number) + sign * ((low << shift) >>> 0);
      pool[slot + 1] = (pool[slot + 1] as number) + sign * (((low >>> back) | (high << shift)) >>> 0);
      pool[slot + 2] = (pool[slot + 2] as number) + sign * (high >>> back);
    }
    const additions = (pool[block + ADDITIONS] as number) + 1;
    pool[block + ADDITIONS] = additions;
    if (additions >= MAX_ADDITIONS) this.#carry(block);
    return block;
  }

  /** An integer up to 2^54 at bit `at`. */
  #putInteger(handle: number, value: number, at: number, sign: number): number {
    const high = Math.floor(value / LIMB);
    return value === 0 ? handle : this.#put(handle, high, value - high * LIMB, at, sign);
  }

  #special(handle: number, x: number, sign: number): number {
    const block = handle === 0 ? this.#cover(0, BIAS >>> 5, (BIAS >>> 5) + 3) : handle;
    const field = block + (Number.isNaN(x) ? NANS : x > 0 ? PLUS : MINUS);
    this.#pool[field] = (this.#pool[field] as number) + sign;
    return block;
  }

  /** A block whose limbs include [from, to) and one more for carries. */
  #cover(handle: number, from: number, to: number): number {
    const pool = this.#pool;
    if (handle !== 0) {
      const first = pool[handle + FIRST] as number;
      if (from >= first && to < first + (pool[handle + COUNT] as number)) return handle;
    }
    return this.#enlarge(handle, from, to);
  }

  #enlarge(handle: number, from: number, to: number): number {
    let low = from;
    let high = to + 1;
    if (handle !== 0) {
      const first = this.#pool[handle + FIRST] as number;
      low = Math.min(low, first);
      high = Math.max(high, first + (this.#pool[handle + COUNT] as number));
    }
    let kind = 0;
    while (limbsOf(kind) < high - low) kind++;
    const block = this.#allocate(kind);
    const pool = this.#pool;
    pool[block + FIRST] = low;
    if (handle === 0) return block;
    for (let i = ADDITIONS; i < HEADER; i++) pool[block + i] = pool[handle + i] as number;
    const shift = (pool[handle + FIRST] as number) - low;
    const count = pool[handle + COUNT] as number;
    for (let i = 0; i < count; i++) pool[block + HEADER + shift + i] = pool[handle + HEADER + i] as number;
    this.release(handle);
    return block;
  }

  #allocate(kind: number): number {
    const reused = this.#free[kind]?.pop();
    const count = limbsOf(kind);
    let block = reused ?? 0;
    if (reused === undefined) {
      block = this.#top;
      this.#top += HEADER + count;
      if (this.#top > this.#pool.length) this.#pool = growFloats(this.#pool, this.#top * 2);
    }
    this.#pool.fill(0, block, block + HEADER + count);
    this.#pool[block] = kind;
    this.#pool[block + COUNT] = count;
    return block;
  }

  #size(block: number): number {
    return HEADER + (this.#pool[block + COUNT] as number);
  }

  /** Brings every limb but the last one into [0, 2^32); the last takes what is left, with the sign. A sum has one such form. */
  #carry(block: number): void {
    const pool = this.#pool;
    const start = block + HEADER;
    const last = start + (pool[block + COUNT] as number) - 1;
    pool[block + ADDITIONS] = 0;
    for (let i = start; i < last; i++) {
      const limb = pool[i] as number;
      const carried = Math.floor(limb / LIMB);
      if (carried === 0) continue;
      pool[i] = limb - carried * LIMB;
      pool[i + 1] = (pool[i + 1] as number) + carried;
    }
  }

  #negative(block: number): boolean {
    return (this.#pool[block + HEADER + (this.#pool[block + COUNT] as number) - 1] as number) < 0;
  }

  /** Fills `magnitude` with the limbs of the absolute value, and gives the highest that is not 0, or −1. */
  #magnitude(block: number): number {
    this.#carry(block);
    const pool = this.#pool;
    const count = pool[block + COUNT] as number;
    const negative = this.#negative(block);
    let borrow = 0;
    let top = -1;
    for (let i = 0; i < count; i++) {
      let limb = pool[block + HEADER + i] as number;
      if (negative) {
        limb = -limb - borrow;
        borrow = limb < 0 ? 1 : 0;
        if (limb < 0) limb += LIMB;
      }
      magnitude[i] = limb;
      if (limb !== 0) top = i;
    }
    return top;
  }
}

const MUCH = 2n ** 900n;

/** digits · 2^exponent / divisor; digits are not negative. */
export function quotient(digits: bigint, exponent: number, divisor: number): number {
  let [rest, power] = [digits, exponent];
  while (rest > MUCH) {
    rest >>= 512n;
    power += 512;
  }
  return ldexp(Number(rest) / divisor, power);
}

function ldexp(mantissa: number, exponent: number): number {
  let value = mantissa;
  let left = exponent;
  while (left > 900) {
    value *= 2 ** 900;
    left -= 900;
  }
  while (left < -900 && value !== 0) {
    value *= 2 ** -900;
    left += 900;
  }
  return value * 2 ** left;
}

function limbsOf(kind: number): number {
  return 5 << kind;
}
