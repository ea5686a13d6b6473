/** Local times of a zone as instants, by the offsets that the platform's time zone data says. */
import { daysFromCivil } from '../values/temporal.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../values/types.ts';

const MICROS_PER_MILLI = 1000;
/** No zone is further from UTC. */
const MAX_OFFSET_MICROS = 26 * MICROS_PER_HOUR;
/** No zone changes its offset twice within so short a time. */
const STEP_MICROS = 12 * MICROS_PER_HOUR;

/** From `from` (inclusive) on, local time is UTC + offset. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

export type LocalInstant =
  | { readonly kind: 'one'; readonly micros: number }
  /** Clocks were set back: the local time came twice. `micros` is the first. */
  | { readonly kind: 'twice'; readonly micros: number }
  /** Clocks were set forward over it. */
  | { readonly kind: 'never' };

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Converts local times between `leastMicros` and `greatestMicros` (both read as if they were UTC). */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;
  readonly #segments: Segment[] = [];
  #last = 0;

  constructor(name: string, leastMicros: number, greatestMicros: number) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    this.#findSegments(leastMicros - 2 * MAX_OFFSET_MICROS, greatestMicros + 2 * MAX_OFFSET_MICROS);
  }

  toInstant(localMicros: number): LocalInstant {
    // Neighbours mostly lie in one segment, far from its ends.
    const last = this.#segments[this.#last] as Segment;
    if (localMicros - MAX_OFFSET_MICROS >= last.from && localMicros + MAX_OFFSET_MICROS < last.to)
      return { kind: 'one', micros: localMicros - last.offset };
    const found: number[] = [];
    this.#segments.forEach((segment, i) => {
      const micros = localMicros - segment.offset;
      if (micros < segment.from || micros >= segment.to) return;
      found.push(micros);
      this.#last = i;
    });
    const [first, second] = found;
    if (first === undefined) return { kind: 'never' };
    return { kind: second === undefined ? 'one' : 'twice', micros: first };
  }

  #findSegments(from: number, to: number): void {
    let start = from;
    let offset = this.#offsetAt(from);
    for (let at = from; at < to; at += STEP_MICROS) {
      const next = this.#offsetAt(at + STEP_MICROS);
      if (next === offset) continue;
      const change = this.#changeBetween(at, at + STEP_MICROS, offset);
      this.#segments.push({ from: start, to: change, offset });
      start = change;
      offset = next;
    }
    this.#segments.push({ from: start, to: Number.POSITIVE_INFINITY, offset });
  }

  /** The first second with another offset than at `from`. */
  #changeBetween(from: number, to: number, offset: number): number {
    let low = Math.floor(from / MICROS_PER_SECOND);
    let high = Math.ceil(to / MICROS_PER_SECOND);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetAt(middle * MICROS_PER_SECOND) === offset) low = middle;
      else high = middle;
    }
    return high * MICROS_PER_SECOND;
  }

  #offsetAt(micros: number): number {
    const seconds = Math.floor(micros / MICROS_PER_SECOND) * MICROS_PER_SECOND;
    const parts: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(seconds / MICROS_PER_MILLI)) parts[type] = value;
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
    const local =
      daysFromCivil(year, Number(parts.month), Number(parts.day)) * MICROS_PER_DAY +
      Number(parts.hour) * MICROS_PER_HOUR +
      Number(parts.minute) * MICROS_PER_MINUTE +
      Number(parts.second) * MICROS_PER_SECOND;
    return local - seconds;
  }
}
