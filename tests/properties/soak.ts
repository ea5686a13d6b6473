/**
 * `npm run soak -- --seed S --cases N`: N cases of the seeds S, S + 1, …, five logs each, through every machine, kept finds first. A failure
 * is shrunk and written as a folder for tests/regressions.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { shrinkCase } from '../generators/arbitrary.ts';
import { generateCases } from '../generators/case.ts';
import type { Case } from '../generators/view-spec.ts';
import { startPostgres } from '../servers/postgres.ts';
import { checkCase } from './check-case.ts';
import { checkKept } from './check-kept.ts';
import { RunCoverage } from './coverage.ts';
import { keepCase, keptText } from './keep-case.ts';
import { keptCases, readKeptCase } from './kept-case.ts';
import { PostgresMachines } from './machines/postgres.ts';
import { type Fault, firstFaults, isSameFailure, type Report } from './report.ts';

/** Cases of a seed. */
const LOGS = 5;
const SHRINK_TRIES = 1500;
const PROGRESS_MS = 10_000;
/** Most faults show in so few random cases; what those do not show, kept cases may, in less time than many more of them. */
const FIRST_CASES = 60;
const SHOWN_MISSING = 30;

interface Options {
  readonly seed: number;
  readonly cases: number;
  /** Takes every `step`-th seed from the `from`-th on: one of several processes. */
  readonly step: number;
  readonly from: number;
  /** Folders of kept cases, or empty: those before the random cases, and those after the first of them. */
  readonly regressions: string;
  readonly kept: string;
  /** Stops at the first fault, and says of each case that it begins. */
  readonly first: boolean;
  readonly shrink: boolean;
  readonly quiet: boolean;
  readonly postgres: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      cases: { type: 'string', default: '1000' },
      step: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      regressions: { type: 'string', default: '' },
      kept: { type: 'string', default: '' },
      first: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      'no-postgres': { type: 'boolean', default: false },
    },
  });
  return {
    seed: Number(values.seed),
    cases: Number(values.cases),
    step: Number(values.step),
    from: Number(values.from),
    regressions: values.regressions,
    kept: values.kept,
    first: values.first,
    shrink: !values['no-shrink'],
    quiet: values.quiet,
    postgres: !values['no-postgres'],
  };
}

/** Null: PostgreSQL is left out. */
type Machines = PostgresMachines | null;

/** What is wrong; none if all is well. An exception is a fault like any other. */
async function faultsOf(check: () => Promise<Report>): Promise<readonly Fault[]> {
  try {
    return (await check()).faults;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [{ machine: 'exception', question: '', text }];
  }
}

async function checkFolders(root: string, first: boolean, machines: Machines): Promise<boolean> {
  let isFine = true;
  for (const name of root === '' ? [] : keptCases(root)) {
    if (first) process.stderr.write(`begins ${name}\n`);
    const faults = await faultsOf(() => checkKept(readKeptCase(root, name), machines));
    if (faults.length === 0) continue;
    isFine = false;
    process.stdout.write(`kept case ${name}: ${faults.length} faults\n${firstFaults(faults)}\n`);
    if (first) return false;
  }
  return isFine;
}

async function tell(test: Case, faults: readonly Fault[], machines: Machines, shrink: boolean): Promise<void> {
  process.stdout.write(`seed ${test.seed}: log ${test.nth ?? 0}, ${faults.length} faults\n${firstFaults(faults)}\n`);
  if (!shrink) return;
  const small = await shrinkCase(
    test,
    async (one) => isSameFailure(faults, await faultsOf(() => checkCase(one, machines))),
    SHRINK_TRIES,
  );
  process.stdout.write(
    `${keptText(small)}===== faults\n${firstFaults(await faultsOf(() => checkCase(small, machines)))}\n`,
  );
  const folder = join(mkdtempSync(join(tmpdir(), 'fsc-find-')), `seed-${test.seed}-${test.nth ?? 0}`);
  keepCase(small, folder);
  process.stdout.write(`kept as ${folder}: move it to tests/regressions/ under a name that tells what it found\n`);
}

function neverSeen(names: readonly string[]): string {
  const first = names.slice(0, SHOWN_MISSING).join(', ');
  const more = names.length > SHOWN_MISSING ? `, and ${names.length - SHOWN_MISSING} more, as few cases leave` : '';
  return `never seen: ${names.length === 0 ? 'nothing' : first}${more}`;
}

/** In order, the SQL of a seed once for all its logs. */
function* casesOf({ seed, cases, step, from }: Options): Generator<Case> {
  for (let i = from; i * LOGS < cases; i += step) yield* generateCases(seed + i, Math.min(LOGS, cases - i * LOGS));
}

async function soak(options: Options, machines: Machines): Promise<boolean> {
  let isFine = await checkFolders(options.regressions, options.first, machines);
  const coverage = new RunCoverage();
  let told = 0;
  let nextTell = Date.now() + PROGRESS_MS;
  let kept = options.kept;
  for (const test of casesOf(options)) {
    if (coverage.cases === FIRST_CASES) {
      isFine = (await checkFolders(kept, options.first, machines)) && isFine;
      if (options.first && !isFine) return false;
      kept = '';
    }
    if (options.first) process.stderr.write(`begins seed ${test.seed}\n`);
    const faults = await faultsOf(async () => {
      const report = await checkCase(test, machines);
      coverage.add(test, report);
      return report;
    });
    if (faults.length > 0) {
      isFine = false;
      await tell(test, faults, machines, options.shrink && told++ === 0);
      if (options.first) return false;
    }
    if (options.quiet || Date.now() < nextTell) continue;
    nextTell = Date.now() + PROGRESS_MS;
    process.stderr.write(`${coverage.cases} cases, of ${options.cases} in all processes\n`);
  }
  if (!options.quiet) process.stdout.write(`${coverage.summary()}\n${neverSeen(coverage.missing())}\n`);
  return (await checkFolders(kept, options.first, machines)) && isFine;
}

async function run(options: Options): Promise<boolean> {
  if (!options.postgres) return soak(options, null);
  const server = await startPostgres();
  const machines = await PostgresMachines.open(server);
  try {
    return await soak(options, machines);
  } finally {
    await machines.close();
    await server.stop();
  }
}

const isFine = await run(readOptions());
// Sessions of DuckDB would keep the process.
process.exit(isFine ? 0 : 1);
