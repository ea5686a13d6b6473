/**
 * Where records come from: files and stdin now, brokers later, behind one interface. A reader decodes, it never judges: which of
 * its records count is the log's business (judge.ts).
 */
import type { ColumnBatch } from '../values/batch.ts';
import type { LogPosition } from './contract.ts';
import type { RecordLines } from './record-texts.ts';

export const DECODED = 0;
/** A field has a value that its column can't take; `@only` may still say that the record is none of ours. */
export const FIELD_FAULT = 1;
/** Not even a record (broken JSON, a line too long), or a field that `@only` reads is wrong. */
export const RECORD_FAULT = 2;

/** Which record: partition (a file's path, `-`) and offset in it, 0-based. */
export interface Place {
  readonly partition: string;
  readonly offset: number;
  /** Where the record stands, if that is not its place: of files that are read sorted. */
  readonly origin?: Origin | undefined;
}

/** A record of a file, 0-based. */
export interface Origin {
  readonly file: string;
  readonly row: number;
}

/** One batch as read, in reading order. Its buffers belong to the reader and are reused by the next batch. */
export interface RawBatch {
  /** The source's columns, then the undeclared ones that `@only` reads. A field at fault is NULL. */
  readonly batch: ColumnBatch;
  /** DECODED, FIELD_FAULT or RECORD_FAULT a row; null: all decoded. */
  readonly faults: Uint8Array | null;
  /** Why a row is malformed; for rows with a fault only. */
  reason(row: number): string;
  /** The record as it came, or as JSON where it did not come as text. */
  text(row: number): string;
  /** All records as they came, for the journal; where the source can't be read again. Absent: their texts are all there is. */
  readonly lines?: RecordLines;
  place(row: number): Place;
  /** Microseconds; null: by the log (event time for files, the clock for live sources). NaN a row: unknown, the same. */
  readonly knownTimes: Float64Array | null;
  /** Fields a row that no column takes; null: not counted. */
  readonly unknownFields: Uint16Array | null;
  /** Where reading goes on after the first `rows` records of this batch. */
  positionAfter(rows: number): LogPosition;
  /** Refused records that are tried again: judged as live ones, whatever the rest of the phase is (retries.ts). */
  readonly isRetried?: boolean;
  /** Of a sorted source: records without an event time, which have no place in its order and are in no offset (ordered-reader.ts). */
  readonly isUntimed?: boolean;
  /** Read from the journal: it is there already, with the partitions that were idle before it. */
  readonly journaled?: Journaled;
}

export interface Journaled {
  readonly idle: readonly string[];
  /** Of the archive: a verdict a row, which stands (rules.md 8). */
  readonly verdicts?: Uint8Array;
}

export interface RecordReader {
  /**
   * Up to about `maxRows` records; a live reader gives what there is and waits only where there is nothing. null: the end of
   * finite input, or the reader was told to stop.
   */
  next(maxRows: number): Promise<RawBatch | null>;
  /**
   * Of finite input, after `next` gave null: where reading ended. Names files too that had no record, which no batch tells: later they may have
   * some. Absent: the position after the last record is all there is.
   */
  readonly endPosition?: LogPosition;
  close(): Promise<void>;
}
