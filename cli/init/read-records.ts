/** Records of a file, whatever its format, as cells: to be looked at, not to be judged. */
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { openBytes } from '../../runtime/sources/byte-input.ts';
import { CsvSplitter } from '../../runtime/sources/csv-splitter.ts';
import { type ParquetColumn, parquetRelation, quoteName, scanParquet } from '../../runtime/sources/duckdb-scan.ts';
import type { SourceFile } from '../../runtime/sources/files.ts';
import { LineSplitter } from '../../runtime/sources/line-splitter.ts';
import type { FileFormat } from '../../runtime/sources/location.ts';
import { describeFiles, readingFiles } from '../../runtime/sources/parquet.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import type { ColumnVector } from '../../runtime/values/batch.ts';
import { printDecimal } from '../../runtime/values/decimal.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { Hybrid } from '../../runtime/values/hybrid.ts';
import { type Json, rawJsonAt } from '../../runtime/values/json.ts';
import { MICROS_PER_DAY, type SqlType, type Value } from '../../runtime/values/types.ts';
import type { Cell, FieldShape } from './profile.ts';

export interface ReadCounts {
  readonly records: number;
  /** Not even records: broken JSON, a line of another length than the header. */
  readonly broken: number;
  /** False: the file has more. */
  readonly isWhole: boolean;
}

/** `cells[i]` belongs to `fields[i]`; fields may grow while JSON is read. `text` is the same for records that are. */
export type VisitRecord = (cells: readonly Cell[], text: () => string) => void;

export interface RecordFile {
  readonly fields: readonly FieldShape[];
  /** The first records, enough to know what they look like. */
  read(visit: VisitRecord): Promise<ReadCounts>;
  /** Fields that are NULL somewhere behind the records that `read` gives, as far as that is known. */
  laterNulls(): Promise<readonly number[]>;
}

/** The rest is judged when it is read. */
const MOST_LINES = 1_000_000;
const MOST_ROWS = 200_000;

const BATCH = 4096;

export async function openRecords(
  files: readonly SourceFile[],
  format: FileFormat,
  signal: AbortSignal,
): Promise<RecordFile> {
  switch (format) {
    case 'jsonl':
      return new JsonFile(files, signal);
    case 'csv':
      return CsvFile.open(files, signal);
    case 'parquet':
      return new ParquetFile(files, await describeFiles(files), signal);
  }
}

/** More fields than this are no record any more. */
const MAX_FIELDS = 1000;
const MAX_DEPTH = 5;

type JsonObject = { readonly [key: string]: Json };

class JsonFile implements RecordFile {
  readonly fields: FieldShape[] = [];
  readonly #files: readonly SourceFile[];
  readonly #signal: AbortSignal;
  readonly #indexes = new Map<string, number>();

  constructor(files: readonly SourceFile[], signal: AbortSignal) {
    this.#files = files;
    this.#signal = signal;
  }

  async read(visit: VisitRecord): Promise<ReadCounts> {
    let records = 0;
    let broken = 0;
    for (const file of this.#files) {
      const splitter = new LineSplitter(await openBytes(file.path, 0), 0);
      try {
        for (let lines = await splitter.next(BATCH); lines !== null; lines = await splitter.next(BATCH)) {
          this.#signal.throwIfAborted();
          for (let row = 0; row < lines.count; row += 1) {
            if (records === MOST_LINES) return { records, broken, isWhole: false };
            const text = lines.lines.text(row);
            const json = lines.lines.faults.has(row) ? null : parseObject(text);
            if (json === null) broken += 1;
            else {
              records += 1;
              visit(this.#cells(json, text), () => text);
            }
          }
        }
      } finally {
        await splitter.close();
      }
    }
    return { records, broken, isWhole: true };
  }

  async laterNulls(): Promise<readonly number[]> {
    return [];
  }

  #cells(json: JsonObject, text: string): Cell[] {
    const cells: Cell[] = new Array<Cell>(this.fields.length).fill(null);
    this.#collect(json, [], text, cells);
    return cells;
  }

  #collect(json: JsonObject, prefix: readonly string[], text: string, cells: Cell[]): void {
    for (const [name, value] of Object.entries(json)) {
      const path = [...prefix, name];
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isObject && path.length < MAX_DEPTH) this.#collect(value as JsonObject, path, text, cells);
      else this.#set(path, jsonCell(value, path, text), cells);
    }
  }

  #set(path: readonly string[], cell: Cell, cells: Cell[]): void {
    const key = JSON.stringify(path);
    let index = this.#indexes.get(key);
    if (index === undefined) {
      if (this.fields.length === MAX_FIELDS) return;
      index = this.fields.length;
      this.#indexes.set(key, index);
      this.fields.push({ path, fileType: null, unusable: null });
    }
    while (cells.length <= index) cells.push(null);
    cells[index] = cell;
  }
}

function parseObject(text: string): JsonObject | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : null;
  } catch {
    return null;
  }
}

function jsonCell(value: Json, path: readonly string[], text: string): Cell {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (typeof value !== 'number') return { kind: 'other', what: Array.isArray(value) ? 'lists' : 'objects' };
  // Short numbers come through a double with all their digits.
  const digits = String(value);
  return { kind: 'number', digits: digits.length < 16 ? digits : (rawJsonAt(text, path) ?? digits) };
}

class CsvFile implements RecordFile {
  readonly fields: readonly FieldShape[];
  readonly #files: readonly SourceFile[];
  readonly #signal: AbortSignal;

  private constructor(files: readonly SourceFile[], names: readonly string[], signal: AbortSignal) {
    this.#files = files;
    this.#signal = signal;
    this.fields = names.map((name) => ({ path: [name], fileType: null, unusable: null }));
  }

  static async open(files: readonly SourceFile[], signal: AbortSignal): Promise<CsvFile> {
    const first = files[0] as SourceFile;
    const splitter = new CsvSplitter(await openBytes(first.path, 0), 0);
    try {
      return new CsvFile(files, await headerOf(splitter, first), signal);
    } finally {
      await splitter.close();
    }
  }

  async read(visit: VisitRecord): Promise<ReadCounts> {
    let records = 0;
    let broken = 0;
    for (const file of this.#files) {
      const splitter = new CsvSplitter(await openBytes(file.path, 0), 0);
      try {
        const header = await headerOf(splitter, file);
        const columns = this.fields.map(({ path }) => header.indexOf(path[0] as string));
        for (let record = await splitter.next(); record !== null; record = await splitter.next()) {
          if (records === MOST_LINES) return { records, broken, isWhole: false };
          if (record.fault !== null || record.fields.length !== header.length) broken += 1;
          else {
            records += 1;
            if (records % BATCH === 0) this.#signal.throwIfAborted();
            const { fields, text } = record;
            visit(
              columns.map((column) => textCell(fields[column] ?? null)),
              () => text,
            );
          }
        }
      } finally {
        await splitter.close();
      }
    }
    return { records, broken, isWhole: true };
  }

  async laterNulls(): Promise<readonly number[]> {
    return [];
  }
}

function textCell(text: string | null): Cell {
  return text === null ? null : { kind: 'text', text };
}

async function headerOf(splitter: CsvSplitter, file: SourceFile): Promise<readonly string[]> {
  const record = await splitter.next();
  const names = record?.fields.map((field) => field ?? '') ?? [];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  const why =
    record === null
      ? 'the file is empty'
      : (record.fault ?? (twice === undefined ? null : `two columns are called \`${twice}\``));
  if (why === null) return names;
  throw new FscError(
    'FSC7105',
    1,
    `${file.name} has no usable header`,
    why,
    'the first line names the columns, each once',
  );
}

class ParquetFile implements RecordFile {
  readonly fields: readonly FieldShape[];
  readonly #files: readonly SourceFile[];
  readonly #columns: readonly ParquetColumn[];
  readonly #signal: AbortSignal;

  constructor(files: readonly SourceFile[], columns: readonly ParquetColumn[], signal: AbortSignal) {
    this.#files = files;
    this.#columns = columns;
    this.#signal = signal;
    this.fields = columns.map(({ name, type, engineType }) => ({
      path: [name],
      fileType: type,
      unusable: type === null ? `it is ${engineType}` : null,
    }));
  }

  read(visit: VisitRecord): Promise<ReadCounts> {
    return readingFiles(this.#files, (paths) => this.#visitAll(paths, visit));
  }

  async #visitAll(paths: readonly string[], visit: VisitRecord): Promise<ReadCounts> {
    const taken = this.#columns.flatMap(({ type }, i) => (type === null ? [] : [i]));
    const scan = await scanParquet(
      paths,
      taken.map((i) => (this.#columns[i] as ParquetColumn).name),
    );
    let records = 0;
    for await (const batch of scan.batches) {
      this.#signal.throwIfAborted();
      for (let row = 0; row < batch.length; row += 1) {
        if (records === MOST_ROWS) return { records, broken: 0, isWhole: false };
        records += 1;
        const cells: Cell[] = new Array<Cell>(this.#columns.length).fill(null);
        taken.forEach((column, i) => {
          const type = (this.#columns[column] as ParquetColumn).type as SqlType;
          cells[column] = typedCell(batch.columns[i] as ColumnVector, type, row);
        });
        visit(cells, () => JSON.stringify(cells));
      }
    }
    return { records, broken: 0, isWhole: true };
  }

  /** Counted by DuckDB over all rows. */
  async laterNulls(): Promise<readonly number[]> {
    const session = await openDuckDb();
    try {
      const items = this.#columns.map(({ engineName }) => `count(*) - count(${quoteName(engineName)})`);
      const paths = this.#files.map((file) => file.path);
      const { batch } = await session.readColumns(`SELECT ${items.join(', ')} FROM ${parquetRelation(paths)}`);
      return batch.columns.flatMap((vector, i) => (vector.kind === 'numeric' && vector.values[0] !== 0 ? [i] : []));
    } finally {
      session.close();
    }
  }
}

function typedCell(vector: ColumnVector, type: SqlType, row: number): Cell {
  const value: Value = valueAt(vector, type, row);
  if (value === null || typeof value === 'boolean') return value;
  switch (type.kind) {
    case 'text':
      return { kind: 'text', text: value as string };
    case 'date':
      return { kind: 'instant', micros: (value as number) * MICROS_PER_DAY };
    case 'timestamp':
    case 'timestamptz':
      return Number.isNaN(value)
        ? { kind: 'other', what: 'instants between two microseconds' }
        : { kind: 'instant', micros: value as number };
    case 'decimal':
      return { kind: 'number', digits: printDecimal(value as Hybrid, type.scale) };
    default:
      return { kind: 'number', digits: String(value) };
  }
}
