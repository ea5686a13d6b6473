import { Region } from './grow.ts';

/**
 * Blocks of event records, in one array shared by all entities. The array is dealt out in segments, each for blocks of one size class; when
 * the last block of a segment is given back it may serve any class, so what one entity gives back another takes. A block of LARGE records
 * or more has segments of its own. As entities outgrow a class, its segments are left with a few blocks each: compaction moves these together.
 *
 * A block's address is the place of its first record. Free blocks of a segment are a list through their first Int32.
 */
interface Segment {
  /** Size class; −1: it serves none. */
  kind: number;
  used: number;
  /** Records up to here were handed out at least once. */
  top: number;
  /** First free block, −1 for none. */
  free: number;
  /** Index among the segments of its class that have room, −1 if it has none. */
  place: number;
}

const SMALLEST = 4;
const SECOND_POWER = 3;
const SEGMENT_SHIFT = 11;
const SEGMENT_SLOTS = 1 << SEGMENT_SHIFT;
const LARGE = SEGMENT_SLOTS;
/** Segments are emptied when that part of all would be free: fewer moves, more memory, the larger it is. */
const SPARSE = 1 / 16;
/** Up to this many Int32 a loop is faster than a call. */
const SMALL_MOVE = 256;
/** What the engine's integers can address. */
const MAX_INTS = 2 ** 31 - 1;

/** Records of a block of class `kind`: 4, 8, 12, 16, 24, 32, 48, … */
export function capacityOf(kind: number): number {
  if (kind === 0) return SMALLEST;
  const power = 1 << (SECOND_POWER + ((kind - 1) >> 1));
  return (kind & 1) === 1 ? power : power + (power >> 1);
}

/** The class of that capacity. */
export function kindOf(capacity: number): number {
  if (capacity === SMALLEST) return 0;
  const power = 31 - Math.clz32(capacity);
  return 1 + 2 * (power - SECOND_POWER) + (capacity === 1 << power ? 0 : 1);
}

const LARGE_KIND = kindOf(LARGE);
const NOBODY = new Uint8Array(0);

export class Slabs {
  /** All records, as Float64 and as Int32 over the same bytes. */
  floats: Float64Array;
  ints: Int32Array;
  readonly #stride: number;
  readonly #region: Region;
  #segments: Segment[] = [];
  /** Segments with room, by class. */
  readonly #open: number[][] = [];
  /** Segments that serve no class. */
  readonly #spare: number[] = [];
  /** Segments and blocks in use, by class below LARGE. */
  readonly #segmentCounts = new Int32Array(LARGE_KIND);
  readonly #blockCounts = new Int32Array(LARGE_KIND);
  /** 1 by segment: its blocks are being moved out, and nothing is handed out from it. */
  #leaving: Uint8Array = NOBODY;

  /** `stride`: doubles a record. */
  constructor(stride: number) {
    this.#stride = stride;
    this.#region = new Region(64 * stride * 8);
    this.floats = new Float64Array(this.#region.buffer);
    this.ints = new Int32Array(this.#region.buffer);
  }

  allocate(kind: number): number {
    const capacity = capacityOf(kind);
    if (capacity >= LARGE) return this.#allocateLarge(kind, capacity);
    const open = this.#openOf(kind);
    const index = open.length > 0 ? (open[open.length - 1] as number) : this.#begin(kind);
    const segment = this.#segments[index] as Segment;
    let at = segment.free;
    if (at >= 0) segment.free = this.ints[at * this.#stride * 2] as number;
    else {
      at = (index << SEGMENT_SHIFT) + segment.top;
      segment.top += capacity;
      this.#cover(at + capacity);
    }
    segment.used++;
    addTo(this.#blockCounts, kind, 1);
    if (!hasRoom(segment)) this.#close(index);
    return at;
  }

  release(base: number): void {
    const index = base >> SEGMENT_SHIFT;
    const segment = this.#segments[index] as Segment;
    segment.used--;
    if (segment.kind < LARGE_KIND) addTo(this.#blockCounts, segment.kind, -1);
    if (segment.used === 0) {
      this.#retire(index);
      return;
    }
    this.ints[base * this.#stride * 2] = segment.free;
    segment.free = base;
    if (segment.place < 0 && this.#leaving[index] !== 1) this.#show(index);
  }

  /**
   * Picks the emptiest segments of each class, as many as its others have room for, if that is worth while. Whoever owns blocks moves those
   * that are `isLeaving` into new ones; then `endCompaction`. False: there is nothing to move.
   */
  beginCompaction(): boolean {
    let all = 0;
    let free = 0;
    for (let kind = 0; kind < LARGE_KIND; kind++) {
      all += this.#segmentCounts[kind] as number;
      free += this.#sparseSegments(kind);
    }
    if (free <= all * SPARSE) return false;
    this.#leaving = new Uint8Array(this.#segments.length);
    for (let kind = 0; kind < LARGE_KIND; kind++) this.#leave(kind, this.#sparseSegments(kind));
    return true;
  }

  isLeaving(base: number): boolean {
    return this.#leaving[base >> SEGMENT_SHIFT] === 1;
  }

  /** What could not be moved stays. */
  endCompaction(): void {
    const leaving = this.#leaving;
    this.#leaving = NOBODY;
    leaving.forEach((isLeaving, index) => {
      const segment = this.#segments[index] as Segment;
      if (isLeaving === 1 && segment.kind >= 0 && hasRoom(segment)) this.#show(index);
    });
  }

  /** How many segments of a class could be empty, its blocks being in the others. */
  #sparseSegments(kind: number): number {
    const blocks = Math.floor(SEGMENT_SLOTS / capacityOf(kind));
    return (this.#segmentCounts[kind] as number) - Math.ceil((this.#blockCounts[kind] as number) / blocks);
  }

  #leave(kind: number, count: number): void {
    const used = (index: number): number => (this.#segments[index] as Segment).used;
    const emptiest = [...this.#openOf(kind)].sort((a, b) => used(a) - used(b)).slice(0, count);
    for (const index of emptiest) {
      this.#close(index);
      this.#leaving[index] = 1;
    }
  }

  /** Moves `count` records; the places may overlap. */
  move(from: number, to: number, count: number): void {
    if (count <= 0) return;
    const width = this.#stride * 2;
    const source = from * width;
    const target = to * width;
    const size = count * width;
    const { ints } = this;
    // As Int32: a double may lose bits on its way where it happens to be NaN.
    if (size > SMALL_MOVE) ints.copyWithin(target, source, source + size);
    else if (target < source) for (let i = 0; i < size; i++) ints[target + i] = ints[source + i] as number;
    else for (let i = size - 1; i >= 0; i--) ints[target + i] = ints[source + i] as number;
  }

  /** Bytes of the segments dealt out. */
  bytes(): number {
    return this.#contents().byteLength;
  }

  snapshot(): { readonly contents: Float64Array; readonly description: string } {
    return { contents: this.#contents(), description: JSON.stringify(this.#segments) };
  }

  restore(contents: Float64Array, description: string): void {
    this.#segments = JSON.parse(description) as Segment[];
    this.#spare.length = 0;
    this.#open.length = 0;
    this.#leaving = NOBODY;
    this.#segmentCounts.fill(0);
    this.#blockCounts.fill(0);
    this.#cover(contents.length / this.#stride);
    this.floats.set(contents);
    this.#segments.forEach((segment, index) => {
      segment.place = -1;
      if (segment.kind >= 0 && segment.kind < LARGE_KIND) {
        addTo(this.#segmentCounts, segment.kind, 1);
        addTo(this.#blockCounts, segment.kind, segment.used);
      }
      if (segment.kind === NONE) this.#spare.push(index);
      else if (segment.kind !== PART && hasRoom(segment)) this.#show(index);
    });
  }

  #contents(): Float64Array {
    const last = this.#segments.length - 1;
    const slots =
      last < 0 ? 0 : (last << SEGMENT_SHIFT) + Math.min(SEGMENT_SLOTS, (this.#segments[last] as Segment).top);
    return this.floats.subarray(0, slots * this.#stride);
  }

  /** The array reaches to record `slots`. */
  #cover(slots: number): void {
    const needed = slots * this.#stride;
    if (needed <= this.floats.length) return;
    if (needed * 2 > MAX_INTS) throw new RangeError('the state of a group holds more events than it can address');
    this.#region.ensure(needed * 8);
    this.floats = new Float64Array(this.#region.buffer);
    this.ints = new Int32Array(this.#region.buffer);
  }

  #allocateLarge(kind: number, capacity: number): number {
    const count = Math.ceil(capacity / SEGMENT_SLOTS);
    const first = this.#takeSpare(count);
    for (let i = 0; i < count; i++) this.#segments[first + i] = segmentOf(i === 0 ? kind : PART);
    const segment = this.#segments[first] as Segment;
    segment.used = 1;
    segment.top = SEGMENT_SLOTS;
    (this.#segments[first + count - 1] as Segment).top = capacity - (count - 1) * SEGMENT_SLOTS;
    const base = first << SEGMENT_SHIFT;
    this.#cover(base + capacity);
    return base;
  }

  /** The first of so many spare segments in a row, else the end of all. Large blocks are few, so looking at all segments is no matter. */
  #takeSpare(count: number): number {
    let run = 0;
    for (let i = 0; this.#spare.length >= count && i < this.#segments.length; i++) {
      run = (this.#segments[i] as Segment).kind === NONE ? run + 1 : 0;
      if (run < count) continue;
      const first = i - count + 1;
      const others = this.#spare.filter((index) => index < first || index > i);
      this.#spare.length = 0;
      for (const index of others) this.#spare.push(index);
      return first;
    }
    return this.#segments.length;
  }

  #openOf(kind: number): number[] {
    for (let i = this.#open.length; i <= kind; i++) this.#open.push([]);
    return this.#open[kind] as number[];
  }

  /** A segment begins to serve a class. */
  #begin(kind: number): number {
    const index = this.#spare.pop() ?? this.#segments.length;
    this.#segments[index] = segmentOf(kind);
    addTo(this.#segmentCounts, kind, 1);
    this.#show(index);
    return index;
  }

  #show(index: number): void {
    const segment = this.#segments[index] as Segment;
    const open = this.#openOf(segment.kind);
    segment.place = open.length;
    open.push(index);
  }

  /** Takes a segment out of those with room. */
  #close(index: number): void {
    const segment = this.#segments[index] as Segment;
    const open = this.#openOf(segment.kind);
    const last = open.pop() as number;
    if (last !== index) {
      open[segment.place] = last;
      (this.#segments[last] as Segment).place = segment.place;
    }
    segment.place = -1;
  }

  #retire(index: number): void {
    const segment = this.#segments[index] as Segment;
    if (segment.place >= 0) this.#close(index);
    this.#leaving[index] = 0;
    if (segment.kind < LARGE_KIND) addTo(this.#segmentCounts, segment.kind, -1);
    const count = Math.ceil(capacityOf(segment.kind) / SEGMENT_SLOTS);
    for (let i = index; i < index + count; i++) {
      this.#segments[i] = { ...segmentOf(NONE), top: SEGMENT_SLOTS };
      this.#spare.push(i);
    }
  }
}

/** Classes of segments without blocks of their own: none, and what continues a large block. */
const NONE = -1;
const PART = -2;

function segmentOf(kind: number): Segment {
  return { kind, used: 0, top: 0, free: -1, place: -1 };
}

function hasRoom({ kind, free, top }: Segment): boolean {
  return free >= 0 || top + capacityOf(kind) <= SEGMENT_SLOTS;
}

function addTo(counts: Int32Array, kind: number, by: number): void {
  counts[kind] = (counts[kind] as number) + by;
}
