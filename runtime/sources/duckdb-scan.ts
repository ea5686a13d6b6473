import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBInstance as Instance } from '@duckdb/node-api';
import type { ColumnBatch } from '../values/batch.ts';
import type { SqlType } from '../values/types.ts';
import { DuckDBInstance } from './duckdb-api.ts';
import { isBroken, isEnd } from './duckdb-stream.ts';
import { ChunkCollector, sqlTypeOf } from './duckdb-vectors.ts';
import { newSpillFolder } from './spill-folder.ts';

/** A column of a Parquet file. `type` is null where fsc has no such type; a scan delivers it as text then. */
export interface ParquetColumn {
  /** As it stands in the file; of several files, as DuckDB unites them. */
  readonly name: string;
  /** What DuckDB calls it: of `X` and `x` in one file the second is `x_1`. */
  readonly engineName: string;
  readonly type: SqlType | null;
  /** DuckDB's own name of the type, for messages. */
  readonly engineType: string;
}

export interface SortOrder {
  /** Columns as DuckDB calls them, the event time first. */
  readonly names: readonly string[];
  /** SQL: the row has an event time in range. Other rows come last. */
  readonly isTimed: string;
}

export interface ScanOptions {
  /**
   * Names of columns to sort by; equal rows keep the order (path, row). Absent: the rows come in the order of the paths, then of the
   * rows in each file.
   */
  readonly orderBy?: SortOrder;
  /** Rows a batch, at least; more than the default only after some smaller ones. */
  readonly batchRows?: number;
  /** Rows to leave out at the beginning, in the order asked for. */
  readonly skip?: number;
  /** The files' columns, if they were asked for already. */
  readonly described?: readonly ParquetColumn[];
  /** One column more behind those that are named: where each row stands, as `placeOf` reads it. */
  readonly withPlaces?: boolean;
}

export interface ParquetScan {
  /** In the order asked for; what the vectors hold (not what a source declares). */
  readonly columns: readonly ParquetColumn[];
  /**
   * One pass. The vectors of a batch are overwritten by the next. A TIMESTAMP between two microseconds (from nanoseconds) is NaN;
   * dictionaries grow and keep their identity as `TextVector` says.
   */
  readonly batches: AsyncIterable<ColumnBatch>;
  /** Ends a pass that is at work: sorting may take long before the first batch. */
  interrupt(): void;
}

const DEFAULT_BATCH_ROWS = 16_384;
/**
 * Of batches over the default size the first are small and grow: the loops over them are then compiled by V8 once they were seen from beginning
 * to end, not halfway through their first run, again and again as they get further.
 */
const FIRST_BATCH_ROWS = 2048;

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * How fsc writes Parquet files that it reads again. Bloom filters know a value by its bits, and a NaN has many: DuckDB 1.5 would leave out the row
 * groups that hold none of the bits asked for (duckdb/duckdb#23921).
 */
export const OWN_PARQUET = 'FORMAT parquet, WRITE_BLOOM_FILTER false';

/** `read_parquet` over the files, in their order. */
export function parquetRelation(paths: readonly string[], extra = ''): string {
  // union_by_name: a file may lack a column or have them in another order. A folder on the way called `card=x` is no column of the files in it, let
  // alone in the place of their own.
  return `read_parquet(${pathList(paths)}, hive_partitioning = false, union_by_name = ${paths.length > 1}${extra})`;
}

function pathList(paths: readonly string[]): string {
  return `[${paths.map((path) => quoteText(escapeGlob(path))).join(', ')}]`;
}

/** A path is a name, never a pattern: DuckDB would expand `*`, `?` and `[`. */
export function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, (char) => `[${char}]`);
}

/** An instance in memory, with a folder of its own for what does not fit into it. */
export function createInstance(options: Readonly<Record<string, string>>): Promise<Instance> {
  return DuckDBInstance.create(':memory:', { ...options, temp_directory: newSpillFolder() });
}

/** Files are read anew each time: they may have changed without their times telling so. */
export const SCAN_ENGINE = { threads: '1', enable_external_file_cache: 'false' };

/** One engine for all scans: to make one takes longer than to open a file. It holds nothing between them. */
let engine: Promise<Instance> | null = null;

function openEngine(): Promise<Instance> {
  engine ??= createInstance(SCAN_ENGINE);
  return engine;
}

/** Scans go through an engine with the settings of `SCAN_ENGINE` that is there for something else, until the function that this gives is called. */
export function lendEngine(instance: Instance): () => void {
  if (engine !== null) return () => undefined;
  const lent = Promise.resolve(instance);
  engine = lent;
  return () => {
    if (engine === lent) engine = null;
  };
}

async function withConnection<T>(action: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const connection = await (await openEngine()).connect();
  try {
    return await action(connection);
  } finally {
    connection.closeSync();
  }
}

/** Columns of the files (their union), in file order. */
export async function describeParquet(paths: readonly string[]): Promise<readonly ParquetColumn[]> {
  return withConnection(async (connection) => {
    const result = await connection.stream(`SELECT * FROM ${parquetRelation(paths)} LIMIT 0`);
    const engineNames = result.columnNames();
    const own = paths.length === 1 && engineNames.some((name) => RENAMED.test(name));
    const [names = engineNames] = own ? await parquetFieldNames(paths) : [];
    return engineNames.map((engineName, i) => parquetColumn(names[i] ?? engineName, engineName, result.columnType(i)));
  });
}

/** What DuckDB makes of a name that it has already, but for its case. */
const RENAMED = /_\d+$/;

/** Columns of files that were written alike, one list for each way. */
export async function describeEachKind(paths: readonly string[]): Promise<readonly (readonly ParquetColumn[])[]> {
  const first = new Map<string, string>();
  await withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(
      `SELECT file_name, string_agg(CAST(row(name, type, type_length, num_children, converted_type, scale, precision, logical_type) AS VARCHAR), '\n')
      FROM parquet_schema(${pathList(paths)}) GROUP BY file_name`,
    );
    for (const [file, schema] of reader.getRows()) first.set(String(schema), String(file));
  });
  if (first.size === 1) return [await describeParquet(paths.slice(0, 1))];
  return Promise.all([...first.values()].map((path) => describeParquet([path])));
}

/** By path, names of columns in nanoseconds that DuckDB hands out in microseconds: those with a zone, and INT96. */
export async function nanosecondColumns(paths: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  return withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(
      `SELECT file_name, list(name) FROM parquet_schema(${pathList(paths)})
      WHERE type = 'INT96' OR logical_type LIKE 'TimestampType(isAdjustedToUTC=1%NANOS=NanoSeconds%' GROUP BY file_name`,
    );
    return new Map(
      reader.getRowsJson().map(([file, names]) => [String(file), (names as readonly unknown[]).map(String)]),
    );
  });
}

/** Names of the top-level columns of each file, from their footers. */
export async function parquetFieldNames(paths: readonly string[]): Promise<readonly (readonly string[])[]> {
  return withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(
      `SELECT file_name, name, coalesce(num_children, 0) FROM parquet_schema(${pathList(paths)})`,
    );
    const byFile = new Map<string, TopLevel>();
    for (const [file, name, children] of reader.getRows()) {
      const fields = byFile.get(String(file)) ?? new TopLevel();
      byFile.set(String(file), fields);
      fields.take(String(name), Number(children));
    }
    return paths.map((path) => byFile.get(path)?.names ?? []);
  });
}

/** A footer lists its elements depth first, the root before all. */
class TopLevel {
  readonly names: string[] = [];
  #below = -1;

  take(name: string, children: number): void {
    const isRoot = this.#below < 0;
    if (this.#below === 0) this.names.push(name);
    this.#below = isRoot ? 0 : Math.max(0, this.#below - 1) + children;
  }
}

/** Whether the files, one after the other, are in order already, NULLs last; a row without an event time is never in order. */
export async function isParquetInOrder(paths: readonly string[], { names, isTimed }: SortOrder): Promise<boolean> {
  const columns = names.map((name, i) => `${quoteName(name)} AS c${i}, lag(${quoteName(name)}) OVER () AS p${i}`);
  // Before the first row stand NULLs, which are neither greater than nor equal to its instant.
  const isBefore = `c0 < p0${names.length > 1 ? ` OR (c0 = p0 AND (${keysBefore(names.length)}))` : ''}`;
  return withConnection(async (connection) => {
    const rows = `SELECT ${columns.join(', ')}, ${isTimed} AS timed FROM ${parquetRelation(paths)}`;
    const reader = await connection.runAndReadAll(
      `SELECT count(*) FROM (${rows}) WHERE timed IS NOT TRUE OR ${isBefore}`,
    );
    return Number(reader.getRows()[0]?.[0] ?? 1) === 0;
  });
}

/** (c1, c2, …) < (p1, p2, …), NULLs last. */
function keysBefore(columns: number): string {
  let rest = '';
  for (let i = columns - 1; i > 0; i -= 1) {
    const own = `c${i} < p${i} OR (p${i} IS NULL AND c${i} IS NOT NULL)`;
    rest = rest === '' ? own : `${own} OR (c${i} IS NOT DISTINCT FROM p${i} AND (${rest}))`;
  }
  return rest;
}

/** One number for each SQL aggregate over all rows of the files; NULL is 0. */
export async function aggregateParquet(
  paths: readonly string[],
  aggregates: readonly string[],
): Promise<readonly number[]> {
  return withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(`SELECT ${aggregates.join(', ')} FROM ${parquetRelation(paths)}`);
    return (reader.getRows()[0] ?? []).map((value) => Number(value ?? 0));
  });
}

function parquetColumn(name: string, engineName: string, type: DuckDBType): ParquetColumn {
  const engineType = type.toString();
  return { name, engineName, type: engineType === UUID ? TEXT : sqlTypeOf(type), engineType };
}

const UUID = 'UUID';
const TEXT: SqlType = { kind: 'text', maxLength: null };

/** A column as it is scanned: what fsc has no type for, and what is text to it, as its text. */
export function scannedSql({ engineName, engineType, type }: ParquetColumn): string {
  const name = quoteName(engineName);
  return type === null || engineType === UUID ? `CAST(${name} AS VARCHAR)` : name;
}

interface Running {
  connection: DuckDBConnection | null;
  isInterrupted: boolean;
}

/** Reads the named top-level columns of Parquet files. A name that no file has is an error of DuckDB's binder: `describeParquet` first. */
export async function scanParquet(
  paths: readonly string[],
  names: readonly string[],
  options: ScanOptions = {},
): Promise<ParquetScan> {
  const described = options.described ?? (await describeParquet(paths));
  const columns = names.map((name) => described.find((column) => column.name === name) ?? absent(name));
  const running: Running = { connection: null, isInterrupted: false };
  return {
    columns,
    batches: { [Symbol.asyncIterator]: () => scanBatches(paths, columns, options, running) },
    interrupt: () => {
      running.isInterrupted = true;
      running.connection?.interrupt();
    },
  };
}

function absent(name: string): ParquetColumn {
  return { name, engineName: name, type: null, engineType: 'VARCHAR' };
}

async function* scanBatches(
  paths: readonly string[],
  columns: readonly ParquetColumn[],
  options: ScanOptions,
  running: Running,
): AsyncGenerator<ColumnBatch> {
  const connection = await (await openEngine()).connect();
  let next: Promise<DuckDBDataChunk | null> = Promise.resolve(null);
  try {
    running.connection = connection;
    const result = await connection.stream(scanSql(paths, columns, options));
    const batchRows = options.batchRows ?? DEFAULT_BATCH_ROWS;
    let wanted = batchRows > DEFAULT_BATCH_ROWS ? FIRST_BATCH_ROWS : batchRows;
    next = result.fetchChunk();
    const collector = new ChunkCollector(result.columnTypes(), batchRows + 2048);
    for (;;) {
      const chunk = await next;
      if (isEnd(chunk)) break;
      // DuckDB makes the next chunk while this one is taken.
      next = result.fetchChunk();
      collector.append(chunk);
      if (collector.length < wanted) continue;
      yield collector.batch();
      collector.reset();
      wanted = Math.min(batchRows, wanted * 2);
    }
    if (isBroken(result)) {
      // Nobody waits for more of a pass that was ended.
      if (!running.isInterrupted) await tellFault(connection, paths, columns);
      return;
    }
    if (collector.length > 0) yield collector.batch();
  } finally {
    running.connection = null;
    // Whoever stops early has no use for it, nor for what went wrong with it.
    await next.catch(() => null);
    connection.closeSync();
  }
}

/** Rejects with DuckDB's words for what is wrong with the files: a statement without a stream has some. */
async function tellFault(
  connection: DuckDBConnection,
  paths: readonly string[],
  columns: readonly ParquetColumn[],
): Promise<never> {
  await connection.run(`SELECT bit_xor(hash(${columnList(columns)})) FROM ${parquetRelation(paths)}`);
  throw new Error('IO Error: the records broke off, and were there when they were read again');
}

/** A scan of no column still has rows. */
function columnList(columns: readonly ParquetColumn[]): string {
  if (columns.length === 0) return '1::SMALLINT';
  return columns.map(scannedSql).join(', ');
}

/** More rows than a file of Parquet has. */
const FILE_ROWS = 2 ** 32;
/** In one number, which a vector holds as it is: sorting carries it along. */
const PLACE = `file_index::DOUBLE * ${FILE_ROWS} + file_row_number`;

const PLACE_NAMES: readonly string[] = ['file_index', 'file_row_number'];

/** Whether DuckDB can tell where rows of such files stand: columns of its own names for that hide them. */
export function tellsPlaces(columns: readonly ParquetColumn[]): boolean {
  return !columns.some(({ name }) => PLACE_NAMES.includes(name.toLowerCase()));
}

/** The file, by its number, and the row in it; both from 0. */
export function placeOf(place: number): { readonly file: number; readonly row: number } {
  return { file: Math.floor(place / FILE_ROWS), row: place % FILE_ROWS };
}

function scanSql(paths: readonly string[], columns: readonly ParquetColumn[], options: ScanOptions): string {
  const { orderBy, skip = 0, withPlaces = false } = options;
  const select = `SELECT ${columnList(columns)}${withPlaces ? `, ${PLACE}` : ''} FROM`;
  const offset = skip === 0 ? '' : ` OFFSET ${skip}`;
  const relation = parquetRelation(paths, withPlaces || orderBy !== undefined ? ', file_row_number = true' : '');
  if (orderBy === undefined) return `${select} ${relation}${offset}`;
  const [time = '', ...rest] = orderBy.names.map(quoteName);
  const items = [`CASE WHEN ${orderBy.isTimed} THEN ${time} END`, ...rest].map((item) => `${item} NULLS LAST`);
  const keys = [...items, PLACE].join(', ');
  return `${select} ${relation} ORDER BY ${keys}${offset}`;
}
