import { describe, expect, it } from 'vitest';
import { openAcceptedFeed } from '../../runtime/engines/accepted-feed.ts';
import type { AcceptedInput } from '../../runtime/engines/duckdb/accepted.ts';
import {
  acceptedRows,
  column,
  event,
  folder,
  isoAt,
  lines,
  program,
  put,
  read,
  SECOND,
  sourceSpec,
  T0,
  TEXT,
} from './helpers.ts';

const spec = sourceSpec({
  columns: [
    ...sourceSpec().columns.slice(0, 3),
    column('p', TEXT, { path: ['data', 'p'], hasDefault: true, defaultValue: 'none' }),
  ],
  checks: [{ sql: 'v > 0' }],
});
const source = program(spec);

async function feed(
  root: string,
  locations: AcceptedInput['locations'],
  more: Partial<AcceptedInput> = {},
): Promise<string[]> {
  const log = await openAcceptedFeed({ program: source, locations, root, cacheDir: `${root}/cache`, ...more });
  const rows: string[] = [];
  for (let batch = await log.next(); batch !== null; batch = await log.next()) {
    const accepted = acceptedRows(source, batch);
    for (const row of accepted) expect((JSON.parse(row) as number[])[0]).toBeLessThanOrEqual(batch.newestMicros);
    rows.push(...accepted);
  }
  await log.close();
  return rows;
}

const byEvent = (a: string, b: string): number => {
  const [x, y] = [JSON.parse(a) as number[], JSON.parse(b) as number[]];
  return x[0]! - y[0]! || x[1]! - y[1]!;
};

describe('the feed of accepted records', () => {
  it('is what was accepted, in order of event time and key', async () => {
    const root = folder();
    const texts = Array.from({ length: 500 }, (_, i) =>
      event(i + ((i * 37) % 200) - (i % 50 === 0 ? 900 : 0), i % 90, {
        v: i % 40,
        data: { p: i % 3 === 0 ? '' : 'ü' },
      }),
    );
    put(root, 'a.jsonl', lines(...texts, '{', ...texts.slice(400)));
    const judged = await read(source, { root, history: 'a.jsonl' });
    expect(new Set(judged.verdicts).size).toBe(5);
    const locations = [{ name: 'history', location: 'a.jsonl', order: null }] as const;
    const expected = [...judged.accepted].sort(byEvent);
    expect(await feed(root, locations)).toEqual(expected);
    // From the cache, too.
    expect(await feed(root, locations)).toEqual(expected);
  });

  it('takes a default once, at ingestion', async () => {
    const root = folder();
    put(root, 'a.jsonl', lines(event(0, 1), event(1, 2, { data: { p: null } }), event(2, 3, { data: {} })));
    const rows = await feed(root, [{ name: 'stream', location: 'a.jsonl', order: null }]);
    expect(rows.map((row) => (JSON.parse(row) as unknown[])[3])).toEqual(['none', null, 'none']);
  });

  it('reads sorted history straight from its files', async () => {
    const root = folder();
    put(root, 'a.csv', lines('ts,id,v', `${isoAt(T0 + SECOND)},2,1`, `${isoAt(T0)},1,0`, `${isoAt(T0)},1,5`));
    const rows = await feed(root, [{ name: 'history', location: 'a.csv', order: null }]);
    expect(rows.map((row) => (JSON.parse(row) as unknown[])[1])).toEqual([1, 2]);
  });

  it('joins history and stream', async () => {
    const root = folder();
    put(root, 'h.csv', lines('ts,id,v', `${isoAt(T0 + SECOND)},2,1`, `${isoAt(T0)},1,5`));
    put(root, 's.jsonl', lines(event(1, 2, { v: 9 }), event(5, 5), event(3, 3)));
    const rows = await feed(root, [
      { name: 'history', location: 'h.csv', order: null },
      { name: 'stream', location: 's.jsonl', order: null },
    ]);
    expect(rows.map((row) => (JSON.parse(row) as unknown[]).slice(1, 3))).toEqual([
      [1, 5],
      [2, 1],
      [3, null],
      [5, null],
    ]);
  });

  it('of the first records of the log is what was accepted among them', async () => {
    const root = folder();
    const texts = Array.from({ length: 60 }, (_, i) => event(((i * 37) % 50) * 60, i % 25, { v: i % 7 }));
    put(root, 'a.jsonl', lines(...texts));
    put(root, 'b.csv', lines('ts,id,v', ...texts.map((_, i) => `${isoAt(T0 + ((i * 37) % 50) * SECOND)},${i},1`)));
    const stream = [{ name: 'stream', location: 'a.jsonl', order: null }] as const;
    const history = [{ name: 'history', location: 'b.csv', order: null }] as const;
    const whole = await feed(root, history);
    for (const limitRecords of [0, 1, 17, 59, 60, 61]) {
      put(root, 'c.jsonl', lines(...texts.slice(0, limitRecords)));
      const prefix = await feed(root, [{ name: 'stream', location: 'c.jsonl', order: null }]);
      expect(await feed(root, stream, { limitRecords })).toEqual(prefix);
      expect(await feed(root, history, { limitRecords })).toEqual(whole.slice(0, limitRecords));
    }
  });

  it('ends a history at the cut, also where the stream after it is kept elsewhere', async () => {
    const root = folder();
    put(root, 'a.csv', lines('ts,id,v', ...[0, 1, 2, 3].map((i) => `${isoAt(T0 + i * SECOND)},${i},1`)));
    put(root, 'a.jsonl', lines(...[0, 1, 2, 3].map((i) => event(i, i, { v: 1 }))));
    const cutMicros = T0 + 2 * SECOND;
    for (const location of ['a.csv', 'a.jsonl']) {
      const history = [{ name: 'history', location, order: null }] as const;
      expect(await feed(root, history, { cutMicros, isStreamElsewhere: true })).toHaveLength(2);
      expect(await feed(root, history, { cutMicros })).toHaveLength(4);
    }
  });
});
