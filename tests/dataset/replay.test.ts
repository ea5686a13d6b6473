import { describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import type { ReplayBatch } from '../../runtime/engines/group-replay.ts';
import { orderByInstant } from '../../runtime/engines/instant-order.ts';
import type { LabelTable } from '../../runtime/engines/label-table.ts';
import { LabelValues } from '../../runtime/engines/label-values.ts';
import { type Feed, replay, type Ties } from '../../runtime/engines/replay.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import { parseDecimalExact } from '../../runtime/values/decimal.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { FILES, HOUR, type Label, labels, type Payment, payments, Random, START, VIEWS } from './world.ts';

const files = new Map(Object.entries(FILES).filter(([path]) => path.endsWith('.sql')));
const { plan } = compileProject(files);
if (plan === null) throw new Error('the project does not compile');
const program = loadProgram(emitProject(plan));

function numbers(values: readonly (number | bigint | null)[]): ColumnVector {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  return { kind: 'numeric', values: Float64Array.from(values, (value) => Number(value ?? 0)), nulls, wide: null };
}

function texts(values: readonly (string | null)[]): ColumnVector {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  const strings = values.map((value) => value ?? '');
  return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
}

function batchOf(rows: readonly Payment[]): ColumnBatch {
  return {
    length: rows.length,
    columns: [
      numbers(rows.map((row) => row.id)),
      numbers(rows.map((row) => row.micros)),
      texts(rows.map((row) => row.card)),
      numbers(rows.map((row) => (row.amount === null ? null : parseDecimalExact(row.amount, 12, 2)))),
      texts(rows.map((row) => row.shop)),
    ],
  };
}

/** In order of event time, or of known time, so many rows at once. */
function feedOf(events: readonly Payment[], size: number, isByKnown: boolean): Feed {
  const time = (row: Payment): number => (isByKnown ? row.known : row.micros);
  const rows = [...events].sort((a, b) => time(a) - time(b) || a.micros - b.micros || a.id - b.id);
  let at = 0;
  return {
    next: async (): Promise<ReplayBatch | null> => {
      if (at >= rows.length) return null;
      const part = rows.slice(at, at + size);
      at += size;
      const line = Math.min(...rows.slice(at).map((row) => row.micros));
      return {
        batch: batchOf(part),
        rows: Int32Array.from(part, (_, i) => i),
        count: part.length,
        upToMicros: time(part.at(-1) as Payment),
        known: isByKnown ? { timesMicros: Float64Array.from(part, (row) => row.known), lineMicros: line } : null,
      };
    },
    close: async () => undefined,
  };
}

function tableOf(asked: readonly Label[]): LabelTable {
  return {
    length: asked.length,
    instants: Float64Array.from(asked, (label) => label.micros),
    columns: new Map([
      ['card', texts(asked.map((label) => label.card))],
      ['id', numbers(asked.map((label) => label.id))],
    ]),
  };
}

interface Case {
  readonly ties: Ties;
  readonly own: boolean;
  readonly isByKnown: boolean;
}

async function values(events: readonly Payment[], asked: readonly Label[], how: Case, size: number, sweepRows: number) {
  const { views, tiedLabels } = await replay({
    program,
    views: Object.keys(VIEWS),
    labels: tableOf(asked),
    ties: how.ties,
    ownEvents: new Set(how.own ? ['pay'] : []),
    openFeed: async () => feedOf(events, size, how.isByKnown),
    errors: { count: () => undefined },
    onProgress: null,
    signal: new AbortController().signal,
    sweepRows,
  });
  const rows = asked.map((_, i) =>
    views.flatMap((view) => view.names.map((_name, column) => view.values.get(i, column))),
  );
  return { rows, tiedLabels };
}

describe('replay', () => {
  const random = new Random(7);
  const events = payments(random, 300);
  const asked = labels(random, events, 80);
  const cases: readonly Case[] = [
    { ties: 'include', own: false, isByKnown: false },
    { ties: 'exclude', own: false, isByKnown: false },
    { ties: 'exclude', own: true, isByKnown: false },
    { ties: 'include', own: false, isByKnown: true },
    { ties: 'exclude', own: true, isByKnown: true },
  ];

  it.each(cases)(
    'gives the same however the log is cut and whenever it forgets: $ties, own $own, by known time $isByKnown',
    async (how) => {
      const whole = await values(events, asked, how, events.length, Number.POSITIVE_INFINITY);
      expect(whole.rows.some((row) => row.some((value) => value !== null))).toBe(true);
      const isTied = (label: Label): boolean =>
        events.some((event) => event.card === label.card && event.micros === label.micros);
      const tied = asked.filter(isTied).length;
      expect(tied).toBeGreaterThan(3);
      // By known time, a label is tied only with what was known at its instant.
      if (how.isByKnown) expect(whole.tiedLabels).toBeLessThanOrEqual(tied);
      else expect(whole.tiedLabels).toBe(tied);
      for (const size of [1, 7, 64]) {
        for (const sweepRows of [1, Number.POSITIVE_INFINITY]) {
          expect([size, sweepRows, await values(events, asked, how, size, sweepRows)]).toEqual([
            size,
            sweepRows,
            whole,
          ]);
        }
      }
    },
  );

  it('keeps no more events than windows reach, for entities that are asked for once at the end', async () => {
    const many = Array.from(
      { length: 20_000 },
      (_, i): Payment => ({ id: i, micros: START + i * HOUR, known: 0, card: 'a', amount: '1.00', shop: 'x' }),
    );
    const groups = new Set(program.groups);
    const states: { memory(): { readonly keptEvents: number } }[] = [];
    const watched = {
      ...program,
      groups: program.groups.map((group) => ({
        ...group,
        create: (options: Parameters<typeof group.create>[0]) => {
          const state = group.create(options);
          states.push(state);
          return state;
        },
      })),
    };
    expect(groups.size).toBeGreaterThan(0);
    await replay({
      program: watched,
      views: ['windows_v1'],
      labels: tableOf([{ id: null, card: 'a', micros: START + 30_000 * HOUR }]),
      ties: 'include',
      ownEvents: new Set(),
      openFeed: async () => feedOf(many, 500, false),
      errors: { count: () => undefined },
      onProgress: null,
      signal: new AbortController().signal,
      sweepRows: 1000,
    });
    for (const state of states) expect(state.memory().keptEvents).toBeLessThan(4000);
  });
});

describe('instants of labels', () => {
  const END = Number.MAX_SAFE_INTEGER;
  it.each([
    ['whole minutes', 60_000_000, 1000, []],
    ['microseconds', 1, 2 ** 45, []],
    ['few', 1000, 3, []],
    ['one', 1, 1, []],
    ['microseconds, and one of long ago', 1, 5000, [-END]],
    ['as far apart as they get', 1, 5000, [-END, 1 - END, END - 1, END]],
    ['whole minutes, and as far apart', 60_000_000, 1000, [-9_007_199_220_000_000, 9_007_199_220_000_000]],
  ])('are put in order, equal ones as they came: %s', (_what, unit, range, others) => {
    const random = new Random(range % 1000);
    // Few are sorted in one way, many in another.
    for (const length of [2, 255, 256, 257, 5000, 70_000]) {
      const instants = Float64Array.from({ length }, (_, i) =>
        others.length > 0 && i % 3 === 1
          ? (others[random.below(others.length)] as number)
          : START + unit * Math.floor((random.below(2 ** 31) / 2 ** 31) * range),
      );
      const expected = [...instants.keys()].sort((a, b) => (instants[a] as number) - (instants[b] as number) || a - b);
      const order = orderByInstant(instants);
      expect([...order.labels]).toEqual(expected);
      expect([...order.instants]).toEqual(expected.map((label) => instants[label]));
    }
  });
});

describe('values of labels', () => {
  it('come back as they were put, in any order, alone and in chunks', () => {
    const types: SqlType[] = [
      { kind: 'bigint' },
      { kind: 'text', maxLength: null },
      { kind: 'boolean' },
      { kind: 'double' },
      { kind: 'decimal', precision: 38, scale: 0 },
      ...Array.from({ length: 40 }, (): SqlType => ({ kind: 'integer' })),
    ];
    const count = 5000;
    const table = new LabelValues(types, count);
    const ordinals = Int32Array.from(types, (_, i) => i + 1);
    const row = (label: number): Value[] => [
      label % 3 === 0 ? null : label % 3 === 1 ? label : -(2n ** 60n) - BigInt(label),
      label % 5 === 0 ? null : label % 5 === 1 ? '' : `text ${label % 7}`,
      label % 4 === 0 ? null : label % 4 === 1,
      label % 6 === 0 ? Number.NaN : label / 7,
      label % 2 === 0 ? 2n ** 100n + BigInt(label) : 0,
      ...Array.from({ length: 40 }, (_, i) => ((label + i) % 9 === 0 ? null : label * i)),
    ];
    const isAbsent = (label: number): boolean => label % 11 === 0;
    for (let i = 0; i < count; i++) {
      const label = (i * 1237) % count;
      if (!isAbsent(label)) table.setRow(label, [null, ...row(label)], ordinals);
    }
    const batch = table.emptyBatch();
    for (let from = 0; from < count; from += 2048) {
      const size = Math.min(2048, count - from);
      table.fill(batch, from, size);
      for (let i = 0; i < size; i += 97) {
        const label = from + i;
        const wanted = isAbsent(label) ? types.map(() => null) : row(label);
        expect(types.map((_, column) => table.get(label, column))).toEqual(wanted);
        expect(batch.columns.map((vector, column) => valueIn(vector, types[column] as SqlType, i))).toEqual(wanted);
      }
    }
  });
});

function valueIn(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text') return vector.strings?.[row] ?? null;
  if (type.kind === 'boolean') return vector.values[row] === 1;
  return vector.wide?.get(row) ?? (vector.values[row] as number);
}
