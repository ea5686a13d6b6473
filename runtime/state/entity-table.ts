import type { SqlType, Value } from '../values/types.ts';
import { growBytes, growFloats, growInts } from './grow.ts';

/**
 * Dense ids for entity keys. Keys are canonical bytes in one arena (typed, length-prefixed, so that ('a:b','c') is not ('a','b:c')),
 * found by open addressing over typed arrays; a single number takes a shorter way with the same answer. No object per entity.
 *
 * A part is: 1 + eight bytes of a double; or 2 + length + digits of an integer beyond 2^53; or 3 + length + UTF-8.
 */
const NUMBER = 1;
const WIDE = 2;
const TEXT = 3;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class EntityTable {
  count = 0;
  readonly #types: readonly SqlType[];
  #arena: Uint8Array = new Uint8Array(1024);
  #arenaTop = 0;
  /** Start of the entity's bytes; they end where the next entity's begin. */
  #starts: Float64Array;
  #hashes: Int32Array;
  /** id + 1, 0 = free. Length is a power of two. */
  #buckets: Int32Array;
  #scratch: Uint8Array = new Uint8Array(256);
  #view = new DataView(this.#scratch.buffer);
  #length = 0;

  constructor(types: readonly SqlType[], hint: number) {
    this.#types = types;
    const size = Math.max(16, hint);
    this.#starts = new Float64Array(size + 1);
    this.#hashes = new Int32Array(size);
    this.#buckets = new Int32Array(powerOfTwo(size * 2));
  }

  begin(): void {
    this.#length = 0;
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
    const view = new DataView(this.#arena.buffer, this.#arena.byteOffset, this.#arena.byteLength);
    for (let i = 0; i < this.#types.length; i++) {
      if (this.#arena[at] === NUMBER) {
        const value = view.getFloat64(at + 1);
        out[i] = (this.#types[i] as SqlType).kind === 'boolean' ? value === 1 : value;
        at += 9;
        continue;
      }
      const length = view.getUint32(at + 1);
      const text = decoder.decode(this.#arena.subarray(at + 5, at + 5 + length));
      out[i] = this.#arena[at] === WIDE ? BigInt(text) : text;
      at += 5 + length;
    }
  }

  bytes(): number {
    return this.#arena.byteLength + this.#starts.byteLength + this.#hashes.byteLength + this.#buckets.byteLength;
  }

  snapshot(sections: Map<string, Uint8Array | Int32Array | Float64Array | Uint32Array | string>): void {
    sections.set('entity.arena', this.#arena.subarray(0, this.#arenaTop));
    sections.set('entity.starts', this.#starts.subarray(0, this.count + 1));
    sections.set('entity.hashes', this.#hashes.subarray(0, this.count));
  }

  restore(arena: Uint8Array, starts: Float64Array, hashes: Int32Array): void {
    this.count = hashes.length;
    this.#arena = growBytes(arena, Math.max(1024, arena.length));
    this.#arenaTop = arena.length;
    this.#starts = growFloats(starts, Math.max(17, starts.length));
    this.#hashes = growInts(hashes, Math.max(16, hashes.length));
    this.#rehash(powerOfTwo(Math.max(32, this.count * 2 + 2)));
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
    const length = this.#length;
    const bytes = this.#scratch;
    let h = 0x811c9dc5 ^ length;
    for (let i = 0; i < length; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    h ^= h >>> 13;
    return h | 0;
  }

  #lookup(hash: number): number {
    const buckets = this.#buckets;
    const mask = buckets.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const id = (buckets[at] as number) - 1;
      if (id < 0) return -1;
      if (this.#hashes[id] === hash && this.#same(id)) return id;
    }
  }

  #same(id: number): boolean {
    const start = this.#starts[id] as number;
    const length = this.#length;
    if ((this.#starts[id + 1] as number) - start !== length) return false;
    const arena = this.#arena;
    const scratch = this.#scratch;
    for (let i = 0; i < length; i++) if (arena[start + i] !== scratch[i]) return false;
    return true;
  }

  #insert(hash: number): number {
    const id = this.count++;
    if (id >= this.#hashes.length) {
      this.#hashes = growInts(this.#hashes, id * 2);
      this.#starts = growFloats(this.#starts, id * 2 + 1);
    }
    const end = this.#arenaTop + this.#length;
    if (end > this.#arena.length) this.#arena = growBytes(this.#arena, end * 2);
    this.#arena.set(this.#scratch.subarray(0, this.#length), this.#arenaTop);
    this.#starts[id] = this.#arenaTop;
    this.#starts[id + 1] = end;
    this.#arenaTop = end;
    this.#hashes[id] = hash;
    if (this.count * 2 > this.#buckets.length) this.#rehash(this.#buckets.length * 2);
    else this.#link(id, hash);
    return id;
  }

  #link(id: number, hash: number): void {
    const mask = this.#buckets.length - 1;
    let at = hash & mask;
    while (this.#buckets[at] !== 0) at = (at + 1) & mask;
    this.#buckets[at] = id + 1;
  }

  #rehash(size: number): void {
    this.#buckets = new Int32Array(size);
    for (let id = 0; id < this.count; id++) this.#link(id, this.#hashes[id] as number);
  }
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

export function powerOfTwo(least: number): number {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}
