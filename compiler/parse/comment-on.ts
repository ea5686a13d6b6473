import { counted } from '../../runtime/values/counted.ts';
import type { Comment, Identifier } from './ast.ts';
import { type Cursor, tokenSpan } from './cursor.ts';

/** `COMMENT ON COLUMN flights.delay IS 'minutes late'` */
export function readCommentOn(cursor: Cursor): Comment {
  const start = cursor.token.start;
  cursor.expectWord('comment', '');
  cursor.expectWord('on', 'after `COMMENT`');
  if (!cursor.atWord('table', 'view', 'column'))
    return cursor.expected('`TABLE`, `VIEW` or `COLUMN`', 'after `COMMENT ON`');
  const on = cursor.advance().text as Comment['on'];
  const target: Identifier[] = [cursor.name(on === 'column' ? 'a table' : 'a name')];
  while (cursor.accept('.')) target.push(cursor.name('a name'));
  const length = on === 'column' ? 2 : 1;
  if (target.length !== length) {
    const span = { start: target[0]!.span.start, end: target.at(-1)!.span.end };
    return cursor.fail('FSC1020', span, `\`COMMENT ON ${on.toUpperCase()}\` names ${counted(target.length, 'part')}`, {
      label: on === 'column' ? 'expected `table.column`' : 'expected one name',
    });
  }
  cursor.expectWord('is', 'after the name');
  const token = cursor.token;
  if (token.kind !== 'string' && !cursor.atWord('null')) return cursor.expected('a string', 'after `IS`');
  cursor.advance();
  if (!cursor.atEnd())
    return cursor.fail('FSC1020', tokenSpan(cursor.token), `unexpected ${cursor.shown(cursor.token)}`, {
      label: 'expected the end of the statement',
    });
  return { span: cursor.spanFrom(start), on, target, text: token.kind === 'string' ? token.text : '' };
}
