import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { type CliOptions, type CliResult, cli, jsonLines, project, put } from './in-process.ts';

const FILES = {
  'fsc.json': JSON.stringify({
    sources: { tx: { history: 'data/tx.jsonl' }, gone: { history: 'data/gone.csv' }, fed: { stream: '-' } },
  }),
  'data/tx.jsonl': [
    '{"id":1,"at":"2024-03-01T10:00:00Z","card":"a","amount":12.50}',
    '{"id":2,"at":"2024-03-01T10:30:00Z","card":"b","amount":9007199254740993.01}',
    '{"id":3,"at":"2024-03-01T10:40:00Z","card":"a","amount":-1}',
    '{"id":2,"at":"2024-03-01T10:30:00Z","card":"b","amount":9007199254740993.01}',
    '{"id":4,"at":"2024-03-01T10:50:00Z","card":"a"}',
    '',
  ].join('\n'),
  'features/sources/tx.sql': `-- @event_time at_time
-- @from at_time at
CREATE TABLE tx (id bigint PRIMARY KEY, at_time timestamp NOT NULL, card text NOT NULL, amount decimal(20,2) CHECK (amount > 0));`,
  'features/sources/gone.sql':
    '-- @event_time ts\n-- @key none\nCREATE TABLE gone (ts timestamp NOT NULL, k text NOT NULL);',
  'features/sources/fed.sql':
    '-- @event_time ts\n-- @key none\nCREATE TABLE fed (ts timestamp NOT NULL, k text NOT NULL);',
  'features/sources/nowhere.sql':
    '-- @event_time ts\n-- @key none\nCREATE TABLE nowhere (ts timestamp NOT NULL, k text NOT NULL);',
  'features/sources/ask.sql': '-- @kind request\nCREATE TABLE ask (card text NOT NULL);',
  'features/card/v1.sql':
    "SELECT card, count(*) FILTER (WHERE at_time > now() - INTERVAL '1 hour') AS n, sum(amount) AS spent FROM tx GROUP BY card",
  'features/last/v1.sql': '-- @entity card\nSELECT card, id, amount FROM tx',
  'features/nowhere/v1.sql': 'SELECT k, count(*) AS n FROM nowhere GROUP BY k',
  'features/gone/v1.sql': 'SELECT k, count(*) AS n FROM gone GROUP BY k',
  'features/asked/v1.sql': 'SELECT r.card, c.n FROM ask r LEFT JOIN card_v1 c ON c.card = r.card',
};

const NOT_IN_TX = 'not in tx: 1 constraint (a run keeps them, fsc quarantine lists them)\n';

let world: ReturnType<typeof project>;
beforeAll(() => {
  world = project(FILES);
});
afterAll(() => world.remove());

function query(sql: string, args: readonly string[] = [], options: Partial<CliOptions> = {}): Promise<CliResult> {
  return cli(['query', sql, ...args], { cwd: world.root, ...options });
}

async function rows(sql: string, ...args: readonly string[]): Promise<unknown[]> {
  const { code, out, err } = await query(sql, ['--format', 'json', ...args]);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return jsonLines(out);
}

describe('fsc query', () => {
  it('answers where rules of the optimizer would have other rows or values, or none', async () => {
    // The first few by what is NULL in a row of a column that has none.
    const ranked =
      'SELECT *, row_number() OVER (PARTITION BY card ORDER BY nullif(id, 1) DESC NULLS LAST) AS place FROM tx';
    const first = [{ id: 1 }, { id: 2 }, { id: 4 }];
    expect(await rows(`SELECT id FROM (${ranked}) AS ranked WHERE place <= 8 ORDER BY id`)).toEqual(first);
    const pairs = '(VALUES (1, 1), (1, NULL), (NULL, NULL)) AS pairs(a, b)';
    // An OR that is no IS NOT DISTINCT FROM.
    expect(await rows(`SELECT (a = b) OR (a IS NULL AND b IS NULL) AS same FROM ${pairs}`)).toEqual([
      { same: true },
      { same: null },
      { same: true },
    ]);
    const like = `SELECT card FROM (SELECT * FROM tx WHERE card LIKE 'суп%' OR id = 1) WHERE card NOT LIKE 'суп%а'`;
    expect(await rows(like)).toEqual([{ card: 'a' }]);
    expect(await rows("SELECT card FROM tx WHERE card LIKE 'п%'")).toEqual([]);
    expect((await query("SELECT card FROM tx WHERE card LIKE 'п%'", ['--out', 'like.csv'])).code).toBe(0);
    expect(readFileSync(join(world.root, 'like.csv'), 'utf8')).toBe('card\n');
  });

  it('has the accepted records of a source, in declared names and types', async () => {
    const { out } = await query('SELECT * FROM tx ORDER BY id', ['--format', 'json']);
    expect(out).toBe(
      [
        '{"id":1,"at_time":"2024-03-01T10:00:00Z","card":"a","amount":12.50}',
        '{"id":2,"at_time":"2024-03-01T10:30:00Z","card":"b","amount":9007199254740993.01}',
        '{"id":4,"at_time":"2024-03-01T10:50:00Z","card":"a","amount":null}',
        '',
      ].join('\n'),
    );
    expect(await rows('SELECT id, amount FROM tx WHERE id = 2', '--numbers', 'string')).toEqual([
      { id: '2', amount: '9007199254740993.01' },
    ]);
  });

  it('tells of the records that are not in a source', async () => {
    expect((await query('SELECT count(*) AS n FROM tx')).err).toBe(`1 row\n${NOT_IN_TX}`);
    expect((await query('SELECT count(*) AS n FROM tx', ['--quiet'])).err).toBe('');
    put(world.root, 'late.jsonl', '{"id":1,"at":"2024-03-01","card":"a"}\n{"id":2,"at":"2024-02-01","card":"a"}\n');
    expect((await query('SELECT count(*) AS n FROM tx', ['--source', 'tx=late.jsonl'])).err).toContain(
      'not in tx: 1 late (',
    );
  });

  it('has every view as a macro of the instant', async () => {
    const { out } = await query("SELECT * FROM card_v1(TIMESTAMP '2024-03-01 10:45') ORDER BY card", [
      '--format',
      'json',
    ]);
    expect(out).toBe('{"card":"a","n":1,"spent":12.50}\n{"card":"b","n":1,"spent":9007199254740993.01}\n');
    expect(await rows("SELECT * FROM last_v1_latest(TIMESTAMP '2024-03-02') ORDER BY card")).toMatchObject([
      { card: 'a', id: 4 },
      { card: 'b', id: 2 },
    ]);
  });

  it('reads only the sources that the query needs, however it names them', async () => {
    expect(await rows("SELECT count(*) AS n FROM query('FROM ' || 't' || 'x')")).toEqual([{ n: 3 }]);
    for (const sql of ['SELECT count(*) FROM gone', "SELECT * FROM gone_v1(TIMESTAMP '2024-01-01')"]) {
      expect(await query(sql)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('error[FSC7102]') });
    }
    expect((await rows('SHOW TABLES')).length).toBe(5);
  });

  it('has a stream without records as an empty relation, and says of a source without any data that it has none', async () => {
    expect(await rows('SELECT count(*) AS n FROM fed')).toEqual([{ n: 0 }]);
    for (const sql of ['FROM nowhere', "FROM nowhere_v1(TIMESTAMP '2024-01-01')"])
      expect(await query(sql)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('error[FSC7009]') });
  });

  it('says that a request has no rows here', async () => {
    const { code, out, err } = await query("SELECT * FROM asked_v1(TIMESTAMP '2024-03-01')", ['--format', 'json']);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('ask is what a caller sends');
  });

  it('reads a source from elsewhere, for this query', async () => {
    put(world.root, 'other.jsonl', '{"id":9,"at":"2024-03-01T10:00:00Z","card":"z"}\n');
    expect(await rows('SELECT id FROM tx', '--source', 'tx=other.jsonl')).toEqual([{ id: 9 }]);
    expect(await rows('SELECT count(*) AS n FROM tx')).toEqual([{ n: 3 }]);
    expect(await query('FROM tx', ['--source', 'tx=-'])).toMatchObject({ code: 2 });
    expect(await query('FROM tx', ['--source', 'tz=a.csv'])).toMatchObject({ code: 2 });
  });

  it('prints a table for people, cut where it is long, and nothing that a terminal obeys', async () => {
    const { out, err } = await query(
      "SELECT 'x' || repeat('y', 100) AS long, '日本' AS wide, chr(27) || '[2J' AS escape, 123456789012 AS number, NULL AS none UNION ALL SELECT 'a', 'b', 'c', 1, NULL",
    );
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^long +wide +escape +number +none$/);
    expect(lines[1]).toBe(`x${'y'.repeat(58)}…  日本  \\u001b[2J  123456789012  null`);
    expect(lines[2]).toBe(`a${' '.repeat(59)}  b     c            ${' '.repeat(9)}1  null`);
    expect(err).toBe('2 rows\n');
    expect((await query('SELECT 1 AS a', ['--quiet'])).err).toBe('');
    expect((await query('EXPLAIN SELECT card FROM tx')).out).toContain('READ_PARQUET');
  });

  it('keeps every digit and instant of any type', async () => {
    const [row] = await rows(
      `SELECT 18446744073709551615::UBIGINT AS u, 170141183460469231731687303715884105727::HUGEINT AS h, 'infinity'::TIMESTAMP AS ever,
        '-infinity'::DATE AS never, 'nan'::DOUBLE AS nan, -'inf'::DOUBLE AS inf, TIMESTAMP_NS '2001-01-01 00:00:00.123456789' AS ns,
        TIMESTAMP '5000-01-01 01:02:03.000001' AS far, TIMESTAMPTZ '2001-01-01 12:00:00+02' AS zoned, INTERVAL '1 month 3.5 seconds' AS i,
        [1, NULL] AS list, {'a': 1.50} AS struct, -0.0::DOUBLE AS zero, 0.1 AS tenth`,
      '--numbers',
      'string',
    );
    expect(row).toEqual({
      u: '18446744073709551615',
      h: '170141183460469231731687303715884105727',
      ever: 'Infinity',
      never: '-Infinity',
      nan: 'NaN',
      inf: '-Infinity',
      ns: '2001-01-01T00:00:00.123456789Z',
      far: '5000-01-01T01:02:03.000001Z',
      zoned: '2001-01-01T10:00:00Z',
      i: '1 month 00:00:03.5',
      list: '[1, NULL]',
      struct: "{'a': 1.50}",
      zero: 0,
      tenth: '0.1',
    });
  });

  it.each([
    ['SELECT nothing FROM tx', 1, 'FSC7350'],
    ['SELCT 1', 1, 'FSC7350'],
    ['SELECT * FROM tz', 1, 'FSC7350'],
    ["SELECT error('x')", 1, 'FSC7350'],
    ["SELECT * FROM read_text('/etc/hostname')", 1, 'FSC7351'],
    ["COPY (SELECT 1) TO '/tmp/fsc-must-not-be'", 1, 'FSC7351'],
    ['CREATE TABLE t (a INTEGER)', 1, 'FSC7351'],
    ['SELECT 1; SELECT 2', 1, 'FSC7351'],
    ['SELECT ?', 1, 'FSC7351'],
    [' -- nothing', 1, 'FSC7351'],
    ['SET threads = 1', 1, 'FSC7351'],
    ['INSERT INTO tx VALUES (1)', 1, 'FSC7351'],
    ['WITH x AS (SELECT 1) INSERT INTO tx SELECT * FROM x', 1, 'FSC7351'],
    ['EXPLAIN INSERT INTO tx VALUES (1)', 1, 'FSC7351'],
    ['/* all */ insert into card_v1 values (1)', 1, 'FSC7351'],
    ["UPDATE tx SET card = 'b'", 1, 'FSC7351'],
    [' -- all\nDELETE FROM tx', 1, 'FSC7351'],
    ['TRUNCATE tx', 1, 'FSC7351'],
    ["COPY tx FROM 'tx.jsonl'", 1, 'FSC7351'],
    ['MERGE INTO tx USING tx AS s ON tx.id = s.id WHEN MATCHED THEN DELETE', 1, 'FSC7351'],
    ['CREATE INDEX i ON tx (id)', 1, 'FSC7351'],
    ['INSERT INTO tx VALUES (', 1, 'FSC7350'],
  ])('refuses %s', async (sql, code, name) => {
    const result = await query(sql);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(`error[${name}]`);
    expect(result.err).not.toContain('    at ');
  });

  it('says how an instant is written', async () => {
    const { code, err } = await query("SELECT * FROM card_v1('2024-03-01')");
    expect(code).toBe(1);
    expect(err).toContain("help: a view takes an instant: card_v1(TIMESTAMP '2024-03-01')");
    for (const argument of ['NULL', '1']) {
      const other = await query(`SELECT * FROM card_v1(${argument})`);
      expect(other.err).toContain("card_v1(TIMESTAMP '2001-03-01 12:00:00')");
      expect(other.err).not.toContain('epoch_us');
    }
    const bare = await query('SELECT * FROM card_v1');
    expect(bare.err).toContain("help: if it is a view, give it an instant: card_v1(TIMESTAMP '2001-03-01 12:00:00')");
  });

  it('refuses two columns of a name where one would be lost', async () => {
    expect(await query('SELECT 1 AS a, 2 AS a')).toMatchObject({ code: 0, out: 'a  a\n1  2\n' });
    for (const args of [
      ['--format', 'json'],
      ['--out', 'x.csv'],
      ['--out', 'x.jsonl'],
    ]) {
      expect(await query('SELECT 1 AS a, 2 AS "A"', args)).toMatchObject({
        code: 1,
        err: expect.stringContaining('FSC7353'),
      });
    }
    expect(existsSync(join(world.root, 'x.csv'))).toBe(false);
  });

  it('reads its text from stdin', async () => {
    expect(await query('-', ['--format', 'json'], { stdin: 'SELECT 7 AS x;\n' })).toMatchObject({
      code: 0,
      out: '{"x":7}\n',
    });
  });

  it('stops a running query at once', async () => {
    const stop = new AbortController();
    const sql = 'SELECT count(*) FROM range(100000000) a, range(1000) b WHERE hash(a.range + b.range) = 3';
    for (const args of [[], ['--out', 'stopped.parquet']]) {
      const own = args.length === 0 ? stop : new AbortController();
      setTimeout(() => own.abort(), 1000);
      const result = await query(sql, args, { signal: own.signal });
      expect(result).toMatchObject({ code: 130, out: '' });
      expect(result.err).toBe('stopped\n');
    }
    expect(readdirSync(world.root).filter((name) => name.includes('stopped'))).toEqual([]);
  });
});

describe('fsc query --out', () => {
  afterEach(() => rmSync(join(world.root, 'out'), { recursive: true, force: true }));

  it('writes Parquet, CSV and JSONL in the order of the query, from where it is called', async () => {
    mkdirSync(join(world.root, 'out'));
    const sql = 'SELECT id, amount, id::HUGEINT AS huge, CAST(amount AS DOUBLE) AS d FROM tx ORDER BY id DESC; -- done';
    for (const name of ['a b.parquet', 'r.csv', 'r.jsonl']) {
      expect(await query(sql, ['--out', name], { cwd: join(world.root, 'out') })).toMatchObject({
        code: 0,
        out: '',
        err: `3 rows written to ${name}\n${NOT_IN_TX}`,
      });
    }
    expect(readdirSync(join(world.root, 'out')).sort()).toEqual(['a b.parquet', 'r.csv', 'r.jsonl']);
    expect(readFileSync(join(world.root, 'out/r.csv'), 'utf8')).toBe(
      'id,amount,huge,d\n4,,4,\n2,9007199254740993.01,2,9007199254740992.0\n1,12.50,1,12.5\n',
    );
    expect(readFileSync(join(world.root, 'out/r.jsonl'), 'utf8').split('\n')[2]).toBe(
      '{"id":1,"amount":12.50,"huge":1,"d":12.5}',
    );
    const session = await openDuckDb({ threads: 1 });
    const file = join(world.root, 'out/a b.parquet');
    const reader = await session.connection.runAndReadAll(`SELECT typeof(huge) AS t, * FROM read_parquet('${file}')`);
    expect(reader.getRowsJson().map((row) => row.slice(0, 3))).toEqual([
      ['DECIMAL(38,0)', '4', null],
      ['DECIMAL(38,0)', '2', '9007199254740993.01'],
      ['DECIMAL(38,0)', '1', '12.50'],
    ]);
    session.close();
  });

  it('leaves what was there where it fails, and nothing else', async () => {
    mkdirSync(join(world.root, 'out'));
    writeFileSync(join(world.root, 'out/r.csv'), 'old');
    const failing = "SELECT CASE WHEN range = 9000 THEN error('late') ELSE 1 END AS x FROM range(10000)";
    for (const name of ['r.csv', 'r.jsonl', 'r.parquet']) {
      expect(await query(failing, ['--out', `out/${name}`])).toMatchObject({ code: 1 });
    }
    expect(readdirSync(join(world.root, 'out'))).toEqual(['r.csv']);
    expect(readFileSync(join(world.root, 'out/r.csv'), 'utf8')).toBe('old');
    for (const [name, code] of [
      ['none/r.csv', 2],
      ['out', 2],
      ['r.txt', 2],
      ['r', 2],
    ] as const) {
      expect(await query('SELECT 1', ['--out', name])).toMatchObject({ code });
    }
    expect(await query('SHOW TABLES', ['--out', 'out/x.csv'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('FSC7351'),
    });
    expect(await query('EXPLAIN SELECT 1', ['--out', 'out/x.csv'])).toMatchObject({ code: 1 });
  });

  it('replaces no file that a source reads, whatever it is called', async () => {
    const path = join(world.root, 'data/tx.jsonl');
    const before = readFileSync(path);
    symlinkSync('tx.jsonl', join(world.root, 'data/link.jsonl'));
    put(world.root, 'data/more-1.csv', 'ts,k\n2024-03-01,x\n');
    const more = ['--source', 'gone=data/more-*.csv'];
    for (const [name, source, ...args] of [
      ['data/tx.jsonl', 'tx'],
      ['./data/../data/tx.jsonl', 'tx'],
      ['data/link.jsonl', 'tx'],
      ['data/more-1.csv', 'gone', ...more],
      ['data/tx.jsonl', 'tx', '--source', 'tx=data/other.jsonl'],
    ] as const) {
      const result = await query('SELECT 1 AS a', ['--out', name, ...args]);
      expect(result).toMatchObject({ code: 2, out: '' });
      expect(result.err).toContain(`error[FSC7010]: cannot write ${name}\n`);
      expect(result.err).toContain(`source \`${source}\` reads it`);
    }
    expect(readFileSync(path)).toEqual(before);
    // It is read by nothing now.
    expect(await query('SELECT 1 AS a', ['--out', 'data/more-1.csv'])).toMatchObject({ code: 0 });
    for (const name of ['data/link.jsonl', 'data/more-1.csv']) rmSync(join(world.root, name));
  });

  it('tells of it as one JSON object', async () => {
    mkdirSync(join(world.root, 'out'));
    expect((await query('SELECT 1 AS x', ['--out', 'out/r.csv', '--format', 'json'])).out).toBe(
      '{"rows":1,"out":"out/r.csv"}\n',
    );
  });
});

describe('the catalogue', () => {
  const ask = (sql: string, file = join(world.root, '.fsc/catalogue.duckdb')): string[][] => {
    const script = `
      import { DuckDBInstance } from '@duckdb/node-api';
      const instance = await DuckDBInstance.create(process.argv[1], { access_mode: 'READ_ONLY' });
      const reader = await (await instance.connect()).runAndReadAll(process.argv[2]);
      console.log(JSON.stringify(reader.getRows().map((row) => row.map(String))));`;
    const args = ['--input-type=module', '-e', script, file, sql];
    return JSON.parse(
      execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as string[][];
  };

  it('is what a notebook opens: what was read is there, what was not says so', async () => {
    await rows('SELECT count(*) FROM tx');
    expect(ask('SELECT count(*) FROM tx')).toEqual([['3']]);
    expect(ask("SELECT card FROM card_v1(TIMESTAMP '2024-03-02') ORDER BY card")).toEqual([['a'], ['b']]);
    expect(() => ask('SELECT * FROM gone')).toThrow();
    await rows('SELECT count(*) FROM fed');
    expect(ask('SELECT (SELECT count(*) FROM fed), (SELECT count(*) FROM tx)')).toEqual([['0', '3']]);
  });

  it('is left alone where nothing changed, and written where something did', async () => {
    await rows('SELECT count(*) FROM tx');
    const file = join(world.root, '.fsc/catalogue.duckdb');
    const before = statSync(file, { bigint: true });
    await rows('SELECT count(*) FROM fed, tx');
    expect(statSync(file, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    put(world.root, 'data/tx.jsonl', `${FILES['data/tx.jsonl']}{"id":5,"at":"2024-03-01T10:51:00Z","card":"c"}\n`);
    expect(await rows('SELECT count(*) AS n FROM tx')).toEqual([{ n: 4 }]);
    expect(statSync(file, { bigint: true }).mtimeNs).not.toBe(before.mtimeNs);
    expect(ask('SELECT count(*) FROM tx')).toEqual([['4']]);
    put(world.root, 'data/tx.jsonl', FILES['data/tx.jsonl']);
  });

  it('is there after a run, unless the run reads a source from elsewhere', async () => {
    const own = project({ ...FILES, 'fsc.json': '{ "sources": { "tx": { "history": "data/tx.jsonl" } } }' });
    rmSync(join(own.root, 'features/gone'), { recursive: true });
    const file = join(own.root, '.fsc/catalogue.duckdb');
    const overridden = await cli(['run', '--mode', 'stream', '--source', 'tx=data/tx.jsonl'], { cwd: own.root });
    expect([overridden.code, existsSync(file)]).toEqual([0, false]);
    rmSync(join(own.root, '.fsc'), { recursive: true });
    expect((await cli(['run', '--mode', 'stream'], { cwd: own.root })).code).toBe(0);
    expect(ask("SELECT card, n FROM card_v1(TIMESTAMP '2024-03-01 10:45') ORDER BY card", file)).toEqual([
      ['a', '1'],
      ['b', '1'],
    ]);
    own.remove();
  });

  it('has what the archive kept of stdin', async () => {
    const fed = project({ ...FILES, 'features/fed/v1.sql': 'SELECT k, count(*) AS n FROM fed GROUP BY k' });
    const stdin = Readable.from([Buffer.from('{"ts":"2024-01-01T00:00:00Z","k":"x"}\n')]);
    rmSync(join(fed.root, 'features/gone'), { recursive: true });
    const run = await cli(['run', '--mode', 'stream'], { cwd: fed.root, stdin });
    expect({ code: run.code, err: run.code === 0 ? '' : run.err }).toEqual({ code: 0, err: '' });
    const result = await cli(['query', 'SELECT k FROM fed', '--format', 'json'], { cwd: fed.root });
    fed.remove();
    expect(result).toMatchObject({ code: 0, out: '{"k":"x"}\n' });
  });
});
