/** Machine 4: verdicts, decoded records and every entity's row at each prefix, settled and not. */
import { Random } from '../generators/random.ts';
import { verdicts } from '../reference/verdicts.ts';
import type { Expectations } from './expectations.ts';
import type { Judged, StreamHooks, StreamRun } from './machines/stream.ts';
import { printValues, probeAll, StreamRun as Run } from './machines/stream.ts';
import type { Compiled } from './project.ts';
import type { Report } from './report.ts';
import { toProduct } from './values.ts';

export async function checkStream(
  project: Compiled,
  expected: Expectations,
  report: Report,
  hooksOf: () => StreamHooks,
): Promise<void> {
  const { test } = project;
  const random = new Random(test.seed * 7 + 1);
  // Sorted reading of a prefix is not a prefix of sorted reading.
  const runs = test.source.order === 'arrival' ? [test.prefixes] : test.prefixes.map((n) => [n]);
  for (const prefixes of runs) {
    const run = new Run(project, random);
    const more = hooksOf();
    const judged = await run.read(prefixes, {
      ...more,
      prefix: async (at, n) => {
        checkPrefix(at, n, expected, report);
        await more.prefix?.(at, n);
      },
    });
    report.count('stream: restarts', run.restarts);
    checkJudged(judged, project, Math.max(...prefixes), expected, report);
  }
}

function checkPrefix(run: StreamRun, n: number, expected: Expectations, report: Report): void {
  const { project } = run;
  for (const view of project.views) {
    if (view.spec.shape === 'D') continue;
    for (const t of project.test.instants) {
      const wanted = expected.at(view.spec, t, n);
      const question = `at ${t} over ${n} lines`;
      const raw = probeAll(view, run.unsettled, Number(t));
      report.compare('stream without settling', view, question, wanted, raw);
      if (Number(t) < run.line) continue;
      report.compare('stream', view, question, wanted, probeAll(view, run.states, Number(t)));
    }
  }
}

function checkJudged(judged: Judged, project: Compiled, n: number, expected: Expectations, report: Report): void {
  const { test, source } = project;
  const lines = test.log.slice(0, n);
  const wanted = verdicts(lines, test.source);
  const isArrival = test.source.order === 'arrival';
  // Where lines are read sorted, verdicts are known by kind.
  const own = isArrival ? judged.verdicts : [...judged.verdicts].sort();
  const naive = isArrival ? wanted : [...wanted].sort();
  if (JSON.stringify(own) !== JSON.stringify(naive)) {
    report.fault('verdicts', `over ${n} lines`, `  expected ${naive.join(' ')}\n  got      ${own.join(' ')}`);
  }
  const rows = expected
    .accepted(n)
    .map((row) => printValues(source.columns.map(({ name, type }) => toProduct(row[name] ?? null, type))));
  const [a, b] = isArrival ? [rows, judged.accepted] : [[...rows].sort(), [...judged.accepted].sort()];
  report.count('verdicts: records', wanted.length);
  const at = a.findIndex((row, i) => row !== b[i]);
  if (at >= 0 || a.length !== b.length) {
    report.fault(
      'records',
      `over ${n} lines`,
      `  ${a.length} and ${b.length}\n  expected ${a[at]}\n  got      ${b[at]}`,
    );
  }
}
