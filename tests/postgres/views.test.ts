/**
 * Views in a real PostgreSQL: what is emitted, called by a session with odd settings, and the user's own text. Golden and kept cases, and
 * random ones: FSC_POSTGRES_CASES of them (default 120) from FSC_SEED on.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateCase } from '../generators/case.ts';
import { Random } from '../generators/random.ts';
import { compileCase } from '../properties/check-case.ts';
import { checkPostgres, checkPostgresDataset } from '../properties/check-postgres.ts';
import { Kept, keptCases, readKeptCase } from '../properties/kept-case.ts';
import { PostgresMachines } from '../properties/machines/postgres.ts';
import type { Ties } from '../properties/machines/replay.ts';
import { StreamRun } from '../properties/machines/stream.ts';
import { Naive } from '../properties/naive.ts';
import { NaiveLabels } from '../properties/naive-labels.ts';
import { isRejected } from '../properties/project.ts';
import { firstFaults, printFault, Report } from '../properties/report.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';

const CASES = Number(process.env.FSC_POSTGRES_CASES ?? 120);
const SEED = Number(process.env.FSC_SEED ?? 1);
/** So many cases hold a text that aborts. */
const SHOWS_ALL = 120;
const ALL = Number.POSITIVE_INFINITY;

const tests = join(dirname(fileURLToPath(import.meta.url)), '..');
let server: PostgresServer;
let machines: PostgresMachines;
beforeAll(async () => {
  server = await startPostgres();
  machines = await PostgresMachines.open(server);
}, 60_000);
afterAll(async () => {
  await machines.close();
  await server.stop();
});

for (const kind of ['regressions', 'cases']) {
  const root = join(tests, kind);
  const names = keptCases(root);
  describe.skipIf(names.length === 0)(kind, () => {
    it.each(names)('%s', async (name) => {
      const kept = readKeptCase(root, name);
      const { project } = kept;
      const whole = await new StreamRun(project, new Random(0)).read([project.log.lines.length], {});
      const report = new Report();
      await checkPostgres(machines, project, new Kept(kept, whole.accepted), report, {
        functionInstants: ALL,
        refereeInstants: ALL,
      });
      expect(report.faults.map(printFault).join('\n')).toBe('');
      expect(report.counts.get('emitted Postgres: answers')).toBeGreaterThan(0);
    });
  });
}

it(`${CASES} random cases`, { timeout: 3_600_000 }, async () => {
  const counts = new Map<string, number>();
  for (let seed = SEED * 100_000; seed < SEED * 100_000 + CASES; seed++) {
    const test = generateCase(seed);
    const project = compileCase(test);
    if (isRejected(project)) continue;
    const report = new Report();
    const naive = new Naive(test, project);
    await checkPostgres(machines, project, naive, report, { functionInstants: 3, refereeInstants: 1 });
    const random = new Random(seed * 7 + 5);
    for (const view of project.views) {
      const labels = new NaiveLabels(project, view, naive, random);
      const rules: readonly Ties[] = project.source.keyColumns.length > 0 ? ['exclude', 'exclude own'] : ['exclude'];
      await checkPostgresDataset(machines, labels, 'include', labels.countTied(), report);
      await checkPostgresDataset(machines, labels, random.pick(rules), null, report);
    }
    for (const [name, n] of report.counts) counts.set(name, (counts.get(name) ?? 0) + n);
    const told = firstFaults(report.faults);
    if (told !== '') expect.fail(`npm run soak -- --seed ${seed} --cases 1\n${told}`);
  }
  console.log([...counts].map(([name, n]) => `${name}: ${n}`).join('\n'));
  const shown = ['emitted Postgres: answers', 'Postgres referee: answers', 'Postgres dataset: labels'];
  if (CASES >= SHOWS_ALL) shown.push('Postgres referee: guarded');
  for (const name of shown) expect(counts.get(name) ?? 0, name).toBeGreaterThan(0);
});
