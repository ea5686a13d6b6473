/** The accepted records of sources for offline commands (DuckDB, training sets): history, then files of the stream, or what the archive kept of it. */

import { type AcceptedWithArchive, acceptedWithArchive } from '../runtime/engines/accepted-archive.ts';
import type { AcceptedInput } from '../runtime/engines/duckdb/accepted.ts';
import { listArchive } from '../runtime/engines/duckdb/archive-files.ts';
import { hasHistory, refuseRedeclared, snapshotPosition } from '../runtime/engines/state-folder.ts';
import type { SourceProgram } from '../runtime/log/contract.ts';
import { parseLocation } from '../runtime/sources/location.ts';
import { FscError } from '../runtime/values/errors.ts';
import { needRecords, type SourceLocations } from './locations.ts';
import type { Workspace } from './workspace.ts';

/** What records are looked up in: a compiled project, with or without its plan. */
export type ProjectRecords = Pick<Workspace, 'project' | 'program' | 'paths'>;

/** What stdin brought is in the archive, so it is not among the locations. */
export function acceptedInput(workspace: ProjectRecords, source: SourceProgram, at: SourceLocations): AcceptedInput {
  const isStdin = at.stream !== null && parseLocation(at.stream).kind === 'stdin';
  const stream = isStdin ? null : at.stream;
  const { history } = at;
  return {
    program: source,
    locations: [
      ...(history === null ? [] : [{ name: 'history' as const, location: history.location, order: history.order }]),
      ...(stream === null ? [] : [{ name: 'stream' as const, location: stream, order: null }]),
    ],
    cutMicros: at.cutMicros,
    isStreamElsewhere: isStdin,
    root: workspace.project.root,
    postgres: workspace.project.config.postgres,
    cacheDir: workspace.paths.cache,
  };
}

/** Whether the archive holds records of the source that offline commands read. */
export function isArchived(workspace: ProjectRecords, name: string, at: SourceLocations | undefined): boolean {
  // An overridden location takes the archive's place too (rules.md 1).
  return at?.isOverridden !== true && listArchive(workspace.paths.archive, name).length > 0;
}

/**
 * Parquet files that hold exactly the accepted records of the source. Without any location there is what the archive kept of runs with
 * --source; where that is nothing either, it throws FSC7009.
 */
export async function readAccepted(
  workspace: ProjectRecords,
  name: string,
  locations: ReadonlyMap<string, SourceLocations>,
  signal: AbortSignal,
): Promise<AcceptedWithArchive> {
  const source = workspace.program.sources.find((candidate) => candidate.spec.name === name);
  if (source === undefined) throw new Error(`no source ${name} in the program`);
  const found = locations.get(name);
  const hasArchive = isArchived(workspace, name, found);
  const at = found !== undefined && hasArchive ? found : needRecords(name, found);
  refuseStdin(name, at);
  if (hasArchive) await refuseRedeclared(workspace.paths.state, source.spec);
  return acceptedWithArchive({
    ...acceptedInput(workspace, source, at),
    signal,
    archiveFolder: hasArchive ? workspace.paths.archive : null,
    hasConsumedHistory: hasArchive && (await consumedHistory(workspace, name)),
  });
}

export function refuseStdin(name: string, at: SourceLocations): void {
  if (!at.isOverridden || at.stream === null || parseLocation(at.stream).kind !== 'stdin') return;
  throw new FscError(
    'FSC7101',
    2,
    'stdin has no records to look up',
    'it can be read once, by a stream run',
    `name the files that hold the records: --source ${name}=FILE`,
  );
}

/** Whether the state was backfilled from the history. */
async function consumedHistory(workspace: ProjectRecords, source: string): Promise<boolean> {
  const position = await snapshotPosition(workspace.paths.state, source);
  return position !== null && hasHistory(position);
}
