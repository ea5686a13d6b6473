/** What a training set was made of: for people on stderr, as one object with `--format json`. */
import {
  addCounts,
  type ErrorTally,
  noCounts,
  type ReadSummary,
  readSummary,
} from '../../runtime/engines/run-summary.ts';
import { counted, plural } from '../../runtime/values/counted.ts';
import { type GlobalFlags, type Io, say, writeAside, writeOut } from '../io.ts';
import { countsText } from '../read-text.ts';
import type { SourceFacts } from './feeds.ts';

export interface DatasetSummary extends ReadSummary {
  readonly labels: number;
  readonly rows: number;
  readonly views: readonly string[];
  readonly features: number;
  readonly engine: 'replay' | 'duckdb' | 'postgres';
  readonly ties: 'include' | 'exclude' | null;
  readonly tiedLabels: number;
  readonly openLabels: number;
  /** Whole values of double columns that became integers. */
  readonly castKeys: number;
  readonly naiveInstants: number;
  readonly ambiguousInstants: number;
  /** Records that history has and the stream refused. */
  readonly refusedByStream: number;
  /** null: a database gives NULL where an expression fails, and does not count. */
  readonly expressionErrors: number | null;
  readonly expressionErrorsByColumn: Readonly<Record<string, number>> | null;
  readonly seconds: number;
}

export type SummaryFacts = Pick<
  DatasetSummary,
  'labels' | 'rows' | 'views' | 'features' | 'engine' | 'ties' | 'tiedLabels' | 'openLabels' | 'seconds'
> & {
  readonly read: { readonly castKeys: number; readonly naive: number; readonly ambiguous: number };
  readonly sources: Iterable<SourceFacts>;
  /** null: not counted. */
  readonly errors: ErrorTally | null;
};

export function summarise({ read, sources, errors, ...rest }: SummaryFacts): DatasetSummary {
  const counts = noCounts();
  let refusedByStream = 0;
  for (const facts of sources) {
    addCounts(counts, facts.counts);
    refusedByStream += facts.refusedByStream;
  }
  return {
    labels: rest.labels,
    rows: rest.rows,
    views: rest.views,
    features: rest.features,
    engine: rest.engine,
    ties: rest.ties,
    tiedLabels: rest.tiedLabels,
    openLabels: rest.openLabels,
    castKeys: read.castKeys,
    naiveInstants: read.naive,
    ambiguousInstants: read.ambiguous,
    refusedByStream,
    ...readSummary(counts),
    expressionErrors: errors === null ? null : errors.total(),
    expressionErrorsByColumn: errors === null ? null : errors.toJson(),
    seconds: rest.seconds,
  };
}

/** What becomes of events at their labels' instants. */
export type TiedEvents = 'count' | 'do not count' | 'count unless own' | 'differ by source';

/** `ownEvents`: sources whose key the labels carry. */
export function tiedEvents(
  ties: DatasetSummary['ties'],
  sources: readonly string[],
  ownEvents: ReadonlySet<string>,
): TiedEvents {
  if (ties !== 'exclude') return 'count';
  const own = sources.filter((source) => ownEvents.has(source)).length;
  if (own === 0) return 'do not count';
  return own === sources.length ? 'count unless own' : 'differ by source';
}

export async function tell(
  io: Io,
  flags: GlobalFlags,
  summary: DatasetSummary,
  tied: TiedEvents,
  out: string,
): Promise<void> {
  if (flags.format === 'json') {
    const line = `${JSON.stringify(summary)}\n`;
    return out === '-' ? writeAside(io, line) : writeOut(io.stdout, line);
  }
  say(io, flags, summaryLines(summary, tied, out).join('\n'));
}

function summaryLines(summary: DatasetSummary, tied: TiedEvents, out: string): readonly string[] {
  const { events } = summary;
  const place = out === '-' ? '' : ` to ${out}`;
  const lines = [
    `${counted(summary.rows, 'row')}, ${counted(summary.features, 'feature')} of ${summary.views.join(', ')} written${place} in ${summary.seconds.toFixed(1)} s`,
  ];
  const reasons = `(${countsText(summary.quarantine)})`;
  const failed = `gave NULL (${countsText(summary.expressionErrorsByColumn ?? {})})`;
  const told: readonly (readonly [number, string, string])[] = [
    [events.duplicate - summary.refusedByStream, 'duplicate record', 'duplicate records'],
    [events.late, 'late record', 'late records'],
    [events.quarantined, `quarantined record ${reasons}`, `quarantined records ${reasons}`],
    [
      summary.refusedByStream,
      'record of the history was refused by the stream and does not count',
      'records of the history were refused by the stream and do not count',
    ],
    [summary.expressionErrors ?? 0, `expression error ${failed}`, `expression errors ${failed}`],
    [
      summary.openLabels,
      'label is not final: its values may still change',
      'labels are not final: their values may still change',
    ],
  ];
  for (const [count, one, many] of told) if (count > 0) lines.push(counted(count, one, many));
  if (summary.tiedLabels > 0) {
    const labels = counted(summary.tiedLabels, 'label has', 'labels have');
    const entity = `${plural(summary.tiedLabels, 'its', 'their')} entity`;
    lines.push(`${labels} the instant of an event of ${entity}, ${TIED[tied]}`);
  }
  return lines;
}

const TIED: Readonly<Record<TiedEvents, string>> = {
  count: 'which counts',
  'do not count': 'which does not count',
  'count unless own': "which counts unless it is the label's own",
  'differ by source': 'which counts as is told above of its source',
};
