/**
 * Dates and timestamps as integers (days, microseconds since 1970-01-01, UTC) by civil-calendar formulas, no Date objects.
 * Formulas: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
import { type IntervalValue, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from './types.ts';

/** What date_trunc snaps to in both databases. */
export const TEMPORAL_UNITS = [
  'microsecond',
  'millisecond',
  'second',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'year',
] as const;
export type TemporalUnit = (typeof TEMPORAL_UNITS)[number];

export interface Civil {
  readonly year: number;
  /** 1–12 */
  readonly month: number;
  /** 1–31 */
  readonly day: number;
}

export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

export function civilFromDays(days: number): Civil {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] as number);
}

export function microsToDays(micros: number): number {
  return Math.floor(micros / MICROS_PER_DAY);
}

/**
 * Starts of the months 1680-01 to 2261-01, around all instants that there are: windows of whole months ask for the month of each event, and
 * reckoning it from the calendar takes ten times as long. Made when first asked for.
 */
const TABLE_MONTHS = 581 * 12;
const MONTHS_BEFORE_1970 = 290 * 12;
const MEAN_MONTH_MICROS = 30.436875 * MICROS_PER_DAY;
let starts = new Float64Array(0);

function tableOfStarts(): Float64Array {
  if (starts.length === 0)
    starts = Float64Array.from({ length: TABLE_MONTHS + 1 }, (_, i) => reckonedStart(i - MONTHS_BEFORE_1970));
  return starts;
}

/** Months since 1970-01 of the month that holds `micros`. */
function monthIndex(micros: number): number {
  const table = tableOfStarts();
  // At most two days off, so the month or one beside it.
  let at = Math.floor(micros / MEAN_MONTH_MICROS) + MONTHS_BEFORE_1970;
  if (!(at >= 1 && at < TABLE_MONTHS - 1)) return reckonedIndex(micros);
  if (micros < (table[at] as number)) at -= 1;
  else if (micros >= (table[at + 1] as number)) at += 1;
  return at - MONTHS_BEFORE_1970;
}

function monthStart(index: number): number {
  const at = index + MONTHS_BEFORE_1970;
  return at >= 0 && at <= TABLE_MONTHS ? (tableOfStarts()[at] as number) : reckonedStart(index);
}

function reckonedIndex(micros: number): number {
  const { year, month } = civilFromDays(microsToDays(micros));
  return (year - 1970) * 12 + month - 1;
}

function reckonedStart(index: number): number {
  const year = 1970 + Math.floor(index / 12);
  const month = index - Math.floor(index / 12) * 12 + 1;
  return daysFromCivil(year, month, 1) * MICROS_PER_DAY;
}

/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4 * MICROS_PER_DAY;
const MICROS_PER_WEEK = 7 * MICROS_PER_DAY;

/** Micros of a unit that is always as long; 0 for those of whole months. A switch: generated code asks for each event. */
function fixedMicros(unit: TemporalUnit): number {
  switch (unit) {
    case 'microsecond':
      return 1;
    case 'millisecond':
      return 1000;
    case 'second':
      return MICROS_PER_SECOND;
    case 'minute':
      return MICROS_PER_MINUTE;
    case 'hour':
      return MICROS_PER_HOUR;
    case 'day':
      return MICROS_PER_DAY;
    case 'week':
      return MICROS_PER_WEEK;
    default:
      return 0;
  }
}

/** Months of a unit of whole months. */
function monthsOf(unit: TemporalUnit): number {
  return unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12;
}

/** date_trunc: the start of the unit that holds `micros`; weeks are ISO weeks (Monday). */
export function truncMicros(unit: TemporalUnit, micros: number): number {
  const fixed = fixedMicros(unit);
  if (fixed === 0) return monthStart(firstMonth(unit, micros));
  return unit === 'week' ? floorTo(micros - FIRST_MONDAY, fixed) + FIRST_MONDAY : floorTo(micros, fixed);
}

/** Months since 1970-01 at the start of the unit that holds `micros`. */
function firstMonth(unit: TemporalUnit, micros: number): number {
  const months = monthsOf(unit);
  return Math.floor(monthIndex(micros) / months) * months;
}

/** The start of the next unit, strictly after `micros`. */
export function nextBoundary(unit: TemporalUnit, micros: number): number {
  const fixed = fixedMicros(unit);
  return fixed === 0 ? monthStart(firstMonth(unit, micros) + monthsOf(unit)) : truncMicros(unit, micros) + fixed;
}

/** The first start of a unit at or after `micros`. */
export function boundaryAtOrAfter(unit: TemporalUnit, micros: number): number {
  return nextBoundary(unit, micros - 1);
}

function floorTo(micros: number, unit: number): number {
  const rest = micros % unit;
  return rest === 0 ? micros : rest < 0 ? micros - rest - unit : micros - rest;
}

/** Calendar months; the day is clamped to the month's end, the time of day stays. */
export function addMonths(micros: number, months: number): number {
  if (months === 0) return micros;
  const days = microsToDays(micros);
  const timeOfDay = micros - days * MICROS_PER_DAY;
  return addMonthsToDays(days, months) * MICROS_PER_DAY + timeOfDay;
}

export function addMonthsToDays(days: number, months: number): number {
  const { year, month, day } = civilFromDays(days);
  const index = year * 12 + month - 1 + months;
  const newYear = Math.floor(index / 12);
  const newMonth = index - newYear * 12 + 1;
  return daysFromCivil(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)));
}

/** Months first, then days, then microseconds, as both databases do. May leave the safe range: see `inTimestampRange`. */
export function addInterval(micros: number, interval: IntervalValue): number {
  return addMonths(micros, interval.months) + interval.days * MICROS_PER_DAY + interval.micros;
}

/** Results of timestamp arithmetic beyond ±(2^53−1) µs are NULL (years 1684 to 2255). */
export function inTimestampRange(micros: number): boolean {
  return micros <= Number.MAX_SAFE_INTEGER && micros >= -Number.MAX_SAFE_INTEGER;
}

export function instantInRange(micros: number | null): number | null {
  return micros !== null && inTimestampRange(micros) ? micros : null;
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0*)?)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * ISO 8601 with `T` or one blank, seconds and fraction (six digits, and zeros after them) optional, a date alone is midnight; an offset is
 * converted to UTC. null if it is none (rules.md 12).
 */
export function parseTimestamp(text: string): number | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const days = checkedDays(Number(match[1]), Number(match[2]), Number(match[3]));
  if (days === null) return null;
  if (match[4] === undefined) return match[8] === undefined ? days * MICROS_PER_DAY : null;
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = match[6] === undefined ? 0 : Number(match[6]);
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fraction = match[7] === undefined ? 0 : Number(match[7].padEnd(6, '0'));
  const offset = match[8] === undefined ? 0 : parseOffset(match[8]);
  if (offset === null) return null;
  return (
    days * MICROS_PER_DAY +
    hour * MICROS_PER_HOUR +
    minute * MICROS_PER_MINUTE +
    second * MICROS_PER_SECOND +
    fraction -
    offset
  );
}

function parseOffset(text: string): number | null {
  if (text === 'Z' || text === 'z') return 0;
  const digits = text.slice(1).replace(':', '');
  const hours = Number(digits.slice(0, 2));
  const minutes = digits.length > 2 ? Number(digits.slice(2)) : 0;
  if (hours > 15 || minutes > 59) return null;
  const offset = hours * MICROS_PER_HOUR + minutes * MICROS_PER_MINUTE;
  return text.startsWith('-') ? -offset : offset;
}

function checkedDays(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return daysFromCivil(year, month, day);
}

/** `2001-03-01` only. Days since 1970-01-01, or null. */
export function parseDate(text: string): number | null {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  return match === null ? null : checkedDays(Number(match[1]), Number(match[2]), Number(match[3]));
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function printYear(year: number): string {
  return year < 0 ? `-${pad(-year, 6)}` : year > 9999 ? `+${pad(year, 6)}` : pad(year, 4);
}

export function printDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${printYear(year)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** `2001-03-01T12:00:00.5` followed by `suffix`; the fraction without trailing zeros, none if zero. */
export function printTimestamp(micros: number, separator: 'T' | ' ' = 'T', suffix = 'Z'): string {
  const days = microsToDays(micros);
  let rest = micros - days * MICROS_PER_DAY;
  const hour = Math.floor(rest / MICROS_PER_HOUR);
  rest -= hour * MICROS_PER_HOUR;
  const minute = Math.floor(rest / MICROS_PER_MINUTE);
  rest -= minute * MICROS_PER_MINUTE;
  const second = Math.floor(rest / MICROS_PER_SECOND);
  const fraction = rest - second * MICROS_PER_SECOND;
  const tail = fraction === 0 ? '' : `.${pad(fraction, 6).replace(/0+$/, '')}`;
  return `${printDate(days)}${separator}${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${tail}${suffix}`;
}

/** Least and greatest microseconds that a record's dates and timestamps may have: 1970-01-01 ≤ x < 2200-01-01 (rules.md 3). */
export const RANGE_START_MICROS = 0;
export const RANGE_END_MICROS = daysFromCivil(2200, 1, 1) * MICROS_PER_DAY;

/** Of an instant (rules.md 3). NaN is not. */
export function isInRange(micros: number): boolean {
  return micros >= RANGE_START_MICROS && micros < RANGE_END_MICROS;
}
