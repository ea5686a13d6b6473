/** The emitted functions in a PostgreSQL whose default collation is not C, over tables of the same records. */
import { createTable, loadTable, quoteName } from '../../runtime/engines/postgres/tables.ts';
import { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';

export interface PostgresOutput {
  readonly name: string;
  readonly type: SqlType;
}

const SCHEMA = 'records';

export class PostgresMachine {
  readonly #server: PostgresServer;
  readonly #connection: PostgresConnection;

  private constructor(server: PostgresServer, connection: PostgresConnection) {
    this.#server = server;
    this.#connection = connection;
  }

  static async open(): Promise<PostgresMachine> {
    const server = await startPostgres();
    const connection = await server.connect();
    await connection.query(`SET search_path = ${SCHEMA}`);
    return new PostgresMachine(server, connection);
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#server.stop();
  }

  async load(
    sources: readonly SourceSpec[],
    records: ReadonlyMap<string, ColumnBatch>,
    functions: readonly string[],
  ): Promise<void> {
    await this.#connection.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`);
    const session = await PostgresSession.open(this.#server.url, 'READ WRITE');
    for (const { name, columns } of sources) {
      const table = `${SCHEMA}.${quoteName(name)}`;
      await createTable(session, table, columns);
      const batch = records.get(name)!;
      await loadTable(session, table, columns, [{ batch, rows: null, count: batch.length }]);
    }
    await session.run('COMMIT');
    await session.close();
    for (const text of functions) await this.#connection.query(text);
  }

  /** As a person writes the values; NULL is `NULL`. */
  async rows(name: string, outputs: readonly PostgresOutput[], at: string): Promise<readonly (readonly string[])[]> {
    const { rows } = await this.#connection.query(`SELECT * FROM ${quoteName(name)}(TIMESTAMP '${at}')`);
    return rows.map((row) => row.map((text, i) => (text === null ? 'NULL' : plainText(text, outputs[i]!.type))));
  }
}

function plainText(text: string, type: SqlType): string {
  switch (type.kind) {
    case 'boolean':
      return text === 't' ? 'true' : 'false';
    case 'real':
      return String(Math.fround(Number(text)));
    case 'double':
      return String(Number(text));
    case 'timestamptz':
      return text.replace(/\+00$/, '');
    default:
      return text;
  }
}
