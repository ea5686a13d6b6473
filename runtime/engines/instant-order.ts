const MAX_DIGIT_BITS = 11;
const TWO_32 = 4294967296;
/** Instants mostly stand on whole seconds or milliseconds, and shorter numbers are sorted in fewer passes. */
const UNITS_MICROS = [60_000_000, 1_000_000, 1000];

export interface InstantOrder {
  /** Labels in order of their instants; equal instants keep the labels' order. */
  readonly labels: Uint32Array<ArrayBufferLike>;
  /** Their instants, in that order. */
  readonly instants: Float64Array<ArrayBufferLike>;
}

export function orderByInstant(instants: Float64Array): InstantOrder {
  const range = rangeOf(instants);
  return range.isSorted ? { labels: identity(instants.length), instants } : radixOrder(instants, range);
}

interface InstantRange {
  readonly isSorted: boolean;
  readonly least: number;
  readonly greatest: number;
  /** All instants are this far apart, or a multiple. */
  readonly unit: number;
}

function rangeOf(instants: Float64Array): InstantRange {
  let isSorted = true;
  let before = Number.NEGATIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const instant of instants) {
    if (instant < before) isSorted = false;
    if (instant < least) least = instant;
    if (instant > greatest) greatest = instant;
    before = instant;
  }
  const unit = isSorted ? 1 : (UNITS_MICROS.find((micros) => isWhole(instants, least, micros)) ?? 1);
  return { isSorted, least, greatest, unit };
}

function isWhole(instants: Float64Array, least: number, unit: number): boolean {
  for (const instant of instants) {
    const steps = (instant - least) / unit;
    if (Math.floor(steps) !== steps) return false;
  }
  return true;
}

function identity(length: number): Uint32Array {
  const out = new Uint32Array(length);
  for (let i = 0; i < length; i++) out[i] = i;
  return out;
}

/** Least significant digit radix sort: linear, stable, no comparator calls. Numbers go along with their labels, so that reads stay in order. */
function radixOrder(instants: Float64Array, { least, greatest, unit }: InstantRange): InstantOrder {
  let from = new Lane(instants.length);
  let to = new Lane(instants.length);
  for (let i = 0; i < instants.length; i++) {
    const steps = ((instants[i] as number) - least) / unit;
    const high = Math.floor(steps / TWO_32);
    from.low[i] = steps - high * TWO_32;
    from.high[i] = high;
    from.label[i] = i;
  }
  const bits = Math.floor(Math.log2((greatest - least) / unit)) + 1;
  // Short digits have fewer places to write at, so passes are of equal length.
  const digitBits = Math.ceil(bits / Math.ceil(bits / MAX_DIGIT_BITS));
  for (let shift = 0; shift < bits; shift += digitBits) {
    pass(from, to, shift, 2 ** digitBits);
    [from, to] = [to, from];
  }
  const sorted = new Float64Array(instants.length);
  const { low, high, label } = from;
  for (let i = 0; i < sorted.length; i++) {
    sorted[i] = least + ((high[i] as number) * TWO_32 + (low[i] as number)) * unit;
  }
  return { labels: label, instants: sorted };
}

class Lane {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly label: Uint32Array;

  constructor(length: number) {
    this.low = new Uint32Array(length);
    this.high = new Uint32Array(length);
    this.label = new Uint32Array(length);
  }
}

function pass(from: Lane, to: Lane, shift: number, digits: number): void {
  const { low, high, label } = from;
  const counts = new Uint32Array(digits + 1);
  const { length } = low;
  for (let i = 0; i < length; i++) {
    const digit = digitOf(low[i] as number, high[i] as number, shift, digits) + 1;
    counts[digit] = (counts[digit] as number) + 1;
  }
  for (let digit = 0; digit < digits; digit++)
    counts[digit + 1] = (counts[digit + 1] as number) + (counts[digit] as number);
  for (let i = 0; i < length; i++) {
    const digit = digitOf(low[i] as number, high[i] as number, shift, digits);
    const place = counts[digit] as number;
    counts[digit] = place + 1;
    to.low[place] = low[i] as number;
    to.high[place] = high[i] as number;
    to.label[place] = label[i] as number;
  }
}

function digitOf(low: number, high: number, shift: number, digits: number): number {
  const bits = shift < 32 ? (low >>> shift) | (shift === 0 ? 0 : high << (32 - shift)) : high >>> (shift - 32);
  return bits & (digits - 1);
}
