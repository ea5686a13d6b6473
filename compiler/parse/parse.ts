/**
 * Text → AST.
 *
 *   text ─ lexer ─ tags ─ statements ─ own readers (precedence climbing, exact spans) ─ AST ─ second reading by node-sql-parser
 *
 * fsc owns the tree: its readers work on its own tokens, in linear time, so that every node has the span of its own source text and a file
 * can be told all its faults at once. node-sql-parser reads the grammar a second time (`grammar-reader.ts`): the statement with every
 * expression masked goes through its `postgresql` grammar, and clauses, names and counts must come out as in our tree. A statement that the
 * two read differently is refused. Expressions are masked because that parser groups AND/OR wrongly, has no RANGE frame, and is exponential
 * on nested parentheses; they are compared with the real Postgres grammar in tests/parse.
 */
import type { Diagnostic, DiagnosticSink, Help, SourceText, Span } from '../diagnostics/diagnostic.ts';
import { fault, MAX_ERRORS_OF_FILE, replaceHelp } from '../diagnostics/fault.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { Comment, Expr, Query, SourceFile, ViewFile } from './ast.ts';
import { readCommentOn } from './comment-on.ts';
import { readCreateTable, type TableDefinition } from './create-table.ts';
import { Cursor, tokenSpan } from './cursor.ts';
import { readExpression } from './expressions.ts';
import type { Grammar } from './grammar.ts';
import { compareReadings } from './grammar-reader.ts';
import { lex, type Token } from './lexer.ts';
import { readQuery } from './query.ts';
import { type Statement, splitStatements } from './statements.ts';
import { readTags } from './tags.ts';

/** Counts what passes through it, so that a file with faults gives no tree. */
class CountingSink implements DiagnosticSink {
  errors = 0;
  private readonly sink: DiagnosticSink;

  constructor(sink: DiagnosticSink) {
    this.sink = sink;
  }

  report(diagnostic: Diagnostic): void {
    if (diagnostic.severity === 'error') this.errors++;
    if (!this.isFull()) this.sink.report(diagnostic);
  }

  isFull(): boolean {
    return this.errors > MAX_ERRORS_OF_FILE;
  }
}

/** A file of features/sources: one CREATE TABLE and COMMENT ON statements. Null if it has a fault; all of them are reported. */
export function parseSourceFile(file: SourceText, sink: DiagnosticSink): SourceFile | null {
  return parseFile(
    file,
    sink,
    'CREATE TABLE',
    (statement, counting) => {
      const first = statement.tokens[0]!;
      if (first.kind !== 'word' || first.text !== 'create') return null;
      return (grammar) => {
        const table = readCreateTable(grammar);
        if (counting.errors === 0) compareReadings(file, statement, { kind: 'table', table }, counting);
        return table;
      };
    },
    (table: TableDefinition, tags, comments) => ({ kind: 'source', tags, ...table, comments }),
  );
}

/** A file of features/<view>: one query and COMMENT ON statements. Null if it has a fault; all of them are reported. */
export function parseViewFile(file: SourceText, sink: DiagnosticSink): ViewFile | null {
  return parseFile(
    file,
    sink,
    'SELECT',
    (statement, counting) => {
      const first = statement.tokens[0]!;
      const opens = first.kind === 'punctuation' && first.text === '(';
      if (!opens && (first.kind !== 'word' || !['select', 'with'].includes(first.text))) return null;
      return (grammar) => {
        const query = readQuery(grammar);
        if (!grammar.cursor.atEnd()) grammar.cursor.expected('the end of the statement', '');
        if (counting.errors === 0) compareReadings(file, statement, { kind: 'query', query }, counting);
        return query;
      };
    },
    (query: Query, tags, comments) => ({ kind: 'view', tags, query, comments }),
  );
}

/** An expression alone, for tests and tools. */
export function parseExpression(text: string, sink: DiagnosticSink): Expr | null {
  const file: SourceText = { path: 'expression', text };
  const counting = new CountingSink(sink);
  const statements = splitStatements(file, lex(file, counting), counting);
  const statement = statements[0];
  if (counting.errors > 0) return null;
  if (statement === undefined || statements.length > 1) {
    counting.report(wrongCount(file, 'expression', statements));
    return null;
  }
  const grammar = grammarOf(file, statement, counting);
  return grammar.cursor.recover(
    () => {
      const expr = readExpression(grammar);
      if (!grammar.cursor.atEnd()) grammar.cursor.expected('the end', '');
      return expr;
    },
    () => false,
  );
}

function grammarOf(file: SourceText, statement: Statement, sink: DiagnosticSink): Grammar {
  return { cursor: new Cursor(file, statement.tokens, sink), readQuery, height: 0 };
}

/** `choose` gives the reader of a main statement, null for anything else. */
function parseFile<Main, File>(
  file: SourceText,
  sink: DiagnosticSink,
  what: string,
  choose: (statement: Statement, counting: CountingSink) => ((grammar: Grammar) => Main) | null,
  build: (main: Main, tags: ViewFile['tags'], comments: readonly Comment[]) => File,
): File | null {
  const counting = new CountingSink(sink);
  const lexed = lex(file, counting);
  const tags = readTags(file, lexed, counting);
  const statements = splitStatements(file, lexed, counting);
  const comments: Comment[] = [];
  const mains: { readonly main: Main | null; readonly statement: Statement }[] = [];
  for (const statement of statements) {
    if (counting.isFull()) break;
    const grammar = grammarOf(file, statement, counting);
    const first = statement.tokens[0]!;
    const reader = choose(statement, counting);
    if (reader !== null)
      mains.push({
        main: grammar.cursor.recover(
          () => reader(grammar),
          () => false,
        ),
        statement,
      });
    else if (first.kind === 'word' && first.text === 'comment') {
      const comment = grammar.cursor.recover(
        () => readCommentOn(grammar.cursor),
        () => false,
      );
      if (comment !== null) comments.push(comment);
    } else counting.report(wrongKind(file, statement, what));
  }
  const [only, second] = mains;
  if (second !== undefined) counting.report(tooMany(file, what, second.statement.span, only!.statement.span));
  if (only === undefined && counting.errors === 0) counting.report(wrongCount(file, what, statements));
  if (counting.errors > 0 || only === undefined || only.main === null) return null;
  return build(only.main, tags, comments);
}

function wrongCount(file: SourceText, what: string, statements: readonly Statement[]): Diagnostic {
  const start = statements[0]?.span.start ?? 0;
  return fault('FSC1025', file, { start, end: start }, `file holds no ${what}`, {
    label: `expected one ${what}`,
    cause: what === 'SELECT' ? 'a view is one SELECT' : what === 'CREATE TABLE' ? 'a source is one CREATE TABLE' : null,
    help: what === 'expression' ? null : `write the ${what}, or delete the file`,
  });
}

function tooMany(file: SourceText, what: string, second: Span, first: Span): Diagnostic {
  const firstWord = { start: first.start, end: Math.min(first.end, first.start + 6) };
  return fault(
    'FSC1027',
    file,
    { start: second.start, end: Math.min(second.end, second.start + 6) },
    `file holds more than one ${what}`,
    {
      label: 'a second one',
      secondary: [{ span: firstWord, text: 'the first' }],
      cause: `a file declares one ${what === 'SELECT' ? 'version of a view' : 'source'}, named like the file`,
      help: 'give each a file of its own',
    },
  );
}

function wrongKind(file: SourceText, statement: Statement, what: string): Diagnostic {
  const first = statement.tokens[0]!;
  const second = statement.tokens[1];
  const isView =
    first.text === 'create' && statement.tokens.some((token) => token.kind === 'word' && token.text === 'view');
  const word = first.kind === 'word' ? first.text.toUpperCase() : file.text.slice(first.start, first.end).slice(0, 20);
  const shown = first.text === 'create' && second?.kind === 'word' ? `${word} ${second.text.toUpperCase()}` : word;
  return fault('FSC1026', file, tokenSpan(first), `\`${shown}\` is no statement of this file`, {
    label: `expected ${what} or COMMENT ON`,
    cause:
      what === 'SELECT'
        ? 'a view is one SELECT; fsc makes views, tables and functions from it'
        : 'a source is one CREATE TABLE; nothing is executed',
    help:
      isView && what === 'SELECT'
        ? 'keep the SELECT only: the name of the file is the name of the view'
        : helpFor(first, what),
  });
}

function helpFor(first: Token, what: string): string | Help {
  const meant = first.kind === 'word' ? suggest(first.text, what === 'SELECT' ? ['select', 'with'] : ['create']) : null;
  if (meant !== null) return replaceHelp(`write \`${meant.toUpperCase()}\``, tokenSpan(first), meant.toUpperCase());
  if (what !== 'SELECT') return 'write `CREATE TABLE name (column type, …)`, and nothing that changes data';
  if (first.text === 'from') return 'write SELECT before FROM';
  if (first.text === 'values' || first.text === 'table') return 'write `SELECT … FROM` a source';
  return 'write one SELECT: a feature reads, and never writes or asks the database about itself';
}
