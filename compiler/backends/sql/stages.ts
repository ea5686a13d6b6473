import type { Dialect } from '../../../runtime/functions/definition.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type {
  AggregateCall,
  AggregateViewPlan,
  InstantWindow,
  Output,
  PlanExpr,
  RowFrame,
  RowsViewPlan,
  Slot,
} from '../../plan/plan.ts';
import { duckdbZoned, physicalColumn, windowConditions } from './bounds.ts';
import { Lets } from './lets.ts';
import { declaredType, physicalType, printDuration } from './print-const.ts';
import { type FunctionTable, formType, type PrintEnv, printExpr } from './print-expr.ts';
import { quoteName, UnsupportedSql } from './text.ts';

/** A view of the shapes that read a log. */
export type LogViewPlan = AggregateViewPlan | RowsViewPlan;

export interface SqlContext {
  readonly dialect: Dialect;
  readonly functions: FunctionTable;
  /** A request view is wanted for single requests: joined views are looked up key by key. Postgres only. */
  readonly isLookup?: boolean;
}

/** Names inside generated SQL, all ours: k0… entity, e event time, o0… key of the event, x0… arguments, f0… filters, s0… slots. */
export interface EventColumns {
  readonly keys: readonly string[];
  readonly eventTime: string;
  readonly order: readonly string[];
  /** By slot: its argument and its filter; null where it has none. */
  readonly args: readonly (string | null)[];
  readonly filters: readonly (string | null)[];
  /** By slot: `lag`'s third argument. */
  readonly otherwise: readonly (string | null)[];
  /** The same over the source's own columns: the entity, and (event time, key). */
  readonly raw: { readonly keys: readonly string[]; readonly order: readonly string[] };
}

export interface EventSelect {
  /** `SELECT … FROM source [WHERE …]`: one row an event that passes the stage-1 part of WHERE, whatever its time. */
  readonly items: readonly string[];
  readonly from: string;
  readonly where: readonly string[];
  readonly columns: EventColumns;
  /** Event time over the source's own columns, for conditions inside this very SELECT. */
  readonly rawEventTime: string;
}

/** Stage 1: expressions of single events, each computed once and named. */
export function eventSelect(view: LogViewPlan, context: SqlContext): EventSelect {
  const lets = new Lets('src');
  const env = eventEnv(view.source, context, lets);
  const named = new NamedItems();
  const print = (expr: PlanExpr): string => printExpr(expr, context.dialect, env);
  const rawKeys = view.entity.map(print);
  const keys = rawKeys.map((key, i) => named.add(`k${i}`, key));
  const rawEventTime = sourceColumn(view.source, view.source.eventTimeColumn, context.dialect);
  named.add('e', rawEventTime);
  const rawOrder = view.source.keyColumns.map((column) => sourceColumn(view.source, column, context.dialect));
  const order = rawOrder.map((column, i) => named.add(`o${i}`, column));
  const argument = (expr: PlanExpr | null, prefix: string): string | null =>
    expr === null ? null : named.share(prefix, print(expr));
  const args = view.slots.map((slot) => argument(slotArgument(slot), 'x'));
  const otherwise = view.slots.map((slot) => argument(slot.kind === 'lag' ? slot.otherwise : null, 'x'));
  const filters = view.slots.map((slot) => argument('filter' in slot ? slot.filter : null, 'f'));
  const where = view.where === null ? [] : [print(view.where)];
  return {
    items: named.items,
    from: lets.over(`${quoteName(view.source.name)} AS src`, context.dialect),
    where,
    columns: {
      keys,
      eventTime: 'e',
      order,
      args,
      filters,
      otherwise,
      raw: { keys: rawKeys, order: [rawEventTime, ...rawOrder] },
    },
    rawEventTime,
  };
}

/** SELECT items with names of ours; equal expressions are shared. */
class NamedItems {
  readonly items: string[] = [];
  readonly #known = new Map<string, string>();
  #count = 0;

  add(name: string, text: string): string {
    this.items.push(`${text} AS ${name}`);
    return name;
  }

  share(prefix: string, text: string): string {
    const key = `${prefix}:${text}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = `${prefix}${this.#count}`;
    this.#count += 1;
    this.#known.set(key, name);
    return this.add(name, text);
  }
}

function slotArgument(slot: Slot): PlanExpr | null {
  switch (slot.kind) {
    case 'aggregate':
    case 'frame':
      return slot.call.arg;
    case 'rowNumber':
      return null;
    default:
      return slot.expr;
  }
}

function eventEnv(source: SourceSpec, context: SqlContext, lets: Lets): PrintEnv {
  return {
    functions: context.functions,
    lets,
    leaf: (expr) => {
      if (expr.kind === 'column') return sourceColumn(source, expr.column, context.dialect);
      throw new Error(`a stage-1 expression holds a ${expr.kind}`);
    },
  };
}

/**
 * A source's column, in the physical type that expressions compute with. In Postgres the table is the user's, and its column may be of another type
 * that fits the declared one, or of another collation than text by code point; of the very type, the cast is none.
 */
export function sourceColumn(source: SourceSpec, index: number, dialect: Dialect, alias = 'src'): string {
  const { name, type } = source.columns[index]!;
  const column = `${alias}.${quoteName(name)}`;
  if (dialect === 'duckdb') return physicalColumn(column, type, dialect);
  const cast = `CAST(${column} AS ${physicalType(type, dialect)})`;
  return type.kind === 'text' ? `(${cast} COLLATE "C")` : cast;
}

/** Stage 2 of shape A: one item a slot, over columns of `eventSelect`. `extra` conditions hold besides (labels among the rows). */
export function aggregateItems(
  view: AggregateViewPlan,
  columns: EventColumns,
  t: string,
  context: SqlContext,
): readonly string[] {
  return view.slots.map((slot, i) => {
    if (slot.kind !== 'aggregate') throw new Error(`shape A has a ${slot.kind} slot`);
    const conditions = [
      ...(columns.filters[i] === null ? [] : [columns.filters[i]!]),
      ...windowConditions(slot.window, columns.eventTime, t, context.dialect),
    ];
    const text = aggregateText(slot.call, columns, i, filterText(conditions), '', context);
    return `${text} AS s${i}`;
  });
}

export function filterText(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `FILTER (WHERE ${conditions.join(' AND ')})`;
}

export function aggregateText(
  call: AggregateCall,
  columns: EventColumns,
  slot: number,
  filter: string,
  over: string,
  context: SqlContext,
): string {
  const { dialect } = context;
  const form = context.functions.aggregate(call.fn);
  const text = form.sql[dialect](
    {
      arg: columns.args[slot] ?? null,
      distinct: call.distinct,
      orderBy: aggregateOrder(call, columns),
      filter,
      over,
    },
    {
      args: call.argType === null ? [] : [formType(call.argType, dialect)],
      result: formType(call.type, dialect),
    },
  );
  if (typeof text !== 'string') throw new UnsupportedSql(dialect, text.unsupported, call.span);
  return text;
}

function aggregateOrder(call: AggregateCall, columns: EventColumns): string | null {
  if (call.fn !== 'latest' && call.fn !== 'earliest') return null;
  return `ORDER BY ${eventOrder(columns, call.fn === 'latest' ? 'DESC' : 'ASC')}`;
}

/** (event time, key), the order of events. */
export function eventOrder(columns: EventColumns, direction: 'ASC' | 'DESC'): string {
  return [columns.eventTime, ...columns.order].map((name) => `${name} ${direction} NULLS LAST`).join(', ');
}

/** Stage 2 of shape B. `partition` names what separates entities (or labels). */
export function frameItems(
  view: RowsViewPlan,
  columns: EventColumns,
  partition: readonly string[],
  context: SqlContext,
): readonly string[] {
  const by = partition.length === 0 ? '' : `PARTITION BY ${partition.join(', ')} `;
  const inOrder = `${by}ORDER BY ${eventOrder(columns, 'ASC')}`;
  return view.slots.map((slot, i) => `${frameText(slot, i, columns, by, inOrder, context)} AS s${i}`);
}

function frameText(
  slot: Slot,
  i: number,
  columns: EventColumns,
  by: string,
  inOrder: string,
  context: SqlContext,
): string {
  const arg = columns.args[i] ?? null;
  switch (slot.kind) {
    case 'rowValue':
      return arg!;
    case 'rowNumber':
      return `row_number() OVER (${inOrder})`;
    case 'lag': {
      const otherwise = columns.otherwise[i] ?? null;
      return `lag(${[arg, String(slot.offset), ...(otherwise === null ? [] : [otherwise])].join(', ')}) OVER (${inOrder})`;
    }
    case 'frame': {
      const filter = filterText(columns.filters[i] === null ? [] : [columns.filters[i]!]);
      const over = `OVER (${frameClause(slot.frame, columns, by, inOrder)})`;
      if (context.dialect === 'duckdb') return aggregateText(slot.call, columns, i, filter, over, context);
      return postgresFrame(slot, i, columns, filter, over, context);
    }
    case 'frameValue':
      if (context.dialect === 'postgres' && slot.frame.mode === 'range') {
        const direction = slot.which === 'first' ? 'ASC' : 'DESC';
        return `(SELECT ${arg} ${eventsInFrame(slot.frame, columns)} ORDER BY ${eventOrder(columns, direction)} LIMIT 1)`;
      }
      return frameValueText(slot, arg!, columns, by, inOrder, context.dialect);
    case 'aggregate':
      throw new Error('shape B has an aggregate slot');
  }
}

/** Postgres has no DISTINCT in a window function: the frame's events are looked up again, row by row. */
function postgresFrame(
  slot: Extract<Slot, { kind: 'frame' }>,
  i: number,
  columns: EventColumns,
  filter: string,
  over: string,
  context: SqlContext,
): string {
  try {
    return aggregateText(slot.call, columns, i, filter, over, context);
  } catch (error) {
    if (!(error instanceof UnsupportedSql)) throw error;
    return `(SELECT ${aggregateText(slot.call, columns, i, filter, '', context)} ${eventsInFrame(slot.frame, columns)})`;
  }
}

/** `FROM … WHERE …`: the events `f` of the frame of the event `ev`; both are the CTE of `rowsViewSql`. */
function eventsInFrame(frame: RowFrame, columns: EventColumns): string {
  const conditions = columns.keys.map((key) => `f.${key} IS NOT DISTINCT FROM ev.${key}`);
  if (frame.mode === 'rows') {
    if (frame.start !== null) conditions.push(`f.nth >= ev.nth - ${frame.start}`);
    conditions.push(`f.nth <= ev.nth - ${frame.end}`);
  } else {
    if (frame.startMicros !== null) conditions.push(`f.e >= ev.e - ${printDuration(frame.startMicros)}`);
    conditions.push(`f.e <= ev.e - ${printDuration(frame.endMicros)}`);
  }
  return `FROM ev AS f WHERE ${conditions.join(' AND ')}`;
}

function frameValueText(
  slot: Extract<Slot, { kind: 'frameValue' }>,
  arg: string,
  columns: EventColumns,
  by: string,
  inOrder: string,
  dialect: Dialect,
): string {
  const frame = frameClause(slot.frame, columns, by, inOrder);
  // In a RANGE frame equal times are in no order of their own; the key decides (design.md section 4, ties).
  const ordered = slot.frame.mode === 'range' && dialect === 'duckdb' ? ` ORDER BY ${eventOrder(columns, 'ASC')}` : '';
  return `${slot.which}_value(${arg}${ordered}) OVER (${frame})`;
}

function frameClause(frame: RowFrame, columns: EventColumns, by: string, inOrder: string): string {
  if (frame.mode === 'rows') {
    const start = frame.start === null ? 'UNBOUNDED PRECEDING' : rowsBound(frame.start);
    return `${inOrder} ROWS BETWEEN ${start} AND ${rowsBound(frame.end)}`;
  }
  const start = frame.startMicros === null ? 'UNBOUNDED PRECEDING' : rangeBound(frame.startMicros);
  // NULLS LAST says nothing about a column that is never NULL, and keeps the session's null order out.
  return `${by}ORDER BY ${columns.eventTime} ASC NULLS LAST RANGE BETWEEN ${start} AND ${rangeBound(frame.endMicros)}`;
}

function rowsBound(rows: number): string {
  return rows === 0 ? 'CURRENT ROW' : `${rows} PRECEDING`;
}

function rangeBound(micros: number): string {
  return micros === 0 ? 'CURRENT ROW' : `${printDuration(micros)} PRECEDING`;
}

/** Stage 3: the view's outputs over slots and keys of a relation called `alias`. */
export function outputItems(
  outputs: readonly Output[],
  env: PrintEnv,
  context: SqlContext,
  names: readonly string[] = outputs.map((output) => quoteName(output.name)),
): readonly string[] {
  return outputs.map((output, i) => `${outputText(output.expr, output.type, env, context)} AS ${names[i]}`);
}

/** An output with exactly its declared type. */
function outputText(expr: PlanExpr, type: SqlType, env: PrintEnv, context: SqlContext): string {
  const text = printExpr(expr, context.dialect, env);
  if (type.kind === 'timestamptz' && context.dialect === 'duckdb') return duckdbZoned(text);
  return `CAST(${text} AS ${declaredType(type, context.dialect)})`;
}

/** Stage-3 leaves of shapes A and B. */
export function projectEnv(alias: string, t: string, functions: FunctionTable): PrintEnv & { readonly lets: Lets } {
  return {
    functions,
    lets: new Lets(alias),
    leaf: (expr) => {
      switch (expr.kind) {
        case 'slot':
          return `${alias}.s${expr.slot}`;
        case 'key':
          return `${alias}.k${expr.key}`;
        case 'now':
          return t;
        default:
          throw new Error(`a stage-3 expression holds a ${expr.kind}`);
      }
    },
  };
}

export function timeConditions(
  eventTime: string,
  window: InstantWindow,
  t: string,
  dialect: Dialect,
  strictlyBefore = false,
): readonly string[] {
  return [`${eventTime} ${strictlyBefore ? '<' : '<='} ${t}`, ...windowConditions(window, eventTime, t, dialect)];
}
