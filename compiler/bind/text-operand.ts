import { isNumeric } from '../../runtime/functions/support.ts';
import { printType } from '../../runtime/values/types.ts';
import type { FaultParts } from '../catalog/faults.ts';
import { replacing } from '../diagnostics/edits.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { isUntyped } from './coerce.ts';
import type { BindContext } from './context.ts';

const ARITHMETIC = new Set(['+', '-', '*', '/', '%']);
const NUMBER = /^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$/;

/** A string literal as the operand of a number: DuckDB binds it for some types of number only, and to other types than Postgres. */
export function isTextOperand(op: string, expr: PlanExpr, other: PlanExpr): boolean {
  const isText = expr.kind === 'const' && isUntyped(expr) && typeof expr.value === 'string';
  return isText && ARITHMETIC.has(op) && isNumeric(other.type);
}

export function refuseTextOperand(op: string, expr: PlanExpr, other: PlanExpr, context: BindContext): null {
  const type = printType(other.type);
  return context.faults.error('FSC3101', expr.span, `\`${op}\` of a text and ${type}`, {
    cause:
      'DuckDB has no such operator for all numbers, and where it has one its result may be of another type than in Postgres',
    ...asNumber(expr, type),
  });
}

function asNumber(expr: PlanExpr, type: string): FaultParts {
  const text = expr.kind === 'const' ? String(expr.value).trim() : '';
  if (!NUMBER.test(text)) return { help: `write a number, or cast: \`CAST('…' AS ${type})\`` };
  return { help: 'write the number', edits: replacing(expr.span, text.replace(/^[+]/, '')) };
}
