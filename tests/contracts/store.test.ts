import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { bytes, collect, heartbeat, storeContract } from './store.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'fsc-store-'));
const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

storeContract({
  name: 'memory',
  durable: false,
  create: async () => {
    const store = new MemoryStore();
    return { store, reopen: async () => store, destroy: async () => {} };
  },
});

storeContract({
  name: 'lmdb',
  durable: true,
  create: async () => {
    const path = newFolder();
    const open = () => openLmdbStore({ path, readOnly: false, namespace: '' });
    return { store: await open(), reopen: open, destroy: async () => remove(path) };
  },
});

describe('online store in LMDB', () => {
  it('refuses a newer format and changes nothing', async () => {
    const path = newFolder();
    const store = await openLmdbStore({ path, readOnly: false, namespace: '' });
    await store.write({ epoch: 1, sequence: 1 }, [{ key: bytes(1), value: bytes(1) }], null);
    await store.close();
    const { open } = await import('lmdb');
    const root = open<Uint8Array, string>({ path, encoding: 'binary' });
    const meta = root.openDB<Uint8Array, string>({ name: 'meta', encoding: 'binary' });
    meta.putSync('format', Buffer.from('2'));
    await root.close();
    for (const readOnly of [true, false]) {
      await expect(openLmdbStore({ path, readOnly, namespace: '' })).rejects.toMatchObject({
        code: 'FSC7202',
        exitCode: 1,
      });
    }
    remove(path);
  });

  it('tells a reader that nothing was run yet, and makes no folder', async () => {
    const path = join(newFolder(), 'online');
    await expect(openLmdbStore({ path, readOnly: true, namespace: '' })).rejects.toMatchObject({
      code: 'FSC7206',
      exitCode: 2,
    });
    mkdirSync(path);
    await expect(openLmdbStore({ path, readOnly: true, namespace: '' })).rejects.toMatchObject({
      code: 'FSC7206',
      exitCode: 2,
    });
    remove(path);
  });

  it('tells what stands in the way of the folder', async () => {
    const path = join(newFolder(), 'file');
    writeFileSync(path, 'x');
    await expect(openLmdbStore({ path: join(path, 'online'), readOnly: false, namespace: '' })).rejects.toMatchObject({
      code: 'FSC7200',
    });
    remove(path);
  });

  it('refuses a file that is something else, or was cut off, instead of dying of it', async () => {
    const path = newFolder();
    const file = join(path, 'data.mdb');
    const store = await openLmdbStore({ path, readOnly: false, namespace: '' });
    const rows = Array.from({ length: 500 }, (_, i) => ({ key: bytes(i >> 8, i & 255), value: new Uint8Array(3000) }));
    await store.write({ epoch: 1, sequence: 1 }, rows, null);
    await store.close();
    const whole = readFileSync(file);
    const damaged = [
      whole.subarray(0, whole.length >> 1),
      whole.subarray(0, 8192),
      whole.subarray(0, 10),
      Buffer.alloc(99_999, 90),
    ];
    for (const content of damaged) {
      writeFileSync(file, content);
      for (const readOnly of [true, false]) {
        await expect(openLmdbStore({ path, readOnly, namespace: '' })).rejects.toMatchObject({
          code: 'FSC7201',
          exitCode: 1,
        });
      }
      expect(Buffer.compare(readFileSync(file), content)).toBe(0);
    }
    writeFileSync(file, '');
    await expect(openLmdbStore({ path, readOnly: true, namespace: '' })).rejects.toMatchObject({ code: 'FSC7206' });
    await (await openLmdbStore({ path, readOnly: false, namespace: '' })).close();
    remove(path);
  });

  it('begins again where a full disk cut its first page off, and at nothing', async () => {
    const path = newFolder();
    await (await openLmdbStore({ path, readOnly: false, namespace: '' })).close();
    const page = readFileSync(join(path, 'data.mdb')).subarray(0, 4096);
    // As LMDB makes it, before its first transaction.
    page.fill(0xff, 88, 96);
    page.fill(0xff, 136, 144);
    page.fill(0, 152, 160);
    for (const content of [page, Buffer.alloc(0)]) {
      const fresh = newFolder();
      writeFileSync(join(fresh, 'data.mdb'), content);
      await expect(openLmdbStore({ path: fresh, readOnly: true, namespace: '' })).rejects.toMatchObject({
        code: 'FSC7206',
      });
      const store = await openLmdbStore({ path: fresh, readOnly: false, namespace: '' });
      await store.write({ epoch: 1, sequence: 1 }, [{ key: bytes(1), value: bytes(2) }], null);
      expect(await store.getMany([bytes(1)])).toEqual([Buffer.from([2])]);
      await store.close();
      remove(fresh);
    }
    remove(path);
  });

  it('keeps heartbeats and writers of namespaces apart', async () => {
    const path = newFolder();
    const open = (namespace: string) => openLmdbStore({ path, readOnly: false, namespace });
    const one = await open('');
    await one.write({ epoch: 5, sequence: 1 }, [], heartbeat('v'));
    await one.write({ epoch: 5, sequence: 1 }, [], heartbeat('x'.repeat(3000)));
    expect(await one.heartbeat('x'.repeat(3000))).not.toBeNull();
    await one.close();
    const other = await open('staging');
    expect(await other.heartbeat('v')).toBeNull();
    await other.write({ epoch: 1, sequence: 1 }, [], heartbeat('v', { ended: true }));
    await other.close();
    const again = await open('');
    expect(await again.heartbeat('v')).toEqual(heartbeat('v'));
    await again.close();
    remove(path);
  });

  it('does not let a reader write', async () => {
    const path = newFolder();
    await (await openLmdbStore({ path, readOnly: false, namespace: '' })).close();
    const reader = await openLmdbStore({ path, readOnly: true, namespace: '' });
    await expect(reader.write({ epoch: 1, sequence: 1 }, [], heartbeat('v'))).rejects.toMatchObject({
      code: 'FSC7205',
    });
    await reader.close();
    remove(path);
  });
});

/** Another process, so that locks, maps and kill -9 are real. */
describe('online store in LMDB, shared by processes', () => {
  const root = resolve(import.meta.dirname, '..', '..');
  const out = newFolder();
  const path = newFolder();
  const program = join(out, 'tests', 'contracts', 'store-writer.js');

  beforeAll(() => {
    writeFileSync(join(out, 'package.json'), '{"type":"module"}');
    const config = join(out, 'tsconfig.json');
    const compilerOptions = { outDir: out, rootDir: root, noCheck: true, declaration: false };
    const files = [join(root, 'tests', 'contracts', 'store-writer.ts')];
    writeFileSync(
      config,
      JSON.stringify({ extends: join(root, 'tsconfig.json'), files, include: [], compilerOptions }),
    );
    symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'), 'dir');
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const built = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(built.stdout);
  });
  afterAll(() => {
    remove(out);
    remove(path);
  });

  it('shows a reader whole batches while another process writes, grows the file and is killed', async () => {
    await (await openLmdbStore({ path, readOnly: false, namespace: '' })).close();
    const reader = await openLmdbStore({ path, readOnly: true, namespace: '' });
    const writer = spawn(process.execPath, [program, path, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((done) => writer.once('exit', done));
    let acknowledged = 0;
    writer.stdout.on('data', (data: Buffer) => {
      for (const line of data.toString().trim().split('\n')) acknowledged = Number(line);
    });
    let seen = 0;
    let reads = 0;
    while (acknowledged < 40) {
      const values = (await reader.getMany([bytes(0), bytes(0, 7), bytes(1, 99)])) as (Uint8Array | null)[];
      const batches = values.map((value) => value?.[0] ?? 0);
      expect(new Set(batches).size).toBe(1);
      expect(batches[0]).toBeGreaterThanOrEqual(seen);
      seen = batches[0] ?? 0;
      reads++;
      await new Promise((next) => setImmediate(next));
    }
    writer.kill('SIGKILL');
    await ended;
    expect(reads).toBeGreaterThan(10);
    const rows = await collect(reader.scan(bytes()));
    expect(rows.length).toBe(200);
    expect(new Set(rows.map(([, value]) => value[0])).size).toBe(1);
    expect(rows[0]?.[1][0]).toBeGreaterThanOrEqual(acknowledged);
    await reader.close();
    const next = await openLmdbStore({ path, readOnly: false, namespace: '' });
    await next.write({ epoch: 2, sequence: 0 }, [{ key: bytes(0), value: bytes(255) }], null);
    const zombie = spawnSync(process.execPath, [program, path, '1'], { encoding: 'utf8' });
    expect(zombie.stdout).toBe('');
    expect(zombie.stderr).toContain('FSC7204');
    const kept = (await next.getMany([bytes(0)])) as (Uint8Array | null)[];
    expect([...(kept[0] ?? [])]).toEqual([255]);
    await next.close();
  });
});
