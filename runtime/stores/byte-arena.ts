const FIRST_BYTES = 1 << 12;
const MOST_BYTES = 1 << 18;

/**
 * Small byte arrays out of large buffers: a buffer of its own would cost each of them more than what is done with it. Nothing is used
 * twice, so an array stays as it is as long as somebody holds it.
 */
export class ByteArena {
  #chunk = new ArrayBuffer(0);
  #at = 0;

  take(length: number): Uint8Array {
    if (this.#at + length > this.#chunk.byteLength) {
      const next = Math.min(MOST_BYTES, Math.max(FIRST_BYTES, 2 * this.#chunk.byteLength));
      this.#chunk = new ArrayBuffer(Math.max(next, length));
      this.#at = 0;
    }
    const bytes = new Uint8Array(this.#chunk, this.#at, length);
    this.#at += length;
    return bytes;
  }
}
