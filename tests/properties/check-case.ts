/** One random case through every machine. */
import { printFiles } from '../generators/print-sql.ts';
import { Random } from '../generators/random.ts';
import type { Case } from '../generators/view-spec.ts';
import { printLine } from '../generators/write-case.ts';
import { columnsOf } from '../reference/compare.ts';
import { checkDatasetSql, checkReplay } from './check-dataset.ts';
import { onlineHooks } from './check-online.ts';
import { checkPostgres, checkPostgresDataset } from './check-postgres.ts';
import { checkRun } from './check-run.ts';
import { checkSql } from './check-sql.ts';
import { checkStream } from './check-stream.ts';
import type { PostgresMachines } from './machines/postgres.ts';
import type { Ties } from './machines/replay.ts';
import { Naive } from './naive.ts';
import { NaiveLabels } from './naive-labels.ts';
import { type CompiledProject, compileFiles, isRejected, type Project, type Rejected } from './project.ts';
import { Report } from './report.ts';
import { rowOf } from './values.ts';

/** Share of cases that are also run over a state folder, which waits for the disk. */
const RUNS = 0.06;

interface Compiled {
  readonly style: number | undefined;
  readonly project: CompiledProject | Rejected;
}

/** Cases that share their views by reference share what is compiled of them. */
const compiled = new WeakMap<Case['views'], Compiled>();

function compiledOf({ source, request, views, style }: Case): CompiledProject | Rejected {
  const known = compiled.get(views);
  if (known !== undefined && known.style === style) return known.project;
  const project = compileFiles(new Map(Object.entries(printFiles(source, request, views, style))));
  compiled.set(views, { style, project });
  return project;
}

export function compileCase(test: Case): Project | Rejected {
  const project = compiledOf(test);
  if (isRejected(project)) return project;
  const { source, requests, nth = 0 } = test;
  return {
    ...project,
    seed: test.seed + nth * 0x1000003,
    log: {
      order: source.order,
      lines: test.log.map((line) => printLine(line, source)),
      knownAtMicros: source.knownAt === undefined ? null : Number(source.knownAt),
    },
    requests: project.request === null ? [] : requests.map((row) => rowOf(project.request!.columns, row)),
  };
}

/**
 * Every case runs in the stream (settled and not), in online rows of both budgets and in training sets by replay, all views each; one view each
 * in emitted DuckDB and PostgreSQL and as the user's own text in both of them; and, two cases of three, in a training set by SQL of one of
 * them. Some run over a state folder too. `postgres`: null where there is no server.
 */
export async function checkCase(test: Case, postgres: PostgresMachines | null): Promise<Report> {
  const report = new Report();
  const project = compileCase(test);
  if (isRejected(project)) {
    for (const code of project.codes) report.count(`rejected: ${code}`);
    return report;
  }
  const naive = new Naive(test, project);
  if (test.nth === undefined) checkTypes(project, naive, report);
  await checkStream(project, naive, report, () => onlineHooks(project, naive, report));
  const random = new Random(project.seed * 7 + 4);
  const sets = project.views.map((view) => new NaiveLabels(project, view, naive, random));
  for (const labels of sets) await checkReplays(labels, naive, report, random);
  // The SQL of a view is planned anew each time, which is most of what it costs: each log asks another one.
  const turn = (test.nth ?? 0) % sets.length;
  const [here, there] = [sets[turn]!, sets[(turn + 1) % sets.length]!];
  const set = random.pick(['DuckDB', 'Postgres', 'none']);
  await checkDuckDb(here, naive, report, random, set === 'DuckDB');
  if (postgres !== null) await checkInPostgres(postgres, there, naive, report, random, set === 'Postgres');
  if (random.chance(RUNS)) await checkRun(project, naive, newestOf(naive), report, random);
  return report;
}

/** The types that rules.md 21 and 22 give; how many digits a decimal may have is the compiler's to reckon. */
function checkTypes({ views }: Project, naive: Naive, report: Report): void {
  for (const view of views) {
    const wanted = columnsOf(naive.specOf(view));
    view.plan.outputs.forEach(({ name, type }, i) => {
      const other = wanted[i]!.type;
      const isSame = type.kind === other.kind && scaleOf(type) === scaleOf(other);
      if (!isSame) report.fault('types', `${view.name}.${name}`, `  expected ${other.kind}, got ${type.kind}`);
    });
  }
}

function scaleOf(type: { readonly kind: string; readonly scale?: number }): number {
  return type.scale ?? 0;
}

function newestOf(naive: Naive): number {
  const { eventTime } = naive.test.source;
  const times = naive.rows(naive.test.log.length).map((row) => Number(row[eventTime]));
  return Math.max(Number.NEGATIVE_INFINITY, ...times);
}

function tiesOf({ source }: Project): readonly Ties[] {
  // Without a key no label can name its own event.
  return source.keyColumns.length > 0 ? ['exclude', 'exclude own'] : ['exclude'];
}

async function checkReplays(labels: NaiveLabels, naive: Naive, report: Report, random: Random): Promise<void> {
  const { sorted } = naive;
  await checkReplay(labels, 'include', sorted, labels.countTied(), report, random);
  if (random.chance(0.5)) await checkReplay(labels, random.pick(tiesOf(labels.project)), sorted, null, report, random);
}

async function checkDuckDb(
  labels: NaiveLabels,
  naive: Naive,
  report: Report,
  random: Random,
  withLabels: boolean,
): Promise<void> {
  const { project, view } = labels;
  await checkSql(project, naive, report, {
    views: [view],
    refereed: [view],
    macroInstants: random.int(1, 2),
    refereeInstants: 1,
  });
  if (!withLabels) return;
  await checkDatasetSql(labels, random.pick(['include', 'exclude']), random.pick(['join', 'windows']), report);
}

async function checkInPostgres(
  machines: PostgresMachines,
  labels: NaiveLabels,
  naive: Naive,
  report: Report,
  random: Random,
  withLabels: boolean,
): Promise<void> {
  const { project, view } = labels;
  await checkPostgres(machines, project, naive, report, {
    views: [view],
    functionInstants: random.int(1, 2),
    refereeInstants: 1,
  });
  if (!withLabels) return;
  const ties = random.pick<Ties>(['include', ...tiesOf(project)]);
  await checkPostgresDataset(machines, labels, ties, ties === 'include' ? labels.countTied() : null, report);
}
