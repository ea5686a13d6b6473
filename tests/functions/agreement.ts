/** How near two machines' values must be, by function (design.md section 4, rules.md 22 and 23). */
import { printDecimal } from '../../runtime/values/decimal.ts';
import { equalValues } from '../../runtime/values/order.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import type { Call } from './calls.ts';
import { show, ulps } from './values.ts';

const ULPS: Readonly<Record<string, number>> = { exp: 4, ln: 4, sqrt: 4, power: 4, divide: 2, cast: 2, date_part: 2 };
/** The last place of a real, in those of a double. */
const REAL_PLACES = 2 ** 29;
/** Of the epoch of a timestamptz, which DuckDB adds up from seconds and a fraction. */
const EPOCH_ERROR = 2 ** -52;
/** What a long decimal may lose on its way to a double, twice. */
const ON_THE_WAY = 4 * 2 ** -52;

export function agrees(call: Call, args: readonly Value[], a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  const { result } = call.types;
  if (typeof a === 'number' && typeof b === 'number' && (result.kind === 'double' || result.kind === 'real')) {
    if (Object.is(a, b)) return true;
    const allowed = call.agreement === 'double' ? (ULPS[call.fn.name] ?? 0) : 0;
    return (
      ulps(a, b) <= allowed * (result.kind === 'real' ? REAL_PLACES : 1) ||
      Math.abs(a - b) <= lostOnTheWay(call, args, a)
    );
  }
  return typeof a === typeof b && (result.kind === 'interval' ? show(a) === show(b) : equalValues(result, a, b));
}

/** Only arguments of the call that were cast to double lose anything. */
function lostOnTheWay(call: Call, args: readonly Value[], value: number): number {
  if (call.fn.name === 'date_part') return EPOCH_ERROR;
  if (!call.declared.some(isLong)) return 0;
  const sizes = args.map((arg, i) => sizeOf(arg, call.declared[i] as SqlType));
  // A power multiplies its base's relative error.
  if (call.fn.name === 'power') return ON_THE_WAY * Math.abs(value) * Math.max(1, sizes[1] as number);
  const isSum = call.fn.name === 'add' || call.fn.name === 'subtract';
  return ON_THE_WAY * (isSum ? sizes.reduce((sum, size) => sum + size, 0) : Math.abs(value));
}

function isLong(type: SqlType): boolean {
  return type.kind === 'decimal' && type.precision > 15;
}

function sizeOf(value: Value, type: SqlType): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') return 0;
  return Math.abs(type.kind === 'decimal' ? Number(printDecimal(value, type.scale)) : Number(value));
}
