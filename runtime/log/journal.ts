/**
 * The journal: one checksummed frame and one fdatasync a batch (design.md section 6). It holds what a replay can't recompute.
 *
 *   file:  magic (8) · version u32 · 0 u32 · frames
 *   frame: bytes of the payload u32 · sequence f64 · checksum of these u32 · payload · checksum of the payload u32 · end mark (1)
 *   payload of lines: kind u32 · bytes of the head u32 · head (JSON) · starts i32 each · ends i32 each · the lines' bytes
 *   any other payload: JSON, so that its first byte is `{`; the only kind of version 1
 *
 * A crash can leave the last frame short, or zeros in place of its end: such a tail was never acknowledged and is cut. Anything else that
 * does not have its checksum is corruption.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { FscError, messageOf } from '../values/errors.ts';
import { type LogBatch, type LogPosition, MALFORMED } from './contract.ts';
import { makeFolder, syncFolder, writeFault } from './durable-file.ts';
import { type LineFault, RecordLines, type RecordTexts } from './record-texts.ts';
import { tooNew } from './snapshot-file.ts';

const MAGIC = Buffer.from('FSCJRNL\n', 'latin1');
export const JOURNAL_VERSION = 2;
const HEAD_BYTES = 16;
const FRAME_HEAD_BYTES = 16;
const FRAME_TAIL_BYTES = 5;
/** No single flipped bit makes it zero. */
const END_MARK = 0xa5;

export interface Frame {
  /** Counts up by one from frame to frame, across restarts of the file. */
  readonly sequence: number;
  readonly payload: Buffer;
}

export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  #end: number;
  #sequence: number;

  private constructor(path: string, file: FileHandle, end: number, sequence: number) {
    this.#path = path;
    this.#file = file;
    this.#end = end;
    this.#sequence = sequence;
  }

  /**
   * Opens for writing, after the last whole frame; makes the file if there is none. `frames` are those found. A snapshot that holds
   * everything up to a sequence is newer than the frames up to it: the caller passes over them.
   */
  static async open(path: string, afterSequence = 0): Promise<{ journal: Journal; frames: readonly Frame[] }> {
    let file: FileHandle | null = null;
    try {
      makeFolder(dirname(path));
      file = await open(path, 'a+');
      await file.close();
      file = await open(path, 'r+');
      const found = await readFrames(file, path);
      if (found.end === 0) await writeHead(file);
      else await file.truncate(found.end);
      // Its frames can be read as they are; those that follow are more than an older fsc knows of.
      if (found.version < JOURNAL_VERSION) await file.write(fileHead(), 0, HEAD_BYTES, 0);
      await file.datasync();
      syncFolder(dirname(path));
      const sequence = Math.max(afterSequence, found.frames.at(-1)?.sequence ?? 0);
      return { journal: new Journal(path, file, Math.max(found.end, HEAD_BYTES), sequence), frames: found.frames };
    } catch (error) {
      await file?.close().catch(() => undefined);
      throw writeFault(path, error);
    }
  }

  /** Of the last frame; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  get bytes(): number {
    return this.#end;
  }

  /** A frame of the parts, one after the other; on the disk when it returns. */
  async append(...parts: readonly Uint8Array[]): Promise<number> {
    const sequence = this.#sequence + 1;
    const frame = encodeFrame(sequence, parts);
    let length = 0;
    for (const part of frame) length += part.length;
    try {
      const { bytesWritten } = await this.#file.writev(frame, this.#end);
      if (bytesWritten < length) await this.#writeRest(Buffer.concat(frame), bytesWritten);
      await this.#file.datasync();
    } catch (error) {
      throw writeFault(this.#path, error);
    }
    this.#end += length;
    this.#sequence = sequence;
    return sequence;
  }

  async #writeRest(frame: Buffer, from: number): Promise<void> {
    for (let done = from; done < frame.length; ) {
      const { bytesWritten } = await this.#file.write(frame, done, frame.length - done, this.#end + done);
      done += bytesWritten;
    }
  }

  /** After a snapshot: forgets all frames. Sequences go on. */
  async clear(): Promise<void> {
    try {
      await this.#file.truncate(HEAD_BYTES);
      await this.#file.datasync();
    } catch (error) {
      throw writeFault(this.#path, error);
    }
    this.#end = HEAD_BYTES;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Without opening it for writing. */
export function journalHasFrames(path: string): boolean {
  return existsSync(path) && statSync(path).size > HEAD_BYTES;
}

/** Where frames are looked for at a time. */
const LOOK_BYTES = 1 << 16;

/**
 * The position that the last whole frame tells. null: it has none, or nobody can tell while a run is at work on it. Passes over the frames from head to
 * head, so that a large journal is not read for it.
 */
export function lastJournaled(path: string): LogPosition | null {
  if (!journalHasFrames(path)) return null;
  try {
    const descriptor = openSync(path, 'r');
    try {
      const payload = lastPayload(descriptor);
      return payload === null ? null : (JSON.parse(payload) as JournalEntry).position;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Who opens it for a run is told.
    return null;
  }
}

/** Of a frame of lines its head. */
function lastPayload(descriptor: number): string | null {
  const { size } = fstatSync(descriptor);
  const bytesAt = (at: number, length: number): Buffer => {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - at)));
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, at));
  };
  let seen: Buffer = Buffer.alloc(0);
  let seenAt = 0;
  let last: { readonly at: number; readonly length: number } | null = null;
  for (let at = HEAD_BYTES; at + FRAME_HEAD_BYTES <= size; ) {
    if (at + FRAME_HEAD_BYTES > seenAt + seen.length) [seen, seenAt] = [bytesAt(at, LOOK_BYTES), at];
    const head = seen.subarray(at - seenAt, at - seenAt + FRAME_HEAD_BYTES);
    if (head.length < FRAME_HEAD_BYTES || crc32(head.subarray(0, 12)) !== head.readUInt32LE(12)) break;
    const length = head.readUInt32LE(0);
    const next = at + FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
    if (next > size) break;
    last = { at: at + FRAME_HEAD_BYTES, length };
    at = next;
  }
  if (last === null) return null;
  const first = bytesAt(last.at, LINES_HEAD_BYTES);
  if (first[0] !== LINES) return bytesAt(last.at, last.length).toString();
  return bytesAt(last.at + LINES_HEAD_BYTES, first.readUInt32LE(4)).toString();
}

async function writeHead(file: FileHandle): Promise<void> {
  await file.truncate(0);
  await file.write(fileHead(), 0, HEAD_BYTES, 0);
}

function fileHead(): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(JOURNAL_VERSION, 8);
  head.writeUInt32LE(crc32(head.subarray(0, 12)), 12);
  return head;
}

function encodeFrame(sequence: number, parts: readonly Uint8Array[]): Uint8Array[] {
  let length = 0;
  let sum = 0;
  for (const part of parts) {
    length += part.length;
    sum = crc32(part, sum);
  }
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head.writeUInt32LE(length, 0);
  head.writeDoubleLE(sequence, 4);
  head.writeUInt32LE(crc32(head.subarray(0, 12)), 12);
  const tail = Buffer.allocUnsafe(FRAME_TAIL_BYTES);
  tail.writeUInt32LE(sum, 0);
  tail[4] = END_MARK;
  return [head, ...parts, tail];
}

interface Found {
  readonly frames: Frame[];
  /** Where the next frame goes; 0: the file has no head yet. */
  readonly end: number;
  readonly version: number;
}

async function readFrames(file: FileHandle, path: string): Promise<Found> {
  const bytes = await file.readFile();
  const version = headVersion(bytes, path);
  if (version === null) return { frames: [], end: 0, version: JOURNAL_VERSION };
  const frames: Frame[] = [];
  let at = HEAD_BYTES;
  while (at < bytes.length) {
    const frame = frameAt(bytes, at, path);
    if (frame === null) break;
    const last = frames.at(-1);
    if (last !== undefined && frame.sequence !== last.sequence + 1) {
      throw corrupt(path, at, `frame ${frame.sequence} follows frame ${last.sequence}`);
    }
    frames.push(frame);
    at += FRAME_HEAD_BYTES + frame.payload.length + FRAME_TAIL_BYTES;
  }
  return { frames, end: at, version };
}

/** null: the crash came before the head was whole. */
function headVersion(bytes: Buffer, path: string): number | null {
  const written = withoutZeros(bytes);
  if (written.length < HEAD_BYTES && written.equals(fileHead().subarray(0, written.length))) return null;
  const head = bytes.subarray(0, HEAD_BYTES);
  if (head.length < HEAD_BYTES || !head.subarray(0, 8).equals(MAGIC)) throw corrupt(path, 0, 'it is no journal of fsc');
  if (crc32(head.subarray(0, 12)) !== head.readUInt32LE(12))
    throw corrupt(path, 0, 'its head does not have its checksum');
  const version = head.readUInt32LE(8);
  if (version > JOURNAL_VERSION) throw tooNew(path, version, JOURNAL_VERSION);
  return version;
}

/** null: a torn tail. */
function frameAt(bytes: Buffer, at: number, path: string): Frame | null {
  const rest = bytes.subarray(at);
  // A whole frame ends with the end mark, so this is no more than the beginning of its head.
  if (rest.length < FRAME_HEAD_BYTES || withoutZeros(rest).length < FRAME_HEAD_BYTES) return null;
  if (crc32(rest.subarray(0, 12)) !== rest.readUInt32LE(12)) {
    throw corrupt(path, at, 'the head of a frame does not have its checksum');
  }
  const length = rest.readUInt32LE(0);
  const whole = FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
  if (rest.length < whole) return null;
  const payload = rest.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length);
  const isWhole = rest[whole - 1] === END_MARK && crc32(payload) === rest.readUInt32LE(whole - 5);
  if (isWhole) return { sequence: rest.readDoubleLE(4), payload };
  if (withoutZeros(rest).length < whole) return null;
  throw corrupt(path, at, 'a frame does not have its checksum');
}

/** Where the size came to the disk and the content didn't, there are zeros. */
function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

function corrupt(path: string, at: number, why: string): FscError {
  return new FscError(
    'FSC7111',
    1,
    `the journal ${path} is corrupt at byte ${at}`,
    why,
    'nothing was changed; restore the file from a backup, or start anew with --rebuild',
  );
}

/** What the journal keeps of a batch. */
export interface JournalEntry {
  readonly position: LogPosition;
  readonly idle: readonly string[];
  /** The records themselves where the source can't be read again, with their known times; null for files. */
  readonly records: RecordTexts | null;
  readonly knownTimes: ArrayLike<number> | null;
  /** Rows that were malformed: invalid UTF-8 or too long a line does not show in the text that is kept. */
  readonly malformed: readonly number[];
}

type EntryParts = Pick<LogBatch, 'position' | 'idle' | 'records' | 'knownTimeMicros' | 'verdicts'>;

/** In parts that are one after the other in the frame: the lines are not copied for it. */
export function encodeEntry(batch: EntryParts): readonly Uint8Array[] {
  const { position, idle, records, knownTimeMicros, verdicts } = batch;
  const malformed = records === null ? [] : rowsOf(verdicts.subarray(0, records.length), MALFORMED);
  if (records instanceof RecordLines) return encodeLines(batch, records, malformed);
  const knownTimes = records === null ? null : Array.from(knownTimeMicros.subarray(0, records.length));
  return [Buffer.from(JSON.stringify({ position, idle, records, knownTimes, malformed }))];
}

function rowsOf(verdicts: Uint8Array, verdict: number): number[] {
  const rows: number[] = [];
  for (let row = verdicts.indexOf(verdict); row >= 0; row = verdicts.indexOf(verdict, row + 1)) rows.push(row);
  return rows;
}

/** First word of a payload of lines. A JSON text's first byte is another. */
const LINES = 2;
const LINES_HEAD_BYTES = 8;

interface LinesHead {
  readonly position: LogPosition;
  readonly idle: readonly string[];
  readonly count: number;
  /** One for all where they are the same, as they are where the clock tells them. */
  readonly knownTimes: number | readonly number[];
  readonly malformed: readonly number[];
  readonly faults: readonly (readonly [number, LineFault])[];
}

function encodeLines(
  { position, idle, knownTimeMicros }: EntryParts,
  lines: RecordLines,
  malformed: number[],
): Buffer[] {
  const count = lines.length;
  const known = knownTimeMicros.subarray(0, count);
  const isOne = isConstant(known);
  const faults = [...lines.faults].filter(([row]) => row < count);
  const knownTimes = isOne ? known[0]! : Array.from(known);
  const head: LinesHead = { position, idle, count, knownTimes, malformed, faults };
  const headText = Buffer.from(JSON.stringify(head));
  const first = Buffer.allocUnsafe(LINES_HEAD_BYTES);
  first.writeUInt32LE(LINES, 0);
  first.writeUInt32LE(headText.length, 4);
  const { start, end } = lines.extent(0, count);
  const places = new Int32Array(2 * count);
  for (let row = 0; row < count; row += 1) {
    if (lines.starts[row] === lines.ends[row]) continue;
    places[row] = lines.starts[row]! - start;
    places[count + row] = lines.ends[row]! - start;
  }
  return [first, headText, Buffer.from(places.buffer), lines.bytes.subarray(start, end)];
}

function isConstant(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i += 1) if (values[i] !== values[0]) return false;
  return values.length > 0;
}

export function decodeEntry(frame: Frame, path: string): JournalEntry {
  try {
    if (frame.payload[0] === LINES) return decodeLines(frame.payload);
    return JSON.parse(frame.payload.toString()) as JournalEntry;
  } catch (error) {
    throw corrupt(path, 0, `frame ${frame.sequence}: ${messageOf(error)}`);
  }
}

function decodeLines(payload: Buffer): JournalEntry {
  const bytesAt = LINES_HEAD_BYTES + payload.readUInt32LE(4);
  const head = JSON.parse(payload.toString('utf8', LINES_HEAD_BYTES, bytesAt)) as LinesHead;
  const { position, idle, count, malformed } = head;
  const linesAt = bytesAt + 8 * count;
  // Into memory of its own, where integers stand at multiples of four.
  const places = new Int32Array(Uint8Array.from(payload.subarray(bytesAt, linesAt)).buffer);
  const [starts, ends] = [places.subarray(0, count), places.subarray(count)];
  const lines = payload.subarray(linesAt);
  if (places.length !== 2 * count || !arePlaces(starts, ends, lines.length))
    throw new Error('lines are not where they should be');
  const records = new RecordLines(lines, starts, ends, count, new Map(head.faults));
  const { knownTimes } = head;
  const known = typeof knownTimes === 'number' ? new Float64Array(count).fill(knownTimes) : knownTimes;
  return { position, idle, records, knownTimes: known, malformed };
}

function arePlaces(starts: Int32Array, ends: Int32Array, size: number): boolean {
  return starts.every((start, row) => start >= 0 && start <= ends[row]! && ends[row]! <= size);
}
