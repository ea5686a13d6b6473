/** The user's own text in DuckDB: what the naive evaluator is checked against. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { printSelect } from '../generators/print-sql.ts';
import type { Case, Row, Type, Value, ViewSpec } from '../generators/view-spec.ts';
import { versioned } from '../generators/view-spec.ts';
import type { ActualRow } from './compare.ts';
import { columnsOf } from './compare.ts';
import { dateText, decimalText, timestampText } from './values.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';

const PREAMBLE = [
  "SET TimeZone='UTC'",
  'SET integer_division=true',
  'SET ieee_floating_point_ops=false',
  "SET default_null_order='nulls_last'",
  // DuckDB 1.5 rewrites conditions to others that differ where there are NULLs, and raises for some of LIKE's patterns.
  "SET disabled_optimizers='expression_rewriter,filter_pushdown'",
  'SET threads=1',
  `CREATE MACRO lower(x) AS translate(x, '${LOWER.toUpperCase()}', '${LOWER}')`,
  `CREATE MACRO upper(x) AS translate(x, '${LOWER}', '${LOWER.toUpperCase()}')`,
];

const columnType = (type: Type): string => {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'timestamptz':
      return 'TIMESTAMP';
    case 'text':
      return 'VARCHAR';
    default:
      return type.kind.toUpperCase();
  }
};

const valueText = (value: Value, type: Type): string => {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `'${value}'::DOUBLE`;
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (type.kind === 'decimal') return `'${decimalText(value, type.scale)}'`;
  if (type.kind === 'date') return `'${dateText(value)}'`;
  if (type.kind === 'timestamp' || type.kind === 'timestamptz') return `'${timestampText(value)}'`;
  return `'${value}'`;
};

export class Referee {
  private constructor(private readonly connection: DuckDBConnection) {}

  static async open(): Promise<Referee> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    for (const statement of PREAMBLE) await connection.run(statement);
    return new Referee(connection);
  }

  private async load(
    name: string,
    columns: readonly { readonly name: string; readonly type: Type }[],
    rows: readonly Row[],
  ): Promise<void> {
    const list = columns.map((c) => `${c.name} ${columnType(c.type)}`);
    await this.connection.run(`CREATE OR REPLACE TABLE ${name} (position_ INTEGER, ${list.join(', ')})`);
    if (rows.length === 0) return;
    const values = rows.map((r, i) => `(${i}, ${columns.map((c) => valueText(r[c.name] ?? null, c.type)).join(', ')})`);
    await this.connection.run(`INSERT INTO ${name} VALUES ${values.join(', ')}`);
  }

  /** The accepted records of a case, once for all its instants. */
  async prepare(test: Case, rows: readonly Row[]): Promise<void> {
    await this.load('all_events', test.source.columns, rows);
    if (test.request !== undefined) await this.load(test.request.name, test.request.columns, test.requests);
  }

  /** Each view's rows at t, shape B's in event order; an Error where the raw text aborts. */
  async rows(test: Case, view: ViewSpec, t: bigint): Promise<ActualRow[] | Error> {
    const { source } = test;
    const columns = source.columns.map((c) => c.name).join(', ');
    try {
      await this.connection.run(
        `CREATE OR REPLACE VIEW ${source.name} AS SELECT ${columns} FROM all_events WHERE ${source.eventTime} <= TIMESTAMP '${timestampText(t)}'`,
      );
      let text: string;
      let order = '';
      if (view.shape === 'B') {
        text = this.withOrder(test, view, t);
        order = ` ORDER BY ${orderNames(test).join(', ')}`;
      } else if (view.shape === 'D') {
        for (const target of test.views.filter((v) => v.shape !== 'D')) {
          const body =
            target.shape === 'B'
              ? `SELECT * FROM (${this.withOrder(test, target, t)}) QUALIFY row_number() OVER (PARTITION BY ${target.entity.join(', ')} ORDER BY ${orderNames(
                  test,
                )
                  .map((n) => `${n} DESC`)
                  .join(', ')}) = 1`
              : at(printSelect(target, source), t);
          await this.connection.run(`CREATE OR REPLACE VIEW ${versioned(target)} AS ${body}`);
        }
        text = at(printSelect(view, source), t).replace('SELECT\n', `SELECT ${view.alias}.position_,\n`);
        order = ' ORDER BY position_';
      } else text = at(printSelect(view, source), t);
      const outputs = columnsOf(view).map((c) =>
        c.type.kind === 'double' || c.type.kind === 'real'
          ? `CAST(${c.name} AS DOUBLE) AS ${c.name}`
          : `CAST(${c.name} AS VARCHAR) AS ${c.name}`,
      );
      const extra = view.shape === 'D' ? ', position_' : '';
      const reader = await this.connection.runAndReadAll(`SELECT ${outputs.join(', ')}${extra} FROM (${text})${order}`);
      return reader.getRowObjects();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private withOrder(test: Case, view: ViewSpec, t: bigint): string {
    const names = [test.source.eventTime, ...test.source.key];
    const hidden = names.map((n, i) => `${n} AS order_${i}`).join(', ');
    return at(printSelect(view, test.source), t).replace('SELECT\n', `SELECT ${hidden},\n`);
  }
}

const orderNames = (test: Case): string[] => [test.source.eventTime, ...test.source.key].map((_, i) => `order_${i}`);

const at = (text: string, t: bigint): string => text.replaceAll('now()', `TIMESTAMP '${timestampText(t)}'`);
