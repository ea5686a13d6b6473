/** A kept case through every machine. */
import { Random } from '../generators/random.ts';
import { checkDatasetSql, checkReplay, type Labels } from './check-dataset.ts';
import { onlineHooks } from './check-online.ts';
import { checkPostgres, checkPostgresDataset } from './check-postgres.ts';
import { checkSql } from './check-sql.ts';
import { checkStream } from './check-stream.ts';
import { type Expectation, Kept, type KeptCase } from './kept-case.ts';
import type { Records } from './machines/duckdb.ts';
import type { PostgresMachines } from './machines/postgres.ts';
import { type Label, labelColumns } from './machines/replay.ts';
import { StreamRun } from './machines/stream.ts';
import type { Project } from './project.ts';
import { Report } from './report.ts';
import { toProduct } from './values.ts';

/** `postgres`: null where there is no server. */
export async function checkKept(kept: KeptCase, postgres: PostgresMachines | null): Promise<Report> {
  const report = new Report();
  const { project } = kept;
  const whole = await new StreamRun(project, new Random(0)).read([project.log.lines.length], {});
  const oracle = new Kept(kept, whole.accepted);
  await checkStream(project, oracle, report, () => onlineHooks(project, oracle, report));
  const all = Number.POSITIVE_INFINITY;
  const { views } = project;
  await checkSql(project, oracle, report, { views, refereed: views, macroInstants: all, refereeInstants: all });
  if (postgres !== null)
    await checkPostgres(postgres, project, oracle, report, { functionInstants: all, refereeInstants: all });
  const sorted = inEventOrder(project, whole.accepted);
  for (const one of kept.expectations) {
    if (one.lines === project.log.lines.length) await checkLabels(project, one, sorted, report, postgres);
  }
  return report;
}

/** Each expected row as a label at its instant. */
async function checkLabels(
  project: Project,
  one: Expectation,
  sorted: Records,
  report: Report,
  postgres: PostgresMachines | null,
): Promise<void> {
  const labels = labelsOf(project, one);
  const ties = one.ties ?? 'include';
  await checkReplay(labels, ties, sorted, null, report, new Random(0));
  if (postgres !== null) await checkPostgresDataset(postgres, labels, ties, null, report);
  if (ties === 'exclude own') return;
  for (const form of ['join', 'windows'] as const) await checkDatasetSql(labels, ties, form, report);
}

function labelsOf(project: Project, { view, t, expected }: Expectation): Labels {
  const { columns, rows } = expected;
  const keys = labelColumns(project, view);
  const isRequest = view.spec.shape === 'request';
  const labels = isRequest
    ? project.requests.map((request): Label => labelOf(t, keys, (_, i) => request[i]!))
    : rows.map(({ cells }): Label => labelOf(t, keys, ({ name, type }) => toProduct(cells[name]!.value, type)));
  return {
    project,
    view,
    labels,
    columns,
    expected: (i) => ({
      row: (isRequest ? rows.find((row) => row.key === String(i)) : rows[i]) ?? null,
      isOpen: false,
    }),
  };
}

type KeyColumns = ReturnType<typeof labelColumns>;

function labelOf(
  t: bigint,
  keys: KeyColumns,
  read: (column: KeyColumns[number], i: number) => Label['columns'][string],
): Label {
  return { t: Number(t), columns: Object.fromEntries(keys.map((key, i) => [key.name, read(key, i)])) };
}

/** By (event time, key). */
function inEventOrder({ source }: Project, rows: Records): Records {
  const columns = [source.eventTimeColumn, ...source.keyColumns];
  return [...rows].sort((a, b) => {
    for (const column of columns) {
      const [x, y] = [a[column]!, b[column]!];
      if (x !== y) return isLess(x, y) ? -1 : 1;
    }
    return 0;
  });
}

function isLess(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  return (a as number) < (b as number);
}
