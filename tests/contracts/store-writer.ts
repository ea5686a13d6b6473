/** A process that writes batches until it is killed: `node store-writer.js FOLDER EPOCH`. Says each batch that is committed. */
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';

const [path = '', epoch = '1'] = process.argv.slice(2);
const store = await openLmdbStore({ path, readOnly: false, namespace: '' });
try {
  for (let batch = 1; ; batch++) {
    // Values of 8 kB and more: the file outgrows its first map many times.
    const value = new Uint8Array(8000 + batch).fill(batch % 251);
    const rows: StoredRow[] = [];
    for (let i = 0; i < 200; i++) {
      const key = i % 2 === 0 ? [0, i / 2] : [1, (i - 1) / 2];
      rows.push({ key: i === 0 ? Uint8Array.of(0) : Uint8Array.from(key), value });
    }
    await store.write({ epoch: Number(epoch), sequence: batch }, rows, null);
    process.stdout.write(`${batch}\n`);
    await new Promise((next) => setImmediate(next));
  }
} catch (error) {
  process.stderr.write(`${(error as { code?: string }).code ?? String(error)}\n`);
  process.exitCode = 1;
}
await store.close();
