import { describe, expect, it } from 'vitest';
import { EntityTable } from '../../runtime/state/entity-table.ts';
import type { SectionReader } from '../../runtime/state/group-store.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { BIGINT, BOOLEAN, TEXT } from './plans.ts';

/** So many that one table becomes several. */
const ENTITIES = 55_000;
/** So many that some ten pairs of them have one hash of 32 bits. */
const MANY = 300_000;

/** Another number of 32 bits for each i; keys that follow one another have hashes of their own. */
const spread = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 0;

function keysOf(types: readonly SqlType[], i: number): Value[] {
  return types.map((type) => {
    if (type.kind === 'text') return i % 3 === 0 ? `ü${i}` : `key ${i}`;
    if (type.kind === 'boolean') return i % 2 === 0;
    return i % 5 === 0 ? BigInt(i) * 1_000_000_007n + 9_007_199_254_740_993n : i * (i % 2 === 0 ? 1 : -1);
  });
}

function filled(types: readonly SqlType[]): EntityTable {
  const table = new EntityTable(types, 0);
  for (let i = 0; i < ENTITIES; i++) {
    if (!table.setKeys(keysOf(types, i))) expect.fail(`no key of ${i}`);
    if (table.findOrAdd() !== i) expect.fail(`entity ${i} has the id of another`);
  }
  return table;
}

function copyOf(table: EntityTable, types: readonly SqlType[]): EntityTable {
  const sections = new Map<string, Uint8Array | Int32Array | Float64Array | Uint32Array | string>();
  table.snapshot(sections);
  const read = (name: string): never => {
    const section = sections.get(name);
    if (section === undefined || typeof section === 'string') throw new Error(`no section ${name}`);
    return section.slice() as never;
  };
  const reader: SectionReader = { floats: read, ints: read, words: read, bytes: read, text: read, texts: read };
  const copy = new EntityTable(types, 0);
  copy.restore(reader);
  return copy;
}

describe('entity tables', () => {
  it.each([[[TEXT]], [[BIGINT]], [[BIGINT, TEXT, BOOLEAN]]])('find each key again, %j', (types) => {
    const table = filled(types);
    for (const each of [table, copyOf(table, types)]) {
      const out: Value[] = [];
      expect(each.count).toBe(ENTITIES);
      for (let i = 0; i < ENTITIES; i += 7) {
        const keys = keysOf(types, i);
        each.setKeys(keys);
        expect(each.find()).toBe(i);
        each.keys(i, out);
        expect(out).toEqual(keys);
      }
      each.setKeys(types.map((type) => (type.kind === 'text' ? 'nobody' : type.kind === 'boolean' ? true : 0.5)));
      expect(each.find()).toBe(-1);
      each.setKeys(types.map((type) => (type.kind === 'text' ? 'somebody new' : type.kind === 'boolean' ? true : 1e9)));
      expect(each.findOrAdd()).toBe(ENTITIES);
    }
  });

  it.each([
    ['numbers', [BIGINT], spread],
    ['texts of one length', [TEXT], (i: number): Value => spread(i).toString(16).padStart(8, '0')],
  ] as const)('tell %s apart that have one hash', (_, types, key) => {
    const table = new EntityTable(types, 0);
    for (let i = 0; i < MANY; i++) {
      table.setKeys([key(i)]);
      if (table.find() !== -1) expect.fail(`${key(i)} is found before it is there`);
      if (table.findOrAdd() !== i) expect.fail(`${key(i)} has the id of another`);
    }
    for (let i = 0; i < MANY; i++) {
      table.setKeys([key(i)]);
      if (table.find() !== i) expect.fail(`${key(i)} is not found`);
    }
  });

  it('find staged keys as they find others, and one that is staged twice once', () => {
    const staged = new EntityTable([TEXT, BIGINT], 0);
    const plain = new EntityTable([TEXT, BIGINT], 0);
    for (let from = 0; from < 20_000; from += 500) {
      const keys = Array.from({ length: 500 }, (_, k): Value[] => {
        // Every fifth was there before, in an earlier batch or in this one.
        const i = k % 5 === 0 ? (from + k) >> 1 : from + k;
        return [`ü${i % 7001}`, i % 3];
      });
      staged.begin();
      keys.forEach(([text, number], k) => {
        staged.text(text as string);
        staged.number(number as number);
        staged.stage(k);
      });
      staged.warm(keys.length);
      const found = keys.map((_, k) => staged.findOrAddStaged(k));
      const expected = keys.map((key) => {
        plain.setKeys(key);
        return plain.findOrAdd();
      });
      expect(found).toEqual(expected);
    }
    expect(staged.count).toBe(plain.count);
  });

  it('have no place for what is no text: a half of a pair of surrogates', () => {
    const table = new EntityTable([TEXT], 0);
    const isKey = (text: string): boolean => table.setKeys([text]);
    expect(
      ['\ud800', 'a\udbff', '\udc00', '\udfffa', '\ud800a', '\ud800\ue000', '\udc00\udc00', '\ud83d\ud83d\ude00'].map(
        isKey,
      ),
    ).not.toContain(true);
    expect(['', '\ud7ff', '\ue000', '\ud800\udc00', '\udbff\udfff', 'a\ud83d\ude00b'].map(isKey)).not.toContain(false);
    expect(table.setKeys([null])).toBe(false);
  });

  it('take -0 for 0, and grow for a text longer than all before', () => {
    const table = new EntityTable([BIGINT, TEXT], 0);
    const idOf = (number: number, text: string): number => {
      table.setKeys([number, text]);
      return table.findOrAdd();
    };
    const long = 'x'.repeat(100_000);
    expect([idOf(0, ''), idOf(-0, ''), idOf(1, long), idOf(0, ''), idOf(1, long)]).toEqual([0, 0, 1, 0, 1]);
    const out: Value[] = [];
    table.keys(1, out);
    expect(out).toEqual([1, long]);
  });
});
