import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Referee } from '../../runtime/engines/duckdb/referee.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { RowKeys } from '../../runtime/stores/row-key.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { cli, jsonLines, project, put } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "tx": { "stream": "tx.jsonl" } }, "clock": "events" }',
  'features/sources/tx.sql': `-- @event_time paid_at
-- @lateness 10 minutes
CREATE TABLE tx (
  id bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card text NOT NULL,
  shop integer,
  amount decimal(12,2) CHECK (amount > 0),
  weight double precision
);`,
  'features/sources/ask.sql':
    "-- @kind request\nCREATE TABLE ask (card text NOT NULL, shop integer, note text DEFAULT '-');",
  'features/card/v1.sql': `SELECT card, count(*) AS n, sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS spent_1h,
  sum(weight) AS weight, stddev_samp(weight) AS spread
FROM tx GROUP BY card`,
  'features/last/v1.sql':
    'SELECT card, shop, lag(amount) OVER (PARTITION BY card ORDER BY paid_at, id) AS before FROM tx',
  'features/shop/v1.sql': `SELECT shop, count(*) AS n FROM tx WHERE shop IS NOT NULL AND paid_at > now() - INTERVAL '1 hour' GROUP BY shop`,
  'features/pay/v1.sql': `SELECT a.note, coalesce(c.n, 0) AS n, s.n AS shop_n, c.weight / 2.0::double precision AS half
FROM ask a LEFT JOIN card_v1 c ON c.card = a.card LEFT JOIN shop_v1 s ON s.shop = a.shop`,
};

const list = (value: unknown): Record<string, unknown>[] => value as Record<string, unknown>[];

const START = Date.UTC(2024, 0, 1);
const CARDS = ['a', 'b', 'ü', '', "it's"];

function tx(id: number, minute: number, more: Record<string, unknown> = {}): string {
  const paidAt = new Date(START + minute * 60_000).toISOString();
  const weight = (id % 3 === 0 ? 1e16 : 0.1) * (id % 2 === 0 ? 1 : -1);
  const record = {
    id,
    paid_at: paidAt,
    card: CARDS[id % 5],
    shop: id % 4 === 0 ? null : id % 4,
    amount: id + 0.25,
    weight,
  };
  return `${JSON.stringify({ ...record, ...more })}\n`;
}

/** With late, double, broken and refused ones among them. */
function log(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => {
    const id = from + i;
    const back = id % 7 === 0 ? -6 : id % 11 === 0 ? -60 : 0;
    const line = tx(id, id * 3 + back, id % 13 === 0 ? { amount: -1 } : {});
    return id % 17 === 0 ? `${line}{broken\n${line}` : line;
  }).join('');
}

/** A row as a wrong writer would leave it under a key: with the checksum that belongs there. */
function signed(value: Uint8Array | null, key: Uint8Array): Uint8Array | null {
  if (value === null) return null;
  const row = Buffer.from(value);
  row.writeUInt32LE(crc32(row.subarray(0, -4), crc32(key)), row.length - 4);
  return row;
}

describe('fsc verify', () => {
  let made: ReturnType<typeof project>[] = [];
  afterEach(() => {
    for (const one of made) one.remove();
    made = [];
  });

  function make(files: Readonly<Record<string, string>>): string {
    const one = project({ ...FILES, ...files });
    made.push(one);
    return one.root;
  }

  async function run(root: string, args: readonly string[] = [], stdin = ''): Promise<void> {
    const { code, err } = await cli(['run', '--mode', 'stream', ...args], { cwd: root, stdin });
    expect(code, err).toBe(0);
  }

  async function verify(root: string, ...args: string[]) {
    const { code, out, err } = await cli(['verify', '--format', 'json', ...args], { cwd: root });
    return { code, err, lines: jsonLines(out) };
  }

  /** Everything agrees, and something was compared in every view. */
  async function agrees(root: string, ...args: string[]): Promise<void> {
    const { code, err, lines } = await verify(root, ...args);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(code, err).toBe(0);
    expect(lines.map((line) => line.view)).toEqual(expect.arrayContaining(['card_v1', 'last_v1', 'pay_v1', 'shop_v1']));
    for (const line of lines) {
      expect(line.differed, String(line.view)).toBe(0);
      expect(line.agreed, String(line.view)).toBeGreaterThan(0);
      expect(line.ownText).toBe(true);
    }
  }

  /** Puts other bytes under the head of an entity; null: takes it away. */
  async function damage(root: string, card: string, from: string | null): Promise<void> {
    const store = await openLmdbStore({ path: join(root, '.fsc', 'online'), readOnly: false, namespace: '' });
    const heartbeat = await store.heartbeat('card_v1');
    const type = { kind: 'text', maxLength: null } as const;
    const keys = new RowKeys({
      namespace: '',
      view: 'card_v1',
      fingerprint: heartbeat?.fingerprint ?? '',
      entityTypes: [type],
    });
    const head = (name: string): Uint8Array => keys.head(keys.entity([name]) as Uint8Array);
    const [value] = from === null ? [null] : await store.getMany([head(from)]);
    const row: StoredRow = { key: head(card), value: signed(value ?? null, head(card)) };
    const stamp = await store.stamp();
    await store.write({ epoch: (stamp?.epoch ?? 0) + 1, sequence: 1 }, [row], null);
    await store.close();
  }

  it('takes a sum that leaves the doubles for NULL, where DuckDB says infinity', async () => {
    const root = make({
      'features/card/v1.sql': 'SELECT card, count(*) AS n, sum(weight) AS weight FROM tx GROUP BY card',
      'features/pay/v1.sql': 'SELECT a.note, c.n FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': [1, 2, 3].map((id) => tx(5 * id, id, { weight: 1e308 })).join(''),
    });
    await run(root);
    const { code, lines } = await verify(root);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(code).toBe(0);
    const { out } = await cli(['get', 'card_v1', 'card=a', '--format', 'json'], { cwd: root });
    expect(jsonLines(out)[0]).toMatchObject({ n: 3, weight: null });
  });

  it('takes a mean of doubles whose sum leaves them for what it is, where DuckDB says infinity', async () => {
    const root = make({
      'features/card/v1.sql': 'SELECT card, avg(weight) AS weight FROM tx GROUP BY card',
      'features/last/v1.sql':
        'SELECT card, avg(weight) OVER (PARTITION BY card ORDER BY paid_at, id ROWS 5 PRECEDING) AS weight FROM tx',
      'features/pay/v1.sql': 'SELECT a.note, c.weight FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': [1, 2].map((id) => tx(5 * id, id, { weight: 1e308 })).join(''),
    });
    await run(root);
    const { code, lines } = await verify(root);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(code).toBe(0);
    const { out } = await cli(['get', 'card_v1', 'card=a', '--format', 'json'], { cwd: root });
    expect(out).toMatch(/"weight": ?1e\+?308/);
  });

  it('does not take the text for a referee of what it means otherwise in DuckDB', async () => {
    const root = make({
      'features/sources/tx.sql': FILES['features/sources/tx.sql'].replace('shop integer', 'shop text, big bigint'),
      'features/card/v1.sql': `SELECT card, count(*) AS n, sum(big) / 2 AS half, coalesce(sum(big), 0) / count(*) AS mean,
  max(CAST(shop AS integer)) AS number FROM tx GROUP BY card`,
      'features/last/v1.sql': 'SELECT card, id, sum(big) OVER (PARTITION BY card ORDER BY paid_at) / 2 AS half FROM tx',
      'features/shop/v1.sql': 'SELECT card, max(shop) AS shop FROM tx WHERE CAST(shop AS integer) > 3 GROUP BY card',
      'features/pay/v1.sql': 'SELECT a.note, c.n, c.half FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': ['1_000', '0x1F', '3.7', '4', ' 5 ']
        .map((shop, i) => tx(i, i, { shop, big: i + 21, card: 'a' }))
        .join(''),
    });
    await run(root);
    const { code, lines } = await verify(root);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(code).toBe(0);
    expect(lines.map(({ view, ownText }) => [view, ownText])).toEqual([
      ['card_v1', true],
      ['last_v1', true],
      ['pay_v1', true],
      ['shop_v1', false],
    ]);
    const plain = await cli(['verify'], { cwd: root });
    expect(plain.out).toContain('(own text left out: its conditions may mean something else in DuckDB)');
    const { out } = await cli(['get', 'card_v1', 'card=a', '--format', 'json'], { cwd: root });
    expect(jsonLines(out)[0]).toMatchObject({ n: 5, half: 57.5, mean: 23, number: 5 });
  });

  it('has trim and substr of the text as fsc has them', async () => {
    const root = make({
      'features/sources/tx.sql': FILES['features/sources/tx.sql'].replace('shop integer', 'shop text, i integer'),
      'features/card/v1.sql': `SELECT card, max(trim(shop)) AS trimmed, max(substr(shop, i)) AS rest, max(substring(shop, 2, i)) AS part,
  count(*) FILTER (WHERE trim(shop) = '') AS blank FROM tx GROUP BY card`,
      'features/last/v1.sql': '-- @entity card\nSELECT card, id, substr(trim(shop), 2, i) AS part FROM tx',
      'features/shop/v1.sql':
        'SELECT trim(shop) AS name, count(*) AS n FROM tx WHERE shop IS NOT NULL AND substr(shop, i) IS NULL GROUP BY trim(shop)',
      'features/pay/v1.sql': 'SELECT a.note, c.trimmed FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': ['\u00a0', ' \u00a0x', 'ab\u00a0 ', '  ', 'hello', 'hello']
        .map((shop, id) => tx(id, id, { shop, i: 2 - id }))
        .join(''),
    });
    await run(root);
    const { code, lines } = await verify(root);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(code).toBe(0);
    expect(lines.map(({ view, ownText }) => [view, ownText])).toEqual(
      ['card_v1', 'last_v1', 'pay_v1', 'shop_v1'].map((view) => [view, true]),
    );
  });

  it('takes an instant or date beyond the range for NULL, and reads SELECT ALL', async () => {
    const root = make({
      'features/last/v1.sql':
        "-- @entity card\nSELECT /* every row */ ALL card, id, paid_at + INTERVAL '100 years' * shop AS due, CAST(paid_at AS date) + 3650000 AS day FROM tx",
      'tx.jsonl': [0, 1, 3].map((shop, i) => tx(i, i, { shop })).join(''),
    });
    await run(root);
    await agrees(root);
    const { out } = await cli(['get', 'last_v1', '--all', '--format', 'json'], { cwd: root });
    expect(jsonLines(out).map(({ due, day }) => [due, day])).toContainEqual([null, null]);
  });

  it('asks the text for the other columns where it raises for some, and tells which', async () => {
    const root = make({
      'features/card/v1.sql': `SELECT card, count(*) AS n, CAST(max(shop) AS smallint) AS x, min(shop) AS low, max(shop) * 100000 AS y
FROM tx GROUP BY card`,
      'features/last/v1.sql': `SELECT card, id, lag(shop) OVER w AS before, sum(CAST(shop AS smallint)) OVER w AS total
FROM tx WINDOW w AS (PARTITION BY card ORDER BY paid_at, id)`,
      'features/shop/v1.sql':
        'SELECT shop, count(*) AS n FROM tx WHERE shop IS NOT NULL AND CAST(shop AS smallint) > 1 GROUP BY shop',
      'features/pay/v1.sql': 'SELECT a.note, c.n, c.x FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': [1, 2, 70_000, 4].map((shop, i) => tx(i, i, { shop, card: i === 3 ? 'b' : 'a' })).join(''),
    });
    await run(root);
    const { code, lines } = await verify(root);
    expect(code).toBe(0);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(lines.map(({ view, ownText, ownRaises }) => [view, ownText, ownRaises])).toEqual([
      ['card_v1', true, ['x', 'y']],
      ['last_v1', true, ['total']],
      ['pay_v1', true, ['x']],
      ['shop_v1', false, ['n']],
    ]);
    await damage(root, 'a', 'b');
    const { lines: damaged } = await verify(root);
    expect(list(damaged[0]?.differences)).toEqual([
      { key: { card: 'a' }, column: 'n', online: 1, batch: 3, ownText: 3 },
      { key: { card: 'a' }, column: 'x', online: 4, batch: null },
      { key: { card: 'a' }, column: 'low', online: 4, batch: 1, ownText: 1 },
      { key: { card: 'a' }, column: 'y', online: 400_000, batch: null },
    ]);
    const { out } = await cli(['verify'], { cwd: root });
    expect(out).toMatch(/^card_v1 .* not online \(own text left out of x, y: it raises for these records\)\n/);
    expect(out).toMatch(/\nshop_v1 .* not online \(own text left out: it raises for these records\)\n/);
  });

  it('finds a column that the text has otherwise beside one for which it raises', async () => {
    const root = make({
      'features/card/v1.sql': 'SELECT card, count(*) AS n, CAST(max(shop) AS smallint) AS x FROM tx GROUP BY card',
      'features/pay/v1.sql': 'SELECT a.note, c.n FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': tx(1, 1, { shop: 70_000, card: 'a' }),
    });
    await run(root);
    const whole = Referee.prototype.ask;
    const spy = vi.spyOn(Referee.prototype, 'ask').mockImplementation(function (this: Referee, query) {
      const other = (text: string): string => text.replace('count(*) AS n', 'count(*) + 1 AS n');
      const { columns = [], without = String } = query.parts ?? {};
      return whole.call(this, {
        text: other(query.text),
        views: query.views,
        parts: { columns, without: (out) => other(without(out)) },
      });
    });
    const { code, lines } = await verify(root);
    spy.mockRestore();
    expect(code).toBe(1);
    expect(lines[0]?.differences).toEqual([{ key: { card: 'a' }, column: 'n', online: 1, batch: 1, ownText: 2 }]);
  });

  it('takes a whole number beyond its type for NULL, where DuckDB has more digits', async () => {
    const root = make({
      'features/sources/tx.sql': FILES['features/sources/tx.sql'].replace(
        'shop integer',
        'shop integer, big decimal(38,0)',
      ),
      'features/card/v1.sql':
        'SELECT card, sum(big) AS total, sum(shop) * sum(shop) AS square, CAST(sum(shop) AS integer) AS few FROM tx GROUP BY card',
      'features/pay/v1.sql': 'SELECT a.note, c.total, c.square FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
      'tx.jsonl': [1, 2, 3]
        .map((id) => tx(5 * id, id, { shop: 2_000_000_000, big: '9'.repeat(id < 2 ? 38 : 1) }))
        .join(''),
    });
    await run(root);
    const { code, lines } = await verify(root);
    expect(lines.flatMap((line) => line.differences)).toEqual([]);
    expect(code).toBe(0);
    expect(lines.slice(0, 3).map(({ view, ownText, ownRaises }) => [view, ownText, ownRaises])).toEqual([
      ['card_v1', true, ['few']],
      ['last_v1', true, undefined],
      ['pay_v1', true, undefined],
    ]);
    const { out } = await cli(['get', 'card_v1', 'card=a', '--format', 'json'], { cwd: root });
    expect(jsonLines(out)[0]).toMatchObject({ total: null, square: null, few: null });
  });

  it('tells of a view whose own text DuckDB refuses, and verifies the others', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    const refused = new FscError('FSC7350', 1, 'Binder Error: no such function', null, null);
    const whole = Referee.prototype.ask;
    const spy = vi.spyOn(Referee.prototype, 'ask').mockImplementation(function (this: Referee, query) {
      return query.text.includes('spent_1h') ? Promise.reject(refused) : whole.call(this, query);
    });
    const { code, err, lines } = await verify(root);
    const plain = await cli(['verify'], { cwd: root });
    spy.mockRestore();
    expect(code).toBe(1);
    expect(err).toContain("card_v1: DuckDB refuses the file's own text: Binder Error: no such function");
    expect(lines.map(({ view, differed, ownText }) => [view, differed, ownText])).toEqual([
      ['card_v1', 0, false],
      ['last_v1', 0, true],
      ['pay_v1', 0, true],
      ['shop_v1', 0, true],
    ]);
    expect(lines[0]).toMatchObject({ agreed: 20, ownFault: 'Binder Error: no such function' });
    expect(plain.out).toMatch(/^card_v1 at .* 0 not online \(own text left out: DuckDB refuses it\)\n/);
  });

  it('agrees at now and at any later instant, whatever the log refused', async () => {
    const root = make({ 'tx.jsonl': log(1, 120) });
    await run(root);
    await agrees(root);
    await agrees(root, '--as-of', '2024-01-01T06:10:00.000001', '--as-of', '2024-01-01T06:45');
    const { code, lines } = await verify(root, '--as-of', '2024-01-01T06:10', '2024-03-01');
    expect(code).toBe(0);
    expect(lines).toHaveLength(8);
    const [card, , pay] = lines;
    expect(card).toMatchObject({
      view: 'card_v1',
      asOf: '2024-01-01T06:10:00Z',
      entities: 5,
      agreed: 20,
      notOnline: 0,
    });
    expect(pay).toMatchObject({ view: 'pay_v1', requests: 302, agreed: 302 * 4 });
    const plain = await cli(['verify'], { cwd: root });
    expect(plain.out).toMatch(/^card_v1 at 2024-01-01T0\S+: 5 entities, 20 values agree, 0 differ, 0 not online\n/);
  });

  it('compares at the position that online stands at, not at the end of the log', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    appendFileSync(join(root, 'tx.jsonl'), log(40, 80));
    await agrees(root);
    await run(root);
    await agrees(root);
  });

  it('counts what online cannot tell, and says so where it is everything', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    const { code, err, lines } = await verify(root, '--as-of', '2024-01-01 01:00');
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ view: 'card_v1', agreed: 0, differed: 0, notOnline: 20 });
    expect(err).toContain('card_v1: no online row speaks for 2024-01-01T01:00:00Z');
  });

  it('exits 1 on one difference, and shows the key and all values', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    await damage(root, 'b', 'a');
    const { code, lines } = await verify(root);
    expect(code).toBe(1);
    const card = lines.find(({ view }) => view === 'card_v1');
    const differences = list(card?.differences);
    expect(card).toMatchObject({ differed: differences.length, agreed: 20 - differences.length });
    const n = differences.find(({ column }) => column === 'n');
    expect(n).toEqual({
      key: { card: 'b' },
      column: 'n',
      online: expect.any(Number),
      batch: expect.any(Number),
      ownText: n?.batch,
    });
    expect(n?.online).not.toBe(n?.batch);
    // The request view reads that row too.
    const pay = lines.find(({ view }) => view === 'pay_v1');
    expect(pay?.differed).toBeGreaterThan(20);
    expect(pay?.differences).toHaveLength(20);
    expect(list(pay?.differences)[0]).toMatchObject({ key: { card: 'b' } });
    const plain = await cli(['verify'], { cwd: root });
    expect(plain.code).toBe(1);
    expect(plain.out).toMatch(/\n {2}card=b {2}n: {2}online \d+, batch \d+, own text \d+\n/);
    expect(plain.out).toMatch(/\n {2}and \d+ more values\n/);
    expect(plain.err).toMatch(/^\d+ values differ\nhelp: .*--rebuild/);
  });

  it('where values differ, says if a run was cut off', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    await damage(root, 'b', 'a');
    expect((await verify(root)).err).not.toContain('cut off');
    appendFileSync(join(root, '.fsc', 'state', 'tx.journal'), 'what a killed run leaves');
    expect((await verify(root)).err).toContain('a run over tx was cut off or goes on');
  });

  it('finds rows that are on one side only', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    await damage(root, 'a', null);
    await damage(root, 'nobody', 'b');
    const { code, lines } = await verify(root);
    expect(code).toBe(1);
    const card = lines.find(({ view }) => view === 'card_v1');
    expect(card).toMatchObject({ entities: 6, differed: 8 });
    const [missing, extra] = list(card?.differences);
    expect(missing).toMatchObject({
      key: { card: 'a' },
      column: null,
      online: null,
      batch: { card: 'a' },
      ownText: { card: 'a' },
    });
    expect(extra).toMatchObject({ key: { card: 'nobody' }, column: null, batch: null, ownText: null });
    expect((await cli(['verify'], { cwd: root })).out).toMatch(/card=a {2}online no row, batch \{"card":"a",/);
  });

  it('takes what stdin brought from the archive, with the verdicts that it had', async () => {
    const root = make({ 'fsc.json': '{ "sources": { "tx": { "stream": "-" } }, "clock": "events" }' });
    await run(root, [], log(1, 40));
    await agrees(root);
    await run(root, [], log(30, 90));
    await agrees(root);
  });

  it('takes a history that was consumed before stdin', async () => {
    const root = make({
      'fsc.json': '{ "sources": { "tx": { "history": "tx.csv", "stream": "-" } }, "clock": "events" }',
      'tx.csv': `id,paid_at,card,shop,amount,weight\n${Array.from({ length: 30 }, (_, i) => `${i},2024-01-01 00:${String(59 - i).padStart(2, '0')},${CARDS[i % 5]?.replace('"', '')},${i % 3},${i}.5,0.1\n`).join('')}`,
    });
    await run(root, [], log(20, 90));
    await agrees(root);
  });

  it('reads the locations that are given in place of those of fsc.json', async () => {
    const root = make({ 'other.jsonl': log(1, 40) });
    await run(root, ['--source', 'tx=other.jsonl']);
    await agrees(root, '--source', 'tx=other.jsonl');
    put(root, 'tx.jsonl', log(1, 40));
    const { code, err } = await verify(root);
    expect(code).toBe(1);
    expect(err).toMatch(/FSC7104/);
  });

  it('tells a file that is not the one that was consumed', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    await run(root);
    writeFileSync(join(root, 'tx.jsonl'), log(1, 40).replace('"shop":1', '"shop":2'));
    const { code, err, lines } = await verify(root);
    expect([code, lines]).toEqual([1, []]);
    expect(err).toMatch(/FSC7104/);
  });

  it('exits 2 where nothing was run, and 1 where the rows are of another plan', async () => {
    const root = make({ 'tx.jsonl': log(1, 40) });
    const nothing = await verify(root);
    expect(nothing.code).toBe(2);
    expect(nothing.err).toMatch(/nothing was run yet/);
    await run(root);
    put(root, 'features/more/v1.sql', 'SELECT card, count(*) AS n FROM tx GROUP BY card');
    const more = await verify(root);
    expect(more.code).toBe(0);
    expect(more.err).toContain('more_v1 was never run');
    put(root, 'features/shop/v1.sql', FILES['features/shop/v1.sql'].replace('1 hour', '2 hours'));
    const { code, err } = await verify(root);
    expect(code).toBe(1);
    expect(err).toMatch(/FSC7203[\s\S]*another plan|another plan/);
    const instant = await verify(root, '--as-of', 'soon');
    expect(instant.code).toBe(2);
  });
});
