/**
 * Text → tokens, by the rules of the Postgres scanner as far as DuckDB shares them. Linear in the text; never throws; every fault is
 * reported with its place and scanning goes on after it. Comments are kept apart for the tags.
 */
import type { DiagnosticSink, Help, SourceText, Span } from '../diagnostics/diagnostic.ts';
import { fault, MAX_ERRORS_OF_FILE, replaceHelp } from '../diagnostics/fault.ts';

export type TokenKind = 'word' | 'quoted' | 'number' | 'string' | 'operator' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** word: folded to lower case; quoted and string: unescaped; else as written. */
  readonly text: string;
}

export interface LexedComment {
  readonly span: Span;
  readonly block: boolean;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  readonly comments: readonly LexedComment[];
  /** Places after which the tokens are guesswork; statements that hold one are not read further. */
  readonly broken: readonly number[];
}

const OPERATOR_CHARS = '+-*/<>=~!@#%^&|`?';
/** A multi-character operator may end in + or - only if it holds one of these (Postgres manual 4.1.3). */
const OPERATOR_KEEPS_SIGN = /[~!@#%^&|`?]/;
/** MySQL's and BigQuery's names, not over the end of a line. */
const BACKTICKED = /^`([^`\r\n]{1,100})`/;
const FOREIGN_STRING_PREFIX = /^(e|b|x|n|u&)$/i;

export function lex(file: SourceText, sink: DiagnosticSink): Lexed {
  return new Lexer(file, sink).run();
}

const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;
const GLUED_NUMBER = 'put a blank between the number and what follows, or begin the name with a letter';

class Lexer {
  private readonly file: SourceText;
  private readonly text: string;
  private readonly sink: DiagnosticSink;
  private readonly tokens: Token[] = [];
  private readonly comments: LexedComment[] = [];
  private readonly broken: number[] = [];
  private at = 0;
  private faults = 0;

  constructor(file: SourceText, sink: DiagnosticSink) {
    this.file = file;
    this.text = file.text;
    this.sink = sink;
  }

  run(): Lexed {
    // What follows more faults than are told has no reader.
    while (this.at < this.text.length && this.faults <= MAX_ERRORS_OF_FILE) this.next();
    this.push('end', this.text.length, this.text.length, '');
    return { tokens: this.tokens, comments: this.comments, broken: this.broken };
  }

  private next(): void {
    const char = this.text[this.at]!;
    if (isSpace(char)) this.at++;
    else if (this.text.startsWith('--', this.at)) this.lineComment();
    else if (this.text.startsWith('/*', this.at)) this.blockComment();
    else if (isWordStart(char)) this.word();
    else if (isDigit(char) || (char === '.' && isDigit(this.text[this.at + 1] ?? ''))) this.number();
    else if (char === "'") this.string();
    else if (char === '"') this.quotedIdentifier();
    else if (char === '$') this.dollar();
    else if (char === ':') this.colon();
    else if ('(),;.[]'.includes(char)) this.push('punctuation', this.at, this.at + 1, char);
    else if (char === '`') this.backticked();
    else if (OPERATOR_CHARS.includes(char)) this.operator();
    else this.foreignCharacter();
  }

  private push(kind: TokenKind, start: number, end: number, text: string): void {
    this.tokens.push({ kind, start, end, text });
    this.at = end;
  }

  private fault(code: string, start: number, end: number, message: string, parts: Parameters<typeof fault>[4]): void {
    this.faults++;
    if (code <= 'FSC1004') this.broken.push(start);
    this.sink.report(fault(code, this.file, { start, end }, message, parts));
  }

  private lineComment(): void {
    const start = this.at;
    while (this.at < this.text.length && this.text[this.at] !== '\n' && this.text[this.at] !== '\r') this.at++;
    this.comments.push({ span: { start, end: this.at }, block: false });
  }

  private blockComment(): void {
    const start = this.at;
    let depth = 0;
    do {
      if (this.text.startsWith('/*', this.at)) {
        depth++;
        this.at += 2;
      } else if (this.text.startsWith('*/', this.at)) {
        depth--;
        this.at += 2;
      } else this.at++;
    } while (depth > 0 && this.at < this.text.length);
    if (depth > 0) {
      this.at = this.text.length;
      this.fault('FSC1003', start, start + 2, 'comment is not closed', {
        label: 'starts here',
        cause: 'comments nest: every `/*` needs its own `*/`',
        help: 'close it with `*/`',
      });
    }
    this.comments.push({ span: { start, end: this.at }, block: true });
  }

  private word(): void {
    const start = this.at;
    let end = start + 1;
    while (end < this.text.length && isWordPart(this.text[end]!)) end++;
    const written = this.text.slice(start, end);
    const quote = this.text[end];
    const unicodeString = /^u$/i.test(written) && this.text[end] === '&' && /['"]/.test(this.text[end + 1] ?? '');
    if (unicodeString) end++;
    const prefix = this.text.slice(start, end);
    if (unicodeString || (quote === "'" && FOREIGN_STRING_PREFIX.test(prefix))) {
      this.fault('FSC1006', start, end + 1, `string form \`${prefix}${this.text[end]}\` is not portable`, {
        label: 'only plain strings are read alike by every database',
        cause: 'it means different things, or nothing, in different databases',
        help: this.isPlainString(prefix, end)
          ? replaceHelp('write a plain string', { start, end }, '')
          : "write a plain string: `'…'`, a quote in it doubled (`''`)",
      });
      this.at = end;
      if (this.text[end] === "'") this.string(/^e$/i.test(prefix));
      else this.quotedIdentifier();
      return;
    }
    // Words are ASCII, so this folds what both databases fold.
    this.push('word', start, end, written.toLowerCase());
  }

  /** `E'…'` without an escape and `N'…'`, which are plain strings in Postgres. */
  private isPlainString(prefix: string, quote: number): boolean {
    return /^[en]$/i.test(prefix) && /^'[^'\\]*(?:''[^'\\]*)*'(?!')/.test(this.text.slice(quote, quote + 1024));
  }

  /** `7d`, which other stores read as a length of time. */
  private lengthOfTime(start: number, end: number): Help | null {
    const written = this.text.slice(start, end);
    if (!/^\d{1,6}(ms|s|m|h|d|w)$/i.test(written)) return null;
    const isInterval = /\binterval\s*$/i.test(this.text.slice(Math.max(0, start - 100), start));
    const literal = `INTERVAL '${written}'`;
    return replaceHelp(`a length of time is \`${literal}\``, { start, end }, isInterval ? `'${written}'` : literal);
  }

  private number(): void {
    const start = this.at;
    const match = /^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(this.text.slice(start, start + 1024));
    let end = start + (match?.[0].length ?? 1);
    const numberEnd = end;
    while (end < this.text.length && (isWordPart(this.text[end]!) || this.text[end] === '.')) end++;
    if (end > numberEnd) {
      this.fault('FSC1005', start, end, `\`${clip(this.text.slice(start, end))}\` is not a number`, {
        label: 'a number followed by other characters',
        cause: 'a number is digits, at most one point, and an exponent such as `e3`',
        help: this.lengthOfTime(start, end) ?? GLUED_NUMBER,
      });
    }
    // Told already: what reads it may take it for a name or for a value.
    if (end > numberEnd) this.push('quoted', start, end, this.text.slice(start, end));
    else this.push('number', start, end, this.text.slice(start, numberEnd));
  }

  /** `skipEscapes` only keeps an E'…' string, already reported, from swallowing the rest of the file. */
  private string(skipEscapes = false): void {
    const start = this.at;
    let end = start + 1;
    let value = '';
    let from = end;
    for (;;) {
      if (end >= this.text.length) {
        this.unclosed('FSC1001', start, 'string', "'");
        return;
      }
      const char = this.text[end];
      if (skipEscapes && char === '\\') end += 2;
      else if (char === "'" && this.text[end + 1] === "'") {
        value += this.text.slice(from, end + 1);
        end += 2;
        from = end;
      } else if (char === "'") break;
      else end++;
    }
    this.push('string', start, end + 1, value + this.text.slice(from, end));
  }

  private quotedIdentifier(): void {
    const start = this.at;
    let end = start + 1;
    for (;;) {
      if (end >= this.text.length) {
        this.unclosed('FSC1002', start, 'quoted identifier', '"');
        return;
      }
      if (this.text[end] !== '"') end++;
      else if (this.text[end + 1] === '"') end += 2;
      else break;
    }
    const name = this.text.slice(start + 1, end).replaceAll('""', '"');
    if (name === '') {
      this.fault('FSC1007', start, end + 1, 'quoted identifier is empty', {
        label: 'a name needs at least one character',
        cause: 'double quotes enclose names, single quotes enclose text',
        help: replaceHelp("write an empty string with single quotes: `''`", { start, end: end + 1 }, "''"),
      });
    }
    this.push('quoted', start, end + 1, name);
  }

  private backticked(): void {
    const start = this.at;
    const name = BACKTICKED.exec(this.text.slice(start, start + 130))?.[1];
    if (name === undefined) {
      this.fault('FSC1020', start, start + 1, 'a backtick', {
        label: 'encloses nothing',
        cause: 'neither Postgres nor DuckDB reads a backtick',
        help: replaceHelp('remove it', { start, end: start + 1 }, ''),
      });
      this.at++;
      return;
    }
    const end = start + name.length + 2;
    const span = { start, end };
    this.fault('FSC1020', start, end, 'a name in backticks', {
      label: 'a name in MySQL and BigQuery',
      cause: 'neither Postgres nor DuckDB reads a backtick so',
      help: PLAIN_NAME.test(name)
        ? replaceHelp('write the name without quotes', span, name)
        : 'write the name alone; names are `[a-z_][a-z0-9_]*`',
    });
    this.push('quoted', start, end, name);
  }

  /** The fault is at the opening quote: where the text should have ended nobody knows. */
  private unclosed(code: string, start: number, what: string, quote: string): void {
    this.fault(code, start, start + 1, `${what} is not closed`, {
      label: 'starts here',
      cause: 'it runs to the end of the file',
      help: `close it with \`${quote}\`; the same character inside is written twice`,
    });
    this.push(quote === '"' ? 'quoted' : 'string', start, this.text.length, '');
  }

  private dollar(): void {
    const start = this.at;
    const rest = this.text.slice(start, start + 130);
    const open = /^\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$/.exec(rest)?.[0];
    if (open === undefined) {
      const end = start + (/^\$\w*/.exec(rest)?.[0].length ?? 1);
      this.parameter(start, end);
      return;
    }
    const close = this.text.indexOf(open, start + open.length);
    if (close < 0) this.unclosed('FSC1001', start, 'dollar-quoted string', open);
    else this.push('string', start, close + open.length, this.text.slice(start + open.length, close));
  }

  private colon(): void {
    const match = /^:[A-Za-z_]\w*/.exec(this.text.slice(this.at, this.at + 130));
    if (this.text.startsWith('::', this.at)) this.push('operator', this.at, this.at + 2, '::');
    else if (match !== null) this.parameter(this.at, this.at + match[0].length);
    else this.push('operator', this.at, this.at + 1, ':');
  }

  private parameter(start: number, end: number): void {
    this.fault('FSC1009', start, end, `\`${this.text.slice(start, end)}\` is a bind parameter`, {
      label: 'a feature has no parameters',
      cause: 'a feature is a function of its records and the instant; what a caller sends is a source of kind request',
      help: 'declare a source with `-- @kind request` and join it, or write the constant',
    });
    this.push('string', start, end, '');
  }

  private operator(): void {
    const start = this.at;
    let end = start;
    while (end < this.text.length && OPERATOR_CHARS.includes(this.text[end]!)) {
      if (end > start && (this.text.startsWith('--', end) || this.text.startsWith('/*', end))) break;
      end++;
    }
    if (!OPERATOR_KEEPS_SIGN.test(this.text.slice(start, end))) {
      while (end - start > 1 && (this.text[end - 1] === '+' || this.text[end - 1] === '-')) end--;
    }
    this.push('operator', start, end, this.text.slice(start, end));
  }

  private foreignCharacter(): void {
    const start = this.at;
    const code = this.text.codePointAt(start)!;
    let end = start + (code > 0xffff ? 2 : 1);
    while (end < this.text.length && isForeignLetter(this.text[end]!)) end++;
    const shown = end - start <= 2 ? `\`${printable(this.text.slice(start, end))}\` (U+${hex(code)})` : 'this text';
    this.fault('FSC1004', start, end, `unexpected character ${shown}`, {
      label: 'not a character of SQL outside strings, comments and quoted names',
      cause: 'databases differ on what such a character means: a letter, a blank, or nothing',
      help: foreignHelp(this.text.slice(start, end), { start, end }),
    });
    this.at = end;
  }
}

function foreignHelp(written: string, span: Span): string | Help {
  if (/^[‘’‚′]/.test(written)) return replaceHelp("write a straight quote: `'`", span, "'");
  if (/^[“”„″]/.test(written)) return replaceHelp('write a straight double quote: `"`', span, '"');
  if (/^[\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]/.test(written)) {
    return replaceHelp('write an ordinary blank', span, ' ');
  }
  if (/^[–—−]/.test(written)) return replaceHelp('write an ordinary minus: `-`', span, '-');
  if (isForeignLetter(written[0] ?? '')) {
    const plain = written.normalize('NFD').replace(/\p{M}/gu, '');
    return PLAIN_NAME.test(plain)
      ? replaceHelp(`a name is \`[a-z_][a-z0-9_]*\`: write \`${plain}\``, span, plain)
      : 'a name is `[a-z_][a-z0-9_]*`: take another; other text stands in single quotes';
  }
  return 'remove the character; text stands in single quotes';
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\t' || char === '\r' || char === '\f' || char === '\v';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isWordStart(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_';
}

function isWordPart(char: string): boolean {
  return isWordStart(char) || isDigit(char) || char === '$';
}

function isForeignLetter(char: string): boolean {
  return char > '\u00bf' && /\p{L}/u.test(char);
}

function printable(text: string): string {
  return /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(text) ? text : '?';
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
