import { isExact } from '../../runtime/functions/support.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { digitsAsDecimal, isFloat } from './coerce.ts';
import type { BindContext } from './context.ts';

/** Decimal digits that a double holds, whichever they are (IEEE 754, DBL_DIG). */
const DIGITS_OF_DOUBLE = 15;

/**
 * `x IN (…)` and `x BETWEEN …`: Postgres compares x with each operand by itself, DuckDB brings all of them to one type first. That is another
 * answer where one is a double, and exact numbers beside it have more digits than that holds. False: told.
 */
export function comparesAlike(
  operand: PlanExpr,
  others: readonly PlanExpr[],
  what: 'IN' | 'BETWEEN',
  { faults }: BindContext,
): boolean {
  const double = others.find(({ type }) => isFloat(type));
  if (double === undefined) return true;
  const lost = others.find((other) => isLost(operand, other));
  if (lost === undefined) return true;
  faults.error('FSC3104', double.span, `\`${what}\` compares exact numbers of many digits beside a double`, {
    label: 'with it, DuckDB compares all of them as doubles',
    cause: `a double holds ${DIGITS_OF_DOUBLE} digits, and Postgres compares each operand by itself`,
    help:
      what === 'IN'
        ? 'compare it apart: `x IN (…) OR x = y`, or cast it to the type of the others'
        : 'write two comparisons: `x >= a AND x <= b`',
  });
  return false;
}

/** Whether two exact numbers that differ may be one double. */
function isLost(a: PlanExpr, b: PlanExpr): boolean {
  if (!isExact(a.type) || !isExact(b.type)) return false;
  const [x, y] = [digitsAsDecimal(a), digitsAsDecimal(b)];
  const [few, many] = x.precision < y.precision ? [x, y] : [y, x];
  if (many.precision <= DIGITS_OF_DOUBLE) return false;
  // Whole numbers that a double holds are no other's double.
  return few.precision > DIGITS_OF_DOUBLE || many.scale > 0;
}
