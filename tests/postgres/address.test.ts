/** The address of a server: what it may look like, what is said of it, and what never is. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, project } from '../cli/in-process.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';

const made = project({
  'fsc.json': JSON.stringify({ postgres: `\${DATABASE_URL}`, sources: { e: { history: 'postgres:e' } } }),
  'features/sources/e.sql':
    '-- @event_time ts\nCREATE TABLE e (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, who text NOT NULL);\n',
  'features/c/v1.sql': 'SELECT who, count(*) AS n FROM e GROUP BY who\n',
});
const SECRET = 'p@ss/w:rd#1% x';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  const database = await server.connect();
  await database.query(
    `CREATE TABLE e (id bigint, ts timestamp, who text); INSERT INTO e VALUES (1, '2001-01-01', 'a')`,
  );
  await database.query(
    `DROP ROLE IF EXISTS fsc_secret; CREATE ROLE fsc_secret LOGIN PASSWORD '${SECRET}'; GRANT SELECT ON e TO fsc_secret`,
  );
  await database.close();
}, 60_000);
afterAll(async () => {
  made.remove();
  const database = await server.connect();
  await database.query('DROP OWNED BY fsc_secret; DROP ROLE fsc_secret');
  await database.close();
  await server.stop();
});

const run = (address: string) =>
  cli(['query', 'SELECT who FROM e'], { cwd: made.root, env: { DATABASE_URL: address } });

describe('an address in which it is open where the password ends', () => {
  it.each([
    `postgres://fsc_secret:${SECRET}@127.0.0.1:5432/data`,
    'postgres://user:hunter@2@127.0.0.1/data',
    'postgres://user:12/hunter2@127.0.0.1/data',
    'postgres://user:12?hunter2@127.0.0.1/data',
    'postgres://user:12#hunter2@127.0.0.1/data',
    'postgres://user:12#hunter2',
    'postgres://user:hunter%2@127.0.0.1/data',
    'postgres://user:hunter2%@127.0.0.1/data',
    'postgres://user:hunter 2@127.0.0.1/data',
    'postgres://user:hunter\\2@x@127.0.0.1/data',
  ])('%s is refused, and nothing of it is told', async (address) => {
    const { code, out, err } = await run(address);
    expect([code, err]).toEqual([2, expect.stringContaining('percent-encode')]);
    for (const part of ['hunter', 'w:rd', 'ss/', '127.0.0.1', 'user:12']) expect(out + err).not.toContain(part);
  });

  it('is read where it is encoded', async () => {
    const to = new URL(server.url);
    const address = `postgres://fsc_secret:${encodeURIComponent(SECRET)}@${to.host}${to.pathname}`;
    const { code, out, err } = await run(address);
    expect([code, out], err).toEqual([0, 'who\na\n']);
  });
});

describe('a server that wants a password', () => {
  let asking: Server;
  /** The beginning of a SCRAM exchange, which a client without a password does not go on with. */
  const message = (code: number, text: string): Buffer => {
    const out = Buffer.alloc(9 + text.length);
    out.write('R');
    out.writeInt32BE(8 + text.length, 1);
    out.writeInt32BE(code, 5);
    out.write(text, 9);
    return out;
  };
  beforeAll(async () => {
    asking = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(message(10, 'SCRAM-SHA-256\0\0'));
        socket.once('data', () => socket.write(message(11, 'r=abc,s=AAAA,i=4096')));
      });
    });
    await new Promise<void>((resolve) => asking.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => asking.close());

  it.each(['postgres://user@', 'postgres://user:@'])('is told of an address without one (%s)', async (begin) => {
    const { port } = asking.address() as AddressInfo;
    const { code, err } = await run(`${begin}127.0.0.1:${port}/data`);
    expect([code, err]).toEqual([2, expect.stringContaining('wants a password')]);
    expect(err).toContain('PGPASSWORD');
    expect(err).not.toContain('SASL');
  });
});

it.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
  'sslmode=%s of a server without TLS: exit 2, and no warning of the driver',
  async (mode) => {
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', hear);
    try {
      const { code, err } = await run(`${server.url}?sslmode=${mode}`);
      await new Promise((resolve) => setImmediate(resolve));
      expect([code, err]).toEqual([2, expect.stringContaining('does not support SSL')]);
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', hear);
    }
  },
);
