/**
 * Random cases under fast-check: seed and number from the environment, finds kept before are tried first. A failure is shrunk, printed, and
 * kept as a folder of tests/regressions.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { casesArbitrary } from '../generators/arbitrary.ts';
import type { Case } from '../generators/view-spec.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { checkCase } from './check-case.ts';
import { checkKept } from './check-kept.ts';
import { RunCoverage } from './coverage.ts';
import { keepCase, keptFiles } from './keep-case.ts';
import { keptCases, readKeptCase } from './kept-case.ts';
import { PostgresMachines } from './machines/postgres.ts';
import { optimiseLess } from './optimise-less.ts';
import { type Fault, isSameFailure, printFault, type Report } from './report.ts';

const CASES = Number(process.env.FSC_CASES ?? 10_000);
const SEED = Number(process.env.FSC_SEED ?? 1);

/** Cases that share their SQL, so that it is compiled and made known to the databases once for them. */
const LOGS = 5;
/** The SQL of so many cases, a fifth of them, shows everything that there is to be shown. */
const SHOWS_ALL = 4000;
const MOST_REJECTED = 0.002;
const SHOWN_FAULTS = 5;
const regressions = join(dirname(fileURLToPath(import.meta.url)), '..', 'regressions');

/** The `part`-th of `parts` test files that share the cases: each runs in a process of its own. */
export function randomSuite(part: number, parts: number): void {
  optimiseLess();
  const cases = Math.ceil(CASES / parts);
  const seed = SEED * parts + part;
  let server: PostgresServer;
  let postgres: PostgresMachines;
  beforeAll(async () => {
    server = await startPostgres();
    postgres = await PostgresMachines.open(server);
  }, 60_000);
  afterAll(async () => {
    await postgres.close();
    await server.stop();
  });

  for (const name of keptCases(regressions).filter((_, i) => i % parts === part)) {
    it(`${name}, found before`, async () => {
      const report = await checkKept(readKeptCase(regressions, name), postgres);
      expect(report.faults.map(printFault).join('\n')).toBe('');
    });
  }

  it(`${cases} random cases from seed ${seed} agree in every machine`, { timeout: 3_600_000 }, async () => {
    const coverage = new RunCoverage();
    let found: readonly Fault[] | null = null;
    const details = await fc.check(
      fc.asyncProperty(casesArbitrary(LOGS), async (group) => {
        for (const test of group) {
          const report = await checkCase(test, postgres);
          coverage.add(test, report);
          if (!isSameFailure(found ?? report.faults, report.faults)) continue;
          found ??= report.faults;
          throw new Error(describeFailure(test, report));
        }
      }),
      { seed, numRuns: Math.ceil(cases / LOGS), endOnFailure: false },
    );
    if (details.failed) expect.fail(failureText(details));
    console.log(coverage.summary());
    expect(coverage.rejected / coverage.cases).toBeLessThanOrEqual(MOST_REJECTED);
    expect(coverage.seldomAsked()).toEqual([]);
    if (cases >= SHOWS_ALL) expect(coverage.missing()).toEqual([]);
  });
}

function describeFailure(test: Case, { faults }: Report): string {
  return [`seed ${test.seed}`, ...faults.slice(0, SHOWN_FAULTS).map(printFault)].join('\n');
}

function failureText(details: fc.RunDetails<[readonly Case[]]>): string {
  const [test] = details.counterexample?.[0] ?? [];
  if (test === undefined) return 'no counterexample';
  const files = Object.entries(keptFiles(test)).map(([path, text]) => `===== ${path}\n${text}`);
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  const name = `seed-${test.seed}-${test.nth ?? 0}`;
  keepCase(test, join(regressions, name));
  return [
    cause,
    `again: npm run soak -- --seed ${test.seed} --cases ${(test.nth ?? 0) + 1}`,
    `the smallest case, kept as tests/regressions/${name}: rename it to what it has found`,
    ...files,
  ].join('\n');
}
