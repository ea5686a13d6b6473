/** Edits that a help can carry. */
import type { Edit, SourceText, Span } from './diagnostic.ts';

export function textOf(file: SourceText, span: Span): string {
  return file.text.slice(span.start, span.end);
}

/** A literal of SQL that means the text. */
export function literalOf(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function replacing(span: Span, newText: string): readonly Edit[] {
  return [{ span, newText }];
}

export function inserting(offset: number, newText: string): readonly Edit[] {
  return [{ span: { start: offset, end: offset }, newText }];
}

export function wrapping(span: Span, before: string, after: string): readonly Edit[] {
  return [...inserting(span.start, before), ...inserting(span.end, after)];
}

/** Takes the blanks before it along. */
export function removing(file: SourceText, span: Span): readonly Edit[] {
  let { start } = span;
  while (start > 0 && /[ \t\r\n]/.test(file.text[start - 1] ?? '')) start--;
  return [{ span: { start, end: span.end }, newText: '' }];
}

/** The text after all edits of one help, which do not overlap. */
export function applied(text: string, edits: readonly Edit[]): string {
  let out = '';
  let at = 0;
  for (const { span, newText } of [...edits].sort((a, b) => a.span.start - b.span.start)) {
    out += text.slice(at, span.start) + newText;
    at = span.end;
  }
  return out + text.slice(at);
}
