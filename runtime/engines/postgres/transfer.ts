/** Rows between DuckDB and PostgreSQL: accepted records and labels go in by COPY, results come out by COPY. */
import { copyRows } from '../../sources/copy-text.ts';
import type { PostgresSession, TextRow } from '../../sources/postgres-session.ts';
import { RecordColumns } from '../../sources/record-columns.ts';
import { readTextValue } from '../../values/text.ts';
import { printType, type SqlType, type Value } from '../../values/types.ts';
import { columnTypeText as duckDbType, quoteName, RecordAppender } from '../duckdb/load.ts';
import type { DuckDbSession } from '../duckdb/session.ts';
import { createTable, loadTable, type RecordRows, type TableColumn } from './tables.ts';

const CHUNK_ROWS = 2048;

/** The rows of a query of DuckDB, whose columns are `columns` in their types, as a table. Gives their number. */
export async function loadQuery(
  postgres: PostgresSession,
  table: string,
  columns: readonly TableColumn[],
  duckdb: DuckDbSession,
  sql: string,
): Promise<number> {
  const { batches } = await duckdb.streamColumns(sql);
  async function* records(): AsyncGenerator<RecordRows> {
    for await (const batch of batches) yield { batch, rows: null, count: batch.length };
  }
  await createTable(postgres, table, columns);
  return loadTable(postgres, table, columns, records());
}

/** The rows of a query of PostgreSQL, in their order, as a table of DuckDB. Gives their number. */
export async function fetchQuery(
  duckdb: DuckDbSession,
  table: string,
  columns: readonly TableColumn[],
  postgres: PostgresSession,
  sql: string,
): Promise<number> {
  const items = columns.map(({ name, type }) => `${quoteName(name)} ${duckDbType(type)}`);
  await duckdb.run(`CREATE TABLE ${quoteName(table)} (${items.join(', ')})`);
  const types = columns.map(({ type }) => type);
  const appender = await RecordAppender.open(duckdb, table, types);
  let count = 0;
  for await (const rows of copyRows(postgres.copyOut(sql))) {
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      appender.append(decode(types, rows.slice(from, from + CHUNK_ROWS)));
    }
    count += rows.length;
  }
  appender.close();
  return count;
}

/** The rows of a query of PostgreSQL, in their order. Few: they are held in memory. */
export async function queryValues(
  postgres: PostgresSession,
  columns: readonly TableColumn[],
  sql: string,
): Promise<readonly (readonly Value[])[]> {
  const rows = await postgres.rows(sql);
  return rows.map((row) => columns.map(({ type }, i) => readOutput(row[i] ?? null, type)));
}

function decode(types: readonly SqlType[], rows: readonly TextRow[]): RecordRows {
  const fields = types.map((type) => ({ type, ...NO_FIELD }));
  const columns = new RecordColumns(fields, rows.length);
  rows.forEach((row, r) => {
    types.forEach((type, i) => {
      columns.set(i, r, readOutput(row[i] ?? null, type));
    });
  });
  return { batch: { length: rows.length, columns: columns.columns }, rows: null, count: rows.length };
}

/** Of a field only the type counts here. */
const NO_FIELD = {
  name: '',
  path: [],
  epochUnit: null,
  nullable: true,
  defaultValue: undefined,
  isLoose: false,
  decidesOnly: false,
} as const;

function readOutput(text: string | null, type: SqlType): Value {
  if (text === null) return null;
  const read = readTextValue(type.kind === 'date' ? withYearZero(text) : text, type);
  if (!read.ok) throw new Error(`PostgreSQL gave ${text} for ${printType(type)}`);
  return read.value;
}

/** Of ISO 8601: the year before 1. */
function withYearZero(date: string): string {
  return date.replace(/^0001(-\d\d-\d\d) BC$/, '0000$1');
}
