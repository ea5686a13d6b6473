/** Events that no label sees are left out: which ones, and that no value tells. */
import { describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { type Feed, replay, type Ties } from '../../runtime/engines/replay.ts';
import { SeenEvents } from '../../runtime/engines/seen-events.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { GroupState, Program } from '../../runtime/state/program.ts';
import type { ColumnVector } from '../../runtime/values/batch.ts';
import { Random } from './world.ts';

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2024, 0, 1) * 1000;

const SOURCE = `-- @event_time paid_at
CREATE TABLE pay (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, amount integer NOT NULL);
`;

interface Kind {
  readonly select: string;
  /** How far before a label's instant the first event stands that counts; null: all count. */
  readonly reachMicros: number | null;
}

/** Each a view, and a group, of its own. */
const KINDS: Readonly<Record<string, Kind>> = {
  'open at its beginning': {
    select: "SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n FROM pay GROUP BY card",
    reachMicros: HOUR - 1,
  },
  'closed at its beginning': {
    select: "SELECT card, sum(amount) FILTER (WHERE paid_at >= now() - INTERVAL '1 hour') AS s FROM pay GROUP BY card",
    reachMicros: HOUR,
  },
  'the longer of two': {
    select: `SELECT card, max(amount) FILTER (WHERE paid_at >= now() - INTERVAL '2 hours') AS m, count(DISTINCT amount) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS d
      FROM pay GROUP BY card`,
    reachMicros: 2 * HOUR,
  },
  'ended before now': {
    select: `SELECT card, count(*) FILTER (WHERE paid_at >= now() - INTERVAL '3 hours' AND paid_at < now() - INTERVAL '1 hour') AS n,
      (array_agg(amount ORDER BY paid_at DESC, id DESC) FILTER (WHERE paid_at >= now() - INTERVAL '3 hours'))[1] AS latest FROM pay GROUP BY card`,
    reachMicros: 3 * HOUR,
  },
  'a window of rows': {
    select:
      "SELECT card, count(*) AS n, min(amount) AS least FROM pay WHERE paid_at >= now() - INTERVAL '1 hour' AND amount > 3 GROUP BY card",
    reachMicros: HOUR,
  },
  'nothing but rows': { select: 'SELECT card FROM pay GROUP BY card', reachMicros: 0 },
  'one without a beginning': {
    select: `SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n, sum(amount) AS total FROM pay GROUP BY card`,
    reachMicros: null,
  },
  'one that has ended, without a beginning': {
    select: "SELECT card, count(*) FILTER (WHERE paid_at <= now() - INTERVAL '1 hour') AS n FROM pay GROUP BY card",
    reachMicros: null,
  },
  'rows by a condition': {
    select:
      "SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n FROM pay WHERE amount > 3 GROUP BY card",
    reachMicros: null,
  },
  'an expression that can fail': {
    select:
      "SELECT card, sum(amount + 1) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS s FROM pay GROUP BY card",
    reachMicros: null,
  },
  'latest rows': {
    select: `SELECT card, amount, id, lag(amount) OVER (PARTITION BY card ORDER BY paid_at, id) AS before,
      count(*) OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS n FROM pay`,
    reachMicros: null,
  },
};

function programOf(select: string): Program {
  const { plan, diagnostics } = compileProject(
    new Map([
      ['features/sources/pay.sql', SOURCE],
      ['features/seen/v1.sql', `${select}\n`],
    ]),
    {},
  );
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return loadProgram(emitProject(plan));
}

/** With another `leastSeen`; `taken` counts the events that come to be taken in. */
function watched(program: Program, least: (t: number, own: number) => number, taken: { events: number }): Program {
  const watch = (state: GroupState): GroupState => {
    const leastSeen = state.leastSeen.bind(state);
    const ingest = state.ingest.bind(state);
    state.leastSeen = (t) => least(t, leastSeen(t));
    state.ingest = (batch, rows, count) => {
      taken.events += count;
      ingest(batch, rows, count);
    };
    return state;
  };
  return { ...program, groups: program.groups.map((group) => ({ ...group, create: (o) => watch(group.create(o)) })) };
}

interface Event {
  readonly id: number;
  readonly micros: number;
  readonly card: string;
  readonly amount: number;
}
interface Label {
  readonly card: string | null;
  readonly micros: number;
  readonly id: number;
}

function numbers(values: readonly number[]): ColumnVector {
  return { kind: 'numeric', values: Float64Array.from(values), nulls: null, wide: null };
}

function texts(values: readonly (string | null)[]): ColumnVector {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  const strings = values.map((value) => value ?? '');
  return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
}

function feedOf(events: readonly Event[], size: number): Feed {
  const rows = [...events].sort((a, b) => a.micros - b.micros || a.id - b.id);
  let at = 0;
  return {
    next: async () => {
      if (at >= rows.length) return null;
      const part = rows.slice(at, at + size);
      at += size;
      return {
        batch: {
          length: part.length,
          columns: [
            numbers(part.map(({ id }) => id)),
            numbers(part.map(({ micros }) => micros)),
            texts(part.map(({ card }) => card)),
            numbers(part.map(({ amount }) => amount)),
          ],
        },
        rows: Int32Array.from(part.keys()),
        count: part.length,
        upToMicros: (part.at(-1) as Event).micros,
        known: null,
      };
    },
    close: async () => undefined,
  };
}

interface How {
  readonly ties: Ties;
  readonly own: boolean;
}

async function outcome(program: Program, events: readonly Event[], asked: readonly Label[], how: How, size: number) {
  const { views, tiedLabels } = await replay({
    program,
    views: ['seen_v1'],
    labels: {
      length: asked.length,
      instants: Float64Array.from(asked, ({ micros }) => micros),
      columns: new Map([
        ['card', texts(asked.map(({ card }) => card))],
        ['id', numbers(asked.map(({ id }) => id))],
      ]),
    },
    ties: how.ties,
    ownEvents: new Set(how.own ? ['pay'] : []),
    openFeed: async () => feedOf(events, size),
    errors: { count: () => undefined },
    onProgress: null,
    signal: new AbortController().signal,
  });
  const rows = asked.map((_, i) =>
    views.flatMap(({ names, values }) => names.map((_n, column) => values.get(i, column))),
  );
  const has = asked.map((_, i) => views.map(({ values }) => values.has(i)));
  return { rows, has, tiedLabels };
}

/** Labels days apart; events at every edge of every window before them, a microsecond to each side, and between. */
function world(seed: number): { readonly events: Event[]; readonly asked: Label[] } {
  const random = new Random(seed);
  const events: Event[] = [];
  const asked: Label[] = [];
  const add = (card: string, micros: number): void => {
    events.push({ id: events.length + 1, micros, card, amount: random.below(10) });
  };
  for (const card of ['a', 'b', 'c']) {
    if (card !== 'c') add(card, START + random.below(100) * HOUR);
    for (let label = 0; label < 4; label++) {
      const t = START + (10 + label * 12 + random.below(8)) * DAY + random.below(DAY);
      for (const back of [0, HOUR, 2 * HOUR, 3 * HOUR])
        for (const by of [-1, 0, 1]) if (random.below(4) > 0) add(card, t - back + by);
      for (let i = 0; i < 12; i++) add(card, t - random.below(8 * DAY));
      const own = events.find((event) => event.card === card && event.micros === t)?.id ?? 0;
      asked.push({ card, micros: t, id: own });
      if (random.below(3) === 0) asked.push({ card, micros: t + 1 + random.below(HOUR), id: 0 });
    }
  }
  for (let i = 0; i < 40; i++) add('unasked', START + random.below(60 * DAY));
  asked.push({ card: 'd', micros: START + 20 * DAY, id: 0 }, { card: null, micros: START + DAY, id: 0 });
  // Before an entity's first event it has no row.
  asked.push({ card: 'a', micros: START - HOUR, id: 0 });
  return { events, asked };
}

const HOWS: readonly How[] = [
  { ties: 'include', own: false },
  { ties: 'exclude', own: false },
  { ties: 'exclude', own: true },
];

describe('events that no label sees', () => {
  for (const [name, { select, reachMicros }] of Object.entries(KINDS)) {
    const program = programOf(select);

    it(`stand before the window that reaches farthest: ${name}`, () => {
      const state = program.groups[0]?.create({ errors: { count: () => undefined }, entityHint: 0 });
      for (const t of [START, START + 1, START + 5 * DAY]) {
        expect(state?.leastSeen(t)).toBe(reachMicros === null ? Number.NEGATIVE_INFINITY : t - reachMicros);
      }
    });

    it(`change nothing: ${name}`, async () => {
      let left = 0;
      for (let seed = 1; seed <= 6; seed++) {
        const { events, asked } = world(seed);
        for (const how of HOWS) {
          const all = { events: 0 };
          const some = { events: 0 };
          const expected = await outcome(
            watched(program, () => Number.NEGATIVE_INFINITY, all),
            events,
            asked,
            how,
            events.length,
          );
          for (const size of [1, 17, events.length]) {
            some.events = 0;
            const found = await outcome(
              watched(program, (_t, own) => own, some),
              events,
              asked,
              how,
              size,
            );
            expect([seed, how, size, found]).toEqual([seed, how, size, expected]);
          }
          left += all.events - some.events;
        }
      }
      if (reachMicros === null) expect(left).toBe(0);
      else expect(left).toBeGreaterThan(500);
    });

    if (reachMicros === null || reachMicros === 0) continue;
    it(`would be missed if they were a microsecond more: ${name}`, async () => {
      let differences = 0;
      for (let seed = 1; seed <= 6; seed++) {
        const { events, asked } = world(seed);
        const how = HOWS[0] as How;
        const taken = { events: 0 };
        const right = await outcome(program, events, asked, how, 17);
        const wrong = await outcome(
          watched(program, (_t, own) => own + 1, taken),
          events,
          asked,
          how,
          17,
        );
        if (JSON.stringify(right.rows, textOf) !== JSON.stringify(wrong.rows, textOf)) differences++;
      }
      expect(differences).toBeGreaterThan(0);
    });
  }

  it('are not looked for where labels see most events', () => {
    const probes = (perEntity: number) => {
      const instants = Float64Array.from({ length: perEntity }, (_, i) => i * 100);
      const labels = new Uint32Array(perEntity);
      return { length: perEntity, entities: new Int32Array(perEntity), labels, instants, targets: new Uint16Array(0) };
    };
    const reach = (t: number): number => t - 1000;
    expect(SeenEvents.of(probes(100), Int32Array.of(100), reach)).toBeNull();
    expect(SeenEvents.of(probes(100), Int32Array.of(100), (t) => t - 10)).not.toBeNull();
    expect(SeenEvents.of(probes(100), Int32Array.of(100), () => Number.NEGATIVE_INFINITY)).toBeNull();
    expect(SeenEvents.of(probes(0), Int32Array.of(0), reach)).toBeNull();
  });
});

function textOf(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}
