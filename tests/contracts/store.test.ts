import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { UnlockedReads } from '../../runtime/stores/lmdb-unlocked.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import type { OnlineStore } from '../../runtime/stores/store.ts';
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
  it('keeps the heartbeats of each namespace apart', async () => {
    const path = newFolder();
    for (const namespace of ['', 'a', 'ab']) {
      const store = await openLmdbStore({ path, readOnly: false, namespace });
      expect(store.heartbeats()).toEqual([]);
      for (const view of ['v', 'é"\\', `of ${namespace}`])
        await store.write({ epoch: 1, sequence: 1 }, [], heartbeat(view));
      expect([...(await store.heartbeats())].sort()).toEqual([`of ${namespace}`, 'v', 'é"\\']);
      await store.close();
    }
    remove(path);
  });

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

  it('takes nothing in once its folder was removed or another one took its place, and a reader finds out within a second', async () => {
    for (const isReplaced of [false, true]) {
      const path = newFolder();
      const open = (readOnly: boolean) => openLmdbStore({ path, readOnly, namespace: '' });
      const write = (store: OnlineStore, value: number) =>
        store.write({ epoch: 1, sequence: value }, [{ key: bytes(1), value: bytes(value) }], null);
      const writer = await open(false);
      await write(writer, 1);
      const reader = await open(true);
      remove(path);
      if (isReplaced) {
        const next = await open(false);
        await write(next, 2);
        await next.close();
      }
      await expect(write(writer, 3)).rejects.toMatchObject({ code: 'FSC7207', exitCode: 3 });
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect(() => reader.getMany([bytes(1)])).toThrow(expect.objectContaining({ code: 'FSC7207', exitCode: 3 }));
      await writer.close();
      await reader.close();
      if (isReplaced) {
        const last = await open(true);
        expect(await last.getMany([bytes(1)])).toEqual([Buffer.from([2])]);
        await last.close();
      }
      remove(path);
    }
  });

  it('has room for a thousand readers', async () => {
    const path = newFolder();
    await (await openLmdbStore({ path, readOnly: false, namespace: '' })).close();
    const reader = await openLmdbStore({ path, readOnly: true, namespace: '' });
    const { nativeAddon } = (await import('lmdb')) as unknown as {
      nativeAddon: Record<
        'Env' | 'Txn',
        new (
          ...args: unknown[]
        ) => { open(...args: unknown[]): void; abort(): void; close(): void }
      >;
    };
    const environment = new nativeAddon.Env();
    environment.open({ path, keyBytes: Buffer.alloc(4096), mapSize: 0x20000 }, 0x20000, 0);
    const readers = Array.from({ length: 1000 }, () => new nativeAddon.Txn(environment, 0x20000));
    const next = await openLmdbStore({ path, readOnly: true, namespace: '' });
    expect(await next.getMany([bytes(1)])).toEqual([null]);
    await next.close();
    for (const one of readers) one.abort();
    environment.close();
    await reader.close();
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
  const opener = join(out, 'tests', 'contracts', 'store-opener.js');

  beforeAll(() => {
    writeFileSync(join(out, 'package.json'), '{"type":"module"}');
    const config = join(out, 'tsconfig.json');
    const compilerOptions = { outDir: out, rootDir: root, noCheck: true, declaration: false };
    const files = ['store-writer.ts', 'store-opener.ts'].map((name) => join(root, 'tests', 'contracts', name));
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

  /** What it could not open, from a process of its own. */
  function opened(
    times: number,
    role: 'reader' | 'writer' | 'staying-reader',
    folder: string,
    owner?: number,
  ): Promise<string[]> {
    const as = owner === undefined ? {} : { uid: owner, gid: owner };
    const child = spawn(process.execPath, [opener, folder, String(times), role], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...as,
    });
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    return new Promise((done) =>
      child.once('close', (code) =>
        done(code === 0 ? JSON.parse(text.trim().split('\n').at(-1) ?? '') : [`exit ${code}`]),
      ),
    );
  }

  it('opens it while the last who had it open closes it', async () => {
    const folder = newFolder();
    await (await openLmdbStore({ path: folder, readOnly: false, namespace: '' })).close();
    const roles = ['reader', 'reader', 'reader', 'reader', 'writer'] as const;
    expect((await Promise.all(roles.map((role) => opened(500, role, folder)))).flat()).toEqual([]);
    remove(folder);
  });

  /** What a process does that read the head of the file a moment ago: it writes into lock.mdb that an earlier transaction was the last one. */
  const TAKE_BACK = `
const { openSync, readSync, writeSync } = require('node:fs');
const [path, transactions] = process.argv.slice(1);
const file = openSync(path, 'r+');
const number = Buffer.alloc(8);
readSync(file, number, 0, 8, 8);
number.writeBigUInt64LE(number.readBigUInt64LE() - BigInt(transactions));
writeSync(file, number, 0, 8, 8);
`;

  it.each([1, 2, 3])(
    'loses nothing where %i transactions are committed while another process opens it',
    async (taken) => {
      const folder = newFolder();
      const store = await openLmdbStore({ path: folder, readOnly: false, namespace: '' });
      const takeBack = () =>
        expect(
          spawnSync(process.execPath, ['-e', TAKE_BACK, join(folder, 'lock.mdb'), String(taken)]).stderr.toString(),
        ).toBe('');
      const written = async () => (await collect(store.scan(bytes()))).length;
      const write = (sequence: number) =>
        store.write({ epoch: 1, sequence }, [{ key: bytes(sequence), value: bytes(sequence) }], null);
      for (let sequence = 1; sequence <= 5; sequence++) await write(sequence);
      takeBack();
      // Two back, the head has the last one in that place.
      expect(await written()).toBe(taken === 2 ? 5 : 4);
      await write(6);
      expect(await written()).toBe(6);
      takeBack();
      expect(await opened(1, 'reader', folder)).toEqual([]);
      expect(await written()).toBe(6);
      await store.close();
      remove(folder);
    },
  );

  it('loses nothing while many processes open it', async () => {
    const folder = newFolder();
    const store = await openLmdbStore({ path: folder, readOnly: false, namespace: '' });
    let isOver = false;
    const others = Promise.all(['reader', 'reader'].map(() => opened(1000, 'reader', folder))).then((reasons) => {
      isOver = true;
      return reasons.flat();
    });
    let sequence = 0;
    while (!isOver) {
      sequence++;
      const key = bytes(sequence >> 8, sequence & 255);
      await store.write({ epoch: 1, sequence }, [{ key, value: bytes(1) }], null);
      await new Promise((next) => setImmediate(next));
    }
    expect(await others).toEqual([]);
    expect((await collect(store.scan(bytes()))).length).toBe(sequence);
    await store.close();
    remove(folder);
  }, 60_000);

  it('takes the pages again that a reader saw which was killed', async () => {
    const folder = newFolder();
    const store = await openLmdbStore({ path: folder, readOnly: false, namespace: '' });
    let sequence = 0;
    const megabytesAfter = async (writes: number) => {
      for (let i = 0; i < writes; i++) {
        sequence++;
        const rows = Array.from({ length: 100 }, (_, key) => ({ key: bytes(key), value: new Uint8Array(1000) }));
        await store.write({ epoch: 1, sequence }, rows, null);
      }
      return statSync(join(folder, 'data.mdb')).size / 1e6;
    };
    await megabytesAfter(1);
    const reader = spawn(process.execPath, [opener, folder, '1', 'blocked-reader']);
    await new Promise((done) => reader.stdout.once('data', done));
    await pause(100);
    const kept = await megabytesAfter(100);
    expect(kept).toBeGreaterThan(10);
    reader.kill('SIGKILL');
    await new Promise((done) => reader.once('close', done));
    await pause(1100);
    expect(await megabytesAfter(300)).toBeLessThan(2 * kept);
    await store.close();
    remove(folder);
  });

  /** What a process has that began to open it in just that moment. */
  const HOLD = `
import fcntl, sys, time
with open(sys.argv[1], 'r+b') as file:
    fcntl.lockf(file, fcntl.LOCK_SH, 1, 0)
    print('held', flush=True)
    time.sleep(float(sys.argv[2]))
`;
  it.skipIf(spawnSync('python3', ['-c', 'import fcntl']).status !== 0)(
    'waits for another process that holds locks that are gone, and tells of one that does not let go',
    async () => {
      const folder = newFolder();
      await (await openLmdbStore({ path: folder, readOnly: false, namespace: '' })).close();
      const hold = async (seconds: number) => {
        const holder = spawn('python3', ['-c', HOLD, join(folder, 'lock.mdb'), String(seconds)]);
        await new Promise((done) => holder.stdout.once('data', done));
        return holder;
      };
      for (const role of ['reader', 'writer'] as const) {
        await hold(0.3);
        expect(await opened(1, role, folder)).toEqual([]);
      }
      const holder = await hold(60);
      expect(await opened(1, 'reader', folder)).toEqual([
        'FSC7200: another process holds its locks, and they are broken',
      ]);
      holder.kill();
      await new Promise((done) => holder.once('close', done));
      expect(await opened(1, 'reader', folder)).toEqual([]);
      remove(folder);
    },
  );

  const CONTAINER = ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath] as const;
  it.skipIf(spawnSync('unshare', [...CONTAINER, '--version']).status !== 0)(
    'tells of a process of the same number in another container, instead of waiting for it',
    async () => {
      const folder = newFolder();
      await (await openLmdbStore({ path: folder, readOnly: false, namespace: '' })).close();
      const first = spawn('unshare', [...CONTAINER, opener, folder, '1000000000', 'staying-reader']);
      await new Promise((done) => first.stdout.once('data', done));
      for (const role of ['reader', 'writer']) {
        const started = performance.now();
        const second = spawnSync('unshare', [...CONTAINER, opener, folder, '1', role], { encoding: 'utf8' });
        expect([second.stdout, second.stderr]).toEqual([expect.stringMatching(/FSC7200: .*the same number \(1\)/), '']);
        expect(performance.now() - started).toBeLessThan(9000);
      }
      // The first process of a container does not heed SIGTERM.
      first.kill('SIGKILL');
      await new Promise((done) => first.once('close', done));
      const last = spawnSync('unshare', [...CONTAINER, opener, folder, '1', 'reader'], { encoding: 'utf8' });
      expect(last.stdout.trim()).toBe('[]');
      remove(folder);
    },
    30_000,
  );

  /** A folder whose files another user (or this one, if it is not root) may read alone. */
  async function readOnlyStore(): Promise<{ folder: string; owner: number | undefined }> {
    const folder = newFolder();
    const store = await openLmdbStore({ path: folder, readOnly: false, namespace: '' });
    await store.write({ epoch: 1, sequence: 1 }, [{ key: bytes(1), value: bytes(1) }], null);
    await store.close();
    for (const name of ['lock.mdb', 'data.mdb']) chmodSync(join(folder, name), 0o444);
    chmodSync(folder, 0o555);
    chmodSync(out, 0o755);
    return { folder, owner: process.getuid?.() === 0 ? 65_534 : undefined };
  }

  function freeAndRemove(folder: string): void {
    chmodSync(folder, 0o755);
    remove(folder);
  }

  it('reads without a lock what no run writes, with and without a lock file, and does not write there', async () => {
    const { folder, owner } = await readOnlyStore();
    expect(await opened(2, 'reader', folder, owner)).toEqual([]);
    expect(await opened(1, 'writer', folder, owner)).toEqual(['FSC7200: this user may not write its lock.mdb']);
    chmodSync(folder, 0o755);
    rmSync(join(folder, 'lock.mdb'));
    chmodSync(folder, 0o555);
    expect(await opened(2, 'reader', folder, owner)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['data.mdb']);
    freeAndRemove(folder);
  });

  it('refuses to read without a lock once a run writes, whatever came of the read', async () => {
    const file = join(path, 'data.mdb');
    const store = await openLmdbStore({ path, readOnly: false, namespace: '' });
    const reads = new UnlockedReads(file);
    expect(reads.read(() => 'whole')).toBe('whole');
    expect(() => reads.read(() => JSON.parse('broken'))).toThrow(SyntaxError);
    const write = (sequence: number) => store.write({ epoch: 9, sequence }, [], heartbeat('v'));
    await write(1);
    for (const read of [() => 'torn', () => JSON.parse('torn')]) {
      expect(() => reads.read(read)).toThrow(expect.objectContaining({ code: 'FSC7200', exitCode: 3 }));
    }
    reads.close();
    const again = new UnlockedReads(file);
    expect(again.read(() => 'whole')).toBe('whole');
    again.close();
    await store.close();
  });

  it.skipIf(process.getuid?.() !== 0)('is refused to another user from the first commit on', async () => {
    const { folder, owner } = await readOnlyStore();
    const child = opened(1_000_000, 'staying-reader', folder, owner);
    const store = await openLmdbStore({ path: folder, readOnly: false, namespace: '' });
    let sequence = 2;
    const writing = setInterval(() => store.write({ epoch: 1, sequence: sequence++ }, [], heartbeat('v')), 20);
    expect(await child).toEqual([
      'FSC7200: this user may not write the lock.mdb beside it, by which a run sees what is being read',
    ]);
    clearInterval(writing);
    await store.close();
    freeAndRemove(folder);
  });
});
