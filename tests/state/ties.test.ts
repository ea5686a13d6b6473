import { afterEach, expect, it, vi } from 'vitest';
import { Interner } from '../../runtime/state/interner.ts';
import type { TextVector } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { groupOf, newState, numeric } from './groups.ts';

const T = Date.UTC(2001, 0, 1) * 1000;
const EVENTS = 4096;
/** Looks that halve what is left, and those in steps that double before them. */
const LOOKS = 2 * Math.log2(EVENTS) + 4;
const GROUP = groupOf(
  `-- @event_time ts
CREATE TABLE events (ts timestamp NOT NULL, usr integer NOT NULL, id text NOT NULL PRIMARY KEY, n integer NOT NULL);`,
  'SELECT usr, (array_agg(n ORDER BY ts DESC, id DESC))[1] AS latest, count(*) AS events, sum(n) AS total FROM events GROUP BY usr',
);

afterEach(() => {
  vi.restoreAllMocks();
});

it('an event among thousands of its instant finds its place in a few looks, and so does who asks for it', () => {
  const compared = vi.spyOn(Interner.prototype, 'compareText');
  const state = newState(GROUP);
  const ids = Array.from({ length: EVENTS }, (_, i) => String((i * 1021) % EVENTS).padStart(5, '0'));
  const texts: TextVector = { kind: 'text', strings: ids, codes: null, dictionary: null, dictionaryId: 0, nulls: null };
  const columns = [numeric(ids.map(() => T)), numeric(ids.map(() => 7)), texts, numeric(ids.map(Number))];
  const rows = Int32Array.from(ids, (_, i) => i);
  state.ingest({ length: EVENTS, columns }, rows, EVENTS);
  expect(compared.mock.calls.length).toBeLessThan(EVENTS * LOOKS);
  compared.mockClear();
  const out: Value[] = [];
  const all = (EVENTS * (EVENTS - 1)) / 2;
  const asked = ids.filter((_, i) => i % 64 === 0);
  for (const id of asked) {
    expect(state.probeWithout(0, 0, T, [id], out)).toBe(true);
    const latest = Number(id) === EVENTS - 1 ? EVENTS - 2 : EVENTS - 1;
    expect(out).toEqual([latest, EVENTS - 1, all - Number(id)]);
  }
  expect(compared.mock.calls.length).toBeLessThan(asked.length * LOOKS);
  for (const id of ['', '99999', '00000x']) {
    expect(state.probeWithout(0, 0, T, [id], out)).toBe(true);
    expect(out).toEqual([EVENTS - 1, EVENTS, all]);
  }
});
