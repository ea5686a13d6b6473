/** The records that online rows were made from: the accepted ones among the first n of the log, n being what a heartbeat says. */
import { type AcceptedInput, acceptedParquet } from '../../runtime/engines/duckdb/accepted.ts';
import { checkedPaths, listArchive } from '../../runtime/engines/duckdb/archive-files.ts';
import { columnTypeText, quoteName } from '../../runtime/engines/duckdb/load.ts';
import { consumedRecords } from '../../runtime/engines/source-input.ts';
import { refuseRedeclared } from '../../runtime/engines/state-folder.ts';
import { type StateFolders, stdinExtent } from '../../runtime/engines/stdin-extent.ts';
import type { LogPosition, Partitions, PositionEntry } from '../../runtime/log/contract.ts';
import { parquetRelation } from '../../runtime/sources/duckdb-scan.ts';
import { findFiles } from '../../runtime/sources/files.ts';
import { parseLocation } from '../../runtime/sources/location.ts';
import { openPhase } from '../../runtime/sources/open-source.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { acceptedInput } from '../accepted.ts';
import type { SourceLocations } from '../locations.ts';
import type { Workspace } from '../workspace.ts';

const STDIN = '-';

/** SQL of a relation with the source's columns, in their declared types. */
export async function consumedRelation(
  workspace: Workspace,
  name: string,
  at: SourceLocations,
  position: LogPosition,
  signal: AbortSignal,
): Promise<string> {
  const source = workspace.program.sources.find((candidate) => candidate.spec.name === name);
  if (source === undefined) throw new Error(`no source ${name} in the program`);
  const parts = byPhase(position);
  const input = acceptedInput(workspace, source, at);
  const stdin = stdinRecords(parts);
  const files = consumedRecords(position) - stdin;
  if (stdin > 0) await refuseRedeclared(workspace.paths.state, source.spec);
  await checkFiles(input, parts);
  const relations: string[] = [];
  if (files > 0) relations.push(...(await fileRelations(name, input, files, signal)));
  if (stdin > 0) relations.push(await archiveRelation(workspace.paths, source.spec, stdin));
  if (relations.length === 0) relations.push(emptyRelation(source.spec));
  return relations.join('\nUNION ALL\n');
}

type Phase = 'history' | 'stream';

/** Partitions of a position are named after the phase that they are of. */
function byPhase(position: LogPosition): ReadonlyMap<Phase, Partitions> {
  const parts = new Map<Phase, Record<string, PositionEntry>>();
  for (const [name, entry] of Object.entries(position.partitions)) {
    const phase = name.startsWith('history:') ? 'history' : 'stream';
    const part = parts.get(phase) ?? {};
    part[name.slice(phase.length + 1)] = entry;
    parts.set(phase, part);
  }
  return parts;
}

function stdinRecords(parts: ReadonlyMap<Phase, Partitions>): number {
  return parts.get('stream')?.[STDIN]?.offset ?? 0;
}

/** Online knows files as they were: those that are no longer the same would only give differences that mean nothing. */
async function checkFiles(input: AcceptedInput, parts: ReadonlyMap<Phase, Partitions>): Promise<void> {
  for (const [phase, partitions] of parts) {
    if (partitions[STDIN] !== undefined) continue;
    const location = input.locations.find((candidate) => candidate.name === phase);
    if (location === undefined) throw otherLocations(input.program.spec.name, phase);
    const isOver = phase === 'history' && parts.has('stream');
    const isDone = isOver || !mayHaveGrown(input.root, location.location, partitions);
    const order = openPhase(input.program.spec, {
      ...location,
      root: input.root,
      postgres: input.postgres ?? null,
      stdin: null,
      signal: null,
    });
    const isSorted = order.order === 'none';
    // A log that grows at its end is still the one that was consumed; sorted files are read whole, so there only new ones can be its end.
    const use = isSorted ? (isDone ? 'done' : 'read') : isOver ? 'done' : 'check';
    await (await order.open({ partitions }, use)).close();
  }
}

function mayHaveGrown(root: string, location: string, partitions: Partitions): boolean {
  const parsed = parseLocation(location);
  if (parsed.kind === 'postgres') return true;
  return parsed.kind === 'files' && findFiles(root, parsed.pattern).some((file) => partitions[file.name] === undefined);
}

async function fileRelations(
  name: string,
  input: AcceptedInput,
  records: number,
  signal: AbortSignal,
): Promise<string[]> {
  // The whole log is what other commands read too, so its accepted records are often at hand.
  const whole = await acceptedParquet({ ...input, signal });
  const total = whole.counts.read + whole.counts.skipped;
  if (total < records) throw shorter(name, total, records);
  const { paths } = total === records ? whole : await acceptedParquet({ ...input, limitRecords: records, signal });
  return [select(input.program.spec, parquetRelation(paths), null)];
}

/** What stdin brought, with the verdicts that it had then. */
async function archiveRelation(folders: StateFolders, spec: SourceSpec, records: number): Promise<string> {
  const files = listArchive(folders.archive, spec.name).filter((file) => file.partition === STDIN);
  let reached = 0;
  for (const file of files) if (file.from <= reached) reached = Math.max(reached, file.to);
  if (reached < records) await stdinExtent(folders, spec.name);
  if (reached < records) throw notArchived(spec.name, reached, records);
  const paths = await checkedPaths(files);
  return select(spec, parquetRelation(paths), `_fsc_verdict = 'accepted' AND _fsc_offset < ${records}`);
}

function select(spec: SourceSpec, relation: string, where: string | null): string {
  const columns = spec.columns.map(({ name, type }) => {
    return `CAST(${quoteName(name)} AS ${columnTypeText(type)}) AS ${quoteName(name)}`;
  });
  return `SELECT ${columns.join(', ')} FROM ${relation}${where === null ? '' : ` WHERE ${where}`}`;
}

function emptyRelation(spec: SourceSpec): string {
  const columns = spec.columns.map(({ name, type }) => `CAST(NULL AS ${columnTypeText(type)}) AS ${quoteName(name)}`);
  return `SELECT ${columns.join(', ')} WHERE FALSE`;
}

function otherLocations(source: string, phase: Phase): FscError {
  return new FscError(
    'FSC7026',
    1,
    `the ${phase} that online rows were made from is not among the locations of \`${source}\``,
    'they were made by a run with other locations',
    `name the records that the run read: --source ${source}=LOCATION, or in fsc.json`,
  );
}

function shorter(source: string, records: number, consumed: number): FscError {
  return new FscError(
    'FSC7026',
    1,
    `\`${source}\` holds fewer records than online rows were made from`,
    `${consumed} were consumed, and there are ${records}`,
    'restore the files, or run again: fsc run --mode stream --rebuild',
  );
}

function notArchived(source: string, archived: number, consumed: number): FscError {
  return new FscError(
    'FSC7026',
    3,
    `not all records that stdin brought to \`${source}\` are in the archive`,
    `${consumed} were consumed, and ${archived} are archived: a run goes on, or one was cut off`,
    'let it end, or run again, then verify',
  );
}
