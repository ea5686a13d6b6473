/**
 * `order: none`: files as one relation, read sorted by (event time, key, position). A position in it is a number of records of that
 * order, with a checksum over their event times: a record that is new before it is found out (rules.md 2).
 */
import type { LogPosition } from '../log/contract.ts';
import type { RawBatch, RecordReader } from '../log/reader.ts';
import type { PhaseUse } from '../log/source-log.ts';
import type { NumericVector } from '../values/batch.ts';
import { printTimestamp } from '../values/temporal.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';
import { changed, checkUnchanged, type PositionEntry, type SourceFile, WatchedFile } from './files.ts';
import { tail } from './skip-records.ts';

/** The entry of the sorted whole among those of its files. */
export const WHOLE = '*';

export interface OrderedOptions {
  readonly files: readonly SourceFile[];
  /** What messages call the whole. */
  readonly location: string;
  readonly eventTimeColumn: number;
  readonly resume: LogPosition | null;
  readonly use: PhaseUse;
  /** Records of the files in order of (event time, key, position), after the first `skip`. */
  open(files: readonly SourceFile[], skip: number): Promise<FileRecords>;
}

export async function openOrdered(options: OrderedOptions): Promise<RecordReader> {
  const reader = new OrderedReader(options);
  if (options.resume !== null) await reader.goOn(options.resume);
  return reader;
}

class OrderedReader implements RecordReader {
  readonly #options: OrderedOptions;
  #records: FileRecords | null = null;
  #watched: readonly WatchedFile[] = [];
  readonly #entries: Record<string, PositionEntry> = Object.create(null);
  #offset = 0;
  #checksum = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  /** Read past the resume point. */
  #pending: FileBatch | null = null;

  constructor(options: OrderedOptions) {
    this.#options = options;
  }

  async goOn(resume: LogPosition): Promise<void> {
    const byName = new Map(this.#options.files.map((file) => [file.name, file]));
    const consumed = Object.entries(resume.partitions).filter(([name]) => name !== WHOLE);
    for (const [name, entry] of consumed) {
      const file = byName.get(name);
      if (file === undefined) throw changed(name, 'it is gone');
      checkUnchanged(file, entry, true, consumed.length === 1);
      byName.delete(name);
    }
    const whole = resume.partitions[WHOLE];
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
    if (this.#options.files.length === 0) {
      await this.#readAgain(whole);
      return;
    }
    // The files are what they were, and so is the order of their records.
    this.#watch();
    this.#records = await this.#options.open(this.#options.files, whole.offset);
    this.#offset = whole.offset;
    this.#checksum = checksum;
    this.#lastTime = lastTime;
  }

  /** A table has no bytes to look at: its records are compared with the checksum of those that were consumed. */
  async #readAgain(whole: PositionEntry): Promise<void> {
    while (this.#offset < whole.offset) {
      const batch = await this.#read(16_384);
      if (batch === null) throw changed(this.#options.location, 'it holds fewer records than were consumed');
      const rows = Math.min(batch.batch.length, whole.offset - this.#offset);
      this.#note(batch, rows);
      if (rows < batch.batch.length) this.#pending = tail(batch, rows);
    }
    if (this.#check() !== whole.check)
      throw changed(this.#options.location, 'its first records are not those that were consumed');
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
      this.#records = await this.#options.open(this.#options.files, 0);
    }
    const batch = await this.#records.next(maxRows);
    // A position names the files as they were before the first record was read.
    if (batch === null) for (const watched of this.#watched) watched.check(0);
    return batch;
  }

  #watch(): void {
    this.#watched = this.#options.files.map((file) => new WatchedFile(file, true));
    for (const watched of this.#watched) this.#entries[watched.file.name] = watched.wholeEntry(0);
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    if (this.#options.use !== 'read') return null;
    const batch = this.#pending ?? (await this.#read(maxRows));
    this.#pending = null;
    if (batch === null) return null;
    const from = this.#offset;
    const partition = this.#options.files.length === 1 ? this.#options.files[0]!.name : this.#options.location;
    const before = { checksum: this.#checksum, lastTime: this.#lastTime };
    this.#note(batch, batch.batch.length);
    const all = this.#check();
    const length = batch.batch.length;
    return {
      batch: batch.batch,
      faults: batch.faults,
      reason: batch.reason,
      text: batch.text,
      knownTimes: batch.knownTimes,
      unknownFields: batch.unknownFields,
      place: (row) => ({ partition, offset: from + row }),
      positionAfter: (rows) => this.#position(from + rows, rows === length ? all : this.#checkOf(batch, rows, before)),
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
  }

  #check(): string {
    return `${(this.#checksum >>> 0).toString(16)}:${Number.isFinite(this.#lastTime) ? this.#lastTime : ''}`;
  }

  /** Only where a run stops within a batch, which ends the reading. */
  #checkOf(batch: FileBatch, rows: number, before: { checksum: number; lastTime: number }): string {
    this.#checksum = before.checksum;
    this.#lastTime = before.lastTime;
    this.#note(batch, rows);
    return this.#check();
  }

  #position(offset: number, check: string): LogPosition {
    const partitions: Record<string, PositionEntry> = Object.create(null);
    Object.assign(partitions, this.#entries);
    partitions[WHOLE] = { offset, check };
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
