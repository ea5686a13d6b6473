/**
 * `order: none`: files, or a table, as one relation, read sorted by (event time, key, position). A position in it is a number of records of that
 * order: a record that is new before it is found out (rules.md 2). Files are known by their bytes, the rows of a table by a checksum over all that
 * was read of them.
 */
import { createHash, type Hash } from 'node:crypto';
import type { LogPosition } from '../log/contract.ts';
import type { RawBatch, RecordReader } from '../log/reader.ts';
import type { PhaseUse } from '../log/source-log.ts';
import type { NumericVector } from '../values/batch.ts';
import { printTimestamp } from '../values/temporal.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';
import { changed, checkUnchanged, type PositionEntry, type SourceFile, WatchedFile } from './files.ts';
import { type FieldSpec, valueAt } from './record-columns.ts';
import { tail } from './skip-records.ts';

/** The entry of the sorted whole among those of its files. */
export const WHOLE = '*';

export interface OrderedOptions {
  /** null: a table. */
  readonly files: readonly SourceFile[] | null;
  readonly fields: readonly FieldSpec[];
  /** What messages call the whole. */
  readonly location: string;
  readonly eventTimeColumn: number;
  readonly resume: LogPosition | null;
  readonly use: PhaseUse;
  /** Records of the files in order of (event time, key, position), after the first `skip`. */
  open(files: readonly SourceFile[], skip: number): Promise<FileRecords>;
}

/** Before a batch. */
interface Before {
  readonly checksum: number;
  readonly lastTime: number;
  readonly rows: RowsCheck | null;
}

export async function openOrdered(options: OrderedOptions): Promise<RecordReader> {
  const reader = new OrderedReader(options);
  if (options.resume !== null) await reader.goOn(options.resume);
  return reader;
}

class OrderedReader implements RecordReader {
  readonly #options: OrderedOptions;
  readonly #files: readonly SourceFile[];
  #records: FileRecords | null = null;
  #watched: readonly WatchedFile[] = [];
  readonly #entries: Record<string, PositionEntry> = Object.create(null);
  #offset = 0;
  #checksum = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  /** Over the rows of a table; null: files. */
  #rows: RowsCheck | null;
  /** Read past the resume point. */
  #pending: FileBatch | null = null;

  constructor(options: OrderedOptions) {
    this.#options = options;
    this.#files = options.files ?? [];
    this.#rows = options.files === null ? RowsCheck.over(options.fields) : null;
  }

  async goOn(resume: LogPosition): Promise<void> {
    const whole = resume.partitions[WHOLE];
    if (this.#options.files === null) {
      await this.#readAgain(whole ?? { offset: 0 });
      return;
    }
    const byName = new Map(this.#files.map((file) => [file.name, file]));
    const consumed = Object.entries(resume.partitions).filter(([name]) => name !== WHOLE);
    for (const [name, entry] of consumed) {
      const file = byName.get(name);
      if (file === undefined) throw changed(name, 'it is gone');
      checkUnchanged(file, entry, true, consumed.length === 1);
      byName.delete(name);
    }
    const added = [...byName.values()];
    if (this.#options.use === 'done') {
      if (added[0] !== undefined)
        throw changed(added[0].name, 'it is new, and the stream has begun after the history that was there');
      return;
    }
    if (whole === undefined) return;
    const { checksum, lastTime } = readCheck(whole.check);
    for (const file of added) await this.#checkLater(file, lastTime);
    if (this.#options.use !== 'read') return;
    // The files are what they were, and so is the order of their records.
    this.#watch();
    this.#records = await this.#options.open(this.#files, whole.offset);
    this.#offset = whole.offset;
    this.#checksum = checksum;
    this.#lastTime = lastTime;
  }

  /** A table has no bytes to look at: its rows are compared with the checksums of those that were consumed. */
  async #readAgain(whole: PositionEntry): Promise<void> {
    const { location, use } = this.#options;
    while (this.#offset < whole.offset) {
      const batch = await this.#read(16_384);
      if (batch === null) throw changed(location, `${whole.offset} rows were consumed, now it has ${this.#offset}`);
      const rows = Math.min(batch.batch.length, whole.offset - this.#offset);
      this.#note(batch, rows);
      if (rows < batch.batch.length) this.#pending = tail(batch, rows);
    }
    if (whole.offset > 0 && !this.#isAsConsumed(whole))
      throw changed(location, `its first ${whole.offset} rows are not those that were consumed`);
    if (use !== 'done' || (this.#pending ?? (await this.#read(1))) === null) return;
    throw changed(location, 'it has more rows than were consumed, and the stream has begun after them');
  }

  #isAsConsumed({ check, rows }: PositionEntry): boolean {
    // Of an older fsc there is the checksum over event times alone.
    return this.#check() === check && this.#rows?.isOther(rows) !== true;
  }

  /** A new file may only hold events after the last one consumed. */
  async #checkLater(file: SourceFile, lastTime: number): Promise<void> {
    const records = await this.#options.open([file], 0);
    try {
      const first = await records.next(1);
      if (first === null) return;
      const { values } = first.batch.columns[this.#options.eventTimeColumn] as NumericVector;
      if (first.faults !== null && first.faults[0] !== 0) return;
      if (values[0]! > lastTime) return;
      throw changed(
        file.name,
        `it is new, and its events begin at ${printTimestamp(values[0]!)}, not after ${printTimestamp(lastTime)}, up to which the log was consumed`,
      );
    } finally {
      await records.close();
    }
  }

  async #read(maxRows: number): Promise<FileBatch | null> {
    if (this.#records === null) {
      this.#watch();
      this.#records = await this.#options.open(this.#files, 0);
    }
    const batch = await this.#records.next(maxRows);
    // A position names the files as they were before the first record was read.
    if (batch === null) for (const watched of this.#watched) watched.check(0);
    return batch;
  }

  #watch(): void {
    this.#watched = this.#files.map((file) => new WatchedFile(file, true));
    for (const watched of this.#watched) this.#entries[watched.file.name] = watched.wholeEntry(0);
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    if (this.#options.use !== 'read') return null;
    const batch = this.#pending ?? (await this.#read(maxRows));
    this.#pending = null;
    if (batch === null) return null;
    const from = this.#offset;
    const partition = this.#files.length === 1 ? this.#files[0]!.name : this.#options.location;
    const before = { checksum: this.#checksum, lastTime: this.#lastTime, rows: this.#rows?.copy() ?? null };
    this.#note(batch, batch.batch.length);
    const all = this.#entry();
    const length = batch.batch.length;
    return {
      batch: batch.batch,
      faults: batch.faults,
      reason: batch.reason,
      text: batch.text,
      knownTimes: batch.knownTimes,
      unknownFields: batch.unknownFields,
      place: (row) => ({ partition, offset: from + row }),
      positionAfter: (rows) => this.#position(rows === length ? all : this.#entryOf(batch, rows, from, before)),
    };
  }

  #note(batch: FileBatch, rows: number): void {
    const { values } = batch.batch.columns[this.#options.eventTimeColumn] as NumericVector;
    let checksum = this.#checksum;
    for (let row = 0; row < rows; row += 1) {
      const time = values[row]!;
      checksum = (Math.imul(checksum, 31) + (time | 0)) | 0;
      if (time > this.#lastTime) this.#lastTime = time;
    }
    this.#checksum = checksum;
    this.#offset += rows;
    this.#rows?.add(batch, rows);
  }

  #check(): string {
    return `${(this.#checksum >>> 0).toString(16)}:${Number.isFinite(this.#lastTime) ? this.#lastTime : ''}`;
  }

  #entry(): PositionEntry {
    const entry = { offset: this.#offset, check: this.#check() };
    return this.#rows === null ? entry : { ...entry, rows: this.#rows.toString() };
  }

  /** Only where a run stops within a batch, which ends the reading. */
  #entryOf(batch: FileBatch, rows: number, from: number, before: Before): PositionEntry {
    this.#offset = from;
    this.#checksum = before.checksum;
    this.#lastTime = before.lastTime;
    this.#rows = before.rows?.copy() ?? null;
    this.#note(batch, rows);
    return this.#entry();
  }

  #position(whole: PositionEntry): LogPosition {
    const partitions: Record<string, PositionEntry> = Object.create(null);
    Object.assign(partitions, this.#entries);
    partitions[WHOLE] = whole;
    return { partitions };
  }

  async close(): Promise<void> {
    await this.#records?.close();
    this.#records = null;
  }
}

function readCheck(check: string | undefined): { readonly checksum: number; readonly lastTime: number } {
  const [sum = '', time = ''] = check?.split(':') ?? [];
  return {
    checksum: Number.parseInt(sum, 16) | 0,
    lastTime: time === '' ? Number.NEGATIVE_INFINITY : Number(time),
  };
}

/**
 * A checksum over all that a source reads of rows, in their order. Under another declaration the same rows are read as other values: then it tells
 * nothing.
 */
class RowsCheck {
  readonly #fields: readonly FieldSpec[];
  readonly #declared: string;
  readonly #hash: Hash;

  private constructor(fields: readonly FieldSpec[], declared: string, hash: Hash) {
    this.#fields = fields;
    this.#declared = declared;
    this.#hash = hash;
  }

  static over(fields: readonly FieldSpec[]): RowsCheck {
    const declared = JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    return new RowsCheck(fields, createHash('sha256').update(declared).digest('hex').slice(0, 8), createHash('sha256'));
  }

  copy(): RowsCheck {
    return new RowsCheck(this.#fields, this.#declared, this.#hash.copy());
  }

  add({ batch, faults, knownTimes, text }: FileBatch, rows: number): void {
    let all = '';
    for (let row = 0; row < rows; row += 1) {
      for (const [i, field] of this.#fields.entries()) {
        const value = valueAt(batch.columns[i]!, field.type, row);
        // No value runs into the next one.
        all += value === null ? '-' : `${typeof value === 'string' ? `${value.length}:` : ''}${String(value)},`;
      }
      if (knownTimes !== null) all += knownTimes[row];
      if (faults !== null && faults[row] !== 0) all += text(row);
      all += '\n';
    }
    this.#hash.update(all);
  }

  /** Absent or under another declaration: nobody knows. */
  isOther(rows: string | undefined): boolean {
    return rows?.startsWith(`${this.#declared}:`) === true && rows !== this.toString();
  }

  toString(): string {
    return `${this.#declared}:${this.#hash.copy().digest('hex').slice(0, 24)}`;
  }
}
