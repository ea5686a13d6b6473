/** An expression without columns from its text through the compiler: fsc's own value, and the SQL that is emitted for it. */
import { ExprPrinter, isTrue } from '../../compiler/backends/js/print-expr.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { printExpr } from '../../compiler/backends/sql/print-expr.ts';
import type { BindContext } from '../../compiler/bind/context.ts';
import { bindTyped } from '../../compiler/bind/expr.ts';
import { Faults } from '../../compiler/catalog/faults.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { parseExpression } from '../../compiler/parse/parse.ts';
import type { PlanExpr } from '../../compiler/plan/plan.ts';
import type { Dialect } from '../../runtime/functions/definition.ts';
import { kernels } from '../../runtime/state/kernels.ts';
import { printDecimal } from '../../runtime/values/decimal.ts';
import type { Hybrid } from '../../runtime/values/hybrid.ts';
import { printInterval } from '../../runtime/values/interval.ts';
import { printDate, printTimestamp } from '../../runtime/values/temporal.ts';
import type { IntervalValue, SqlType, Value } from '../../runtime/values/types.ts';

/** Null where the compiler refuses it; its diagnostics are then in `faults`. */
export function bound(text: string, faults: Diagnostic[] = []): PlanExpr | null {
  const sink = { report: (diagnostic: Diagnostic) => void faults.push(diagnostic) };
  const tree = parseExpression(text, sink);
  if (tree === null) return null;
  const none = (): null => null;
  const context: BindContext = {
    faults: new Faults({ path: 'expression', text }, sink),
    column: none,
    now: none,
    aggregate: none,
    over: none,
    whole: () => undefined,
  };
  return bindTyped(tree, context);
}

export function boundOrThrow(text: string): PlanExpr {
  const faults: Diagnostic[] = [];
  const expr = bound(text, faults);
  if (expr === null || faults.some((fault) => fault.severity === 'error'))
    throw new Error(`${text}: ${faults.map((fault) => `${fault.code} ${fault.message}`).join('; ')}`);
  return expr;
}

/** As generated code computes it. */
export function evaluate(expr: PlanExpr): Value {
  const printer = new ExprPrinter({
    scalar: FUNCTIONS.scalar,
    leaf: () => {
      throw new Error('a leaf in an expression without columns');
    },
    countError: () => ';',
  });
  const result = printer.print(expr);
  const value = expr.type.kind === 'boolean' ? isTrue(result) : result.value;
  const body = [...printer.lines, `return ${result.isNull} ? null : ${value};`].join('\n');
  return (new Function('k', body) as (k: typeof kernels) => Value)(kernels);
}

export function sqlOf(expr: PlanExpr, dialect: Dialect): string {
  return printExpr(expr, dialect, {
    functions: FUNCTIONS,
    lets: null,
    leaf: () => {
      throw new Error('a leaf in an expression without columns');
    },
  });
}

/** A value in the words of documentation and tables. */
export function textOf(value: Value, type: SqlType): string {
  if (value === null) return 'NULL';
  switch (type.kind) {
    case 'decimal':
      return printDecimal(value as Hybrid, type.scale);
    case 'date':
      return printDate(value as number);
    case 'timestamp':
      return printTimestamp(value as number, ' ', '');
    case 'timestamptz':
      return printTimestamp(value as number, ' ', '+00');
    case 'interval':
      return printInterval(value as IntervalValue);
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}
