/** The files of a location, in code-point order of their paths (rules.md 2), and whether they are still what was consumed. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import type { PositionEntry } from '../log/contract.ts';
import { counted, formatCount } from '../values/counted.ts';
import { errorCode, FscError } from '../values/errors.ts';
import { compareText } from '../values/order.ts';
import { unreadable } from './byte-input.ts';
import { type EntryKind, matching } from './glob.ts';

export interface SourceFile {
  /** Relative to the project, forward slashes: what positions and messages call it. */
  readonly name: string;
  readonly path: string;
}

/** The entry of a sorted whole among those of its files in a position. */
export const WHOLE = '*';

const CHECKED_BYTES = 4096;

/**
 * Files that a path or glob names, one at least. What it names and cannot be read is told: a record that nobody misses would be lost in silence.
 */
export function findFiles(root: string, pattern: string): readonly SourceFile[] {
  const { files, others } = matching(root, pattern);
  const [other] = others;
  if (other !== undefined) throw noFile(sourceFile(root, other.path).name, other.kind);
  if (files.length === 0) {
    throw new FscError(
      'FSC7102',
      2,
      `no file matches \`${pattern}\``,
      `paths are relative to the project, ${root}`,
      'check the path, or put it in quotes if the shell expands it',
    );
  }
  return files.map((path) => sourceFile(root, path)).sort((a, b) => compareText(a.name, b.name));
}

function noFile(name: string, kind: Exclude<EntryKind, 'file'>): FscError {
  const ending = /\.(parquet|csv|jsonl)(\.gz)?$/.exec(name)?.[0] ?? '';
  switch (kind) {
    case 'folder':
      return new FscError(
        'FSC7102',
        2,
        `\`${name}\` is a folder`,
        'a location names files',
        `name those in it: ${name}/*${ending}`,
      );
    case 'nothing':
      return new FscError(
        'FSC7102',
        2,
        `\`${name}\` is a link to nothing`,
        'what it stands for is gone, or not mounted',
        'put it back, or remove the link',
      );
    case 'special':
      return new FscError(
        'FSC7102',
        2,
        `\`${name}\` is no file`,
        'a pipe or device can be read once, and files are read again',
        'write it to a file first; JSON lines can come on stdin',
      );
  }
}

function sourceFile(root: string, path: string): SourceFile {
  const full = resolve(root, path);
  const name = relative(root, full);
  return { name: (name.startsWith('..') ? full : name).split(sep).join('/'), path: full };
}

export function fileSize(file: SourceFile): number {
  try {
    return statSync(file.path).size;
  } catch (error) {
    throw unreadable(file.name, error);
  }
}

/** Over the beginning and the end of the first `bytes` bytes: cheap, and any honest change of a file changes its size or one of these. */
export function contentCheck(file: SourceFile, bytes: number): string {
  const hash = createHash('sha256');
  for (const at of [0, Math.max(0, bytes - CHECKED_BYTES)]) {
    hash.update(bytesAt(file, at, Math.min(CHECKED_BYTES, bytes - at)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Up to `length` bytes: fewer at the end of the file. */
export function bytesAt(file: SourceFile, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  try {
    const descriptor = openSync(file.path, 'r');
    try {
      return buffer.subarray(0, readSync(descriptor, buffer, 0, length, at));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(file.name, error);
  }
}

export function wholeFileEntry(file: SourceFile, offset: number): PositionEntry {
  const bytes = fileSize(file);
  return { offset, bytes, check: contentCheck(file, bytes) };
}

/**
 * A file as it was when reading began. What is read may not turn into something else on the way: positions name the path, while the bytes come
 * from whatever was opened.
 */
export class WatchedFile {
  readonly file: SourceFile;
  readonly #isWhole: boolean;
  readonly #opened: FileState;
  readonly #head: Buffer;
  readonly #entry: PositionEntry;

  /** `isWhole`: it can't grow while it is read either. */
  constructor(file: SourceFile, isWhole: boolean) {
    this.file = file;
    this.#isWhole = isWhole;
    this.#opened = statOf(file);
    this.#head = bytesAt(file, 0, CHECKED_BYTES);
    this.#entry = wholeFileEntry(file, 0);
  }

  /** The whole file, of which `offset` records were consumed. */
  wholeEntry(offset: number): PositionEntry {
    return { ...this.#entry, offset };
  }

  /** It had so many bytes when reading began. */
  isSize(bytes: number): boolean {
    return this.#entry.bytes === bytes;
  }

  /** The first `bytes` bytes were consumed. */
  entryAt(offset: number, bytes: number): PositionEntry {
    this.check(bytes);
    return { offset, bytes, check: contentCheck(this.file, bytes) };
  }

  /** Throws if the file at the path is not the one that is being read, or has lost bytes that were. */
  check(bytes: number): void {
    const { device, inode, size, written, touched } = this.#opened;
    const now = statOf(this.file);
    const isOther = now.device !== device || now.inode !== inode;
    if (isOther || now.size < BigInt(bytes)) throw changed(this.file.name, 'it was replaced or cut while it was read');
    if (now.size === size && now.written === written && now.touched === touched) return;
    if (this.#isWhole || !bytesAt(this.file, 0, this.#head.length).equals(this.#head))
      throw changed(this.file.name, 'it was written to while it was read');
  }
}

interface FileState {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly written: bigint;
  /** Of the file or its attributes: the time of writing can be set back (`cp -p`), this one can't. */
  readonly touched: bigint;
}

function statOf(file: SourceFile): FileState {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file.path, { bigint: true });
    return { device: dev, inode: ino, size, written: mtimeNs, touched: ctimeNs };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw changed(file.name, 'it is gone');
    throw unreadable(file.name, error);
  }
}

/** The file still begins with the bytes that were consumed; with `isWhole` it is nothing but those. `isAlone`: no other was read after it. */
export function checkUnchanged(file: SourceFile, entry: PositionEntry, isWhole: boolean, isAlone: boolean): void {
  const size = fileSize(file);
  const bytes = entry.bytes ?? 0;
  if (size < bytes) throw changed(file.name, `it had ${counted(bytes, 'byte')}, now ${formatCount(size)}`);
  if (isWhole && size !== bytes)
    throw changed(
      file.name,
      `it grew from ${formatCount(bytes)} to ${counted(size, 'byte')}${isAlone ? '' : ', and later files were read after it'}`,
    );
  if (contentCheck(file, bytes) !== entry.check) throw changed(file.name, 'its bytes are not those that were read');
  if (!isWhole && size > bytes && bytes > 0 && !isLineEnd(file, bytes)) {
    throw changed(file.name, 'its last line was read before it was whole, and has grown');
  }
}

/** Whether a line ends right before or right at the byte. */
function isLineEnd(file: SourceFile, byte: number): boolean {
  const descriptor = openSync(file.path, 'r');
  try {
    const around = Buffer.alloc(2);
    readSync(descriptor, around, 0, 2, byte - 1);
    return around[0] === 10 || around[1] === 10 || around[1] === 13;
  } finally {
    closeSync(descriptor);
  }
}

export function changed(name: string, why: string): FscError {
  return changedFault(
    name,
    why,
    'put the file back, add new records in a new file that sorts last, or start anew with --rebuild',
  );
}

/** Positions in one order are none in the other. `now`: how the files are read. */
export function otherOrder(location: string, now: 'none' | 'arrival'): FscError {
  const [before, after] = now === 'none' ? ['in order of arrival', 'sorted'] : ['sorted', 'in order of arrival'];
  return new FscError(
    'FSC7104',
    1,
    `\`${location}\` was consumed in another order`,
    `it was read ${before}, and is to be read ${after} (\`order\` in fsc.json)`,
    'put the order back, or start anew with --rebuild',
  );
}

export function changedTable(name: string, why: string): FscError {
  return changedFault(
    name,
    why,
    'put the rows back, add new ones with later event times only (or by the stream, if there is one), or start anew with --rebuild',
  );
}

function changedFault(name: string, why: string, help: string): FscError {
  return new FscError('FSC7104', 1, `\`${name}\` changed after it was consumed`, why, help);
}
