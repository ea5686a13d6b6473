import { randomUUID } from 'node:crypto';
import { hasPrefix } from './bytes.ts';
import { refuseStale } from './stamp.ts';
import type { Heartbeat, OnlineStore, StoredRow, WriterStamp } from './store.ts';

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** For tests and for runs whose results nobody else reads. Keys are latin1 strings, whose order is the order of their bytes. */
export class MemoryStore implements OnlineStore {
  readonly name = 'memory';
  readonly #identity = randomUUID();
  readonly #rows = new Map<string, Entry>();
  readonly #heartbeats = new Map<string, Heartbeat>();
  #sorted: string[] | null = null;
  #stamp: WriterStamp | null = null;

  identity(): string {
    return this.#identity;
  }

  async write(stamp: WriterStamp, rows: readonly StoredRow[], heartbeat: Heartbeat | null): Promise<void> {
    refuseStale(this.#stamp, stamp, this.name);
    this.#stamp = { epoch: stamp.epoch, sequence: stamp.sequence };
    for (const row of rows) this.#put(row);
    if (heartbeat !== null) this.#heartbeats.set(heartbeat.view, structuredClone(heartbeat));
  }

  #put(row: StoredRow): void {
    const name = nameOf(row.key);
    if (row.value === null) {
      if (this.#rows.delete(name)) this.#sorted = null;
      return;
    }
    if (!this.#rows.has(name)) this.#sorted = null;
    this.#rows.set(name, { key: Uint8Array.from(row.key), value: Uint8Array.from(row.value) });
  }

  getMany(keys: readonly Uint8Array[]): (Uint8Array | null)[] {
    return keys.map((key) => this.#rows.get(nameOf(key))?.value ?? null);
  }

  async *scan(prefix: Uint8Array): AsyncGenerator<Entry> {
    const names = this.#order();
    for (let i = firstAfter(names, nameOf(prefix), false); i < names.length; i++) {
      const entry = this.#rows.get(names[i] as string);
      if (entry === undefined) continue; // deleted meanwhile
      if (!hasPrefix(entry.key, prefix)) return;
      yield entry;
    }
  }

  floor(prefix: Uint8Array, key: Uint8Array): Entry | null {
    const names = this.#order();
    const name = names[firstAfter(names, nameOf(key), true) - 1];
    const entry = name === undefined ? undefined : this.#rows.get(name);
    return entry !== undefined && hasPrefix(entry.key, prefix) ? entry : null;
  }

  heartbeat(view: string): Heartbeat | null {
    return this.#heartbeats.get(view) ?? null;
  }

  heartbeats(): readonly string[] {
    return [...this.#heartbeats.keys()];
  }

  stamp(): WriterStamp | null {
    return this.#stamp;
  }

  async close(): Promise<void> {}

  #order(): string[] {
    this.#sorted ??= [...this.#rows.keys()].sort((a, b) => (a < b ? -1 : 1));
    return this.#sorted;
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** Index of the first name >= `name`, or > `name` if `strictly`. */
function firstAfter(names: readonly string[], name: string, strictly: boolean): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = names[middle] as string;
    if (at < name || (strictly && at === name)) low = middle + 1;
    else high = middle;
  }
  return low;
}
