/**
 * A key over 512 bytes (design.md section 7): a record that has one is quarantined for every view, and the counts add up. A key that a view
 * computes is the view's alone, so its record stays for others, and its row stands online under a hash.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { cli } from '../cli/in-process.ts';
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

const COMPUTED = {
  'features/sources/notes.sql':
    '-- @event_time at_time\n-- @key none\nCREATE TABLE notes (at_time timestamp NOT NULL, author text NOT NULL, body text NOT NULL);\n',
  'features/body/v1.sql':
    "SELECT author, body || '!' AS loud, count(*) AS n, max(at_time) AS newest FROM notes GROUP BY author, body || '!'\n",
  'fsc.json':
    '{ "clock": "events", "sources": { "notes": { "history": { "path": "notes.jsonl", "order": "arrival" } } } }',
};
const RUN = ['run', '--mode', 'stream', '--quiet'];
const BODIES = ['short', 'é'.repeat(300), 'x'.repeat(600), 'x'.repeat(601), 'long '.repeat(50_000)];

function notes(bodies: readonly string[]): string {
  return textOf(
    bodies.flatMap((body, i) =>
      ['ann', 'bob'].map((author, j) =>
        JSON.stringify({ at_time: `2024-01-0${1 + i} 00:00:0${j}`, author, body: body.slice(0, 490_000) }),
      ),
    ),
  );
}

async function ok(root: string, args: readonly string[]): Promise<string> {
  const { code, out, err } = await cli([...args], { cwd: root });
  expect([args, code, err]).toEqual([args, 0, err]);
  return out;
}

it('a computed key of any length has its row, alone and among all, as in batch', async () => {
  const root = folderWith({ ...COMPUTED, 'notes.jsonl': notes(BODIES) });
  await ok(root, RUN);
  for (const body of BODIES) {
    const get = ['get', 'body_v1', 'author=ann', `loud=${body}!`, '--format', 'json'];
    expect(JSON.parse(await ok(root, get))).toMatchObject({ author: 'ann', loud: `${body}!`, n: 1 });
    const other = ['get', 'body_v1', 'author=ann', `loud=${body}?`, '--format', 'json'];
    expect(await ok(root, other)).toBe('null\n');
  }
  const all = (await ok(root, ['get', 'body_v1', '--all', '--format', 'json'])).trim().split('\n');
  const found = all.map((line) => JSON.parse(line) as { author: string; loud: string });
  expect(found.map(({ author, loud }) => `${author} ${loud}`).sort()).toEqual(
    BODIES.flatMap((body) => [`ann ${body}!`, `bob ${body}!`]).sort(),
  );
  expect(await ok(root, ['verify', '--as-of', '2024-01-05 00:00:01', '--format', 'json'])).toContain(
    '"agreed":20,"differed":0,"notOnline":0',
  );
}, 60_000);

it('rows of long keys that nobody knows any more are taken away, and so are their keys', async () => {
  const root = folderWith({ ...COMPUTED, 'notes.jsonl': notes(BODIES) });
  const stored = async (): Promise<number> => {
    const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: true, namespace: '' });
    let rows = 0;
    for await (const _ of store.scan(new Uint8Array(0))) rows += 1;
    await store.close();
    return rows;
  };
  await ok(root, RUN);
  const before = await stored();
  writeFileSync(join(root, 'notes.jsonl'), notes(BODIES.slice(0, 1)));
  rmSync(join(root, '.fsc/state'), { recursive: true });
  await ok(root, [...RUN, '--rebuild']);
  // Two heads stay; of four long bodies two heads and their two keys go.
  expect([before - (await stored()), (await ok(root, ['get', 'body_v1', '--all'])).includes('long')]).toEqual([
    16,
    false,
  ]);
}, 60_000);
