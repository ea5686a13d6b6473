/** The emitted SQL: table macros over tables of accepted records, in a session whose settings are as odd as a notebook's may be. */
import { loadRecords } from '../../../runtime/engines/duckdb/load.ts';
import { type DuckDbSession, openDuckDb } from '../../../runtime/engines/duckdb/session.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { Row } from '../../generators/view-spec.ts';
import type { ActualRow } from '../../reference/compare.ts';
import { timestampText } from '../../reference/values.ts';
import type { Compiled, CompiledView } from '../project.ts';
import { actualRows, batchOf } from '../values.ts';

const ODD_SETTINGS = [
  "SET TimeZone = 'Asia/Tokyo'",
  "SET default_null_order = 'nulls_first'",
  'SET integer_division = false',
  'SET ieee_floating_point_ops = true',
  'SET threads = 1',
];

let opened: Promise<DuckDbSession> | null = null;

/** One session for all cases of a process. */
export function macroSession(): Promise<DuckDbSession> {
  opened ??= open();
  return opened;
}

async function open(): Promise<DuckDbSession> {
  const session = await openDuckDb({ threads: 1 });
  for (const statement of ODD_SETTINGS) await session.run(statement);
  return session;
}

export async function loadRows(
  session: DuckDbSession,
  table: string,
  spec: SourceSpec,
  rows: readonly Row[],
): Promise<void> {
  const batch = batchOf(spec.columns, rows);
  await loadRecords(session, table, spec, [{ batch, rows: null, count: rows.length }]);
}

/** Tables named like the sources, and the views' macros. */
export async function prepareMacros(
  session: DuckDbSession,
  project: Compiled,
  accepted: readonly Row[],
): Promise<void> {
  await loadRows(session, project.source.name, project.source, accepted);
  if (project.request !== null) {
    await loadRows(session, project.request.name, project.request, project.test.requests);
  }
}

export async function createMacros(session: DuckDbSession, project: Compiled): Promise<void> {
  for (const view of project.views) {
    const text = project.files.get(`duckdb/${view.name}.sql`);
    if (text === undefined) throw new Error(`no macro of ${view.name}`);
    await session.run(text);
  }
}

/** Each entity's row at each instant, in one statement. */
export async function macroRows(
  session: DuckDbSession,
  view: CompiledView,
  instants: readonly { readonly t: bigint; readonly zoned: boolean }[],
): Promise<ActualRow[][]> {
  const name = view.spec.shape === 'B' ? `${view.name}_latest` : view.name;
  const parts = instants.map(({ t, zoned }, i) => {
    const text = timestampText(t);
    const instant = zoned ? `TIMESTAMPTZ '${text}+00'` : `TIMESTAMP '${text}'`;
    return `SELECT ${i} AS "at", * FROM ${name}(${instant})`;
  });
  const { names, types, batch } = await session.readColumns(parts.join(' UNION ALL '));
  const rows = actualRows(names, types, batch);
  return instants.map((_, i) => rows.filter((row) => row['at'] === BigInt(i)));
}
