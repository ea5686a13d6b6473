/**
 * SQL types and the JavaScript values that stand for them at run time.
 *
 * | SQL type                | Value (never undefined; NULL is `null`)                                             |
 * |-------------------------|-------------------------------------------------------------------------------------|
 * | smallint, integer, date | number (date: days since 1970-01-01)                                                |
 * | bigint                  | *hybrid*: number if it is a safe integer, else bigint                                |
 * | decimal(p,s)            | hybrid *unscaled* integer: 12.50 as decimal(12,2) is 1250                            |
 * | real, double            | number; −0 is stored as 0; a real is already rounded by Math.fround                  |
 * | boolean                 | boolean (0 or 1 inside numeric column vectors)                                       |
 * | text                    | string                                                                              |
 * | timestamp, timestamptz  | number, microseconds since the epoch, UTC, |x| <= 2^53-1                              |
 * | interval                | IntervalValue (expressions only)                                                     |
 *
 * Hybrid: a value is a `bigint` if and only if it is outside ±(2^53-1), so `===` on two hybrids of one type is equality.
 */
export type SqlType =
  | { readonly kind: 'smallint' }
  | { readonly kind: 'integer' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'real' }
  | { readonly kind: 'double' }
  | { readonly kind: 'boolean' }
  /** `varchar(n)` is text with maxLength n; plain text and varchar have null. */
  | { readonly kind: 'text'; readonly maxLength: number | null }
  | { readonly kind: 'date' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'timestamptz' }
  | { readonly kind: 'interval' }
  /** The type of a bare NULL literal before it is coerced. Never the type of a column or an output. */
  | { readonly kind: 'unknown' };

export type SqlTypeKind = SqlType['kind'];

/** Months, days and microseconds are kept apart, as in Postgres and DuckDB. */
export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

export type Value = null | boolean | number | bigint | string | IntervalValue;

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND;
export const MICROS_PER_HOUR = 60 * MICROS_PER_MINUTE;
export const MICROS_PER_DAY = 24 * MICROS_PER_HOUR;

/** SQL spelling that both databases accept, e.g. `decimal(12,2)`, `double precision`. */
export function printType(type: SqlType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'double':
      return 'double precision';
    case 'text':
      return type.maxLength === null ? 'text' : `varchar(${type.maxLength})`;
    default:
      return type.kind;
  }
}
