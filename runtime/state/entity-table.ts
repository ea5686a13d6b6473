import type { SqlType, Value } from '../values/types.ts';
import type { SectionReader } from './group-store.ts';
import { growBytes, growInts, Region } from './grow.ts';

/**
 * Dense ids for entity keys. Keys are canonical bytes in one arena (typed, length-prefixed, so that ('a:b','c') is not ('a','b:c')),
 * found by open addressing in tables of [hash, id + 1]: one at first, then 64, each of which grows alone, so that no growth takes long.
 * No object per entity.
 *
 * A part is: 1 + eight bytes of a double; or 2 + length + digits of an integer beyond 2^53; or 3 + length + UTF-8.
 */
const NUMBER = 1;
const WIDE = 2;
const TEXT = 3;
const TABLE_SHIFT = 26;
const TABLES = 1 << (32 - TABLE_SHIFT);
const SPLIT_ABOVE = 40_000;
const MAX_ARENA = 2 ** 32 - 1;
const encoder = new TextEncoder();

export class EntityTable {
  count = 0;
  readonly #types: readonly SqlType[];
  #arenaRegion = new Region(1024);
  #arena: Uint8Array = new Uint8Array(this.#arenaRegion.buffer);
  #arenaView = new DataView(this.#arenaRegion.buffer);
  #arenaBuffer = Buffer.from(this.#arenaRegion.buffer);
  #arenaTop = 0;
  /** Start of the entity's bytes; they end where the next entity's begin. */
  #startsRegion: Region;
  #starts: Uint32Array;
  #tables: Int32Array[];
  #used = new Int32Array(1);
  /** Keys put together: the one at hand stands from `#start` to `#length`, staged ones before it. */
  #scratch: Uint8Array = new Uint8Array(256);
  #view = new DataView(this.#scratch.buffer);
  #start = 0;
  #length = 0;
  /** Of each staged key: its hash, where it begins, where it ends. */
  #staged: Int32Array = new Int32Array(3 * 64);

  constructor(types: readonly SqlType[], hint: number) {
    this.#types = types;
    const size = Math.max(16, hint);
    this.#startsRegion = new Region((size + 1) * 4);
    this.#starts = new Uint32Array(this.#startsRegion.buffer);
    this.#tables = [new Int32Array(4 * powerOfTwo(size))];
  }

  begin(): void {
    this.#start = 0;
    this.#length = 0;
  }

  /**
   * Keeps the key put together since `begin` or the last `stage` as the k-th, k counting from 0 after `begin`, so that many keys can be put
   * together before one is looked up: looks into a large table wait for memory, and `warm` has them wait all at once.
   */
  stage(k: number): void {
    if (k * 3 + 3 > this.#staged.length) this.#staged = growInts(this.#staged, this.#staged.length * 2);
    this.#staged[k * 3] = this.#hash();
    this.#staged[k * 3 + 1] = this.#start;
    this.#staged[k * 3 + 2] = this.#length;
    this.#start = this.#length;
  }

  /** Reads a word of every place that the first `count` staged keys will look at; the result keeps that from being optimised away. */
  warm(count: number): number {
    const staged = this.#staged;
    const tables = this.#tables;
    let words = 0;
    for (let k = 0; k < count; k++) {
      const hash = staged[k * 3] as number;
      const table = tables[(hash >>> TABLE_SHIFT) & (tables.length - 1)] as Int32Array;
      words ^= table[(hash << 1) & (table.length - 1)] as number;
    }
    return words;
  }

  /** The entity of the k-th staged key. */
  findOrAddStaged(k: number): number {
    const hash = this.#staged[k * 3] as number;
    this.#start = this.#staged[k * 3 + 1] as number;
    this.#length = this.#staged[k * 3 + 2] as number;
    const known = this.#lookup(hash);
    return known >= 0 ? known : this.#insert(hash);
  }

  /** Adds a part of a number type; booleans come as 0 or 1. */
  number(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#bytes(WIDE, value.toString());
      return;
    }
    this.#room(9);
    this.#scratch[this.#length] = NUMBER;
    this.#view.setFloat64(this.#length + 1, value === 0 ? 0 : value);
    this.#length += 9;
  }

  text(value: string): void {
    const length = value.length;
    this.#room(5 + length * 3);
    const start = this.#length + 5;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) {
        this.#bytes(TEXT, value);
        return;
      }
      this.#scratch[start + i] = unit;
    }
    this.#close(TEXT, length);
  }

  /** The entity of the parts added since `begin`, or −1. */
  find(): number {
    return this.#lookup(this.#hash());
  }

  findOrAdd(): number {
    const hash = this.#hash();
    const known = this.#lookup(hash);
    return known >= 0 ? known : this.#insert(hash);
  }

  /** Fills the parts from values; false if no such entity can exist (NULL, a lone surrogate). */
  setKeys(keys: readonly Value[]): boolean {
    this.begin();
    for (let i = 0; i < this.#types.length; i++) {
      const key = keys[i];
      if (typeof key === 'string') {
        if (!isWellFormed(key)) return false;
        this.text(key);
      } else if (typeof key === 'boolean') this.number(key ? 1 : 0);
      else if (typeof key === 'number' || typeof key === 'bigint') this.number(key);
      else return false;
    }
    return true;
  }

  keys(entity: number, out: Value[]): void {
    let at = this.#starts[entity] as number;
    const view = this.#arenaView;
    for (let i = 0; i < this.#types.length; i++) {
      if (this.#arena[at] === NUMBER) {
        const value = view.getFloat64(at + 1);
        out[i] = (this.#types[i] as SqlType).kind === 'boolean' ? value === 1 : value;
        at += 9;
        continue;
      }
      const length = view.getUint32(at + 1);
      const text = this.#arenaBuffer.toString('utf8', at + 5, at + 5 + length);
      out[i] = this.#arena[at] === WIDE ? BigInt(text) : text;
      at += 5 + length;
    }
  }

  bytes(): number {
    let bytes = this.#arenaTop + (this.count + 1) * 4;
    for (const table of this.#tables) bytes += table.byteLength;
    return bytes;
  }

  snapshot(sections: Map<string, Uint8Array | Int32Array | Float64Array | Uint32Array | string>): void {
    sections.set('entity.arena', this.#arena.subarray(0, this.#arenaTop));
    sections.set('entity.starts', this.#starts.subarray(0, this.count + 1));
    this.#tables.forEach((table, i) => {
      sections.set(`entity.table.${i}`, table);
    });
    sections.set('entity.used', this.#used);
  }

  restore(read: SectionReader): void {
    const arena = read.bytes('entity.arena');
    const used = read.ints('entity.used');
    const starts = read.words('entity.starts');
    this.count = starts.length - 1;
    this.#cover(arena.length, starts.length);
    this.#arena.set(arena);
    this.#arenaTop = arena.length;
    this.#starts.set(starts);
    this.#used = used.slice();
    this.#tables = Array.from(used, (_, i) => read.ints(`entity.table.${i}`));
  }

  /** Room for so many bytes of keys, and starts. */
  #cover(bytes: number, starts: number): void {
    if (this.#arenaRegion.ensure(bytes)) {
      const { buffer } = this.#arenaRegion;
      this.#arena = new Uint8Array(buffer);
      this.#arenaView = new DataView(buffer);
      this.#arenaBuffer = Buffer.from(buffer);
    }
    if (this.#startsRegion.ensure(starts * 4)) this.#starts = new Uint32Array(this.#startsRegion.buffer);
  }

  #bytes(tag: number, text: string): void {
    this.#room(5 + text.length * 3);
    const { written } = encoder.encodeInto(text, this.#scratch.subarray(this.#length + 5));
    this.#close(tag, written);
  }

  #close(tag: number, length: number): void {
    this.#scratch[this.#length] = tag;
    this.#view.setUint32(this.#length + 1, length);
    this.#length += 5 + length;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#scratch.length) return;
    this.#scratch = growBytes(this.#scratch, needed * 2);
    this.#view = new DataView(this.#scratch.buffer);
  }

  #hash(): number {
    const end = this.#length;
    const bytes = this.#scratch;
    let h = 0x811c9dc5 ^ (end - this.#start);
    for (let i = this.#start; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    h ^= h >>> 13;
    return h | 0;
  }

  #lookup(hash: number): number {
    const table = this.#tables[(hash >>> TABLE_SHIFT) & (this.#tables.length - 1)] as Int32Array;
    const mask = table.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const id = (table[at + 1] as number) - 1;
      if (id < 0) return -1;
      if (table[at] === hash && this.#same(id)) return id;
    }
  }

  #same(id: number): boolean {
    const start = this.#starts[id] as number;
    const from = this.#start;
    const length = this.#length - from;
    if ((this.#starts[id + 1] as number) - start !== length) return false;
    const arena = this.#arena;
    const scratch = this.#scratch;
    for (let i = 0; i < length; i++) if (arena[start + i] !== scratch[from + i]) return false;
    return true;
  }

  #insert(hash: number): number {
    const id = this.count;
    const from = this.#start;
    const length = this.#length - from;
    const end = this.#arenaTop + length;
    if (end > MAX_ARENA) throw new RangeError('the keys of a group are longer than four gigabytes in all');
    this.count++;
    if (end > this.#arena.length || id + 1 >= this.#starts.length) this.#cover(end, id + 2);
    const arena = this.#arena;
    const scratch = this.#scratch;
    for (let i = 0; i < length; i++) arena[this.#arenaTop + i] = scratch[from + i] as number;
    this.#starts[id] = this.#arenaTop;
    this.#starts[id + 1] = end;
    this.#arenaTop = end;
    this.#link(hash, id);
    return id;
  }

  #link(hash: number, id: number): void {
    const which = (hash >>> TABLE_SHIFT) & (this.#tables.length - 1);
    const table = this.#tables[which] as Int32Array;
    const used = (this.#used[which] as number) + 1;
    this.#used[which] = used;
    link(table, hash, id);
    // Three quarters of the places at most.
    if (used * 8 <= table.length * 3) return;
    if (this.#tables.length === 1 && used > SPLIT_ABOVE) this.#split(table);
    else this.#tables[which] = doubled(table);
  }

  #split(table: Int32Array): void {
    this.#tables = Array.from({ length: TABLES }, () => new Int32Array((table.length * 2) / TABLES));
    this.#used = new Int32Array(TABLES);
    for (let at = 0; at < table.length; at += 2) {
      const id = (table[at + 1] as number) - 1;
      if (id >= 0) this.#link(table[at] as number, id);
    }
  }
}

function link(table: Int32Array, hash: number, id: number): void {
  const mask = table.length - 1;
  let at = (hash << 1) & mask;
  while (table[at + 1] !== 0) at = (at + 2) & mask;
  table[at] = hash;
  table[at + 1] = id + 1;
}

function doubled(table: Int32Array): Int32Array {
  const larger = new Int32Array(table.length * 2);
  for (let at = 0; at < table.length; at += 2) {
    const id = (table[at + 1] as number) - 1;
    if (id >= 0) link(larger, table[at] as number, id);
  }
  return larger;
}

function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit > 0xdbff) return false;
    const next = text.charCodeAt(i + 1);
    if (!(next >= 0xdc00 && next <= 0xdfff)) return false;
    i++;
  }
  return true;
}

function powerOfTwo(least: number): number {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}
