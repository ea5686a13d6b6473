/** Rows of results on stdout: JSON objects (cli.md, JSON results), or aligned columns for people. */
import { Option } from 'commander';
import { printDecimal } from '../runtime/values/decimal.ts';
import type { Hybrid } from '../runtime/values/hybrid.ts';
import { printInterval } from '../runtime/values/interval.ts';
import { printJsonValue } from '../runtime/values/json.ts';
import { printDate, printTimestamp } from '../runtime/values/temporal.ts';
import type { IntervalValue, SqlType, Value } from '../runtime/values/types.ts';

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
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => {
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

/** A heading and a line a row. Numbers stand at the right. */
export function plainTable(columns: readonly ResultColumn[], rows: readonly (readonly Value[])[]): string {
  const cells = rows.map((row) => columns.map(({ type }, i) => plainValue(row[i] ?? null, type)));
  const lines = [columns.map(({ name }) => plainText(name)), ...cells];
  const widths = columns.map((_, i) => lines.reduce((width, line) => Math.max(width, (line[i] as string).length), 0));
  return lines.map((line) => `${alignedLine(line, widths, columns)}\n`).join('');
}

function alignedLine(cells: readonly string[], widths: readonly number[], columns: readonly ResultColumn[]): string {
  const padded = cells.map((cell, i) => {
    const width = widths[i] as number;
    return isNumber((columns[i] as ResultColumn).type) ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}

function isNumber(type: SqlType): boolean {
  return ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double'].includes(type.kind);
}
