/**
 * The archive's files (design.md section 6): `<folder>/<source>/<partition>.<from>-<to>.<checksum>.parquet`, offsets [from, to). Nothing else has
 * these records, so names end in the checksum of the bytes.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileChecksum, makeFolder, syncFolder, writeFault } from '../../log/durable-file.ts';
import { OWN_PARQUET, quoteText } from '../../sources/duckdb-scan.ts';
import { errorCode, FscError, messageOf } from '../../values/errors.ts';

/** Columns of more different values in a row group have no dictionary, and DuckDB gives up sooner to look for one. */
const DICTIONARY_TEXTS = 4096;

export interface ArchivedFile {
  readonly path: string;
  readonly partition: string;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly checksum: string;
}

export function sourceFolder(folder: string, source: string): string {
  return join(folder, encodeURIComponent(source));
}

/** Files of a source, by partition and offset, without overlaps: where a crash left two, the later and longer one counts. */
export function listArchive(folder: string, source: string): readonly ArchivedFile[] {
  return withoutOverlaps(archivedFiles(sourceFolder(folder, source)));
}

export function withoutOverlaps(all: readonly ArchivedFile[]): readonly ArchivedFile[] {
  const files = [...all].sort(
    (a, b) => Buffer.compare(Buffer.from(a.partition), Buffer.from(b.partition)) || a.from - b.from || b.to - a.to,
  );
  const kept: ArchivedFile[] = [];
  for (const file of files) {
    const last = kept.at(-1);
    if (last === undefined || last.partition !== file.partition || file.from >= last.to) kept.push(file);
  }
  return kept;
}

/** How many records the archive of a partition holds from its first on: up to the last, and up to the first that is missing. */
export function archiveExtent(
  folder: string,
  source: string,
  partition: string,
): { readonly end: number; readonly wholeTo: number } {
  let end = 0;
  let wholeTo = 0;
  for (const file of listArchive(folder, source)) {
    if (file.partition !== partition) continue;
    if (file.from === wholeTo) wholeTo = file.to;
    end = file.to;
  }
  return { end, wholeTo };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

export function archivedFiles(folder: string): ArchivedFile[] {
  return namesIn(folder).flatMap((name) => {
    const match = /^([^.][^/]*)\.(\d+)-(\d+)\.([0-9a-f]{8})\.parquet$/.exec(name);
    if (match === null) return [];
    const [, partition, from, to, checksum] = match as string[] as [string, string, string, string, string];
    return [
      {
        path: join(folder, name),
        partition: decodeURIComponent(partition),
        from: Number(from),
        to: Number(to),
        checksum,
      },
    ];
  });
}

/** Paths of the files, whose bytes are those that were written. */
export async function checkedPaths(files: readonly ArchivedFile[]): Promise<readonly string[]> {
  for (const { path, checksum } of files) {
    if ((await checksumOf(path)) === checksum) continue;
    throw new FscError(
      'FSC7119',
      1,
      `the archive file ${path} is corrupt`,
      'its bytes are not those that its checksum was made of',
      'restore it from a backup: nothing else has its records',
    );
  }
  return files.map((file) => file.path);
}

async function checksumOf(path: string): Promise<string> {
  try {
    return await fileChecksum(path);
  } catch (error) {
    throw new FscError('FSC7119', 1, `cannot read the archive file ${path}`, messageOf(error), null);
  }
}

/** The statement that writes records as the archive keeps them. */
export function copyTo(query: string, path: string): string {
  return `COPY (${query}) TO ${quoteText(path)} (${OWN_PARQUET}, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT ${DICTIONARY_TEXTS})`;
}

/**
 * A file with the records [from, to) of a partition, which `write` puts where it is told; on the disk under its name when this returns, and in
 * the place of `replaced`. Nothing is left behind where it fails.
 */
export async function writeArchived(
  folder: string,
  { partition, from, to }: Pick<ArchivedFile, 'partition' | 'from' | 'to'>,
  write: (temporary: string) => Promise<void>,
  replaced: readonly ArchivedFile[] = [],
): Promise<ArchivedFile> {
  const name = join(folder, `${encodeURIComponent(partition)}.${from}-${to}`);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    makeFolder(folder);
    await write(temporary);
    await syncFile(temporary);
    const checksum = await fileChecksum(temporary);
    const path = `${name}.${checksum}.parquet`;
    renameSync(temporary, path);
    // The records are on the disk under their new name before they lose the old one.
    syncFolder(folder);
    for (const file of replaced) if (file.path !== path) rmSync(file.path, { force: true });
    if (replaced.length > 0) syncFolder(folder);
    return { path, partition, from, to, checksum };
  } catch (error) {
    removeIfPossible(temporary);
    throw writeFault(name, error);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Else the next run does it. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What went wrong before is what is told.
  }
}

/** Of a run that was killed. The state folder's lock keeps others out meanwhile. */
export function removeTemporaries(folder: string): void {
  for (const name of namesIn(folder))
    if (/^\.[0-9a-f-]{36}\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
}
