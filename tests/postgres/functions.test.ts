/** `generated/postgres/*.sql`: whoever calls a function, its names stand for what they stood for where it was made. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cli, project } from '../cli/in-process.ts';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';

const FILES = {
  'features/sources/payments.sql': `-- @event_time paid_at
-- @lateness 1 minute
CREATE TABLE payments (
  id      bigint      NOT NULL PRIMARY KEY,
  paid_at timestamptz NOT NULL,
  card    text        NOT NULL
);
`,
  'features/card/v1.sql': `SELECT card, count(*) AS n, length(max(lower(card))) AS letters, max(paid_at) - INTERVAL '-1 month 2 days' AS moved
FROM payments GROUP BY card
`,
  'fsc.json': '{}',
};
/** Of `payments` in a schema: as many as `n`. */
const table = (schema: string, n: number): string =>
  `CREATE TABLE ${schema}payments (id bigint, paid_at timestamptz, card text);
INSERT INTO ${schema}payments SELECT i, '2001-01-31 00:00Z', 'a' FROM generate_series(1, ${n}) i`;
/** Fits the argument, a varchar or text, better than the server's own does. */
const FOREIGN = ['lower', 'length']
  .map((name) => `CREATE FUNCTION ro.${name}(text) RETURNS text LANGUAGE sql AS $$ SELECT 'foreign' $$`)
  .join(';');

let server: PostgresServer;
let owner: PostgresConnection;
let script: string;
beforeAll(async () => {
  server = await startPostgres();
  owner = await server.connect();
  const made = project(FILES);
  expect((await cli(['compile'], { cwd: made.root })).code).toBe(0);
  script = readFileSync(join(made.root, 'generated/postgres/card_v1.sql'), 'utf8');
  made.remove();
  await owner.query(
    `${table('', 2)}; CREATE SCHEMA m2; ${table('m2.', 3)}; CREATE SCHEMA ro; ${table('ro.', 50)}; ${FOREIGN}`,
  );
  await owner.query(
    `CREATE ROLE ro; GRANT ALL ON SCHEMA ro, m2 TO ro; GRANT SELECT ON ALL TABLES IN SCHEMA public, m2, ro TO ro`,
  );
  await owner.query(script);
  await owner.query(`SET search_path = m2; SET intervalstyle = 'sql_standard'; ${script}`);
}, 60_000);
afterAll(async () => {
  await owner.query('DROP OWNED BY ro; DROP ROLE ro');
  await owner.close();
  await server.stop();
});

async function called(schema: string, before: string): Promise<readonly (string | null)[]> {
  const caller = await server.connect();
  try {
    await caller.query(before);
    const { rows } = await caller.query(
      `SELECT card, n, letters, to_char(moved AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM ${schema}.card_v1(TIMESTAMP '2001-03-01')`,
    );
    expect(rows).toHaveLength(1);
    return rows[0]!;
  } finally {
    await caller.close();
  }
}

it.each([
  ['anybody', 'SELECT'],
  ['a role with a schema of its own', 'SET ROLE ro'],
  ['a session with a temporary table', `${table('pg_temp.', 7)}`],
  ['a session that looks elsewhere first', 'SET search_path = ro, pg_temp, pg_catalog'],
  [
    'a session with another style',
    "SET intervalstyle = 'sql_standard'; SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'",
  ],
])('%s reads the tables of where a function was made', async (_, before) => {
  expect(await called('public', before)).toEqual(['a', '2', '1', '2001-02-26 00:00:00']);
  expect(await called('m2', before)).toEqual(['a', '3', '1', '2001-02-26 00:00:00']);
});

it('a function made in one schema leaves that of another alone', async () => {
  await owner.query(`SET search_path = ro, public; ${script}`);
  expect(await called('ro', 'SELECT')).toEqual(['a', '50', '1', '2001-02-26 00:00:00']);
  expect(await called('public', 'SELECT')).toEqual(['a', '2', '1', '2001-02-26 00:00:00']);
});

it('the script can be run again: grants and views over the function stay', async () => {
  await owner.query(`SET search_path = public; REVOKE EXECUTE ON FUNCTION card_v1 FROM public; GRANT EXECUTE ON FUNCTION card_v1 TO ro;
CREATE VIEW over_card AS SELECT card FROM card_v1(TIMESTAMP '2001-03-01')`);
  const access = async (): Promise<unknown> =>
    (await owner.query("SELECT oid, proacl FROM pg_proc WHERE oid = 'public.card_v1(timestamp)'::regprocedure")).rows;
  const before = await access();
  await owner.query(script);
  expect(await access()).toEqual(before);
  expect(await called('public', 'SET ROLE ro')).toEqual(['a', '2', '1', '2001-02-26 00:00:00']);
});

it('a function of other columns is replaced as a whole, or stays as it is', async () => {
  const other = script.replaceAll('"moved"', '"went"').replaceAll("'moved'", "'went'");
  const columns = async (): Promise<unknown> =>
    (await owner.query("SELECT * FROM card_v1(TIMESTAMP '2001-03-01')")).names;
  const now = ['card', 'n', 'letters', 'moved'];
  await owner.query('SET search_path = public');
  // A view stands over it.
  await expect(owner.query(other)).rejects.toThrow('other objects depend on it');
  await owner.query('ROLLBACK');
  expect(await columns()).toEqual(now);
  await owner.query('DROP VIEW over_card');
  await expect(owner.query(other.replace('FROM "payments"', 'FROM "nowhere"'))).rejects.toThrow('nowhere');
  await owner.query('ROLLBACK');
  expect(await columns()).toEqual(now);
  await owner.query(other);
  expect(await columns()).toEqual(['card', 'n', 'letters', 'went']);
  await owner.query(script);
  expect(await columns()).toEqual(now);
});

const TYPED = {
  'features/sources/e.sql': `-- @event_time ts
CREATE TABLE e (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, k text NOT NULL, f double precision, b bigint, t text, d decimal(12,2));
`,
  'features/agg/v1.sql': `SELECT k, sum(f) AS f, sum(b * 3) AS b, count(*) FILTER (WHERE t LIKE 'ab') AS liked, max(length(t)) AS longest, max(t) AS t, sum(d) AS d
FROM e GROUP BY k
`,
  'features/joined/v1.sql': `SELECT coalesce(k, t) AS kt, count(*) AS c, min(replace(k || t, 'k', 'x')) AS r, count(*) FILTER (WHERE k = t) AS same FROM e GROUP BY coalesce(k, t)
`,
  'features/rows/v1.sql':
    'SELECT k, id, count(*) OVER (PARTITION BY k ORDER BY ts, id ROWS UNBOUNDED PRECEDING) AS n FROM e\n',
  'fsc.json': '{}',
};

it("computes in the declared types and by code point, whatever types and collations the table's columns have", async () => {
  const made = project(TYPED);
  expect((await cli(['compile'], { cwd: made.root })).code).toBe(0);
  const files = ['agg', 'joined', 'rows'].map((name) =>
    readFileSync(join(made.root, `generated/postgres/${name}_v1.sql`), 'utf8'),
  );
  made.remove();
  await owner.query(`CREATE SCHEMA typed; SET search_path = typed;
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE e (id integer, ts timestamptz, k varchar(10) COLLATE any_case, f real, b integer, t char(6) COLLATE "de-x-icu", d numeric);
INSERT INTO e SELECT g, '2024-01-01 00:00Z'::timestamptz + g * interval '1 minute', CASE WHEN g = 1 THEN 'K' ELSE 'k' END, 0.1 + g, 1000000000 + g,
  CASE WHEN g = 3 THEN 'B' ELSE 'ab' END, 1.10 FROM generate_series(1, 3) g`);
  for (const file of files) await owner.query(file);
  const rowsOf = async (sql: string): Promise<unknown> => (await owner.query(sql)).rows;
  expect(await rowsOf(`SELECT * FROM agg_v1('2024-03-01') ORDER BY k COLLATE "C"`)).toEqual([
    ['K', String(Math.fround(1.1)), '3000000003', '1', '2', 'ab', '1.10'],
    ['k', String(Math.fround(2.1) + Math.fround(3.1)), '6000000015', '1', '2', 'ab', '2.20'],
  ]);
  expect(await rowsOf(`SELECT * FROM joined_v1('2024-03-01') ORDER BY kt COLLATE "C"`)).toEqual([
    ['K', '1', 'Kab', '0'],
    ['k', '2', 'xB', '0'],
  ]);
  expect(await rowsOf(`SELECT * FROM rows_v1('2024-03-01') ORDER BY id`)).toEqual([
    ['K', '1', '1'],
    ['k', '2', '1'],
    ['k', '3', '2'],
  ]);
}, 60_000);
