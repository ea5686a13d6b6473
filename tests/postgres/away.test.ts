/** A server that goes while a command runs, and a command that is stopped while the server works. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, cli, project } from '../cli/in-process.ts';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';

const FILES = {
  'fsc.json': JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { events: { history: 'postgres:slow' } } }),
  'features/sources/events.sql':
    '-- @event_time happened_at\nCREATE TABLE events (id bigint NOT NULL PRIMARY KEY, happened_at timestamp NOT NULL, who text NOT NULL);\n',
  'features/counts/v1.sql': 'SELECT who, count(*) AS n FROM events GROUP BY who\n',
  'labels.csv': 'who,as_of\na,2001-01-02\n',
};
/** Far longer than a test may take. */
const SLOW = `CREATE VIEW slow AS SELECT i AS id, TIMESTAMP '2001-01-01' AS happened_at, 'a' AS who FROM generate_series(1, 3) AS g(i), LATERAL (SELECT pg_sleep(60 + 0 * i)) AS s`;
const COMMANDS = [
  ['a whole table', ['run', '--mode', 'batch', '--out', 'out.csv']],
  [
    'a stream of rows',
    ['dataset', '--labels', 'labels.csv', '--view', 'counts_v1', '--ties', 'include', '--out', 'out.csv'],
  ],
] as const;

let server: PostgresServer;
let database: PostgresConnection;
beforeAll(async () => {
  server = await startPostgres();
  database = await server.connect();
  await database.query(SLOW);
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

/** Once the server works for the command; fails if that ends before. */
async function atWork(running: Promise<CliResult>): Promise<string> {
  let ended: CliResult | null = null;
  void running.then((result) => {
    ended = result;
  });
  for (;;) {
    const { rows } = await database.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fsc' AND wait_event = 'PgSleep'`,
    );
    const pid = rows[0]?.[0] ?? null;
    if (pid !== null) return pid;
    if (ended !== null) throw new Error(JSON.stringify(ended));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.each(COMMANDS)('while it reads %s', (_, args) => {
  it('a connection that is cut is worth another try', async () => {
    made = project(FILES);
    const running = cli(args, { cwd: made.root, env: { DATABASE_URL: server.url } });
    await database.query(`SELECT pg_terminate_backend(${await atWork(running)})`);
    const { code, err } = await running;
    expect([code, err]).toEqual([3, expect.stringContaining('FSC7360')]);
    expect(existsSync(join(made.root, 'out.csv'))).toBe(false);
  });

  it('it can be stopped', async () => {
    made = project(FILES);
    const stop = new AbortController();
    const running = cli(args, { cwd: made.root, env: { DATABASE_URL: server.url }, signal: stop.signal });
    const pid = await atWork(running);
    stop.abort();
    expect((await running).code).toBe(130);
    expect(existsSync(join(made.root, 'out.csv'))).toBe(false);
    await database.query(`SELECT pg_terminate_backend(${pid})`);
  });
});
