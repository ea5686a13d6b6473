/** `--engine postgres`: the configured database, with what a command needs in tables of its own transaction, gone when that ends. */
import type { PostgresSession } from '../runtime/sources/postgres-session.ts';
import { FscError } from '../runtime/values/errors.ts';
import type { Project } from './project.ts';

export async function withPostgres<T>(
  project: Project,
  signal: AbortSignal,
  action: (session: PostgresSession) => Promise<T>,
): Promise<T> {
  const { PostgresSession } = await import('../runtime/sources/postgres-session.ts');
  const session = await PostgresSession.open(needAddress(project), 'READ WRITE', signal);
  try {
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
