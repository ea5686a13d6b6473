/** The project of the benchmarks: six features an airport over an hour, a day and a week, and flights in Parquet. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '../../runtime/sources/duckdb-api.ts';

export const START = '2001-01-01 00:00:00';
export const SPAN_DAYS = 28;

const KEY = { none: '-- @key none\n', bigint: '' } as const;

export function flightsSource(key: keyof typeof KEY): string {
  const column = key === 'none' ? '' : '  flight_id   bigint    NOT NULL PRIMARY KEY,\n';
  return `-- @event_time departed_at
-- @lateness   10 minutes
${KEY[key]}CREATE TABLE flights (
${column}  departed_at timestamp NOT NULL,
  origin      text      NOT NULL,
  destination text      NOT NULL,
  delay       integer,
  distance    integer   CHECK (distance > 0)
);
`;
}

export const AIRPORT_VIEW = `SELECT
  origin,
  count(*)        FILTER (WHERE departed_at > now() - INTERVAL '1 hour')                AS departures_1h,
  avg(delay)      FILTER (WHERE departed_at > now() - INTERVAL '1 hour')                AS mean_delay_1h,
  max(delay)      FILTER (WHERE departed_at > now() - INTERVAL '1 day')                 AS worst_delay_1d,
  avg(delay)      FILTER (WHERE departed_at > now() - INTERVAL '1 day')                 AS mean_delay_1d,
  count(*)        FILTER (WHERE departed_at > now() - INTERVAL '7 days' AND delay > 60) AS long_delays_7d,
  sum(distance)   FILTER (WHERE departed_at > now() - INTERVAL '7 days')                AS miles_7d
FROM flights
GROUP BY origin
`;

export function writeProject(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** Flights in order of departure, each of a random one of `entities` airports. */
export async function writeFlights(path: string, rows: number, entities: number): Promise<void> {
  await query(`COPY (
    SELECT i AS flight_id,
      TIMESTAMP '${START}' + to_microseconds(CAST(floor(i * ${(SPAN_DAYS * 86_400_000_000) / rows}) AS BIGINT)) AS departed_at,
      'K' || (hash(i) % ${entities}) AS origin,
      'K' || (hash(i + 1000000007) % 400) AS destination,
      CASE WHEN hash(i + 3) % 50 = 0 THEN NULL ELSE CAST(hash(i + 2000000011) % 200 AS INTEGER) - 40 END AS delay,
      CAST(100 + hash(i + 5) % 2400 AS INTEGER) AS distance
    FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet)`);
}

/** Rows as objects; integers that are bigint come as such. */
export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS();
  } finally {
    instance.closeSync();
  }
}
