/**
 * A restart of `fsc run` with a million entities and twenty million kept events, from its start to its exit with nothing new to read:
 * `node tests/bench/run.mjs restart [--json] [--events=N]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flightsSource, query, START, writeProject } from './flights.ts';
import { fsc } from './process.ts';
import { report } from './report.ts';

const EVENTS = Number(process.argv.find((arg) => arg.startsWith('--events='))?.slice('--events='.length) ?? 20_000_000);
const ENTITIES = EVENTS / 20;
const SPAN_MICROS = 7 * 86_400_000_000;

const root = mkdtempSync(join(tmpdir(), 'fsc-bench-'));
try {
  writeProject(root, {
    'fsc.json': '{"clock": "events", "sources": {"flights": {"history": "flights.parquet"}}}',
    'features/sources/flights.sql': flightsSource('none').replace(/origin {6}text/, 'origin      bigint'),
    'features/airport/v1.sql': `SELECT origin,
  count(*)   FILTER (WHERE departed_at > now() - INTERVAL '1 day') AS departures_1d,
  avg(delay) FILTER (WHERE departed_at > now() - INTERVAL '8 days') AS mean_delay_8d
FROM flights GROUP BY origin`,
  });
  await query(`COPY (
    SELECT TIMESTAMP '${START}' + to_microseconds(CAST(floor(i * ${SPAN_MICROS / EVENTS}) AS BIGINT)) AS departed_at,
      CAST(hash(i) % ${ENTITIES} AS BIGINT) AS origin, 'JFK' AS destination,
      CAST(hash(i + 3) % 200 AS INTEGER) AS delay, 100 AS distance
    FROM range(${EVENTS}) t(i)) TO '${join(root, 'flights.parquet')}' (FORMAT parquet)`);
  const args = ['run', '--mode', 'stream', '--format', 'json', '--quiet'];
  const read = (out: string): number => (JSON.parse(out) as { events: { read: number } }).events.read;
  const first = fsc(root, args);
  if (read(first.out) !== EVENTS) throw new Error(`${read(first.out)} of ${EVENTS} read`);
  const again = fsc(root, args);
  if (read(again.out) !== 0) throw new Error(`${read(again.out)} were read again`);
  report(
    'restart',
    `first run over ${EVENTS} events, ${ENTITIES} entities`,
    EVENTS / first.usage.cpuSeconds,
    'events/CPU s',
  );
  report('restart', 'restart with all of them kept, wall', again.usage.wallSeconds, 's', { most: 10 });
  report('restart', 'restart with all of them kept, CPU', again.usage.cpuSeconds, 's');
  report('restart', 'restart with all of them kept, peak memory', again.usage.maxRssBytes / 2 ** 30, 'GiB');
} finally {
  rmSync(root, { recursive: true, force: true });
}
