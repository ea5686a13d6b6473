/**
 * Blocks of event records, in segments shared by all entities: a state that grows is never copied, and what one entity gives back another
 * takes. A segment holds blocks of one size class; when its last block is given back it may serve any class. A block of LARGE records or
 * more has a segment of its own. Segments of a small state are small.
 *
 * A block's address is the number of its segment and the place of its first record there. Free blocks of a segment are a list through
 * their first Int32.
 */
interface Segment {
  /** Size class; −1: it serves none. */
  kind: number;
  used: number;
  /** Records that it has place for. */
  slots: number;
  /** Records up to here were handed out at least once. */
  top: number;
  /** First free block, −1 for none. */
  free: number;
  /** Index among the segments of its class that have room, −1 if it has none. */
  place: number;
}

const FIRST_POWER = 2;
const LARGE = 8192;
/** A new segment is as large as this part of all others, within limits. */
const SEGMENT_SHARE = 8;
const LEAST_SLOTS = 64;
const MAX_SEGMENTS = 1 << 16;
/** Up to this many Int32 a loop is faster than a call. */
const SMALL_MOVE = 256;

/** Records of a block of class `kind`: 4, 6, 8, 12, 16, 24, … */
export function capacityOf(kind: number): number {
  const power = 1 << (FIRST_POWER + (kind >> 1));
  return (kind & 1) === 0 ? power : power + (power >> 1);
}

/** The class of that capacity. */
export function kindOf(capacity: number): number {
  const power = 31 - Math.clz32(capacity);
  return 2 * (power - FIRST_POWER) + (capacity === 1 << power ? 0 : 1);
}

export class Slabs {
  /** The numbers of each segment, as Float64 and as Int32 over the same bytes. */
  readonly floats: Float64Array[] = [];
  readonly ints: Int32Array[] = [];
  readonly #stride: number;
  readonly #shift: number;
  readonly #segments: Segment[] = [];
  /** Segments with room, by class. */
  readonly #open: number[][] = [];
  /** Segments of full size that serve no class. */
  readonly #spare: number[] = [];
  /** Numbers of segments whose memory was given back. */
  readonly #gone: number[] = [];
  #slots = 0;

  /** `stride`: doubles a record; `shift`: records a segment, as a power of two. */
  constructor(stride: number, shift: number) {
    this.#stride = stride;
    this.#shift = shift;
    // Entities without events point at the first segment, which holds none.
    this.#addSegment(0);
  }

  allocate(kind: number): number {
    const capacity = capacityOf(kind);
    if (capacity >= LARGE) return this.#allocateLarge(kind, capacity);
    const open = this.#openOf(kind);
    const index = open.length > 0 ? (open[open.length - 1] as number) : this.#begin(kind);
    const segment = this.#segments[index] as Segment;
    let at = segment.free;
    if (at >= 0) segment.free = (this.ints[index] as Int32Array)[at * this.#stride * 2] as number;
    else {
      at = segment.top;
      segment.top += capacity;
    }
    segment.used++;
    if (!this.#hasRoom(segment)) this.#close(index);
    return (index << this.#shift) | at;
  }

  release(base: number): void {
    const index = base >> this.#shift;
    const segment = this.#segments[index] as Segment;
    segment.used--;
    if (segment.used === 0) {
      this.#retire(index);
      return;
    }
    const at = base & ((1 << this.#shift) - 1);
    (this.ints[index] as Int32Array)[at * this.#stride * 2] = segment.free;
    segment.free = at;
    if (segment.place < 0) this.#show(index);
  }

  /** Moves `count` records from one block's offset to another's; within a block the places may overlap. */
  move(fromBlock: number, fromOffset: number, toBlock: number, toOffset: number, count: number): void {
    if (count <= 0) return;
    const width = this.#stride * 2;
    const mask = (1 << this.#shift) - 1;
    const source = this.ints[fromBlock >> this.#shift] as Int32Array;
    const target = this.ints[toBlock >> this.#shift] as Int32Array;
    const from = ((fromBlock & mask) + fromOffset) * width;
    const to = ((toBlock & mask) + toOffset) * width;
    const size = count * width;
    if (source === target) source.copyWithin(to, from, from + size);
    else if (size > SMALL_MOVE) target.set(source.subarray(from, from + size), to);
    // As Int32: a double may lose bits on its way where it happens to be NaN.
    else for (let i = 0; i < size; i++) target[to + i] = source[from + i] as number;
  }

  bytes(): number {
    let bytes = 0;
    for (const segment of this.floats) bytes += segment.byteLength;
    return bytes;
  }

  /** What a segment holds, for a snapshot; null if that is nothing. */
  contentsOf(index: number): Float64Array | null {
    return (this.#segments[index] as Segment).kind < 0 ? null : (this.floats[index] as Float64Array);
  }

  describe(): string {
    return JSON.stringify(this.#segments);
  }

  /** Takes the arrays over. */
  restore(description: string, contents: (index: number) => Float64Array): void {
    const segments = JSON.parse(description) as Segment[];
    this.#spare.length = 0;
    this.#slots = 0;
    segments.forEach((segment, index) => {
      const { kind, slots } = segment;
      this.#setArrays(index, kind < 0 ? new Float64Array(slots * this.#stride) : contents(index));
      this.#segments[index] = { ...segment, place: -1 };
      this.#slots += slots;
      if (kind < 0) this.#spareOrGone(index);
      else if (this.#hasRoom(segment)) this.#show(index);
    });
  }

  #hasRoom({ kind, free, top, slots }: Segment): boolean {
    return free >= 0 || top + capacityOf(kind) <= slots;
  }

  #allocateLarge(kind: number, capacity: number): number {
    const index = this.#addSegment(capacity);
    Object.assign(this.#segments[index] as Segment, { kind, used: 1, top: capacity });
    return index << this.#shift;
  }

  #openOf(kind: number): number[] {
    for (let i = this.#open.length; i <= kind; i++) this.#open.push([]);
    return this.#open[kind] as number[];
  }

  /** A segment begins to serve a class. */
  #begin(kind: number): number {
    const index = this.#spare.pop() ?? this.#addSegment(this.#nextSize(capacityOf(kind)));
    Object.assign(this.#segments[index] as Segment, { kind, used: 0, top: 0, free: -1 });
    this.#show(index);
    return index;
  }

  #nextSize(capacity: number): number {
    let slots = Math.max(LEAST_SLOTS, capacity);
    while (slots * SEGMENT_SHARE < this.#slots && slots < 1 << this.#shift) slots *= 2;
    return Math.min(slots, 1 << this.#shift);
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
    segment.kind = -1;
    this.#spareOrGone(index);
  }

  /** A segment that serves no class: one of full size can serve another, the memory of others is given back. */
  #spareOrGone(index: number): void {
    const segment = this.#segments[index] as Segment;
    if (segment.slots === 1 << this.#shift) {
      this.#spare.push(index);
      return;
    }
    this.#slots -= segment.slots;
    segment.slots = 0;
    this.#setArrays(index, new Float64Array(0));
    if (index > 0) this.#gone.push(index);
  }

  #addSegment(slots: number): number {
    const index = this.#gone.pop() ?? this.#segments.length;
    if (index >= MAX_SEGMENTS) throw new RangeError('the state of a group holds more events than it can address');
    this.#setArrays(index, new Float64Array(slots * this.#stride));
    this.#segments[index] = { kind: -1, used: 0, slots, top: 0, free: -1, place: -1 };
    this.#slots += slots;
    return index;
  }

  #setArrays(index: number, floats: Float64Array): void {
    this.floats[index] = floats;
    this.ints[index] = new Int32Array(floats.buffer, floats.byteOffset, floats.length * 2);
  }
}
