/**
 * Retries: refused records that go in again as new ones (rules.md 5), asked for by `fsc quarantine retry` and taken in by the next stream run.
 *
 *   <folder>/<source>.jsonl, appended only; a line is the CRC-32 of the rest in eight hex digits, a blank, and JSON:
 *   {"v":1,"id":"-:12","text":"{…}"}   asked for: the n-th such line is retry n, counted from 0; text is the record as a JSON line
 *   {"v":1,"taken":3}                  retries 0 to 2 are in the log
 *   {"v":2,"anew":true}                the records that were asked for have been judged again where they stand, and may be asked for again
 *
 * How many a run has taken in stands in the positions of its log (`retried`), in one with everything else that it consumed; the mark here
 * follows, for those who list the quarantine. A crash may leave half a line at the end, which is cut before the next one is written.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../time/clock.ts';
import { errorCode, FscError, messageOf, refusalOf } from '../values/errors.ts';
import type { LogPosition } from './contract.ts';
import { cutHalfLine, makeFolder, syncFolder, writeFault } from './durable-file.ts';
import type { JournalEntry } from './journal.ts';
import { lockFolder } from './lock.ts';
import { textsOf } from './record-texts.ts';
import { tooNew } from './snapshot-file.ts';

export const RETRIES_VERSION = 2;
/** Of lines that the first version knew. */
const FIRST_VERSION = 1;

/** In the state folder. */
export const RETRIES_FOLDER = 'retries';

/** The partition of retries in the positions of a source that is read from files. */
export const RETRIES_PARTITION = 'retries';

export interface RetryRequest {
  /** Of the quarantined record. */
  readonly id: string;
  /** The record as a JSON line. */
  readonly text: string;
}

export interface RetryLog {
  readonly requests: readonly RetryRequest[];
  /** So many of the requests are in the log. */
  readonly taken: number;
  /** By the id of a record: which request is for it. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** Retries that a run of files took in and has to take in again, at the same place. */
export interface ReplayedRetries {
  /** After so many records of the phase. */
  readonly at: number;
  readonly records: readonly string[];
  readonly knownTimes: readonly number[];
}

/** What a reader needs of the retries of its source. */
export interface RetryFeed {
  /** So many are in the log already. */
  readonly taken: number;
  /** Not before so many records of the phase: an earlier run took none in before them. */
  readonly openFrom: number;
  readonly replayed: readonly ReplayedRetries[];
  readonly clock: Clock;
  /** Texts of the retries from the n-th on. */
  from(n: number): readonly string[];
}

export function retriesPath(folder: string, source: string): string {
  return join(folder, `${encodeURIComponent(source)}.jsonl`);
}

/** Of the source; empty if nothing was asked for. */
export function readRetries(folder: string, source: string): RetryLog {
  const path = retriesPath(folder, source);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { requests: [], taken: 0, numbers: new Map() };
    if (refusalOf(error) !== null) throw error;
    throw new FscError('FSC7118', 1, `cannot read the retries ${path}`, messageOf(error), null);
  }
  const lines = text.split('\n');
  // What follows the last newline is half a line of a crash.
  lines.pop();
  const requests: RetryRequest[] = [];
  const numbers = new Map<string, number>();
  let taken = 0;
  for (const [i, line] of lines.entries()) {
    const entry = parseLine(path, i + 1, line);
    if ('taken' in entry) taken = Math.max(taken, entry.taken);
    else if ('anew' in entry) numbers.clear();
    else numbers.set(entry.id, requests.push(entry) - 1);
  }
  return { requests, taken, numbers };
}

type Entry = RetryRequest | { readonly taken: number } | { readonly anew: true };

function parseLine(path: string, number: number, line: string): Entry {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) throw corrupt(path, number, 'it does not have its checksum');
  const { v, id, text: record, taken, anew } = JSON.parse(text) as ParsedLine;
  if (v > RETRIES_VERSION) throw tooNew(path, v, RETRIES_VERSION);
  if (anew === true) return { anew };
  if (taken !== undefined) return { taken };
  if (id === undefined || record === undefined) throw corrupt(path, number, 'a field is missing');
  return { id, text: record };
}

interface ParsedLine extends Partial<RetryRequest> {
  readonly v: number;
  readonly taken?: number;
  readonly anew?: boolean;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** On the disk when it returns. What was asked for before is left out; gives those that are new. */
export function requestRetries(
  folder: string,
  source: string,
  requests: readonly RetryRequest[],
): readonly RetryRequest[] {
  const lock = lockFolder(folder);
  try {
    const known = readRetries(folder, source).numbers;
    const fresh = requests.filter(({ id }) => !known.has(id));
    append(
      retriesPath(folder, source),
      fresh.map(({ id, text }) => JSON.stringify({ v: FIRST_VERSION, id, text })),
    );
    return fresh;
  } finally {
    lock.release();
  }
}

function append(path: string, texts: readonly string[]): void {
  if (texts.length === 0) return;
  const bytes = Buffer.from(texts.map((text) => `${checksum(text)} ${text}\n`).join(''));
  let descriptor: number | null = null;
  try {
    makeFolder(dirname(path));
    descriptor = openSync(path, 'a+');
    if (fstatSync(descriptor).size === 0) syncFolder(dirname(path));
    else cutHalfLine(descriptor);
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    fdatasyncSync(descriptor);
  } catch (error) {
    throw writeFault(path, error);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function corrupt(path: string, line: number, why: string): FscError {
  return new FscError(
    'FSC7118',
    1,
    `line ${line} of the retries ${path} is not one that fsc wrote`,
    why,
    'move the file away: what it asked for can be asked for again with fsc quarantine retry',
  );
}

/** How many retries the log has taken in at a position. */
export function retriedAt(position: LogPosition | null): number {
  const counts = Object.values(position?.partitions ?? {}).map(({ retried }) => retried ?? 0);
  return Math.max(0, ...counts);
}

export interface RetriesOptions {
  readonly folder: string;
  readonly source: string;
  /** The last phase of the run, where retries go in. */
  readonly phase: 'history' | 'stream';
  /** Of the last snapshot; null before the first. */
  readonly position: LogPosition | null;
  /** Of the journal after it. */
  readonly frames: readonly JournalEntry[];
  /** False: what waits is left to a later run; what an earlier one took in is read again all the same. */
  readonly takesNew: boolean;
  /** With --rebuild files are judged again, what was refused of them too: nothing waits any more. */
  readonly dropsWaiting: boolean;
  readonly clock: Clock;
}

/** The retries of one source during a run. */
export class Retries implements RetryFeed {
  readonly clock: Clock;
  readonly taken: number;
  readonly openFrom: number;
  readonly replayed: readonly ReplayedRetries[];
  readonly #options: RetriesOptions;
  #marked: number;

  constructor(options: RetriesOptions) {
    const { folder, source, phase, position, clock, dropsWaiting } = options;
    const { requests, taken } = readRetries(folder, source);
    const frames = dropsWaiting ? [] : options.frames;
    this.#options = options;
    this.clock = clock;
    this.taken = dropsWaiting ? requests.length : retriedAt(position);
    this.openFrom = recordsOf(frames.at(-1)?.position ?? null, phase);
    this.replayed = replayedOf(frames, phase, this.taken);
    this.#marked = taken;
  }

  from(n: number): readonly string[] {
    const { folder, source, takesNew } = this.#options;
    if (!takesNew) return [];
    return readRetries(folder, source)
      .requests.slice(n)
      .map(({ text }) => text);
  }

  /** Once the records of files have been judged again, what was asked for among them too. */
  setAnew(): void {
    const { folder, source, dropsWaiting } = this.#options;
    if (!dropsWaiting || readRetries(folder, source).numbers.size === 0) return;
    append(retriesPath(folder, source), [JSON.stringify({ v: RETRIES_VERSION, anew: true })]);
  }

  /** Once the journal has the batch that ends here. */
  note(position: LogPosition): void {
    const taken = retriedAt(position);
    if (taken <= this.#marked) return;
    const { folder, source } = this.#options;
    append(retriesPath(folder, source), [JSON.stringify({ v: FIRST_VERSION, taken })]);
    this.#marked = taken;
  }
}

function replayedOf(frames: readonly JournalEntry[], phase: string, taken: number): readonly ReplayedRetries[] {
  let before = taken;
  return frames.flatMap(({ position, records, knownTimes }) => {
    const after = retriedAt(position);
    if (after === before || records === null) return [];
    before = after;
    return [{ at: recordsOf(position, phase), records: textsOf(records), knownTimes: Array.from(knownTimes ?? []) }];
  });
}

/** Records of a phase up to a position; log order is deterministic, so the number says which. */
function recordsOf(position: LogPosition | null, phase: string): number {
  let total = 0;
  for (const [name, { offset }] of Object.entries(position?.partitions ?? {})) {
    if (name.startsWith(`${phase}:`)) total += offset;
  }
  return total;
}
