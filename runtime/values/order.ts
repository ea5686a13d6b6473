/** Total order and equality of non-NULL values (design.md section 4): NaN equals itself and is above infinity; text by code point. */
import { compareIntervals } from './interval.ts';
import type { IntervalValue, SqlType, Value } from './types.ts';

/** NaN is equal to itself and greater than everything; −0 equals 0. */
export function compareDoubles(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  const aNaN = Number.isNaN(a);
  const bNaN = Number.isNaN(b);
  return aNaN === bNaN ? 0 : aNaN ? 1 : -1;
}

/** By code point, not by UTF-16 unit: a surrogate pair sorts above U+E000–U+FFFF. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    if (xSurrogate !== ySurrogate) return xSurrogate ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.length < b.length ? -1 : a.length > b.length ? 1 : 0;
}

export function compareValues(type: SqlType, a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  switch (type.kind) {
    case 'text':
      return compareText(a as string, b as string);
    case 'interval':
      return compareIntervals(a as IntervalValue, b as IntervalValue);
    case 'real':
    case 'double':
      return compareDoubles(a as number, b as number);
    default:
      return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
  }
}

/** NULLs are equal to each other here. */
export function equalValues(type: SqlType, a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  return compareValues(type, a, b) === 0;
}
