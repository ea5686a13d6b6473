/**
 * What stdin brought to a source: how far the state has consumed it, and how far the archive has it, which is all that anybody but a run finds.
 * Records go to the journal, then to the archive, then into a snapshot.
 */
import { join } from 'node:path';
import type { LogPosition } from '../log/contract.ts';
import { RETRIES_FOLDER } from '../log/retries.ts';
import { STDIN_PARTITION } from '../sources/location.ts';
import { counted, formatCount, plural } from '../values/counted.ts';
import { FscError } from '../values/errors.ts';
import { archiveExtent } from './duckdb/archive-files.ts';
import { journaledPosition, snapshotPosition } from './state-folder.ts';

export interface StateFolders {
  readonly state: string;
  readonly archive: string;
}

export interface StdinExtent {
  /** Records that runs took in. */
  readonly consumed: number;
  /** Of these, those that are in the archive. */
  readonly archived: number;
}

/**
 * null: stdin brought nothing. Throws FSC7304 where the archive has lost records. Takes no lock, so it may look beside a stream run, which is
 * only ever further by the time that a later line is read.
 */
export async function stdinExtent(folders: StateFolders, source: string): Promise<StdinExtent | null> {
  const saved = stdinRecords(await snapshotPosition(folders.state, source));
  const consumed = Math.max(saved, stdinRecords(journaledPosition(folders.state, source)));
  if (consumed === 0) return null;
  refuseLostArchive(folders, source, saved);
  return { consumed, archived: archiveExtent(folders.archive, source, STDIN_PARTITION).wholeTo };
}

/** A partition of a position is named after its phase, too. */
export function stdinRecords(position: LogPosition | null): number {
  const found = Object.entries(position?.partitions ?? {}).find(([name]) => name.endsWith(`:${STDIN_PARTITION}`));
  return found?.[1].offset ?? 0;
}

/** `saved`: so many records of stdin a snapshot tells of, which were archived before it was written. */
export function refuseLostArchive(folders: StateFolders, source: string, saved: number): void {
  const { wholeTo } = archiveExtent(folders.archive, source, STDIN_PARTITION);
  if (wholeTo < saved) throw archiveIncomplete(folders, source, wholeTo, saved);
}

export function archiveIncomplete(folders: StateFolders, source: string, whole: number, wanted: number): FscError {
  const name = encodeURIComponent(source);
  const retries = join(folders.state, RETRIES_FOLDER);
  return new FscError(
    'FSC7304',
    1,
    `the archive of \`${source}\` is incomplete`,
    `the first ${counted(wanted, 'record')} of stdin ${plural(wanted, 'was', 'were')} archived, and of these it holds the first ${formatCount(whole)}; nothing was changed`,
    `restore ${join(folders.archive, name)} from a backup; or go on without what stdin brought so far: remove that folder, ${name}.* in ${folders.state} and in ${retries}, and the quarantine of \`${source}\`, and run again`,
  );
}
