/**
 * `generated/` is written whole or not at all: a complete folder is staged beside it (unchanged files are hard links, so they
 * keep bytes and time) and takes its place by two renames.
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolders } from '../runtime/log/durable-file.ts';
import { FscError, isDiskFull, refusalOf } from '../runtime/values/errors.ts';

export interface GeneratedChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** What writing `files` (path under generated/ → text) would change. */
export function compareGenerated(root: string, files: ReadonlyMap<string, string>): GeneratedChanges {
  const dir = join(root, 'generated');
  const present = new Set(listFiles(dir, ''));
  const added: string[] = [];
  const changed: string[] = [];
  for (const [path, text] of files) {
    if (!present.delete(path)) added.push(path);
    else if (readFileSync(join(dir, path), 'utf8') !== text) changed.push(path);
  }
  return { added, changed, removed: [...present].sort() };
}

export function isUnchanged(changes: GeneratedChanges): boolean {
  return changes.added.length + changes.changed.length + changes.removed.length === 0;
}

/** `changes`: what `compareGenerated` says of the same files. False: it need not be written, and this user may not. */
export function writeGenerated(
  root: string,
  files: ReadonlyMap<string, string>,
  changes: GeneratedChanges,
  isNeeded = true,
): boolean {
  if (isUnchanged(changes)) return true;
  const fsc = join(root, '.fsc');
  const staging = join(fsc, `generated-${process.pid}.new`);
  const old = join(fsc, `generated-${process.pid}.old`);
  const target = join(root, 'generated');
  try {
    rmSync(staging, { recursive: true, force: true });
    const touched = new Set([...changes.added, ...changes.changed]);
    for (const [path, text] of files) stage(target, staging, path, touched.has(path) ? text : null);
    if (existsSync(target)) renameSync(target, old);
    try {
      renameSync(staging, target);
    } catch (error) {
      if (existsSync(old)) renameSync(old, target);
      throw error;
    }
    rmSync(old, { recursive: true, force: true });
    return true;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    if (!isNeeded && refusalOf(error) === 'rights') return false;
    throw new FscError(
      'FSC7010',
      isDiskFull(error) ? 3 : 2,
      'cannot write generated/',
      error instanceof Error ? error.message : null,
      'nothing was changed; make the project folder writable',
    );
  }
}

function stage(target: string, staging: string, path: string, text: string | null): void {
  const to = join(staging, path);
  makeFolders(dirname(to));
  if (text !== null) {
    writeFileSync(to, text);
    return;
  }
  const from = join(target, path);
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // a file system without hard links
    const { atime, mtime } = statSync(from);
    utimesSync(to, atime, mtime);
  }
}

function listFiles(dir: string, prefix: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? listFiles(join(dir, entry.name), `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
  );
}
