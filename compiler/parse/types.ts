/** Names of types, as written. Whether a type exists is the binder's question. */
import type { TypeName } from './ast.ts';
import { type Cursor, tokenSpan } from './cursor.ts';
import { isReserved } from './keywords.ts';

export const INTERVAL_FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'];

export function readType(cursor: Cursor): TypeName {
  const start = cursor.token.start;
  const token = cursor.token;
  if (token.kind !== 'word' || isReserved(token.text)) return cursor.expected('a type', '');
  cursor.advance();
  let name = token.text;
  if (name === 'double' && cursor.acceptWord('precision')) name = 'double precision';
  if ((name === 'character' || name === 'char') && cursor.acceptWord('varying')) name = 'character varying';
  let args: readonly number[] = [];
  if (cursor.atPunctuation('(')) args = readTypeArguments(cursor);
  if (name === 'timestamp' || name === 'time') name += readZone(cursor);
  if (name === 'interval') name += readIntervalField(cursor);
  if (cursor.atPunctuation('.')) {
    return cursor.fail('FSC1020', cursor.spanFrom(start), `type \`${name}\` is written with a schema`, {
      label: 'expected a plain type name',
    });
  }
  name += readArraySuffix(cursor);
  return { span: cursor.spanFrom(start), name, args };
}

export function readTypeArguments(cursor: Cursor): readonly number[] {
  const args: number[] = [];
  cursor.expect('(', '');
  do {
    const token = cursor.token;
    if (token.kind !== 'number' || !/^\d{1,9}$/.test(token.text))
      return cursor.expected('a whole number', "in a type's arguments");
    cursor.advance();
    args.push(Number(token.text));
  } while (cursor.accept(','));
  cursor.expect(')', "after a type's arguments");
  return args;
}

function readZone(cursor: Cursor): string {
  if (cursor.acceptWord('with', 'time', 'zone')) return ' with time zone';
  if (cursor.acceptWord('without', 'time', 'zone')) return ' without time zone';
  return '';
}

/** ` day` or ` day to second`, or nothing. */
export function readIntervalField(cursor: Cursor): string {
  if (!cursor.atWord(...INTERVAL_FIELDS)) return '';
  let field = ` ${cursor.advance().text}`;
  if (cursor.acceptWord('to')) {
    if (!cursor.atWord(...INTERVAL_FIELDS)) return cursor.expected('a unit such as `SECOND`', 'after `TO`');
    field += ` to ${cursor.advance().text}`;
  }
  return field;
}

function readArraySuffix(cursor: Cursor): string {
  let suffix = '';
  while (cursor.accept('[')) {
    if (cursor.token.kind === 'number') cursor.advance();
    cursor.expect(']', 'after an array type');
    suffix += '[]';
  }
  if (suffix.length > 40) return cursor.tooDeep(tokenSpan(cursor.token));
  return suffix;
}
