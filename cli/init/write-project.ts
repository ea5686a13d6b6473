/** New files of a project: all of them or none, and nothing that is there already is touched. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FscError, isDiskFull } from '../../runtime/values/errors.ts';

const IGNORE = '.gitignore';
const IGNORED = ['.fsc/', '.env'];

export interface WrittenProject {
  /** Relative to the project, in order. */
  readonly files: readonly string[];
  /** A `.gitignore` was there: these of its lines are missing. */
  readonly missingIgnores: readonly string[];
}

export function writeProject(root: string, files: ReadonlyMap<string, string>): WrittenProject {
  refuseOverwriting(root, files);
  const missingIgnores = existsSync(join(root, IGNORE)) ? missingIn(join(root, IGNORE)) : [];
  const all = new Map(files);
  if (!existsSync(join(root, IGNORE))) all.set(IGNORE, `${IGNORED.join('\n')}\n`);
  const created: string[] = [];
  try {
    for (const [path, text] of all) {
      makeFolder(dirname(join(root, path)), created);
      writeFileSync(join(root, path), text, { flag: 'wx' });
      created.push(join(root, path));
    }
  } catch (error) {
    undo(created);
    throw cannotWrite(root, error);
  }
  return { files: [...all.keys()], missingIgnores };
}

function refuseOverwriting(root: string, files: ReadonlyMap<string, string>): void {
  if (existsSync(root) && !statSync(root).isDirectory()) throw isThere(`\`${root}\``, 'it is no folder');
  for (const name of ['fsc.json', 'features']) {
    if (existsSync(join(root, name))) throw isThere(`\`${join(root, name)}\``, 'the folder is a project already');
  }
  const there = [...files.keys()].filter((path) => existsSync(join(root, path)));
  if (there.length > 0) throw isThere(there.map((path) => `\`${path}\``).join(', '), `nothing was written to ${root}`);
}

function isThere(what: string, why: string): FscError {
  return new FscError('FSC7019', 2, `${what} is there already`, why, 'name a new folder: fsc init DIR');
}

function missingIn(file: string): readonly string[] {
  const lines = new Set(
    readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .map((line) => line.trim().replace(/^\//, '').replace(/\/$/, '')),
  );
  return IGNORED.filter((line) => !lines.has(line.replace(/\/$/, '')));
}

/** Remembers each folder that it makes. */
function makeFolder(folder: string, created: string[]): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), created);
  mkdirSync(folder);
  created.push(folder);
}

function undo(created: readonly string[]): void {
  for (const path of [...created].reverse()) {
    try {
      if (statSync(path).isDirectory()) rmdirSync(path);
      else rmSync(path);
    } catch {
      // Somebody else put something there meanwhile.
    }
  }
}

function cannotWrite(root: string, error: unknown): FscError {
  const isFull = isDiskFull(error);
  return new FscError(
    'FSC7010',
    isFull ? 3 : 2,
    `cannot write the project to ${root}`,
    isFull ? 'the disk is full' : error instanceof Error ? error.message : null,
    'nothing was left behind; name a folder that may be written',
  );
}
