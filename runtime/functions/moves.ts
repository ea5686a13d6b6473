/** What an interval can be, how far one moves an instant or date, and how DuckDB is told to move one by a constant. */
import { addIntervals } from '../values/interval.ts';
import { type IntervalValue, MICROS_PER_HOUR } from '../values/types.ts';

/** Sums of two never overflow in the databases. Microseconds are below 2,500,000 hours, some 2^53. */
export const INTERVAL_MONTHS = 1_068_000_000;
export const INTERVAL_DAYS = 1_000_000_000;
export const INTERVAL_HOURS = 2_499_999;

function isInterval({ months, days, micros }: IntervalValue): boolean {
  return (
    Math.abs(months) <= INTERVAL_MONTHS &&
    Math.abs(days) <= INTERVAL_DAYS &&
    Math.abs(micros) < (INTERVAL_HOURS + 1) * MICROS_PER_HOUR
  );
}

export function sumOfIntervals(a: IntervalValue, b: IntervalValue): IntervalValue | null {
  const value = addIntervals(a, b);
  return isInterval(value) ? value : null;
}

export function timesInterval({ months, days, micros }: IntervalValue, by: number): IntervalValue | null {
  // Adding 0 turns −0 into 0.
  const value = { months: months * by + 0, days: days * by + 0, micros: micros * by + 0 };
  return isInterval(value) ? value : null;
}

/** Both databases stay within their own ranges on the way: 2000 years of each kind. */
export const MOST_MONTHS = 24_000;
export const MOST_DAYS = 730_000;

export function isInReach({ months, days }: IntervalValue): boolean {
  return Math.abs(months) <= MOST_MONTHS && Math.abs(days) <= MOST_DAYS;
}

/**
 * DuckDB 1.5 takes equal expressions for one (common subexpressions and aggregates, conditions of an OR), and intervals are equal to it that
 * are of one length with months of 30 days: `t - INTERVAL '1 month'` becomes `t - INTERVAL '30 days'` beside it, or the other way round. So
 * the interval of a move by months is negative, and that of all others positive.
 */
export function duckdbMonths(months: number): string {
  return `${months < 0 ? '+' : '-'} INTERVAL '${-Math.abs(months)} months'`;
}

/** `instant ± by`: months first, as all machines do. */
export function duckdbMoved(instant: string, op: '+' | '-', by: IntervalValue): string {
  const sign = op === '-' ? -1 : 1;
  const months = by.months === 0 ? [] : [duckdbMonths(sign * by.months)];
  const fixed = [
    ['days', by.days],
    ['microseconds', by.micros],
  ] as const;
  const steps = fixed
    .filter(([, count]) => count !== 0)
    .map(([unit, count]) => `${sign * count < 0 ? '-' : '+'} INTERVAL '${Math.abs(count)} ${unit}'`);
  return [instant, ...months, ...steps].join(' ');
}
