/**
 * Where the file's own text may have another value in DuckDB than it has in fsc, told from the plan (rules.md 25): `verify` and `test` do not
 * take the text's word there. tests/functions/divergences.ts has a row for each.
 */
import { unreachable } from '../../../runtime/values/errors.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import { planChildren, somePlan } from '../../bind/walk.ts';
import { allExprs, slotExprs } from '../../passes/agreement.ts';
import { equalIntervals, intervalsIn } from '../../passes/equal-intervals.ts';
import type { PlanExpr, ViewPlan } from '../../plan/plan.ts';

export interface OwnTextLimits {
  /** Ordinals of the SELECT. */
  readonly columns: ReadonlySet<number>;
  /** Another value of a condition or key could give other rows. */
  readonly rows: boolean;
}

export function ownTextLimits(view: ViewPlan): OwnTextLimits {
  // Which of them DuckDB puts for which is its own affair.
  if (hasEqualIntervals(view)) return { columns: new Set(view.outputs.keys()), rows: true };
  const ordinals = view.outputs.flatMap(({ expr }, ordinal) => (mayDiffer(expr, view) ? [ordinal] : []));
  return { columns: new Set(ordinals), rows: rowsMayDiffer(view) };
}

/** Windows count from an instant that is a constant in the text: they are constants too before DuckDB looks for equals. */
export function hasEqualIntervals(view: ViewPlan): boolean {
  const views = view.kind === 'request' ? [view, ...view.joins.map((join) => join.view)] : [view];
  return equalIntervals(views.flatMap(allExprs).flatMap((expr) => intervalsIn(expr, true))) !== null;
}

function rowsMayDiffer(view: ViewPlan): boolean {
  const keys = view.kind === 'request' ? view.joins.flatMap((join) => join.keys) : view.entity;
  const conditions = [view.where, view.kind === 'aggregate' ? view.having : null].filter((expr) => expr !== null);
  const isInner = view.kind === 'request' && view.joins.some((join) => rowsMayDiffer(join.view));
  return isInner || [...keys, ...conditions].some((expr) => mayDiffer(expr, view));
}

function mayDiffer(expr: PlanExpr, view: ViewPlan): boolean {
  return somePlan(expr, (node) => {
    if (node.kind === 'call') return isCastOfText(node) || isCutQuotient(node, view);
    return originsOf(node, view).some((origin) => mayDiffer(origin.expr, origin.view));
  });
}

/** What a leaf was made from. */
function originsOf(node: PlanExpr, view: ViewPlan): readonly { readonly expr: PlanExpr; readonly view: ViewPlan }[] {
  if (node.kind === 'feature' && view.kind === 'request') {
    const joined = view.joins[node.join]?.view;
    const output = joined?.outputs[node.ordinal];
    return joined === undefined || output === undefined ? [] : [{ expr: output.expr, view: joined }];
  }
  if (node.kind !== 'slot' || view.kind === 'request') return [];
  const slot = view.slots[node.slot];
  return slot === undefined ? [] : slotExprs(slot).map((expr) => ({ expr, view }));
}

type Call = Extract<PlanExpr, { kind: 'call' }>;

/** DuckDB reads more texts. */
function isCastOfText({ fn, type, args }: Call): boolean {
  return fn === 'cast' && type.kind !== 'text' && args[0]?.type.kind === 'text';
}

/** A decimal to fsc, and a HUGEINT to DuckDB, which the referee's session divides as the integer that it is there. */
function isCutQuotient({ fn, args }: Call, view: ViewPlan): boolean {
  return fn === 'divide' && args.every(({ type }) => isWhole(type)) && args.some((arg) => isHugeint(arg, view));
}

function isWhole(type: SqlType): boolean {
  return ['smallint', 'integer', 'bigint'].includes(type.kind) || (type.kind === 'decimal' && type.scale === 0);
}

function isHugeint(expr: PlanExpr, view: ViewPlan): boolean {
  if (expr.type.kind !== 'decimal' || expr.type.scale !== 0) return false;
  switch (expr.kind) {
    case 'const':
      return true;
    case 'slot': {
      const slot = view.kind === 'request' ? undefined : view.slots[expr.slot];
      if (slot?.kind === 'aggregate' || slot?.kind === 'frame')
        return slot.call.fn === 'sum' && slot.call.argType?.kind === 'bigint';
      return slot !== undefined && slotExprs(slot).some((origin) => isHugeint(origin, view));
    }
    case 'call':
      return expr.fn !== 'cast' && expr.args.some((arg) => isHugeint(arg, view));
    case 'case':
    case 'coalesce':
      return planChildren(expr).some((child) => isHugeint(child, view));
    // A feature has its declared type in the text that stands for its view.
    case 'column':
    case 'key':
    case 'request':
    case 'feature':
    case 'now':
    case 'and':
    case 'or':
    case 'not':
    case 'isNull':
      return false;
    default:
      return unreachable(expr);
  }
}
