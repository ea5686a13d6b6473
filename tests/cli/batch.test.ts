import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { type CliResult, cli, jsonLines, project, put } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }',
  'tx.jsonl': [
    '{"id":1,"paid_at":"2024-03-01T10:00:00Z","card":"b","amount":12.50}',
    '{"id":2,"paid_at":"2024-03-01T10:30:00Z","card":"a","amount":1.00}',
    '{"id":3,"paid_at":"2024-03-01T10:31:00Z","card":"a","amount":0}',
    '{"id":2,"paid_at":"2024-03-01T10:30:00Z","card":"a","amount":1.00}',
    '{"id":4,"paid_at":"2024-03-01T09:00:00Z","card":"a","amount":5.00}',
    '{"id":5,"paid_at":"2024-03-01T11:00:00Z","card":"a","amount":2.25}',
    '{broken',
    '',
  ].join('\n'),
  'features/sources/tx.sql': `-- @event_time paid_at
CREATE TABLE tx (
  id      bigint        PRIMARY KEY,
  paid_at timestamp     NOT NULL,
  card    text          NOT NULL,
  amount  decimal(12,2) NOT NULL CHECK (amount > 0)
);`,
  'features/card/v1.sql': `SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '30 minutes') AS n_30m, sum(amount) AS spent
FROM tx GROUP BY card`,
  'features/last/v1.sql': `SELECT card, id, sum(amount) OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two FROM tx`,
  'features/sources/ask.sql': '-- @kind request\nCREATE TABLE ask (card text NOT NULL);',
  'features/risk/v1.sql': 'SELECT r.card, c.spent FROM ask r LEFT JOIN card_v1 c ON c.card = r.card',
};
const EVENTS = { read: 7, accepted: 3, duplicate: 1, late: 1, quarantined: 2 };

let world: ReturnType<typeof project>;
beforeEach(() => {
  world = project(FILES);
});
afterEach(() => world.remove());

const batch = (...args: readonly string[]): Promise<CliResult> =>
  cli(['run', '--mode', 'batch', ...args], { cwd: world.root });
const read = (path: string): string => readFileSync(join(world.root, path), 'utf8');
const written = (): string[] =>
  readdirSync(world.root).filter((name) => !(name in FILES) && !/^(\.fsc|features|generated)$/.test(name));

describe('run --mode batch --out', () => {
  it('writes every entity at the instant, in the order of the key, over events up to it', async () => {
    const { code, out, err } = await batch('--view', 'card_v1', '--as-of', '2024-03-01T10:30:00Z', '--out', '-');
    expect({ code, out }).toEqual({
      code: 0,
      out: '{"card":"a","n_30m":1,"spent":1.00}\n{"card":"b","n_30m":0,"spent":12.50}\n',
    });
    expect(err).toContain('7 read, 3 accepted, 1 duplicate, 1 late, 2 quarantined in ');
    expect(err).toContain('2 rows of card_v1 at 2024-03-01T10:30:00Z written\n');
    const before = await batch('--view', 'card_v1', '--as-of', '2024-03-01 10:29:59.999999', '--out', '-');
    expect(jsonLines(before.out)).toEqual([{ card: 'b', n_30m: 1, spent: 12.5 }]);
  });

  it('computes what is nested deeper than DuckDB takes by itself', async () => {
    put(world.root, 'features/deep/v1.sql', `SELECT card, ${'1 + '.repeat(150)}count(*) AS n FROM tx GROUP BY card`);
    const { code, out } = await batch('--view', 'deep_v1', '--as-of', '2024-03-01T11:00:00Z', '--out', '-');
    expect({ code, rows: jsonLines(out) }).toMatchObject({ code: 0, rows: [{ card: 'a' }, { card: 'b', n: 151 }] });
  });

  it('says of a source without data that it has none: exit 2 where a view over it is named or all are, else they are left out', async () => {
    put(
      world.root,
      'features/sources/dry.sql',
      '-- @event_time ts\n-- @key none\nCREATE TABLE dry (ts timestamp NOT NULL, k text NOT NULL);',
    );
    put(world.root, 'features/dry/v1.sql', 'SELECT k, count(*) AS n FROM dry GROUP BY k');
    for (const engine of ['duckdb', 'postgres'])
      expect(await batch('--view', 'dry_v1', '--out', '-', '--engine', engine)).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining('error[FSC7009]'),
      });
    const all = await batch('--out', '{view}.jsonl');
    expect([all.code, all.err]).toEqual([
      0,
      expect.stringContaining('source `dry` has no data: its views are left out\n'),
    ]);
    expect(written().sort()).toEqual(['card_v1.jsonl', 'last_v1.jsonl']);
    put(world.root, 'fsc.json', '{}');
    expect(await batch('--out', '{view}.csv')).toMatchObject({
      code: 2,
      err: expect.stringContaining('error[FSC7009]'),
    });
    expect(written().filter((name) => name.endsWith('.csv'))).toEqual([]);
  });

  it('takes the newest event for now where the clock is the events’', async () => {
    const { out, err } = await batch('--view', 'card_v1', '--out', '-');
    expect(jsonLines(out)).toEqual([
      { card: 'a', n_30m: 1, spent: 3.25 },
      { card: 'b', n_30m: 0, spent: 12.5 },
    ]);
    expect(err).toContain(' at 2024-03-01T11:00:00Z written\n');
  });

  it('gives the latest row of each entity for a rows view', async () => {
    const { out } = await batch('--view', 'last_v1', '--as-of', 'now', '--out', '-', '--numbers', 'string');
    expect(jsonLines(out)).toEqual([
      { card: 'a', id: '5', two: '3.25' },
      { card: 'b', id: '1', two: '12.50' },
    ]);
  });

  it('ends with the summary of cli.md: on stdout for a file, on stderr beside rows', async () => {
    const summary = {
      mode: 'batch',
      views: ['card_v1'],
      events: EVENTS,
      quarantine: { malformed: 1, constraint: 1 },
      expressionErrors: null,
      rows: 2,
    };
    const toFile = await batch('--view', 'card_v1', '--out', 'v.csv', '--format', 'json');
    expect(JSON.parse(toFile.out)).toMatchObject(summary);
    expect(toFile.err).not.toContain('"mode"');
    expect(read('v.csv')).toBe('card,n_30m,spent\na,1,3.25\nb,0,12.50\n');
    const toStdout = await batch('--view', 'card_v1', '--out', '-', '--format', 'json');
    expect(jsonLines(toStdout.out)).toHaveLength(2);
    expect(JSON.parse(toStdout.err.split('\n').at(-2) ?? '')).toMatchObject(summary);
    expect(typeof (JSON.parse(toFile.out) as { seconds: unknown }).seconds).toBe('number');
  });

  it('writes several views where the path says which, all of them or none', async () => {
    mkdirSync(join(world.root, 'out'));
    const { code, err } = await batch('--out', 'out/{view}.parquet', '--as-of', '2024-03-02');
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(readdirSync(join(world.root, 'out')).sort()).toEqual(['card_v1.parquet', 'last_v1.parquet']);
    expect(err).toContain('left out: risk_v1');
    const session = await openDuckDb({ threads: 1 });
    const reader = await session.connection.runAndReadAll(
      `SELECT * FROM read_parquet('${join(world.root, 'out/card_v1.parquet')}')`,
    );
    expect(reader.columnTypes().map(String)).toEqual(['VARCHAR', 'BIGINT', 'DECIMAL(38,2)']);
    session.close();
    mkdirSync(join(world.root, 'last_v1.jsonl'));
    expect(await batch('--out', '{view}.jsonl')).toMatchObject({ code: 2 });
    expect(written()).toEqual(['last_v1.jsonl', 'out']);
  });

  it('tells what does not go', async () => {
    writeFileSync(join(world.root, 'v.csv'), 'old');
    const cases: [string[], number, string][] = [
      [['--out', 'v.csv'], 2, 'write {view} into the path'],
      [['--out', '-'], 2, 'name it: --view VIEW'],
      [['--view', 'risk_v1', '--out', 'v.csv'], 2, '`risk_v1` is a request view'],
      [['--view', 'card', '--out', 'v.csv'], 2, 'error[FSC7005]'],
      [['--view', 'card_v1', '--out', 'v.xls'], 2, 'the format is not known'],
      [['--view', 'card_v1', '--out', 'no/v.csv'], 2, 'error[FSC7010]'],
      [['--view', 'card_v1', '--out', 'tx.jsonl'], 2, 'source `tx` reads it'],
      [['--view', 'card_v1', '--out', 'v.csv', '--as-of', 'noon'], 2, 'error[FSC7007]'],
      [['--view', 'card_v1', '--out', 'v.csv', '--as-of', '9999-12-31T23:59:59.999999'], 2, 'too far away'],
      [['--view', 'card_v1', '--out', 'v.csv', '--engine', 'postgres'], 2, 'error[FSC7360]'],
      [['--view', 'card_v1', '--out', 'v.csv', '--max-expression-errors', '0'], 2, 'fsc dataset counts them all'],
      [['--view', 'card_v1', '--out', 'v.csv', '--source', 'tx=gone.csv'], 2, 'error[FSC7102]'],
    ];
    for (const [args, code, text] of cases) {
      const result = await batch(...args);
      expect([args, result.code, result.out, result.err]).toEqual([args, code, '', expect.stringContaining(text)]);
      expect(result.err).not.toContain('    at ');
    }
    expect(read('v.csv')).toBe('old');
    expect(written()).toEqual(['v.csv']);
  });

  it('exits 3 with --require-final where a record may still come that changes the values, and writes nothing', async () => {
    // The newest payment is at 11:00, and one that is five minutes late is still taken.
    const final = (at: string): Promise<CliResult> =>
      batch('--view', 'card_v1', '--require-final', '--out', 'o.csv', '--as-of', at);
    const open = await final('2024-03-01 10:55');
    expect([open.code, open.out, written()]).toEqual([3, '', []]);
    expect(open.err).toContain('error[FSC7015]: the values at 2024-03-01T10:55:00Z are not final');
    expect(open.err).toContain('instants before 2024-03-01T10:55:00Z are final');
    expect((await batch('--view', 'card_v1', '--require-final', '--out', 'o.csv')).code).toBe(3);
    const closed = await final('2024-03-01 10:54:59.999999');
    expect([closed.code, written()], closed.err).toEqual([0, ['o.csv']]);
    put(
      world.root,
      'fsc.json',
      '{ "sources": { "tx": { "history": { "path": "tx.jsonl", "completeTo": "2024-03-01 10:55" } } } }',
    );
    expect((await final('2024-03-01 10:55')).code).toBe(0);
    expect((await final('2024-03-01 10:55:00.000001')).code).toBe(3);
    const online = await batch('--require-final', '--as-of', '2024-03-01 10:00');
    expect([online.code, online.err]).toEqual([2, expect.stringContaining('it goes with --out')]);
  });

  it('exits 1 above --max-quarantined, with the values written', async () => {
    expect(await batch('--view', 'card_v1', '--out', 'v.csv', '--max-quarantined', '1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('error[FSC7016]'),
    });
    expect(read('v.csv')).toContain('a,1,3.25');
    expect(await batch('--view', 'card_v1', '--out', 'v.csv', '--max-quarantined', '2')).toMatchObject({ code: 0 });
  });

  it('gives the same values as online rows', async () => {
    const run = await cli(['run', '--mode', 'stream'], { cwd: world.root });
    expect(run.code).toBe(0);
    for (const view of ['card_v1', 'last_v1']) {
      const online = await cli(['get', view, '--all', '--format', 'json'], { cwd: world.root });
      expect((await batch('--view', view, '--out', '-')).out).toBe(online.out);
    }
  });
});
