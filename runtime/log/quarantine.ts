/**
 * The quarantine: refused and late records of a source, each with its reason, place, known time and text, one JSON object a line that ends in
 * the CRC-32 of the rest (`"check"`), appended only (design.md section 3: kept, never dropped in silence). A record that is tried again stays (retries.ts).
 *
 * A restart reads some records again and adds them again: of one place the last verdict counts, with the reason first
 * given for it. A run that judged partitions anew says so: what was refused of them before it, and was not refused again, is not refused any
 * more, and of what was the reason is the new one. A crash may leave half a line at the end, which is cut before the next one is written.
 */
import { closeSync, existsSync, fdatasyncSync, fstatSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { cutHalfLine, makeFolder, syncFolder, textChecksum, writeFault } from './durable-file.ts';
import type { Origin } from './reader.ts';
import type { RefusedRecord, RefusedSink } from './source-log.ts';

export const QUARANTINE_VERSION = 2;
/** Of a line of a record, which has been the same from the start. */
const RECORD_VERSION = 1;
export const ENDING = '.jsonl';

/** All partitions were read again from their beginnings, and what was refused of them stands from byte `from` on. */
export interface AnewLine {
  readonly v: number;
  readonly anew: readonly string[];
  readonly from: number;
}

export interface RecordLine {
  readonly v: number;
  readonly kind: string;
  readonly reason: string;
  readonly partition: string;
  readonly offset: number;
  readonly knownTime: number | null;
  readonly text: string;
  readonly origin?: Origin | undefined;
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
      v: RECORD_VERSION,
      kind: record.verdict,
      reason: record.reason,
      partition: record.place.partition,
      offset: record.place.offset,
      knownTime: record.knownTimeMicros,
      text: record.text,
      ...(record.place.origin === undefined ? {} : { origin: record.place.origin }),
    };
    this.#lines.push(checkedLine(JSON.stringify(line)));
  }

  /** Where the next line goes. */
  end(): number {
    return existsSync(this.#path) ? fstatSync(this.#open()).size : 0;
  }

  /** On the disk when it returns. `from`: what `end` gave before the partitions were read again. */
  setAnew(partitions: readonly string[], from: number): void {
    if (from === 0) return;
    const line: AnewLine = { v: QUARANTINE_VERSION, anew: partitions, from };
    this.#lines.push(checkedLine(JSON.stringify(line)));
    this.flush();
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

/** A line of the file: the JSON of a record with its checksum. Without its closing brace it is what the checksum is made of. */
export function checkedLine(json: string): string {
  const body = json.slice(0, -1);
  return `${body},"check":"${textChecksum(crc32(body))}"}`;
}
