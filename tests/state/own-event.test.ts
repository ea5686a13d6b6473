import { expect, it } from 'vitest';
import type { GroupState } from '../../runtime/state/program.ts';
import type { NumericVector, TextVector } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { groupOf, newState, numeric } from './groups.ts';
import { random } from './plans.ts';

/** Events of one instant, told apart and ordered by a key of several types; each has a power of two, so that a sum tells which it is of. */
const T = Date.UTC(2001, 0, 1) * 1000;
const SOURCE = `-- @event_time ts
CREATE TABLE events (ts timestamp NOT NULL, usr integer NOT NULL, flag boolean NOT NULL, code decimal(38,0) NOT NULL, name text NOT NULL, n integer NOT NULL,
  amount integer, PRIMARY KEY (flag, code, name, n));`;
const VIEW = `SELECT usr, sum(amount) AS total, count(*) AS events,
  (array_agg(amount ORDER BY ts DESC, flag DESC, code DESC, name DESC, n DESC) FILTER (WHERE ts > now() - INTERVAL '1 hour'))[1] AS latest,
  max(amount) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS most
FROM events GROUP BY usr`;

type Key = readonly [flag: boolean, code: bigint, name: string, n: number];

/** In the order that the key gives. */
const KEYS: readonly Key[] = [
  [false, -(10n ** 30n), 'z', 9],
  [false, -5n, 'b', -1],
  [false, -5n, 'b', 0],
  [false, -5n, 'b', 1],
  [false, -5n, '\uffee', 0],
  [false, -5n, '\u{1f600}', 0],
  [false, 2n ** 53n - 1n, '', 0],
  [false, 2n ** 53n, '', 0],
  [false, 2n ** 53n + 1n, '', 0],
  [true, -(2n ** 90n), '', 0],
  [true, 0n, '', 0],
];

function codes(values: readonly bigint[]): NumericVector {
  const wide = values.flatMap((value, row) => (Number.isSafeInteger(Number(value)) ? [] : [[row, value] as const]));
  return { ...numeric(values.map(Number)), wide: new Map(wide) };
}

function ingest(state: GroupState, order: readonly number[], t = T, user = 7): void {
  const keys = order.map((i) => KEYS[i] as Key);
  const text: TextVector = {
    kind: 'text',
    strings: keys.map(([, , name]) => name),
    codes: null,
    dictionary: null,
    dictionaryId: 0,
    nulls: null,
  };
  const columns = [
    numeric(order.map(() => t)),
    numeric(order.map(() => user)),
    numeric(keys.map(([flag]) => Number(flag))),
    codes(keys.map(([, code]) => code)),
    text,
    numeric(keys.map(([, , , n]) => n)),
    numeric(order.map((i) => 2 ** i)),
  ];
  state.ingest(
    { length: order.length, columns },
    Int32Array.from(order, (_, i) => i),
    order.length,
  );
}

const stored = ([flag, code, name, n]: Key): Value[] => {
  const isSafe = Number.isSafeInteger(Number(code));
  return [flag, isSafe ? Number(code) : code, name, n];
};

/** total, events, latest, most */
function without(gone: number | null): Value[] {
  const rest = KEYS.map((_, i) => i).filter((i) => i !== gone);
  const last = 2 ** (rest[rest.length - 1] as number);
  return [rest.reduce((sum, i) => sum + 2 ** i, 0), rest.length, last, last];
}

it('an event is left out by its whole key, whatever its types, and is there again afterwards', () => {
  const group = groupOf(SOURCE, VIEW);
  for (let seed = 1; seed <= 10; seed++) {
    const r = random(seed);
    const state = newState(group);
    const rest = KEYS.map((_, i) => i);
    const order = KEYS.map(() => rest.splice(r.int(rest.length), 1)[0] as number);
    ingest(state, order);
    const entity = state.entityId([7]);
    const valuesBut = (key: Value[]): Value[] | null => {
      const out: Value[] = [];
      return state.probeWithout(0, entity, T, key, out) ? out : null;
    };
    for (const i of order) expect([i, valuesBut(stored(KEYS[i] as Key))]).toEqual([i, without(i)]);
    const [flag, code, name, n] = stored(KEYS[3] as Key) as [Value, Value, Value, Value];
    const nobody = [
      [true, code, name, n],
      [flag, 6, name, n],
      [flag, code, 'c', n],
      [flag, code, name, 2],
      [null, code, name, n],
      [],
    ];
    for (const key of nobody) expect([key, valuesBut(key)]).toEqual([key, without(null)]);
  }
});

it('an event of another instant or entity is not left out, though it has the key', () => {
  const state = newState(groupOf(SOURCE, VIEW));
  const key = 5;
  for (const t of [T - 1, T, T + 1]) ingest(state, t === T ? [0, 3] : [key], t);
  // Its block follows that of the first, which is full.
  ingest(state, [key], T + 2, 8);
  const entity = state.entityId([7]);
  for (const t of [T, T + 2]) {
    const out: Value[] = [];
    expect(state.probeWithout(0, entity, t, stored(KEYS[key] as Key), out)).toBe(true);
    const [events, later, latest] = t === T ? [3, 0, 8] : [4, 2 ** key, 2 ** key];
    expect([t, ...out]).toEqual([t, 2 ** key + 1 + 8 + later, events, latest, 2 ** key]);
  }
});

it('an event before all others of its entity is put there, whatever stands before them', () => {
  const state = newState(groupOf(SOURCE, VIEW));
  ingest(state, [7, 8, 9, 10], T, 7);
  ingest(state, [3, 1], T, 8);
  ingest(state, [2], T - 5, 8);
  const valuesOf = (user: number): Value[] => {
    const out: Value[] = [];
    return state.probe(0, state.entityId([user]), T, out) ? out : [];
  };
  expect(valuesOf(7)).toEqual([2 ** 7 + 2 ** 8 + 2 ** 9 + 2 ** 10, 4, 2 ** 10, 2 ** 10]);
  expect(valuesOf(8)).toEqual([2 + 4 + 8, 3, 8, 8]);
});
