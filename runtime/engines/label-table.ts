import type { ColumnVector } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import type { SqlType, Value } from '../values/types.ts';

/** Labels as columns: the instant and whatever the views need from them. */
export interface LabelTable {
  readonly length: number;
  /** Microseconds; never NULL (an unreadable instant was refused on reading). */
  readonly instants: Float64Array;
  /** By column name: entity columns, request columns and primary keys of sources, of the types that the declarations say. */
  readonly columns: ReadonlyMap<string, ColumnVector>;
}

/** One value of a vector in the forms of runtime/values/types.ts. */
export function readVector(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text') {
    return vector.codes === null
      ? (vector.strings?.[row] ?? null)
      : (vector.dictionary?.[vector.codes[row] as number] ?? null);
  }
  const value = vector.values[row] as number;
  if (type.kind === 'boolean') return value !== 0;
  if (vector.wide !== null && Math.abs(value) > Number.MAX_SAFE_INTEGER) return vector.wide.get(row) ?? value;
  return value;
}

/** Reads the keys of one entity at a label. */
export interface KeyReader {
  /** Fills `keys` for the label; false where there can be no such entity (a key is NULL). */
  read(label: number, keys: Value[]): boolean;
  readonly width: number;
  /** Labels with equal codes have equal keys; null where there are no codes. */
  readonly codes: Int32Array | null;
  readonly codeCount: number;
}

/** Keys that stand in columns of the labels. */
export class ColumnKeys implements KeyReader {
  readonly width: number;
  readonly codes: Int32Array | null;
  readonly codeCount: number;
  readonly #vectors: readonly ColumnVector[];
  readonly #types: readonly SqlType[];

  constructor(vectors: readonly ColumnVector[], types: readonly SqlType[]) {
    this.#vectors = vectors;
    this.#types = types;
    this.width = vectors.length;
    const only = vectors.length === 1 ? vectors[0] : undefined;
    const isCoded = only !== undefined && only.kind === 'text' && only.codes !== null && only.nulls === null;
    this.codes = isCoded ? only.codes : null;
    this.codeCount = isCoded ? (only.dictionary?.length ?? 0) : 0;
  }

  read(label: number, keys: Value[]): boolean {
    for (let i = 0; i < this.#vectors.length; i++) {
      const value = readVector(this.#vectors[i] as ColumnVector, this.#types[i] as SqlType, label);
      if (value === null) return false;
      keys[i] = value;
    }
    return true;
  }
}

/** As `read`, with NULLs: for the primary key of the label's own event. */
export function readKeyColumns(
  vectors: readonly ColumnVector[],
  types: readonly SqlType[],
  label: number,
  keys: Value[],
): void {
  for (let i = 0; i < vectors.length; i++) {
    keys[i] = readVector(vectors[i] as ColumnVector, types[i] as SqlType, label);
  }
}

/** Keys that a request view computes from the request. */
export class RequestKeys implements KeyReader {
  readonly codes = null;
  readonly codeCount = 0;
  readonly width: number;
  readonly #request: RequestReader;
  readonly #fill: (request: readonly Value[], keys: Value[]) => void;

  constructor(request: RequestReader, fill: (request: readonly Value[], keys: Value[]) => void, width: number) {
    this.#request = request;
    this.#fill = fill;
    this.width = width;
  }

  read(label: number, keys: Value[]): boolean {
    if (!this.#request.read(label)) return false;
    this.#fill(this.#request.values, keys);
    for (let i = 0; i < this.width; i++) if (keys[i] === null || keys[i] === undefined) return false;
    return true;
  }
}

/** The request's columns of one label at a time. */
export class RequestReader {
  readonly values: Value[];
  readonly #vectors: readonly (ColumnVector | null)[];
  readonly #spec: SourceSpec;

  constructor(labels: LabelTable, spec: SourceSpec) {
    this.#spec = spec;
    this.#vectors = spec.columns.map((column) => labels.columns.get(column.name) ?? null);
    this.values = new Array<Value>(spec.columns.length).fill(null);
  }

  /** False: no such request can be sent, since a NOT NULL column is NULL. */
  read(label: number): boolean {
    let isWhole = true;
    for (let i = 0; i < this.#vectors.length; i++) {
      const { type, nullable } = this.#spec.columns[i] as SourceSpec['columns'][number];
      const vector = this.#vectors[i] as ColumnVector | null;
      const value = vector === null ? null : readVector(vector, type, label);
      if (value === null && !nullable) isWhole = false;
      this.values[i] = value;
    }
    return isWhole;
  }
}
