/** What all files of the state folder share: written whole, synced, renamed into place; faults told as FscErrors. */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FscError } from '../values/errors.ts';

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

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
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
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
    await mkdir(dirname(path), { recursive: true });
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
