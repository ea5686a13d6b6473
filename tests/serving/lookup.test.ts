import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, createLookup, isNotOnline, type LookupOptions } from '../../runtime/serving/lookup.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { stalePages } from '../../runtime/stores/page-sweep.ts';
import type { OnlineStore } from '../../runtime/stores/store.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import type { Value } from '../../runtime/values/types.ts';
import { collect } from '../contracts/store.ts';
import { beat, INTEGER, keysOf, plainView, remote, rowsOf, TEXT, viewSpec } from './fakes.ts';
import { futures, instantsOf, type Step, stepAt } from './steps.ts';

const SECOND = 1_000_000;
const seed = Number(process.env['FSC_TEST_SEED'] ?? Date.now() % 2 ** 31);
const NOW = 1000 * SECOND;

function lookupOver(store: OnlineStore, views: readonly ViewProgram[], change: Partial<LookupOptions> = {}) {
  return createLookup({ views, store, clock: new FixedClock(NOW), clockMode: 'wall', namespace: '', ...change });
}

const step = (at: number, slots: readonly Value[], hasRow = true): Step => ({ at, hasRow, slots });
const counts = plainView('counts_v1', [TEXT], [INTEGER]);

async function stored(
  steps: readonly Step[],
  change: Parameters<typeof beat>[1] = {},
  view = counts,
  key: Value = 'a',
) {
  const store = new MemoryStore();
  const stamp = { epoch: 1, sequence: 1 };
  await store.write(stamp, rowsOf(view, [key], steps, 'complete', stamp), beat(view, change));
  return store;
}

describe('a lookup', () => {
  it('equals the step function at every instant, through pages of several flushes', async () => {
    await fc.assert(
      fc.asyncProperty(
        futures(200),
        futures(200),
        fc.constantFrom('stream' as const, 'complete' as const),
        fc.boolean(),
        async (future, old, budget, async) => {
          const view = plainView('v_v1', [INTEGER], future.types);
          const memory = new MemoryStore();
          // What an earlier run left behind, at other instants, under the same entity.
          const earlier = { epoch: 1, sequence: 1 };
          const width = future.types.length;
          const steps = old.steps.map((one) => step(one.at, new Array<Value>(width).fill(null), one.hasRow));
          await memory.write(earlier, rowsOf(view, [7], steps, 'complete', earlier), null);
          const stamp = { epoch: 1, sequence: 2 };
          await memory.write(stamp, rowsOf(view, [7], future.steps, budget, stamp), beat(view));
          const lookup = lookupOver(async ? remote(memory) : memory, [view]);
          for (const t of instantsOf(future.steps)) {
            const [[answer]] = (await lookup.tryViews([{ view: 'v_v1', keys: [[7]] }], t)) as [[Answer]];
            const wanted = stepAt(future.steps, t);
            if (wanted === null) {
              expect(isNotOnline(answer)).toBe(true);
              continue;
            }
            if (budget === 'stream' && !answer.meta.exact) continue;
            expect(answer.meta.exact).toBe(true);
            expect(answer.row).toStrictEqual(wanted.hasRow ? [7, ...wanted.slots] : null);
            expect(answer.meta.validFrom).toBeLessThanOrEqual(t);
            expect(answer.meta.validTo ?? Number.POSITIVE_INFINITY).toBeGreaterThan(t);
          }
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  it('finds the page of its own flush among those of others', async () => {
    const view = plainView('v_v1', [INTEGER], [INTEGER]);
    const ticks = (every: number, value: number) =>
      Array.from({ length: 5000 }, (_, i) => step(i * every, [value + (i % 2)]));
    const store = new MemoryStore();
    for (const [sequence, every] of [7001, 13_007, 9001, 10_000].entries()) {
      const stamp = { epoch: 1, sequence };
      await store.write(stamp, rowsOf(view, [1], ticks(every, sequence * 10), 'complete', stamp), beat(view));
    }
    const check = async () => {
      const lookup = lookupOver(store, [view]);
      for (let t = 0; t < 50_000_000; t += 77_777) {
        const { row, meta } = await lookup.get('v_v1', [1], t);
        expect([row?.[1], meta.exact]).toEqual([30 + (Math.floor(t / 10_000) % 2), true]);
      }
    };
    await check();
    const pages = async () => (await collect(store.scan(keysOf(view).pagePrefix))).length;
    const own = rowsOf(view, [1], ticks(10_000, 30), 'complete', { epoch: 1, sequence: 3 }).length - 1;
    expect(await pages()).toBeGreaterThan(own);
    await store.write({ epoch: 1, sequence: 4 }, await stalePages(store, keysOf(view), view.slotTypes), null);
    expect(await pages()).toBe(own);
    await check();
    await store.write(
      { epoch: 1, sequence: 5 },
      rowsOf(view, [1], [step(0, [1])], 'stream', { epoch: 1, sequence: 5 }),
      null,
    );
    await store.write({ epoch: 1, sequence: 6 }, await stalePages(store, keysOf(view), view.slotTypes), null);
    expect(await pages()).toBe(0);
  });

  it('gives the last known step as inexact beyond what the row covers', async () => {
    const steps = Array.from({ length: 5000 }, (_, i) => step(i * SECOND, [i % 50]));
    const store = new MemoryStore();
    const stamp = { epoch: 1, sequence: 1 };
    await store.write(stamp, rowsOf(counts, ['a'], steps, 'stream', stamp), beat(counts));
    const lookup = lookupOver(store, [counts]);
    const inside = await lookup.get('counts_v1', ['a'], 100 * SECOND);
    expect([inside.row, inside.meta.exact]).toEqual([['a', 0], true]);
    const beyond = await lookup.get('counts_v1', ['a'], 4000 * SECOND);
    expect(beyond.meta.exact).toBe(false);
    expect(beyond.meta.validTo).toBeLessThanOrEqual(4000 * SECOND);
  });

  it('answers null for an entity that was never seen, for keys that nobody can have, and where there is no row', async () => {
    const store = await stored([step(0, [1]), step(10, [1], false), step(20, [2])]);
    const lookup = lookupOver(store, [counts]);
    const answers = await lookup.getMany('counts_v1', [['b'], ['\u0000'], ['x'.repeat(5000)], [null], ['a']], 10);
    expect(answers.map(({ row }) => row)).toEqual([null, null, null, null, null]);
    expect(answers.map(({ meta }) => [meta.exact, meta.validFrom, meta.validTo])).toEqual([
      [true, null, null],
      [true, null, null],
      [true, null, null],
      [true, null, null],
      [true, 10, 20],
    ]);
    const none = plainView('counts_v1', [TEXT], [INTEGER]);
    const having = { ...none, project: () => false };
    expect((await lookupOver(store, [having]).get('counts_v1', ['a'], 5)).row).toBeNull();
  });

  it('refuses an instant before the row, and names fsc dataset', async () => {
    const lookup = lookupOver(await stored([step(100 * SECOND, [1])]), [counts]);
    const attempt = lookup.get('counts_v1', ['a'], 99 * SECOND);
    await expect(attempt).rejects.toMatchObject({
      code: 'FSC7220',
      exitCode: 1,
      help: expect.stringContaining('fsc dataset'),
    });
    await expect(attempt).rejects.toThrow(/1970-01-01T00:01:39Z/);
    await expect(lookup.getMany('counts_v1', [['b'], ['a']], 0)).rejects.toMatchObject({ code: 'FSC7220' });
    expect((await lookup.get('counts_v1', ['b'], 0)).row).toBeNull();
  });

  it('is exact while the store lags by no more than it may', async () => {
    const steps = [step(0, [1])];
    const exact = async (change: Parameters<typeof beat>[1]) => {
      const lookup = lookupOver(await stored(steps, change), [counts]);
      const { meta } = await lookup.get('counts_v1', ['a'], null);
      expect((await lookup.get('counts_v1', ['never seen'], null)).meta.exact).toBe(meta.exact);
      expect(meta.asOf).toBe(NOW);
      return meta.exact;
    };
    expect(await exact({ ended: true, writtenAtMicros: 0, backlogMicros: 9e15 })).toBe(true);
    expect(await exact({ ended: false, writtenAtMicros: NOW - 5 * SECOND })).toBe(true);
    expect(await exact({ ended: false, writtenAtMicros: NOW - 5 * SECOND - 1 })).toBe(false);
    expect(await exact({ ended: false, writtenAtMicros: NOW, backlogMicros: 6 * SECOND })).toBe(false);
    expect(await exact({ ended: false, writtenAtMicros: NOW + SECOND })).toBe(true);
  });

  it('takes the newest event time as now where the clock is events', async () => {
    const store = await stored([step(0, [1]), step(20, [2])], { newestMicros: 30 });
    const lookup = lookupOver(store, [counts], { clockMode: 'events' });
    const { row, meta } = await lookup.get('counts_v1', ['a'], null);
    expect([row, meta.asOf, meta.knownTo, meta.validFrom, meta.validTo]).toEqual([['a', 2], 30, 1, 20, null]);
    expect((await lookup.get('counts_v1', ['a'], 19)).row).toEqual(['a', 1]);
  });

  it('goes by the rows where they are ahead of the heartbeat', async () => {
    const store = await stored([step(0, [1])], { newestMicros: 10 * SECOND });
    const stamp = { epoch: 1, sequence: 2 };
    await store.write(stamp, rowsOf(counts, ['a'], [step(60 * SECOND, [5])], 'stream', stamp), null);
    const lookup = lookupOver(store, [counts], { clockMode: 'events' });
    const { row, meta } = await lookup.get('counts_v1', ['a'], null);
    expect([row, meta.asOf]).toEqual([['a', 5], 65 * SECOND]);
    await expect(lookup.get('counts_v1', ['a'], 10 * SECOND)).rejects.toMatchObject({ code: 'FSC7220' });
  });

  it('tells that nothing was run, that the plan is another, and that a view is unknown', async () => {
    const empty = lookupOver(new MemoryStore(), [counts]);
    await expect(empty.get('counts_v1', ['a'], 0)).rejects.toMatchObject({ code: 'FSC7206', exitCode: 2 });
    await expect(empty.get('count_v1', ['a'], 0)).rejects.toMatchObject({ code: 'FSC7221', exitCode: 2 });
    const foreign = lookupOver(await stored([step(0, [1])], { fingerprint: 'fp1:other' }), [counts]);
    await expect(foreign.get('counts_v1', ['a'], 0)).rejects.toMatchObject({ code: 'FSC7203', exitCode: 1 });
  });

  it('keeps namespaces apart', async () => {
    const store = await stored([step(0, [1])]);
    const lookup = lookupOver(store, [counts], { namespace: 'staging' });
    expect((await lookup.get('counts_v1', ['a'], 0)).row).toBeNull();
  });

  it('lists every entity, with those without a row', async () => {
    const store = new MemoryStore();
    const stamp = { epoch: 1, sequence: 1 };
    const rows = ['b', 'a', 'c'].flatMap((key, i) =>
      rowsOf(counts, [key], [step(i * 10, [i]), step(100, [i], i !== 1)], 'stream', stamp),
    );
    await store.write(stamp, rows, beat(counts));
    const list = async (t: number) => {
      const out: unknown[] = [];
      for await (const { keys, answer } of lookupOver(store, [counts]).scanAll('counts_v1', t)) {
        out.push([keys[0], isNotOnline(answer) ? 'not online' : answer.row]);
      }
      return out;
    };
    expect(await list(10)).toEqual([
      ['a', ['a', 1]],
      ['b', ['b', 0]],
      ['c', 'not online'],
    ]);
    expect(await list(100)).toEqual([
      ['a', null],
      ['b', ['b', 0]],
      ['c', ['c', 2]],
    ]);
  });

  it('does not take what is left for all of them where a run of another plan came meanwhile', async () => {
    const store = await stored([step(0, [1])]);
    const list = async () => {
      for await (const _one of lookupOver(store, [counts]).scanAll('counts_v1', 0))
        await store.write({ epoch: 2, sequence: 1 }, [], beat(counts, { fingerprint: 'fp1:other' }));
    };
    await expect(list()).rejects.toMatchObject({ code: 'FSC7203', exitCode: 1 });
  });
});

describe('a lookup of a request view', () => {
  const other = plainView('other_v1', [INTEGER], [TEXT]);
  /** SELECT r.a, r.n, c.f0, d.f0, o.f0 FROM r LEFT JOIN counts c ON k0 = a LEFT JOIN counts d ON k0 = a || '!' JOIN other o ON k0 = n */
  const request: ViewProgram = {
    spec: {
      ...viewSpec('trip_v1', [], [TEXT, INTEGER, INTEGER, INTEGER, TEXT]),
      shape: 'request',
      source: 'trip_request',
      joins: [
        { view: 'counts_v1', inner: false },
        { view: 'counts_v1', inner: false },
        { view: 'other_v1', inner: true },
      ],
    },
    group: -1,
    viewInGroup: -1,
    slotTypes: [],
    project: ({ request: asked, features }, out) => {
      if ((features[2] ?? null) === null) return false;
      out[0] = asked[0] as Value;
      out[1] = asked[1] as Value;
      out[2] = features[0]?.[1] ?? null;
      out[3] = features[1]?.[1] ?? null;
      out[4] = features[2]?.[1] ?? null;
      return true;
    },
    joinKeys: [
      (asked, keys) => {
        keys[0] = asked[0] as Value;
      },
      (asked, keys) => {
        keys[0] = asked[0] === null ? null : `${asked[0]}!`;
      },
      (asked, keys) => {
        keys[0] = asked[1] as Value;
      },
    ],
  };

  async function twoViews(change: { newest?: number } = {}) {
    const store = new MemoryStore();
    const stamp = { epoch: 1, sequence: 1 };
    const rows = [
      ...rowsOf(counts, ['a'], [step(0, [1]), step(50, [2])], 'stream', stamp),
      ...rowsOf(counts, ['a!'], [step(0, [10]), step(20, [20])], 'stream', stamp),
      ...rowsOf(other, [7], [step(10, ['seven'])], 'stream', stamp),
    ];
    await store.write(stamp, rows, beat(counts, { knownToMicros: 40, newestMicros: 41 }));
    await store.write(stamp, [], beat(other, { knownToMicros: 30, newestMicros: change.newest ?? 31 }));
    return store;
  }

  it('joins the views at one instant', async () => {
    const lookup = lookupOver(await twoViews(), [counts, other, request]);
    const { row, meta } = await lookup.get('trip_v1', ['a', 7], 25);
    expect(row).toEqual(['a', 7, 1, 20, 'seven']);
    expect(meta).toEqual({ asOf: 25, exact: true, knownTo: 30, validFrom: 20, validTo: 50 });
  });

  it('leaves out what is not there: outer joins give NULL, inner joins no row', async () => {
    const lookup = lookupOver(await twoViews(), [request, counts, other]);
    const rows = await lookup.getMany(
      'trip_v1',
      [
        ['z', 7],
        ['a', 8],
        [null, 7],
        ['a', null],
      ],
      25,
    );
    expect(rows.map(({ row }) => row)).toEqual([
      ['z', 7, null, null, 'seven'],
      null,
      [null, 7, null, null, 'seven'],
      null,
    ]);
  });

  it('is not online where one of its rows is not', async () => {
    const lookup = lookupOver(await twoViews(), [counts, other, request]);
    await expect(lookup.get('trip_v1', ['a', 7], 5)).rejects.toMatchObject({ code: 'FSC7220' });
    expect((await lookup.get('trip_v1', ['a', 8], 5)).row).toBeNull();
  });

  it('shares t with other views of the call', async () => {
    const lookup = lookupOver(await twoViews(), [counts, other, request], { clockMode: 'events' });
    const answers = await lookup.getViews(
      [
        { view: 'counts_v1', keys: [['a'], ['a!']] },
        { view: 'other_v1', keys: [] },
        { view: 'trip_v1', keys: [['a', 7]] },
      ],
      null,
    );
    expect(answers.map((list) => list.map(({ row }) => row))).toEqual([
      [
        ['a', 1],
        ['a!', 20],
      ],
      [],
      [['a', 7, 1, 20, 'seven']],
    ]);
    expect(new Set(answers.flat().map(({ meta }) => meta.asOf))).toEqual(new Set([41]));
  });

  it('has no rows of its own to list', async () => {
    const lookup = lookupOver(await twoViews(), [counts, other, request]);
    const first = lookup.scanAll('trip_v1', 0)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'FSC7222', exitCode: 2 });
  });
});
