import { describe, expect, it } from 'vitest';
import type { GroupState } from '../../runtime/state/program.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { copyOf, groupOf, newState, numeric } from './groups.ts';
import { type Random, random } from './plans.ts';

/**
 * Many entities outgrow small blocks, so that blocks are moved together. The referee is the same program with few entities a state, where no
 * class of blocks ever has a segment too many.
 */
const MINUTE = 60_000_000;
const START = Date.UTC(2001, 0, 1) * 1000;
const ENTITIES = 5000;
const EVENTS = 70_000;
const BATCH = 1000;
const SPAN = 3000 * MINUTE;
const LATENESS = 30 * MINUTE;
const ENTITIES_APART = 100;
/** Bytes of an event to those of its record: free places of its block, and what compaction leaves. Without it there are 1.9. */
const SPACIOUS = 1.7;
const RECORD_BYTES = { aggregates: 40, rows: 48 };

const SOURCE = `-- @event_time ts
CREATE TABLE events (ts timestamp NOT NULL, id bigint PRIMARY KEY, usr bigint NOT NULL, n integer, amount double precision, item text);`;

const VIEWS = {
  aggregates: `SELECT usr, count(*) FILTER (WHERE ts > now() - INTERVAL '1 day') AS in_day,
  max(n) FILTER (WHERE ts > now() - INTERVAL '1 day') AS most,
  min(n) FILTER (WHERE ts > now() - INTERVAL '2 hours') AS least,
  sum(amount) FILTER (WHERE ts > now() - INTERVAL '1 day') AS spent,
  count(DISTINCT item) FILTER (WHERE ts > now() - INTERVAL '1 day') AS items,
  count(*) AS all_events
FROM events GROUP BY usr`,
  rows: `SELECT usr, id, ts, n, lag(n, 2) OVER w AS before, sum(n) OVER (w ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS six,
  max(amount) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW) AS most
FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts, id)`,
};

interface Event {
  readonly t: number;
  readonly id: number;
  readonly user: number;
  readonly n: number | null;
  readonly amount: number;
  readonly item: string;
}

/** Every entity has a few events, and then each has them at a rate of its own. */
function someEvents(r: Random): Event[] {
  return Array.from({ length: EVENTS }, (_, i) => ({
    t: START + Math.floor((i * SPAN) / EVENTS) - (r.chance(0.1) ? r.int(LATENESS) : 0),
    id: (i * 7919) % EVENTS,
    user: i < 2 * ENTITIES ? i % ENTITIES : Math.min(r.int(ENTITIES), r.int(ENTITIES)),
    n: r.chance(0.05) ? null : r.int(1000) - 500,
    amount: r.int(1_000_000) / 64,
    item: `item ${r.int(9)}`,
  }));
}

function toBatch(events: readonly Event[]): ColumnBatch {
  const columns = [
    numeric(events.map(({ t }) => t)),
    numeric(events.map(({ id }) => id)),
    numeric(events.map(({ user }) => user)),
    numeric(events.map(({ n }) => n)),
    numeric(events.map(({ amount }) => amount)),
  ];
  const strings = events.map(({ item }) => item);
  const item = { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls: null } as const;
  return { length: events.length, columns: [...columns, item] };
}

function ingest(state: GroupState, events: readonly Event[]): void {
  const rows = Int32Array.from(events, (_, i) => i);
  if (events.length > 0) state.ingest(toBatch(events), rows, events.length);
}

function valuesOf(state: GroupState, user: number, t: number): Value[] | null {
  const out: Value[] = [];
  const entity = state.entityId([user]);
  return entity >= 0 && state.probe(0, entity, t, out) ? out : null;
}

describe.each(['aggregates', 'rows'] as const)('blocks that are moved together: %s', (view) => {
  it('have every event of their entity', { timeout: 60_000 }, () => {
    const r = random(8);
    const events = someEvents(r);
    const group = groupOf(SOURCE, VIEWS[view]);
    let state = newState(group);
    const apart = Array.from({ length: ENTITIES / ENTITIES_APART }, () => newState(group));
    const apartOf = (user: number): number => Math.floor(user / ENTITIES_APART);
    for (let from = 0; from < EVENTS; from += BATCH) {
      const batch = events.slice(from, from + BATCH);
      ingest(state, batch);
      const parts: Event[][] = apart.map(() => []);
      for (const event of batch) (parts[apartOf(event.user)] as Event[]).push(event);
      apart.forEach((one, i) => {
        ingest(one, parts[i] as Event[]);
      });
      const newest = START + Math.floor(((from + BATCH) * SPAN) / EVENTS);
      if (r.chance(0.5)) for (const each of [state, ...apart]) each.settle(newest - LATENESS - 1);
      if (r.chance(0.2)) state = copyOf(group, state);
      for (let i = 0; i < 20; i++) {
        const user = r.int(ENTITIES);
        const t = newest + r.int(100 * MINUTE);
        expect(valuesOf(state, user, t)).toEqual(valuesOf(apart[apartOf(user)] as GroupState, user, t));
      }
    }
    for (let user = 0; user < ENTITIES; user++) {
      const t = START + SPAN + r.int(1000 * MINUTE);
      expect(valuesOf(state, user, t)).toEqual(valuesOf(apart[apartOf(user)] as GroupState, user, t));
    }
  });

  it('leave little room unused', () => {
    const r = random(9);
    const events = someEvents(r);
    const group = groupOf(SOURCE, VIEWS[view]);
    const state = newState(group);
    for (let from = 0; from < EVENTS; from += BATCH) ingest(state, events.slice(from, from + BATCH));
    const { eventBytes, keptEvents } = state.memory();
    expect(keptEvents).toBe(EVENTS);
    expect(eventBytes / keptEvents).toBeLessThan(SPACIOUS * RECORD_BYTES[view]);
  });
});
