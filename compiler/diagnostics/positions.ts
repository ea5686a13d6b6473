import type { SourceText } from './diagnostic.ts';

export interface Position {
  /** UTF-16, 0-based */
  readonly offset: number;
  /** 1-based */
  readonly line: number;
  /** 1-based, in UTF-16 code units */
  readonly column: number;
}

const lineStarts = new WeakMap<SourceText, readonly number[]>();

/** Lines end with LF, CRLF or a CR alone. */
export function startsOfLines(file: SourceText): readonly number[] {
  const known = lineStarts.get(file);
  if (known !== undefined) return known;
  const starts = [0];
  const ends = /\r\n|\n|\r/g;
  while (ends.exec(file.text) !== null) starts.push(ends.lastIndex);
  lineStarts.set(file, starts);
  return starts;
}

export function positionAt(file: SourceText, offset: number): Position {
  const starts = startsOfLines(file);
  const at = Math.max(0, Math.min(offset, file.text.length));
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return { offset: at, line: low + 1, column: at - starts[low]! + 1 };
}

/** Without its line end. `line` is 1-based. */
export function lineText(file: SourceText, line: number): string {
  const starts = startsOfLines(file);
  const start = starts[line - 1] ?? file.text.length;
  return file.text.slice(start, starts[line] ?? file.text.length).replace(/[\r\n]+$/, '');
}
