/** What all files of the state folder share: written whole, synced, renamed into place; faults told as FscErrors. */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { errorCode, FscError, isDiskFull, messageOf } from '../values/errors.ts';

const DISK_FAULTS: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'ENOTDIR',
  'EMFILE',
]);

/** A fault of the disk or the folder's rights as FSC7115; anything else as it is. */
export function writeFault(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === null || !DISK_FAULTS.has(code)) return error;
  const isFull = isDiskFull(error);
  return new FscError(
    'FSC7115',
    3,
    `cannot write ${path}`,
    isFull ? 'the disk is full' : messageOf(error),
    isFull ? 'make room and run again: nothing that was committed is lost' : 'fsc needs a folder that it may write to',
  );
}

/** Calls `write` with a temporary file beside `path`, syncs it and renames it into place; if `write` gives false, it is dropped. */
export async function writeWhole(path: string, write: (file: FileHandle) => Promise<boolean>): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    makeFolder(dirname(path));
    const file = await open(temporary, 'wx');
    let isWanted: boolean;
    try {
      isWanted = await write(file);
      if (isWanted) await file.sync();
    } finally {
      await file.close();
    }
    if (!isWanted) {
      await rm(temporary, { force: true });
      return false;
    }
    await rename(temporary, path);
    syncFolder(dirname(path));
    return true;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeFault(path, error);
  }
}

const CHECKED_BYTES = 1 << 22;

/** Of a file's bytes, in eight hex digits: formats that others define (Parquet) may have none of their own. */
export async function fileChecksum(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHECKED_BYTES);
    let sum = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHECKED_BYTES, null);
      if (bytesRead === 0) return textChecksum(sum);
      sum = crc32(buffer.subarray(0, bytesRead), sum);
    }
  } finally {
    await file.close();
  }
}

export function textChecksum(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

/** With its parents, and on the disk. */
export function makeFolder(path: string): void {
  const first = makeFolders(path);
  if (first === undefined) return;
  for (let made = resolve(path); made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

/** Gives the first that was not there. Where one can't be made, Node's own way tells only that the last is not there (ENOENT). */
export function makeFolders(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const parent = dirname(resolve(path));
    const above = existsSync(parent) ? undefined : makeFolders(parent);
    mkdirSync(path);
    return above ?? path;
  }
}

/** A rename is on the disk only when its folder is. Not every system lets a folder be opened. */
export function syncFolder(folder: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(folder, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(descriptor);
  } catch {
    // Windows and some network systems refuse; the rename itself stands.
  } finally {
    closeSync(descriptor);
  }
}

const TAIL_BYTES = 1 << 16;

/** A file of lines that a crash left with half of one at the end: so that the next one begins at a line's beginning. */
export function cutHalfLine(descriptor: number): void {
  const buffer = Buffer.alloc(TAIL_BYTES);
  const { size } = fstatSync(descriptor);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const read = readSync(descriptor, buffer, 0, end - start, start);
    const newline = buffer.subarray(0, read).lastIndexOf(10);
    if (newline >= 0) {
      if (start + newline + 1 < size) ftruncateSync(descriptor, start + newline + 1);
      return;
    }
    end = start;
  }
  if (size > 0) ftruncateSync(descriptor, 0);
}
