/**
 * A process that opens, reads and closes a store again and again, or (staying-reader) opens it once and reads it again and again,
 * or (blocked-reader) stands still in the middle of a read: `node store-opener.js FOLDER TIMES reader|writer|staying-reader|blocked-reader`.
 * Says why it could not, once for each reason.
 */
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';

const [path = '', times = '1', role = 'reader'] = process.argv.slice(2);
const reasons = new Set<string>();

function keep(error: unknown): void {
  const { code, why } = error as { code?: string; why?: string };
  reasons.add(code === undefined ? String(error) : `${code}: ${why}`);
}

async function open(reads: number): Promise<void> {
  const store = await openLmdbStore({ path, readOnly: role !== 'writer', namespace: '' });
  if (reads > 1 || role === 'blocked-reader') process.stdout.write('"open"\n');
  for (let i = 0; i < reads; i++) {
    store.stamp();
    if (role === 'blocked-reader') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (reads > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
}

const count = Number(times);
if (role === 'staying-reader') await open(count).catch(keep);
else for (let i = 0; i < count; i++) await open(1).catch(keep);
process.stdout.write(JSON.stringify([...reasons]));
