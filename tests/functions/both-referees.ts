import { afterAll, beforeAll } from 'vitest';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { DuckDbMachine } from './machines.ts';
import { refereeConnection } from './postgres-machine.ts';

export interface Referees {
  readonly duckdb: DuckDbMachine;
  readonly postgres: PostgresConnection;
}

/** Both databases with the referee's preamble, and no macros, for the tests of a file. */
export function bothReferees(): Referees {
  let server: PostgresServer;
  let postgres: PostgresConnection;
  let duckdb: DuckDbMachine;
  beforeAll(async () => {
    server = await startPostgres();
    postgres = await refereeConnection(server, []);
    duckdb = await DuckDbMachine.referee([]);
  }, 120_000);
  afterAll(async () => {
    duckdb.close();
    await postgres.close();
    await server.stop();
  }, 60_000);
  return {
    get duckdb() {
      return duckdb;
    },
    get postgres() {
      return postgres;
    },
  };
}
