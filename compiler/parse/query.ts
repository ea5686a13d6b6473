/** SELECT and everything around it. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr, Identifier, OrderItem, Query, Select, SelectItem } from './ast.ts';
import { type Cursor, isWord, tokenSpan } from './cursor.ts';
import { readExpression, readList } from './expressions.ts';
import { readFrom } from './from.ts';
import type { Grammar } from './grammar.ts';
import { isBareAliasWord } from './keywords.ts';
import { isRow } from './unsupported.ts';
import { readOrderBy, readWindowSpec } from './windows.ts';

type Cte = Query['ctes'][number];
type SetOp = Query['setOps'][number];
type NamedWindow = Select['windows'][number];

/** Clauses in the order in which they must stand. */
const CLAUSES = ['from', 'where', 'group', 'having', 'window', 'order', 'limit', 'offset'] as const;
type Clause = (typeof CLAUSES)[number];
const SET_OPERATORS = ['union', 'except', 'intersect'];
/** Clauses of SQL that a feature cannot have: why, and what to do. */
const FOREIGN_CLAUSES: ReadonlyMap<string, { readonly cause: string; readonly help: string }> = new Map([
  [
    'qualify',
    {
      cause: 'DuckDB reads it, Postgres does not',
      help: "an entity's value is its latest row already: leave QUALIFY out, and name the entity at the top of the file",
    },
  ],
  [
    'fetch',
    { cause: 'a view has one row an entity, and which rows are kept would depend on others', help: 'leave it out' },
  ],
  ['for', { cause: 'a feature only reads, so there is nothing to lock', help: 'leave it out' }],
  ['into', { cause: 'a feature only reads, and fsc makes its tables', help: 'leave it out' }],
]);

/** Fields of a Select while it is being read. */
interface Draft {
  distinct: Select['distinct'];
  items: SelectItem[];
  from: Select['from'];
  joins: Select['joins'];
  where: Expr | null;
  groupBy: readonly Expr[];
  groupingSets: Span | null;
  having: Expr | null;
  windows: readonly NamedWindow[];
  orderBy: readonly OrderItem[];
  orderBySpan: Span | null;
  limit: Span | null;
  offset: Span | null;
}

export function readQuery(grammar: Grammar): Query {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const ctes = cursor.atWord('with') ? readCtes(grammar) : [];
  const body = readBranch(grammar);
  const setOps: SetOp[] = [];
  while (cursor.atWord(...SET_OPERATORS)) setOps.push(readSetOp(grammar));
  return { span: cursor.spanFrom(start), ctes, body, setOps };
}

function readCtes(grammar: Grammar): readonly Cte[] {
  const { cursor } = grammar;
  cursor.expectWord('with', '');
  const recursive = cursor.acceptWord('recursive');
  return readList(grammar, () => readCte(grammar, recursive));
}

function readCte(grammar: Grammar, recursive: boolean): Cte {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const name = cursor.name('the name of a CTE');
  let columns: readonly Identifier[] | null = null;
  if (cursor.accept('(')) {
    columns = readList(grammar, () => cursor.name('a column name'));
    cursor.expect(')', "after the CTE's columns");
  }
  cursor.expectWord('as', `after \`${name.name}\``);
  if (cursor.atWords('not', 'materialized')) cursor.advance();
  cursor.acceptWord('materialized');
  cursor.expect('(', 'before the query of a CTE');
  const query = cursor.nested(() => readQuery(grammar));
  cursor.expect(')', 'after the query of a CTE');
  return { span: cursor.spanFrom(start), name, columns, recursive, query };
}

function readSetOp(grammar: Grammar): SetOp {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const word = cursor.advance().text as 'union' | 'except' | 'intersect';
  const all = cursor.acceptWord('all');
  if (!all) cursor.acceptWord('distinct');
  const span = cursor.spanFrom(start);
  if (all && word !== 'union') {
    cursor.fail('FSC1020', span, `\`${word.toUpperCase()} ALL\` is not supported`, { label: 'not a feature of fsc' });
  }
  return { op: word === 'union' && all ? 'union all' : word, span, select: readBranch(grammar) };
}

/** A SELECT, or one in parentheses that could stand without them. */
function readBranch(grammar: Grammar): Select {
  const { cursor } = grammar;
  if (cursor.atWord('select')) return readSelect(grammar);
  if (!cursor.atPunctuation('(')) return cursor.expected('`SELECT`', '');
  cursor.advance();
  const start = cursor.token.start;
  const query = cursor.nested(() => readQuery(grammar));
  cursor.expect(')', 'after the query');
  if (query.ctes.length > 0 || query.setOps.length > 0) {
    cursor.fail(
      'FSC1026',
      { start, end: query.span.end },
      'a query in parentheses has CTEs or set operations of its own',
      {
        label: 'expected one plain SELECT',
        help: 'give it a name: `WITH q AS (…) SELECT …`',
      },
    );
  }
  return query.body;
}

function readSelect(grammar: Grammar): Select {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  const draft: Draft = {
    distinct: readDistinct(grammar),
    items: [],
    from: null,
    joins: [],
    where: null,
    groupBy: [],
    groupingSets: null,
    having: null,
    windows: [],
    orderBy: [],
    orderBySpan: null,
    limit: null,
    offset: null,
  };
  readItems(grammar, draft);
  readClauses(grammar, draft);
  return { kind: 'select', span: cursor.spanFrom(start), ...draft };
}

function readDistinct(grammar: Grammar): Select['distinct'] {
  const { cursor } = grammar;
  const start = cursor.token.start;
  if (!cursor.acceptWord('distinct')) {
    cursor.acceptWord('all');
    return null;
  }
  const on = cursor.acceptWord('on');
  if (on) {
    cursor.expect('(', 'after `DISTINCT ON`');
    readList(grammar, () => readExpression(grammar));
    cursor.expect(')', 'after `DISTINCT ON`');
  }
  return { span: cursor.spanFrom(start), on };
}

/** One broken item does not hide the faults of the others. */
function readItems(grammar: Grammar, draft: Draft): void {
  const { cursor } = grammar;
  do {
    const comma = cursor.position > 0 ? cursor.previousEnd : 0;
    if (draft.items.length > 0 && atClauseEnd(cursor)) {
      trailingComma(cursor, comma);
      return;
    }
    const item = cursor.recover(() => readItem(grammar), atItemEnd);
    if (item !== null) draft.items.push(item);
  } while (cursor.accept(','));
}

function trailingComma(cursor: Cursor, end: number): void {
  const span = { start: end - 1, end };
  cursor.report('FSC1021', span, 'a comma stands after the last item', {
    label: `nothing follows before ${cursor.shown(cursor.token)}`,
    cause: 'a comma separates two items; Postgres refuses one at the end',
    help: { text: 'remove the comma', applicability: 'safe', edits: [{ span, newText: '' }] },
  });
}

function readItem(grammar: Grammar): SelectItem {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const expr = readStar(cursor) ?? readExpression(grammar);
  if (expr.kind === 'star') refuseStarList(cursor);
  const alias = readAlias(cursor);
  const item: SelectItem = { span: cursor.spanFrom(start), expr, alias };
  if (!atItemEnd(cursor) && !cursor.atPunctuation(')') && !cursor.atEnd()) refuseAfterItem(cursor, alias !== null);
  return item;
}

function refuseAfterItem(cursor: Cursor, hasAlias: boolean): never {
  const token = cursor.token;
  if (token.kind === 'word' && !hasAlias && cursor.ahead(1).text !== '(') {
    return cursor.fail('FSC1024', tokenSpan(token), `\`${token.text}\` is a keyword`, {
      label: 'cannot be an alias without `AS`',
      cause: 'it is a keyword in Postgres or in DuckDB, so at least one of them reads it differently',
      help: {
        text: 'write `AS` before it',
        applicability: 'safe',
        edits: [{ span: { start: token.start, end: token.start }, newText: 'AS ' }],
      },
    });
  }
  return cursor.expected(hasAlias ? '`,` or `FROM`' : '`,`, `AS` or `FROM`', '');
}

function readStar(cursor: Cursor): Expr | null {
  if (!cursor.atOperator('*')) return null;
  return { kind: 'star', span: tokenSpan(cursor.advance()), qualifier: null };
}

/** `* EXCLUDE (a)` of DuckDB, `* EXCEPT (a)` of BigQuery. */
function refuseStarList(cursor: Cursor): void {
  if (!cursor.atWord('exclude', 'except', 'replace', 'rename')) return;
  const [open, first] = [cursor.ahead(1), cursor.ahead(2)];
  if (open.text !== '(' || first.text === '(' || isWord(first, 'select') || isWord(first, 'with')) return;
  const token = cursor.advance();
  const word = token.text.toUpperCase();
  cursor.report('FSC1026', tokenSpan(token), `\`* ${word} (…)\` is not SQL of both databases`, {
    label: word === 'EXCEPT' ? 'BigQuery only' : 'DuckDB only',
    cause: 'Postgres has no list after `*`',
    help: 'list the columns in place of `*`',
  });
  cursor.advance();
  cursor.skipUntil(() => false);
  cursor.expect(')', `after the columns of \`${word}\``);
}

function readAlias(cursor: Cursor): Identifier | null {
  if (cursor.acceptWord('as')) return cursor.label('a name');
  const token = cursor.token;
  const bare = token.kind === 'quoted' || (token.kind === 'word' && isBareAliasWord(token.text));
  return bare ? cursor.label('a name') : null;
}

export function atClauseEnd(cursor: Cursor): boolean {
  const token = cursor.token;
  if (token.kind === 'end' || cursor.atPunctuation(')')) return true;
  if (token.kind !== 'word') return false;
  if (token.text === 'group' || token.text === 'order') return cursor.ahead(1).text === 'by';
  if (token.text === 'window') return cursor.ahead(1).kind !== 'punctuation';
  return (
    ['from', 'where', 'having', 'limit', 'offset', ...SET_OPERATORS].includes(token.text) ||
    FOREIGN_CLAUSES.has(token.text)
  );
}

function atItemEnd(cursor: Cursor): boolean {
  return cursor.atPunctuation(',') || atClauseEnd(cursor);
}

/** Clauses in any order and number, so that a misplaced one is told as what it is. */
function readClauses(grammar: Grammar, draft: Draft): void {
  const { cursor } = grammar;
  const seen: { clause: Clause; span: Span }[] = [];
  while (atClauseEnd(cursor) && !cursor.atEnd() && !cursor.atPunctuation(')') && !cursor.atWord(...SET_OPERATORS)) {
    const token = cursor.token;
    const clause = CLAUSES.find((name) => name === token.text);
    if (clause === undefined) {
      refuseClause(cursor);
      continue;
    }
    checkOrder(cursor, clause, seen);
    seen.push({ clause, span: tokenSpan(token) });
    cursor.recover(() => {
      readClause(grammar, clause, draft);
      if (!atClauseEnd(cursor)) cursor.expected(expectedAfter(clause), '');
    }, atClauseEnd);
  }
}

function expectedAfter(clause: Clause): string {
  const next = CLAUSES.slice(CLAUSES.indexOf(clause) + 1, CLAUSES.indexOf(clause) + 3);
  const words = next.map((name) => `\`${name.toUpperCase()}${name === 'group' || name === 'order' ? ' BY' : ''}\``);
  return words.length === 0 ? 'the end of the statement' : `${words.join(', ')} or the end`;
}

/** QUALIFY mostly takes the latest row of a partition, which is the entity. */
function foreignClauseHelp(cursor: Cursor): string | null {
  const help = FOREIGN_CLAUSES.get(cursor.token.text)?.help ?? null;
  if (!cursor.atWord('qualify')) return help;
  let at = 1;
  while (cursor.ahead(at).kind !== 'end' && cursor.ahead(at).text !== 'partition') at++;
  const entity = cursor.ahead(at + 2);
  return `${help}, \`-- @entity ${entity.kind === 'word' ? entity.text : 'COLUMN'}\``;
}

function refuseClause(cursor: Cursor): void {
  const token = cursor.token;
  const word = token.text.toUpperCase();
  cursor.report('FSC1026', tokenSpan(token), `\`${word}\` is no clause of a feature`, {
    label: 'not supported',
    cause: FOREIGN_CLAUSES.get(token.text)?.cause ?? null,
    help: foreignClauseHelp(cursor),
  });
  cursor.advance();
  cursor.skipUntil(atClauseEnd);
}

function checkOrder(cursor: Cursor, clause: Clause, seen: readonly { clause: Clause; span: Span }[]): void {
  const later = seen.find((entry) => CLAUSES.indexOf(entry.clause) >= CLAUSES.indexOf(clause));
  // LIMIT and OFFSET may stand in either order.
  if (later === undefined || (clause === 'limit' && later.clause === 'offset')) return;
  const word = clause.toUpperCase();
  const twice = later.clause === clause;
  const other = later.clause.toUpperCase();
  cursor.report(
    'FSC1022',
    tokenSpan(cursor.token),
    twice ? `\`${word}\` is written twice` : `\`${word}\` stands after \`${other}\``,
    {
      label: twice ? 'second time' : 'too late',
      secondary: [{ span: later.span, text: twice ? 'first time' : `\`${other}\` is here` }],
      cause: 'the order is SELECT, FROM, WHERE, GROUP BY, HAVING, WINDOW, each at most once',
      help: twice && clause === 'where' ? 'join the conditions with `AND`' : 'move the clause',
    },
  );
}

function readClause(grammar: Grammar, clause: Clause, draft: Draft): void {
  const { cursor } = grammar;
  const start = cursor.advance().start;
  switch (clause) {
    case 'from':
      {
        const { from, joins } = readFrom(grammar);
        draft.from = from;
        draft.joins = joins;
      }
      return;
    case 'where':
      draft.where = readExpression(grammar);
      return;
    case 'group':
      readGroupBy(grammar, draft);
      return;
    case 'having':
      draft.having = readExpression(grammar);
      return;
    case 'window':
      draft.windows = readList(grammar, () => readNamedWindow(grammar));
      return;
    case 'order':
      draft.orderBy = readOrderBy(grammar);
      draft.orderBySpan = cursor.spanFrom(start);
      return;
    case 'limit':
      if (!cursor.acceptWord('all')) readExpression(grammar);
      draft.limit = cursor.spanFrom(start);
      return;
    case 'offset':
      readExpression(grammar);
      if (!cursor.acceptWord('rows')) cursor.acceptWord('row');
      draft.offset = cursor.spanFrom(start);
  }
}

function readGroupBy(grammar: Grammar, draft: Draft): void {
  const { cursor } = grammar;
  cursor.expectWord('by', 'after `GROUP`');
  const start = cursor.token.start;
  if (cursor.acceptWord('all')) {
    draft.groupingSets = cursor.spanFrom(start);
    return;
  }
  const plain =
    !cursor.atWords('grouping', 'sets') && !(cursor.atWord('rollup', 'cube') && cursor.ahead(1).text === '(');
  const empty = cursor.atPunctuation('(') && cursor.ahead(1).text === ')' && cursor.ahead(1).kind === 'punctuation';
  if (!plain || empty) {
    skipGroupingSets(cursor, start, draft);
    return;
  }
  const keys: Expr[] = [];
  do {
    if (keys.length > 0 && atClauseEnd(cursor)) {
      trailingComma(cursor, cursor.previousEnd);
      break;
    }
    if (cursor.atWord('rollup', 'cube', 'grouping') && cursor.ahead(1).text !== ',') {
      skipGroupingSets(cursor, start, draft);
      return;
    }
    const from = cursor.token.start;
    const key = readExpression(grammar);
    if (isRow(key)) refuseGroupedRow(cursor, key.span, cursor.spanFrom(from));
    keys.push(key);
  } while (cursor.accept(','));
  draft.groupBy = keys;
}

/** `GROUP BY (a, b)`, with any number of parentheses: the same as without them. */
function refuseGroupedRow(cursor: Cursor, row: Span, whole: Span): void {
  const { text } = cursor.file;
  const before = { start: whole.start, end: text.indexOf('(', row.start) + 1 };
  const after = { start: row.end - 1, end: whole.end };
  const isPlain = !/[^\s()]/.test(text.slice(before.end - 1, before.end) + text.slice(after.start, after.end));
  cursor.report('FSC1020', { start: before.end - 1, end: before.end }, 'unexpected `(`', {
    label: 'encloses several columns of `GROUP BY`',
    cause: 'in parentheses they are one row value, or one grouping set',
    help: {
      text: 'remove the parentheses',
      applicability: 'safe',
      edits: isPlain ? [before, after].map((span) => ({ span, newText: '' })) : [],
    },
  });
}

function skipGroupingSets(cursor: Cursor, start: number, draft: Draft): void {
  cursor.skipUntil(atClauseEnd);
  draft.groupingSets = cursor.spanFrom(start);
}

function readNamedWindow(grammar: Grammar): NamedWindow {
  const { cursor } = grammar;
  const name = cursor.name('a window name');
  cursor.expectWord('as', `after \`${name.name}\``);
  const spec = readWindowSpec(grammar);
  return { span: cursor.spanFrom(name.span.start), name, spec };
}
