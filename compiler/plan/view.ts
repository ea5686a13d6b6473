import { findExpr, someExpr } from '../bind/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { inserting, removing, textOf } from '../diagnostics/edits.ts';
import type { Expr, Join, Select } from '../parse/ast.ts';
import { planAggregateView } from './aggregate-view.ts';
import { eventOrderText } from './naming.ts';
import {
  checkCtes,
  collectCtes,
  isFolding,
  type Relation,
  type RelationScope,
  resolveFrom,
  resolveSelect,
} from './relation.ts';
import { planRequestView } from './request-view.ts';
import { planRowsView } from './rows-view.ts';
import type { ViewDraft, ViewInput } from './view-input.ts';

/** Tells the shape of a view and plans it; null where nothing could be planned. Faults are told on the way. */
export function planView(input: ViewInput): ViewDraft | null {
  const { query } = input.ast;
  const { faults } = input;
  refuseTop(input);
  const select = query.body;
  if (select.from === null) {
    return faults.error('FSC4006', select.span, 'the view reads nothing', { label: 'no FROM' });
  }
  const ctes = collectCtes(query, new Map(), faults);
  const scope: RelationScope = { sources: input.sources, viewNames: input.viewNames, faults, ctes, inlined: new Map() };
  checkCtes(query, scope);
  const relation = resolveFrom(select.from, scope);
  if (relation === null) return null;
  refuseDistinct(select, relation, input);
  if (relation.source.spec.kind === 'request') return planRequestView(select, relation, input);
  if (select.joins.length > 0) {
    for (const join of select.joins) refuseJoin(join, relation, input);
    return null;
  }
  return planLogView(select, relation, input);
}

function refuseJoin(join: Join, relation: Relation, input: ViewInput): void {
  const { faults } = input;
  const log = `\`${relation.source.spec.name}\``;
  if (join.item.kind === 'subquery' && join.item.lateral) {
    faults.error('FSC4012', join.typeSpan, `${log} is joined with the rows of a LATERAL subquery`);
  } else if (join.item.kind === 'table' && input.viewNames.has(join.item.name.name)) {
    faults.error('FSC4002', join.typeSpan, `events of ${log} are joined with the view \`${join.item.name.name}\``);
  } else if (join.item.kind === 'table' && input.sources.get(join.item.name.name)?.spec.kind === 'request') {
    faults.error('FSC4002', join.typeSpan, `events of ${log} are joined with the request \`${join.item.name.name}\``, {
      cause: 'a request comes with a lookup, long after the events',
      help: `read the request first: FROM ${join.item.name.name} r LEFT JOIN a view over ${log} on its key`,
    });
  } else faults.error('FSC4002', join.typeSpan, `events of ${log} are joined with another relation`);
}

function planLogView(select: Select, relation: Relation, input: ViewInput): ViewDraft | null {
  const { faults } = input;
  const hasOver = select.items.some((item) =>
    someExpr(item.expr, (node) => node.kind === 'call' && node.over !== null),
  );
  if (select.groupBy.length > 0) {
    const star = select.items.find((item) => item.expr.kind === 'star');
    if (star !== undefined) {
      const names = select.groupBy.map((expr) => textOf(input.file, expr.span)).join(', ');
      return faults.error('FSC4013', star.span, 'SELECT * with GROUP BY', { help: `select ${names} and aggregates` });
    }
    refuseEntityTag(input);
    const resolved = resolveSelect({ ...select, groupBy: grouped(select, input) }, relation, faults);
    return planAggregateView(resolved, input);
  }
  if (select.having !== null) {
    faults.error('FSC3216', select.having.span, 'HAVING without GROUP BY', { label: 'no entity has this row' });
  }
  const aggregate = hasOver ? null : firstAggregate(select);
  if (aggregate !== null) return planUngrouped(select, aggregate, relation, input);
  return planRowsView(resolveSelect(select, relation, faults), input);
}

function firstAggregate(select: Select): Expr | null {
  for (const item of select.items) {
    const found = findExpr(item.expr, isFolding);
    if (found !== null) return found;
  }
  return null;
}

/** The selected columns are what was most likely meant, so the rest is checked as if they were grouped. */
function planUngrouped(select: Select, aggregate: Expr, relation: Relation, input: ViewInput): null {
  const { faults } = input;
  const plain = select.items.map((item) => item.expr).filter((expr) => expr.kind === 'column');
  const entity = plain.map((expr) => textOf(input.file, expr.span)).join(', ');
  if (select.groupingSets === null) {
    const at = (select.having ?? select.where ?? select.from ?? select).span.end;
    const edits = select.having === null ? inserting(at, ` GROUP BY ${entity}`) : [];
    faults.error('FSC3201', aggregate.span, 'an aggregate without GROUP BY', {
      label: 'folds the events of one entity',
      ...(plain.length === 0
        ? { help: 'select the entity’s column and add GROUP BY with it' }
        : { help: `add GROUP BY ${entity}`, edits }),
    });
  }
  if (plain.length > 0 && !select.items.some((item) => item.expr.kind === 'star')) {
    planAggregateView(resolveSelect({ ...select, groupBy: plain }, relation, faults), input, 'assumed');
  }
  return null;
}

/** A position or constant is told, and stands for the item that it counts to. */
function grouped(select: Select, input: ViewInput): readonly Expr[] {
  return select.groupBy.flatMap((expr) => {
    if (!['number', 'string', 'boolean', 'null'].includes(expr.kind)) return [expr];
    const shown = textOf(input.file, expr.span);
    const item =
      expr.kind === 'number' && /^\d{1,4}$/.test(expr.text) ? select.items[Number(expr.text) - 1] : undefined;
    if (item === undefined || item.expr.kind === 'star') {
      input.faults.error('FSC3202', expr.span, `GROUP BY ${shown} is no expression over the source`);
      return [];
    }
    const newText = textOf(input.file, item.expr.span);
    input.faults.error('FSC3202', expr.span, `GROUP BY ${shown} is a position`, {
      label: `counts to \`${newText}\``,
      help: `write \`${newText}\``,
      edits: [{ span: expr.span, newText }],
    });
    return [item.expr];
  });
}

function refuseEntityTag(input: ViewInput): void {
  const tag = input.tags.one('entity');
  if (tag !== null) {
    input.faults.error('FSC3420', tag.span, '`@entity` in a view with GROUP BY', {
      label: 'the entity is what GROUP BY names',
      help: 'remove the tag',
    });
  }
}

/** What a view may not have at its top, all told at once. */
function refuseTop(input: ViewInput): void {
  const { query } = input.ast;
  const { faults } = input;
  const select = query.body;
  for (const branch of query.setOps) {
    faults.error('FSC4001', branch.span, `${branch.op.toUpperCase()} at the top of a view`, {
      label: 'another query follows',
    });
  }
  const refuse = (code: 'FSC4003' | 'FSC4004', span: Span | null, word: string): void => {
    if (span === null) return;
    faults.error(code, span, `${word} at the top of a view`, { edits: removing(input.file, span) });
  };
  refuse('FSC4003', select.orderBySpan, 'ORDER BY');
  refuse('FSC4004', select.limit, 'LIMIT');
  refuse('FSC4004', select.offset, 'OFFSET');
  if (select.groupingSets !== null) {
    const isAll = /^all$/i.test(textOf(input.file, select.groupingSets));
    if (isAll)
      faults.error('FSC3215', select.groupingSets, 'GROUP BY ALL', {
        label: 'of which columns?',
        cause: 'DuckDB groups by whatever is no aggregate; Postgres up to 18 knows no such thing',
        help: 'name the entity’s columns: `GROUP BY a, b`',
      });
    else
      faults.error('FSC3215', select.groupingSets, 'GROUP BY with grouping sets', {
        label: 'several keys for one row',
      });
  }
}

function refuseDistinct(select: Select, relation: Relation, input: ViewInput): void {
  if (select.distinct === null) return;
  const { span, on } = select.distinct;
  const source = relation.source.spec;
  const latest = `(array_agg(x ORDER BY ${eventOrderText(source, 'desc')}))[1]`;
  input.faults.error('FSC4005', span, `${on ? 'DISTINCT ON' : 'DISTINCT'} at the top of a view`, {
    ...(on && source.kind === 'log'
      ? { help: `write \`${latest}\` for the latest value of a column, with GROUP BY` }
      : { help: 'remove DISTINCT', edits: removing(input.file, span) }),
  });
}
