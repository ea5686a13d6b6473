/** Counts with their nouns, as messages print them. */

/** 3000000 → 3,000,000 */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** The noun or verb that goes with the count: `file`, `files`; `is`, `are`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

/** `1 view`, `2,000 views`, `1 entity`; `one` and `many` may go on behind the noun. */
export function counted(count: number, one: string, many?: string): string {
  return `${formatCount(count)} ${plural(count, one, many)}`;
}
