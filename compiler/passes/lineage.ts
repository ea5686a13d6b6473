import { planChildren } from '../bind/walk.ts';
import type { PlanExpr, Slot } from '../plan/plan.ts';
import type { ViewDraft } from '../plan/view-input.ts';
import { slotExprs } from './agreement.ts';

/** `source.column` that an output's value depends on, sorted; what decides which events count is among them. */
export function lineageOf(expr: PlanExpr, draft: ViewDraft): readonly string[] {
  const found = new Set<string>();
  visit(expr, draft, found);
  return [...found].sort();
}

function visit(expr: PlanExpr, draft: ViewDraft, found: Set<string>): void {
  for (const child of planChildren(expr)) visit(child, draft, found);
  if (draft.kind === 'request') visitRequestLeaf(expr, draft, found);
  else visitLeaf(expr, draft, found);
}

type LogDraft = Exclude<ViewDraft, { kind: 'request' }>;

function visitLeaf(expr: PlanExpr, draft: LogDraft, found: Set<string>): void {
  if (expr.kind === 'column') found.add(`${draft.source.name}.${expr.name}`);
  const key = expr.kind === 'key' ? draft.entity[expr.key] : undefined;
  if (key !== undefined) visit(key, draft, found);
  const slot = expr.kind === 'slot' ? draft.slots[expr.slot] : undefined;
  if (slot !== undefined) visitSlot(slot, draft, found);
}

function visitSlot(slot: Slot, draft: LogDraft, found: Set<string>): void {
  for (const expr of slotExprs(slot)) visit(expr, draft, found);
  if (draft.where !== null) visit(draft.where, draft, found);
  const windows = [draft.whereWindow, ...(slot.kind === 'aggregate' ? [slot.window] : [])];
  const isTimed = slot.kind !== 'aggregate' || windows.some((window) => window.lower.length + window.upper.length > 0);
  const time = draft.source.columns[draft.source.eventTimeColumn];
  if (isTimed && time !== undefined) found.add(`${draft.source.name}.${time.name}`);
}

function visitRequestLeaf(expr: PlanExpr, draft: Extract<ViewDraft, { kind: 'request' }>, found: Set<string>): void {
  if (expr.kind === 'request') found.add(`${draft.request.name}.${expr.name}`);
  if (expr.kind !== 'feature') return;
  const join = draft.joins[expr.join];
  const output = join?.view.outputs[expr.ordinal];
  if (join === undefined || output === undefined) return;
  for (const key of join.keys) visit(key, draft, found);
  for (const column of lineageOf(output.expr, join.view)) found.add(column);
}
