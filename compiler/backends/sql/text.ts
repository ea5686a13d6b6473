import type { Dialect } from '../../../runtime/functions/definition.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';

/** A dialect can't say what the view asks for; becomes a compile error at `span`. */
export class UnsupportedSql extends Error {
  readonly dialect: Dialect;
  readonly span: Span | null;

  constructor(dialect: Dialect, reason: string, span: Span | null) {
    super(reason);
    this.name = 'UnsupportedSql';
    this.dialect = dialect;
    this.span = span;
  }
}

/** Always quoted: reserved words and capitals keep their meaning. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string, dialect: Dialect): string {
  const doubled = text.replaceAll("'", "''");
  // A backslash means itself in DuckDB; in Postgres that hangs on a setting, unless the string says so.
  if (dialect === 'postgres' && text.includes('\\')) return `E'${doubled.replaceAll('\\', '\\\\')}'`;
  return `'${doubled}'`;
}

/** Text in a `--` comment: every character that ends a line somewhere becomes a space. */
export function commentText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, ' ');
}

const ATOM = /^(?:"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")*|\d+|'(?:[^']|'')*'|NULL|TRUE|FALSE)$/;

/** Wraps what could bind otherwise beside an operator. */
export function parenthesised(text: string): string {
  return ATOM.test(text) || isCall(text) ? text : `(${text})`;
}

/** `name(…)` or `(…)` whose first parenthesis closes at the end. */
function isCall(text: string): boolean {
  const open = /^\w*\(/.exec(text);
  if (open === null) return false;
  let depth = 0;
  for (let i = open[0].length - 1; i < text.length; i += 1) {
    const char = text[i];
    if (char === "'" || char === '"') {
      const close = text.indexOf(char, i + 1);
      if (close < 0) return false;
      i = close;
    } else if (char === '(') depth += 1;
    else if (char === ')') {
      depth -= 1;
      if (depth === 0) return i === text.length - 1;
    }
  }
  return false;
}
