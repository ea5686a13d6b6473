import type { Faults } from '../catalog/faults.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import type { PlanExpr } from '../plan/plan.ts';

/** What an expression may refer to where it stands. Every method tells its own faults and gives null then. */
export interface BindContext {
  readonly faults: Faults;
  column(node: Extract<Expr, { kind: 'column' }>): PlanExpr | null;
  now(node: CallExpr): PlanExpr | null;
  /** A call of an aggregate without OVER, `(array_agg(…))[1]` included. */
  aggregate(node: CallExpr | Extract<Expr, { kind: 'subscript' }>): PlanExpr | null;
  over(node: CallExpr): PlanExpr | null;
  /** Where `(array_agg(x ORDER BY …))[1]` may stand: the order that leaves no ties, for helps. */
  readonly eventOrder?: { readonly asc: string; readonly desc: string };
  /** What to write in place of a subquery, where its own help would lead nowhere. */
  readonly insteadOfSubquery?: string;
  /** A whole expression that stands for something (a group expression); undefined: bind its parts. */
  whole(node: Expr): PlanExpr | undefined;
}
