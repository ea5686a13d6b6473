/**
 * `fsc run` is asked to stop at random moments: it ends within two seconds with the code of cli.md, the terminal is as it was, and the runs after it
 * end where an undisturbed one ends. FSC_STOPS sets the number, FSC_ENTITIES the size of the large state.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { archiveExtent } from '../../runtime/engines/duckdb/archive-files.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { listQuarantine } from '../../runtime/log/quarantine-index.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { random } from '../state/plans.ts';
import { fsc, MAIN, pause, start, twoSeconds, valuesOf } from './process.ts';
import {
  FEATURES,
  folderWith,
  programOf,
  randomLines,
  refused,
  removeFolders,
  rowsOf,
  START_MS,
  textOf,
} from './project.ts';

afterAll(removeFolders, 60_000);

const STOPS = Number(process.env['FSC_STOPS'] ?? '6');
const ENTITIES = Number(process.env['FSC_ENTITIES'] ?? '24000');
const r = random(Number(process.env['FSC_SEED'] ?? '1'));
const program = programOf(FEATURES);
const RUN = ['run', '--mode', 'stream', '--format', 'json', '--quiet'];

const config = (source: string): string => `{ "sources": { "tx": { ${source} } }, "clock": "events" }`;

const tx = (id: number, card: string): string =>
  `{"id": ${id}, "paid_at": "${new Date(START_MS + id * 1000).toISOString()}", "card": "${card}", "amount": 5.00}\n`;

function project(source: string, files: Readonly<Record<string, string>>): string {
  return folderWith({ ...FEATURES, 'fsc.json': config(source), ...files });
}

async function whole(root: string): Promise<number> {
  const started = performance.now();
  await readBy(root);
  return performance.now() - started;
}

/** The number of records that a run finds to read. */
async function readBy(root: string): Promise<number> {
  const end = await fsc(root, RUN).ended;
  expect([end.code, end.err]).toEqual([0, '']);
  return JSON.parse(end.out).events.read;
}

/** Stops runs at random moments of theirs until so many were stopped, then lets one end. */
async function stopOften(root: string, wholeMs: number): Promise<void> {
  for (let i = 0; i < STOPS; i++) {
    const run = fsc(root, RUN);
    const signal = r.chance(0.5) ? 'SIGINT' : 'SIGTERM';
    const limit = twoSeconds();
    const timer = setTimeout(() => run.stop(signal), r.int(Math.ceil(wholeMs)));
    const end = await run.ended;
    clearTimeout(timer);
    if (end.stoppedInMs === 0) continue;
    // Before the first line of fsc's own runs, node does with a signal what every process does.
    const isEarly = end.signal === signal;
    // After its last line a process takes a while to end: a run that is interrupted then has left nothing to do.
    const isLate = signal === 'SIGINT' && end.code === 0;
    if (isLate) expect(await readBy(root)).toBe(0);
    else if (!isEarly) expect([signal, end.code, end.err]).toEqual([signal, signal === 'SIGINT' ? 130 : 0, end.err]);
    expect(end.err).not.toMatch(/error/);
    expect(end.stoppedInMs).toBeLessThan(limit);
  }
  await whole(root);
}

describe('fsc run, asked to stop', () => {
  it('while it reads a file', async () => {
    const lines = randomLines(r, 60_000, 8000, 40);
    const files = { 'tx.jsonl': textOf(lines) };
    const calm = project('"stream": "tx.jsonl"', files);
    const wholeMs = await whole(calm);
    const root = project('"stream": "tx.jsonl"', files);
    await stopOften(root, wholeMs);
    expect(await valuesOf(program, root)).toEqual(await valuesOf(program, calm));
    expect(refused(root)).toEqual(refused(calm));
  }, 300_000);

  it('while it sorts and reads Parquet with many entities, flushes them and takes snapshots', async () => {
    const make = async (root: string): Promise<void> => {
      const session = await openDuckDb({ threads: 1 });
      await session.run(
        `COPY (SELECT i AS id, TIMESTAMP '2024-01-01' + to_milliseconds(40 * i) AS paid_at, 'c' || (hash(i) % ${ENTITIES}) AS card,
           ((1 + hash(i + 7) % 50000) / 100)::decimal(12,2) AS amount, 0.5::double AS weight
         FROM range(${2 * ENTITIES}) AS t(i) ORDER BY hash(i)) TO '${join(root, 'tx.parquet').replaceAll("'", "''")}' (FORMAT parquet)`,
      );
      session.close();
    };
    const calm = project('"stream": "tx.parquet"', {});
    await make(calm);
    const wholeMs = await whole(calm);
    const root = project('"stream": "tx.parquet"', {});
    await make(root);
    await stopOften(root, wholeMs);
    // Tens of thousands of entities: some of each.
    const some = async (at: string): Promise<string[]> =>
      (await valuesOf(program, at)).filter((line) => /c[0-9]*77[ ,]/.test(line));
    const wanted = await some(calm);
    expect(wanted.length).toBeGreaterThan(100);
    expect(await some(root)).toEqual(wanted);
  }, 600_000);

  it('while it waits on stdin: at once, and nothing of it is lost', async () => {
    const root = project('"stream": "-"', {});
    for (let i = 0; i < 3; i++) {
      const run = fsc(root, RUN, 'pipe');
      run.child.stdin?.write(tx(2 * i, 'a'));
      await untilConsumed(root, 2 * i + 1);
      run.child.stdin?.write(tx(2 * i + 1, 'a'));
      await untilConsumed(root, 2 * i + 2);
      const limit = twoSeconds();
      run.stop(i === 1 ? 'SIGTERM' : 'SIGINT');
      const end = await run.ended;
      expect([end.code, JSON.parse(end.out).events.accepted]).toEqual([i === 1 ? 0 : 130, 2]);
      expect(end.stoppedInMs).toBeLessThan(limit);
    }
    expect(rowsOf(await valuesOf(program, root))[0]).toMatch(/^0 card_v1 a a,6,/);
    expect(archiveExtent(join(root, '.fsc/archive'), 'tx', '-')).toEqual({ end: 6, wholeTo: 6 });
  }, 120_000);

  const hasFifo = spawnSync('mkfifo', ['--version']).status === 0;
  it.skipIf(!hasFifo)(
    'while a fast writer fills the pipe: what was taken off it is kept, the rest is still in it',
    async () => {
      const root = project('"stream": "-"', {});
      const path = join(root, 'fifo');
      expect(spawnSync('mkfifo', [path]).status).toBe(0);
      // Open for both ways, so that the pipe outlives its reader.
      const fifo = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      let written = 0;
      let rest = Buffer.alloc(0);
      const fill = (): void => {
        try {
          for (let i = 0; i < 200; i++) {
            if (rest.length === 0) rest = Buffer.from(tx(written++, `c${written % 7}`));
            rest = rest.subarray(writeSync(fifo, rest));
          }
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        }
      };
      let taken = 0;
      for (let i = 0; i < 3; i++) {
        const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
        const run = fsc(root, RUN, reader);
        const timer = setInterval(fill, 1);
        await untilConsumed(root, taken + 1000);
        await pause(r.int(400));
        run.stop('SIGINT');
        const end = await run.ended;
        clearInterval(timer);
        closeSync(reader);
        expect([end.code, end.err]).toEqual([130, '']);
        const { end: archived, wholeTo } = archiveExtent(join(root, '.fsc/archive'), 'tx', '-');
        expect(wholeTo).toBe(archived);
        // What a stop left to the journal alone is read, and counted, by the next run again.
        expect(JSON.parse(end.out).events.read).toBeGreaterThanOrEqual(archived - taken);
        taken = archived;
      }
      let left = '';
      const buffer = Buffer.alloc(1 << 16);
      for (;;) {
        try {
          const bytes = readSync(fifo, buffer, 0, buffer.length, null);
          if (bytes === 0) break;
          left += buffer.toString('latin1', 0, bytes);
        } catch {
          break; // EAGAIN: it is empty
        }
      }
      closeSync(fifo);
      // A stop may cut a line in two: both halves are there, one of them refused.
      const lines = [...listQuarantine(join(root, '.fsc/quarantine'), 'tx').map(({ text }) => text)];
      const accepted = new Set<number>();
      const archive = await openDuckDb({ threads: 1 });
      const rows = await archive.connection.runAndReadAll(
        `SELECT id FROM '${join(root, '.fsc/archive/tx/*.parquet').replaceAll("'", "''")}' WHERE _fsc_verdict = 'accepted'`,
      );
      for (const [id] of rows.getRowsJson()) accepted.add(Number(id));
      await archive.close();
      expect(accepted.size).toBe(taken - lines.length);
      const inPipe = left.split('\n').filter((line) => /^\{.*\}$/.test(line)).length;
      const halves = lines.length;
      // Written whole: accepted, still in the pipe, or cut by one of the stops (two halves a cut).
      const whole = written - (rest.length > 0 ? 1 : 0);
      expect(halves).toBeLessThanOrEqual(5);
      expect(whole - accepted.size - inPipe).toBeLessThanOrEqual(3);
      expect(whole - accepted.size - inPipe).toBeGreaterThanOrEqual(0);
      expect([...accepted].filter((id) => id >= written)).toEqual([]);
    },
    300_000,
  );

  it('twice: ends at once, and the next run goes on', async () => {
    const lines = randomLines(r, 60_000, 8000, 40);
    const root = project('"stream": "tx.jsonl"', { 'tx.jsonl': textOf(lines) });
    const run = fsc(root, RUN);
    await until(() => existsSync(join(root, '.fsc/state/tx.journal')));
    await pause(r.int(500));
    run.stop('SIGINT');
    await pause(20);
    run.stop('SIGINT');
    const end = await run.ended;
    expect(end.code).toBe(130);
    expect(end.stoppedInMs).toBeLessThan(twoSeconds() / 2);
    await whole(root);
    const calm = project('"stream": "tx.jsonl"', { 'tx.jsonl': textOf(lines) });
    await whole(calm);
    expect(await valuesOf(program, root)).toEqual(await valuesOf(program, calm));
  }, 120_000);

  const hasScript = existsSync('/usr/bin/script');
  it.skipIf(!hasScript)(
    'on a terminal: the progress line is cleared',
    async () => {
      const lines = randomLines(r, 60_000, 8000, 40);
      const root = project('"stream": "tx.jsonl"', { 'tx.jsonl': textOf(lines) });
      for (const times of [1, 2]) {
        const command = `exec "${process.execPath}" "${MAIN}" run --mode stream --rebuild`;
        const run = start('/usr/bin/script', ['-qec', command, '/dev/null'], root, 'pipe');
        let shown = '';
        run.child.stdout?.on('data', (chunk) => (shown += chunk));
        await until(() => shown.includes('\u001b[2Krun '));
        for (let i = 0; i < times; i++) {
          run.child.stdin?.write('\u0003');
          await pause(30);
        }
        const end = await run.ended;
        expect(end.code).toBe(130);
        const last = shown.slice(shown.lastIndexOf('\u001b[2K') + '\u001b[2K'.length);
        expect(last).not.toContain('/s');
        if (times === 1) expect(last).toContain(' read, ');
      }
    },
    120_000,
  );
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await isSo())) {
    if (performance.now() - started > 60_000) throw new Error('it never came');
    await pause(20);
  }
}

/** By the heartbeat. */
async function untilConsumed(root: string, records: number): Promise<void> {
  await until(async () => {
    try {
      const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: true, namespace: '' });
      const beat = await store.heartbeat('card_v1');
      const positions = beat?.positions['tx'] as { partitions?: Record<string, { offset: number }> } | undefined;
      await store.close();
      return (positions?.partitions?.['stream:-']?.offset ?? 0) >= records;
    } catch {
      return false;
    }
  });
}

describe('what leaves nothing where it is stopped', () => {
  it('does not pass for the whole: a training set', async () => {
    const files = {
      'tx.jsonl': textOf(randomLines(r, 30_000, 8000, 40)),
      'labels.jsonl': Array.from({ length: 20_000 }, (_, i) => `{"card":"c${i % 40}","as_of":"2024-01-02"}\n`).join(''),
    };
    const root = project('"history": "tx.jsonl"', files);
    const set = ['dataset', '--labels', 'labels.jsonl', '--view', 'card_v1', '--ties', 'include', '--allow-open'];
    const args = [...set, '--out', 'set.parquet'];
    const started = performance.now();
    expect((await fsc(root, args).ended).code).toBe(0);
    const wholeMs = performance.now() - started;
    let stopped = 0;
    for (let i = 0; i < STOPS; i++) {
      rmSync(join(root, '.fsc'), { recursive: true, force: true });
      rmSync(join(root, 'set.parquet'), { force: true });
      const run = fsc(root, args);
      const signal = i % 2 === 0 ? 'SIGTERM' : 'SIGINT';
      await pause((wholeMs * i + r.int(Math.ceil(wholeMs))) / STOPS);
      run.stop(signal);
      const end = await run.ended;
      // Before the first line of fsc's own, and after its last.
      if (end.signal === signal || existsSync(join(root, 'set.parquet'))) continue;
      stopped += 1;
      expect([end.code, end.err]).toEqual([signal === 'SIGINT' ? 130 : 143, expect.stringMatching(/^stopped$/m)]);
      expect(end.err).not.toMatch(/error/);
    }
    expect(stopped).toBeGreaterThan(0);
  }, 120_000);
});
