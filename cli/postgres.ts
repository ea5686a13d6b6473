/** `--engine postgres`: the configured database, with what a command needs in tables of its own transaction, gone when that ends. */
import type { ViewPlan } from '../compiler/plan/plan.ts';
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

/** What a SELECT of PostgreSQL holds. */
const MOST_COLUMNS = 1664;

/** Told before records are copied. */
export function refuseWide(what: string, columns: number): void {
  if (columns <= MOST_COLUMNS) return;
  throw new FscError(
    'FSC7365',
    1,
    `${what} is too wide for PostgreSQL`,
    `${columns} columns stand in one SELECT, and it holds ${MOST_COLUMNS}`,
    'use another engine, split the view, or ask for fewer views at once',
  );
}

/** The outputs, or what they are computed from. Parts of long expressions come on top, which the server tells of itself. */
export function widestSelect(view: ViewPlan): number {
  const inner =
    view.kind === 'request'
      ? view.joins.map((join) => widestSelect(join.view))
      : [view.entity.length + view.slots.length];
  return Math.max(view.outputs.length, ...inner);
}
