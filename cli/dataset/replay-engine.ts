/** The default engine: history goes through the operators that serve online, and each label is probed at its instant. */
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import { loadFeatures } from '../../runtime/engines/feature-table.ts';
import type { LabelTable } from '../../runtime/engines/label-table.ts';
import { type ReplayResult, replay } from '../../runtime/engines/replay.ts';
import type { ErrorTally } from '../../runtime/engines/run-summary.ts';
import { OutOfOrder } from '../../runtime/sources/parquet.ts';
import type { Program } from '../../runtime/state/program.ts';
import type { Feeds } from './feeds.ts';
import type { DatasetOptions } from './options.ts';
import type { NamedFeature } from './wanted.ts';

export interface ReplayJob {
  readonly program: Program;
  readonly options: DatasetOptions;
  readonly labels: LabelTable;
  readonly features: readonly NamedFeature[];
  readonly ownEvents: ReadonlySet<string>;
  readonly feeds: Feeds;
  readonly errors: ErrorTally;
  readonly onProgress: (labels: number) => void;
  readonly signal: AbortSignal;
}

export interface ReplayOutcome {
  readonly tiedLabels: number;
  /** Into the session's table of features. */
  readonly load: (session: DuckDbSession) => Promise<void>;
}

/** Histories mostly stand in order: whether they do is found out as they are read, and only where they don't they are read again, sorted. */
async function replayOnce(job: ReplayJob): Promise<ReplayResult> {
  try {
    return await replayEvents(job, true);
  } catch (error) {
    if (!(error instanceof OutOfOrder)) throw error;
    job.errors.clear();
    return replayEvents(job, false);
  }
}

function replayEvents(job: ReplayJob, trustsOrder: boolean): Promise<ReplayResult> {
  const { options, labels } = job;
  return replay({
    program: job.program,
    views: options.views,
    labels,
    ties: options.ties ?? 'include',
    ownEvents: job.ownEvents,
    openFeed: (source, reads) => job.feeds.open(source, reads, trustsOrder),
    errors: job.errors,
    onProgress: (share) => job.onProgress(Math.floor(share * labels.length)),
    signal: job.signal,
  });
}

export async function computeByReplay(job: ReplayJob): Promise<ReplayOutcome> {
  const { labels } = job;
  const { views, tiedLabels } = await replayOnce(job);
  const found = job.features.map(({ view, feature, name }) => {
    const values = views.find((candidate) => candidate.view === view.spec.name);
    const column = values?.names.indexOf(feature.name) ?? -1;
    if (values === undefined || column < 0) throw new Error(`${view.spec.name} has no values of ${feature.name}`);
    return { name, type: feature.type, values: values.values, column };
  });
  return { tiedLabels, load: (session) => loadFeatures(session, found, labels.length, job.signal) };
}
