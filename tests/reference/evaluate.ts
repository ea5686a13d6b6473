/** What a view's SELECT returns at t, computed from scratch: filter, group, fold. */
import type {
  AggregateExpr,
  AggregateFunction,
  AggregateView,
  Expr,
  Output,
  RequestView,
  Row,
  RowsView,
  SourceSpec,
  Type,
  Value,
  ViewSpec,
  WindowExpr,
} from '../generators/view-spec.ts';
import { versioned } from '../generators/view-spec.ts';
import type { Notes, Result, Scope } from './expressions.ts';
import { Approx, compare, evaluateExpr, fitExact, lift, newNotes } from './expressions.ts';
import { doubleToUnits, pow10, ratioToDouble, UNITS } from './values.ts';

/** One value of a row, with what is needed to compare it fairly. */
export interface NaiveCell {
  readonly value: Value;
  /** Absolute; 0 is exact. */
  readonly tolerance: number;
  /** Rests on a comparison that the tolerances leave open. */
  readonly uncertain: boolean;
  /** An expression error made it NULL, or part of it. */
  readonly errors: number;
}

export interface NaiveRow {
  /** Text that identifies the entity (or the request's position). */
  readonly key: string;
  readonly cells: Readonly<Record<string, NaiveCell>>;
}

export interface World {
  readonly source: SourceSpec;
  /** Accepted records, any order. */
  readonly accepted: readonly Row[];
  readonly views: readonly ViewSpec[];
  readonly requests: readonly Row[];
}

type Read = (row: Row) => Scope['column'];

const reader: Read = (row) => (name) => lift(row[name] ?? null);

const noAggregate = (): Result => {
  throw new Error('no aggregate here');
};

const rowScope = (row: Row, t: bigint, notes: Notes): Scope => ({
  t,
  notes,
  column: reader(row),
  aggregate: noAggregate,
});

const passes = (conjuncts: readonly Expr[], row: Row, t: bigint, notes: Notes): boolean =>
  conjuncts.every((c) => evaluateExpr(c, rowScope(row, t, notes)) === true);

/** (event time, key): no two accepted records of a source with a key are equal. */
const eventOrder =
  (source: SourceSpec) =>
  (a: Row, b: Row): number => {
    for (const name of [source.eventTime, ...source.key]) {
      const type = source.columns.find((c) => c.name === name)!.type;
      const c = compare(lift(a[name]!), type, lift(b[name]!), type, newNotes());
      if (c !== 0) return c;
    }
    return 0;
  };

const scaleOf = (type: Type): number => (type.kind === 'decimal' ? type.scale : 0);

/** Σx and Σx² as ratios over one denominator. */
const moments = (values: readonly Result[], type: Type): { n: bigint; sum: bigint; squares: bigint; unit: bigint } => {
  const double = type.kind === 'double' || type.kind === 'real';
  const unit = double ? UNITS : pow10(scaleOf(type));
  let sum = 0n;
  let squares = 0n;
  for (const v of values) {
    const x = double ? doubleToUnits((v as Approx).value) : (v as bigint);
    sum += x;
    squares += x * x;
  }
  return { n: BigInt(values.length), sum, squares, unit };
};

const absolute = (values: readonly Result[]): number =>
  values.reduce<number>((total, v) => total + Math.abs((v as Approx).value), 0);

/** NaN and the infinities are their own sum, and two infinities of different signs have none. Null: there are none. */
const specialSum = (values: readonly Result[]): number | null => {
  const specials = values.flatMap((v) => (v instanceof Approx && !Number.isFinite(v.value) ? [v.value] : []));
  return specials.length === 0 ? null : specials.reduce((a, b) => a + b);
};

const finite = (value: number, tolerance: number, notes: Notes): Result => {
  if (Number.isFinite(value)) return new Approx(value === 0 ? 0 : value, tolerance);
  notes.errors++;
  return null;
};

const variance = (fn: AggregateFunction, values: readonly Result[], type: Type, notes: Notes): Result => {
  const population = fn.endsWith('_pop');
  const divisor = BigInt(population ? values.length : values.length - 1);
  if (divisor <= 0n) return null;
  if (specialSum(values) !== null) {
    // No spread has a value that is beyond the range of a double.
    notes.errors++;
    return null;
  }
  const { n, sum, squares, unit } = moments(values, type);
  const exact = ratioToDouble(n * squares - sum * sum, n * divisor * unit * unit);
  const allowed = 1e-9 * ratioToDouble(squares, n * unit * unit);
  if (!fn.startsWith('stddev')) return finite(exact, allowed, notes);
  // Compared squared: |a² − b²| ≤ allowed bounds |a − b| by both of these.
  const root = Math.sqrt(exact);
  return finite(root, root > 0 ? Math.min(Math.sqrt(allowed), allowed / root) : Math.sqrt(allowed), notes);
};

/** Folds the values of an aggregate; `rows` is how many rows there are, NULL or not. */
export const fold = (
  fn: AggregateFunction,
  all: readonly Result[],
  distinct: boolean,
  argument: Type | undefined,
  type: Type,
  notes: Notes,
): Result => {
  if (argument === undefined) return BigInt(all.length);
  const values = all.filter((v) => v !== null);
  switch (fn) {
    case 'count': {
      if (!distinct) return BigInt(values.length);
      const seen: Result[] = [];
      for (const v of values) if (!seen.some((w) => compare(v, argument, w, argument, notes) === 0)) seen.push(v);
      return BigInt(seen.length);
    }
    case 'latest':
    case 'earliest':
      // The caller gives rows in event order; NULL counts.
      return (fn === 'latest' ? all[all.length - 1] : all[0]) ?? null;
    default:
  }
  if (values.length === 0) return null;
  const double = argument.kind === 'double' || argument.kind === 'real';
  const special = specialSum(values);
  if (special !== null && (fn === 'sum' || fn === 'avg')) return new Approx(special);
  switch (fn) {
    case 'sum': {
      const { sum, unit } = moments(values, argument);
      return double ? finite(ratioToDouble(sum, unit), 1e-9 * absolute(values), notes) : fitExact(sum, type, notes);
    }
    case 'avg': {
      const { n, sum, unit } = moments(values, argument);
      const mean = ratioToDouble(sum, unit * n);
      return finite(mean, double ? (1e-9 * absolute(values)) / values.length : 2 * 2 ** -52 * Math.abs(mean), notes);
    }
    case 'min':
    case 'max': {
      let best = values[0]!;
      for (const v of values) {
        const c = compare(v, argument, best, argument, notes);
        if (fn === 'min' ? c < 0 : c > 0) best = v;
      }
      return best;
    }
    case 'bool_and':
      return values.every((v) => v === true);
    case 'bool_or':
      return values.some((v) => v === true);
    default:
      return variance(fn, values, argument, notes);
  }
};

const lower = (result: Result): Value => {
  if (result instanceof Approx) return result.value === 0 ? 0 : result.value;
  if (result !== null && typeof result === 'object') throw new Error('an interval is no output');
  return result;
};

const cell = (output: Output, scope: (notes: Notes) => Scope): NaiveCell => {
  const notes = newNotes();
  const result = evaluateExpr(output.expr, scope(notes));
  return {
    value: lower(result),
    tolerance: result instanceof Approx ? result.error : 0,
    uncertain: notes.uncertain,
    errors: notes.errors,
  };
};

const cells = (outputs: readonly Output[], scope: (notes: Notes) => Scope): Record<string, NaiveCell> =>
  Object.fromEntries(outputs.map((o) => [o.name, cell(o, scope)]));

const keyText = (values: readonly Value[]): string =>
  JSON.stringify(values.map((v) => (typeof v === 'bigint' ? String(v) : v)));

const groups = <T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> => {
  const map = new Map<string, T[]>();
  for (const item of items) {
    const k = key(item);
    const list = map.get(k);
    if (list === undefined) map.set(k, [item]);
    else list.push(item);
  }
  return map;
};

/** Records in event order, by the records and their source: the same ones are asked at many instants. */
const inOrder = new WeakMap<readonly Row[], { readonly source: SourceSpec; readonly rows: readonly Row[] }>();

const ordered = ({ accepted, source }: World): readonly Row[] => {
  const known = inOrder.get(accepted);
  if (known?.source === source) return known.rows;
  const rows = [...accepted].sort(eventOrder(source));
  inOrder.set(accepted, { source, rows });
  return rows;
};

const visible = (world: World, t: bigint): Row[] =>
  ordered(world).filter((r) => (r[world.source.eventTime] as bigint) <= t);

const evaluateA = (view: AggregateView, world: World, t: bigint, filters: Notes): NaiveRow[] => {
  const kept = visible(world, t).filter((r) => passes(view.where, r, t, filters));
  const keyOf = (row: Row): string =>
    keyText(view.keys.map((k) => lower(evaluateExpr(k.expr, rowScope(row, t, newNotes())))));
  const rows: NaiveRow[] = [];
  for (const [key, members] of groups(kept, keyOf)) {
    const scope = (notes: Notes): Scope => ({
      t,
      notes,
      column: reader(members[0]!),
      aggregate: (e) => {
        const expr = e as AggregateExpr;
        const taken = members.filter((r) => passes(expr.filter, r, t, notes));
        const values = taken.map((r) =>
          expr.arg === undefined ? null : evaluateExpr(expr.arg, rowScope(r, t, notes)),
        );
        return fold(expr.fn, values, expr.distinct === true, expr.arg?.type, expr.type, notes);
      },
    });
    if (view.having !== undefined) {
      if (evaluateExpr(view.having, scope(filters)) !== true) continue;
    }
    rows.push({ key, cells: cells([...view.keys, ...view.outputs], scope) });
  }
  return rows;
};

/** The rows of a window's frame for row `at` of its partition. */
const frameOf = (expr: WindowExpr, partition: readonly Row[], at: number, source: SourceSpec): readonly Row[] => {
  const { frame, order } = expr.over;
  const time = (r: Row): bigint => r[source.eventTime] as bigint;
  const now = time(partition[at]!);
  const { mode, start, end } = frame ?? { mode: 'range', start: { kind: 'unbounded' }, end: { kind: 'current' } };
  return partition.filter((r, i) => {
    if (mode === 'rows') {
      const from = start.kind === 'unbounded' ? 0 : start.kind === 'rows' ? at - start.rows : at;
      const to = end.kind === 'rows' ? at - end.rows : at;
      return i >= from && i <= to;
    }
    const afterStart = start.kind !== 'range' || time(r) >= now - start.interval.micros;
    // Peers of the current row are in; with the key in the order there are none.
    const beforeEnd =
      end.kind === 'range' ? time(r) <= now - end.interval.micros : order === 'time' ? time(r) <= now : i <= at;
    const fromCurrent = start.kind !== 'current' || (order === 'time' ? time(r) >= now : i >= at);
    return afterStart && beforeEnd && fromCurrent;
  });
};

const windowValue = (
  expr: WindowExpr,
  partition: readonly Row[],
  at: number,
  source: SourceSpec,
  t: bigint,
  notes: Notes,
): Result => {
  const valueAt = (row: Row, e: Expr): Result => evaluateExpr(e, rowScope(row, t, notes));
  const arg = expr.args[0];
  switch (expr.fn) {
    case 'row_number':
      return BigInt(at + 1);
    case 'lag': {
      const offset = expr.args[1]?.node === 'literal' ? Number(expr.args[1].value as bigint) : 1;
      if (at - offset >= 0) return valueAt(partition[at - offset]!, arg!);
      return expr.args[2] === undefined ? null : valueAt(partition[at]!, expr.args[2]);
    }
    case 'first_value':
    case 'last_value': {
      const frame = frameOf(expr, partition, at, source);
      const row = expr.fn === 'first_value' ? frame[0] : frame[frame.length - 1];
      return row === undefined ? null : valueAt(row, arg!);
    }
    default: {
      const frame = frameOf(expr, partition, at, source).filter((r) => passes(expr.filter, r, t, notes));
      const values = frame.map((r) => (arg === undefined ? null : valueAt(r, arg)));
      return fold(expr.fn, values, false, arg?.type, expr.type, notes);
    }
  }
};

const evaluateB = (view: RowsView, world: World, t: bigint, every: boolean, filters: Notes): NaiveRow[] => {
  const kept = visible(world, t).filter((r) => passes(view.where, r, t, filters));
  const entity = (r: Row): string => keyText(view.entity.map((e) => r[e] ?? null));
  const rows: NaiveRow[] = [];
  for (const [key, members] of groups(kept, entity)) {
    members.forEach((row, at) => {
      if (!every && at < members.length - 1) return;
      const scope = (notes: Notes): Scope => ({
        t,
        notes,
        column: reader(row),
        aggregate: (e) => windowValue(e as WindowExpr, members, at, world.source, t, notes),
      });
      rows.push({ key, cells: cells(view.outputs, scope) });
    });
  }
  return rows;
};

const evaluateD = (view: RequestView, world: World, t: bigint, filters: Notes): NaiveRow[] => {
  const joined = view.joins.map((join) => {
    const target = world.views.find((v) => versioned(v) === join.view)!;
    return { join, rows: evaluate(target, world, t, filters) };
  });
  const rows: NaiveRow[] = [];
  world.requests.forEach((request, position) => {
    const found = joined.map(({ join, rows: candidates }) => ({
      join,
      row: candidates.find((c) =>
        join.on.every((p) => request[p.request] !== null && c.cells[p.key]!.value === request[p.request]),
      ),
    }));
    if (found.some((f) => f.join.kind === 'inner' && f.row === undefined)) return;
    const scope = (notes: Notes): Scope => ({
      t,
      notes,
      aggregate: noAggregate,
      column: (name, table) => {
        if (table === view.alias || table === undefined) return lift(request[name] ?? null);
        const hit = found.find((f) => f.join.alias === table);
        if (hit?.row === undefined) return null;
        const from = hit.row.cells[name]!;
        notes.errors += from.errors;
        if (from.uncertain) notes.uncertain = true;
        return typeof from.value === 'number' ? new Approx(from.value, from.tolerance) : from.value;
      },
    });
    rows.push({ key: String(position), cells: cells(view.outputs, scope) });
  });
  return rows;
};

/**
 * Each entity's row (shape B: its last one; shape D: each request's) at t over the accepted records. `filters` counts the
 * expression errors of WHERE and HAVING, where raw SQL may keep other rows.
 */
export const evaluate = (view: ViewSpec, world: World, t: bigint, filters: Notes = newNotes()): NaiveRow[] => {
  if (view.shape === 'D') return evaluateD(view, world, t, filters);
  const { rows, notes } = answered(view, world, t);
  filters.errors += notes.errors;
  if (notes.uncertain) filters.uncertain = true;
  return [...rows];
};

interface Answered {
  readonly source: SourceSpec;
  readonly rows: readonly NaiveRow[];
  readonly notes: Readonly<Notes>;
}

/** By records, view and instant: request views ask what was asked of the views that they join. */
const answers = new WeakMap<readonly Row[], Map<ViewSpec, Map<bigint, Answered>>>();

const answered = (view: AggregateView | RowsView, world: World, t: bigint): Answered => {
  const { accepted, source } = world;
  const ofRecords = answers.get(accepted) ?? new Map<ViewSpec, Map<bigint, Answered>>();
  answers.set(accepted, ofRecords);
  const ofView = ofRecords.get(view) ?? new Map<bigint, Answered>();
  ofRecords.set(view, ofView);
  const known = ofView.get(t);
  if (known !== undefined && known.source === source) return known;
  const notes = newNotes();
  const rows = view.shape === 'A' ? evaluateA(view, world, t, notes) : evaluateB(view, world, t, false, notes);
  const fresh = { source, rows, notes };
  ofView.set(t, fresh);
  return fresh;
};

/** Shape B: every row of the SELECT, in (entity, event) order; else as `evaluate`. */
export const evaluateEveryRow = (view: ViewSpec, world: World, t: bigint, filters: Notes = newNotes()): NaiveRow[] =>
  view.shape === 'B' ? evaluateB(view, world, t, true, filters) : evaluate(view, world, t, filters);
