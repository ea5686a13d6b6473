import { StatementType } from '@duckdb/node-api';
import type { ColumnBatch } from '../../values/batch.ts';
import { FscError } from '../../values/errors.ts';
import type { SqlType } from '../../values/types.ts';
import { type CatalogueSource, sourceView } from './catalogue.ts';
import { type DuckDbOptions, type DuckDbSession, engineFault, openDuckDb } from './session.ts';

export interface QueryResult {
  readonly names: readonly string[];
  /** Types that fsc doesn't know (lists, structs, times) come as text. */
  readonly types: readonly SqlType[];
  readonly batches: AsyncGenerator<ColumnBatch>;
}

/** What may be asked: statements that only read. */
const READING = new Set([StatementType.SELECT, StatementType.EXPLAIN, StatementType.RELATION]);

/** A locked session over Parquet files: sources as views, views as macros. Nothing else of the machine is in reach. */
export async function openQuerySession(
  sources: readonly CatalogueSource[],
  macroFiles: readonly string[],
  options: DuckDbOptions = {},
): Promise<DuckDbSession> {
  const readable = sources.flatMap((source) => source.paths);
  const session = await openDuckDb({ ...options, readable: [...readable, ...(options.readable ?? [])] });
  for (const source of sources) await session.run(sourceView(source));
  for (const file of macroFiles) await session.run(file);
  await session.lock();
  return session;
}

/** One statement that reads; its rows are streamed. */
export async function query(session: DuckDbSession, sql: string): Promise<QueryResult> {
  await assertReading(session, sql);
  return session.streamColumns(sql);
}

async function assertReading(session: DuckDbSession, sql: string): Promise<void> {
  let type: StatementType;
  try {
    const statements = await session.connection.extractStatements(sql);
    if (statements.count !== 1) throw notAllowed(`the text holds ${statements.count} statements`, 'ask one SELECT');
    type = (await statements.prepare(0)).statementType;
  } catch (error) {
    throw engineFault(error);
  }
  if (!READING.has(type))
    throw notAllowed('the statement does not only read', 'ask a SELECT; `--out FILE` writes its rows');
}

function notAllowed(message: string, help: string): FscError {
  return new FscError('FSC7351', 1, message, 'a query reads the sources and views of the project', help);
}
