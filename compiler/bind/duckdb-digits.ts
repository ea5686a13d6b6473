import type { SqlType } from '../../runtime/values/types.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { planChildren } from './walk.ts';

const ROUNDED = new Set(['round', 'trunc', 'floor', 'ceil']);
const AS_THEIR_ARGUMENT = new Set(['negate', 'abs']);

/**
 * The type that DuckDB finds for an expression: its own, but for more digits than fsc's: a rounded decimal keeps those that it had after the point.
 * Where decimals have to share 38 digits, theirs are taken from behind the point.
 */
export function typeInDuckDb(expr: PlanExpr): SqlType {
  if (expr.type.kind !== 'decimal') return expr.type;
  const { precision, scale } = expr.type;
  const whole = sources(expr).map((source) => wholeDigits(source, ROUNDED.has(nameOf(expr)) ? scale : null));
  const digits = Math.min(38, Math.max(precision - scale, ...whole) + scale);
  return digits === precision ? expr.type : { kind: 'decimal', precision: digits, scale };
}

function nameOf(expr: PlanExpr): string {
  return expr.kind === 'call' ? expr.fn : '';
}

function sources(expr: PlanExpr): readonly PlanExpr[] {
  if (expr.kind === 'case' || expr.kind === 'coalesce') return planChildren(expr);
  const isOfFirst = ROUNDED.has(nameOf(expr)) || AS_THEIR_ARGUMENT.has(nameOf(expr));
  return isOfFirst ? planChildren(expr).slice(0, 1) : [];
}

/** `rounded`: to so many digits behind the point, in place of its own. */
function wholeDigits(source: PlanExpr, rounded: number | null): number {
  const type = typeInDuckDb(source);
  return type.kind === 'decimal' ? type.precision - (rounded ?? type.scale) : 0;
}
