import { quoteName } from '../../runtime/engines/duckdb/load.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { parquetRelation } from '../../runtime/sources/duckdb-scan.ts';
import type { Program } from '../../runtime/state/program.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import type { Feeds } from './feeds.ts';

/** With the clock of the events, now is the newest of them; without any, nothing has a row, whatever the instant. */
export async function newestMicros(program: Program, sources: readonly string[], feeds: Feeds): Promise<number> {
  const parts: string[] = [];
  for (const { spec } of program.sources) {
    if (!sources.includes(spec.name)) continue;
    const { paths } = await feeds.accepted(spec.name);
    const column = spec.columns[spec.eventTimeColumn];
    if (paths.length === 0 || column === undefined) continue;
    parts.push(`SELECT max(epoch_us(${quoteName(column.name)})) AS t FROM ${parquetRelation(paths)}`);
  }
  if (parts.length === 0) return wallClock.nowMicros();
  const session = await openDuckDb({ threads: 2 });
  try {
    const { batch } = await session.readColumns(`SELECT max(t) FROM (${parts.join(' UNION ALL ')})`);
    const vector = batch.columns[0];
    const isNull = vector === undefined || (vector.nulls !== null && vector.nulls[0] === 1);
    return !isNull && vector.kind === 'numeric' ? (vector.values[0] as number) : wallClock.nowMicros();
  } finally {
    session.close();
  }
}
