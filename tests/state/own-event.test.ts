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

function ingest(state: GroupState, order: readonly number[]): void {
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
    numeric(order.map(() => T)),
    numeric(order.map(() => 7)),
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
