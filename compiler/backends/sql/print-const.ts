import type { Dialect } from '../../../runtime/functions/definition.ts';
import {
  type IntervalValue,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  printType,
  type SqlType,
  type Value,
} from '../../../runtime/values/types.ts';
import { quoteText } from './text.ts';

/** A constant as text whose type can't be mistaken: a bare `5` means a smaller type in DuckDB than in Postgres. */
export function printConst(value: Value, type: SqlType, dialect: Dialect): string {
  if (value === null) return type.kind === 'unknown' ? 'NULL' : `CAST(NULL AS ${physicalType(type, dialect)})`;
  switch (type.kind) {
    case 'boolean':
      return value === true ? 'TRUE' : 'FALSE';
    case 'text':
      return quoteText(String(value), dialect);
    case 'smallint':
    case 'integer':
    case 'bigint':
      return `CAST(${integerText(value)} AS ${printType(type)})`;
    case 'decimal':
      return `CAST('${decimalText(value as number | bigint, type.scale)}' AS ${printType(type)})`;
    case 'real':
    case 'double':
      return `CAST('${String(value)}' AS ${printType(type)})`;
    case 'date':
      return printDate(Number(value));
    case 'timestamp':
      return printInstant(Number(value));
    case 'timestamptz':
      return dialect === 'duckdb' ? printInstant(Number(value)) : `(${printInstant(Number(value))} AT TIME ZONE 'UTC')`;
    case 'interval':
      return printInterval(value as IntervalValue);
    case 'unknown':
      return quoteText(String(value), dialect);
  }
}

/**
 * The type that a value has inside emitted SQL. DuckDB's TIMESTAMP WITH TIME ZONE computes in the session's zone, so there it is a UTC
 * timestamp from the leaf up and gets its zone back in the output.
 */
export function physicalType(type: SqlType, dialect: Dialect): string {
  return type.kind === 'timestamptz' && dialect === 'duckdb' ? 'timestamp' : declaredType(type, dialect);
}

/** The type of an output column. */
export function declaredType(type: SqlType, dialect: Dialect): string {
  if (type.kind === 'timestamptz') return 'timestamp with time zone';
  // Length is checked at ingestion; DuckDB ignores it anyway.
  if (type.kind === 'text') return dialect === 'duckdb' ? 'varchar' : 'text';
  return printType(type);
}

function integerText(value: Value): string {
  const text = String(value);
  // -9223372036854775808 would be read as minus 9223372036854775808, which is no bigint.
  return text.startsWith('-') ? `'${text}'` : text;
}

export function decimalText(unscaled: number | bigint, scale: number): string {
  const negative = unscaled < 0;
  const digits = (negative ? -BigInt(unscaled) : BigInt(unscaled)).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
  return negative ? `-${text}` : text;
}

const FIRST_PLAIN_DAY = -719_162; // 0001-01-01
const LAST_PLAIN_DAY = 2_932_896; // 9999-12-31

function printDate(days: number): string {
  if (days < FIRST_PLAIN_DAY || days > LAST_PLAIN_DAY) return `(DATE '1970-01-01' + CAST('${days}' AS integer))`;
  return `DATE '${new Date(days * 86_400_000).toISOString().slice(0, 10)}'`;
}

/** A timestamp without zone. Instants are within 2^53 µs of 1970, so the year has four digits. */
export function printInstant(micros: number): string {
  return `TIMESTAMP '${instantText(micros)}'`;
}

/** `2001-01-01 00:00:00[.ffffff]` */
export function instantText(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const below = micros - millis * 1000;
  const iso = new Date(millis).toISOString();
  const base = iso.slice(0, 19).replace('T', ' ');
  const fraction = iso.slice(20, 23) + String(below).padStart(3, '0');
  return fraction === '000000' ? base : `${base}.${fraction}`;
}

/** Positive parts first: the sign of a first part that is negative may be that of all, by a session's IntervalStyle. */
export function printInterval({ months, days, micros }: IntervalValue): string {
  const parts: { readonly count: number; readonly unit: string }[] = [];
  if (months !== 0) parts.push({ count: months, unit: 'months' });
  if (days !== 0) parts.push({ count: days, unit: 'days' });
  if (micros !== 0 || parts.length === 0) parts.push({ count: micros, unit: 'microseconds' });
  const ordered = [...parts.filter(({ count }) => count >= 0), ...parts.filter(({ count }) => count < 0)];
  return `INTERVAL '${ordered.map(({ count, unit }) => `${count} ${unit}`).join(' ')}'`;
}

/** A fixed length in the largest unit that divides it; days are 24 hours. */
export function printDuration(micros: number): string {
  const units = [
    [MICROS_PER_DAY, 'day'],
    [MICROS_PER_HOUR, 'hour'],
    [MICROS_PER_MINUTE, 'minute'],
    [MICROS_PER_SECOND, 'second'],
  ] as const;
  for (const [size, name] of units) {
    if (micros % size === 0 && micros !== 0) {
      const count = micros / size;
      return `INTERVAL '${count} ${name}${count === 1 ? '' : 's'}'`;
    }
  }
  return `INTERVAL '${micros} microseconds'`;
}
