/** The sessions in which forms and raw texts are evaluated over the sample's table. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { fromDuckDb } from './values.ts';

/** Settings that emitted SQL has to be deaf to. */
const ODD = ["SET TimeZone = 'Asia/Tokyo'", "SET default_null_order = 'nulls_first'"];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** rules.md 25 */
const REFEREE = [
  "SET TimeZone = 'UTC'",
  'SET integer_division = true',
  'SET ieee_floating_point_ops = false',
  "SET default_null_order = 'nulls_last'",
  `CREATE MACRO lower(x) AS translate(x, '${LETTERS.toUpperCase()}', '${LETTERS}')`,
  `CREATE MACRO upper(x) AS translate(x, '${LETTERS}', '${LETTERS.toUpperCase()}')`,
];
/** Texts of one query; DuckDB plans a few hundred guarded forms in a second. */
const BATCH = 80;

export interface Column {
  /** The database's own name of the type. */
  readonly type: string;
  readonly values: readonly Value[];
}

/** What a machine says to one expression: its column, or why it refused the text. */
export type Answer = Column | { readonly refused: string };

export class DuckDbMachine {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Stock settings but for odd ones; a timestamptz is a UTC timestamp, as emitted SQL has it. */
  static emitted(statements: readonly string[]): Promise<DuckDbMachine> {
    return DuckDbMachine.#open(ODD, statements);
  }

  static referee(statements: readonly string[]): Promise<DuckDbMachine> {
    return DuckDbMachine.#open(REFEREE, statements);
  }

  static async #open(settings: readonly string[], statements: readonly string[]): Promise<DuckDbMachine> {
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    for (const statement of [...settings, ...statements]) await connection.run(statement);
    return new DuckDbMachine(connection);
  }

  close(): void {
    this.#connection.closeSync();
  }

  /** Each expression over every row of the sample, in order. */
  async evaluate(texts: readonly string[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let from = 0; from < texts.length; from += BATCH) {
      answers.push(...(await this.#batch(texts.slice(from, from + BATCH))));
    }
    return answers;
  }

  async #batch(texts: readonly string[]): Promise<Answer[]> {
    try {
      return await this.select(`SELECT ${texts.map((text, n) => `${text} AS x${n}`).join(', ')} FROM v ORDER BY i`);
    } catch (error) {
      if (texts.length === 1) return [{ refused: String(error).slice(0, 300) }];
      const answers: Answer[] = [];
      for (const text of texts) answers.push(...(await this.#batch([text])));
      return answers;
    }
  }

  async select(sql: string): Promise<Column[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    const rows = reader.getRows();
    return reader
      .columnTypes()
      .map((type, n) => ({ type: String(type), values: rows.map((row) => fromDuckDb(row[n])) }));
  }
}

/** The type that a value has inside emitted DuckDB SQL. */
export function physicalType(type: SqlType): SqlType {
  return type.kind === 'timestamptz' ? { kind: 'timestamp' } : type;
}
