/** Files read one after the other in order of their paths: `order: arrival`. A batch is of one file, or of several small ones. */
import type { LogPosition, PositionEntry } from '../log/contract.ts';
import type { Origin, RawBatch, RecordReader } from '../log/reader.ts';
import type { PhaseUse } from '../log/source-log.ts';
import { compareText } from '../values/order.ts';
import { isPacked } from './byte-input.ts';
import {
  bytesAt,
  changed,
  checkUnchanged,
  fileSize,
  otherOrder,
  type SourceFile,
  WatchedFile,
  WHOLE,
} from './files.ts';
import { joinedBatch, partAt, startsOf } from './joined-batch.ts';
import { STDIN_PARTITION } from './location.ts';

/** A batch of one file, before it has a position. */
export interface FileBatch
  extends Pick<RawBatch, 'batch' | 'faults' | 'reason' | 'text' | 'knownTimes' | 'unknownFields'> {
  /** Where a record at fault stands, if that is not told by its place. */
  readonly origin?: (row: number) => Origin | undefined;
  /** Bytes of the file consumed after the first `rows` records; null where only whole files can be named (.gz). */
  bytesAfter(rows: number): number | null;
}

export interface FileRecords {
  next(maxRows: number): Promise<FileBatch | null>;
  /** Bytes of the file that were read, blank ends included; null where only whole files can be named. */
  readonly endByte: number | null;
  close(): Promise<void>;
}

export interface FileStart {
  /** Where reading begins; 0 where the file can't be entered in the middle. */
  readonly byte: number;
  /** Records to pass over from there. */
  readonly skip: number;
  /** A later run goes on at its end: a last line that is no whole record may be the beginning of one, and is left to that run. */
  readonly mayGrow: boolean;
}

export type OpenFile = (file: SourceFile, start: FileStart) => Promise<FileRecords>;

/** Can't be entered in the middle, and can't have grown at the end. */
function isWholeOnly(name: string): boolean {
  return isPacked(name) || /\.parquet$/i.test(name);
}

/** A file is small if so many like it make a batch, and no more files than that are opened for one. */
const SMALL_SHARE = 8;
const MOST_JOINED = 256;

/** What was read of a file: all of it, unless it is the last of its batch. */
interface Part {
  readonly watched: WatchedFile;
  readonly batch: FileBatch;
  /** Of its first record. */
  readonly from: number;
  /** Files that had ended before it in this batch. */
  readonly ended: number;
}

export class FileSequence implements RecordReader {
  readonly #files: readonly SourceFile[];
  readonly #openFile: OpenFile;
  readonly #mayGrow: boolean;
  readonly #done: Record<string, PositionEntry> = Object.create(null);
  /** That ended since the last batch was given: a position inside the batch is before some of them. */
  #ended: (readonly [name: string, entry: PositionEntry])[] = [];
  #index = 0;
  #watched: WatchedFile | null = null;
  #records: FileRecords | null = null;
  #offset = 0;
  #resume: PositionEntry | null = null;

  private constructor(files: readonly SourceFile[], openFile: OpenFile, mayGrow: boolean) {
    this.#files = files;
    this.#openFile = openFile;
    this.#mayGrow = mayGrow;
  }

  /** `mayGrow`: a later run goes on at the end of the last file. */
  static async open(
    files: readonly SourceFile[],
    resume: LogPosition | null,
    use: PhaseUse,
    openFile: OpenFile,
    mayGrow = false,
  ): Promise<FileSequence> {
    const reader = new FileSequence(files, openFile, mayGrow);
    if (resume !== null) reader.#goOn(resume, use);
    return reader;
  }

  #goOn(resume: LogPosition, use: PhaseUse): void {
    const { [STDIN_PARTITION]: stdin, ...files } = resume.partitions;
    if (WHOLE in files) throw otherOrder(this.#files[0]?.name ?? WHOLE, 'arrival');
    // What stdin brought between files keeps its place.
    if (stdin !== undefined) this.#done[STDIN_PARTITION] = stdin;
    const consumed = Object.keys(files).sort(compareText);
    for (const [i, name] of consumed.entries()) {
      const file = this.#files[i];
      if (file === undefined || compareText(file.name, name) > 0)
        throw changed(name, 'it is not among the files that are read now');
      if (file.name !== name) throw changed(file.name, `it is new and sorts before \`${name}\`, which was consumed`);
      const entry = resume.partitions[name]!;
      const isLast = i === consumed.length - 1;
      checkUnchanged(file, entry, !isLast || isWholeOnly(name), isLast);
      if (isLast) this.#resume = entry;
      else this.#done[name] = entry;
    }
    this.#index = Math.max(0, consumed.length - 1);
    if (use === 'done') this.#checkNothingNew(consumed.length);
  }

  /** Blank lines may follow the last record. */
  #checkNothingNew(consumed: number): void {
    const extra = this.#files[consumed];
    if (extra !== undefined)
      throw changed(extra.name, 'it is new, and the stream has begun after the history that was there');
    const last = this.#files[consumed - 1];
    const from = this.#resume?.bytes ?? 0;
    if (last === undefined || isWholeOnly(last.name)) return;
    const size = fileSize(last);
    if (size === from) return;
    const rest = bytesAt(last, from, Math.min(size - from, 1 << 16));
    if (/\S/.test(rest.toString('latin1')))
      throw changed(last.name, 'it grew, and the stream has begun after what was there');
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    for (const [name, entry] of this.#ended) this.#done[name] = entry;
    this.#ended = [];
    const parts: Part[] = [];
    let rows = 0;
    while (this.#index < this.#files.length) {
      const part = await this.#nextPart(maxRows);
      if (part === null) continue;
      parts.push(part);
      rows += part.batch.batch.length;
      const isSmall = part.batch.batch.length * SMALL_SHARE <= maxRows && this.#isAtEnd(part);
      if (!isSmall) break;
      // Nothing is asked of it any more, so its batch stays as it is.
      await this.#endFile(part.watched.file.name);
      if (parts.length === MOST_JOINED || rows * SMALL_SHARE > maxRows * (SMALL_SHARE - 1)) break;
    }
    return parts.length === 0 ? null : this.#positioned(parts);
  }

  /** null: the file has ended. */
  async #nextPart(maxRows: number): Promise<Part | null> {
    const file = this.#files[this.#index]!;
    this.#records ??= await this.#openNext(file);
    const batch = await this.#records.next(maxRows);
    if (batch === null) {
      await this.#endFile(file.name);
      return null;
    }
    const from = this.#offset;
    this.#offset += batch.batch.length;
    return { watched: this.#watched!, batch, from, ended: this.#ended.length };
  }

  #isAtEnd({ watched, batch }: Part): boolean {
    const bytes = batch.bytesAfter(batch.batch.length);
    return bytes !== null && watched.isSize(bytes);
  }

  async #endFile(name: string): Promise<void> {
    const records = this.#records!;
    this.#ended.push([name, this.#endOf(records)]);
    await records.close();
    this.#records = null;
    this.#offset = 0;
    this.#index += 1;
  }

  get endPosition(): LogPosition {
    return { partitions: { ...this.#done, ...Object.fromEntries(this.#ended) } };
  }

  /** What a file gained after its end was read was not read. */
  #endOf({ endByte }: FileRecords): PositionEntry {
    const watched = this.#watched!;
    if (endByte !== null) return watched.entryAt(this.#offset, endByte);
    const entry = watched.wholeEntry(this.#offset);
    watched.check(entry.bytes ?? 0);
    return entry;
  }

  async #openNext(file: SourceFile): Promise<FileRecords> {
    const resume = this.#resume;
    this.#resume = null;
    this.#offset = resume?.offset ?? 0;
    this.#watched = new WatchedFile(file, isWholeOnly(file.name));
    const mayGrow = this.#mayGrow && this.#index === this.#files.length - 1;
    if (resume === null) return this.#openFile(file, { byte: 0, skip: 0, mayGrow });
    return isWholeOnly(file.name)
      ? this.#openFile(file, { byte: 0, skip: resume.offset, mayGrow })
      : this.#openFile(file, { byte: resume.bytes ?? 0, skip: 0, mayGrow });
  }

  #positioned(parts: readonly Part[]): RawBatch {
    const batches = parts.map(({ batch }) => batch);
    const starts = startsOf(batches);
    const { batch, faults, reason, text, knownTimes, unknownFields } = joinedBatch(batches, starts);
    return {
      ...{ batch, faults, reason, text, knownTimes, unknownFields },
      place: (row) => {
        const i = partAt(starts, row);
        const { watched, from } = parts[i]!;
        return { partition: watched.file.name, offset: from + row - starts[i]! };
      },
      positionAfter: (rows) => {
        const i = partAt(starts, rows - 1);
        return this.#positionAfter(parts[i]!, rows - starts[i]!);
      },
    };
  }

  #positionAfter({ watched, batch, from, ended }: Part, rows: number): LogPosition {
    const partitions: Record<string, PositionEntry> = Object.create(null);
    Object.assign(partitions, this.#done);
    for (const [name, entry] of this.#ended.slice(0, ended)) partitions[name] = entry;
    const bytes = batch.bytesAfter(rows);
    const offset = from + rows;
    partitions[watched.file.name] = bytes === null ? watched.wholeEntry(offset) : watched.entryAt(offset, bytes);
    return { partitions };
  }

  async close(): Promise<void> {
    await this.#records?.close();
    this.#records = null;
  }
}
