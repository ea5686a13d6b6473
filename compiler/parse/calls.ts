/** Calls of functions, aggregates and window functions, with all that may follow the parentheses. */
import { replaceHelp } from '../diagnostics/fault.ts';
import type { CallExpr, Expr, NullTreatment } from './ast.ts';
import { isWord, MAX_ARGUMENTS, tokenSpan } from './cursor.ts';
import { readExpression, readList } from './expressions.ts';
import type { Grammar } from './grammar.ts';
import { unsupported } from './unsupported.ts';
import { readOrderBy, readWindowRef } from './windows.ts';

/** Functions with words between their arguments: `substring(x FROM 2 FOR 3)`. What to write instead. */
const WORDED: ReadonlyMap<string, { readonly words: readonly string[]; readonly instead: string }> = new Map([
  ['substring', { words: ['from', 'for', 'similar'], instead: 'write `substr(x, start, count)`' }],
  ['trim', { words: ['from', 'both', 'leading', 'trailing'], instead: 'write `trim(x)` for blanks' }],
  ['position', { words: ['in'], instead: 'write a condition: `x LIKE …` or `starts_with(x, y)`' }],
  ['overlay', { words: ['placing'], instead: 'write `substr` and `||`' }],
]);

interface Arguments {
  readonly args: readonly Expr[];
  readonly star: boolean;
  readonly distinct: boolean;
  readonly orderBy: CallExpr['orderBy'];
}

export function readCall(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const nameToken = cursor.advance();
  cursor.expect('(', '');
  const worded = nameToken.kind === 'word' ? WORDED.get(nameToken.text) : undefined;
  if (worded !== undefined && hasWords(grammar, worded.words)) {
    return readWorded(grammar, nameToken.text, nameToken.start, worded.instead);
  }
  const given = cursor.nested(() => readArguments(grammar));
  const inside = readNullTreatment(grammar);
  if (!cursor.accept(')')) return cursor.expected('`,` or `)`', `in the arguments of \`${nameToken.text}\``);
  const within = readWithinGroup(grammar);
  const nulls = inside ?? readNullTreatment(grammar);
  const filter = readFilter(grammar);
  const over = cursor.acceptWord('over') ? cursor.nested(() => readWindowRef(grammar)) : null;
  const span = cursor.spanFrom(nameToken.start);
  if (within) {
    return unsupported(span, '`WITHIN GROUP`', 'no ordered-set aggregate is available; `avg`, `min` and `max` are');
  }
  if (nulls !== null && over === null) {
    const help = 'leave it out: aggregates skip NULLs, and take `FILTER (WHERE x IS NOT NULL)` where they do not';
    return unsupported(span, `\`${nulls.word.toUpperCase()} NULLS\``, help);
  }
  if (cursor.atPunctuation('[')) refuseSubscript(grammar, span.start);
  const call: CallExpr = {
    kind: 'call',
    span,
    name: nameToken.text,
    nameSpan: tokenSpan(nameToken),
    ...given,
    filter,
    over,
  };
  return nulls === null ? call : { ...call, nulls };
}

function readArguments(grammar: Grammar): Arguments {
  const { cursor } = grammar;
  const nothing: Arguments = { args: [], star: false, distinct: false, orderBy: [] };
  if (cursor.atPunctuation(')')) return nothing;
  if (cursor.atOperator('*')) {
    cursor.advance();
    return { ...nothing, star: true };
  }
  const distinct = cursor.acceptWord('distinct');
  if (!distinct) cursor.acceptWord('all');
  const args = readList(grammar, () => readArgument(grammar), MAX_ARGUMENTS);
  const orderBy = cursor.acceptWord('order') ? readOrderBy(grammar) : [];
  return { args, star: false, distinct, orderBy };
}

function readArgument(grammar: Grammar): Expr {
  const { cursor } = grammar;
  const next = cursor.ahead(1);
  const named =
    (cursor.token.kind === 'word' || cursor.token.kind === 'quoted') && (next.text === '=>' || next.text === ':=');
  if (named || cursor.atWord('variadic')) {
    const start = cursor.advance().start;
    if (named) cursor.advance();
    readExpression(grammar);
    return unsupported(
      cursor.spanFrom(start),
      named ? 'an argument with a name' : '`VARIADIC`',
      'give the arguments in their order',
    );
  }
  return readExpression(grammar);
}

/** Looks ahead to the closing parenthesis; `IS DISTINCT FROM` is no word of the call. */
function hasWords(grammar: Grammar, words: readonly string[]): boolean {
  const { cursor } = grammar;
  let depth = 0;
  for (let offset = 0; ; offset++) {
    const token = cursor.ahead(offset);
    if (token.kind === 'end') return false;
    const afterDistinct = offset > 0 && isWord(cursor.ahead(offset - 1), 'distinct');
    if (token.kind === 'word' && depth === 0 && words.includes(token.text) && !afterDistinct) return true;
    if (token.kind !== 'punctuation') continue;
    if (token.text === '(') depth++;
    else if (token.text === ')' && depth-- === 0) return false;
  }
}

function readWorded(grammar: Grammar, name: string, start: number, instead: string): Expr {
  const { cursor } = grammar;
  cursor.skipUntil(() => false);
  cursor.expect(')', `after the arguments of \`${name}\``);
  return unsupported(cursor.spanFrom(start), `\`${name}\` with words between its arguments`, instead);
}

function readWithinGroup(grammar: Grammar): boolean {
  const { cursor } = grammar;
  if (!cursor.acceptWord('within', 'group')) return false;
  cursor.expect('(', 'after `WITHIN GROUP`');
  cursor.expectWord('order', 'in `WITHIN GROUP`');
  readOrderBy(grammar);
  cursor.expect(')', 'after `WITHIN GROUP`');
  return true;
}

/** `last_value(x) IGNORE NULLS OVER w`, and the form inside the parentheses. */
function readNullTreatment(grammar: Grammar): NullTreatment | null {
  const { cursor } = grammar;
  const start = cursor.token.start;
  if (!cursor.atWord('ignore', 'respect')) return null;
  const word = cursor.advance().text === 'ignore' ? 'ignore' : 'respect';
  cursor.expectWord('nulls', `after \`${word.toUpperCase()}\``);
  return { span: cursor.spanFrom(start), word };
}

function readFilter(grammar: Grammar): Expr | null {
  const { cursor } = grammar;
  if (cursor.atWords('filter', 'where')) {
    const where = tokenSpan(cursor.ahead(1));
    const parts = { label: 'expected `(` after `FILTER`' };
    cursor.advance();
    cursor.advance();
    const condition = readExpression(grammar);
    const [start, end] = [where.start, condition.span.end];
    const edits = [
      { span: { start, end: start }, newText: '(' },
      { span: { start: end, end }, newText: ')' },
    ];
    const help = { text: 'put the condition in parentheses', applicability: 'safe', edits } as const;
    cursor.report('FSC1020', where, 'unexpected `WHERE`', { ...parts, help });
    return condition;
  }
  if (!cursor.atWord('filter') || cursor.ahead(1).text !== '(') return null;
  cursor.advance();
  cursor.expect('(', 'after `FILTER`');
  if (!cursor.acceptWord('where')) {
    const { token } = cursor;
    return cursor.fail('FSC1020', tokenSpan(token), `unexpected ${cursor.shown(token)}`, {
      label: 'expected `WHERE` in `FILTER`',
      help: replaceHelp('write `WHERE` before the condition', { start: token.start, end: token.start }, 'WHERE '),
    });
  }
  const condition = readExpression(grammar);
  cursor.expect(')', 'after the condition of `FILTER`');
  return condition;
}

function refuseSubscript(grammar: Grammar, start: number): never {
  const { cursor } = grammar;
  const call = cursor.spanFrom(start);
  return cursor.fail('FSC1020', tokenSpan(cursor.token), 'unexpected `[`', {
    label: 'a call takes a subscript only in parentheses',
    cause: 'DuckDB reads this form, Postgres does not',
    help: {
      text: 'put the call in parentheses',
      applicability: 'safe',
      edits: [{ span: call, newText: `(${cursor.file.text.slice(call.start, call.end)})` }],
    },
  });
}
