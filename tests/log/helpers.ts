import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type LogBatch, type SourceProgram, VERDICTS } from '../../runtime/log/contract.ts';
import type { Frame } from '../../runtime/log/journal.ts';
import { decodeEntries, EntryEncoder, type EntryParts, type JournalEntry } from '../../runtime/log/journal-entry.ts';
import {
  type LogOptions,
  openLog,
  type RefusedRecord,
  type SavedLog,
  type SourceLog,
} from '../../runtime/log/source-log.ts';
import { openPhase, type PhaseOptions } from '../../runtime/sources/open-source.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import type { NumericVector } from '../../runtime/values/batch.ts';
import type { ColumnSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { plainColumn, plainSpec } from '../../runtime/values/plain-spec.ts';
import { parseTimestamp } from '../../runtime/values/temporal.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';

export const T0 = parseTimestamp('2024-03-01T12:00:00Z') as number;
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;

export const TEXT: SqlType = { kind: 'text', maxLength: null };
export const TIMESTAMP: SqlType = { kind: 'timestamp' };
export const BIGINT: SqlType = { kind: 'bigint' };

export function column(name: string, type: SqlType, extra: Partial<ColumnSpec> = {}): ColumnSpec {
  return { ...plainColumn(name, type), ...extra };
}

const COLUMNS = [
  column('ts', TIMESTAMP, { nullable: false }),
  column('id', BIGINT, { nullable: false }),
  column('v', { kind: 'integer' }),
  column('p', TEXT),
];

export function sourceSpec(extra: Partial<SourceSpec> = {}): SourceSpec {
  return {
    ...plainSpec('events', COLUMNS),
    kind: 'log',
    eventTimeColumn: 0,
    keyColumns: [1],
    latenessMicros: 5 * MINUTE,
    maxAheadMicros: MINUTE,
    fingerprint: 'fs1:test',
    ...extra,
  };
}

/** `check`: v > 0, where the spec has a check. */
export function program(spec: SourceSpec, only: SourceProgram['only'] = null): SourceProgram {
  return {
    spec,
    onlyColumns: [],
    only,
    check: (batch, length, broken) => {
      const { values, nulls } = batch.columns[2] as NumericVector;
      for (let row = 0; row < length; row += 1) {
        broken[row] = (nulls === null || nulls[row] === 0) && !(values[row]! > 0) ? 1 : 0;
      }
    },
  };
}

export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'fsc-log-'));
}

export function put(root: string, name: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

export interface Seen {
  readonly verdicts: string[];
  /** Accepted records, a JSON text each. */
  readonly accepted: string[];
  readonly refused: RefusedRecord[];
  readonly lines: number[];
  readonly batches: number;
  readonly unknownFields: number;
  readonly reasons: Record<string, number>;
}

export interface ReadOptions extends Partial<LogOptions> {
  readonly root?: string;
  readonly history?: string;
  readonly stream?: string;
  readonly order?: 'none' | 'arrival' | null;
  readonly stdin?: Readable;
  readonly journaled?: PhaseOptions['journaled'];
  readonly mayGrow?: boolean;
}

export async function open(source: SourceProgram, options: ReadOptions): Promise<SourceLog> {
  const phase = (name: 'history' | 'stream', location: string) =>
    openPhase(source.spec, {
      name,
      location,
      order: name === 'history' ? (options.order ?? null) : null,
      root: options.root ?? '/',
      stdin: options.stdin ?? null,
      signal: null,
      journaled: options.journaled ?? [],
      mayGrow: options.mayGrow ?? false,
    });
  return openLog(source, {
    phases: [
      ...(options.history === undefined ? [] : [phase('history', options.history)]),
      ...(options.stream === undefined ? [] : [phase('stream', options.stream)]),
    ],
    resumeFrom: null,
    clock: new FixedClock(T0),
    ...options,
  });
}

export function acceptedRows(source: SourceProgram, batch: LogBatch): string[] {
  const rows: string[] = [];
  for (let i = 0; i < batch.acceptedCount; i += 1) {
    const values = source.spec.columns.map((spec, c) =>
      valueAt(batch.batch.columns[c]!, spec.type, batch.accepted[i]!),
    );
    rows.push(printRow(values));
  }
  return rows;
}

export function printRow(values: readonly Value[]): string {
  return JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Reads to the end (or `stopAfter` batches); `saved` is what a restart would go on from. */
export async function read(
  source: SourceProgram,
  options: ReadOptions,
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<Seen & { saved: SavedLog | null; log: LogBatch['position'] | null }> {
  const refused: RefusedRecord[] = [];
  const log = await open(source, {
    refused: { add: (record) => refused.push(record), flush: () => undefined },
    ...options,
  });
  const verdicts: string[] = [];
  const accepted: string[] = [];
  const lines: number[] = [];
  const reasons: Record<string, number> = {};
  let batches = 0;
  let unknownFields = 0;
  let saved: SavedLog | null = null;
  try {
    for (let batch = await log.next(); batch !== null; batch = await log.next()) {
      for (let row = 0; row < batch.batch.length; row += 1) verdicts.push(VERDICTS[batch.verdicts[row]!]!);
      accepted.push(...acceptedRows(source, batch));
      lines.push(batch.settleLineMicros);
      unknownFields += batch.counts.unknownFields;
      for (const [reason, count] of Object.entries(batch.counts.reasons))
        reasons[reason] = (reasons[reason] ?? 0) + count;
      const { counts } = batch;
      if (counts.read !== counts.accepted + counts.duplicate + counts.late + counts.quarantined)
        throw new Error('counts');
      batches += 1;
      saved = { position: batch.position, image: structuredClone(log.snapshot()) };
      if (batches >= stopAfter) break;
    }
  } finally {
    await log.close();
  }
  return { verdicts, accepted, refused, lines, batches, unknownFields, reasons, saved, log: saved?.position ?? null };
}

/** One JSON line: `ts` in seconds after T0. */
export function event(seconds: number, id: number, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ ts: isoAt(T0 + Math.round(seconds * SECOND)), id, ...more });
}

export function isoAt(micros: number): string {
  const whole = Math.floor(micros / SECOND) * SECOND;
  return `${new Date(whole / 1000).toISOString().slice(0, 19)}.${String(micros - whole).padStart(6, '0')}Z`;
}

export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

export function stdinOf(...texts: readonly string[]): Readable {
  return Readable.from(
    texts.map((text) => Buffer.from(text)),
    { objectMode: false },
  );
}

/** As the journal gives back what it was given of batches, one after the other. */
export class JournalInMemory {
  readonly frames: Frame[] = [];
  readonly #encoder = new EntryEncoder(null);

  add(batch: EntryParts): JournalEntry {
    const sequence = this.frames.length + 1;
    const payload = Buffer.concat(this.#encoder.encode(batch, sequence, sequence === 1));
    this.frames.push({ sequence, payload });
    return decodeEntries(this.frames, sequence - 1, 'journal').entries[0]!;
  }
}
