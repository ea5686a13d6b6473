import { someExpr } from '../bind/walk.ts';
import type { Select } from '../parse/ast.ts';
import { planAggregateView } from './aggregate-view.ts';
import { collectCtes, isFolding, type Relation, type RelationScope, resolveFrom, resolveSelect } from './relation.ts';
import { planRequestView } from './request-view.ts';
import { planRowsView } from './rows-view.ts';
import type { ViewDraft, ViewInput } from './view-input.ts';

/** Tells the shape of a view and plans it; null where nothing could be planned. Faults are told on the way. */
export function planView(input: ViewInput): ViewDraft | null {
  const { query } = input.ast;
  const { faults } = input;
  refuseTop(input);
  const select = query.body;
  if (select.from === null) return faults.error('FSC4006', query.span, 'the view reads nothing');
  const ctes = collectCtes(query, new Map(), faults);
  const scope: RelationScope = { sources: input.sources, viewNames: input.viewNames, faults, ctes };
  const relation = resolveFrom(select.from, scope);
  if (relation === null) return null;
  if (relation.source.spec.kind === 'request') return planRequestView(select, relation, input);
  if (select.joins.length > 0) {
    for (const join of select.joins) faults.error('FSC4002', join.span, 'a join in a view over a log');
    return null;
  }
  return planLogView(select, relation, input);
}

function planLogView(select: Select, relation: Relation, input: ViewInput): ViewDraft | null {
  const { faults } = input;
  const errorsBefore = faults.errors;
  const hasOver = select.items.some((item) =>
    someExpr(item.expr, (node) => node.kind === 'call' && node.over !== null),
  );
  if (select.groupBy.length > 0) {
    const star = select.items.find((item) => item.expr.kind === 'star');
    if (star !== undefined) return faults.error('FSC4013', star.span, 'SELECT * with GROUP BY');
    refuseEntityTag(input);
    return planAggregateView(resolveSelect(select, relation, faults), input);
  }
  if (select.having !== null) faults.error('FSC3216', select.having.span, 'HAVING without GROUP BY');
  const aggregate = select.items.find((item) => someExpr(item.expr, isFolding));
  if (!hasOver && aggregate !== undefined) {
    return faults.error('FSC3201', aggregate.expr.span, 'an aggregate without GROUP BY');
  }
  if (faults.errors > errorsBefore) return null;
  return planRowsView(resolveSelect(select, relation, faults), input);
}

function refuseEntityTag(input: ViewInput): void {
  const tag = input.tags.one('entity');
  if (tag !== null) {
    input.faults.error('FSC3420', tag.nameSpan, '`@entity` in a view with GROUP BY', {
      help: 'remove the tag: the entity is what GROUP BY names',
    });
  }
}

/** What a view may not have at its top, all told at once. */
function refuseTop(input: ViewInput): void {
  const { query } = input.ast;
  const { faults } = input;
  const select = query.body;
  for (const branch of query.setOps)
    faults.error('FSC4001', branch.span, `${branch.op.toUpperCase()} at the top of a view`);
  if (select.distinct !== null) faults.error('FSC4005', select.distinct.span, 'DISTINCT at the top of a view');
  const [first] = select.orderBy;
  const last = select.orderBy.at(-1);
  if (first !== undefined && last !== undefined) {
    faults.error('FSC4003', { start: first.span.start, end: last.span.end }, 'ORDER BY at the top of a view');
  }
  if (select.limit !== null) faults.error('FSC4004', select.limit, 'LIMIT at the top of a view');
  if (select.offset !== null) faults.error('FSC4004', select.offset, 'OFFSET at the top of a view');
  if (select.groupingSets !== null) faults.error('FSC3215', select.groupingSets, 'GROUP BY with grouping sets');
}
