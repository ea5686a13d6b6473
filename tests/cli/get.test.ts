import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient } from '../../runtime/serving/client-runtime.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { cli, jsonLines, project, put } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }',
  'features/sources/tx.sql': `-- @event_time paid_at
CREATE TABLE tx (
  id bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card text NOT NULL,
  shop bigint,
  amount decimal(12,2)
);`,
  'features/sources/ask.sql': `-- @kind request
CREATE TABLE ask (card text NOT NULL, shop bigint DEFAULT 7, price decimal(10,2), bags integer, ratio double precision);`,
  'features/card/v1.sql': `SELECT
  sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS spent_1h,
  card,
  count(*) AS n,
  max(paid_at) AS last_payment
FROM tx GROUP BY card`,
  'features/shop/v1.sql': `SELECT shop, card, count(*) AS n FROM tx
WHERE shop IS NOT NULL AND paid_at > now() - INTERVAL '1 day' GROUP BY shop, card`,
  'features/pay/v1.sql': `SELECT a.card, coalesce(c.n, 0) AS card_n, a.price, a.shop, a.bags, s.n AS shop_n
FROM ask a LEFT JOIN card_v1 c ON c.card = a.card LEFT JOIN shop_v1 s ON s.shop = a.shop AND s.card = a.card`,
  'tx.jsonl': [
    '{"id":1,"paid_at":"2024-01-01T00:00:00Z","card":"null","shop":7,"amount":5}',
    '{"id":2,"paid_at":"2024-01-01T00:30:00Z","card":"b","shop":9007199254740993,"amount":9999999999.99}',
    '{"id":3,"paid_at":"2024-01-01T01:10:00Z","card":"b","shop":7,"amount":0.01}',
    '{"id":4,"paid_at":"2024-01-01T01:10:00Z","card":"a:\\u001b[31m","shop":10}',
    '',
  ].join('\n'),
};

describe('fsc get', () => {
  let root = '';
  let remove = (): void => {};
  beforeAll(async () => {
    ({ root, remove } = project(FILES));
    const { code, err } = await cli(['run', '--mode', 'stream'], { cwd: root });
    expect(code, err).toBe(0);
  });
  afterAll(() => remove());

  const get = (...args: string[]) => cli(['get', ...args], { cwd: root });
  async function fault(...args: string[]): Promise<string> {
    const { code, out, err } = await get(...args);
    expect([code, out]).toEqual([2, '']);
    return err;
  }

  it('prints the entity and the features in the order of the SELECT, with all digits', async () => {
    const { code, out } = await get('card_v1', 'card=b', '--format', 'json');
    expect(code).toBe(0);
    expect(out).toBe('{"spent_1h":10000000000.00,"card":"b","n":2,"last_payment":"2024-01-01T01:10:00Z"}\n');
    const strings = await get('card_v1', 'card=b', '--format', 'json', '--numbers', 'string');
    expect(strings.out).toBe(
      '{"spent_1h":"10000000000.00","card":"b","n":"2","last_payment":"2024-01-01T01:10:00Z"}\n',
    );
  });

  it('prints a list for people', async () => {
    const { out } = await get('card_v1', 'card=b');
    expect(out.split('\n').map((line) => line.trimEnd())).toEqual([
      'spent_1h      10000000000.00',
      'card          b',
      'n             2',
      'last_payment  2024-01-01T01:10:00Z',
      '',
    ]);
  });

  it('reads a value literally: null is a text, and so is what a terminal would take for a colour', async () => {
    expect(jsonLines((await get('card_v1', 'card=null', '--format', 'json')).out)[0]).toMatchObject({
      card: 'null',
      n: 1,
    });
    const odd = await get('card_v1', 'card=a:\u001b[31m');
    expect(odd.out).toContain('a:\\u001b[31m');
    expect(odd.out).not.toContain('\u001b');
  });

  it('prints null where the SELECT has no row, in every format', async () => {
    for (const args of [[], ['--format', 'json']]) {
      const { code, out } = await get('card_v1', 'card=', ...args);
      expect([code, out]).toEqual([0, 'null\n']);
    }
    const { out } = await get('shop_v1', 'shop=7', 'card=b', '--as-of', '2024-02-01', '--meta', '--format', 'json');
    expect(jsonLines(out)[0]).toMatchObject({ row: null, asOf: '2024-02-01T00:00:00Z', exact: true });
  });

  it('answers at any later instant, and says between which the values hold', async () => {
    const at = (asOf: string) => get('card_v1', 'card=b', '--as-of', asOf, '--meta', '--format', 'json');
    expect(jsonLines((await at('2024-01-01 01:29:59.999999')).out)[0]).toEqual({
      row: { spent_1h: 10000000000, card: 'b', n: 2, last_payment: '2024-01-01T01:10:00Z' },
      asOf: '2024-01-01T01:29:59.999999Z',
      exact: true,
      knownTo: '2024-01-01T01:10:00Z',
      validFrom: '2024-01-01T01:10:00Z',
      validTo: '2024-01-01T01:30:00Z',
    });
    expect(jsonLines((await at('2024-01-01 01:30')).out)[0]).toMatchObject({
      row: { spent_1h: 0.01 },
      validFrom: '2024-01-01T01:30:00Z',
      validTo: '2024-01-01T02:10:00Z',
    });
    expect(jsonLines((await at('2024-03-01')).out)[0]).toMatchObject({ row: { spent_1h: null, n: 2 }, validTo: null });
    const now = jsonLines((await get('card_v1', 'card=b', '--meta', '--format', 'json', '--as-of', 'now')).out)[0];
    expect(now).toMatchObject({ asOf: '2024-01-01T01:10:00Z' });
  });

  it('exits 1 before the first step of a row, and names dataset', async () => {
    for (const args of [['card=b'], ['--all']]) {
      const { code, out, err } = await get('card_v1', ...args, '--as-of', '2024-01-01 01:00');
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/FSC7220[\s\S]*fsc dataset/);
    }
  });

  it('prints every entity that has a row, in order of the key', async () => {
    const { out } = await get('shop_v1', '--all', '--format', 'json');
    expect(out).toBe(
      '{"shop":7,"card":"b","n":1}\n{"shop":7,"card":"null","n":1}\n{"shop":10,"card":"a:\\u001b[31m","n":1}\n{"shop":9007199254740993,"card":"b","n":1}\n',
    );
    const later = await get('shop_v1', '--all', '--as-of', '2024-01-02 00:45', '--format', 'json', '--meta');
    expect(jsonLines(later.out).map((line) => (line.row as { card: string }).card)).toEqual(['b', 'a:\u001b[31m']);
    const none = await get('shop_v1', '--all', '--as-of', '2025-01-01', '--format', 'json');
    expect([none.code, none.out]).toEqual([0, '']);
    const table = await get('card_v1', '--all');
    expect(table.out.split('\n').map((line) => line.trimEnd())).toEqual([
      '      spent_1h  card          n  last_payment',
      '          null  a:\\u001b[31m  1  2024-01-01T01:10:00Z',
      '10000000000.00  b             2  2024-01-01T01:10:00Z',
      '          null  null          1  2024-01-01T00:00:00Z',
      '',
    ]);
  });

  it('takes the columns of a request, with their defaults and NULLs', async () => {
    const ask = async (...pairs: string[]) => jsonLines((await get('pay_v1', ...pairs, '--format', 'json')).out)[0];
    expect(await ask('card=b')).toEqual({ card: 'b', card_n: 2, price: null, shop: 7, bags: null, shop_n: 1 });
    expect(await ask('card=new', 'shop=8', 'price=1.5', 'bags=3')).toEqual({
      card: 'new',
      card_n: 0,
      price: 1.5,
      shop: 8,
      bags: 3,
      shop_n: null,
    });
    expect(await fault('pay_v1', '--all')).toMatch(/FSC7222/);
  });

  it('refuses what is no view and no key', async () => {
    expect(await fault('card_v2', 'card=b')).toMatch(/FSC7005[\s\S]*did you mean `card_v1`/);
    expect(await fault('card_v1')).toMatch(/FSC7006.*`card` is missing/);
    expect(await fault('card_v1', 'crd=b')).toMatch(/no key `crd`[\s\S]*did you mean `card`/);
    expect(await fault('card_v1', 'b')).toMatch(/`b` is no KEY=VALUE[\s\S]*help: write card=b/);
    expect(await fault('card_v1', 'card=a', 'card=b')).toMatch(/given twice/);
    expect(await fault('shop_v1', 'card=a', 'shop=seven')).toMatch(/`shop` is no bigint[\s\S]*`seven`/);
    expect(await fault('shop_v1', 'card=a', 'shop=1.5')).toMatch(/without loss/);
    expect(await fault('shop_v1', 'card=a', 'shop=9223372036854775808')).toMatch(/out of range/);
    expect(await fault('pay_v1', 'shop=1')).toMatch(/`card` is missing/);
    expect(await fault('pay_v1', 'card=a', 'price=1.999')).toMatch(/`price` is no decimal\(10,2\)/);
    expect(await fault('pay_v1', 'card=a', 'ratio=1e400')).toMatch(/`ratio` is no double precision[\s\S]*out of range/);
    expect(await fault('card_v1', 'card=b', '--as-of', 'yesterday')).toMatch(/FSC7007/);
    // Two microseconds are one to a double there.
    expect(await fault('card_v1', 'card=b', '--as-of', '2255-06-05T23:47:34.740993')).toMatch(/FSC7007.*too far away/);
    expect(await fault('card_v1', 'card=b', '--all')).toMatch(/--all takes no keys/);
  });

  it('exits 2 where nothing was run, and leaves nothing behind', async () => {
    const fresh = project(FILES);
    try {
      await cli(['compile'], { cwd: fresh.root });
      const before = readdirSync(join(fresh.root, '.fsc'));
      const { code, err } = await cli(['get', 'card_v1', 'card=b'], { cwd: fresh.root });
      expect(code).toBe(2);
      expect(err).toMatch(/FSC7206[\s\S]*help: fill it: fsc run --mode stream\n/);
      expect(readdirSync(join(fresh.root, '.fsc'))).toEqual(before);
      expect(existsSync(join(fresh.root, '.fsc', 'online'))).toBe(false);
    } finally {
      fresh.remove();
    }
  });

  it('a view that was added since the run has nothing yet', async () => {
    put(root, 'features/more/v1.sql', 'SELECT card, count(*) AS n FROM tx GROUP BY card');
    expect(await fault('more_v1', 'card=b')).toMatch(/FSC7206[\s\S]*`more_v1`/);
  });

  it('tells rows of another plan', async () => {
    const path = 'features/shop/v1.sql';
    const before = readFileSync(join(root, path), 'utf8');
    put(root, path, before.replace("'1 day'", "'2 days'"));
    const { code, err } = await get('shop_v1', 'shop=7', 'card=b');
    expect(code).toBe(1);
    expect(err).toMatch(/FSC7203[\s\S]*fsc run --mode stream/);
    expect(err).not.toMatch(/[0-9a-f]{64}/);
    put(root, path, before);
    expect((await get('shop_v1', 'shop=7', 'card=b')).code).toBe(0);
  });

  it('compiles only where generated/ may be stale', async () => {
    const stamp = join(root, '.fsc', 'compiled.json');
    await get('card_v1', 'card=b');
    const good = readFileSync(stamp, 'utf8');
    const lookup = join(root, 'generated', 'stream', 'card_v1.js');
    const module = readFileSync(lookup, 'utf8');
    // A module that was changed by hand is never run: it is made again.
    writeFileSync(lookup, module.replace('out[2]', 'out[1]'));
    const { out, err } = await get('card_v1', 'card=b', '--format', 'json');
    expect(jsonLines(out)[0]).toMatchObject({ card: 'b', n: 2 });
    expect(err).toContain('compiled');
    expect(readFileSync(lookup, 'utf8')).toBe(module);
    expect(readFileSync(stamp, 'utf8')).toBe(good);
    writeFileSync(lookup, `${module}\n`);
    const frozen = await get('card_v1', 'card=b', '--frozen');
    expect(frozen.code).toBe(2);
    expect(frozen.err).toMatch(/FSC7008/);
    const compiled = await cli(['compile', '--frozen'], { cwd: root });
    expect(compiled).toMatchObject({ code: 2, err: expect.stringMatching(/FSC7008/) });
    expect(readFileSync(lookup, 'utf8')).toBe(`${module}\n`);
    expect(await cli(['compile'], { cwd: root })).toMatchObject({ code: 0 });
    expect(await cli(['compile', '--frozen'], { cwd: root })).toMatchObject({ code: 0 });
  });

  it('refuses records of what callers send', async () => {
    put(root, 'fsc.json', '{ "sources": { "ask": { "history": "ask.csv" } } }');
    const told = await cli(['check'], { cwd: root });
    put(root, 'fsc.json', FILES['fsc.json']);
    expect(told).toMatchObject({ code: 2, err: expect.stringContaining('fsc.json:1:23: `ask` is a request source') });
  });
});

/** Flights that are planned: the history is further ahead of the clock than its lateness. */
describe('fsc get where the history is ahead of the clock', () => {
  const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const config = (clock: string): string => `{ "sources": { "e": { "history": "e.csv" } }, "clock": "${clock}" }`;
  let root = '';
  let remove = (): void => {};
  beforeAll(() => {
    ({ root, remove } = project({
      'fsc.json': config('wall'),
      'features/sources/e.sql':
        '-- @event_time ts\nCREATE TABLE e (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, k text NOT NULL);',
      'features/a/v1.sql': "SELECT k, count(*) AS n FROM e WHERE ts > now() - INTERVAL '1 hour' GROUP BY k",
      'e.csv': `id,ts,k\n1,${at(-9)},a\n2,${at(-0.1)},a\n3,${at(-0.1)},b\n4,${at(24)},b\n5,${at(24.2)},b\n`,
    }));
  });
  afterAll(() => remove());

  const run = (...args: string[]) => cli([...args, '--format', 'json', '--quiet'], { cwd: root });

  it('answers for now, with and without --all, as batch does', async () => {
    expect((await run('run', '--mode', 'stream')).code).toBe(0);
    const now = await run('query', 'SELECT k, n FROM a_v1(now()::timestamp) ORDER BY k');
    expect(now.out).toBe('{"k":"a","n":1}\n{"k":"b","n":1}\n');
    for (const asked of [[], ['--as-of', 'now']]) {
      expect(await run('get', 'a_v1', '--all', ...asked)).toMatchObject({ code: 0, out: now.out });
      expect(await run('get', 'a_v1', 'k=b', ...asked)).toMatchObject({ code: 0, out: '{"k":"b","n":1}\n' });
    }
    expect((await run('get', 'a_v1', '--all', '--as-of', at(24.5))).out).toBe('{"k":"b","n":2}\n');
    expect(await run('verify', '--as-of', 'now', '--as-of', at(24.5))).toMatchObject({
      code: 0,
      out: expect.not.stringMatching(/"notOnline":[1-9]/),
    });
  });

  it('refuses what rows cannot tell, with --all too, instead of telling another instant', async () => {
    put(root, 'fsc.json', config('events'));
    expect((await run('run', '--mode', 'stream', '--rebuild')).code).toBe(0);
    put(root, 'fsc.json', config('wall'));
    for (const entities of ['--all', 'k=b']) {
      const { code, out, err } = await run('get', 'a_v1', entities);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/FSC7220[\s\S]*clock/);
      expect(err).not.toContain('dataset');
    }
  });
});

it('a request view that joins nothing is answered without a run, also by a client of nothing else', async () => {
  const made = project({
    'features/sources/ask.sql': '-- @kind request\nCREATE TABLE ask (card text NOT NULL, amount decimal(12,2));',
    'features/twice/v1.sql': 'SELECT a.card, a.amount * 2 AS twice FROM ask a',
  });
  try {
    const { code, out, err } = await cli(['get', 'twice_v1', 'card=a', 'amount=1.5', '--format', 'json'], {
      cwd: made.root,
    });
    expect([code, out], err).toEqual([0, '{"card":"a","twice":3.00}\n']);
    const stream = readdirSync(join(made.root, 'generated', 'stream')).map(
      (name) => [`stream/${name}`, readFileSync(join(made.root, 'generated', 'stream', name), 'utf8')] as const,
    );
    const program = loadProgram(new Map(stream));
    const client = await connectClient(program, made.root);
    expect((await client.get('twice_v1', { card: 'a', amount: '2' })).row).toEqual({ card: 'a', twice: '4.00' });
    await client.close();
  } finally {
    made.remove();
  }
});
