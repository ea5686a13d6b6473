/** When two machines' answers to one question agree (design.md section 4). */
import { equalValues } from './order.ts';
import type { SqlType, Value } from './types.ts';

/**
 * `tolerance`: how far doubles may be apart; null for values that agree exactly. Infinite: the value stands at an edge at which it may
 * also be NULL.
 */
export function agree(type: SqlType, a: Value, b: Value, tolerance: number | null): boolean {
  if (equalValues(type, a, b)) return true;
  if (tolerance === null) return false;
  if (a === null || b === null) return tolerance === Number.POSITIVE_INFINITY;
  return typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= tolerance;
}
