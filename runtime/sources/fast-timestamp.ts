import { daysFromCivil, daysInMonth, parseTimestamp } from '../values/temporal.ts';
import { noTimestamp, type ReadResult, taken } from '../values/text.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../values/types.ts';

/**
 * `2001-03-01T12:00:00[.123456][Z]`, the spelling of nearly every record, without a regular expression. NaN: spelled otherwise (or
 * wrong), ask `parseTimestamp`. Neighbours mostly share the day, so the last one is kept.
 */
export class TimestampReader {
  #day = '';
  #dayMicros = Number.NaN;

  read(text: string): number {
    const { length } = text;
    if (length < 19) return Number.NaN;
    const separator = text.charCodeAt(10);
    if ((separator !== 84 && separator !== 32) || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58)
      return Number.NaN;
    const hour = twoDigits(text, 11);
    const minute = twoDigits(text, 14);
    const second = twoDigits(text, 17);
    if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
    let end = length;
    if (text.charCodeAt(length - 1) === 90) end -= 1;
    const fraction = end === 19 ? 0 : readFraction(text, end);
    const day = this.#readDay(text);
    return day + hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + fraction;
  }

  #readDay(text: string): number {
    const day = text.slice(0, 10);
    if (day === this.#day) return this.#dayMicros;
    this.#day = day;
    this.#dayMicros = parseDay(day);
    return this.#dayMicros;
  }
}

function parseDay(text: string): number {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!(month >= 1 && month <= 12 && day >= 1 && year >= 0)) return Number.NaN;
  return day <= daysInMonth(year, month) ? daysFromCivil(year, month, day) * MICROS_PER_DAY : Number.NaN;
}

function readFraction(text: string, end: number): number {
  if (text.charCodeAt(19) !== 46 || end < 21 || end > 26) return Number.NaN;
  let value = 0;
  for (let i = 20; i < 26; i += 1) {
    const digit = i < end ? text.charCodeAt(i) - 48 : 0;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function twoDigits(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : Number.NaN;
}

/**
 * An instant of a record. Beyond what timestamps reach (1684 to 2255) it is still one, and the verdict is that it is out of range, so the
 * nearest double stands for it.
 */
export function readInstantText(text: string): ReadResult {
  const micros = parseTimestamp(text);
  return micros === null ? noTimestamp(text) : taken(micros);
}
