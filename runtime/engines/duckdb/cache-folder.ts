/** Where commands put files that can be made again: the project's cache or, where that can't be written, a folder of this process. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolders, writeFault } from '../../log/durable-file.ts';
import { errorCode } from '../../values/errors.ts';

/** A project may be mounted read-only, or belong to somebody else. */
const NOT_OURS: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM']);

/** By the cache that it stands for. */
const spares = new Map<string, string>();

/** The folder, which is there and can be written. */
export function writableCache(cacheDir: string): string {
  const known = spares.get(cacheDir);
  if (known !== undefined) return known;
  try {
    makeFolders(cacheDir);
    accessSync(cacheDir, constants.W_OK | constants.X_OK);
    return cacheDir;
  } catch (error) {
    if (!NOT_OURS.has(errorCode(error) ?? '')) throw writeFault(cacheDir, error);
    const spare = makeSpare(cacheDir, error);
    spares.set(cacheDir, spare);
    return spare;
  }
}

/** Whether `writableCache` gave another folder. */
export function isSpared(cacheDir: string): boolean {
  return spares.has(cacheDir);
}

/** Gone with the process. */
function makeSpare(cacheDir: string, fault: unknown): string {
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'fsc-cache-'));
  } catch {
    throw writeFault(cacheDir, fault);
  }
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
