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
import { closeSync, fdatasyncSync, fstatSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../time/clock.ts';
import { FscError } from '../values/errors.ts';
import { partsOf } from '../values/positions.ts';
import type { LogPosition, Partitions } from './contract.ts';
import { cutHalfLine, makeFolder, syncFolder, writeFault } from './durable-file.ts';
import type { JournalEntry } from './journal-entry.ts';
import { type LinePlace, linesOf } from './line-file.ts';
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
  /** Requests. */
  readonly count: number;
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
  /** Texts of the retries from the n-th on, `most` at the most. */
  from(n: number, most: number): readonly string[];
}

export function retriesPath(folder: string, source: string): string {
  return join(folder, `${encodeURIComponent(source)}.jsonl`);
}

/** Of the source; empty if nothing was asked for. */
export function readRetries(folder: string, source: string): RetryLog {
  const numbers = new Map<string, number>();
  let count = 0;
  let taken = 0;
  for (const { entry } of entriesOf(retriesPath(folder, source))) {
    if ('taken' in entry) taken = Math.max(taken, entry.taken);
    else if ('anew' in entry) numbers.clear();
    else numbers.set(entry.id, count++);
  }
  return { count, taken, numbers };
}

/** Each with the place of its line. */
function* entriesOf(path: string, from?: LinePlace): Generator<{ readonly entry: Entry; readonly place: LinePlace }> {
  for (const line of linesOf(path, from)) {
    // What follows the last newline is half a line of a crash.
    if (line.isWhole) yield { entry: parseLine(path, line.number, line.text), place: line };
  }
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
  return position === null ? 0 : Math.max(...partsOf(position).map((part) => retriedIn(part)));
}

/** Most parts stay from batch to batch. */
const RETRIED = new WeakMap<Partitions, number>();

function retriedIn(partitions: Partitions): number {
  let most = RETRIED.get(partitions);
  if (most !== undefined) return most;
  most = 0;
  for (const { retried = 0 } of Object.values(partitions)) most = Math.max(most, retried);
  RETRIED.set(partitions, most);
  return most;
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
  /** The last request that was given, and its line. */
  #given: { readonly number: number; readonly place: LinePlace | undefined } = { number: 0, place: undefined };

  constructor(options: RetriesOptions) {
    const { folder, source, phase, position, clock, dropsWaiting } = options;
    const { count, taken } = readRetries(folder, source);
    const frames = dropsWaiting ? [] : options.frames;
    this.#options = options;
    this.clock = clock;
    this.taken = dropsWaiting ? count : retriedAt(position);
    this.openFrom = recordsOf(frames.at(-1)?.position ?? null, phase);
    this.replayed = replayedOf(frames, phase, this.taken);
    this.#marked = taken;
  }

  from(n: number, most: number): readonly string[] {
    const { folder, source, takesNew } = this.#options;
    const texts: string[] = [];
    if (!takesNew) return texts;
    // Who takes in one part after the other goes on where the last one ended.
    let number = n >= this.#given.number ? this.#given.number : 0;
    const from = number === 0 ? undefined : this.#given.place;
    for (const { entry, place } of entriesOf(retriesPath(folder, source), from)) {
      if (!('text' in entry)) continue;
      if (texts.length === most) break;
      if (number >= n) {
        texts.push(entry.text);
        this.#given = { number, place };
      }
      number += 1;
    }
    return texts;
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
