import { Interner } from '../state/interner.ts';
import type { ColumnBatch, ColumnVector, NumericVector, TextVector } from '../values/batch.ts';
import type { SqlType, Value } from '../values/types.ts';

const MASK_BITS = 32;
const BLOCK_BYTES = 512 * 1024;
/** `fill` is asked for no more labels at once, beginning at a multiple of it. */
export const CHUNK_ROWS = 2048;

/**
 * Values of some columns at every label, all NULL at first. A label's values lie side by side, in blocks of neighbouring labels and inside
 * these in the order in which they came: labels are probed in the order of their instants, and reading or writing each at a place of its own
 * all over the memory would cost more than probing it.
 */
export class LabelValues {
  readonly types: readonly SqlType[];
  readonly length: number;
  /** Numbers as in column vectors (text as an id, what is wide as a double beyond the safe range), then words of "is not NULL" bits. */
  readonly #data: Float64Array;
  readonly #stride: number;
  readonly #interner = new Interner();
  /** log2 of the labels a block. */
  readonly #shift: number;
  /** By row of `#data`: its label. */
  readonly #labels: Int32Array;
  /** By block: rows that are taken. */
  readonly #taken: Int32Array;
  /** By label: 1 + its row; 0 where it has none. Made when somebody asks for a single label. */
  #rowOf: Int32Array | null = null;
  /** The block that `fill` is in, its labels' values in their order. */
  #block = -1;
  #gathered = new Float64Array(0);

  constructor(types: readonly SqlType[], length: number) {
    this.types = types;
    this.length = length;
    this.#stride = types.length + Math.ceil(types.length / MASK_BITS);
    const fitting = Math.floor(BLOCK_BYTES / (8 * Math.max(1, this.#stride)));
    this.#shift = Math.max(Math.log2(CHUNK_ROWS), Math.floor(Math.log2(fitting)));
    const blocks = Math.ceil(length / 2 ** this.#shift);
    // Memory that is never written is never taken.
    this.#data = new Float64Array(length * this.#stride);
    this.#labels = new Int32Array(length);
    this.#taken = new Int32Array(blocks);
  }

  has(label: number): boolean {
    return this.#rowOfLabel(label) >= 0;
  }

  /** The i-th column becomes `values[ordinals[i]]`. Once a label, and before anything is read. */
  setRow(label: number, values: readonly Value[], ordinals: Int32Array): void {
    const block = label >>> this.#shift;
    const taken = this.#taken[block] as number;
    this.#taken[block] = taken + 1;
    const row = (block << this.#shift) + taken;
    this.#labels[row] = label;
    const at = row * this.#stride;
    const data = this.#data;
    const { length } = ordinals;
    const masks = at + length;
    for (let from = 0; from < length; from += MASK_BITS) {
      const to = Math.min(length, from + MASK_BITS);
      let mask = 0;
      for (let i = from; i < to; i++) {
        const value = values[ordinals[i] as number] as Value;
        if (typeof value === 'number') data[at + i] = value;
        else if (value === null) continue;
        else data[at + i] = this.#stored(value);
        mask |= 1 << (i - from);
      }
      data[masks + from / MASK_BITS] = mask;
    }
  }

  #rowOfLabel(label: number): number {
    this.#rowOf ??= this.#indexRows();
    return (this.#rowOf[label] as number) - 1;
  }

  #indexRows(): Int32Array {
    const rowOf = new Int32Array(this.length);
    for (let block = 0; block < this.#taken.length; block++) {
      const first = block << this.#shift;
      const end = first + (this.#taken[block] as number);
      for (let row = first; row < end; row++) rowOf[this.#labels[row] as number] = row + 1;
    }
    return rowOf;
  }

  #stored(value: Exclude<Value, null | number>): number {
    if (typeof value === 'string') return this.#interner.textId(value);
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'bigint') return this.#interner.hybrid(value);
    throw new Error('an interval is no value of a column');
  }

  get(label: number, column: number): Value {
    const row = this.#rowOfLabel(label);
    if (row < 0) return null;
    const at = row * this.#stride;
    const mask = this.#data[at + this.types.length + (column >>> 5)] as number;
    if ((mask & (1 << (column & 31))) === 0) return null;
    const stored = this.#data[at + column] as number;
    switch ((this.types[column] as SqlType).kind) {
      case 'text':
        return this.#interner.texts[stored] as string;
      case 'boolean':
        return stored === 1;
      case 'bigint':
      case 'decimal':
        return this.#interner.value(stored);
      default:
        return stored;
    }
  }

  /** Fills the batch's vectors (of `emptyBatch`) with up to CHUNK_ROWS labels from `from` on, a multiple of CHUNK_ROWS. */
  fill(batch: ColumnBatch, from: number, count: number): void {
    batch.length = count;
    const block = from >>> this.#shift;
    if (block !== this.#block) this.#gather(block);
    const first = from - (block << this.#shift);
    batch.columns.forEach((vector, column) => {
      this.#fillNulls(vector, column, first, count);
      if (vector.kind === 'text') this.#fillText(vector, column, first, count);
      else this.#fillNumbers(vector, column, first, count);
    });
  }

  #gather(block: number): void {
    const stride = this.#stride;
    const size = stride << this.#shift;
    if (this.#gathered.length === 0) this.#gathered = new Float64Array(size);
    else this.#gathered.fill(0);
    this.#block = block;
    const gathered = this.#gathered;
    const data = this.#data;
    const first = block << this.#shift;
    const end = first + (this.#taken[block] as number);
    let at = first * stride;
    for (let row = first; row < end; row++) {
      let to = ((this.#labels[row] as number) - first) * stride;
      for (const last = at + stride; at < last; at++, to++) gathered[to] = data[at] as number;
    }
  }

  #fillNulls(vector: ColumnVector, column: number, first: number, count: number): void {
    const data = this.#gathered;
    const nulls = vector.nulls as Uint8Array;
    const bit = 1 << (column & 31);
    let at = first * this.#stride + this.types.length + (column >>> 5);
    for (let i = 0; i < count; i++) {
      nulls[i] = ((data[at] as number) & bit) === 0 ? 1 : 0;
      at += this.#stride;
    }
  }

  #fillText(vector: TextVector, column: number, first: number, count: number): void {
    const strings = vector.strings as string[];
    let at = first * this.#stride + column;
    for (let i = 0; i < count; i++) {
      strings[i] = this.#interner.texts[this.#gathered[at] as number] as string;
      at += this.#stride;
    }
  }

  #fillNumbers(vector: NumericVector, column: number, first: number, count: number): void {
    const data = this.#gathered;
    const { values } = vector;
    vector.wide = null;
    const kind = (this.types[column] as SqlType).kind;
    const isHybrid = kind === 'bigint' || kind === 'decimal';
    let at = first * this.#stride + column;
    for (let i = 0; i < count; i++) {
      const stored = data[at] as number;
      values[i] = stored;
      if (isHybrid && stored > Number.MAX_SAFE_INTEGER) this.#fillWide(vector, i, stored);
      at += this.#stride;
    }
  }

  #fillWide(vector: NumericVector, row: number, stored: number): void {
    const value = this.#interner.value(stored);
    vector.values[row] = Number(value);
    if (typeof value !== 'bigint') return;
    vector.wide ??= new Map();
    vector.wide.set(row, value);
  }

  /** Vectors for `fill`. */
  emptyBatch(): ColumnBatch {
    return { length: 0, columns: this.types.map((type) => emptyVector(type, CHUNK_ROWS)) };
  }
}

function emptyVector(type: SqlType, capacity: number): ColumnVector {
  const nulls = new Uint8Array(capacity);
  if (type.kind !== 'text') return { kind: 'numeric', values: new Float64Array(capacity), nulls, wide: null };
  const strings = new Array<string>(capacity).fill('');
  return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
}
