import { canonicalExpr } from '../bind/canonical.ts';
import { isInteger } from '../bind/coerce.ts';
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
      if (fn === null || (fn.canFail(types) && !staysInRange(expr) && !fitsAlways(expr))) return false;
      if (expr.fn === 'greatest' || expr.fn === 'least') return expr.args.some(never);
      return expr.fn === 'is_distinct' || (fn.strict && expr.args.every(never));
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

/** Calls whose constants leave nothing to fail: the remainder by a number other than 0, the part of a text from a place in it. */
function fitsAlways(expr: Extract<PlanExpr, { kind: 'call' }>): boolean {
  const constants = expr.args.slice(1);
  if (!constants.every((arg) => arg.kind === 'const' && arg.value !== null)) return false;
  // The binder refuses constants of substr that are too small.
  if (expr.fn === 'substr') return true;
  return (
    expr.fn === 'modulo' && isInteger(expr.type) && constants.every((arg) => arg.kind === 'const' && arg.value !== 0)
  );
}

const TEMPORAL = ['date', 'timestamp', 'timestamptz'];

/** Days and instants of a record lie in 1970–2200 (rules.md 3), so the start of a unit or another type of one is there too. */
function staysInRange(expr: PlanExpr): boolean {
  if (!TEMPORAL.includes(expr.type.kind)) return false;
  if (expr.kind === 'column') return true;
  if (expr.kind !== 'call' || (expr.fn !== 'date_trunc' && expr.fn !== 'cast')) return false;
  const from = expr.args[expr.args.length - 1];
  return from !== undefined && staysInRange(from);
}
