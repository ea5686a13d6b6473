import type { Value } from '../runtime/values/types.ts';

/**
 * A value of the file's own text in DuckDB. Where a sum leaves the range of doubles it says infinity there and aborts nowhere; fsc says NULL
 * (rules.md 25), so the emitted SQL's value stands in its place, as it does for a text that aborts.
 */
export function ownValue(own: Value, emitted: Value): Value {
  return emitted === null && typeof own === 'number' && !Number.isFinite(own) ? null : own;
}
