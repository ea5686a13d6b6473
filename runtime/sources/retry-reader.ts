/**
 * Files, with the retries of their source between their records: new ones as soon as the files have been read as far as an earlier run had
 * read them, replayed ones exactly where they were.
 */
import type { LogPosition } from '../log/contract.ts';
import type { RawBatch, RecordReader } from '../log/reader.ts';
import { RETRIES_PARTITION, type ReplayedRetries, type RetryFeed } from '../log/retries.ts';
import type { ColumnVector } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { grownPosition, partsOf } from '../values/positions.ts';
import { JsonLineDecoder } from './jsonl.ts';
import type { FieldSpec } from './record-columns.ts';

/** A batch of retries. */
const MAX_RETRIES = 16_384;

/** Without what the files' own reader does not know. */
export function withoutRetries(position: LogPosition | null): LogPosition | null {
  if (position === null) return null;
  const partitions = Object.fromEntries(
    Object.entries(position.partitions).filter(([name]) => name !== RETRIES_PARTITION),
  );
  return Object.keys(partitions).length === 0 ? null : { partitions };
}

export class RetryReader implements RecordReader {
  readonly #files: RecordReader;
  readonly #feed: RetryFeed;
  readonly #decoder: JsonLineDecoder;
  readonly #replayed: ReplayedRetries[];
  #position: LogPosition;
  /** Records of the files that were given. */
  #read: number;
  #retried: number;
  /** The rest of a batch that went further than the place of replayed retries. */
  #rest: RawBatch | null = null;
  #hasAsked = false;

  constructor(
    files: RecordReader,
    feed: RetryFeed,
    spec: SourceSpec,
    fields: readonly FieldSpec[],
    resume: LogPosition | null,
  ) {
    this.#files = files;
    this.#feed = feed;
    this.#decoder = new JsonLineDecoder(spec, fields);
    this.#replayed = [...feed.replayed];
    this.#position = withoutRetries(resume) ?? { partitions: {} };
    this.#read = Object.values(this.#position.partitions).reduce((sum, { offset }) => sum + offset, 0);
    this.#retried = feed.taken;
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    const due = this.#replayed[0];
    if (due !== undefined && this.#read >= due.at) {
      this.#replayed.shift();
      return { ...this.#retries(due.records, Float64Array.from(due.knownTimes)), journaled: { idle: [] } };
    }
    if (due === undefined && this.#read >= this.#feed.openFrom) {
      const texts = this.#newTexts();
      if (texts.length > 0) {
        const known = new Float64Array(texts.length).fill(this.#feed.clock.nowMicros());
        return this.#retries(texts, known);
      }
    }
    return this.#nextOfFiles(maxRows, due === undefined ? Number.POSITIVE_INFINITY : due.at - this.#read);
  }

  /** Asked for by the time the run began; what is asked for later is the next run's. */
  #newTexts(): readonly string[] {
    if (this.#hasAsked) return [];
    const texts = this.#feed.from(this.#retried, MAX_RETRIES + 1);
    this.#hasAsked = texts.length <= MAX_RETRIES;
    return texts.slice(0, MAX_RETRIES);
  }

  async #nextOfFiles(maxRows: number, limit: number): Promise<RawBatch | null> {
    const raw = this.#rest ?? (await this.#files.next(Math.min(maxRows, limit)));
    this.#rest = null;
    if (raw === null) return null;
    const isTooLong = raw.batch.length > limit && raw.isUntimed !== true;
    if (isTooLong) this.#rest = tailOf(raw, limit);
    const given = isTooLong ? headOf(raw, limit) : raw;
    if (given.isUntimed !== true) this.#read += given.batch.length;
    return { ...given, positionAfter: (rows) => this.#positionOf(given.positionAfter(rows)) };
  }

  #positionOf(files: LogPosition): LogPosition {
    this.#position = files;
    return this.#withRetries(this.#retried);
  }

  #withRetries(retried: number): LogPosition {
    if (retried === 0) return this.#position;
    const [moved, done = {}] = partsOf(this.#position);
    // They are counted apart: the offset is for records of the files.
    return grownPosition(done, { ...moved, [RETRIES_PARTITION]: { offset: 0, retried } });
  }

  #retries(texts: readonly string[], knownTimes: Float64Array): RawBatch {
    const from = this.#retried;
    this.#retried += texts.length;
    return {
      ...this.#decoder.decode(texts, texts.length, new Map()),
      knownTimes,
      isRetried: true,
      place: (row) => ({ partition: RETRIES_PARTITION, offset: from + row }),
      positionAfter: (rows) => this.#withRetries(from + rows),
    };
  }

  async close(): Promise<void> {
    await this.#files.close();
  }
}

function headOf(raw: RawBatch, rows: number): RawBatch {
  return { ...raw, batch: { length: rows, columns: raw.batch.columns } };
}

/** Views of the same buffers, which stay as they are until the next batch is asked for. */
function tailOf(raw: RawBatch, from: number): RawBatch {
  return {
    ...raw,
    batch: { length: raw.batch.length - from, columns: raw.batch.columns.map((vector) => vectorFrom(vector, from)) },
    faults: raw.faults?.subarray(from) ?? null,
    reason: (row) => raw.reason(from + row),
    text: (row) => raw.text(from + row),
    place: (row) => raw.place(from + row),
    knownTimes: raw.knownTimes?.subarray(from) ?? null,
    unknownFields: raw.unknownFields?.subarray(from) ?? null,
    positionAfter: (rows) => raw.positionAfter(from + rows),
  };
}

function vectorFrom(vector: ColumnVector, from: number): ColumnVector {
  const nulls = vector.nulls?.subarray(from) ?? null;
  if (vector.kind === 'text') {
    return {
      ...vector,
      nulls,
      strings: vector.strings?.slice(from) ?? null,
      codes: vector.codes?.subarray(from) ?? null,
    };
  }
  const wide = vector.wide === null ? null : new Map([...vector.wide].map(([row, value]) => [row - from, value]));
  return { ...vector, nulls, values: vector.values.subarray(from), wide };
}
