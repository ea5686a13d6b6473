/** Keys as bytes, in the order of every store: unsigned, byte by byte, shorter first. */
import type { StoredRow } from './store.ts';

export function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/** The first key after all that start with `prefix`; null: there is none (all bytes 255). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | null {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 255) length--;
  if (length === 0) return null;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] as number) + 1;
  return end;
}

/** Random order costs a store ten times what sorted order does. */
export function sortedByKey(rows: readonly StoredRow[]): readonly StoredRow[] {
  for (let i = 1; i < rows.length; i++) {
    if (Buffer.compare((rows[i - 1] as StoredRow).key, (rows[i] as StoredRow).key) > 0) {
      return [...rows].sort((a, b) => Buffer.compare(a.key, b.key));
    }
  }
  return rows;
}
