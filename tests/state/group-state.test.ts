import { describe, expect, it } from 'vitest';
import type { GroupState, StateImage } from '../../runtime/state/program.ts';
import type { ColumnVector, TextVector } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { copyOf, groupOf, newState, numeric } from './groups.ts';

const HOUR = 3_600_000_000;
const T = Date.UTC(2001, 0, 1) * 1000;

const groupBy = (type: string) =>
  groupOf(
    `-- @event_time ts
-- @key none
CREATE TABLE events (ts timestamp NOT NULL, entity ${type} NOT NULL, n integer NOT NULL);`,
    `SELECT entity, count(*) AS all_events, sum(n) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS total, max(n) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS most
FROM events GROUP BY entity`,
  );
const BY_NUMBER = groupBy('bigint');
const BY_TEXT = groupBy('text');

function ingest(
  state: GroupState,
  entities: ColumnVector,
  times: readonly number[],
  ns: readonly number[] | TextVector,
): void {
  const columns = [numeric(times), entities, 'kind' in ns ? ns : numeric(ns)];
  state.ingest(
    { length: times.length, columns },
    Int32Array.from(times, (_, i) => i),
    times.length,
  );
}

/** An event for each, in this order. */
function countNumbers(state: GroupState, keys: readonly number[]): void {
  ingest(
    state,
    numeric(keys),
    keys.map(() => T),
    keys.map(() => 1),
  );
}

function coded(dictionaryId: number, dictionary: string[], texts: readonly string[]): TextVector {
  const codes = Int32Array.from(texts, (text) => dictionary.indexOf(text));
  return { kind: 'text', strings: null, codes, dictionary, dictionaryId, nulls: null };
}

function eventsOf(state: GroupState, key: Value): Value {
  const out: Value[] = [];
  const entity = state.entityId([key]);
  return entity >= 0 && state.probe(0, entity, T, out) ? (out[0] as Value) : null;
}

/** The image with another section, or none, of that name. */
function without(image: StateImage, name: string, instead?: Int32Array): StateImage {
  const sections = new Map(image.sections);
  sections.delete(name);
  if (instead !== undefined) sections.set(name, instead);
  return { ...image, sections };
}

describe('entities', () => {
  it('that numbers name are found again, near 0, far from it and below it', () => {
    const state = newState(BY_NUMBER);
    const keys = [5, 0, 1023, 1024, 1e6, -1, -5, Number.MAX_SAFE_INTEGER, 7, 4096, 8191, 12_000];
    const dense = Array.from({ length: 5000 }, (_, i) => i);
    for (const round of [1, 2, 3]) {
      countNumbers(state, keys);
      countNumbers(state, [...keys].reverse());
      expect(keys.map((key) => eventsOf(state, key))).toEqual(keys.map(() => 2 * round));
    }
    expect(state.entityCount).toBe(keys.length);
    countNumbers(state, dense);
    countNumbers(state, [...keys, 6000, 24_000]);
    expect([5, 0, -1, 1e6, 12_000].map((key) => eventsOf(state, key))).toEqual([8, 8, 7, 7, 7]);
    expect([3, 4999, 6000, 24_000].map((key) => eventsOf(state, key))).toEqual([1, 1, 1, 1]);
    expect([-2, 0.5, 5000, 25_000].map((key) => state.entityId([key]))).toEqual([-1, -1, -1, -1]);
  });

  it('cost no more where the numbers that name them are far apart', () => {
    const bytesOf = (step: number): number => {
      const state = newState(BY_NUMBER);
      for (let from = 0; from < 100; from++) {
        countNumbers(
          state,
          Array.from({ length: 10 }, (_, i) => (from * 10 + i) * step),
        );
      }
      return state.memory().bytes;
    };
    expect(bytesOf(1_000_003)).toBeLessThanOrEqual(bytesOf(1));
    expect(bytesOf(4.5e9)).toBeLessThanOrEqual(bytesOf(1));
  });

  it('have room each, whether their blocks or their cursors are the first to need more', () => {
    const state = newState(BY_NUMBER);
    const out: Value[] = [];
    const lost: number[] = [];
    for (let key = 0; key < 36_000; key++) {
      countNumbers(state, [key]);
      // In order, so that it is the entity's own cursor that is moved and read.
      if (!state.probeInOrder(0, key, T, out) || out[0] !== 1) lost.push(key);
    }
    expect(lost).toEqual([]);
  });

  it('are found, made, told of and listed for a batch; NULL is none', () => {
    const state = newState(BY_NUMBER);
    countNumbers(state, [5, 7]);
    expect([state.addEntity([7]), state.addEntity([9]), state.addEntity([9]), state.addEntity([null])]).toEqual([
      1, 2, 2, -1,
    ]);
    expect([state.entityId([9]), state.entityId([null]), state.entityCount]).toEqual([2, -1, 3]);
    const keys = [0, 1, 2].map((entity) => {
      const out: Value[] = [];
      state.entityKeys(entity, out);
      return out;
    });
    expect(keys).toEqual([[5], [7], [9]]);
    const out = new Int32Array(4);
    const columns = [numeric([T, T, T, T, T]), numeric([9, 3, 11, 7, 5]), numeric([1, 1, 1, 1, 1])];
    state.entitiesOf({ length: 5, columns }, Int32Array.of(4, 0, 3, 2), 4, out);
    expect([...out]).toEqual([0, 2, 1, 3]);
    expect([state.entityId([11]), state.entityId([3])]).toEqual([3, -1]);
  });

  it('that texts name are found by the codes of each dictionary, also of one that grows and one that comes back', () => {
    const state = newState(BY_TEXT);
    const count = (vector: TextVector): void => {
      const { length } = vector.codes ?? vector.strings ?? [];
      ingest(state, vector, new Array<number>(length).fill(T), new Array<number>(length).fill(1));
    };
    const many = Array.from({ length: 300 }, (_, i) => `name ${i}`);
    count(coded(1, ['a', 'b'], ['b', 'a', 'b']));
    count(coded(2, ['b', 'c'], ['b', 'c']));
    count(coded(1, ['a', 'b'], ['a']));
    count(coded(1, ['a', 'b', 'd'], ['d', 'a', 'b']));
    count(coded(1, ['a', 'b', 'd', ...many], ['a', 'd', ...many]));
    count({ kind: 'text', strings: ['a', 'name 299'], codes: null, dictionary: null, dictionaryId: 0, nulls: null });
    expect(['a', 'b', 'c', 'd', 'name 0', 'name 299', 'e'].map((key) => eventsOf(state, key))).toEqual([
      5,
      4,
      1,
      2,
      1,
      2,
      null,
    ]);
    expect(state.entityCount).toBe(304);
  });

  it('are dirty once each, from their event until they are taken, through a restart', () => {
    let state = newState(BY_NUMBER);
    const keys = Array.from({ length: 100 }, (_, i) => i);
    const taken = (): number[] => [...state.takeDirty()].sort((a, b) => a - b);
    countNumbers(state, [...keys, ...keys]);
    expect(taken()).toEqual(keys);
    expect(taken()).toEqual([]);
    countNumbers(state, [40, 3, 40]);
    state = copyOf(BY_NUMBER, state);
    countNumbers(state, [3, 50]);
    expect(taken()).toEqual([3, 40, 50]);
    countNumbers(state, keys);
    state = copyOf(BY_NUMBER, state);
    countNumbers(state, keys);
    expect(taken()).toEqual(keys);
  });
});

describe('a state', () => {
  it('tells what it holds', () => {
    const state = newState(BY_NUMBER);
    expect(state.memory()).toMatchObject({ entities: 0, keptEvents: 0, eventBytes: 0 });
    const empty = state.memory().bytes;
    const size = 10_000;
    const keys = Array.from({ length: size }, (_, i) => i % 1000);
    countNumbers(state, keys);
    const { entities, keptEvents, bytes, eventBytes } = state.memory();
    expect([entities, keptEvents]).toEqual([1000, size]);
    // What a group says that it needs is what it takes, free room apart.
    expect(eventBytes).toBeGreaterThanOrEqual(size * BY_NUMBER.eventBytes);
    expect(eventBytes).toBeLessThan(2 * size * BY_NUMBER.eventBytes);
    expect(bytes - eventBytes - empty).toBeGreaterThan(0.7 * 1000 * BY_NUMBER.entityBytes);
    expect(bytes - eventBytes - empty).toBeLessThan(3 * 1000 * BY_NUMBER.entityBytes);
  });

  it('tells what exact sums, distinct values and the ways to its entities take', () => {
    const group = groupOf(
      `-- @event_time ts
-- @key none
CREATE TABLE events (ts timestamp NOT NULL, entity text NOT NULL, amount double precision NOT NULL);`,
      `-- @allow_unbounded_state
SELECT entity, sum(amount) AS total, count(DISTINCT amount) AS amounts FROM events GROUP BY entity`,
    );
    const state = newState(group);
    const grown = (by: () => void): number => {
      const before = state.memory().bytes;
      by();
      return state.memory().bytes - before;
    };
    const size = 1000;
    const names = Array.from({ length: 100 * size }, (_, i) => `name ${i}`);
    ingest(
      state,
      coded(1, names.slice(0, size), names.slice(0, size)),
      new Array<number>(size).fill(T),
      [...names.keys()].slice(0, size),
    );
    // Sums and counts of the settled part, one an entity: more than either takes alone.
    state.settle(T + 1);
    expect(grown(() => state.takeDirty())).toBeGreaterThan(120 * size);
    // A dictionary of so many codes, two events of it.
    expect(grown(() => ingest(state, coded(2, names, ['name 0', 'name 1']), [T + 1, T + 1], [1, 2]))).toBeGreaterThan(
      3 * names.length,
    );
    // One entity has them all, so that a probe counts them beside the settled part.
    ingest(
      state,
      coded(2, names, new Array<string>(size).fill('name 0')),
      new Array<number>(size).fill(T + 2),
      [...names.keys()].slice(0, size),
    );
    expect(grown(() => state.probe(0, 0, T + 2, []))).toBeGreaterThan(8 * size);
    const numbers = newState(BY_NUMBER);
    const empty = numbers.memory().bytes;
    countNumbers(numbers, [1000]);
    expect(numbers.memory().bytes - empty).toBeGreaterThan(4 * 1000);
  });

  it('keeps its settle line, and refuses what comes or asks behind it, through a restart', () => {
    const fresh = newState(BY_NUMBER);
    countNumbers(fresh, [1]);
    fresh.settle(T + HOUR);
    fresh.settle(T);
    for (const state of [fresh, copyOf(BY_NUMBER, fresh)]) {
      const out: Value[] = [];
      const late = [T + HOUR - 1, T + HOUR];
      expect(state.probe(0, 0, T + HOUR - 1, out)).toBe(true);
      for (const t of [T, T + HOUR - 2]) {
        expect(() => state.probe(0, 0, t, out)).toThrow(/behind the settle line/);
        expect(() => state.probeExclusive(0, 0, t, out)).toThrow(/behind the settle line/);
        expect(() => state.probeWithout(0, 0, t, [], out)).toThrow(/behind the settle line/);
        expect(() => state.walk(0, 0, t)).toThrow(/behind the settle line/);
      }
      expect(() => ingest(state, numeric([1, 1]), late, [1, 1])).toThrow(/behind the settle line/);
      ingest(state, numeric([1]), [T + HOUR], [1]);
      expect(state.probe(0, 0, T + HOUR, out)).toBe(true);
      expect(out[0]).toBe(2);
    }
  });

  it('puts late events in their place after a restart', () => {
    let state = newState(BY_NUMBER);
    ingest(state, numeric([1, 2, 3]), [T + 2 * HOUR, T + HOUR, T], [1, 2, 4]);
    state.addEntity([4]);
    state = copyOf(BY_NUMBER, state);
    ingest(state, numeric([1, 1, 2, 4]), [T + HOUR, T + 2 * HOUR - 1, T + 2, T + 1], [8, 16, 32, 64]);
    const at = (key: number, t: number): Value[] => {
      const out: Value[] = [];
      return state.probe(0, state.entityId([key]), t, out) ? [...out] : [];
    };
    expect([at(1, T + HOUR), at(1, T + 2 * HOUR)]).toEqual([
      [1, 8, 8],
      [3, 17, 16],
    ]);
    expect([at(2, T + 2), at(2, T + HOUR), at(4, T), at(4, T + 1)]).toEqual([
      [1, 32, 32],
      [2, 34, 32],
      [],
      [1, 64, 64],
    ]);
  });

  it('takes events in any order from its settle line on, whoever asked for dirty entities before', () => {
    const state = newState(BY_NUMBER);
    countNumbers(state, [1]);
    state.settle(T + HOUR);
    ingest(state, numeric([1, 1]), [T + HOUR + 1, T + HOUR + 2], [4, 8]);
    expect([...state.takeDirty()]).toEqual([0]);
    ingest(state, numeric([1, 1]), [T + HOUR, T + HOUR + 1], [16, 32]);
    const out: Value[] = [];
    expect(state.probe(0, 0, T + HOUR + 1, out)).toBe(true);
    expect(out).toEqual([4, 52, 32]);
    expect(state.probe(0, 0, T + 2 * HOUR, out)).toBe(true);
    expect(out).toEqual([5, 44, 32]);
  });

  it('refuses an event before what a probe in order has taken in, and one of another entity not', () => {
    const state = newState(BY_NUMBER);
    ingest(state, numeric([1, 1, 2]), [T, T + 3, T], [1, 1, 1]);
    expect(state.probeInOrder(0, 0, T + 2, [])).toBe(true);
    expect(() => ingest(state, numeric([1]), [T - 1], [1])).toThrow(/behind the settled part/);
    ingest(state, numeric([1, 1, 2]), [T + 1, T + 2, T - 1], [1, 1, 1]);
    expect([eventsOf(state, 1), eventsOf(state, 2)]).toEqual([1, 2]);
  });

  it('has no view beside its own', () => {
    const state = newState(BY_NUMBER);
    countNumbers(state, [1]);
    expect(() => state.probe(1, 0, T, [])).toThrow(/no view 1/);
    expect(() => state.probeInOrder(-1, 0, T, [])).toThrow(/no view -1/);
    expect(() => state.walk(1, 0, T)).toThrow(/no view 1/);
  });

  it('is restored from texts in several sections', () => {
    const group = groupOf(
      `-- @event_time ts
-- @key none
CREATE TABLE events (ts timestamp NOT NULL, entity bigint NOT NULL, item text NOT NULL);`,
      "SELECT entity, min(item) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS least FROM events GROUP BY entity",
    );
    const state = newState(group);
    const items: TextVector = {
      kind: 'text',
      strings: ['c', 'b', 'd'],
      codes: null,
      dictionary: null,
      dictionaryId: 0,
      nulls: null,
    };
    ingest(state, numeric([1, 1, 2]), [T, T, T], items);
    const image = state.snapshot();
    const { texts, ...more } = JSON.parse(image.sections.get('texts') as string) as { texts: string[] };
    const sections = new Map(without(image, 'texts').sections);
    sections.set('texts.0', JSON.stringify({ texts: texts.slice(0, 2), ...more }));
    sections.set('texts.1', JSON.stringify({ texts: texts.slice(2), wides: [] }));
    const copy = newState(group);
    copy.restore({ ...image, sections });
    expect([eventsOf(copy, 1), eventsOf(copy, 2)]).toEqual(['b', 'd']);
  });

  it('is not restored over another', () => {
    const state = newState(BY_NUMBER);
    countNumbers(state, [1]);
    expect(() => state.restore(newState(BY_NUMBER).snapshot())).toThrow(/empty/);
    expect(eventsOf(state, 1)).toBe(1);
  });

  it('is not restored from an image without a part, or with a part of another kind', () => {
    const state = newState(BY_NUMBER);
    countNumbers(state, [1]);
    const image = state.snapshot();
    for (const name of image.sections.keys()) {
      expect(() => newState(BY_NUMBER).restore(without(image, name))).toThrow(`no section ${name}`);
    }
    for (const name of ['entity.arena', 'entity.starts', 'texts', 'ring']) {
      expect(() => newState(BY_NUMBER).restore(without(image, name, new Int32Array(8)))).toThrow(`no section ${name}`);
    }
  });
});
