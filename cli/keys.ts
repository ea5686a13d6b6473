/** KEY=VALUE pairs of a lookup, read by the columns' types, literally (cli.md). */
import { suggest } from '../compiler/diagnostics/suggest.ts';
import type { KeyColumn } from '../runtime/serving/key-columns.ts';
import { FscError } from '../runtime/values/errors.ts';
import { readTextValue } from '../runtime/values/text.ts';
import { printType, type Value } from '../runtime/values/types.ts';

/** In the order of `columns`. */
export function readPairs(view: string, pairs: readonly string[], columns: readonly KeyColumn[]): readonly Value[] {
  const given = new Map<KeyColumn, Value>();
  for (const pair of pairs) {
    const column = columnOf(view, pair, columns);
    if (given.has(column)) throw fault(`\`${column.name}\` is given twice`, null, 'give each column once');
    given.set(column, readValue(column, pair.slice(column.name.length + 1)));
  }
  return columns.map((column) => {
    const value = given.has(column) ? given.get(column) : column.otherwise;
    if (value !== undefined) return value;
    throw fault(`\`${column.name}\` is missing`, takes(view, columns), `add ${column.name}=VALUE`);
  });
}

function columnOf(view: string, pair: string, columns: readonly KeyColumn[]): KeyColumn {
  const at = pair.indexOf('=');
  if (at < 0) {
    const [first] = columns;
    const help = first !== undefined && columns.length === 1 ? `write ${first.name}=${pair}` : null;
    throw fault(`\`${pair}\` is no KEY=VALUE`, takes(view, columns), help);
  }
  const name = pair.slice(0, at);
  const column = columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  const names = columns.map((candidate) => candidate.name);
  const meant = suggest(name, names);
  throw fault(
    `\`${view}\` has no key \`${name}\``,
    takes(view, columns),
    meant === null ? null : `did you mean \`${meant}\`?`,
  );
}

function readValue(column: KeyColumn, text: string): Value {
  const result = readTextValue(text, column.type);
  if (result.ok) return result.value;
  throw fault(`\`${column.name}\` is no ${printType(column.type)}`, result.reason, null);
}

function takes(view: string, columns: readonly KeyColumn[]): string {
  return `\`${view}\` takes ${columns.map(({ name, type }) => `${name} (${printType(type)})`).join(', ')}`;
}

function fault(message: string, why: string | null, help: string | null): FscError {
  return new FscError('FSC7006', 2, message, why, help);
}
