/** Column vectors that a reader fills row by row. Buffers are allocated once and used for every batch. */
import { type ColumnVector, type NumericVector, type TextVector, textAt } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import type { SqlType, Value } from '../values/types.ts';
import type { ByteInterner } from './byte-interner.ts';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** One column as a reader sees it: a declared one, or one that only `@only` reads. */
export interface FieldSpec {
  readonly name: string;
  readonly type: SqlType;
  readonly path: readonly string[];
  readonly epochUnit: 'epoch_s' | 'epoch_ms' | 'epoch_us' | null;
  readonly nullable: boolean;
  /** undefined: none. */
  readonly defaultValue: Value | undefined;
  /** A field that only `@only` reads: any scalar is taken as its text. */
  readonly isLoose: boolean;
  /** `@only` reads it: a wrong value is a fault of the whole record. */
  readonly decidesOnly: boolean;
}

const TEXT: SqlType = { kind: 'text', maxLength: null };

export function fieldsOf(spec: SourceSpec, onlyReads: readonly number[]): readonly FieldSpec[] {
  const declared = spec.columns.map((column, i) => ({
    name: column.name,
    type: column.type,
    path: column.path,
    epochUnit: column.epochUnit,
    nullable: column.nullable,
    defaultValue: column.hasDefault ? column.defaultValue : undefined,
    isLoose: false,
    decidesOnly: onlyReads.includes(i),
  }));
  const loose = spec.onlyPaths.map((path) => ({
    name: path.join('.'),
    type: TEXT,
    path,
    epochUnit: null,
    nullable: true,
    defaultValue: undefined,
    isLoose: true,
    decidesOnly: false,
  }));
  return [...declared, ...loose];
}

/** Microseconds in one unit of `@from … epoch_…`. */
export const EPOCH_MICROS = { epoch_s: 1_000_000, epoch_ms: 1000, epoch_us: 1 } as const;

export class RecordColumns {
  readonly columns: readonly ColumnVector[];
  readonly capacity: number;
  readonly #interners: readonly (ByteInterner | null)[];

  /** `interners`: of columns whose texts are to be codes of a dictionary; absent or null: plain strings. */
  constructor(fields: readonly FieldSpec[], capacity: number, interners: readonly (ByteInterner | null)[] = []) {
    this.capacity = capacity;
    this.#interners = interners;
    this.columns = fields.map((field, i) => emptyVector(field.type, capacity, interners[i] ?? null));
  }

  /** Before a new batch: NULL masks and wide values of the last one go; numbers are overwritten anyway. */
  reset(): void {
    for (let i = 0; i < this.columns.length; i += 1) {
      const vector = this.columns[i]!;
      if (vector.nulls !== null) vector.nulls.fill(0);
      if (vector.kind === 'numeric') vector.wide = null;
      else this.#renew(vector, this.#interners[i] ?? null);
    }
  }

  #renew(vector: TextVector, interner: ByteInterner | null): void {
    if (interner === null) return;
    interner.renewIfFull();
    vector.dictionary = interner.dictionary;
    vector.dictionaryId = interner.dictionaryId;
  }

  setNull(column: number, row: number): void {
    const vector = this.columns[column]!;
    vector.nulls ??= new Uint8Array(this.capacity);
    vector.nulls[row] = 1;
    if (vector.kind === 'numeric') vector.values[row] = 0;
    else if (vector.codes !== null) vector.codes[row] = 0;
    else vector.strings![row] = '';
  }

  /** What was set is no NULL any more. */
  unsetNulls(row: number): void {
    for (const { nulls } of this.columns) if (nulls !== null) nulls[row] = 0;
  }

  setText(column: number, row: number, text: string): void {
    const vector = this.columns[column] as TextVector;
    if (vector.codes !== null) vector.codes[row] = this.#interners[column]!.codeOf(text);
    else vector.strings![row] = text;
  }

  set(column: number, row: number, value: Value): void {
    const vector = this.columns[column]!;
    if (value === null) this.setNull(column, row);
    else if (vector.kind === 'text') this.setText(column, row, value as string);
    else setNumeric(vector, row, value as number | bigint | boolean);
  }
}

function setNumeric(vector: NumericVector, row: number, value: number | bigint | boolean): void {
  if (typeof value === 'bigint') {
    vector.values[row] = Number(value);
    vector.wide ??= new Map();
    vector.wide.set(row, value);
  } else vector.values[row] = Number(value);
}

export function emptyVector(type: SqlType, capacity: number, interner: ByteInterner | null = null): ColumnVector {
  if (type.kind !== 'text') return { kind: 'numeric', values: new Float64Array(capacity), nulls: null, wide: null };
  if (interner === null) return emptyText(capacity);
  const { dictionary, dictionaryId } = interner;
  return { kind: 'text', strings: null, codes: new Int32Array(capacity), dictionary, dictionaryId, nulls: null };
}

function emptyText(capacity: number): TextVector {
  return {
    kind: 'text',
    strings: new Array<string>(capacity).fill(''),
    codes: null,
    dictionary: null,
    dictionaryId: 0,
    nulls: null,
  };
}

/** A value as it stands in a vector. */
export function valueAt(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text') return textAt(vector, row);
  const value = vector.values[row]!;
  if (type.kind === 'boolean') return value !== 0;
  if (vector.wide !== null && Math.abs(value) > MAX_SAFE) return vector.wide.get(row) ?? value;
  return value;
}
