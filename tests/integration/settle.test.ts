/** The settle line at work: partitions, idle ones, the hand-off from history to stream, archive and history as one (rules.md 5 to 8). */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import type { InputLocation, SourceInput } from '../../runtime/engines/source-input.ts';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { listQuarantine } from '../../runtime/log/quarantine-index.ts';
import { createLookup } from '../../runtime/serving/lookup.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import { cli } from '../cli/in-process.ts';
import { pause } from './process.ts';
import {
  FEATURES,
  folderWith,
  lookupOf,
  programOf,
  type RunOptions,
  removeFolders,
  run,
  SECOND,
  START_MS,
  textOf,
} from './project.ts';

afterAll(removeFolders, 60_000);

const MINUTE = 60 * SECOND;
const PARTITIONED = {
  ...FEATURES,
  'features/sources/tx.sql': (FEATURES['features/sources/tx.sql'] as string).replace(
    '-- @lateness 30 minutes',
    '-- @lateness 30 minutes\n-- @partition card',
  ),
};
const program = programOf(FEATURES);
const partitioned = programOf(PARTITIONED);

let serial = 0;
const tx = (minute: number, card: string, id = serial++): string =>
  `{"id": ${id}, "paid_at": "${new Date(START_MS + minute * 60_000).toISOString()}", "card": "${card}", "amount": 5.00}`;

function verdicts(root: string): string[] {
  return listQuarantine(join(root, '.fsc/quarantine'), 'tx').map(({ id, verdict }) => `${id} ${verdict}`);
}

async function count(store: MemoryStore, card: string, own = program): Promise<unknown> {
  return (await lookupOf(own, store).get('card_v1', [card], null)).row?.[1];
}

describe('partitions', () => {
  it('are late by their own newest event, and the slowest one holds the line', async () => {
    const root = folderWith({
      'tx.jsonl': textOf([
        tx(0, 'slow'),
        tx(300, 'fast'),
        // Of the fast one late by its own; the slow one may be as old as it likes, down to the line.
        tx(265, 'fast'),
        tx(1, 'slow'),
        tx(2, 'slow'),
        // A new partition: down to the line, 30 minutes and 5 seconds before the slow one's newest.
        tx(-28.1, 'new'),
        tx(400, 'slow'),
        // Now the line is at the fast one's.
        tx(269.9, 'new'),
        tx(269.95, 'new'),
        // And now this one holds it.
        tx(269.92, 'new2'),
      ]),
    });
    const store = new MemoryStore();
    await run({ root, store, program: partitioned, stream: 'tx.jsonl', batchRows: 3 });
    expect(verdicts(root)).toEqual(['tx.jsonl:2 late', 'tx.jsonl:5 late', 'tx.jsonl:7 late']);
    const cards = ['slow', 'fast', 'new', 'new2'];
    expect(await Promise.all(cards.map((card) => count(store, card, partitioned)))).toEqual([4, 1, 1, 1]);
  });
});

const CUT_OFF = new Error('cut off');

describe('an idle partition of a live source', () => {
  /** Sends lines one batch at a time, the clock at `minutes` after the start when each comes. */
  async function send(
    options: Omit<RunOptions, 'stdin'>,
    clock: FixedClock,
    batches: readonly (readonly [number, string])[],
    isCutOff: boolean,
  ) {
    const stdin = new Readable({ read() {} });
    let [seen, failure]: [number, unknown] = [0, null];
    const running = run({
      ...options,
      stdin,
      clock,
      clockMode: 'events',
      onProgress: () => {
        seen += 1;
        if (isCutOff && seen === batches.length) throw CUT_OFF;
      },
    }).catch((error: unknown) => {
      failure = error;
    });
    for (const [i, [minutes, line]] of batches.entries()) {
      clock.set(START_MS * 1000 + minutes * MINUTE);
      const before = seen;
      stdin.push(`${line}\n`);
      while (seen === before && failure === null) await pause(2);
      expect(i).toBeLessThan(batches.length);
    }
    stdin.push(null);
    await running;
    if (failure !== null) throw failure;
  }

  it('is left out of the line after a while, and a restart repeats the decision, not the look at the clock', async () => {
    const batches: (readonly [number, string])[] = [
      [0, tx(0, 'a')],
      [0.1, tx(0.1, 'b')],
      [50, tx(50, 'b')],
      // a has said nothing for 50 minutes, so b's newest counts: the line is at 50 − 30 minutes.
      [52, tx(52, 'b')],
      [53, tx(19, 'a')],
      [53.1, tx(40, 'a')],
    ];
    const root = folderWith();
    const store = new MemoryStore();
    const clock = new FixedClock(0);
    const options = { root, store, program: partitioned, stream: '-' };
    await send(options, clock, batches, false);
    expect(verdicts(root)).toEqual(['-:4 late']);
    // Cut off before any snapshot: the journal has everything, and this clock would never call anything idle.
    const again = folderWith();
    const other = new MemoryStore();
    const never = { ...options, root: again, store: other, snapshotIntervalMicros: 1e15 };
    await expect(send(never, clock, batches, true)).rejects.toBe(CUT_OFF);
    const restarted = new FixedClock(START_MS * 1000 + 53.2 * MINUTE);
    await run({
      root: again,
      store: other,
      program: partitioned,
      stream: '-',
      stdin: [],
      clock: restarted,
      onProgress: null,
    });
    expect(verdicts(again)).toEqual(['-:4 late']);
    const counts = async (from: MemoryStore): Promise<unknown[]> =>
      Promise.all(['a', 'b'].map((card) => count(from, card, partitioned)));
    expect(await counts(other)).toEqual(await counts(store));
    // The archive knows of no idle decisions, but of what came of them.
    const anew = {
      ...options,
      root: again,
      store: other,
      clock: restarted,
      stdin: [],
      isRebuilt: true,
      onProgress: null,
    };
    expect((await run(anew)).events).toMatchObject({ read: 6, accepted: 5, late: 1 });
    expect(verdicts(again)).toEqual(['-:4 late']);
    expect(await counts(other)).toEqual(await counts(store));
  });
});

describe('the hand-off from history to stream', () => {
  const history = (): Record<string, string> => ({
    'old.jsonl': textOf([tx(0, 'a', 1), tx(100, 'a', 2), tx(90, 'b', 3)]),
  });

  it('starts live partitions at the newest event of the history, whose end stays in the tail', async () => {
    const root = folderWith(history());
    const store = new MemoryStore();
    const stdin = [
      // Doubles of the history's end, in another order; older ones are late.
      tx(90, 'b', 3),
      tx(100, 'a', 2),
      tx(0, 'a', 1),
      tx(70.5, 'c', 10),
      tx(69.5, 'c', 11),
      tx(101, 'c', 12),
    ];
    const summary = await run({ root, store, program, history: 'old.jsonl', stream: '-', stdin });
    expect(summary.events).toEqual({ read: 9, accepted: 5, duplicate: 2, late: 2, quarantined: 0 });
    expect(verdicts(root)).toEqual(['-:2 late', '-:4 late']);
    expect(await Promise.all(['a', 'b', 'c'].map((card) => count(store, card)))).toEqual([2, 1, 2]);
  });

  it('goes on in a second run as in one', async () => {
    const files = history();
    const [one, two] = [new MemoryStore(), new MemoryStore()];
    const sent = [
      tx(90, 'b', 3),
      tx(75, 'a', 20),
      tx(69, 'a', 21),
      tx(130, 'a', 22),
      tx(99, 'b', 23),
      tx(101, 'b', 24),
    ];
    await run({ root: folderWith(files), store: one, program, history: 'old.jsonl', stream: '-', stdin: sent });
    const root = folderWith(files);
    await run({ root, store: two, program, history: 'old.jsonl', stream: '-', stdin: [] });
    for (const line of sent) await run({ root, store: two, program, history: 'old.jsonl', stream: '-', stdin: [line] });
    for (const card of ['a', 'b']) expect(await count(two, card)).toBe(await count(one, card));
    expect(verdicts(root)).toEqual(['-:2 late', '-:4 late']);
  });

  it('from complete history to a stream of complete files takes nothing that is older than the line', async () => {
    const root = folderWith({
      ...FEATURES,
      'fsc.json': '{ "sources": { "tx": { "history": "old.csv", "stream": "new.csv" } }, "clock": "events" }',
      'old.csv': csv([0, 'a', 1], [100, 'a', 2], [300, 'b', 3]),
      'new.csv': csv([10, 'a', 4], [269.9, 'a', 5], [269.95, 'a', 6], [310, 'a', 7]),
    });
    const { code, out, err } = await cli(['run', '--mode', 'stream', '--format', 'json', '--quiet'], { cwd: root });
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out).events).toEqual({ read: 7, accepted: 5, duplicate: 0, late: 2, quarantined: 0 });
    const batch = await cli(
      ['query', "SELECT card, n FROM card_v1(TIMESTAMP '2030-01-01') ORDER BY card", '--format', 'json', '--quiet'],
      { cwd: root },
    );
    expect([batch.code, batch.out]).toEqual([0, '{"card":"a","n":4}\n{"card":"b","n":1}\n']);
    const online = await cli(['get', 'card_v1', 'card=a', '--format', 'json'], { cwd: root });
    expect(JSON.parse(online.out)).toMatchObject({ card: 'a', n: 4 });
  });

  function csv(...rows: readonly (readonly [number, string, number])[]): string {
    const lines = rows.map(
      ([minute, card, id]) => `${id},${new Date(START_MS + minute * 60_000).toISOString()},${card},5.00`,
    );
    return `id,paid_at,card,amount\n${lines.join('\n')}\n`;
  }
});

describe('a history that is ahead of the clock', () => {
  const DAY = 24 * 60;
  /** What is planned is further ahead than the lateness. */
  const planned = textOf([tx(-90, 'a'), tx(-1, 'a'), tx(-1, 'b'), tx(DAY, 'b'), tx(DAY + 1, 'a'), tx(2 * DAY, 'c')]);
  const instants = [0, 59, 60, DAY - 1, DAY, DAY + 1, DAY + 62, 2 * DAY].map(
    (minute) => START_MS * 1000 + minute * MINUTE + 10 * SECOND,
  );
  const views = ['card_v1', 'last_v1'].map((view) => ({ view, keys: [['a'], ['b'], ['c']] }));
  type Rows = readonly (readonly (readonly unknown[] | null)[])[];

  /** Of both views and all cards, null where a card has none. `at`: null is now. */
  async function rowsAt(store: MemoryStore, own: typeof program, now: number, at: number | null): Promise<Rows> {
    const clock = new FixedClock(now);
    const lookup = createLookup({ views: own.views, store, clock, clockMode: 'wall', namespace: '' });
    return (await lookup.getViews(views, at)).map((answers) => answers.map(({ row }) => row));
  }

  async function seen(store: MemoryStore, own: typeof program): Promise<Rows[]> {
    const [now, ...later] = instants as [number, ...number[]];
    const rows: Rows[] = [];
    for (const at of [null, ...later]) rows.push(await rowsAt(store, own, now, at));
    return rows;
  }

  const counts = (rows: Rows | undefined): unknown[] => rows?.[0]?.map((row) => row?.[1] ?? null) ?? [];

  function inputsOf(own: typeof program, root: string, order: 'arrival' | 'none'): SourceInput[] {
    const locations: InputLocation[] = [{ name: 'history', location: 'tx.jsonl', order }];
    return own.sources.map((source) => ({ program: source, locations, cutMicros: null, root, stdin: null }));
  }

  it.each(['arrival', 'none'] as const)('has rows for now, then what comes (order: %s)', async (order) => {
    const root = folderWith({ 'tx.jsonl': planned });
    const store = new MemoryStore();
    const clock = new FixedClock(START_MS * 1000);
    const options = { root, store, program, clock, clockMode: 'wall' as const, batchRows: 2 };
    await run({ ...options, inputs: inputsOf(program, root, order) });
    const rows = await seen(store, program);
    expect(rows).toEqual(await oracle(root));
    expect([counts(rows[0]), counts(rows.at(-1))]).toEqual([
      [2, 1, null],
      [3, 2, 1],
    ]);
    // A view that is built later, from the start of the log, has the same.
    const more = programOf({
      ...FEATURES,
      'features/card/v1.sql': (FEATURES['features/card/v1.sql'] as string).replace('FROM tx', 'FROM tx WHERE id >= 0'),
    });
    await run({ ...options, program: more, inputs: inputsOf(more, root, order) });
    expect(await seen(store, more)).toEqual(rows);
  });

  /** Runs over what there is by each instant: nothing of it is ahead. */
  async function oracle(root: string): Promise<Rows[]> {
    const rows: Rows[] = [];
    for (const t of instants) {
      const store = new MemoryStore();
      const folder = StateFolder.open(join(root, `.fsc/oracle-${t}`));
      await run({ root, store, program, folder, history: 'tx.jsonl', untilMicros: t });
      folder.close();
      rows.push(await rowsAt(store, program, t, t));
    }
    return rows;
  }
});

describe('archive and history as one', () => {
  it('give offline what online lived by: doubles count once, what the stream refused stays out', async () => {
    const root = folderWith({
      ...FEATURES,
      'fsc.json': '{ "sources": { "tx": { "history": "old.jsonl", "stream": "-" } }, "clock": "events" }',
      'old.jsonl': textOf([tx(0, 'a', 1), tx(100, 'a', 2), tx(90, 'b', 3)]),
    });
    const sent = textOf([
      tx(90, 'b', 3),
      tx(60, 'b', 30),
      tx(110, 'b', 31),
      tx(110, 'b', 31),
      '{broken',
      tx(111, 'a', 32),
    ]);
    const ran = await cli(['run', '--mode', 'stream', '--format', 'json', '--quiet'], { cwd: root, stdin: sent });
    expect(JSON.parse(ran.out).events).toEqual({ read: 9, accepted: 5, duplicate: 2, late: 1, quarantined: 1 });
    const offline = await cli(
      [
        'query',
        "SELECT card, n, last_id FROM card_v1(TIMESTAMP '2030-01-01') ORDER BY card",
        '--format',
        'json',
        '--quiet',
      ],
      { cwd: root },
    );
    expect(offline.out).toBe('{"card":"a","n":3,"last_id":32}\n{"card":"b","n":2,"last_id":31}\n');
    const online = await cli(['get', 'card_v1', '--all', '--format', 'json'], { cwd: root });
    expect(
      online.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ card, n, last_id }) => ({ card, n, last_id })),
    ).toEqual([
      { card: 'a', n: 3, last_id: 32 },
      { card: 'b', n: 2, last_id: 31 },
    ]);
  });
});
