/** What a path or glob names. `*` and `?` stop at slashes, `**` doesn't; `[a-z]`, `{a,b}`. Hidden files only where written. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { errorCode } from '../values/errors.ts';
import { unreadable } from './byte-input.ts';

/** `nothing`: a link whose end is not there. */
export type EntryKind = 'file' | 'folder' | 'nothing' | 'special';

export interface Matches {
  /** Paths, each once. */
  readonly files: readonly string[];
  /** What the pattern names and is no file. A folder with nothing in it, or in which files were found (by `**`), is not meant. */
  readonly others: readonly { readonly path: string; readonly kind: Exclude<EntryKind, 'file'> }[];
}

const HAS_GLOB = /[*?[{]/;

/** A pattern that is a file's name as it stands names that file. Throws FSC7103 where a folder on the way cannot be read. */
export function matching(root: string, pattern: string): Matches {
  const found = new Map<string, EntryKind>();
  const asItStands = resolve(root, pattern);
  const kind = kindOf(asItStands);
  if (kind === 'file' || !HAS_GLOB.test(pattern)) {
    if (kind !== null) found.set(asItStands, kind);
  } else {
    const parts = pattern.split('/');
    const fixed = parts.findIndex((part) => HAS_GLOB.test(part));
    const base = parts.slice(0, fixed).join('/');
    const start = pattern.startsWith('/') ? (base === '' ? '/' : base) : resolve(root, base);
    walk(start, parts.slice(fixed), found, []);
  }
  const files = [...found].flatMap(([path, kind]) => (kind === 'file' ? [path] : []));
  const others = [...found].flatMap(([path, kind]) =>
    kind === 'file' || (kind === 'folder' && isNotMeant(path, files)) ? [] : [{ path, kind }],
  );
  return { files, others };
}

function isNotMeant(folder: string, files: readonly string[]): boolean {
  return entriesOf(folder).length === 0 || files.some((path) => path.startsWith(folder + sep));
}

/** `within`: the folders that it is in, so that a link back to one of them is not followed for ever. */
function walk(
  folder: string,
  parts: readonly string[],
  found: Map<string, EntryKind>,
  within: readonly (string | null)[],
): void {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (part === '**') walk(folder, rest, found, within);
  const match = part === '**' ? /^[^.]/ : segmentPattern(part);
  const isLast = part !== '**' && rest.length === 0;
  for (const entry of entriesOf(folder)) {
    if (!match.test(entry)) continue;
    const path = join(folder, entry);
    const kind = kindOf(path);
    if (isLast && kind !== null) found.set(path, kind);
    if (isLast || kind !== 'folder') continue;
    if (part !== '**') walk(path, rest, found, within);
    else {
      const identity = identityOf(path);
      if (!within.includes(identity)) walk(path, parts, found, [...within, identity]);
    }
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isGone(error)) return [];
    throw unreadable(folder, error);
  }
}

/** null: there is no such entry. */
function kindOf(path: string): EntryKind | null {
  const stats = statOf(path, statSync);
  if (stats === null) return statOf(path, lstatSync) === null ? null : 'nothing';
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'special';
}

/** The same for a folder and a link to it. */
function identityOf(folder: string): string | null {
  const stats = statOf(folder, statSync);
  return stats === null ? null : `${stats.dev}:${stats.ino}`;
}

function statOf(path: string, stat: (path: string) => Stats): Stats | null {
  try {
    return stat(path);
  } catch (error) {
    if (isGone(error)) return null;
    throw unreadable(path, error);
  }
}

/** ELOOP: a link to itself leads nowhere. */
function isGone(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

function segmentPattern(part: string): RegExp {
  let text = part.startsWith('.') ? '^' : '^(?!\\.)';
  let depth = 0;
  for (let i = 0; i < part.length; i += 1) {
    const char = part[i]!;
    const close = char === '[' ? part.indexOf(']', i + 2) : -1;
    if (close > 0) {
      const body = part
        .slice(i + 1, close)
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[');
      text += `[${body.startsWith('!') ? `^${body.slice(1)}` : body}]`;
      i = close;
    } else if (char === '*') text += '.*';
    else if (char === '?') text += '.';
    else if (char === '{') {
      text += '(?:';
      depth += 1;
    } else if (char === '}' && depth > 0) {
      text += ')';
      depth -= 1;
    } else if (char === ',' && depth > 0) text += '|';
    else text += char.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  }
  return new RegExp(`${text}$`, 'su');
}
