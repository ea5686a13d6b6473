/**
 * The quarantine: refused and late records of a source, each with its reason, place, known time and text, one JSON object a line that ends in
 * the CRC-32 of the rest (`"check"`), appended only (design.md section 3: kept, never dropped in silence). A record that is tried again stays (retries.ts).
 *
 * A restart reads some records again and adds them again: of one place the last verdict counts, with the reason first
 * given for it. A crash may leave half a line at
 * the end, which is cut before the next one is written.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FscError } from '../values/errors.ts';
import { cutHalfLine, errorCode, makeFolder, messageOf, syncFolder, textChecksum, writeFault } from './durable-file.ts';
import { tooNew } from './snapshot-file.ts';
import type { RefusedRecord, RefusedSink } from './source-log.ts';

export const QUARANTINE_VERSION = 1;
const ENDING = '.jsonl';

export interface QuarantinedRecord extends RefusedRecord {
  /** `partition:offset`: what `show` and `retry` call it. */
  readonly id: string;
}

interface RecordLine {
  readonly v: number;
  readonly kind: string;
  readonly reason: string;
  readonly partition: string;
  readonly offset: number;
  readonly knownTime: number | null;
  readonly text: string;
}

/** `.fsc/quarantine/<source>.jsonl`. */
export function quarantinePath(folder: string, source: string): string {
  return join(folder, `${encodeURIComponent(source)}${ENDING}`);
}

/** Opens the file only when there is something to keep. */
export class Quarantine implements RefusedSink {
  readonly #path: string;
  #descriptor: number | null = null;
  #lines: string[] = [];

  constructor(folder: string, source: string) {
    this.#path = quarantinePath(folder, source);
  }

  add(record: RefusedRecord): void {
    const line: RecordLine = {
      v: QUARANTINE_VERSION,
      kind: record.verdict,
      reason: record.reason,
      partition: record.place.partition,
      offset: record.place.offset,
      knownTime: record.knownTimeMicros,
      text: record.text,
    };
    this.#lines.push(checkedLine(JSON.stringify(line)));
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = Buffer.from(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    try {
      const descriptor = this.#open();
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      // Before the journal says that the records were consumed.
      fdatasyncSync(descriptor);
    } catch (error) {
      throw writeFault(this.#path, error);
    }
  }

  #open(): number {
    if (this.#descriptor !== null) return this.#descriptor;
    makeFolder(dirname(this.#path));
    const descriptor = openSync(this.#path, 'a+');
    this.#descriptor = descriptor;
    if (fstatSync(descriptor).size === 0) syncFolder(dirname(this.#path));
    else cutHalfLine(descriptor);
    return descriptor;
  }

  close(): void {
    this.flush();
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/** Sources that have a quarantine. */
export function quarantinedSources(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw unreadable(folder, error);
  }
  return names
    .filter((name) => name.endsWith(ENDING))
    .map((name) => decodeURIComponent(name.slice(0, -ENDING.length)))
    .sort();
}

/** In order of arrival; empty if there is no quarantine. */
export function listQuarantine(folder: string, source: string): readonly QuarantinedRecord[] {
  const path = quarantinePath(folder, source);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw unreadable(path, error);
  }
  const lines = text.split('\n');
  // What follows the last newline is half a line of a crash.
  const rest = lines.pop() ?? '';
  if (isWhole(rest.slice(0, -1))) throw corrupt(path, lines.length + 1, 'its end is another byte than a newline');
  const records = new Map<string, QuarantinedRecord>();
  for (const [i, line] of lines.entries()) readLine(path, i + 1, line, records);
  return [...records.values()];
}

/** One record by its id; null if there is none. */
export function showQuarantined(folder: string, source: string, id: string): QuarantinedRecord | null {
  return listQuarantine(folder, source).find((record) => record.id === id) ?? null;
}

const CHECK = /^(.*),"check":"([0-9a-f]{8})"\}$/s;

/** A line of the file: the JSON of a record with its checksum. Without its closing brace it is what the checksum is made of. */
export function checkedLine(json: string): string {
  const body = json.slice(0, -1);
  return `${body},"check":"${textChecksum(crc32(body))}"}`;
}

function isWhole(line: string): boolean {
  const [, body, check] = CHECK.exec(line) ?? [];
  return body !== undefined && textChecksum(crc32(body)) === check;
}

function readLine(path: string, number: number, line: string, records: Map<string, QuarantinedRecord>): void {
  const json = parseLine(path, number, line);
  if (typeof json.v !== 'number') throw corrupt(path, number, 'it has no version');
  if (json.v > QUARANTINE_VERSION) throw tooNew(path, json.v, QUARANTINE_VERSION);
  if (!isRecordLine(json)) throw corrupt(path, number, 'a field is missing or of another type');
  if (!isWhole(line)) throw corrupt(path, number, 'it does not have its checksum');
  const id = `${json.partition}:${json.offset}`;
  const known = records.get(id);
  if (known !== undefined && known.verdict === json.kind) return;
  records.set(id, {
    id,
    verdict: json.kind,
    reason: json.reason,
    place: { partition: json.partition, offset: json.offset },
    knownTimeMicros: json.knownTime,
    text: json.text,
  });
}

function parseLine(path: string, number: number, line: string): Partial<Record<keyof RecordLine, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw corrupt(path, number, messageOf(error));
  }
  if (json === null || typeof json !== 'object') throw corrupt(path, number, 'it is no JSON object');
  return json;
}

function isRecordLine(json: Partial<Record<keyof RecordLine, unknown>>): json is RecordLine {
  return (
    typeof json.kind === 'string' &&
    typeof json.reason === 'string' &&
    typeof json.partition === 'string' &&
    typeof json.offset === 'number' &&
    (json.knownTime === null || typeof json.knownTime === 'number') &&
    typeof json.text === 'string'
  );
}

function unreadable(path: string, error: unknown): FscError {
  return new FscError('FSC7116', 1, `cannot read the quarantine ${path}`, messageOf(error), null);
}

function corrupt(path: string, line: number, why: string): FscError {
  return new FscError(
    'FSC7116',
    1,
    `line ${line} of the quarantine ${path} is not one that fsc wrote`,
    why,
    'remove the line, or move the file away to keep it',
  );
}
