import type { Expr } from '../parse/ast.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { bindOperator } from './calls.ts';
import { allOrNull, BOOLEAN, branchType, unify } from './coerce.ts';
import type { BindContext } from './context.ts';
import { bindCondition, bindExpr } from './expr.ts';
import { comparesAlike } from './mixed-comparison.ts';

/** `x IS NOT TRUE` and its kin never give NULL: coalesce(x, false) and so on. */
export function bindIsBoolean(node: Extract<Expr, { kind: 'isBoolean' }>, context: BindContext): PlanExpr | null {
  const operand = bindCondition(node.operand, context, 'IS TRUE takes a condition');
  if (operand === null) return null;
  const { span } = node;
  const missing: PlanExpr = { kind: 'const', type: BOOLEAN, value: !node.value, span };
  const settled: PlanExpr = { kind: 'coalesce', type: BOOLEAN, args: [operand, missing], span };
  // After the coalesce the value is true exactly where x is the wanted one (or NULL counts as the other).
  return node.value === node.negated ? { kind: 'not', type: BOOLEAN, arg: settled, span } : settled;
}

export function bindIn(node: Extract<Expr, { kind: 'in' }>, context: BindContext): PlanExpr | null {
  const operand = bindExpr(node.operand, context);
  const list = allOrNull(node.list.map((item) => bindExpr(item, context)));
  if (operand === null || list === null || !comparesAlike(operand, list, 'IN', context)) return null;
  const equalities = allOrNull(list.map((item) => bindOperator('=', [operand, item], item.span, context)));
  if (equalities === null) return null;
  const [first] = equalities;
  const any: PlanExpr =
    equalities.length === 1 && first !== undefined
      ? first
      : { kind: 'or', type: BOOLEAN, args: equalities, span: node.span };
  return node.negated ? { kind: 'not', type: BOOLEAN, arg: any, span: node.span } : any;
}

export function bindCase(node: Extract<Expr, { kind: 'case' }>, context: BindContext): PlanExpr | null {
  const operand = node.operand === null ? null : bindExpr(node.operand, context);
  if (node.operand !== null && operand === null) return null;
  const conditions = allOrNull(node.whens.map((branch) => bindWhen(branch.when, operand, context)));
  const thens = allOrNull(node.whens.map((branch) => bindExpr(branch.then, context)));
  const missing: PlanExpr = { kind: 'const', type: { kind: 'unknown' }, value: null, span: node.span };
  const otherwise = node.otherwise === null ? missing : bindExpr(node.otherwise, context);
  if (conditions === null || thens === null || otherwise === null) return null;
  return makeCase(conditions, thens, otherwise, node.span, context);
}

function bindWhen(when: Expr, operand: PlanExpr | null, context: BindContext): PlanExpr | null {
  if (operand === null) return bindCondition(when, context, 'WHEN takes a condition');
  const value = bindExpr(when, context);
  return value === null ? null : bindOperator('=', [operand, value], when.span, context);
}

export function makeCase(
  conditions: readonly PlanExpr[],
  thens: readonly PlanExpr[],
  otherwise: PlanExpr,
  span: PlanExpr['span'],
  context: BindContext,
): PlanExpr | null {
  const branches = unify([...thens, otherwise], context.faults, 'the branches of CASE');
  if (branches === null) return null;
  const last = branches[branches.length - 1] as PlanExpr;
  // biome-ignore lint/suspicious/noThenProperty: the branch of a CASE, never awaited
  const whens = conditions.map((when, index) => ({ when, then: branches[index] as PlanExpr }));
  return { kind: 'case', type: branchType(branches), whens, otherwise: last, span };
}
