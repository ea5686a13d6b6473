import { unreachable } from '../../../runtime/values/errors.ts';
import type { InstantWindow, PlanExpr, RequestViewPlan, RowsViewPlan, ViewPlan } from '../../plan/plan.ts';
import { instantOf, isWholeHistory } from './bounds.ts';
import { declaredType, physicalType, printDuration } from './print-const.ts';
import { type PrintEnv, printExpr } from './print-expr.ts';
import {
  aggregateItems,
  aggregateText,
  type EventSelect,
  eventOrder,
  eventSelect,
  filterText,
  frameItems,
  type LogViewPlan,
  outputItems,
  projectEnv,
  type SqlContext,
  sourceColumn,
  timeConditions,
} from './stages.ts';
import { quoteName } from './text.ts';
import { select, subquery } from './view-sql.ts';

export type Ties = 'include' | 'exclude';

export interface DatasetRequest {
  readonly labels: {
    /** The labels' relation, as SQL; its rows have the columns below. */
    readonly relation: string;
    /** An expression over it that gives the labels' order: `rowid`, `file_row_number` … */
    readonly ordinal: string;
    /** All columns to pass through, in order. */
    readonly columns: readonly string[];
    /** The instant's column: a timestamp (UTC) or a timestamp with time zone. */
    readonly instant: string;
  };
  /** The columns wanted, in order; `ordinal` is that of the view's SELECT. */
  readonly features: readonly { readonly view: ViewPlan; readonly ordinal: number; readonly name: string }[];
  readonly ties: Ties;
  /**
   * `join`: every label meets every event of its entity, right for all views. `windows`: labels as empty rows in the windows, for views
   * whose windows have fixed lengths (others are joined all the same).
   */
  readonly form: 'join' | 'windows';
}

/**
 * One SELECT that gives every label in its order with the features at its instant (design.md section 8), over relations named like the
 * sources. DuckDB only.
 */
export function emitDatasetSql(request: DatasetRequest, context: SqlContext): string {
  return new DatasetWriter(request, context).write();
}

/** A view looked up at one key a label. */
interface Target {
  readonly name: string;
  readonly view: LogViewPlan;
}

class DatasetWriter {
  readonly #request: DatasetRequest;
  readonly #context: SqlContext;
  readonly #ctes: string[] = [];
  readonly #joins: string[] = [];
  #targets = 0;

  constructor(request: DatasetRequest, context: SqlContext) {
    this.#request = request;
    this.#context = context;
  }

  write(): string {
    const { labels, features } = this.#request;
    const items = labels.columns.map((column) => `l.${quoteName(column)} AS ${quoteName(column)}`);
    const views = [...new Set(features.map((feature) => feature.view))];
    const printers = new Map(views.map((view) => [view, this.#viewPrinter(view)]));
    for (const feature of features) {
      items.push(`${printers.get(feature.view)!(feature.ordinal)} AS ${quoteName(feature.name)}`);
    }
    const body = select({ items, from: ['fsc_labels AS l', ...this.#joins], tail: ['ORDER BY l."fsc ordinal"'] });
    return `WITH ${[this.#labelsCte(), ...this.#ctes].join(',\n')}\n${body}`;
  }

  #labelsCte(): string {
    const { labels } = this.#request;
    const items = [
      'src.*',
      `src.${labels.ordinal} AS "fsc ordinal"`,
      `${instantOf(`src.${quoteName(labels.instant)}`, 'duckdb')} AS "fsc instant"`,
    ];
    return `fsc_labels AS MATERIALIZED ${parenthesesOf(select({ items, from: [`${labels.relation} AS src`] }))}`;
  }

  /** Text of an output of the view, by ordinal, beside a label `l`. */
  #viewPrinter(view: ViewPlan): (ordinal: number) => string {
    if (view.kind === 'request') return this.#requestPrinter(view);
    const keys = view.spec.entity.map((entity) => `l.${quoteName(entity.name)}`);
    const target = this.#addTarget(view, keys);
    return (ordinal) => `${target.name}.w${ordinal}`;
  }

  #requestPrinter(view: RequestViewPlan): (ordinal: number) => string {
    const targets: Target[] = [];
    const env = this.#requestEnv(view, targets);
    const present: string[] = [];
    for (const join of view.joins) {
      if (join.view.kind === 'request') throw new Error('a request view joins a request view');
      const keys = join.keys.map((key) => printExpr(key, 'duckdb', env));
      const target = this.#addTarget(join.view, keys);
      targets.push(target);
      if (join.inner) present.push(`${target.name}.q0 IS NOT NULL`);
    }
    if (view.where !== null) present.push(printExpr(view.where, 'duckdb', env));
    return (ordinal) => {
      const output = view.outputs[ordinal]!;
      const text = this.#typedOutput(
        output.expr,
        output.type.kind === 'timestamptz',
        declaredType(output.type, 'duckdb'),
        env,
      );
      return present.length === 0 ? text : `CASE WHEN ${present.join(' AND ')} THEN ${text} END`;
    };
  }

  #typedOutput(expr: PlanExpr, zoned: boolean, type: string, env: PrintEnv): string {
    const text = printExpr(expr, 'duckdb', env);
    return zoned ? `(${text} AT TIME ZONE 'UTC')` : `CAST(${text} AS ${type})`;
  }

  #requestEnv(view: RequestViewPlan, targets: readonly Target[]): PrintEnv {
    return {
      functions: this.#context.functions,
      leaf: (expr) => {
        switch (expr.kind) {
          case 'request': {
            const column = view.request.columns[expr.column]!;
            return `CAST(${sourceColumn(view.request, expr.column, 'duckdb', 'l')} AS ${physicalType(column.type, 'duckdb')})`;
          }
          case 'feature': {
            const target = targets[expr.join]!;
            const output = target.view.outputs[expr.ordinal]!;
            const name = `${target.name}.w${expr.ordinal}`;
            return output.type.kind === 'timestamptz' ? `make_timestamp(epoch_us(${name}))` : name;
          }
          case 'now':
            return 'l."fsc instant"';
          default:
            throw new Error(`a request view's expression holds a ${expr.kind}`);
        }
      },
    };
  }

  /** CTEs for a view at the distinct (key, instant) pairs of the labels, and its join to the labels. */
  #addTarget(view: LogViewPlan, keys: readonly string[]): Target {
    const id = this.#targets;
    this.#targets += 1;
    const typed = keys.map((key, i) => `CAST(${key} AS ${physicalType(view.spec.entity[i]!.type, 'duckdb')})`);
    const pairs = select({
      items: [...typed.map((key, i) => `${key} AS q${i}`), 'l."fsc instant" AS t'],
      from: ['fsc_labels AS l'],
      where: typed.map((key) => `${key} IS NOT NULL`),
    }).replace('SELECT', 'SELECT DISTINCT');
    this.#ctes.push(`fsc_pairs${id} AS MATERIALIZED ${parenthesesOf(pairs)}`);
    const name = `fsc_view${id}`;
    this.#ctes.push(`${name} AS MATERIALIZED ${parenthesesOf(this.#viewAtPairs(view, `fsc_pairs${id}`))}`);
    const on = [...typed.map((key, i) => `${name}.q${i} = ${key}`), `${name}.t = l."fsc instant"`];
    this.#joins.push(`LEFT JOIN ${name} ON ${on.join(' AND ')}`);
    return { name, view };
  }

  /** Rows (q0…, t, w0…): the pairs for which the view has a row, and its outputs. */
  #viewAtPairs(view: LogViewPlan, pairs: string): string {
    const inner = this.#slotsAtPairs(view, pairs);
    const env = projectEnv('a', 'a.t', this.#context.functions);
    const names = view.outputs.map((_, i) => `w${i}`);
    const having = view.kind === 'aggregate' ? view.having : null;
    return select({
      items: [
        ...view.entity.map((_, i) => `a.k${i} AS q${i}`),
        'a.t AS t',
        ...outputItems(view.outputs, env, this.#context, names),
      ],
      from: [subquery(inner, 'a')],
      where: having === null ? [] : [printExpr(having, 'duckdb', env)],
    });
  }

  #slotsAtPairs(view: LogViewPlan, pairs: string): string {
    const events = eventSelect(view, this.#context);
    if (view.kind === 'rows') {
      return isWholeHistory(view.whereWindow)
        ? this.#rowsByInstant(view, events, pairs)
        : this.#rowsJoined(view, events, pairs);
    }
    const frames = this.#request.form === 'windows' ? fixedFrames(view, this.#request.ties) : null;
    if (frames !== null) return this.#aggregatesByWindows(view, events, pairs, frames);
    return select({
      items: [
        ...view.entity.map((_, i) => `q${i} AS k${i}`),
        't',
        ...aggregateItems(view, events.columns, 't', this.#context),
      ],
      from: [this.#eventsBesidePairs(view, events, pairs)],
      tail: [`GROUP BY ${[...view.entity.map((_, i) => `q${i}`), 't'].join(', ')}`],
    });
  }

  /** Each pair beside each event of its entity that the relation at its instant holds. */
  #eventsBesidePairs(view: LogViewPlan, events: EventSelect, pairs: string): string {
    const source = select({ items: events.items, from: [events.from], where: events.where });
    const on = [
      ...view.entity.map((_, i) => `ev.k${i} = p.q${i}`),
      ...timeConditions('ev.e', view.whereWindow, 'p.t', this.#request.ties === 'exclude'),
    ];
    return `${pairs} AS p\nJOIN ${subquery(source, 'ev')} ON ${on.join(' AND ')}`;
  }

  #rowsJoined(view: RowsViewPlan, events: EventSelect, pairs: string): string {
    const partition = [...view.entity.map((_, i) => `q${i}`), 't'];
    const age = `row_number() OVER (PARTITION BY ${partition.join(', ')} ORDER BY ${eventOrder(events.columns, 'DESC')}) AS age`;
    const rows = select({
      items: [
        ...view.entity.map((_, i) => `q${i} AS k${i}`),
        't',
        ...frameItems(view, events.columns, partition, this.#context),
        age,
      ],
      from: [this.#eventsBesidePairs(view, events, pairs)],
    });
    return `SELECT * FROM ${subquery(rows, 'r')} WHERE r.age = 1`;
  }

  /** Without a window in WHERE a row's frames are the same at every later instant: rows once, then the last one before each label. */
  #rowsByInstant(view: RowsViewPlan, events: EventSelect, pairs: string): string {
    const { keys } = events.columns;
    const age = `row_number() OVER (PARTITION BY ${[...keys, 'e'].join(', ')} ORDER BY ${eventOrder(events.columns, 'DESC')}) AS age`;
    const rows = select({
      items: [...keys, 'e', ...frameItems(view, events.columns, keys, this.#context), age],
      from: [subquery(select({ items: events.items, from: [events.from], where: events.where }), 'ev')],
    });
    const latest = `SELECT * FROM ${subquery(rows, 'r')} WHERE r.age = 1`;
    const on = [
      ...keys.map((key, i) => `r.${key} = p.q${i}`),
      `r.e ${this.#request.ties === 'exclude' ? '<' : '<='} p.t`,
    ];
    return `SELECT p.t AS t, r.* FROM ${pairs} AS p ASOF JOIN ${subquery(latest, 'r')} ON ${on.join(' AND ')}`;
  }

  /** Labels as empty rows between the events: each slot is one window function. */
  #aggregatesByWindows(
    view: Extract<LogViewPlan, { kind: 'aggregate' }>,
    events: EventSelect,
    pairs: string,
    frames: FixedFrames,
  ): string {
    const { columns } = events;
    const names = events.items.map((item) => item.slice(item.lastIndexOf(' AS ') + 4));
    const rows = [
      select({ items: [...events.items, 'FALSE AS label'], from: [events.from], where: events.where }),
      select({ items: [...names.map((name) => labelItem(name)), 'TRUE AS label'], from: [pairs] }),
    ].join('\nUNION ALL BY NAME\n');
    const over = (frame: MicrosFrame): string =>
      `OVER (PARTITION BY ${columns.keys.join(', ')} ORDER BY e ASC NULLS LAST RANGE BETWEEN ${frameBound(frame.start)} AND ${frameBound(frame.end)})`;
    const slots = view.slots.map((slot, i) => {
      if (slot.kind !== 'aggregate') return unreachable(slot as never);
      const filter = filterText(['NOT label', ...(columns.filters[i] === null ? [] : [columns.filters[i]!])]);
      return `${aggregateText(slot.call, columns, i, filter, over(frames.slots[i]!), this.#context)} AS s${i}`;
    });
    const present = `count(*) FILTER (WHERE NOT label) ${over(frames.where)} AS present`;
    const windowed = select({
      items: [...columns.keys, 'e AS t', 'label', present, ...slots],
      from: [subquery(rows, 'ev')],
    });
    return `SELECT * FROM ${subquery(windowed, 'u')} WHERE u.label AND u.present > 0`;
  }
}

/** What a label row holds under the name of an event's column; absent ones are NULL by UNION ALL BY NAME. */
function labelItem(name: string): string {
  if (name === 'e') return 't AS e';
  return name.startsWith('k') ? `q${name.slice(1)} AS ${name}` : `NULL AS ${name}`;
}

function parenthesesOf(text: string): string {
  return `(\n${text}\n)`;
}

/** A window as `RANGE BETWEEN start PRECEDING AND end PRECEDING` in microseconds; null = unbounded. */
interface MicrosFrame {
  readonly start: number | null;
  readonly end: number;
}

interface FixedFrames {
  readonly where: MicrosFrame;
  readonly slots: readonly MicrosFrame[];
}

/** Null where a window moves with the calendar, where a frame could be empty, or where an aggregate has an order of its own. */
function fixedFrames(view: Extract<LogViewPlan, { kind: 'aggregate' }>, ties: Ties): FixedFrames | null {
  const where = frameOf([view.whereWindow], ties);
  if (where === null) return null;
  const slots: MicrosFrame[] = [];
  for (const slot of view.slots) {
    if (slot.kind !== 'aggregate' || slot.call.fn === 'latest' || slot.call.fn === 'earliest') return null;
    const frame = frameOf([view.whereWindow, slot.window], ties);
    if (frame === null) return null;
    slots.push(frame);
  }
  return { where, slots };
}

function frameOf(windows: readonly InstantWindow[], ties: Ties): MicrosFrame | null {
  let start: number | null = null;
  // Event time <= t, or < t: instants are whole microseconds.
  let end = ties === 'exclude' ? 1 : 0;
  for (const window of windows) {
    for (const bound of [...window.lower, ...window.upper]) {
      if (bound.trunc !== null || bound.offsetMonths !== 0) return null;
    }
    for (const bound of window.lower) {
      const from = -bound.offsetMicros - (bound.inclusive ? 0 : 1);
      start = start === null ? from : Math.min(start, from);
    }
    for (const bound of window.upper) end = Math.max(end, -bound.offsetMicros + (bound.inclusive ? 0 : 1));
  }
  return start !== null && start < end ? null : { start, end };
}

function frameBound(micros: number | null): string {
  if (micros === null) return 'UNBOUNDED PRECEDING';
  return micros === 0 ? 'CURRENT ROW' : `${printDuration(micros)} PRECEDING`;
}
