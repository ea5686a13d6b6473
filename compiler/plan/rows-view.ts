import type { BindContext } from '../bind/context.ts';
import { bindValue } from '../bind/expr.ts';
import { mapChildren, someExpr, somePlan, syntaxKey } from '../bind/walk.ts';
import { didYouMean } from '../catalog/suggest.ts';
import { valueSpan } from '../catalog/tags.ts';
import type { Expr } from '../parse/ast.ts';
import { bindWhere, conjunction } from './aggregate-view.ts';
import { sourceColumn } from './contexts.ts';
import { bindEntity, checkKeysSelected, type Entity } from './entity.ts';
import { type OverWindow, resolveOver } from './frames.ts';
import { bindOutputs } from './outputs.ts';
import { bindOverCall } from './over-calls.ts';
import type { PlanExpr, SourcePlan } from './plan.ts';
import { outputName, type ResolvedSelect } from './relation.ts';
import { SlotList } from './slots.ts';
import type { ViewDraft, ViewInput } from './view-input.ts';

/** Shape B. */
export function planRowsView(select: ResolvedSelect, input: ViewInput): ViewDraft | null {
  const { faults } = input;
  const { source } = select.relation;
  const where = bindWhere(select.where, source, input);
  const windows = new Map<Expr, OverWindow | null>();
  checkWindowNames(select, input);
  const partition = findPartition(select, windows, input) ?? taggedEntity(select, input);
  if (partition === null) return null;
  const entity = bindEntity(partition, source, where.conjuncts, faults);
  const slots = new SlotList();
  const context = rowContext(source, entity, slots, windows, input);
  const bind = (node: Expr): PlanExpr | null => {
    const bound = bindValue(node, context);
    return bound === null ? null : liftRowValues(bound, slots);
  };
  const outputs = bindOutputs(select.items, source.spec, (item) => bind(item.expr), faults);
  if (faults.errors === 0) checkKeysSelected(entity, outputs, 'FSC3414', faults);
  return {
    kind: 'rows',
    source: source.spec,
    entity: entity.exprs,
    where: conjunction(where.conjuncts),
    whereWindow: where.window,
    slots: slots.slots,
    outputs,
  };
}

function checkWindowNames(select: ResolvedSelect, input: ViewInput): void {
  const seen = new Set<string>();
  for (const { name } of select.windows) {
    if (seen.has(name.name)) input.faults.error('FSC3423', name.span, `window \`${name.name}\` is defined twice`);
    seen.add(name.name);
  }
}

/** The PARTITION BY that all windows share; null without windows. Fills `windows`. */
function findPartition(
  select: ResolvedSelect,
  windows: Map<Expr, OverWindow | null>,
  input: ViewInput,
): readonly Expr[] | null {
  let partition: readonly Expr[] | null = null;
  let hasOver = false;
  for (const item of select.items) {
    someExpr(item.expr, (node) => {
      if (node.kind !== 'call' || node.over === null) return false;
      hasOver = true;
      const window = resolveOver(node.over, select, input.faults);
      windows.set(node, window);
      if (window === null) return false;
      if (partition === null) partition = window.partitionBy;
      else if (partitionKey(partition) !== partitionKey(window.partitionBy)) {
        input.faults.error('FSC3401', node.over.span, 'the window has another PARTITION BY');
      }
      return false;
    });
  }
  if (!hasOver) return null;
  const tag = input.tags.one('entity');
  if (tag !== null) {
    input.faults.error('FSC3420', tag.nameSpan, '`@entity` beside PARTITION BY', { help: 'remove the tag' });
  }
  return partition ?? [];
}

function partitionKey(exprs: readonly Expr[]): string {
  return [...new Set(exprs.map(syntaxKey))].sort().join();
}

/** `-- @entity user_id, plan`: outputs that are plain columns. */
function taggedEntity(select: ResolvedSelect, input: ViewInput): readonly Expr[] | null {
  const tag = input.tags.one('entity');
  const { faults } = input;
  if (tag === null) return faults.error('FSC3419', input.ast.query.span, 'the view has no entity');
  const names = tag.value.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length === 0) return faults.error('FSC3420', valueSpan(tag), '`@entity` names no column');
  const found = names.map((name) => {
    const item = select.items.find((candidate) => outputName(candidate) === name);
    if (item !== undefined) return item.expr;
    const all = select.items.flatMap((candidate) => outputName(candidate) ?? []);
    return faults.error('FSC3420', valueSpan(tag), `\`${name}\` is not selected`, {
      help: didYouMean(name, all, 'column'),
    });
  });
  return found.some((expr) => expr === null) ? null : found.filter((expr) => expr !== null);
}

/** The latest row's columns, its windows, and now(). */
function rowContext(
  source: SourcePlan,
  entity: Entity,
  slots: SlotList,
  windows: ReadonlyMap<Expr, OverWindow | null>,
  input: ViewInput,
): BindContext {
  const { faults } = input;
  return {
    faults,
    column: (node) => sourceColumn(node, source, faults),
    now: (node) => ({ kind: 'now', type: { kind: 'timestamp' }, span: node.span }),
    aggregate: (node) => faults.error('FSC3201', node.span, 'an aggregate without GROUP BY or OVER'),
    over(node) {
      const window = windows.get(node);
      if (window === undefined) return faults.error('FSC3413', node.span, 'a window function is not allowed here');
      const slot = window === null ? null : bindOverCall(node, window, source, input);
      return slot === null ? null : slots.add(slot, node.span);
    },
    whole: (node) => entity.find(node),
  };
}

const LOOKUP_LEAVES = new Set<PlanExpr['kind']>(['slot', 'key', 'now']);

/** Turns the largest parts that read only the row into slots, so that the rest is stage 3. */
function liftRowValues(expr: PlanExpr, slots: SlotList): PlanExpr {
  if (!somePlan(expr, (node) => node.kind === 'column')) return expr;
  if (!somePlan(expr, (node) => LOOKUP_LEAVES.has(node.kind))) {
    return slots.add({ kind: 'rowValue', expr, type: expr.type }, expr.span);
  }
  return mapChildren(expr, (child) => liftRowValues(child, slots));
}
