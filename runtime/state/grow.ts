import { totalmem } from 'node:os';

/** Copies into a longer array; the tail is zero. */
export function growInts(from: Int32Array, length: number): Int32Array {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}

export function growFloats(from: Float64Array, length: number): Float64Array {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}

export function growBytes(from: Uint8Array, length: number): Uint8Array {
  const to = new Uint8Array(length);
  to.set(from);
  return to;
}

/** Up to here a region is copied when it grows: at most a few times, and quickly. */
const SMALL_BYTES = 1 << 20;
const PAGE_BYTES = 1 << 16;
/** What a WebAssembly memory can hold. */
const MAX_PAGES = 1 << 16;

interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** The types of Node do not have it. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
};

/**
 * Bytes that grow. A large region grows where it stands: it is a shared WebAssembly memory, which has its addresses reserved and gets pages
 * as they are asked for. So a growing state is not copied, never waits for a copy, and is nothing the garbage collector weighs: an ordinary
 * buffer of that size makes it collect at once. Shared, since growth of another kind detaches the old buffer, and engines check for
 * that with every read once it has happened.
 *
 * Above four gigabytes a region is an ordinary buffer again, with room far ahead.
 */
export class Region {
  buffer: ArrayBufferLike;
  #memory: SharedMemory | null = null;

  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(round(bytes));
  }

  /** Room for `bytes` and some to come; what was there stays. True if `buffer` is another one now. */
  ensure(bytes: number): boolean {
    const { byteLength } = this.buffer;
    if (bytes <= byteLength) return false;
    const wanted = Math.max(bytes, byteLength * 2);
    if (wanted < SMALL_BYTES) this.#move(new ArrayBuffer(round(wanted)));
    else if (!this.#extend(bytes, wanted)) this.#move(farAhead(bytes));
    return true;
  }

  #extend(bytes: number, wanted: number): boolean {
    if (bytes > MAX_PAGES * PAGE_BYTES) return false;
    const pages = Math.min(MAX_PAGES, Math.ceil(wanted / PAGE_BYTES));
    try {
      if (this.#memory === null) {
        const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
        this.#move(memory.buffer);
        this.#memory = memory;
      } else {
        this.#memory.grow(pages - this.buffer.byteLength / PAGE_BYTES);
        this.buffer = this.#memory.buffer;
      }
      return true;
    } catch (error) {
      // No addresses or no pages to be had: an ordinary buffer may still be found.
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  #move(to: ArrayBufferLike): void {
    new Uint8Array(to).set(new Uint8Array(this.buffer));
    this.buffer = to;
    this.#memory = null;
  }
}

/** Of the machine's memory: more than that in one piece, systems refuse. */
const LARGEST_SHARE = 0.5;

/** Pages that were never written are not there, so it costs nothing to take much more than is needed. */
function farAhead(bytes: number): ArrayBuffer {
  for (let wanted = totalmem() * LARGEST_SHARE; wanted > bytes * 1.5; wanted /= 4) {
    try {
      return new ArrayBuffer(round(wanted));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return new ArrayBuffer(round(bytes * 1.25));
}

/** Whole doubles. */
function round(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
