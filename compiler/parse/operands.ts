/** What operators stand between: literals, names, CASE, CAST, parentheses, calls. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { literalOf } from '../diagnostics/edits.ts';
import type { Expr, Identifier, TypeName } from './ast.ts';
import { readCall } from './calls.ts';
import { type Cursor, isWord, MAX_TERMS, tokenSpan } from './cursor.ts';
import { readExpression, readList } from './expressions.ts';
import type { Grammar } from './grammar.ts';
import { isFunctionWord } from './keywords.ts';
import { INTERVAL_FIELDS, readIntervalField, readType, readTypeArguments } from './types.ts';
import { rowValue, unsupported } from './unsupported.ts';

/** Functions of the standard that are called without parentheses. */
const BARE_CALLS = ['current_timestamp', 'current_date', 'current_time', 'localtimestamp', 'localtime'];
const SESSION_WORDS = ['current_user', 'session_user', 'user', 'current_role', 'current_catalog', 'system_user'];
/** Types whose literal may carry arguments or more words: `timestamp(3) with time zone '…'`. */
const TYPE_WORDS = [
  'timestamp',
  'time',
  'decimal',
  'dec',
  'numeric',
  'varchar',
  'character',
  'char',
  'float',
  'bit',
  'nchar',
  'national',
];

/** Units inside the string of an interval that may not stand after it. */
const UNITS_OF_STRINGS: ReadonlySet<string> = new Set([
  ...INTERVAL_FIELDS.map((field) => `${field}s`),
  ...['week', 'millisecond', 'microsecond'].flatMap((unit) => [unit, `${unit}s`]),
]);

export function readOperand(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const token = cursor.token;
  switch (token.kind) {
    case 'number':
      cursor.advance();
      return { kind: 'number', span: tokenSpan(token), text: token.text };
    case 'string':
      cursor.advance();
      return { kind: 'string', span: tokenSpan(token), value: token.text };
    case 'quoted':
      return readName(grammar);
    case 'word':
      return readWord(grammar);
    case 'punctuation':
      if (token.text === '(') return readParenthesised(grammar);
      if (token.text === '[') return refuseList(cursor);
      return cursor.expected('an expression', '');
    default:
      return cursor.expected('an expression', '');
  }
}

/** `[a, b]`, which DuckDB reads. */
function refuseList(cursor: Cursor): never {
  return cursor.fail('FSC1020', tokenSpan(cursor.token), 'unexpected `[`', {
    label: 'begins a list in DuckDB',
    cause: 'Postgres does not read it, and a feature is one value',
    help: 'give each element a column of its own',
  });
}

function readWord(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const token = cursor.token;
  const next = cursor.ahead(1);
  switch (token.text) {
    case 'true':
    case 'false':
      cursor.advance();
      return { kind: 'boolean', span: tokenSpan(token), value: token.text === 'true' };
    case 'null':
      cursor.advance();
      return { kind: 'null', span: tokenSpan(token) };
    case 'case':
      return readCase(grammar);
    case 'cast':
    case 'try_cast':
      if (isOpening(next)) return readCast(grammar);
      break;
    case 'extract':
      if (isOpening(next)) return readExtract(grammar);
      break;
    case 'exists':
      if (isOpening(next)) return readExists(grammar);
      break;
    case 'array':
      return readArray(grammar);
    case 'row':
      if (isOpening(next)) return readRow(grammar);
      break;
    case 'interval':
      if (next.kind === 'string' || next.kind === 'number' || isOpening(next)) return readInterval(grammar);
      break;
    default:
      break;
  }
  if (BARE_CALLS.includes(token.text)) return readBareCall(grammar);
  if (SESSION_WORDS.includes(token.text)) return readSessionWord(grammar);
  if (next.kind === 'string' && isFunctionOrType(token.text)) return readTypedString(grammar);
  if (startsLongTypedString(cursor)) return readTypedString(grammar);
  return readName(grammar);
}

function isOpening(token: Cursor['token']): boolean {
  return token.kind === 'punctuation' && token.text === '(';
}

function isFunctionOrType(word: string): boolean {
  return (
    isFunctionWord(word) ||
    TYPE_WORDS.includes(word) ||
    ['bigint', 'integer', 'int', 'smallint', 'real', 'boolean'].includes(word)
  );
}

function startsLongTypedString(cursor: Cursor): boolean {
  const word = cursor.token.text;
  const next = cursor.ahead(1);
  if (word === 'double') return isWord(next, 'precision') && cursor.ahead(2).kind === 'string';
  if (!TYPE_WORDS.includes(word)) return false;
  if (isOpening(next) || isWord(next, 'varying')) return true;
  return isWord(next, 'with') ? isWord(cursor.ahead(2), 'time') : isWord(next, 'without');
}

function readTypedString(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const type: TypeName = readType(cursor);
  const token = cursor.token;
  if (token.kind !== 'string') {
    return cursor.fail('FSC1020', type.span, `type \`${type.name}\` is called like a function`, {
      label: 'a type, not a function',
      help: `write \`CAST(x AS ${type.name})\``,
    });
  }
  cursor.advance();
  return { kind: 'typedString', span: cursor.spanFrom(start), type, value: token.text };
}

function readInterval(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  const precision = cursor.atPunctuation('(');
  if (precision) readTypeArguments(cursor);
  const token = cursor.token;
  if (token.kind !== 'string') return refuseInterval(cursor, start);
  cursor.advance();
  if (cursor.token.kind === 'word' && UNITS_OF_STRINGS.has(cursor.token.text)) {
    const span = { start, end: cursor.token.end };
    const isPlural = INTERVAL_FIELDS.some((field) => `${field}s` === cursor.token.text);
    return cursor.fail('FSC1029', span, `\`${cursor.token.text}\` is no unit of an interval literal`, {
      label: isPlural ? 'the unit after the string is singular' : 'no unit that stands after the string',
      cause: `Postgres knows ${INTERVAL_FIELDS.map((field) => field.toUpperCase()).join(', ')} there, and may take another word for an alias`,
      help: {
        text: 'put the unit inside the string',
        applicability: 'safe',
        edits: [{ span, newText: `INTERVAL ${literalOf(`${token.text} ${cursor.token.text}`)}` }],
      },
    });
  }
  const unit = readIntervalField(cursor).trim();
  if (unit.includes('second') && cursor.atPunctuation('(')) readTypeArguments(cursor);
  const span = cursor.spanFrom(start);
  if (precision) return unsupported(span, 'an interval with a precision', "write `INTERVAL '…'`");
  return { kind: 'interval', span, value: token.text, unit: unit === '' ? null : unit };
}

function refuseInterval(cursor: Cursor, start: number): never {
  const number = cursor.token;
  const unit = cursor.ahead(1);
  const fits = number.kind === 'number' && unit.kind === 'word';
  const span = { start, end: fits ? unit.end : number.end };
  return cursor.fail('FSC1029', span, 'interval is not a string', {
    label: 'its amount stands outside quotes',
    cause: 'DuckDB reads this form, Postgres does not',
    help: fits
      ? {
          text: 'put amount and unit in one string',
          applicability: 'safe',
          edits: [{ span, newText: `INTERVAL '${number.text} ${unit.text}'` }],
        }
      : "write a constant such as `INTERVAL '7 days'`, or multiply: `n * INTERVAL '1 day'`",
  });
}

function readBareCall(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const token = cursor.advance();
  const args: Expr[] = [];
  if (cursor.atPunctuation('(')) {
    const span = { start: cursor.ahead(1).start, end: cursor.ahead(1).end };
    for (const precision of readTypeArguments(cursor)) args.push({ kind: 'number', span, text: String(precision) });
  }
  return {
    kind: 'call',
    span: cursor.spanFrom(token.start),
    name: token.text,
    nameSpan: tokenSpan(token),
    args,
    star: false,
    distinct: false,
    orderBy: [],
    filter: null,
    over: null,
  };
}

function readSessionWord(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const token = cursor.advance();
  const help = `a column of that name needs double quotes: \`"${token.text}"\``;
  return unsupported(tokenSpan(token), `\`${token.text}\` (the name of who is logged in)`, help);
}

function readCase(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const word = cursor.advance();
  const { start } = word;
  const operand = cursor.atWord('when') ? null : readExpression(grammar);
  const whens: { when: Expr; then: Expr }[] = [];
  while (cursor.acceptWord('when')) {
    if (whens.length === MAX_TERMS) cursor.tooLong(tokenSpan(word), MAX_TERMS);
    const when = readExpression(grammar);
    cursor.expectWord('then', 'after the condition of `WHEN`');
    // biome-ignore lint/suspicious/noThenProperty: THEN is the word of SQL; the node is never awaited
    whens.push({ when, then: readExpression(grammar) });
  }
  if (whens.length === 0) return cursor.expected('`WHEN`', 'after `CASE`');
  const otherwise = cursor.acceptWord('else') ? readExpression(grammar) : null;
  if (!cursor.acceptWord('end')) {
    return cursor.expected(otherwise === null ? '`WHEN`, `ELSE` or `END`' : '`END`', 'in `CASE`');
  }
  return { kind: 'case', span: cursor.spanFrom(start), operand, whens, otherwise };
}

function readCast(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const word = cursor.advance();
  cursor.expect('(', 'after `CAST`');
  const operand = readExpression(grammar);
  cursor.expectWord('as', 'after the value of `CAST`');
  const type = readType(cursor);
  cursor.expect(')', 'after the type of `CAST`');
  const span = cursor.spanFrom(word.start);
  if (word.text === 'try_cast')
    return unsupported(span, '`TRY_CAST`', 'write `CAST`: a cast that fails gives NULL in a feature');
  return { kind: 'cast', span, operand, type };
}

function readExtract(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  cursor.expect('(', 'after `EXTRACT`');
  const field = cursor.token;
  if (field.kind !== 'word' && field.kind !== 'string')
    return cursor.expected('a field such as `epoch`', 'after `EXTRACT(`');
  cursor.advance();
  cursor.expectWord('from', 'after the field of `EXTRACT`');
  const operand = readExpression(grammar);
  cursor.expect(')', 'after the value of `EXTRACT`');
  return {
    kind: 'extract',
    span: cursor.spanFrom(start),
    field: field.text.toLowerCase(),
    fieldSpan: tokenSpan(field),
    operand,
  };
}

function readExists(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  readSubquery(grammar);
  return unsupported(
    cursor.spanFrom(start),
    '`EXISTS (SELECT …)`',
    'count the other rows in a view of their own, and join it in a request view',
  );
}

/** With its parentheses; what it says is read for its faults only. */
function readSubquery(grammar: Grammar): Span {
  const { cursor } = grammar;
  const start = cursor.token.start;
  cursor.expect('(', 'before a subquery');
  cursor.nested(() => grammar.readQuery(grammar));
  cursor.expect(')', 'after a subquery');
  return cursor.spanFrom(start);
}

function readArray(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  if (cursor.atPunctuation('(')) readSubquery(grammar);
  else {
    cursor.expect('[', 'after `ARRAY`');
    if (!cursor.atPunctuation(']')) readList(grammar, () => readExpression(grammar));
    cursor.expect(']', 'after the elements of `ARRAY`');
  }
  if (cursor.atPunctuation('[')) {
    return cursor.fail('FSC1020', tokenSpan(cursor.token), 'unexpected `[`', {
      label: 'an array takes a subscript only in parentheses',
      cause: 'DuckDB reads this form, Postgres does not',
      help: 'a feature is one value: write the element itself',
    });
  }
  return unsupported(
    cursor.spanFrom(start),
    'an array',
    'a feature is one value: give each element a column of its own',
  );
}

function readRow(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  cursor.expect('(', 'after `ROW`');
  if (!cursor.atPunctuation(')')) readList(grammar, () => readExpression(grammar));
  cursor.expect(')', 'after the fields of `ROW`');
  return rowValue(cursor.spanFrom(start), 'compare or select the fields one by one');
}

function readParenthesised(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const first = cursor.ahead(1);
  if (first.kind === 'word' && ['select', 'with', 'values'].includes(first.text)) {
    const span = readSubquery(grammar);
    return unsupported(
      span,
      'a subquery as a value',
      'make a view of the other relation, and join it in a request view',
    );
  }
  cursor.advance();
  const inner = readExpression(grammar);
  if (cursor.atPunctuation(',')) {
    while (cursor.accept(',')) readExpression(grammar);
    cursor.expect(')', 'after the fields of a row value');
    return rowValue(cursor.spanFrom(start), 'compare the fields one by one: `a = c AND b = d`');
  }
  if (!cursor.accept(')')) return cursor.expected('an operator or `)`', '');
  if (cursor.accept('.')) {
    cursor.advance();
    return unsupported(cursor.spanFrom(start), 'a field of a row value', 'name the column: `table.column`');
  }
  return readSubscripts(grammar, inner, start);
}

/** A column, or a call. */
function readName(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const token = cursor.token;
  if (isOpening(cursor.ahead(1)) && (token.kind === 'quoted' || isFunctionWord(token.text))) return readCall(grammar);
  const first = cursor.name('an expression');
  if (!cursor.accept('.')) return readColumnEnd(grammar, null, first);
  if (cursor.atOperator('*')) {
    cursor.advance();
    return { kind: 'star', span: cursor.spanFrom(first.span.start), qualifier: first };
  }
  const second = cursor.label('a column');
  if (cursor.atPunctuation('(')) return readQualifiedCall(grammar, first);
  if (cursor.atPunctuation('.')) return readLongName(grammar, first);
  return readColumnEnd(grammar, first, second);
}

function readColumnEnd(grammar: Grammar, qualifier: Identifier | null, name: Identifier): Expr {
  const start = (qualifier ?? name).span.start;
  const span = grammar.cursor.spanFrom(start);
  return readSubscripts(grammar, { kind: 'column', span, qualifier, name }, start);
}

function readQualifiedCall(grammar: Grammar, schema: Identifier): Expr {
  const { cursor } = grammar;
  cursor.expect('(', '');
  cursor.skipUntil(() => false);
  cursor.expect(')', 'after the arguments');
  return unsupported(cursor.spanFrom(schema.span.start), 'a function with a schema', 'name the function alone');
}

function readLongName(grammar: Grammar, first: Identifier): Expr {
  const { cursor } = grammar;
  while (cursor.accept('.')) {
    if (cursor.atOperator('*')) cursor.advance();
    else cursor.label('a column');
  }
  return unsupported(
    cursor.spanFrom(first.span.start),
    'a column with a schema',
    'write `table.column`, or the column alone',
  );
}

function readSubscripts(grammar: Grammar, base: Expr, start: number): Expr {
  const { cursor } = grammar;
  let operand = base;
  for (let count = 0; cursor.atPunctuation('['); count++) {
    if (count > 40) cursor.tooDeep(tokenSpan(cursor.token));
    operand = readSubscript(grammar, operand, start);
  }
  return operand;
}

function readSubscript(grammar: Grammar, operand: Expr, start: number): Expr {
  const { cursor } = grammar;
  cursor.expect('[', '');
  const index = cursor.atOperator(':') ? null : readExpression(grammar);
  if (cursor.atOperator(':')) {
    cursor.advance();
    if (!cursor.atPunctuation(']')) readExpression(grammar);
    cursor.expect(']', 'after a slice');
    return unsupported(
      cursor.spanFrom(start),
      'a slice of an array',
      'take one element: `(array_agg(x ORDER BY …))[1]`',
    );
  }
  cursor.expect(']', 'after a subscript');
  if (index === null) return cursor.expected('a subscript', '');
  return { kind: 'subscript', span: cursor.spanFrom(start), operand, index };
}
