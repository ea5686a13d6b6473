/**
 * Labels as a relation of DuckDB, in their order, with their own columns and types. Parquet is read where it stands; texts (CSV, JSONL) are
 * loaded once, and each of their columns gets the narrowest type that holds all its values.
 *
 * Reads: one file. Writes: tables of the session.
 */

import { openBytes } from '../sources/byte-input.ts';
import { refuseChangedInstants } from '../sources/changed-instants.ts';
import { headerFault } from '../sources/csv.ts';
import { CsvSplitter, recordFault } from '../sources/csv-splitter.ts';
import { describeParquet, type ParquetColumn, parquetRelation } from '../sources/duckdb-scan.ts';
import { type LineBatch, LineSplitter } from '../sources/line-splitter.ts';
import type { FileFormat } from '../sources/location.ts';
import type { ColumnBatch, TextVector } from '../values/batch.ts';
import { FscError, messageOf } from '../values/errors.ts';
import { memberNames, rawJsonAt } from '../values/json.ts';
import { clip } from '../values/text.ts';
import { quoteName, RecordAppender } from './duckdb/load.ts';
import type { DuckDbSession } from './duckdb/session.ts';
import { inferColumns, type LabelColumn } from './label-types.ts';

/** An opened file of labels. */
export interface LabelFile {
  readonly name: string;
  /** SQL of the rows as they are passed through. */
  readonly relation: string;
  /** SQL of the rows as they are written in the file: texts, for CSV and JSONL. */
  readonly rawRelation: string;
  readonly columns: readonly LabelColumn[];
  /** The raw rows are texts, to be read by the type that is asked for. */
  readonly isText: boolean;
  /** Columns of JSONL that hold numbers or booleans somewhere: no text is read from them. */
  readonly nonText: ReadonlySet<string>;
  /** How messages call a row: `line 7`. */
  place(row: number): Promise<string>;
}

const TEXT_TABLE = '"fsc texts"';
const TYPED_VIEW = '"fsc labels"';
const BATCH_ROWS = 2048;
const NEWLINE = 10;
const RETURN = 13;

export interface LabelPath {
  /** As the user wrote it. */
  readonly name: string;
  readonly path: string;
  readonly format: FileFormat;
  /** The column of the instants; null: all labels have one instant, which is not in the file. */
  readonly instant: string | null;
  /** JSON of what columns of requests are where a line of JSONL lacks them, as online where a caller leaves them out. */
  readonly defaults: ReadonlyMap<string, string>;
}

export async function openLabelFile(session: DuckDbSession, file: LabelPath, signal: AbortSignal): Promise<LabelFile> {
  if (file.format === 'parquet') return openParquet(file);
  const texts = file.format === 'csv' ? await readCsv(session, file, signal) : await readJsonl(session, file, signal);
  const columns = await inferColumns(session, TEXT_TABLE, texts.names, texts.hints, file.instant);
  const items = columns.map(({ name, expression }) => `${expression} AS ${quoteName(name)}`);
  await session.run(`CREATE VIEW ${TYPED_VIEW} AS SELECT ${items.join(', ')} FROM ${TEXT_TABLE}`);
  return {
    name: file.name,
    relation: TYPED_VIEW,
    rawRelation: TEXT_TABLE,
    columns: columns.map(({ name, type, engineType }) => ({ name, type, engineType })),
    isText: true,
    nonText: texts.nonText,
    place: async (row) => `line ${await lineAt(file.path, texts.starts[row] as number)}`,
  };
}

async function openParquet(file: { readonly name: string; readonly path: string }): Promise<LabelFile> {
  const relation = parquetRelation([file.path]);
  let columns: readonly ParquetColumn[];
  try {
    columns = await describeParquet([file.path]);
  } catch (error) {
    throw unusable(file.name, `it cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`, null);
  }
  refuseTwice(
    file.name,
    columns.map(({ name }) => name),
  );
  await refuseChangedInstants([file], columns);
  return {
    name: file.name,
    relation,
    rawRelation: relation,
    columns: columns.map(({ engineName, type, engineType }) => ({ name: engineName, type, engineType })),
    isText: false,
    nonText: new Set(),
    place: async (row) => `row ${row + 1}`,
  };
}

/** Labels that can't be used, whoever finds out. */
export function unusable(name: string, why: string, help: string | null): FscError {
  return new FscError('FSC7013', 1, `the labels of ${name} cannot be used`, why, help);
}

/** What is known of JSON columns before their texts are looked at. */
export type ColumnHint = 'any' | 'text';

interface LoadedTexts {
  readonly names: readonly string[];
  readonly hints: readonly ColumnHint[];
  readonly nonText: ReadonlySet<string>;
  /** Byte of the file at which each row begins, or somewhere in blank lines before it (JSONL: near its end). */
  readonly starts: Float64Array;
}

/** Loads rows of texts into a table of texts. */
class TextLoader {
  readonly #appender: RecordAppender;
  readonly #columns: readonly TextVector[];
  readonly #batch: ColumnBatch;
  #starts = new Float64Array(BATCH_ROWS);
  #count = 0;

  private constructor(width: number, appender: RecordAppender) {
    this.#appender = appender;
    this.#columns = Array.from({ length: width }, () => ({
      kind: 'text' as const,
      strings: new Array<string>(BATCH_ROWS).fill(''),
      codes: null,
      dictionary: null,
      dictionaryId: 0,
      nulls: new Uint8Array(BATCH_ROWS),
    }));
    this.#batch = { length: 0, columns: this.#columns };
  }

  static async open(session: DuckDbSession, names: readonly string[]): Promise<TextLoader> {
    await session.run(`CREATE TABLE ${TEXT_TABLE} (${names.map((name) => `${quoteName(name)} VARCHAR`).join(', ')})`);
    const types = names.map(() => ({ kind: 'text', maxLength: null }) as const);
    return new TextLoader(names.length, await RecordAppender.open(session, 'fsc texts', types));
  }

  add(fields: readonly (string | null)[], start: number): void {
    const row = this.#batch.length;
    for (let i = 0; i < this.#columns.length; i++) {
      const { strings, nulls } = this.#columns[i] as TextVector;
      const field = fields[i] ?? null;
      (nulls as Uint8Array)[row] = field === null ? 1 : 0;
      (strings as string[])[row] = field ?? '';
    }
    if (this.#count === this.#starts.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#starts);
      this.#starts = grown;
    }
    this.#starts[this.#count++] = start;
    this.#batch.length = row + 1;
    if (row + 1 === BATCH_ROWS) this.#flush();
  }

  #flush(): void {
    if (this.#batch.length > 0) {
      this.#appender.append({ batch: this.#batch, rows: null, count: this.#batch.length });
    }
    this.#batch.length = 0;
  }

  finish(): Float64Array {
    this.#flush();
    this.#appender.close();
    return this.#starts.subarray(0, this.#count);
  }
}

interface TextFile {
  readonly name: string;
  readonly path: string;
}

async function readCsv(session: DuckDbSession, file: TextFile, signal: AbortSignal): Promise<LoadedTexts> {
  const splitter = new CsvSplitter(await openBytes(file.path, 0), 0);
  try {
    const header = await splitter.next();
    if (header === null) throw unusable(file.name, 'the file is empty', 'the first line names the columns');
    if (header.fault !== null) throw unusable(file.name, `its header: ${header.fault}`, null);
    const names = header.fields.map((field) => field ?? '');
    const fault = headerFault(names);
    if (fault !== null) throw unusable(file.name, fault, 'write the file anew as CSV with commas');
    checkNames(file.name, names, 'the first line names the columns, each once');
    const loader = await TextLoader.open(session, names);
    let start = header.end;
    for (let record = await splitter.next(); record !== null; record = await splitter.next()) {
      const fault = recordFault(record, names.length);
      if (fault !== null) throw unusable(file.name, `line ${await lineAt(file.path, start)}: ${fault}`, null);
      loader.add(record.fields, start);
      start = record.end;
      signal.throwIfAborted();
    }
    return { names, hints: names.map(() => 'any'), nonText: new Set(), starts: loader.finish() };
  } finally {
    await splitter.close();
  }
}

function checkNames(file: string, names: readonly string[], help: string): void {
  if (names.includes('')) throw unusable(file, 'a column has no name', help);
  refuseTwice(file, names);
}

/** DuckDB's names differ by more than case. */
function refuseTwice(file: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw unusable(file, `two columns are called \`${name}\``, null);
    seen.add(name.toLowerCase());
  }
}

/** Twice over the file: which columns there are is known at its end. */
async function readJsonl(session: DuckDbSession, file: LabelPath, signal: AbortSignal): Promise<LoadedTexts> {
  const shape = new JsonShape();
  await eachObject(file, signal, (object, text) => shape.see(object, text));
  shape.seeDefaults(file.defaults);
  const names = [...shape.names.keys()];
  checkNames(file.name, names, 'give each field of the records a name');
  if (names.length === 0) throw unusable(file.name, 'the file holds no labels', 'a line is one JSON object');
  const loader = await TextLoader.open(session, names);
  const defaults = new Map([...file.defaults].map(([name, json]) => [name, defaultText(json)]));
  await eachObject(file, signal, (object, text, end) => {
    loader.add(
      names.map((name) => fieldText(object, text, name, defaults)),
      end,
    );
  });
  const hints = names.map((name): ColumnHint => (shape.names.get(name) === 'other' ? 'any' : 'text'));
  const nonText = new Set(names.filter((name) => shape.nonText.has(name)));
  return { names, hints, nonText, starts: loader.finish() };
}

type JsonObject = { readonly [key: string]: unknown };

/** A name that an object has before all others, wherever it was written. */
const LIKE_INDEX = /^\d+$/;

class JsonShape {
  /** Whether a column holds texts somewhere: what looks like a number in it is none. */
  readonly names = new Map<string, 'text' | 'other'>();
  readonly nonText = new Set<string>();
  readonly #seen = new Map<string, number>();
  #lines = 0;

  see(object: JsonObject, text: string): void {
    this.#lines++;
    const names = Object.keys(object);
    for (const name of LIKE_INDEX.test(names[0] ?? '') ? memberNames(text) : names) {
      this.#seen.set(name, (this.#seen.get(name) ?? 0) + 1);
      this.#seeValue(name, object[name]);
    }
  }

  /** Those that stand in for what some lines lack. */
  seeDefaults(defaults: ReadonlyMap<string, string>): void {
    for (const [name, json] of defaults) {
      const seen = this.#seen.get(name);
      if (seen !== undefined && seen < this.#lines) this.#seeValue(name, JSON.parse(json));
    }
  }

  #seeValue(name: string, value: unknown): void {
    const isText = typeof value === 'string' || (typeof value === 'object' && value !== null);
    if (isText) this.names.set(name, 'text');
    else if (!this.names.has(name)) this.names.set(name, 'other');
    if (typeof value === 'number' || typeof value === 'boolean') this.nonText.add(name);
  }
}

async function eachObject(
  file: TextFile,
  signal: AbortSignal,
  take: (object: JsonObject, text: string, end: number) => void,
): Promise<void> {
  const splitter = new LineSplitter(await openBytes(file.path, 0), 0);
  try {
    for (let lines = await splitter.next(BATCH_ROWS); lines !== null; lines = await splitter.next(BATCH_ROWS)) {
      for (let i = 0; i < lines.count; i++) {
        const end = (lines.endBytes[i] as number) - 3;
        const object = parseLine(lines, i);
        if (typeof object === 'string')
          throw unusable(file.name, `line ${await lineAt(file.path, end)}: ${object}`, 'a line is one JSON object');
        take(object, lines.lines.text(i), end);
      }
      signal.throwIfAborted();
    }
  } finally {
    await splitter.close();
  }
}

/** The object, or what is wrong with the line. */
function parseLine(lines: LineBatch, index: number): JsonObject | string {
  const fault = lines.lines.faults.get(index);
  if (fault !== undefined) return fault.reason;
  try {
    const json: unknown = JSON.parse(lines.lines.text(index));
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'it is no JSON object';
    const object = Object.assign(Object.create(null), json) as JsonObject;
    // DuckDB would hold another character, and find the entity of that one.
    const broken = Object.keys(object).find((name) => !isWellFormed(object[name]));
    return broken === undefined ? object : `\`${clip(broken)}\` holds a lone surrogate`;
  } catch (error) {
    return messageOf(error);
  }
}

function isWellFormed(value: unknown): boolean {
  return typeof value !== 'string' || value.isWellFormed();
}

/** Numbers keep the digits that they are written with; lists and objects stay JSON. */
function fieldText(
  object: JsonObject,
  text: string,
  name: string,
  defaults: ReadonlyMap<string, string>,
): string | null {
  const value = object[name];
  if (value === undefined) return defaults.get(name) ?? null;
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return rawJsonAt(text, [name]) ?? JSON.stringify(value);
}

function defaultText(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

/** The number of the line that holds a byte, or of the first one after it that is not blank. */
async function lineAt(path: string, byte: number): Promise<number> {
  const input = await openBytes(path, 0);
  try {
    let line = 1;
    let at = 0;
    for (let chunk = await input.read(); chunk !== null; chunk = await input.read()) {
      for (const code of chunk) {
        if (at >= byte && code !== NEWLINE && code !== RETURN) return line;
        if (code === NEWLINE) line++;
        at++;
      }
    }
    return line;
  } finally {
    await input.close();
  }
}
