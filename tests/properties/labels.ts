/** Labels of a training set for one view, and what the naive evaluator says at each. */
import type { Random } from '../generators/random.ts';
import type { ColumnSpec, Expr, Row, SourceSpec, Value, ViewSpec } from '../generators/view-spec.ts';
import { versioned } from '../generators/view-spec.ts';
import type { NaiveRow } from '../reference/evaluate.ts';
import { evaluateExpr, lift, newNotes } from '../reference/expressions.ts';
import type { Expectations, Ties } from './expectations.ts';
import type { Compiled, CompiledView } from './project.ts';

export interface Label {
  readonly t: bigint;
  /** Entity columns, or the request's. */
  readonly columns: Row;
  /** The source's primary key of the event that the label is, or might be. */
  readonly own: Row;
}

const LABELS = 8;

/** Labels at the case's instants (many on an event), of entities seen, never seen and NULL, some of them twice. */
export function makeLabels(project: Compiled, view: CompiledView, expected: Expectations, random: Random): Label[] {
  const { test } = project;
  const rows = expected.accepted(test.log.length);
  const pool =
    view.spec.shape === 'D' ? test.requests : rows.map((row) => entityOf(view.spec, row)).filter((row) => row !== null);
  const labels: Label[] = [];
  for (let i = 0; i < LABELS; i++) {
    const event = rows.length > 0 && random.chance(0.4) ? random.pick(rows) : null;
    const t = event === null ? random.pick(test.instants) : (event[test.source.eventTime] as bigint);
    const own = event === null || view.spec.shape === 'D' ? null : entityOf(view.spec, event);
    const columns = own ?? (pool.length > 0 ? random.pick(pool) : strangers(project, view, random));
    const named = event ?? (rows.length > 0 ? random.pick(rows) : null);
    labels.push({
      t,
      columns: random.chance(0.08) ? withNull(columns, nullable(project, view), random) : columns,
      own: Object.fromEntries(test.source.key.map((name) => [name, named === null ? null : named[name]!])),
    });
  }
  if (random.chance(0.5)) labels.push(labels[0]!);
  return labels;
}

function withNull(row: Row, names: readonly string[], random: Random): Row {
  return names.length === 0 ? row : { ...row, [random.pick(names)]: null };
}

/** Columns that a label may leave out: any key, and what the request's declaration lets be NULL. */
function nullable(project: Compiled, view: CompiledView): readonly string[] {
  const { source, request } = project.test;
  if (view.spec.shape !== 'D') return keyColumns(view.spec, source).map(({ name }) => name);
  return request!.columns.filter((column) => !column.notNull).map(({ name }) => name);
}

/** Keys that nothing was ever seen of. */
function strangers(project: Compiled, view: CompiledView, random: Random): Row {
  const columns = view.spec.shape === 'D' ? project.test.request!.columns : keyColumns(view.spec, project.test.source);
  return Object.fromEntries(columns.map((column) => [column.name, strangeValue(column, random)]));
}

function strangeValue({ type }: Pick<ColumnSpec, 'type'>, random: Random): Value {
  switch (type.kind) {
    case 'text':
      return 'zz';
    case 'boolean':
      return random.chance(0.5);
    case 'real':
    case 'double':
      return 0.5;
    default:
      return 1n;
  }
}

function keyColumns(view: ViewSpec, source: SourceSpec): Pick<ColumnSpec, 'name' | 'type'>[] {
  if (view.shape === 'A') return view.keys.map((key) => ({ name: key.name, type: key.expr.type }));
  if (view.shape === 'B') return source.columns.filter((column) => view.entity.includes(column.name));
  return [];
}

/** The entity of an event, whatever WHERE says of it; null where a key is NULL. */
function entityOf(view: ViewSpec, row: Row): Row | null {
  const keys: readonly (readonly [string, Value])[] =
    view.shape === 'A'
      ? view.keys.map((key) => [key.name, evaluated(key.expr, row)])
      : view.shape === 'B'
        ? view.entity.map((name) => [name, row[name] ?? null])
        : [];
  return keys.some(([, value]) => value === null) ? null : Object.fromEntries(keys);
}

function evaluated(expr: Expr, row: Row): Value {
  const result = evaluateExpr(expr, {
    t: 0n,
    notes: newNotes(),
    column: (name) => lift(row[name] ?? null),
    aggregate: () => null,
  });
  if (result !== null && typeof result === 'object') throw new Error('a key is exact');
  return result;
}

export interface ExpectedLabel {
  /** Null: the SELECT has no row for it. */
  readonly row: NaiveRow | null;
  readonly isOpen: boolean;
}

export function expectedAt(
  project: Compiled,
  view: CompiledView,
  label: Label,
  expected: Expectations,
  ties: Ties,
): ExpectedLabel {
  const { test } = project;
  const { spec } = view;
  const records = expected.accepted(test.log.length).filter((row) => counts(row, label, test.source, ties));
  if (spec.shape === 'D') {
    const answer = expected.over(spec, label.t, records, [label.columns]);
    return { row: answer.rows[0] ?? null, isOpen: answer.isOpen };
  }
  const answer = expected.over(spec, label.t, records, []);
  const names = keyColumns(spec, test.source).map((column) => column.name);
  // The evaluator's rows hold their keys as output cells.
  const row = answer.rows.find((one) => names.every((name) => one.cells[name]!.value === label.columns[name]));
  return { row: row ?? null, isOpen: answer.isOpen };
}

/** Whether the event is in the relation of the label; those after its instant the evaluator leaves out. */
function counts(row: Row, { t, columns, own }: Label, source: SourceSpec, ties: Ties): boolean {
  // A label's table has one column of a name: an entity column may be the key's as well.
  const key = { ...own, ...columns };
  if (ties === 'include' || row[source.eventTime] !== t)
    return ties !== 'exclude' || (row[source.eventTime] as bigint) < t;
  return ties === 'exclude own' && !source.key.every((name) => row[name] === key[name]);
}

/** How many labels stand at the event time of an event of their entity (rules.md 35). */
export function countTies(
  project: Compiled,
  view: CompiledView,
  labels: readonly Label[],
  expected: Expectations,
): number {
  const { test } = project;
  const events = expected.accepted(test.log.length);
  const isTied = (target: ViewSpec, t: bigint, keys: Row): boolean =>
    events.some((event) => {
      if (event[test.source.eventTime] !== t) return false;
      const entity = entityOf(target, event);
      return entity !== null && Object.entries(entity).every(([name, value]) => keys[name] === value);
    });
  return labels.filter(({ t, columns }) => {
    const { spec } = view;
    if (spec.shape !== 'D') return isTied(spec, t, columns);
    return spec.joins.some((join) => {
      const target = test.views.find((one) => versioned(one) === join.view)!;
      return isTied(target, t, Object.fromEntries(join.on.map((pair) => [pair.key, columns[pair.request] ?? null])));
    });
  }).length;
}
