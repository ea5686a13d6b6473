/** Machine 5 again, over runs that were stopped and killed. */
import type { Random } from '../generators/random.ts';
import { lookUpAll, lookUpRequests } from './machines/online.ts';
import { runInFolder } from './machines/run.ts';
import { linesOf, type Oracle } from './oracle.ts';
import type { Project } from './project.ts';
import type { Report } from './report.ts';

export async function checkRun(
  project: Project,
  oracle: Oracle,
  newest: number,
  report: Report,
  random: Random,
): Promise<void> {
  const run = await runInFolder(project, random);
  report.count('runs: kills', run.kills);
  const lines = linesOf(oracle);
  try {
    for (const view of project.views) {
      const isRequest = view.spec.shape === 'request';
      for (const t of oracle.instants) {
        const wanted = oracle.at(view, t, lines);
        if (wanted === null || Number(t) < newest) continue;
        const { rows, uncovered } = isRequest
          ? await lookUpRequests(project, run.lookup, view, Number(t))
          : await lookUpAll(run.lookup, view, Number(t));
        if (uncovered > 0) report.fault('runs', `${view.name} at ${t}`, '  rows after the end do not cover it');
        report.compare('runs', view, `at ${t}`, wanted, rows, isRequest ? { byPosition: true } : {});
      }
    }
  } finally {
    await run.close();
  }
}
