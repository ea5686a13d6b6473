import { unreachable } from '../../../runtime/values/errors.ts';
import type { AggregateViewPlan, RequestViewPlan, RowsViewPlan, ViewPlan } from '../../plan/plan.ts';
import { physicalColumn } from './bounds.ts';
import { FlatLeaves } from './flat-leaves.ts';
import { type PrintEnv, printExpr } from './print-expr.ts';
import {
  aggregateItems,
  type EventColumns,
  eventOrder,
  eventSelect,
  frameItems,
  outputItems,
  projectEnv,
  type SqlContext,
  sourceColumn,
  timeConditions,
} from './stages.ts';
import { quoteName } from './text.ts';

/** Which rows of a rows view (shape B): all of them, or each entity's latest. */
export type RowsForm = 'every' | 'latest';

/**
 * One SELECT that gives the view's rows at the instant whose SQL text is `t` (a timestamp in UTC), over relations named like the sources.
 * Total, and independent of the session's settings.
 */
export function emitViewSql(view: ViewPlan, t: string, rows: RowsForm, context: SqlContext): string {
  switch (view.kind) {
    case 'aggregate':
      return aggregateViewSql(view, t, context);
    case 'rows':
      return rowsViewSql(view, t, rows, context);
    case 'request':
      return requestViewSql(view, t, context);
    default:
      return unreachable(view);
  }
}

function aggregateViewSql(view: AggregateViewPlan, t: string, context: SqlContext): string {
  const events = eventSelect(view, context);
  const { keys } = events.columns;
  const inner = [...keys, ...aggregateItems(view, events.columns, t, context)];
  const passing = select({
    items: events.items,
    from: [events.from],
    where: [...events.where, ...timeConditions(events.rawEventTime, view.whereWindow, t, context.dialect)],
  });
  const grouped = select({ items: inner, from: [subquery(passing, 'ev')], tail: [`GROUP BY ${keys.join(', ')}`] });
  return projected(view, grouped, projectEnv('a', t, context.functions), context);
}

/** Stage 3 over slots `a`. */
function projected(
  view: AggregateViewPlan | RowsViewPlan,
  slots: string,
  env: ReturnType<typeof projectEnv>,
  context: SqlContext,
  conditions: readonly string[] = [],
): string {
  const items = outputItems(view.outputs, env, context);
  const having = view.kind === 'rows' || view.having === null ? [] : [printExpr(view.having, context.dialect, env)];
  const from = env.lets.over(subquery(slots, 'a'), context.dialect);
  return select({ items, from: [from], where: [...having, ...conditions] });
}

function rowsViewSql(view: RowsViewPlan, t: string, rows: RowsForm, context: SqlContext): string {
  const events = eventSelect(view, context);
  const { keys } = events.columns;
  const rank = `row_number() OVER (PARTITION BY ${keys.join(', ')} ORDER BY ${eventOrder(events.columns, 'DESC')}) AS age`;
  const inner = [...keys, ...frameItems(view, events.columns, keys, context), ...(rows === 'latest' ? [rank] : [])];
  const passing = select({
    // Postgres looks frames up by place where it has no window function for them.
    items: context.dialect === 'postgres' ? [...events.items, placeItem(events.columns)] : events.items,
    from: [events.from],
    where: [...events.where, ...timeConditions(events.rawEventTime, view.whereWindow, t, context.dialect)],
  });
  const framed =
    context.dialect === 'postgres'
      ? `WITH ev AS (\n${passing}\n)\n${select({ items: inner, from: ['ev'] })}`
      : select({ items: inner, from: [subquery(passing, 'ev')] });
  const latest = rows === 'latest' ? ['a.age = 1'] : [];
  return projected(view, framed, projectEnv('a', t, context.functions), context, latest);
}

/** The event's place in its entity's order. Over the source's own columns: the SELECT that names ours is this one. */
function placeItem(columns: EventColumns): string {
  return `row_number() OVER (PARTITION BY ${columns.raw.keys.join(', ')} ORDER BY ${columns.raw.order.join(', ')}) AS nth`;
}

function requestViewSql(view: RequestViewPlan, t: string, context: SqlContext): string {
  const env = requestEnv(view, t, context);
  const joins = view.joins.map((join, i) => {
    const text = emitViewSql(join.view, t, 'latest', context);
    const on = join.keys.map((key, k) => {
      const { name, type } = join.view.spec.entity[k]!;
      const column = physicalColumn(`j${i}.${quoteName(name)}`, type, context.dialect);
      return `${column} = ${printExpr(key, context.dialect, env)}`;
    });
    const kind = join.inner ? 'JOIN' : 'LEFT JOIN';
    if (context.isLookup !== true) return `${kind} ${subquery(text, `j${i}`)} ON ${on.join(' AND ')}`;
    // OFFSET keeps the conditions inside, where they choose what is aggregated.
    const found = select({ items: [`j${i}.*`], from: [subquery(text, `j${i}`)], where: on, tail: ['OFFSET 0'] });
    return `${kind} LATERAL ${subquery(found, `j${i}`)} ON TRUE`;
  });
  const from = [`${quoteName(view.request.name)} AS r`, ...joins];
  const flat = new FlatLeaves(env, 'q');
  const items = outputItems(view.outputs, flat.env, context);
  const where = view.where === null ? [] : [printExpr(view.where, context.dialect, flat.env)];
  if (!flat.lets.isEmpty) {
    const leaves = select({ items: flat.items(), from });
    return select({ items, from: [flat.lets.over(subquery(leaves, 'q'), context.dialect)], where });
  }
  return select({
    items: outputItems(view.outputs, env, context),
    from,
    where: view.where === null ? [] : [printExpr(view.where, context.dialect, env)],
  });
}

/** Leaves of a request view over its relation `r` and the joined ones, `j0` …, with columns named like the views' outputs. */
function requestEnv(view: RequestViewPlan, t: string, context: SqlContext): PrintEnv {
  return {
    functions: context.functions,
    lets: null,
    leaf: (expr) => {
      switch (expr.kind) {
        case 'request':
          return sourceColumn(view.request, expr.column, context.dialect, 'r');
        case 'feature': {
          const output = view.joins[expr.join]!.view.outputs[expr.ordinal]!;
          return physicalColumn(`j${expr.join}.${quoteName(output.name)}`, output.type, context.dialect);
        }
        case 'now':
          return t;
        default:
          throw new Error(`a request view's expression holds a ${expr.kind}`);
      }
    },
  };
}

interface SelectParts {
  readonly items: readonly string[];
  readonly from: readonly string[];
  readonly where?: readonly string[];
  readonly tail?: readonly string[];
}

/** Lays a SELECT out. Lines are never re-indented afterwards: a text constant may hold line ends. */
export function select(parts: SelectParts): string {
  const lines = ['SELECT', parts.items.map((item) => `  ${item}`).join(',\n'), `FROM ${parts.from.join('\n')}`];
  const where = parts.where ?? [];
  if (where.length > 0) lines.push(`WHERE ${where.join('\n  AND ')}`);
  lines.push(...(parts.tail ?? []));
  return lines.join('\n');
}

export function subquery(text: string, alias: string): string {
  return `(\n${text}\n) AS ${alias}`;
}
