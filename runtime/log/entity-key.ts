import { type ColumnBatch, type ColumnVector, type TextVector, textAt } from '../values/batch.ts';
import { encodeKey, MAX_KEY_BYTES } from '../values/key-bytes.ts';
import type { SourceSpec } from '../values/manifest.ts';
import type { SqlType, Value } from '../values/types.ts';

/** Bytes that a value which is no text takes at most, its length before it included: a decimal of 38 digits has 16. */
export const NUMBER_BYTES = 18;
/** A UTF-16 unit becomes three bytes at most. */
const UNIT_BYTES = 3;
/** Before a text. */
export const PREFIX_BYTES = 2;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** Whether the records' keys of one view fit the online store (design.md section 7). NULL keys are the view's business. */
export class EntityKey {
  readonly #columns: readonly number[];
  readonly #types: readonly SqlType[];
  /** What is known of the dictionary of each column. */
  readonly #seen: { dictionaryId: number; texts: number; longest: number }[];

  constructor(spec: SourceSpec, columns: readonly number[]) {
    this.#columns = columns;
    this.#types = columns.map((column) => spec.columns[column]!.type);
    this.#seen = columns.map(() => ({ dictionaryId: -1, texts: 0, longest: 0 }));
  }

  /** Whether any row's key could be too long. Of a dictionary each text is looked at once. */
  mayBeTooLong(batch: ColumnBatch): boolean {
    let most = 0;
    for (let i = 0; i < this.#columns.length; i += 1) {
      const vector = batch.columns[this.#columns[i]!]!;
      if (vector.kind === 'numeric') most += NUMBER_BYTES;
      else most += PREFIX_BYTES + UNIT_BYTES * this.#longest(vector, i, batch.length);
    }
    return most > MAX_KEY_BYTES;
  }

  #longest(vector: TextVector, part: number, length: number): number {
    const { dictionary } = vector;
    if (dictionary === null) return longestOf(vector.strings!, 0, length, 0);
    const seen = this.#seen[part]!;
    if (seen.dictionaryId !== vector.dictionaryId)
      Object.assign(seen, { dictionaryId: vector.dictionaryId, texts: 0, longest: 0 });
    seen.longest = longestOf(dictionary, seen.texts, dictionary.length, seen.longest);
    seen.texts = dictionary.length;
    return seen.longest;
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

function longestOf(texts: readonly string[], from: number, to: number, longest: number): number {
  let most = longest;
  for (let i = from; i < to; i += 1) if (texts[i]!.length > most) most = texts[i]!.length;
  return most;
}

function valueAt(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.kind === 'text') return textAt(vector, row);
  const value = vector.values[row]!;
  if (type.kind === 'boolean') return value !== 0;
  return Math.abs(value) > MAX_SAFE ? (vector.wide?.get(row) ?? value) : value;
}
