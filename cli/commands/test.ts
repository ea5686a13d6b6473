import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import { counted } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { CommandRunner } from '../cli.ts';
import { type GlobalFlags, type Io, say, writeOut } from '../io.ts';
import { raisingText } from '../own-text.ts';
import { withPostgres } from '../postgres.ts';
import { plainText } from '../result-rows.ts';
import { type FeatureTest, readFeatureTests } from '../test-files.ts';
import type { Failure } from '../testing/check.ts';
import type { RefusedRow } from '../testing/judged.ts';
import { Engines } from '../testing/machines.ts';
import { runTest, type TestProject, type TestResult } from '../testing/run-test.ts';
import { openWorkspace } from '../workspace.ts';

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'test') as Command;
  command
    .argument('[path...]', 'test files or folders (default: every features/<view>/tests/*.yaml)')
    .action(async (paths: string[]) => {
      await run(command, (io, flags) => test(io, flags, paths));
    });
}

async function test(io: Io, flags: GlobalFlags, paths: readonly string[]): Promise<number> {
  const workspace = await openWorkspace(io, flags);
  if (workspace === null) return 1;
  const { root } = workspace.project;
  const files = chosenFiles(root, io.cwd, paths);
  if (files.length === 0) {
    say(io, flags, 'the project has no tests: write them beside the features, as features/<view>/tests/*.yaml');
    return 0;
  }
  // All are read before the first one runs: a file that is wrong is told at once.
  const tests = files.flatMap((file) => readFeatureTests(root, file));
  const { sources, views } = workspace.plan;
  const project = { sources, views, program: workspace.program, files: workspace.files };
  const runAll = (postgres: PostgresSession | null): Promise<number> => runTests(io, flags, project, tests, postgres);
  const hasPostgres = workspace.project.config.postgres !== null;
  const failed = hasPostgres ? await withPostgres(workspace.project, io.signal, runAll) : await runAll(null);
  say(io, flags, summary(tests, failed));
  return failed === 0 ? 0 : 1;
}

/** Gives the number of those that failed. */
async function runTests(
  io: Io,
  flags: GlobalFlags,
  project: TestProject,
  tests: readonly FeatureTest[],
  postgres: PostgresSession | null,
): Promise<number> {
  const engines = await Engines.open(postgres);
  let failed = 0;
  try {
    for (const one of tests) {
      io.signal.throwIfAborted();
      const result = await runTest(project, engines, one);
      if (result.failures.length > 0) failed += 1;
      await tell(io, flags, result);
    }
  } finally {
    engines.close();
  }
  return failed;
}

function summary(tests: readonly FeatureTest[], failed: number): string {
  const count = counted(tests.length, 'test');
  return failed === 0 ? `${count}, all passed in every machine` : `${count}, ${failed} failed`;
}

/** Every test file of the project, or those that a path names. */
function chosenFiles(root: string, cwd: string, paths: readonly string[]): readonly string[] {
  const all = testFiles(root);
  if (paths.length === 0) return all;
  const chosen = new Set<string>();
  for (const path of paths) {
    const found = [resolve(cwd, path), resolve(root, path)].flatMap((place) =>
      all.filter((file) => file === place || file.startsWith(place.endsWith(sep) ? place : `${place}${sep}`)),
    );
    if (found.length === 0) throw noTests(path, cwd);
    for (const file of found) chosen.add(file);
  }
  return all.filter((file) => chosen.has(file));
}

function noTests(path: string, cwd: string): FscError {
  const exists = existsSync(resolve(cwd, path));
  return new FscError(
    'FSC7001',
    2,
    `\`${path}\` names no test`,
    exists ? 'there is no features/<view>/tests/*.yaml in it' : 'there is no such file or folder',
    'name a test file, or a folder that holds some',
  );
}

function testFiles(root: string): readonly string[] {
  const features = join(root, 'features');
  return folders(features)
    .flatMap((view) => filesOf(join(features, view, 'tests')))
    .sort((a, b) => (a < b ? -1 : 1));
}

function folders(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path).filter((name) => statSync(join(path, name)).isDirectory());
}

function filesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(folder, name));
}

async function tell(io: Io, flags: GlobalFlags, result: TestResult): Promise<void> {
  if (flags.format === 'json') await writeOut(io.stdout, `${JSON.stringify(jsonResult(result))}\n`);
  else if (result.failures.length > 0) await writeOut(io.stdout, plainFailure(result));
  else if (!flags.quiet) await writeOut(io.stdout, plainPass(result));
}

function jsonResult({ test, machines, failures, refused, ownRaises }: TestResult): unknown {
  const { name, view, file, line } = test;
  return {
    test: name,
    view,
    file,
    line,
    passed: failures.length === 0,
    machines,
    failures: failures.map(({ place, ...failure }) => ({ file: place.file, line: place.line, ...failure })),
    refused: refused.map(({ place, ...row }) => ({ file: place.file, line: place.line, ...row })),
    ...(ownRaises.length === 0 ? {} : { ownRaises }),
  };
}

function plainFailure({ test: { name, file, line }, machines, failures, refused, ownRaises }: TestResult): string {
  const lines = [`FAIL  ${plainText(name)}  (${file}:${line})`];
  for (const group of grouped(failures)) {
    const [first] = group as [Failure];
    lines.push(`  ${first.place.file}:${first.place.line}  as of ${first.asOf}  ${first.row}`);
    const what = first.column === null ? '' : `${plainText(first.column)}: `;
    lines.push(`    ${what}expected ${first.expected}, got ${first.actual}`);
    const all = group.length === machines.length ? 'every machine: ' : '';
    lines.push(`    in ${all}${group.map((failure) => failure.machine).join(', ')}`);
  }
  return `${[...lines, ...refused.map(refusedNote), ...raisingNotes(ownRaises)].join('\n')}\n`;
}

/** Late and duplicate records are given on purpose; one that no column takes is rather a slip, and its test proves nothing of it. */
const ON_PURPOSE: readonly string[] = ['late', 'duplicate', 'skipped'];

function plainPass({ test, refused, ownRaises }: TestResult): string {
  const slips = refused.filter(({ verdict }) => !ON_PURPOSE.includes(verdict));
  return `${[`ok    ${plainText(test.name)}`, ...slips.map(refusedNote), ...raisingNotes(ownRaises)].join('\n')}\n`;
}

function raisingNotes(columns: readonly string[]): readonly string[] {
  if (columns.length === 0) return [];
  return [`  note: ${raisingText(columns)}`];
}

function refusedNote({ place, source, verdict, reason }: RefusedRow): string {
  return `  note: ${place.file}:${place.line}: the log of ${source} refused the record as ${verdict}: ${plainText(reason)}`;
}

/** What several machines say alike is told once. */
function grouped(failures: readonly Failure[]): readonly (readonly Failure[])[] {
  const groups = new Map<string, Failure[]>();
  for (const failure of failures) {
    const { place, asOf, row, column, expected, actual } = failure;
    const key = JSON.stringify([place, asOf, row, column, expected, actual]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [failure]);
    else group.push(failure);
  }
  return [...groups.values()];
}
