import type { IntervalValue, SqlType, Value } from '../../runtime/values/types.ts';
import { MICROS_PER_DAY } from '../../runtime/values/types.ts';

/**
 * Constants of the SQL text as run-time values. Stricter than the databases on purpose: what both read alike, nothing else.
 * `undefined` says that the text is no such value.
 */
export function literalValue(text: string, type: SqlType): Value | undefined {
  switch (type.kind) {
    case 'text':
      return textValue(text, type.maxLength);
    case 'smallint':
      return integerValue(text, 15n);
    case 'integer':
      return integerValue(text, 31n);
    case 'bigint':
      return integerValue(text, 63n);
    case 'decimal':
      return decimalValue(text, type.precision, type.scale);
    case 'real':
    case 'double':
      return floatValue(text, type.kind);
    case 'boolean':
      return text === 'true' || text === 't' ? true : text === 'false' || text === 'f' ? false : undefined;
    case 'date': {
      const micros = timestampValue(text, true);
      return micros === undefined || micros % MICROS_PER_DAY !== 0 ? undefined : noMinusZero(micros / MICROS_PER_DAY);
    }
    case 'timestamp': {
      if (hasZoneAfterMinutes(text)) return undefined;
      // Both databases drop the offset of a timestamp without time zone.
      const micros = timestampValue(text, false);
      return /[1-9]/.test(/[+-]\d{2}(?::?\d{2})?$/.exec(text.slice(10))?.[0] ?? '') ? undefined : micros;
    }
    case 'timestamptz':
      return hasZoneAfterMinutes(text) ? undefined : timestampValue(text, false);
    case 'interval':
      return intervalValue(text);
    case 'unknown':
      return undefined;
  }
}

/** DuckDB takes an offset behind seconds alone. */
function hasZoneAfterMinutes(text: string): boolean {
  return /[T ]\d{2}:\d{2}(?:Z|[+-]\d{2}(?::?\d{2})?)\s*$/.test(text);
}

function textValue(text: string, maxLength: number | null): string | undefined {
  if (text.includes('\0') || hasLoneSurrogate(text)) return undefined;
  return maxLength !== null && [...text].length > maxLength ? undefined : text;
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** The run-time form of a whole number: a number where it is safe, else a bigint. */
export function hybrid(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function integerValue(text: string, bits: bigint): number | bigint | undefined {
  if (!/^[+-]?\d{1,40}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  const limit = 1n << bits;
  return value >= -limit && value < limit ? hybrid(value) : undefined;
}

export interface DecimalDigits {
  readonly unscaled: bigint;
  readonly precision: number;
  readonly scale: number;
}

/** `12.50` → 1250, scale 2. No exponents. */
export function decimalDigits(text: string): DecimalDigits | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (match === null || text.length > 100) return undefined;
  const whole = (match[2] ?? '').replace(/^0+/, '');
  const fraction = match[3] ?? '';
  if ((match[2] ?? '') === '' && fraction === '') return undefined;
  const unscaled = BigInt(`${whole}${fraction}` || '0') * (match[1] === '-' ? -1n : 1n);
  return { unscaled, precision: Math.max(1, whole.length + fraction.length), scale: fraction.length };
}

/** Exactly, or not at all: digits beyond the scale are a fault, never rounded. */
function decimalValue(text: string, precision: number, scale: number): number | bigint | undefined {
  const digits = decimalDigits(text);
  if (digits === undefined) return undefined;
  return rescale(digits.unscaled, digits.scale, precision, scale);
}

export function rescale(unscaled: bigint, from: number, precision: number, scale: number): number | bigint | undefined {
  let value = unscaled;
  if (scale >= from) value *= 10n ** BigInt(scale - from);
  else {
    const divisor = 10n ** BigInt(from - scale);
    if (value % divisor !== 0n) return undefined;
    value /= divisor;
  }
  const limit = 10n ** BigInt(precision);
  return value > -limit && value < limit ? hybrid(value) : undefined;
}

function floatValue(text: string, kind: 'real' | 'double'): number | undefined {
  const lower = text.toLowerCase();
  const special: Record<string, number> = { nan: Number.NaN, infinity: Infinity, '-infinity': -Infinity };
  if (Object.hasOwn(special, lower)) return special[lower];
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = kind === 'real' ? Math.fround(Number(text)) : Number(text);
  return Number.isFinite(value) ? noMinusZero(value) : undefined;
}

function noMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}

const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** Microseconds since the epoch. A time zone offset is converted; `dateOnly` refuses a time of day. */
export function timestampValue(text: string, dateOnly: boolean): number | undefined {
  const match = TIMESTAMP.exec(text.trim());
  if (match === null || (dateOnly && match[4] !== undefined)) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(match[i] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // Date.UTC takes the years 0 to 99 for those of 1900.
  const millis = new Date(0).setUTCFullYear(year, month - 1, day);
  const date = new Date(millis);
  if (year < (dateOnly ? 1 : 100) || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const micros = millis * 1000 + ((hour * 60 + minute) * 60 + second) * 1_000_000;
  return micros + Number((match[7] ?? '').padEnd(6, '0')) - offsetMicros(match[8]);
}

function offsetMicros(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const digits = zone.replace(':', '').slice(1);
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || '0');
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000_000;
}

const UNIT_MICROS: Readonly<Record<string, number>> = {
  microsecond: 1,
  us: 1,
  usec: 1,
  millisecond: 1000,
  ms: 1000,
  msec: 1000,
  second: 1_000_000,
  sec: 1_000_000,
  s: 1_000_000,
  minute: 60_000_000,
  min: 60_000_000,
  m: 60_000_000,
  hour: 3_600_000_000,
  hr: 3_600_000_000,
  h: 3_600_000_000,
};
const UNIT_DAYS: Readonly<Record<string, number>> = { day: 1, d: 1, week: 7, w: 7 };
const UNIT_MONTHS: Readonly<Record<string, number>> = { month: 1, mon: 1, year: 12, yr: 12, y: 12 };

/** Every unit of an interval, as it may be written in the singular. */
export const INTERVAL_UNITS: readonly string[] = [UNIT_MICROS, UNIT_DAYS, UNIT_MONTHS].flatMap(Object.keys);

/** What is wrong with a text that is no interval, as a help. */
export function intervalHelp(text: string): string {
  const foreign = [...text.matchAll(/[a-z]+/gi)].map(([word]) => word).find((word) => !isUnit(word.toLowerCase()));
  const units = 'microseconds, milliseconds, seconds, minutes, hours, days, weeks, months or years';
  return foreign === undefined
    ? "write whole numbers with their units, such as INTERVAL '1 day 12 hours'"
    : `\`${foreign}\` is no unit: write ${units}`;
}

function isUnit(word: string): boolean {
  return INTERVAL_UNITS.includes(unitNamed(word));
}

/** `7 days`, `1 hour 30 minutes`, `1 day 02:30:00`, `-1.5 hours`, `24h`. */
export function intervalValue(text: string): IntervalValue | undefined {
  const total = { months: 0, days: 0, micros: 0 };
  // DuckDB takes no plus.
  const pattern = /\s*(?:(-?)(\d+):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?|(-?\d+)(?:\.(\d{1,6}))?\s*([a-z]+))/giy;
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (match === null) return undefined;
    if (match[2] !== undefined) addClock(total, match);
    else if (!addUnit(total, match[6] ?? '', match[7] ?? '', (match[8] ?? '').toLowerCase())) return undefined;
  }
  const safe = [total.months, total.days, total.micros].every(Number.isSafeInteger);
  return safe && Math.abs(total.days) < 4_000_000 && Math.abs(total.months) < 120_000 ? noMinusZeros(total) : undefined;
}

function noMinusZeros(value: IntervalValue): IntervalValue {
  return { months: noMinusZero(value.months), days: noMinusZero(value.days), micros: noMinusZero(value.micros) };
}

interface MutableInterval {
  months: number;
  days: number;
  micros: number;
}

function addClock(total: MutableInterval, match: RegExpExecArray): void {
  const seconds = (Number(match[2]) * 60 + Number(match[3])) * 60 + Number(match[4] ?? 0);
  const micros = seconds * 1_000_000 + Number((match[5] ?? '').padEnd(6, '0'));
  total.micros += match[1] === '-' ? -micros : micros;
}

function addUnit(total: MutableInterval, whole: string, fraction: string, word: string): boolean {
  const unit = unitNamed(word);
  const count = Number(whole);
  const micros = Object.hasOwn(UNIT_MICROS, unit) ? UNIT_MICROS[unit] : undefined;
  if (micros !== undefined) {
    const part = (Number(fraction.padEnd(6, '0')) * micros) / 1_000_000;
    if (!Number.isInteger(part)) return false;
    total.micros += count * micros + (whole.startsWith('-') ? -part : part);
    return true;
  }
  if (fraction !== '') return false;
  if (Object.hasOwn(UNIT_DAYS, unit)) total.days += count * (UNIT_DAYS[unit] ?? 0);
  else if (Object.hasOwn(UNIT_MONTHS, unit)) total.months += count * (UNIT_MONTHS[unit] ?? 0);
  else return false;
  return true;
}

/** These and single letters have no plural. */
const NO_PLURAL = new Set(['ms', 'us']);

function unitNamed(word: string): string {
  const singular = word.slice(0, -1);
  return word.length > 2 && word.endsWith('s') && !NO_PLURAL.has(singular) ? singular : word;
}

/** INTERVAL '7' DAY and INTERVAL '7 days'. */
export function intervalLiteral(value: string, unit: string | null): IntervalValue | undefined {
  if (unit === null) return intervalValue(value);
  const count = value.trim().replace(/^\+(?=\d)/, '');
  return /^-?\d+(\.\d+)?$/.test(count) ? intervalValue(`${count} ${unit.toLowerCase()}`) : undefined;
}
