import { sectionsOf, setTexts } from '../values/text-parts.ts';
import type { SqlType, Value } from '../values/types.ts';
import { DistinctCounts } from './distinct-counts.ts';
import { EntityTable } from './entity-table.ts';
import { ExactSums } from './exact-sum.ts';
import { growInts, Region } from './grow.ts';
import { Interner } from './interner.ts';
import type { ErrorCounter, StateImage } from './program.ts';
import { capacityOf, kindOf, Slabs } from './slabs.ts';

/** What a ring column's numbers stand for. */
export type Holds = 'int' | 'double' | 'hybrid' | 'text';

/** The layout of a group's state, decided by the compiler. Fields are offsets inside a cursor. */
export interface GroupLayout {
  readonly fingerprint: string;
  /** Doubles a record. */
  readonly stride: number;
  /** `field`: where a column stands in a record, of Float64 if it is wide, else of Int32. */
  readonly columns: readonly { readonly holds: Holds; readonly isWide: boolean; readonly field: number }[];
  /** Columns that order events of one instant. */
  readonly keyColumns: readonly number[];
  /** Int32 fields a cursor. */
  readonly positions: number;
  /** Fields that events have been taken up to: nothing may be inserted before them. */
  readonly tails: readonly number[];
  /** Monotone deques: cursor fields of their ends; offsets of events stand in the Int32 `field` of records. */
  readonly deques: readonly { readonly head: number; readonly tail: number; readonly field: number }[];
  /** Float64 fields a cursor. */
  readonly accumulators: number;
  /** Fields that hold handles of exact sums. */
  readonly sums: readonly number[];
  /** What each distinct aggregate counts. */
  readonly distincts: readonly Holds[];
  /** Accumulators that hold a value of a ring column: a flag (0: nothing yet) at `at`, the value after it. */
  readonly kept: readonly { readonly at: number; readonly holds: Holds }[];
}

/** An entity's block: its address, how many events it holds, how many it can, and whether the entity is dirty. */
const BLOCK_FIELDS = 4;
const BASE = 0;
const LENGTH = 1;
const CAPACITY = 2;
const DIRTY = 3;

/** A batch looks at so many entities for blocks to move, and moves so many. */
const COMPACTED_ENTITIES = 65_536;
const COMPACTED_BLOCKS = 4096;

/**
 * State of a group in typed arrays. An entity has one contiguous block in slabs shared by all, with its events sorted by (event time, key), and
 * a cursor: where each window begins and ends and what it adds up to. Cursor 0 is scratch: a probe copies the entity's cursor there and moves
 * the copy. Entity e has block and cursor e + 1.
 */
export class GroupStore {
  readonly layout: GroupLayout;
  readonly entities: EntityTable;
  readonly texts = new Interner();
  readonly sums = new ExactSums();
  readonly counts: DistinctCounts;
  readonly overlay: DistinctCounts;
  readonly errors: ErrorCounter;
  line = Number.NEGATIVE_INFINITY;
  /** No event is newer. */
  newest = Number.NEGATIVE_INFINITY;
  /** Keeps reads that only fill caches from being optimised away. */
  warm = 0;

  /** Key columns of the event about to be inserted. */
  readonly newKeys: Float64Array;
  blocks: Int32Array;
  /** Cursors: accumulators, then positions, over the same bytes. */
  acc: Float64Array;
  pos: Int32Array;

  readonly #slabs: Slabs;
  readonly #blockRegion: Region;
  readonly #cursorRegion: Region;
  readonly #cursorStride: number;
  #dirtyList: Int32Array;
  #dirtyCount = 0;
  /** How far the blocks of sparse segments are moved out of them: an entity; −1: there are none. */
  #compactedTo = -1;
  #scratchBase = 0;
  #scratchKind = -1;
  #scratchEntity = -1;
  /** Entity ids by dictionary code. */
  #codeIds = new Int32Array(0);
  #codeDictionary = -1;
  /** Entity id + 1 by key, for small natural numbers. */
  direct: Int32Array = new Int32Array(0);

  constructor(layout: GroupLayout, types: readonly SqlType[], hint: number, errors: ErrorCounter) {
    this.layout = layout;
    this.errors = errors;
    this.entities = new EntityTable(types, hint);
    this.#slabs = new Slabs(layout.stride);
    this.newKeys = new Float64Array(layout.keyColumns.length);
    this.#dirtyList = new Int32Array(16);
    this.#cursorStride = cursorStrideOf(layout);
    const entities = Math.max(16, hint);
    this.#blockRegion = new Region((entities + 1) * BLOCK_FIELDS * 4);
    this.#cursorRegion = new Region((entities + 1) * this.#cursorStride * 8);
    this.blocks = new Int32Array(this.#blockRegion.buffer);
    this.acc = new Float64Array(this.#cursorRegion.buffer);
    this.pos = new Int32Array(this.#cursorRegion.buffer);
    this.counts = new DistinctCounts(layout.distincts.length === 0 ? 2 : 1024);
    this.overlay = new DistinctCounts(layout.distincts.length === 0 ? 2 : 256);
  }

  /** Records: [event time, wide columns…, narrow columns…, masks…, places of deques…]. */
  get floats(): Float64Array {
    return this.#slabs.floats;
  }

  get ints(): Int32Array {
    return this.#slabs.ints;
  }

  /** The entity of the parts put into `entities`; makes room for a new one. */
  touch(): number {
    return this.#withRoom(this.entities.findOrAdd());
  }

  /** The entity of the k-th key staged in `entities`; makes room for a new one. */
  touchStaged(k: number): number {
    return this.#withRoom(this.entities.findOrAddStaged(k));
  }

  #withRoom(entity: number): number {
    if ((entity + 2) * BLOCK_FIELDS > this.blocks.length || (entity + 2) * this.#cursorStride > this.acc.length)
      this.#growEntities(entity + 2);
    return entity;
  }

  #growEntities(count: number): void {
    if (this.#blockRegion.ensure(count * BLOCK_FIELDS * 4)) this.blocks = new Int32Array(this.#blockRegion.buffer);
    if (!this.#cursorRegion.ensure(count * this.#cursorStride * 8)) return;
    this.acc = new Float64Array(this.#cursorRegion.buffer);
    this.pos = new Int32Array(this.#cursorRegion.buffer);
  }

  /** The entity of a key that is one number, if it is small, natural and was remembered; else −1. */
  knownNumber(key: number | bigint): number {
    const direct = this.direct;
    return typeof key === 'number' && key >= 0 && key < direct.length ? (direct[key] ?? 0) - 1 : -1;
  }

  /** Small natural numbers have their entity in a table, which stays in proportion to the number of entities, however far apart they are. */
  remember(key: number | bigint, entity: number): void {
    const limit = 1024 + 4 * this.entities.count;
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 0 || key >= limit) return;
    if (key >= this.direct.length) this.direct = growInts(this.direct, limit * 2);
    this.direct[key] = entity + 1;
  }

  /** Entity ids by code, −1 where unknown yet; starts anew when the dictionary is another one. */
  codeIds(dictionaryId: number, size: number): Int32Array {
    if (dictionaryId !== this.#codeDictionary) {
      this.#codeDictionary = dictionaryId;
      this.#codeIds = new Int32Array(Math.max(64, size)).fill(-1);
    } else if (size > this.#codeIds.length) {
      const longer = new Int32Array(size * 2).fill(-1);
      longer.set(this.#codeIds);
      this.#codeIds = longer;
    }
    return this.#codeIds;
  }

  /** Address of the entity's block. */
  baseOf(entity: number): number {
    return this.blocks[(entity + 1) * BLOCK_FIELDS + BASE] as number;
  }

  lengthOf(entity: number): number {
    return this.blocks[(entity + 1) * BLOCK_FIELDS + LENGTH] as number;
  }

  markDirty(entity: number): void {
    const flag = (entity + 1) * BLOCK_FIELDS + DIRTY;
    if (this.blocks[flag] === 1) return;
    this.blocks[flag] = 1;
    if (this.#dirtyCount === this.#dirtyList.length) this.#dirtyList = growInts(this.#dirtyList, this.#dirtyCount * 2);
    this.#dirtyList[this.#dirtyCount++] = entity;
  }

  takeDirty(): Int32Array {
    const list = this.#dirtyList.slice(0, this.#dirtyCount);
    for (let i = 0; i < list.length; i++) this.blocks[((list[i] as number) + 1) * BLOCK_FIELDS + DIRTY] = 0;
    this.#dirtyCount = 0;
    return list;
  }

  /** Makes place for a new event among others, by (event time, `newKeys`); equal ones in order of arrival. There is room for it. Gives its place. */
  insert(entity: number, t: number): number {
    const at = (entity + 1) * BLOCK_FIELDS;
    const base = this.blocks[at + BASE] as number;
    const n = this.blocks[at + LENGTH] as number;
    const low = this.#placeOf(base, n, t);
    for (const field of this.layout.tails) {
      if (low < this.#position(entity + 1, field))
        throw new Error(`event at ${t} arrived behind the settled part of its entity`);
    }
    this.#slabs.move(base + low, base + low + 1, n - low);
    this.blocks[at + LENGTH] = n + 1;
    return base + low;
  }

  /** Where an event belongs among the first n: in steps that double, since most belong near the end, and some behind a million of their instant. */
  #placeOf(base: number, n: number, t: number): number {
    let high = n;
    let low = n - 1;
    for (let step = 1; low >= 0 && this.#isBefore(t, base, low); step += step) {
      high = low;
      low -= step;
    }
    low = Math.max(0, low + 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(t, base, middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether the event (t, `newKeys`) comes before one of a block. */
  #isBefore(t: number, base: number, offset: number): boolean {
    const other = this.#timeAt(base, offset);
    return t < other || (t === other && this.#keyOrder(base, offset) < 0);
  }

  #timeAt(base: number, offset: number): number {
    return this.floats[(base + offset) * this.layout.stride] as number;
  }

  /** What a column holds of the event at an offset of a block. */
  #columnAt(base: number, offset: number, column: number): number {
    const { isWide, field } = this.layout.columns[column] as GroupLayout['columns'][number];
    const record = (base + offset) * this.layout.stride;
    return (isWide ? this.floats[record + field] : this.ints[record * 2 + field]) as number;
  }

  #position(cursor: number, field: number): number {
    return this.pos[this.#positions(cursor) + field] as number;
  }

  /** Where the positions of a cursor begin. */
  #positions(cursor: number): number {
    return (cursor * this.#cursorStride + this.layout.accumulators) * 2;
  }

  /** How many events the entity has at exactly t. */
  eventsAt(entity: number, t: number): number {
    return this.#firstAfter(entity, t) - this.#firstAfter(entity, t - 1);
  }

  /** Offset of the entity's event (t, key); −1 if it has none. */
  findEvent(entity: number, t: number, key: readonly Value[]): number {
    if (this.newKeys.length === 0) return -1;
    for (let i = 0; i < this.newKeys.length; i++) this.newKeys[i] = this.#stored(key[i] ?? null);
    if (this.newKeys.some(Number.isNaN)) return -1;
    const base = this.baseOf(entity);
    const at = this.#placeOf(base, this.lengthOf(entity), t) - 1;
    return at >= 0 && this.#timeAt(base, at) === t && this.#keyOrder(base, at) === 0 ? at : -1;
  }

  /** Moves an event behind the others of its instant, and gives how many events come before it then. */
  hideEvent(entity: number, offset: number): number {
    const t = this.#timeAt(this.baseOf(entity), offset);
    const last = this.#firstAfter(entity, t) - 1;
    this.#rotate(entity, offset, last);
    return last;
  }

  /** Puts a hidden event back. */
  unhideEvent(entity: number, offset: number, last: number): void {
    this.#rotate(entity, last, offset);
  }

  /** Moves a record to another place among records of the same instant; those between move up. */
  #rotate(entity: number, from: number, to: number): void {
    if (from === to) return;
    const base = this.baseOf(entity);
    const width = this.layout.stride * 2;
    const record = this.ints.slice((base + from) * width, (base + from + 1) * width);
    if (from < to) this.#slabs.move(base + from + 1, base + from, to - from);
    else this.#slabs.move(base + to, base + to + 1, from - to);
    this.ints.set(record, (base + to) * width);
  }

  /** Offset of the entity's first event after t. */
  #firstAfter(entity: number, t: number): number {
    const base = this.baseOf(entity);
    let low = 0;
    let high = this.lengthOf(entity);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timeAt(base, middle) <= t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A value as the ring holds it; NaN, which equals nothing, for NULL. */
  #stored(value: Value): number {
    if (typeof value === 'string') return this.texts.textId(value);
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'number') return value;
    return typeof value === 'bigint' ? this.texts.hybrid(value) : Number.NaN;
  }

  /** Copies an entity's cursor into scratch. The block for scratch deques comes from the same slabs. */
  toScratch(entity: number): void {
    const { sums } = this.layout;
    const { pos } = this;
    const size = this.#cursorStride * 2;
    const from = (entity + 1) * size;
    const held = sums.length === 0 ? NONE : sums.map((field) => this.acc[field] as number);
    for (let i = 0; i < size; i++) pos[i] = pos[from + i] as number;
    if (sums.length > 0) this.#copySums(held);
    if (this.layout.distincts.length > 0) this.overlay.clear();
    this.#scratchEntity = entity;
    if (this.layout.deques.length > 0) this.#copyDeques(entity);
  }

  /** Where the deques of a cursor stand. */
  get scratchBase(): number {
    return this.#scratchBase;
  }

  /** Counts of the value `v` in the window of a distinct aggregate: gives +1, −1 or 0, what the number of distinct values moves by. */
  distinct(cursor: number, aggregate: number, v: number, by: number): number {
    const value = v === 0 ? 0 : v;
    const distincts = this.layout.distincts.length;
    let count: number;
    if (cursor === 0) {
      const settled = this.counts.get((this.#scratchEntity + 1) * distincts + aggregate, value);
      count = settled + this.overlay.move(aggregate, value, by);
    } else count = this.counts.move(cursor * distincts + aggregate, value, by);
    if (by > 0) return count === 1 ? 1 : 0;
    return count === 0 ? -1 : 0;
  }

  /** Forgets interned text and wide integers that nothing refers to any more, when their number has doubled. Between batches only. */
  sweep(): void {
    if (!this.texts.needsSweep) return;
    this.texts.sweep((text, hybrid) => {
      const visitors = { text, hybrid, int: ignore, double: ignore };
      this.#visitRing(visitors);
      this.#visitAccumulators(visitors);
      const { distincts } = this.layout;
      this.counts.forEach((owner, value) => {
        visitors[distincts[owner % distincts.length] as Holds](value);
      });
    });
  }

  /**
   * Moves some blocks out of segments that few use. Between batches only, since addresses change; a batch moves no more of them than its own
   * events fill, so that none waits long.
   */
  compact(): void {
    if (this.#compactedTo < 0) {
      if (!this.#slabs.beginCompaction()) return;
      this.#compactedTo = 0;
    }
    const entities = this.entities.count;
    const end = Math.min(entities, this.#compactedTo + COMPACTED_ENTITIES);
    let moves = 0;
    let entity = this.#compactedTo;
    for (; entity < end && moves < COMPACTED_BLOCKS; entity++) moves += this.#leaveSparse(entity);
    this.#compactedTo = entity;
    if (entity < entities) return;
    this.#slabs.endCompaction();
    this.#compactedTo = -1;
  }

  #leaveSparse(entity: number): number {
    const at = (entity + 1) * BLOCK_FIELDS;
    const capacity = this.blocks[at + CAPACITY] as number;
    if (capacity === 0 || !this.#slabs.isLeaving(this.blocks[at + BASE] as number)) return 0;
    this.#moveBlock(entity, 0, kindOf(capacity));
    return 1;
  }

  keptEvents(): number {
    let kept = 0;
    for (let i = 0; i < this.entities.count; i++) kept += this.lengthOf(i);
    return kept;
  }

  eventBytes(): number {
    return this.#slabs.bytes();
  }

  /** What was written to: pages of memory that were not are not there. */
  bytes(): number {
    const cursors = this.entities.count + 1;
    let bytes = this.eventBytes() + cursors * (BLOCK_FIELDS * 4 + this.#cursorStride * 8);
    bytes += this.entities.bytes() + this.sums.bytes() + this.#dirtyList.byteLength;
    return bytes + this.counts.bytes() + this.overlay.bytes() + this.direct.byteLength + this.#codeIds.byteLength;
  }

  snapshot(): StateImage {
    const sections: Map<string, Uint8Array | Int32Array | Float64Array | Uint32Array | string> = new Map();
    this.entities.snapshot(sections);
    setTexts(sections, 'texts', this.texts.snapshot());
    const { contents, description } = this.#slabs.snapshot();
    sections.set('slabs', description);
    sections.set('ring', contents);
    sections.set('cursors', this.acc.subarray(0, (this.entities.count + 1) * this.#cursorStride));
    sections.set('blocks', this.blocks.subarray(0, (this.entities.count + 1) * BLOCK_FIELDS));
    sections.set('dirty', this.#dirtyList.subarray(0, this.#dirtyCount));
    const sums = this.sums.snapshot();
    sections.set('sums.pool', sums.pool);
    const counts = this.counts.snapshot();
    sections.set('counts.owners', counts.owners);
    sections.set('counts.values', counts.values);
    sections.set('counts.counts', counts.counts);
    sections.set('scalars', this.#scalars(sums.free));
    return { fingerprint: this.layout.fingerprint, sections };
  }

  restore(image: StateImage): void {
    if (image.fingerprint !== this.layout.fingerprint) {
      throw new Error(`state of ${image.fingerprint} is not state of ${this.layout.fingerprint}`);
    }
    if (this.entities.count > 0) throw new Error('only an empty state is restored');
    const read = sectionReader(image);
    const scalars = JSON.parse(read.text('scalars')) as Scalars;
    this.entities.restore(read);
    this.texts.restore(read.texts('texts'));
    this.#slabs.restore(read.floats('ring'), read.text('slabs'));
    this.#growEntities(this.entities.count + 1);
    this.acc.set(read.floats('cursors'));
    this.blocks.set(read.ints('blocks'));
    this.sums.restore(read.floats('sums.pool'), scalars.sumsFree);
    this.counts.restore(read.floats('counts.owners'), read.floats('counts.values'), read.ints('counts.counts'));
    this.newest = this.#newestKept();
    this.line = scalars.line ?? Number.NEGATIVE_INFINITY;
    this.#scratchBase = scalars.scratchBase;
    this.#scratchKind = scalars.scratchKind;
    this.#dirtyList = growInts(read.ints('dirty'), Math.max(16, read.ints('dirty').length));
    this.#dirtyCount = read.ints('dirty').length;
  }

  #newestKept(): number {
    let newest = Number.NEGATIVE_INFINITY;
    for (let entity = 0; entity < this.entities.count; entity++) {
      const length = this.lengthOf(entity);
      if (length > 0) newest = Math.max(newest, this.#timeAt(this.baseOf(entity), length - 1));
    }
    return newest;
  }

  #visitRing(visitors: Readonly<Record<Holds, (value: number) => void>>): void {
    this.layout.columns.forEach(({ holds }, column) => {
      if (holds !== 'text' && holds !== 'hybrid') return;
      for (let entity = 0; entity < this.entities.count; entity++) {
        const base = this.baseOf(entity);
        const length = this.lengthOf(entity);
        for (let i = 0; i < length; i++) visitors[holds](this.#columnAt(base, i, column));
      }
    });
  }

  #visitAccumulators(visitors: Readonly<Record<Holds, (value: number) => void>>): void {
    const { accumulators, kept } = this.layout;
    for (const { at, holds } of kept) {
      for (let cursor = 1; cursor <= this.entities.count; cursor++) {
        const field = this.#positions(cursor) / 2 - accumulators + at;
        if (this.acc[field] !== 0) visitors[holds](this.acc[field + 1] as number);
      }
    }
  }

  #scalars(sumsFree: string): string {
    const scalars: Scalars = {
      line: Number.isFinite(this.line) ? this.line : null,
      scratchBase: this.#scratchBase,
      scratchKind: this.#scratchKind,
      sumsFree,
    };
    return JSON.stringify(scalars);
  }

  /** The entity's first block. */
  firstBlock(entity: number): void {
    const at = (entity + 1) * BLOCK_FIELDS;
    this.blocks[at + BASE] = this.#slabs.allocate(0);
    this.blocks[at + CAPACITY] = capacityOf(0);
  }

  /** Forgets the first `drop` events of a block, about which its cursor was told already; it gives the room to others of the entity. */
  dropEvents(entity: number, drop: number): void {
    const at = (entity + 1) * BLOCK_FIELDS;
    const base = this.blocks[at + BASE] as number;
    const kept = (this.blocks[at + LENGTH] as number) - drop;
    this.#slabs.move(base + drop, base, kept);
    this.blocks[at + LENGTH] = kept;
  }

  /** As `dropEvents`, and what is kept stands in a block of the next class. */
  enlarge(entity: number, drop: number): void {
    this.#moveBlock(entity, drop, kindOf(this.blocks[(entity + 1) * BLOCK_FIELDS + CAPACITY] as number) + 1);
  }

  /** The entity's events but the first `drop` move into a block of that class. */
  #moveBlock(entity: number, drop: number, kind: number): void {
    const { blocks } = this;
    const at = (entity + 1) * BLOCK_FIELDS;
    const from = blocks[at + BASE] as number;
    const kept = (blocks[at + LENGTH] as number) - drop;
    const to = this.#slabs.allocate(kind);
    this.#slabs.move(from + drop, to, kept);
    this.#slabs.release(from);
    blocks[at + BASE] = to;
    blocks[at + LENGTH] = kept;
    blocks[at + CAPACITY] = capacityOf(kind);
  }

  /** Of `newKeys` beside the key of an event: below, at or above 0. */
  #keyOrder(base: number, offset: number): number {
    for (let i = 0; i < this.newKeys.length; i++) {
      const column = this.layout.keyColumns[i] as number;
      const order = this.#compare(column, this.newKeys[i] as number, this.#columnAt(base, offset, column));
      if (order !== 0) return order;
    }
    return 0;
  }

  #compare(column: number, a: number, b: number): number {
    switch ((this.layout.columns[column] as GroupLayout['columns'][number]).holds) {
      case 'text':
        return this.texts.compareText(a, b);
      case 'hybrid':
        return this.texts.compareHybrid(a, b);
      default:
        // No key is a double.
        return a - b;
    }
  }

  /** `held`: the scratch cursor's own blocks, which take the copies. */
  #copySums(held: readonly number[]): void {
    this.layout.sums.forEach((field, i) => {
      this.acc[field] = this.sums.copy(this.acc[field] as number, held[i] as number);
    });
  }

  #copyDeques(entity: number): void {
    const capacity = this.blocks[(entity + 1) * BLOCK_FIELDS + CAPACITY] as number;
    if (capacity === 0) return;
    const kind = kindOf(capacity);
    if (kind > this.#scratchKind) {
      if (this.#scratchKind >= 0) this.#slabs.release(this.#scratchBase);
      this.#scratchBase = this.#slabs.allocate(kind);
      this.#scratchKind = kind;
    }
    const { pos, ints } = this;
    const { stride, deques } = this.layout;
    const width = stride * 2;
    const from = this.baseOf(entity) * width;
    const to = this.#scratchBase * width;
    const at = this.#positions(0);
    for (const { head, tail, field } of deques) {
      const end = pos[at + tail] as number;
      for (let k = pos[at + head] as number; k < end; k++)
        ints[to + k * width + field] = ints[from + k * width + field] as number;
    }
  }
}

/** Where its key stands and how it is found: a start, two places of a table half full; a part of the key is a mark and a number. */
const ENTITY_TABLE_BYTES = 4 + 16;
const KEY_PART_BYTES = 9;

/** Bytes of an entity with a key of so many numbers: its cursor, its block's address, its key. Texts, exact sums and distinct values come on top. */
export function entityBytes(layout: GroupLayout, keyParts: number): number {
  return 8 * cursorStrideOf(layout) + BLOCK_FIELDS * 4 + ENTITY_TABLE_BYTES + KEY_PART_BYTES * keyParts;
}

/** Doubles a cursor. */
function cursorStrideOf(layout: GroupLayout): number {
  return layout.accumulators + Math.ceil(layout.positions / 2);
}

const NONE: readonly number[] = [];

function ignore(): void {}

interface Scalars {
  readonly line: number | null;
  readonly scratchBase: number;
  readonly scratchKind: number;
  readonly sumsFree: string;
}

export interface SectionReader {
  floats(name: string): Float64Array;
  ints(name: string): Int32Array;
  words(name: string): Uint32Array;
  bytes(name: string): Uint8Array;
  text(name: string): string;
  /** One of that name, or several that are numbered. */
  texts(name: string): readonly string[];
}

function sectionReader(image: StateImage): SectionReader {
  const read = <T>(name: string, is: (section: unknown) => section is T): T => {
    const section = image.sections.get(name);
    if (!is(section)) throw new Error(`state image has no section ${name}`);
    return section;
  };
  const isText = (section: unknown): section is string => typeof section === 'string';
  const texts = (name: string): readonly string[] => {
    const found = sectionsOf(image.sections, name);
    if (found.length === 0 || !found.every(isText)) throw new Error(`state image has no section ${name}`);
    return found;
  };
  return {
    floats: (name) => read(name, (section) => section instanceof Float64Array),
    ints: (name) => read(name, (section) => section instanceof Int32Array),
    words: (name) => read(name, (section) => section instanceof Uint32Array),
    bytes: (name) => read(name, (section) => section instanceof Uint8Array),
    text: (name) => read(name, isText),
    texts,
  };
}
