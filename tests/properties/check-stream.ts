/** Machine 4: verdicts, decoded records and every entity's row at each prefix, settled and not. */
import type { Value } from '../../runtime/values/types.ts';
import { Random } from '../generators/random.ts';
import { type Judged, probeAll, type StreamHooks, StreamRun } from './machines/stream.ts';
import type { Oracle } from './oracle.ts';
import type { Project } from './project.ts';
import type { Report } from './report.ts';

export async function checkStream(
  project: Project,
  oracle: Oracle,
  report: Report,
  hooksOf: () => StreamHooks,
): Promise<void> {
  const random = new Random(project.seed * 7 + 1);
  const { prefixes } = oracle;
  // Sorted reading of a prefix is not a prefix of sorted reading.
  const runs = project.log.order === 'arrival' ? [prefixes] : prefixes.map((n) => [n]);
  for (const stops of runs) {
    const run = new StreamRun(project, random);
    const hooks = hooksOf();
    const judged = await run.read(stops, {
      ...hooks,
      prefix: async (at, n) => {
        checkPrefix(at, n, oracle, report);
        await hooks.prefix?.(at, n);
      },
    });
    report.count('stream: restarts', run.restarts);
    checkJudged(judged, project, Math.max(...stops), oracle, report);
  }
}

function checkPrefix(run: StreamRun, n: number, oracle: Oracle, report: Report): void {
  for (const view of run.project.views) {
    if (view.spec.shape === 'request') continue;
    for (const t of oracle.instants) {
      const wanted = oracle.at(view, t, n);
      if (wanted === null) continue;
      const question = `at ${t} over ${n} lines`;
      const raw = probeAll(view, run.unsettled, Number(t));
      report.compare('stream without settling', view, question, wanted, raw);
      if (Number(t) < run.line) continue;
      report.compare('stream', view, question, wanted, probeAll(view, run.states, Number(t)));
    }
  }
}

function checkJudged(judged: Judged, project: Project, n: number, oracle: Oracle, report: Report): void {
  const wanted = oracle.verdicts(n);
  if (wanted === null) return;
  const isArrival = project.log.order === 'arrival';
  // Where lines are read sorted, verdicts are known by kind.
  const own = isArrival ? judged.verdicts : [...judged.verdicts].sort();
  const naive = isArrival ? wanted : [...wanted].sort();
  report.count('verdicts: records', wanted.length);
  if (own.join(' ') !== naive.join(' ')) {
    report.fault('verdicts', `over ${n} lines`, `  expected ${naive.join(' ')}\n  got      ${own.join(' ')}`);
  }
  if (n === project.log.lines.length) checkRecords(judged, isArrival, oracle, report);
}

function checkRecords(judged: Judged, isArrival: boolean, oracle: Oracle, report: Report): void {
  const [a, b] = [oracle.accepted.map(printValues), judged.accepted.map(printValues)];
  if (!isArrival) for (const rows of [a, b]) rows.sort();
  const at = a.findIndex((row, i) => row !== b[i]);
  if (at < 0 && a.length === b.length) return;
  report.fault('records', `${a.length} and ${b.length}`, `  expected ${a[at]}\n  got      ${b[at]}`);
}

function printValues(values: readonly Value[]): string {
  return JSON.stringify(values.map((value) => (typeof value === 'bigint' ? `${value}n` : value)));
}
