/** The machines of design.md section 1, over the records of one test. Each gives the rows that the view has at an instant. */
import { emitDatasetSql } from '../../compiler/backends/sql/dataset-sql.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { ownTextLimits } from '../../compiler/backends/sql/own-text.ts';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../compiler/backends/sql/referee.ts';
import { quoteName } from '../../compiler/backends/sql/text.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { acceptedProgram } from '../../runtime/engines/accepted-feed.ts';
import { loadRecords } from '../../runtime/engines/duckdb/load.ts';
import { type Referee, refereeSession } from '../../runtime/engines/duckdb/referee.ts';
import { type DuckDbSession, openDuckDb, type ResultColumns } from '../../runtime/engines/duckdb/session.ts';
import { OnlineWriter, Stamper } from '../../runtime/engines/online-writer.ts';
import { type Feed, replay } from '../../runtime/engines/replay.ts';
import type { SourceLog } from '../../runtime/log/source-log.ts';
import { createLookup } from '../../runtime/serving/lookup.ts';
import type { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import type { GroupState, Program, ViewProgram } from '../../runtime/state/program.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import type { NumericVector } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { plainColumn, plainSpec } from '../../runtime/values/plain-spec.ts';
import type { Value } from '../../runtime/values/types.ts';
import { isBeyond, ownValue } from '../own-text.ts';
import { keyText } from '../tolerances.ts';
import { inEventOrder, type JudgedSource, logOver, shuffled } from './judged.ts';
import { batchOf, linesPhase, valuesPhase } from './memory-records.ts';
import { copyIn, labelledRows, viewRows } from './postgres-values.ts';

export type Row = readonly Value[];

/** One test, ready to run. */
export interface TestWorld {
  readonly view: ViewPlan;
  readonly program: Program;
  /** The view's own SQL file for DuckDB. */
  readonly duckdbFile: string;
  /** By name: the sources that the view reads, through the views that it joins too. */
  readonly sources: ReadonlyMap<string, JudgedSource>;
  /** Of a request view; in the order in which they are given. */
  readonly requests: readonly Row[];
  readonly requestSpec: SourceSpec | null;
  /** Of the expectations, each once, in order. */
  readonly instants: readonly number[];
  readonly random: () => number;
  /** Ordinals of columns that the own text was not asked for, as it raises there; the machine tells. */
  readonly ownRaises: Set<number>;
}

export interface Machine {
  readonly name: string;
  /** The view's rows at one of the instants, in no particular order. */
  rows(nowMicros: number): Promise<readonly Row[]>;
}

/** Databases, opened once for all tests. */
export class Engines {
  readonly emitted: DuckDbSession;
  readonly referee: Referee;
  /** null: none is configured. Whoever opened it closes it. */
  readonly postgres: PostgresSession | null;

  private constructor(emitted: DuckDbSession, referee: Referee, postgres: PostgresSession | null) {
    this.emitted = emitted;
    this.referee = referee;
    this.postgres = postgres;
  }

  static async open(postgres: PostgresSession | null): Promise<Engines> {
    return new Engines(await openDuckDb({ threads: 1 }), await refereeSession({ threads: 1 }), postgres);
  }

  close(): void {
    this.emitted.close();
    this.referee.close();
  }
}

const SHUFFLES = 3;

export async function machinesOf(world: TestWorld, engines: Engines): Promise<readonly Machine[]> {
  await loadTables(world, engines);
  const labels = await labelsOf(world);
  const shuffles = Array.from({ length: SHUFFLES }, (_, i): Machine => {
    const orders = new Map<string, readonly Row[]>();
    for (const [name, source] of world.sources) {
      orders.set(name, shuffled(source.program.spec, source.accepted, world.random));
    }
    const batchRows = 1 + Math.floor(world.random() * 4);
    return {
      name: `stream in random order ${i + 1}`,
      rows: (t) => streamRows(world, t, shuffledLogs(world, orders, batchRows)),
    };
  });
  return [
    { name: 'DuckDB', rows: (t) => emittedRows(world, engines.emitted, t) },
    { name: 'own text in DuckDB', rows: (t) => ownTextRows(world, engines.referee, t) },
    { name: 'stream', rows: (t) => streamRows(world, t, (name) => givenLog(world, name)) },
    ...shuffles,
    await onlineMachine(world),
    await replayMachine(world, labels),
    await datasetMachine(world, labels, engines.emitted, 'join'),
    await datasetMachine(world, labels, engines.emitted, 'windows'),
    ...(engines.postgres === null ? [] : await postgresMachines(world, labels, engines.emitted, engines.postgres)),
  ];
}

async function postgresMachines(
  world: TestWorld,
  labels: Labels,
  duckdb: DuckDbSession,
  postgres: PostgresSession,
): Promise<readonly Machine[]> {
  await postgres.beginAnew('READ WRITE');
  for (const { spec, rows } of tablesOf(world)) await copyIn(postgres, spec, rows);
  const table = labelTable(labels);
  await copyIn(postgres, table.spec, table.rows);
  const names = { table: LABELS_TABLE, instant: INSTANT, ordinal: ORDINAL };
  const values = await labelledRows(postgres, world.view, names);
  return [
    { name: 'Postgres', rows: (t) => viewRows(postgres, world.view, t) },
    labelledMachine('dataset by Postgres', world, duckdb, labels, values),
  ];
}

/** The sources, and the request's rows. */
function tablesOf(world: TestWorld): readonly { readonly spec: SourceSpec; readonly rows: readonly Row[] }[] {
  const tables = [...world.sources.values()].map(({ program, accepted }) => ({ spec: program.spec, rows: accepted }));
  return world.requestSpec === null ? tables : [...tables, { spec: world.requestSpec, rows: world.requests }];
}

async function loadTables(world: TestWorld, engines: Engines): Promise<void> {
  for (const { spec, rows } of tablesOf(world)) {
    const records = [{ batch: batchOf(spec, rows), rows: null, count: rows.length }];
    await loadRecords(engines.emitted, spec.name, spec, records);
    await loadRecords(engines.referee.session, recordsTable(spec), spec, records);
  }
  await engines.emitted.run(world.duckdbFile);
}

function recordsTable(spec: SourceSpec): string {
  return `records of ${spec.name}`;
}

async function emittedRows({ view }: TestWorld, session: DuckDbSession, t: number): Promise<readonly Row[]> {
  const macro = view.kind === 'rows' ? `${view.spec.name}_latest` : view.spec.name;
  return rowsOf(await session.readColumns(`SELECT * FROM ${quoteName(macro)}(${printInstant(t)})`));
}

async function ownTextRows(world: TestWorld, referee: Referee, t: number): Promise<readonly Row[]> {
  const { view, sources, requestSpec } = world;
  const specs = [...sources.values()].map(({ program }) => program.spec);
  if (requestSpec !== null) specs.push(requestSpec);
  for (const spec of specs) await referee.setRelation(spec, recordsTable(spec), t);
  const guardedText = emitViewSql(view, printInstant(t), 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
  const query = refereeQuery(view, t);
  const result = await referee.run({ ...query, guardedText });
  const rows = rowsOf(result);
  // Emitted rows stand for all columns where rows of requests have one that raises.
  const isAll = result.guarded || (view.kind === 'request' && result.raising.size > 0);
  for (const ordinal of isAll ? query.parts.columns : result.raising) world.ownRaises.add(ordinal);
  if (result.guarded) return rows;
  const limits = ownTextLimits(view);
  const leftOut = new Set([...limits.columns, ...result.raising]);
  const typeOf = (ordinal: number) => (view.outputs[ordinal] as (typeof view.outputs)[number]).type;
  const isOut = rows.some((row) => row.some((value, i) => isBeyond(typeOf(i), value)));
  if (!isOut && !limits.rows && leftOut.size === 0) return rows;
  const guarded = rowsOf(await referee.session.readColumns(guardedText));
  // Rows of requests have no key to be told by.
  if (limits.rows || view.kind === 'request') return guarded;
  const keyOf = entityText(view);
  const emitted = new Map(guarded.map((row) => [keyOf(row), row]));
  return rows.map((row) => {
    const other = emitted.get(keyOf(row));
    return row.map((value, i) =>
      leftOut.has(i) && other !== undefined ? (other[i] as Value) : ownValue(typeOf(i), value, other?.[i] ?? null),
    );
  });
}

/** The entity of a row as text. */
function entityText({ spec }: ViewPlan): (row: Row) => string {
  return (row) => keyText(spec.entity.map(({ ordinal }) => row[ordinal] as Value));
}

function rowsOf({ types, batch }: ResultColumns): readonly Row[] {
  return Array.from({ length: batch.length }, (_, row) =>
    batch.columns.map((column, i) => valueAt(column, types[i] as (typeof types)[number], row)),
  );
}

/** States of the groups that a view needs, by group index. */
type States = ReadonlyMap<number, GroupState>;

/** States that took in the logs; nothing is settled past `capMicros`, so that every instant from there on can be asked for. */
async function filledStates(
  world: TestWorld,
  capMicros: number,
  openSource: (name: string) => Promise<SourceLog>,
): Promise<States> {
  const states = new Map<number, GroupState>();
  for (const view of logViews(world)) {
    if (states.has(view.group)) continue;
    states.set(view.group, groupOf(world, view).create({ errors: { count: () => {} }, entityHint: 0 }));
  }
  for (const name of world.sources.keys()) {
    const log = await openSource(name);
    const reading = [...states].filter(([group]) => world.program.groups[group]?.source === name);
    for (let batch = await log.next(); batch !== null; batch = await log.next()) {
      for (const [, state] of reading) {
        state.ingest(batch.batch, batch.accepted, batch.acceptedCount);
        state.settle(Math.min(batch.settleLineMicros, capMicros));
      }
    }
    await log.close();
  }
  return states;
}

/** The view itself, or those that a request view joins. */
function logViews({ view, program }: TestWorld): readonly ViewProgram[] {
  const plans = view.kind === 'request' ? view.joins.map((join) => join.view) : [view];
  return plans.map((plan) => viewProgram(program, plan.spec.name));
}

function viewProgram(program: Program, name: string): ViewProgram {
  const view = program.views.find((candidate) => candidate.spec.name === name);
  if (view === undefined) throw new Error(`no view ${name} in the program`);
  return view;
}

function groupOf({ program }: TestWorld, view: ViewProgram): Program['groups'][number] {
  const group = program.groups[view.group];
  if (group === undefined) throw new Error(`view ${view.spec.name} has no group`);
  return group;
}

function sourceOf({ sources }: TestWorld, name: string): JudgedSource {
  const source = sources.get(name);
  if (source === undefined) throw new Error(`no records of ${name}`);
  return source;
}

const GIVEN_BATCH_ROWS = 2;

function givenLog(world: TestWorld, name: string): Promise<SourceLog> {
  const { program, lines } = sourceOf(world, name);
  return logOver(program, linesPhase(program.spec, lines), GIVEN_BATCH_ROWS);
}

function shuffledLogs(world: TestWorld, orders: ReadonlyMap<string, readonly Row[]>, batchRows: number) {
  return (name: string): Promise<SourceLog> => {
    const program = acceptedProgram(sourceOf(world, name).program);
    return logOver(program, valuesPhase(program.spec, orders.get(name) ?? [], 'arrival'), batchRows);
  };
}

async function streamRows(
  world: TestWorld,
  t: number,
  openSource: (name: string) => Promise<SourceLog>,
): Promise<readonly Row[]> {
  const states = await filledStates(world, t, openSource);
  const view = viewProgram(world.program, world.view.spec.name);
  if (view.spec.shape === 'request') return requestRows(world, view, states, t).filter((row) => row !== null);
  const state = states.get(view.group) as GroupState;
  return Array.from({ length: state.entityCount }, (_, entity) => entityRow(view, state, entity, t)).filter(
    (row) => row !== null,
  );
}

/** In the order of the requests; null: the view has no row for one. */
function requestRows(world: TestWorld, view: ViewProgram, states: States, t: number): readonly (Row | null)[] {
  return world.requests.map((request) => {
    const features = logViews(world).map((joined, i) => {
      const keys: Value[] = [];
      view.joinKeys[i]?.(request, keys);
      const state = states.get(joined.group) as GroupState;
      return keys.some((key) => key === null) ? null : entityRow(joined, state, state.entityId(keys), t);
    });
    return projected(view, { slots: [], keys: [], request, features }, t);
  });
}

function entityRow(view: ViewProgram, state: GroupState, entity: number, t: number): Row | null {
  const slots: Value[] = [];
  const keys: Value[] = [];
  if (entity < 0 || !state.probe(view.viewInGroup, entity, t, slots)) return null;
  state.entityKeys(entity, keys);
  return projected(view, { slots, keys, request: [], features: [] }, t);
}

function projected(
  view: ViewProgram,
  input: { slots: Row; keys: Row; request: Row; features: readonly (Row | null)[] },
  nowMicros: number,
): Row | null {
  const out = new Array<Value>(view.spec.entity.length + view.spec.features.length).fill(null);
  return view.project({ ...input, nowMicros, errors: { count: () => {} } }, out) ? out : null;
}

/** Rows as a run writes them, from the first instant on with their whole future; then looked up at each. */
async function onlineMachine(world: TestWorld): Promise<Machine> {
  const { program, instants, view } = world;
  const fromMicros = Math.min(...instants);
  const states = await filledStates(world, fromMicros, (name) => givenLog(world, name));
  const store = new MemoryStore();
  const groups = [...states].map(([index, state]) => ({ index, state, renewAtMicros: null, isBuilt: false }));
  const writer = new OnlineWriter(program, groups, store, await Stamper.open(store), '');
  await writer.flush({
    budget: 'complete',
    fromMicros,
    nowMicros: fromMicros,
    flushIntervalMicros: 1_000_000,
    heartbeat: ({ spec }) => ({
      view: spec.name,
      fingerprint: spec.fingerprint,
      writtenAtMicros: 0,
      knownToMicros: null,
      newestMicros: null,
      backlogMicros: 0,
      ended: true,
      positions: {},
    }),
    isTooLate: () => false,
  });
  const lookup = createLookup({
    views: program.views,
    store,
    clock: new FixedClock(0),
    clockMode: 'wall',
    namespace: '',
  });
  return {
    name: 'online lookup',
    rows: async (t) => {
      if (view.kind === 'request') {
        const answers = await lookup.getMany(view.spec.name, world.requests, t);
        return answers.flatMap(({ row }) => (row === null ? [] : [row]));
      }
      const rows: Row[] = [];
      const keys: Row[] = [];
      for await (const entity of lookup.scanAll(view.spec.name, t)) keys.push(entity.keys);
      for (const { row } of await lookup.getMany(view.spec.name, keys, t)) if (row !== null) rows.push(row);
      return rows;
    },
  };
}

/** Labels: each request, or each entity that any record is of, at each instant. */
interface Labels {
  readonly spec: SourceSpec;
  readonly rows: readonly Row[];
  readonly instants: readonly number[];
}

const LABELS_TABLE = 'fsc labels';
const INSTANT = 'fsc as of';
const ORDINAL = 'fsc label';

async function labelsOf(world: TestWorld): Promise<Labels> {
  const columns = world.requestSpec?.columns ?? entityColumns(world);
  const keys = world.requestSpec === null ? await allEntities(world) : world.requests;
  const pairs = world.instants.flatMap((instant) => keys.map((key) => ({ key, instant })));
  const spec = plainSpec(LABELS_TABLE, columns);
  return { spec, rows: pairs.map(({ key }) => key), instants: pairs.map(({ instant }) => instant) };
}

function entityColumns({ view }: TestWorld): SourceSpec['columns'] {
  return view.spec.entity.map(({ name, type }) => plainColumn(name, type));
}

async function allEntities(world: TestWorld): Promise<readonly Row[]> {
  const view = viewProgram(world.program, world.view.spec.name);
  const states = await filledStates(world, Number.NEGATIVE_INFINITY, (name) => givenLog(world, name));
  const state = states.get(view.group) as GroupState;
  return Array.from({ length: state.entityCount }, (_, entity) => {
    const keys: Value[] = [];
    state.entityKeys(entity, keys);
    return keys;
  });
}

/** A label's features by ordinal of the SELECT, entity columns included; null: the view has no row for it. */
type LabelRow = Row | null;

function datasetRows(labels: Labels, values: readonly LabelRow[], t: number): readonly Row[] {
  return values.flatMap((row, label) => (row === null || labels.instants[label] !== t ? [] : [row]));
}

async function replayMachine(world: TestWorld, labels: Labels): Promise<Machine> {
  const { view, program } = world;
  const batch = batchOf(labels.spec, labels.rows);
  const result = await replay({
    program,
    views: [view.spec.name],
    labels: {
      length: labels.rows.length,
      instants: Float64Array.from(labels.instants),
      columns: new Map(
        labels.spec.columns.map(({ name }, i) => [name, batch.columns[i] as (typeof batch.columns)[number]]),
      ),
    },
    ties: 'include',
    ownEvents: new Set(),
    openFeed: async (name) => valuesFeed(sourceOf(world, name)),
    errors: { count: () => {} },
    onProgress: null,
    signal: new AbortController().signal,
  });
  const values = result.views[0]?.values;
  if (values === undefined) throw new Error('a replay without a view');
  const rows = labels.rows.map((key, label): LabelRow => {
    if (!values.has(label)) return null;
    const row = keysInPlace(view, key);
    view.spec.features.forEach(({ ordinal }, column) => {
      row[ordinal] = values.get(label, column);
    });
    return row;
  });
  return { name: 'dataset', rows: async (t) => datasetRows(labels, rows, t) };
}

/** A row with the entity's columns filled in. */
function keysInPlace(view: ViewPlan, key: Row): Value[] {
  const row = new Array<Value>(view.outputs.length).fill(null);
  view.spec.entity.forEach(({ ordinal }, i) => {
    row[ordinal] = key[i] as Value;
  });
  return row;
}

const FEED_ROWS = 3;

/** Accepted records in event order, a few a batch. */
function valuesFeed({ program, accepted }: JudgedSource): Feed {
  const { spec } = program;
  const rows = inEventOrder(spec, accepted);
  let at = 0;
  return {
    next: async () => {
      if (at === rows.length) return null;
      const part = rows.slice(at, at + FEED_ROWS);
      at += part.length;
      const batch = batchOf(spec, part);
      const times = (batch.columns[spec.eventTimeColumn] as NumericVector).values;
      const upToMicros = times[part.length - 1] as number;
      return { batch, rows: Int32Array.from(part, (_, i) => i), count: part.length, upToMicros, known: null };
    },
    close: async () => {},
  };
}

async function datasetMachine(
  world: TestWorld,
  labels: Labels,
  session: DuckDbSession,
  form: 'join' | 'windows',
): Promise<Machine> {
  const values = await datasetValues(world, session, labels, form);
  return labelledMachine(`dataset by DuckDB (${form})`, world, session, labels, values);
}

/** `values`: by label, the view's outputs; those of the entity are the label's. */
function labelledMachine(
  name: string,
  world: TestWorld,
  session: DuckDbSession,
  labels: Labels,
  values: readonly Row[],
): Machine {
  const { view } = world;
  const entity = new Set(view.spec.entity.map(({ ordinal }) => ordinal));
  const rows = values.map((row, label) => {
    const keys = keysInPlace(view, labels.rows[label] as Row);
    return row.map((value, ordinal) => (entity.has(ordinal) ? (keys[ordinal] as Value) : value));
  });
  return { name, rows: async (t) => datasetRows(labels, await withoutAbsent(rows, t), t) };

  /** A training set has NULLs where the view has no row: which those are is asked elsewhere. */
  async function withoutAbsent(values: readonly Row[], t: number): Promise<readonly LabelRow[]> {
    const isThere = await presence(t);
    return values.map((row, label) => {
      const isEmpty = view.spec.features.every(({ ordinal }) => row[ordinal] === null);
      return isEmpty && labels.instants[label] === t && !isThere(row, label) ? null : row;
    });
  }

  async function presence(t: number): Promise<(row: Row, label: number) => boolean> {
    if (view.kind === 'request') {
      const states = await filledStates(world, t, (name) => givenLog(world, name));
      const rows = requestRows(world, viewProgram(world.program, view.spec.name), states, t);
      return (_, label) => rows[label % rows.length] !== null;
    }
    const keyOf = entityText(view);
    const there = new Set((await emittedRows(world, session, t)).map(keyOf));
    return (row) => there.has(keyOf(row));
  }
}

async function datasetValues(
  { view }: TestWorld,
  session: DuckDbSession,
  labels: Labels,
  form: 'join' | 'windows',
): Promise<readonly Row[]> {
  const { spec, rows } = labelTable(labels);
  await loadRecords(session, LABELS_TABLE, spec, [{ batch: batchOf(spec, rows), rows: null, count: rows.length }]);
  const sql = emitDatasetSql(
    {
      labels: { relation: quoteName(LABELS_TABLE), ordinal: quoteName(ORDINAL), columns: [], instant: INSTANT },
      features: view.outputs.map((_, ordinal) => ({ view, ordinal, name: `f${ordinal}` })),
      ties: 'include',
      form,
    },
    { dialect: 'duckdb', functions: FUNCTIONS },
  );
  return rowsOf(await session.readColumns(sql));
}

/** The labels as a table, with their instants and places. */
function labelTable({ spec, rows, instants }: Labels): { readonly spec: SourceSpec; readonly rows: readonly Row[] } {
  const instant = plainColumn(INSTANT, { kind: 'timestamp' });
  const ordinal = plainColumn(ORDINAL, { kind: 'integer' });
  return {
    spec: { ...spec, columns: [...spec.columns, instant, ordinal] },
    rows: rows.map((row, i) => [...row, instants[i] as number, i]),
  };
}
