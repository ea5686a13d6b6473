/** Bytes of a file (also .gz) or of a stream such as stdin, chunk by chunk. */
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorCode, FscError, messageOf } from '../values/errors.ts';

/** Of short records as many as a batch holds. */
const CHUNK_BYTES = 1 << 21;
/** Of a small file no more than what it holds: there may be thousands of them. */
const LEAST_CHUNK_BYTES = 1 << 14;
/** What a pipe gives at once. */
const PIPE_BYTES = 1 << 16;

export interface ByteInput {
  /**
   * The next bytes, or null at the end. The buffer is the caller's until the next call; its first `room` bytes are free, for what the caller
   * has left of the last ones.
   */
  read(room?: number): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** zlib's codes begin with Z_: the file is there, but its data are damaged. */
export function unreadable(path: string, error: unknown): FscError {
  const isDamaged = errorCode(error)?.startsWith('Z_') === true;
  const help = isDamaged ? 'the file is cut off or damaged: write it anew, whole' : null;
  return new FscError('FSC7103', isDamaged ? 1 : 2, `cannot read ${path}`, messageOf(error), help);
}

export function isPacked(path: string): boolean {
  return /\.gz$/i.test(path);
}

export async function openBytes(path: string, fromByte: number): Promise<ByteInput> {
  try {
    const file = await open(path, 'r');
    if (!isPacked(path)) return new FileInput(path, file, fromByte, chunkOf((await file.stat()).size - fromByte));
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    // Unlike `pipe`, it hands a fault of the disk on: whoever reads the stream finds it there.
    pipeline(file.createReadStream({ highWaterMark: CHUNK_BYTES }), gunzip, () => undefined);
    return new StreamInput(path, gunzip, file);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function chunkOf(bytes: number): number {
  return Math.min(CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, bytes));
}

class FileInput implements ByteInput {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #chunkBytes: number;
  #buffer: Buffer;
  #at: number;

  constructor(path: string, file: FileHandle, fromByte: number, chunkBytes: number) {
    this.#path = path;
    this.#file = file;
    this.#at = fromByte;
    this.#chunkBytes = chunkBytes;
    this.#buffer = Buffer.allocUnsafeSlow(chunkBytes);
  }

  async read(room = 0): Promise<Buffer | null> {
    try {
      const chunk = this.#chunkBytes;
      if (this.#buffer.length < room + chunk) this.#buffer = Buffer.allocUnsafeSlow(2 * room + chunk);
      const { bytesRead } = await this.#file.read(this.#buffer, room, chunk, this.#at);
      this.#at += bytesRead;
      return bytesRead === 0 ? null : this.#buffer.subarray(0, room + bytesRead);
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

class StreamInput implements ByteInput {
  readonly #path: string;
  readonly #stream: Readable;
  readonly #file: FileHandle;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(path: string, stream: Readable, file: FileHandle) {
    this.#path = path;
    this.#stream = stream;
    this.#file = file;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(room = 0): Promise<Buffer | null> {
    try {
      const { value, done } = await this.#chunks.next();
      return done === true ? null : withRoom(room, [value]);
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    await this.#file.close().catch(() => undefined);
  }
}

/**
 * A stream that may stand still for hours: `read` gives all that has arrived and waits only where there is nothing. After a stop it gives what
 * was taken off the pipe already, then null. Backpressure is the stream's own: nothing is read ahead of the caller.
 */
export class LiveInput implements ByteInput {
  readonly #stream: Readable;
  #hasEnded = false;
  #wasStopped = false;
  /** Something was told since the stream was looked at. */
  #hasChanged = false;
  #wake: (() => void) | null = null;
  #failure: Error | null = null;
  /** Taken off the pipe when the stop came. */
  #rest: Buffer[] = [];
  /** Used again by each read: memory that was never touched takes as long as the copy. */
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + PIPE_BYTES);

  constructor(stream: Readable, signal: AbortSignal | null) {
    this.#stream = stream;
    stream.on('readable', this.#onChange);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
    if (signal !== null) {
      if (signal.aborted) this.#onStop();
      signal.addEventListener('abort', this.#onStop, { once: true });
    }
  }

  readonly #onChange = (): void => {
    this.#hasChanged = true;
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#onChange();
  };

  readonly #onStop = (): void => {
    if (this.#wasStopped) return;
    this.#wasStopped = true;
    this.#rest = this.#takeAll();
    this.#stream.off('readable', this.#onChange);
    this.#stream.pause();
    // A process's stdin goes on reading ahead until it hears this; what stays in the pipe is there for the next run.
    this.#stream.emit('pause');
    this.#onEnd();
  };

  readonly #onError = (error: Error): void => {
    this.#failure = error;
    this.#onEnd();
  };

  async read(room = 0): Promise<Buffer | null> {
    for (;;) {
      if (this.#wasStopped) return this.#takeRest(room);
      this.#hasChanged = false;
      const taken = await this.#gather(room);
      if (taken !== null) return taken;
      if (this.#wasStopped || this.#hasChanged) continue;
      if (this.#failure !== null) throw new FscError('FSC7103', 3, 'stdin broke off', this.#failure.message, null);
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #takeRest(room: number): Buffer | null {
    const rest = this.#rest;
    this.#rest = [];
    return rest.length === 0 ? null : withRoom(room, rest);
  }

  /**
   * What has arrived, and what goes on arriving, up to a chunk: a pipe gives 64 kB at a time, and each batch costs a journal frame and its
   * sync. A source that gives less is not waited for longer than two turns of the event loop.
   */
  async #gather(room: number): Promise<Buffer | null> {
    let size = room;
    for (let quiet = 0; size < room + CHUNK_BYTES && quiet < 2 && !this.#wasStopped; ) {
      const part: Buffer | null = this.#stream.read();
      if (part !== null) {
        this.#reserve(size, part.length);
        size += part.copy(this.#buffer, size);
        quiet = 0;
      } else if (size === room || this.#hasEnded) break;
      else {
        quiet += 1;
        await nextTurn();
      }
    }
    return size === room ? null : this.#buffer.subarray(0, size);
  }

  /** Room for more behind the first `size` bytes. */
  #reserve(size: number, more: number): void {
    if (size + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (size + more));
    this.#buffer.copy(larger, 0, 0, size);
    this.#buffer = larger;
  }

  #takeAll(): Buffer[] {
    const parts: Buffer[] = [];
    for (let part: Buffer | null = this.#stream.read(); part !== null; part = this.#stream.read()) parts.push(part);
    return parts;
  }

  async close(): Promise<void> {
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    // The error handler stays: a pipe that breaks after the end is nobody's business.
    this.#onStop();
  }
}

function withRoom(room: number, parts: readonly Buffer[]): Buffer {
  return room === 0 && parts.length === 1 ? parts[0]! : Buffer.concat([Buffer.allocUnsafe(room), ...parts]);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
