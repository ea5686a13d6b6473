import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ColumnBatch } from '../values/batch.ts';
import type { SqlType } from '../values/types.ts';
import { ChunkCollector, sqlTypeOf } from './duckdb-vectors.ts';

/** A column of a Parquet file. `type` is null where fsc has no such type; a scan delivers it as text then. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: SqlType | null;
  /** DuckDB's own name of the type, for messages. */
  readonly engineType: string;
}

export interface ScanOptions {
  /**
   * Names of columns to sort by; equal rows keep the order (path, row). Absent: the rows come in the order of the paths, then of the
   * rows in each file.
   */
  readonly orderBy?: readonly string[];
  /** Rows a batch, at least. */
  readonly batchRows?: number;
  readonly threads?: number;
}

export interface ParquetScan {
  /** In the order asked for; what the vectors hold (not what a source declares). */
  readonly columns: readonly ParquetColumn[];
  /**
   * One pass. The vectors of a batch are overwritten by the next. A TIMESTAMP between two microseconds (from nanoseconds) is NaN;
   * dictionaries grow and keep their identity as `TextVector` says.
   */
  readonly batches: AsyncIterable<ColumnBatch>;
  /** Ends a pass that is at work, with an error: sorting may take long before the first batch. */
  interrupt(): void;
}

const DEFAULT_BATCH_ROWS = 16_384;

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `read_parquet` over the files, in their order. */
export function parquetRelation(paths: readonly string[], extra = ''): string {
  const list = paths.map((path) => quoteText(escapeGlob(path))).join(', ');
  // union_by_name: a file may lack a column or have them in another order.
  return `read_parquet([${list}], union_by_name = ${paths.length > 1}${extra})`;
}

/** A path is a name, never a pattern: DuckDB would expand `*`, `?` and `[`. */
export function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, (char) => `[${char}]`);
}

/** Columns of the files (their union), in file order. */
export async function describeParquet(paths: readonly string[]): Promise<readonly ParquetColumn[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  try {
    const connection = await instance.connect();
    const result = await connection.stream(`SELECT * FROM ${parquetRelation(paths)} LIMIT 0`);
    return result.columnNames().map((name, i) => parquetColumn(name, result.columnType(i)));
  } finally {
    instance.closeSync();
  }
}

function parquetColumn(name: string, type: DuckDBType): ParquetColumn {
  return { name, type: sqlTypeOf(type), engineType: type.toString() };
}

/** Reads the named top-level columns of Parquet files. A name that no file has is an error of DuckDB's binder: `describeParquet` first. */
export async function scanParquet(
  paths: readonly string[],
  names: readonly string[],
  options: ScanOptions = {},
): Promise<ParquetScan> {
  const described = await describeParquet(paths);
  const columns = names.map((name) => described.find((column) => column.name === name) ?? absent(name));
  const running: { connection: DuckDBConnection | null } = { connection: null };
  return {
    columns,
    batches: { [Symbol.asyncIterator]: () => scanBatches(paths, columns, options, running) },
    interrupt: () => running.connection?.interrupt(),
  };
}

function absent(name: string): ParquetColumn {
  return { name, type: null, engineType: 'VARCHAR' };
}

async function* scanBatches(
  paths: readonly string[],
  columns: readonly ParquetColumn[],
  options: ScanOptions,
  running: { connection: DuckDBConnection | null },
): AsyncGenerator<ColumnBatch> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(options.threads ?? 1) });
  try {
    const connection = await instance.connect();
    running.connection = connection;
    const result = await connection.stream(scanSql(paths, columns, options));
    const batchRows = options.batchRows ?? DEFAULT_BATCH_ROWS;
    const collector = new ChunkCollector(result.columnTypes(), batchRows + 2048);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      collector.append(chunk);
      if (collector.length < batchRows) continue;
      yield collector.batch();
      collector.reset();
    }
    if (collector.length > 0) yield collector.batch();
  } finally {
    running.connection = null;
    instance.closeSync();
  }
}

function scanSql(paths: readonly string[], columns: readonly ParquetColumn[], options: ScanOptions): string {
  const list = columns
    .map(({ name, type }) => (type === null ? `CAST(${quoteName(name)} AS VARCHAR)` : quoteName(name)))
    .join(', ');
  // A scan of no column still has rows.
  const select = `SELECT ${list === '' ? '1::SMALLINT' : list} FROM`;
  const orderBy = options.orderBy;
  if (orderBy === undefined) return `${select} ${parquetRelation(paths)}`;
  const position = 'file_index, file_row_number';
  const keys = [...orderBy.map((name) => `${quoteName(name)} NULLS LAST`), position].join(', ');
  return `${select} ${parquetRelation(paths, ', file_row_number = true')} ORDER BY ${keys}`;
}
