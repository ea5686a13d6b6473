/** JSONL: one object a line, of a file or of stdin. */
import type { Readable } from 'node:stream';
import type { LogPosition, Partitions } from '../log/contract.ts';
import { DECODED, FIELD_FAULT, type RawBatch, type RecordReader } from '../log/reader.ts';
import { linesOf, RecordLines, type RecordTexts } from '../log/record-texts.ts';
import { type RetryFeed, retriedAt } from '../log/retries.ts';
import type { ColumnBatch } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { grownPosition } from '../values/positions.ts';
import { isPacked, LiveInput, openBytes } from './byte-input.ts';
import { ByteInterner } from './byte-interner.ts';
import type { FileBatch, FileRecords, FileStart } from './file-sequence.ts';
import type { SourceFile } from './files.ts';
import { JsonDecoder } from './json-decoder.ts';
import { type LineBatch, LineSplitter } from './line-splitter.ts';
import { STDIN_PARTITION } from './location.ts';
import { PlainJsonReader } from './plain-json.ts';
import { type FieldSpec, RecordColumns } from './record-columns.ts';

/** Decodes lines into columns that are used again for each batch. */
export class JsonLineDecoder {
  readonly #fields: readonly FieldSpec[];
  readonly #spec: SourceSpec;
  /** Texts of a column are codes, which whoever looks an entity up by them need not hash again. Loose ones may hold anything, so they stay as they are. */
  readonly #interners: readonly (ByteInterner | null)[];
  #columns: RecordColumns;
  #decoder: JsonDecoder;
  /** null: every line is the decoder's. */
  #plain: PlainJsonReader | null = null;
  #faults: Uint8Array<ArrayBuffer>;
  #unknown: Uint16Array<ArrayBuffer>;
  #knownTimes: Float64Array<ArrayBuffer>;
  readonly #reasons = new Map<number, string>();

  constructor(spec: SourceSpec, fields: readonly FieldSpec[]) {
    this.#spec = spec;
    this.#fields = fields;
    this.#interners = fields.map(({ type, isLoose }) => (type.kind === 'text' && !isLoose ? new ByteInterner() : null));
    this.#columns = new RecordColumns(fields, 0);
    this.#decoder = new JsonDecoder(fields, this.#columns, []);
    this.#faults = new Uint8Array(0);
    this.#unknown = new Uint16Array(0);
    this.#knownTimes = new Float64Array(0);
  }

  decode(lines: readonly string[], count: number, lineFaults: ReadonlyMap<number, string>): DecodedLines {
    this.#begin(count);
    let hasFault = false;
    for (let row = 0; row < count; row += 1) {
      if (this.#take(row, lines[row]!, lineFaults.get(row))) hasFault = true;
    }
    return this.#decoded(count, hasFault, (row) => lines[row] ?? '');
  }

  decodeLines(lines: RecordLines): DecodedLines {
    const { bytes, starts, ends, length, faults } = lines;
    this.#begin(length);
    const plain = this.#plain;
    let hasFault = false;
    for (let row = 0; row < length; row += 1) {
      const fault = faults.size === 0 ? undefined : faults.get(row);
      if (fault === undefined && plain?.read(bytes, starts[row]!, ends[row]!, row) === true) {
        this.#faults[row] = DECODED;
        this.#unknown[row] = plain.unknownFields;
      } else if (this.#take(row, lines.text(row), fault?.reason)) hasFault = true;
    }
    return this.#decoded(length, hasFault, (row) => lines.text(row));
  }

  #begin(count: number): void {
    this.#reserve(count);
    this.#columns.reset();
    this.#reasons.clear();
  }

  /** True: there is something wrong with it. */
  #take(row: number, text: string, lineFault: string | undefined): boolean {
    const decoder = this.#decoder;
    let fault = lineFault === undefined ? decoder.decode(text, row) : decoder.refuse(lineFault, row);
    let { reason } = decoder;
    this.#unknown[row] = decoder.unknownFields;
    if (this.#spec.knownTimePath !== null) {
      const known = decoder.instantAt(this.#spec.knownTimePath);
      this.#knownTimes[row] = known ?? Number.NaN;
      if (known === null && fault === DECODED) [fault, reason] = [FIELD_FAULT, decoder.reason];
    }
    this.#faults[row] = fault;
    if (fault === DECODED) return false;
    this.#reasons.set(row, reason);
    return true;
  }

  #decoded(count: number, hasFault: boolean, text: (row: number) => string): DecodedLines {
    return {
      batch: { length: count, columns: this.#columns.columns },
      faults: hasFault ? this.#faults : null,
      reason: (row) => this.#reasons.get(row) ?? 'malformed',
      text,
      knownTimes: this.#spec.knownTimePath === null ? null : this.#knownTimes,
      unknownFields: this.#unknown,
    };
  }

  #reserve(count: number): void {
    if (this.#columns.capacity >= count) return;
    const capacity = Math.max(count, 2 * this.#columns.capacity);
    this.#columns = new RecordColumns(this.#fields, capacity, this.#interners);
    const { knownTimePath } = this.#spec;
    this.#decoder = new JsonDecoder(this.#fields, this.#columns, knownTimePath === null ? [] : [knownTimePath]);
    this.#plain = knownTimePath === null ? PlainJsonReader.over(this.#fields, this.#columns, this.#interners) : null;
    this.#faults = new Uint8Array(capacity);
    this.#unknown = new Uint16Array(capacity);
    this.#knownTimes = new Float64Array(capacity);
  }
}

export type DecodedLines = Omit<FileBatch, 'bytesAfter'> & { readonly batch: ColumnBatch };

export async function openJsonl(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  file: SourceFile,
  start: FileStart,
): Promise<FileRecords> {
  const splitter = new LineSplitter(await openBytes(file.path, start.byte), start.byte);
  const decoder = new JsonLineDecoder(spec, fields);
  const isWhole = isPacked(file.name);
  await skipLines(splitter, start.skip);
  /** Before a last line that waits for its rest. */
  let leftAt: number | null = null;
  let before = start.byte;
  return {
    async next(maxRows) {
      const lines = await splitter.next(maxRows);
      if (lines === null) return null;
      let { count } = lines;
      if (lines.isOpen && start.mayGrow && !isWhole && !isObject(lines.lines, count - 1)) {
        count -= 1;
        leftAt = count === 0 ? before : lines.endBytes[count - 1]!;
      }
      if (count === 0) return null;
      before = lines.endBytes[count - 1]!;
      const decoded = decoder.decodeLines(lines.lines.first(count));
      return { ...decoded, bytesAfter: (rows) => (isWhole ? null : lines.endBytes[rows - 1]!) };
    },
    get endByte() {
      return isWhole ? null : (leftAt ?? splitter.endByte);
    },
    close: () => splitter.close(),
  };
}

/** Nothing that begins an object is one. */
function isObject(lines: RecordLines, row: number): boolean {
  if (lines.faults.has(row)) return false;
  try {
    const json: unknown = JSON.parse(lines.text(row));
    return typeof json === 'object' && json !== null && !Array.isArray(json);
  } catch {
    return false;
  }
}

async function skipLines(splitter: LineSplitter, count: number): Promise<void> {
  let left = count;
  while (left > 0) {
    const lines: LineBatch | null = await splitter.next(Math.min(left, 16_384));
    if (lines === null) return;
    left -= lines.count;
  }
}

/** Records of a run that was cut off, as its journal has them. */
export interface JournaledRecords {
  readonly records: RecordTexts | null;
  readonly knownTimes: ArrayLike<number> | null;
  readonly idle: readonly string[];
  /** Of the archive: their verdicts. */
  readonly verdicts?: Uint8Array;
  /** After them, where it is known. */
  readonly position?: LogPosition;
}

export interface StdinOptions {
  readonly stdin: Readable;
  readonly resume: LogPosition | null;
  /** Consumed after `resume`; read again before stdin, each entry as one batch. */
  readonly journaled: Iterable<JournaledRecords> | AsyncIterable<JournaledRecords>;
  /** Refused records that are tried again, before what stdin still has. */
  readonly retries: RetryFeed | null;
  readonly signal: AbortSignal | null;
}

/** Before those of stdin. */
const NO_FILES: Partitions = {};

export class StdinReader implements RecordReader {
  readonly #options: StdinOptions;
  readonly #decoder: JsonLineDecoder;
  readonly #journaled: AsyncGenerator<JournaledRecords>;
  /** Opened when the journal has been read: a run that is stopped before takes nothing off the pipe. */
  #splitter: LineSplitter | null = null;
  #offset: number;
  #retried: number;

  constructor(spec: SourceSpec, fields: readonly FieldSpec[], options: StdinOptions) {
    this.#options = options;
    this.#decoder = new JsonLineDecoder(spec, fields);
    this.#journaled = withRecords(options.journaled);
    this.#offset = options.resume?.partitions[STDIN_PARTITION]?.offset ?? 0;
    this.#retried = options.retries?.taken ?? options.resume?.partitions[STDIN_PARTITION]?.retried ?? 0;
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    const entry = await this.#journaled.next();
    if (entry.done !== true) return this.#replay(entry.value);
    const { stdin, signal } = this.#options;
    const retries = this.#splitter === null ? (this.#options.retries?.from(this.#retried, maxRows) ?? []) : [];
    if (retries.length > 0) return this.#retry(retries);
    this.#splitter ??= new LineSplitter(new LiveInput(stdin, signal), 0);
    const lines = await this.#splitter.next(maxRows);
    if (lines === null) return null;
    // Live: the clock says when a record was known, whatever it says itself.
    return { ...this.#positioned(this.#decoder.decodeLines(lines.lines), null), lines: lines.lines };
  }

  /** They are new records, journaled and kept like any other. */
  #retry(lines: readonly string[]): RawBatch {
    const before = this.#retried;
    this.#retried += lines.length;
    const decoded = this.#decoder.decode(lines, lines.length, new Map());
    const from = this.#offset;
    const positionAfter = (rows: number): LogPosition => this.#positionAt(from + rows, before + rows);
    return { ...this.#positioned(decoded, null), positionAfter, isRetried: true };
  }

  #replay(entry: JournaledRecords): RawBatch {
    this.#retried = Math.max(this.#retried, retriedAt(entry.position ?? null));
    const decoded = this.#decodeJournaled(entry.records ?? []);
    const known = entry.knownTimes === null ? null : Float64Array.from(entry.knownTimes);
    const { idle, verdicts } = entry;
    return {
      ...this.#positioned(decoded, known),
      journaled: { idle, ...(verdicts === undefined ? {} : { verdicts }) },
    };
  }

  #decodeJournaled(records: RecordTexts): DecodedLines {
    if (records instanceof RecordLines) return this.#decoder.decodeLines(records);
    const { lines, faults } = linesOf(records);
    return this.#decoder.decode(lines, lines.length, faults);
  }

  #positioned(decoded: DecodedLines, knownTimes: Float64Array | null): RawBatch {
    const from = this.#offset;
    const retried = this.#retried;
    this.#offset += decoded.batch.length;
    return {
      ...decoded,
      knownTimes,
      place: (row) => ({ partition: STDIN_PARTITION, offset: from + row }),
      positionAfter: (rows) => this.#positionAt(from + rows, retried),
    };
  }

  /** Files that the stream was read from before keep their places. */
  #positionAt(offset: number, retried: number): LogPosition {
    const entry = retried === 0 ? { offset } : { offset, retried };
    return grownPosition(this.#options.resume?.partitions ?? NO_FILES, { [STDIN_PARTITION]: entry });
  }

  async close(): Promise<void> {
    await this.#journaled.return(undefined);
    await this.#splitter?.close();
  }
}

async function* withRecords(
  entries: Iterable<JournaledRecords> | AsyncIterable<JournaledRecords>,
): AsyncGenerator<JournaledRecords> {
  for await (const entry of entries) if (entry.records !== null && entry.records.length > 0) yield entry;
}
