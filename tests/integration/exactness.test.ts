/** What an answer says of itself (rules.md 31): exact, knownTo, ended, while a run is at work, after its end, after a stop, and on a silent stream. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { listArchive } from '../../runtime/engines/duckdb/archive-files.ts';
import { hasJournaled } from '../../runtime/engines/state-folder.ts';
import { createLookup, type Lookup } from '../../runtime/serving/lookup.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import type { Heartbeat, OnlineStore } from '../../runtime/stores/store.ts';
import { type Clock, FixedClock, wallClock } from '../../runtime/time/clock.ts';
import { pause } from './process.ts';
import { FEATURES, folderWith, HOUR, programOf, removeFolders, run, SECOND, START_MS, textOf } from './project.ts';

afterAll(removeFolders, 60_000);

const program = programOf({
  ...FEATURES,
  'features/near/v1.sql': `SELECT card,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '2 seconds') AS n_2s,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '65 seconds') AS n_65s
FROM tx GROUP BY card
`,
});

let serial = 0;
const tx = (atMs: number, card: string): string =>
  `{"id": ${serial++}, "paid_at": "${new Date(atMs).toISOString()}", "card": "${card}", "amount": 5.00}`;

function lookupOf(store: OnlineStore, clock: Clock, clockMode: 'wall' | 'events', maxLagMicros = 5 * SECOND): Lookup {
  return createLookup({ views: program.views, store, clock, clockMode, namespace: '', maxLagMicros });
}

/** A run over stdin by the wall clock, that stands open until it is ended or stopped. */
function live(files: Readonly<Record<string, string>> = {}, history?: string) {
  const root = folderWith(files);
  const store = new MemoryStore();
  const stdin = new Readable({ read() {} });
  const stop = new AbortController();
  const running = run({
    root,
    store,
    program,
    stream: '-',
    ...(history === undefined ? {} : { history }),
    stdin,
    clock: wallClock,
    clockMode: 'wall',
    flushIntervalMicros: SECOND / 10,
    snapshotIntervalMicros: SECOND / 2,
    signal: stop.signal,
    onProgress: null,
  });
  const until = async (isSo: (beat: Heartbeat) => boolean): Promise<Heartbeat> => {
    for (;;) {
      const beat = store.heartbeat('near_v1');
      if (beat !== null && isSo(beat)) return beat;
      await Promise.race([pause(10), running]);
    }
  };
  return { root, store, stdin, stop, running, until };
}

describe('a live stream', () => {
  it.each([
    ['whose events are of now', 0],
    ['whose events come a minute late', 60_000],
  ])(
    '%s: rows are exact while it is silent, and as the clock moves on',
    async (_, behindMs) => {
      const { store, stdin, running, until } = live();
      const times: number[] = [];
      // More steps than a row holds at once.
      for (let i = 0; i < 400; i++) times.push(Date.now() - behindMs - 400 * 40 + i * 40);
      stdin.push(textOf(times.map((at) => tx(at, 'a'))));
      await until(({ newestMicros }) => newestMicros === (times.at(-1) as number) * 1000);
      await pause(300);
      const lookup = lookupOf(store, wallClock, 'wall', SECOND * 3);
      let reads = 0;
      for (const end = Date.now() + 2500; Date.now() < end; reads++) {
        const { row, meta } = await lookup.get('near_v1', ['a'], null);
        const within = (ms: number): number =>
          times.filter((at) => at * 1000 <= meta.asOf && at * 1000 > meta.asOf - ms * 1000).length;
        expect([reads, row, meta.exact]).toEqual([reads, ['a', within(2000), within(65_000)], true]);
        await pause(40);
      }
      expect(reads).toBeGreaterThan(5);
      stdin.push(null);
      await running;
    },
    60_000,
  );

  it('that is busy with events of a minute ago keeps its rows exact too', async () => {
    const { store, stdin, running, until } = live();
    const times: number[] = [];
    // Never silent, so that there is always something new to write.
    const sender = setInterval(() => stdin.push(`${tx(Date.now() - 60_000, 'b')}\n`), 5);
    // They leave the window one after the other, while the test goes on.
    for (let i = 0; i < 800; i++) {
      times.push(Date.now() - 68_000 + i * 8);
      stdin.push(`${tx(times.at(-1) as number, 'a')}\n`);
    }
    await until(({ newestMicros }) => newestMicros !== null && newestMicros > (times.at(-1) as number) * 1000);
    const lookup = lookupOf(store, wallClock, 'wall', SECOND * 3);
    let reads = 0;
    for (const end = Date.now() + 2000; Date.now() < end; reads++) {
      const { row, meta } = await lookup.get('near_v1', ['a'], null);
      const n = times.filter((at) => at * 1000 <= meta.asOf && at * 1000 > meta.asOf - 65 * SECOND).length;
      expect([reads, row?.[2], meta.exact]).toEqual([reads, n, true]);
      await pause(10);
    }
    clearInterval(sender);
    stdin.push(null);
    await running;
  }, 60_000);

  it('has what came before a silence in the archive, while it goes on', async () => {
    const { root, stdin, stop, running } = live();
    const archived = (): number[][] => listArchive(join(root, '.fsc/archive'), 'tx').map(({ from, to }) => [from, to]);
    for (let burst = 0; burst < 3; burst++) {
      stdin.push(textOf(Array.from({ length: 7 }, () => tx(Date.now(), 'a'))));
      while (archived().at(-1)?.[1] !== 7 * burst + 7) await Promise.race([pause(10), running]);
    }
    // Whatever a batch or a snapshot cut: one after the other, all of them.
    expect(archived().map(([from]) => from)).toEqual([0, ...archived().map(([, to]) => to)].slice(0, -1));
    stop.abort();
    await running;
    expect(archived().at(-1)?.[1]).toBe(21);
  }, 60_000);

  it('beats while it is silent; after a clean stop an answer is not exact for long, after the end it is for ever', async () => {
    const first = live();
    first.stdin.push(`${tx(Date.now(), 'a')}\n`);
    const beat = await first.until(({ newestMicros }) => newestMicros !== null);
    const later = await first.until(({ writtenAtMicros }) => writtenAtMicros > beat.writtenAtMicros + SECOND / 2);
    expect([later.ended, later.backlogMicros, later.knownToMicros]).toEqual([false, 0, beat.knownToMicros]);
    first.stop.abort();
    await first.running;
    const at = first.store.heartbeat('near_v1') as Heartbeat;
    expect(at.ended).toBe(false);
    const ask = async (store: MemoryStore, afterMicros: number) => {
      const clock = new FixedClock(at.writtenAtMicros + afterMicros);
      return (await lookupOf(store, clock, 'wall').get('near_v1', ['a'], null)).meta.exact;
    };
    expect([await ask(first.store, SECOND), await ask(first.store, 6 * SECOND)]).toEqual([true, false]);
    // A heartbeat from the future proves nothing.
    expect(await ask(first.store, -3600 * SECOND).catch(() => 'not online')).not.toBe(true);
    const second = live();
    second.stdin.push(`${tx(Date.now(), 'a')}\n`);
    second.stdin.push(null);
    await second.running;
    expect((second.store.heartbeat('near_v1') as Heartbeat).ended).toBe(true);
    expect([await ask(second.store, 60 * SECOND), await ask(second.store, 1000 * HOUR)]).toEqual([true, true]);
  }, 60_000);

  it('takes back that the input has ended before it takes a record, so that one that is killed then does not answer for it', async () => {
    const first = live();
    first.stdin.push(textOf([tx(Date.now(), 'a')]));
    first.stdin.push(null);
    await first.running;
    const { root, store } = first;
    expect((store.heartbeat('near_v1') as Heartbeat).ended).toBe(true);
    const stdin = new Readable({ read() {} });
    const options = { root, store, program, stream: '-', stdin, clock: wallClock, clockMode: 'wall' as const };
    const running = run({ ...options, flushIntervalMicros: HOUR, snapshotIntervalMicros: HOUR, onProgress: null });
    await pause(300);
    expect((store.heartbeat('near_v1') as Heartbeat).ended).toBe(true);
    stdin.push(textOf([tx(Date.now(), 'a')]));
    while (!hasJournaled(join(root, '.fsc/state'), 'tx')) await Promise.race([pause(1), running]);
    expect((store.heartbeat('near_v1') as Heartbeat).ended).toBe(false);
    const later = new FixedClock(wallClock.nowMicros() + 10 * SECOND);
    expect((await lookupOf(store, later, 'wall').get('near_v1', ['a'], null)).meta.exact).toBe(false);
    stdin.push(null);
    await running;
    expect((await lookupOf(store, later, 'wall').get('near_v1', ['a'], null)).meta.exact).toBe(true);
  });

  it('is not exact before its history has been read, however short the wait, and is once stdin is all that is left', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => tx(START_MS + i * 1000, 'a'));
    const exact: (boolean | null)[] = [];
    const clock = new FixedClock(START_MS * 1000 + 500 * SECOND);
    const root = folderWith({ 'old.jsonl': textOf(lines) });
    const store = new MemoryStore();
    const lookup = lookupOf(store, clock, 'events');
    const stdin = new Readable({ read() {} });
    const stop = new AbortController();
    let isSilent = false;
    const running = run({
      root,
      store,
      program,
      history: 'old.jsonl',
      stream: '-',
      stdin,
      clock,
      signal: stop.signal,
      onProgress: () => {
        clock.advance(SECOND);
        const beat = store.heartbeat('near_v1');
        if (beat !== null && !isSilent) exact.push(beat.backlogMicros <= 5 * SECOND);
      },
    });
    // The clock stands still but for batches, so that only the wait for stdin lets it go on.
    const tick = setInterval(() => clock.advance(SECOND / 2), 5);
    while (store.heartbeat('near_v1')?.backlogMicros !== 0) await Promise.race([pause(5), running]);
    isSilent = true;
    const { meta } = await lookup.get('near_v1', ['a'], null);
    clearInterval(tick);
    expect(exact.length).toBeGreaterThan(5);
    expect(new Set(exact)).toEqual(new Set([false]));
    expect(meta.exact).toBe(true);
    stop.abort();
    await running;
  }, 60_000);
});

describe('a run over files', () => {
  it('takes back that the input has ended before it shows newer rows, and says so again at its end', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(Array.from({ length: 50 }, (_, i) => tx(START_MS + i * 1000, 'a'))) });
    const store = new MemoryStore();
    const clock = new FixedClock(START_MS * 1000 + 1000 * HOUR);
    const exactNow = async (): Promise<boolean> =>
      (await lookupOf(store, clock, 'events').get('near_v1', ['a'], null)).meta.exact;
    await run({ root, store, program, stream: 'tx.jsonl', clock });
    const first = store.heartbeat('near_v1') as Heartbeat;
    expect([first.ended, first.backlogMicros, first.knownToMicros, await exactNow()]).toEqual([
      true,
      0,
      START_MS * 1000 + 49 * SECOND,
      true,
    ]);
    appendFileSync(
      join(root, 'tx.jsonl'),
      textOf(Array.from({ length: 50 }, (_, i) => tx(START_MS + (50 + i) * 1000, 'a'))),
    );
    // Each write of rows, with what the heartbeat says of them.
    const claims: boolean[] = [];
    const write = store.write.bind(store);
    store.write = async (stamp, rows, heartbeat) => {
      await write(stamp, rows, heartbeat);
      if (rows.length > 0) claims.push((store.heartbeat('near_v1') as Heartbeat).ended);
    };
    await run({
      root,
      store,
      program,
      stream: 'tx.jsonl',
      clock,
      onProgress: () => {
        clock.advance(2 * SECOND);
      },
    });
    expect(claims.length).toBeGreaterThan(3);
    expect(new Set(claims)).toEqual(new Set([false]));
    expect([(store.heartbeat('near_v1') as Heartbeat).ended, await exactNow()]).toEqual([true, true]);
  });

  it('that ends without anything new changes nothing', async () => {
    const root = folderWith({ 'tx.jsonl': textOf([tx(START_MS, 'a')]) });
    const store = new MemoryStore();
    await run({ root, store, program, stream: 'tx.jsonl' });
    const before = store.heartbeat('near_v1') as Heartbeat;
    const { rows, events } = await run({ root, store, program, stream: 'tx.jsonl' });
    expect([rows, events.read]).toEqual([0, 0]);
    expect(store.heartbeat('near_v1')).toEqual({ ...before, writtenAtMicros: expect.any(Number) });
    writeFileSync(join(root, 'none.jsonl'), '');
    const empty = new MemoryStore();
    await run({ root: folderWith({ 'none.jsonl': '' }), store: empty, program, stream: 'none.jsonl' });
    expect(empty.heartbeat('near_v1')).toMatchObject({
      ended: true,
      knownToMicros: null,
      newestMicros: null,
      backlogMicros: 0,
    });
    const { row, meta } = await lookupOf(empty, new FixedClock(START_MS * 1000), 'events').get('near_v1', ['a'], null);
    expect([row, meta.exact, meta.knownTo]).toEqual([null, true, null]);
  });
});
