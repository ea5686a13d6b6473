/** The emitted functions, and the user's own text, in PostgreSQL: tables of accepted records, loaded by COPY. */
import { FUNCTIONS } from '../../../compiler/backends/sql/functions.ts';
import { emitPostgresDataset } from '../../../compiler/backends/sql/postgres-dataset.ts';
import { printInstant } from '../../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../../compiler/backends/sql/view-sql.ts';
import type { ProjectPlan } from '../../../compiler/plan/plan.ts';
import { createTable, loadTable, quoteName, type TableColumn } from '../../../runtime/engines/postgres/tables.ts';
import { PostgresSession } from '../../../runtime/sources/postgres-session.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { ActualRow } from '../../reference/compare.ts';
import { timestampText } from '../../reference/values.ts';
import type { PostgresConnection, PostgresServer } from '../../servers/postgres.ts';
import type { CompiledView, Project } from '../project.ts';
import { batchOf } from '../values.ts';
import type { Records } from './duckdb.ts';
import { keyColumns, type Label, labelColumns, type Ties } from './replay.ts';

const SCHEMA = 'records';

/** What a user's session may be like. Where these decide a value, emitted SQL is wrong. */
const ODD_SETTINGS = [
  "SET LOCAL TimeZone = 'Asia/Tokyo'",
  "SET LOCAL DateStyle = 'SQL, DMY'",
  "SET LOCAL IntervalStyle = 'sql_standard'",
  'SET LOCAL extra_float_digits = -10',
  'SET LOCAL standard_conforming_strings = off',
  'SET LOCAL backslash_quote = off',
  'SET LOCAL transform_null_equals = on',
  'SET LOCAL search_path = elsewhere, pg_catalog',
].join('; ');
const PLAIN_SETTINGS = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'postgres'",
  'SET extra_float_digits = 1',
  'SET standard_conforming_strings = on',
  'SET transform_null_equals = off',
].join('; ');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** rules.md 25: ASCII letters only. The names that a text calls are these wherever they stand before pg_catalog. */
const REFEREE = [
  'CREATE SCHEMA referee',
  `CREATE FUNCTION referee.lower(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(x, '${LETTERS.toUpperCase()}', '${LETTERS}') $$`,
  `CREATE FUNCTION referee.upper(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(x, '${LETTERS}', '${LETTERS.toUpperCase()}') $$`,
];
const RECORDS = `${SCHEMA}."accepted records"`;
/** The instant that the relations called like the sources are read at. */
const INSTANT = `${SCHEMA}."instant"`;
const NEW_SCHEMA = `DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`;

/** A database: a session that fills its tables, and a connection that takes several statements in one message. */
interface Database {
  readonly session: PostgresSession;
  readonly connection: PostgresConnection;
}

async function openDatabase(server: PostgresServer, url: string): Promise<Database> {
  const database = { session: await PostgresSession.open(url), connection: await server.connect(url) };
  await database.connection.query(PLAIN_SETTINGS);
  return database;
}

/**
 * A database for the emitted functions, whose collation is not C, and one for the users' texts, whose collation is. Tables and functions are
 * made once for all cases that share what was compiled.
 */
export class PostgresMachines {
  readonly #emitted: Database;
  readonly #referee: Database;
  #plan: ProjectPlan | null = null;
  readonly #functions = new Set<CompiledView>();
  readonly #labels = new Map<CompiledView, string>();

  private constructor(emitted: Database, referee: Database) {
    this.#emitted = emitted;
    this.#referee = referee;
  }

  static async open(server: PostgresServer): Promise<PostgresMachines> {
    const emitted = await openDatabase(server, server.url);
    // What the session finds first where it looks for names of its own.
    await emitted.session.run('CREATE SCHEMA elsewhere');
    for (const name of ['lower', 'length', 'abs'])
      await emitted.session.run(
        `CREATE FUNCTION elsewhere.${name}(x text) RETURNS text LANGUAGE sql AS $$ SELECT 'elsewhere' $$`,
      );
    const url = await server.createDatabase("LOCALE 'C' LOCALE_PROVIDER libc");
    const referee = await openDatabase(server, url);
    for (const statement of REFEREE) await referee.session.run(statement);
    await referee.connection.query(`SET search_path = referee, pg_catalog, ${SCHEMA}`);
    return new PostgresMachines(emitted, referee);
  }

  async close(): Promise<void> {
    for (const { session, connection } of [this.#referee, this.#emitted]) {
      await connection.close();
      await session.close();
    }
  }

  async load(project: Project, accepted: Records): Promise<void> {
    const { source, request, requests } = project;
    if (project.plan !== this.#plan) await this.#create(project);
    else await this.#empty(project);
    await fill(this.#emitted.session, tableOf(source), source, accepted);
    await fill(this.#referee.session, RECORDS, source, accepted);
    if (request === null) return;
    for (const { session } of [this.#emitted, this.#referee]) await fill(session, tableOf(request), request, requests);
  }

  async #create({ plan, source, request }: Project): Promise<void> {
    this.#functions.clear();
    this.#labels.clear();
    this.#plan = null;
    const [emitted, referee] = [this.#emitted.session, this.#referee.session];
    for (const session of [emitted, referee]) await session.run(NEW_SCHEMA);
    await emitted.run(`SET search_path = ${SCHEMA}`);
    await createTable(emitted, tableOf(source), source.columns);
    await createTable(referee, RECORDS, source.columns);
    if (request !== null)
      for (const session of [emitted, referee]) await createTable(session, tableOf(request), request.columns);
    await referee.run(
      `CREATE TABLE ${INSTANT} AS SELECT TIMESTAMP '1970-01-01' AS "at"; CREATE VIEW ${tableOf(source)} AS ${asOf(source)}`,
    );
    this.#plan = plan;
  }

  async #empty({ source, request }: Project): Promise<void> {
    const requests = request === null ? [] : [tableOf(request)];
    const deleted = (names: readonly string[]): string => names.map((name) => `DELETE FROM ${name}`).join('; ');
    await this.#emitted.session.run(deleted([tableOf(source), ...requests]));
    await this.#referee.session.run(deleted([RECORDS, ...requests]));
  }

  /** Each entity's row at each instant, from the function that was emitted, called by a session whose settings are odd. */
  async emittedRows(view: CompiledView, instants: readonly bigint[]): Promise<ActualRow[][]> {
    await this.#createFunction(view);
    const name = view.spec.shape === 'rows' ? `${view.name}_latest` : view.name;
    const parts = instants.map(
      (t, i) => `SELECT ${i} AS "at", * FROM ${SCHEMA}.${quoteName(name)}(TIMESTAMP '${timestampText(t)}')`,
    );
    // The cursor keeps what was computed under the odd settings; it is read under plain ones.
    const { rows } = await this.#emitted.connection.query(
      `CLOSE ALL; BEGIN; ${ODD_SETTINGS}; DECLARE answer CURSOR WITH HOLD FOR ${parts.join(' UNION ALL ')}; COMMIT; FETCH ALL FROM answer`,
    );
    const columns = [{ name: 'at', type: INTEGER }, ...view.plan.outputs];
    const all = rows.map((row) => actualRow(columns, row));
    return instants.map((_, i) => all.filter((row) => row.at === String(i)));
  }

  async #createFunction(view: CompiledView): Promise<void> {
    if (this.#functions.has(view)) return;
    await this.#emitted.session.run(view.postgres);
    this.#functions.add(view);
  }

  /** A training set over the tables that `load` has made: a row a label, the view's outputs and `tied`. */
  async datasetRows(project: Project, view: CompiledView, labels: readonly Label[], ties: Ties): Promise<ActualRow[]> {
    const { session, connection } = this.#emitted;
    const named = new Map(
      [...labelColumns(project, view), ...keyColumns(project)].map((column) => [column.name, column]),
    );
    const columns = [{ name: 'fsc place', type: INTEGER }, { name: 'fsc at', type: TIMESTAMP }, ...named.values()];
    const rows = labels.map((label, i) => [i, label.t, ...[...named.keys()].map((name) => label.columns[name]!)]);
    const table = await this.#labelTable(view, columns);
    await loadTable(session, table, columns, [{ batch: batchOf(columns, rows), rows: null, count: rows.length }]);
    const { outputs } = view.plan;
    const sql = emitPostgresDataset(
      {
        labels: { relation: table, ordinal: 'fsc place', instant: 'fsc at' },
        source: (name) => `${SCHEMA}.${quoteName(name)}`,
        features: outputs.map(({ name }, ordinal) => ({ view: view.plan, ordinal, name })),
        ties: ties === 'include' ? 'include' : 'exclude',
        ownEvents: new Set(ties === 'exclude own' ? [project.source.name] : []),
        tied: 'fsc tied',
        knownTime: null,
      },
      FUNCTIONS,
    );
    const result = await connection.query(sql);
    return result.rows.map((row) => actualRow([...outputs, { name: 'fsc tied', type: BOOLEAN }], row));
  }

  /** Empty. */
  async #labelTable(view: CompiledView, columns: readonly TableColumn[]): Promise<string> {
    const { session } = this.#emitted;
    const known = this.#labels.get(view);
    if (known !== undefined) {
      await session.run(`DELETE FROM ${known}`);
      return known;
    }
    const table = `${SCHEMA}.${quoteName(`labels of ${view.name}`)}`;
    await createTable(session, table, columns);
    this.#labels.set(view, table);
    return table;
  }

  /** Null where the text aborts on a value. */
  async refereeRows(view: CompiledView, t: bigint): Promise<ActualRow[] | null> {
    const query = refereeQuery(view.plan, Number(t), null, 'postgres');
    const views = query.views.map(({ name, text }) => `CREATE TEMP VIEW ${quoteName(name)} AS ${text}; `);
    try {
      return await this.#ask(view, t, `${views.join('')}${query.text}`);
    } catch (error) {
      if (stateOf(error).startsWith('22')) return null;
      throw error;
    }
  }

  /** The guarded form of the same, where the text aborts. */
  async guardedRows(view: CompiledView, t: bigint): Promise<ActualRow[]> {
    const context = { dialect: 'postgres', functions: FUNCTIONS } as const;
    return this.#ask(view, t, emitViewSql(view.plan, printInstant(Number(t)), 'latest', context));
  }

  /** The rows of the last of the statements, over relations as they are at t; nothing of it stays. */
  async #ask(view: CompiledView, t: bigint, statements: string): Promise<ActualRow[]> {
    const { connection } = this.#referee;
    const instant = `UPDATE ${INSTANT} SET "at" = TIMESTAMP '${timestampText(t)}'`;
    // Sent at once; the second undoes the first whether or not it fails.
    const asked = connection.query(`BEGIN; ${instant}; ${statements}`);
    const undone = connection.query('ROLLBACK');
    try {
      return (await asked).rows.map((row) => actualRow(view.plan.outputs, row));
    } finally {
      await undone;
    }
  }
}

function stateOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function tableOf({ name }: SourceSpec): string {
  return `${SCHEMA}.${quoteName(name)}`;
}

const INTEGER: SqlType = { kind: 'integer' };
const TIMESTAMP: SqlType = { kind: 'timestamp' };
const BOOLEAN: SqlType = { kind: 'boolean' };

async function fill(session: PostgresSession, table: string, spec: SourceSpec, rows: Records): Promise<void> {
  if (rows.length === 0) return;
  await loadTable(session, table, spec.columns, [
    { batch: batchOf(spec.columns, rows), rows: null, count: rows.length },
  ]);
}

/** The relation called like the source: accepted records with event time at or before the instant. */
function asOf(spec: SourceSpec): string {
  const columns = spec.columns.map(({ name }) => quoteName(name)).join(', ');
  const time = quoteName(spec.columns[spec.eventTimeColumn]!.name);
  return `SELECT ${columns} FROM ${RECORDS} WHERE ${time} <= (SELECT "at" FROM ${INSTANT})`;
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
