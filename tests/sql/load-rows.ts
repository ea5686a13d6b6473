import { loadRecords } from '../../runtime/engines/duckdb/load.ts';
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';

/** Rows of values as a batch. */
export function batchOf(types: readonly SqlType[], rows: readonly (readonly Value[])[]): ColumnBatch {
  return {
    length: rows.length,
    columns: types.map((type, i) =>
      vectorOf(
        type,
        rows.map((row) => row[i]!),
      ),
    ),
  };
}

function vectorOf(type: SqlType, values: readonly Value[]): ColumnVector {
  const nulls = values.some((value) => value === null) ? Uint8Array.from(values, (v) => (v === null ? 1 : 0)) : null;
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
    values: Float64Array.from(values, (v) => Number(v)),
    nulls,
    wide: wide.size > 0 ? wide : null,
  };
}

export async function load(
  session: DuckDbSession,
  table: string,
  spec: SourceSpec,
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const batch = batchOf(
    spec.columns.map((column) => column.type),
    rows,
  );
  await loadRecords(session, table, spec, [{ batch, rows: null, count: rows.length }]);
}
