/** What every online store keeps. A new store adds itself to store.test.ts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Heartbeat, OnlineStore, StoredRow } from '../../runtime/stores/store.ts';

export interface StoreUnderTest {
  readonly name: string;
  /** A fresh, empty store. */
  readonly create: () => Promise<StoreHandle>;
  /** Does what was written outlive `close`? */
  readonly durable: boolean;
}

export interface StoreHandle {
  readonly store: OnlineStore;
  /** Opens the same store once more; only after `close` of the first. */
  readonly reopen: () => Promise<OnlineStore>;
  readonly destroy: () => Promise<void>;
}

export const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const stamp = (epoch: number, sequence: number) => ({ epoch, sequence });
const row = (key: Uint8Array, value: Uint8Array | null): StoredRow => ({ key, value });
const plain = (list: readonly (Uint8Array | null)[]) => list.map((one) => (one === null ? null : [...one]));

export function heartbeat(view: string, change: Partial<Heartbeat> = {}): Heartbeat {
  return {
    view,
    fingerprint: 'fp1:x',
    writtenAtMicros: 1_000_000,
    knownToMicros: 900_000,
    newestMicros: 950_000,
    backlogMicros: 0,
    ended: false,
    positions: { flights: { partitions: { 'a.parquet': { offset: 7 } } } },
    ...change,
  };
}

export async function collect(
  entries: AsyncIterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
): Promise<[number[], number[]][]> {
  const kept: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  for await (const entry of entries) kept.push(entry);
  return kept.map(({ key, value }) => [[...key], [...value]]);
}

export function storeContract(subject: StoreUnderTest): void {
  describe(`online store: ${subject.name}`, () => {
    let handle: StoreHandle;
    let store: OnlineStore;
    beforeEach(async () => {
      handle = await subject.create();
      store = handle.store;
    });
    afterEach(async () => {
      await store.close();
      await handle.destroy();
    });

    it('gives rows in the order of the keys asked for, and null where there is none', async () => {
      await store.write(
        stamp(1, 1),
        [row(bytes(2), bytes(20)), row(bytes(1), bytes(10)), row(bytes(1, 0), bytes())],
        null,
      );
      expect(plain(await store.getMany([bytes(3), bytes(2), bytes(1, 0), bytes(1), bytes(2)]))).toEqual([
        null,
        [20],
        [],
        [10],
        [20],
      ]);
      expect(await store.getMany([])).toEqual([]);
    });

    it('gives values that no later read or write changes', async () => {
      const big = new Uint8Array(70_000).fill(7);
      await store.write(
        stamp(1, 1),
        [row(bytes(1), bytes(1, 2, 3)), row(bytes(2), big), row(bytes(3), bytes(9))],
        null,
      );
      const first = await store.getMany([bytes(1), bytes(2), bytes(3)]);
      await store.write(stamp(1, 2), [row(bytes(1), bytes(4, 4, 4)), row(bytes(2), bytes(0))], null);
      await store.getMany([bytes(1), bytes(2), bytes(3)]);
      expect(plain([first[0] ?? null, first[2] ?? null])).toEqual([[1, 2, 3], [9]]);
      expect(Buffer.compare(first[1] as Uint8Array, big)).toBe(0);
    });

    it('keeps its own copy of what it is given', async () => {
      const key = bytes(1);
      const value = bytes(1);
      await store.write(stamp(1, 1), [row(key, value)], null);
      key[0] = 2;
      value[0] = 2;
      expect(plain(await store.getMany([bytes(1), bytes(2)]))).toEqual([[1], null]);
    });

    it('replaces and deletes', async () => {
      await store.write(stamp(1, 1), [row(bytes(1), bytes(1)), row(bytes(2), bytes(2))], null);
      await store.write(stamp(1, 2), [row(bytes(2), null), row(bytes(9), null), row(bytes(1), bytes(3))], null);
      expect(plain(await store.getMany([bytes(1), bytes(2)]))).toEqual([[3], null]);
      expect(await collect(store.scan(bytes()))).toEqual([[[1], [3]]]);
    });

    it('scans a prefix in byte order', async () => {
      const keys = [
        bytes(1, 255, 0),
        bytes(1, 255),
        bytes(1),
        bytes(0),
        bytes(2),
        bytes(1, 0),
        bytes(255),
        bytes(255, 255),
      ];
      await store.write(
        stamp(1, 1),
        keys.map((key, i) => row(key, bytes(i))),
        null,
      );
      expect((await collect(store.scan(bytes(1)))).map(([key]) => key)).toEqual([[1], [1, 0], [1, 255], [1, 255, 0]]);
      expect((await collect(store.scan(bytes(1, 255)))).map(([key]) => key)).toEqual([
        [1, 255],
        [1, 255, 0],
      ]);
      expect((await collect(store.scan(bytes(255)))).map(([key]) => key)).toEqual([[255], [255, 255]]);
      expect(await collect(store.scan(bytes(3)))).toEqual([]);
      // A Buffer is a Uint8Array whose slices share its bytes.
      const prefix = Buffer.from([1, 255]);
      expect((await collect(store.scan(prefix))).map(([key]) => key)).toEqual([
        [1, 255],
        [1, 255, 0],
      ]);
      expect([...prefix]).toEqual([1, 255]);
    });

    it('scans more rows than fit one chunk, each once', async () => {
      const rows = Array.from({ length: 2500 }, (_, i) => row(bytes(7, i >> 8, i & 255), bytes(i & 255)));
      await store.write(stamp(1, 1), [...rows].reverse(), null);
      const found = await collect(store.scan(bytes(7)));
      expect(found).toEqual(rows.map(({ key, value }) => [[...key], [...(value as Uint8Array)]]));
    });

    it('finds the greatest key at or before another, inside a prefix', async () => {
      await store.write(
        stamp(1, 1),
        [
          row(bytes(1, 5), bytes(15)),
          row(bytes(2, 3), bytes(23)),
          row(bytes(2, 7), bytes(27)),
          row(bytes(3), bytes(3)),
        ],
        null,
      );
      const floor = async (prefix: Uint8Array, key: Uint8Array) => {
        const found = await store.floor(prefix, key);
        return found === null ? null : [[...found.key], [...found.value]];
      };
      expect(await floor(bytes(2), bytes(2, 2))).toBeNull();
      expect(await floor(bytes(2), bytes(2, 3))).toEqual([[2, 3], [23]]);
      expect(await floor(bytes(2), bytes(2, 6))).toEqual([[2, 3], [23]]);
      expect(await floor(bytes(2), bytes(2, 255))).toEqual([[2, 7], [27]]);
      expect(await floor(bytes(0), bytes(0, 1))).toBeNull();
      expect(await floor(bytes(3), bytes(3, 1))).toEqual([[3], [3]]);
      expect(await floor(bytes(4), bytes(4))).toBeNull();
    });

    it('takes keys of 1,000 bytes', async () => {
      const key = new Uint8Array(1000).fill(3);
      await store.write(stamp(1, 1), [row(key, bytes(1))], null);
      expect(plain(await store.getMany([key, key.slice(1)]))).toEqual([[1], null]);
    });

    it('refuses a writer that was overtaken, and writes nothing of it', async () => {
      await store.write(stamp(2, 5), [row(bytes(1), bytes(1))], null);
      const stale = [stamp(1, 9), stamp(2, 4)];
      for (const old of stale) {
        const attempt = store.write(old, [row(bytes(1), bytes(9))], heartbeat('v'));
        await expect(attempt).rejects.toMatchObject({ code: 'FSC7204', exitCode: 3 });
      }
      expect(plain(await store.getMany([bytes(1)]))).toEqual([[1]]);
      expect(await store.heartbeat('v')).toBeNull();
      await store.write(stamp(2, 5), [row(bytes(1), bytes(2))], null); // a retry
      await store.write(stamp(3, 0), [row(bytes(1), bytes(3))], null);
      expect(plain(await store.getMany([bytes(1)]))).toEqual([[3]]);
    });

    it('keeps a heartbeat a view', async () => {
      expect(await store.heartbeat('a')).toBeNull();
      const b = heartbeat('b', { knownToMicros: null, newestMicros: null, ended: true, positions: {} });
      await store.write(stamp(1, 1), [], heartbeat('a'));
      await store.write(stamp(1, 1), [], b);
      expect(await store.heartbeat('a')).toEqual(heartbeat('a'));
      expect(await store.heartbeat('b')).toEqual(b);
      expect([...(await store.heartbeats())].sort()).toEqual(['a', 'b']);
      const later = heartbeat('a', { writtenAtMicros: 2_000_000, positions: { flights: 'x' } });
      await store.write(stamp(1, 2), [], later);
      expect(await store.heartbeat('a')).toEqual(later);
    });

    it('is known by an identity that no other store has, and keeps it', async () => {
      const identity = await store.identity();
      expect(identity).not.toBe('');
      const other = await subject.create();
      expect(await other.store.identity()).not.toBe(identity);
      await other.store.close();
      await other.destroy();
      await store.close();
      store = await handle.reopen();
      expect(await store.identity()).toBe(identity);
    });

    it('shows what it held when it is opened again', async () => {
      if (!subject.durable) return;
      expect(await store.stamp()).toBe(null);
      await store.write(stamp(4, 1), [row(bytes(1), bytes(1))], heartbeat('v'));
      expect(await store.stamp()).toEqual(stamp(4, 1));
      await store.close();
      store = await handle.reopen();
      expect(plain(await store.getMany([bytes(1)]))).toEqual([[1]]);
      expect(await store.heartbeat('v')).toEqual(heartbeat('v'));
      await expect(store.write(stamp(3, 1), [], null)).rejects.toMatchObject({ code: 'FSC7204' });
    });
  });
}
