/** Machines 1 and 3: the user's text, and the emitted macros. */
import { hasEqualIntervals } from '../../compiler/backends/sql/own-text.ts';
import { Random } from '../generators/random.ts';
import { loadSources, macroRows, macroSession } from './machines/duckdb.ts';
import { referee, refereeRows } from './machines/referee.ts';
import { answered, type Oracle } from './oracle.ts';
import type { CompiledView, Project } from './project.ts';
import type { Report } from './report.ts';

/** What DuckDB is asked: it plans a statement in milliseconds, so of random cases less than the machines of this process. */
export interface SqlBudget {
  readonly views: readonly CompiledView[];
  /** Of them, those whose own text is asked too. */
  readonly refereed: readonly CompiledView[];
  /** Instants a view; Infinity for all. */
  readonly macroInstants: number;
  readonly refereeInstants: number;
}

/** Tables hold what all lines gave: emitted SQL knows nothing of n. */
export async function checkSql(project: Project, oracle: Oracle, report: Report, budget: SqlBudget): Promise<void> {
  const random = new Random(project.seed * 7 + 2);
  const session = await macroSession();
  await loadSources(session, project, oracle.accepted, [...budget.views, ...budget.refereed]);
  for (const view of budget.views) await checkMacro(view, oracle, report, random, budget.macroInstants);
  for (const view of budget.refereed) await checkReferee(project, view, oracle, report, random, budget.refereeInstants);
}

async function checkMacro(
  view: CompiledView,
  oracle: Oracle,
  report: Report,
  random: Random,
  count: number,
): Promise<void> {
  const asked = answered(view, oracle, random, count).map((one) => ({ ...one, isZoned: random.chance(0.3) }));
  if (asked.length === 0) return;
  const session = await macroSession();
  const answers = await macroRows(session, view, asked, 'latest');
  asked.forEach(({ t, wanted }, i) => {
    report.compare('emitted DuckDB', view, `at ${t}`, wanted, answers[i]!);
  });
  const first = asked[0]!;
  const every = view.spec.shape === 'rows' && random.chance(0.3) ? oracle.everyRow(view, first.t) : null;
  if (every === null) return;
  const [rows] = await macroRows(session, view, [first], 'every');
  report.compareUnordered('emitted DuckDB, every row', view, `at ${first.t}`, every, rows!);
}

async function checkReferee(
  project: Project,
  view: CompiledView,
  oracle: Oracle,
  report: Report,
  random: Random,
  count: number,
): Promise<void> {
  if (hasEqualIntervals(view.plan)) return report.count('referee: equal intervals');
  for (const { t, wanted } of answered(view, oracle, random, count)) {
    // Raw SQL folds `x + x IS NULL` into `x IS NULL`, so an overflow in WHERE may go unseen.
    if (wanted.filterErrors > 0) {
      report.count('referee: errors in WHERE');
      continue;
    }
    const rows = await refereeRows(await referee(), project, view, oracle.accepted, t);
    if (rows === null) report.count('referee: guarded');
    else report.compare('referee', view, `at ${t}`, wanted, rows, { skipErrors: true });
  }
}
