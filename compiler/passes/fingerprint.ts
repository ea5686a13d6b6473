import { createHash } from 'node:crypto';
import { canonicalExpr } from '../bind/canonical.ts';
import { aggregateNamed } from '../bind/registry.ts';
import { sourceText } from '../bind/source.ts';
import { planChildren } from '../bind/walk.ts';
import { windowKey } from '../plan/instant-window.ts';
import type { PlanExpr, Slot, SourcePlan } from '../plan/plan.ts';
import { slotKey } from '../plan/slots.ts';
import type { ViewDraft } from '../plan/view-input.ts';
import { allExprs } from './agreement.ts';

/**
 * Hash over the meaning of a view: its bound tree with canonical names, the columns that it reads, what decides verdicts in its source,
 * semantics numbers of its functions, and the fingerprints of the views under it. Layout, comments and unread columns are not in it.
 */
export function fingerprintOf(draft: ViewDraft, sources: ReadonlyMap<string, SourcePlan>): string {
  const lines = draft.kind === 'request' ? requestLines(draft) : logLines(draft);
  const outputs = draft.outputs.map((output) => `output ${output.name} ${canonicalExpr(output.expr)}`);
  const text = [draft.kind, sourceLines(draft, sources), ...lines, ...outputs].join('\n');
  return `fp1:${createHash('sha256').update(text).digest('hex')}`;
}

function sourceLines(draft: ViewDraft, sources: ReadonlyMap<string, SourcePlan>): string {
  const spec = draft.kind === 'request' ? draft.request : draft.source;
  const plan = sources.get(spec.name);
  if (plan === undefined) return spec.name;
  const read = new Set<number>();
  for (const expr of allExprs(draft)) collectColumns(expr, read);
  return sourceText(plan.spec, plan.checks, plan.only, read);
}

function collectColumns(expr: PlanExpr, read: Set<number>): void {
  if (expr.kind === 'column' || expr.kind === 'request') read.add(expr.column);
  for (const child of planChildren(expr)) collectColumns(child, read);
}

function logLines(draft: Exclude<ViewDraft, { kind: 'request' }>): readonly string[] {
  const lines = [
    ...draft.entity.map((expr) => `entity ${canonicalExpr(expr)}`),
    `where ${draft.where === null ? '' : canonicalExpr(draft.where)} ${windowKey(draft.whereWindow)}`,
    ...draft.slots.map((slot) => `slot ${slotKey(slot)} @${slotSemantics(slot)}`),
  ];
  if (draft.kind === 'aggregate' && draft.having !== null) lines.push(`having ${canonicalExpr(draft.having)}`);
  return lines;
}

function slotSemantics(slot: Slot): number {
  return slot.kind === 'aggregate' || slot.kind === 'frame' ? (aggregateNamed(slot.call.fn)?.semantics ?? 0) : 1;
}

function requestLines(draft: Extract<ViewDraft, { kind: 'request' }>): readonly string[] {
  return [
    ...draft.joins.map((join) => {
      const keys = join.keys.map(canonicalExpr).join();
      return `join ${join.inner ? 'inner' : 'left'} ${join.view.spec.name} ${join.view.spec.fingerprint} ${keys}`;
    }),
    `where ${draft.where === null ? '' : canonicalExpr(draft.where)}`,
  ];
}
