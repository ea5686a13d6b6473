import type { SqlType, Value } from '../runtime/values/types.ts';
import { plainText } from './result-rows.ts';

/**
 * A value of the file's own text in DuckDB. Where a sum leaves the range of doubles it says infinity there and aborts nowhere, also for a
 * mean whose sum does (fsc's is exact, and the mean may be finite), and it goes on where an instant or date leaves fsc's range; fsc says NULL
 * (rules.md 25), so the emitted SQL's value stands in its place, as it does for a text that aborts.
 */
export function ownValue(type: SqlType, own: Value, emitted: Value): Value {
  const isOther = emitted === null || (typeof emitted === 'number' && Number.isFinite(emitted) && isDouble(type));
  return isOther && isBeyond(type, own) ? emitted : own;
}

function isDouble({ kind }: SqlType): boolean {
  return kind === 'double' || kind === 'real';
}

export function isBeyond(type: SqlType, own: Value): boolean {
  if (type.kind === 'timestamp' || type.kind === 'timestamptz') return Math.abs(Number(own)) > Number.MAX_SAFE_INTEGER;
  if (type.kind === 'date') return Number(own) < FIRST_DAY || Number(own) > LAST_DAY;
  if (type.kind === 'decimal') return isWide(own, type.precision);
  return typeof own === 'number' && !Number.isFinite(own);
}

/** DuckDB's sum of decimals checks no digits, and has some 38 and a half; integers beyond their type are NULL in the referee's own query. */
function isWide(own: Value, precision: number): boolean {
  return typeof own === 'bigint' && (own < 0n ? -own : own) >= 10n ** BigInt(precision);
}

/** Of the years 1 to 9999, from 1970. */
const FIRST_DAY = -719162;
const LAST_DAY = 2932896;

/** Why a column is not compared with the own text. */
export const RAISES = 'it raises for these records';

/** `columns`: those left out. */
export function raisingText(columns: readonly string[]): string {
  return `own text left out of ${columns.map(plainText).join(', ')}: ${RAISES}`;
}
