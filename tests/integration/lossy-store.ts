import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import type { Heartbeat, OnlineStore, StoredRow, WriterStamp } from '../../runtime/stores/store.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { Random } from '../state/plans.ts';
import { Died, disk } from './disk.ts';

type Write = readonly [WriterStamp, readonly StoredRow[], Heartbeat | null];

/** An embedded store: it outlives the process, and a loss of power takes its last writes back. */
export class LossyStore implements OnlineStore {
  readonly name = 'lossy';
  #inner = new MemoryStore();
  #identity = 1;
  #writes: Write[] = [];

  identity(): string {
    return String(this.#identity);
  }

  async write(stamp: WriterStamp, rows: readonly StoredRow[], heartbeat: Heartbeat | null): Promise<void> {
    const half: Write = [stamp, rows.slice(0, rows.length >> 1), null];
    if (disk.isOn) {
      try {
        disk.call('store', 'online', () => {
          this.#writes.push(half);
          void this.#inner.write(...half);
        });
      } catch (error) {
        throw error instanceof Died
          ? error
          : new FscError('FSC7205', 3, 'cannot write to the online store', null, null);
      }
    }
    this.#writes.push([stamp, rows, heartbeat]);
    await this.#inner.write(stamp, rows, heartbeat);
  }

  async losePower(r: Random): Promise<void> {
    const kept = this.#writes.slice(0, this.#writes.length - r.int(Math.min(6, this.#writes.length + 1)));
    this.#inner = new MemoryStore();
    this.#writes = kept;
    for (const write of kept) await this.#inner.write(...write);
  }

  copy(): LossyStore {
    const copy = new LossyStore();
    copy.#identity = this.#identity;
    copy.#writes = [...this.#writes];
    for (const write of copy.#writes) void copy.#inner.write(...write);
    return copy;
  }

  get writes(): number {
    return this.#writes.length;
  }

  /** How many rows and pages it holds. */
  async size(): Promise<number> {
    let size = 0;
    for await (const _ of this.scan(new Uint8Array(0))) size += 1;
    return size;
  }

  /** Its folder was removed. */
  remove(): void {
    this.#inner = new MemoryStore();
    this.#writes = [];
    this.#identity += 1;
  }

  getMany(keys: readonly Uint8Array[]) {
    return this.#inner.getMany(keys);
  }

  scan(prefix: Uint8Array): ReturnType<OnlineStore['scan']> {
    return this.#inner.scan(prefix);
  }

  floor(prefix: Uint8Array, key: Uint8Array): ReturnType<OnlineStore['floor']> {
    return this.#inner.floor(prefix, key);
  }

  heartbeats(): readonly string[] {
    return this.#inner.heartbeats();
  }

  heartbeat(view: string) {
    return this.#inner.heartbeat(view);
  }

  stamp() {
    return this.#inner.stamp();
  }

  async close(): Promise<void> {}
}
