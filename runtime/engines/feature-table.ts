/** Features of labels as a table of DuckDB beside the labels' own relation, row by row, and the two together as one result. */
import type { ColumnBatch, ColumnVector } from '../values/batch.ts';
import type { SqlType } from '../values/types.ts';
import { columnTypeText, quoteName, RecordAppender } from './duckdb/load.ts';
import type { DuckDbSession } from './duckdb/session.ts';
import { CHUNK_ROWS, type LabelValues } from './label-values.ts';

/** A column of the training set after those of the labels. */
export interface FeatureColumn {
  /** As it is called in the output. */
  readonly name: string;
  readonly type: SqlType;
}

export interface ReplayedFeature extends FeatureColumn {
  readonly values: LabelValues;
  readonly column: number;
}

export const FEATURE_TABLE = 'fsc features';
const INSTANT_TABLE = 'fsc instants';
const INSTANT: SqlType = { kind: 'timestamptz' };
/** Between two looks at the signal. */
const ROWS_A_TURN = 131_072;

/** f0, f1, …: the features' own names may be those of label columns. */
export function featureField(index: number): string {
  return `f${index}`;
}

export async function loadFeatures(
  session: DuckDbSession,
  features: readonly ReplayedFeature[],
  length: number,
  signal: AbortSignal,
): Promise<void> {
  const columns = features.map(({ type }, i) => `${featureField(i)} ${columnTypeText(type)}`);
  await session.run(`CREATE TABLE ${quoteName(FEATURE_TABLE)} (${columns.join(', ')})`);
  const appender = await RecordAppender.open(
    session,
    FEATURE_TABLE,
    features.map(({ type }) => type),
  );
  const chunk = new FeatureChunk(features);
  for (let from = 0; from < length; from += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, length - from);
    appender.append({ batch: chunk.fill(from, count), rows: null, count });
    if (from % ROWS_A_TURN !== 0) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  appender.close();
}

/** Columns of several LabelValues as one batch. */
class FeatureChunk {
  readonly #parts: readonly { readonly values: LabelValues; readonly batch: ColumnBatch }[];
  readonly #batch: ColumnBatch;

  constructor(features: readonly ReplayedFeature[]) {
    const parts = [...new Set(features.map(({ values }) => values))].map((values) => ({
      values,
      batch: values.emptyBatch(),
    }));
    const columns = features.map(({ values, column }) => {
      const part = parts.find((candidate) => candidate.values === values);
      return part?.batch.columns[column] as ColumnVector;
    });
    this.#parts = parts;
    this.#batch = { length: 0, columns };
  }

  fill(from: number, count: number): ColumnBatch {
    for (const { values, batch } of this.#parts) values.fill(batch, from, count);
    this.#batch.length = count;
    return this.#batch;
  }
}

/** The labels' instants, for `trainingSetSql` to write in the place of what they were read from. */
export async function loadInstants(session: DuckDbSession, instants: Float64Array): Promise<void> {
  await session.run(`CREATE TABLE ${quoteName(INSTANT_TABLE)} (instant ${columnTypeText(INSTANT)})`);
  const appender = await RecordAppender.open(session, INSTANT_TABLE, [INSTANT]);
  const columns: readonly ColumnVector[] = [{ kind: 'numeric', values: instants, nulls: null, wide: null }];
  appender.append({ batch: { length: instants.length, columns }, rows: null, count: instants.length });
  appender.close();
}

/**
 * SELECT of the labels' columns, then the features, in the labels' order. All relations have the same rows in the same order. `instant`: the column
 * that is taken from `loadInstants`.
 */
export function trainingSetSql(
  relation: string,
  labelColumns: readonly string[],
  features: readonly FeatureColumn[],
  instant: string | null,
): string {
  const items = [
    ...labelColumns.map((name) => (name === instant ? `i.instant AS ${quoteName(name)}` : `l.${quoteName(name)}`)),
    ...features.map(({ name }, i) => `f.${featureField(i)} AS ${quoteName(name)}`),
  ];
  const from = [`${relation} AS l`];
  if (instant !== null) from.push(`${quoteName(INSTANT_TABLE)} AS i`);
  if (features.length > 0) from.push(`${quoteName(FEATURE_TABLE)} AS f`);
  return `SELECT ${items.join(', ')} FROM ${from.join(' POSITIONAL JOIN ')}`;
}
