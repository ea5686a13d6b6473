/** The accepted records of sources for offline commands (DuckDB, training sets): history, then files of the stream, or what the archive kept of it. */

import { type AcceptedWithArchive, acceptedWithArchive } from '../runtime/engines/accepted-archive.ts';
import type { AcceptedInput } from '../runtime/engines/duckdb/accepted.ts';
import type { SourceProgram } from '../runtime/log/contract.ts';
import { parseLocation } from '../runtime/sources/location.ts';
import { FscError } from '../runtime/values/errors.ts';
import { needRecords, type SourceLocations } from './locations.ts';
import type { Workspace } from './workspace.ts';

/** What stdin brought is in the archive, so it is not among the locations. */
export function acceptedInput(workspace: Workspace, source: SourceProgram, at: SourceLocations): AcceptedInput {
  const stream = at.stream === null || parseLocation(at.stream).kind === 'stdin' ? null : at.stream;
  const { history } = at;
  return {
    program: source,
    locations: [
      ...(history === null ? [] : [{ name: 'history' as const, location: history.location, order: history.order }]),
      ...(stream === null ? [] : [{ name: 'stream' as const, location: stream, order: null }]),
    ],
    cutMicros: at.cutMicros,
    root: workspace.project.root,
    cacheDir: workspace.paths.cache,
  };
}

/** Parquet files that hold exactly the accepted records of the source. */
export async function acceptedRecords(
  workspace: Workspace,
  name: string,
  locations: ReadonlyMap<string, SourceLocations>,
  hasConsumedHistory: boolean,
): Promise<AcceptedWithArchive> {
  const source = workspace.program.sources.find((candidate) => candidate.spec.name === name);
  if (source === undefined) throw new Error(`no source ${name} in the program`);
  const at = needRecords(name, locations.get(name));
  if (at.isOverridden && at.stream !== null && parseLocation(at.stream).kind === 'stdin') {
    throw new FscError(
      'FSC7101',
      2,
      'stdin has no records to look up',
      'it can be read once, by a stream run',
      `name the files that hold the records: --source ${name}=FILE`,
    );
  }
  const input = acceptedInput(workspace, source, at);
  // An overridden location takes the archive's place too (rules.md 1): an empty folder holds none.
  const archiveFolder = at.isOverridden ? `${workspace.paths.archive}-none` : workspace.paths.archive;
  return acceptedWithArchive({ ...input, archiveFolder, hasConsumedHistory });
}
