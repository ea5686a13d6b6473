/** Bytes of a file (also .gz) or of a stream such as stdin, chunk by chunk. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FscError } from '../values/errors.ts';

const CHUNK_BYTES = 1 << 20;

export interface ByteInput {
  /** The next bytes, or null at the end. The buffer is the caller's until the next call. */
  read(): Promise<Buffer | null>;
  close(): Promise<void>;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function unreadable(path: string, error: unknown): FscError {
  return new FscError('FSC7103', 2, `cannot read ${path}`, messageOf(error), null);
}

export function isPacked(path: string): boolean {
  return /\.gz$/i.test(path);
}

export async function openBytes(path: string, fromByte: number): Promise<ByteInput> {
  try {
    const file = await open(path, 'r');
    if (!isPacked(path)) return new FileInput(path, file, fromByte);
    const gunzip = file.createReadStream({ highWaterMark: CHUNK_BYTES }).pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
    return new StreamInput(path, gunzip, file);
  } catch (error) {
    throw unreadable(path, error);
  }
}

class FileInput implements ByteInput {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #at: number;

  constructor(path: string, file: FileHandle, fromByte: number) {
    this.#path = path;
    this.#file = file;
    this.#at = fromByte;
  }

  async read(): Promise<Buffer | null> {
    try {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, CHUNK_BYTES, this.#at);
      this.#at += bytesRead;
      return bytesRead === 0 ? null : this.#buffer.subarray(0, bytesRead);
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

  async read(): Promise<Buffer | null> {
    try {
      const { value, done } = await this.#chunks.next();
      return done === true ? null : value;
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
  #rest: Buffer | null = null;

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

  async read(): Promise<Buffer | null> {
    for (;;) {
      if (this.#wasStopped) return this.#takeRest();
      this.#hasChanged = false;
      const taken = await this.#gather();
      if (taken !== null) return taken;
      if (this.#wasStopped || this.#hasChanged) continue;
      if (this.#failure !== null) throw new FscError('FSC7103', 3, 'stdin broke off', this.#failure.message, null);
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #takeRest(): Buffer | null {
    const rest = this.#rest;
    this.#rest = null;
    return rest;
  }

  /**
   * What has arrived, and what goes on arriving, up to a chunk: a pipe gives 64 kB at a time, and each batch costs a journal frame and its
   * sync. A source that gives less is not waited for longer than two turns of the event loop.
   */
  async #gather(): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let size = 0;
    for (let quiet = 0; size < CHUNK_BYTES && quiet < 2 && !this.#wasStopped; ) {
      const part: Buffer | null = this.#stream.read();
      if (part !== null) {
        parts.push(part);
        size += part.length;
        quiet = 0;
      } else if (size === 0 || this.#hasEnded) break;
      else {
        quiet += 1;
        await nextTurn();
      }
    }
    return joined(parts);
  }

  #takeAll(): Buffer | null {
    const parts: Buffer[] = [];
    for (let part: Buffer | null = this.#stream.read(); part !== null; part = this.#stream.read()) parts.push(part);
    return joined(parts);
  }

  async close(): Promise<void> {
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    // The error handler stays: a pipe that breaks after the end is nobody's business.
    this.#onStop();
  }
}

function joined(parts: readonly Buffer[]): Buffer | null {
  if (parts.length === 0) return null;
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
