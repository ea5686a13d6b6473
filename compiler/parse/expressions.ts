/**
 * Expressions, by precedence climbing over the levels of Postgres (its manual, 4.1.6; the grammar file where the manual is silent).
 * Linear in the tokens: nothing is ever read twice.
 */
import type { BinaryOperator, Expr } from './ast.ts';
import { type Cursor, isWord, MAX_TERMS, tokenSpan } from './cursor.ts';
import type { Grammar } from './grammar.ts';
import { readOperand } from './operands.ts';
import { slipOfOperator } from './slips.ts';
import { readType } from './types.ts';
import { unsupported } from './unsupported.ts';

/** Loosest first. */
const LEVEL = {
  or: 1,
  and: 2,
  not: 3,
  is: 4,
  comparison: 5,
  range: 6,
  other: 7,
  sum: 8,
  product: 9,
  power: 10,
  zone: 11,
  collate: 12,
  sign: 13,
  cast: 14,
};

const COMPARISONS = ['=', '<>', '!=', '<', '<=', '>', '>='];
const RANGE_WORDS = ['between', 'in', 'like', 'ilike', 'similar'];
/** Operators that either database knows although fsc does not. Others, such as `!=-`, are blanks forgotten. */
const FOREIGN_OPERATORS =
  /^(?:~|!~|~\*|!~\*|~~|!~~|~~\*|!~~\*|->|->>|#>|#>>|@>|<@|\?|\?\||\?&|&|\||#|<<|>>|&&|@|\|\/|\|\|\/|@@|\^@|!|#-|<->|\*\*|\/\/)$/;

/** A tree higher than this could end the stack of a later stage. AND and OR chains are one level however long. */
const MAX_HEIGHT = 400;

export function readExpression(grammar: Grammar): Expr {
  return grammar.cursor.nested(() => readLevel(grammar, LEVEL.or, false));
}

/** Postgres' b_expr (bound of BETWEEN, DEFAULT): no AND, OR, NOT, IN, LIKE, BETWEEN, IS NULL outside parentheses. */
export function readRestricted(grammar: Grammar): Expr {
  return grammar.cursor.nested(() => readLevel(grammar, LEVEL.or, true));
}

export function readList<T>(grammar: Grammar, read: () => T, max = Number.POSITIVE_INFINITY): T[] {
  const { cursor } = grammar;
  const from = tokenSpan(cursor.token);
  const items = [read()];
  while (cursor.accept(',')) {
    if (items.length === max) cursor.tooLong(from, max);
    items.push(read());
  }
  return items;
}

/** The operators that bind at least as tightly as `min`, with their operands. */
function readLevel(grammar: Grammar, min: number, restricted: boolean): Expr {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const outer = grammar.height;
  grammar.height = 0;
  let left = readPrefix(grammar, restricted);
  let height = grammar.height + 1;
  for (;;) {
    const level = operatorLevel(cursor, restricted);
    if (level === null || level < min) break;
    grammar.height = 0;
    left = readOperator(grammar, left, start, level, restricted);
    height = 1 + Math.max(height, grammar.height);
    if (height > MAX_HEIGHT) cursor.tooDeep(cursor.spanFrom(start));
  }
  grammar.height = Math.max(outer, height);
  return left;
}

function readPrefix(grammar: Grammar, restricted: boolean): Expr {
  const { cursor } = grammar;
  const token = cursor.token;
  if (isWord(token, 'not') && !restricted) {
    cursor.advance();
    const operand = cursor.nested(() => readLevel(grammar, LEVEL.not, false));
    return { kind: 'not', span: cursor.spanFrom(token.start), operand };
  }
  if (token.kind === 'operator' && (token.text === '-' || token.text === '+')) {
    cursor.advance();
    const operand = cursor.nested(() => readLevel(grammar, LEVEL.sign, restricted));
    return { kind: 'unary', span: cursor.spanFrom(token.start), op: token.text, operand };
  }
  if (token.kind === 'operator' && token.text === '?') return parameter(cursor);
  if (token.kind === 'operator' && FOREIGN_OPERATORS.test(token.text)) {
    cursor.advance();
    cursor.nested(() => readLevel(grammar, LEVEL.other + 1, restricted));
    return unsupported(cursor.spanFrom(token.start), `operator \`${token.text}\``, 'write it with functions');
  }
  return readOperand(grammar);
}

function parameter(cursor: Cursor): never {
  return cursor.fail('FSC1009', tokenSpan(cursor.token), '`?` is a bind parameter', {
    label: 'a feature has no parameters',
    cause: 'a feature is a function of its records and the instant; what a caller sends is a source of kind request',
    help: 'declare a source with `-- @kind request` and join it, or write the constant',
  });
}

/** The level of the operator that stands here, null if none does. */
function operatorLevel(cursor: Cursor, restricted: boolean): number | null {
  const token = cursor.token;
  if (token.kind === 'word') return wordLevel(cursor, token.text, restricted);
  if (token.kind !== 'operator') return null;
  if (COMPARISONS.includes(token.text)) return LEVEL.comparison;
  switch (token.text) {
    case '::':
      return LEVEL.cast;
    case '+':
    case '-':
      return LEVEL.sum;
    case '*':
    case '/':
    case '%':
      return LEVEL.product;
    case '^':
      return LEVEL.power;
    case ':':
      return null;
    default:
      return LEVEL.other;
  }
}

function wordLevel(cursor: Cursor, word: string, restricted: boolean): number | null {
  if (word === 'is') return restricted && !isDistinctAhead(cursor) ? null : LEVEL.is;
  if (restricted) return null;
  if (word === 'or') return LEVEL.or;
  if (word === 'and') return LEVEL.and;
  if (word === 'isnull' || word === 'notnull') return LEVEL.is;
  if (RANGE_WORDS.includes(word)) return LEVEL.range;
  if (word === 'not') {
    const next = cursor.ahead(1);
    return next.kind === 'word' && RANGE_WORDS.includes(next.text) ? LEVEL.range : null;
  }
  if (word === 'collate') return LEVEL.collate;
  if (word === 'at' && (isWord(cursor.ahead(1), 'time') || isWord(cursor.ahead(1), 'local'))) return LEVEL.zone;
  return null;
}

function isDistinctAhead(cursor: Cursor): boolean {
  return cursor.atWords('is', 'distinct') || cursor.atWords('is', 'not', 'distinct');
}

function readOperator(grammar: Grammar, left: Expr, start: number, level: number, restricted: boolean): Expr {
  switch (level) {
    case LEVEL.or:
      return readChain(grammar, 'or', left, start);
    case LEVEL.and:
      return readChain(grammar, 'and', left, start);
    case LEVEL.is:
      return readIs(grammar, left, start, restricted);
    case LEVEL.comparison:
      return readComparison(grammar, left, start, restricted);
    case LEVEL.range:
      return readRange(grammar, left, start);
    case LEVEL.zone:
      return readZone(grammar, start);
    case LEVEL.collate:
      return readCollate(grammar, start);
    case LEVEL.cast: {
      grammar.cursor.advance();
      const type = readType(grammar.cursor);
      return { kind: 'cast', span: grammar.cursor.spanFrom(start), operand: left, type };
    }
    default:
      return readBinary(grammar, left, start, level, restricted);
  }
}

function readChain(grammar: Grammar, kind: 'and' | 'or', left: Expr, start: number): Expr {
  const { cursor } = grammar;
  const operands = [left];
  while (cursor.acceptWord(kind)) {
    if (operands.length === MAX_TERMS) cursor.tooLong(left.span, MAX_TERMS);
    operands.push(readLevel(grammar, (kind === 'and' ? LEVEL.and : LEVEL.or) + 1, false));
  }
  return { kind, span: cursor.spanFrom(start), operands };
}

function readComparison(grammar: Grammar, left: Expr, start: number, restricted: boolean): Expr {
  const { cursor } = grammar;
  const opToken = cursor.advance();
  if (cursor.atWord('any', 'all', 'some') && cursor.ahead(1).text === '(') return readQuantified(grammar, start);
  const right = readLevel(grammar, LEVEL.comparison + 1, restricted);
  if (operatorLevel(cursor, restricted) === LEVEL.comparison) refuseChain(cursor, opToken.text);
  const op = (opToken.text === '!=' ? '<>' : opToken.text) as BinaryOperator;
  return { kind: 'binary', span: cursor.spanFrom(start), op, opSpan: tokenSpan(opToken), left, right };
}

function readQuantified(grammar: Grammar, start: number): Expr {
  const { cursor } = grammar;
  const word = cursor.advance().text.toUpperCase();
  readOperand(grammar);
  return unsupported(cursor.spanFrom(start), `\`${word} (…)\``, 'write `x IN (…)` with the values listed');
}

function refuseChain(cursor: Cursor, first: string): never {
  const second = cursor.token;
  return cursor.fail('FSC1023', tokenSpan(second), `\`${second.text}\` follows a comparison`, {
    label: 'compares the result of the comparison before it',
    cause: `comparisons do not chain in SQL: \`a ${first} b ${second.text} c\` is no expression`,
    help: `write \`a ${first} b AND b ${second.text} c\`, or parentheses`,
  });
}

function readIs(grammar: Grammar, left: Expr, start: number, restricted: boolean): Expr {
  const { cursor } = grammar;
  if (cursor.acceptWord('isnull')) return isNull(cursor, left, start, false);
  if (cursor.acceptWord('notnull')) return isNull(cursor, left, start, true);
  cursor.expectWord('is', '');
  const negated = cursor.acceptWord('not');
  if (cursor.acceptWord('null')) return isNull(cursor, left, start, negated);
  if (cursor.atWord('true', 'false')) {
    const value = cursor.advance().text === 'true';
    return { kind: 'isBoolean', span: cursor.spanFrom(start), operand: left, value, negated };
  }
  if (cursor.acceptWord('unknown')) {
    return unsupported(cursor.spanFrom(start), '`IS UNKNOWN`', `write \`IS ${negated ? 'NOT ' : ''}NULL\``);
  }
  if (!cursor.acceptWord('distinct', 'from'))
    return cursor.expected('`NULL`, `TRUE`, `FALSE` or `DISTINCT FROM`', 'after `IS`');
  const right = readLevel(grammar, LEVEL.is + 1, restricted);
  if (cursor.atWord('is', 'isnull', 'notnull')) refuseChain(cursor, 'IS DISTINCT FROM');
  return { kind: 'isDistinct', span: cursor.spanFrom(start), left, right, negated };
}

function isNull(cursor: Cursor, operand: Expr, start: number, negated: boolean): Expr {
  return { kind: 'isNull', span: cursor.spanFrom(start), operand, negated };
}

function readRange(grammar: Grammar, left: Expr, start: number): Expr {
  const { cursor } = grammar;
  const negated = cursor.acceptWord('not');
  const word = cursor.advance().text;
  if (word === 'in') return readIn(grammar, left, start, negated);
  const range =
    word === 'between' ? readBetween(grammar, left, start, negated) : readLike(grammar, left, start, negated, word);
  if (operatorLevel(cursor, false) === LEVEL.range) refuseChain(cursor, word.toUpperCase());
  return range;
}

function readBetween(grammar: Grammar, operand: Expr, start: number, negated: boolean): Expr {
  const { cursor } = grammar;
  const symmetric = cursor.acceptWord('symmetric');
  if (!symmetric) cursor.acceptWord('asymmetric');
  const low = readRestricted(grammar);
  cursor.expectWord('and', 'between the bounds of `BETWEEN`');
  const high = readLevel(grammar, LEVEL.range + 1, false);
  const span = cursor.spanFrom(start);
  if (symmetric) return unsupported(span, '`BETWEEN SYMMETRIC`', 'write `BETWEEN least(a, b) AND greatest(a, b)`');
  return { kind: 'between', span, operand, low, high, negated };
}

function readLike(grammar: Grammar, operand: Expr, start: number, negated: boolean, word: string): Expr {
  const { cursor } = grammar;
  if (word === 'similar') cursor.expectWord('to', 'after `SIMILAR`');
  if (cursor.atWord('any', 'all', 'some') && cursor.ahead(1).text === '(') return readQuantified(grammar, start);
  const pattern = readLevel(grammar, LEVEL.range + 1, false);
  const escaped = cursor.acceptWord('escape');
  if (escaped) readLevel(grammar, LEVEL.range + 1, false);
  const span = cursor.spanFrom(start);
  if (word === 'ilike') return unsupported(span, '`ILIKE`', 'write `lower(x) LIKE …` with a pattern in lower case');
  if (word === 'similar') return unsupported(span, '`SIMILAR TO`', 'write `LIKE`, or several joined with `OR`');
  if (escaped)
    return unsupported(span, '`LIKE … ESCAPE`', 'write a pattern without an escape, or `starts_with` and `substr`');
  return { kind: 'like', span, operand, pattern, negated };
}

function readIn(grammar: Grammar, operand: Expr, start: number, negated: boolean): Expr {
  const { cursor } = grammar;
  cursor.expect('(', 'after `IN`');
  if (cursor.atWord('select', 'with', 'values')) {
    cursor.nested(() => grammar.readQuery(grammar));
    cursor.expect(')', 'after the subquery');
    return unsupported(
      cursor.spanFrom(start),
      '`IN (SELECT …)`',
      'list the values, or make a view of the other relation and join it in a request view',
    );
  }
  const list = readList(grammar, () => readExpression(grammar), MAX_TERMS);
  cursor.expect(')', 'after the list of `IN`');
  return { kind: 'in', span: cursor.spanFrom(start), operand, list, negated };
}

function readZone(grammar: Grammar, start: number): Expr {
  const { cursor } = grammar;
  cursor.advance();
  if (!cursor.acceptWord('local')) {
    cursor.expectWord('time', 'after `AT`');
    cursor.expectWord('zone', 'after `AT TIME`');
    readLevel(grammar, LEVEL.zone + 1, false);
  }
  return unsupported(
    cursor.spanFrom(start),
    '`AT TIME ZONE`',
    'every instant is UTC: leave it out, or convert before the record enters',
  );
}

function readCollate(grammar: Grammar, start: number): Expr {
  const { cursor } = grammar;
  cursor.advance();
  if (cursor.token.kind !== 'word' && cursor.token.kind !== 'quoted')
    return cursor.expected('a collation', 'after `COLLATE`');
  cursor.advance();
  if (cursor.accept('.')) cursor.advance();
  return unsupported(cursor.spanFrom(start), '`COLLATE`', 'leave it out: text compares by code point everywhere');
}

function readBinary(grammar: Grammar, left: Expr, start: number, level: number, restricted: boolean): Expr {
  const { cursor } = grammar;
  const opToken = cursor.advance();
  const opSpan = tokenSpan(opToken);
  const known = level === LEVEL.sum || level === LEVEL.product || level === LEVEL.power || opToken.text === '||';
  if (!known && !FOREIGN_OPERATORS.test(opToken.text)) refuseOperator(cursor, opToken.text, opSpan);
  const right = readLevel(grammar, level + 1, restricted);
  const span = cursor.spanFrom(start);
  if (opToken.text === '^') return unsupported(span, 'operator `^`', 'write `power(a, b)`');
  if (level === LEVEL.other && opToken.text !== '||') return foreignOperator(span, opToken.text);
  return { kind: 'binary', span, op: opToken.text as BinaryOperator, opSpan, left, right };
}

function foreignOperator(span: Expr['span'], op: string): Expr {
  if (/^!?~\*?$/.test(op)) {
    return unsupported(
      span,
      `regular expression operator \`${op}\``,
      'write `LIKE` or `starts_with`: the databases match regular expressions differently',
    );
  }
  if (/^(->|->>|#>|#>>|@>|<@|\?|\?\||\?&|#-)$/.test(op)) {
    return unsupported(
      span,
      `JSON operator \`${op}\``,
      "take the field out when the record enters: `-- @from column path.to.field` in the source's file",
    );
  }
  if (op === '//') return unsupported(span, 'operator `//`', 'write `trunc(a * 1.0 / b)`');
  if (op === '**') return unsupported(span, 'operator `**`', 'write `power(a, b)`');
  return unsupported(span, `operator \`${op}\``, 'write it with functions or arithmetic');
}

function refuseOperator(cursor: Cursor, op: string, span: Expr['span']): never {
  const slip = slipOfOperator(op, span);
  const cut = /^([=<>!+\-*/%|]+?)([-+@~]+)$/.exec(op);
  const shown = op.length > 20 ? `${op.slice(0, 19)}…` : op;
  if (op === '==' && slip !== null) {
    return cursor.fail('FSC1008', span, 'equality is written `=`', {
      label: 'an operator of DuckDB alone',
      cause: 'Postgres has no operator `==`, and means the same by `=`, as DuckDB does',
      help: slip,
    });
  }
  return cursor.fail('FSC1008', span, `operator \`${shown}\` does not exist`, {
    label: 'read as one operator',
    cause: 'the longest run of operator characters is one operator, in Postgres and in DuckDB',
    help:
      slip !== null
        ? slip
        : cut === null
          ? 'write one of `+ - * / % || = <> < <= > >=`'
          : {
              text: 'put a blank between the two operators',
              applicability: 'safe',
              edits: [{ span, newText: `${cut[1]} ${cut[2]}` }],
            },
  });
}
