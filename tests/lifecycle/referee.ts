/** A view's own text in plain DuckDB, over the records that the model has accepted. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Declaration, keysOf, type View, viewName, viewText } from './declaration.ts';
import { isoOf, type Rec, SQL_COLUMNS, sqlInstant, sqlRow, timeOf } from './records.ts';
import { type Ask, type Joined, REQUEST_SOURCE, type Request, requestText } from './request.ts';

/** Column → value as canonical text; null: NULL. */
export type Row = ReadonlyMap<string, string | null>;
/** By the text of its keys. */
export type Rows = ReadonlyMap<string, Row>;

/** Whether what happens at the instant itself counts; a number: all but the record with this id. */
export type Ties = 'include' | 'exclude' | number;

/** A view that a request joins, with the records that count. */
export interface Part extends Joined {
  readonly records: readonly Rec[];
}

export class Referee {
  readonly #connection: DuckDBConnection;
  /** By source. */
  readonly #loaded = new Map<string, string>();

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(): Promise<Referee> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'; SET integer_division = true");
    return new Referee(connection);
  }

  /** The view at `t` over those of the records that happened by then. */
  async rows(view: View, declared: Declaration, records: readonly Rec[], t: number, ties: Ties): Promise<Rows> {
    await this.#cut(view.source, records, t, ties);
    const found = await this.#read(rowsSql(view, declared, t));
    return new Map(found.map((row) => [keyText(view, row), row]));
  }

  /** The request view's row for what a caller sends, the views that it joins being over the records that go with each. */
  async answer(request: Request, parts: readonly Part[], ask: Ask, t: number, ties: Ties): Promise<Row | null> {
    for (const { view, declared, records } of parts) {
      await this.#cut(view.source, records, t, ties);
      await this.#connection.run(`CREATE OR REPLACE TEMP VIEW ${viewName(view)} AS ${rowsSql(view, declared, t)}`);
    }
    await this.#connection.run(
      `CREATE OR REPLACE TEMP VIEW ${REQUEST_SOURCE} AS SELECT '${ask.card}' AS card, '${ask.kind}' AS kind, ${ask.weight}::INTEGER AS weight`,
    );
    const [row] = await this.#read(requestText(request, parts).replaceAll('now()', sqlInstant(t)));
    return row ?? null;
  }

  async #read(sql: string): Promise<readonly Row[]> {
    const result = await this.#connection.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql}) AS v`);
    const names = result.columnNames();
    return result.getRows().map((values) => new Map(names.map((name, i) => [name, canonical(values[i])])));
  }

  /** The source as of `t`. */
  async #cut(source: string, records: readonly Rec[], t: number, ties: Ties): Promise<void> {
    await this.#load(source, records);
    await this.#connection.run(
      `CREATE OR REPLACE TEMP VIEW ${source} AS FROM every_${source} WHERE ${untilSql(sqlInstant(t), ties)}`,
    );
  }

  async #load(source: string, records: readonly Rec[]): Promise<void> {
    const values = records.map(sqlRow).join(',\n');
    if (values === this.#loaded.get(source)) return;
    await this.#connection.run(`CREATE OR REPLACE TABLE every_${source} (${SQL_COLUMNS})`);
    if (values !== '') await this.#connection.run(`INSERT INTO every_${source} VALUES ${values}`);
    this.#loaded.set(source, values);
  }

  /** Parquet, as a writer of another tool would leave it. */
  async writeParquet(path: string, columns: string, rows: readonly string[]): Promise<void> {
    const name = path.replaceAll("'", "''");
    await this.#connection.run(`CREATE OR REPLACE TEMP TABLE a_file (${columns})`);
    if (rows.length > 0) await this.#connection.run(`INSERT INTO a_file VALUES ${rows.join(',')}`);
    await this.#connection.run(`COPY a_file TO '${name}' (FORMAT parquet)`);
  }
}

/** Each entity's row; of a view of rows the latest. */
function rowsSql(view: View, declared: Declaration, t: number): string {
  const text = viewText(view, declared).replaceAll('now()', sqlInstant(t));
  if (view.shape === 'aggregate') return text;
  return `FROM (${text}) AS v QUALIFY row_number() OVER (PARTITION BY card ORDER BY ts DESC, id DESC) = 1`;
}

function untilSql(now: string, ties: Ties): string {
  if (typeof ties === 'number') return `ts < ${now} OR (ts = ${now} AND id <> ${ties})`;
  return `ts ${ties === 'include' ? '<=' : '<'} ${now}`;
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
