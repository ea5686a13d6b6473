import { loadRecords } from '../../runtime/engines/duckdb/load.ts';
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { Value } from '../../runtime/values/types.ts';
import { batchOf } from '../batches.ts';

export async function load(
  session: DuckDbSession,
  table: string,
  spec: SourceSpec,
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const batch = batchOf(spec.columns, rows);
  await loadRecords(session, table, spec, [{ batch, rows: null, count: rows.length }]);
}
