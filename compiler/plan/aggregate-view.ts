import { BOOLEAN } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition, bindValue } from '../bind/expr.ts';
import { findExpr, hasNow, isNow } from '../bind/walk.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import { bareArrayAgg, bindAggregateCall, bindLatest, isUnboundedOverHistory, reportUnbounded } from './aggregates.ts';
import { eventContext, type Place } from './contexts.ts';
import { bindEntity, checkKeysSelected, type Entity } from './entity.ts';
import { checkWindows } from './frames.ts';
import { splitWindow } from './instant-window.ts';
import { eventOrderText } from './naming.ts';
import { bindOutputs } from './outputs.ts';
import type { AggregateCall, InstantWindow, PlanExpr, SourcePlan } from './plan.ts';
import type { ResolvedSelect } from './relation.ts';
import { SlotList } from './slots.ts';
import type { ViewDraft, ViewInput } from './view-input.ts';
import { suggestingFilter } from './windowed-case.ts';

/**
 * Shape A. `assumed`: nobody wrote the GROUP BY, so that its own rules are not told, and columns that it would make wrong neither.
 */
export function planAggregateView(
  select: ResolvedSelect,
  input: ViewInput,
  grouping: 'written' | 'assumed' = 'written',
): ViewDraft {
  const { faults } = input;
  const { source } = select.relation;
  checkWindows(select, source, faults);
  const where = bindWhere(select.where, source, input);
  const groups = select.groupBy.filter((expr) => isGroupable(expr, input));
  const entity = bindEntity(groups, source, where.conjuncts, input, grouping === 'written');
  const slots = new SlotList();
  const context = entityContext(source, entity, slots, where.window, input);
  const outputs = bindOutputs(select.items, select.visible, (item) => bindValue(item.expr, context), faults);
  if (faults.errors === 0) checkKeysSelected(entity, outputs, 'FSC3203', input);
  const having = select.having === null ? null : bindCondition(select.having, context, 'HAVING takes a condition');
  return {
    kind: 'aggregate',
    source: source.spec,
    entity: entity.exprs,
    where: conjunction(where.conjuncts),
    whereWindow: where.window,
    slots: slots.slots,
    having,
    outputs,
  };
}

export interface BoundWhere {
  readonly window: InstantWindow;
  readonly conjuncts: readonly PlanExpr[];
}

export function bindWhere(where: readonly Expr[], source: SourcePlan, input: ViewInput): BoundWhere {
  const context = eventContext(source, input.faults, 'where');
  const { window, rest } = splitWindow(where, source.spec, context);
  const bound = rest.map((expr) => bindCondition(expr, context, 'WHERE takes conditions'));
  return { window, conjuncts: bound.filter((expr) => expr !== null) };
}

export function conjunction(conjuncts: readonly PlanExpr[]): PlanExpr | null {
  const [first] = conjuncts;
  if (first === undefined) return null;
  if (conjuncts.length === 1) return first;
  return { kind: 'and', type: BOOLEAN, args: conjuncts, span: first.span };
}

function isGroupable(expr: Expr, input: ViewInput): boolean {
  const now = hasNow(expr) ? findExpr(expr, isNow) : null;
  if (now === null) return true;
  input.faults.error('FSC3214', now.span, 'now() in GROUP BY', {
    label: 'moves every entity at every instant',
    help: 'group by columns of the event, such as its own time',
  });
  return false;
}

/** Stage 3: group expressions, aggregates and now(). */
function entityContext(
  source: SourcePlan,
  entity: Entity,
  slots: SlotList,
  whereWindow: InstantWindow,
  input: ViewInput,
): BindContext {
  const { faults } = input;
  const inside = eventContext(source, faults, 'argument');
  const keep = (call: AggregateCall | null, node: CallExpr): PlanExpr | null => {
    const filter = bindFilter(node, source, input, 'filter');
    if (call === null) return null;
    const bounded = filter.window.lower.length > 0 || whereWindow.lower.length > 0;
    if (!bounded && isUnboundedOverHistory(call) && input.tags.one('allow_unbounded_state') === null) {
      reportUnbounded(call, node, source.spec, faults);
    }
    const slot = { kind: 'aggregate', call, filter: filter.rest, window: filter.window, type: call.type } as const;
    return slots.add(slot, call.span);
  };
  return {
    faults,
    column: (node) => {
      if (faults.poisoned.has(node)) return null;
      return ungrouped(node, source, input);
    },
    now: (node) => ({ kind: 'now', type: { kind: 'timestamp' }, span: node.span }),
    ...eventOrders(source),
    aggregate(node) {
      if (node.kind === 'subscript') {
        const latest = bindLatest(node, source.spec, inside);
        return latest === null ? null : keep(latest.call, latest.node);
      }
      if (node.name === 'array_agg') return bareArrayAgg(node, source.spec, faults);
      return keep(bindAggregateCall(node, suggestingFilter(node, source.spec, inside)), node);
    },
    over: (node) =>
      faults.error('FSC3413', node.over?.span ?? node.span, 'a window function in a view with GROUP BY', {
        label: 'computed for each event, which GROUP BY folds',
        help: 'use one view for the aggregates and one for the rows',
      }),
    whole: (node) => entity.find(node),
  };
}

/** None for a source without a key: its events of one instant are in no order. */
function eventOrders({ spec }: SourcePlan): Pick<BindContext, 'eventOrder'> {
  if (spec.keyColumns.length === 0) return {};
  return { eventOrder: { asc: eventOrderText(spec, 'asc'), desc: eventOrderText(spec, 'desc') } };
}

function ungrouped(node: Extract<Expr, { kind: 'column' }>, source: SourcePlan, input: ViewInput): null {
  // What the sets would group by is not known, and they are refused already.
  if (input.ast.query.body.groupingSets !== null) return null;
  const written = textOf(input.file, node.span);
  const latest = `(array_agg(${written} ORDER BY ${eventOrderText(source.spec, 'desc')}))[1]`;
  return input.faults.error('FSC3207', node.span, `\`${written}\` is neither grouped nor aggregated`, {
    label: 'of which event?',
    help: `aggregate it, such as \`max(${written})\` or \`${latest}\` for the latest, or add it to GROUP BY`,
  });
}

interface BoundFilter {
  readonly window: InstantWindow;
  readonly rest: PlanExpr | null;
}

function bindFilter(node: CallExpr, source: SourcePlan, input: ViewInput, place: Place): BoundFilter {
  const context = eventContext(source, input.faults, place);
  const split = splitWindow(node.filter === null ? [] : [node.filter], source.spec, context);
  const bound = split.rest.map((expr) => bindCondition(expr, context, 'FILTER takes conditions'));
  return { window: split.window, rest: conjunction(bound.filter((expr) => expr !== null)) };
}
