import { unreachable } from '../../runtime/values/errors.ts';
import { printType, type Value } from '../../runtime/values/types.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { scalarNamed } from './registry.ts';

/** JSON of anything in the plan, with bigints told from numbers and intervals from records. */
export function canonicalValue(value: Value): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value !== null && typeof value === 'object') return `i${value.months},${value.days},${value.micros}`;
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : String(value);
  return JSON.stringify(value);
}

/**
 * Text of a bound expression without spans: equal texts are equal meanings. Leaves go by name where they have one, so that a new unread
 * column in front of a read one changes nothing; functions carry their semantics number.
 */
export function canonicalExpr(expr: PlanExpr): string {
  const type = printType(expr.type);
  switch (expr.kind) {
    case 'const':
      return `const(${type},${canonicalValue(expr.value)})`;
    case 'column':
      return `column(${type},${JSON.stringify(expr.name)})`;
    case 'slot':
      return `slot(${expr.slot})`;
    case 'key':
      return `key(${expr.key})`;
    case 'request':
      return `request(${type},${JSON.stringify(expr.name)})`;
    case 'feature':
      return `feature(${expr.join},${expr.ordinal})`;
    case 'now':
      return 'now';
    case 'call':
      return `${expr.fn}@${scalarNamed(expr.fn)?.semantics ?? 0}:${type}(${expr.args.map(canonicalExpr).join(',')})`;
    case 'and':
    case 'or':
    case 'coalesce':
      return `${expr.kind}:${type}(${expr.args.map(canonicalExpr).join(',')})`;
    case 'not':
      return `not(${canonicalExpr(expr.arg)})`;
    case 'isNull':
      return `${expr.negated ? 'isNotNull' : 'isNull'}(${canonicalExpr(expr.arg)})`;
    case 'case': {
      const whens = expr.whens.map((branch) => `${canonicalExpr(branch.when)}:${canonicalExpr(branch.then)}`);
      return `case:${type}(${whens.join(',')};${canonicalExpr(expr.otherwise)})`;
    }
    default:
      return unreachable(expr);
  }
}
