import type { BindContext } from '../bind/context.ts';
import type { Faults } from '../catalog/faults.ts';
import { didYouMean } from '../catalog/suggest.ts';
import type { Expr } from '../parse/ast.ts';
import type { PlanExpr, SourcePlan } from './plan.ts';

/** A column of the source, by name; qualifiers were resolved before. */
export function sourceColumn(
  node: Extract<Expr, { kind: 'column' }>,
  source: SourcePlan,
  faults: Faults,
): PlanExpr | null {
  if (faults.poisoned.has(node)) return null;
  const name = node.name.name;
  const index = source.spec.columns.findIndex((column) => column.name === name);
  const column = source.spec.columns[index];
  if (column !== undefined) return { kind: 'column', type: column.type, column: index, name, span: node.span };
  const names = source.spec.columns.map((candidate) => candidate.name);
  return faults.error('FSC3001', node.span, `\`${source.spec.name}\` has no column \`${name}\``, {
    help: didYouMean(name, names, 'column'),
  });
}

/** Stage 1: the event's own columns. `where` names the place in faults. */
export function eventContext(source: SourcePlan, faults: Faults, place: 'where' | 'argument' | 'over'): BindContext {
  return {
    faults,
    column: (node) => sourceColumn(node, source, faults),
    now: (node) => {
      if (place === 'argument') return faults.error('FSC3214', node.span, 'now() inside an aggregate or group');
      if (place === 'over') return faults.error('FSC3415', node.span, 'now() inside OVER');
      return faults.error('FSC3301', node.span, 'now() is no window bound here');
    },
    aggregate: (node) =>
      place === 'where'
        ? faults.error('FSC3209', node.span, 'an aggregate in WHERE')
        : faults.error('FSC3208', node.span, 'an aggregate inside an aggregate or group'),
    over: (node) => faults.error('FSC3413', node.span, 'a window function is not allowed here'),
    whole: () => undefined,
  };
}
