/**
 * Where the user's text means something else in PostgreSQL than in fsc and DuckDB, told from the plan: those columns, or all of a view's
 * rows, are no referee's answer. tests/postgres/divergences.test.ts shows a row for each.
 */
import type { PlanExpr, ViewPlan } from '../../compiler/plan/plan.ts';
import type { SqlType } from '../../runtime/values/types.ts';

/** Of the outputs by name, those whose value the text gives otherwise there. Keys are told by `rowsDiverge`. */
export function divergentColumns(plan: ViewPlan): ReadonlySet<string> {
  return new Set(plan.outputs.filter(({ expr }) => valueDiverges(expr, plan)).map(({ name }) => name));
}

/**
 * Of the outputs by name, deviations of exact values: PostgreSQL takes the root of a variance with no more decimals than give the variance
 * 16 digits, none from 1e16 on, so that the root itself is off by up to 0.5 of 1e8.
 */
export function roundedColumns(plan: ViewPlan): ReadonlySet<string> {
  return new Set(plan.outputs.filter(({ expr }) => holds(expr, plan, isExactDeviation)).map(({ name }) => name));
}

/** Of a deviation that `roundedColumns` names. */
export const DEVIATION_ROUNDS_BY = 5e-9;

/** True where another value could find other rows, or name them otherwise. */
export function rowsDiverge(plan: ViewPlan): boolean {
  const conditions = plan.kind === 'aggregate' ? [plan.where, plan.having] : [plan.where];
  const keys = plan.kind === 'request' ? plan.joins.flatMap((join) => join.keys) : plan.entity;
  const isInner = plan.kind === 'request' && plan.joins.some((join) => rowsDiverge(join.view));
  return isInner || [...conditions, ...keys].some((one) => one !== null && valueDiverges(one, plan));
}

function valueDiverges(expr: PlanExpr, plan: ViewPlan): boolean {
  return (
    holds(expr, plan, isOtherFunction) ||
    // Of such a value by itself only the last bits differ, which its tolerance covers.
    (!isBare(expr, plan) && holds(expr, plan, isNumericAggregate)) ||
    holds(expr, plan, isReckonedFromPart) ||
    holds(expr, plan, isReckonedFromChosenQuotient) ||
    holds(expr, plan, isTextOfChosenDecimal)
  );
}

/** round of a double takes halves to even; the sum of reals is a real. */
function isOtherFunction({ kind, fn, args, arg, argType }: PlanNode): boolean {
  if (kind === 'call' && fn === 'round' && isFloat(args?.[0]?.type)) return true;
  // The plan widens reals before it sums them.
  return fn === 'sum' && (argType?.kind === 'real' || arg?.args?.[0]?.type?.kind === 'real');
}

/** avg, variance and stddev of exact values are numeric there, and so is what is reckoned with them; fsc, as DuckDB, does it in doubles. */
function isNumericAggregate({ fn, argType }: PlanNode): boolean {
  const isExact = argType !== undefined && argType !== null && !isFloat(argType);
  return isExact && fn !== undefined && /^(avg|var|stddev)/.test(fn);
}

function isExactDeviation(node: PlanNode): boolean {
  return isNumericAggregate(node) && node.fn!.startsWith('stddev');
}

/** extract is numeric there, and so is what is reckoned with it; fsc, as DuckDB, does it in doubles. The parts by themselves are the same. */
function isReckonedFromPart(node: PlanNode, plan: ViewPlan): boolean {
  return isReckoned(node) && holds(node.args, plan, ({ kind, fn }) => kind === 'call' && fn === 'date_part');
}

/**
 * A quotient of exact values is numeric there, and so is what is chosen in its place, be it never divided; fsc, as DuckDB, reckons on in doubles.
 * Of a quotient that was divided only the last bits differ, which its tolerance covers.
 */
function isReckonedFromChosenQuotient(node: PlanNode, plan: ViewPlan): boolean {
  return isReckoned(node) && holds(node.args, plan, (one) => isChoice(one) && holds(one, plan, isExactQuotient));
}

function isExactQuotient({ kind, fn, args }: PlanNode): boolean {
  return kind === 'call' && fn === 'divide' && args?.every(({ type }) => !isFloat(type)) === true;
}

function isReckoned({ kind, type }: PlanNode): boolean {
  return kind === 'call' && type?.kind !== 'boolean';
}

/** A decimal that is chosen among several keeps its own scale there; fsc, as DuckDB, gives all the same one, which a text shows. */
function isTextOfChosenDecimal({ kind, fn, type, args }: PlanNode, plan: ViewPlan): boolean {
  if (kind !== 'call' || fn !== 'cast' || type?.kind !== 'text' || args?.[0]?.type?.kind !== 'decimal') return false;
  return holds(args, plan, (one) => one.type?.kind === 'decimal' && isChoice(one));
}

function isChoice({ kind, fn }: PlanNode): boolean {
  return kind === 'case' || kind === 'coalesce' || (kind === 'call' && (fn === 'greatest' || fn === 'least'));
}

function isBare(node: PlanNode, plan: ViewPlan): boolean {
  const inner = featureOf(node, plan);
  return inner === null ? node.kind === 'slot' : isBare(inner.node, inner.plan);
}

type Test = (node: PlanNode, plan: ViewPlan) => boolean;

/** Of a node, what is under it, and what the slots and features under it are made from. */
function holds(node: unknown, plan: ViewPlan, test: Test): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if (Array.isArray(node)) return node.some((one) => holds(one, plan, test));
  const one = node as PlanNode;
  if (test(one, plan)) return true;
  if (one.kind === 'slot' && plan.kind !== 'request') return holds(plan.slots[one.slot as number], plan, test);
  const inner = featureOf(one, plan);
  if (inner !== null) return holds(inner.node, inner.plan, test);
  return Object.values(one).some((child) => holds(child, plan, test));
}

function featureOf({ kind, join, ordinal }: PlanNode, plan: ViewPlan): { node: PlanExpr; plan: ViewPlan } | null {
  if (kind !== 'feature' || plan.kind !== 'request') return null;
  const view = plan.joins[join as number]?.view;
  const output = view?.outputs[ordinal as number];
  return view === undefined || output === undefined ? null : { node: output.expr, plan: view };
}

/** A part of a plan: an expression, a slot, or the call of an aggregate, which has no kind. */
interface PlanNode {
  readonly kind?: string;
  readonly type?: SqlType;
  readonly fn?: string;
  readonly args?: readonly PlanNode[];
  readonly arg?: PlanNode | null;
  readonly argType?: SqlType | null;
  readonly slot?: number;
  readonly join?: number;
  readonly ordinal?: number;
}

function isFloat(type: SqlType | undefined): boolean {
  return type?.kind === 'double' || type?.kind === 'real';
}
