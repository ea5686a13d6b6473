/** Why a value on which a decision is taken is inexact, and what makes it exact. */
import { isFloat } from '../bind/coerce.ts';
import { aggregateNamed } from '../bind/registry.ts';
import { planChildren, somePlan } from '../bind/walk.ts';
import type { FaultParts } from '../catalog/faults.ts';
import type { SourceText, Span } from '../diagnostics/diagnostic.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { PlanExpr, Slot } from '../plan/plan.ts';
import type { ViewDraft } from '../plan/view-input.ts';
import { type Agreement, ROUNDING, slotExprs } from './agreement.ts';

export function decisionParts(
  decision: PlanExpr,
  agreement: Agreement,
  draft: ViewDraft,
  file: SourceText,
): FaultParts {
  const nullif = guardOfDivision(decision, file);
  if (nullif !== null) return nullif;
  if (decision.kind === 'call' && ROUNDING.has(decision.fn)) {
    return {
      help: 'leave the number unrounded: it is equal within the tolerance then, and rounded it can be a step apart',
    };
  }
  const origin = originOf(decision, agreement, draft);
  return origin === null ? {} : { help: helpOf(origin) };
}

/** `x / nullif(y, 0)`, as it is written where division by zero raises. */
function guardOfDivision(decision: PlanExpr, file: SourceText): FaultParts | null {
  if (decision.kind !== 'call' || decision.args.length !== 2) return null;
  const { span } = decision;
  const [divisor, zero] = decision.args.map(uncast);
  const isZero = zero?.kind === 'const' && Number(zero.value) === 0;
  if (divisor === undefined || !isZero || !/^nullif\s*\(/i.test(textOf(file, span))) return null;
  if (!/\/\s*$/.test(file.text.slice(0, span.start))) return null;
  const written = textOf(file, divisor.span);
  return {
    help: 'division by zero is NULL here: leave `nullif` out',
    edits: within(divisor.span, span) ? [{ span, newText: divisor.kind === 'slot' ? written : `(${written})` }] : [],
  };
}

/** A literal takes the type of the other side by a cast. */
function uncast(expr: PlanExpr): PlanExpr {
  const [inner] = expr.kind === 'call' && expr.fn === 'cast' ? expr.args : [];
  return inner ?? expr;
}

function within(inner: Span, outer: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

interface Origin {
  readonly kind: 'column' | 'function' | 'feature';
  readonly name: string;
}

function helpOf({ kind, name }: Origin): string {
  if (kind === 'column') return `declare \`${name}\` decimal: it is folded exactly then`;
  if (kind === 'feature') return 'decide in the view that is joined, on sums and counts of it';
  if (name === 'avg') return 'compare the exact sum and count: `sum(x) > 100 * count(x)` in place of `avg(x) > 100`';
  if (name === 'divide') return 'multiply in place of dividing: `a > 100 * b` in place of `a / b > 100`';
  return `\`${name}\` is inexact of every column: decide on sums, counts and extremes, which are exact of decimals and integers`;
}

/** The first inexact part: of a function that is so whatever it takes, or of a column that is a double. */
function originOf(expr: PlanExpr, agreement: Agreement, draft: ViewDraft): Origin | null {
  for (const child of planChildren(expr)) {
    const inner = originOf(child, agreement, draft);
    if (inner !== null) return inner;
  }
  if (!agreement.isInexact(expr)) return null;
  if (expr.kind === 'feature') return { kind: 'feature', name: '' };
  if (expr.kind === 'call') return { kind: 'function', name: expr.fn };
  const slot = expr.kind === 'slot' && draft.kind !== 'request' ? draft.slots[expr.slot] : undefined;
  return slot === undefined ? null : originOfSlot(slot, agreement, draft);
}

function originOfSlot(slot: Slot, agreement: Agreement, draft: ViewDraft): Origin | null {
  for (const expr of slotExprs(slot)) {
    const inner = originOf(expr, agreement, draft);
    if (inner !== null) return inner;
  }
  if (slot.kind !== 'aggregate' && slot.kind !== 'frame') return null;
  const { fn, arg, distinct } = slot.call;
  const ofDecimal = aggregateNamed(fn)?.resolve([{ kind: 'decimal', precision: 12, scale: 2 }], distinct);
  const column = arg === null ? null : floatColumn(arg);
  const isExactOfDecimal = ofDecimal?.ok === true && ofDecimal.agreement === 'exact';
  return isExactOfDecimal && column !== null ? { kind: 'column', name: column } : { kind: 'function', name: fn };
}

function floatColumn(expr: PlanExpr): string | null {
  let name: string | null = null;
  somePlan(expr, (node) => {
    if (node.kind === 'column' && isFloat(node.type)) name = node.name;
    return name !== null;
  });
  return name;
}
