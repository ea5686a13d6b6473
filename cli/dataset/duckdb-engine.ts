/** `--engine duckdb`: the same training set from the emitted SQL, over the accepted records. */
import { type DatasetRequest, emitDatasetSql, emitPairCountSql } from '../../compiler/backends/sql/dataset-sql.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import type { ProjectPlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { KNOWN_TIME_COLUMN } from '../../runtime/engines/duckdb/accepted.ts';
import { columnTypeText, quoteName, RecordAppender } from '../../runtime/engines/duckdb/load.ts';
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import { FEATURE_TABLE, featureField } from '../../runtime/engines/feature-table.ts';
import { knownTimeSql } from '../../runtime/engines/known-feed.ts';
import type { WantedColumn } from '../../runtime/engines/label-columns.ts';
import type { LabelTable } from '../../runtime/engines/label-table.ts';
import { parquetRelation } from '../../runtime/sources/duckdb-scan.ts';
import type { ColumnVector } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import type { Feeds } from './feeds.ts';
import type { DatasetOptions } from './options.ts';
import type { NamedFeature } from './wanted.ts';

export interface DuckDbJob {
  readonly session: DuckDbSession;
  readonly plan: ProjectPlan;
  readonly options: DatasetOptions;
  readonly labels: LabelTable;
  /** What stands in the label table, by name. */
  readonly columns: readonly Pick<WantedColumn, 'name' | 'type'>[];
  readonly features: readonly NamedFeature[];
  readonly sources: readonly string[];
  readonly ownEvents: ReadonlySet<string>;
  readonly feeds: Feeds;
}

const CONTEXT = { dialect: 'duckdb', functions: FUNCTIONS } as const;
const PREPARED = 'fsc prepared';
const INSTANT = 'fsc at';
const TIED = 'fsc tied';
const TIMESTAMP: SqlType = { kind: 'timestamp' };
/** A window costs as much for each event and label as so many pairs of a label and an event of its entity. */
const PAIRS_A_ROW = 4;

/** Fills the features' table; gives the number of tied labels. */
export async function computeByDuckDb(job: DuckDbJob): Promise<number> {
  const { session, labels } = job;
  for (const source of job.sources) await createSource(job, source);
  await prepareLabels(job);
  const request = datasetRequest(job);
  const pairs = await numberOf(session, emitPairCountSql(request, CONTEXT));
  const rows = labels.length + [...job.feeds.facts.values()].reduce((sum, { counts }) => sum + counts.accepted, 0);
  const form = pairs > PAIRS_A_ROW * rows ? 'windows' : 'join';
  await session.run(`CREATE TABLE ${quoteName(FEATURE_TABLE)} AS\n${emitDatasetSql({ ...request, form }, CONTEXT)}`);
  return numberOf(session, `SELECT count(*) FILTER (WHERE ${quoteName(TIED)}) FROM ${quoteName(FEATURE_TABLE)}`);
}

async function numberOf(session: DuckDbSession, sql: string): Promise<number> {
  const { batch } = await session.readColumns(sql);
  const vector = batch.columns[0];
  if (vector?.kind !== 'numeric') throw new Error('a count is a number');
  return vector.values[0] as number;
}

async function createSource(job: DuckDbJob, name: string): Promise<void> {
  await job.session.run(`CREATE VIEW ${quoteName(name)} AS ${await sourceQuery(job, name)}`);
}

/** The records of the source that count, in declared types; for `--known-to label` with their known times. */
export async function sourceQuery(job: DuckDbJob, name: string): Promise<string> {
  const { knownTo } = job.options;
  const { paths, hasKnownTimes } = await job.feeds.accepted(name);
  const spec = specOf(job, name);
  const eventTime = quoteName((spec.columns[spec.eventTimeColumn] as SourceSpec['columns'][number]).name);
  const known = hasKnownTimes ? knownTimeSql(spec) : `make_timestamp(epoch_us(${eventTime}))`;
  const columns = spec.columns.map(
    (column) => `CAST(${quoteName(column.name)} AS ${columnTypeText(column.type)}) AS ${quoteName(column.name)}`,
  );
  if (knownTo.kind === 'label') columns.push(`${known} AS ${KNOWN_TIME_COLUMN}`);
  const where = knownTo.kind === 'T' ? ` WHERE epoch_us(${known}) <= ${knownTo.micros}` : '';
  return `SELECT ${columns.join(', ')} FROM ${parquetRelation(paths)}${where}`;
}

export function specOf({ plan }: DuckDbJob, name: string): SourceSpec {
  return (plan.sources.find((source) => source.spec.name === name) as { readonly spec: SourceSpec }).spec;
}

/** Instants and keys as they were read: what replay probes with is what SQL joins with. */
async function prepareLabels({ session, labels, columns }: DuckDbJob): Promise<void> {
  const all = [{ name: INSTANT, type: TIMESTAMP }, ...columns];
  const items = all.map(({ name, type }) => `${quoteName(name)} ${columnTypeText(type)}`);
  await session.run(`CREATE TABLE ${quoteName(PREPARED)} (${items.join(', ')})`);
  const appender = await RecordAppender.open(
    session,
    PREPARED,
    all.map(({ type }) => type),
  );
  const instants: ColumnVector = { kind: 'numeric', values: labels.instants, nulls: null, wide: null };
  const vectors = [instants, ...columns.map(({ name }) => labels.columns.get(name) as ColumnVector)];
  appender.append({ batch: { length: labels.length, columns: vectors }, rows: null, count: labels.length });
  appender.close();
}

function datasetRequest(job: DuckDbJob): DatasetRequest {
  const { options, plan, features } = job;
  const viewPlan = (name: string): ViewPlan => plan.views.find((view) => view.spec.name === name) as ViewPlan;
  return {
    labels: { relation: quoteName(PREPARED), ordinal: 'rowid', columns: [], instant: INSTANT },
    features: features.map(({ view, feature }, i) => ({
      view: viewPlan(view.spec.name),
      ordinal: feature.ordinal,
      name: featureField(i),
    })),
    ties: options.ties ?? 'include',
    ownEvents: job.ownEvents,
    tied: TIED,
    ...(options.knownTo.kind === 'label' ? { knownTime: KNOWN_TIME_COLUMN } : {}),
    form: 'join',
  };
}
