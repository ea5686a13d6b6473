import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeOut } from '../../cli/io.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { checkedLine } from '../../runtime/log/quarantine.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { printTimestamp } from '../../runtime/values/temporal.ts';
import { type CliResult, cli, jsonLines, project, put } from './in-process.ts';

const SOURCE = `-- @event_time ts
CREATE TABLE tx (id bigint PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL, amount decimal(12,2) CHECK (amount > 0), day date);`;
const CHECK = 'CHECK (amount > 0)';
const KEYLESS = SOURCE.replace('CREATE', '-- @key none\nCREATE').replace(' PRIMARY KEY', '');
const FILES = {
  'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }',
  'tx.jsonl': [
    '{"id":1,"ts":"2024-03-01T10:00:00Z","card":"a","amount":1}',
    '{"id":2,"ts":"2024-03-01T09:00:00Z","card":"a","amount":2}',
    '{"id":3,"ts":"2024-03-01T10:01:00Z","card":"a\\u001b[31m","amount":-3}',
    '{broken',
    `{"id":4,"ts":"1969-01-01T00:00:00Z","card":"${'x'.repeat(200)}"}`,
    '',
  ].join('\n'),
  'features/sources/tx.sql': SOURCE,
  'features/card/v1.sql': 'SELECT card, count(*) AS n, sum(amount) AS spent FROM tx GROUP BY card',
};

let world: ReturnType<typeof project>;
beforeEach(() => {
  world = project(FILES);
});
afterEach(() => world.remove());

const fsc = (args: readonly string[], stdin = ''): Promise<CliResult> => cli(args, { cwd: world.root, stdin });
const quarantine = (...args: readonly string[]): Promise<CliResult> => fsc(['quarantine', ...args]);

async function runs(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await fsc(['run', '--mode', 'stream', '--format', 'json', ...args]);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Record<string, unknown>;
}

async function countOf3(): Promise<string> {
  return (await fsc(['query', 'SELECT count(*) AS n FROM tx WHERE id = 3', '--format', 'json'])).out;
}

async function listed(...args: readonly string[]): Promise<[unknown, unknown, unknown][]> {
  const { code, out } = await quarantine('list', '--format', 'json', ...args);
  expect(code).toBe(0);
  return jsonLines(out).map(({ id, verdict, state }) => [id, verdict, state]);
}

describe('fsc quarantine list and show', () => {
  it('has nothing before anything was refused', async () => {
    expect(await quarantine()).toMatchObject({ code: 0, out: '', err: 'nothing is in quarantine\n' });
    expect(await quarantine('list', '--format', 'json')).toMatchObject({ code: 0, out: '' });
  });

  it('lists refused and late records with source, verdict, reason, place and text', async () => {
    await runs();
    const { out } = await quarantine('list', '--format', 'json');
    expect(jsonLines(out)[0]).toEqual({
      source: 'tx',
      id: 'tx.jsonl:1',
      verdict: 'late',
      reason: 'older than the newest event of its partition by more than @lateness',
      place: { partition: 'tx.jsonl', offset: 1 },
      knownTime: '2024-03-01T09:00:00Z',
      state: 'kept',
      text: '{"id":2,"ts":"2024-03-01T09:00:00Z","card":"a","amount":2}',
    });
    expect(await listed()).toEqual([
      ['tx.jsonl:1', 'late', 'kept'],
      ['tx.jsonl:2', 'constraint', 'kept'],
      ['tx.jsonl:3', 'malformed', 'kept'],
      ['tx.jsonl:4', 'range', 'kept'],
    ]);
    expect(await listed('--verdict', 'late')).toEqual([['tx.jsonl:1', 'late', 'kept']]);
    expect((await listed('--limit', '2')).map(([id]) => id)).toEqual(['tx.jsonl:3', 'tx.jsonl:4']);
    expect(await listed('--limit', '0')).toEqual([]);
  });

  it('names file and record of what was read sorted', async () => {
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "history": "pay*.csv" } }, "clock": "events" }');
    const rows = (...lines: string[]): string => ['id,ts,card,amount', ...lines, ''].join('\n');
    put(world.root, 'pay1.csv', rows('3,2024-03-01 12:00,a,-1', '2,2024-03-01 11:00,a,1', '9,,a,1'));
    put(world.root, 'pay2.csv', rows('1,2024-03-01 10:00,a,1', '4,2024-03-01 10:30,a,x'));
    expect((await fsc(['run', '--mode', 'stream'])).code).toBe(0);
    const found = jsonLines((await quarantine('list', '--format', 'json')).out);
    expect(found.map(({ id, place }) => [id, place])).toEqual([
      ['pay*.csv:1', { partition: 'pay*.csv', offset: 1, file: 'pay2.csv', row: 1 }],
      ['pay*.csv:3', { partition: 'pay*.csv', offset: 3, file: 'pay1.csv', row: 0 }],
      ['pay*.csv:-1', { partition: 'pay*.csv', offset: -1, file: 'pay1.csv', row: 2 }],
    ]);
    const { out } = await quarantine('list');
    expect(out).toMatch(/^source +id +verdict +place +reason/);
    expect(out).toMatch(/pay\*\.csv:3 +constraint +record 1 of pay1\.csv /);
    expect((await quarantine('show', 'pay*.csv:-1')).out).toMatch(/place +record 3 of pay1\.csv\n/);
  });

  it('names file and record of Parquet files, also where a later run goes on', async () => {
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "history": "pay*.parquet" } }, "clock": "events" }');
    const write = async (name: string, from: number): Promise<void> => {
      const session = await openDuckDb();
      const ts = `TIMESTAMP '2024-03-01' + to_seconds(${from} + (7 * i) % 10)`;
      const columns = `${from} + i AS id, ${ts} AS ts, '${name}:' || i AS card, CASE WHEN i % 3 = 1 THEN -1 ELSE 1 END AS amount`;
      await session.run(`COPY (SELECT ${columns} FROM range(10) t(i)) TO '${join(world.root, name)}' (FORMAT parquet)`);
      session.close();
    };
    const places = async (): Promise<string[]> =>
      jsonLines((await quarantine('list', '--format', 'json')).out).map(({ place, text }) => {
        const { file, row } = place as Record<string, unknown>;
        expect(text).toContain(`"card":"${String(file)}:${String(row)}"`);
        return `${String(file)}:${String(row)}`;
      });
    await write('pay1.parquet', 0);
    await write('pay2.parquet', 10);
    await runs();
    const first = ['pay1', 'pay2'].flatMap((name) => [1, 4, 7].map((row) => `${name}.parquet:${row}`));
    expect((await places()).sort()).toEqual(first);
    await write('pay3.parquet', 20);
    expect(await runs()).toMatchObject({ events: { read: 10, quarantined: 3 } });
    expect((await places()).sort()).toEqual([...first, ...[1, 4, 7].map((row) => `pay3.parquet:${row}`)]);
    expect((await quarantine('list')).out).toMatch(/pay\*\.parquet:\d+ +constraint +record 5 of pay2\.parquet /);
  });

  it('cuts long texts for people, and prints nothing that a terminal obeys', async () => {
    await runs();
    const { out, err } = await quarantine('--limit', '3');
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^source +id +verdict +reason +text$/);
    expect(lines[3]).toMatch(/x…$/);
    expect(out).not.toContain('\u001b');
    expect(err).toBe('the newest 3 of 4 records (--limit)\n');
    const shown = await quarantine('show', 'tx.jsonl:4', 'tx.jsonl:2');
    expect(shown.out).toContain('record 5 of tx.jsonl\n');
    expect(shown.out).toContain('x'.repeat(200));
    expect(shown.out).toContain('CHECK (amount > 0) is false\n');
  });

  it('shows records of stdin as stdin:N, and takes -:N too', async () => {
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "stream": "-" } } }');
    await fsc(['run', '--mode', 'stream'], FILES['tx.jsonl']);
    expect((await quarantine('list')).out).toMatch(/^tx +stdin:3 +malformed/m);
    for (const id of ['stdin:3', '-:3']) {
      const { code, out } = await quarantine('show', id);
      expect([code, out]).toEqual([0, expect.stringMatching(/^id +stdin:3$/m)]);
    }
    expect(await quarantine('show', '-:9')).toMatchObject({ code: 2, err: expect.stringContaining('`stdin:9`') });
    expect((await quarantine('show', '-:x')).err).toContain('unknown option');
    const retried = await quarantine('retry', '-:2', 'stdin:2', '--format', 'json');
    expect(JSON.parse(retried.out)).toEqual({ waiting: [{ source: 'tx', id: 'stdin:2' }], refused: [] });
    expect((await listed()).map(([id]) => id)).toEqual(['stdin:1', 'stdin:2', 'stdin:3', 'stdin:4']);
  });

  it('leaves no listener behind on an output that is slow', async () => {
    const slow = new PassThrough({ highWaterMark: 1 });
    for (let i = 0; i < 20; i++) {
      const written = writeOut(slow, 'text');
      slow.read();
      await written;
    }
    expect(['drain', 'close', 'error'].map((event) => slow.listenerCount(event))).toEqual(
      ['drain', 'close', 'error'].map((event) => new PassThrough().listenerCount(event)),
    );
    const closed = new PassThrough({ highWaterMark: 1 });
    const written = writeOut(closed, 'text');
    closed.destroy();
    await written;
  });

  it('tells what is wrong with its arguments', async () => {
    await runs();
    const cases: [string[], string][] = [
      [['lits'], 'did you mean `list`?'],
      [['show'], 'show takes the id of a record'],
      [['show', 'tx.jsonl:9'], 'error[FSC7021]'],
      [['list', 'tx.jsonl:1'], 'fsc quarantine show tx.jsonl:1'],
      [['retry'], 'retry takes ids, or --all'],
      [['retry', '--all', 'tx.jsonl:1'], '--all takes no ids'],
      [['--source', 'xt'], 'did you mean `tx`?'],
      [['--verdict', 'wrong'], 'late'],
      [['--limit', 'many'], 'number of records'],
    ];
    for (const [args, text] of cases) {
      const result = await quarantine(...args);
      expect([args, result.code, result.out, result.err]).toEqual([args, 2, '', expect.stringContaining(text)]);
    }
  });

  it('asks for the source where an id is one of several', async () => {
    put(world.root, 'features/sources/other.sql', SOURCE.replace('TABLE tx', 'TABLE other'));
    put(world.root, 'features/more/v1.sql', 'SELECT card, count(*) AS n FROM other GROUP BY card');
    put(
      world.root,
      'fsc.json',
      '{ "sources": { "tx": { "history": "tx.jsonl" }, "other": { "history": "tx.jsonl" } } }',
    );
    await runs();
    expect(await quarantine('show', 'tx.jsonl:1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--source other'),
    });
    expect(await quarantine('show', 'tx.jsonl:1', '--source', 'tx')).toMatchObject({ code: 0 });
    expect(await listed('--source', 'other')).toHaveLength(4);
  });

  it('tells a damaged file, and changes nothing', async () => {
    await runs();
    const file = join(world.root, '.fsc/quarantine/tx.jsonl');
    const damaged = readFileSync(file, 'utf8').replace('"v":1', '"v":');
    writeFileSync(file, damaged);
    expect(await quarantine()).toMatchObject({ code: 1, out: '', err: expect.stringContaining('error[FSC7116]') });
    expect(readFileSync(file, 'utf8')).toBe(damaged);
  });
});

describe('fsc quarantine retry', () => {
  it('gives a record to the next stream run, as a new one under all verdicts', async () => {
    await runs();
    const asked = await quarantine('retry', 'tx.jsonl:1', 'tx.jsonl:2');
    expect(asked).toMatchObject({ code: 0, out: '' });
    expect(asked.err).toContain('2 records wait');
    expect(await listed()).toEqual([
      ['tx.jsonl:1', 'late', 'waiting'],
      ['tx.jsonl:2', 'constraint', 'waiting'],
      ['tx.jsonl:3', 'malformed', 'kept'],
      ['tx.jsonl:4', 'range', 'kept'],
    ]);
    // Asked twice is asked once.
    expect(await quarantine('retry', 'tx.jsonl:1')).toMatchObject({ code: 0 });
    expect(await runs()).toMatchObject({
      events: { read: 2, accepted: 0, duplicate: 0, late: 1, quarantined: 1 },
      quarantine: { constraint: 1 },
    });
    expect(await listed()).toEqual([
      ['tx.jsonl:3', 'malformed', 'kept'],
      ['tx.jsonl:4', 'range', 'kept'],
      ['retries:0', 'late', 'kept'],
      ['retries:1', 'constraint', 'kept'],
    ]);
    expect((await listed('--all'))[0]).toEqual(['tx.jsonl:1', 'late', 'retried']);
    expect(await quarantine('retry', 'tx.jsonl:1')).toMatchObject({ code: 1, err: expect.stringContaining('already') });
    expect(await runs()).toMatchObject({ events: { read: 0 } });
  });

  it('takes every record with --all, and is told as one object', async () => {
    await runs();
    const { code, out } = await quarantine('retry', '--all', '--verdict', 'range', '--format', 'json');
    expect({ code, told: JSON.parse(out) as unknown }).toEqual({
      code: 0,
      told: { waiting: [{ source: 'tx', id: 'tx.jsonl:4' }], refused: [] },
    });
    expect(JSON.parse((await quarantine('retry', '--all', '--format', 'json')).out)).toMatchObject({
      waiting: [{ id: 'tx.jsonl:1' }, { id: 'tx.jsonl:2' }, { id: 'tx.jsonl:3' }],
    });
    expect(await quarantine('retry', '--all')).toMatchObject({
      code: 0,
      err: expect.stringContaining('nothing to try again'),
    });
    expect(await runs()).toMatchObject({ events: { read: 4, late: 1, quarantined: 3 } });
  });

  it('accepts a record of stdin that was ahead of its time, once', async () => {
    const late = 70_000_000;
    const now = wallClock.nowMicros();
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "stream": "-" } }, "clock": "events" }');
    put(world.root, 'features/sources/tx.sql', `-- @max_ahead 1 minute\n-- @lateness 1 day\n${SOURCE}`);
    const ahead = `{"id":7,"ts":"${printTimestamp(now + late)}","card":"a","amount":5}\n`;
    const first = await fsc(['run', '--mode', 'stream'], ahead);
    expect(first.code).toBe(0);
    expect(await listed()).toEqual([['stdin:0', 'ahead', 'kept']]);
    // What a correction of the sender's clock would have sent: the same record, in time.
    const file = join(world.root, '.fsc/quarantine/tx.jsonl');
    const whole = readFileSync(file, 'utf8').replace(printTimestamp(now + late), printTimestamp(now - late));
    writeFileSync(file, `${checkedLine(`${whole.slice(0, whole.lastIndexOf(',"check":'))}}`)}\n`);
    expect(await quarantine('retry', '--all')).toMatchObject({ code: 0 });
    expect(await runs()).toMatchObject({ events: { read: 1, accepted: 1 } });
    expect(await runs()).toMatchObject({ events: { read: 0 } });
    const get = await fsc(['get', 'card_v1', 'card=a', '--format', 'json']);
    expect(jsonLines(get.out)).toEqual([{ card: 'a', n: 1, spent: 5 }]);
    const query = await fsc(['query', 'SELECT id FROM tx', '--format', 'json']);
    expect(query.out).toBe('{"id":7}\n');
    // A new view finds it in the archive.
    put(world.root, 'features/all/v1.sql', 'SELECT card, max(amount) AS most FROM tx GROUP BY card');
    await runs();
    expect(jsonLines((await fsc(['get', 'all_v1', 'card=a', '--format', 'json'])).out)).toEqual([
      { card: 'a', most: 5 },
    ]);
  });

  it('reads records of CSV and Parquet as they stood there', async () => {
    put(
      world.root,
      'tx.csv',
      'day,id,ts,amount,card\n2024-03-01,1,2024-03-01T10:00:00Z,1,a\n2024-03-01, 007 ,2024-03-01 10:01,-1.50,"b,""c"""\n,8,x,1,\n1,2\n',
    );
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "history": "tx.csv" } } }');
    await runs();
    expect(await quarantine('retry', '--all')).toMatchObject({
      code: 1,
      err: expect.stringContaining('2 fields where the header has 5'),
    });
    await runs();
    const retried = jsonLines((await quarantine('list', '--format', 'json')).out).filter(({ id }) =>
      String(id).startsWith('retries'),
    );
    expect(retried.map(({ verdict, text }) => [verdict, text])).toEqual([
      ['constraint', '{"id":7,"ts":"2024-03-01T10:01:00Z","card":"b,\\"c\\"","amount":-1.50,"day":"2024-03-01"}'],
      ['malformed', '{"id":8,"ts":"x","card":null,"amount":1.00,"day":null}'],
    ]);
    rmSync(join(world.root, '.fsc'), { recursive: true });
    const session = await openDuckDb({ threads: 1 });
    await session.run(
      `COPY (SELECT 9007199254740993 AS id, TIMESTAMP '2024-03-01 10:00:00.5' AS ts, 'a' AS card, -1.5::DECIMAL(9,4) AS amount, TIMESTAMP '2024-03-02' AS day)
       TO '${join(world.root, 'tx.parquet')}' (FORMAT parquet)`,
    );
    session.close();
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "history": "tx.parquet" } } }');
    await runs();
    expect(await quarantine('retry', '--all')).toMatchObject({ code: 0 });
    await runs();
    const [last] = jsonLines((await quarantine('list', '--format', 'json')).out);
    expect(last).toMatchObject({
      verdict: 'constraint',
      text: '{"id":9007199254740993,"ts":"2024-03-01T10:00:00.5Z","card":"a","amount":-1.5000,"day":"2024-03-02"}',
    });
  });

  it('reads records of several CSV files that are read sorted by the header of their own', async () => {
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "history": "pay*.csv" } }, "clock": "events" }');
    put(world.root, 'pay1.csv', 'id,ts,card,amount\n1,2024-03-01 12:00,a,-1\n');
    put(world.root, 'pay2.csv', 'amount,card,ts,id\n-2,b,2024-03-01 10:00,2\n');
    await runs();
    expect(await quarantine('retry', '--all')).toMatchObject({ code: 0 });
    await runs();
    const retried = jsonLines((await quarantine('list', '--format', 'json')).out);
    expect(retried.map(({ id, text }) => [id, text])).toEqual([
      ['retries:0', '{"id":2,"ts":"2024-03-01T10:00:00Z","card":"b","amount":-2.00,"day":null}'],
      ['retries:1', '{"id":1,"ts":"2024-03-01T12:00:00Z","card":"a","amount":-1.00,"day":null}'],
    ]);
  });

  it('cannot try a record again of which not all was kept, and says so', async () => {
    writeFileSync(
      join(world.root, 'tx.jsonl'),
      Buffer.from('{"id":1,"ts":"2024-03-01T10:00:00Z","card":"\xff"}\n', 'latin1'),
    );
    await runs();
    const result = await quarantine('retry', '--all', '--format', 'json');
    expect(result.code).toBe(1);
    expect(JSON.parse(result.out)).toEqual({
      waiting: [],
      refused: [{ source: 'tx', id: 'tx.jsonl:0', why: 'invalid UTF-8: its bytes were not kept' }],
    });
  });

  it('tells of many records that it cannot try again in one line', async () => {
    const bad = (id: number) => `{"id":${id},"ts":"2024-03-01T10:00:00Z","card":"\xff"}\n`;
    const lines = (ids: readonly number[]) => Buffer.from(ids.map(bad).join(''), 'latin1');
    writeFileSync(join(world.root, 'tx.jsonl'), lines([1, 2]));
    await runs();
    const few = '2 records of tx: invalid UTF-8: its bytes were not kept (tx.jsonl:0, tx.jsonl:1)\n';
    expect(await quarantine('retry', '--all')).toMatchObject({ code: 1, err: `${few}nothing to try again\n` });
    expect((await quarantine('retry', 'tx.jsonl:1')).err).toMatch(/^tx\.jsonl:1 of tx: invalid UTF-8: its bytes/);
    writeFileSync(join(world.root, 'tx.jsonl'), lines(Array.from({ length: 1200 }, (_, id) => id)));
    await runs('--rebuild');
    const { err } = await quarantine('retry', '--all');
    expect(err.trimEnd().split('\n')).toEqual([
      '1,200 records of tx: invalid UTF-8: its bytes were not kept (tx.jsonl:0, tx.jsonl:1, tx.jsonl:2, …)',
      'nothing to try again',
    ]);
  });

  it.each([
    ['with the verdicts that were', 'decimal(12,2)'],
    ['anew', 'decimal(14,2)'],
  ])('tells of stdin what was no text after --rebuild too, which judges it %s', async (_, amount) => {
    const long = `{"id":3,"card":"${'x'.repeat(1 << 20)}"}`;
    const lines = ['{"id":1,"card":"\xff"}', '\xef\xbf\xbdfoo\xef\xbf\xbd', long, '{"id":2}'];
    const stdin = Readable.from([Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')], {
      objectMode: false,
    });
    const run = ['run', '--mode', 'stream', '--source', 'tx=-'];
    expect(await cli(run, { cwd: world.root, stdin })).toMatchObject({ code: 0 });
    const before = jsonLines((await quarantine('list', '--format', 'json')).out);
    expect(before.map(({ reason }) => reason)).toEqual([
      'invalid UTF-8',
      'broken JSON',
      'line over 1 MiB',
      'card: is missing and NOT NULL',
    ]);
    put(world.root, 'features/sources/tx.sql', SOURCE.replace('decimal(12,2)', amount));
    expect(await fsc([...run, '--rebuild'])).toMatchObject({ code: 0 });
    expect(jsonLines((await quarantine('list', '--format', 'json')).out)).toEqual(before);
  });

  it('has nothing to wait for after --rebuild, which judges every record of a file anew', async () => {
    await runs();
    await quarantine('retry', '--all', '--verdict', 'constraint');
    put(world.root, 'features/sources/tx.sql', SOURCE.replace('CHECK (amount > 0)', ''));
    expect(await runs('--rebuild')).toMatchObject({ events: { read: 5, accepted: 2 } });
    expect(await runs()).toMatchObject({ events: { read: 0 } });
    const query = await fsc(['query', 'SELECT count(*) AS n FROM tx', '--format', 'json']);
    expect(query.out).toBe('{"n":2}\n');
  });

  it('tells what is refused again where all is judged anew, and tries it again', async () => {
    await runs();
    await quarantine('retry', 'tx.jsonl:2', 'tx.jsonl:1');
    await runs();
    expect((await listed()).map(([id, , state]) => [id, state])).toContainEqual(['retries:0', 'kept']);
    put(world.root, 'features/sources/tx.sql', SOURCE.replace('day date', 'day date, more integer'));
    expect(await runs()).toMatchObject({ events: { read: 5, accepted: 1, late: 1, quarantined: 3 } });
    const all = [1, 2, 3, 4].map((offset) => [`tx.jsonl:${offset}`, expect.anything(), 'kept']);
    expect(await listed()).toEqual(all);
    expect(await quarantine('retry', 'tx.jsonl:2')).toMatchObject({ code: 0 });
    expect((await listed())[1]).toEqual(['tx.jsonl:2', 'constraint', 'waiting']);
    expect(await runs()).toMatchObject({ events: { read: 1, quarantined: 1 } });
    expect(await runs('--rebuild')).toMatchObject({ events: { read: 5 } });
    expect(await listed()).toEqual(all);
  });

  it.each([
    ['its declaration changed', { args: [] }],
    ['with --rebuild', { args: ['--rebuild'] }],
  ])('is not asked to try again what is accepted by now: %s', async (_, { args }) => {
    put(world.root, 'features/sources/tx.sql', KEYLESS);
    const others = [1, 3, 4].map((offset) => [`tx.jsonl:${offset}`, expect.anything(), 'kept']);
    expect(await runs()).toMatchObject({ events: { accepted: 1 } });
    expect(await listed()).toEqual([others[0], ['tx.jsonl:2', 'constraint', 'kept'], others[1], others[2]]);
    put(world.root, 'features/sources/tx.sql', KEYLESS.replace(CHECK, ''));
    expect(await runs(...args)).toMatchObject({ events: { read: 5, accepted: 2 } });
    expect(await listed()).toEqual(others);
    await quarantine('retry', '--all');
    await runs();
    expect(await countOf3()).toBe('{"n":1}\n');
  });

  it('leaves what stdin brought its verdict, with --rebuild too; what is tried again is judged by the declaration as it is', async () => {
    put(world.root, 'fsc.json', '{ "sources": { "tx": { "stream": "-" } }, "clock": "events" }');
    put(world.root, 'features/sources/tx.sql', KEYLESS);
    const run = async (sent: string, ...more: readonly string[]): Promise<unknown> => {
      const { code, out, err } = await fsc(['run', '--mode', 'stream', '--format', 'json', ...more], sent);
      expect([code, code === 0 ? '' : err]).toEqual([0, '']);
      return JSON.parse(out).events;
    };
    const first = await run(FILES['tx.jsonl']);
    expect(first).toMatchObject({ read: 5, accepted: 1 });
    const before = await listed();
    put(world.root, 'features/sources/tx.sql', KEYLESS.replace(CHECK, 'CHECK (amount > 1)'));
    expect(await run('', '--rebuild')).toEqual(first);
    put(world.root, 'features/sources/tx.sql', KEYLESS.replace(CHECK, ''));
    expect(await run('', '--rebuild')).toEqual(first);
    expect(await listed()).toEqual(before);
    await quarantine('retry', '--all', '--verdict', 'constraint');
    expect(await run('')).toMatchObject({ read: 1, accepted: 1 });
    expect(await countOf3()).toBe('{"n":1}\n');
    expect(await run('', '--rebuild')).toMatchObject({ read: 6, accepted: 2 });
    expect(await countOf3()).toBe('{"n":1}\n');
  });
});
