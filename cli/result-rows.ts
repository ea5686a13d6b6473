/** Rows of results on stdout: JSON objects (cli.md, JSON results), or aligned columns for people. */
import type { Writable } from 'node:stream';
import { Option } from 'commander';
import { cellsOf } from '../compiler/diagnostics/width.ts';
import { printDecimal } from '../runtime/values/decimal.ts';
import type { Hybrid } from '../runtime/values/hybrid.ts';
import { printInterval } from '../runtime/values/interval.ts';
import { printJsonValue } from '../runtime/values/json.ts';
import { printDate, printTimestamp } from '../runtime/values/temporal.ts';
import type { IntervalValue, SqlType, Value } from '../runtime/values/types.ts';
import { writeOut } from './io.ts';

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** Integers and decimals as JSON numbers with all their digits, or as strings for readers that would round them. */
export type NumberFormat = 'number' | 'string';

export function numbersOption(): Option {
  return new Option(
    '--numbers <form>',
    'integers and decimals in JSON: as numbers, or as strings for readers that round',
  )
    .choices(['number', 'string'])
    .default('number');
}

/** One object, without a line end. */
export function jsonRow(columns: readonly ResultColumn[], row: readonly Value[], numbers: NumberFormat): string {
  const form = numbers === 'string' ? 'string' : 'json';
  const fields = columns.map(
    ({ name, type }, i) => `${JSON.stringify(name)}:${printJsonValue(row[i] ?? null, type, form)}`,
  );
  return `{${fields.join(',')}}`;
}

/** A value for people: text as it is, but on one line and without what a terminal would take for a command. */
export function plainValue(value: Value, type: SqlType): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'decimal':
      return printDecimal(value as Hybrid, type.scale);
    case 'date':
      return printDate(value as number);
    case 'timestamp':
    case 'timestamptz':
      return printTimestamp(value as number);
    case 'interval':
      return printInterval(value as IntervalValue);
    case 'text':
      return plainText(value as string);
    default:
      return String(value);
  }
}

export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (char) => {
    return char === '\n' ? '\\n' : char === '\t' ? '\\t' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** One row, a column a line. */
export function plainList(columns: readonly ResultColumn[], row: readonly Value[]): string {
  return pairLines(columns.map(({ name, type }, i) => [plainText(name), plainValue(row[i] ?? null, type)]));
}

export function pairLines(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

/** Cells under each other, as wide as the widest. */
export function columnsOf(lines: readonly (readonly string[])[]): readonly string[] {
  const count = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: count }, (_, i) =>
    lines.reduce((width, line) => Math.max(width, displayWidth(line[i] ?? '')), 0),
  );
  return lines.map((line) =>
    line
      .map((cell, i) => `${cell}${' '.repeat((widths[i] as number) - displayWidth(cell))}`)
      .join('  ')
      .trimEnd(),
  );
}

/** A heading and a line a row. Numbers stand at the right. */
export function plainTable(columns: readonly ResultColumn[], rows: readonly (readonly Value[])[]): string {
  const table = new PlainTable(columns);
  const cells = table.cells(rows);
  table.fit(cells);
  return `${table.heading()}${table.lines(cells)}`;
}

/** Rows as an engine gives them, some at a time. */
export type RowParts = AsyncIterable<readonly (readonly Value[])[]>;

/** A JSON object a line; gives the number of rows. */
export async function writeJsonRows(
  out: Writable,
  columns: readonly ResultColumn[],
  parts: RowParts,
  numbers: NumberFormat,
): Promise<number> {
  let count = 0;
  for await (const rows of parts) {
    count += rows.length;
    await writeOut(out, rows.map((row) => `${jsonRow(columns, row, numbers)}\n`).join(''));
  }
  return count;
}

/** Columns are as wide as the first rows need: the result may be longer than the memory. */
const FITTED_ROWS = 1000;

/** As `plainTable`, for results of any length; long texts are cut. Gives the number of rows. */
export async function writeTable(out: Writable, columns: readonly ResultColumn[], parts: RowParts): Promise<number> {
  const table = new PlainTable(columns);
  let first: string[][] | null = [];
  let count = 0;
  const start = async (cells: readonly string[][]): Promise<void> => {
    table.fit(cells);
    await writeOut(out, `${table.heading()}${table.lines(cells)}`);
    first = null;
  };
  for await (const rows of parts) {
    count += rows.length;
    const cells = table.cells(rows).map((line) => line.map((cell, i) => table.cut(cell, i)));
    if (first === null) await writeOut(out, table.lines(cells));
    else {
      first.push(...cells);
      if (first.length >= FITTED_ROWS) await start(first);
    }
  }
  if (first !== null) await start(first);
  return count;
}

/** Longer texts are cut for people; JSON has them whole. */
const CELL_WIDTH = 60;

/** Cells side by side, under their names, by the width that a terminal gives them. */
class PlainTable {
  readonly #columns: readonly ResultColumn[];
  #widths: number[];

  constructor(columns: readonly ResultColumn[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ name }) => displayWidth(plainText(name)));
  }

  cells(rows: readonly (readonly Value[])[]): string[][] {
    return rows.map((row) => this.#columns.map(({ type }, i) => plainValue(row[i] ?? null, type)));
  }

  /** A number is never cut: what is left of it would be another number. */
  cut(cell: string, column: number): string {
    return isNumber((this.#columns[column] as ResultColumn).type) ? cell : cutText(cell, CELL_WIDTH);
  }

  fit(lines: readonly (readonly string[])[]): void {
    for (const line of lines) {
      this.#widths = this.#widths.map((width, i) => Math.max(width, displayWidth(line[i] as string)));
    }
  }

  heading(): string {
    return this.lines([this.#columns.map(({ name }) => plainText(name))]);
  }

  lines(lines: readonly (readonly string[])[]): string {
    return lines.map((line) => `${this.#line(line)}\n`).join('');
  }

  #line(cells: readonly string[]): string {
    const padded = cells.map((cell, i) => {
      const blanks = ' '.repeat(Math.max(0, (this.#widths[i] as number) - displayWidth(cell)));
      return isNumber((this.#columns[i] as ResultColumn).type) ? `${blanks}${cell}` : `${cell}${blanks}`;
    });
    return padded.join('  ').trimEnd();
  }
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function displayWidth(text: string): number {
  return isAscii(text) ? text.length : cellsOf(text).reduce((width, cell) => width + cell.width, 0);
}

/** With an ellipsis where something was cut off. */
export function cutText(text: string, maxWidth: number): string {
  if (displayWidth(text) <= maxWidth) return text;
  let out = '';
  let width = 0;
  for (const cell of cellsOf(text)) {
    if (width + cell.width > maxWidth - 1) break;
    out += cell.text;
    width += cell.width;
  }
  return `${out}…`;
}

function isNumber(type: SqlType): boolean {
  return ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double'].includes(type.kind);
}
