/** A key over 512 bytes (design.md section 7): its record is quarantined for every view, and the counts add up. */
import { afterAll, expect, it } from 'vitest';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { FEATURES, folderWith, programOf, refused, removeFolders, run, textOf, values } from './project.ts';

afterAll(removeFolders, 60_000);

it('a record whose key is too long for the online store is quarantined', async () => {
  const tx = (id: number, card: string): string =>
    JSON.stringify({ id, paid_at: '2024-01-01T00:00:00Z', card, amount: 5 });
  const root = folderWith({
    'tx.jsonl': textOf([tx(1, 'x'.repeat(510)), tx(2, 'y'.repeat(511)), tx(3, 'ü'.repeat(256)), tx(4, 'z')]),
  });
  const program = programOf(FEATURES);
  expect(program.sources[0]?.entityKeys).toEqual([[2]]);
  const store = new MemoryStore();
  const { events } = await run({ root, store, program, history: 'tx.jsonl' });
  expect([events.accepted, events.quarantined]).toEqual([2, 2]);
  expect(refused(root).filter((line) => line.includes('a key is longer than 512 bytes'))).toHaveLength(2);
  expect((await values(program, store)).filter((line) => line.includes('y'.repeat(511)))).toEqual([]);
});
