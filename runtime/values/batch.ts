/**
 * Columnar batches: the currency between sources, log and state. A batch holds `length` records of one source, in log order;
 * `columns[i]` belongs to `SourceSpec.columns[i]`.
 *
 * A *numeric* vector serves smallint, integer, bigint, decimal (unscaled), real, double, boolean (0/1), date and timestamps.
 * A bigint or decimal beyond ±(2^53-1) stands in `wide` under its row number, and `values` then holds the nearest double, which is
 * itself beyond the safe range, so `Math.abs(v) > Number.MAX_SAFE_INTEGER` tells when to look into `wide`.
 * `nulls[row]` is 1 for NULL; `nulls === null` means no NULL in the vector. A NULL row's value is 0 or ''.
 */
export interface NumericVector {
  readonly kind: 'numeric';
  values: Float64Array;
  nulls: Uint8Array | null;
  wide: Map<number, bigint> | null;
}

/**
 * Text, either plain (`dictionary === null`, `strings[row]`) or dictionary-coded (`dictionary[codes[row]]`). A reader that can
 * should deliver dictionaries that only ever grow and keep their identity from batch to batch: `dictionaryId` is equal for two
 * vectors if and only if codes mean the same in both, so entity ids can be cached by code.
 */
export interface TextVector {
  readonly kind: 'text';
  strings: string[] | null;
  codes: Int32Array | null;
  dictionary: string[] | null;
  dictionaryId: number;
  nulls: Uint8Array | null;
}

/** '' where it is NULL. */
export function textAt(vector: TextVector, row: number): string {
  return vector.dictionary === null ? vector.strings![row]! : vector.dictionary[vector.codes![row]!]!;
}

export type ColumnVector = NumericVector | TextVector;

export interface ColumnBatch {
  length: number;
  readonly columns: readonly ColumnVector[];
}
