import { DuckDBInstance } from '@duckdb/node-api';

/** In a session as DuckDB opens it: the rows of the last statement. */
export async function inDuckDb(...statements: readonly string[]): Promise<unknown> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  let rows: unknown = null;
  for (const sql of statements) rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}
