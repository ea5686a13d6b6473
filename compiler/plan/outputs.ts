import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { someExpr } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { checkName } from '../catalog/names.ts';
import type { SelectItem } from '../parse/ast.ts';
import type { Output, PlanExpr } from './plan.ts';

/** Names and binds the SELECT list. */
export function bindOutputs(
  items: readonly SelectItem[],
  source: SourceSpec | null,
  bind: (item: SelectItem) => PlanExpr | null,
  faults: Faults,
): readonly Output[] {
  const names = new Set<string>();
  return items.flatMap((item) => {
    const name = itemName(item, source, names, faults);
    const expr = bind(item);
    if (expr === null || name === null) return [];
    if (expr.type.kind === 'interval') {
      faults.error('FSC3108', item.expr.span, `output \`${name}\` is an interval`);
      return [];
    }
    return [{ name, span: item.span, expr, type: expr.type }];
  });
}

function itemName(item: SelectItem, source: SourceSpec | null, taken: Set<string>, faults: Faults): string | null {
  const identifier = item.alias ?? (item.expr.kind === 'column' ? item.expr.name : null);
  if (identifier === null) return faults.error('FSC3006', item.span, 'the output has no name');
  const { name, span } = identifier;
  checkName(name, span, 'output', faults);
  if (taken.has(name)) faults.error('FSC3007', span, `output \`${name}\` is there already`);
  taken.add(name);
  // `min(distance) AS distance` shadows nothing else than what it is made of.
  const isOwn = someExpr(item.expr, (node) => node.kind === 'column' && node.name.name === name);
  if (!isOwn && source?.columns.some((column) => column.name === name)) {
    faults.error('FSC3008', span, `alias \`${name}\` shadows a column of \`${source.name}\``);
  }
  return name;
}
