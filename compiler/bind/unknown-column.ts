import type { FaultParts, Faults } from '../catalog/faults.ts';
import { listed, nearest } from '../catalog/suggest.ts';
import { literalOf } from '../diagnostics/edits.ts';
import type { Identifier } from '../parse/ast.ts';

/** Tells that `relation` has no such column. */
export function unknownColumn(name: Identifier, relation: string, columns: readonly string[], faults: Faults): null {
  return faults.error('FSC3001', name.span, `column \`${name.name}\` does not exist in \`${relation}\``, {
    label: `not a column of \`${relation}\``,
    cause: `\`${relation}\` has ${columns.length === 0 ? 'no columns' : `the columns ${listed(columns)}`}`,
    ...helpFor(name, columns),
  });
}

function helpFor(name: Identifier, columns: readonly string[]): Pick<FaultParts, 'help' | 'edits'> {
  if (name.name === 'now') return { help: 'the instant is a call', edits: [{ span: name.span, newText: 'now()' }] };
  const near = nearest(name.name, name.span, columns, 'column');
  if (near.edits !== undefined || !name.quoted) return near;
  // Other databases take double quotes for text.
  const newText = literalOf(name.name);
  return { help: 'text stands in single quotes, names in double ones', edits: [{ span: name.span, newText }] };
}
