/** CSV (RFC 4180): header required, an empty field without quotes is NULL, `""` is the empty string (rules.md 12). */

import { DECODED, FIELD_FAULT, RECORD_FAULT } from '../log/reader.ts';
import { FscError } from '../values/errors.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { type ReadResult, readTextValue } from '../values/text.ts';
import { isPacked, openBytes } from './byte-input.ts';
import { type CsvRecord, CsvSplitter, recordFault } from './csv-splitter.ts';
import { readInstantText } from './fast-timestamp.ts';
import type { FileBatch, FileRecords, FileStart } from './file-sequence.ts';
import type { SourceFile } from './files.ts';
import { readEpochDigits } from './json-decoder.ts';
import { noKnownTime, readKnownTime, unreadableKnownTime } from './known-time.ts';
import { fileColumnName } from './parquet.ts';
import { type FieldSpec, RecordColumns } from './record-columns.ts';

export async function openCsv(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  file: SourceFile,
  start: FileStart,
): Promise<FileRecords> {
  const header = await readHeader(file);
  const knownTimeColumn = findKnownTime(spec, header);
  const splitter = new CsvSplitter(await openBytes(file.path, start.byte), start.byte);
  const isHeaderOpen = start.byte === 0 && (await splitter.next())?.isOpen === true;
  for (let i = 0; i < start.skip; i += 1) await splitter.next();
  return new CsvRecords(
    spec,
    fields,
    { header, knownTimeColumn, isWhole: isPacked(file.name), isHeaderOpen, start },
    splitter,
  );
}

/** −1: the source has no known time. */
function findKnownTime(spec: SourceSpec, header: readonly string[]): number {
  if (spec.knownTimePath === null) return -1;
  const name = fileColumnName(spec.knownTimePath);
  const column = header.indexOf(name);
  if (column < 0) throw noKnownTime(spec.name, name);
  return column;
}

/** Names of the columns. */
export async function readHeader(file: SourceFile): Promise<readonly string[]> {
  const splitter = new CsvSplitter(await openBytes(file.path, 0), 0);
  try {
    const record = await splitter.next();
    if (record === null) throw badHeader(file, 'the file is empty');
    if (record.fault !== null) throw badHeader(file, record.fault);
    const names = record.fields.map((field) => field ?? '');
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw badHeader(file, `two columns are called \`${twice}\``);
    return names;
  } finally {
    await splitter.close();
  }
}

/** What spreadsheets write that is no header of a CSV file; null: it may be one. */
export function headerFault(header: readonly string[]): string | null {
  const [first = '', ...more] = header;
  if (/^sep=.?$/i.test(first) && more.join('') === '')
    return 'its first line is `sep=`, which is for spreadsheets alone: it must be the names of the columns';
  const separator = more.length > 0 ? undefined : SEPARATORS.find(([text]) => first.includes(text));
  if (separator === undefined) return null;
  return `its header has no comma, but ${separator[1]}: fields must be separated by commas`;
}

/** Of many countries' spreadsheets and of database dumps. */
const SEPARATORS = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'the sign `|`'],
] as const;

function badHeader(file: SourceFile, why: string): FscError {
  return new FscError(
    'FSC7105',
    1,
    `${file.name} has no usable header`,
    why,
    'the first line names the columns, each once',
  );
}

interface CsvLayout {
  readonly header: readonly string[];
  /** −1: there is none. */
  readonly knownTimeColumn: number;
  /** Bytes in it are no places to begin at. */
  readonly isWhole: boolean;
  /** The file ends in its header. */
  readonly isHeaderOpen: boolean;
  readonly start: FileStart;
}

class CsvRecords implements FileRecords {
  readonly #fields: readonly FieldSpec[];
  readonly #splitter: CsvSplitter;
  readonly #width: number;
  /** Column of the file for each field; −1: missing. */
  readonly #columnOf: readonly number[];
  readonly #knownTimePath: readonly string[];
  readonly #knownTimeColumn: number;
  readonly #isWhole: boolean;
  readonly #mayGrow: boolean;
  /** After the records that were given, the header's included. */
  #givenBytes: number;
  /** A last record that is none yet waits for its rest, after this byte. */
  #leftAt: number | null = null;

  constructor(spec: SourceSpec, fields: readonly FieldSpec[], layout: CsvLayout, splitter: CsvSplitter) {
    const { header } = layout;
    this.#fields = fields;
    this.#splitter = splitter;
    this.#width = header.length;
    this.#columnOf = fields.map((field) => header.indexOf(fileColumnName(field.path)));
    this.#knownTimePath = spec.knownTimePath ?? [];
    this.#knownTimeColumn = layout.knownTimeColumn;
    this.#isWhole = layout.isWhole;
    this.#mayGrow = layout.start.mayGrow && !layout.isWhole;
    this.#givenBytes = layout.start.byte;
    if (this.#mayGrow && layout.isHeaderOpen) this.#leftAt = 0;
  }

  async next(maxRows: number): Promise<FileBatch | null> {
    const records: CsvRecord[] = [];
    for (let record = await this.#splitter.next(); record !== null; record = await this.#splitter.next()) {
      if (this.#mayGrow && record.isOpen && recordFault(record, this.#width) !== null) {
        this.#leftAt = this.#givenBytes;
        break;
      }
      this.#givenBytes = record.end;
      records.push(record);
      if (records.length === maxRows) break;
    }
    return records.length === 0 ? null : this.#decode(records);
  }

  get endByte(): number | null {
    return this.#isWhole ? null : (this.#leftAt ?? this.#splitter.endByte);
  }

  #decode(records: readonly CsvRecord[]): FileBatch {
    const columns = new RecordColumns(this.#fields, records.length);
    const faults = new Uint8Array(records.length);
    const reasons = new Map<number, string>();
    const known = this.#knownTimeColumn < 0 ? null : new Float64Array(records.length);
    for (const [row, record] of records.entries()) {
      faults[row] = this.#decodeRow(columns, row, record, reasons);
      if (known === null) continue;
      const read = readKnownTime(record.fields[this.#knownTimeColumn] ?? null);
      known[row] = read.ok ? (read.value as number) : Number.NaN;
      if (read.ok || faults[row] !== DECODED) continue;
      faults[row] = FIELD_FAULT;
      reasons.set(row, unreadableKnownTime(this.#knownTimePath, read.reason));
    }
    return {
      batch: { length: records.length, columns: columns.columns },
      faults: reasons.size === 0 ? null : faults,
      reason: (row) => reasons.get(row) ?? 'malformed',
      text: (row) => records[row]?.text ?? '',
      knownTimes: known,
      unknownFields: null,
      bytesAfter: (rows) => (this.#isWhole ? null : records[rows - 1]!.end),
    };
  }

  #decodeRow(columns: RecordColumns, row: number, record: CsvRecord, reasons: Map<number, string>): number {
    const fault = recordFault(record, this.#width);
    if (fault !== null) {
      reasons.set(row, fault);
      for (let i = 0; i < this.#fields.length; i += 1) columns.setNull(i, row);
      return RECORD_FAULT;
    }
    let worst = DECODED;
    for (const [i, field] of this.#fields.entries()) {
      const read = this.#readField(field, i, record);
      if (read.ok) columns.set(i, row, read.value);
      else {
        columns.setNull(i, row);
        if (!reasons.has(row)) reasons.set(row, `${field.name}: ${read.reason}`);
        worst = Math.max(worst, field.decidesOnly ? RECORD_FAULT : FIELD_FAULT);
      }
    }
    return worst;
  }

  #readField(field: FieldSpec, index: number, record: CsvRecord): ReadResult {
    const column = this.#columnOf[index]!;
    const isMissing = column < 0;
    const text = isMissing ? null : (record.fields[column] ?? null);
    if (text === null) {
      const value = isMissing ? (field.defaultValue ?? null) : null;
      if (value === null && !field.nullable)
        return { ok: false, reason: `is ${isMissing ? 'missing' : 'null'} and NOT NULL` };
      return { ok: true, value };
    }
    if (field.epochUnit !== null) return readEpochDigits(text.trim(), field);
    const isInstant = field.type.kind === 'timestamp' || field.type.kind === 'timestamptz';
    return isInstant ? readInstantText(text.trim()) : readTextValue(text, field.type);
  }

  async close(): Promise<void> {
    await this.#splitter.close();
  }
}

/** NaN: there is none. */
