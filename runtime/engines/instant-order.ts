/** Labels in order of their instants; equal instants keep the labels' order. */
export interface InstantOrder {
  readonly permutation: Uint32Array<ArrayBufferLike>;
  /** Position in `permutation` of the first label at exactly or after `micros`. */
  firstAt(micros: number): number;
}

const RADIX_BITS = 16;
const RADIX = 1 << RADIX_BITS;

export function orderByInstant(instants: Float64Array): InstantOrder {
  const permutation = isSorted(instants) ? identity(instants.length) : radixOrder(instants);
  return {
    permutation,
    firstAt(micros) {
      let low = 0;
      let high = permutation.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((instants[permutation[middle] as number] as number) < micros) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
}

function isSorted(instants: Float64Array): boolean {
  for (let i = 1; i < instants.length; i++) if ((instants[i] as number) < (instants[i - 1] as number)) return false;
  return true;
}

function identity(length: number): Uint32Array {
  const out = new Uint32Array(length);
  for (let i = 0; i < length; i++) out[i] = i;
  return out;
}

/** Least significant digit radix sort on (instant − least instant), 16 bits a pass: linear, stable, no comparator calls. */
function radixOrder(instants: Float64Array): Uint32Array<ArrayBufferLike> {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const instant of instants) {
    if (instant < least) least = instant;
    if (instant > greatest) greatest = instant;
  }
  let from: Uint32Array<ArrayBufferLike> = identity(instants.length);
  let to: Uint32Array<ArrayBufferLike> = new Uint32Array(instants.length);
  const counts = new Uint32Array(RADIX + 1);
  for (let divisor = 1; divisor <= greatest - least; divisor *= RADIX) {
    counts.fill(0);
    for (let i = 0; i < instants.length; i++) {
      const digit = Math.floor(((instants[i] as number) - least) / divisor) % RADIX;
      counts[digit + 1] = (counts[digit + 1] as number) + 1;
    }
    for (let digit = 0; digit < RADIX; digit++)
      counts[digit + 1] = (counts[digit + 1] as number) + (counts[digit] as number);
    for (let i = 0; i < from.length; i++) {
      const label = from[i] as number;
      const digit = Math.floor(((instants[label] as number) - least) / divisor) % RADIX;
      const place = counts[digit] as number;
      counts[digit] = place + 1;
      to[place] = label;
    }
    [from, to] = [to, from];
  }
  return from;
}
