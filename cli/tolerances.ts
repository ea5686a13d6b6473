/**
 * Tolerances of a view's values at one instant (compiler/passes/tolerance.ts says what may move), from the slots as DuckDB computes them. Asked
 * only where two answers are not equal to the last bit.
 */
import { FUNCTIONS } from '../compiler/backends/sql/functions.ts';
import { printInstant } from '../compiler/backends/sql/print-const.ts';
import { emitViewSql } from '../compiler/backends/sql/view-sql.ts';
import { emitStream } from '../compiler/backends/stream/emit-stream.ts';
import { movedValues, type PlaceMoves, placeMoves, type SlotMoves, slotMoves } from '../compiler/passes/tolerance.ts';
import type { RequestViewPlan, ViewPlan } from '../compiler/plan/plan.ts';
import type { DuckDbSession } from '../runtime/engines/duckdb/session.ts';
import { valueAt } from '../runtime/sources/record-columns.ts';
import { loadProgram } from '../runtime/state/load.ts';
import type { ProjectInput, ViewProgram } from '../runtime/state/program.ts';
import type { Value } from '../runtime/values/types.ts';

export interface RowTolerance {
  /** By ordinal of the SELECT; null: the value agrees exactly. Infinite: it stands at an edge at which it may also be NULL. */
  readonly values: readonly (number | null)[];
  /** HAVING or WHERE decides on an inexact value at its edge: the row may be there or not. */
  readonly mayVanish: boolean;
}

export interface Tolerances {
  /** `keys`: the entity's values; of a request view the request's. */
  of(keys: readonly Value[]): RowTolerance;
}

/** The session has relations named like the sources, with the records that count at the instant. */
export async function tolerancesAt(session: DuckDbSession, view: ViewPlan, nowMicros: number): Promise<Tolerances> {
  return view.kind === 'request'
    ? RequestTolerances.open(session, view, nowMicros)
    : LogTolerances.open(session, view, nowMicros);
}

type LogViewPlan = Exclude<ViewPlan, RequestViewPlan>;
type Row = readonly Value[] | null;

const NO_ERRORS = { count: () => {} };

/** Stage 3 of a view, with its operations moved besides. */
class Projection {
  readonly #program: ViewProgram;
  readonly #width: number;
  readonly #places: PlaceMoves['places'];
  readonly #inexact: ReadonlySet<number>;

  constructor(view: ViewPlan) {
    const moved = placeMoves(view);
    const plan = moved?.plan ?? view;
    const { files } = emitStream({ sources: [], views: [plan] });
    const program = loadProgram(new Map(files.map(({ path, text }) => [path, text])));
    this.#program = program.views.find(({ spec }) => spec.name === view.spec.name) as ViewProgram;
    this.#places = moved?.places ?? [];
    this.#width = plan.outputs.length;
    this.#inexact = new Set(
      view.spec.features.filter(({ agreement }) => agreement === 'double').map(({ ordinal }) => ordinal),
    );
  }

  get joinKeys(): ViewProgram['joinKeys'] {
    return this.#program.joinKeys;
  }

  row(input: Partial<ProjectInput>): Row {
    const out = new Array<Value>(this.#width).fill(null);
    const whole = { slots: [], keys: [], nowMicros: 0, request: [], features: [], errors: NO_ERRORS, ...input };
    return this.#program.project(whole, out) ? out : null;
  }

  /** `moved`: for each leaf that may move, the rows that its moves give. */
  tolerance(base: Row, moved: readonly (readonly Row[])[]): RowTolerance {
    const mayVanish = moved.some((rows) => rows.some((row) => (row === null) !== (base === null)));
    const values = Array.from({ length: this.#width }, (_, ordinal): number | null => {
      if (!this.#inexact.has(ordinal)) return null;
      if (base === null) return 0;
      const value = base[ordinal] as Value;
      const leaves = moved.map((rows) => rows.map((row) => (row === null ? null : (row[ordinal] as Value))));
      const places = this.#places.filter((place) => place.ordinal === ordinal);
      const operations = places.map((place) => place.moved.map((at) => base[at] as Value));
      return [...leaves, ...operations].reduce((sum, others) => sum + furthest(value, others), 0);
    });
    return { values, mayVanish };
  }
}

function furthest(value: Value, others: readonly Value[]): number {
  return others.reduce<number>((most, other) => Math.max(most, distance(value, other)), 0);
}

function distance(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : Number.POSITIVE_INFINITY;
  // Infinities and NaN are equal or not; what they are apart says nothing.
  return typeof a === 'number' && typeof b === 'number' && Number.isFinite(a - b) ? Math.abs(a - b) : 0;
}

class LogTolerances implements Tolerances {
  readonly #view: LogViewPlan;
  readonly #moves: SlotMoves['moves'];
  readonly #rows: ReadonlyMap<string, readonly Value[]>;
  readonly #nowMicros: number;
  readonly #projection: Projection;

  private constructor(
    view: LogViewPlan,
    moves: SlotMoves['moves'],
    rows: ReadonlyMap<string, readonly Value[]>,
    nowMicros: number,
  ) {
    this.#view = view;
    this.#moves = moves;
    this.#rows = rows;
    this.#nowMicros = nowMicros;
    this.#projection = new Projection(view);
  }

  static async open(session: DuckDbSession, view: LogViewPlan, nowMicros: number): Promise<LogTolerances> {
    const { plan, moves } = slotMoves(view);
    const sql = emitViewSql(plan, printInstant(nowMicros), 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
    const { types, batch } = await session.readColumns(sql);
    const rows = new Map<string, readonly Value[]>();
    for (let row = 0; row < batch.length; row++) {
      const values = batch.columns.map((column, i) => valueAt(column, types[i] as (typeof types)[number], row));
      rows.set(keyText(values.slice(0, view.entity.length)), values);
    }
    return new LogTolerances(view, moves, rows, nowMicros);
  }

  of(keys: readonly Value[]): RowTolerance {
    return this.rowOf(keys).tolerance;
  }

  rowOf(keys: readonly Value[]): { readonly row: Row; readonly tolerance: RowTolerance } {
    const found = this.#rows.get(keyText(keys));
    if (found === undefined) return { row: null, tolerance: this.#projection.tolerance(null, []) };
    const stored = found.slice(0, this.#view.entity.length);
    const slots = found.slice(this.#view.entity.length);
    const at = (slot: number): number | null => slots[slot] as number | null;
    const project = (values: readonly Value[]): Row =>
      this.#projection.row({ slots: values, keys: stored, nowMicros: this.#nowMicros });
    const row = project(slots);
    const moved = this.#moves.map((move) =>
      movedValues(move, at).map((value) => project(slots.map((old, i) => (i === move.slot ? value : old)))),
    );
    return { row, tolerance: this.#projection.tolerance(row, moved) };
  }
}

class RequestTolerances implements Tolerances {
  readonly #joined: readonly LogTolerances[];
  readonly #nowMicros: number;
  readonly #projection: Projection;

  private constructor(view: RequestViewPlan, joined: readonly LogTolerances[], nowMicros: number) {
    this.#joined = joined;
    this.#nowMicros = nowMicros;
    this.#projection = new Projection(view);
  }

  static async open(session: DuckDbSession, view: RequestViewPlan, nowMicros: number): Promise<RequestTolerances> {
    const opened = new Map<string, LogTolerances>();
    const joined: LogTolerances[] = [];
    for (const { view: inner } of view.joins) {
      if (inner.kind === 'request') throw new Error('a request view joins a request view');
      const known = opened.get(inner.spec.name) ?? (await LogTolerances.open(session, inner, nowMicros));
      opened.set(inner.spec.name, known);
      joined.push(known);
    }
    return new RequestTolerances(view, joined, nowMicros);
  }

  of(request: readonly Value[]): RowTolerance {
    const found = this.#joined.map((view, i) => {
      const keys: Value[] = [];
      this.#projection.joinKeys[i]?.(request, keys);
      return view.rowOf(keys);
    });
    const rows = found.map(({ row }) => row);
    const project = (features: readonly Row[]): Row =>
      this.#projection.row({ request, features, nowMicros: this.#nowMicros });
    const moved = found.flatMap(({ row, tolerance }, join) => {
      const withRow = (other: Row): Row => project(rows.map((old, i) => (i === join ? other : old)));
      const vanished = tolerance.mayVanish && row !== null ? [[withRow(null)]] : [];
      return [...vanished, ...movedRows(row, tolerance).map((others) => others.map(withRow))];
    });
    return this.#projection.tolerance(project(rows), moved);
  }
}

/** For each value that may move: the row with it up, and down. */
function movedRows(row: Row, tolerance: RowTolerance): readonly (readonly Row[])[] {
  if (row === null) return [];
  return tolerance.values.flatMap((by, ordinal) => {
    const value = row[ordinal];
    if (by === null || by === 0) return [];
    const others: readonly Value[] =
      by === Number.POSITIVE_INFINITY || typeof value !== 'number' ? [null] : [value + by, value - by];
    return [others.map((other) => row.map((old, i) => (i === ordinal ? other : old)))];
  });
}

/** Equal for equal keys of one view. */
export function keyText(keys: readonly Value[]): string {
  return JSON.stringify(keys.map((key) => (typeof key === 'bigint' ? `${key}n` : key)));
}
