import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../values/types.ts';

/** Window bounds snapped by date_trunc, for generated code; plain ones are written out there. */
export type SnapUnit =
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year';

const FIXED: Readonly<Partial<Record<SnapUnit, number>>> = {
  microsecond: 1,
  millisecond: 1000,
  second: MICROS_PER_SECOND,
  minute: MICROS_PER_MINUTE,
  hour: MICROS_PER_HOUR,
  day: MICROS_PER_DAY,
};
const WEEK = 7 * MICROS_PER_DAY;
/** 1970-01-01 was a Thursday; weeks begin on Monday. */
const MONDAY = -3 * MICROS_PER_DAY;
const MONTHS: Readonly<Partial<Record<SnapUnit, number>>> = { month: 1, quarter: 3, year: 12 };

/** date_trunc(unit, t) + months + micros. */
export function boundAt(unit: SnapUnit, months: number, micros: number, t: number): number {
  const fixed = FIXED[unit];
  if (fixed !== undefined) return Math.floor(t / fixed) * fixed + micros;
  if (unit === 'week') return Math.floor((t - MONDAY) / WEEK) * WEEK + MONDAY + micros;
  return startOfMonth(snappedMonth(unit, t) + months) + micros;
}

/** The first t at which `boundAt` is at least y. */
export function firstReaching(unit: SnapUnit, months: number, micros: number, y: number): number {
  const target = y - micros;
  const fixed = FIXED[unit];
  if (fixed !== undefined) return Math.ceil(target / fixed) * fixed;
  if (unit === 'week') return Math.ceil((target - MONDAY) / WEEK) * WEEK + MONDAY;
  const step = MONTHS[unit] ?? 1;
  // Snapped months are multiples of `step`; the first one whose start, moved by `months`, reaches the target.
  let month = snappedMonth(unit, startOfMonth(monthOf(target) - months)) - step;
  while (startOfMonth(month + months) < target) month += step;
  return startOfMonth(month);
}

function snappedMonth(unit: SnapUnit, t: number): number {
  const step = MONTHS[unit] ?? 1;
  return Math.floor(monthOf(t) / step) * step;
}

/** Months since 1970-01. */
function monthOf(micros: number): number {
  const days = Math.floor(micros / MICROS_PER_DAY) + 719468;
  const era = Math.floor(days / 146097);
  const dayOfEra = days - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  return (yearOfEra + era * 400 - 1970) * 12 + shifted + 2;
}

function startOfMonth(month: number): number {
  const shifted = month - 2 + 1970 * 12;
  const year = Math.floor(shifted / 12);
  const monthOfYear = shifted - year * 12;
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * monthOfYear + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146097 + dayOfEra - 719468) * MICROS_PER_DAY;
}
