/**
 * Accepted records in the order in which they became known, for `--known-to label`: a label sees the records known at its instant, whatever
 * their event times.
 *
 * Reads: Parquet files of accepted records with known times.
 */
import { parquetRelation } from '../sources/duckdb-scan.ts';
import type { ColumnBatch, NumericVector } from '../values/batch.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { KNOWN_TIME_COLUMN } from './duckdb/accepted.ts';
import { columnTypeText, quoteName } from './duckdb/load.ts';
import { type DuckDbSession, openDuckDb } from './duckdb/session.ts';
import type { ReplayBatch } from './group-replay.ts';
import type { Feed } from './replay.ts';

/** SQL of a record's known time over the files of accepted records. */
export function knownTimeSql(spec: SourceSpec): string {
  const eventTime = quoteName(spec.columns[spec.eventTimeColumn]!.name);
  return `coalesce(${KNOWN_TIME_COLUMN}, make_timestamp(epoch_us(${eventTime})))`;
}

export async function openKnownFeed(spec: SourceSpec, paths: readonly string[]): Promise<Feed> {
  const session = await openDuckDb({ threads: 2 });
  const { batches } = await session.streamColumns(knownOrderSql(spec, paths));
  return new KnownFeed(spec, session, batches);
}

/** The declared columns, the known time, and the least event time of all records that become known later. */
function knownOrderSql(spec: SourceSpec, paths: readonly string[]): string {
  const columns = spec.columns.map(
    ({ name, type }) => `CAST(${quoteName(name)} AS ${columnTypeText(type)}) AS ${quoteName(name)}`,
  );
  const eventTime = quoteName(spec.columns[spec.eventTimeColumn]!.name);
  const keys = spec.keyColumns.map((column) => quoteName(spec.columns[column]!.name));
  const order = ['"fsc known"', eventTime, ...keys].join(', ');
  const later = `min(${eventTime}) OVER (ORDER BY ${order} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)`;
  return `SELECT *, ${later} AS "fsc line" FROM (
  SELECT ${columns.join(', ')}, ${knownTimeSql(spec)} AS "fsc known" FROM ${parquetRelation(paths)}
) ORDER BY ${order}`;
}

class KnownFeed implements Feed {
  readonly #width: number;
  readonly #session: DuckDbSession;
  readonly #batches: AsyncGenerator<ColumnBatch>;
  #rows = new Int32Array(0);

  constructor(spec: SourceSpec, session: DuckDbSession, batches: AsyncGenerator<ColumnBatch>) {
    this.#width = spec.columns.length;
    this.#session = session;
    this.#batches = batches;
  }

  async next(): Promise<ReplayBatch | null> {
    const { value, done } = await this.#batches.next();
    if (done === true) return null;
    const { length, columns } = value;
    const known = columns[this.#width] as NumericVector;
    const line = columns[this.#width + 1] as NumericVector;
    if (this.#rows.length < length) this.#rows = Int32Array.from({ length }, (_, row) => row);
    const isLast = line.nulls !== null && line.nulls[length - 1] === 1;
    return {
      batch: { length, columns: columns.slice(0, this.#width) },
      rows: this.#rows,
      count: length,
      upToMicros: known.values[length - 1] as number,
      known: {
        timesMicros: known.values,
        lineMicros: isLast ? Number.POSITIVE_INFINITY : (line.values[length - 1] as number),
      },
    };
  }

  async close(): Promise<void> {
    await this.#batches.return(undefined);
    this.#session.close();
  }
}
