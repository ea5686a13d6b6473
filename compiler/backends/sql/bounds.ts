import type { Dialect } from '../../../runtime/functions/definition.ts';
import { duckdbMonths } from '../../../runtime/functions/moves.ts';
import { MICROS_PER_DAY, type SqlType } from '../../../runtime/values/types.ts';
import type { InstantBound, InstantWindow } from '../../plan/plan.ts';
import { printDuration } from './print-const.ts';

/** Event times lie in 1970–2200, so a bound further away than this from t decides nothing else, and stays inside every database's range. */
const MAX_OFFSET_MICROS = 2500 * 366 * MICROS_PER_DAY;
const MAX_OFFSET_MONTHS = 2500 * 12;

/** `bound(t)` as SQL over the text of t. */
export function printBound(bound: InstantBound, t: string, dialect: Dialect): string {
  let text = bound.trunc === null ? t : `date_trunc('${bound.trunc}', ${t})`;
  const months = clamp(bound.offsetMonths, MAX_OFFSET_MONTHS);
  const micros = clamp(bound.offsetMicros, MAX_OFFSET_MICROS);
  if (months !== 0) text = `${text} ${dialect === 'duckdb' ? duckdbMonths(months) : postgresMonths(months)}`;
  if (micros !== 0) text = `${text} ${micros < 0 ? '-' : '+'} ${printDuration(Math.abs(micros))}`;
  return text === t ? t : `(${text})`;
}

function postgresMonths(months: number): string {
  return `${months < 0 ? '-' : '+'} INTERVAL '${Math.abs(months)} months'`;
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

/** Conditions on an event's time, without `event time <= t`, which every relation has already. */
export function windowConditions(
  window: InstantWindow,
  eventTime: string,
  t: string,
  dialect: Dialect,
): readonly string[] {
  return [
    ...window.lower.map((bound) => `${eventTime} ${bound.inclusive ? '>=' : '>'} ${printBound(bound, t, dialect)}`),
    ...window.upper.map((bound) => `${eventTime} ${bound.inclusive ? '<=' : '<'} ${printBound(bound, t, dialect)}`),
  ];
}

export function isWholeHistory(window: InstantWindow): boolean {
  return window.lower.length === 0 && window.upper.length === 0;
}

/** The instant as a timestamp in UTC, whatever the session's zone and whichever timestamp type is given. */
export function instantOf(parameter: string, dialect: Dialect): string {
  return dialect === 'duckdb' ? `make_timestamp(epoch_us(${parameter}))` : parameter;
}

/** A column that may have a zone, in the type that expressions compute with: comparing or casting it as it is would read the session's zone. */
export function physicalColumn(column: string, type: SqlType, dialect: Dialect): string {
  return type.kind === 'timestamptz' ? instantOf(column, dialect) : column;
}

/** A UTC timestamp as an instant. DuckDB's `AT TIME ZONE` takes half a microsecond a row, and reads the session's calendar. */
export function duckdbZoned(timestamp: string): string {
  return `make_timestamptz(epoch_us(${timestamp}))`;
}
