import { describe, expect, it } from 'vitest';
import { EntityTable } from '../../runtime/state/entity-table.ts';
import type { SectionReader } from '../../runtime/state/group-store.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { BIGINT, BOOLEAN, TEXT } from './plans.ts';

const ENTITIES = 45_000;

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
  const reader: SectionReader = { floats: read, ints: read, words: read, bytes: read, text: read };
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
});
