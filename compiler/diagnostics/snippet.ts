/** The source as written with marks under it. */
import type { Label, SourceText } from './diagnostic.ts';
import { lineText, positionAt } from './positions.ts';
import { type Cell, cellsOf, printableLine } from './width.ts';

export type Paint = (style: 'error' | 'warning' | 'gutter' | 'help' | 'bold', text: string) => string;

export interface Marker extends Label {
  readonly mark: '^' | '-' | '+';
  readonly style: 'error' | 'warning' | 'gutter' | 'help';
}

/** A mark on one line. Columns count terminal cells from 0, half-open. */
interface Mark {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly marker: Marker;
  readonly text: string;
}

/** More of a line than this is cut away on both sides of its marks. */
const MAX_WIDTH = 160;
const CONTEXT = 40;

/** `firstLine` numbers the first line of `file`, which may be a part of another. */
export function renderSnippet(
  file: SourceText,
  markers: readonly Marker[],
  digits: number,
  paint: Paint,
  firstLine = 1,
): string[] {
  const byLine = new Map<number, Marker[]>();
  for (const part of markers.flatMap((marker) => splitByLine(file, marker))) {
    const line = positionAt(file, part.span.start).line;
    byLine.set(line, [...(byLine.get(line) ?? []), part]);
  }
  const out: string[] = [];
  let previous = 0;
  for (const line of [...byLine.keys()].sort((a, b) => a - b)) {
    if (previous > 0 && line > previous + 1) out.push(paint('gutter', '...'));
    previous = line;
    out.push(...renderLine(file, line, byLine.get(line)!, digits, paint, firstLine));
  }
  return out;
}

/** A span over several lines is marked on its first and on its last, where its text stands. */
function splitByLine(file: SourceText, marker: Marker): readonly Marker[] {
  const start = positionAt(file, marker.span.start);
  const end = positionAt(file, marker.span.end);
  if (start.line === end.line) return [marker];
  const firstEnd = marker.span.start - start.column + 1 + lineText(file, start.line).length;
  const first: Marker = {
    ...marker,
    span: { start: marker.span.start, end: Math.max(firstEnd, marker.span.start) },
    text: '',
  };
  const lastStart = end.offset - end.column + 1;
  const indent = /^[ \t]*/.exec(lineText(file, end.line))?.[0].length ?? 0;
  if (lastStart + indent >= end.offset) return [{ ...first, text: marker.text }];
  return [first, { ...marker, span: { start: lastStart + indent, end: end.offset } }];
}

function renderLine(
  file: SourceText,
  line: number,
  markers: readonly Marker[],
  digits: number,
  paint: Paint,
  firstLine: number,
): string[] {
  const text = lineText(file, line);
  const lineStart = markers[0]!.span.start - positionAt(file, markers[0]!.span.start).column + 1;
  const cells = cellsOf(text);
  const marks = markers.map((marker) => toMark(cells, text, line, lineStart, marker)).sort((a, b) => a.start - b.start);
  const window = cut(cells, marks);
  const bar = paint('gutter', '|');
  const number = paint('gutter', String(line + firstLine - 1).padStart(digits + 1));
  const rows = markRows(
    marks.map((mark) => ({ ...mark, start: mark.start - window.shift, end: mark.end - window.shift })),
    paint,
  );
  return [`${number} ${bar} ${window.text}`, ...rows.map((row) => `${' '.repeat(digits + 2)}${bar} ${row}`)];
}

function toMark(cells: readonly Cell[], text: string, line: number, lineStart: number, marker: Marker): Mark {
  const start = columnOf(cells, marker.span.start - lineStart);
  const end = columnOf(cells, Math.min(marker.span.end - lineStart, text.length));
  return { line, start, end: Math.max(end, start + 1), marker, text: marker.text };
}

function columnOf(cells: readonly Cell[], offset: number): number {
  let column = 0;
  for (const cell of cells) {
    if (cell.offset >= offset) break;
    column += cell.width;
  }
  return column;
}

/** Keeps the marks in view on a very long line. */
function cut(cells: readonly Cell[], marks: readonly Mark[]): { readonly text: string; readonly shift: number } {
  const width = cells.reduce((sum, cell) => sum + cell.width, 0);
  if (width <= MAX_WIDTH) return { text: cells.map((cell) => cell.text).join(''), shift: 0 };
  const from = Math.max(0, marks[0]!.start - CONTEXT);
  const kept: string[] = [];
  let column = 0;
  let firstKept = -1;
  for (const cell of cells) {
    if (column >= from && column + cell.width <= from + MAX_WIDTH) {
      if (firstKept < 0) firstKept = column;
      kept.push(cell.text);
    }
    column += cell.width;
  }
  const left = firstKept > 0 ? '…' : '';
  const right = width > from + MAX_WIDTH ? '…' : '';
  return { text: `${left}${kept.join('')}${right}`, shift: firstKept - left.length };
}

/** One row of marks with the rightmost text behind it; the other texts hang below, right to left. */
function markRows(marks: readonly Mark[], paint: Paint): string[] {
  const last = marks.at(-1)!;
  const rows = [
    underline(marks, paint) + (last.text === '' ? '' : ` ${paint(last.marker.style, printableLine(last.text))}`),
  ];
  const hanging = marks.slice(0, -1).filter((mark) => mark.text !== '');
  for (let count = hanging.length; count > 0; count--) {
    const mark = hanging[count - 1]!;
    rows.push(connectors(hanging.slice(0, count), paint));
    const before = connectors(hanging.slice(0, count - 1), paint, mark.start);
    rows.push(`${before}${paint(mark.marker.style, printableLine(mark.text))}`);
  }
  return rows;
}

function underline(marks: readonly Mark[], paint: Paint): string {
  let out = '';
  let column = 0;
  // Where marks overlap the earlier one keeps its cells: two characters cannot stand in one place.
  for (const mark of marks) {
    const start = Math.min(Math.max(mark.start, column), column + MAX_WIDTH);
    const end = Math.min(mark.end, start + MAX_WIDTH);
    if (end <= start) continue;
    out += ' '.repeat(start - column) + paint(mark.marker.style, mark.marker.mark.repeat(end - start));
    column = end;
  }
  return out;
}

function connectors(marks: readonly Mark[], paint: Paint, upTo = 0): string {
  let out = '';
  let column = 0;
  for (const mark of marks) {
    if (mark.start < column) continue;
    out += ' '.repeat(mark.start - column) + paint(mark.marker.style, '|');
    column = mark.start + 1;
  }
  return out + ' '.repeat(Math.max(0, upTo - column));
}
