/** Tables in the form that emitted SQL reads: the declared columns in their declared types. */

import { copyLines } from '../../sources/copy-text.ts';
import type { PostgresSession } from '../../sources/postgres-session.ts';
import type { ColumnBatch } from '../../values/batch.ts';
import { printType, type SqlType } from '../../values/types.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** Which of a batch's rows, all where `rows` is null. */
export interface RecordRows {
  readonly batch: ColumnBatch;
  readonly rows: Int32Array | null;
  readonly count: number;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** PostgreSQL's spelling of a column's type. Lengths of texts are checked at ingestion. */
export function columnTypeText(type: SqlType): string {
  if (type.kind === 'timestamptz') return 'timestamp with time zone';
  return type.kind === 'text' ? 'text' : printType(type);
}

/** `table` is SQL: quoted, with its schema where it has one. Texts have the collation in which emitted SQL compares them, or no index would serve it. */
export async function createTable(
  session: PostgresSession,
  table: string,
  columns: readonly TableColumn[],
): Promise<void> {
  const items = columns.map(({ name, type }) => columnText(name, type));
  await session.run(`CREATE TABLE ${table} (${items.join(', ')})`);
}

function columnText(name: string, type: SqlType): string {
  return `${quoteName(name)} ${columnTypeText(type)}${type.kind === 'text' ? ' COLLATE "C"' : ''}`;
}

/** Gives the number of rows. The batches may be overwritten once the next is asked for. */
export async function loadTable(
  session: PostgresSession,
  table: string,
  columns: readonly TableColumn[],
  records: Iterable<RecordRows> | AsyncIterable<RecordRows>,
): Promise<number> {
  const types = columns.map(({ type }) => type);
  async function* lines(): AsyncGenerator<string> {
    for await (const rows of records) yield* copyLines(types, rows);
  }
  return session.copyIn(table, lines());
}
