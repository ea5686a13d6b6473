/**
 * A stream run: log → journal → state → online rows (design.md section 6, in that order). The same code serves `run --mode stream`
 * and `run --mode batch --to online`, which stops at an instant.
 *
 * Reads: the log of each source. Writes: the journal, snapshots and archive of the state folder, rows and heartbeats of the store.
 * A restart is the newest snapshot plus replay; nothing is committed that a replay could not find again.
 */
import type { VerdictCounts } from '../log/contract.ts';
import type { Program } from '../state/program.ts';
import type { OnlineStore } from '../stores/store.ts';
import type { Clock } from '../time/clock.ts';
import { Leftovers } from './leftovers.ts';
import { Stamper } from './online-writer.ts';
import { Retirement } from './retirement.ts';
import { addCounts, ErrorTally, noCounts, type RunSummary, readSummary } from './run-summary.ts';
import type { SourceInput } from './source-input.ts';
import { SourcePipeline } from './source-pipeline.ts';
import type { StateFolder } from './state-folder.ts';

export interface StreamRunOptions {
  readonly program: Program;
  readonly mode: 'batch' | 'stream';
  readonly store: OnlineStore;
  readonly folder: StateFolder;
  /** Of the sources to read; views over others are left as they are. */
  readonly inputs: readonly SourceInput[];
  readonly archiveFolder: string;
  readonly quarantineFolder: string | null;
  /** Consume the log up to, not including, the first accepted record with an event time after this instant; Infinity for all. */
  readonly untilMicros: number;
  /** What lookups take for now: rows are kept covering it. */
  readonly clockMode: 'wall' | 'events';
  readonly clock: Clock;
  readonly namespace: string;
  readonly flushIntervalMicros: number;
  readonly snapshotIntervalMicros: number;
  /** State and rows anew, from history and archive (rules.md 29). */
  readonly isRebuilt: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: ((source: string, counts: VerdictCounts, newestMicros: number) => void) | null;
  /** Told of a source whose stdin has records after the instant: they can't be found there again. */
  readonly onLeft?: (source: string) => void;
  readonly batchRows?: number;
}

export const DEFAULT_INTERVALS = { flushIntervalMicros: 1_000_000, snapshotIntervalMicros: 30_000_000 };

export async function runStream(options: StreamRunOptions): Promise<RunSummary> {
  const started = options.clock.nowMicros();
  const errors = new ErrorTally();
  const stamper = await Stamper.open(options.store);
  const retirement = new Retirement(options.store, stamper);
  const leftovers = new Leftovers(options.store, stamper, options.namespace, options.program);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const pipelines: SourcePipeline[] = [];
  try {
    // All are opened before one begins: a fault of any leaves everything as it was.
    for (const input of options.inputs) {
      const shared = { stamper, retirement, leftovers, errors };
      pipelines.push(await SourcePipeline.open({ ...options, signal }, input, shared));
    }
    const runs = pipelines.map((pipeline) =>
      pipeline.run().catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
    );
    const ends = await Promise.allSettled(runs);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    for (const pipeline of pipelines) await pipeline.close();
  }
  return summarise(options, pipelines, errors, started);
}

function summarise(
  options: StreamRunOptions,
  pipelines: readonly SourcePipeline[],
  errors: ErrorTally,
  started: number,
): RunSummary {
  const counts = noCounts();
  let rows = 0;
  for (const pipeline of pipelines) {
    addCounts(counts, pipeline.counts);
    rows += pipeline.rows;
  }
  const sources = new Set(options.inputs.map((input) => input.program.spec.name));
  const views = options.program.views.filter(({ spec }) => spec.shape !== 'request' && sources.has(spec.source));
  return {
    mode: options.mode,
    views: views.map((view) => view.spec.name),
    ...readSummary(counts),
    expressionErrors: errors.toJson(),
    rows,
    seconds: (options.clock.nowMicros() - started) / 1_000_000,
  };
}
