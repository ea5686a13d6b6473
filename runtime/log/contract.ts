import type { ColumnBatch } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import type { SqlType } from '../values/types.ts';
import type { RecordTexts } from './record-texts.ts';

/** Verdicts in the order in which they are tested (design.md section 3). Stored; nothing recomputes them. */
export const VERDICTS = [
  'accepted',
  'malformed',
  'constraint',
  'range',
  'ahead',
  'late',
  'duplicate',
  'skipped',
] as const;
export type Verdict = (typeof VERDICTS)[number];
export const ACCEPTED = 0;
export const MALFORMED = 1;
export const CONSTRAINT = 2;
export const RANGE = 3;
export const AHEAD = 4;
export const LATE = 5;
export const DUPLICATE = 6;
/** `@only` said no: not read at all in the summary's sense, counted apart. */
export const SKIPPED = 7;

/** A source as generated code gives it to the runtime. Functions are pure; errors in expressions give NULL. */
export interface SourceProgram {
  readonly spec: SourceSpec;
  /** broken[row] = 1 + index of the first CHECK that is FALSE for the row, 0 where all hold. */
  readonly check: (batch: ColumnBatch, length: number, broken: Uint16Array) => void;
  /** Columns that `only` reads (declared ones first, same indexes as spec.columns); empty if there is no @only. */
  readonly onlyColumns: readonly { readonly name: string; readonly type: SqlType; readonly path: readonly string[] }[];
  /** taken[row] = 1 where @only is TRUE. null: every record is taken. */
  readonly only: ((batch: ColumnBatch, length: number, taken: Uint8Array) => void) | null;
  /**
   * Columns that together are the entity of a view, a list a view (views with computed keys are not among them). A record whose key would be
   * over 512 bytes is malformed (design.md section 7), for every machine alike. Absent: none.
   */
  readonly entityKeys?: readonly (readonly number[])[];
}

/** One batch of one source after verdicts, in log order. Buffers belong to the log and are reused by the next batch. */
export interface LogBatch {
  /** All decoded rows, refused ones too (a malformed row holds NULLs). */
  readonly batch: ColumnBatch;
  /** Indexes of accepted rows in log order; the first `acceptedCount` entries count. */
  readonly accepted: Int32Array;
  readonly acceptedCount: number;
  /** One of the constants above, a row. */
  readonly verdicts: Uint8Array;
  readonly knownTimeMicros: Float64Array;
  /** Newest accepted event time so far, over all partitions; −Infinity before the first. */
  readonly newestMicros: number;
  /** rules.md 6; −Infinity before the first accepted event. Monotone. */
  readonly settleLineMicros: number;
  readonly counts: VerdictCounts;
  /** Its records are in no offset of the position: where records are counted they are left out. */
  readonly isUntimed: boolean;
  /** Opaque: what a journal needs to go on after this batch (positions consumed). JSON-safe. */
  readonly position: LogPosition;
  /** The records as they came where the source can't be read again (stdin, push), for the journal; null for files. */
  readonly records: RecordTexts | null;
  /** Partitions that were left out of the settle line before this batch, for the journal (rules.md 6). */
  readonly idle: readonly string[];
}

export interface VerdictCounts {
  read: number;
  accepted: number;
  duplicate: number;
  late: number;
  /** malformed + constraint + range + ahead */
  quarantined: number;
  skipped: number;
  unknownFields: number;
  /** quarantined by reason */
  readonly reasons: Record<string, number>;
}

export interface LogPosition {
  readonly partitions: Partitions;
}

/** By the name of the partition; for files, their path. */
export type Partitions = Readonly<Record<string, PositionEntry>>;

/**
 * The next offset; for files the rows consumed, with size and content check of the file. `rows`: of a table, checksum over the rows consumed.
 * `untimed`: of a sorted source, the records without an event time that were told (ordered-reader.ts); they are in no offset. `retried`: so many
 * retries are in the log (retries.ts).
 */
export interface PositionEntry {
  readonly offset: number;
  readonly bytes?: number | undefined;
  readonly check?: string | undefined;
  readonly rows?: string | undefined;
  readonly untimed?: string | undefined;
  readonly retried?: number | undefined;
}
