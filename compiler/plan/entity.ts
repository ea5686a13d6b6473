import { printType } from '../../runtime/values/types.ts';
import { canonicalExpr } from '../bind/canonical.ts';
import { bindValue } from '../bind/expr.ts';
import { syntaxKey } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import type { Expr } from '../parse/ast.ts';
import { eventContext } from './contexts.ts';
import { isNeverNull, notNullFacts } from './nullability.ts';
import type { Output, PlanExpr, SourcePlan } from './plan.ts';

/** The entity's expressions, findable by their syntax. */
export interface Entity {
  readonly exprs: readonly PlanExpr[];
  /** The key leaf that an expression stands for, or undefined. */
  find(node: Expr): PlanExpr | undefined;
}

export function bindEntity(
  nodes: readonly Expr[],
  source: SourcePlan,
  where: readonly PlanExpr[],
  faults: Faults,
): Entity {
  const context = eventContext(source, faults, 'argument');
  const facts = notNullFacts(where);
  const exprs: PlanExpr[] = [];
  const byKey = new Map<string, number>();
  const seen = new Set<string>();
  for (const node of nodes) {
    const expr = bindValue(node, context);
    if (expr === null) continue;
    const canonical = canonicalExpr(expr);
    // GROUP BY a, a is one column.
    if (seen.has(canonical)) continue;
    seen.add(canonical);
    byKey.set(syntaxKey(node), exprs.push(expr) - 1);
    checkKey(expr, source, facts, faults);
  }
  return {
    exprs,
    find(node) {
      const index = byKey.get(syntaxKey(node));
      const expr = index === undefined ? undefined : exprs[index];
      return index === undefined || expr === undefined
        ? undefined
        : { kind: 'key', type: expr.type, key: index, span: node.span };
    },
  };
}

function checkKey(expr: PlanExpr, source: SourcePlan, facts: ReadonlySet<string>, faults: Faults): void {
  const { kind } = expr.type;
  if (kind === 'real' || kind === 'double')
    faults.error('FSC3206', expr.span, `the entity column is ${printType(expr.type)}`);
  else if (kind === 'interval') faults.error('FSC3108', expr.span, 'the entity column is an interval');
  else if (!isNeverNull(expr, source, facts)) {
    const text = source.file === faults.file ? '' : faults.file.text.slice(expr.span.start, expr.span.end);
    faults.error('FSC3205', expr.span, 'the entity column may be NULL', {
      help: `add \`WHERE ${text} IS NOT NULL\`, or declare the column NOT NULL`,
    });
  }
}

/** Each entity column is one output, unmodified. */
export function checkKeysSelected(
  entity: Entity,
  outputs: readonly Output[],
  code: 'FSC3203' | 'FSC3414',
  faults: Faults,
): void {
  entity.exprs.forEach((expr, index) => {
    const selected = outputs.filter((output) => output.expr.kind === 'key' && output.expr.key === index);
    if (selected.length === 0) faults.error(code, expr.span, 'the entity column is not selected');
    const second = selected[1];
    if (second !== undefined) faults.error('FSC3204', second.span, 'the entity column is selected twice');
  });
}
