import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { compileView } from '../compiler/project.ts';

/** In a session as DuckDB opens it: the rows of the last statement. */
export async function inDuckDb(...statements: readonly string[]): Promise<unknown> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = await lastRows(connection, statements);
  connection.closeSync();
  instance.closeSync();
  return rows;
}

export async function lastRows(connection: DuckDBConnection, statements: readonly string[]): Promise<unknown> {
  let rows: unknown = null;
  for (const sql of statements) rows = (await connection.runAndReadAll(sql)).getRowsJson();
  return rows;
}

/** A view of the usual events. */
export function planned(items: string, where = ''): ViewPlan {
  const { plan, diagnostics } = compileView(`SELECT usr, ${items} FROM events ${where} GROUP BY usr`);
  const view = plan?.views.find(({ spec }) => spec.name === 't_v1');
  if (view === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return view;
}
