import type { DuckDBDataChunk, DuckDBType } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import type { ColumnBatch, ColumnVector, NumericVector, TextVector } from '../values/batch.ts';
import type { SqlType } from '../values/types.ts';
import { DuckDBDecimalType, DuckDBTypeId } from './duckdb-api.ts';
import { TextInterner } from './text-interner.ts';

/**
 * DuckDB's result vectors as column vectors of the runtime, straight from the engine's memory: no BigInt, no object and no string a
 * value (strings once a distinct text).
 */

const TWO_32 = 4294967296;
const LONG_WORDS = 2;
const HUGE_WORDS = 4;
const BITS_PER_WORD = 32;

/** How the bytes of a DuckDB vector become numbers. */
type Layout =
  | { readonly kind: 'numeric'; readonly read: NumericReader }
  | { readonly kind: 'text' }
  /** Not of a type that fsc knows: delivered as its text. */
  | { readonly kind: 'foreign' };

type NumericReader = (vector: bindings.Vector, count: number, target: NumericVector, at: number) => void;

/** The runtime's type for a DuckDB type; null where there is none (it is delivered as text then). */
export function sqlTypeOf(type: DuckDBType): SqlType | null {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return { kind: 'boolean' };
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
      return { kind: 'smallint' };
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
      return { kind: 'integer' };
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.BIGINT:
      return { kind: 'bigint' };
    case DuckDBTypeId.UBIGINT:
      return { kind: 'decimal', precision: 20, scale: 0 };
    case DuckDBTypeId.HUGEINT:
      return { kind: 'decimal', precision: 38, scale: 0 };
    case DuckDBTypeId.DECIMAL:
      return type instanceof DuckDBDecimalType ? { kind: 'decimal', precision: type.width, scale: type.scale } : null;
    case DuckDBTypeId.FLOAT:
      return { kind: 'real' };
    case DuckDBTypeId.DOUBLE:
      return { kind: 'double' };
    case DuckDBTypeId.VARCHAR:
      return { kind: 'text', maxLength: null };
    case DuckDBTypeId.DATE:
      return { kind: 'date' };
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_NS:
      return { kind: 'timestamp' };
    case DuckDBTypeId.TIMESTAMP_TZ:
      return { kind: 'timestamptz' };
    default:
      return null;
  }
}

function layoutOf(type: DuckDBType): Layout {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.UTINYINT:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Uint8Array(bytes.buffer, bytes.byteOffset, n), 1) };
    case DuckDBTypeId.TINYINT:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Int8Array(bytes.buffer, bytes.byteOffset, n), 1) };
    case DuckDBTypeId.SMALLINT:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Int16Array(bytes.buffer, bytes.byteOffset, n), 2) };
    case DuckDBTypeId.USMALLINT:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Uint16Array(bytes.buffer, bytes.byteOffset, n), 2) };
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.DATE:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Int32Array(bytes.buffer, bytes.byteOffset, n), 4) };
    case DuckDBTypeId.UINTEGER:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Uint32Array(bytes.buffer, bytes.byteOffset, n), 4) };
    case DuckDBTypeId.FLOAT:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Float32Array(bytes.buffer, bytes.byteOffset, n), 4) };
    case DuckDBTypeId.DOUBLE:
      return { kind: 'numeric', read: readPlain((bytes, n) => new Float64Array(bytes.buffer, bytes.byteOffset, n), 8) };
    case DuckDBTypeId.BIGINT:
      return { kind: 'numeric', read: readLong };
    case DuckDBTypeId.UBIGINT:
      return { kind: 'numeric', read: readUnsignedLong };
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return { kind: 'numeric', read: readInstant(1) };
    case DuckDBTypeId.TIMESTAMP_S:
      return { kind: 'numeric', read: readInstant(1_000_000) };
    case DuckDBTypeId.TIMESTAMP_MS:
      return { kind: 'numeric', read: readInstant(1000) };
    case DuckDBTypeId.TIMESTAMP_NS:
      return { kind: 'numeric', read: readNanoseconds };
    case DuckDBTypeId.HUGEINT:
      return { kind: 'numeric', read: readHuge };
    case DuckDBTypeId.DECIMAL:
      return { kind: 'numeric', read: decimalReader(type instanceof DuckDBDecimalType ? type.width : 38) };
    case DuckDBTypeId.VARCHAR:
      return { kind: 'text' };
    default:
      return { kind: 'foreign' };
  }
}

function decimalReader(width: number): NumericReader {
  if (width <= 4) return readPlain((bytes, n) => new Int16Array(bytes.buffer, bytes.byteOffset, n), 2);
  if (width <= 9) return readPlain((bytes, n) => new Int32Array(bytes.buffer, bytes.byteOffset, n), 4);
  return width <= 18 ? readLong : readHuge;
}

type PlainArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** A reader of its own for each array type keeps the loop monomorphic. */
function readPlain(view: (bytes: Uint8Array, count: number) => PlainArray, width: number): NumericReader {
  return (vector, count, target, at) => {
    const items = view(bindings.vector_get_data(vector, count * width), count);
    target.values.set(items, at);
    if (width !== 4 && width !== 8) return;
    // −0 is stored as 0.
    if (items instanceof Float64Array || items instanceof Float32Array) {
      const values = target.values;
      for (let i = at; i < at + count; i += 1) values[i] = values[i]! + 0;
    }
  };
}

function readLong(vector: bindings.Vector, count: number, target: NumericVector, at: number): void {
  const bytes = bindings.vector_get_data(vector, count * 8);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * LONG_WORDS);
  const values = target.values;
  for (let i = 0; i < count; i += 1) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    // Most numbers of most columns have 32 bits, and no arithmetic of doubles is needed.
    if (high === low >> 31) {
      values[at + i] = low;
      continue;
    }
    const value = high * TWO_32 + (low >>> 0);
    values[at + i] = value;
    if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) {
      setWide(target, at + i, wordsToBigInt(words, 2 * i, LONG_WORDS));
    }
  }
}

function readUnsignedLong(vector: bindings.Vector, count: number, target: NumericVector, at: number): void {
  const bytes = bindings.vector_get_data(vector, count * 8);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, count * LONG_WORDS);
  const values = target.values;
  for (let i = 0; i < count; i += 1) {
    const value = words[2 * i + 1]! * TWO_32 + words[2 * i]!;
    values[at + i] = value;
    if (value > Number.MAX_SAFE_INTEGER) {
      setWide(target, at + i, (BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!));
    }
  }
}

/** Instants are never wide: beyond ±(2^53−1) µs (infinity too) the nearest double stands, which no range check lets pass. */
function readInstant(microsPerUnit: number): NumericReader {
  return (vector, count, target, at) => {
    const bytes = bindings.vector_get_data(vector, count * 8);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * LONG_WORDS);
    const values = target.values;
    for (let i = 0; i < count; i += 1) {
      values[at + i] = (words[2 * i + 1]! * TWO_32 + (words[2 * i]! >>> 0)) * microsPerUnit;
    }
  };
}

/** NaN marks an instant between two microseconds, which can't be taken without loss. */
function readNanoseconds(vector: bindings.Vector, count: number, target: NumericVector, at: number): void {
  const bytes = bindings.vector_get_data(vector, count * 8);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * LONG_WORDS);
  const values = target.values;
  for (let i = 0; i < count; i += 1) {
    const high = words[2 * i + 1]!;
    const low = words[2 * i]! >>> 0;
    // value = high·2^32 + low, divided by 1000 in two exact steps: high = q·1000 + r, (r·2^32 + low) < 2^43.
    const quotient = Math.floor(high / 1000);
    const rest = (high - quotient * 1000) * TWO_32 + low;
    const micros = quotient * TWO_32 + Math.floor(rest / 1000);
    values[at + i] = rest % 1000 === 0 ? micros : Number.NaN;
  }
}

function readHuge(vector: bindings.Vector, count: number, target: NumericVector, at: number): void {
  const bytes = bindings.vector_get_data(vector, count * 16);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * HUGE_WORDS);
  const values = target.values;
  for (let i = 0; i < count; i += 1) {
    const base = HUGE_WORDS * i;
    const sign = words[base + 1]! < 0 ? -1 : 0;
    const value = words[base + 1]! * TWO_32 + (words[base]! >>> 0);
    const small = words[base + 2] === sign && words[base + 3] === sign;
    if (small && value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER) {
      values[at + i] = value;
    } else {
      const wide = wordsToBigInt(words, base, HUGE_WORDS);
      values[at + i] = Number(wide);
      setWide(target, at + i, wide);
    }
  }
}

function wordsToBigInt(words: Int32Array, base: number, count: number): bigint {
  let value = BigInt(words[base + count - 1]!);
  for (let i = count - 2; i >= 0; i -= 1) value = (value << 32n) | BigInt(words[base + i]! >>> 0);
  return value;
}

function setWide(target: NumericVector, row: number, value: bigint): void {
  target.wide ??= new Map();
  target.wide.set(row, value);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Gathers chunks of one result into batches. The vectors of a batch are the collector's own and are overwritten after `reset`.
 */
export class ChunkCollector {
  readonly types: readonly SqlType[];
  length = 0;
  readonly #layouts: readonly Layout[];
  readonly #vectors: Mutable<ColumnVector>[];
  readonly #interners: (TextInterner | null)[];
  #capacity: number;

  constructor(types: readonly DuckDBType[], capacity: number) {
    this.#layouts = types.map(layoutOf);
    this.types = types.map((type) => sqlTypeOf(type) ?? { kind: 'text', maxLength: null });
    this.#capacity = capacity;
    this.#interners = this.#layouts.map((layout) => (layout.kind === 'text' ? new TextInterner() : null));
    this.#vectors = this.#layouts.map((layout) => emptyVector(layout, capacity));
  }

  /** Empties the batch; its buffers are used again. */
  reset(): void {
    this.length = 0;
    for (let i = 0; i < this.#vectors.length; i += 1) {
      const vector = this.#vectors[i]!;
      vector.nulls = null;
      if (vector.kind === 'numeric') vector.wide = null;
      this.#interners[i]?.renewIfFull();
    }
  }

  append(chunk: DuckDBDataChunk): void {
    const count = chunk.rowCount;
    if (count === 0) return;
    if (this.length + count > this.#capacity) this.#grow(this.length + count);
    for (let column = 0; column < this.#vectors.length; column += 1) {
      if (this.#layouts[column]!.kind === 'foreign') this.#appendForeign(chunk, column, count);
      else this.#appendColumn(bindings.data_chunk_get_vector(chunk.chunk, column), column, count);
    }
    this.length += count;
  }

  batch(): ColumnBatch {
    return { length: this.length, columns: this.#vectors };
  }

  #appendColumn(source: bindings.Vector, column: number, count: number): void {
    const target = this.#vectors[column]!;
    const layout = this.#layouts[column]!;
    const at = this.length;
    if (layout.kind === 'numeric' && target.kind === 'numeric') {
      layout.read(source, count, target, at);
    }
    const hasNulls = markNulls(source, count, target, at, this.#capacity);
    if (hasNulls && target.kind === 'numeric') clearNulls(target, at, count);
    if (target.kind === 'text') this.#appendText(source, column, target, count);
  }

  #appendText(source: bindings.Vector, column: number, target: Mutable<TextVector>, count: number): void {
    const interner = this.#interners[column]!;
    const bytes = bindings.vector_get_data(source, count * 16);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * HUGE_WORDS);
    interner.codes(words, count, target.codes!, this.length, target.nulls);
    target.dictionary = interner.dictionary;
    target.dictionaryId = interner.dictionaryId;
  }

  /** Lists, structs, times …: rare, and only what people ask for by hand. */
  #appendForeign(chunk: DuckDBDataChunk, column: number, count: number): void {
    const source = chunk.getColumnVector(column);
    const target = this.#vectors[column] as Mutable<TextVector>;
    const strings = target.strings!;
    for (let i = 0; i < count; i += 1) {
      const item = source.getItem(i);
      const row = this.length + i;
      strings[row] = item === null ? '' : String(item);
      if (item !== null) continue;
      target.nulls ??= new Uint8Array(this.#capacity);
      target.nulls[row] = 1;
    }
  }

  #grow(needed: number): void {
    let capacity = this.#capacity;
    while (capacity < needed) capacity *= 2;
    for (const vector of this.#vectors) {
      if (vector.kind === 'numeric') {
        const values = new Float64Array(capacity);
        values.set(vector.values);
        vector.values = values;
      } else if (vector.codes !== null) {
        const codes = new Int32Array(capacity);
        codes.set(vector.codes);
        vector.codes = codes;
      }
      if (vector.nulls !== null) {
        const nulls = new Uint8Array(capacity);
        nulls.set(vector.nulls);
        vector.nulls = nulls;
      }
    }
    this.#capacity = capacity;
  }
}

function emptyVector(layout: Layout, capacity: number): ColumnVector {
  switch (layout.kind) {
    case 'numeric':
      return emptyNumeric(capacity);
    case 'text':
      return emptyText(capacity);
    case 'foreign':
      return { kind: 'text', strings: [], codes: null, dictionary: null, dictionaryId: 0, nulls: null };
  }
}

function emptyNumeric(capacity: number): NumericVector {
  return { kind: 'numeric', values: new Float64Array(capacity), nulls: null, wide: null };
}

function emptyText(capacity: number): TextVector {
  return { kind: 'text', strings: null, codes: new Int32Array(capacity), dictionary: [], dictionaryId: 0, nulls: null };
}

function markNulls(
  source: bindings.Vector,
  count: number,
  target: Mutable<ColumnVector>,
  at: number,
  capacity: number,
): boolean {
  const byteCount = Math.ceil(count / 64) * 8;
  const bytes: Uint8Array | null = bindings.vector_get_validity(source, byteCount);
  if (bytes === null || bytes === undefined) return false;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, byteCount / 4);
  let any = false;
  for (let i = 0; i < count; i += 1) {
    if (((words[i >>> 5]! >>> (i % BITS_PER_WORD)) & 1) === 1) continue;
    if (!any) {
      any = true;
      target.nulls ??= new Uint8Array(capacity);
    }
    target.nulls![at + i] = 1;
  }
  return any;
}

function clearNulls(target: NumericVector, at: number, count: number): void {
  const nulls = target.nulls!;
  for (let i = at; i < at + count; i += 1) {
    if (nulls[i] !== 1) continue;
    target.values[i] = 0;
    target.wide?.delete(i);
  }
}
