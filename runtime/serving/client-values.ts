/**
 * Values as a generated client takes and gives them:
 *
 * | SQL                     | given                          | taken                                  |
 * |-------------------------|--------------------------------|----------------------------------------|
 * | smallint, integer       | number                         | number (bigint, string of digits)      |
 * | bigint                  | bigint                         | bigint, safe integer, string of digits |
 * | decimal                 | string with all its digits     | string, bigint, number of <= 15 digits |
 * | real, double precision  | number                         | number                                 |
 * | boolean                 | boolean                        | boolean                                |
 * | text                    | string                         | string                                 |
 * | date                    | `2001-03-01`                   | the same                               |
 * | timestamp, timestamptz  | `2001-03-01T12:00:00.000001Z`  | ISO 8601 string, Date                  |
 * | NULL                    | null                           | null                                   |
 */
import { checkAsOf } from '../values/as-of.ts';
import { printDecimal } from '../values/decimal.ts';
import { FscError } from '../values/errors.ts';
import type { Hybrid } from '../values/hybrid.ts';
import { inTimestampRange, parseTimestamp, printDate, printTimestamp } from '../values/temporal.ts';
import { type ReadResult, readDouble, readString, readTextValue, refused, taken } from '../values/text.ts';
import { printType, type SqlType, type Value } from '../values/types.ts';

export type ClientValue = null | boolean | number | bigint | string;

const MICROS_PER_MILLI = 1000;

/** How values of a type are given to the caller. */
export function giver(type: SqlType): (value: Exclude<Value, null>) => ClientValue {
  switch (type.kind) {
    case 'bigint':
      return (value) => BigInt(value as Hybrid);
    case 'decimal':
      return (value) => printDecimal(value as Hybrid, type.scale);
    case 'date':
      return (value) => printDate(value as number);
    case 'timestamp':
    case 'timestamptz':
      return (value) => printTimestamp(value as number);
    default:
      return (value) => value as ClientValue;
  }
}

/** `place` names the column for the message; values themselves stay out of it (they may be personal). */
export function takeValue(value: unknown, type: SqlType, place: string): Value {
  const result = readGiven(value, type);
  if (result.ok) return result.value;
  throw new FscError(
    'FSC7223',
    2,
    `${place} is no ${printType(type)}`,
    `a ${kindOf(value)} was given that does not fit`,
    null,
  );
}

function readGiven(value: unknown, type: SqlType): ReadResult {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'decimal':
      return readExact(value, type);
    case 'real':
    case 'double':
      return typeof value === 'number' ? readDouble(value, type) : refused('');
    case 'boolean':
      return typeof value === 'boolean' ? taken(value) : refused('');
    case 'text':
      return typeof value === 'string' ? readString(value, type) : refused('');
    case 'timestamp':
    case 'timestamptz':
      if (value instanceof Date) return readDate(value);
      return typeof value === 'string' ? readTextValue(value, type) : refused('');
    default:
      return typeof value === 'string' ? readTextValue(value, type) : refused('');
  }
}

function readDate(value: Date): ReadResult {
  const micros = microsOf(value);
  return inTimestampRange(micros) ? taken(micros) : refused('');
}

/** NaN: it is no instant. */
function microsOf(date: Date): number {
  return date.getTime() * MICROS_PER_MILLI;
}

/** Numbers only while their digits are certain. */
function readExact(value: unknown, type: SqlType): ReadResult {
  if (typeof value === 'bigint' || typeof value === 'string') return readTextValue(String(value), type);
  if (typeof value !== 'number') return refused('');
  const text = String(value);
  const certain = Number.isSafeInteger(value) || text.replace(/e.*$|\D/g, '').replace(/^0+/, '').length <= 15;
  return certain && Number.isFinite(value) ? readTextValue(text, type) : refused('');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'Date';
  return typeof value;
}

/** null: now. */
export function takeInstant(at: unknown): number | null {
  if (at === undefined || at === null || at === 'now') return null;
  const micros = at instanceof Date ? microsOf(at) : typeof at === 'string' ? parseTimestamp(at.trim()) : null;
  if (micros !== null && !Number.isNaN(micros)) return checkAsOf(micros, '`at`', 'FSC7225');
  throw new FscError(
    'FSC7225',
    2,
    '`at` is no instant',
    'instants are ISO 8601, UTC if there is no offset, or a Date',
    "write it like '2001-03-01T12:00:00Z', or leave it out for now",
  );
}
