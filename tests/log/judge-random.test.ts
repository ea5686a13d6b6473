import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identities } from '../../runtime/log/identities.ts';
import type { ColumnVector } from '../../runtime/values/batch.ts';
import { column, event, folder, lines, MINUTE, program, put, read, SECOND, sourceSpec, T0, TEXT } from './helpers.ts';

interface Rec {
  readonly at: number;
  readonly id: number;
  readonly p: string | null;
  readonly v: number | null;
}

const LATENESS = 5 * MINUTE;

/** The rules read aloud (rules.md 2, 5 and 6), over all records so far each time. */
function naive(records: readonly Rec[], isPartitioned: boolean, hasKey: boolean): string[] {
  const accepted: Rec[] = [];
  const verdicts: string[] = [];
  let line = Number.NEGATIVE_INFINITY;
  const partOf = (record: Rec): string => (isPartitioned ? JSON.stringify(record.p) : '');
  const time = (record: Rec): number => T0 + record.at * SECOND;
  for (const record of records) {
    const newestOf = new Map<string, number>();
    for (const other of accepted) {
      newestOf.set(partOf(other), Math.max(newestOf.get(partOf(other)) ?? Number.NEGATIVE_INFINITY, time(other)));
    }
    if (newestOf.size > 0) line = Math.max(line, Math.min(...newestOf.values()) - LATENESS - 5 * SECOND);
    const newest = newestOf.get(partOf(record)) ?? Number.NEGATIVE_INFINITY;
    if (record.v !== null && record.v <= 0) verdicts.push('constraint');
    else if (time(record) < newest - LATENESS || time(record) < line) verdicts.push('late');
    else if (hasKey && accepted.some((other) => other.at === record.at && other.id === record.id))
      verdicts.push('duplicate');
    else {
      verdicts.push('accepted');
      accepted.push(record);
    }
  }
  return verdicts;
}

const records = fc.array(
  fc.record({
    at: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: -700, max: 1500 })),
    id: fc.integer({ min: 0, max: 4 }),
    p: fc.constantFrom('a', 'b', 'c', 'ü', '', null),
    v: fc.constantFrom(1, 1, 1, 0, null),
  }),
  { maxLength: 60 },
);

const seed = process.env.FSC_SEED === undefined ? {} : { seed: Number(process.env.FSC_SEED) };
const numRuns = Number(process.env.FSC_RUNS ?? 150);

describe('random logs', () => {
  it('get the verdicts of the rules read aloud, whatever the batches, and after a restart', async () => {
    const root = folder();
    await fc.assert(
      fc.asyncProperty(
        records,
        fc.boolean(),
        fc.constantFrom(0, 1, 2),
        fc.integer({ min: 1, max: 9 }),
        async (log, isPartitioned, keys, batchRows) => {
          const keyColumns = [[], [1], [1, 4]][keys]!;
          const spec = sourceSpec({
            columns: [...sourceSpec().columns, column('k', TEXT)],
            partitionColumn: isPartitioned ? 3 : -1,
            keyColumns,
            checks: [{ sql: 'v > 0' }],
          });
          const source = program(spec);
          put(root, 'a.jsonl', lines(...log.map(({ at, id, p, v }) => event(at, id, { p, v, k: `k${id}` }))));
          const expected = naive(log, isPartitioned, keys > 0);
          const cut = await read(source, { root, history: 'a.jsonl', batchRows });
          expect(cut.verdicts).toEqual(expected);
          const before = await read(source, { root, history: 'a.jsonl', batchRows }, 2);
          const after = await read(source, { root, history: 'a.jsonl', resumeFrom: before.saved });
          expect([...before.verdicts, ...after.verdicts]).toEqual(expected);
        },
      ),
      { numRuns, ...seed },
    );
  });
});

describe('identities', () => {
  const numbers = (...values: readonly number[]): ColumnVector => ({
    kind: 'numeric',
    values: Float64Array.from(values),
    nulls: null,
    wide: null,
  });
  const texts = (...strings: readonly string[]): ColumnVector => ({
    kind: 'text',
    strings: [...strings],
    codes: null,
    dictionary: null,
    dictionaryId: 0,
    nulls: null,
  });

  it('tell keys apart that print alike', () => {
    const set = new Identities();
    const keys = [
      [texts('a', 'a:b', '1'), texts('b:c', 'c', '')],
      [texts('', 'v1', 'n'), numbers(1, 1, 1)],
    ];
    for (const key of keys) for (let row = 0; row < 3; row += 1) expect(set.add(5, key, row)).toBe(true);
    for (const key of keys) for (let row = 0; row < 3; row += 1) expect(set.add(5, key, row)).toBe(false);
    expect(set.add(6, keys[0]!, 0)).toBe(true);
  });

  it('tell wide keys apart by every digit', () => {
    const wide: ColumnVector = {
      kind: 'numeric',
      values: Float64Array.of(2 ** 53, 2 ** 53, 9007199254740991),
      nulls: null,
      wide: new Map([
        [0, 9007199254740992n],
        [1, 9007199254740993n],
      ]),
    };
    const set = new Identities();
    for (let row = 0; row < 3; row += 1) expect(set.add(1, [wide], row)).toBe(true);
    for (let row = 0; row < 3; row += 1) expect(set.has(1, [wide], row)).toBe(true);
  });

  it('stay few where the line moves on, and exact', () => {
    const set = new Identities();
    const key = numbers(7, 8);
    for (let time = 0; time < 300_000; time += 1) {
      if (set.isFull) set.makeRoom(time - 1000);
      if (!set.add(time, [key], 0)) throw new Error(`${time} is new`);
      if (time % 5000 === 0) {
        expect(set.add(time - 500, [key], 1)).toBe(true);
        expect(set.add(time, [key], 0)).toBe(false);
      }
    }
    expect(set.size).toBeLessThan(5000);
    const copy = new Identities();
    copy.restore(set.snapshot(299_000));
    expect(copy.size).toBe(1000);
    expect(copy.has(299_500, [key], 0)).toBe(true);
    expect(copy.has(298_999, [key], 0)).toBe(false);
  });

  it('of times that differ in their high bits only do not fill one place', () => {
    const set = new Identities();
    const key = numbers(1);
    const started = performance.now();
    for (let i = 0; i < 60_000; i += 1) set.add(T0 + i * 2 ** 32, [key], 0);
    for (let i = 0; i < 60_000; i += 1) set.add(T0 + i * 3_600_000_000, [key], 0);
    expect(performance.now() - started).toBeLessThan(1500);
  });
});
