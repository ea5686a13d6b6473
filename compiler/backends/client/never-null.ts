import type { PlanExpr, Slot, ViewPlan } from '../../plan/plan.ts';

const COUNTS = new Set(['count', 'count_star']);

/** True only where the output can never be NULL, so that its type need not say `| null`. */
export function isNeverNullOutput(view: ViewPlan, ordinal: number): boolean {
  const output = view.outputs[ordinal];
  return output !== undefined && neverNull(output.expr, view);
}

function neverNull(expr: PlanExpr, view: ViewPlan): boolean {
  const never = (child: PlanExpr): boolean => neverNull(child, view);
  switch (expr.kind) {
    case 'const':
      return expr.value !== null;
    case 'key':
    case 'now':
    case 'isNull':
      return true;
    case 'slot':
      return view.kind !== 'request' && slotNeverNull(view.slots[expr.slot]);
    case 'request':
      return view.kind === 'request' && view.request.columns[expr.column]?.nullable === false;
    case 'coalesce':
      return expr.args.some(never);
    case 'and':
    case 'or':
      return expr.args.every(never);
    case 'not':
      return never(expr.arg);
    case 'case':
      return expr.whens.every((branch) => never(branch.then)) && never(expr.otherwise);
    case 'column':
    case 'feature':
    case 'call':
      return false;
  }
}

function slotNeverNull(slot: Slot | undefined): boolean {
  if (slot === undefined) return false;
  if (slot.kind === 'rowNumber') return true;
  return (slot.kind === 'aggregate' || slot.kind === 'frame') && COUNTS.has(slot.call.fn);
}
