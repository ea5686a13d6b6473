/** Machines 1 and 3: the user's text, and the emitted macros. */
import { Random } from '../generators/random.ts';
import type { Expectations } from './expectations.ts';
import { createMacros, macroRows, macroSession, prepareMacros } from './machines/duckdb.ts';
import { prepareReferee, referee, refereeRows } from './machines/referee.ts';
import type { Compiled } from './project.ts';
import type { Report } from './report.ts';

/** DuckDB plans a statement in milliseconds, so it is asked less than the machines of this process. */
const MACRO_INSTANTS = 3;
const REFEREE_INSTANTS = 1;

export async function checkSql(project: Compiled, expected: Expectations, report: Report): Promise<void> {
  const { test } = project;
  const random = new Random(test.seed * 7 + 2);
  const n = random.pick(test.prefixes);
  await checkMacros(project, expected, report, random, n);
  await checkReferee(project, expected, report, random, n);
}

async function checkMacros(
  project: Compiled,
  expected: Expectations,
  report: Report,
  random: Random,
  n: number,
): Promise<void> {
  const session = await macroSession();
  await prepareMacros(session, project, expected.accepted(n));
  await createMacros(session, project);
  for (const view of project.views) {
    const instants = random
      .sample(project.test.instants, MACRO_INSTANTS)
      .map((t) => ({ t, zoned: random.chance(0.3) }));
    const answers = await macroRows(session, view, instants);
    instants.forEach(({ t }, i) => {
      const wanted = expected.at(view.spec, t, n);
      report.compare('emitted DuckDB', view, `at ${t} over ${n} lines`, wanted, answers[i]!);
    });
  }
}

async function checkReferee(
  project: Compiled,
  expected: Expectations,
  report: Report,
  random: Random,
  n: number,
): Promise<void> {
  const session = await referee();
  await prepareReferee(session, project, expected.accepted(n));
  for (const view of project.views) {
    for (const t of random.sample(project.test.instants, REFEREE_INSTANTS)) {
      const wanted = expected.at(view.spec, t, n);
      // Raw SQL folds `x + x IS NULL` into `x IS NULL`, so an overflow in WHERE may go unseen.
      if (wanted.filterErrors > 0) {
        report.count('referee: errors in WHERE');
        continue;
      }
      const rows = await refereeRows(session, project, view, t);
      if (rows === null) report.count('referee: guarded');
      else report.compare('referee', view, `at ${t} over ${n} lines`, wanted, rows, { skipErrors: true });
    }
  }
}
