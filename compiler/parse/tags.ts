/** `-- @tag value` lines of the leading comment. Which tags exist is the catalog's question. */
import type { DiagnosticSink, SourceText, Span } from '../diagnostics/diagnostic.ts';
import { fault } from '../diagnostics/fault.ts';
import type { Tag } from './ast.ts';
import type { Lexed } from './lexer.ts';

/** A tag anywhere else would be ignored in silence, so it is a fault. */
export function readTags(file: SourceText, lexed: Lexed, sink: DiagnosticSink): readonly Tag[] {
  const leadingEnd = lexed.tokens[0]?.start ?? file.text.length;
  const tags: Tag[] = [];
  for (const comment of lexed.comments) {
    const text = file.text.slice(comment.span.start, comment.span.end);
    const at = comment.block ? /(?:^\/\*|[\r\n])[\s*]*@\w/.exec(text) : /^-+[ \t]*@/.exec(text);
    if (at === null) continue;
    if (comment.block || comment.span.start >= leadingEnd) {
      const start = comment.span.start + at.index + at[0].lastIndexOf('@');
      sink.report(misplaced(file, start, leadingEnd < comment.span.start));
      continue;
    }
    const tag = readTag(file, comment.span, comment.span.start + at[0].length, sink);
    if (tag !== null) tags.push(tag);
  }
  return tags;
}

function misplaced(file: SourceText, start: number, late: boolean): ReturnType<typeof fault> {
  const length = /^@[\w-]*/.exec(file.text.slice(start, start + 200))?.[0].length ?? 1;
  const span = { start, end: start + length };
  return fault('FSC1031', file, span, `tag \`${file.text.slice(span.start, span.end)}\` stands where no tag is read`, {
    label: late ? 'after the first statement began' : 'in a block comment',
    cause: 'tags are read from the `--` lines before the first statement, and nowhere else',
    help: 'move it to a line `-- @tag value` at the top of the file, or write the comment without `@`',
  });
}

/** `nameStart` is after the @. */
function readTag(file: SourceText, comment: Span, nameStart: number, sink: DiagnosticSink): Tag | null {
  const line = file.text.slice(nameStart, comment.end);
  const name = /^[a-z][a-z0-9_]*(?=[ \t]|$)/.exec(line)?.[0];
  if (name === undefined) {
    const length = Math.max(1, /^[^ \t]*/.exec(line)?.[0].length ?? 1);
    const span = { start: nameStart - 1, end: Math.min(comment.end, nameStart + length) };
    sink.report(
      fault('FSC1030', file, span, 'tag has no valid name', {
        label: 'a name is lower case letters, digits and `_`, followed by a blank',
        help: 'write `-- @tag value`; a comment that is no tag must not begin with `@`',
      }),
    );
    return null;
  }
  const blanks = /^[ \t]*/.exec(line.slice(name.length))?.[0].length ?? 0;
  const valueStart = nameStart + name.length + blanks;
  const value = cutExplanation(line.slice(name.length + blanks));
  const valueEnd = valueStart + value.length;
  return {
    span: { start: nameStart - 1, end: Math.max(nameStart + name.length, valueEnd) },
    name,
    nameSpan: { start: nameStart, end: nameStart + name.length },
    value,
    valueSpan: value === '' ? { start: nameStart, end: nameStart + name.length } : { start: valueStart, end: valueEnd },
  };
}

/** Up to two blanks outside quotes (of a text or a name): what follows them explains the tag to people. */
function cutExplanation(text: string): string {
  const cut = /^(?:'[^']*'|"[^"]*"|[ \t](?![ \t])|[^ \t])*/.exec(text)?.[0] ?? '';
  return cut.replace(/[ \t]+$/, '');
}
