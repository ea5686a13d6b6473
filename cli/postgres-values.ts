/** `run --out --engine postgres`: the views' SQL over accepted records that were copied in, and its rows as tables of DuckDB, which writes them. */
import { FUNCTIONS } from '../compiler/backends/sql/functions.ts';
import { printInstant } from '../compiler/backends/sql/print-const.ts';
import { emitViewSql } from '../compiler/backends/sql/view-sql.ts';
import type { ViewPlan } from '../compiler/plan/plan.ts';
import { columnTypeText, quoteName } from '../runtime/engines/duckdb/load.ts';
import { type DuckDbSession, openDuckDb } from '../runtime/engines/duckdb/session.ts';
import { fetchQuery, loadQuery } from '../runtime/engines/postgres/transfer.ts';
import { parquetRelation } from '../runtime/sources/duckdb-scan.ts';
import type { PostgresSession } from '../runtime/sources/postgres-session.ts';
import type { SourceSpec } from '../runtime/values/manifest.ts';
import { refuseWide, widestSelect, withPostgres } from './postgres.ts';
import type { Relations } from './relations.ts';
import type { Workspace } from './workspace.ts';

export interface PostgresValues {
  readonly session: DuckDbSession;
  /** The view's rows, in the order of the entity. */
  readonly sqlOf: (view: ViewPlan) => string;
}

/** The session is the caller's to close. */
export async function valuesByPostgres(
  workspace: Workspace,
  relations: Relations,
  views: readonly ViewPlan[],
  asOfMicros: number,
  signal: AbortSignal,
): Promise<PostgresValues> {
  for (const view of views) refuseWide(view.spec.name, widestSelect(view));
  const session = await openDuckDb({ threads: 2 });
  try {
    await withPostgres(workspace.project, signal, async (postgres) => {
      const sources = new Map(
        views.flatMap((view) => (view.kind === 'request' ? [] : [[view.source.name, view.source]])),
      );
      for (const [name, spec] of sources) {
        const { paths } = await relations.readSource(name);
        await copyAccepted(postgres, session, spec, paths);
      }
      for (const view of views) {
        const sql = emitViewSql(view, printInstant(asOfMicros), 'latest', {
          dialect: 'postgres',
          functions: FUNCTIONS,
        });
        await fetchQuery(session, tableOf(view), view.outputs, postgres, sql);
      }
    });
  } catch (error) {
    session.close();
    throw error;
  }
  return { session, sqlOf };
}

async function copyAccepted(
  postgres: PostgresSession,
  duckdb: DuckDbSession,
  spec: SourceSpec,
  paths: readonly string[],
): Promise<void> {
  const items = spec.columns.map(
    ({ name, type }) => `CAST(${quoteName(name)} AS ${columnTypeText(type)}) AS ${quoteName(name)}`,
  );
  const table = `pg_temp.${quoteName(spec.name)}`;
  if (paths.length === 0) {
    await loadQuery(postgres, table, spec.columns, duckdb, `SELECT ${nulls(spec).join(', ')} LIMIT 0`);
    return;
  }
  await loadQuery(postgres, table, spec.columns, duckdb, `SELECT ${items.join(', ')} FROM ${parquetRelation(paths)}`);
  await postgres.run(`ANALYZE ${table}`);
}

function nulls(spec: SourceSpec): string[] {
  return spec.columns.map(({ name, type }) => `CAST(NULL AS ${columnTypeText(type)}) AS ${quoteName(name)}`);
}

function tableOf(view: ViewPlan): string {
  return `fsc values ${view.spec.name}`;
}

function sqlOf(view: ViewPlan): string {
  const order = view.spec.entity.map(({ name }) => quoteName(name)).join(', ');
  return `SELECT * FROM ${quoteName(tableOf(view))} ORDER BY ${order}`;
}
