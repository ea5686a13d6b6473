/** Intervals: literals that DuckDB and Postgres read alike, arithmetic, comparison by 30-day months and 24-hour days (both databases). */
import { type IntervalValue, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from './types.ts';

interface UnitSize {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

const month = (months: number): UnitSize => ({ months, days: 0, micros: 0 });
const day = (days: number): UnitSize => ({ months: 0, days, micros: 0 });
const micro = (micros: number): UnitSize => ({ months: 0, days: 0, micros });

const UNITS: ReadonlyMap<string, UnitSize> = new Map(
  (
    [
      [['microsecond', 'microseconds', 'us'], micro(1)],
      [['millisecond', 'milliseconds', 'ms'], micro(1000)],
      [['second', 'seconds', 'sec', 'secs', 's'], micro(MICROS_PER_SECOND)],
      [['minute', 'minutes', 'min', 'mins', 'm'], micro(MICROS_PER_MINUTE)],
      [['hour', 'hours', 'hr', 'hrs', 'h'], micro(MICROS_PER_HOUR)],
      [['day', 'days', 'd'], day(1)],
      [['week', 'weeks', 'w'], day(7)],
      [['month', 'months', 'mon', 'mons'], month(1)],
      [['year', 'years', 'y'], month(12)],
    ] as const
  ).flatMap(([names, size]) => names.map((name) => [name, size] as const)),
);

/**
 * `7 days`, `1 day 2 hours`, `1.5 hours`, `01:30:00`, `-1 day`; with `unit` (INTERVAL '7' DAY) the text is one number. null for anything
 * that the two databases do not read alike. Fractions of months and years are refused, fractions of weeks and days carry down.
 */
export function parseInterval(text: string, unit: string | null): IntervalValue | null {
  if (unit !== null) {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) return null;
    const size = UNITS.get(unit.toLowerCase());
    return size === undefined ? null : scaleUnit(size, Number(text));
  }
  let total: IntervalValue = { months: 0, days: 0, micros: 0 };
  let rest = text.trim().toLowerCase();
  if (rest === '') return null;
  while (rest !== '') {
    const part = /^([+-]?\d+(?:\.\d+)?)\s*([a-z]+)\s*/.exec(rest);
    if (part !== null) {
      const size = UNITS.get(part[2] ?? '');
      const amount = size === undefined ? null : scaleUnit(size, Number(part[1]));
      if (amount === null) return null;
      total = addIntervals(total, amount);
      rest = rest.slice((part[0] ?? '').length);
      continue;
    }
    const clock = /^([+-]?)(\d{1,9}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?\s*$/.exec(rest);
    if (clock === null) return null;
    const minutes = Number(clock[3]);
    const seconds = Number(clock[4] ?? '0');
    if (minutes > 59 || seconds > 59) return null;
    const micros =
      Number(clock[2]) * MICROS_PER_HOUR +
      minutes * MICROS_PER_MINUTE +
      seconds * MICROS_PER_SECOND +
      Number((clock[5] ?? '0').padEnd(6, '0'));
    total = addIntervals(total, { months: 0, days: 0, micros: clock[1] === '-' ? -micros : micros });
    rest = '';
  }
  return inIntervalRange(total) ? total : null;
}

function scaleUnit(size: UnitSize, amount: number): IntervalValue | null {
  if (size.months !== 0) return Number.isInteger(amount) ? { months: size.months * amount, days: 0, micros: 0 } : null;
  if (size.days !== 0) {
    const whole = Math.trunc(size.days * amount);
    const micros = Math.round((size.days * amount - whole) * MICROS_PER_DAY);
    return { months: 0, days: whole, micros };
  }
  const micros = size.micros * amount;
  return Number.isInteger(micros) ? { months: 0, days: 0, micros } : null;
}

function inIntervalRange(value: IntervalValue): boolean {
  return Math.abs(value.months) < 2 ** 31 && Math.abs(value.days) < 2 ** 31 && Number.isSafeInteger(value.micros);
}

export function addIntervals(a: IntervalValue, b: IntervalValue): IntervalValue {
  return { months: zero(a.months + b.months), days: zero(a.days + b.days), micros: zero(a.micros + b.micros) };
}

export function negateInterval(a: IntervalValue): IntervalValue {
  return { months: zero(-a.months), days: zero(-a.days), micros: zero(-a.micros) };
}

export function subtractIntervals(a: IntervalValue, b: IntervalValue): IntervalValue {
  return addIntervals(a, negateInterval(b));
}

function zero(value: number): number {
  return value === 0 ? 0 : value;
}

/** Fixed length in microseconds, or null if it has months (days are 24 hours). */
export function fixedMicros(value: IntervalValue): number | null {
  return value.months === 0 ? value.days * MICROS_PER_DAY + value.micros : null;
}

/** By length with months of 30 days, as both databases compare. */
export function compareIntervals(a: IntervalValue, b: IntervalValue): number {
  const left = normalised(a);
  const right = normalised(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function normalised(value: IntervalValue): bigint {
  return BigInt(value.months * 30 + value.days) * BigInt(MICROS_PER_DAY) + BigInt(value.micros);
}

/** SQL text inside INTERVAL '…' that both databases read alike. */
export function printInterval(value: IntervalValue): string {
  const parts: string[] = [];
  if (value.months !== 0) parts.push(`${value.months} months`);
  if (value.days !== 0) parts.push(`${value.days} days`);
  if (value.micros !== 0 || parts.length === 0) parts.push(printMicros(value.micros));
  return parts.join(' ');
}

function printMicros(micros: number): string {
  if (micros % MICROS_PER_HOUR === 0) return `${micros / MICROS_PER_HOUR} hours`;
  if (micros % MICROS_PER_MINUTE === 0) return `${micros / MICROS_PER_MINUTE} minutes`;
  if (micros % MICROS_PER_SECOND === 0) return `${micros / MICROS_PER_SECOND} seconds`;
  return `${micros} microseconds`;
}
