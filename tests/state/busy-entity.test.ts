import { describe, expect, it } from 'vitest';
import type { GroupState } from '../../runtime/state/program.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { copyOf, groupOf, newState, numeric } from './groups.ts';
import { type Random, random } from './plans.ts';

/** An entity whose block grows past a segment of its own, among others, with late events, snapshots and a settle line that follows. */
const HOUR = 3_600_000_000;
const START = Date.UTC(2001, 0, 1) * 1000;
const EVENTS = 60_000;
const SPAN = 30 * HOUR;
const BATCH = 1500;
const LATENESS = HOUR / 4;

const SOURCE = `-- @event_time ts
-- @key none
CREATE TABLE events (ts timestamp NOT NULL, usr bigint NOT NULL, n integer, amount decimal(12,2));`;
const VIEW = `SELECT usr,
  count(*) AS all_events,
  count(*) FILTER (WHERE ts > now() - INTERVAL '1 day') AS in_day,
  count(n) FILTER (WHERE ts > now() - INTERVAL '1 day') AS known_in_day,
  sum(n) FILTER (WHERE ts > now() - INTERVAL '12 hours') AS sum_12h,
  max(n) FILTER (WHERE ts > now() - INTERVAL '12 hours') AS most_12h,
  min(amount) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS least_1h,
  stddev_samp(n) FILTER (WHERE ts > now() - INTERVAL '1 day') AS spread,
  var_pop(amount) FILTER (WHERE ts > now() - INTERVAL '12 hours') AS variance
FROM events GROUP BY usr`;

interface Event {
  readonly t: number;
  readonly user: number;
  readonly n: number | null;
  readonly amount: number;
}

function someEvents(r: Random): Event[] {
  return Array.from({ length: EVENTS }, (_, i) => ({
    t: START + Math.floor((i * SPAN) / EVENTS) - (r.chance(0.1) ? r.int(LATENESS) : 0),
    user: r.chance(0.7) ? 7 : r.int(300),
    n: r.chance(0.05) ? null : r.int(4_000_000_000) - 2_000_000_000,
    amount: r.chance(0.1) ? 9_999_999_999_00 - r.int(1000) : r.int(100_000),
  }));
}

function toBatch(events: readonly Event[]): ColumnBatch {
  return {
    length: events.length,
    columns: [
      numeric(events.map(({ t }) => t)),
      numeric(events.map(({ user }) => user)),
      numeric(events.map(({ n }) => n)),
      numeric(events.map(({ amount }) => amount)),
    ],
  };
}

function spread(values: readonly number[], sample: boolean): number | null {
  const count = BigInt(values.length);
  if (values.length < (sample ? 2 : 1)) return null;
  const sum = values.reduce((total, x) => total + BigInt(x), 0n);
  const squares = values.reduce((total, x) => total + BigInt(x) ** 2n, 0n);
  const over = count * (sample ? count - 1n : count);
  return Number(((count * squares - sum * sum) * 1_000_000n) / over) / 1e6;
}

function expected(events: readonly Event[], user: number, t: number): Value[] | null {
  const mine = events.filter((event) => event.user === user && event.t <= t);
  if (mine.length === 0) return null;
  const last = (hours: number): Event[] => mine.filter((event) => event.t > t - hours * HOUR);
  const known = (list: readonly Event[]): number[] => list.flatMap(({ n }) => (n === null ? [] : [n]));
  const half = known(last(12));
  const hour = last(1).map(({ amount }) => amount);
  const deviation = spread(known(last(24)), true);
  const variance = spread(
    last(12).map(({ amount }) => amount),
    false,
  );
  return [
    mine.length,
    last(24).length,
    known(last(24)).length,
    half.length === 0 ? null : half.reduce((sum, n) => sum + n, 0),
    half.length === 0 ? null : half.reduce((most, n) => Math.max(most, n)),
    hour.length === 0 ? null : hour.reduce((least, n) => Math.min(least, n)),
    deviation === null ? null : Math.sqrt(deviation),
    variance === null ? null : variance / 10_000,
  ];
}

function compare(state: GroupState, events: readonly Event[], user: number, t: number): void {
  const out: Value[] = [];
  const entity = state.entityId([user]);
  const found = entity >= 0 && state.probe(0, entity, t, out);
  const want = expected(events, user, t);
  if (!found || want === null) {
    expect(found ? out : null).toEqual(want);
    return;
  }
  expect(out.slice(0, 6)).toEqual(want.slice(0, 6));
  for (const i of [6, 7]) {
    if (want[i] === null) expect(out[i]).toBeNull();
    else expect(Math.abs((out[i] as number) / (want[i] as number) - 1)).toBeLessThan(1e-9);
  }
}

describe('a busy entity', () => {
  it('has the values of all its events, before and after snapshots', () => {
    const r = random(4);
    const events = someEvents(r);
    const group = groupOf(SOURCE, VIEW);
    let state = newState(group);
    for (let from = 0; from < EVENTS; from += BATCH) {
      const batch = events.slice(from, from + BATCH);
      state.ingest(
        toBatch(batch),
        Int32Array.from(batch, (_, i) => i),
        batch.length,
      );
      const newest = START + Math.floor(((from + batch.length) * SPAN) / EVENTS);
      if (r.chance(0.8)) state.settle(newest - LATENESS - 1);
      if (r.chance(0.1)) state = copyOf(group, state);
      if (r.chance(0.3))
        for (const user of [7, r.int(300)])
          compare(state, events.slice(0, from + BATCH), user, newest + r.int(2 * HOUR));
    }
    expect(state.memory().keptEvents).toBeGreaterThan(0.8 * EVENTS);
    compare(state, events, 7, START + SPAN + 20 * HOUR);
  });
});
