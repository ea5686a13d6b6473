/** A view's own text in plain DuckDB, over the records that the model has accepted. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Declaration, keysOf, type View, viewText } from './declaration.ts';
import { isoOf, type Rec, SQL_COLUMNS, sqlRow, timeOf } from './records.ts';

/** Column → value as canonical text; null: NULL. */
export type Row = ReadonlyMap<string, string | null>;
/** By the text of its keys. */
export type Rows = ReadonlyMap<string, Row>;

export class Referee {
  readonly #connection: DuckDBConnection;
  #loaded = '';

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(): Promise<Referee> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'; SET integer_division = true");
    await connection.run(`CREATE TABLE every_tx (${SQL_COLUMNS})`);
    return new Referee(connection);
  }

  /** The view at `t` over those of the records that happened by then. */
  async rows(
    view: View,
    declared: Declaration,
    records: readonly Rec[],
    t: number,
    ties: 'include' | 'exclude',
  ): Promise<Rows> {
    await this.#load(records);
    const now = `TIMESTAMP '${isoOf(t).replace('T', ' ').replace('Z', '')}'`;
    await this.#connection.run(
      `CREATE OR REPLACE TEMP VIEW tx AS FROM every_tx WHERE ts ${ties === 'include' ? '<=' : '<'} ${now}`,
    );
    const text = viewText(view, declared).replaceAll('now()', now);
    const latest =
      view.shape === 'rows' ? ' QUALIFY row_number() OVER (PARTITION BY card ORDER BY ts DESC, id DESC) = 1' : '';
    const result = await this.#connection.runAndReadAll(
      `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${text}) AS v${latest}`,
    );
    const names = result.columnNames();
    const rows = new Map<string, Row>();
    for (const values of result.getRows()) {
      const row = new Map(names.map((name, i) => [name, canonical(values[i])]));
      rows.set(keyText(view, row), row);
    }
    return rows;
  }

  async #load(records: readonly Rec[]): Promise<void> {
    const values = records.map(sqlRow).join(',\n');
    if (values === this.#loaded) return;
    await this.#connection.run('DELETE FROM every_tx');
    if (values !== '') await this.#connection.run(`INSERT INTO every_tx VALUES ${values}`);
    this.#loaded = values;
  }

  /** Parquet, as a writer of another tool would leave it. */
  async writeParquet(path: string, records: readonly Rec[]): Promise<void> {
    const name = path.replaceAll("'", "''");
    const rows =
      records.length === 0
        ? 'SELECT * FROM every_tx WHERE false'
        : `SELECT * FROM (VALUES ${records.map(sqlRow).join(',')}) AS v`;
    await this.#connection.run(`CREATE OR REPLACE TEMP TABLE file_tx (${SQL_COLUMNS})`);
    await this.#connection.run(`INSERT INTO file_tx ${rows}`);
    await this.#connection.run(`COPY file_tx TO '${name}' (FORMAT parquet)`);
  }
}

export function keyText(view: View, row: Row): string {
  return JSON.stringify(keysOf(view).map((key) => row.get(key) ?? null));
}

/** One form for what DuckDB and JSON print differently. */
export function canonical(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = String(value);
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return String(Number(text));
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text))
    return isoOf(Date.parse(`${text.replace(' ', 'T').replace('Z', '')}Z`) / 1000);
  return text;
}

export function newestOf(records: readonly Rec[]): number | null {
  return records.length === 0 ? null : Math.max(...records.map(timeOf));
}
