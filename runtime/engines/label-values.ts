import { Interner } from '../state/interner.ts';
import type { ColumnBatch, ColumnVector, NumericVector, TextVector } from '../values/batch.ts';
import type { SqlType, Value } from '../values/types.ts';

const MASK_BITS = 32;

/**
 * Values of some columns at every label, all NULL at first. A label's values lie side by side, in the order in which they came: labels are
 * probed in the order of their instants, and writing each at its own place in memory would cost more than probing it.
 */
export class LabelValues {
  readonly types: readonly SqlType[];
  readonly length: number;
  /** Numbers as in column vectors (text as an id, what is wide as a double beyond the safe range), then words of "is not NULL" bits. */
  readonly #data: Float64Array;
  readonly #stride: number;
  readonly #interner = new Interner();
  /** By label: 1 + its row in `#data`; 0 where it has none. */
  readonly #rowOf: Int32Array;
  #rows = 0;
  #gathered = new Float64Array(0);

  constructor(types: readonly SqlType[], length: number) {
    this.types = types;
    this.length = length;
    this.#stride = types.length + Math.ceil(types.length / MASK_BITS);
    // Memory that is never written is never taken.
    this.#data = new Float64Array(length * this.#stride);
    this.#rowOf = new Int32Array(length);
  }

  has(label: number): boolean {
    return this.#rowOf[label] !== 0;
  }

  /** The i-th column becomes `values[ordinals[i]]`. Once a label. */
  setRow(label: number, values: readonly Value[], ordinals: Int32Array): void {
    const at = this.#rows * this.#stride;
    this.#rows += 1;
    this.#rowOf[label] = this.#rows;
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

  #stored(value: Exclude<Value, null | number>): number {
    if (typeof value === 'string') return this.#interner.textId(value);
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'bigint') return this.#interner.hybrid(value);
    throw new Error('an interval is no value of a column');
  }

  get(label: number, column: number): Value {
    const row = (this.#rowOf[label] as number) - 1;
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

  /** Fills the batch's vectors (of `emptyBatch`) with `count` labels from `from` on. */
  fill(batch: ColumnBatch, from: number, count: number): void {
    batch.length = count;
    // Row after row first: reads from all over the memory do not wait for each other in so short a loop.
    if (this.#gathered.length < count * this.#stride) this.#gathered = new Float64Array(count * this.#stride);
    const stride = this.#stride;
    const data = this.#data;
    const gathered = this.#gathered;
    for (let i = 0; i < count; i++) {
      const row = (this.#rowOf[from + i] as number) - 1;
      const to = i * stride;
      if (row < 0) gathered.fill(0, to, to + stride);
      else for (let k = 0, at = row * stride; k < stride; k++) gathered[to + k] = data[at + k] as number;
    }
    batch.columns.forEach((vector, column) => {
      this.#fillNulls(vector, column, count);
      if (vector.kind === 'text') this.#fillText(vector, column, count);
      else this.#fillNumbers(vector, column, count);
    });
  }

  #fillNulls(vector: ColumnVector, column: number, count: number): void {
    const data = this.#gathered;
    const nulls = vector.nulls as Uint8Array;
    const bit = 1 << (column & 31);
    let at = this.types.length + (column >>> 5);
    for (let i = 0; i < count; i++) {
      nulls[i] = ((data[at] as number) & bit) === 0 ? 1 : 0;
      at += this.#stride;
    }
  }

  #fillText(vector: TextVector, column: number, count: number): void {
    const strings = vector.strings as string[];
    let at = column;
    for (let i = 0; i < count; i++) {
      strings[i] = this.#interner.texts[this.#gathered[at] as number] as string;
      at += this.#stride;
    }
  }

  #fillNumbers(vector: NumericVector, column: number, count: number): void {
    const data = this.#gathered;
    const { values } = vector;
    vector.wide = null;
    const kind = (this.types[column] as SqlType).kind;
    const isHybrid = kind === 'bigint' || kind === 'decimal';
    let at = column;
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
  emptyBatch(capacity: number): ColumnBatch {
    return { length: 0, columns: this.types.map((type) => emptyVector(type, capacity)) };
  }
}

function emptyVector(type: SqlType, capacity: number): ColumnVector {
  const nulls = new Uint8Array(capacity);
  if (type.kind !== 'text') return { kind: 'numeric', values: new Float64Array(capacity), nulls, wide: null };
  const strings = new Array<string>(capacity).fill('');
  return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
}
