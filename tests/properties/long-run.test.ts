/** Thousands of events: blocks of rings fill, let go and move, texts are swept, entities come by the hundred. */
import { expect, it } from 'vitest';
import { generateCase } from '../generators/case.ts';
import { Random } from '../generators/random.ts';
import { compileCase } from './check-case.ts';
import { checkDatasetSql, checkReplay } from './check-dataset.ts';
import { onlineHooks } from './check-online.ts';
import { checkSql } from './check-sql.ts';
import { checkStream } from './check-stream.ts';
import { Naive } from './naive.ts';
import { NaiveLabels } from './naive-labels.ts';
import { isRejected } from './project.ts';
import { printFault, Report } from './report.ts';

const SEED = Number(process.env.FSC_SEED ?? 1) * 1000;
const CASES = Math.max(1, Math.ceil(Number(process.env.FSC_CASES ?? 2000) / 250));
const INSTANTS = 3;

async function checkLong(seed: number): Promise<Report> {
  const random = new Random(seed);
  const lines = random.pick([1500, 3000]);
  const made = generateCase(seed, { lines, entities: random.pick([2, 20, 200]) });
  const last = made.instants.slice(-INSTANTS);
  const test = { ...made, prefixes: [made.log.length], instants: last };
  const report = new Report();
  const project = compileCase(test);
  if (isRejected(project)) return report;
  const naive = new Naive(test, project);
  await checkStream(project, naive, report, () => {
    const { prefix } = onlineHooks(project, naive, report);
    return prefix === undefined ? {} : { prefix };
  });
  // More rows than DuckDB takes at once.
  const { views } = project;
  await checkSql(project, naive, report, { views, refereed: views, macroInstants: 1, refereeInstants: 1 });
  for (const view of views) {
    const labels = new NaiveLabels(project, view, naive, random);
    await checkReplay(labels, 'include', naive.sorted, labels.countTied(), report, random);
    await checkDatasetSql(labels, 'include', random.pick(['join', 'windows']), report);
  }
  return report;
}

it(`${CASES} long logs from seed ${SEED} agree`, { timeout: 3_600_000 }, async () => {
  const failures: string[] = [];
  let answers = 0;
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const report = await checkLong(seed);
    answers += report.counts.get('stream: answers') ?? 0;
    if (report.faults.length > 0)
      failures.push(`seed ${seed}\n${report.faults.slice(0, 5).map(printFault).join('\n')}`);
  }
  expect(failures.join('\n\n')).toBe('');
  expect(answers).toBeGreaterThan(CASES);
});
