/** Random cases under fast-check: seed and number from the environment, a failure shrunk and printed as a folder to keep. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { caseArbitrary } from '../generators/arbitrary.ts';
import type { Case } from '../generators/view-spec.ts';
import { checkCase } from './check-case.ts';
import { RunCoverage } from './coverage.ts';
import { keptFiles } from './keep-case.ts';
import { printFault, type Report } from './report.ts';

const CASES = Number(process.env.FSC_CASES ?? 2000);
const SEED = Number(process.env.FSC_SEED ?? 1);

/** So many cases show everything that there is to be shown. */
const SHOWS_ALL = 800;
const MOST_REJECTED = 0.002;
const SHOWN_FAULTS = 5;

/** The `part`-th of `parts` test files that share the cases: each runs in a process of its own. */
export function randomSuite(part: number, parts: number): void {
  const cases = Math.ceil(CASES / parts);
  const seed = SEED * parts + part;
  it(`${cases} random cases from seed ${seed} agree in every machine`, { timeout: 3_600_000 }, async () => {
    const coverage = new RunCoverage();
    const details = await fc.check(
      fc.asyncProperty(caseArbitrary(), async (test) => {
        const report = await checkCase(test);
        coverage.add(test, report);
        if (report.faults.length > 0) throw new Error(describeFailure(test, report));
      }),
      { seed, numRuns: cases, endOnFailure: false },
    );
    if (details.failed) expect.fail(await failureText(details));
    console.log(coverage.summary());
    expect(coverage.rejected / coverage.cases).toBeLessThanOrEqual(MOST_REJECTED);
    if (cases >= SHOWS_ALL) expect(coverage.missing()).toEqual([]);
  });
}

function describeFailure(test: Case, { faults }: Report): string {
  return [`seed ${test.seed}`, ...faults.slice(0, SHOWN_FAULTS).map(printFault)].join('\n');
}

async function failureText(details: fc.RunDetails<[Case]>): Promise<string> {
  const [test] = details.counterexample ?? [];
  if (test === undefined) return 'no counterexample';
  const files = Object.entries(keptFiles(test)).map(([path, text]) => `===== ${path}\n${text}`);
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  return [
    cause,
    `again: npm run soak -- --seed ${test.seed} --cases 1`,
    'the smallest case, for tests/regressions/<name>/:',
    ...files,
  ].join('\n');
}
