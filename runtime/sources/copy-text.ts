/** The text format of PostgreSQL's COPY: a line a record, tabs between fields, `\N` for NULL. */
import type { ColumnBatch } from '../values/batch.ts';
import { printDecimal } from '../values/decimal.ts';
import type { Hybrid } from '../values/hybrid.ts';
import { civilFromDays, printDate, printTimestamp } from '../values/temporal.ts';
import type { SqlType, Value } from '../values/types.ts';
import type { TextRow } from './postgres-session.ts';
import { valueAt } from './record-columns.ts';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** Texts are sent in pieces of about so many characters. */
const PIECE_CHARS = 1 << 18;

export function copyField(value: Value, type: SqlType): string {
  if (value === null) return '\\N';
  switch (type.kind) {
    case 'boolean':
      return value === true ? 't' : 'f';
    case 'text':
      return (value as string).replace(/[\\\n\r\t]/g, (char) => ESCAPES[char] as string);
    case 'decimal':
      return printDecimal(value as Hybrid, type.scale);
    case 'date':
      return dateText(value as number);
    case 'timestamp':
    case 'timestamptz':
      return printTimestamp(value as number);
    case 'interval':
    case 'unknown':
      throw new Error(`no column has the type ${type.kind}`);
    default:
      return String(value);
  }
}

/** PostgreSQL writes years before 1 as BC, and those after 9999 without a sign. */
function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  if (year >= 1 && year <= 9999) return printDate(days);
  const rest = `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return year > 0 ? `${year}-${rest}` : `${String(1 - year).padStart(4, '0')}-${rest} BC`;
}

/** Lines for `PostgresSession.copyIn`. `rows`: which of the batch's rows, all where null. */
export function* copyLines(
  types: readonly SqlType[],
  { batch, rows, count }: { readonly batch: ColumnBatch; readonly rows: Int32Array | null; readonly count: number },
): Generator<string> {
  let piece = '';
  for (let i = 0; i < count; i += 1) {
    const row = rows === null ? i : (rows[i] as number);
    piece += copyRow(types, batch, row);
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function copyRow(types: readonly SqlType[], batch: ColumnBatch, row: number): string {
  let line = '';
  for (const [i, type] of types.entries()) {
    const vector = batch.columns[i];
    if (vector === undefined) throw new Error('a column is missing');
    line += `${i === 0 ? '' : '\t'}${copyField(valueAt(vector, type, row), type)}`;
  }
  return `${line}\n`;
}

const LINE_END = 10;

/** Rows of a COPY TO STDOUT, some at a time. */
export async function* copyRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly TextRow[]> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_END);
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    const whole = Buffer.concat([...rest, chunk.subarray(0, end)]).toString('utf8');
    rest = end + 1 < chunk.length ? [Buffer.from(chunk.subarray(end + 1))] : [];
    yield whole.split('\n').map(splitRow);
  }
  if (rest.length > 0) throw new Error('the last row of a COPY has no end');
}

function splitRow(line: string): TextRow {
  return line.split('\t').map(fieldText);
}

function fieldText(field: string): string | null {
  if (!field.includes('\\')) return field;
  if (field === '\\N') return null;
  return field.replace(/\\(.)/g, (_, char: string) => UNESCAPED[char] ?? char);
}

const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
