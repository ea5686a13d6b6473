/** Tells offline commands how much of what stdin brought they do not see, once a command and source. */
import { type StdinExtent, stdinExtent } from '../runtime/engines/stdin-extent.ts';
import { isFolderLocked } from '../runtime/log/lock.ts';
import { formatCount, plural } from '../runtime/values/counted.ts';
import { FscError } from '../runtime/values/errors.ts';
import { isArchived, type ProjectRecords } from './accepted.ts';
import { type GlobalFlags, type Io, say } from './io.ts';
import type { SourceLocations } from './locations.ts';
import { ToldOnce } from './told-once.ts';

const told = new ToldOnce();

/** Before the records of the source are read. Throws FSC7304 where the archive has lost some. */
export async function tellUnarchived(
  io: Io,
  flags: GlobalFlags,
  workspace: ProjectRecords,
  locations: ReadonlyMap<string, SourceLocations>,
  name: string,
): Promise<void> {
  const at = locations.get(name);
  if (at === undefined || at.isOverridden || !told.isFirst(io, name)) return;
  const extent = await extentOf(workspace, name, at);
  if (extent === null || extent.archived >= extent.consumed) return;
  say(io, flags, unarchivedText(workspace.paths.state, name, extent));
}

async function extentOf(workspace: ProjectRecords, name: string, at: SourceLocations): Promise<StdinExtent | null> {
  try {
    return await stdinExtent(workspace.paths, name);
  } catch (error) {
    // A source of files is read without its state, which a run tells of.
    const needsState = at.stream === '-' || isArchived(workspace, name, at);
    if (!needsState && error instanceof FscError && error.code !== 'FSC7304') return null;
    throw error;
  }
}

function unarchivedText(state: string, name: string, { consumed, archived }: StdinExtent): string {
  const missing = consumed - archived;
  const records = plural(missing, 'the last record', `the last ${formatCount(missing)} records`);
  const help = isFolderLocked(state)
    ? 'a run goes on: ask again in half a minute'
    : 'a run was cut off: fsc run --mode stream takes in what it left (an empty stdin will do)';
  return `warning: ${records} that stdin brought to ${name} ${plural(missing, 'is', 'are')} not in the archive yet, nor in this answer\nhelp: ${help}`;
}
