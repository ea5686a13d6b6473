/**
 * State of new or changed views, at the position that the rest of a source's state has reached (rules.md 29): the history is read again by the
 * log, what came by stdin from the archive, with the verdicts that it got then. Where the declaration judges otherwise than it did, all views are
 * made so, and what became of the records of the history is told anew (rules.md 8).
 */
import type { VerdictCounts } from '../log/contract.ts';
import type { RefusedSink } from '../log/source-log.ts';
import type { GroupState } from '../state/program.ts';
import { counted, plural } from '../values/counted.ts';
import { FscError } from '../values/errors.ts';
import { archivedAccepted } from './duckdb/archive.ts';
import { foldableTo } from './foldable.ts';
import { addCounts, noCounts } from './run-summary.ts';
import { consumedRecords, openInput, type SourceInput, stdinPartition } from './source-input.ts';
import type { SavedSource } from './state-folder.ts';
import type { StreamRunOptions } from './stream-run.ts';

type RebuildOptions = Pick<StreamRunOptions, 'archiveFolder' | 'clock' | 'clockMode' | 'signal' | 'batchRows'>;

/** Gives the counts of what was read again of files. `refused`: takes what is refused of it; null: nobody does. */
export async function rebuildGroups(
  options: RebuildOptions,
  input: SourceInput,
  saved: SavedSource,
  states: readonly GroupState[],
  refused: RefusedSink | null,
): Promise<VerdictCounts> {
  const archived = archivedRecords(input, saved);
  const counts = await replayFiles(options, input, saved, states, refused);
  if (archived > 0) await replayArchive(options, input, saved, states, archived);
  const line = foldableTo(saved.settleLineMicros, options);
  for (const state of states) if (line > Number.NEGATIVE_INFINITY) state.settle(line);
  return counts;
}

/** Records of files that the state has consumed. */
export function recordsOfFiles(input: SourceInput, saved: SavedSource): number {
  return consumedRecords(saved.position) - archivedRecords(input, saved);
}

function archivedRecords(input: SourceInput, saved: SavedSource): number {
  const partition = stdinPartition(input) ?? stdinOf(saved);
  return partition === null ? 0 : (saved.position.partitions[partition]?.offset ?? 0);
}

/** A source that once came by stdin and is read from elsewhere now. */
export function stdinOf(saved: SavedSource): string | null {
  return Object.keys(saved.position.partitions).find((name) => name.endsWith(':-')) ?? null;
}

async function replayFiles(
  options: RebuildOptions,
  input: SourceInput,
  saved: SavedSource,
  states: readonly GroupState[],
  refused: RefusedSink | null,
): Promise<VerdictCounts> {
  const counts = noCounts();
  const records = recordsOfFiles(input, saved);
  if (records === 0) return counts;
  const files = { ...input, locations: input.locations.filter(({ location }) => location !== '-') };
  const log = await openInput(files, {
    saved: null,
    untilMicros: Number.POSITIVE_INFINITY,
    limitRecords: records,
    isStreamElsewhere: files.locations.length < input.locations.length,
    clock: options.clock,
    refused,
    signal: options.signal,
    journaled: [],
    batchRows: options.batchRows,
  });
  try {
    let left = records;
    for (;;) {
      options.signal.throwIfAborted();
      const batch = await log.next();
      if (batch === null) break;
      if (!batch.isUntimed) left -= batch.batch.length;
      addCounts(counts, batch.counts);
      for (const state of states) {
        state.ingest(batch.batch, batch.accepted, batch.acceptedCount);
        const line = foldableTo(Math.min(batch.settleLineMicros, saved.settleLineMicros), options);
        if (left > 0 && line > Number.NEGATIVE_INFINITY) state.settle(line);
      }
    }
    if (left > 0) throw incomplete(input, left);
    return counts;
  } finally {
    await log.close();
  }
}

async function replayArchive(
  options: RebuildOptions,
  input: SourceInput,
  saved: SavedSource,
  states: readonly GroupState[],
  upToOffset: number,
): Promise<void> {
  const { spec } = input.program;
  const time = spec.eventTimeColumn;
  for await (const batch of archivedAccepted(options.archiveFolder, spec, '-', upToOffset)) {
    options.signal.throwIfAborted();
    const rows = Int32Array.from({ length: batch.length }, (_, row) => row);
    const times = batch.columns[time];
    if (times?.kind !== 'numeric') throw new Error('event time column is not numeric');
    const newest = times.values[batch.length - 1] as number;
    const line = foldableTo(Math.min(newest, saved.settleLineMicros), options);
    for (const state of states) {
      state.ingest(batch, rows, batch.length);
      state.settle(line);
    }
  }
}

function incomplete(input: SourceInput, missing: number): FscError {
  return new FscError(
    'FSC7303',
    1,
    `a new view of \`${input.program.spec.name}\` cannot be built`,
    `${counted(missing, 'record')} that the state has consumed ${plural(missing, 'is', 'are')} no longer among its locations`,
    'name the same history and stream as before in fsc.json, or start anew with --rebuild',
  );
}
