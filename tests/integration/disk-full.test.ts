/**
 * A small disk (tmpfs) that fills up at any point of a run, and a project that can't be written at all: exit 3 with what to do, nothing that was
 * committed is lost, and the run goes on when there is room. Needs the right to mount; where there is none the tests are skipped, visibly.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { random } from '../state/plans.ts';
import { type Ended, fsc, MAIN, start, valuesOf } from './process.ts';
import { FEATURES, folderWith, programOf, randomLines, refused, removeFolders, rowsOf, textOf } from './project.ts';

const mounts: string[] = [];

function mount(path: string, options: string): boolean {
  mkdirSync(path, { recursive: true });
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status === 0;
  if (isMounted) mounts.push(path);
  return isMounted;
}

function remount(path: string, options: string): void {
  expect(spawnSync('mount', ['-o', `remount,${options}`, path]).status).toBe(0);
}

function unmountAll(): void {
  for (const path of mounts.splice(0)) spawnSync('umount', [path]);
}

const canMount = ((): boolean => {
  const probe = folderWith();
  const can = mount(join(probe, 'disk'), 'size=64k');
  unmountAll();
  return can;
})();

afterEach(unmountAll);
afterAll(removeFolders, 60_000);

const r = random(Number(process.env['FSC_SEED'] ?? '1'));
const program = programOf(FEATURES);
const lines = randomLines(r, 6000, 60_000, 300);
const CONFIG = '{ "sources": { "tx": { "history": "old.jsonl", "stream": "-" } }, "clock": "events" }';
const RUN = ['run', '--mode', 'stream', '--quiet'];
const old = { 'old.jsonl': textOf(lines.slice(0, 2000)) };

function project(files: Readonly<Record<string, string>>): string {
  return folderWith({ ...FEATURES, 'fsc.json': CONFIG, ...files });
}

/** Compiled before the disk is small: what is written then is state alone. */
async function projectOnDisk(options: string): Promise<string> {
  const root = project(old);
  expect((await fsc(root, ['compile', '--quiet']).ended).code).toBe(0);
  expect(mount(join(root, '.fsc'), options)).toBe(true);
  return root;
}

async function run(root: string, args: readonly string[], stdin: string): Promise<Ended> {
  const running = fsc(root, args, 'pipe');
  running.child.stdin?.end(stdin);
  return running.ended;
}

function expectFull(end: Ended, where: string): void {
  expect([where, end.code, end.signal, end.err]).toEqual([
    where,
    3,
    null,
    expect.stringMatching(/^(?:error\[FSC7\d+\]: |\{"v":1,"code":"FSC7\d+").*/),
  ]);
  expect([where, /full|no space|make room/i.test(end.err), end.err]).toEqual([where, true, end.err]);
}

describe.skipIf(!canMount)('a full disk', () => {
  const sent = lines.slice(2000);
  let calm: { values: readonly string[]; refused: number } | null = null;

  async function undisturbed() {
    if (calm !== null) return calm;
    const root = project(old);
    expect((await run(root, RUN, textOf(sent))).code).toBe(0);
    calm = { values: rowsOf(await valuesOf(program, root)), refused: refused(root).length };
    return calm;
  }

  it('at any point of a run: exit 3, and the run goes on when there is room', async () => {
    const wanted = await undisturbed();
    let failed = 0;
    // What a whole run takes is found by making the disk larger until one fits.
    for (let size = 40; ; size = Math.ceil(size * 1.35)) {
      const root = await projectOnDisk(`size=${size}k`);
      const end = await run(root, RUN, textOf(sent));
      if (end.code === 0) {
        expect(rowsOf(await valuesOf(program, root))).toEqual(wanted.values);
        break;
      }
      failed += 1;
      expectFull(end, `${size}k`);
      remount(join(root, '.fsc'), 'size=64m');
      const again = await run(root, RUN, textOf(sent));
      expect([`${size}k`, again.code, again.err]).toEqual([`${size}k`, 0, '']);
      expect(rowsOf(await valuesOf(program, root))).toEqual(wanted.values);
      unmountAll();
    }
    expect(failed).toBeGreaterThan(5);
  }, 600_000);

  it('under the online store alone, from its first byte on: exit 3, and the run goes on when there is room', async () => {
    const wanted = await undisturbed();
    const root = project(old);
    const online = join(root, '.fsc/online');
    expect(mount(online, 'size=64k')).toBe(true);
    spawnSync('dd', ['if=/dev/zero', `of=${join(online, 'fill')}`, 'bs=1k', 'count=100']);
    // The second finds what the first has left.
    for (const which of ['first', 'second']) expectFull(await run(root, RUN, textOf(sent)), which);
    remount(online, 'size=64m');
    expect((await run(root, RUN, textOf(sent))).code).toBe(0);
    expect(rowsOf(await valuesOf(program, root))).toEqual(wanted.values);
  }, 300_000);

  it('while commands write files: exit 3, and no half file is left', async () => {
    const root = project(old);
    expect((await run(root, RUN, textOf(sent))).code).toBe(0);
    writeFileSync(
      join(root, 'labels.csv'),
      `card,as_of\n${Array.from({ length: 20_000 }, (_, i) => `c${i % 300},2024-01-03T00:00:${String(i % 60).padStart(2, '0')}Z`).join('\n')}\n`,
    );
    expect(mount(join(root, 'out'), 'size=8k')).toBe(true);
    const commands = [
      ['dataset', '--labels', 'labels.csv', '--view', 'card_v1', '--out', 'out/set.parquet', '--allow-open', '--quiet'],
      ['dataset', '--labels', 'labels.csv', '--view', 'card_v1', '--out', 'out/set.csv', '--allow-open', '--quiet'],
      ['dataset', '--labels', 'labels.csv', '--view', 'card_v1', '--out', 'out/set.jsonl', '--allow-open', '--quiet'],
      ['query', 'SELECT * FROM tx', '--out', 'out/tx.parquet', '--quiet'],
      ['query', 'SELECT * FROM tx', '--out', 'out/tx.jsonl', '--quiet'],
      ['query', 'SELECT 1 AS n FROM range(3000)', '--out', 'out/small.jsonl', '--quiet'],
      ['query', 'SELECT * FROM tx', '--out', 'out/tx.csv', '--quiet'],
      ['run', '--mode', 'batch', '--view', 'card_v1', '--as-of', '2024-01-03', '--out', 'out/card.jsonl', '--quiet'],
      ['run', '--mode', 'batch', '--view', 'last_v1', '--as-of', '2024-01-03', '--out', 'out/last.csv', '--quiet'],
    ];
    for (const args of commands) {
      expectFull(await run(root, args, ''), args.join(' '));
      expect([args.join(' '), readdirSync(join(root, 'out'))]).toEqual([args.join(' '), []]);
    }
  }, 300_000);

  it('where what is printed goes: exit 3, however little does not fit', async () => {
    const root = project(old);
    expect(mount(join(root, 'out'), 'size=64k')).toBe(true);
    const commands = [
      ['query', `SELECT repeat('x', 60000) AS x, repeat('y', 9000) AS y`, '--format', 'json', '--quiet'],
      ['query', 'SELECT * FROM tx', '--format', 'json', '--quiet'],
    ];
    for (const args of commands) {
      const script = 'exec "$0" "$@" > out/printed';
      const end = await start('sh', ['-c', script, process.execPath, MAIN, ...args], root).ended;
      expectFull(end, args.join(' '));
    }
  }, 60_000);

  it('where generated/ and the cache go: exit 3, and it is as it was', async () => {
    const root = project({ ...old, '.gitkeep': '' });
    rmSync(join(root, 'generated'), { recursive: true, force: true });
    expect(mount(join(root, '.fsc'), 'size=16k')).toBe(true);
    const end = await run(root, ['query', 'SELECT count(*) FROM tx', '--quiet'], '');
    expectFull(end, 'query');
    expect(
      readdirSync(join(root, '.fsc'), { recursive: true }).filter((name) => /tmp|parquet/.test(String(name))),
    ).toEqual([]);
  }, 60_000);
});

describe.skipIf(!canMount)('a project that cannot be written', () => {
  it('tells so with exit 3 where it has to be written, and still answers lookups', async () => {
    const root = await projectOnDisk('size=64m');
    expect((await run(root, RUN, textOf(lines.slice(2000)))).code).toBe(0);
    const values = await valuesOf(program, root);
    remount(join(root, '.fsc'), 'ro');
    const get = await run(root, ['get', 'card_v1', 'card=c1', '--format', 'json', '--quiet'], '');
    expect([get.code, get.err]).toEqual([0, '']);
    const stopped = await run(root, RUN, '');
    expect([stopped.code, stopped.err]).toEqual([3, expect.stringMatching(/^error\[FSC7\d+\]: /)]);
    remount(join(root, '.fsc'), 'rw');
    expect((await run(root, RUN, '')).code).toBe(0);
    expect(await valuesOf(program, root)).toEqual(values);
  }, 60_000);
});

describe.skipIf(!canMount)('a project on a disk that is read-only', () => {
  // Sums of doubles may come out otherwise the next time.
  const values = ['run', '--mode', 'batch', '--view', 'last_v1', '--as-of', '2024-01-03'];
  const set = ['dataset', '--view', 'last_v1', '--ties', 'include', '--qualified', '--allow-open'];
  const labels = ['--labels', 'labels.csv'];
  const commands: readonly (readonly string[])[] = [
    [...values, '--out', '-'],
    [...values, '--out', '../out/last.jsonl'],
    [...set, ...labels, '--out', '../out/set.jsonl'],
    [...set, ...labels, '--out', '../out/set.csv', '--engine', 'duckdb'],
    [...set, '--labels', 'labels.sql', '--out', '-'],
    ['query', 'SELECT * FROM tx ORDER BY ALL', '--format', 'json'],
    ['verify', '--as-of', '2024-01-02', '--format', 'json'],
    ['get', 'card_v1', 'card=c1', '--format', 'json'],
    ['check', '--format', 'json'],
    ['explain', 'card_v1', '--format', 'json'],
    ['quarantine', 'list', '--format', 'json'],
    ['test', '--format', 'json'],
  ];

  it.each([
    ['with a cache', true],
    ['without one', false],
  ])(
    '%s gives what it gives elsewhere, and leaves nothing behind',
    async (_, isWarm) => {
      const place = folderWith({ 'out/.keep': '' });
      const root = join(place, 'project');
      expect(mount(root, 'size=64m')).toBe(true);
      const files = {
        ...FEATURES,
        ...old,
        'fsc.json': CONFIG,
        'labels.csv': 'card,as_of\nc1,2024-01-02\nc2,2024-01-03\n',
        'labels.sql': "SELECT DISTINCT card, TIMESTAMP '2024-01-02' AS as_of FROM tx ORDER BY card",
      };
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      expect((await run(root, RUN, textOf(lines.slice(2000)))).code).toBe(0);
      const tell = async (): Promise<string[]> => {
        const told: string[] = [];
        for (const args of commands) {
          const { code, out, err } = await run(root, [...args, '--quiet'], '');
          expect([args.join(' '), code, err]).toEqual([args.join(' '), 0, '']);
          // Values of entities come in any order.
          told.push(
            out
              .replace(/"seconds":[^,}]*/g, '')
              .split('\n')
              .sort()
              .join('\n'),
          );
        }
        for (const name of readdirSync(join(place, 'out')))
          told.push(
            readFileSync(join(place, 'out', name), 'utf8')
              .split('\n')
              .sort()
              .join('\n'),
          );
        return told;
      };
      const before = await tell();
      if (!isWarm)
        for (const name of ['cache', 'catalogue.duckdb']) rmSync(join(root, '.fsc', name), { recursive: true });
      remount(root, 'ro');
      const temporary = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('fsc-cache-'));
      const kept = temporary();
      expect(await tell()).toEqual(before);
      expect(temporary()).toEqual(kept);
    },
    300_000,
  );
});

describe('the tests of full disks', () => {
  it.runIf(!canMount)('were skipped: nothing can be mounted here', ({ skip }) => {
    skip('mounting a tmpfs needs a right that this process does not have');
  });
});
