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

it('the script can be run again', async () => {
  await owner.query(`SET search_path = public; ${script}`);
  expect(await called('public', 'SET ROLE ro')).toEqual(['a', '2', '1', '2001-02-26 00:00:00']);
});
