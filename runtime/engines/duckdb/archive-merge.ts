/**
 * Puts small files of the archive together, so that a stream that goes on for months leaves dozens of files and not hundreds of thousands: a tail of
 * small ones becomes one of the next size, as in a log-structured merge tree (O'Neil et al., 1996).
 */
import { rmSync, statSync } from 'node:fs';
import { parquetRelation } from '../../sources/duckdb-scan.ts';
import { type NumericVector, type TextVector, textAt } from '../../values/batch.ts';
import { FscError } from '../../values/errors.ts';
import {
  type ArchivedFile,
  archivedFiles,
  checkedPaths,
  copyTo,
  withoutOverlaps,
  writeArchived,
} from './archive-files.ts';
import type { DuckDbSession } from './session.ts';

/** So many files of at most so many rows make one of the next size. */
const MERGED_FILES = 16;
const SMALL_ROWS = 65_536;
const MOST_MERGED_BYTES = 64 << 20;
/** What one snapshot may do, if an archive was never put together. */
const MOST_FILES_AT_ONCE = 1024;
const MERGES_A_SNAPSHOT = 3;
/** Readers list files and then read them. */
const KEPT_AFTER_MERGE_MILLIS = 3_600_000;

/**
 * Of one partition. Only when a snapshot knows of all records that were flushed: a run that is redone from before them writes over whole files.
 */
export async function mergeSmallFiles(
  session: DuckDbSession,
  folder: string,
  partition: string,
  nowMillis: number,
): Promise<void> {
  const files = archivedFiles(folder).filter((file) => file.partition === partition);
  const counted = withoutOverlaps(files);
  try {
    removeMerged(files, counted, nowMillis);
    let rest = counted;
    for (let merges = 0; merges < MERGES_A_SNAPSHOT; merges += 1) {
      const tail = await likeTheLast(session, mergeable(rest));
      if (tail.length < MERGED_FILES) return;
      rest = [...rest.slice(0, -tail.length), await mergeFiles(session, folder, tail)];
    }
  } catch (error) {
    // The records are all there. A file that is broken is told to whoever reads it, a full disk to whoever has to write.
    if (!(error instanceof FscError)) throw error;
  }
}

function sizeOf({ from, to }: ArchivedFile): number {
  return Math.floor(Math.log2(to - from) / Math.log2(MERGED_FILES));
}

/** The files at the end of a list that follow one another, and of which none is larger than the last by a size; no more than can be put together at once. */
function mergeable(files: readonly ArchivedFile[]): readonly ArchivedFile[] {
  const last = files.at(-1);
  if (last === undefined) return [];
  let first = files.length;
  let bytes = 0;
  for (let next = last.to; first > 0 && files.length - first < MOST_FILES_AT_ONCE; first -= 1) {
    const file = files[first - 1] as ArchivedFile;
    if (file.to !== next || file.to - file.from >= SMALL_ROWS || sizeOf(file) > sizeOf(last)) break;
    bytes += statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes > MOST_MERGED_BYTES) break;
    next = file.from;
  }
  return files.slice(first);
}

/** Those in whose place a larger one has counted for long enough. */
function removeMerged(files: readonly ArchivedFile[], counted: readonly ArchivedFile[], nowMillis: number): void {
  const kept = new Set(counted.map(({ path }) => path));
  for (const { path, from, to } of files) {
    if (kept.has(path)) continue;
    const larger = counted.find((file) => file.from <= from && file.to >= to);
    const madeMillis = larger === undefined ? undefined : statSync(larger.path, { throwIfNoEntry: false })?.mtimeMs;
    if (madeMillis !== undefined && nowMillis - madeMillis > KEPT_AFTER_MERGE_MILLIS) rmSync(path, { force: true });
  }
}

/** Of files at the end of a list: those whose columns are the last one's. */
async function likeTheLast(session: DuckDbSession, files: readonly ArchivedFile[]): Promise<readonly ArchivedFile[]> {
  if (files.length < MERGED_FILES) return [];
  const columns: string[] = [];
  for (const path of await checkedPaths(files)) columns.push(await columnsOf(session, path));
  const other = columns.findLastIndex((text) => text !== columns.at(-1));
  return files.slice(other + 1);
}

async function columnsOf(session: DuckDbSession, path: string): Promise<string> {
  const { batch } = await session.readColumns(
    `SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE SELECT * FROM ${parquetRelation([path])})`,
  );
  return textAt(batch.columns[0] as TextVector, 0);
}

/** They stay until whoever had listed them has read them; from here on the larger one counts. */
async function mergeFiles(
  session: DuckDbSession,
  folder: string,
  files: readonly ArchivedFile[],
): Promise<ArchivedFile> {
  const { partition, from } = files[0] as ArchivedFile;
  const { to } = files.at(-1) as ArchivedFile;
  return writeArchived(folder, { partition, from, to }, async (temporary) => {
    await session.run(copyTo(`SELECT * FROM ${parquetRelation(files.map(({ path }) => path))}`, temporary));
    await checkMerged(session, temporary, from, to);
  });
}

async function checkMerged(session: DuckDbSession, path: string, from: number, to: number): Promise<void> {
  const { batch } = await session.readColumns(
    `SELECT count(DISTINCT _fsc_offset), count(*), min(_fsc_offset), max(_fsc_offset) FROM ${parquetRelation([path])}`,
  );
  const found = batch.columns.map((column) => (column as NumericVector).values[0]);
  if (found.join() !== [to - from, to - from, from, to - 1].join())
    throw new Error(`archive: ${path} is to hold the records from ${from} to ${to}, and holds ${found.join(', ')}`);
}
