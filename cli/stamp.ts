/**
 * Remembers that `generated/` is what the features compile to, so that commands which only read it need not compile again (a lookup is
 * then twice as fast), and which views have no diagnostics, so that a check need only look at those that were edited. Written after every
 * compilation, beside the state: `.fsc/compiled.json`. It is trusted only while features, generated files and this fsc are byte for byte those of
 * then.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFeatureFiles } from './features.ts';
import { VERSION } from './version.ts';

const FILE = 'compiled.json';

interface Stamp {
  readonly features: string;
  readonly generated: string;
  /** Of all that a view's diagnostics depend on besides its own text. */
  readonly around: string;
  /** Path of a view without diagnostics → hash of its text. */
  readonly fine: Readonly<Record<string, string>>;
}

/** The stream modules of `generated/` by their path in it, or null: they may be stale, compile. */
export function readFreshModules(root: string): ReadonlyMap<string, string> | null {
  try {
    const stamp = JSON.parse(readFileSync(join(root, '.fsc', FILE), 'utf8')) as Partial<Stamp>;
    if (stamp.features !== hashOf(readFeatureFiles(root), compilerIdentity())) return null;
    const files = readGenerated(join(root, 'generated'), '');
    if (stamp.generated !== hashOf(files, '')) return null;
    return new Map([...files].filter(([path]) => path.startsWith('stream/')));
  } catch {
    // No stamp, or one that was cut short: compiling tells what is wrong, if anything is.
    return null;
  }
}

/** Views of which the last compilation had nothing to say, and that are what they were, by path; none if there was no compilation. */
export function readFineViews(root: string, features: ReadonlyMap<string, string>): ReadonlySet<string> {
  try {
    const { around, fine = {} } = JSON.parse(readFileSync(join(root, '.fsc', FILE), 'utf8')) as Partial<Stamp>;
    if (around !== hashAround(features)) return new Set();
    return new Set(
      Object.entries(fine).flatMap(([path, hash]) => (hash === hashOfText(features.get(path)) ? [path] : [])),
    );
  } catch {
    return new Set();
  }
}

/** `features` as they were compiled, those of `fine` without diagnostics; `generated`: path under generated/ → text, as it stands on the disk now. */
export function writeStamp(
  root: string,
  features: ReadonlyMap<string, string>,
  generated: ReadonlyMap<string, string>,
  fine: readonly string[],
): void {
  const stamp: Stamp = {
    features: hashOf(features, compilerIdentity()),
    generated: hashOf(generated, ''),
    around: hashAround(features),
    fine: Object.fromEntries(fine.map((path) => [path, hashOfText(features.get(path))])),
  };
  const text = JSON.stringify(stamp);
  const path = join(root, '.fsc', FILE);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    if (readIfThere(path) === text) return;
    mkdirSync(join(root, '.fsc'), { recursive: true });
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch {
    // A project that can't be written is compiled each time.
    removeIfPossible(temporary);
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nor can it be removed then.
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Of this very build: a new one may compile the same text to other files. */
function compilerIdentity(): string {
  const { mtimeMs, size } = statSync(fileURLToPath(import.meta.url));
  return `${VERSION} ${mtimeMs} ${size}`;
}

function readGenerated(folder: string, prefix: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`;
    if (!entry.isDirectory()) files.set(path, readFileSync(join(folder, entry.name), 'utf8'));
    else for (const [inner, text] of readGenerated(join(folder, entry.name), `${path}/`)) files.set(inner, text);
  }
  return files;
}

/** Sources, and the names of all files: a view may not be named as another. */
function hashAround(features: ReadonlyMap<string, string>): string {
  const around = [...features].map(([path, text]) => [path, path.startsWith('features/sources/') ? text : ''] as const);
  return hashOf(new Map(around), compilerIdentity());
}

function hashOfText(text: string | undefined): string {
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}

function hashOf(files: ReadonlyMap<string, string>, more: string): string {
  const hash = createHash('sha256').update(`${more}\0`);
  for (const [path, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path}\0${text.length}\0${text}`);
  }
  return hash.digest('hex');
}
