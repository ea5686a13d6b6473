const MAX_DIGIT_BITS = 11;
const TWO_32 = 4294967296;
const TWO_53 = 9007199254740992;
/** So many are sorted by the engine's own code before V8 would have compiled ours. */
const MAX_SHORT = 1 << 16;
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
  if (range.isSorted) return { labels: identity(instants.length), instants };
  if (range.greatest - range.least >= TWO_53) return comparedOrder(instants);
  const size = 2 ** Math.ceil(Math.log2(instants.length));
  const isShort = instants.length <= MAX_SHORT && ((range.greatest - range.least) / range.unit + 1) * size <= TWO_53;
  return isShort ? shortOrder(instants, range, size) : radixOrder(instants, range);
}

interface InstantRange {
  readonly isSorted: boolean;
  readonly least: number;
  readonly greatest: number;
  /** All instants are this far apart, or a multiple. */
  readonly unit: number;
}

function rangeOf(instants: Float64Array): InstantRange {
  if (isSorted(instants)) return { isSorted: true, least: 0, greatest: 0, unit: 1 };
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < instants.length; i++) {
    const instant = instants[i] as number;
    if (instant < least) least = instant;
    if (instant > greatest) greatest = instant;
  }
  const unit = UNITS_MICROS.find((micros) => isWhole(instants, least, micros)) ?? 1;
  return { isSorted: false, least, greatest, unit };
}

function isSorted(instants: Float64Array): boolean {
  for (let i = 1; i < instants.length; i++) if ((instants[i] as number) < (instants[i - 1] as number)) return false;
  return true;
}

function isWhole(instants: Float64Array, least: number, unit: number): boolean {
  for (let i = 0; i < instants.length; i++) {
    const steps = ((instants[i] as number) - least) / unit;
    if (Math.floor(steps) !== steps) return false;
  }
  return true;
}

function identity(length: number): Uint32Array {
  const out = new Uint32Array(length);
  for (let i = 0; i < length; i++) out[i] = i;
  return out;
}

/** Of instants so far apart that no double holds all their distances: the sign of one is right all the same. */
function comparedOrder(instants: Float64Array): InstantOrder {
  const labels = identity(instants.length);
  labels.sort((a, b) => (instants[a] as number) - (instants[b] as number) || a - b);
  return { labels, instants: Float64Array.from(labels, (label) => instants[label] as number) };
}

/** Each label as one number, its instant before its place; `size`: a power of two, so that both can be told again. */
function shortOrder(instants: Float64Array, { least, unit }: InstantRange, size: number): InstantOrder {
  const { length } = instants;
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i++) numbers[i] = (((instants[i] as number) - least) / unit) * size + i;
  numbers.sort();
  const labels = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const number = numbers[i] as number;
    const steps = Math.floor(number / size);
    labels[i] = number - steps * size;
    numbers[i] = least + steps * unit;
  }
  return { labels, instants: numbers };
}

/**
 * Least significant digit radix sort: linear, stable, no comparator calls. A label and its number lie side by side and move together, so that
 * a pass reads in order and writes at no more places than digits.
 */
function radixOrder(instants: Float64Array, { least, greatest, unit }: InstantRange): InstantOrder {
  const { length } = instants;
  const bits = Math.floor(Math.log2((greatest - least) / unit)) + 1;
  const width = bits > 32 ? 3 : 2;
  let from = new Uint32Array(length * width);
  let to = new Uint32Array(length * width);
  for (let i = 0, at = 0; i < length; i++, at += width) {
    const steps = ((instants[i] as number) - least) / unit;
    const high = Math.floor(steps / TWO_32);
    from[at] = steps - high * TWO_32;
    from[at + 1] = i;
    if (width === 3) from[at + 2] = high;
  }
  // Short digits have fewer places to write at, so passes are of equal length.
  const digitBits = Math.ceil(bits / Math.ceil(bits / MAX_DIGIT_BITS));
  for (let shift = 0; shift < bits; shift += digitBits) {
    if (width === 2) shortPass(from, to, shift, 2 ** digitBits);
    else longPass(from, to, shift, 2 ** digitBits);
    [from, to] = [to, from];
  }
  const labels = new Uint32Array(length);
  const sorted = new Float64Array(length);
  for (let i = 0, at = 0; i < length; i++, at += width) {
    const high = width === 3 ? (from[at + 2] as number) : 0;
    labels[i] = from[at + 1] as number;
    sorted[i] = least + (high * TWO_32 + (from[at] as number)) * unit;
  }
  return { labels, instants: sorted };
}

/** Over (number, label). */
function shortPass(from: Uint32Array, to: Uint32Array, shift: number, digits: number): void {
  const mask = digits - 1;
  const places = new Uint32Array(digits + 1);
  for (let at = 0; at < from.length; at += 2) {
    const digit = (((from[at] as number) >>> shift) & mask) + 1;
    places[digit] = (places[digit] as number) + 2;
  }
  addUp(places);
  for (let at = 0; at < from.length; at += 2) {
    const low = from[at] as number;
    const digit = (low >>> shift) & mask;
    const place = places[digit] as number;
    places[digit] = place + 2;
    to[place] = low;
    to[place + 1] = from[at + 1] as number;
  }
}

/** Over (low word, label, high word). */
function longPass(from: Uint32Array, to: Uint32Array, shift: number, digits: number): void {
  const places = new Uint32Array(digits + 1);
  for (let at = 0; at < from.length; at += 3) {
    const digit = digitOf(from[at] as number, from[at + 2] as number, shift, digits) + 1;
    places[digit] = (places[digit] as number) + 3;
  }
  addUp(places);
  for (let at = 0; at < from.length; at += 3) {
    const digit = digitOf(from[at] as number, from[at + 2] as number, shift, digits);
    const place = places[digit] as number;
    places[digit] = place + 3;
    to[place] = from[at] as number;
    to[place + 1] = from[at + 1] as number;
    to[place + 2] = from[at + 2] as number;
  }
}

function addUp(places: Uint32Array): void {
  for (let i = 1; i < places.length; i++) places[i] = (places[i] as number) + (places[i - 1] as number);
}

function digitOf(low: number, high: number, shift: number, digits: number): number {
  const bits = shift < 32 ? (low >>> shift) | (shift === 0 ? 0 : high << (32 - shift)) : high >>> (shift - 32);
  return bits & (digits - 1);
}
