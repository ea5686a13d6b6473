/**
 * Records of stdin that a crash left in the journal, before those that stdin still has: with the known times and in the batches of the
 * first reading, so that they get the same verdicts.
 */
import type { JournalEntry } from '../log/journal.ts';
import type { RawBatch, RecordReader } from '../log/reader.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { JsonLineDecoder, STDIN_PARTITION } from './jsonl.ts';
import type { FieldSpec } from './record-columns.ts';

/** The quarantine has the reason since the first reading. */
const KNOWN_FAULT = 'malformed when it was first read';

export class JournaledReader implements RecordReader {
  readonly #decoder: JsonLineDecoder;
  readonly #entries: JournalEntry[];
  readonly #openRest: (offset: number) => RecordReader;
  #offset: number;
  #rest: RecordReader | null = null;

  /** `offset` is that of the first journaled record. */
  constructor(
    spec: SourceSpec,
    fields: readonly FieldSpec[],
    entries: readonly JournalEntry[],
    offset: number,
    openRest: (offset: number) => RecordReader,
  ) {
    this.#decoder = new JsonLineDecoder(spec, fields);
    this.#entries = entries.filter((entry) => entry.records !== null && entry.records.length > 0);
    this.#openRest = openRest;
    this.#offset = offset;
  }

  async next(maxRows: number): Promise<RawBatch | null> {
    const entry = this.#entries.shift();
    if (entry !== undefined) return this.#replay(entry);
    this.#rest ??= this.#openRest(this.#offset);
    return this.#rest.next(maxRows);
  }

  #replay(entry: JournalEntry): RawBatch {
    const lines = entry.records ?? [];
    const from = this.#offset;
    this.#offset += lines.length;
    const faults = new Map(entry.malformed.map((row) => [row, KNOWN_FAULT] as const));
    return {
      ...this.#decoder.decode(lines, lines.length, faults),
      knownTimes: Float64Array.from(entry.knownTimes ?? []),
      journaled: { idle: entry.idle },
      place: (row) => ({ partition: STDIN_PARTITION, offset: from + row }),
      positionAfter: (rows) => ({ partitions: { [STDIN_PARTITION]: { offset: from + rows } } }),
    };
  }

  async close(): Promise<void> {
    await this.#rest?.close();
  }
}
