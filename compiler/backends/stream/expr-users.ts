import { planChildren } from '../../bind/walk.ts';
import type { PlanExpr } from '../../plan/plan.ts';
import { jsString } from '../js/escape.ts';
import { exprKey } from '../js/print-expr.ts';

/**
 * For whom an expression is computed, so that they are told when it fails: a view, and in it outputs, an entity column, WHERE or HAVING.
 * The views of a group share what is equal, parts of expressions too. It is computed once for all, so it fails once in each of them: there
 * the first that needs it is told.
 */
export class ExprUsers {
  readonly #byKey = new Map<string, Map<string, readonly string[]>>();

  /** The expression, and all that it is made of. Nothing but a call can fail. */
  add(expr: PlanExpr, view: string, columns: readonly string[]): void {
    if (expr.kind === 'call' && !this.#addCall(expr, view, columns)) return;
    for (const child of planChildren(expr)) this.add(child, view, columns);
  }

  /** False: it was there already, with all that it is made of. */
  #addCall(expr: PlanExpr, view: string, columns: readonly string[]): boolean {
    const key = exprKey(expr);
    const known = this.#byKey.get(key) ?? new Map<string, readonly string[]>();
    this.#byKey.set(key, known);
    if (known.has(view)) return false;
    known.set(view, columns);
    return true;
  }

  /** A statement that counts an error of the expression for each of them; nothing where there are none. */
  readonly statement = (expr: PlanExpr): string => {
    const told = [...(this.#byKey.get(exprKey(expr)) ?? [])];
    const counts = told.flatMap(([view, columns]) =>
      columns.map((column) => `s.errors.count(${jsString(view)}, ${jsString(column)});`),
    );
    return counts.length === 0 ? ';' : `{ ${counts.join(' ')} }`;
  };
}
