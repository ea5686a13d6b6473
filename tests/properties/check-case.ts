/** One random case through every machine. */
import { printFiles } from '../generators/print-sql.ts';
import { Random } from '../generators/random.ts';
import type { Case } from '../generators/view-spec.ts';
import { printLine } from '../generators/write-case.ts';
import { columnsOf } from '../reference/compare.ts';
import { checkDatasetSql, checkReplay } from './check-dataset.ts';
import { onlineHooks } from './check-online.ts';
import { checkRun } from './check-run.ts';
import { checkSql } from './check-sql.ts';
import { checkStream } from './check-stream.ts';
import type { Ties } from './machines/replay.ts';
import { Naive } from './naive.ts';
import { NaiveLabels } from './naive-labels.ts';
import { type CompiledView, compileFiles, isRejected, type Project, type Rejected } from './project.ts';
import { Report } from './report.ts';
import { rowOf } from './values.ts';

const SQL_VIEWS = 2;
/** Share of views whose training set DuckDB makes too. */
const DATASETS = 0.6;
/** Share of cases that are also run over a state folder, which waits for the disk. */
const RUNS = 0.15;

export function compileCase(test: Case): Project | Rejected {
  return compileFiles({
    seed: test.seed,
    files: new Map(Object.entries(printFiles(test.source, test.request, test.views, test.style))),
    log: {
      order: test.source.order,
      lines: test.log.map((line) => printLine(line, test.source)),
      knownAtMicros: test.source.knownAt === undefined ? null : Number(test.source.knownAt),
    },
    requests: (request) => test.requests.map((row) => rowOf(request.columns, row)),
  });
}

export async function checkCase(test: Case): Promise<Report> {
  const report = new Report();
  const project = compileCase(test);
  if (isRejected(project)) {
    for (const code of project.codes) report.count(`rejected: ${code}`);
    return report;
  }
  const naive = new Naive(test, project);
  checkTypes(project, naive, report);
  await checkStream(project, naive, report, () => onlineHooks(project, naive, report));
  const random = new Random(test.seed * 7 + 4);
  const views = sqlViews(project, random);
  // The naive evaluator has DuckDB as its own referee in tests/reference, hence one text a case is enough here.
  await checkSql(project, naive, report, {
    views,
    refereed: random.sample(views, 1),
    macroInstants: 2,
    refereeInstants: 1,
  });
  for (const view of project.views) {
    const withSql = views.includes(view) && random.chance(DATASETS);
    await checkLabels(project, view, naive, report, random, withSql);
  }
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

/** Views that DuckDB is asked for: request views, which are rarer, always. */
function sqlViews({ views }: Project, random: Random): readonly CompiledView[] {
  const requests = views.filter((view) => view.spec.shape === 'request');
  const others = views.filter((view) => view.spec.shape !== 'request');
  return [...requests, ...random.sample(others, SQL_VIEWS - requests.length)];
}

async function checkLabels(
  project: Project,
  view: CompiledView,
  naive: Naive,
  report: Report,
  random: Random,
  withSql: boolean,
): Promise<void> {
  const labels = new NaiveLabels(project, view, naive, random);
  const { sorted } = naive;
  // Without a key no label can name its own event.
  const rules: readonly Ties[] = project.source.keyColumns.length > 0 ? ['exclude', 'exclude own'] : ['exclude'];
  await checkReplay(labels, 'include', sorted, labels.countTied(), report, random);
  await checkReplay(labels, random.pick(rules), sorted, null, report, random);
  if (!withSql) return;
  await checkDatasetSql(labels, random.pick(['include', 'exclude']), random.pick(['join', 'windows']), report);
}
