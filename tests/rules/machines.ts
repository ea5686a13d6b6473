/**
 * A project and a few records in four machines: the user's own text in DuckDB (the referee), the emitted DuckDB macros and PostgreSQL functions,
 * and the generated operators. `rows` checks that they agree and gives what they say, as text.
 */
import { afterAll } from 'vitest';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import type { ProjectPlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { columnTypeText, quoteName } from '../../runtime/engines/duckdb/load.ts';
import { type Referee, refereeSession } from '../../runtime/engines/duckdb/referee.ts';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { GroupState, Program } from '../../runtime/state/program.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { valueAt } from '../properties/values.ts';
import { PostgresMachine } from './postgres-machine.ts';
import { textOf } from './text-of.ts';

/** Outputs of one row, in the SELECT's order. */
export type TextRow = readonly string[];

let referee: Promise<Referee> | null = null;
let notebook: Promise<DuckDbSession> | null = null;
let postgres: Promise<PostgresMachine> | null = null;
afterAll(async () => await (await postgres)?.close());

/** A session whose settings are as odd as a notebook's may be (rules.md 27). */
async function openNotebook(): Promise<DuckDbSession> {
  const session = await openDuckDb({ threads: 1 });
  for (const setting of ["TimeZone = 'Asia/Tokyo'", "default_null_order = 'nulls_first'", 'integer_division = false']) {
    await session.run(`SET ${setting}`);
  }
  return session;
}

/** `given`: rows of each source as SQL, such as `(1, '2001-01-01', 'a')`. */
export async function machines(
  files: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): Promise<Machines> {
  const { plan, diagnostics } = compileProject(new Map(Object.entries(files)));
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  if (plan === null) throw new Error(errors.map(({ code, message }) => `${code} ${message}`).join('; '));
  referee ??= refereeSession({ threads: 1 });
  notebook ??= openNotebook();
  postgres ??= PostgresMachine.open();
  const world = new Machines(plan, await referee, await notebook, await postgres);
  await world.load(given);
  return world;
}

export class Machines {
  readonly plan: ProjectPlan;
  readonly #program: Program;
  readonly #files: ReadonlyMap<string, string>;
  readonly #referee: Referee;
  readonly #notebook: DuckDbSession;
  readonly #postgres: PostgresMachine;
  readonly #records = new Map<string, ColumnBatch>();

  constructor(plan: ProjectPlan, own: Referee, session: DuckDbSession, postgres: PostgresMachine) {
    this.plan = plan;
    this.#files = emitProject(plan);
    this.#program = loadProgram(this.#files);
    this.#referee = own;
    this.#notebook = session;
    this.#postgres = postgres;
  }

  async load(given: Readonly<Record<string, string>>): Promise<void> {
    for (const { spec } of this.plan.sources) {
      for (const session of [this.#referee.session, this.#notebook]) {
        await createTable(session, tableOf(spec, session === this.#referee.session), spec, given[spec.name] ?? '');
      }
      const all = await this.#referee.session.readColumns(`SELECT * FROM ${quoteName(tableOf(spec, true))}`);
      this.#records.set(spec.name, all.batch);
    }
    const textsOf = (dialect: string): readonly string[] =>
      this.plan.views.map(({ spec }) => this.#files.get(`${dialect}/${spec.name}.sql`)!);
    for (const text of textsOf('duckdb')) await this.#notebook.run(text);
    const sources = this.plan.sources.map(({ spec }) => spec);
    await this.#postgres.load(sources, this.#records, textsOf('postgres'));
  }

  /**
   * What all machines say of the view at the instant, sorted; an error names those that differ. `diverges`: the referee is one that must differ
   * (the divergence rows of rules.md 25).
   */
  async rows(name: string, at: string, diverges = false): Promise<readonly TextRow[]> {
    const view = this.plan.views.find((candidate) => candidate.spec.name === name);
    if (view === undefined) throw new Error(`no view ${name}`);
    const now = await this.#instant(at);
    const said = {
      referee: await this.#refereeRows(view, now),
      duckdb: await this.#macroRows(view, at),
      postgres: sorted(await this.#postgres.rows(functionOf(view), view.outputs, at)),
      stream: this.#streamRows(view, now),
    };
    const inexact = inexactOutputs(view);
    for (const other of ['stream', 'postgres'] as const) {
      const difference = differenceOf(said.duckdb, said[other], inexact);
      if (difference !== null) throw new Error(`${name} at ${at}: ${other} differs from the macro: ${difference}`);
    }
    const own = differenceOf(said.referee, said.duckdb, inexact);
    if (own !== null && !diverges) throw new Error(`${name} at ${at}: the macro differs from the referee: ${own}`);
    if (own === null && diverges) throw new Error(`${name} at ${at}: the referee agrees, and should not`);
    return said.duckdb;
  }

  /** Of a rows view: all of them, as the databases give them; sorted. */
  async everyRow(name: string, at: string): Promise<readonly TextRow[]> {
    const view = this.plan.views.find((candidate) => candidate.spec.name === name)!;
    const rows = await this.#macroRows(view, at, name);
    const difference = differenceOf(
      rows,
      sorted(await this.#postgres.rows(name, view.outputs, at)),
      inexactOutputs(view),
    );
    if (difference !== null) throw new Error(`${name} at ${at}: postgres differs from the macro: ${difference}`);
    return rows;
  }

  async #instant(at: string): Promise<number> {
    const { batch } = await this.#referee.session.readColumns(`SELECT epoch_us(TIMESTAMP '${at}')::BIGINT AS t`);
    return Number(valueAt(batch.columns[0]!, { kind: 'bigint' }, 0));
  }

  async #refereeRows(view: ViewPlan, now: number): Promise<readonly TextRow[]> {
    for (const { spec } of this.plan.sources) await this.#referee.setRelation(spec, tableOf(spec, true), now);
    const options = { dialect: 'duckdb', functions: FUNCTIONS } as const;
    const guardedText = emitViewSql(view, printInstant(now), 'latest', options);
    const { text, views } = refereeQuery(view, now);
    const { batch } = await this.#referee.run({ text, views, guardedText });
    return rowsOf(view, batch);
  }

  async #macroRows(view: ViewPlan, at: string, macro = functionOf(view)): Promise<readonly TextRow[]> {
    const { batch, types } = await this.#notebook.readColumns(`SELECT * FROM ${macro}(TIMESTAMP '${at}')`);
    const declared = view.outputs.map((output) => JSON.stringify(output.type));
    const given = types.map((type) => JSON.stringify(type));
    const wrong = declared.findIndex((type, i) => type !== given[i] && !type.includes('"text"'));
    if (wrong >= 0) throw new Error(`${macro}: output ${wrong} is ${given[wrong]}, declared ${declared[wrong]}`);
    return rowsOf(view, batch);
  }

  #streamRows(view: ViewPlan, now: number): readonly TextRow[] {
    const states = this.#program.groups.map((group) => this.#stateOf(group.source, group.create));
    const program = this.#program.views.find((candidate) => candidate.spec.name === view.spec.name);
    if (program === undefined) throw new Error('the program has no such view');
    if (view.kind === 'request') return this.#requestRows(view, states, now);
    const state = states[program.group]!;
    const rows: Value[][] = [];
    for (let entity = 0; entity < state.entityCount; entity++) {
      const keys: Value[] = [];
      state.entityKeys(entity, keys);
      const row = this.#project(view.spec.name, states, keys, now);
      if (row !== null) rows.push([...row]);
    }
    return texts(view, rows);
  }

  #stateOf(source: string, create: Program['groups'][number]['create']): GroupState {
    const state = create({ errors: { count: () => {} }, entityHint: 0 });
    const batch = this.#records.get(source)!;
    state.ingest(
      batch,
      Int32Array.from({ length: batch.length }, (_, row) => row),
      batch.length,
    );
    return state;
  }

  /** A view over a log, at one key; null where it has no row. */
  #project(name: string, states: readonly GroupState[], keys: readonly Value[], now: number): readonly Value[] | null {
    const program = this.#program.views.find((candidate) => candidate.spec.name === name)!;
    const state = states[program.group]!;
    const entity = keys.includes(null) ? -1 : state.entityId(keys);
    const slots: Value[] = [];
    if (entity < 0 || !state.probe(program.viewInGroup, entity, now, slots)) return null;
    const own: Value[] = [];
    state.entityKeys(entity, own);
    const out: Value[] = [];
    const errors = { count: () => {} };
    const input = { slots, keys: own, nowMicros: now, request: [], features: [], errors };
    return program.project(input, out) ? out : null;
  }

  #requestRows(
    view: Extract<ViewPlan, { kind: 'request' }>,
    states: readonly GroupState[],
    now: number,
  ): readonly TextRow[] {
    const program = this.#program.views.find((candidate) => candidate.spec.name === view.spec.name)!;
    const batch = this.#records.get(view.request.name)!;
    const rows: Value[][] = [];
    for (let row = 0; row < batch.length; row++) {
      const request = view.request.columns.map(({ type }, i) => valueAt(batch.columns[i]!, type, row));
      const features = view.joins.map((join, i) => {
        const keys: Value[] = [];
        program.joinKeys[i]!(request, keys);
        return this.#project(join.view.spec.name, states, keys, now);
      });
      const out: Value[] = [];
      const input = { slots: [], keys: [], nowMicros: now, request, features, errors: { count: () => {} } };
      if (program.project(input, out)) rows.push(out);
    }
    return texts(view, rows);
  }
}

/** The referee's relations are views of the sources' names, over tables of other names. */
function tableOf(spec: SourceSpec, isReferee: boolean): string {
  return isReferee ? `records of ${spec.name}` : spec.name;
}

async function createTable(session: DuckDbSession, table: string, spec: SourceSpec, values: string): Promise<void> {
  const columns = spec.columns.map((column) => `${quoteName(column.name)} ${columnTypeText(column.type)}`);
  await session.run(`CREATE OR REPLACE TABLE ${quoteName(table)} (${columns.join(', ')})`);
  if (values.trim() !== '') await session.run(`INSERT INTO ${quoteName(table)} VALUES ${values}`);
}

function inexactOutputs(view: ViewPlan): ReadonlySet<number> {
  const inexact = view.spec.features.filter((feature) => feature.agreement === 'double');
  return new Set(inexact.map((feature) => feature.ordinal));
}

function rowsOf(view: ViewPlan, batch: ColumnBatch): readonly TextRow[] {
  const rows = Array.from({ length: batch.length }, (_, row) =>
    view.outputs.map(({ type }, i) => valueAt(batch.columns[i]!, type, row)),
  );
  return texts(view, rows);
}

function texts(view: ViewPlan, rows: readonly (readonly Value[])[]): readonly TextRow[] {
  const types: readonly SqlType[] = view.outputs.map((output) => output.type);
  return sorted(rows.map((row) => row.map((value, i) => textOf(value, types[i]!))));
}

function sorted(rows: readonly TextRow[]): readonly TextRow[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function functionOf(view: ViewPlan): string {
  return view.kind === 'rows' ? `${view.spec.name}_latest` : view.spec.name;
}

function differenceOf(
  expected: readonly TextRow[],
  actual: readonly TextRow[],
  inexact: ReadonlySet<number>,
): string | null {
  if (expected.length !== actual.length) return `${actual.length} rows, not ${expected.length}`;
  for (const [i, row] of expected.entries()) {
    for (const [column, wanted] of row.entries()) {
      const given = actual[i]![column]!;
      if (wanted === given || (inexact.has(column) && isNear(Number(wanted), Number(given)))) continue;
      return `row ${i} column ${column}: ${given}, not ${wanted}`;
    }
  }
  return null;
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}
