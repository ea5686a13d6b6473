/** A view's rows, and a training set's, in the configured PostgreSQL, over the records of one test. */
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitPostgresDataset } from '../../compiler/backends/sql/postgres-dataset.ts';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { createTable, loadTable, quoteName } from '../../runtime/engines/postgres/tables.ts';
import { queryValues } from '../../runtime/engines/postgres/transfer.ts';
import type { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { Value } from '../../runtime/values/types.ts';
import { batchOf } from './memory-records.ts';

type Row = readonly Value[];

/** A table of this transaction. */
export async function copyIn(postgres: PostgresSession, spec: SourceSpec, rows: readonly Row[]): Promise<void> {
  const table = tableOf(spec.name);
  await createTable(postgres, table, spec.columns);
  await loadTable(postgres, table, spec.columns, [{ batch: batchOf(spec, rows), rows: null, count: rows.length }]);
}

export function viewRows(postgres: PostgresSession, view: ViewPlan, nowMicros: number): Promise<readonly Row[]> {
  const context = { dialect: 'postgres', functions: FUNCTIONS } as const;
  return queryValues(postgres, view.outputs, emitViewSql(view, printInstant(nowMicros), 'latest', context));
}

/** A row a label, in the order of the labels; all NULL where the view has none. `labels` was copied in. */
export function labelledRows(
  postgres: PostgresSession,
  view: ViewPlan,
  labels: { readonly table: string; readonly instant: string; readonly ordinal: string },
): Promise<readonly Row[]> {
  const sql = emitPostgresDataset(
    {
      labels: { relation: tableOf(labels.table), instant: labels.instant, ordinal: labels.ordinal },
      source: tableOf,
      features: view.outputs.map((_, ordinal) => ({ view, ordinal, name: `f${ordinal}` })),
      ties: 'include',
      ownEvents: new Set(),
      tied: 'fsc tied',
      knownTime: null,
    },
    FUNCTIONS,
  );
  return queryValues(postgres, view.outputs, sql);
}

function tableOf(name: string): string {
  return `pg_temp.${quoteName(name)}`;
}
