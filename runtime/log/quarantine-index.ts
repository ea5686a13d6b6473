/** What quarantines keep, for those who list, show and retry it (quarantine.ts writes it). */
import { readdirSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errorCode, FscError, messageOf, refusalOf } from '../values/errors.ts';
import { textChecksum } from './durable-file.ts';
import { type FileLine, LineReader, linesOf } from './line-file.ts';
import { type AnewLine, ENDING, QUARANTINE_VERSION, quarantinePath, type RecordLine } from './quarantine.ts';
import type { Origin } from './reader.ts';
import { tooNew } from './snapshot-file.ts';
import type { RefusedRecord } from './source-log.ts';

export interface QuarantinedRecord extends RefusedRecord {
  /** `partition:offset`: what `show` and `retry` call it. */
  readonly id: string;
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
  const index = QuarantineIndex.read(folder, source);
  return [...index.records(index.slots())];
}

/** What a quarantine keeps, by where it stands in the file: texts of millions of records are read where somebody wants them. */
export class QuarantineIndex {
  readonly #path: string;
  /** By partition and offset. */
  readonly #slots = new Map<string, Map<number, number>>();
  /** By slot. `first`: the first line that has this verdict, or -1 if the record is not refused any more; `last`: the last one. */
  readonly #partitions: string[] = [];
  readonly #offsets: number[] = [];
  readonly #verdicts: string[] = [];
  readonly #first: number[] = [];
  readonly #last: number[] = [];

  private constructor(path: string) {
    this.#path = path;
  }

  static read(folder: string, source: string): QuarantineIndex {
    const path = quarantinePath(folder, source);
    const index = new QuarantineIndex(path);
    reading(path, () => {
      for (const line of linesOf(path)) index.#take(line);
    });
    return index;
  }

  /** Of the records that are refused, in order of arrival. */
  slots(): readonly number[] {
    return [...this.#first.keys()].filter((slot) => this.#first[slot]! >= 0);
  }

  id(slot: number): string {
    return `${this.#partitions[slot]}:${this.#offsets[slot]}`;
  }

  verdict(slot: number): string {
    return this.#verdicts[slot]!;
  }

  *records(slots: Iterable<number>): Generator<QuarantinedRecord> {
    let reader: LineReader | null = null;
    try {
      for (const slot of slots) {
        reader ??= reading(this.#path, () => new LineReader(this.#path));
        // It was looked through before, line by line.
        yield recordOf(JSON.parse(reader.lineAt(this.#first[slot]!)) as RecordLine);
      }
    } finally {
      reader?.close();
    }
  }

  #take({ text, at, number, isWhole }: FileLine): void {
    if (!isWhole) {
      // What follows the last newline is half a line of a crash.
      if (hasChecksum(text.slice(0, -1))) throw corrupt(this.#path, number, 'its end is another byte than a newline');
      return;
    }
    const json = checkedJson(this.#path, number, text);
    if (isAnewLine(json)) this.#dropBefore(json);
    else this.#keep(json, at);
  }

  #keep({ partition, offset, kind }: RecordLine, at: number): void {
    let offsets = this.#slots.get(partition);
    if (offsets === undefined) {
      offsets = new Map();
      this.#slots.set(partition, offsets);
    }
    const known = offsets.get(offset);
    const slot = known ?? this.#first.length;
    if (known === undefined) {
      offsets.set(offset, slot);
      this.#partitions.push(partition);
      this.#offsets.push(offset);
    }
    if (this.#verdicts[slot] !== kind) this.#first[slot] = at;
    this.#verdicts[slot] = kind;
    this.#last[slot] = at;
  }

  #dropBefore({ anew, from }: AnewLine): void {
    for (const partition of anew) {
      const offsets = this.#slots.get(partition) ?? new Map<number, number>();
      for (const [offset, slot] of offsets) {
        if (this.#last[slot]! >= from) this.#first[slot] = this.#last[slot]!;
        else {
          this.#first[slot] = -1;
          offsets.delete(offset);
        }
      }
    }
  }
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const CHECK = /^(.*),"check":"([0-9a-f]{8})"\}$/s;

function hasChecksum(line: string): boolean {
  const [, body, check] = CHECK.exec(line) ?? [];
  return body !== undefined && textChecksum(crc32(body)) === check;
}

function checkedJson(path: string, number: number, line: string): RecordLine | AnewLine {
  const json = parseLine(path, number, line);
  if (typeof json.v !== 'number') throw corrupt(path, number, 'it has no version');
  if (json.v > QUARANTINE_VERSION) throw tooNew(path, json.v, QUARANTINE_VERSION);
  if (!isAnewLine(json) && !isRecordLine(json)) throw corrupt(path, number, 'a field is missing or of another type');
  if (!hasChecksum(line)) throw corrupt(path, number, 'it does not have its checksum');
  return json;
}

function recordOf({ partition, offset, origin, kind, reason, knownTime, text }: RecordLine): QuarantinedRecord {
  return {
    id: `${partition}:${offset}`,
    verdict: kind,
    reason,
    place: { partition, offset, ...(origin === undefined ? {} : { origin }) },
    knownTimeMicros: knownTime,
    text,
  };
}

type Line = Partial<Record<keyof RecordLine | keyof AnewLine, unknown>>;

function parseLine(path: string, number: number, line: string): Line {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw corrupt(path, number, messageOf(error));
  }
  if (json === null || typeof json !== 'object') throw corrupt(path, number, 'it is no JSON object');
  return json;
}

function isAnewLine(json: Line): json is AnewLine {
  return Array.isArray(json.anew) && typeof json.from === 'number';
}

function isRecordLine(json: Line): json is RecordLine {
  return (
    typeof json.kind === 'string' &&
    typeof json.reason === 'string' &&
    typeof json.partition === 'string' &&
    typeof json.offset === 'number' &&
    (json.knownTime === null || typeof json.knownTime === 'number') &&
    typeof json.text === 'string' &&
    (json.origin === undefined || isOrigin(json.origin))
  );
}

function isOrigin(json: unknown): json is Origin {
  const { file, row } = (json ?? {}) as Partial<Record<keyof Origin, unknown>>;
  return typeof file === 'string' && typeof row === 'number';
}

function unreadable(path: string, error: unknown): unknown {
  if (error instanceof FscError || refusalOf(error) !== null) return error;
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
