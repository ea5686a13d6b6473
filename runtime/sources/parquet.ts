/**
 * Parquet files as a reader of records: column by column, no object a row. `order: none` is read sorted by (event time, key,
 * position); files that are in that order already are read as they stand.
 */

import { FIELD_FAULT, type Origin, RECORD_FAULT } from '../log/reader.ts';
import type { ColumnBatch, ColumnVector, NumericVector } from '../values/batch.ts';
import { FscError, messageOf, saysDiskFull } from '../values/errors.ts';
import { printJsonValue } from '../values/json.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { compareValues } from '../values/order.ts';
import { isInRange, RANGE_END_MICROS } from '../values/temporal.ts';
import type { SqlType, Value } from '../values/types.ts';
import { refuseChangedInstants } from './changed-instants.ts';
import {
  describeEachKind,
  describeParquet,
  isParquetInOrder,
  type ParquetColumn,
  type ParquetScan,
  placeOf,
  quoteName,
  type SortOrder,
  scanParquet,
} from './duckdb-scan.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';
import type { SourceFile } from './files.ts';
import { noKnownTime, unreadableKnownTime } from './known-time.ts';
import { type ColumnConverter, converterOf, missingColumn, type RefuseField, UNREAD } from './parquet-columns.ts';
import { EPOCH_MICROS, type FieldSpec, valueAt } from './record-columns.ts';

const TIMESTAMP: SqlType = { kind: 'timestamp' };

/** Whatever DuckDB cannot read of the files is told as their fault. */
export async function readingFiles<T>(
  files: readonly SourceFile[],
  read: (paths: readonly string[]) => Promise<T>,
): Promise<T> {
  try {
    return await read(files.map((file) => file.path));
  } catch (error) {
    throw describeFault(files, error);
  }
}

/** What went wrong in DuckDB while it read the files and nothing else: that they cannot be opened, are too much to sort, or are damaged. */
function describeFault(files: readonly SourceFile[], error: unknown): unknown {
  const why = messageOf(error).split('\n')[0] ?? '';
  // DuckDB's own words begin so; whatever else went wrong is none of the files' faults.
  if (error instanceof FscError || !/^[A-Z][A-Za-z ]* Error: /.test(why)) return error;
  const named = files.length === 1 ? files[0] : files.find(({ path }) => why.includes(path));
  const message = `cannot read ${named?.name ?? `${files.length} Parquet files`}`;
  if (why.includes('Out of Memory Error') || saysDiskFull(why))
    return new FscError('FSC7103', 3, message, why, 'give DuckDB more memory or room on the disk, and run it again');
  if (why.includes('Cannot open file')) return new FscError('FSC7103', 2, message, why, 'the file must be readable');
  return new FscError(
    'FSC7103',
    1,
    message,
    why,
    'the file must be Parquet, and whole: write it anew where it is damaged',
  );
}

export function describeFiles(files: readonly SourceFile[]): Promise<readonly ParquetColumn[]> {
  return readingFiles(files, describeParquet);
}

/**
 * Columns that are not of one type in all files, that some lack and DEFAULT fills there, or that some have twice or spell in another case: `columns`,
 * their union, would make other values of some of them, and no file's verdicts depend on its neighbours (rules.md 12).
 */
export async function mixedColumns(
  files: readonly SourceFile[],
  columns: readonly ParquetColumn[],
  fields: readonly FieldSpec[],
): Promise<ReadonlySet<string>> {
  if (files.length === 1) return new Set();
  const kinds = await readingFiles(files, describeEachKind);
  const twice = new Set(kinds.flatMap(namesTwice));
  if (kinds.length === 1) return twice;
  const filled = fields
    .filter(({ defaultValue }) => defaultValue !== undefined)
    .map(({ path }) => fileColumnName(path));
  const names = new Set([...columns, ...kinds.flat()].map(({ name }) => name));
  return new Set([...names].filter((name) => twice.has(name) || isMixed(name, columns, kinds, filled.includes(name))));
}

function namesTwice(columns: readonly ParquetColumn[]): readonly string[] {
  const names = columns.map(({ name }) => name);
  return names.filter((name, i) => names.indexOf(name) !== i);
}

/** Which of two columns of one name is meant nobody can tell. Of several files the columns must be those of each. */
export function refuseTwice(file: SourceFile, columns: readonly ParquetColumn[], wanted: readonly string[]): void {
  const twice = namesTwice(columns).find((name) => wanted.includes(name));
  if (twice === undefined) return;
  const why = `two columns are called \`${twice}\``;
  throw new FscError('FSC7103', 1, `cannot read ${file.name}`, why, 'write it anew with each name once');
}

function isMixed(
  wanted: string,
  columns: readonly ParquetColumn[],
  kinds: readonly (readonly ParquetColumn[])[],
  isFilled: boolean,
): boolean {
  const union = columns.find(({ name }) => name === wanted);
  if (union === undefined) return true;
  const lowered = union.engineName.toLowerCase();
  return kinds.some((kind) => {
    const own = kind.find(({ name }) => name === wanted);
    // What DuckDB takes for it in such a file.
    const united = kind.find(({ engineName }) => engineName.toLowerCase() === lowered);
    return own !== united || (own === undefined ? isFilled : !keepsValues(own, union));
  });
}

const WHOLE_NUMBERS: readonly string[] = ['smallint', 'integer', 'bigint'];

/** Every value of the one is a value of the other, and is taken by the same columns. */
function keepsValues(column: ParquetColumn, union: ParquetColumn): boolean {
  if (column.engineType === union.engineType) return true;
  const [a, b] = [column.type, union.type];
  if (a === null || b === null) return false;
  if (WHOLE_NUMBERS.includes(a.kind) && WHOLE_NUMBERS.includes(b.kind)) return true;
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale === b.scale && a.precision <= b.precision;
  if (isFloating(a) && b.kind === 'double') return true;
  return a.kind === 'timestamp' && b.kind === 'timestamp' && union.engineType === 'TIMESTAMP';
}

/** What a field is called in a file: the path of a nested one is its name with dots. */
export function fileColumnName(path: readonly string[]): string {
  return path.join('.');
}

/** SQL: the column has an event time in range, just where the decoder finds one. null: only reading tells. */
export function isTimedSql(column: ParquetColumn, field: FieldSpec): string | null {
  const { type, engineType } = column;
  if (type === null || type.kind === 'text') return null;
  const name = quoteName(column.engineName);
  if (field.epochUnit !== null) {
    const isWhole = type.kind === 'smallint' || type.kind === 'integer' || type.kind === 'bigint';
    const end = RANGE_END_MICROS / EPOCH_MICROS[field.epochUnit];
    return isWhole
      ? `(${name} >= 0 AND ${name} < ${end})`
      : type.kind === 'decimal' || isFloating(type)
        ? null
        : 'FALSE';
  }
  if (type.kind === 'date') return `(${name} >= DATE '1970-01-01' AND ${name} < DATE '2200-01-01')`;
  if (type.kind !== 'timestamp' && type.kind !== 'timestamptz') return 'FALSE';
  const instant = (text: string): string => `CAST('${text} 00:00:00+00' AS ${engineType})`;
  const isInside = `${name} >= ${instant('1970-01-01')} AND ${name} < ${instant('2200-01-01')}`;
  const isWhole = `CAST(CAST(${name} AS TIMESTAMP) AS TIMESTAMP_NS) = ${name}`;
  return engineType === 'TIMESTAMP_NS' ? `(${isInside} AND ${isWhole})` : `(${isInside})`;
}

function isFloating({ kind }: SqlType): boolean {
  return kind === 'real' || kind === 'double';
}

/** The decoder of one scan. */
export class ParquetDecoder {
  /** Columns to scan, by their names in the files. */
  readonly names: readonly string[];
  /** The same, and those that the files do not have. */
  readonly wanted: readonly string[];
  readonly #fields: readonly FieldSpec[];
  /** The same as the files have them. */
  readonly scanned: readonly ParquetColumn[];
  readonly #sources: readonly (
    | { readonly column: number; readonly convert: ColumnConverter }
    | { readonly missing: (length: number, refuse: RefuseField) => ColumnVector }
  )[];
  readonly #knownTimePath: readonly string[];
  readonly #knownTimeColumn: number;
  #faults = new Uint8Array(0);
  readonly #reasons = new Map<number, string>();
  /** Of rows with a fault. */
  readonly #texts = new Map<number, string>();
  #hasFault = false;

  /** `unread`: columns that nobody looks at, and of which no value is at fault. */
  constructor(
    spec: SourceSpec,
    fields: readonly FieldSpec[],
    columns: readonly ParquetColumn[],
    unread: ReadonlySet<number> = new Set(),
  ) {
    this.#fields = fields;
    const scanned: ParquetColumn[] = [];
    const scan = (column: ParquetColumn): number => {
      // A column that two fields read is scanned twice: converting checks in place.
      scanned.push(column);
      return scanned.length - 1;
    };
    this.#sources = fields.map((field, i) => {
      if (unread.has(i)) return { missing: () => UNREAD };
      const column = columns.find((candidate) => candidate.name === fileColumnName(field.path));
      return column === undefined
        ? { missing: missingColumn(field) }
        : { column: scan(column), convert: converterOf(field, column) };
    });
    this.#knownTimePath = spec.knownTimePath ?? [];
    const known = spec.knownTimePath === null ? null : fileColumnName(spec.knownTimePath);
    const knownColumn = columns.find((column) => column.name === known);
    this.#knownTimeColumn =
      knownColumn?.type?.kind === 'timestamp' || knownColumn?.type?.kind === 'timestamptz' ? scan(knownColumn) : -1;
    if (known !== null && this.#knownTimeColumn < 0) throw noKnownTime(spec.name, known);
    this.wanted = [
      ...fields.flatMap((field, i) => (unread.has(i) ? [] : [fileColumnName(field.path)])),
      ...(known === null ? [] : [known]),
    ];
    this.scanned = scanned;
    this.names = scanned.map((column) => column.name);
  }

  decode(scan: ColumnBatch): FileBatch {
    const { length } = scan;
    if (this.#faults.length < length) this.#faults = new Uint8Array(length);
    else if (this.#hasFault) this.#faults.fill(0);
    this.#hasFault = false;
    this.#reasons.clear();
    this.#texts.clear();
    const known = this.#knownTimes(scan);
    const columns = this.#sources.map((source, i) => {
      const { name, decidesOnly } = this.#fields[i]!;
      const fault = decidesOnly ? RECORD_FAULT : FIELD_FAULT;
      const refuse: RefuseField = (row, reason) => this.#refuse(row, fault, `${name}: ${reason}`, scan);
      return 'missing' in source
        ? source.missing(length, refuse)
        : source.convert(scan.columns[source.column]!, length, refuse);
    });
    return {
      batch: { length, columns },
      faults: this.#hasFault ? this.#faults : null,
      reason: (row) => this.#reasons.get(row) ?? 'malformed',
      text: (row) => this.#texts.get(row) ?? this.#text(scan, row),
      knownTimes: known,
      unknownFields: null,
      bytesAfter: () => null,
    };
  }

  /** A copy: where the column is an event time too, refused instants become 0 in place. */
  #knownTimes(scan: ColumnBatch): Float64Array | null {
    if (this.#knownTimeColumn < 0) return null;
    const { values, nulls } = scan.columns[this.#knownTimeColumn] as NumericVector;
    const out = values.slice(0, scan.length);
    for (let row = 0; row < scan.length; row += 1) {
      if (nulls !== null && nulls[row] === 1) out[row] = Number.NaN;
      else if (!(Math.abs(out[row]!) < INFINITE))
        this.#refuse(row, FIELD_FAULT, unreadableKnownTime(this.#knownTimePath, 'is no instant'), scan);
    }
    return out;
  }

  #refuse(row: number, fault: number, reason: string, scan: ColumnBatch): void {
    this.#hasFault = true;
    // Before converting clears the field.
    if (!this.#texts.has(row)) this.#texts.set(row, this.#text(scan, row));
    if (this.#faults[row]! < fault) this.#faults[row] = fault;
    if (!this.#reasons.has(row)) this.#reasons.set(row, reason);
  }

  /** The record as JSON. */
  #text(scan: ColumnBatch, row: number): string {
    const parts = this.scanned.map((column, i) => {
      const type: SqlType = column.type ?? { kind: 'text', maxLength: null };
      const value = valueAt(scan.columns[i]!, type, row);
      const isBroken =
        typeof value === 'number' && Number.isNaN(value) && type.kind !== 'double' && type.kind !== 'real';
      return `${JSON.stringify(column.name)}:${isBroken ? 'null' : printJsonValue(value, type)}`;
    });
    return `{${parts.join(',')}}`;
  }
}

/** What DuckDB writes for `infinity`. */
const INFINITE = 2 ** 63;

/** Records that were taken to be in order are not: whoever reads them begins again, and has them sorted. */
export class OutOfOrder extends Error {}

/** Whether records come in order of the columns of their batches: the event time, then the key; NULLs last, but an event time is none. */
export class OrderWatch {
  readonly #places: readonly number[];
  readonly #types: readonly SqlType[];
  #lastTime = Number.NEGATIVE_INFINITY;
  #lastKeys: readonly Value[] = [];

  /** Of each column: its place in the batches, and its type in the files. */
  constructor(places: readonly number[], types: readonly SqlType[]) {
    this.#places = places;
    this.#types = types;
  }

  /** False: some record of the batch belongs before one that came earlier, or has no event time in range. */
  takes({ columns, length }: ColumnBatch): boolean {
    const [time, ...keys] = this.#places.map((place) => columns[place] as ColumnVector);
    if (time === undefined || time.kind !== 'numeric' || time.nulls !== null) return false;
    const { values } = time;
    const kind = this.#types[0]?.kind;
    const isInstant = kind === 'timestamp' || kind === 'timestamptz';
    let lastTime = this.#lastTime;
    for (let row = 0; row < length; row += 1) {
      const value = values[row]!;
      // NaN, between two microseconds, is in no order.
      if (!(value >= lastTime) || (isInstant && !isInRange(value))) return false;
      if (value === lastTime && keys.length > 0) {
        const before = row === 0 ? this.#lastKeys : this.#keysAt(keys, row - 1);
        if (!this.#isOrdered(before, this.#keysAt(keys, row))) return false;
      }
      lastTime = value;
    }
    this.#lastTime = lastTime;
    if (length > 0) this.#lastKeys = this.#keysAt(keys, length - 1);
    return true;
  }

  #keysAt(keys: readonly ColumnVector[], row: number): readonly Value[] {
    return keys.map((vector, i) => valueAt(vector, this.#types[i + 1]!, row));
  }

  #isOrdered(a: readonly Value[], b: readonly Value[]): boolean {
    for (let i = 0; i < a.length; i += 1) {
      const order = compareKeys(this.#types[i + 1]!, a[i] ?? null, b[i] ?? null);
      if (order !== 0) return order < 0;
    }
    return true;
  }
}

export interface BatchOptions {
  /** Left out, or null: their own order. */
  readonly orderBy?: SortOrder | null;
  /** Records to pass over first; DuckDB does that without handing them out. */
  readonly skip?: number;
  /** Throws OutOfOrder where they are not in order. */
  readonly watch?: OrderWatch;
  /** Each record can tell where it stands. */
  readonly withPlaces?: boolean;
}

/** Batches of files, in their order or sorted. */
export class ParquetBatches implements FileRecords {
  readonly endByte = null;
  readonly #files: readonly SourceFile[];
  readonly #decoder: ParquetDecoder;
  readonly #options: BatchOptions;
  #scan: ParquetScan | null = null;
  #batches: AsyncIterator<ColumnBatch> | null = null;

  constructor(files: readonly SourceFile[], decoder: ParquetDecoder, options: BatchOptions) {
    this.#files = files;
    this.#decoder = decoder;
    this.#options = options;
  }

  async next(maxRows: number): Promise<FileBatch | null> {
    try {
      this.#batches ??= await this.#start(maxRows);
      const { value, done } = await this.#batches.next();
      if (done === true) return null;
      // Before decoding, which clears what is refused.
      if (this.#options.watch?.takes(value) === false) throw new OutOfOrder();
      const batch = this.#decoder.decode(value);
      return this.#options.withPlaces === true ? { ...batch, origin: (row) => this.#originOf(value, row) } : batch;
    } catch (error) {
      throw describeFault(this.#files, error);
    }
  }

  #originOf({ columns }: ColumnBatch, row: number): Origin {
    const places = columns.at(-1) as NumericVector;
    const place = placeOf(places.values[row]!);
    return { file: this.#files[place.file]!.name, row: place.row };
  }

  async #start(maxRows: number): Promise<AsyncIterator<ColumnBatch>> {
    const paths = this.#files.map((file) => file.path);
    const { orderBy = null, skip = 0, withPlaces = false } = this.#options;
    await refuseChangedInstants(this.#files, this.#decoder.scanned);
    const how = { batchRows: maxRows, skip, described: this.#decoder.scanned, withPlaces };
    this.#scan = await scanParquet(paths, this.#decoder.names, orderBy === null ? how : { ...how, orderBy });
    return this.#scan.batches[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    // A run that stops does not wait for a batch.
    this.#scan?.interrupt();
    await this.#batches?.return?.();
    this.#batches = null;
  }
}

/**
 * Whether the files, one after the other, are in that order already. Reads its columns only, `columns`; NULLs, instants out of range, and such that
 * are no microseconds, count as out of order.
 */
export function isInOrder(
  files: readonly SourceFile[],
  orderBy: SortOrder,
  columns: readonly ParquetColumn[],
): Promise<boolean> {
  return readingFiles(files, (paths) => areInOrder(paths, orderBy, columns));
}

async function areInOrder(
  paths: readonly string[],
  orderBy: SortOrder,
  columns: readonly ParquetColumn[],
): Promise<boolean> {
  // In nanoseconds two events of one microsecond would have an order.
  if (columns.every(({ type, engineType }) => type !== null && engineType !== 'TIMESTAMP_NS'))
    return isParquetInOrder(paths, orderBy);
  const types = columns.map(({ type }) => type ?? TIMESTAMP);
  const watch = new OrderWatch([...columns.keys()], types);
  const names = columns.map(({ name }) => name);
  const scan = await scanParquet(paths, names, { batchRows: 65_536, described: columns });
  for await (const batch of scan.batches) if (!watch.takes(batch)) return false;
  return true;
}

/** NULLs last. */
export function compareKeys(type: SqlType, a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compareValues(type, a, b);
}
