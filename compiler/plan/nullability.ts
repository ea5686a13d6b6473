import { canonicalExpr } from '../bind/canonical.ts';
import { scalarNamed } from '../bind/registry.ts';
import type { PlanExpr, SourcePlan } from './plan.ts';

/** What the top conjuncts of WHERE say is not NULL. */
export function notNullFacts(where: readonly PlanExpr[]): ReadonlySet<string> {
  const facts = new Set<string>();
  for (const conjunct of where) {
    if (conjunct.kind === 'isNull' && conjunct.negated) facts.add(canonicalExpr(conjunct.arg));
  }
  return facts;
}

/** True only where a stage-1 expression can never be NULL. */
export function isNeverNull(expr: PlanExpr, source: SourcePlan, facts: ReadonlySet<string>): boolean {
  if (facts.has(canonicalExpr(expr))) return true;
  const never = (child: PlanExpr): boolean => isNeverNull(child, source, facts);
  switch (expr.kind) {
    case 'const':
      return expr.value !== null;
    case 'column':
      return source.spec.columns[expr.column]?.nullable === false;
    case 'call': {
      const fn = scalarNamed(expr.fn);
      const types = { args: expr.args.map((arg) => arg.type), result: expr.type };
      return fn !== null && !fn.canFail(types) && (expr.fn === 'is_distinct' || (fn.strict && expr.args.every(never)));
    }
    case 'coalesce':
      return expr.args.some(never);
    case 'case':
      return expr.whens.every((branch) => never(branch.then)) && never(expr.otherwise);
    case 'isNull':
      return true;
    case 'and':
    case 'or':
      return expr.args.every(never);
    case 'not':
      return never(expr.arg);
    default:
      return false;
  }
}
