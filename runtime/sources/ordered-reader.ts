/**
 * `order: none`: files, or a table, as one relation, read sorted by (event time, key, position). A position in it is a number of records of that
 * order: a record that is new before it is found out (rules.md 2). Files are known by their bytes, the rows of a table by a checksum over all that
 * was read of them.
 *
 * Records without an event time in range have no place in the order. They come last, count in no offset, and are known by their texts: one that is
 * new is told, whatever was consumed.
 */
import { createHash, type Hash } from 'node:crypto';
import type { LogPosition, Partitions, PositionEntry } from '../log/contract.ts';
import type { RawBatch, RecordReader } from '../log/reader.ts';
import type { PhaseUse } from '../log/source-log.ts';
import type { NumericVector } from '../values/batch.ts';
import { counted, formatCount, plural } from '../values/counted.ts';
import { grownPosition } from '../values/positions.ts';
import { isInRange, printTimestamp } from '../values/temporal.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';
import { changed, changedTable, checkUnchanged, otherOrder, type SourceFile, WatchedFile, WHOLE } from './files.ts';
import { type FieldSpec, RecordColumns, valueAt } from './record-columns.ts';
import { tail } from './skip-records.ts';
import { UntimedRecords } from './untimed-records.ts';

const READ_ROWS = 16_384;

export interface OrderedOptions {
  /** null: a table. */
  readonly files: readonly SourceFile[] | null;
  readonly fields: readonly FieldSpec[];
  /** What messages call the whole. */
  readonly location: string;
  readonly eventTimeColumn: number;
  readonly resume: LogPosition | null;
  readonly use: PhaseUse;
  /** Records of the files in order of (event time, key, position), after the first `skip`; those without an event time in range last. */
  open(files: readonly SourceFile[], skip: number): Promise<FileRecords>;
}

export async function openOrdered(options: OrderedOptions): Promise<RecordReader> {
  const reader = new OrderedReader(options);
  try {
    if (options.resume !== null) await reader.goOn(options.resume);
    return reader;
  } catch (error) {
    await reader.close();
    throw error;
  }
}

class OrderedReader implements RecordReader {
  readonly #options: OrderedOptions;
  readonly #files: readonly SourceFile[];
  #records: FileRecords | null = null;
  #watched: readonly WatchedFile[] = [];
  /** Of the files; one object for all positions. */
  #entries: Partitions = {};
  #progress: Progress;
  #untimed = UntimedRecords.none();
  /** Read, and not given yet. */
  #rest: FileBatch | null = null;

  constructor(options: OrderedOptions) {
    this.#options = options;
    this.#files = options.files ?? [];
    this.#progress = Progress.none(options.files === null ? RowsCheck.over(options.fields) : null);
  }

  async goOn(resume: LogPosition): Promise<void> {
    const whole = resume.partitions[WHOLE];
    if (this.#options.files === null) {
      await this.#readAgain(whole ?? { offset: 0 });
      return;
    }
    const byName = new Map(this.#files.map((file) => [file.name, file]));
    const consumed: SourceFile[] = [];
    const entries = Object.entries(resume.partitions).filter(([name]) => name !== WHOLE);
    if (whole === undefined && entries.length > 0) throw otherOrder(this.#options.location, 'none');
    for (const [name, entry] of entries) {
      const file = byName.get(name);
      if (file === undefined) throw changed(name, 'it is not among the files that are read now');
      checkUnchanged(file, entry, true, entries.length === 1);
      byName.delete(name);
      consumed.push(file);
    }
    const added = [...byName.values()];
    if (this.#options.use === 'done') {
      if (added[0] !== undefined)
        throw changed(added[0].name, 'it is new, and the stream has begun after the history that was there');
      return;
    }
    if (whole === undefined) return;
    const progress = whole.untimed === undefined ? await this.#progressOfOlder(consumed, whole) : Progress.at(whole);
    for (const file of added) await this.#checkLater(file, progress.lastTime);
    if (this.#options.use !== 'read') return;
    // The files are what they were, and so is the order of their records.
    this.#watch();
    this.#records = await this.#options.open(this.#files, progress.offset);
    this.#progress = progress;
    if (whole.untimed !== undefined) this.#untimed = UntimedRecords.told(whole.untimed);
  }

  /** An older fsc had records without an event time among the others, some first and some last. */
  async #progressOfOlder(files: readonly SourceFile[], whole: PositionEntry): Promise<Progress> {
    const { location, open } = this.#options;
    const found = Progress.none(null);
    const texts: string[] = [];
    const records = await open(files, 0);
    try {
      for (let batch = await records.next(READ_ROWS); batch !== null; batch = await records.next(READ_ROWS)) {
        const timed = this.#timedRows(batch);
        found.note(batch, this.#timesOf(batch), timed);
        for (let row = timed; row < batch.batch.length; row += 1) texts.push(batch.text(row));
      }
    } finally {
      await records.close();
    }
    if (texts.length === 0) return Progress.at(whole);
    if (found.offset + texts.length !== whole.offset)
      throw changed(
        location,
        'an older fsc read a part of it in another order: records without an event time among the rest',
      );
    for (const text of texts) this.#untimed.isTold(text);
    this.#untimed = UntimedRecords.told(this.#untimed.toString());
    return found;
  }

  /** A table has no bytes to look at: its rows are compared with the checksums of those that were consumed. */
  async #readAgain(whole: PositionEntry): Promise<void> {
    const { location, use } = this.#options;
    const progress = this.#progress;
    while (progress.offset < whole.offset) {
      const batch = this.#rest ?? (await this.#read(READ_ROWS));
      this.#rest = null;
      const rows = batch === null ? 0 : Math.min(this.#timedRows(batch), whole.offset - progress.offset);
      if (batch === null || rows === 0)
        throw changedTable(
          location,
          `${counted(whole.offset, 'row was', 'rows were')} consumed, now it has ${formatCount(progress.offset)}`,
        );
      progress.note(batch, this.#timesOf(batch), rows);
      if (rows < batch.batch.length) this.#rest = tail(batch, rows);
    }
    if (whole.offset > 0 && !progress.isAt(whole))
      throw changedTable(
        location,
        plural(
          whole.offset,
          'its first row is not the one that was consumed',
          `its first ${formatCount(whole.offset)} rows are not those that were consumed`,
        ),
      );
    if (whole.untimed !== undefined) this.#untimed = UntimedRecords.told(whole.untimed);
    if (use !== 'done') return;
    const more = this.#rest ?? (await this.#read(1));
    if (more !== null && this.#timedRows(more) > 0)
      throw changedTable(location, 'it has more rows than were consumed, and the stream has begun after them');
  }

  /** A new file may only hold events after the last one consumed. */
  async #checkLater(file: SourceFile, lastTime: number): Promise<void> {
    const records = await this.#options.open([file], 0);
    try {
      const first = await records.next(1);
      if (first === null || this.#timedRows(first) === 0) return;
      const begin = this.#timesOf(first).values[0]!;
      if (begin > lastTime) return;
      throw changed(
        file.name,
        `it is new, and its events begin at ${printTimestamp(begin)}, not after ${printTimestamp(lastTime)}, up to which the log was consumed`,
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
    const entries: Record<string, PositionEntry> = Object.create(null);
    for (const watched of this.#watched) entries[watched.file.name] = watched.wholeEntry(0);
    this.#entries = entries;
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    if (this.#options.use !== 'read') return null;
    for (;;) {
      const batch = this.#rest ?? (await this.#read(maxRows));
      this.#rest = null;
      if (batch === null) return null;
      const timed = this.#timedRows(batch);
      const end = timed > 0 ? timed : this.#untimedRows(batch);
      if (end < batch.batch.length) {
        this.#rest = tail(batch, end);
        batch.batch.length = end;
      }
      const given = timed > 0 ? this.#timed(batch) : this.#newUntimed(batch);
      if (given !== null) return given;
    }
  }

  get endPosition(): LogPosition {
    return this.#position({ ...this.#progress.entry(), untimed: this.#untimed.toString() });
  }

  #timed(batch: FileBatch): RawBatch {
    const before = this.#progress.copy();
    const from = before.offset;
    const { length } = batch.batch;
    const times = this.#timesOf(batch);
    this.#progress.note(batch, times, length);
    const untimed = this.#untimed.toString();
    const all = this.#progress.entry();
    const entryAt = (rows: number): PositionEntry => {
      if (rows === length) return all;
      const progress = before.copy();
      progress.note(batch, times, rows);
      return progress.entry();
    };
    return this.#raw(
      batch,
      (row) => from + row,
      (rows) => ({ ...entryAt(rows), untimed }),
    );
  }

  /** null: all were told before. */
  #newUntimed(all: FileBatch): RawBatch | null {
    const from = this.#untimed.count;
    const rows = [...Array(all.batch.length).keys()].filter((row) => !this.#untimed.isTold(all.text(row)));
    if (rows.length === 0) return null;
    const batch = rows.length === all.batch.length ? all : pick(all, rows, this.#options.fields);
    const timed = this.#progress.entry();
    const raw = this.#raw(
      batch,
      (row) => -1 - from - row,
      (count) => ({ ...timed, untimed: this.#untimed.first(from + count) }),
    );
    return { ...raw, isUntimed: true };
  }

  #raw(batch: FileBatch, offsetOf: (row: number) => number, entryAfter: (rows: number) => PositionEntry): RawBatch {
    const partition = this.#files.length === 1 ? this.#files[0]!.name : this.#options.location;
    return {
      batch: batch.batch,
      faults: batch.faults,
      reason: batch.reason,
      text: batch.text,
      knownTimes: batch.knownTimes,
      unknownFields: batch.unknownFields,
      place: (row) => ({ partition, offset: offsetOf(row), origin: batch.origin?.(row) }),
      positionAfter: (rows) => this.#position(entryAfter(rows)),
    };
  }

  #position(whole: PositionEntry): LogPosition {
    return grownPosition(this.#entries, { [WHOLE]: whole });
  }

  #timesOf({ batch }: FileBatch): NumericVector {
    return batch.columns[this.#options.eventTimeColumn] as NumericVector;
  }

  /** Rows at the beginning that have an event time. */
  #timedRows(batch: FileBatch): number {
    const times = this.#timesOf(batch);
    const { length } = batch.batch;
    let row = 0;
    while (row < length && isTimed(times, row)) row += 1;
    return row;
  }

  #untimedRows(batch: FileBatch): number {
    const times = this.#timesOf(batch);
    const { length } = batch.batch;
    let row = 0;
    while (row < length && !isTimed(times, row)) row += 1;
    return row;
  }

  async close(): Promise<void> {
    await this.#records?.close();
    this.#records = null;
  }
}

/** What can't be read is NULL, with a fault. */
function isTimed({ values, nulls }: NumericVector, row: number): boolean {
  return (nulls === null || nulls[row] === 0) && isInRange(values[row]!);
}

function pick(from: FileBatch, rows: readonly number[], fields: readonly FieldSpec[]): FileBatch {
  const columns = new RecordColumns(fields, rows.length);
  const { faults, knownTimes, unknownFields } = from;
  for (const [row, source] of rows.entries()) {
    for (const [i, field] of fields.entries()) columns.set(i, row, valueAt(from.batch.columns[i]!, field.type, source));
  }
  return {
    batch: { length: rows.length, columns: columns.columns },
    faults: faults === null ? null : Uint8Array.from(rows, (row) => faults[row]!),
    reason: (row) => from.reason(rows[row]!),
    text: (row) => from.text(rows[row]!),
    origin: (row) => from.origin?.(rows[row]!),
    knownTimes: knownTimes === null ? null : Float64Array.from(rows, (row) => knownTimes[row]!),
    unknownFields: unknownFields === null ? null : Uint16Array.from(rows, (row) => unknownFields[row]!),
    bytesAfter: () => null,
  };
}

/** How many records with an event time were read, and what is remembered of them. */
class Progress {
  offset: number;
  lastTime: number;
  #times: number;
  readonly #rows: RowsCheck | null;

  private constructor(offset: number, times: number, lastTime: number, rows: RowsCheck | null) {
    this.offset = offset;
    this.#times = times;
    this.lastTime = lastTime;
    this.#rows = rows;
  }

  static none(rows: RowsCheck | null): Progress {
    return new Progress(0, 0, Number.NEGATIVE_INFINITY, rows);
  }

  /** Of files. */
  static at({ offset, check }: PositionEntry): Progress {
    const [sum = '', time = ''] = check?.split(':') ?? [];
    const lastTime = time === '' ? Number.NEGATIVE_INFINITY : Number(time);
    return new Progress(offset, Number.parseInt(sum, 16) | 0, lastTime, null);
  }

  copy(): Progress {
    return new Progress(this.offset, this.#times, this.lastTime, this.#rows?.copy() ?? null);
  }

  note(batch: FileBatch, { values }: NumericVector, rows: number): void {
    let times = this.#times;
    for (let row = 0; row < rows; row += 1) {
      const time = values[row]!;
      times = (Math.imul(times, 31) + (time | 0)) | 0;
      if (time > this.lastTime) this.lastTime = time;
    }
    this.#times = times;
    this.offset += rows;
    this.#rows?.add(batch, rows);
  }

  /** Of an older fsc there is the checksum over event times alone. */
  isAt({ offset, check, rows }: PositionEntry): boolean {
    return this.offset === offset && this.#check() === check && this.#rows?.isOther(rows) !== true;
  }

  entry(): PositionEntry {
    const entry = { offset: this.offset, check: this.#check() };
    return this.#rows === null ? entry : { ...entry, rows: this.#rows.toString() };
  }

  #check(): string {
    return `${(this.#times >>> 0).toString(16)}:${Number.isFinite(this.lastTime) ? this.lastTime : ''}`;
  }
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
