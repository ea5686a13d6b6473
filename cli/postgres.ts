/** `--engine postgres`: the configured database, with what a command needs in tables of its own connection, gone when that ends. */
import type { PostgresSession } from '../runtime/sources/postgres-session.ts';
import { FscError } from '../runtime/values/errors.ts';
import type { Project } from './project.ts';

/** Names mean the tables of this connection, and the server's own functions, whatever else the database holds. */
const OWN_NAMES = 'SET search_path TO pg_temp, pg_catalog';

export async function withPostgres<T>(
  project: Project,
  signal: AbortSignal,
  action: (session: PostgresSession) => Promise<T>,
): Promise<T> {
  const { PostgresSession } = await import('../runtime/sources/postgres-session.ts');
  const session = await PostgresSession.open(needAddress(project), signal);
  try {
    await session.run(OWN_NAMES);
    return await action(session);
  } finally {
    await session.close();
  }
}

function needAddress({ config }: Project): string {
  if (config.postgres !== null) return config.postgres;
  throw new FscError(
    'FSC7360',
    2,
    'no database is configured for --engine postgres',
    'fsc.json has no "postgres"',
    `add "postgres": "\${DATABASE_URL}" to fsc.json, and set DATABASE_URL to postgres://user:password@host/database`,
  );
}
