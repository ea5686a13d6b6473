/**
 * The archive (design.md section 6): every record of a source that can't be read again, with position, known time and verdict, as Parquet
 * files named by source, partition and offset range, so that a redone write is the same file. Takes LogBatches in log order.
 */
import { type LogBatch, VERDICTS } from '../../log/contract.ts';
import { RecordLines, type RecordTexts } from '../../log/record-texts.ts';
import { parquetRelation } from '../../sources/duckdb-scan.ts';
import {
  type ColumnBatch,
  type ColumnVector,
  type NumericVector,
  type TextVector,
  textAt,
} from '../../values/batch.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import type { SqlType } from '../../values/types.ts';
import {
  type ArchivedFile,
  archivedFiles,
  checkedPaths,
  copyTo,
  listArchive,
  removeTemporaries,
  sourceFolder,
  writeArchived,
} from './archive-files.ts';
import { mergeSmallFiles } from './archive-merge.ts';
import { KeptChunks } from './kept-chunks.ts';
import { columnTypeText, quoteName } from './load.ts';
import { RecordFeed } from './record-feed.ts';
import { type DuckDbSession, openDuckDb } from './session.ts';
import { type LinesVector, plainText } from './strings.ts';

const FEED = 'archive';
/** Columns beside the declared ones, which can't begin so (names of fsc's own are reserved). */
export const ARCHIVE_COLUMNS = ['_fsc_offset', '_fsc_known_time', '_fsc_verdict', '_fsc_text'] as const;
const EXTRA_TYPES: readonly SqlType[] = [
  { kind: 'bigint' },
  { kind: 'timestamp' },
  { kind: 'text', maxLength: null },
  { kind: 'text', maxLength: null },
];

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
    const range = { partition: this.#partition, from: this.#from, to: this.#to };
    const old = archivedFiles(this.#folder).filter(
      (file) => file.partition === range.partition && file.from >= range.from,
    );
    if (old.some((file) => file.to > range.to))
      throw new Error(`archive: ${range.from}-${range.to} of ${range.partition} would take the place of more`);
    const write = (temporary: string): Promise<void> => this.#feed.run(copyTo(`SELECT * FROM ${FEED}()`, temporary));
    const written = await writeArchived(this.#folder, range, write, old);
    this.#kept.clear();
    return written;
  }

  /** Puts small files together, once a snapshot knows of all records that were flushed. */
  merge(nowMillis: number): Promise<void> {
    return mergeSmallFiles(this.#session, this.#folder, this.#partition, nowMillis);
  }

  async close(): Promise<void> {
    await this.#feed.end();
    this.#session.close();
  }
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
