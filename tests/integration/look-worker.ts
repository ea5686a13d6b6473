/**
 * Looks at online stores as an application does, one after the other: arguments are the project, the instant of the newest event in microseconds
 * (asked for, since damage may hide the heartbeat) and the number of cards. A line is {"path","file","at","bit"}: the folder gets a copy of the file with that bit
 * flipped (at −1: none), and no more than `cut` of its bytes. The answer is what was seen.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLookup } from '../../runtime/serving/lookup.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import type { OnlineStore } from '../../runtime/stores/store.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import { FscError } from '../../runtime/values/errors.ts';

const [root = '', newestText, cardsText = '8'] = process.argv.slice(2);
const newest = Number(newestText);
/** By the wall clock an answer turns stale while others look. */
const clock = new FixedClock(newest);
const cards = Number(cardsText);
const folder = join(root, 'generated/stream');
const { views } = loadProgram(
  new Map(readdirSync(folder).map((name) => [`stream/${name}`, readFileSync(join(folder, name), 'utf8')])),
);

/** Of one entity, one text; of a scan, one a row. */
type Seen = string | readonly string[];

const told = (error: unknown): string => `told ${error instanceof FscError ? error.code : (error as Error).stack}`;

async function saw(see: () => Promise<Seen>): Promise<Seen> {
  try {
    return await see();
  } catch (error) {
    return told(error);
  }
}

async function look(path: string): Promise<Seen[]> {
  let store: OnlineStore;
  try {
    store = await openLmdbStore({ path, readOnly: true, namespace: '' });
  } catch (error) {
    return [told(error)];
  }
  const lookup = createLookup({ views, store, clock, clockMode: 'events', namespace: '' });
  const one = async (view: string, card: string, asOf: number | null): Promise<string> => {
    const { row, meta } = await lookup.get(view, [card], asOf);
    return row === null ? 'none' : [row, meta.exact, meta.asOf].join();
  };
  const all = async (view: string): Promise<string[]> => {
    const rows: string[] = [];
    for await (const { keys, answer } of lookup.scanAll(view, newest))
      rows.push(`${keys}:${'row' in answer ? answer.row : 'not online'}`);
    return rows.sort();
  };
  const beat = async (view: string): Promise<string> => {
    const found = await lookup.heartbeat(view);
    return found === null ? 'none' : JSON.stringify(found);
  };
  const out: Seen[] = [];
  for (const view of ['card_v1', 'last_v1']) {
    for (let i = 0; i < cards; i++) {
      for (const asOf of [null, newest + 2 * 3600e6, newest + 20 * 3600e6])
        out.push(await saw(() => one(view, `c${i}`, asOf)));
    }
    out.push(await saw(() => all(view)), await saw(() => beat(view)));
  }
  await store.close();
  return out;
}

interface Flip {
  readonly path: string;
  readonly file: string;
  readonly at: number;
  readonly bit: number;
  readonly cut?: number;
}

const answer = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
answer('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const { path, file, at, bit, cut } = JSON.parse(line) as Flip;
  const bytes = readFileSync(file);
  if (at >= 0) bytes[at] = (bytes[at] as number) ^ (1 << bit);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'data.mdb'), bytes.subarray(0, cut));
  answer(await look(path));
  rmSync(path, { recursive: true, force: true });
}
