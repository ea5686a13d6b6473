/** The emitted functions in a PostgreSQL whose default collation is not C, over tables of the same records. */
import { createTable, loadTable, quoteName } from '../../runtime/engines/postgres/tables.ts';
import { PostgresSession } from '../../runtime/sources/postgres-session.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';

export interface PostgresOutput {
  readonly name: string;
  readonly type: SqlType;
}

const SCHEMA = 'records';

export class PostgresMachine {
  readonly #server: PostgresServer;
  readonly #session: PostgresSession;

  private constructor(server: PostgresServer, session: PostgresSession) {
    this.#server = server;
    this.#session = session;
  }

  static async open(): Promise<PostgresMachine> {
    const server = await startPostgres();
    return new PostgresMachine(server, await PostgresSession.open(server.url, 'READ WRITE'));
  }

  async close(): Promise<void> {
    await this.#session.close();
    await this.#server.stop();
  }

  async load(
    sources: readonly SourceSpec[],
    records: ReadonlyMap<string, ColumnBatch>,
    functions: readonly string[],
  ): Promise<void> {
    await this.#session.begin('READ WRITE');
    const setup = [`CREATE SCHEMA ${SCHEMA}`, `SET LOCAL search_path = ${SCHEMA}`];
    for (const statement of setup) await this.#session.run(statement);
    for (const { name, columns } of sources) {
      const table = quoteName(name);
      await createTable(this.#session, table, columns);
      const batch = records.get(name)!;
      await loadTable(this.#session, table, columns, [{ batch, rows: null, count: batch.length }]);
    }
    for (const text of functions) await this.#session.run(text);
  }

  /** As a person writes the values; NULL is `NULL`. */
  async rows(name: string, outputs: readonly PostgresOutput[], at: string): Promise<readonly (readonly string[])[]> {
    const rows = await this.#session.rows(`SELECT * FROM ${quoteName(name)}(TIMESTAMP '${at}')`);
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
