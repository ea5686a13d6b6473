/**
 * The journal: one checksummed frame and one fdatasync a batch (design.md section 6). It holds what a replay can't recompute.
 *
 *   file:  magic (8) · version u32 · 0 u32 · frames
 *   frame: bytes of the payload u32 · sequence f64 · checksum of these u32 · payload · checksum of the payload u32 · end mark (1)
 *
 * What a payload is: journal-entry.ts.
 *
 * A crash can leave the last frame short, or zeros in place of its end: such a tail was never acknowledged and is cut. Anything else that
 * does not have its checksum is corruption.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { FscError } from '../values/errors.ts';
import { makeFolder, syncFolder, writeFault } from './durable-file.ts';
import { tooNew } from './snapshot-file.ts';

const MAGIC = Buffer.from('FSCJRNL\n', 'latin1');
export const JOURNAL_VERSION = 3;
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

  /** The next frame is the first of the file. */
  get isEmpty(): boolean {
    return this.#end <= HEAD_BYTES;
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

/** A frame whose payload was not read: where it is, and how long. */
export interface PlacedFrame {
  readonly sequence: number;
  readonly start: number;
  readonly length: number;
}

/** So many bytes of a frame's payload, or those that there are. */
type BytesOf = (frame: PlacedFrame, from: number, length: number) => Buffer;

/**
 * All whole frames, without opening it for writing. null: it has none, or nobody can tell while a run is at work on it. Passes over the frames from head
 * to head, so that a large journal is not read for it.
 */
export function lookAtFrames<T>(path: string, look: (frames: readonly PlacedFrame[], bytesOf: BytesOf) => T): T | null {
  if (!journalHasFrames(path)) return null;
  try {
    const descriptor = openSync(path, 'r');
    try {
      return look(placedFrames(descriptor), ({ start, length }, from, most) =>
        readBytes(descriptor, start + from, Math.min(most, length - from)),
      );
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Who opens it for a run is told.
    return null;
  }
}

function placedFrames(descriptor: number): PlacedFrame[] {
  const { size } = fstatSync(descriptor);
  let seen: Buffer = Buffer.alloc(0);
  let seenAt = 0;
  const frames: PlacedFrame[] = [];
  for (let at = HEAD_BYTES; at + FRAME_HEAD_BYTES <= size; ) {
    if (at + FRAME_HEAD_BYTES > seenAt + seen.length) [seen, seenAt] = [readBytes(descriptor, at, LOOK_BYTES), at];
    const head = seen.subarray(at - seenAt, at - seenAt + FRAME_HEAD_BYTES);
    if (head.length < FRAME_HEAD_BYTES || crc32(head.subarray(0, 12)) !== head.readUInt32LE(12)) break;
    const [start, length] = [at + FRAME_HEAD_BYTES, head.readUInt32LE(0)];
    const next = start + length + FRAME_TAIL_BYTES;
    if (next > size) break;
    frames.push({ sequence: head.readDoubleLE(4), start, length });
    at = next;
  }
  return frames;
}

/** What the file has of them. */
function readBytes(descriptor: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, length));
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, at));
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
      throw corruptJournal(path, at, `frame ${frame.sequence} follows frame ${last.sequence}`);
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
  if (head.length < HEAD_BYTES || !head.subarray(0, 8).equals(MAGIC))
    throw corruptJournal(path, 0, 'it is no journal of fsc');
  if (crc32(head.subarray(0, 12)) !== head.readUInt32LE(12))
    throw corruptJournal(path, 0, 'its head does not have its checksum');
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
    throw corruptJournal(path, at, 'the head of a frame does not have its checksum');
  }
  const length = rest.readUInt32LE(0);
  const whole = FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
  if (rest.length < whole) return null;
  const payload = rest.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length);
  const isWhole = rest[whole - 1] === END_MARK && crc32(payload) === rest.readUInt32LE(whole - 5);
  if (isWhole) return { sequence: rest.readDoubleLE(4), payload };
  if (withoutZeros(rest).length < whole) return null;
  throw corruptJournal(path, at, 'a frame does not have its checksum');
}

/** Where the size came to the disk and the content didn't, there are zeros. */
function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

export function corruptJournal(path: string, at: number, why: string): FscError {
  return new FscError(
    'FSC7111',
    1,
    `the journal ${path} is corrupt at byte ${at}`,
    why,
    'nothing was changed; restore the file from a backup, or start anew with --rebuild',
  );
}
