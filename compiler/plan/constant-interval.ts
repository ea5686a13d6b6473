import type { IntervalValue } from '../../runtime/values/types.ts';
import { intervalLiteral, intervalValue } from '../catalog/literals.ts';
import type { Expr } from '../parse/ast.ts';

/** A length of time that is known when the view is compiled: a literal, a multiple of one, a sum. Undefined for anything else. */
export function constantInterval(expr: Expr): IntervalValue | undefined {
  switch (expr.kind) {
    case 'interval':
      return intervalLiteral(expr.value, expr.unit);
    case 'typedString':
      return expr.type.name === 'interval' ? intervalValue(expr.value) : undefined;
    case 'cast':
      if (expr.type.name !== 'interval' || expr.type.args.length > 0) return undefined;
      return expr.operand.kind === 'string' ? intervalValue(expr.operand.value) : constantInterval(expr.operand);
    case 'unary':
      return scaled(constantInterval(expr.operand), expr.op === '-' ? -1 : 1);
    case 'binary':
      return combined(expr);
    default:
      return undefined;
  }
}

function combined(expr: Extract<Expr, { kind: 'binary' }>): IntervalValue | undefined {
  const { op, left, right } = expr;
  if (op === '*')
    return scaled(constantInterval(left), wholeNumber(right)) ?? scaled(constantInterval(right), wholeNumber(left));
  if (op !== '+' && op !== '-') return undefined;
  const [a, b] = [constantInterval(left), scaled(constantInterval(right), op === '-' ? -1 : 1)];
  if (a === undefined || b === undefined) return undefined;
  return bounded({ months: a.months + b.months, days: a.days + b.days, micros: a.micros + b.micros });
}

function wholeNumber(expr: Expr): number | undefined {
  if (expr.kind === 'number') return /^\d{1,9}$/.test(expr.text) ? Number(expr.text) : undefined;
  if (expr.kind !== 'unary') return undefined;
  const operand = wholeNumber(expr.operand);
  return operand === undefined || expr.op === '+' ? operand : 0 - operand;
}

function scaled(value: IntervalValue | undefined, by: number | undefined): IntervalValue | undefined {
  if (value === undefined || by === undefined) return undefined;
  // Adding 0 turns −0 into 0.
  return bounded({ months: value.months * by + 0, days: value.days * by + 0, micros: value.micros * by + 0 });
}

/** The databases hold months and days in 32 bits. */
function bounded(value: IntervalValue): IntervalValue | undefined {
  const fits = Math.abs(value.months) < 2 ** 31 && Math.abs(value.days) < 2 ** 31;
  return fits && Number.isSafeInteger(value.micros) ? value : undefined;
}
