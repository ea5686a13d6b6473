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
  // Not slice: a Buffer's shares its bytes.
  const end = Uint8Array.from(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] as number) + 1;
  return end;
}

/** Bytes after what all keys begin with that are compared at once: as many as a double holds exactly. */
const RANK_BYTES = 6;

/** Random order costs a store ten times what sorted order does. */
export function sortedByKey(rows: readonly StoredRow[]): readonly StoredRow[] {
  for (let i = 1; i < rows.length; i++) {
    if (Buffer.compare((rows[i - 1] as StoredRow).key, (rows[i] as StoredRow).key) > 0) return sort(rows);
  }
  return rows;
}

function sort(rows: readonly StoredRow[]): StoredRow[] {
  const common = commonLength(rows);
  const ranked = rows.map((row) => ({ row, rank: rankOf(row.key, common) }));
  ranked.sort((a, b) => a.rank - b.rank || Buffer.compare(a.row.key, b.row.key));
  return ranked.map(({ row }) => row);
}

function commonLength(rows: readonly StoredRow[]): number {
  const first = (rows[0] as StoredRow).key;
  let { length } = first;
  for (const { key } of rows) {
    let i = 0;
    while (i < length && i < key.length && key[i] === first[i]) i++;
    length = i;
  }
  return length;
}

/** Absent bytes are 0: a tie is settled by the keys themselves. */
function rankOf(key: Uint8Array, from: number): number {
  let rank = 0;
  for (let i = from; i < from + RANK_BYTES; i++) rank = rank * 256 + (key[i] ?? 0);
  return rank;
}
