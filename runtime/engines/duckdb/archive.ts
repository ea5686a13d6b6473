/**
 * The archive (design.md section 6): every record of a source that can't be read again, with position, known time and verdict, as Parquet
 * files named by source, partition and offset range, so that a redone write is the same file. Nothing else has these records, so their names
 * end in the checksum of their bytes.
 *
 * Reads: LogBatches in log order. Writes: `<folder>/<source>/<partition>.<from>-<to>.<checksum>.parquet`, offsets [from, to).
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogBatch, VERDICTS } from '../../log/contract.ts';
import { fileChecksum, makeFolder, syncFolder, writeFault } from '../../log/durable-file.ts';
import { RecordLines, type RecordTexts } from '../../log/record-texts.ts';
import { parquetRelation, quoteText } from '../../sources/duckdb-scan.ts';
import type { ColumnBatch, ColumnVector, NumericVector, TextVector } from '../../values/batch.ts';
import { errorCode, FscError, messageOf } from '../../values/errors.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import type { SqlType } from '../../values/types.ts';
import { KeptChunks } from './kept-chunks.ts';
import { columnTypeText, quoteName } from './load.ts';
import { RecordFeed } from './record-feed.ts';
import { type DuckDbSession, openDuckDb } from './session.ts';
import { type LinesVector, plainText } from './strings.ts';

const FEED = 'archive';
/** Columns of more different values in a row group have no dictionary, and DuckDB gives up sooner to look for one. */
const DICTIONARY_TEXTS = 4096;

/** Columns beside the declared ones, which can't begin so (names of fsc's own are reserved). */
export const ARCHIVE_COLUMNS = ['_fsc_offset', '_fsc_known_time', '_fsc_verdict', '_fsc_text'] as const;
const EXTRA_TYPES: readonly SqlType[] = [
  { kind: 'bigint' },
  { kind: 'timestamp' },
  { kind: 'text', maxLength: null },
  { kind: 'text', maxLength: null },
];

export interface ArchivedFile {
  readonly path: string;
  readonly partition: string;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly checksum: string;
}

/** Gathers the records of one partition of one source between two snapshots. */
export class Archive {
  readonly #folder: string;
  readonly #partition: string;
  readonly #declared: number;
  readonly #session: DuckDbSession;
  readonly #kept: KeptChunks;
  readonly #feed: RecordFeed;
  #from = 0;
  #to = 0;

  private constructor(folder: string, spec: SourceSpec, partition: string, session: DuckDbSession) {
    this.#folder = sourceFolder(folder, spec.name);
    this.#partition = partition;
    this.#session = session;
    this.#declared = spec.columns.length;
    const columns = [...spec.columns, ...ARCHIVE_COLUMNS.map((name, i) => ({ name, type: EXTRA_TYPES[i]! }))];
    this.#kept = new KeptChunks(columns.map((column) => column.type));
    this.#feed = new RecordFeed(session, FEED, columns, this.#kept);
  }

  static async open(folder: string, spec: SourceSpec, partition: string): Promise<Archive> {
    removeTemporaries(sourceFolder(folder, spec.name));
    return new Archive(folder, spec, partition, await openDuckDb({ threads: 1 }));
  }

  /**
   * `firstOffset` is the offset of the batch's first record. Batches follow one another. Replayed batches bring no texts: the journal
   * that they came from has them.
   */
  add(batch: LogBatch, firstOffset: number, texts: RecordTexts | null = batch.records): void {
    if (this.#kept.length === 0) this.#from = firstOffset;
    else if (firstOffset !== this.#to) throw new Error(`archive: batch at ${firstOffset} after ${this.#to}`);
    const { length, columns } = batch.batch;
    const all = [...columns.slice(0, this.#declared), ...extraColumns(batch, firstOffset, texts)];
    this.#kept.add({ batch: { length, columns: all }, rows: null, count: length });
    this.#to = firstOffset + length;
  }

  /**
   * What was added since the last flush, as one file on the disk; before the journal forgets it. Files of a run that was redone from the
   * same place are replaced: it reads at least the records that they hold.
   */
  async flush(): Promise<ArchivedFile | null> {
    if (this.#kept.length === 0) return null;
    const name = `${encodeURIComponent(this.#partition)}.${this.#from}-${this.#to}`;
    const temporary = join(this.#folder, `.${randomUUID()}.tmp`);
    const old = archivedFiles(this.#folder).filter(
      (file) => file.partition === this.#partition && file.from >= this.#from,
    );
    if (old.some((file) => file.to > this.#to)) throw new Error(`archive: ${name} would take the place of more`);
    try {
      makeFolder(this.#folder);
      await this.#feed.run(copyTo(`SELECT * FROM ${FEED}()`, temporary));
      const written = await this.#publish(temporary, this.#from, this.#to);
      for (const file of old) if (file.path !== written.path) rmSync(file.path, { force: true });
      syncFolder(this.#folder);
      this.#kept.clear();
      return written;
    } catch (error) {
      removeIfPossible(temporary);
      throw writeFault(join(this.#folder, name), error);
    }
  }

  /** The records are on the disk under their new name when this returns. */
  async #publish(temporary: string, from: number, to: number): Promise<ArchivedFile> {
    await syncFile(temporary);
    const checksum = await fileChecksum(temporary);
    const name = `${encodeURIComponent(this.#partition)}.${from}-${to}.${checksum}.parquet`;
    const path = join(this.#folder, name);
    renameSync(temporary, path);
    syncFolder(this.#folder);
    return { path, partition: this.#partition, from, to, checksum };
  }

  /**
   * Puts small files together, so that a stream that goes on for months leaves dozens of files and not hundreds of thousands. Only when a snapshot
   * knows of all records that were flushed: a run that is redone from before them writes over whole files.
   */
  async merge(nowMillis: number): Promise<void> {
    const files = archivedFiles(this.#folder).filter((file) => file.partition === this.#partition);
    const counted = withoutOverlaps(files);
    try {
      removeMerged(files, counted, nowMillis);
      let rest = counted;
      for (let merges = 0; merges < MERGES_A_SNAPSHOT; merges += 1) {
        const tail = await this.#likeTheLast(mergeable(rest));
        if (tail.length < MERGED_FILES) return;
        rest = [...rest.slice(0, -tail.length), await this.#mergeFiles(tail)];
      }
    } catch (error) {
      // The records are all there. A file that is broken is told to whoever reads it, a full disk to whoever has to write.
      if (!(error instanceof FscError)) throw error;
    }
  }

  /** Of files at the end of a list: those whose columns are the last one's. */
  async #likeTheLast(files: readonly ArchivedFile[]): Promise<readonly ArchivedFile[]> {
    if (files.length < MERGED_FILES) return [];
    const columns: string[] = [];
    for (const path of await checkedPaths(files)) columns.push(await this.#columnsOf(path));
    const other = columns.findLastIndex((text) => text !== columns.at(-1));
    return files.slice(other + 1);
  }

  async #columnsOf(path: string): Promise<string> {
    const { batch } = await this.#session.readColumns(
      `SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE SELECT * FROM ${parquetRelation([path])})`,
    );
    return textAt(batch.columns[0] as TextVector, 0);
  }

  /** They stay until whoever had listed them has read them; from here on the larger one counts. */
  async #mergeFiles(files: readonly ArchivedFile[]): Promise<ArchivedFile> {
    const [from, to] = [(files[0] as ArchivedFile).from, (files.at(-1) as ArchivedFile).to];
    const temporary = join(this.#folder, `.${randomUUID()}.tmp`);
    try {
      const paths = files.map((file) => file.path);
      await this.#session.run(copyTo(`SELECT * FROM ${parquetRelation(paths)}`, temporary));
      await this.#checkMerged(temporary, from, to);
      return await this.#publish(temporary, from, to);
    } catch (error) {
      removeIfPossible(temporary);
      throw writeFault(temporary, error);
    }
  }

  async #checkMerged(path: string, from: number, to: number): Promise<void> {
    const { batch } = await this.#session.readColumns(
      `SELECT count(DISTINCT _fsc_offset), count(*), min(_fsc_offset), max(_fsc_offset) FROM ${parquetRelation([path])}`,
    );
    const found = batch.columns.map((column) => (column as NumericVector).values[0]);
    if (found.join() !== [to - from, to - from, from, to - 1].join())
      throw new Error(`archive: ${path} is to hold the records from ${from} to ${to}, and holds ${found.join(', ')}`);
  }

  async close(): Promise<void> {
    await this.#feed.end();
    this.#session.close();
  }
}

function copyTo(query: string, path: string): string {
  return `COPY (${query}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT ${DICTIONARY_TEXTS})`;
}

/** So many files of at most so many rows make one of the next size. */
const MERGED_FILES = 16;
const SMALL_ROWS = 65_536;
const MOST_MERGED_BYTES = 64 << 20;
/** What one snapshot may do, if an archive was never put together. */
const MOST_FILES_AT_ONCE = 1024;
const MERGES_A_SNAPSHOT = 3;
/** Readers list files and then read them. */
const KEPT_AFTER_MERGE_MILLIS = 3_600_000;

function sizeOf({ from, to }: ArchivedFile): number {
  return Math.floor(Math.log2(to - from) / Math.log2(MERGED_FILES));
}

/** The files at the end of a list that follow one another, and of which none is larger than the last by a size; no more than can be put together at once. */
function mergeable(files: readonly ArchivedFile[]): readonly ArchivedFile[] {
  const last = files.at(-1);
  if (last === undefined) return [];
  let first = files.length;
  let bytes = 0;
  for (let next = last.to; first > 0 && files.length - first < MOST_FILES_AT_ONCE; first -= 1) {
    const file = files[first - 1] as ArchivedFile;
    if (file.to !== next || file.to - file.from >= SMALL_ROWS || sizeOf(file) > sizeOf(last)) break;
    bytes += statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes > MOST_MERGED_BYTES) break;
    next = file.from;
  }
  return files.slice(first);
}

/** Those in whose place a larger one has counted for long enough. */
function removeMerged(files: readonly ArchivedFile[], counted: readonly ArchivedFile[], nowMillis: number): void {
  const kept = new Set(counted.map(({ path }) => path));
  for (const { path, from, to } of files) {
    if (kept.has(path)) continue;
    const larger = counted.find((file) => file.from <= from && file.to >= to);
    const madeMillis = larger === undefined ? undefined : statSync(larger.path, { throwIfNoEntry: false })?.mtimeMs;
    if (madeMillis !== undefined && nowMillis - madeMillis > KEPT_AFTER_MERGE_MILLIS) rmSync(path, { force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Else the next run does it. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What went wrong before is what is told.
  }
}

/** Of a run that was killed. The state folder's lock keeps others out meanwhile. */
function removeTemporaries(folder: string): void {
  for (const name of namesIn(folder))
    if (/^\.[0-9a-f-]{36}\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
}

function sourceFolder(folder: string, source: string): string {
  return join(folder, encodeURIComponent(source));
}

/** Files of a source, by partition and offset, without overlaps: where a crash left two, the later and longer one counts. */
export function listArchive(folder: string, source: string): readonly ArchivedFile[] {
  return withoutOverlaps(archivedFiles(sourceFolder(folder, source)));
}

function withoutOverlaps(all: readonly ArchivedFile[]): readonly ArchivedFile[] {
  const files = [...all].sort(
    (a, b) => Buffer.compare(Buffer.from(a.partition), Buffer.from(b.partition)) || a.from - b.from || b.to - a.to,
  );
  const kept: ArchivedFile[] = [];
  for (const file of files) {
    const last = kept.at(-1);
    if (last === undefined || last.partition !== file.partition || file.from >= last.to) kept.push(file);
  }
  return kept;
}

/** How many records the archive of a partition holds from its first on: up to the last, and up to the first that is missing. */
export function archiveExtent(
  folder: string,
  source: string,
  partition: string,
): { readonly end: number; readonly wholeTo: number } {
  let end = 0;
  let wholeTo = 0;
  for (const file of listArchive(folder, source)) {
    if (file.partition !== partition) continue;
    if (file.from === wholeTo) wholeTo = file.to;
    end = file.to;
  }
  return { end, wholeTo };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function archivedFiles(folder: string): ArchivedFile[] {
  return namesIn(folder).flatMap((name) => {
    const match = /^([^.][^/]*)\.(\d+)-(\d+)\.([0-9a-f]{8})\.parquet$/.exec(name);
    if (match === null) return [];
    const [, partition, from, to, checksum] = match as string[] as [string, string, string, string, string];
    return [
      {
        path: join(folder, name),
        partition: decodeURIComponent(partition),
        from: Number(from),
        to: Number(to),
        checksum,
      },
    ];
  });
}

const VERDICT_NAMES: string[] = [...VERDICTS];

/** Offset, known time, verdict and text of each record. */
function extraColumns(
  batch: LogBatch,
  firstOffset: number,
  texts: RecordTexts | null,
): readonly (ColumnVector | LinesVector)[] {
  const { length } = batch.batch;
  const offsets = new Float64Array(length);
  for (let row = 0; row < length; row += 1) offsets[row] = firstOffset + row;
  const verdicts = new Int32Array(batch.verdicts.subarray(0, length));
  return [
    { kind: 'numeric', values: offsets, nulls: null, wide: null },
    { kind: 'numeric', values: batch.knownTimeMicros, nulls: null, wide: null },
    { kind: 'text', strings: null, codes: verdicts, dictionary: VERDICT_NAMES, dictionaryId: -1, nulls: null },
    textColumn(texts, length),
  ];
}

function textColumn(texts: RecordTexts | null, length: number): ColumnVector | LinesVector {
  if (texts instanceof RecordLines) return { kind: 'lines', lines: texts, nulls: null };
  return {
    kind: 'text',
    strings: texts === null ? new Array<string>(length).fill('') : texts.slice(0, length).map(plainText),
    codes: null,
    dictionary: null,
    dictionaryId: 0,
    nulls: texts === null ? new Uint8Array(length).fill(1) : null,
  };
}

export interface ArchivedRecords {
  readonly records: readonly string[];
  readonly knownTimes: readonly number[];
  readonly verdicts: Uint8Array;
}

/** The records of a partition up to an offset, in their order: for reading them again (`run --rebuild`). */
export async function* archivedTexts(
  folder: string,
  source: string,
  partition: string,
  upToOffset: number,
): AsyncGenerator<ArchivedRecords> {
  const paths = await filesBefore(folder, source, partition, upToOffset);
  if (paths.length === 0) return;
  const session = await openDuckDb({ threads: 1 });
  try {
    const { batches } = await session.streamColumns(
      `SELECT _fsc_text, _fsc_known_time, _fsc_verdict FROM ${parquetRelation(paths)} WHERE _fsc_offset < ${upToOffset} ORDER BY _fsc_offset`,
    );
    for await (const { length, columns } of batches) {
      const [texts, times, names] = columns as readonly [TextVector, NumericVector, TextVector];
      const records = Array.from({ length }, (_, row) => textAt(texts, row));
      const verdicts = Uint8Array.from({ length }, (_, row) => VERDICT_NAMES.indexOf(textAt(names, row)));
      yield { records, knownTimes: Array.from(times.values.subarray(0, length)), verdicts };
    }
  } finally {
    session.close();
  }
}

const FLOOR_ROWS = 16_384;

/**
 * By offset: no record from there on up to the other offset was accepted with an older event time. Micros; Infinity: none was. Known by stretches of
 * records, so it may be of some before the offset too.
 */
export async function archivedFloor(
  folder: string,
  spec: SourceSpec,
  partition: string,
  upToOffset: number,
): Promise<(offset: number) => number> {
  const floorAt = (offset: number): number => leastMicros[Math.floor(offset / FLOOR_ROWS)] ?? Number.POSITIVE_INFINITY;
  const paths = await filesBefore(folder, spec.name, partition, upToOffset);
  const leastMicros = new Array<number>(Math.ceil(upToOffset / FLOOR_ROWS)).fill(Number.POSITIVE_INFINITY);
  if (paths.length === 0) return floorAt;
  const session = await openDuckDb({ threads: 1 });
  try {
    const time = `epoch_us(CAST(${quoteName(spec.columns[spec.eventTimeColumn]!.name)} AS TIMESTAMP))`;
    const { batch } = await session.readColumns(
      `SELECT _fsc_offset // ${FLOOR_ROWS}, min(${time}) FROM ${parquetRelation(paths)} WHERE _fsc_verdict = 'accepted' AND _fsc_offset < ${upToOffset} GROUP BY ALL`,
    );
    const [stretches, least] = batch.columns as readonly [NumericVector, NumericVector];
    for (let row = 0; row < batch.length; row += 1) leastMicros[stretches.values[row]!] = least.values[row]!;
  } finally {
    session.close();
  }
  for (let i = leastMicros.length - 2; i >= 0; i -= 1) leastMicros[i] = Math.min(leastMicros[i]!, leastMicros[i + 1]!);
  return floorAt;
}

/** Accepted records of a partition up to an offset, in order of (event time, key), in the declared columns. */
export async function* archivedAccepted(
  folder: string,
  spec: SourceSpec,
  partition: string,
  upToOffset: number,
): AsyncGenerator<ColumnBatch> {
  const paths = await filesBefore(folder, spec.name, partition, upToOffset);
  if (paths.length === 0) return;
  const session = await openDuckDb({ threads: 1 });
  try {
    const columns = spec.columns.map((column) => `CAST(${quoteName(column.name)} AS ${columnTypeText(column.type)})`);
    const order = [spec.eventTimeColumn, ...spec.keyColumns].map((column) => quoteName(spec.columns[column]!.name));
    const { batches } = await session.streamColumns(
      `SELECT ${columns.join(', ')} FROM ${parquetRelation(paths)} WHERE _fsc_verdict = 'accepted' AND _fsc_offset < ${upToOffset} ORDER BY ${order.join(', ')}, _fsc_offset`,
    );
    yield* batches;
  } finally {
    session.close();
  }
}

async function filesBefore(
  folder: string,
  source: string,
  partition: string,
  upToOffset: number,
): Promise<readonly string[]> {
  return checkedPaths(
    listArchive(folder, source).filter((file) => file.partition === partition && file.from < upToOffset),
  );
}

/** Paths of the files, whose bytes are those that were written. */
export async function checkedPaths(files: readonly ArchivedFile[]): Promise<readonly string[]> {
  for (const { path, checksum } of files) {
    if ((await checksumOf(path)) === checksum) continue;
    throw new FscError(
      'FSC7119',
      1,
      `the archive file ${path} is corrupt`,
      'its bytes are not those that its checksum was made of',
      'restore it from a backup: nothing else has its records',
    );
  }
  return files.map((file) => file.path);
}

async function checksumOf(path: string): Promise<string> {
  try {
    return await fileChecksum(path);
  } catch (error) {
    throw new FscError('FSC7119', 1, `cannot read the archive file ${path}`, messageOf(error), null);
  }
}

function textAt(vector: TextVector, row: number): string {
  if (vector.codes === null) return vector.strings?.[row] ?? '';
  return vector.dictionary?.[vector.codes[row]!] ?? '';
}
