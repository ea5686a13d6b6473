import { expect, it } from 'vitest';
import { Leftovers } from '../../runtime/engines/leftovers.ts';
import { Stamper } from '../../runtime/engines/online-writer.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import type { Heartbeat, StoredRow, WriterStamp } from '../../runtime/stores/store.ts';
import { collect } from '../contracts/store.ts';
import { beat, INTEGER, keysOf, plainView, TEXT } from './fakes.ts';

/** Tells of every commit how many rows it has. */
class CountingStore extends MemoryStore {
  readonly commits: number[] = [];

  override write(stamp: WriterStamp, rows: readonly StoredRow[], heartbeat: Heartbeat | null): Promise<void> {
    this.commits.push(rows.length);
    return super.write(stamp, rows, heartbeat);
  }
}

const view = (name: string, fingerprint: string): ViewProgram => {
  const plain = plainView(name, [TEXT], [INTEGER]);
  return { ...plain, spec: { ...plain.spec, fingerprint } };
};

/** Nobody reads what is in them. */
async function fill(store: MemoryStore, of: ViewProgram, entities: number): Promise<void> {
  const keys = keysOf(of);
  const rows = Array.from({ length: entities }, (_, i) => ({
    key: keys.head(Buffer.from(`k${i}`)),
    value: Uint8Array.of(0),
  }));
  await store.write({ epoch: 1, sequence: 1 }, rows, null);
}

const left = async (store: MemoryStore, of: ViewProgram, namespace = ''): Promise<number> =>
  (await collect(store.scan(keysOf(of, namespace).planPrefix))).length;

it('rows of plans that nobody is answered from go, a commit at a time; those that are answered or about to be stay', async () => {
  const store = new CountingStore();
  const answered = view('card_v1', 'fp1:answered');
  const written = view('card_v1', 'fp1:written');
  const old = ['fp1:a', 'fp1:b', 'fp1:c'].map((fingerprint) => view('card_v1', fingerprint));
  const retired = view('gone_v1', 'fp1:gone');
  // Nobody knows what became of it: another program may be at work on its first rows.
  const unknown = view('card_v10', 'fp1:x');
  for (const one of [answered, written, retired, unknown]) await fill(store, one, 10);
  for (const one of old) await fill(store, one, 8000);
  await store.write({ epoch: 1, sequence: 2 }, [], beat(answered));
  await store.write({ epoch: 1, sequence: 2 }, [], { ...beat(retired), fingerprint: '' });
  store.commits.length = 0;
  const program = { sources: [], groups: [], views: [written] };
  const leftovers = new Leftovers(store, await Stamper.open(store), '', program);
  const ends: boolean[] = [];
  do ends.push(await leftovers.sweepSome());
  while (ends.at(-1) === false);
  expect(ends).toEqual([false, false, true]);
  expect(store.commits).toEqual([10_000, 10_000, 4010]);
  for (const one of [...old, retired]) expect(await left(store, one)).toBe(0);
  for (const one of [answered, written, unknown]) expect(await left(store, one)).toBe(10);
  expect(await leftovers.sweepSome()).toBe(true);
  expect(store.commits).toHaveLength(3);
});

it('of another namespace stay', async () => {
  const store = new MemoryStore();
  const old = view('card_v1', 'fp1:a');
  await fill(store, old, 3);
  await store.write({ epoch: 1, sequence: 2 }, [], beat(view('card_v1', 'fp1:b')));
  const program = { sources: [], groups: [], views: [] };
  const stamper = await Stamper.open(store);
  await new Leftovers(store, stamper, 'staging', program).sweepSome();
  expect(await left(store, old)).toBe(3);
  await new Leftovers(store, stamper, '', program).sweepSome();
  expect(await left(store, old)).toBe(0);
});
