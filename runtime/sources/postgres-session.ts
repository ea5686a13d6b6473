/**
 * One transaction in PostgreSQL, of one snapshot, with settings under which text means one thing; nothing of it is committed. Behind a pooler
 * that gives a connection for a transaction, nothing is left behind, and nobody else's settings or tables are met. Rows go in and come out by COPY.
 */
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client, type QueryResult } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { errorCode, FscError, messageOf } from '../values/errors.ts';

/** Names and operators mean the server's own, and tables of this transaction. */
const OWN_NAMES = 'SET LOCAL search_path = pg_catalog, pg_temp';
/** What is sent, and read, is text: in UTC, with all digits, whatever the server's or the user's defaults are. */
const SETTINGS = [
  OWN_NAMES,
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL DateStyle = 'ISO, YMD'",
  "SET LOCAL IntervalStyle = 'postgres'",
  'SET LOCAL extra_float_digits = 1',
  "SET LOCAL client_encoding = 'UTF8'",
  'SET LOCAL standard_conforming_strings = on',
  'SET LOCAL transform_null_equals = off',
  'SET LOCAL statement_timeout = 0',
  'SET LOCAL lock_timeout = 0',
  'SET LOCAL idle_in_transaction_session_timeout = 0',
  // Since version 17.
  "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'",
  // A policy that would hide rows, of whatever table is behind a view, is a fault: see HIDING.
  'SET LOCAL row_security = off',
  // Histories are read sorted.
  "SET LOCAL work_mem = '64MB'",
];
const CONNECT_MILLIS = 15_000;
const AS_TEXT = { getTypeParser: () => (text: string) => text };

type PgClient = Client & { readonly connection: { readonly stream: Duplex } };

export type Access = 'READ ONLY' | 'READ WRITE';

export type TextRow = readonly (string | null)[];

export class PostgresSession {
  readonly #client: PgClient;
  readonly #signal: AbortSignal | null;
  readonly #stop: () => void;
  /** What a lost connection said; later statements only say that there is none. */
  #lost: Error | null = null;

  private constructor(client: PgClient, signal: AbortSignal | null) {
    this.#client = client;
    this.#signal = signal;
    // Whatever runs ends with its connection; a polite end would wait for it.
    this.#stop = () => client.connection.stream.destroy();
    client.on('error', (error) => {
      this.#lost ??= error;
    });
    signal?.addEventListener('abort', this.#stop);
  }

  /** `snapshot`: what another session exported; null: as things are now. */
  static async open(
    url: string,
    access: Access,
    signal: AbortSignal | null = null,
    snapshot: string | null = null,
  ): Promise<PostgresSession> {
    const session = new PostgresSession(clientOf(url), signal);
    try {
      await session.#client.connect();
    } catch (error) {
      await session.close();
      throw connectFault(error, session.#client);
    }
    try {
      await session.#begin(access, snapshot);
      await session.#checkEncoding();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  async #begin(access: Access, snapshot: string | null): Promise<void> {
    const taken = snapshot === null ? [] : [`SET TRANSACTION SNAPSHOT '${snapshot}'`];
    const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ, ${access}`;
    await this.run([begin, ...taken, ...SETTINGS].join('; '));
  }

  /** Another transaction, with nothing of what was. */
  async beginAnew(access: Access): Promise<void> {
    await this.run('ROLLBACK');
    await this.#begin(access, null);
  }

  /** The relation that a name means to this user; null: there is none. */
  async resolve(name: string): Promise<string | null> {
    // By the path that the role or the database sets. A temporary table was left behind by somebody else, and comes last.
    await this.run(
      `SELECT set_config(name, concat_ws(', ', nullif(reset_val, ''), 'pg_temp'), true) FROM pg_settings WHERE name = 'search_path'`,
    );
    const [found] = await this.rows('SELECT CAST(pg_catalog.to_regclass($1) AS pg_catalog.oid)', [name]);
    await this.run(OWN_NAMES);
    return found?.[0] ?? null;
  }

  /** By code points is by bytes in UTF-8 only, and no other encoding holds every text. */
  async #checkEncoding(): Promise<void> {
    const encoding = (await this.rows('SHOW server_encoding'))[0]?.[0] ?? '';
    if (encoding === 'UTF8') return;
    throw new FscError(
      'FSC7360',
      2,
      `the database's encoding is ${encoding}`,
      'text compares by code point, and any text can be a value',
      'use a database with ENCODING UTF8',
    );
  }

  async run(sql: string): Promise<void> {
    await this.#query(sql, []);
  }

  /** Rows of a small result, every value as the server's text. */
  async rows(sql: string, parameters: readonly string[] = []): Promise<readonly TextRow[]> {
    return (await this.#query(sql, parameters)).rows;
  }

  async #query(text: string, parameters: readonly string[]): Promise<QueryResult<(string | null)[]>> {
    try {
      this.#signal?.throwIfAborted();
      return await this.#client.query({ text, values: [...parameters], rowMode: 'array', types: AS_TEXT });
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /** COPY … FROM STDIN of texts that `copyLine` made; gives the number of rows. */
  async copyIn(target: string, lines: Iterable<string> | AsyncIterable<string>): Promise<number> {
    const stream = this.#client.query(copyFrom(`COPY ${target} FROM STDIN`));
    try {
      await pipeline(Readable.from(lines, { objectMode: false, highWaterMark: 1 << 20 }), stream);
      return stream.rowCount;
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /** COPY (…) TO STDOUT, as it comes; a chunk may end within a line. */
  async *copyOut(query: string): AsyncGenerator<Buffer> {
    const stream = this.#client.query(copyTo(`COPY (${query}) TO STDOUT`));
    // Of a connection that is cut when nobody reads any more.
    stream.on('error', () => undefined);
    try {
      for await (const chunk of stream) yield chunk as Buffer;
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #fault(error: unknown): unknown {
    if (this.#signal?.aborted === true) return this.#signal.reason;
    return statementFault(this.#lost ?? error);
  }

  /** At once, whatever runs. */
  async destroy(): Promise<void> {
    this.#client.connection.stream.destroy();
    await this.close();
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stop);
    await this.#client.end().catch(() => undefined);
  }
}

function clientOf(url: string): PgClient {
  try {
    if (!/^postgres(ql)?:$/.test(new URL(url).protocol)) throw badAddress();
  } catch {
    throw /^postgres(ql)?:\/\//.test(url) && isAmbiguous(url) ? ambiguousAddress() : badAddress();
  }
  if (isAmbiguous(url)) throw ambiguousAddress();
  try {
    return new Client({
      connectionString: explicitSsl(url),
      connectionTimeoutMillis: CONNECT_MILLIS,
      application_name: 'fsc',
      keepAlive: true,
    }) as PgClient;
  } catch {
    // The driver's own words may hold the address, and with it the password.
    throw badAddress();
  }
}

/**
 * A character of the password that is not encoded would end it: what is behind it would be taken for the host or the database, which are printed.
 * An `@` stands before the host and nowhere else, and nothing follows a `#`.
 */
function isAmbiguous(url: string): boolean {
  const parts = /^\w+:\/\/([^/?#]*)(.*)$/s.exec(url);
  const [, authority = '', rest = ''] = parts ?? [];
  return /@.*@/.test(authority) || rest.includes('@') || /[\s#]|%(?![0-9a-f]{2})/i.test(url);
}

/**
 * What the driver takes these modes for, and warns that it will not do so for ever: whoever does not say `uselibpqcompat=true` has the server's
 * certificate checked.
 */
function explicitSsl(url: string): string {
  if (/[?&]uselibpqcompat=true(?:&|$)/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/g, '$1verify-full');
}

function ambiguousAddress(): FscError {
  return new FscError(
    'FSC7360',
    2,
    'the address of PostgreSQL cannot be read',
    'it holds a blank, a `#`, a `%` without a code or a second `@`, so that it is open where user and password end',
    'percent-encode user and password: `@` is %40, `:` %3A, `/` %2F, `?` %3F, `#` %23, `%` %25, a blank %20',
  );
}

function badAddress(): FscError {
  return new FscError(
    'FSC7360',
    2,
    'the address of PostgreSQL cannot be read',
    'it is no postgres:// address',
    'write postgres://user:password@host:5432/database',
  );
}

/** As it was looked for, with what the environment adds to the address, and nothing that is a secret. */
function placeOf({ host, port, database }: Client): string {
  return `${host}:${port}/${database ?? ''}`;
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? '';
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return messageOf(error);
}

/** A server that has no TLS, or whose certificate is not trusted. */
function isOfTls(error: unknown): boolean {
  return /CERT|SIGNATURE|^ERR_(?:TLS|SSL)/.test(codeOf(error)) || /does not support SSL/.test(wordsOf(error));
}

/** Wrong names and passwords don't mend themselves. */
function connectFault(error: unknown, client: Client): FscError {
  if (/client password must be/.test(wordsOf(error))) {
    return new FscError(
      'FSC7360',
      2,
      `PostgreSQL at ${placeOf(client)} wants a password`,
      'its address has none',
      'write postgres://user:password@host:5432/database, or set PGPASSWORD',
    );
  }
  if (isOfTls(error)) {
    return new FscError(
      'FSC7360',
      2,
      `PostgreSQL at ${placeOf(client)} does not give the encryption that is asked for`,
      wordsOf(error),
      'name the authority of its certificate with sslrootcert=FILE; sslmode=no-verify does not check it, sslmode=disable does not encrypt',
    );
  }
  const isRefused = /^(28|3D)/.test(codeOf(error));
  if (isRefused) {
    return new FscError(
      'FSC7360',
      2,
      `PostgreSQL at ${placeOf(client)} let nobody in`,
      wordsOf(error),
      'check user, password and database',
    );
  }
  return new FscError(
    'FSC7360',
    3,
    `PostgreSQL at ${placeOf(client)} is not there`,
    wordsOf(error),
    'start it, or check the address; the command can be run again',
  );
}

/** SQLSTATE classes of a server that is going, is full or gave up for the time being. */
const AWAY = /^(08|53|57|40)/;

/** The server's function that refuses what policies would hide; its words are in the language of the server. */
const HIDING = 'check_enable_rls';

/** SQLSTATEs of what somebody has to set up first: rights, a server that is written to, a materialized view that is filled. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['42501', '25006', '0A000', '55000']);

function routineOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'routine' in error ? error.routine : null;
}

function statementFault(error: unknown): unknown {
  if (error instanceof FscError) return error;
  const code = codeOf(error);
  const isOfServer = /^[0-9A-Z]{5}$/.test(code);
  if (!isOfServer || AWAY.test(code)) {
    return new FscError('FSC7360', 3, 'PostgreSQL went away', wordsOf(error), 'the command can be run again');
  }
  if (routineOf(error) === HIDING) {
    return new FscError(
      'FSC7364',
      2,
      'row-level security hides rows from this user',
      `${wordsOf(error)}: values would depend on who reads them, and records would be missing without a word`,
      'read as its owner or a role with BYPASSRLS, or name a view, without security_invoker, that its owner made of the rows that are meant',
    );
  }
  return new PostgresFault(code, IN_THE_WAY.has(code) ? 2 : 1, wordsOf(error));
}

/** A statement that the server refused or aborted. */
export class PostgresFault extends FscError {
  readonly sqlState: string;

  constructor(sqlState: string, exitCode: 1 | 2, words: string) {
    super('FSC7361', exitCode, `PostgreSQL: ${words}`, `SQLSTATE ${sqlState}`, null);
    this.sqlState = sqlState;
  }
}
