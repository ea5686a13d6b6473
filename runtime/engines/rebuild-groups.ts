/**
 * State of new or changed views, at the position that the rest of a source's state has reached (rules.md 29): the history is read again by the
 * log, what came by stdin from the archive, with the verdicts that it got then.
 */
import type { GroupState } from '../state/program.ts';
import { FscError } from '../values/errors.ts';
import { archivedAccepted } from './duckdb/archive.ts';
import { consumedRecords, openInput, type SourceInput, stdinPartition } from './source-input.ts';
import type { SavedSource } from './state-folder.ts';
import type { StreamRunOptions } from './stream-run.ts';

type RebuildOptions = Pick<StreamRunOptions, 'archiveFolder' | 'clock' | 'signal' | 'batchRows'>;

export async function rebuildGroups(
  options: RebuildOptions,
  input: SourceInput,
  saved: SavedSource,
  states: readonly GroupState[],
): Promise<void> {
  const partition = stdinPartition(input) ?? stdinOf(saved);
  const archived = partition === null ? 0 : (saved.position.partitions[partition]?.offset ?? 0);
  await replayFiles(options, input, saved, states, consumedRecords(saved.position) - archived);
  if (archived > 0) await replayArchive(options, input, saved, states, archived);
  for (const state of states)
    if (saved.settleLineMicros > Number.NEGATIVE_INFINITY) state.settle(saved.settleLineMicros);
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
  records: number,
): Promise<void> {
  if (records === 0) return;
  const files = { ...input, locations: input.locations.filter(({ location }) => location !== '-') };
  const log = await openInput(files, {
    saved: null,
    untilMicros: Number.POSITIVE_INFINITY,
    clock: options.clock,
    refused: null,
    signal: options.signal,
    journaled: [],
    batchRows: options.batchRows,
  });
  try {
    let left = records;
    while (left > 0) {
      options.signal.throwIfAborted();
      const batch = await log.next();
      if (batch === null) throw incomplete(input, left);
      const take = Math.min(left, batch.batch.length);
      left -= take;
      let count = 0;
      while (count < batch.acceptedCount && (batch.accepted[count] as number) < take) count++;
      for (const state of states) {
        state.ingest(batch.batch, batch.accepted, count);
        const line = Math.min(batch.settleLineMicros, saved.settleLineMicros);
        if (left > 0 && line > Number.NEGATIVE_INFINITY) state.settle(line);
      }
    }
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
    for (const state of states) {
      state.ingest(batch, rows, batch.length);
      state.settle(Math.min(newest, saved.settleLineMicros));
    }
  }
}

function incomplete(input: SourceInput, missing: number): FscError {
  return new FscError(
    'FSC7303',
    1,
    `a new view of \`${input.program.spec.name}\` cannot be built`,
    `${missing} records that the state has consumed are no longer among its locations`,
    'name the same history and stream as before in fsc.json, or start anew with --rebuild',
  );
}
