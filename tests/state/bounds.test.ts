import { expect, it } from 'vitest';
import { boundAt, firstReaching } from '../../runtime/state/bounds.ts';
import { nextBoundary, printTimestamp, type TemporalUnit, truncMicros } from '../../runtime/values/temporal.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const UNITS: readonly TemporalUnit[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const at = (text: string): number => Date.parse(`${text}Z`) * 1000;
/** Starts of units, leap days and ends of months. */
const INSTANTS = ['1970-01-01T00:00', '2001-01-01T00:00', '2001-07-01T00:00', '2003-12-31T23:59', '2004-02-29T00:00']
  .concat(['2004-03-01T00:00', '2004-03-31T12:30', '2007-01-01T01:00', '2100-02-28T23:00'])
  .map(at);

it('a bound is first reached where it was not a microsecond before', () => {
  const faults: string[] = [];
  for (const unit of UNITS) {
    const months = unit === 'month' || unit === 'quarter' || unit === 'year' ? [0, -1, -14, 3] : [0];
    for (const offsetMonths of months) {
      for (const offset of [0, 1, -1, -HOUR, -7 * DAY, 2 * DAY]) {
        for (const instant of INSTANTS) {
          for (const y of [instant - 1, instant, instant + 1]) {
            const t = firstReaching(unit, offsetMonths, offset, y);
            const isReached = boundAt(unit, offsetMonths, offset, t) >= y;
            if (!isReached || boundAt(unit, offsetMonths, offset, t - 1) >= y)
              faults.push(`${unit} ${offsetMonths} months ${offset} µs: ${printTimestamp(y, ' ', '')}`);
          }
        }
      }
    }
  }
  expect(faults).toEqual([]);
});

/** Beyond the instants that there are, a double has no single microseconds. */
const stepAt = (start: number) => (Math.abs(start) < Number.MAX_SAFE_INTEGER - 1 ? 1 : 1000);

it('the unit is found right before, at and after each start of a month, beyond the years that there are too', () => {
  const faults: string[] = [];
  for (let month = 1650 * 12; month <= 2300 * 12; month++) {
    const startOf = (unitMonths: number) => (index: number) => {
      const first = Math.floor(index / unitMonths) * unitMonths;
      return Date.UTC(Math.floor(first / 12), first - Math.floor(first / 12) * 12) * 1000;
    };
    const start = startOf(1)(month);
    for (const [unit, months] of [
      ['month', 1],
      ['quarter', 3],
      ['year', 12],
    ] as const) {
      const found = [start - stepAt(start), start, start + stepAt(start)].map((t) => truncMicros(unit, t));
      const wanted = [month - 1, month, month].map(startOf(months));
      const next = nextBoundary(unit, start);
      const isRight = found.every((t, i) => t === wanted[i]) && next === startOf(months)(month + months);
      if (!isRight) faults.push(`${unit} around ${new Date(start / 1000).toISOString()}`);
    }
  }
  expect(faults).toEqual([]);
});
