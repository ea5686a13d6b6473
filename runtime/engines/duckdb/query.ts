/**
 * People's queries in a locked DuckDB (design.md section 11): sources as views, views as macros, nothing else of the machine in reach.
 *
 * Reads: Parquet files of accepted records. Writes: one file, where the caller asks for it.
 */
import type { DuckDBType } from '@duckdb/node-api';
import { DuckDBTypeId, StatementType } from '../../sources/duckdb-api.ts';
import { quoteText } from '../../sources/duckdb-scan.ts';
import { counted } from '../../values/counted.ts';
import { FscError } from '../../values/errors.ts';
import type { Value } from '../../values/types.ts';
import { type CatalogueSource, installRelations } from './catalogue.ts';
import { quoteName } from './load.ts';
import { type QueryColumn, QueryRows, queryColumn } from './query-values.ts';
import {
  type DuckDbOptions,
  type DuckDbSession,
  engineFault,
  openDuckDb,
  RAISES_FOR_LIKE,
  WRONG_FOR_OWN_TEXT,
} from './session.ts';

export interface QuerySessionOptions extends DuckDbOptions {
  /** Stops a running query at once. */
  readonly signal?: AbortSignal;
  /** The only files that `copy` may write. */
  readonly writableFiles?: readonly string[];
}

export interface QueryResult {
  readonly columns: readonly QueryColumn[];
  readonly isExplain: boolean;
  /** Some rows at a time. */
  readonly parts: AsyncGenerator<readonly (readonly Value[])[]>;
}

interface Described {
  readonly isExplain: boolean;
  readonly columns: readonly { readonly name: string; readonly type: DuckDBType }[];
}

const LIKE_RAISED = 'Invalid unicode (byte sequence mismatch) detected in value construction';

/** What may be asked: statements that only read. */
const READING = new Set([StatementType.SELECT, StatementType.EXPLAIN, StatementType.RELATION]);

export async function openQuerySession(
  sources: readonly CatalogueSource[],
  macroFiles: readonly string[],
  options: QuerySessionOptions = {},
): Promise<QuerySession> {
  const { signal, writableFiles, ...engine } = options;
  const files = sources.flatMap((source) => source.paths ?? []);
  const readable = [...files, ...(writableFiles ?? []), ...(engine.readable ?? [])];
  const session = await openDuckDb({ ...engine, readable, disabledOptimizers: [WRONG_FOR_OWN_TEXT] });
  try {
    await installRelations((sql) => session.run(sql), sources, macroFiles);
    await session.lock(['disabled_optimizers']);
  } catch (error) {
    session.close();
    throw error;
  }
  return new QuerySession(session, signal ?? null);
}

export class QuerySession {
  readonly #session: DuckDbSession;
  readonly #signal: AbortSignal | null;

  constructor(session: DuckDbSession, signal: AbortSignal | null) {
    this.#session = session;
    this.#signal = signal;
    if (signal !== null) session.interruptOn(signal);
  }

  /** One statement that reads; its rows are streamed. */
  async query(sql: string): Promise<QueryResult> {
    const { isExplain } = await this.#describe(sql);
    try {
      const result = await this.#session.connection.stream(sql);
      const types = result.columnTypes();
      const columns = result.columnNames().map((name, i) => queryColumn(name, types[i] as DuckDBType));
      return { columns, isExplain, parts: this.#parts(result, sql, new QueryRows(types)) };
    } catch (error) {
      throw engineFault(error);
    }
  }

  async *#parts(
    result: Awaited<ReturnType<DuckDbSession['connection']['stream']>>,
    sql: string,
    rows: QueryRows,
  ): AsyncGenerator<readonly (readonly Value[])[]> {
    this.#signal?.throwIfAborted();
    for await (const chunk of this.#session.chunks(result, sql)) {
      yield rows.read(chunk);
      this.#signal?.throwIfAborted();
    }
  }

  /** Writes the rows into one of the session's files; gives their number. */
  async copy(
    sql: string,
    path: string,
    format: 'parquet' | 'csv',
    compression: 'zstd' | 'snappy' = 'zstd',
  ): Promise<number> {
    const { columns, isExplain } = await this.#describe(sql);
    if (isExplain) throw notAllowed('a plan is no table to be written', 'leave out EXPLAIN, or --out');
    assertDistinctNames(columns.map(({ name }) => name));
    const items = columns.map(({ name, type }) => fileItem(name, type, format)).join(', ');
    await this.#nameResult(sql);
    try {
      const options = format === 'csv' ? 'FORMAT csv, HEADER true' : `FORMAT parquet, COMPRESSION ${compression}`;
      const result = await this.#session.connection.run(
        `COPY (SELECT ${items} FROM "fsc result") TO ${quoteText(path)} (${options})`,
      );
      return Number(result.rowsChanged);
    } catch (error) {
      throw engineFault(error);
    }
  }

  /** The text may end in a semicolon or a comment, so it can't stand in parentheses. */
  async #nameResult(sql: string): Promise<void> {
    try {
      await this.#session.connection.run(`CREATE OR REPLACE TEMP VIEW "fsc result" AS ${sql}`);
    } catch (error) {
      // DESCRIBE, SHOW and the like run as they are, but name no relation.
      if (error instanceof Error && error.message.startsWith('Parser Error'))
        throw notAllowed('the rows of this statement cannot be written', 'leave out --out, or write a SELECT');
      throw engineFault(error);
    }
  }

  async #describe(sql: string): Promise<Described> {
    try {
      return await this.#prepare(sql);
    } catch (error) {
      if (!(error instanceof FscError) || !error.message.includes(LIKE_RAISED)) throw error;
      await this.#session.disable([WRONG_FOR_OWN_TEXT, RAISES_FOR_LIKE]);
      return this.#prepare(sql);
    }
  }

  async #prepare(sql: string): Promise<Described> {
    try {
      const statements = await this.#session.connection.extractStatements(sql);
      if (statements.count !== 1)
        throw notAllowed(`the text holds ${counted(statements.count, 'statement')}`, 'ask one SELECT');
      const prepared = await statements.prepare(0);
      const { statementType, parameterCount, columnCount } = prepared;
      if (!READING.has(statementType)) throw doesWrite();
      if (parameterCount > 0) throw notAllowed('the statement has parameters', 'write values in their place');
      const columns = Array.from({ length: columnCount }, (_, i) => ({
        name: prepared.columnName(i),
        type: prepared.columnType(i),
      }));
      return { isExplain: statementType === StatementType.EXPLAIN, columns };
    } catch (error) {
      if (!(error instanceof Error) || error instanceof FscError) throw error;
      if (error.message === NO_STATEMENT) throw notAllowed('the text holds no statement', 'ask a SELECT');
      const message = error.message.replace(/^Failed to extract statements: /, '');
      throw isRefusedWrite(sql, message) ? doesWrite() : engineFault(new Error(message));
    }
  }

  close(): void {
    this.#session.close();
  }
}

/** Sources are views, into which DuckDB does not even prepare a write: it says so in words of its own. */
function isRefusedWrite(sql: string, message: string): boolean {
  if (message.startsWith('Parser Error')) return false;
  const [, verb = ''] = /^(?:\s|--.*|\/\*[\s\S]*?\*\/)*(\w+)/.exec(sql) ?? [];
  return /^(insert|update|delete|truncate|merge|copy)$/i.test(verb) || WRITES_TABLES.test(message);
}

const WRITES_TABLES = /^(?:Catalog Error: .* is not an table|Binder Error: can only .*\bbase tables?\b)/i;

function doesWrite(): FscError {
  return notAllowed('the statement does not only read', 'ask a SELECT; `--out FILE` writes its rows');
}

/** What the binding says of a text without a statement. */
const NO_STATEMENT = 'Error in native callback';

/** Readers of JSON and files keep one of two columns of a name, in silence. */
export function assertDistinctNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    // DuckDB's names differ by more than case.
    const folded = name.toLowerCase();
    if (seen.has(folded)) {
      throw new FscError(
        'FSC7353',
        1,
        `two columns of the result are called \`${name}\``,
        'a JSON object or a file holds one of each name',
        'name them with AS',
      );
    }
    seen.add(folded);
  }
}

/** What a file would hold as something else: HUGEINT becomes a double in Parquet, an interval loses its microseconds; −0 is 0. */
function fileItem(name: string, type: DuckDBType, format: 'parquet' | 'csv'): string {
  const quoted = quoteName(name);
  const cast = (to: string): string => `CAST(${quoted} AS ${to}) AS ${quoted}`;
  if (type.typeId === DuckDBTypeId.DOUBLE) return `${quoted} + CAST(0 AS DOUBLE) AS ${quoted}`;
  if (type.typeId === DuckDBTypeId.FLOAT) return `${quoted} + CAST(0 AS FLOAT) AS ${quoted}`;
  if (format === 'csv') return quoted;
  switch (type.typeId) {
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return cast('DECIMAL(38,0)');
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.INTERVAL:
    case DuckDBTypeId.BIT:
    case DuckDBTypeId.TIME_TZ:
      return cast('VARCHAR');
    default:
      return quoted;
  }
}

function notAllowed(message: string, help: string): FscError {
  return new FscError('FSC7351', 1, message, 'a query reads the sources and views of the project', help);
}
