/** The user's own text in the product's referee session. */
import { FUNCTIONS } from '../../../compiler/backends/sql/functions.ts';
import { printInstant } from '../../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../../compiler/backends/sql/view-sql.ts';
import { type Referee, refereeSession } from '../../../runtime/engines/duckdb/referee.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { CompiledView, Project } from '../project.ts';
import { actualRows } from '../values.ts';
import { loadRows, type Records } from './duckdb.ts';

let opened: Promise<Referee> | null = null;

/** One session for all cases of a process. */
export function referee(): Promise<Referee> {
  opened ??= refereeSession({ threads: 1 });
  return opened;
}

const RECORDS = 'accepted records';
const REQUESTS = 'requests';

export async function loadReferee(session: Referee, project: Project, accepted: Records): Promise<void> {
  await loadRows(session.session, RECORDS, project.source, accepted);
  if (project.request !== null) await loadRows(session.session, REQUESTS, project.request, project.requests);
}

/** Null where the text aborts on a value, and the guarded form had to answer for it. */
export async function refereeRows(
  session: Referee,
  project: Project,
  view: CompiledView,
  t: bigint,
): Promise<ActualRow[] | null> {
  const now = Number(t);
  await session.setRelation(project.source, RECORDS, now);
  if (project.request !== null) await session.setRelation(project.request, REQUESTS, now);
  const guardedText = emitViewSql(view.plan, printInstant(now), 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
  const result = await session.run({ ...refereeQuery(view.plan, now), guardedText });
  return result.guarded ? null : actualRows(result.names, result.types, result.batch);
}
