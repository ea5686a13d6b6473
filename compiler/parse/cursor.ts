/** Reads tokens of one statement, and makes the syntax faults. */
import type { Diagnostic, DiagnosticSink, SourceText, Span } from '../diagnostics/diagnostic.ts';
import { type FaultParts, fault, MAX_ERRORS_OF_FILE, replaceHelp } from '../diagnostics/fault.ts';
import type { Identifier } from './ast.ts';
import { isNameWord } from './keywords.ts';
import type { Token } from './lexer.ts';
import { slipAt } from './slips.ts';

/** Ends the part that is being read; caught where reading can go on (list item, clause, statement). The fault is already reported. */
class Unreadable extends Error {}

/** Made once: a file of commas would spend its second on stack traces. */
const UNREADABLE = new Unreadable('the fault is reported');

const MAX_DEPTH = 100;
/** Parts of a flat chain, and arguments of a call: forms of calls nest their arguments. Tested up to here (tests/rules/long-expressions.test.ts). */
export const MAX_TERMS = 5_000;
export const MAX_ARGUMENTS = 1_000;

export class Cursor {
  readonly file: SourceText;
  private readonly sink: DiagnosticSink;
  /** Ends with an `end` token. */
  private readonly tokens: readonly Token[];
  private index = 0;
  private depth = 0;
  faults = 0;

  constructor(file: SourceText, tokens: readonly Token[], sink: DiagnosticSink) {
    this.file = file;
    this.tokens = tokens;
    this.sink = sink;
  }

  get token(): Token {
    return this.tokens[this.index]!;
  }

  /** Place in the token list, to see whether anything was read. */
  get position(): number {
    return this.index;
  }

  ahead(count: number): Token {
    return this.tokens[Math.min(this.index + count, this.tokens.length - 1)]!;
  }

  get previousEnd(): number {
    return this.index === 0 ? this.token.start : this.tokens[this.index - 1]!.end;
  }

  spanFrom(start: number): Span {
    return { start, end: Math.max(start, this.previousEnd) };
  }

  advance(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.index++;
    return token;
  }

  atWord(...words: readonly string[]): boolean {
    return this.token.kind === 'word' && words.includes(this.token.text);
  }

  /** Whether the words stand here one after another. */
  atWords(...words: readonly string[]): boolean {
    return words.every((word, offset) => isWord(this.ahead(offset), word));
  }

  atPunctuation(text: string): boolean {
    return this.token.kind === 'punctuation' && this.token.text === text;
  }

  atOperator(text: string): boolean {
    return this.token.kind === 'operator' && this.token.text === text;
  }

  atEnd(): boolean {
    return this.token.kind === 'end';
  }

  acceptWord(...words: readonly string[]): boolean {
    if (!this.atWords(...words)) return false;
    this.index += words.length;
    return true;
  }

  accept(punctuation: string): boolean {
    if (!this.atPunctuation(punctuation)) return false;
    this.index++;
    return true;
  }

  expectWord(word: string, after: string): void {
    if (!this.acceptWord(word)) this.expected(`\`${word.toUpperCase()}\``, after);
  }

  expect(punctuation: string, after: string): void {
    if (!this.accept(punctuation)) this.expected(`\`${punctuation}\``, after);
  }

  /** A name of a column, table, window or alias. */
  name(what: string, isDeclared = false): Identifier {
    const token = this.token;
    if (token.kind === 'quoted' || (token.kind === 'word' && isNameWord(token.text))) {
      this.advance();
      return { span: tokenSpan(token), name: token.text, quoted: token.kind === 'quoted' };
    }
    if (token.kind !== 'word') return this.expected(what, '');
    if (isDeclared) return this.reservedColumn(token);
    return this.nextEndsName() ? this.reserved(token, what) : this.expected(what, '');
  }

  /** Quotes would not help: the column would need them in every query of every database. */
  private reservedColumn(token: Token): never {
    const name = `${token.text}_`;
    return this.fail('FSC1024', tokenSpan(token), `\`${token.text}\` is a reserved word`, {
      label: 'cannot be the name of a column',
      cause: 'it is a keyword in Postgres or in DuckDB, so at least one of them reads it differently',
      help: `take another name, such as \`${name}\`, and map the field at the top of the file: \`-- @from ${name} ${token.text}\``,
    });
  }

  private nextEndsName(): boolean {
    const next = this.ahead(1);
    return next.kind === 'end' || next.kind === 'operator' || (next.kind === 'punctuation' && next.text !== '(');
  }

  private reserved(token: Token, what: string): never {
    return this.fail('FSC1024', tokenSpan(token), `\`${token.text}\` is a reserved word`, {
      label: `cannot stand as ${what} without quotes`,
      cause: 'it is a keyword in Postgres or in DuckDB, so at least one of them reads it differently',
      help: {
        text: 'put it in double quotes, or take another name',
        applicability: 'review',
        edits: [{ span: tokenSpan(token), newText: `"${token.text}"` }],
      },
    });
  }

  /** Anything after AS is a name, keywords included. */
  label(what: string): Identifier {
    const token = this.token;
    if (token.kind === 'string') return this.quotedWrong(token, what);
    if ((token.kind !== 'word' && token.kind !== 'quoted') || this.isClauseFrom())
      return this.expected(what, 'after `AS`');
    this.advance();
    return { span: tokenSpan(token), name: token.text, quoted: token.kind === 'quoted' };
  }

  /** `AS FROM events`: the name is missing, as no item goes on with a name behind its own. */
  private isClauseFrom(): boolean {
    const { kind, text } = this.ahead(1);
    const isRelation =
      kind === 'quoted' || (kind === 'word' && text !== 'from') || (kind === 'punctuation' && text === '(');
    return isRelation && this.atWord('from');
  }

  private quotedWrong(token: Token, what: string): never {
    const plain = /^[a-z_][a-z0-9_]*$/.test(token.text);
    return this.fail('FSC1020', tokenSpan(token), `unexpected ${this.shown(token)}`, {
      label: `expected ${what} after \`AS\``,
      cause: 'single quotes enclose text',
      help: plain ? replaceHelp('write the name without quotes', tokenSpan(token), token.text) : 'write a plain name',
    });
  }

  expected(what: string, where: string): never {
    const token = this.token;
    const place = where === '' ? '' : ` ${where}`;
    // The end of a file may be blank lines away from what it cuts off.
    const isEndOfFile = token.kind === 'end' && token.start >= this.file.text.length;
    const span = isEndOfFile ? { start: this.previousEnd, end: this.previousEnd } : tokenSpan(token);
    if (token.kind === 'string' && this.tokens[this.index - 1]?.kind === 'string') return this.textAfterText(token);
    return this.fail('FSC1020', span, `unexpected ${this.shown(token)}`, {
      label: `expected ${what}${place}`,
      help: what.includes('`') ? slipAt(this.tokens, this.index, what) : null,
    });
  }

  private textAfterText(token: Token): never {
    return this.fail('FSC1020', tokenSpan(token), 'a text follows a text', {
      label: 'nothing joins it to the one before',
      cause: 'the databases join texts that stand on lines of their own, and refuse them on one line',
      help: {
        text: 'join them with `||`',
        applicability: 'review',
        edits: [{ span: { start: this.previousEnd, end: this.previousEnd }, newText: ' ||' }],
      },
    });
  }

  shown(token: Token): string {
    if (token.kind === 'end') return token.start >= this.file.text.length ? 'end of file' : 'end of the statement';
    const written = this.file.text.slice(token.start, token.end);
    const line = written.split(/[\r\n]/, 1)[0]!;
    return `\`${line.length > 30 || line.length < written.length ? `${line.slice(0, 29)}…` : line}\``;
  }

  report(code: string, span: Span, message: string, parts: FaultParts = {}): Diagnostic {
    const diagnostic = fault(code, this.file, span, message, parts);
    this.faults++;
    this.sink.report(diagnostic);
    return diagnostic;
  }

  fail(code: string, span: Span, message: string, parts: FaultParts = {}): never {
    this.report(code, span, message, parts);
    throw UNREADABLE;
  }

  /** Runs `read` one level deeper; the limit keeps every stage after this one clear of the stack's end. */
  nested<T>(read: () => T): T {
    if (this.depth >= MAX_DEPTH) return this.tooDeep(tokenSpan(this.token));
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }

  tooDeep(span: Span): never {
    return this.fail('FSC1012', span, 'expression is nested too deeply', {
      label: `more than ${MAX_DEPTH} levels`,
      cause: 'so deep a nesting is written by a program, and every database has a limit of its own',
      help: 'split it with a CTE, or write long chains flat (`a AND b AND c`, `x IN (…)`)',
    });
  }

  /** A chain lies flat, but every machine has an end of its own for that too. `from` is where the chain begins. */
  tooLong(from: Span, max: number): never {
    return this.fail('FSC1013', from, 'expression is too long', {
      label: `goes on for more than ${max}`,
      cause: `a list, a chain of AND or OR, and a CASE have up to ${MAX_TERMS} parts; a call has up to ${MAX_ARGUMENTS} arguments`,
      help: 'as data it has no limit: make a source and a view of the values, and join that in a request view',
    });
  }

  /** Goes on to a token at this bracket depth for which `stop` holds, or to the bracket that closes it, or to the end. */
  skipUntil(stop: (cursor: Cursor) => boolean): void {
    let depth = 0;
    while (!this.atEnd()) {
      if (depth === 0 && stop(this)) return;
      if (this.atPunctuation('(') || this.atPunctuation('[')) depth++;
      else if (this.atPunctuation(')') || this.atPunctuation(']')) {
        if (depth === 0) return;
        depth--;
      }
      this.advance();
    }
  }

  /** Reads; if that fails, goes on to where `stop` holds (to the end, when no more faults are told) and gives null. */
  recover<T>(read: () => T, stop: (cursor: Cursor) => boolean): T | null {
    const depthBefore = this.depth;
    const start = this.index;
    try {
      return read();
    } catch (error) {
      if (error !== UNREADABLE) throw error;
      this.depth = depthBefore;
      if (this.faults > MAX_ERRORS_OF_FILE) this.index = this.tokens.length - 1;
      this.resume(start);
      this.skipUntil(stop);
      return null;
    }
  }

  /** After a fault inside brackets that opened since `start`: leaves those brackets, so that skipping starts at the right depth. */
  private resume(start: number): void {
    let open = 0;
    for (let at = start; at < this.index; at++) {
      const token = this.tokens[at]!;
      if (token.kind !== 'punctuation') continue;
      if (token.text === '(' || token.text === '[') open++;
      else if (token.text === ')' || token.text === ']') open--;
    }
    while (open > 0 && !this.atEnd()) {
      if (this.atPunctuation('(') || this.atPunctuation('[')) open++;
      else if (this.atPunctuation(')') || this.atPunctuation(']')) open--;
      this.advance();
    }
  }
}

export function tokenSpan(token: Token): Span {
  return { start: token.start, end: token.end };
}

export function isWord(token: Token, text: string): boolean {
  return token.kind === 'word' && token.text === text;
}
