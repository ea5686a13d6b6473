import { expect, it } from 'vitest';
import type { GroupState } from '../../runtime/state/program.ts';
import type { ColumnBatch, NumericVector, TextVector } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { copyOf, groupOf, newState, numeric } from './groups.ts';
import { random } from './plans.ts';

/**
 * Every event brings a text and a wide integer of its own, so that those in no use are swept, and their numbers given to others, time and
 * again. What is in use stands in events, in what accumulators hold of events long gone, and in counts of distinct values.
 */
const MINUTE = 60_000_000;
const START = Date.UTC(2001, 0, 1) * 1000;
const EVENTS = 90_000;
const BATCH = 3000;
/** Events of an hour: far fewer than make a sweep pay. */
const STEP = 6 * 1_000_000;
const USERS = 40;
/** From here on the others have events, and these only what is remembered of them. */
const QUIET_FROM = 500;
const QUIET_USERS = 10;

const SOURCE = `-- @event_time ts
CREATE TABLE events (ts timestamp NOT NULL, id integer PRIMARY KEY, usr integer NOT NULL, item text, big decimal(38,0), tag text, code bigint, n integer);`;
const VIEW = `-- @allow_unbounded_state
SELECT usr,
  max(item) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS most_item,
  min(big) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS least_big,
  (array_agg(item ORDER BY ts DESC, id DESC))[1] AS latest_item,
  (array_agg(big ORDER BY ts, id))[1] AS earliest_big,
  max(big) AS most_big,
  min(item) AS least_item,
  count(DISTINCT tag) AS tags,
  count(DISTINCT n) AS ns,
  count(DISTINCT code) AS codes
FROM events GROUP BY usr`;

interface Event {
  readonly t: number;
  readonly id: number;
  readonly user: number;
  readonly item: string | null;
  readonly big: bigint | null;
  readonly tag: string;
  readonly code: bigint;
  readonly n: number;
}

function someEvents(): Event[] {
  const r = random(5);
  return Array.from({ length: EVENTS }, (_, i) => ({
    t: START + i * STEP,
    id: i,
    // The last of them comes later, so that the last entity is one that goes on.
    user: i < QUIET_FROM ? r.int(USERS - 1) : QUIET_USERS + r.int(USERS - QUIET_USERS),
    item: r.chance(0.05) ? null : `item ${r.int(1e9)} ${i}`,
    big: r.chance(0.05) ? null : (r.chance(0.5) ? 1n : -1n) * (10n ** 20n + BigInt(r.int(1e9))),
    // Some are of one event alone: counts go on holding them.
    tag: r.chance(0.1) ? `tag of ${i}` : `tag ${r.int(30)}`,
    code: r.chance(0.1) ? 2n ** 61n + BigInt(i) : 2n ** 60n + BigInt(r.int(30)),
    n: r.int(30),
  }));
}

function texts(strings: readonly (string | null)[]): TextVector {
  const nulls = Uint8Array.from(strings, (text) => (text === null ? 1 : 0));
  return {
    kind: 'text',
    strings: strings.map((text) => text ?? ''),
    codes: null,
    dictionary: null,
    dictionaryId: 0,
    nulls,
  };
}

function wides(values: readonly (bigint | null)[]): NumericVector {
  const wide = new Map(values.flatMap((value, row) => (value === null ? [] : [[row, value] as const])));
  return { ...numeric(values.map((value) => (value === null ? null : Number(value)))), wide };
}

function ingest(state: GroupState, events: readonly Event[]): void {
  const columns = [
    numeric(events.map(({ t }) => t)),
    numeric(events.map(({ id }) => id)),
    numeric(events.map(({ user }) => user)),
    texts(events.map(({ item }) => item)),
    wides(events.map(({ big }) => big)),
    texts(events.map(({ tag }) => tag)),
    wides(events.map(({ code }) => code)),
    numeric(events.map(({ n }) => n)),
  ];
  const batch: ColumnBatch = { length: events.length, columns };
  state.ingest(
    batch,
    Int32Array.from(events, (_, i) => i),
    events.length,
  );
}

/** ASCII only, so the language's order is that of code points. */
function least<T extends string | bigint>(values: readonly (T | null)[], sign: 1 | -1): T | null {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  const [first] = known;
  if (first === undefined) return null;
  return known.reduce((best, value) => ((sign === 1 ? value < best : value > best) ? value : best), first);
}

function expected(mine: readonly Event[], t: number): Value[] {
  const hour = mine.filter((event) => event.t > t - 60 * MINUTE);
  return [
    least(
      hour.map(({ item }) => item),
      -1,
    ),
    least(
      hour.map(({ big }) => big),
      1,
    ),
    mine[mine.length - 1]?.item ?? null,
    mine[0]?.big ?? null,
    least(
      mine.map(({ big }) => big),
      -1,
    ),
    least(
      mine.map(({ item }) => item),
      1,
    ),
    new Set(mine.map(({ tag }) => tag)).size,
    new Set(mine.map(({ n }) => n)).size,
    new Set(mine.map(({ code }) => code)).size,
  ];
}

function internedOf(state: GroupState): number {
  const { texts, wides } = JSON.parse(state.snapshot().sections.get('texts') as string) as Record<string, string[]>;
  return (texts as string[]).length + (wides as string[]).length;
}

it('texts and wide integers that are in use outlive every sweep', { timeout: 60_000 }, () => {
  const events = someEvents();
  const group = groupOf(SOURCE, VIEW);
  let state = newState(group);
  const byUser: Event[][] = Array.from({ length: USERS }, () => []);
  for (let from = 0; from < EVENTS; from += BATCH) {
    const batch = events.slice(from, from + BATCH);
    for (const event of batch) (byUser[event.user] as Event[]).push(event);
    ingest(state, batch);
    const newest = (batch[batch.length - 1] as Event).t;
    state.settle(newest - MINUTE);
    if (from % (7 * BATCH) === 0) state = copyOf(group, state);
    if (from % (3 * BATCH) !== 0 && from + BATCH < EVENTS) continue;
    for (let user = 0; user < USERS; user++) {
      const out: Value[] = [];
      const t = newest + (user % 4) * 20 * MINUTE;
      expect(state.probe(0, state.entityId([user]), t, out)).toBe(true);
      expect([user, ...out]).toEqual([user, ...expected(byUser[user] as Event[], t)]);
    }
  }
  // Without sweeps there are two an event.
  expect(internedOf(state)).toBeLessThan(EVENTS);
});
