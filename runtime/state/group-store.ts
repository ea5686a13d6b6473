import type { SqlType, Value } from '../values/types.ts';
import { DistinctCounts } from './distinct-counts.ts';
import { EntityTable } from './entity-table.ts';
import { ExactSums } from './exact-sum.ts';
import { growFloats, growInts } from './grow.ts';
import { Interner } from './interner.ts';
import type { ErrorCounter, StateImage } from './program.ts';

/** What a ring column's numbers stand for. */
export type Holds = 'int' | 'double' | 'hybrid' | 'text';

/** The layout of a group's state, decided by the compiler. Fields are offsets inside a cursor. */
export interface GroupLayout {
  readonly fingerprint: string;
  readonly columns: readonly { readonly holds: Holds }[];
  readonly masks: number;
  /** Columns that order events of one instant. */
  readonly keyColumns: readonly number[];
  /** Int32 fields a cursor; the first three are the entity's block: its start, how many events it holds, how many it can. */
  readonly positions: number;
  /** Fields that hold ring offsets. */
  readonly offsets: readonly number[];
  /** Ring offsets below the least of these (minus `back`) are of no more use. */
  readonly reach: readonly { readonly field: number; readonly back: number }[];
  /** Fields that events have been taken up to: nothing may be inserted before them. */
  readonly tails: readonly number[];
  /** Monotone deques: fields of their ends. */
  readonly deques: readonly { readonly head: number; readonly tail: number }[];
  /** Float64 fields a cursor. */
  readonly accumulators: number;
  /** Fields that hold handles of exact sums. */
  readonly sums: readonly number[];
  /** What each distinct aggregate counts. */
  readonly distincts: readonly Holds[];
  /** Accumulators that hold a value of a ring column: a flag (0: nothing yet) at `at`, the value after it. */
  readonly kept: readonly { readonly at: number; readonly holds: Holds }[];
}

const FIRST_CLASS = 2;
const BASE = 0;
const LENGTH = 1;
const CAPACITY = 2;
const DIRTY = 3;

/**
 * State of a group in typed arrays. An entity has one contiguous block in slabs shared by all (size classes of powers of two, free lists) with
 * its events sorted by (event time, key), and a cursor: where each window begins and ends and what it adds up to. Cursor 0 is scratch:
 * a probe copies the entity's cursor there and moves the copy.
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
  /** Keeps reads that only fill caches from being optimised away. */
  warm = 0;

  /** Records of events: [event time, columns…, masks…], `stride` doubles each, so that an event is one place in memory. */
  ring: Float64Array;
  readonly stride: number;
  deques: Int32Array[];
  /** Key columns of the event about to be inserted. */
  readonly newKeys: Float64Array;

  pos: Int32Array;
  acc: Float64Array;
  #dirtyList: Int32Array;
  #dirtyCount = 0;
  #slots: number;
  #top = 0;
  #free: number[][] = [];
  #scratchBase = 0;
  #scratchKind = 0;
  #scratchEntity = -1;
  /** Entity ids by dictionary code. */
  #codeIds = new Int32Array(0);
  #codeDictionary = -1;
  /** Entity id + 1 by key, for small natural numbers. */
  #direct: Int32Array = new Int32Array(0);

  constructor(layout: GroupLayout, types: readonly SqlType[], hint: number, errors: ErrorCounter) {
    this.layout = layout;
    this.errors = errors;
    this.entities = new EntityTable(types, hint);
    const entities = Math.max(16, hint);
    const slots = entities * 4;
    this.#slots = slots;
    this.stride = 1 + layout.columns.length + layout.masks;
    this.ring = new Float64Array(slots * this.stride);
    this.deques = layout.deques.map(() => new Int32Array(slots));
    this.newKeys = new Float64Array(layout.keyColumns.length);
    this.#dirtyList = new Int32Array(16);
    this.pos = new Int32Array((entities + 1) * layout.positions);
    this.acc = new Float64Array((entities + 1) * layout.accumulators);
    this.counts = new DistinctCounts(layout.distincts.length === 0 ? 2 : 1024);
    this.overlay = new DistinctCounts(layout.distincts.length === 0 ? 2 : 256);
  }

  /** The entity of the parts put into `entities`; makes room for a new one. */
  touch(): number {
    const entity = this.entities.findOrAdd();
    if ((entity + 2) * this.layout.positions > this.pos.length) this.#growEntities();
    return entity;
  }

  /** `touch` for a key that is one number: small natural ones have their entity in a table. */
  touchNumber(key: number | bigint): number {
    const direct = this.#direct;
    if (typeof key === 'number' && key >= 0 && key < direct.length) {
      const known = direct[key];
      if (known !== undefined && known > 0) return known - 1;
    }
    this.entities.begin();
    this.entities.number(key);
    const entity = this.touch();
    this.#remember(key, entity);
    return entity;
  }

  #remember(key: number | bigint, entity: number): void {
    // The table stays in proportion to the number of entities, however far apart their keys are.
    const limit = 1024 + 4 * this.entities.count;
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 0 || key >= limit) return;
    if (key >= this.#direct.length) this.#direct = growInts(this.#direct, limit * 2);
    this.#direct[key] = entity + 1;
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

  baseOf(entity: number): number {
    return this.pos[(entity + 1) * this.layout.positions + BASE] as number;
  }

  lengthOf(entity: number): number {
    return this.pos[(entity + 1) * this.layout.positions + LENGTH] as number;
  }

  markDirty(entity: number): void {
    const flag = (entity + 1) * this.layout.positions + DIRTY;
    if (this.pos[flag] === 1) return;
    this.pos[flag] = 1;
    if (this.#dirtyCount === this.#dirtyList.length) this.#dirtyList = growInts(this.#dirtyList, this.#dirtyCount * 2);
    this.#dirtyList[this.#dirtyCount++] = entity;
  }

  takeDirty(): Int32Array {
    const list = this.#dirtyList.slice(0, this.#dirtyCount);
    for (const entity of list) this.pos[(entity + 1) * this.layout.positions + DIRTY] = 0;
    this.#dirtyCount = 0;
    return list;
  }

  /** The record of a new event among others, by (event time, `newKeys`); equal ones in order of arrival. There is room for it. */
  insert(entity: number, t: number): number {
    const { positions, tails } = this.layout;
    const at = (entity + 1) * positions;
    const base = this.pos[at + BASE] as number;
    const n = this.pos[at + LENGTH] as number;
    const { stride } = this;
    let low = n;
    while (low > 0 && (this.ring[(base + low - 1) * stride] as number) > t) low--;
    while (low > 0 && this.ring[(base + low - 1) * stride] === t && this.#keyIsLess((base + low - 1) * stride)) low--;
    for (const field of tails) {
      if (low < (this.pos[at + field] as number)) {
        throw new Error(`event at ${t} arrived behind the settled part of its entity`);
      }
    }
    this.#move(base + low, base + low + 1, n - low);
    this.pos[at + LENGTH] = n + 1;
    return (base + low) * stride;
  }

  /** How many events the entity has at exactly t. */
  eventsAt(entity: number, t: number): number {
    return this.#firstAfter(entity, t) - this.#firstAfter(entity, t - 1);
  }

  /** Offset of the entity's event (t, key); −1 if it has none. */
  findEvent(entity: number, t: number, key: readonly Value[]): number {
    const { keyColumns } = this.layout;
    if (keyColumns.length === 0) return -1;
    const stored = keyColumns.map((_, i) => this.#stored(key[i] ?? null));
    const base = this.baseOf(entity);
    const end = this.#firstAfter(entity, t);
    for (let i = this.#firstAfter(entity, t - 1); i < end; i++) {
      const record = (base + i) * this.stride + 1;
      if (keyColumns.every((column, k) => this.ring[record + column] === stored[k])) return i;
    }
    return -1;
  }

  /** Moves an event behind the others of its instant, and gives how many events come before it then. */
  hideEvent(entity: number, offset: number): number {
    const t = this.ring[(this.baseOf(entity) + offset) * this.stride] as number;
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
    const { stride, ring } = this;
    const base = this.baseOf(entity);
    const record = ring.slice((base + from) * stride, (base + from + 1) * stride);
    if (from < to) this.#move(base + from + 1, base + from, to - from);
    else this.#move(base + to, base + to + 1, from - to);
    ring.set(record, (base + to) * stride);
  }

  /** Offset of the entity's first event after t. */
  #firstAfter(entity: number, t: number): number {
    const base = this.baseOf(entity);
    let low = 0;
    let high = this.lengthOf(entity);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ring[(base + middle) * this.stride] as number) <= t) low = middle + 1;
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
    const { positions, accumulators, sums } = this.layout;
    const from = (entity + 1) * positions;
    this.pos.copyWithin(0, from, from + positions);
    if (sums.length === 0) {
      this.acc.copyWithin(0, (entity + 1) * accumulators, (entity + 2) * accumulators);
    } else this.#copySums(entity);
    if (this.layout.distincts.length > 0) this.overlay.clear();
    this.#scratchEntity = entity;
    this.#copyDeques(entity);
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

  keptEvents(): number {
    let kept = 0;
    for (let i = 0; i < this.entities.count; i++) kept += this.lengthOf(i);
    return kept;
  }

  bytes(): number {
    let bytes = this.ring.byteLength + this.pos.byteLength + this.acc.byteLength;
    bytes += this.entities.bytes() + this.sums.bytes();
    bytes += this.counts.bytes() + this.overlay.bytes();
    for (const array of this.deques) bytes += array.byteLength;
    return bytes;
  }

  snapshot(): StateImage {
    const sections: Map<string, Uint8Array | Int32Array | Float64Array | Uint32Array | string> = new Map();
    const n = this.entities.count;
    const { positions, accumulators } = this.layout;
    this.entities.snapshot(sections);
    sections.set('texts', this.texts.snapshot());
    sections.set('ring', this.ring.subarray(0, this.#top * this.stride));
    this.deques.forEach((deque, i) => {
      sections.set(`deque.${i}`, deque.subarray(0, this.#top));
    });
    sections.set('pos', this.pos.subarray(0, (n + 1) * positions));
    sections.set('acc', this.acc.subarray(0, (n + 1) * accumulators));
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
    const read = sectionReader(image);
    const scalars = JSON.parse(read.text('scalars')) as Scalars;
    this.entities.restore(read.bytes('entity.arena'), read.floats('entity.starts'), read.ints('entity.hashes'));
    this.texts.restore(read.text('texts'));
    const slots = Math.max(64, scalars.top);
    this.#slots = slots;
    this.ring = growFloats(read.floats('ring'), slots * this.stride);
    this.deques = this.deques.map((_, i) => growInts(read.ints(`deque.${i}`), slots));
    const entities = Math.max(16, this.entities.count);
    this.pos = growInts(read.ints('pos'), (entities + 1) * this.layout.positions);
    this.acc = growFloats(read.floats('acc'), (entities + 1) * this.layout.accumulators);
    this.sums.restore(read.floats('sums.pool'), scalars.sumsFree);
    this.counts.restore(read.floats('counts.owners'), read.floats('counts.values'), read.ints('counts.counts'));
    this.overlay.clear();
    this.line = scalars.line ?? Number.NEGATIVE_INFINITY;
    this.#top = scalars.top;
    this.#free = scalars.free.map((list) => list ?? []);
    this.#scratchBase = scalars.scratchBase;
    this.#scratchKind = scalars.scratchKind;
    this.#codeDictionary = -1;
    this.#direct = new Int32Array(0);
    this.#dirtyList = growInts(read.ints('dirty'), Math.max(16, read.ints('dirty').length));
    this.#dirtyCount = read.ints('dirty').length;
  }

  #visitRing(visitors: Readonly<Record<Holds, (value: number) => void>>): void {
    const { stride } = this;
    this.layout.columns.forEach(({ holds }, column) => {
      if (holds !== 'text' && holds !== 'hybrid') return;
      for (let entity = 0; entity < this.entities.count; entity++) {
        const start = this.baseOf(entity) * stride + 1 + column;
        const end = start + this.lengthOf(entity) * stride;
        for (let at = start; at < end; at += stride) visitors[holds](this.ring[at] as number);
      }
    });
  }

  #visitAccumulators(visitors: Readonly<Record<Holds, (value: number) => void>>): void {
    const { accumulators, kept } = this.layout;
    for (const { at, holds } of kept) {
      for (let entity = 0; entity < this.entities.count; entity++) {
        const field = (entity + 1) * accumulators + at;
        if (this.acc[field] !== 0) visitors[holds](this.acc[field + 1] as number);
      }
    }
  }

  #scalars(sumsFree: string): string {
    const scalars: Scalars = {
      line: Number.isFinite(this.line) ? this.line : null,
      top: this.#top,
      free: this.#free,
      scratchBase: this.#scratchBase,
      scratchKind: this.#scratchKind,
      sumsFree,
    };
    return JSON.stringify(scalars);
  }

  #growEntities(): void {
    const size = (this.pos.length / this.layout.positions) * 2;
    this.pos = growInts(this.pos, size * this.layout.positions);
    this.acc = growFloats(this.acc, size * this.layout.accumulators);
  }

  /** For a block that is full: forgets what no window reaches; takes a block of the next class where that frees less than a quarter. */
  makeRoom(entity: number): void {
    const at = (entity + 1) * this.layout.positions;
    const pos = this.pos;
    const capacity = pos[at + CAPACITY] as number;
    if (capacity === 0) {
      pos[at + BASE] = this.#allocate(FIRST_CLASS);
      pos[at + CAPACITY] = 1 << FIRST_CLASS;
      return;
    }
    const kind = 31 - Math.clz32(capacity);
    const drop = this.#reach(entity);
    const from = pos[at + BASE] as number;
    const kept = (pos[at + LENGTH] as number) - drop;
    const stays = drop >= capacity >> 2;
    const to = stays ? from : this.#allocate(kind + 1);
    this.#move(from + drop, to, kept);
    this.#rebase(entity, from, to, drop);
    pos[at + LENGTH] = kept;
    if (stays) return;
    this.#release(kind, from);
    pos[at + BASE] = to;
    pos[at + CAPACITY] = capacity * 2;
  }

  #reach(entity: number): number {
    const at = (entity + 1) * this.layout.positions;
    let least = this.pos[at + LENGTH] as number;
    for (const { field, back } of this.layout.reach) least = Math.min(least, (this.pos[at + field] as number) - back);
    return Math.max(0, least);
  }

  #move(from: number, to: number, count: number): void {
    if (count > 0) this.ring.copyWithin(to * this.stride, from * this.stride, (from + count) * this.stride);
  }

  #rebase(entity: number, from: number, to: number, drop: number): void {
    const at = (entity + 1) * this.layout.positions;
    const pos = this.pos;
    for (const field of this.layout.offsets) pos[at + field] = Math.max(-1, (pos[at + field] as number) - drop);
    this.layout.deques.forEach(({ head, tail }, i) => {
      const deque = this.deques[i] as Int32Array;
      const first = pos[at + head] as number;
      const count = (pos[at + tail] as number) - first;
      for (let k = 0; k < count; k++) deque[to + k] = (deque[from + first + k] as number) - drop;
      pos[at + head] = 0;
      pos[at + tail] = count;
    });
  }

  #keyIsLess(record: number): boolean {
    for (let i = 0; i < this.newKeys.length; i++) {
      const column = this.layout.keyColumns[i] as number;
      const old = this.ring[record + 1 + column] as number;
      const order = this.#compare(column, this.newKeys[i] as number, old);
      if (order !== 0) return order < 0;
    }
    return false;
  }

  #compare(column: number, a: number, b: number): number {
    switch ((this.layout.columns[column] as GroupLayout['columns'][number]).holds) {
      case 'text':
        return this.texts.compareText(a, b);
      case 'hybrid':
        return this.texts.compareHybrid(a, b);
      case 'double':
        return compareDoubles(a, b);
      default:
        return a - b;
    }
  }

  #copySums(entity: number): void {
    const { accumulators, sums } = this.layout;
    const handles = sums.map((field) => this.acc[field] as number);
    this.acc.copyWithin(0, (entity + 1) * accumulators, (entity + 2) * accumulators);
    for (let i = 0; i < sums.length; i++) {
      const field = sums[i] as number;
      this.acc[field] = this.sums.copy(this.acc[field] as number, handles[i] as number);
    }
  }

  #copyDeques(entity: number): void {
    const { deques, positions } = this.layout;
    const at = (entity + 1) * positions;
    const capacity = this.pos[at + CAPACITY] as number;
    if (deques.length === 0 || capacity === 0) return;
    const kind = 31 - Math.clz32(capacity);
    if (kind > this.#scratchKind) {
      if (this.#scratchKind > 0) this.#release(this.#scratchKind, this.#scratchBase);
      this.#scratchBase = this.#allocate(kind);
      this.#scratchKind = kind;
    }
    const base = this.pos[at + BASE] as number;
    for (let i = 0; i < deques.length; i++) {
      const { head, tail } = deques[i] as GroupLayout['deques'][number];
      const deque = this.deques[i] as Int32Array;
      const first = this.pos[at + head] as number;
      deque.copyWithin(this.#scratchBase + first, base + first, base + (this.pos[at + tail] as number));
    }
  }

  #allocate(kind: number): number {
    const reused = this.#free[kind]?.pop();
    if (reused !== undefined) return reused;
    const base = this.#top;
    this.#top += 1 << kind;
    if (this.#top > this.#slots) this.#growSlabs(Math.max(this.#top, this.#slots * 2));
    return base;
  }

  #release(kind: number, base: number): void {
    const list = this.#free[kind];
    if (list !== undefined) {
      list.push(base);
      return;
    }
    for (let i = this.#free.length; i < kind; i++) this.#free.push([]);
    this.#free.push([base]);
  }

  #growSlabs(slots: number): void {
    this.#slots = slots;
    this.ring = growFloats(this.ring, slots * this.stride);
    this.deques = this.deques.map((deque) => growInts(deque, slots));
  }
}

function ignore(): void {}

/** NaN equals itself and is above infinity. */
export function compareDoubles(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1;
}

interface Scalars {
  readonly line: number | null;
  readonly top: number;
  readonly free: (number[] | null)[];
  readonly scratchBase: number;
  readonly scratchKind: number;
  readonly sumsFree: string;
}

interface SectionReader {
  floats(name: string): Float64Array;
  ints(name: string): Int32Array;
  bytes(name: string): Uint8Array;
  text(name: string): string;
}

function sectionReader(image: StateImage): SectionReader {
  const read = <T>(name: string, is: (section: unknown) => section is T): T => {
    const section = image.sections.get(name);
    if (!is(section)) throw new Error(`state image has no section ${name}`);
    return section;
  };
  return {
    floats: (name) => read(name, (section) => section instanceof Float64Array),
    ints: (name) => read(name, (section) => section instanceof Int32Array),
    bytes: (name) => read(name, (section) => section instanceof Uint8Array),
    text: (name) => read(name, (section) => typeof section === 'string'),
  };
}
