/** The batch side of `verify`: emitted SQL, and the file's own text, over the records that online rows were made from. */
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { CARRIED, refereeQuery } from '../../compiler/backends/sql/referee.ts';
import { quoteName } from '../../compiler/backends/sql/text.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import type { RequestViewPlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { loadRecords } from '../../runtime/engines/duckdb/load.ts';
import { type Referee, refereeSession } from '../../runtime/engines/duckdb/referee.ts';
import { type DuckDbSession, openDuckDb, type ResultColumns } from '../../runtime/engines/duckdb/session.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { ColumnSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { plainColumn } from '../../runtime/values/plain-spec.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { batchOf } from '../testing/memory-records.ts';
import { type Tolerances, tolerancesAt } from '../tolerances.ts';

export type Row = readonly Value[];

export interface OwnRows {
  readonly rows: readonly Row[];
  /** Ordinals of columns for which the text raises: NULL in the rows, and not what it says. */
  readonly raising: ReadonlySet<number>;
}

/** Why there are none. */
export type NoOwnRows = 'too many' | 'raises';

/** By which the rows of a request view are told apart. */
const REQUEST_ROW = 'fsc row';
const ROW_COLUMN: ColumnSpec = { ...plainColumn(REQUEST_ROW, { kind: 'integer' }), nullable: false };

export class Batch {
  readonly #emitted: DuckDbSession;
  readonly #referee: Referee;

  private constructor(emitted: DuckDbSession, referee: Referee) {
    this.#emitted = emitted;
    this.#referee = referee;
  }

  static async open(): Promise<Batch> {
    return new Batch(await openDuckDb(), await refereeSession());
  }

  /** `relation`: SQL of the records that count. */
  async setSource(spec: SourceSpec, relation: string, nowMicros: number): Promise<void> {
    const all = `records of ${spec.name}`;
    for (const session of [this.#emitted, this.#referee.session]) {
      await session.run(`CREATE OR REPLACE VIEW ${quoteName(all)} AS ${relation}`);
    }
    await this.#emitted.run(`CREATE OR REPLACE VIEW ${quoteName(spec.name)} AS SELECT * FROM ${quoteName(all)}`);
    await this.#referee.setRelation(spec, all, nowMicros);
  }

  async setRequests(request: SourceSpec, rows: readonly Row[]): Promise<void> {
    const spec = withRowColumn(request);
    const numbered = rows.map((row, i) => [...row, i]);
    const records = [{ batch: batchOf(spec, numbered), rows: null, count: rows.length }];
    for (const session of [this.#emitted, this.#referee.session])
      await loadRecords(session, request.name, spec, records);
  }

  /** Rows of the emitted SQL, in parts; of a request view with the request's number in front. */
  async *rows(view: ViewPlan, nowMicros: number): AsyncGenerator<readonly Row[]> {
    const { types, batches } = await this.#emitted.streamColumns(emittedSql(view, nowMicros));
    for await (const batch of batches) yield rowsOf(types, batch);
  }

  /** The same by the file's own text, up to `limit`. */
  async ownRows(view: ViewPlan, nowMicros: number, limit: number): Promise<OwnRows | NoOwnRows> {
    const { text, views, parts } = refereeQuery(view, nowMicros, view.kind === 'request' ? REQUEST_ROW : null);
    const limited = (sql: string): string => `SELECT * FROM (\n${sql}\n) AS own LIMIT ${limit + 1}`;
    const without = (ordinals: ReadonlySet<number>): string => limited(parts.without(ordinals));
    const answer = await this.#referee.ask({ text: limited(text), views, parts: { columns: parts.columns, without } });
    if (answer === null) return 'raises';
    const { types, batch, raising } = answer;
    return batch.length > limit ? 'too many' : { rows: rowsOf(types, batch), raising };
  }

  /** Some entities of a view, spread over all of them, and the same ones each time. */
  async someKeys(view: ViewPlan, nowMicros: number, count: number): Promise<readonly Row[]> {
    const keys = view.spec.entity.map(({ name }) => quoteName(name)).join(', ');
    const sql = `SELECT ${keys} FROM (\n${emittedSql(view, nowMicros)}\n) AS v ORDER BY hash(${keys}), ${keys} LIMIT ${count}`;
    const { types, batch }: ResultColumns = await this.#emitted.readColumns(sql);
    return rowsOf(types, batch);
  }

  tolerances(view: ViewPlan, nowMicros: number): Promise<Tolerances> {
    return tolerancesAt(this.#emitted, view, nowMicros);
  }

  close(): void {
    this.#emitted.close();
    this.#referee.close();
  }
}

function emittedSql(view: ViewPlan, nowMicros: number): string {
  const plan = view.kind === 'request' ? withRequestRow(view) : view;
  return emitViewSql(plan, printInstant(nowMicros), 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
}

function withRowColumn(request: SourceSpec): SourceSpec {
  return { ...request, columns: [...request.columns, ROW_COLUMN] };
}

function withRequestRow(view: RequestViewPlan): RequestViewPlan {
  const { type, name } = ROW_COLUMN;
  const { querySpan: span } = view;
  const expr = { kind: 'request', type, column: view.request.columns.length, name, span } as const;
  const outputs = [{ name: CARRIED, span, expr, type }, ...view.outputs];
  return { ...view, request: withRowColumn(view.request), outputs };
}

function rowsOf(types: readonly SqlType[], batch: ColumnBatch): readonly Row[] {
  return Array.from({ length: batch.length }, (_, row) =>
    batch.columns.map((column, i) => valueAt(column, types[i] as SqlType, row)),
  );
}
