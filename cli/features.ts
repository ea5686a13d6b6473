/** Reads feature files from disk into the path → text map that the compiler takes. */
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, FscError, messageOf } from '../runtime/values/errors.ts';

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Every `.sql` file under features/, keyed by its path relative to the project with forward slashes. Bytes that are no UTF-8
 * come through as U+FFFD, which the compiler reports with its place.
 */
export function readFeatureFiles(root: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  walk(root, 'features', files);
  return files;
}

function walk(root: string, relative: string, files: Map<string, string>): void {
  for (const entry of entries(join(root, relative))) {
    const path = `${relative}/${entry.name}`;
    if (entry.isDirectory()) walk(root, path, files);
    else if (entry.name.toLowerCase().endsWith('.sql')) files.set(path, readSql(join(root, path), path));
  }
}

function entries(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw new FscError('FSC7010', 2, `cannot read ${dir}`, messageOf(error), null);
  }
}

function readSql(file: string, path: string): string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) {
      throw new FscError(
        'FSC7010',
        1,
        `${path} is larger than 1 MiB`,
        'a feature file is one SELECT',
        'data belongs elsewhere',
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof FscError) throw error;
    throw new FscError('FSC7010', 2, `cannot read ${path}`, messageOf(error), null);
  }
}
