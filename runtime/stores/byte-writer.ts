import { ByteArena } from './byte-arena.ts';

/** The remainder of a double takes fifty times as long as that of an integer up to here. */
export const MAX_INT = 0x7fffffff;

const scratch = new Uint8Array(16);
const scratchView = new DataView(scratch.buffer);

/** A growing byte buffer that is reused from row to row. Integers up to 2^53 go through doubles: no BigInt on the hot path. */
export class ByteWriter {
  readonly #arena = new ByteArena();
  #bytes: Buffer;
  length = 0;

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** A copy that stays, with `more` bytes after it. */
  copy(more: number): Uint8Array {
    const copy = this.#arena.take(this.length + more);
    copy.set(new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.length));
    return copy;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** LEB128 of an integer >= 0 that a double holds exactly. */
  unsigned(value: number): void {
    this.#reserve(8);
    const bytes = this.#bytes;
    let at = this.length;
    let rest = value;
    while (rest > MAX_INT) {
      const low = rest % 128;
      bytes[at++] = low + 128;
      rest = (rest - low) / 128;
    }
    let bits = rest | 0;
    while (bits >= 128) {
      bytes[at++] = (bits & 127) | 128;
      bits >>>= 7;
    }
    bytes[at++] = bits;
    this.length = at;
  }

  /** Sign and magnitude: bit 6 of the first byte is the sign, so that all of ±(2^53−1) fits without doubling. */
  signed(value: number): void {
    this.#reserve(9);
    const sign = value < 0 ? 64 : 0;
    const magnitude = value < 0 ? -value : value;
    const low = magnitude <= MAX_INT ? magnitude & 63 : magnitude % 64;
    if (magnitude < 64) {
      this.#bytes[this.length++] = sign + low;
      return;
    }
    this.#bytes[this.length++] = sign + low + 128;
    this.unsigned((magnitude - low) / 64);
  }

  float64(value: number): void {
    scratchView.setFloat64(0, value, true);
    this.#take(8);
  }

  float32(value: number): void {
    scratchView.setFloat32(0, value, true);
    this.#take(4);
  }

  /** Two's complement of 128 bits: every decimal of 38 digits. */
  int128(value: bigint): void {
    scratchView.setBigUint64(0, BigInt.asUintN(64, value), true);
    scratchView.setBigInt64(8, BigInt.asIntN(64, value >> 64n), true);
    this.#take(16);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value, 'utf8');
    this.unsigned(size);
    this.#reserve(size);
    this.#bytes.write(value, this.length, size, 'utf8');
    this.length += size;
  }

  #take(count: number): void {
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.#bytes[this.length + i] = scratch[i] as number;
    this.length += count;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.length + count));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
