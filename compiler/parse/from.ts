/** FROM with its joins. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { FromItem, Identifier, Join, Select } from './ast.ts';
import { type Cursor, tokenSpan } from './cursor.ts';
import { readExpression, readList } from './expressions.ts';
import type { Grammar } from './grammar.ts';
import { isNameWord } from './keywords.ts';

const JOIN_WORDS = ['join', 'inner', 'left', 'right', 'full', 'cross', 'natural', 'asof', 'semi', 'anti', 'positional'];
/** Words that may follow a FROM item and are therefore no alias without AS. */
const AFTER_ITEM = ['tablesample', ...JOIN_WORDS];

export function readFrom(grammar: Grammar): Pick<Select, 'from' | 'joins'> {
  const { cursor } = grammar;
  const from = readItem(grammar);
  const joins: Join[] = [];
  for (;;) {
    const start = cursor.token.start;
    const token = cursor.token;
    if (cursor.accept(',')) {
      const item = readItem(grammar);
      joins.push({
        span: cursor.spanFrom(start),
        type: 'comma',
        typeSpan: tokenSpan(token),
        item,
        on: null,
        using: null,
      });
    } else if (cursor.atWord(...JOIN_WORDS)) joins.push(readJoin(grammar));
    else return { from, joins };
  }
}

function readJoin(grammar: Grammar): Join {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const type = readJoinType(cursor);
  cursor.expectWord('join', '');
  const typeSpan = cursor.spanFrom(start);
  const item = readItem(grammar);
  if (cursor.acceptWord('on')) {
    const on = readExpression(grammar);
    return { span: cursor.spanFrom(start), type, typeSpan, item, on, using: null };
  }
  if (cursor.acceptWord('using')) {
    cursor.expect('(', 'after `USING`');
    const using = readList(grammar, () => cursor.name('a column'));
    cursor.expect(')', 'after the columns of `USING`');
    return { span: cursor.spanFrom(start), type, typeSpan, item, on: null, using };
  }
  if (type !== 'cross' && type !== 'natural') refuseBareJoin(cursor, typeSpan);
  return { span: cursor.spanFrom(start), type, typeSpan, item, on: null, using: null };
}

function readJoinType(cursor: Cursor): Join['type'] {
  const word = cursor.token.text;
  if (word === 'join') return 'inner';
  cursor.advance();
  switch (word) {
    case 'natural':
      if (cursor.atWord('inner', 'left', 'right', 'full')) cursor.advance();
      cursor.acceptWord('outer');
      return 'natural';
    case 'asof':
      if (cursor.atWord('inner', 'left', 'right', 'full')) cursor.advance();
      return 'asof';
    case 'left':
    case 'right':
    case 'full':
      cursor.acceptWord('outer');
      return word;
    case 'inner':
    case 'cross':
      return word;
    default:
      return cursor.fail(
        'FSC1026',
        { start: cursor.previousEnd - word.length, end: cursor.previousEnd },
        `\`${word.toUpperCase()} JOIN\` is not SQL of both databases`,
        {
          label: 'DuckDB only',
          cause: 'Postgres reads the word as an alias of the relation before it',
          help: 'write `JOIN … ON` or `LEFT JOIN … ON`',
        },
      );
  }
}

function refuseBareJoin(cursor: Cursor, typeSpan: Span): never {
  return cursor.fail('FSC1028', typeSpan, 'join has no condition', {
    label: 'no `ON` follows the relation',
    cause: 'every row would be joined with every other',
    help: 'write `ON a.key = b.key` after the relation and its alias',
  });
}

function readItem(grammar: Grammar): FromItem {
  const { cursor } = grammar;
  const start = cursor.token.start;
  cursor.acceptWord('only');
  const lateral = cursor.acceptWord('lateral');
  const item = cursor.atPunctuation('(') ? readParenthesised(grammar, start, lateral) : readTable(grammar, start);
  if (!cursor.atWord('tablesample')) return item;
  cursor.advance();
  cursor.skipUntil(
    (at) => at.atPunctuation(',') || at.atWord('where', 'group', 'having', 'window', 'order', 'limit', ...JOIN_WORDS),
  );
  return {
    kind: 'unsupported',
    span: cursor.spanFrom(start),
    what: '`TABLESAMPLE`',
    help: 'a feature reads every record: leave it out',
  };
}

function readParenthesised(grammar: Grammar, start: number, lateral: boolean): FromItem {
  const { cursor } = grammar;
  const first = firstInside(cursor);
  if (first === 'select' || first === 'with') {
    cursor.advance();
    const query = cursor.nested(() => grammar.readQuery(grammar));
    cursor.expect(')', 'after the subquery');
    const { alias, columns } = readTableAlias(grammar);
    if (columns !== null) return aliasWithColumns(cursor, columns);
    return { kind: 'subquery', span: cursor.spanFrom(start), query, alias, lateral };
  }
  cursor.advance();
  cursor.skipUntil(() => false);
  cursor.expect(')', 'after the relation');
  readTableAlias(grammar);
  const what = first === 'values' ? '`VALUES` as a relation' : 'a join in parentheses';
  const help =
    first === 'values'
      ? 'write the values where they are used: `x IN (…)`, or `CASE x WHEN … THEN … END`'
      : 'write the joins one after another';
  return { kind: 'unsupported', span: cursor.spanFrom(start), what, help };
}

/** The first word after any number of opening parentheses. */
function firstInside(cursor: Cursor): string {
  let offset = 0;
  while (cursor.ahead(offset).kind === 'punctuation' && cursor.ahead(offset).text === '(') offset++;
  const token = cursor.ahead(offset);
  return token.kind === 'word' ? token.text : '';
}

function readTable(grammar: Grammar, start: number): FromItem {
  const { cursor } = grammar;
  if (cursor.token.kind === 'word' && cursor.ahead(1).text === '(' && cursor.ahead(1).kind === 'punctuation') {
    return readTableFunction(grammar, start);
  }
  if (cursor.token.kind === 'string') return refuseFile(cursor);
  const first = cursor.name('a source or a view');
  const second = cursor.accept('.') ? cursor.name('a source or a view') : null;
  if (cursor.atPunctuation('.')) return cursor.expected('an alias or a join', '');
  if (cursor.atOperator('*')) cursor.advance();
  const { alias, columns } = readTableAlias(grammar);
  if (columns !== null) return aliasWithColumns(cursor, columns);
  const name = second ?? first;
  const schema = second === null ? null : first;
  return { kind: 'table', span: cursor.spanFrom(start), name, schema, alias };
}

/** `FROM 'data.csv'`, which DuckDB reads. */
function refuseFile(cursor: Cursor): never {
  return cursor.fail('FSC1020', tokenSpan(cursor.token), `unexpected ${cursor.shown(cursor.token)}`, {
    label: 'expected the name of a source or a view',
    cause: 'a feature reads declared sources, so that it means the same wherever their records come from',
    help: 'declare the columns of the file in `features/sources/<name>.sql`, and write `FROM <name>`',
  });
}

function readTableFunction(grammar: Grammar, start: number): FromItem {
  const { cursor } = grammar;
  const name = cursor.advance().text;
  cursor.advance();
  cursor.skipUntil(() => false);
  cursor.expect(')', 'after the arguments');
  if (cursor.acceptWord('with')) cursor.expectWord('ordinality', 'after `WITH`');
  readTableAlias(grammar);
  const help = 'read a declared source or a view by its name';
  return { kind: 'unsupported', span: cursor.spanFrom(start), what: `the table function \`${name}\``, help };
}

function aliasWithColumns(cursor: Cursor, columns: Span): FromItem {
  const help = 'rename the columns in a CTE: `SELECT a AS b`';
  return {
    kind: 'unsupported',
    span: { start: columns.start, end: cursor.previousEnd },
    what: 'an alias with columns',
    help,
  };
}

function readTableAlias(grammar: Grammar): { readonly alias: Identifier | null; readonly columns: Span | null } {
  const { cursor } = grammar;
  const word = cursor.token.kind === 'word' && isNameWord(cursor.token.text) && !AFTER_ITEM.includes(cursor.token.text);
  if (!cursor.acceptWord('as') && !word && cursor.token.kind !== 'quoted') return { alias: null, columns: null };
  const alias = cursor.name('an alias');
  if (!cursor.atPunctuation('(')) return { alias, columns: null };
  cursor.advance();
  cursor.skipUntil(() => false);
  cursor.expect(')', "after the alias's columns");
  return { alias, columns: cursor.spanFrom(alias.span.start) };
}
