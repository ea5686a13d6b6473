/** `--engine postgres`: the same training set by the views' SQL in PostgreSQL, over accepted records and labels that are copied in. */
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitPostgresDataset } from '../../compiler/backends/sql/postgres-dataset.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { KNOWN_TIME_COLUMN } from '../../runtime/engines/duckdb/accepted.ts';
import { FEATURE_TABLE, featureField } from '../../runtime/engines/feature-table.ts';
import { createTable, loadTable, quoteName, type TableColumn } from '../../runtime/engines/postgres/tables.ts';
import { fetchQuery, loadQuery } from '../../runtime/engines/postgres/transfer.ts';
import type { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import type { ColumnVector, NumericVector } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { refuseWide, widestSelect, withPostgres } from '../postgres.ts';
import type { Project } from '../project.ts';
import { type DuckDbJob, sourceQuery, specOf } from './duckdb-engine.ts';

export interface PostgresJob extends DuckDbJob {
  readonly project: Project;
  readonly signal: AbortSignal;
}

const LABELS = 'fsc labels';
const ORDINAL = 'fsc ordinal';
const INSTANT = 'fsc at';
const TIED = 'fsc tied';
const BIGINT: SqlType = { kind: 'bigint' };
const TIMESTAMP: SqlType = { kind: 'timestamp' };

/** Fills the features' table; gives the number of tied labels. */
export async function computeByPostgres(job: PostgresJob): Promise<number> {
  refuseWide('the training set', job.features.length + 1);
  for (const name of new Set(job.features.map(({ view }) => view.spec.name)))
    refuseWide(name, widestSelect(viewPlan(job, name)));
  return withPostgres(job.project, job.signal, async (postgres) => {
    for (const source of job.sources) await copySource(postgres, job, source);
    await copyLabels(postgres, job);
    const features = job.features.map(({ feature }, i) => ({ name: featureField(i), type: feature.type }));
    const columns: readonly TableColumn[] = [...features, { name: TIED, type: { kind: 'boolean' } }];
    await fetchQuery(job.session, FEATURE_TABLE, columns, postgres, datasetSql(job));
    const tied = await job.session.readColumns(
      `SELECT count(*) FILTER (WHERE ${quoteName(TIED)}) FROM ${quoteName(FEATURE_TABLE)}`,
    );
    return (tied.batch.columns[0] as NumericVector).values[0] as number;
  });
}

function sourceTable(name: string): string {
  return `pg_temp.${quoteName(`fsc source ${name}`)}`;
}

async function copySource(postgres: PostgresSession, job: PostgresJob, name: string): Promise<void> {
  const spec = specOf(job, name);
  const known = job.options.knownTo.kind === 'label' ? [{ name: KNOWN_TIME_COLUMN, type: TIMESTAMP }] : [];
  const table = sourceTable(name);
  await loadQuery(postgres, table, [...spec.columns, ...known], job.session, await sourceQuery(job, name));
  for (const columns of indexedColumns(job, spec)) await postgres.run(`CREATE INDEX ON ${table} (${columns})`);
  await postgres.run(`ANALYZE ${table}`);
}

/** Entities that are columns, each with the event time: a label's events are found without reading the others. */
function indexedColumns(job: PostgresJob, spec: SourceSpec): ReadonlySet<string> {
  const out = new Set<string>();
  const nameOf = (column: number): string => quoteName((spec.columns[column] as SourceSpec['columns'][number]).name);
  const add = (view: ViewPlan): void => {
    if (view.kind === 'request') {
      for (const join of view.joins) add(join.view);
      return;
    }
    if (view.source.name !== spec.name) return;
    const entity = view.entity.flatMap((expr) => (expr.kind === 'column' ? [expr.column] : []));
    const columns = [...entity, ...(entity.includes(spec.eventTimeColumn) ? [] : [spec.eventTimeColumn])];
    if (entity.length > 0) out.add(columns.map(nameOf).join(', '));
  };
  for (const { view } of job.features) add(viewPlan(job, view.spec.name));
  return out;
}

function viewPlan(job: PostgresJob, name: string): ViewPlan {
  return job.plan.views.find((view) => view.spec.name === name) as ViewPlan;
}

async function copyLabels(postgres: PostgresSession, { labels, columns }: PostgresJob): Promise<void> {
  const numbers = (values: Float64Array): ColumnVector => ({ kind: 'numeric', values, nulls: null, wide: null });
  const all = [{ name: ORDINAL, type: BIGINT }, { name: INSTANT, type: TIMESTAMP }, ...columns];
  const vectors = [
    numbers(Float64Array.from({ length: labels.length }, (_, i) => i)),
    numbers(labels.instants),
    ...columns.map(({ name }) => labels.columns.get(name) as ColumnVector),
  ];
  const table = `pg_temp.${quoteName(LABELS)}`;
  await createTable(postgres, table, all);
  await loadTable(postgres, table, all, [
    { batch: { length: labels.length, columns: vectors }, rows: null, count: labels.length },
  ]);
  await postgres.run(`ANALYZE ${table}`);
}

function datasetSql(job: PostgresJob): string {
  const { options, features, ownEvents } = job;
  return emitPostgresDataset(
    {
      labels: { relation: `pg_temp.${quoteName(LABELS)}`, ordinal: ORDINAL, instant: INSTANT },
      source: sourceTable,
      features: features.map(({ view, feature }, i) => ({
        view: viewPlan(job, view.spec.name),
        ordinal: feature.ordinal,
        name: featureField(i),
      })),
      ties: options.ties ?? 'include',
      ownEvents,
      tied: TIED,
      knownTime: options.knownTo.kind === 'label' ? KNOWN_TIME_COLUMN : null,
    },
    FUNCTIONS,
  );
}
