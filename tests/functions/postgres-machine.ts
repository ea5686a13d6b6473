/** Postgres over the sample's table: emitted forms in a session with odd settings, raw texts one row at a time, since they may abort. */
import { parseDecimalText, powerOfTen } from '../../runtime/values/decimal.ts';
import { normaliseBigint } from '../../runtime/values/hybrid.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import type { PostgresConnection, PostgresServer } from '../servers/postgres.ts';
import type { Answer } from './machines.ts';

const ODD = "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'";
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** As rules.md 25 has it for DuckDB: ASCII letters only, and UTC. The database's collation is C. */
const REFEREE = [
  "SET TimeZone = 'UTC'",
  'CREATE SCHEMA referee',
  `CREATE FUNCTION referee.lower(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(x, '${LETTERS.toUpperCase()}', '${LETTERS}') $$`,
  `CREATE FUNCTION referee.upper(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT translate(x, '${LETTERS}', '${LETTERS.toUpperCase()}') $$`,
  'SET search_path = referee, pg_catalog, public',
];
const BATCH = 60;

export interface Typed {
  readonly text: string;
  readonly type: SqlType;
}

export class PostgresMachine {
  readonly #connection: PostgresConnection;

  private constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  static async emitted(server: PostgresServer, statements: readonly string[]): Promise<PostgresMachine> {
    const connection = await server.connect();
    for (const statement of [...statements, ODD]) await connection.query(statement);
    return new PostgresMachine(connection);
  }

  static async referee(server: PostgresServer, statements: readonly string[]): Promise<PostgresMachine> {
    return new PostgresMachine(await refereeConnection(server, statements));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async evaluate(expressions: readonly Typed[], from = 'FROM v ORDER BY i'): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let start = 0; start < expressions.length; start += BATCH) {
      answers.push(...(await this.#batch(expressions.slice(start, start + BATCH), from)));
    }
    return answers;
  }

  async #batch(expressions: readonly Typed[], from: string): Promise<Answer[]> {
    const items = (wrap: (expression: Typed) => string): string =>
      expressions.map((expression, n) => `${wrap(expression)} AS x${n}`).join(', ');
    try {
      const { types } = await this.#connection.query(`SELECT ${items(({ text }) => text)} ${from} LIMIT 0`);
      const { rows } = await this.#connection.query(
        `SELECT ${items(({ text, type }) => readable(text, type))} ${from}`,
      );
      return expressions.map(({ type }, n) => ({
        type: types[n] as string,
        values: rows.map((row) => fromText(row[n] as string | null, type)),
      }));
    } catch (error) {
      if (expressions.length === 1) return [{ refused: String(error).slice(0, 300) }];
      const answers: Answer[] = [];
      for (const expression of expressions) answers.push(...(await this.#batch([expression], from)));
      return answers;
    }
  }

  /** Each raw text over the first rows, one by one, cast to fsc's type: NULL where it aborts. */
  async raw(expressions: readonly Typed[], rows: number): Promise<RawAnswer[]> {
    const answers: RawAnswer[] = [];
    for (const expression of expressions) answers.push(await this.#rawOf(expression, rows));
    return answers;
  }

  async #rawOf({ text, type }: Typed, rows: number): Promise<RawAnswer> {
    const body = `SELECT ${readable(`CAST(${text} AS ${pgName(type)})`, type)} INTO r FROM v WHERE i = wanted`;
    try {
      // Bound apart first, so that only faults of values count as aborts.
      await this.#connection.query(`PREPARE probe AS SELECT ${text} FROM v; DEALLOCATE probe;
CREATE OR REPLACE FUNCTION pg_temp.raw(wanted integer) RETURNS text LANGUAGE plpgsql AS $raw$
DECLARE r text;
BEGIN ${body}; RETURN coalesce('v' || r, 'n');
EXCEPTION WHEN data_exception THEN RETURN NULL; END $raw$`);
      const out = await this.#connection.query(`SELECT pg_temp.raw(i) FROM generate_series(0, ${rows - 1}) AS g(i)`);
      const cells = out.rows.map(([cell]) => cell ?? null);
      return {
        values: cells.map((cell) => (cell?.startsWith('v') === true ? fromText(cell.slice(1), type) : null)),
        aborted: cells.map((cell) => cell === null),
      };
    } catch (error) {
      return { refused: String(error).slice(0, 300) };
    }
  }
}

export type RawAnswer =
  | { readonly values: readonly Value[]; readonly aborted: readonly boolean[] }
  | { readonly refused: string };

const C_COLLATION = "LOCALE 'C' LOCALE_PROVIDER libc";

/** A database with C collation, in which the user's own text means what fsc says it means. */
export async function refereeConnection(
  server: PostgresServer,
  statements: readonly string[],
): Promise<PostgresConnection> {
  const connection = await server.connect(await server.createDatabase(C_COLLATION));
  for (const statement of [...statements, ...REFEREE]) await connection.query(statement);
  return connection;
}

/** As text that does not hang on the session's styles. */
function readable(sql: string, type: SqlType): string {
  switch (type.kind) {
    case 'date':
      return `CAST((${sql}) - DATE '1970-01-01' AS text)`;
    case 'timestamp':
    case 'timestamptz':
      return `CAST(trunc(extract(epoch FROM (${sql})) * 1000000) AS text)`;
    case 'interval':
      return `(SELECT concat_ws(' ', extract(year FROM y) * 12 + extract(month FROM y), extract(day FROM y), trunc((extract(hour FROM y) * 3600 + extract(minute FROM y) * 60) * 1000000 + extract(microsecond FROM y))) FROM (SELECT (${sql}) AS y) AS s WHERE y IS NOT NULL)`;
    default:
      return `CAST((${sql}) AS text)`;
  }
}

function fromText(text: string | null, type: SqlType): Value {
  if (text === null) return null;
  switch (type.kind) {
    case 'boolean':
      return text === 'true';
    case 'text':
      return text;
    case 'real':
    case 'double': {
      return type.kind === 'real' ? Math.fround(Number(text)) : Number(text);
    }
    case 'decimal': {
      const parsed = parseDecimalText(text);
      // More digits than the type has: no value of it.
      if (parsed === null || parsed.scale > type.scale) return Number.NaN;
      return normaliseBigint(parsed.unscaled * powerOfTen(type.scale - parsed.scale));
    }
    case 'interval': {
      const [months, days, micros] = text.split(' ').map(Number) as [number, number, number];
      return { months, days, micros };
    }
    default:
      return normaliseBigint(BigInt(text));
  }
}

/** Postgres's own name of the type, without modifiers. */
export function pgName(type: SqlType): string {
  switch (type.kind) {
    case 'decimal':
      return 'numeric';
    case 'double':
      return 'double precision';
    default:
      return type.kind;
  }
}
