/** A source's locations as the phases of its log. The one place that knows which reader reads what. */
import type { Readable } from 'node:stream';
import type { LogPosition } from '../log/contract.ts';
import { columnsOfOnly } from '../log/judge.ts';
import type { RecordReader } from '../log/reader.ts';
import type { RetryFeed } from '../log/retries.ts';
import type { LogPhase, PhaseUse } from '../log/source-log.ts';
import { FscError } from '../values/errors.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { openCsv } from './csv.ts';
import { type ParquetColumn, tellsPlaces } from './duckdb-scan.ts';
import { type FileRecords, FileSequence, type OpenFile } from './file-sequence.ts';
import { findFiles, type SourceFile } from './files.ts';
import { type JournaledRecords, openJsonl, StdinReader } from './jsonl.ts';
import { defaultOrder, type FileFormat, type Location, parseLocation } from './location.ts';
import { openOrdered } from './ordered-reader.ts';
import {
  describeFiles,
  fileColumnName,
  isInOrder,
  isTimedSql,
  mixedColumns,
  OrderWatch,
  ParquetBatches,
  ParquetDecoder,
  refuseTwice,
} from './parquet.ts';
import { type FieldSpec, fieldsOf } from './record-columns.ts';
import { RetryReader, withoutRetries } from './retry-reader.ts';
import { skipRecords } from './skip-records.ts';
import { sortRecords } from './sorted-records.ts';

/** How Parquet files of `order: none` are read. */
export interface HowToRead {
  /** Columns that nobody looks at, and of which no value is at fault (`unreadColumns`). They need not be read. */
  readonly unread?: ReadonlySet<number>;
  /** They are read as they stand, without a look at their order first: OutOfOrder is thrown where they turn out not to be in order. */
  readonly trustsOrder?: boolean;
}

export interface PhaseOptions extends HowToRead {
  readonly name: 'history' | 'stream';
  /** As in fsc.json or --source. */
  readonly location: string;
  /** null: by the kind of location. */
  readonly order: 'none' | 'arrival' | null;
  /** Files are relative to it. */
  readonly root: string;
  /** Address of the database that `postgres:TABLE` is in; null or left out: none is configured. */
  readonly postgres?: string | null;
  /** Of an open `TableSnapshot`, which the table is read by; null or left out: as it is when reading begins. */
  readonly tableSnapshot?: string | null;
  /** Where `-` reads from; null: it can't be read here. */
  readonly stdin: Readable | null;
  /** Stops a live reader that waits. */
  readonly signal: AbortSignal | null;
  /** Records of stdin that the journal holds after the resume point; they come first. */
  readonly journaled?: Iterable<JournaledRecords> | AsyncIterable<JournaledRecords>;
  /** A later run goes on at the end of this phase: a last line of JSONL that is not whole yet is left to it. */
  readonly mayGrow?: boolean;
  /** Of the last phase of a run: refused records that are tried again. */
  readonly retries?: RetryFeed | null;
}

export function openPhase(spec: SourceSpec, options: PhaseOptions): LogPhase {
  const location = parseLocation(options.location);
  const order = options.order ?? defaultOrder(location);
  const isStdin = location.kind === 'stdin';
  if (location.kind === 'postgres') postgresAddress(options.location, options.postgres, order);
  if (isStdin && order === 'none') {
    throw new FscError(
      'FSC7101',
      2,
      'stdin cannot be read sorted',
      '`order: none` reads all records before the first',
      'leave the order out',
    );
  }
  return {
    name: options.name,
    order,
    isLive: isStdin,
    isUnrepeatable: isStdin,
    open: (resume, use) => openReader(spec, location, order, options, resume, use),
  };
}

/** Parquet files that are at hand already, read sorted by (event time, key). */
export function openParquetPhase(spec: SourceSpec, paths: readonly string[], how: HowToRead = {}): LogPhase {
  const files = paths.map((path) => ({ name: path, path }));
  const fields = fieldsOf(spec, columnsOfOnly(spec));
  return {
    name: 'history',
    order: 'none',
    isLive: false,
    isUnrepeatable: false,
    open: (resume, use) =>
      openOrdered({
        files,
        fields,
        location: spec.name,
        eventTimeColumn: spec.eventTimeColumn,
        resume,
        use,
        open: (some, skip) => openSorted(spec, fields, 'parquet', some, skip, how),
      }),
  };
}

async function openReader(
  spec: SourceSpec,
  location: Location,
  order: 'none' | 'arrival',
  options: PhaseOptions,
  resume: LogPosition | null,
  use: PhaseUse,
): Promise<RecordReader> {
  const fields = fieldsOf(spec, columnsOfOnly(spec));
  if (location.kind === 'stdin') {
    if (options.stdin === null) throw new FscError('FSC7101', 2, 'stdin cannot be read here', null, 'name a file');
    const { stdin, signal, journaled = [], retries = null } = options;
    return new StdinReader(spec, fields, { stdin, resume, journaled, retries, signal });
  }
  const files =
    location.kind === 'postgres'
      ? await openTable(spec, location, options, withoutRetries(resume), use)
      : await openFiles(spec, location, order, options, withoutRetries(resume), use);
  const { retries = null } = options;
  return retries === null || use !== 'read' ? files : new RetryReader(files, retries, spec, fields, resume);
}

/** Rows are in no order of their own, so a table is always read sorted. */
export function postgresAddress(location: string, url: string | null | undefined, order: 'none' | 'arrival'): string {
  if (order === 'arrival') {
    throw new FscError(
      'FSC7101',
      2,
      `\`${location}\` has no order of arrival`,
      'rows of a table are in no order of their own',
      'leave the order out',
    );
  }
  if (url !== null && url !== undefined) return url;
  throw new FscError(
    'FSC7101',
    2,
    `no database is configured for \`${location}\``,
    'fsc.json has no "postgres"',
    `add "postgres": "\${DATABASE_URL}" to fsc.json, and set DATABASE_URL to postgres://user:password@host/database`,
  );
}

async function openTable(
  spec: SourceSpec,
  { table }: Extract<Location, { kind: 'postgres' }>,
  { location, postgres, tableSnapshot = null, signal }: PhaseOptions,
  resume: LogPosition | null,
  use: PhaseUse,
): Promise<RecordReader> {
  const fields = fieldsOf(spec, columnsOfOnly(spec));
  const url = postgresAddress(location, postgres, 'none');
  // The client is loaded where there is something to ask.
  const { openPostgresTable } = await import('./postgres-table.ts');
  return openOrdered({
    files: null,
    fields,
    location,
    eventTimeColumn: spec.eventTimeColumn,
    resume,
    use,
    open: () => openPostgresTable(spec, fields, { url, table, signal }, tableSnapshot),
  });
}

async function openFiles(
  spec: SourceSpec,
  location: Extract<Location, { kind: 'files' }>,
  order: 'none' | 'arrival',
  { root, mayGrow = false, ...how }: PhaseOptions,
  resume: LogPosition | null,
  use: PhaseUse,
): Promise<RecordReader> {
  const fields = fieldsOf(spec, columnsOfOnly(spec));
  const files = findFiles(root, location.pattern);
  if (order === 'arrival') {
    return FileSequence.open(files, resume, use, fileOpener(spec, fields, location.format), mayGrow);
  }
  return openOrdered({
    files,
    fields,
    location: location.pattern,
    eventTimeColumn: spec.eventTimeColumn,
    resume,
    use,
    open: (some, skip) => openSorted(spec, fields, location.format, some, skip, how),
  });
}

function fileOpener(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  format: FileFormat,
  unread?: ReadonlySet<number>,
): OpenFile {
  switch (format) {
    case 'jsonl':
      return (file, start) => openJsonl(spec, fields, file, start);
    case 'csv':
      return (file, start) => openCsv(spec, fields, file, start);
    case 'parquet':
      return async (file, start) => {
        const columns = await describeFiles([file]);
        const decoder = new ParquetDecoder(spec, fields, columns, unread);
        refuseTwice(file, columns, decoder.wanted);
        return new ParquetBatches([file], decoder, { skip: start.skip });
      };
  }
}

/** Records of files in order of (event time, key, position), after the first `skip`. */
async function openSorted(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  format: FileFormat,
  files: readonly SourceFile[],
  skip: number,
  { unread, trustsOrder = false }: HowToRead,
): Promise<FileRecords> {
  const open = fileOpener(spec, fields, format, unread);
  const inMemory = async (): Promise<FileRecords> => {
    const start = { byte: 0, skip: 0, mayGrow: false };
    const inputs = files.map((file) => ({ file: file.name, open: () => open(file, start) }));
    return skipRecords(await sortRecords(spec, fields, inputs), skip);
  };
  if (format !== 'parquet') return inMemory();
  const columns = await describeFiles(files);
  const decoder = new ParquetDecoder(spec, fields, columns, unread);
  const [only] = files;
  if (only !== undefined && files.length === 1) refuseTwice(only, columns, decoder.wanted);
  const mixed = await mixedColumns(files, columns, fields);
  const timeField = fields[spec.eventTimeColumn]!;
  const time = columns.find((column) => column.name === fileColumnName(timeField.path));
  const hasPlaces = tellsPlaces(columns);
  if (decoder.wanted.some((name) => mixed.has(name))) return inMemory();
  // Without the column no record has an instant: all are malformed, in any order.
  if (time === undefined) return new ParquetBatches(files, decoder, { skip, withPlaces: hasPlaces });
  const isTimed = isTimedSql(time, timeField);
  if (isTimed === null) return inMemory();
  const keys = spec.keyColumns.flatMap(
    (column) => columns.find(({ name }) => name === fileColumnName(fields[column]!.path)) ?? [],
  );
  const ordered = [time, ...keys];
  const watch = trustsOrder && skip === 0 ? watchOf(decoder, ordered) : null;
  if (watch !== null) return new ParquetBatches(files, decoder, { watch });
  if (!hasPlaces) return inMemory();
  const orderBy = { names: ordered.map(({ engineName }) => engineName), isTimed };
  const order = (await isInOrder(files, orderBy, ordered)) ? null : orderBy;
  return new ParquetBatches(files, decoder, { orderBy: order, skip, withPlaces: true });
}

/** null: some column is not read, or not as what it is. */
function watchOf({ names }: ParquetDecoder, ordered: readonly ParquetColumn[]): OrderWatch | null {
  const places = ordered.map(({ name }) => names.indexOf(name));
  const types = ordered.flatMap(({ type }) => type ?? []);
  return places.includes(-1) || types.length < places.length ? null : new OrderWatch(places, types);
}
