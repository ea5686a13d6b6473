/**
 * A process that runs its share of the random cases under fast-check: kept finds first, those of other shares left out. A failure is shrunk,
 * and kept as a folder. What it saw goes to the process that started it.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { casesArbitrary } from '../generators/arbitrary.ts';
import type { Case } from '../generators/view-spec.ts';
import { startPostgres } from '../servers/postgres.ts';
import { checkCase } from './check-case.ts';
import { checkKept } from './check-kept.ts';
import { RunCoverage } from './coverage.ts';
import { keepCase, keptText } from './keep-case.ts';
import { keptCases, readKeptCase } from './kept-case.ts';
import { PostgresMachines } from './machines/postgres.ts';
import { type Fault, firstFaults, isSameFailure, printFault, type Report } from './report.ts';

export interface Share {
  readonly seed: number;
  readonly cases: number;
  /** The `part`-th of `parts` takes every so-manieth kept case. */
  readonly part: number;
  readonly parts: number;
  /** The folder of kept cases. */
  readonly regressions: string;
}

export interface Outcome {
  /** By name, what is wrong with it; empty: nothing is. */
  readonly kept: Readonly<Record<string, string>>;
  /** The smallest failure; empty: there was none. */
  readonly failure: string;
  readonly cases: number;
  readonly rejected: number;
  readonly summary: string;
  readonly seldomAsked: readonly string[];
  readonly missing: readonly string[];
}

/** Cases that share their SQL, so that it is compiled and made known to the databases once for them. */
const LOGS = 5;

async function run(share: Share): Promise<Outcome> {
  const server = await startPostgres();
  const postgres = await PostgresMachines.open(server);
  try {
    const kept = await runKept(share, postgres);
    const coverage = new RunCoverage();
    const failure = await runRandom(share, postgres, coverage);
    const { cases, rejected } = coverage;
    const summary = coverage.summary();
    return {
      kept,
      failure,
      cases,
      rejected,
      summary,
      seldomAsked: coverage.seldomAsked(),
      missing: coverage.missing(),
    };
  } finally {
    await postgres.close();
    await server.stop();
  }
}

async function runKept(
  { regressions, part, parts }: Share,
  postgres: PostgresMachines,
): Promise<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const name of keptCases(regressions).filter((_, i) => i % parts === part)) {
    const report = await checkKept(readKeptCase(regressions, name), postgres);
    faults[name] = report.faults.map(printFault).join('\n');
  }
  return faults;
}

async function runRandom(share: Share, postgres: PostgresMachines, coverage: RunCoverage): Promise<string> {
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
    { seed: share.seed, numRuns: Math.ceil(share.cases / LOGS), endOnFailure: false },
  );
  return details.failed ? failureText(details, share.regressions) : '';
}

function describeFailure(test: Case, { faults }: Report): string {
  return [`seed ${test.seed}`, firstFaults(faults)].join('\n');
}

function failureText(details: fc.RunDetails<[readonly Case[]]>, regressions: string): string {
  const [test] = details.counterexample?.[0] ?? [];
  if (test === undefined) return 'no counterexample';
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  const name = `seed-${test.seed}-${test.nth ?? 0}`;
  keepCase(test, join(regressions, name));
  return [
    cause,
    `again: npm run soak -- --seed ${test.seed} --cases ${(test.nth ?? 0) + 1}`,
    `the smallest case, kept as tests/regressions/${name}: rename it to what it has found`,
    keptText(test),
  ].join('\n');
}

// Whoever asked is gone.
process.once('disconnect', () => process.exit(1));
const outcome = await run(JSON.parse(process.argv[2] ?? '') as Share);
// Sessions of DuckDB would keep the process.
process.send!(outcome, () => process.exit(0));
