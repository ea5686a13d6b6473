import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BuildOptions, generationOf, RowBuilder } from '../../runtime/stores/row-builder.ts';
import { RowEncoder } from '../../runtime/stores/row-encoder.ts';
import { MAX_STORE_KEY_BYTES, RowKeys } from '../../runtime/stores/row-key.ts';
import { RowReader } from '../../runtime/stores/row-reader.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { FakeWalk, type Future, futures, instantsOf, type Step, stepAt } from './steps.ts';

const seed = Number(process.env['FSC_TEST_SEED'] ?? Date.now() % 2 ** 31);
const RUNS = { seed, numRuns: 150 * Number(process.env['FSC_TEST_RUNS'] ?? 1) };
const INTEGER: SqlType = { kind: 'integer' };
const KEY = Buffer.from('a key');
const TEXT: SqlType = { kind: 'text', maxLength: null };

function encode({ types, steps }: Future, coveredTo = Number.POSITIVE_INFINITY): Uint8Array {
  const encoder = new RowEncoder(types);
  const [first, ...rest] = steps as [Step, ...Step[]];
  encoder.begin(first.at, first.hasRow, first.slots);
  for (const step of rest) encoder.step(step.at, step.hasRow, step.slots);
  return encoder.finish(KEY, coveredTo, encoder.length, null, false);
}

describe('the row codec', () => {
  it('finds a row under no key but its own', () => {
    const row = encode({ types: [INTEGER], steps: [{ at: 0, hasRow: true, slots: [7] }] });
    expect(new RowReader([INTEGER]).find(row, crc32(KEY), 0)).toBe('inside');
    expect(() => new RowReader([INTEGER]).find(row, crc32(Buffer.from('b key')), 0)).toThrow(
      expect.objectContaining({ code: 'FSC7201' }),
    );
  });

  it('gives at every instant what the step function has there', () => {
    fc.assert(
      fc.property(futures(30), (future) => {
        const row = encode(future);
        const reader = new RowReader(future.types);
        const out: Value[] = [];
        for (const t of instantsOf(future.steps)) {
          const place = reader.find(row, crc32(KEY), t);
          const wanted = stepAt(future.steps, t);
          expect(place).toBe(wanted === null ? 'before' : 'inside');
          if (wanted === null) continue;
          expect(reader.hasRow).toBe(wanted.hasRow);
          expect(reader.validFromMicros).toBeLessThanOrEqual(t);
          expect(reader.validToMicros).toBeGreaterThan(t);
          if (!wanted.hasRow) continue;
          reader.readSlots(out);
          expect(out).toStrictEqual(wanted.slots);
        }
      }),
      RUNS,
    );
  });

  it('bounds each step by the instants at which something changes', () => {
    const steps = [10, 20, 30, 40].map((at, i) => ({ at, hasRow: true, slots: [i < 2 ? 1 : i] }));
    const reader = new RowReader([INTEGER]);
    const row = encode({ types: [INTEGER], steps }, 50);
    const bounds = (t: number) => [reader.find(row, crc32(KEY), t), reader.validFromMicros, reader.validToMicros];
    expect(bounds(9)[0]).toBe('before');
    expect(bounds(25)).toEqual(['inside', 10, 30]);
    expect(bounds(30)).toEqual(['inside', 30, 40]);
    expect(bounds(49)).toEqual(['inside', 40, 50]);
    expect(bounds(50)).toEqual(['beyond', 40, 50]);
  });

  it('tells changed bytes, other layouts and newer formats', () => {
    fc.assert(
      fc.property(futures(5), fc.nat(), fc.integer({ min: 1, max: 255 }), (future, place, mask) => {
        const row = encode(future);
        const at = place % row.length;
        row[at] = (row[at] as number) ^ mask;
        const code = faultOf(() => new RowReader(future.types).find(row, crc32(KEY), 0));
        expect(at === 0 ? ['FSC7201', 'FSC7202'] : ['FSC7201']).toContain(code);
      }),
      RUNS,
    );
    const row = encode({ types: [INTEGER], steps: [{ at: 0, hasRow: true, slots: [7] }] });
    expect(faultOf(() => new RowReader([TEXT]).find(row, crc32(KEY), 0))).toBe('FSC7203');
    for (const part of [0, 1, 5, 25, row.length - 1]) {
      expect(faultOf(() => new RowReader([INTEGER]).find(row.subarray(0, part), crc32(KEY), 0))).toBe('FSC7201');
    }
  });

  it('keeps 200 features of a quiet entity short', () => {
    const types = Array.from({ length: 200 }, (_, i): SqlType => ({ kind: i % 2 === 0 ? 'bigint' : 'double' }));
    const slots = types.map((_, i) => (i % 2 === 0 ? 0 : null));
    expect(encode({ types, steps: [{ at: 1e15, hasRow: true, slots }] }).length).toBeLessThan(80);
  });

  it('takes no value that it could not give back', () => {
    const one = (type: SqlType, value: Value) => () =>
      encode({ types: [type], steps: [{ at: 0, hasRow: true, slots: [value] }] });
    expect(one(TEXT, '\ud800')).toThrow(/surrogate/);
    expect(one(INTEGER, 1.5)).toThrow(/integer slot/);
    expect(one(INTEGER, 2 ** 53)).toThrow(/integer slot/);
  });
});

function faultOf(action: () => unknown): string | null {
  try {
    action();
  } catch (error) {
    if (error instanceof FscError) return error.code;
    throw error;
  }
  return null;
}

describe('row keys', () => {
  const keysOf = (namespace: string, view: string, fingerprint: string, ...entityTypes: SqlType[]) =>
    new RowKeys({ namespace, view, fingerprint, entityTypes });
  const hex = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString('hex');

  it('are different for different names, plans and entities', () => {
    const parts = [
      '',
      'a',
      'ab',
      'a:b',
      ':',
      '\u0000',
      'é',
      'x'.repeat(249),
      'x'.repeat(250),
      'x'.repeat(251),
      '😀'.repeat(500),
    ];
    const seen = new Map<string, string>();
    for (const namespace of parts) {
      for (const view of parts) {
        for (const fingerprint of ['fp1:a', 'fp1:b']) {
          const keys = keysOf(namespace, view, fingerprint, TEXT, TEXT);
          for (const entity of [
            ['a:b', 'c'],
            ['a', 'b:c'],
            ['', 'a'],
            ['a', ''],
          ]) {
            const bytes = keys.entity(entity) as Uint8Array;
            const page = keys.page(bytes, 0);
            expect(page.length).toBeLessThan(MAX_STORE_KEY_BYTES);
            for (const key of [keys.head(bytes), page]) {
              const name = JSON.stringify([namespace, view, fingerprint, entity, key.length]);
              expect(seen.get(hex(key)) ?? name).toBe(name);
              seen.set(hex(key), name);
            }
            expect(keys.valuesOf(keys.entityOfHead(keys.head(bytes)), null)).toEqual(entity);
            expect(hex(keys.entityOfPage(page))).toBe(hex(bytes));
          }
        }
      }
    }
  });

  it('have no bytes for what cannot be an entity', () => {
    const keys = keysOf('', 'v_v1', 'f', TEXT);
    const long = 'x'.repeat(600);
    for (const value of [null, '\u0000', '\ud800', `${long}\u0000`, `\ud800${long}`])
      expect(keys.entity([value])).toBeNull();
    const pairs = keysOf('', 'v_v1', 'f', TEXT, TEXT);
    for (const other of [null, '\u0000']) {
      expect(pairs.entity([long, other])).toBeNull();
      expect(pairs.entity([other, long])).toBeNull();
    }
  });

  it('are hashed where they are long, and the values come back from what stands under the hash', () => {
    const keys = keysOf('n', 'v_v1', 'f', TEXT, INTEGER, TEXT);
    const seen = new Set<string>();
    for (const text of ['x', '€']) {
      for (const length of [500, 520, 5000, 20_000, 300_000]) {
        for (const entity of [
          [text.repeat(length), -7, 'b'],
          ['b', 0, text.repeat(length)],
          [text.repeat(length), 1, text.repeat(length + 1)],
        ]) {
          const bytes = keys.entity(entity) as Uint8Array;
          const row = keys.longKeyRow(bytes, entity);
          expect(keys.valuesOf(bytes, row?.value ?? null)).toEqual(entity);
          expect(row?.key).toEqual(keys.longKey(bytes) ?? undefined);
          for (const key of [keys.head(bytes), keys.page(bytes, 0), ...(row === null ? [] : [row.key])]) {
            expect(key.length).toBeLessThan(MAX_STORE_KEY_BYTES);
            expect(seen.has(hex(key))).toBe(false);
            seen.add(hex(key));
          }
        }
      }
    }
  });

  it('tell a long key that is not the one of its hash', () => {
    const keys = keysOf('', 'v_v1', 'f', TEXT);
    const entity = ['x'.repeat(1000)];
    const bytes = keys.entity(entity) as Uint8Array;
    const long = Uint8Array.from(keys.longKeyRow(bytes, entity)?.value ?? []);
    expect(keys.valuesOf(bytes, long)).toEqual(entity);
    long[500]! ^= 1;
    for (const wrong of [null, long, Uint8Array.of(1, 120)])
      expect(faultOf(() => keys.valuesOf(bytes, wrong))).toBe('FSC7201');
  });

  it('put pages in order of their first instant', () => {
    const keys = keysOf('', 'v_v1', 'f', INTEGER);
    const entity = keys.entity([7]) as Uint8Array;
    const instants = [-5_000_000, -1, 0, 1, 255, 256, 2 ** 32 - 1, 2 ** 32, 7e15, Number.MAX_SAFE_INTEGER];
    const sorted = instants.map((at) => hex(keys.page(entity, at)));
    expect([...sorted].sort()).toEqual(sorted);
    expect(new Set(sorted).size).toBe(sorted.length);
  });
});

describe('the row builder', () => {
  const rowKeys = (types: readonly SqlType[]) =>
    new RowKeys({ namespace: '', view: 'v_v1', fingerprint: 'f', entityTypes: types });
  const options = (change: Partial<BuildOptions>): BuildOptions => ({
    budget: 'stream',
    flushIntervalMicros: 1_000_000,
    generation: generationOf({ epoch: 1, sequence: 2 }),
    jitterSeed: 5,
    ...change,
  });
  const build = (future: Future, change: Partial<BuildOptions>) => {
    const built = new RowBuilder(future.types, rowKeys([INTEGER])).build(
      new FakeWalk(future.steps),
      [1],
      options(change),
    );
    if (built === null) throw new Error('no row');
    return built;
  };
  const found = (reader: RowReader, row: StoredRow | undefined, t: number) =>
    reader.find(row?.value as Uint8Array, crc32(row?.key as Uint8Array), t);
  const sizes = (rows: readonly StoredRow[]) => rows.map((row) => row.value?.length ?? 0);

  /** One integer that changes every `everyMicros`. */
  function ticking(count: number, everyMicros: number): Future {
    const steps = Array.from({ length: count }, (_, i) => ({ at: i * everyMicros, hasRow: true, slots: [i % 60] }));
    return { types: [INTEGER], steps };
  }

  it('takes the whole future where it is short', () => {
    const { rows, renewAtMicros } = build(ticking(100, 1_000_000), {});
    expect(rows.length).toBe(1);
    expect(renewAtMicros).toBeNull();
    const reader = new RowReader([INTEGER]);
    expect(found(reader, rows[0], 1e15)).toBe('inside');
    expect(reader.coveredToMicros).toBe(Number.POSITIVE_INFINITY);
  });

  it('cuts a long future where four flush intervals are covered', () => {
    const slow = build(ticking(10_000, 1_000_000), {});
    expect(sizes(slow.rows)[0]).toBeLessThanOrEqual(1024);
    const fast = build(ticking(100_000, 1000), {});
    const reader = new RowReader([INTEGER]);
    expect(found(reader, fast.rows[0], 0)).toBe('inside');
    expect(reader.coveredToMicros).toBeGreaterThanOrEqual(9_000_000);
    expect(sizes(fast.rows)[0]).toBeLessThanOrEqual(65_536);
    const faster = build(ticking(100_000, 10), {});
    expect(sizes(faster.rows)[0]).toBeLessThanOrEqual(65_536);
    expect(sizes(faster.rows)[0]).toBeGreaterThan(60_000);
  });

  it('renews before half of what is covered from now, not all entities at once', () => {
    const renewals = [1, 2, 3, 4, 5].map(
      (jitterSeed) => build(ticking(10_000, 1_000_000), { jitterSeed }).renewAtMicros,
    );
    const reader = new RowReader([INTEGER]);
    found(reader, build(ticking(10_000, 1_000_000), {}).rows[0], 0);
    const span = reader.coveredToMicros - 5_000_000;
    for (const at of renewals) {
      expect(at).toBeGreaterThanOrEqual(5_000_000 + 0.4 * span - 1);
      expect(at).toBeLessThanOrEqual(5_000_000 + 0.5 * span);
    }
    expect(new Set(renewals).size).toBe(5);
    expect(build(ticking(10_000, 1_000_000), { jitterSeed: 3 }).renewAtMicros).toBe(renewals[2]);
  });

  it('puts a whole long future into pages', () => {
    const { rows, renewAtMicros } = build(ticking(20_000, 1_000_000), { budget: 'complete' });
    expect(renewAtMicros).toBeNull();
    expect(rows.length).toBeGreaterThan(10);
    expect(Math.max(...sizes(rows))).toBeLessThanOrEqual(4096);
    const reader = new RowReader([INTEGER]);
    let from = 0;
    rows.forEach((row, i) => {
      found(reader, row, 0);
      expect(reader.fromMicros).toBe(from);
      expect(reader.morePages).toBe(i < rows.length - 1);
      expect(reader.generation).toBe(2 ** 32 + 2);
      from = reader.coveredToMicros;
    });
    expect(from).toBe(Number.POSITIVE_INFINITY);
  });

  it('is right inside what each row covers, whatever the budget', () => {
    fc.assert(
      fc.property(futures(300), fc.constantFrom('stream' as const, 'complete' as const), (future, budget) => {
        const reader = new RowReader(future.types);
        const out: Value[] = [];
        for (const row of build(future, { budget, flushIntervalMicros: 1 }).rows) {
          for (const t of instantsOf(future.steps)) {
            if (found(reader, row, t) !== 'inside') continue;
            const wanted = stepAt(future.steps, t) as Step;
            expect(reader.hasRow).toBe(wanted.hasRow);
            if (!wanted.hasRow) continue;
            reader.readSlots(out);
            expect(out).toStrictEqual(wanted.slots);
          }
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  it('says whether an entity has no row any more', () => {
    const steps = (...has: boolean[]) => has.map((hasRow, at) => ({ at, hasRow, slots: [1] }));
    const empty = (...has: boolean[]) => build({ types: [INTEGER], steps: steps(...has) }, {}).empty;
    expect([empty(false), empty(false, false), empty(false, true), empty(true, false)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('stores nothing for a key that cannot be', () => {
    const builder = new RowBuilder([INTEGER], rowKeys([TEXT]));
    expect(
      builder.build(new FakeWalk([{ at: 0, hasRow: true, slots: [1] }]), [`${'x'.repeat(600)}\u0000`], options({})),
    ).toBeNull();
  });
});
