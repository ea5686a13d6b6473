/** One test through every machine. */

import { planChildren } from '../../compiler/bind/walk.ts';
import { allExprs } from '../../compiler/passes/agreement.ts';
import type { PlanExpr, SourcePlan, ViewPlan } from '../../compiler/plan/plan.ts';
import type { SourceProgram } from '../../runtime/log/contract.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import type { Program } from '../../runtime/state/program.ts';
import { readJsonValue } from '../../runtime/values/json.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { parseTimestamp } from '../../runtime/values/temporal.ts';
import { printType, type Value } from '../../runtime/values/types.ts';
import { type Expectation, type FeatureTest, jsonFor, type TestRow, testFault, unknownName } from '../test-files.ts';
import { Check, type Failure, type ReadyExpectation } from './check.ts';
import { givenRecords } from './given.ts';
import { type JudgedSource, judge, type RefusedRow } from './judged.ts';
import { type Engines, type Machine, machinesOf, type Row, type TestWorld } from './machines.ts';
import type { Wanted } from './match.ts';
import { lineDecoder } from './memory-records.ts';

export interface TestProject {
  readonly sources: readonly SourcePlan[];
  readonly views: readonly ViewPlan[];
  readonly program: Program;
  /** Path under generated/ → text. */
  readonly files: ReadonlyMap<string, string>;
}

export interface TestResult {
  readonly test: FeatureTest;
  readonly machines: readonly string[];
  readonly failures: readonly Failure[];
  /** Given records that the log did not take. */
  readonly refused: readonly RefusedRow[];
  /** Columns that the own text was not asked for at some instant, as it raises there: emitted SQL stands in its place. */
  readonly ownRaises: readonly string[];
}

export async function runTest(project: TestProject, engines: Engines, test: FeatureTest): Promise<TestResult> {
  const view = project.views.find((candidate) => candidate.spec.name === test.view);
  if (view === undefined) {
    const names = project.views.map((candidate) => candidate.spec.name);
    throw unknownName(test.viewPlace, `there is no view \`${test.view}\``, test.view, names);
  }
  const expectations = test.expect.map((expectation) => readExpectation(view, expectation));
  const world = await openWorld(project, test, view, expectations);
  const machines = await machinesOf(world, engines);
  const failures: Failure[] = [];
  for (const expectation of expectations) {
    const check = new Check(engines.emitted, world, expectation);
    const own = machines[1] as Machine;
    const reference = await own.rows(expectation.nowMicros);
    for (const machine of machines) {
      const rows = machine === own ? reference : await machine.rows(expectation.nowMicros);
      failures.push(...(await check.expected(machine.name, rows)));
      // What the test does not ask for must be the same in all machines just so.
      if (machine !== own) failures.push(...(await check.agreement(machine.name, rows, own.name, reference)));
    }
  }
  const refused = [...world.sources.values()].flatMap((source) => source.refused);
  const ownRaises = view.outputs.filter((_, ordinal) => world.ownRaises.has(ordinal)).map(({ name }) => name);
  return { test, machines: machines.map((machine) => machine.name), failures, refused, ownRaises };
}

function readExpectation(view: ViewPlan, { place, asOf, rows }: Expectation): ReadyExpectation {
  const nowMicros = parseTimestamp(asOf.trim());
  if (nowMicros === null)
    throw testFault(place, `\`as_of: ${asOf}\` is no instant`, 'write it like 2001-03-01 12:00, UTC');
  return { place, asOf, nowMicros, rows: rows.map((row) => ({ place: row.place, wanted: readWanted(view, row) })) };
}

function readWanted(view: ViewPlan, row: TestRow): Wanted {
  if (row.kind === 'line') throw testFault(row.place, 'expected rows are mappings');
  const names = view.outputs.map((output) => output.name);
  const wanted = new Map<number, Value>();
  for (const [name, value] of row.values) {
    const ordinal = names.indexOf(name);
    const output = view.outputs[ordinal];
    if (output === undefined)
      throw unknownName(value.place, `\`${view.spec.name}\` has no column \`${name}\``, name, names);
    const text = jsonFor(value, output.type);
    const read = readJsonValue(JSON.parse(text), output.type, () => text);
    if (!read.ok) throw testFault(value.place, `\`${name}\` is ${printType(output.type)}`, read.reason);
    wanted.set(ordinal, read.value);
  }
  return wanted;
}

async function openWorld(
  project: TestProject,
  test: FeatureTest,
  view: ViewPlan,
  expectations: readonly ReadyExpectation[],
): Promise<TestWorld> {
  if (expectations.length === 0) throw testFault(test.viewPlace, `test \`${test.name}\` expects nothing`);
  const names = project.sources.map((source) => source.spec.name);
  for (const { source, place } of test.given) {
    if (!names.includes(source)) throw unknownName(place, `there is no source \`${source}\``, source, names);
  }
  const sources = new Map<string, JudgedSource>();
  for (const [name, used] of readColumns(view)) {
    const { plan, program } = sourceNamed(project, name);
    const rows = test.given.find((given) => given.source === name)?.rows ?? [];
    if (plan.spec.kind === 'log') sources.set(name, await judge(givenRecords(plan, program, rows, used)));
  }
  const request = view.kind === 'request' ? view.request : null;
  const duckdbFile = project.files.get(`duckdb/${view.spec.name}.sql`);
  if (duckdbFile === undefined) throw new Error(`${view.spec.name} has no SQL for DuckDB`);
  return {
    view,
    program: project.program,
    duckdbFile,
    sources,
    requests: request === null ? [] : readRequests(project, test, view, request),
    requestSpec: request,
    instants: [...new Set(expectations.map((expectation) => expectation.nowMicros))],
    random: randomOf(`${test.file} ${test.name}`),
    ownRaises: new Set(),
  };
}

function sourceNamed(
  project: TestProject,
  name: string,
): { readonly plan: SourcePlan; readonly program: SourceProgram } {
  const plan = project.sources.find((source) => source.spec.name === name);
  const program = project.program.sources.find((source) => source.spec.name === name);
  if (plan === undefined || program === undefined) throw new Error(`no source ${name}`);
  return { plan, program };
}

/** Columns that a view reads, by source; those of the views that it joins too. */
function readColumns(view: ViewPlan): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  const visit = (plan: ViewPlan): void => {
    const name = plan.spec.source;
    const columns = found.get(name) ?? new Set<number>();
    found.set(name, columns);
    for (const expr of allExprs(plan)) collect(expr, columns);
    if (plan.kind === 'request') for (const join of plan.joins) visit(join.view);
  };
  visit(view);
  return found;
}

function collect(expr: PlanExpr, columns: Set<number>): void {
  if (expr.kind === 'column' || expr.kind === 'request') columns.add(expr.column);
  for (const child of planChildren(expr)) collect(child, columns);
}

/** The request's rows must be such as can be sent: nothing judges them. */
function readRequests(project: TestProject, test: FeatureTest, view: ViewPlan, request: SourceSpec): readonly Row[] {
  const given = test.given.find(({ source }) => source === request.name);
  if (given === undefined)
    throw testFault(test.viewPlace, `\`given\` has no rows of \`${request.name}\``, `\`${view.spec.name}\` reads them`);
  const { plan, program } = sourceNamed(project, request.name);
  const used = readColumns(view).get(request.name) ?? new Set();
  const { program: own, records } = givenRecords(plan, program, given.rows, used);
  const decoder = lineDecoder(own.spec);
  return records.map(({ place, line }) => {
    const { batch, faults, reason } = decoder.decode([line], 1, new Map());
    if (faults !== null && faults[0] !== 0) throw testFault(place, `no row of \`${request.name}\``, reason(0));
    return own.spec.columns.map(({ type }, i) => valueAt(batch.columns[i] as (typeof batch.columns)[number], type, 0));
  });
}

/** A small generator that gives the same numbers for a test every time. */
function randomOf(name: string): () => number {
  let state = 2166136261;
  for (let i = 0; i < name.length; i++) state = Math.imul(state ^ name.charCodeAt(i), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
