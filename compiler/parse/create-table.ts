/** CREATE TABLE of a source. What it has beyond fsc's language is listed as unsupported, for the catalog to refuse. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { ColumnDefinition, Expr, Identifier, SourceFile } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { readExpression, readList, readRestricted } from './expressions.ts';
import type { Grammar } from './grammar.ts';
import { readType } from './types.ts';

export type TableDefinition = Pick<SourceFile, 'table' | 'columns' | 'primaryKey' | 'checks' | 'unsupported'>;
type Check = { readonly span: Span; readonly expr: Expr };
type Refused = { readonly span: Span; readonly what: string };

const TABLE_CONSTRAINTS = ['constraint', 'primary', 'check', 'unique', 'foreign', 'like'];
const COLUMN_CONSTRAINTS = [
  'constraint',
  'not',
  'null',
  'primary',
  'default',
  'check',
  'unique',
  'references',
  'generated',
  'collate',
  'using',
];

interface Draft {
  columns: ColumnDefinition[];
  primaryKey: SourceFile['primaryKey'];
  checks: Check[];
  unsupported: Refused[];
}

export function readCreateTable(grammar: Grammar): TableDefinition {
  const { cursor } = grammar;
  const draft: Draft = { columns: [], primaryKey: null, checks: [], unsupported: [] };
  cursor.expectWord('create', '');
  readBeforeTable(cursor, draft);
  cursor.expectWord('table', 'after `CREATE`');
  refuseWords(cursor, draft, 'if', 'not', 'exists');
  const table = cursor.name('the name of the source');
  if (cursor.atPunctuation('.')) return cursor.expected('`(`', 'after the name: a source has no schema');
  cursor.expect('(', `after \`${table.name}\``);
  do {
    cursor.recover(() => readElement(grammar, draft), atElementEnd);
  } while (cursor.accept(','));
  cursor.expect(')', 'after the columns');
  readAfterTable(cursor, draft);
  return { table, ...draft };
}

function readBeforeTable(cursor: Cursor, draft: Draft): void {
  refuseWords(cursor, draft, 'or', 'replace');
  for (const word of ['global', 'local', 'temporary', 'temp', 'unlogged', 'external', 'foreign'])
    refuseWords(cursor, draft, word);
}

function refuseWords(cursor: Cursor, draft: Draft, ...words: readonly string[]): void {
  const start = cursor.token.start;
  if (cursor.acceptWord(...words))
    draft.unsupported.push({ span: cursor.spanFrom(start), what: words.join(' ').toUpperCase() });
}

function readAfterTable(cursor: Cursor, draft: Draft): void {
  if (cursor.atEnd()) return;
  const start = cursor.token.start;
  const what = cursor.token.kind === 'word' ? cursor.token.text.toUpperCase() : cursor.shown(cursor.token);
  cursor.skipUntil(() => false);
  draft.unsupported.push({ span: cursor.spanFrom(start), what });
}

function atElementEnd(cursor: Cursor): boolean {
  return cursor.atPunctuation(',');
}

function readElement(grammar: Grammar, draft: Draft): void {
  const { cursor } = grammar;
  if (cursor.atPunctuation(')') && draft.columns.length > 0) {
    const span = { start: cursor.previousEnd - 1, end: cursor.previousEnd };
    cursor.report('FSC1021', span, 'a comma stands after the last column', {
      label: 'nothing follows before `)`',
      cause: 'a comma separates two columns',
      help: { text: 'remove the comma', applicability: 'safe', edits: [{ span, newText: '' }] },
    });
    return;
  }
  if (atTableConstraint(cursor)) readTableConstraint(grammar, draft);
  else draft.columns.push(readColumn(grammar));
  if (!cursor.atPunctuation(',') && !cursor.atPunctuation(')')) cursor.expected('`,` or `)`', '');
}

/** `exclude` is a name like any other, unless what a constraint has follows. */
function atTableConstraint(cursor: Cursor): boolean {
  if (cursor.atWord(...TABLE_CONSTRAINTS) || cursor.atWords('exclude', 'using')) return true;
  return cursor.atWord('exclude') && cursor.ahead(1).text === '(';
}

function skipConstraintName(cursor: Cursor): void {
  if (cursor.acceptWord('constraint')) cursor.name('the name of the constraint');
}

function readTableConstraint(grammar: Grammar, draft: Draft): void {
  const { cursor } = grammar;
  const start = cursor.token.start;
  skipConstraintName(cursor);
  if (cursor.atWord('primary')) {
    const columns = readPrimaryKey(grammar);
    const span = cursor.spanFrom(start);
    if (draft.primaryKey === null) draft.primaryKey = { span, columns };
    else {
      cursor.report('FSC1022', span, 'the primary key is written twice', {
        label: 'second time',
        secondary: [{ span: draft.primaryKey.span, text: 'first time' }],
        help: 'list all columns of the key in one',
      });
    }
  } else if (cursor.acceptWord('check')) draft.checks.push(readCheck(grammar, start));
  else {
    const what = cursor.token.kind === 'word' ? cursor.token.text.toUpperCase() : cursor.shown(cursor.token);
    cursor.skipUntil(atElementEnd);
    draft.unsupported.push({ span: cursor.spanFrom(start), what });
  }
}

function readPrimaryKey(grammar: Grammar): readonly Identifier[] {
  const { cursor } = grammar;
  cursor.expectWord('primary', '');
  cursor.expectWord('key', 'after `PRIMARY`');
  cursor.expect('(', 'after `PRIMARY KEY`');
  const columns = readList(grammar, () => cursor.name('a column'));
  cursor.expect(')', 'after the columns of the key');
  return columns;
}

function readCheck(grammar: Grammar, start: number): Check {
  const { cursor } = grammar;
  cursor.expect('(', 'after `CHECK`');
  const expr = readExpression(grammar);
  cursor.expect(')', 'after the condition of `CHECK`');
  return { span: cursor.spanFrom(start), expr };
}

function readColumn(grammar: Grammar): ColumnDefinition {
  const { cursor } = grammar;
  const name = cursor.name('a column', true);
  const type = readType(cursor);
  const draft = {
    notNull: false,
    primaryKey: false,
    defaultValue: null as Expr | null,
    checks: [] as Check[],
    unsupported: [] as Refused[],
  };
  while (cursor.atWord(...COLUMN_CONSTRAINTS)) readColumnConstraint(grammar, draft);
  return { span: cursor.spanFrom(name.span.start), name, type, ...draft };
}

function readColumnConstraint(
  grammar: Grammar,
  draft: { notNull: boolean; primaryKey: boolean; defaultValue: Expr | null; checks: Check[]; unsupported: Refused[] },
): void {
  const { cursor } = grammar;
  const start = cursor.token.start;
  skipConstraintName(cursor);
  if (cursor.acceptWord('not')) {
    cursor.expectWord('null', 'after `NOT`');
    draft.notNull = true;
  } else if (cursor.acceptWord('primary')) {
    cursor.expectWord('key', 'after `PRIMARY`');
    draft.primaryKey = true;
  } else if (cursor.acceptWord('default')) {
    const value = readRestricted(grammar);
    if (draft.defaultValue !== null)
      cursor.report('FSC1022', cursor.spanFrom(start), '`DEFAULT` is written twice', {
        label: 'second time',
        help: 'keep one of them',
      });
    draft.defaultValue = value;
  } else if (cursor.acceptWord('check')) draft.checks.push(readCheck(grammar, start));
  else if (!cursor.acceptWord('null')) {
    const what = cursor.advance().text.toUpperCase();
    cursor.skipUntil((at) => at.atPunctuation(',') || at.atWord(...COLUMN_CONSTRAINTS));
    draft.unsupported.push({ span: cursor.spanFrom(start), what });
  }
}
