/** The emitted functions, and the user's own text, in PostgreSQL, over tables of accepted records. */
import { FUNCTIONS } from '../../../compiler/backends/sql/functions.ts';
import { emitPostgresDataset } from '../../../compiler/backends/sql/postgres-dataset.ts';
import { printInstant } from '../../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../../compiler/backends/sql/view-sql.ts';
import type { ProjectPlan } from '../../../compiler/plan/plan.ts';
import { columnTypeText, quoteName, type TableColumn } from '../../../runtime/engines/postgres/tables.ts';
import { copyField } from '../../../runtime/sources/copy-text.ts';
import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { SqlType, Value } from '../../../runtime/values/types.ts';
import type { ActualRow } from '../../reference/compare.ts';
import { timestampText } from '../../reference/values.ts';
import type { PostgresConnection, PostgresServer, TextRows } from '../../servers/postgres.ts';
import type { CompiledView, Project } from '../project.ts';
import type { Records } from './duckdb.ts';
import { keyColumns, type Label, labelColumns, type Ties } from './replay.ts';

const SCHEMA = 'records';

/** What a user's session may be like, where a function is made and where it is called. Where these decide a value, emitted SQL is wrong. */
const ODD_VALUES = [
  "SET LOCAL TimeZone = 'Asia/Tokyo'",
  "SET LOCAL DateStyle = 'SQL, DMY'",
  "SET LOCAL IntervalStyle = 'sql_standard'",
  'SET LOCAL extra_float_digits = -10',
  'SET LOCAL standard_conforming_strings = off',
  'SET LOCAL backslash_quote = off',
  'SET LOCAL transform_null_equals = on',
].join('; ');
/** A caller's. */
const ODD_SETTINGS = `${ODD_VALUES}; SET LOCAL search_path = elsewhere, pg_catalog`;
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
/**
 * A database for the emitted functions, whose collation is not C, and one for the users' texts, whose collation is. Tables and functions are
 * made once for all cases that share what was compiled. What fills them goes in one message with what is asked of them: with few records it is
 * the messages that take the time.
 */
export class PostgresMachines {
  readonly #emitted: PostgresConnection;
  readonly #referee: PostgresConnection;
  #plan: ProjectPlan | null = null;
  readonly #made = new Set<CompiledView>();
  readonly #labels = new Map<CompiledView, string>();
  /** What goes before the next question to the emitted functions. */
  #first: string[] = [];
  /** Fills the relations that a text names, as they are at an instant. */
  #fillAt: (t: bigint) => string = () => '';

  private constructor(emitted: PostgresConnection, referee: PostgresConnection) {
    this.#emitted = emitted;
    this.#referee = referee;
  }

  static async open(server: PostgresServer): Promise<PostgresMachines> {
    const emitted = await server.connect();
    // What the session finds first where it looks for names of its own.
    await emitted.query('CREATE SCHEMA elsewhere');
    for (const name of ['lower', 'length', 'abs'])
      await emitted.query(
        `CREATE FUNCTION elsewhere.${name}(x text) RETURNS text LANGUAGE sql AS $$ SELECT 'elsewhere' $$`,
      );
    await emitted.query(`${PLAIN_SETTINGS}; SET search_path = ${SCHEMA}`);
    const referee = await server.connect(await server.createDatabase("LOCALE 'C' LOCALE_PROVIDER libc"));
    for (const statement of REFEREE) await referee.query(statement);
    await referee.query(`${PLAIN_SETTINGS}; SET search_path = referee, pg_catalog, ${SCHEMA}`);
    return new PostgresMachines(emitted, referee);
  }

  async close(): Promise<void> {
    await this.#referee.close();
    await this.#emitted.close();
  }

  async load(project: Project, accepted: Records): Promise<void> {
    const { plan, source, request, requests } = project;
    const specs = request === null ? [source] : [source, request];
    const asked = request === null ? [] : [insertText(tableOf(request), request.columns, requests)];
    if (plan !== this.#plan) await this.#create(specs);
    this.#plan = plan;
    const emptied = specs.map((spec) => `DELETE FROM ${tableOf(spec)}`);
    this.#first = [...emptied, insertText(tableOf(source), source.columns, accepted), ...asked];
    this.#fillAt = (t) => {
      const known = accepted.filter((row) => BigInt(row[source.eventTimeColumn] as number) <= t);
      return [insertText(tableOf(source), source.columns, known), ...asked].join('; ');
    };
  }

  async #create(specs: readonly SourceSpec[]): Promise<void> {
    this.#made.clear();
    this.#labels.clear();
    this.#plan = null;
    const tables = specs.map((spec) => createText(tableOf(spec), spec.columns));
    const schema = `DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`;
    for (const database of [this.#emitted, this.#referee]) await database.query([schema, ...tables].join('; '));
  }

  /** To the emitted functions' database. */
  async #ask(statements: string): Promise<TextRows> {
    const first = this.#first.map((statement) => `${statement};\n`);
    this.#first = [];
    return this.#emitted.query(`${first.join('')}${statements}`);
  }

  /** Each entity's row at each instant, from the function that was emitted, called by a session whose settings are odd. */
  async emittedRows(view: CompiledView, instants: readonly bigint[]): Promise<ActualRow[][]> {
    if (!this.#made.has(view))
      this.#first.push(`BEGIN; ${ODD_VALUES}`, view.postgres.trimEnd().replace(/;$/, ''), 'COMMIT');
    this.#made.add(view);
    const name = view.spec.shape === 'rows' ? `${view.name}_latest` : view.name;
    const parts = instants.map(
      (t, i) => `SELECT ${i} AS "at", * FROM ${SCHEMA}.${quoteName(name)}(TIMESTAMP '${timestampText(t)}')`,
    );
    // The cursor keeps what was computed under the odd settings; it is read under plain ones.
    const { rows } = await this.#ask(
      `CLOSE ALL; BEGIN; ${ODD_SETTINGS}; DECLARE answer CURSOR WITH HOLD FOR ${parts.join(' UNION ALL ')}; COMMIT; FETCH ALL FROM answer`,
    );
    const columns = [{ name: 'at', type: INTEGER }, ...view.plan.outputs];
    const all = rows.map((row) => actualRow(columns, row));
    return instants.map((_, i) => all.filter((row) => row.at === String(i)));
  }

  /** A training set over the tables that `load` has filled: a row a label, the view's outputs and `tied`. */
  async datasetRows(project: Project, view: CompiledView, labels: readonly Label[], ties: Ties): Promise<ActualRow[]> {
    // Labels of kept cases name no event.
    const keys = keyColumns(project).filter(({ name }) => labels.every(({ columns }) => name in columns));
    const named = new Map([...labelColumns(project, view), ...keys].map((column) => [column.name, column]));
    const columns = [{ name: 'fsc place', type: INTEGER }, { name: 'fsc at', type: TIMESTAMP }, ...named.values()];
    const rows = labels.map((label, i) => [i, label.t, ...[...named.keys()].map((name) => label.columns[name]!)]);
    const table = this.#labelTable(view, columns);
    this.#first.push(insertText(table, columns, rows));
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
    const result = await this.#ask(sql);
    return result.rows.map((row) => actualRow([...outputs, { name: 'fsc tied', type: BOOLEAN }], row));
  }

  /** Empty. */
  #labelTable(view: CompiledView, columns: readonly TableColumn[]): string {
    const known = this.#labels.get(view);
    const table = known ?? `${SCHEMA}.${quoteName(`labels of ${view.name}`)}`;
    this.#first.push(known === undefined ? createText(table, columns) : `DELETE FROM ${table}`);
    this.#labels.set(view, table);
    return table;
  }

  /** Null where the text aborts on a value. */
  async refereeRows(view: CompiledView, t: bigint): Promise<ActualRow[] | null> {
    const query = refereeQuery(view.plan, Number(t), null, 'postgres');
    const views = query.views.map(({ name, text }) => `CREATE TEMP VIEW ${quoteName(name)} AS ${text};\n`);
    try {
      return await this.#refereed(view, t, `${views.join('')}${query.text}`);
    } catch (error) {
      if (stateOf(error).startsWith('22')) return null;
      throw error;
    }
  }

  /** The guarded form of the same, where the text aborts. */
  async guardedRows(view: CompiledView, t: bigint): Promise<ActualRow[]> {
    const context = { dialect: 'postgres', functions: FUNCTIONS } as const;
    return this.#refereed(view, t, emitViewSql(view.plan, printInstant(Number(t)), 'latest', context));
  }

  /** The rows of the last of the statements, over the accepted records with event time at or before t; nothing of it stays. */
  async #refereed(view: CompiledView, t: bigint, statements: string): Promise<ActualRow[]> {
    // Sent at once; the second undoes the first whether or not it fails.
    const asked = this.#referee.query(`BEGIN; ${this.#fillAt(t)};\n${statements}`);
    const undone = this.#referee.query('ROLLBACK');
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

function createText(table: string, columns: readonly TableColumn[]): string {
  return `CREATE TABLE ${table} (${columns.map(({ name, type }) => `${quoteName(name)} ${columnTypeText(type)}`).join(', ')})`;
}

/** The columns' types read the literals, as they read the fields of COPY. */
function insertText(table: string, columns: readonly TableColumn[], rows: Records): string {
  if (rows.length === 0) return 'SELECT';
  const lines = rows.map((row) => `(${columns.map(({ type }, i) => literalText(row[i]!, type)).join(', ')})`);
  return `INSERT INTO ${table} VALUES ${lines.join(', ')}`;
}

/** An escape string knows the escapes of COPY. */
function literalText(value: Value, type: SqlType): string {
  return value === null ? 'NULL' : `E'${copyField(value, type).replaceAll("'", "''")}'`;
}

const INTEGER: SqlType = { kind: 'integer' };
const TIMESTAMP: SqlType = { kind: 'timestamp' };
const BOOLEAN: SqlType = { kind: 'boolean' };

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
