/** Random labels of a training set for one view, and what the naive evaluator says at each. */
import type { Random } from '../generators/random.ts';
import type { Case, ColumnSpec, Expr, Row, SourceSpec, Value, ViewSpec } from '../generators/view-spec.ts';
import { versioned } from '../generators/view-spec.ts';
import type { ColumnInfo } from '../reference/compare.ts';
import { columnsOf } from '../reference/compare.ts';
import { evaluateExpr, lift, newNotes } from '../reference/expressions.ts';
import type { ExpectedLabel, Labels } from './check-dataset.ts';
import { keyColumns, type Label, labelColumns, type Ties } from './machines/replay.ts';
import type { Naive } from './naive.ts';
import type { Expected } from './oracle.ts';
import type { CompiledView, Project } from './project.ts';
import { toProduct } from './values.ts';

interface NaiveLabel {
  readonly t: bigint;
  /** Entity columns, or the request's. */
  readonly columns: Row;
  /** The source's primary key of the event that the label is, or might be; the entity's where a column is both. */
  readonly own: Row;
}

const LABELS = 6;
/** Years 1700 and 2239: what a view adds to its instant stays in range. */
const FARTHEST = [-8_500_000_000_000_001n, 8_500_000_000_000_001n] as const;

export class NaiveLabels implements Labels {
  readonly project: Project;
  readonly view: CompiledView;
  readonly labels: readonly Label[];
  readonly columns: readonly ColumnInfo[];
  readonly #naive: Naive;
  readonly #labels: readonly NaiveLabel[];
  readonly #known = new Map<string, Expected>();

  constructor(project: Project, view: CompiledView, naive: Naive, random: Random) {
    this.project = project;
    this.view = view;
    this.#naive = naive;
    this.#labels = makeLabels(naive, naive.specOf(view), random);
    this.columns = columnsOf(naive.specOf(view));
    const columns = [...labelColumns(project, view), ...keyColumns(project)];
    this.labels = this.#labels.map((label) => ({
      t: Number(label.t),
      columns: Object.fromEntries(
        columns.map(({ name, type }) => [name, toProduct({ ...label.own, ...label.columns }[name] ?? null, type)]),
      ),
    }));
  }

  expected(index: number, ties: Ties): ExpectedLabel {
    const label = this.#labels[index]!;
    const spec = this.#naive.specOf(this.view);
    const { rows, isOpen } = this.#answer(label, ties);
    if (spec.shape === 'D') {
      const place = String(this.#requests(label).indexOf(label.columns));
      return { row: rows.find((row) => row.key === place) ?? null, isOpen };
    }
    const names = entityColumns(spec, this.#naive.test.source).map(({ name }) => name);
    // The evaluator's rows hold their keys as output cells.
    const row = rows.find((one) => names.every((name) => one.cells[name]!.value === label.columns[name]));
    return { row: row ?? null, isOpen };
  }

  /** Labels of one instant and one relation are answered together. */
  #answer(label: NaiveLabel, ties: Ties): Expected {
    const { test } = this.#naive;
    // What the view is at that instant anyway.
    if (ties === 'include' && this.view.spec.shape !== 'request')
      return this.#naive.at(this.view, label.t, test.log.length);
    const records = this.#naive.rows(test.log.length).filter((row) => counts(row, label, test.source, ties));
    const key = `${label.t} ${ties} ${ties === 'exclude own' ? JSON.stringify(Object.values(label.own).map(printed)) : ''}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#naive.over(this.view, label.t, records, this.#requests(label));
      this.#known.set(key, known);
    }
    return known;
  }

  #requests(label: NaiveLabel): readonly Row[] {
    return this.#labels.filter(({ t }) => t === label.t).map(({ columns }) => columns);
  }

  /** Labels at the event time of an event of their entity. */
  countTied(): number {
    const { test } = this.#naive;
    const events = this.#naive.rows(test.log.length);
    const isTied = (target: ViewSpec, t: bigint, keys: Row): boolean =>
      events.some((event) => {
        if (event[test.source.eventTime] !== t) return false;
        const entity = entityOf(target, event);
        return entity !== null && Object.entries(entity).every(([name, value]) => keys[name] === value);
      });
    const spec = this.#naive.specOf(this.view);
    return this.#labels.filter(({ t, columns }) => {
      if (spec.shape !== 'D') return isTied(spec, t, columns);
      return spec.joins.some((join) => {
        const target = test.views.find((one) => versioned(one) === join.view)!;
        return isTied(target, t, Object.fromEntries(join.on.map((pair) => [pair.key, columns[pair.request] ?? null])));
      });
    }).length;
  }
}

/** Labels at the case's instants (many on an event), of entities seen, never seen and NULL, some of them twice. */
function makeLabels(naive: Naive, spec: ViewSpec, random: Random): NaiveLabel[] {
  const { test } = naive;
  const rows = naive.rows(test.log.length);
  const entities = rows.map((row) => entityOf(spec, row)).filter((row) => row !== null);
  const pool = spec.shape === 'D' ? test.requests : entities;
  const labels: NaiveLabel[] = [];
  for (let i = 0; i < LABELS; i++) {
    const event = rows.length > 0 && random.chance(0.4) ? random.pick(rows) : null;
    const t = event === null ? instantOf(test, random) : (event[test.source.eventTime] as bigint);
    const own = event === null || spec.shape === 'D' ? null : entityOf(spec, event);
    const columns = own ?? (pool.length > 0 ? random.pick(pool) : strangers(naive, spec, random));
    const named = event ?? (rows.length > 0 ? random.pick(rows) : null);
    labels.push(labelOf(t, random.chance(0.08) ? withNull(columns, naive, spec, random) : columns, named, test.source));
  }
  if (random.chance(0.5)) labels.push(labels[0]!);
  return labels;
}

/** Of the case, or so far that no double holds how far it is from others. */
function instantOf(test: Case, random: Random): bigint {
  return random.chance(0.06) ? random.pick(FARTHEST) : random.pick(test.instants);
}

function labelOf(t: bigint, columns: Row, event: Row | null, source: SourceSpec): NaiveLabel {
  const own = source.key.map((name) => [name, name in columns ? columns[name]! : event === null ? null : event[name]!]);
  return { t, columns, own: Object.fromEntries(own) };
}

/** Any key may be NULL, and of a request what its declaration lets. */
function withNull(row: Row, naive: Naive, spec: ViewSpec, random: Random): Row {
  const { source, request } = naive.test;
  const columns = spec.shape === 'D' ? request!.columns.filter(({ notNull }) => !notNull) : entityColumns(spec, source);
  return columns.length === 0 ? row : { ...row, [random.pick(columns).name]: null };
}

/** Keys that nothing was ever seen of. */
function strangers(naive: Naive, spec: ViewSpec, random: Random): Row {
  const { source, request } = naive.test;
  const columns = spec.shape === 'D' ? request!.columns : entityColumns(spec, source);
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

function entityColumns(view: ViewSpec, source: SourceSpec): Pick<ColumnSpec, 'name' | 'type'>[] {
  if (view.shape === 'A') return view.keys.map((key) => ({ name: key.name, type: key.expr.type }));
  if (view.shape === 'B') return source.columns.filter((column) => view.entity.includes(column.name));
  return [];
}

/** The entity of an event, whatever WHERE says of it; null where a key is NULL. */
function entityOf(view: ViewSpec, row: Row): Row | null {
  if (view.shape === 'D') return null;
  const keys: readonly (readonly [string, Value])[] =
    view.shape === 'A'
      ? view.keys.map((key) => [key.name, evaluated(key.expr, row)])
      : view.entity.map((name) => [name, row[name] ?? null]);
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

/** The text 'null' is not NULL. */
function printed(value: Value): string | null {
  return value === null ? null : String(value);
}

/** Whether the event is in the relation of the label; those after its instant the evaluator leaves out. */
function counts(row: Row, { t, own }: NaiveLabel, source: SourceSpec, ties: Ties): boolean {
  if (row[source.eventTime] !== t || ties === 'include') return true;
  return ties === 'exclude own' && !source.key.every((name) => row[name] === own[name]);
}
