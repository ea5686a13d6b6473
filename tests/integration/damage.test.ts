/**
 * A flipped bit in any file that fsc writes is told or does no harm; it never becomes a value. And: state of other plans, of newer formats, of two
 * writers, and locks that were left behind. FSC_FLIPS sets the number of bits a file, FSC_RACES that of races for a lock.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { cli } from '../cli/in-process.ts';
import { random } from '../state/plans.ts';
import { fsc, pause, startWorker, type Worker } from './process.ts';
import { FEATURES, folderWith, randomLines, removeFolders, textOf } from './project.ts';

afterAll(removeFolders, 60_000);

const FLIPS = Number(process.env['FSC_FLIPS'] ?? '8');
const r = random(Number(process.env['FSC_SEED'] ?? '1'));
const lines = randomLines(r, 300, 600_000, 8);
const CONFIG = '{ "sources": { "tx": { "history": "old.jsonl", "stream": "-" } }, "clock": "events" }';
const RUN = ['run', '--mode', 'stream', '--quiet'];

/** A project whose state folder has everything: journal, snapshot, archive, quarantine, retries, rows, cache, catalogue. */
let whole = '';

async function ok(root: string, args: readonly string[], stdin = ''): Promise<string> {
  const { code, out, err } = await cli(args, { cwd: root, stdin });
  expect([args.join(' '), code, err]).toEqual([args.join(' '), 0, err]);
  return out;
}

beforeAll(async () => {
  whole = folderWith({ ...FEATURES, 'fsc.json': CONFIG, 'old.jsonl': textOf(lines.slice(0, 100)) });
  await ok(whole, ['compile', '--quiet']);
  await ok(whole, RUN, textOf(lines.slice(100, 200)));
  // Cut off, so that the journal holds records.
  const run = fsc(whole, RUN, 'pipe');
  const sent = textOf(lines.slice(200));
  run.child.stdin?.write(sent);
  const journal = join(whole, '.fsc/state/tx.journal');
  // It has the lines as they came, and more.
  while (readFileSync(journal).length <= Buffer.byteLength(sent)) await pause(20);
  await pause(50);
  run.stop('SIGKILL');
  await run.ended;
  await ok(whole, ['query', 'SELECT count(*) FROM tx', '--quiet']);
  expect((await ok(whole, ['quarantine', 'list', '--format', 'json', '--quiet'])).length).toBeGreaterThan(100);
}, 120_000);

const copies: string[] = [];
function copy(): string {
  const root = folderWith();
  copies.push(root);
  cpSync(whole, root, { recursive: true });
  return root;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

interface Seen {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What people see who look at the project. */
const LOOKS: Readonly<Record<string, (root: string) => Promise<Seen>>> = {
  'fsc run, fsc get': async (root) => {
    const run = await cli(RUN, { cwd: root, stdin: '' });
    return run.code !== 0 ? run : cli(['get', 'card_v1', '--all', '--meta', '--format', 'json'], { cwd: root });
  },
  'fsc run --rebuild, fsc get': async (root) => {
    const run = await cli([...RUN, '--rebuild'], { cwd: root, stdin: '' });
    return run.code !== 0 ? run : cli(['get', 'card_v1', '--all', '--meta', '--format', 'json'], { cwd: root });
  },
  'fsc get': (root) => cli(['get', 'card_v1', 'card=c1', '--meta', '--format', 'json'], { cwd: root }),
  'fsc query': (root) =>
    cli(['query', "SELECT * FROM card_v1(TIMESTAMP '2024-01-02 20:00') ORDER BY card", '--format', 'json', '--quiet'], {
      cwd: root,
    }),
  'fsc quarantine list': (root) => cli(['quarantine', 'list', '--format', 'json', '--quiet'], { cwd: root }),
};

/** Files by what they are, and the looks that read them. The store has a test of its own: its library may end the process. */
const FILES: readonly (readonly [string, RegExp, readonly (keyof typeof LOOKS & string)[], 'told' | 'any'])[] = [
  ['the journal', /\/state\/tx\.journal$/, ['fsc run, fsc get'], 'told'],
  ['the snapshot', /\/state\/tx\.snapshot$/, ['fsc run, fsc get'], 'any'],
  ['the archive', /\/archive\/tx\/.*\.parquet$/, ['fsc run --rebuild, fsc get', 'fsc query'], 'told'],
  ['the quarantine', /\/quarantine\/tx\.jsonl$/, ['fsc quarantine list'], 'told'],
  ['accepted records', /\/cache\/.*\.(parquet|json)$/, ['fsc query'], 'any'],
  ['the catalogue, and what it was made of', /\/catalogue\.(duckdb|json)$/, ['fsc query'], 'any'],
  ['the stamp of a compilation', /\/compiled\.json$/, ['fsc get'], 'any'],
  ['generated files', /\/generated\/.*\.(js|json|sql|ts)$/, ['fsc get'], 'any'],
];

/** The catalogue in a process with nothing of ours but DuckDB. */
function notebook(file: string): Seen {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api';
    const instance = await DuckDBInstance.create(process.argv[1], { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll("SELECT * FROM card_v1(TIMESTAMP '2024-01-02 20:00') ORDER BY card");
    console.log(JSON.stringify(reader.getRowsJson()));`;
  const args = ['--input-type=module', '-e', script, file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname });
  return { code: status ?? -1, out: stdout, err: stderr };
}

/** Files that fsc writes and no look reads: what says so. */
const OTHERS: readonly (readonly [string, RegExp])[] = [
  ['the online store, below', /\/online\/(data|lock)\.mdb$/],
  ['the lock, which names a process', /\/state\/lock$/],
  ['retries, tests/log/retries.test.ts', /\/state\/retries\//],
  ['for the databases of others', /\/generated\/.*\.(duckdb|md)$/],
];

describe('a flipped bit', () => {
  it('is put into every kind of file that fsc writes', () => {
    const known = [...FILES, ...OTHERS].map(([, pattern]) => pattern);
    const written = ['.fsc', 'generated'].flatMap((name) => filesUnder(join(whole, name)));
    expect(written.filter((path) => !known.some((pattern) => pattern.test(path)))).toEqual([]);
    for (const [name, pattern] of FILES)
      expect([name, written.some((path) => pattern.test(path))]).toEqual([name, true]);
  });

  it.each(FILES)(
    'in %s is told or does no harm',
    async (_, pattern, looks, expectation) => {
      const wanted = new Map<string, Seen>();
      for (const look of looks) wanted.set(look, await (LOOKS[look] as (root: string) => Promise<Seen>)(copy()));
      for (const seen of wanted.values()) expect([seen.code, seen.err]).toEqual([0, seen.err]);
      const names = filesUnder(whole)
        .map((path) => path.slice(whole.length))
        .filter((path) => pattern.test(path));
      expect(names.length).toBeGreaterThan(0);
      let told = 0;
      for (let i = 0; i < FLIPS; i++) {
        const root = copy();
        const path = join(root, r.pick(names));
        const bytes = readFileSync(path);
        const at = r.int(bytes.length);
        bytes[at] = (bytes[at] as number) ^ (1 << r.int(8));
        writeFileSync(path, bytes);
        for (const look of looks) {
          const where = `bit in byte ${at} of ${path.slice(root.length)}, seen by ${look}`;
          const seen = await (LOOKS[look] as (root: string) => Promise<Seen>)(root);
          if (seen.code === 0) expect([where, seen.out]).toEqual([where, wanted.get(look)?.out]);
          else {
            // A user's error with a code, never a stack.
            expect([where, seen.code, seen.err]).toEqual([
              where,
              1,
              expect.stringMatching(/error\[FSC7\d+\]|"code":"FSC7\d+"/),
            ]);
            told += 1;
          }
        }
        rmSync(root, { recursive: true, force: true });
      }
      if (expectation === 'told') expect(told).toBe(FLIPS * looks.length);
    },
    600_000,
  );

  it('in the catalogue is told to a notebook, by DuckDB, or does no harm', () => {
    const wanted = notebook(join(whole, '.fsc/catalogue.duckdb'));
    expect(wanted.code, wanted.err).toBe(0);
    expect(wanted.out.length).toBeGreaterThan(100);
    const good = readFileSync(join(whole, '.fsc/catalogue.duckdb'));
    const used = [...good.keys()].filter((at) => good[at] !== 0);
    const file = join(folderWith(), 'catalogue.duckdb');
    for (let i = 0; i < FLIPS; i++) {
      const bytes = Buffer.from(good);
      const at = r.pick(used);
      bytes[at] = (bytes[at] as number) ^ (1 << r.int(8));
      writeFileSync(file, bytes);
      const seen = notebook(file);
      if (seen.code === 0) expect([at, seen.out]).toEqual([at, wanted.out]);
      else expect([at, seen.err]).toEqual([at, expect.stringMatching(/Error|checksum|corrupt/i)]);
    }
  }, 120_000);

  it('in the online store is told, does no harm, or hides a row: it never gives another value', async () => {
    await ok(whole, ['get', 'card_v1', '--all', '--quiet']);
    const file = join(whole, '.fsc/online/data.mdb');
    const store = await openLmdbStore({ path: join(whole, '.fsc/online'), readOnly: true, namespace: '' });
    const newest = (await store.heartbeat('card_v1'))?.newestMicros;
    await store.close();
    const open = (): Promise<Worker> => startWorker('look-worker.ts', [whole, String(newest)]);
    const scratch = folderWith();
    const flip = (i: number, at: number, bit: number): string =>
      JSON.stringify({ path: join(scratch, `${i}`), file, at, bit });
    // Readers are processes of their own: on some damage LMDB itself gives up (SIGBUS, SIGSEGV), so that nobody gets a value.
    let worker = await open();
    const wanted = (await worker.tell(flip(0, -1, 0))) as readonly unknown[];
    expect(wanted.filter((seen) => seen !== 'none' && !String(seen).startsWith('told')).length).toBeGreaterThan(40);
    const good = readFileSync(file);
    const used = [...good.keys()].filter((at) => good[at] !== 0);
    let [told, crashes] = [0, 0];
    const flips = FLIPS * 40;
    for (let i = 1; i <= flips; i++) {
      const at = r.pick(used);
      const seen = (await worker.tell(flip(i, at, r.int(8)))) as readonly unknown[] | null;
      if (seen === null) {
        expect([at, (await worker.end()).signal]).toEqual([at, expect.stringMatching(/^SIG(BUS|SEGV)$/)]);
        worker = await open();
        crashes += 1;
        continue;
      }
      for (const [k, one] of seen.entries()) expectHarmless(one, wanted[k], at);
      if (seen.some((one) => String(one).startsWith('told'))) told += 1;
    }
    // Cut off wherever: no page that is missing ends the process.
    for (let i = 1; i <= FLIPS; i++) {
      const cut = r.int(2) === 0 ? 4096 * r.int(good.length / 4096) : r.int(good.length);
      const seen = (await worker.tell(JSON.stringify({ path: join(scratch, `cut${i}`), file, at: -1, bit: 0, cut }))) as
        | readonly unknown[]
        | null;
      expect([cut, seen === null]).toEqual([cut, false]);
      for (const [k, one] of seen!.entries()) expectHarmless(one, wanted[k], cut);
    }
    await worker.end();
    expect(told).toBeGreaterThan(flips / 4);
    expect(crashes).toBeLessThan(flips / 20);
  }, 600_000);
});

/** Seen after a flip: as it was, hidden, or told. */
function expectHarmless(seen: unknown, wanted: unknown, at: number): void {
  if (Array.isArray(seen)) expect([at, wanted]).toEqual([at, expect.arrayContaining(seen)]);
  else if (seen !== wanted && seen !== 'none')
    expect([at, seen]).toEqual([at, expect.stringMatching(/^told FSC72\d\d$/)]);
}

const RACES = Number(process.env['FSC_RACES'] ?? '60');

describe('a state folder', () => {
  it('is written by one process at a time; the lock of one that was killed is taken over', async () => {
    const root = copy();
    const first = fsc(root, RUN, 'pipe');
    const lock = join(root, '.fsc/state/lock');
    const isLocked = () => existsSync(lock);
    // The one of the run that was killed is there already.
    const own = () => existsSync(lock) && readIfThere(lock).includes(`:${first.child.pid},`);
    while (!own()) await pause(20);
    const holder = readFileSync(lock, 'utf8');
    const second = await cli(RUN, { cwd: root, stdin: '' });
    expect([second.code, second.err]).toEqual([3, expect.stringContaining(`process ${first.child.pid}`)]);
    expect(readFileSync(lock, 'utf8')).toBe(holder);
    first.stop('SIGKILL');
    await first.ended;
    expect(isLocked()).toBe(true);
    await ok(root, RUN);
    expect(isLocked()).toBe(false);
  }, 60_000);

  it('has one winner where many runs start at once', async () => {
    const root = copy();
    const runs = Array.from({ length: 4 }, () => fsc(root, RUN, 'pipe'));
    // Whoever holds the lock waits on stdin; the others give up.
    const losers: number[] = [];
    await new Promise<void>((resolve) => {
      for (const run of runs) {
        void run.ended.then(({ code }) => {
          losers.push(code ?? -1);
          if (losers.length === 3) resolve();
        });
      }
    });
    const early = [...losers];
    for (const run of runs) run.child.stdin?.end();
    const ends = await Promise.all(runs.map((run) => run.ended));
    const told = ends.map(({ err }) => err).join('\n');
    expect([early, told]).toEqual([[3, 3, 3], told]);
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 3, 3, 3]);
  }, 60_000);

  it('has one winner, and losers that say so, in every one of many races', async () => {
    const workers = await Promise.all(Array.from({ length: 5 }, () => startWorker('lock-worker.ts', [])));
    const tell = (line: string): Promise<unknown[]> => Promise.all(workers.map((worker) => worker.tell(line)));
    const dead = JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: '1' });
    const root = folderWith();
    for (let i = 0; i < RACES; i++) {
      const state = join(root, `${i}`);
      mkdirSync(state);
      // Of a new folder, and of one whose owner is gone.
      if (i % 2 === 1) writeFileSync(join(state, 'lock'), dead);
      expect([i, (await tell(state)).sort()]).toEqual([i, ['lost', 'lost', 'lost', 'lost', 'won']]);
      expect(readdirSync(state)).toEqual(['lock']);
      await tell('');
      expect(readdirSync(state)).toEqual([]);
    }
    for (const worker of workers) await worker.end();
  }, 600_000);

  it('is taken over though the process that was about to take it over was killed, and not from one that still is', () => {
    const holder = (pid: number): string => JSON.stringify({ pid, host: hostname(), started: null });
    const root = folderWith({ lock: holder(2 ** 22 + 1), 'lock.takeover': holder(2 ** 22 + 2) });
    StateFolder.open(root).close();
    expect(readdirSync(root)).toEqual([]);
    const busy = folderWith({ lock: holder(2 ** 22 + 1), 'lock.takeover': holder(process.ppid) });
    expect(() => StateFolder.open(busy)).toThrow(/in use/);
    expect(readdirSync(busy).sort()).toEqual(['lock', 'lock.takeover']);
  });

  it('is cleared of what locks in the making left behind, and only of that', () => {
    const root = folderWith();
    const left = [`.lock.${2 ** 22 + 1}.1.${hostname()}`, `.lock.${process.pid}..${hostname()}`];
    const living = [`.lock.${process.ppid}..${hostname()}`, '.lock.77.1.elsewhere'];
    for (const folder of [root, join(root, 'retries')]) {
      mkdirSync(folder, { recursive: true });
      for (const name of [...left, ...living]) writeFileSync(join(folder, `${name}.${randomUUID()}.tmp`), '');
    }
    StateFolder.open(root).close();
    for (const folder of [root, join(root, 'retries')]) {
      const names = readdirSync(folder).filter((name) => name.endsWith('.tmp'));
      expect(names.map((name) => name.replace(/\.[0-9a-f-]{36}\.tmp$/, '')).sort()).toEqual([...living].sort());
    }
  });

  it('of a newer fsc is refused and left as it is', async () => {
    for (const name of ['tx.snapshot', 'tx.journal']) {
      const root = copy();
      const path = join(root, '.fsc/state', name);
      const bytes = readFileSync(path);
      bytes.writeUInt32LE(9, 8);
      const { crc32 } = await import('node:zlib');
      const end = name === 'tx.snapshot' ? 20 : 12;
      bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end);
      writeFileSync(path, bytes);
      for (const args of [RUN, [...RUN, '--rebuild']]) {
        const { code, err } = await cli(args, { cwd: root, stdin: '' });
        expect([name, code, err]).toEqual([name, 1, expect.stringContaining('FSC7112')]);
        expect(bytes.equals(readFileSync(path))).toBe(true);
      }
    }
  }, 60_000);

  it('of another project’s plan is built anew beside nothing: no old state is read', async () => {
    const root = copy();
    const more = 'SELECT card, count(*) AS many, max(amount) AS most FROM tx GROUP BY card\n';
    mkdirSync(join(root, 'features/other'), { recursive: true });
    rmSync(join(root, 'features/card'), { recursive: true });
    rmSync(join(root, 'features/last'), { recursive: true });
    writeFileSync(join(root, 'features/other/v1.sql'), more);
    await ok(root, RUN);
    const online = await ok(root, ['get', 'other_v1', '--all', '--format', 'json']);
    const batch = await ok(root, [
      'query',
      "SELECT * FROM other_v1(TIMESTAMP '2030-01-01') ORDER BY card",
      '--format',
      'json',
      '--quiet',
    ]);
    const sorted = (text: string): string[] => text.trim().split('\n').sort();
    expect(sorted(online)).toEqual(sorted(batch));
    const gone = await cli(['get', 'card_v1', 'card=c1'], { cwd: root });
    expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('card_v1')]);
  }, 60_000);
});
