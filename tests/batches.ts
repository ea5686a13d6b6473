/** Values as the batches that machines take. */
import type { ColumnBatch, ColumnVector } from '../runtime/values/batch.ts';
import type { SqlType, Value } from '../runtime/values/types.ts';

/** Rows of values, one for each column. */
export function batchOf(
  columns: readonly { readonly type: SqlType }[],
  rows: readonly (readonly Value[])[],
): ColumnBatch {
  const valuesOf = (column: number): Value[] => rows.map((row) => row[column]!);
  return { length: rows.length, columns: columns.map(({ type }, i) => vectorOf(type, valuesOf(i))) };
}

export function vectorOf(type: SqlType, values: readonly Value[]): ColumnVector {
  const isNull = (value: Value): number => (value === null ? 1 : 0);
  const nulls = values.some((value) => value === null) ? Uint8Array.from(values, isNull) : null;
  if (type.kind === 'text') {
    const strings = values.map((value) => (value === null ? '' : String(value)));
    return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
  }
  const wide = new Map<number, bigint>();
  values.forEach((value, row) => {
    if (typeof value === 'bigint') wide.set(row, value);
  });
  return {
    kind: 'numeric',
    values: Float64Array.from(values, Number),
    nulls,
    wide: wide.size > 0 ? wide : null,
  };
}
