/** The emitted functions, and the user's own text, in PostgreSQL: tables of accepted records, loaded by COPY. */
import { FUNCTIONS } from '../../../compiler/backends/sql/functions.ts';
import { emitPostgresDataset } from '../../../compiler/backends/sql/postgres-dataset.ts';
import { printInstant } from '../../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../../compiler/backends/sql/view-sql.ts';
import { createTable, loadTable, quoteName } from '../../../runtime/engines/postgres/tables.ts';
import { PostgresFault, PostgresSession } from '../../../runtime/sources/postgres-session.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { ActualRow } from '../../reference/compare.ts';
import { timestampText } from '../../reference/values.ts';
import type { PostgresServer } from '../../servers/postgres.ts';
import type { CompiledView, Project } from '../project.ts';
import { batchOf } from '../values.ts';
import type { Records } from './duckdb.ts';
import { keyColumns, type Label, labelColumns, type Ties } from './replay.ts';

const SCHEMA = 'records';

/** What a user's session may be like. Where these decide a value, emitted SQL is wrong. */
const ODD_SETTINGS = [
  "SET TimeZone = 'Asia/Tokyo'",
  "SET DateStyle = 'SQL, DMY'",
  "SET IntervalStyle = 'sql_standard'",
  'SET extra_float_digits = -10',
  'SET standard_conforming_strings = off',
  'SET backslash_quote = off',
  'SET transform_null_equals = on',
  'SET search_path = elsewhere, pg_catalog',
].join('; ');
const PLAIN_SETTINGS = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'postgres'",
  'SET extra_float_digits = 1',
  'SET standard_conforming_strings = on',
  'SET transform_null_equals = off',
  `SET search_path = ${SCHEMA}`,
].join('; ');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** rules.md 25: ASCII letters only. The names that a text calls are these wherever they stand before pg_catalog. */
const REFEREE = [
  'CREATE SCHEMA referee',
  `CREATE FUNCTION referee.lower(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(x, '${LETTERS.toUpperCase()}', '${LETTERS}') $$`,
  `CREATE FUNCTION referee.upper(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(x, '${LETTERS}', '${LETTERS.toUpperCase()}') $$`,
];
const RECORDS = '"accepted records"';
const REQUESTS = '"requests"';

/** A database for the emitted functions, whose collation is not C, and one for the users' texts, whose collation is. */
export class PostgresMachines {
  readonly #emitted: PostgresSession;
  readonly #referee: PostgresSession;

  private constructor(emitted: PostgresSession, referee: PostgresSession) {
    this.#emitted = emitted;
    this.#referee = referee;
  }

  static async open(server: PostgresServer): Promise<PostgresMachines> {
    const emitted = await PostgresSession.open(server.url);
    // What the session finds first where it looks for names of its own.
    await emitted.run('CREATE SCHEMA elsewhere');
    for (const name of ['lower', 'length', 'abs'])
      await emitted.run(
        `CREATE FUNCTION elsewhere.${name}(x text) RETURNS text LANGUAGE sql AS $$ SELECT 'elsewhere' $$`,
      );
    const url = await server.createDatabase("LOCALE 'C' LOCALE_PROVIDER libc");
    const referee = await PostgresSession.open(url);
    for (const statement of REFEREE) await referee.run(statement);
    return new PostgresMachines(emitted, referee);
  }

  async close(): Promise<void> {
    await this.#referee.close();
    await this.#emitted.close();
  }

  async load(project: Project, accepted: Records): Promise<void> {
    await this.#emitted.run(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`);
    await this.#emitted.run(`SET search_path = ${SCHEMA}`);
    await fill(this.#emitted, quoteName(project.source.name), project.source, accepted);
    if (project.request !== null)
      await fill(this.#emitted, quoteName(project.request.name), project.request, project.requests);
    await this.#referee.run(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`);
    await this.#referee.run(`SET search_path = referee, pg_catalog, ${SCHEMA}`);
    await fill(this.#referee, `${SCHEMA}.${RECORDS}`, project.source, accepted);
    if (project.request !== null) await fill(this.#referee, `${SCHEMA}.${REQUESTS}`, project.request, project.requests);
  }

  /** Each entity's row at each instant, from the function that was emitted, called by a session whose settings are odd. */
  async emittedRows(view: CompiledView, instants: readonly bigint[]): Promise<ActualRow[][]> {
    const session = this.#emitted;
    await session.run(view.postgres);
    const name = view.spec.shape === 'rows' ? `${view.name}_latest` : view.name;
    const parts = instants.map(
      (t, i) => `SELECT ${i} AS "at", * FROM ${SCHEMA}.${quoteName(name)}(TIMESTAMP '${timestampText(t)}')`,
    );
    await session.run(`${ODD_SETTINGS}; CREATE TEMP TABLE result AS ${parts.join(' UNION ALL ')}; ${PLAIN_SETTINGS}`);
    const columns = [{ name: 'at', type: INTEGER }, ...view.plan.outputs];
    const rows = await session.rows('SELECT * FROM pg_temp.result');
    await session.run('DROP TABLE pg_temp.result');
    const all = rows.map((row) => actualRow(columns, row));
    return instants.map((_, i) => all.filter((row) => row.at === String(i)));
  }

  /** A training set over the tables that `load` has made: a row a label, the view's outputs and `tied`. */
  async datasetRows(project: Project, view: CompiledView, labels: readonly Label[], ties: Ties): Promise<ActualRow[]> {
    const session = this.#emitted;
    const all = [...labelColumns(project, view), ...(ties === 'exclude own' ? keyColumns(project) : [])];
    const named = new Map(all.map((column) => [column.name, column]));
    const columns = [{ name: 'fsc place', type: INTEGER }, { name: 'fsc at', type: INSTANT }, ...named.values()];
    const rows = labels.map((label, i) => [i, label.t, ...[...named.keys()].map((name) => label.columns[name]!)]);
    await session.run('DROP TABLE IF EXISTS pg_temp.labels');
    await createTable(session, 'pg_temp.labels', columns);
    await loadTable(session, 'pg_temp.labels', columns, [
      { batch: batchOf(columns, rows), rows: null, count: rows.length },
    ]);
    const { outputs } = view.plan;
    const sql = emitPostgresDataset(
      {
        labels: { relation: 'pg_temp.labels', ordinal: 'fsc place', instant: 'fsc at' },
        source: (name) => `${SCHEMA}.${quoteName(name)}`,
        features: outputs.map(({ name }, ordinal) => ({ view: view.plan, ordinal, name })),
        ties: ties === 'include' ? 'include' : 'exclude',
        ownEvents: new Set(ties === 'exclude own' ? [project.source.name] : []),
        tied: 'fsc tied',
        knownTime: null,
      },
      FUNCTIONS,
    );
    const result = await session.rows(sql);
    return result.map((row) => actualRow([...outputs, { name: 'fsc tied', type: BOOLEAN }], row));
  }

  /** Null where the text aborts on a value. */
  async refereeRows(project: Project, view: CompiledView, t: bigint): Promise<ActualRow[] | null> {
    const session = this.#referee;
    const query = refereeQuery(view.plan, Number(t), null, 'postgres');
    const relations = [relation(project.source, RECORDS, t)];
    if (project.request !== null) relations.push(relation(project.request, REQUESTS, t));
    const views = query.views.map(({ name, text }) => `CREATE TEMP VIEW ${quoteName(name)} AS ${text}`);
    try {
      for (const statement of ['BEGIN', ...relations, ...views]) await session.run(statement);
      const rows = await session.rows(query.text);
      return rows.map((row) => actualRow(view.plan.outputs, row));
    } catch (error) {
      if (error instanceof PostgresFault && error.sqlState.startsWith('22')) return null;
      throw error;
    } finally {
      await session.run('ROLLBACK');
    }
  }

  /** The guarded form of the same, where the text aborts. */
  async guardedRows(project: Project, view: CompiledView, t: bigint): Promise<ActualRow[]> {
    const session = this.#referee;
    const sql = emitViewSql(view.plan, printInstant(Number(t)), 'latest', {
      dialect: 'postgres',
      functions: FUNCTIONS,
    });
    try {
      await session.run('BEGIN');
      await session.run(relation(project.source, RECORDS, t));
      if (project.request !== null) await session.run(relation(project.request, REQUESTS, t));
      return (await session.rows(sql)).map((row) => actualRow(view.plan.outputs, row));
    } finally {
      await session.run('ROLLBACK');
    }
  }
}

const INTEGER: SqlType = { kind: 'integer' };
const INSTANT: SqlType = { kind: 'timestamp' };
const BOOLEAN: SqlType = { kind: 'boolean' };

async function fill(session: PostgresSession, table: string, spec: SourceSpec, rows: Records): Promise<void> {
  await createTable(session, table, spec.columns);
  await loadTable(session, table, spec.columns, [
    { batch: batchOf(spec.columns, rows), rows: null, count: rows.length },
  ]);
}

/** The relation called like the source: accepted records with event time at or before the instant. */
function relation(spec: SourceSpec, table: string, t: bigint): string {
  const columns = spec.columns.map(({ name }) => quoteName(name)).join(', ');
  const time = spec.columns[spec.eventTimeColumn];
  const where = time === undefined ? '' : ` WHERE ${quoteName(time.name)} <= TIMESTAMP '${timestampText(t)}'`;
  return `CREATE TEMP VIEW ${quoteName(spec.name)} AS SELECT ${columns} FROM ${SCHEMA}.${table}${where}`;
}

function actualRow(
  columns: readonly { readonly name: string; readonly type: SqlType }[],
  row: readonly (string | null)[],
): ActualRow {
  const out: Record<string, unknown> = Object.create(null);
  columns.forEach(({ name, type }, i) => {
    const text = row[i] ?? null;
    out[name] = text === null ? null : actualValue(text, type);
  });
  return out;
}

function actualValue(text: string, type: SqlType): unknown {
  if (type.kind === 'boolean') return text === 't';
  return type.kind === 'real' ? Math.fround(Number(text)) : text;
}
