/** Splits a file's tokens at `;` and checks that brackets match, so that no reader ever meets an open end. */
import type { DiagnosticSink, SourceText, Span } from '../diagnostics/diagnostic.ts';
import { fault } from '../diagnostics/fault.ts';
import { tokenSpan } from './cursor.ts';
import type { Lexed, Token } from './lexer.ts';

export interface Statement {
  /** Ends with an `end` token. */
  readonly tokens: readonly Token[];
  readonly span: Span;
}

/** Statements with broken tokens, or whose brackets do not match, are reported and left out: what they say is unknown. */
export function splitStatements(file: SourceText, lexed: Lexed, sink: DiagnosticSink): readonly Statement[] {
  const statements: Statement[] = [];
  let current: Token[] = [];
  let nextBroken = 0;
  for (const token of lexed.tokens) {
    const isEnd = token.kind === 'end' || (token.kind === 'punctuation' && token.text === ';');
    if (!isEnd) {
      current.push(token);
      continue;
    }
    const first = current[0];
    const broken = (lexed.broken[nextBroken] ?? Infinity) < token.end;
    while ((lexed.broken[nextBroken] ?? Infinity) < token.end) nextBroken++;
    if (first !== undefined && !broken && bracketsMatch(file, current, sink)) {
      const span = { start: first.start, end: current.at(-1)!.end };
      current.push({ kind: 'end', start: token.start, end: token.end, text: '' });
      statements.push({ tokens: current, span });
    }
    current = [];
  }
  return statements;
}

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
]);

function bracketsMatch(file: SourceText, tokens: readonly Token[], sink: DiagnosticSink): boolean {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== 'punctuation') continue;
    if (CLOSERS.has(token.text)) open.push(token);
    else if (token.text === ')' || token.text === ']') {
      const opener = open.pop();
      if (opener !== undefined && CLOSERS.get(opener.text) === token.text) continue;
      sink.report(unmatched(file, token, opener));
      return false;
    }
  }
  const first = open[0];
  if (first === undefined) return true;
  const innermost = open.at(-1)!;
  sink.report(
    fault('FSC1010', file, tokenSpan(innermost), `\`${innermost.text}\` is not closed`, {
      label: open.length === 1 ? 'opened here' : `opened here, as ${open.length - 1} more before it`,
      cause: 'the statement ends first',
      help: `close it with \`${CLOSERS.get(innermost.text)}\``,
    }),
  );
  return false;
}

function unmatched(file: SourceText, token: Token, opener: Token | undefined): ReturnType<typeof fault> {
  return fault('FSC1011', file, tokenSpan(token), `\`${token.text}\` closes nothing`, {
    label: opener === undefined ? 'no bracket is open here' : `\`${opener.text}\` is open here`,
    secondary: opener === undefined ? [] : [{ span: tokenSpan(opener), text: 'opened here' }],
    help: opener === undefined ? 'remove it' : `close the other first with \`${CLOSERS.get(opener.text)}\``,
  });
}
