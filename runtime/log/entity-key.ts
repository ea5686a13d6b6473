import type { ColumnBatch, ColumnVector } from '../values/batch.ts';
import { encodeKey, MAX_KEY_BYTES } from '../values/key-bytes.ts';
import type { SourceSpec } from '../values/manifest.ts';
import type { SqlType, Value } from '../values/types.ts';

/** Bytes that a value which is no text takes at most, its length before it included: a decimal of 38 digits has 16. */
const NUMBER_BYTES = 18;
/** A UTF-16 unit becomes three bytes at most. */
const UNIT_BYTES = 3;
const PREFIX_BYTES = 2;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** Whether the records' keys of one view fit the online store (design.md section 7). NULL keys are the view's business. */
export class EntityKey {
  readonly #columns: readonly number[];
  readonly #types: readonly SqlType[];

  constructor(spec: SourceSpec, columns: readonly number[]) {
    this.#columns = columns;
    this.#types = columns.map((column) => spec.columns[column]!.type);
  }

  /** null: it fits. Only keys that could be too long are encoded. */
  fault(batch: ColumnBatch, row: number): string | null {
    let most = 0;
    for (let i = 0; i < this.#columns.length; i += 1) {
      const vector = batch.columns[this.#columns[i]!]!;
      if (vector.nulls !== null && vector.nulls[row] === 1) return null;
      most += vector.kind === 'text' ? PREFIX_BYTES + UNIT_BYTES * textAt(vector, row).length : NUMBER_BYTES;
    }
    if (most <= MAX_KEY_BYTES) return null;
    const values = this.#columns.map((column, i) => valueAt(batch.columns[column]!, this.#types[i]!, row));
    const key = encodeKey(values, this.#types);
    return key.ok ? null : key.reason;
  }
}

function textAt(vector: ColumnVector & { readonly kind: 'text' }, row: number): string {
  return vector.dictionary === null ? vector.strings![row]! : vector.dictionary[vector.codes![row]!]!;
}

function valueAt(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.kind === 'text') return textAt(vector, row);
  const value = vector.values[row]!;
  if (type.kind === 'boolean') return value !== 0;
  return Math.abs(value) > MAX_SAFE ? (vector.wide?.get(row) ?? value) : value;
}
