import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { BindContext } from '../bind/context.ts';
import { bindValue } from '../bind/expr.ts';
import { findPlan, mapChildren, sameSyntax, someExpr, somePlan } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { nearest } from '../catalog/suggest.ts';
import { valueSpan } from '../catalog/tags.ts';
import { inserting } from '../diagnostics/edits.ts';
import type { Expr, Select } from '../parse/ast.ts';
import { bindWhere, conjunction } from './aggregate-view.ts';
import { keylessHelp } from './aggregates.ts';
import { sourceColumn } from './contexts.ts';
import { bindEntity, checkKeysSelected, type Entity } from './entity.ts';
import { checkWindows, type OverWindow, resolveOver } from './frames.ts';
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
  checkWindows(select, source, faults);
  const where = bindWhere(select.where, source, input);
  const windows = new Map<Expr, OverWindow | null>();
  const partition = findPartition(select, windows, input) ?? taggedEntity(select, input);
  // Without an entity the rest is checked all the same.
  const entity = bindEntity(partition ?? [], source, where.conjuncts, input);
  const slots = new SlotList();
  const context = rowContext(source, entity, slots, windows, input);
  const bind = (node: Expr): PlanExpr | null => {
    const bound = bindValue(node, context);
    if (bound === null || tellsTiesApart(bound, source.spec, faults)) return null;
    return liftRowValues(bound, slots);
  };
  const outputs = bindOutputs(select.items, select.visible, (item) => bind(item.expr), faults);
  if (partition === null) return null;
  if (faults.errors === 0) checkKeysSelected(entity, outputs, 'FSC3414', input);
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

/** The PARTITION BY that all windows share; null without windows. Fills `windows`. */
function findPartition(
  select: ResolvedSelect,
  windows: Map<Expr, OverWindow | null>,
  input: ViewInput,
): readonly Expr[] | null {
  let first: OverWindow | null = null;
  let hasOver = false;
  for (const item of select.items) {
    someExpr(item.expr, (node) => {
      if (node.kind !== 'call' || node.over === null) return false;
      hasOver = true;
      const window = resolveOver(node.over, node.name, select, input.faults);
      windows.set(node, window);
      if (window === null) return false;
      if (first === null) first = window;
      else if (!isSamePartition(first.partitionBy, window.partitionBy)) {
        input.faults.error('FSC3401', node.over.span, 'the window has another PARTITION BY', {
          label: 'another entity',
          secondary: [{ span: first.span, text: 'the first window' }],
        });
      }
      return false;
    });
  }
  if (!hasOver) return null;
  const tag = input.tags.one('entity');
  if (tag !== null) {
    input.faults.error('FSC3420', tag.span, '`@entity` beside PARTITION BY', {
      label: 'the entity is what PARTITION BY names',
      help: 'remove the tag',
    });
  }
  return (first as OverWindow | null)?.partitionBy ?? [];
}

/** In any order. */
function isSamePartition(a: readonly Expr[], b: readonly Expr[]): boolean {
  const isIn = (expr: Expr, others: readonly Expr[]): boolean => others.some((other) => sameSyntax(expr, other));
  return a.every((expr) => isIn(expr, b)) && b.every((expr) => isIn(expr, a));
}

/** `-- @entity user_id, plan`: outputs that are plain columns. */
function taggedEntity(select: ResolvedSelect, input: ViewInput): readonly Expr[] | null {
  const tag = input.tags.one('entity');
  const { faults } = input;
  if (tag === null) return noEntity(select, input);
  const words = [...tag.value.matchAll(/[^\s,]+/g)];
  if (words.length === 0) return faults.error('FSC3420', valueSpan(tag), '`@entity` names no column');
  const found = words.map((word) => {
    const [name] = word;
    const item = select.items.find((candidate) => outputName(candidate) === name);
    if (item !== undefined) return item.expr;
    const start = tag.valueSpan.start + word.index;
    const span = { start, end: start + name.length };
    const all = select.items.flatMap((candidate) => outputName(candidate) ?? []);
    return faults.error('FSC3420', span, `\`${name}\` is not selected`, { ...nearest(name, span, all, 'column') });
  });
  return found.some((expr) => expr === null) ? null : found.filter((expr) => expr !== null);
}

const ENTITY_TYPES = new Set<string>(['text', 'bigint', 'integer', 'smallint']);

/** The output that an entity is most likely known by: no key, which has one event each, and no time or measure where there is another. */
function likelyEntity(select: ResolvedSelect): string | null {
  const { spec } = select.relation.source;
  const own = select.items.flatMap((item) => {
    const name = outputName(item);
    const index = item.expr.kind === 'column' ? spec.columns.findIndex(isNamed(item.expr.name.name)) : -1;
    const column = spec.columns[index];
    if (name === null || column === undefined) return [];
    return [{ name, column, isEvent: index === spec.eventTimeColumn || spec.keyColumns.includes(index) }];
  });
  const others = own.filter(({ isEvent }) => !isEvent);
  const fitting = others.filter(({ column }) => ENTITY_TYPES.has(column.type.kind));
  const found = fitting.find(({ column }) => !column.nullable) ?? fitting[0] ?? others[0] ?? own[0];
  return found?.name ?? null;
}

function isNamed(name: string): (column: { readonly name: string }) => boolean {
  return (column) => column.name === name;
}

/** Told at the word SELECT: what is missing stands nowhere. */
function noEntity(select: ResolvedSelect, input: ViewInput): null {
  const body: Select = input.ast.query.body;
  const name = likelyEntity(select);
  const span = { start: body.span.start, end: Math.min(body.span.end, body.span.start + 'SELECT'.length) };
  return input.faults.error('FSC3419', span, 'the view has no entity', {
    label: 'no GROUP BY, no PARTITION BY, no `-- @entity`',
    help:
      name === null
        ? 'name the entity’s column at the top of the file: `-- @entity COLUMN`; or fold its events with GROUP BY'
        : `name the entity’s column at the top of the file, such as \`-- @entity ${name}\`; or fold its events with GROUP BY`,
    edits: name === null ? [] : inserting(0, `-- @entity ${name}\n`),
    applicability: 'placeholder',
  });
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
    aggregate: (node) =>
      faults.error('FSC3201', node.span, 'an aggregate without GROUP BY or OVER', {
        label: 'folds events, in a view of rows',
        help: 'give it a window: `OVER (PARTITION BY entity ORDER BY event_time)`',
      }),
    over(node) {
      const window = windows.get(node);
      if (window === undefined) {
        return faults.error('FSC3413', node.over?.span ?? node.span, 'a window function inside a window function');
      }
      const slot = window === null ? null : bindOverCall(node, window, source, input);
      if (slot?.type.kind === 'interval') {
        return faults.error('FSC3108', node.args[0]?.span ?? node.span, `\`${node.name}\` of an interval`, {
          label: 'no state keeps one',
          help: `take it of a number of seconds: \`${node.name}(extract(epoch FROM x) …)\``,
        });
      }
      return slot === null ? null : slots.add(slot, node.span);
    },
    whole: (node) => entity.find(node),
  };
}

/** Events of one instant have its time, its entity and its peers' frames alike; without a key nothing says which of them is the latest. */
function tellsTiesApart(expr: PlanExpr, source: SourceSpec, faults: Faults): boolean {
  if (source.keyColumns.length > 0) return false;
  const own = findPlan(expr, (node) => node.kind === 'column' && node.column !== source.eventTimeColumn);
  if (own === null) return false;
  faults.error('FSC3405', own.span, 'no order decides which event is the latest', {
    label: 'of one event',
    help: keylessHelp(source),
  });
  return true;
}

const LOOKUP_LEAVES = new Set<PlanExpr['kind']>(['slot', 'key', 'now']);

/** Turns the largest parts that read only the row into slots, so that the rest is stage 3. */
function liftRowValues(expr: PlanExpr, slots: SlotList): PlanExpr {
  if (!somePlan(expr, (node) => node.kind === 'column')) return expr;
  // An interval is in no slot, but what it is made of is.
  if (expr.type.kind !== 'interval' && !somePlan(expr, (node) => LOOKUP_LEAVES.has(node.kind))) {
    return slots.add({ kind: 'rowValue', expr, type: expr.type }, expr.span);
  }
  return mapChildren(expr, (child) => liftRowValues(child, slots));
}
