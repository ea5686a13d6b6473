import type { Value } from '../values/types.ts';
import type { RowKeys } from './row-key.ts';
import type { OnlineStore } from './store.ts';

/** The values of an entity whose bytes are known from a key of the store; of a hashed one they stand in the store. */
export function storedEntity(store: OnlineStore, keys: RowKeys, entity: Uint8Array): Value[] | Promise<Value[]> {
  const long = keys.longKey(entity);
  return long === null ? keys.valuesOf(entity, null) : longEntity(store, keys, entity, long);
}

async function longEntity(store: OnlineStore, keys: RowKeys, entity: Uint8Array, long: Uint8Array): Promise<Value[]> {
  const [bytes] = await store.getMany([long]);
  return keys.valuesOf(entity, bytes ?? null);
}
