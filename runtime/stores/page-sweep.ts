import { crc32 } from 'node:zlib';
import type { SqlType } from '../values/types.ts';
import type { RowKeys } from './row-key.ts';
import { RowReader } from './row-reader.ts';
import type { OnlineStore, StoredRow } from './store.ts';

/**
 * Deletions of a view's pages that no head leads to any more: an entity whose future got shorter, or was cut elsewhere, leaves the pages of
 * earlier flushes behind. Readers tell them by their generation, so sweeping is a matter of room only; the writer does it at a clean stop,
 * after its own rows.
 */
export async function stalePages(
  store: OnlineStore,
  keys: RowKeys,
  slotTypes: readonly SqlType[],
): Promise<readonly StoredRow[]> {
  const reader = new RowReader(slotTypes);
  const stale: StoredRow[] = [];
  let entity: Uint8Array | null = null;
  let wanted: number | null = null;
  for await (const { key, value } of store.scan(keys.pagePrefix)) {
    const owner = keys.entityOfPage(key);
    if (entity === null || Buffer.compare(entity, owner) !== 0) {
      entity = owner;
      wanted = await generationOfHead(store, keys, owner, reader);
    }
    reader.find(value, crc32(key), Number.NEGATIVE_INFINITY);
    if (wanted === null || reader.generation !== wanted) stale.push({ key, value: null });
  }
  return stale;
}

async function generationOfHead(
  store: OnlineStore,
  keys: RowKeys,
  entity: Uint8Array,
  reader: RowReader,
): Promise<number | null> {
  const key = keys.head(entity);
  const [head] = await store.getMany([key]);
  if (head === null || head === undefined) return null;
  reader.find(head, crc32(key), Number.NEGATIVE_INFINITY);
  return reader.morePages ? reader.generation : null;
}
