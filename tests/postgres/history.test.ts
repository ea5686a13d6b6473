/** `postgres:TABLE` as history, as pipelines see it, over a real server. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import { cli, jsonLines, project, put } from '../cli/in-process.ts';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';

const SOURCE = `-- @event_time paid_at
CREATE TABLE payments (
  id      bigint        NOT NULL PRIMARY KEY,
  paid_at timestamp     NOT NULL,
  card    text          NOT NULL,
  amount  decimal(12,2) CHECK (amount <> 0),
  rate    double precision,
  seen    timestamptz,
  day     date,
  small   smallint,
  ok      boolean
);
`;
const VIEW = `SELECT card, count(*) AS n, sum(amount) AS total, max(rate) AS top, max(seen) AS seen, max(day) AS day,
  sum(small) AS smalls, count(*) FILTER (WHERE ok) AS oks
FROM payments
WHERE paid_at > now() - INTERVAL '30 days'
GROUP BY card
`;
const TABLE = `CREATE SCHEMA "My Data";
CREATE TYPE "My Data".kind AS ENUM ('b', 'a');
CREATE DOMAIN "My Data".short AS varchar(20); CREATE DOMAIN "My Data".card AS "My Data".short;
CREATE TABLE "My Data"."Payments" (id integer, paid_at timestamptz, card "My Data".card, amount numeric, rate real, seen timestamp, day date,
  small bigint, ok boolean, other jsonb);
INSERT INTO "My Data"."Payments" VALUES
  (3, '2001-01-01 12:00:00.000001+09', 'é''\\\t', 3.10, 0.1, '2001-01-01', '2001-01-02', 4, true, '{}'),
  (1, '2001-01-01 02:00+00', 'a', 12345678.90, 'NaN', '1999-12-31 23:59:59.999999', NULL, 32767, false, NULL),
  (1, '2001-01-01 02:00+00', 'a', 12345678.80, 'NaN', NULL, NULL, NULL, NULL, NULL),
  (2, '2001-01-01 02:00+00', 'a', NULL, '-Infinity', NULL, NULL, NULL, NULL, NULL),
  (4, '2001-01-02 02:00+00', 'a', 0, 1, NULL, NULL, NULL, NULL, NULL),
  (5, '2001-01-02 02:00+00', 'a', 1.234, 1, NULL, NULL, NULL, NULL, NULL),
  (6, '2001-01-02 02:00+00', 'a', 1, 1, NULL, NULL, 40000, NULL, NULL),
  (7, 'infinity', 'a', 1, 1, NULL, NULL, 4, NULL, NULL),
  (8, '1969-01-02 02:00+00', 'a', 1, 1, NULL, NULL, 4, NULL, NULL),
  (9, NULL, 'a', 1, 1, NULL, NULL, 4, NULL, NULL)`;
const ROWS = [
  { card: 'a', n: 2, total: 12345678.8, top: 'NaN', seen: null, day: null, smalls: null, oks: 0 },
  {
    card: "é'\\\t",
    n: 1,
    total: 3.1,
    top: 0.10000000149011612,
    seen: '2001-01-01T00:00:00Z',
    day: '2001-01-02',
    smalls: 4,
    oks: 1,
  },
];

let server: PostgresServer;
let database: PostgresConnection;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  server = await startPostgres();
  database = await server.connect();
  env = { DATABASE_URL: server.url };
  // None of it may decide a value.
  const name = new URL(server.url).pathname.slice(1);
  await database.query(
    `ALTER DATABASE "${name}" SET DateStyle = 'SQL, DMY'; ALTER DATABASE "${name}" SET TimeZone = 'Asia/Tokyo'`,
  );
}, 60_000);
afterAll(async () => {
  await database.close();
  await server.stop();
});

let made: ReturnType<typeof project> | null = null;
afterEach(async () => {
  made?.remove();
  made = null;
  await database.query('DROP SCHEMA IF EXISTS "My Data" CASCADE');
});

function projectOver(history: unknown, source = SOURCE, view = VIEW): string {
  made = project({
    'fsc.json': JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { payments: { history } } }),
    'features/sources/payments.sql': source,
    'features/spend/v1.sql': view,
  });
  return made.root;
}

/** Until a statement of fsc's runs that is like this. */
async function runs(asker: PostgresConnection, like: string): Promise<void> {
  for (;;) {
    const { rows } = await asker.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'fsc' AND state = 'active' AND query LIKE '${like}'`,
    );
    if (rows.length > 0) return;
    await pause(5);
  }
}

const LOCATION = 'postgres:My Data.Payments';
const AS_OF = '2001-01-03';
const batchOut = ['run', '--mode', 'batch', '--as-of', AS_OF, '--out', '-', '--format', 'json'];

describe('a table as history', () => {
  it('is read by run --out, with its verdicts', async () => {
    await database.query(TABLE);
    const cwd = projectOver(LOCATION);
    const { code, out, err } = await cli(batchOut, { cwd, env });
    expect(err).not.toContain(server.url);
    expect(code, err).toBe(0);
    expect(jsonLines(out)).toEqual(ROWS);
    const summary = jsonLines(
      err
        .split('\n')
        .filter((line) => line.startsWith('{"mode"'))
        .join('\n'),
    )[0];
    expect(summary).toMatchObject({
      events: { read: 10, accepted: 3, duplicate: 1, late: 0, quarantined: 6 },
      quarantine: { malformed: 4, constraint: 1, range: 1 },
    });
  });

  it('is read by run --to online, get, verify, query and dataset alike', async () => {
    await database.query(TABLE);
    const cwd = projectOver(LOCATION);
    const run = await cli(['run', '--mode', 'batch', '--to', 'online', '--as-of', AS_OF], { cwd, env });
    expect(run.code, run.err).toBe(0);
    const all = await cli(['get', 'spend_v1', '--all', '--as-of', AS_OF, '--format', 'json'], { cwd, env });
    expect(jsonLines(all.out).sort((a, b) => String(a.card).localeCompare(String(b.card)))).toEqual(ROWS);
    const verify = await cli(['verify', '--as-of', AS_OF], { cwd, env });
    expect(verify.code, verify.err).toBe(0);
    const query = await cli(
      ['query', `SELECT * FROM spend_v1(TIMESTAMP '${AS_OF}') ORDER BY card`, '--format', 'json'],
      {
        cwd,
        env,
      },
    );
    expect(jsonLines(query.out)).toEqual(ROWS);
    put(cwd, 'labels.jsonl', `{"card":"a","as_of":"${AS_OF}"}\n{"card":"none","as_of":"${AS_OF}"}\n`);
    for (const engine of ['replay', 'duckdb']) {
      const args = ['dataset', '--labels', 'labels.jsonl', '--view', 'spend_v1', '--out', '-', '--engine', engine];
      const set = await cli(args, { cwd, env });
      expect(set.code, set.err).toBe(0);
      expect(jsonLines(set.out).map((row) => [row.card, row.total, row.top])).toEqual([
        ['a', 12345678.8, 'NaN'],
        ['none', null, null],
      ]);
    }
  });

  it('goes on from where it was, takes what is new behind it, and stops where something came before', async () => {
    await database.query(TABLE);
    const cwd = projectOver(LOCATION);
    const online = (asOf: string) =>
      cli(['run', '--mode', 'batch', '--to', 'online', '--as-of', asOf, '--format', 'json'], { cwd, env });
    expect(jsonLines((await online('2001-01-01 01:00')).out)[0]).toMatchObject({ events: { accepted: 0 } });
    expect(jsonLines((await online('2001-01-03')).out)[0]).toMatchObject({ events: { accepted: 3 } });
    await database.query(
      `DELETE FROM "My Data"."Payments" WHERE id > 4; INSERT INTO "My Data"."Payments" (id, paid_at, card, amount) VALUES (20, '2001-01-05', 'a', 5)`,
    );
    const changed = await online('2001-01-06');
    expect([changed.code, changed.err]).toEqual([1, expect.stringContaining('FSC7104')]);
  });

  describe('changed where it was consumed, at an instant that it had already,', () => {
    const source = `-- @event_time paid_at\nCREATE TABLE payments (id text NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, amount decimal(12,2));\n`;
    const view = 'SELECT card, count(*) AS n, sum(amount) AS total FROM payments GROUP BY card\n';
    const table = `CREATE SCHEMA "My Data"; CREATE TABLE "My Data"."Payments" (id text, paid_at timestamp, card text, amount numeric);
INSERT INTO "My Data"."Payments" VALUES ('k', '2001-01-01 09:00', 'c', 1), ('m', '2001-01-01 10:00', 'c', 2), ('n', '2001-01-01 10:00', 'c', NULL)`;
    const run = (cwd: string, stdin?: string) =>
      cli(['run', '--mode', 'stream', '--format', 'json'], { cwd, env, ...(stdin === undefined ? {} : { stdin }) });
    const changes = [
      ['a row before the last one', `INSERT INTO "My Data"."Payments" VALUES ('b', '2001-01-01 10:00', 'c', 10)`],
      ['a lesser row of one identity', `INSERT INTO "My Data"."Payments" VALUES ('m', '2001-01-01 10:00', 'c', 1)`],
      ['another value', `UPDATE "My Data"."Payments" SET amount = 20 WHERE id = 'm'`],
      ['another last value', `UPDATE "My Data"."Payments" SET amount = 20 WHERE id = 'n'`],
      ['a value that is none', `UPDATE "My Data"."Payments" SET amount = 1.234 WHERE id = 'n'`],
    ] as const;

    it.each(changes)('%s stops the run', async (_, sql) => {
      await database.query(table);
      const cwd = projectOver(LOCATION, source, view);
      expect(jsonLines((await run(cwd)).out)[0]).toMatchObject({ events: { read: 3, accepted: 3 } });
      await database.query(sql);
      const { code, err } = await run(cwd);
      expect([code, err]).toEqual([1, expect.stringMatching(/FSC7104.*rows.*"help":"put the rows back/)]);
      expect(err).not.toContain('file');
    });

    it.each(changes)('%s stops the run after a stream has begun', async (_, sql) => {
      await database.query(table);
      const cwd = projectOver(LOCATION, source, view);
      const sources = { payments: { history: LOCATION, stream: '-' } };
      put(cwd, 'fsc.json', JSON.stringify({ postgres: `\${DATABASE_URL}`, sources }));
      const first = await run(cwd, '{"id":"z","paid_at":"2001-01-01T10:01:00Z","card":"c","amount":1}\n');
      expect(first.code, first.err).toBe(0);
      await database.query(sql);
      const { code, err } = await run(cwd, '');
      expect([code, err]).toEqual([1, expect.stringContaining('FSC7104')]);
    });

    it('but not by what reads as the same values, or comes behind', async () => {
      await database.query(table);
      const cwd = projectOver(LOCATION, source, view);
      await run(cwd);
      await database.query(
        `ALTER TABLE "My Data"."Payments" ALTER amount TYPE numeric(20,5), ALTER card TYPE varchar(9), ADD note text DEFAULT 'x';
INSERT INTO "My Data"."Payments" VALUES ('o', '2001-01-01 10:00', 'c', 10)`,
      );
      expect(jsonLines((await run(cwd)).out)[0]).toMatchObject({ events: { read: 1, accepted: 1 } });
      const row = await cli(['get', 'spend_v1', 'card=c', '--format', 'json', '--as-of', AS_OF], { cwd, env });
      expect(jsonLines(row.out)).toEqual([{ card: 'c', n: 4, total: 13 }]);
    });
  });

  it('is read on behind rows whose event time is none, which are told once', async () => {
    await database.query(`CREATE SCHEMA "My Data"; CREATE TABLE "My Data"."Payments" (id bigint, paid_at timestamptz, card text);
INSERT INTO "My Data"."Payments" VALUES (1, '2001-01-01 09:00+00', 'c'), (2, NULL, 'c'), (3, 'infinity', 'c'), (4, '2300-01-01', 'c'), (5, '-infinity', 'c'), (6, '1960-01-01', 'c')`);
    const source = `-- @event_time paid_at\nCREATE TABLE payments (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL);\n`;
    const cwd = projectOver(LOCATION, source, 'SELECT card, count(*) AS n FROM payments GROUP BY card\n');
    const run = async (...more: string[]) => {
      const { code, out, err } = await cli(['run', '--mode', 'stream', '--format', 'json', ...more], { cwd, env });
      expect(code, err).toBe(0);
      return jsonLines(out)[0]?.events;
    };
    const listed = async () =>
      jsonLines((await cli(['quarantine', 'list', '--format', 'json'], { cwd, env })).out).map(
        ({ text }) => JSON.parse(String(text)).id,
      );
    expect(await run()).toMatchObject({ read: 6, accepted: 1, quarantined: 5 });
    await database.query(`INSERT INTO "My Data"."Payments" VALUES (7, '2001-01-02 09:00+00', 'c')`);
    expect(await run()).toMatchObject({ read: 1, accepted: 1, quarantined: 0 });
    await database.query(
      `INSERT INTO "My Data"."Payments" VALUES (0, NULL, 'c'), (8, '2001-01-03 09:00+00', 'c'); UPDATE "My Data"."Payments" SET paid_at = '2001-01-04' WHERE id = 4`,
    );
    expect(await run()).toMatchObject({ read: 3, accepted: 2, quarantined: 1 });
    expect(await run()).toMatchObject({ read: 0 });
    expect((await listed()).sort()).toEqual(['0', '2', '3', '4', '5', '6']);
    const verify = await cli(['verify'], { cwd, env });
    expect(verify.code, verify.err).toBe(0);
    // A new view is built as far as the others have come, and no further.
    await database.query(`INSERT INTO "My Data"."Payments" VALUES (9, '2001-01-05 09:00+00', 'c'), (10, NULL, 'c')`);
    put(cwd, 'features/spend/v2.sql', 'SELECT card, count(*) AS n FROM payments GROUP BY card\n');
    expect(await run()).toMatchObject({ read: 2, accepted: 1, quarantined: 1 });
    for (const view of ['spend_v1', 'spend_v2']) {
      const row = await cli(['get', view, 'card=c', '--format', 'json', '--as-of', '2001-01-06'], { cwd, env });
      expect(jsonLines(row.out)).toEqual([{ card: 'c', n: 5 }]);
    }
    expect(await run('--rebuild')).toMatchObject({ read: 11, accepted: 5, quarantined: 6 });
    expect((await listed()).sort()).toEqual(['0', '10', '2', '3', '5', '6']);
  });

  it('may not grow once the stream has begun after it', async () => {
    await database.query(TABLE);
    const cwd = projectOver(LOCATION);
    const sources = { payments: { history: LOCATION, stream: '-' } };
    put(cwd, 'fsc.json', JSON.stringify({ postgres: `\${DATABASE_URL}`, sources }));
    const stream = (stdin: string) => cli(['run', '--mode', 'stream'], { cwd, env, stdin });
    const first = await stream('{"id":30,"paid_at":"2001-01-04T00:00:00Z","card":"a","amount":1}\n');
    expect(first.code, first.err).toBe(0);
    const second = await stream('{"id":31,"paid_at":"2001-01-04T00:01:00Z","card":"a","amount":1}\n');
    expect(second.code, second.err).toBe(0);
    await database.query(
      `INSERT INTO "My Data"."Payments" (id, paid_at, card, amount) VALUES (20, '2001-01-05', 'a', 5)`,
    );
    const third = await stream('');
    expect([third.code, third.err]).toEqual([1, expect.stringContaining('FSC7104')]);
  });

  it('may not grow then where it was empty either', async () => {
    await database.query(`${TABLE.split('INSERT')[0]}`);
    const cwd = projectOver(LOCATION);
    const sources = { payments: { history: LOCATION, stream: '-' } };
    put(cwd, 'fsc.json', JSON.stringify({ postgres: `\${DATABASE_URL}`, sources }));
    const stream = (stdin: string) => cli(['run', '--mode', 'stream'], { cwd, env, stdin });
    for (const id of [30, 31]) {
      const run = await stream(`{"id":${id},"paid_at":"2001-01-04T00:00:00Z","card":"a","amount":1}\n`);
      expect(run.code, run.err).toBe(0);
    }
    await database.query(
      `INSERT INTO "My Data"."Payments" (id, paid_at, card, amount) VALUES (20, '2001-01-01', 'a', 5)`,
    );
    const third = await stream('');
    expect([third.code, third.err]).toEqual([1, expect.stringContaining('FSC7104')]);
  });

  it('is kept under the checksum of the very rows that were read, however often others take rows away and put them back', async () => {
    await database.query(TABLE);
    // Reading takes long enough to be met.
    await database.query(`CREATE VIEW "My Data"."Slow" AS
      SELECT p.* FROM "My Data"."Payments" AS p CROSS JOIN (SELECT pg_sleep(1) OFFSET 0) AS wait`);
    const cwd = projectOver(LOCATION.replace('Payments', 'Slow'));
    const reading = cli(batchOut, { cwd, env });
    const other = await server.connect();
    try {
      await runs(other, '%hashtextextended%');
      await other.query(
        `CREATE TABLE "My Data".away AS SELECT * FROM "My Data"."Payments" WHERE id = 3; DELETE FROM "My Data"."Payments" WHERE id = 3`,
      );
      await runs(other, 'COPY%');
      await other.query(`INSERT INTO "My Data"."Payments" SELECT * FROM "My Data".away`);
    } finally {
      await other.close();
    }
    const first = await reading;
    expect([first.code, jsonLines(first.out)], first.err).toEqual([0, ROWS]);
    expect(jsonLines((await cli(batchOut, { cwd, env })).out)).toEqual(ROWS);
  });

  it('refuses an integer that its double would round', async () => {
    await database.query(`CREATE SCHEMA "My Data"; CREATE TABLE "My Data"."Payments" AS
      SELECT i AS id, timestamp '2001-01-01' AS paid_at, 'a' AS card, rate FROM
        unnest(ARRAY[9007199254740992, 9007199254740993, -9223372036854775808, 9223372036854775807, 7]) WITH ORDINALITY AS u(rate, i)`);
    const source = `-- @event_time paid_at\nCREATE TABLE payments (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, rate double precision);\n`;
    const cwd = projectOver(
      LOCATION,
      source,
      'SELECT card, count(rate) AS n, max(id) AS top FROM payments GROUP BY card\n',
    );
    const { code, out, err } = await cli(batchOut, { cwd, env });
    expect([code, jsonLines(out)], err).toEqual([0, [{ card: 'a', n: 3, top: 5 }]]);
    expect(err).toContain('"malformed":2');
  });

  it('refuses a known time that is no instant', async () => {
    await database.query(`CREATE SCHEMA "My Data"; CREATE TABLE "My Data"."Payments" AS
      SELECT i AS id, timestamp '2001-01-01' + i * interval '1 second' AS paid_at, 'a' AS card, k AS known FROM
        unnest(ARRAY['infinity', '-infinity', '0044-03-15 BC', '12024-01-01', '2001-01-02', NULL]::timestamp[]) WITH ORDINALITY AS u(k, i)`);
    const source = `-- @event_time paid_at\n-- @known_time known\nCREATE TABLE payments (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL);\n`;
    const cwd = projectOver(LOCATION, source, 'SELECT card, count(*) AS n FROM payments GROUP BY card\n');
    const { code, out, err } = await cli(batchOut, { cwd, env });
    expect([code, jsonLines(out)], err).toEqual([0, [{ card: 'a', n: 2 }]]);
    expect(err).toContain('"malformed":4');
  });

  it('means the same to a user with other names, operators and settings', async () => {
    await database.query(TABLE);
    await database.query(`CREATE SCHEMA evil; CREATE DOMAIN evil.text AS varchar(1);
      CREATE FUNCTION evil.to_regclass(pg_catalog.text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass';
      CREATE FUNCTION evil.never(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR evil.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.never);
      CREATE ROLE strange LOGIN SUPERUSER PASSWORD 'secret'; ALTER ROLE strange SET search_path = evil, pg_catalog, "My Data";
      ALTER ROLE strange SET default_transaction_read_only = on; ALTER ROLE strange SET lock_timeout = 1;
      ALTER ROLE strange SET idle_session_timeout = 5000;
      ALTER ROLE strange SET transform_null_equals = on`);
    try {
      const url = new URL(server.url);
      url.username = 'strange';
      url.password = 'secret';
      for (const engine of ['duckdb', 'postgres']) {
        const args = [...batchOut, '--engine', engine];
        const end = await cli(args, { cwd: projectOver('postgres:Payments'), env: { DATABASE_URL: url.href } });
        expect([end.code, jsonLines(end.out)], end.err).toEqual([0, ROWS]);
      }
    } finally {
      await database.query('DROP SCHEMA evil CASCADE; DROP OWNED BY strange; DROP ROLE strange');
    }
  });

  it('leaves nothing in the connection, which a pooler gives to others', async () => {
    const session = await PostgresSession.open(server.url, 'READ WRITE');
    try {
      await session.run('CREATE TABLE pg_temp.mine (x int)');
      expect(await session.rows('SHOW TimeZone')).toEqual([['UTC']]);
      await session.run('ROLLBACK');
      expect(await session.rows('SHOW TimeZone')).toEqual([['Asia/Tokyo']]);
      expect(await session.rows(`SELECT to_regclass('pg_temp.mine')`)).toEqual([[null]]);
    } finally {
      await session.close();
    }
  });

  it('sorts by code point, whatever the collation, so that a later run finds its place', async () => {
    await database.query(`CREATE SCHEMA "My Data"; CREATE TABLE "My Data"."Payments" (id text, paid_at timestamp, card text);
INSERT INTO "My Data"."Payments" SELECT k, TIMESTAMP '2001-01-01', 'c' FROM unnest(ARRAY['a', 'B', 'é', 'Z', 'z', '', '1', 'ａ', '😀']) AS k`);
    const source = `-- @event_time paid_at\nCREATE TABLE payments (id text NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL);\n`;
    const view = `SELECT card, (array_agg(id ORDER BY paid_at, id))[1] AS first, (array_agg(id ORDER BY paid_at DESC, id DESC))[1] AS last FROM payments GROUP BY card\n`;
    const cwd = projectOver(LOCATION, source, view);
    expect(jsonLines((await cli(batchOut, { cwd, env })).out)).toEqual([{ card: 'c', first: '', last: '😀' }]);
    const online = await cli(['run', '--mode', 'batch', '--to', 'online', '--as-of', AS_OF], { cwd, env });
    expect(online.code, online.err).toBe(0);
    const row = await cli(['get', 'spend_v1', 'card=c', '--as-of', AS_OF, '--format', 'json'], { cwd, env });
    expect(jsonLines(row.out)).toEqual([{ card: 'c', first: '', last: '😀' }]);
  });
});

describe('what does not fit', () => {
  it.each([
    ['postgres:nowhere', {}, 2, '"FSC7362","severity":"error","message":"there is no table `postgres:nowhere`'],
    ['postgres:My Data.kinds', {}, 2, 'neither a table nor a view'],
    ['postgres:My Data.Full', {}, 2, 'has not been populated'],
    ['postgres:a.b.c', {}, 2, 'a table is named'],
    [{ path: LOCATION, order: 'arrival' }, {}, 2, 'no order of arrival'],
  ])('%j', async (history, _, status, words) => {
    await database.query(TABLE);
    await database.query(`CREATE TYPE "My Data".kinds AS (id bigint);
      CREATE MATERIALIZED VIEW "My Data"."Full" AS SELECT * FROM "My Data"."Payments" WITH NO DATA`);
    const { code, err } = await cli(batchOut, { cwd: projectOver(history), env });
    expect([code, err]).toEqual([status, expect.stringContaining(words)]);
  });

  it('is a table of which policies hide rows from this user; a view of its owner’s gives all that it is meant to', async () => {
    await database.query(TABLE);
    await database.query(`CREATE ROLE reader LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA "My Data" TO reader;
      GRANT SELECT ON "My Data"."Payments" TO reader; ALTER TABLE "My Data"."Payments" ENABLE ROW LEVEL SECURITY;
      CREATE VIEW "My Data"."Meant" AS SELECT * FROM "My Data"."Payments"; GRANT SELECT ON "My Data"."Meant" TO reader;
      CREATE VIEW "My Data"."Asked" WITH (security_invoker = true) AS SELECT * FROM "My Data"."Payments";
      CREATE VIEW "My Data"."Behind" AS SELECT * FROM "My Data"."Asked"; ALTER VIEW "My Data"."Behind" OWNER TO reader;
      GRANT SELECT ON "My Data"."Asked" TO reader`);
    try {
      const url = new URL(server.url);
      url.username = 'reader';
      url.password = 'secret';
      const as = { env: { DATABASE_URL: url.href } };
      for (const table of ['Payments', 'Asked', 'Behind']) {
        const hidden = await cli(batchOut, { cwd: projectOver(LOCATION.replace('Payments', table)), ...as });
        expect([table, hidden.code, hidden.err]).toEqual([table, 2, expect.stringContaining('"FSC7364"')]);
      }
      const meant = await cli(batchOut, { cwd: projectOver(LOCATION.replace('Payments', 'Meant')), ...as });
      expect([meant.code, jsonLines(meant.out)], meant.err).toEqual([0, ROWS]);
      for (const table of ['Payments', 'Asked'])
        expect((await cli(batchOut, { cwd: projectOver(LOCATION.replace('Payments', table)), env })).code).toBe(0);
    } finally {
      await database.query('DROP OWNED BY reader; DROP ROLE reader');
    }
  });

  it('tells what the server says of a view that it cannot run', async () => {
    await database.query(
      `CREATE SCHEMA "My Data"; CREATE VIEW "My Data"."Payments" AS SELECT 1 / (i - 1) AS id, TIMESTAMP '2001-01-01' AS paid_at, 'a' AS card FROM generate_series(1, 2) AS g(i)`,
    );
    const source = `-- @event_time paid_at\nCREATE TABLE payments (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL);\n`;
    const cwd = projectOver(LOCATION, source, 'SELECT card, count(*) AS n FROM payments GROUP BY card\n');
    const { code, out, err } = await cli(batchOut, { cwd, env });
    expect([code, out, err]).toEqual([1, '', expect.stringMatching(/FSC7361.*division by zero/)]);
  });

  it('tells every column that is missing or of another type', async () => {
    await database.query(
      `CREATE SCHEMA "My Data"; CREATE TABLE "My Data"."Payments" (id text, paid_at timestamp, amount real, rate json, seen time, day timestamp, small numeric, ok int)`,
    );
    const { code, err } = await cli(batchOut, { cwd: projectOver(LOCATION), env });
    expect(code).toBe(2);
    for (const words of [
      'FSC7363',
      '`id` is text',
      '`card` is missing',
      '`amount` is real',
      '`rate` is json',
      '`seen` is time',
      '`day` is timestamp',
      '`ok` is integer',
    ])
      expect(err).toContain(words);
    expect(err).not.toContain('`small`');
  });

  it.each([
    ['a table that is gone', 'ALTER TABLE "My Data"."Payments" RENAME TO gone', 'FSC7362'],
    ['a column that is gone', 'ALTER TABLE "My Data"."Payments" DROP COLUMN amount', 'FSC7363'],
    ['a column of another type', 'ALTER TABLE "My Data"."Payments" ALTER amount TYPE text', 'FSC7363'],
  ])('%s is told by every command, after it was consumed too', async (_, change, code) => {
    await database.query(TABLE);
    const cwd = projectOver(LOCATION);
    put(cwd, 'labels.jsonl', `{"card":"a","as_of":"${AS_OF}"}\n`);
    const commands = [
      ['run', '--mode', 'stream'],
      ['run', '--mode', 'stream', '--rebuild'],
      ['run', '--mode', 'batch', '--to', 'online', '--as-of', AS_OF],
      ['verify', '--as-of', AS_OF],
      ['dataset', '--labels', 'labels.jsonl', '--view', 'spend_v1', '--ties', 'include', '--out', '-'],
      ['query', 'SELECT * FROM payments'],
      batchOut,
    ];
    expect((await cli(['run', '--mode', 'stream'], { cwd, env })).code).toBe(0);
    await database.query(change);
    for (const args of commands) {
      const end = await cli(args, { cwd, env });
      expect([args.join(' '), end.code, end.err]).toEqual([args.join(' '), 2, expect.stringContaining(code)]);
    }
  });

  it('a server that is away is worth another try, and its password is a secret', async () => {
    const away = { DATABASE_URL: 'postgres://somebody:hunter2@127.0.0.1:9/data' };
    const { code, out, err } = await cli(batchOut, { cwd: projectOver(LOCATION), env: away });
    expect(code).toBe(3);
    expect(err).toContain('127.0.0.1:9/data');
    expect(out + err).not.toContain('hunter2');
    const wrong = await cli(batchOut, { cwd: projectOver(LOCATION), env: { DATABASE_URL: 'hunter2' } });
    expect(wrong.code).toBe(2);
    expect(wrong.err).not.toContain('hunter2');
  });

  it('a project without an address says so', async () => {
    const cwd = projectOver(LOCATION);
    put(cwd, 'fsc.json', JSON.stringify({ sources: { payments: { history: LOCATION } } }));
    const { code, err } = await cli(batchOut, { cwd, env: {} });
    expect([code, err]).toEqual([2, expect.stringContaining('no database is configured')]);
  });
});
