/** `--engine postgres`, as pipelines see it: the same rows as the other engines, in their order. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitPostgresDataset } from '../../compiler/backends/sql/postgres-dataset.ts';
import { createTable } from '../../runtime/engines/postgres/tables.ts';
import { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import { cli, jsonLines, project } from '../cli/in-process.ts';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { planned } from '../sql/stock-duckdb.ts';

const FILES = {
  'features/sources/payments.sql': `-- @event_time paid_at
-- @lateness 10 minutes
-- @known_time known_at
CREATE TABLE payments (
  id      bigint        NOT NULL PRIMARY KEY,
  paid_at timestamptz   NOT NULL,
  card    text          NOT NULL,
  shop    text,
  amount  decimal(12,2),
  rate    double precision
);
`,
  'features/spend/v1.sql': `SELECT card, count(*) AS n, sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS hour,
  avg(rate) AS rate, max(paid_at) AS newest, (array_agg(shop ORDER BY paid_at DESC, id DESC))[1] AS last_shop
FROM payments WHERE paid_at > now() - INTERVAL '1 day' GROUP BY card
`,
  'features/latest/v1.sql': `SELECT card, shop, amount, lag(amount) OVER (PARTITION BY card ORDER BY paid_at, id) AS before,
  max(rate) OVER (PARTITION BY card ORDER BY paid_at RANGE BETWEEN INTERVAL '2 hours' PRECEDING AND CURRENT ROW) AS top
FROM payments
`,
  'features/sources/request.sql': `-- @kind request
CREATE TABLE request (card text NOT NULL, other text, amount decimal(12,2));
`,
  'features/risk/v1.sql': `SELECT r.card AS card, coalesce(a.n, 0) AS mine, b.n AS others, r.amount > a.hour AS more, l.shop AS shop
FROM request r LEFT JOIN spend_v1 a ON a.card = r.card LEFT JOIN spend_v1 b ON b.card = upper(r.other) LEFT JOIN latest_v1 l ON l.card = r.card
`,
  'labels.jsonl': [
    '{"card":"a","other":"b","amount":1.5,"as_of":"2001-01-01T01:00:00Z","id":3,"note":"x\\ty"}',
    '{"card":"B","other":null,"amount":null,"as_of":"2001-01-01T02:00:00Z","id":null,"note":null}',
    '{"card":"a","other":"b","amount":1000,"as_of":"2001-01-01T01:00:00Z","id":2,"note":"again"}',
    '{"card":"nobody","other":"A","amount":1,"as_of":"2001-01-01T03:00:00Z","id":1,"note":""}',
    '{"card":null,"other":"A","amount":1,"as_of":"2001-01-01T03:00:00Z","id":1,"note":"\\\\N"}',
    '{"card":"a","other":"a","amount":1,"as_of":"2001-01-03T03:00:00Z","id":1,"note":"é😀"}',
    '',
  ].join('\n'),
  'events.jsonl': [
    '{"id":1,"paid_at":"2001-01-01T00:30:00Z","known_at":"2001-01-01T00:30:00Z","card":"a","shop":"s\\\\1","amount":10.25,"rate":0.1}',
    '{"id":2,"paid_at":"2001-01-01T01:00:00Z","known_at":"2001-01-01T01:00:01Z","card":"a","shop":"z","amount":-3,"rate":"NaN"}',
    '{"id":3,"paid_at":"2001-01-01T01:00:00Z","known_at":"2001-01-01T01:00:00Z","card":"a","shop":null,"amount":9999999999.99,"rate":null}',
    '{"id":4,"paid_at":"2001-01-01T01:59:59.999999Z","known_at":"2001-01-01T02:00:00Z","card":"B","shop":"\\t","amount":null,"rate":2}',
    '{"id":4,"paid_at":"2001-01-01T01:59:59.999999Z","known_at":"2001-01-01T02:00:00Z","card":"B","shop":"twice","amount":1,"rate":2}',
    '{"id":5,"paid_at":"2001-01-01T00:10:00Z","known_at":"2001-01-01T02:00:00Z","card":"B","shop":"late","amount":1,"rate":2}',
    '{"id":6,"paid_at":"2001-01-01T02:00:00Z","known_at":"2001-01-01T09:00:00Z","card":"B","shop":"x","amount":1,"rate":"Infinity"}',
    'no json',
    '',
  ].join('\n'),
};

let server: PostgresServer;
let database: PostgresConnection;
beforeAll(async () => {
  server = await startPostgres();
  database = await server.connect();
  // What stands under the names of sources and functions in the database is none of the engine's business.
  await database.query(`CREATE TABLE payments (nothing int); CREATE FUNCTION public.count(text) RETURNS int LANGUAGE sql AS 'SELECT 7';
CREATE TABLE history (id int, paid_at timestamp, known_at timestamp, card text, shop text, amount numeric, rate real);
INSERT INTO history VALUES (1, '2001-01-01 00:30', '2001-01-01 00:30', 'a', 's\\1', 10.25, 0.5), (2, '2001-01-01 01:00', '2001-01-01 01:00:01', 'a', 'z', -3, 'NaN'),
  (3, '2001-01-01 01:00', '2001-01-01 01:00', 'a', NULL, 9999999999.99, NULL), (4, '2001-01-01 01:59:59.999999', '2001-01-01 02:00', 'B', E'\\t', NULL, 2)`);
}, 60_000);
afterAll(async () => {
  await database.close();
  await server.stop();
});

let made: ReturnType<typeof project> | null = null;
afterEach(() => {
  made?.remove();
  made = null;
});

function start(history: string) {
  const fscJson = JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { payments: { history } } });
  made = project({ ...FILES, 'fsc.json': fscJson });
  const cwd = made.root;
  return { cwd, run: (...args: string[]) => cli(args, { cwd, env: { DATABASE_URL: server.url } }) };
}

describe.each(['events.jsonl', 'postgres:history'])('over %s', (history) => {
  it.each(['csv', 'jsonl', 'parquet'])('run --out FILE.%s gives the rows that DuckDB gives', async (format) => {
    const { cwd, run } = start(history);
    for (const engine of ['duckdb', 'postgres']) {
      const out = `${engine}-{view}.${format}`;
      const args = ['run', '--mode', 'batch', '--as-of', '2001-01-01 02:00', '--engine', engine, '--out', out];
      const { code, err } = await run(...args, '--format', 'json');
      expect(code, err).toBe(0);
    }
    for (const view of ['spend_v1', 'latest_v1']) {
      const [one, other] = ['duckdb', 'postgres'].map((engine) =>
        readFileSync(join(cwd, `${engine}-${view}.${format}`)),
      );
      expect(one!.length).toBeGreaterThan(20);
      if (format !== 'parquet') expect(String(other)).toBe(String(one));
      else expect(other!.subarray(0, 4).toString()).toBe('PAR1');
    }
  });

  const sets = [
    ['--ties', 'include'],
    ['--ties', 'exclude'],
    ['--ties', 'include', '--known-to', 'label'],
    ['--ties', 'exclude', '--known-to', 'label'],
    ['--ties', 'include', '--known-to', '2001-01-01 01:30'],
  ];
  it.each(sets.map((flags) => [flags]))(
    'dataset %j gives the rows that replay gives, in the labels’ order',
    async (flags) => {
      const { run } = start(history);
      const args = [
        'dataset',
        '--labels',
        'labels.jsonl',
        '--view',
        'spend_v1',
        '--view',
        'risk_v1',
        '--view',
        'latest_v1',
        '--qualified',
        '--allow-open',
        '--out',
        '-',
        '--format',
        'json',
      ];
      const results = [];
      for (const engine of ['replay', 'postgres']) {
        const { code, out, err } = await run(...args, '--engine', engine, ...flags);
        expect(code, err).toBe(0);
        const { tiedLabels, labels, rows } = JSON.parse(
          err.split('\n').find((line) => line.startsWith('{"labels"')) ?? '',
        ) as Record<string, unknown>;
        results.push({ rows: jsonLines(out), counts: { tiedLabels, labels, rows } });
      }
      const [replay, postgres] = results;
      expect(replay!.rows.map((row) => row.note)).toEqual(['x\ty', null, 'again', '', '\\N', 'é😀']);
      expect(postgres).toEqual(replay);
    },
  );
});

it('a source may be called as a type is', async () => {
  made = project({
    'fsc.json': JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { date: { history: 'e.jsonl' } } }),
    'features/sources/date.sql': `-- @event_time ts
CREATE TABLE date (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, k text NOT NULL, day date);
`,
    'features/days/v1.sql': 'SELECT k, max(day) AS newest, CAST(max(ts) AS date) AS last_day FROM date GROUP BY k\n',
    'e.jsonl': '{"id":1,"ts":"2001-01-01T12:00:00","k":"a","day":"2001-01-02"}\n',
  });
  const env = { DATABASE_URL: server.url };
  for (const engine of ['duckdb', 'postgres']) {
    const args = [
      'run',
      '--mode',
      'batch',
      '--as-of',
      '2001-01-03',
      '--out',
      '-',
      '--engine',
      engine,
      '--format',
      'json',
    ];
    const { code, out, err } = await cli(args, { cwd: made.root, env });
    expect([code, jsonLines(out)], err).toEqual([0, [{ k: 'a', newest: '2001-01-02', last_day: '2001-01-01' }]]);
  }
});

it('a request view that joins nothing is computed alone', async () => {
  made = project({
    ...FILES,
    'fsc.json': JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { payments: { history: 'events.jsonl' } } }),
    'features/risk/v1.sql': 'SELECT r.card, r.amount * 2 AS twice FROM request r\n',
    'labels.jsonl': '{"card":"a","amount":1.5,"as_of":"2001-01-01T01:30:00Z"}\n',
  });
  for (const engine of ['replay', 'duckdb', 'postgres']) {
    const args = ['dataset', '--labels', 'labels.jsonl', '--view', 'risk_v1', '--engine', engine, '--out', '-'];
    const { code, out, err } = await cli([...args, '--format', 'json'], {
      cwd: made.root,
      env: { DATABASE_URL: server.url },
    });
    expect([code, jsonLines(out)], err).toMatchObject([0, [{ twice: 3 }]]);
  }
});

it('a request has a date of the year 0 as it was given', async () => {
  made = project({
    ...FILES,
    'fsc.json': JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { payments: { history: 'events.jsonl' } } }),
    'features/sources/request.sql': '-- @kind request\nCREATE TABLE request (card text NOT NULL, born date);\n',
    'features/risk/v1.sql':
      'SELECT r.card AS card, r.born AS day, a.n AS mine FROM request r LEFT JOIN spend_v1 a ON a.card = r.card\n',
    'labels.jsonl': '{"card":"a","born":"0000-02-29","as_of":"2001-01-01T01:30:00Z"}\n',
  });
  for (const engine of ['replay', 'postgres']) {
    const args = ['dataset', '--labels', 'labels.jsonl', '--view', 'risk_v1', '--engine', engine, '--out', '-'];
    const { code, out, err } = await cli([...args, '--format', 'json'], {
      cwd: made.root,
      env: { DATABASE_URL: server.url },
    });
    expect([code, jsonLines(out)], err).toMatchObject([0, [{ day: '0000-02-29' }]]);
  }
});

it('ties are counted and not decided', async () => {
  const { run } = start('events.jsonl');
  const args = ['dataset', '--labels', 'labels.jsonl', '--view', 'spend_v1', '--out', 'x.csv', '--allow-open'];
  const told = [];
  for (const engine of ['replay', 'postgres']) {
    const { code, err } = await run(...args, '--engine', engine);
    expect([code, err]).toEqual([1, expect.stringContaining('FSC7014')]);
    told.push(/FSC7014.*/.exec(err)?.[0]);
  }
  expect(told[1]).toBe(told[0]);
});

it("an index over the entity serves each label, whatever the database's collation", async () => {
  const view = planned('count(*) AS c');
  const session = await PostgresSession.open(server.url, 'READ WRITE');
  await session.run('SET LOCAL search_path = public');
  await createTable(session, 'labels', [
    { name: 'ordinal', type: { kind: 'bigint' } },
    { name: 'at', type: { kind: 'timestamp' } },
    { name: 'usr', type: { kind: 'text', maxLength: null } },
  ]);
  await createTable(session, 'events', view.kind === 'request' ? [] : view.source.columns);
  await session.run('COMMIT');
  await session.close();
  const sql = emitPostgresDataset(
    {
      labels: { relation: 'labels', ordinal: 'ordinal', instant: 'at' },
      source: (name) => `public.${name}`,
      features: [{ view, ordinal: 1, name: 'c' }],
      ties: 'include',
      ownEvents: new Set(),
      tied: 'tied',
      knownTime: null,
    },
    FUNCTIONS,
  );
  await database.query('CREATE INDEX ON events (usr, ts); SET enable_seqscan = off');
  const { rows } = await database.query(`EXPLAIN ${sql}`);
  await database.query('RESET enable_seqscan; DROP TABLE events, labels');
  expect(rows.join('\n')).toContain('Index Cond: ((usr = l.usr) AND (ts <= l.at))');
});

it('what is too wide for a SELECT is told before anything is copied', async () => {
  const counts = (n: number): string => Array.from({ length: n }, (_, i) => `count(shop) + ${i} AS f${i}`).join(', ');
  const made = project({
    ...FILES,
    'features/wide/v1.sql': `SELECT card, ${counts(1664)} FROM payments GROUP BY card\n`,
    'features/half/v1.sql': `SELECT card, ${counts(1000).replaceAll('AS f', 'AS g')} FROM payments GROUP BY card\n`,
    'features/other/v1.sql': `SELECT card, ${counts(664).replaceAll('AS f', 'AS h')} FROM payments GROUP BY card\n`,
    'fsc.json': JSON.stringify({ postgres: server.url, sources: { payments: { history: 'events.jsonl' } } }),
  });
  const refused = async (args: readonly string[]): Promise<void> => {
    const { code, err } = await cli([...args, '--engine', 'postgres'], { cwd: made.root });
    expect([code, err]).toEqual([1, expect.stringContaining('FSC7365')]);
  };
  try {
    await refused(['run', '--mode', 'batch', '--view', 'wide_v1', '--out', 'w.csv', '--as-of', '2001-01-02']);
    const labels = ['dataset', '--labels', 'labels.jsonl', '--ties', 'include', '--out', 'd.csv'];
    await refused([...labels, '--view', 'half_v1', '--view', 'other_v1']);
  } finally {
    made.remove();
  }
});

it('a server that is away is worth another try; one that is not configured is not', async () => {
  const { cwd } = start('events.jsonl');
  const args = ['run', '--mode', 'batch', '--view', 'spend_v1', '--out', 'x.csv', '--engine', 'postgres'];
  const away = await cli(args, { cwd, env: { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:9/x' } });
  expect(away.code).toBe(3);
  expect(away.err).not.toContain('hunter2');
});

describe('fsc test', () => {
  const given = `{ id: 1, paid_at: 2001-01-01 00:30, card: a, shop: 's\\1', amount: 10.25, rate: 0.1 }
      - { id: 2, paid_at: 2001-01-01 01:00, card: a, shop: z, amount: -3, rate: .nan }
      - { id: 3, paid_at: 2001-01-01 01:00, card: a, amount: 9999999999.99 }
      - { id: 4, paid_at: 2001-01-01 01:05, card: B, amount: 2, rate: 2 }`;
  const tests = `
- name: aggregates
  view: spend_v1
  given:
    payments:
      - ${given}
  expect:
    - { as_of: 2000-12-31, rows: [] }
    - as_of: 2001-01-01 01:05
      rows:
        - { card: a, n: 3, hour: 10000000007.24, rate: .nan, newest: 2001-01-01 01:00, last_shop: null }
        - { card: B, n: 1, hour: 2, rate: 2 }
    - { as_of: 2001-01-02 01:00, rows: [{ card: B, n: 1, hour: null }] }
- name: rows
  view: latest_v1
  given:
    payments:
      - ${given}
  expect:
    - as_of: 2001-01-01 03:00
      rows: [{ card: a, shop: null, amount: 9999999999.99, before: -3, top: .nan }, { card: B, before: null, top: 2 }]
- name: what a caller sends
  view: risk_v1
  given:
    payments:
      - ${given}
    request: [{ card: a, other: b, amount: 1 }, { card: nobody, other: null, amount: 1 }]
  expect:
    - as_of: 2001-01-01 01:05
      rows: [{ card: a, mine: 3, others: 1, more: false, shop: null }, { card: nobody, mine: 0, others: null, more: null }]
`;
  const ofPostgres = ['Postgres', 'dataset by Postgres'];

  function startWith(text: string) {
    const { cwd } = start('events.jsonl');
    mkdirSync(join(cwd, 'features/spend/tests'), { recursive: true });
    writeFileSync(join(cwd, 'features/spend/tests/a.yaml'), text);
    return (url: string) => cli(['test', '--format', 'json'], { cwd, env: { DATABASE_URL: url } });
  }

  it('runs in the configured database too', async () => {
    const { code, out, err } = await startWith(tests)(server.url);
    expect(jsonLines(out).flatMap(({ failures }) => failures)).toEqual([]);
    expect(code, err).toBe(0);
    const machines = jsonLines(out).map((result) => result.machines);
    expect(machines).toHaveLength(3);
    for (const names of machines) expect(names).toEqual(expect.arrayContaining(ofPostgres));
  });

  it('tells what the database says to what is not so', async () => {
    const { code, out } = await startWith(tests.replace('card: B, n: 1, hour: 2,', 'card: B, n: 1, hour: 3,'))(
      server.url,
    );
    expect(code).toBe(1);
    const failures = jsonLines(out).flatMap((result) => result.failures) as Record<string, unknown>[];
    for (const machine of ofPostgres) {
      const told = failures.filter((failure) => failure.machine === machine);
      expect(told).toEqual([expect.objectContaining({ column: 'hour', expected: '3.00', actual: '2.00' })]);
    }
  });

  it('waits for no database that is away', async () => {
    const { code, err } = await startWith(tests)('postgres://me:hunter2@127.0.0.1:9/x');
    expect([code, err]).toEqual([3, expect.stringContaining('FSC7360')]);
  });
});
