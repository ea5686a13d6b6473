import { unreachable } from '../../../runtime/values/errors.ts';
import type { AggregateViewPlan, InstantWindow, RequestViewPlan, RowsViewPlan, ViewPlan } from '../../plan/plan.ts';
import { duckdbZoned, instantOf, isWholeHistory, physicalColumn } from './bounds.ts';
import { FlatLeaves } from './flat-leaves.ts';
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
    /** The labels' relation, as SQL; its rows have the columns below, and those that the views need. */
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
  /** Sources whose primary key the labels carry: `exclude` then leaves out the label's own event only (rules.md 35). */
  readonly ownEvents?: ReadonlySet<string>;
  /** Name for a last column: whether an event of one of the label's entities stands at its instant, whatever WHERE and FILTER say. */
  readonly tied?: string;
  /** The sources' relations have this column, and a label sees the records whose known time is not after its instant. */
  readonly knownTime?: string;
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

/**
 * One SELECT of one number: the pairs of a label and an event of its entity that `form: 'join'` goes through, of the view that has most.
 */
export function emitPairCountSql(request: DatasetRequest, context: SqlContext): string {
  return new DatasetWriter(request, context, true).write();
}

/** A view looked up at one key a label. */
interface Target {
  readonly name: string;
  readonly view: LogViewPlan;
}

/** Which events at the instant count: all, none, or all but the one whose key stands beside the instant. */
type TieRule = Ties | 'own';

/** Distinct (key, instant) pairs of the labels: columns q0…, t and, for the rule `own`, the own event's key p0…. */
interface Pairs {
  readonly relation: string;
  readonly rule: TieRule;
  readonly own: readonly string[];
}

class DatasetWriter {
  readonly #request: DatasetRequest;
  readonly #context: SqlContext;
  readonly #ctes: string[] = [];
  readonly #joins: string[] = [];
  readonly #tied: string[] = [];
  readonly #pairCounts: string[] = [];
  readonly #countsPairs: boolean;
  #targets = 0;
  #requests = 0;

  constructor(request: DatasetRequest, context: SqlContext, countsPairs = false) {
    this.#request = request;
    this.#context = context;
    this.#countsPairs = countsPairs;
  }

  write(): string {
    const { labels, features, tied } = this.#request;
    const items = labels.columns.map((column) => `l.${quoteName(column)} AS ${quoteName(column)}`);
    const views = [...new Set(features.map((feature) => feature.view))];
    const printers = new Map(views.map((view) => [view, this.#viewPrinter(view)]));
    for (const feature of features) {
      items.push(`${printers.get(feature.view)!(feature.ordinal)} AS ${quoteName(feature.name)}`);
    }
    if (this.#countsPairs) {
      // Views that join nothing have no pairs.
      const counts = ['0', ...this.#pairCounts.map((count) => `coalesce(${count}, 0)`)];
      return `WITH ${[this.#labelsCte(), ...this.#ctes].join(',\n')}\nSELECT greatest(${counts.join(', ')})`;
    }
    if (tied !== undefined) items.push(`(${this.#tied.join(' OR ') || 'FALSE'}) AS ${quoteName(tied)}`);
    const body = select({ items, from: ['fsc_labels AS l', ...this.#joins], tail: ['ORDER BY l."fsc ordinal" ASC'] });
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

  #cte(name: string, text: string): string {
    this.#ctes.push(`${name} AS MATERIALIZED ${parenthesesOf(text)}`);
    return name;
  }

  /** Text of an output of the view, by ordinal, beside a label `l`. */
  #viewPrinter(view: ViewPlan): (ordinal: number) => string {
    if (view.kind === 'request') return this.#requestPrinter(view);
    const keys = view.spec.entity.map(({ name, type }) => physicalColumn(`l.${quoteName(name)}`, type, 'duckdb'));
    const target = this.#addTarget(view, keys);
    return (ordinal) => `${target.name}.w${ordinal}`;
  }

  #requestPrinter(view: RequestViewPlan): (ordinal: number) => string {
    const targets: Target[] = [];
    const env = this.#requestEnv(view, targets);
    // A request whose NOT NULL column is NULL can't be sent: it has no row.
    const present = view.request.columns
      .filter((column) => !column.nullable)
      .map((column) => `l.${quoteName(column.name)} IS NOT NULL`);
    const whole = present.join(' AND ');
    for (const join of view.joins) {
      if (join.view.kind === 'request') throw new Error('a request view joins a request view');
      const keys = join.keys.map((key) => {
        const text = printExpr(key, 'duckdb', env);
        return whole === '' ? text : `CASE WHEN ${whole} THEN ${text} END`;
      });
      const target = this.#addTarget(join.view, keys);
      targets.push(target);
      if (join.inner) present.push(`${target.name}.q0 IS NOT NULL`);
    }
    return this.#longRequest(view, present, env) ?? this.#shortRequest(view, present, env);
  }

  #shortRequest(view: RequestViewPlan, present: readonly string[], env: PrintEnv): (ordinal: number) => string {
    const filter = view.where === null ? [] : [printExpr(view.where, 'duckdb', env)];
    return (ordinal) => this.#requestOutput(view.outputs[ordinal]!, [...present, ...filter], env);
  }

  /** All outputs in a CTE of their own, where expressions are so long that parts of them are named; else null. */
  #longRequest(view: RequestViewPlan, present: readonly string[], env: PrintEnv): ((ordinal: number) => string) | null {
    const flat = new FlatLeaves(env, 'q');
    const filter = view.where === null ? [] : [printExpr(view.where, 'duckdb', flat.env)];
    const conditions = [...(present.length === 0 ? [] : ['q."fsc present"']), ...filter];
    const items = view.outputs.map((output, i) => `${this.#requestOutput(output, conditions, flat.env)} AS w${i}`);
    if (flat.lets.isEmpty) return null;
    const shown = present.length === 0 ? [] : [`(${present.join(' AND ')}) AS "fsc present"`];
    const leaves = select({
      items: ['l."fsc ordinal" AS "fsc ordinal"', ...shown, ...flat.items()],
      from: ['fsc_labels AS l', ...this.#joins],
    });
    const text = select({
      items: ['q."fsc ordinal" AS "fsc ordinal"', ...items],
      from: [flat.lets.over(subquery(leaves, 'q'), 'duckdb')],
    });
    const name = this.#cte(`fsc_request${this.#requests}`, text);
    this.#requests += 1;
    this.#joins.push(`LEFT JOIN ${name} ON ${name}."fsc ordinal" = l."fsc ordinal"`);
    return (ordinal) => `${name}.w${ordinal}`;
  }

  #requestOutput(output: RequestViewPlan['outputs'][number], conditions: readonly string[], env: PrintEnv): string {
    const printed = printExpr(output.expr, 'duckdb', env);
    const isZoned = output.type.kind === 'timestamptz';
    const text = isZoned ? duckdbZoned(printed) : `CAST(${printed} AS ${declaredType(output.type, 'duckdb')})`;
    return conditions.length === 0 ? text : `CASE WHEN ${conditions.join(' AND ')} THEN ${text} END`;
  }

  #requestEnv(view: RequestViewPlan, targets: readonly Target[]): PrintEnv {
    return {
      functions: this.#context.functions,
      lets: null,
      leaf: (expr) => {
        switch (expr.kind) {
          case 'request': {
            const column = view.request.columns[expr.column]!;
            return `CAST(${sourceColumn(view.request, expr.column, 'duckdb', 'l')} AS ${physicalType(column.type, 'duckdb')})`;
          }
          case 'feature': {
            const target = targets[expr.join]!;
            const output = target.view.outputs[expr.ordinal]!;
            return physicalColumn(`${target.name}.w${expr.ordinal}`, output.type, 'duckdb');
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
    const own = this.#ownKey(view);
    const distinct = select({
      items: [
        ...typed.map((key, i) => `${key} AS q${i}`),
        'l."fsc instant" AS t',
        ...own.map((key, i) => `${key} AS p${i}`),
      ],
      from: ['fsc_labels AS l'],
      where: typed.map((key) => `${key} IS NOT NULL`),
    }).replace('SELECT', 'SELECT DISTINCT');
    const pairs: Pairs = {
      relation: this.#cte(`fsc_pairs${id}`, distinct),
      rule: own.length > 0 ? 'own' : this.#request.ties,
      own: own.map((_, i) => `p${i}`),
    };
    if (this.#countsPairs) {
      this.#countPairs(view, pairs);
      return { name: `fsc_view${id}`, view };
    }
    const isSplit = pairs.rule === 'own' && this.#hasFastForm(view);
    const text = isSplit ? this.#viewByClasses(view, pairs, id) : this.#viewAtPairs(view, pairs);
    const name = this.#cte(`fsc_view${id}`, text);
    const at = (relation: string): string[] => [
      ...typed.map((key, i) => `${relation}.q${i} = ${key}`),
      `${relation}.t = l."fsc instant"`,
    ];
    const on = [...at(name), ...own.map((key, i) => `${name}.p${i} IS NOT DISTINCT FROM ${key}`)];
    this.#joins.push(`LEFT JOIN ${name} ON ${on.join(' AND ')}`);
    if (this.#request.tied !== undefined) this.#addTies(view, pairs, id, at);
    return { name, view };
  }

  #countPairs(view: LogViewPlan, pairs: Pairs): void {
    const { text, columns } = this.#events(view);
    const events = `SELECT ${columns.keys.join(', ')}, count(*) AS n FROM ${subquery(text, 'ev')} GROUP BY ${columns.keys.join(', ')}`;
    const on = columns.keys.map((key, i) => `c.${key} = p.q${i}`).join(' AND ');
    this.#pairCounts.push(`(SELECT sum(c.n) FROM ${pairs.relation} AS p JOIN ${subquery(events, 'c')} ON ${on})`);
  }

  /** The label's own event, by the source's primary key; none where the labels don't carry it, or all ties count alike. */
  #ownKey({ source }: LogViewPlan): readonly string[] {
    const { ties, ownEvents } = this.#request;
    if (ties === 'include' || ownEvents?.has(source.name) !== true) return [];
    return source.keyColumns.map((column) => {
      const { name, type } = source.columns[column]!;
      return `CAST(l.${quoteName(name)} AS ${physicalType(type, 'duckdb')})`;
    });
  }

  #addTies(view: LogViewPlan, pairs: Pairs, id: number, at: (relation: string) => readonly string[]): void {
    // Whatever WHERE says.
    const events = this.#events({ ...view, where: null, slots: [] });
    const keys = view.entity.map((_, i) => `q${i}`);
    const on = [...keys.map((key, i) => `ev.k${i} = p.${key}`), 'ev.e = p.t', ...this.#knownCondition()];
    const text = select({
      items: [...keys.map((key) => `p.${key}`), 'p.t'],
      from: [`${pairs.relation} AS p\nJOIN ${subquery(events.text, 'ev')} ON ${on.join(' AND ')}`],
    }).replace('SELECT', 'SELECT DISTINCT');
    const name = this.#cte(`fsc_ties${id}`, text);
    this.#joins.push(`LEFT JOIN ${name} ON ${at(name).join(' AND ')}`);
    this.#tied.push(`${name}.t IS NOT NULL`);
  }

  /** Events that pass WHERE, with the known time as `kn` where it decides. */
  #events(view: LogViewPlan): EventSelect & { readonly text: string } {
    const events = eventSelect(view, this.#context);
    const { knownTime } = this.#request;
    const items = knownTime === undefined ? events.items : [...events.items, `src.${quoteName(knownTime)} AS kn`];
    return { ...events, items, text: select({ items, from: [events.from], where: events.where }) };
  }

  #knownCondition(): readonly string[] {
    return this.#request.knownTime === undefined ? [] : ['ev.kn <= p.t'];
  }

  /** Rows (q0…, t, p0…, w0…): the pairs for which the view has a row, and its outputs. */
  #viewAtPairs(view: LogViewPlan, pairs: Pairs): string {
    const env = projectEnv('a', 'a.t', this.#context.functions);
    const names = view.outputs.map((_, i) => `w${i}`);
    const having = view.kind === 'aggregate' ? view.having : null;
    const items = [
      ...view.entity.map((_, i) => `a.k${i} AS q${i}`),
      'a.t AS t',
      ...pairs.own.map((name) => `a.${name} AS ${name}`),
      ...outputItems(view.outputs, env, this.#context, names),
    ];
    const where = having === null ? [] : [printExpr(having, 'duckdb', env)];
    const slots = subquery(this.#slotsAtPairs(view, pairs), 'a');
    return select({ items, from: [env.lets.over(slots, 'duckdb')], where });
  }

  /**
   * The rule `own` where it has no fast form of its own. Nearly every label's own event is the only one at its instant, and then the relation
   * without it is that of the events before; a label without an event of its own leaves none out.
   */
  #viewByClasses(view: LogViewPlan, pairs: Pairs, id: number): string {
    const at = [...view.entity.map((_, i) => `q${i}`), 't'];
    const group = [...at, ...pairs.own].map((name) => `p.${name}`);
    const on = [...view.entity.map((_, i) => `ev.k${i} = p.q${i}`), 'ev.e = p.t'];
    const isOwn = pairs.own.map((name, i) => `ev.o${i} = p.${name}`).join(' AND ');
    const own = `count(ev.e) FILTER (WHERE ${isOwn})`;
    const rule = `CASE WHEN ${own} = 0 THEN 'include' WHEN count(ev.e) = 1 THEN 'exclude' ELSE 'own' END`;
    const classes = this.#cte(
      `fsc_classes${id}`,
      select({
        items: [...group, `${rule} AS rule`],
        from: [`${pairs.relation} AS p\nLEFT JOIN ${subquery(this.#events(view).text, 'ev')} ON ${on.join(' AND ')}`],
        tail: [`GROUP BY ${group.join(', ')}`],
      }),
    );
    const parts = (['include', 'exclude', 'own'] as const).map((kind) => {
      const columns = kind === 'own' ? [...at, ...pairs.own] : at;
      const some = `SELECT DISTINCT ${columns.join(', ')} FROM ${classes} WHERE rule = '${kind}'`;
      const relation = this.#cte(`fsc_pairs${id}_${kind}`, some);
      const values = this.#viewAtPairs(view, { relation, rule: kind, own: kind === 'own' ? pairs.own : [] });
      if (kind === 'own') return values;
      const same = at.map((name) => `v.${name} = c.${name}`).join(' AND ');
      const items = [...pairs.own.map((name) => `c.${name}`), 'v.*'];
      return `SELECT ${items.join(', ')} FROM ${classes} AS c JOIN ${subquery(values, 'v')} ON ${same} WHERE c.rule = '${kind}'`;
    });
    return parts.join('\nUNION ALL BY NAME\n');
  }

  #hasFastForm(view: LogViewPlan): boolean {
    if (this.#request.knownTime !== undefined) return false;
    if (view.kind === 'rows') return isWholeHistory(view.whereWindow);
    return this.#request.form === 'windows' && fixedFrames(view, this.#request.ties) !== null;
  }

  #slotsAtPairs(view: LogViewPlan, pairs: Pairs): string {
    const events = this.#events(view);
    if (pairs.rule !== 'own' && this.#hasFastForm(view)) {
      if (view.kind === 'rows') return this.#rowsByInstant(view, events, pairs.relation, pairs.rule);
      const frames = fixedFrames(view, pairs.rule);
      if (frames !== null) return this.#aggregatesByWindows(view, events, pairs.relation, frames);
    }
    return view.kind === 'rows' ? this.#rowsJoined(view, events, pairs) : this.#aggregatesJoined(view, events, pairs);
  }

  #aggregatesJoined(view: AggregateViewPlan, events: EventSelect, pairs: Pairs): string {
    const own = pairs.own.map((name) => `p.${name}`);
    return select({
      items: [
        ...view.entity.map((_, i) => `q${i} AS k${i}`),
        't',
        ...own,
        ...aggregateItems(view, events.columns, 't', this.#context),
      ],
      from: [this.#eventsBesidePairs(view, events, pairs)],
      tail: [`GROUP BY ${[...view.entity.map((_, i) => `q${i}`), 't', ...own].join(', ')}`],
    });
  }

  /** Each pair beside each event of its entity that the relation at its instant holds. */
  #eventsBesidePairs(view: LogViewPlan, events: EventSelect, pairs: Pairs): string {
    const source = select({ items: events.items, from: [events.from], where: events.where });
    const isOwn = ['ev.e = p.t', ...pairs.own.map((name, i) => `ev.o${i} = p.${name}`)].join(' AND ');
    const on = [
      ...view.entity.map((_, i) => `ev.k${i} = p.q${i}`),
      ...timeConditions('ev.e', view.whereWindow, 'p.t', 'duckdb', pairs.rule === 'exclude'),
      ...(pairs.rule === 'own' ? [`NOT coalesce(${isOwn}, FALSE)`] : []),
      ...this.#knownCondition(),
    ];
    return `${pairs.relation} AS p\nJOIN ${subquery(source, 'ev')} ON ${on.join(' AND ')}`;
  }

  #rowsJoined(view: RowsViewPlan, events: EventSelect, pairs: Pairs): string {
    const own = pairs.own.map((name) => `p.${name}`);
    const partition = [...view.entity.map((_, i) => `q${i}`), 't', ...own];
    const age = `row_number() OVER (PARTITION BY ${partition.join(', ')} ORDER BY ${eventOrder(events.columns, 'DESC')}) AS age`;
    const rows = select({
      items: [
        ...view.entity.map((_, i) => `q${i} AS k${i}`),
        't',
        ...own,
        ...frameItems(view, events.columns, partition, this.#context),
        age,
      ],
      from: [this.#eventsBesidePairs(view, events, pairs)],
    });
    return `SELECT * FROM ${subquery(rows, 'r')} WHERE r.age = 1`;
  }

  /** Without a window in WHERE a row's frames are the same at every later instant: rows once, then the last one before each label. */
  #rowsByInstant(view: RowsViewPlan, events: EventSelect, pairs: string, ties: Ties): string {
    const { keys } = events.columns;
    const age = `row_number() OVER (PARTITION BY ${[...keys, 'e'].join(', ')} ORDER BY ${eventOrder(events.columns, 'DESC')}) AS age`;
    const rows = select({
      items: [...keys, 'e', ...frameItems(view, events.columns, keys, this.#context), age],
      from: [subquery(select({ items: events.items, from: [events.from], where: events.where }), 'ev')],
    });
    const latest = `SELECT * FROM ${subquery(rows, 'r')} WHERE r.age = 1`;
    const on = [...keys.map((key, i) => `r.${key} = p.q${i}`), `r.e ${ties === 'exclude' ? '<' : '<='} p.t`];
    return `SELECT p.t AS t, r.* FROM ${pairs} AS p ASOF JOIN ${subquery(latest, 'r')} ON ${on.join(' AND ')}`;
  }

  /** Labels as empty rows between the events: each slot is one window function. */
  #aggregatesByWindows(view: AggregateViewPlan, events: EventSelect, pairs: string, frames: FixedFrames): string {
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
function fixedFrames(view: AggregateViewPlan, ties: Ties): FixedFrames | null {
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
