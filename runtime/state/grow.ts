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

const SMALL_BYTES = 4 << 20;
const FAR_AHEAD = 1024;
/** Of the machine's memory: more than that in one piece, systems refuse. */
const LARGEST_SHARE = 0.5;

/**
 * A buffer for `bytes` and more to come. Small ones double. Large ones take much more than they need: pages that were never written are
 * not there, so that costs nothing, and a state that grows is copied twice in its life, while it is small, and never for long.
 */
export function reserve(bytes: number): ArrayBuffer {
  if (bytes < SMALL_BYTES) return new ArrayBuffer(round(bytes * 2));
  for (let wanted = Math.min(bytes * FAR_AHEAD, totalmem() * LARGEST_SHARE); wanted > bytes * 1.5; wanted /= 4) {
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
