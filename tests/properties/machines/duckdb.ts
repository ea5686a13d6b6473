/** The emitted SQL: table macros over tables of accepted records, in a session whose settings are as odd as a notebook's may be. */
import { createSourceTable, quoteName, RecordAppender } from '../../../runtime/engines/duckdb/load.ts';
import { type DuckDbSession, openDuckDb } from '../../../runtime/engines/duckdb/session.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import { printType, type SqlType, type Value } from '../../../runtime/values/types.ts';
import { batchOf } from '../../batches.ts';
import type { ActualRow } from '../../reference/compare.ts';
import { timestampText } from '../../reference/values.ts';
import type { CompiledView, Project } from '../project.ts';
import { actualRows } from '../values.ts';

const ODD_SETTINGS = [
  "SET TimeZone = 'Asia/Tokyo'",
  "SET Calendar = 'japanese'",
  "SET default_null_order = 'nulls_first'",
  "SET default_order = 'DESC'",
  'SET old_implicit_casting = true',
  'SET disable_timestamptz_casts = true',
  'SET order_by_non_integer_literal = true',
  'SET preserve_identifier_case = false',
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

/** Room for a result; more rows find more. */
export const FEW_ROWS = 256;

export type Records = readonly (readonly Value[])[];

/** The columns that a session's tables have, by the tables' names. */
const tables = new WeakMap<DuckDbSession, Map<string, SourceSpec>>();
/** The macros that a session has, by the views' names. */
const macros = new WeakMap<DuckDbSession, Map<string, string>>();

function kept<T>(of: WeakMap<DuckDbSession, Map<string, T>>, session: DuckDbSession): Map<string, T> {
  const known = of.get(session) ?? new Map<string, T>();
  of.set(session, known);
  return known;
}

/** A table of just these rows; one that has the columns already is emptied, which costs less. */
export async function loadRows(session: DuckDbSession, table: string, spec: SourceSpec, rows: Records): Promise<void> {
  const known = kept(tables, session);
  if (known.get(table) === spec) await session.run(`DELETE FROM ${quoteName(table)}`);
  else await createSourceTable(session, table, spec);
  known.set(table, spec);
  if (rows.length === 0) return;
  const types = spec.columns.map(({ type }) => type);
  const appender = await RecordAppender.open(session, table, types);
  appender.append({ batch: batchOf(spec.columns, rows), rows: null, count: rows.length });
  appender.close();
}

async function createMacro(session: DuckDbSession, { name, macro }: CompiledView): Promise<void> {
  const known = kept(macros, session);
  if (known.get(name) !== macro) await session.run(macro);
  known.set(name, macro);
}

/** Tables named like the sources that the views read. */
export async function loadSources(
  session: DuckDbSession,
  { source, request, requests }: Project,
  accepted: Records,
  views: readonly CompiledView[],
): Promise<void> {
  await loadRows(session, source.name, source, accepted);
  if (request === null || !views.some(({ spec }) => spec.shape === 'request')) return;
  await loadRows(session, request.name, request, requests);
}

export interface MacroInstant {
  readonly t: bigint;
  /** As a TIMESTAMP WITH TIME ZONE. */
  readonly isZoned: boolean;
}

/** Each entity's row at each instant, in one statement; of a rows view its latest, or `every` one. */
export async function macroRows(
  session: DuckDbSession,
  view: CompiledView,
  instants: readonly MacroInstant[],
  which: 'latest' | 'every',
): Promise<ActualRow[][]> {
  await createMacro(session, view);
  const name = view.spec.shape === 'rows' && which === 'latest' ? `${view.name}_latest` : view.name;
  const parts = instants.map(({ t, isZoned }, i) => {
    const text = timestampText(t);
    const instant = isZoned ? `TIMESTAMPTZ '${text}+00'` : `TIMESTAMP '${text}'`;
    return `SELECT ${i} AS "at", * FROM ${name}(${instant})`;
  });
  const { names, types, batch } = await session.readColumns(parts.join(' UNION ALL '), FEW_ROWS);
  checkTypes(view, types.slice(1));
  const rows = actualRows(names, types, batch);
  return instants.map((_, i) => rows.filter((row) => row.at === BigInt(i)));
}

/** What a macro says of its columns is what the manifest does. */
function checkTypes({ name, plan }: CompiledView, types: readonly SqlType[]): void {
  plan.outputs.forEach((output, i) => {
    const declared = output.type.kind === 'text' ? 'text' : printType(output.type);
    const found = printType(types[i]!);
    if (found !== declared) throw new Error(`${name}.${output.name} is ${found} in DuckDB, not ${declared}`);
  });
}
