/** The user's own text in the product's referee session. */
import { FUNCTIONS } from '../../../compiler/backends/sql/functions.ts';
import { printInstant } from '../../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../../compiler/backends/sql/view-sql.ts';
import { type Referee, refereeSession } from '../../../runtime/engines/duckdb/referee.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { CompiledView, Project } from '../project.ts';
import { actualRows } from '../values.ts';
import { loadSources, type Records } from './duckdb.ts';

let opened: Promise<Referee> | null = null;

/** One session for all cases of a process. */
export function referee(): Promise<Referee> {
  opened ??= refereeSession({ threads: 1 });
  return opened;
}

/** Null where the text aborts on a value, and the guarded form had to answer for it. */
export async function refereeRows(
  session: Referee,
  project: Project,
  view: CompiledView,
  accepted: Records,
  t: bigint,
): Promise<ActualRow[] | null> {
  const now = Number(t);
  const { source } = project;
  // The relation called like the source: records with event time at or before the instant.
  const known = accepted.filter((row) => (row[source.eventTimeColumn] as number) <= now);
  await loadSources(session.session, project, known, [view]);
  const { text, views } = refereeQuery(view.plan, now);
  const result = await session.run({
    text,
    views,
    // Seldom needed.
    get guardedText() {
      return emitViewSql(view.plan, printInstant(now), 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
    },
  });
  return result.guarded ? null : actualRows(result.names, result.types, result.batch);
}
