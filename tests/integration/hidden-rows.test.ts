/**
 * A flipped bit in the online store's index may hide an entity and leave every checksum whole: a lookup cannot tell it from one that never was.
 * `fsc verify` asks for each key that it knows from the log, so it tells. FSC_FLIPS sets the number of such damages.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { cli } from '../cli/in-process.ts';
import { random } from '../state/plans.ts';
import { type Ended, fsc, startWorker, type Worker } from './process.ts';
import { FEATURES, folderWith, randomLines, removeFolder, removeFolders, textOf } from './project.ts';

afterAll(removeFolders, 60_000);

const DAMAGES = Number(process.env['FSC_FLIPS'] ?? '3');
const TRIES = 200 * DAMAGES;
const r = random(Number(process.env['FSC_SEED'] ?? '1'));
/** So many that the store's index has leaves and branches. */
const CARDS = 150;
const CONFIG = '{ "sources": { "tx": { "stream": "tx.jsonl" } }, "clock": "events" }';
const RUN = ['run', '--mode', 'stream', '--quiet'];
const FILE = '.fsc/online/data.mdb';
const VIEWS = ['card_v1', 'last_v1'];

let whole = '';
let good: Buffer;
let newest = 0;

beforeAll(async () => {
  whole = folderWith({ ...FEATURES, 'fsc.json': CONFIG, 'tx.jsonl': textOf(randomLines(r, 1500, 60_000, CARDS)) });
  const { code, err } = await cli(RUN, { cwd: whole });
  expect([code, err]).toEqual([0, '']);
  good = readFileSync(join(whole, FILE));
  const store = await openLmdbStore({ path: join(whole, '.fsc/online'), readOnly: true, namespace: '' });
  newest = (await store.heartbeat('card_v1'))?.newestMicros ?? 0;
  await store.close();
}, 120_000);

interface Flip {
  readonly at: number;
  readonly bit: number;
}

/** What was seen of cards one by one, of all, and of the heartbeat: see look-worker. */
type Looked = readonly (string | readonly string[])[];

class Looker {
  readonly #scratch = folderWith();
  #worker: Worker | null = null;
  #looks = 0;

  /** null: the library ended the process. */
  async at(flip: Flip): Promise<Looked | null> {
    this.#worker ??= await startWorker('look-worker.ts', [whole, String(newest), String(CARDS)]);
    const path = join(this.#scratch, `${this.#looks++}`);
    const looked = await this.#worker.tell(JSON.stringify({ path, file: join(whole, FILE), ...flip }));
    if (looked === null) this.#worker = null;
    return looked as Looked | null;
  }

  async whole(): Promise<Looked> {
    return (await this.at({ at: -1, bit: 0 })) as Looked;
  }

  async end(): Promise<void> {
    await this.#worker?.end();
  }
}

/** Cards that are not there any more, if nothing was told by any look. */
function hidden(looked: Looked | null, wanted: Looked): string[] {
  if (looked === null || looked.some((one) => String(one).startsWith('told'))) return [];
  const cards = looked.map((one, i) => (one === 'none' && wanted[i] !== 'none' ? String(wanted[i]) : ''));
  return [...new Set(cards.flatMap((text) => /^c\d+(?=,)/.exec(text)?.[0] ?? []))];
}

function damaged({ at, bit }: Flip): string {
  const root = folderWith();
  cpSync(whole, root, { recursive: true });
  const bytes = Buffer.from(good);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  writeFileSync(join(root, FILE), bytes);
  return root;
}

/** As processes: LMDB may end one. */
const verify = (root: string): Promise<Ended> => fsc(root, ['verify', '--format', 'json']).ended;

async function remade(root: string): Promise<void> {
  rmSync(join(root, '.fsc/online'), { recursive: true });
  for (const args of [RUN, ['verify']]) {
    const { code, err } = await fsc(root, args).ended;
    expect([args, code, err]).toEqual([args, 0, err]);
  }
  removeFolder(root);
}

const CORRUPT = /"code":"FSC7201"|error\[FSC7201\]/;

describe('a flipped bit in the online store', () => {
  it('that hides entities is told by verify, before and after a run, and mended by a new store', async () => {
    const looker = new Looker();
    const wanted = await looker.whole();
    const used = [...good.keys()].filter((at) => good[at] !== 0);
    let found = 0;
    for (let i = 0; i < TRIES && found < DAMAGES; i++) {
      const flip = { at: r.pick(used), bit: r.int(8) };
      const cards = hidden(await looker.at(flip), wanted);
      if (cards.length === 0) continue;
      found += 1;
      const root = damaged(flip);
      // What a lookup cannot see.
      const get = await fsc(root, ['get', 'card_v1', `card=${cards[0]}`, '--format', 'json']).ended;
      expect([flip, get.signal, get.code]).toEqual([flip, null, 0]);
      // A run has nothing new to write, so it mends nothing either.
      for (const run of found === 1 ? [null, RUN] : [null]) {
        if (run !== null) {
          const { code, err } = await fsc(root, run).ended;
          expect([flip, code, err]).toEqual([flip, 0, '']);
        }
        const { code, out, err } = await verify(root);
        expect([flip, code, err]).toEqual([flip, 1, err]);
        const isTold = cards.some((card) => out.includes(`"key":{"card":"${card}"},"column":null`));
        expect([flip, cards, isTold || CORRUPT.test(err), out]).toEqual([flip, cards, true, out]);
      }
      await remade(root);
    }
    await looker.end();
    expect(found).toBe(DAMAGES);
  }, 600_000);

  it.each(VIEWS)(
    'that hides the heartbeat of %s is told by verify, and a run writes it again',
    async (view) => {
      const looker = new Looker();
      const wanted = await looker.whole();
      const beatAt = wanted.findIndex((one) => String(one).startsWith('{') && String(one).includes(view));
      const name = `heartbeat:["","${view}"]`;
      let found = 0;
      for (let at = good.indexOf(name); at >= 0 && found === 0; at = good.indexOf(name, at + 1)) {
        const flip = { at: at + name.length - 3, bit: 1 };
        const looked = await looker.at(flip);
        if (looked?.[beatAt] !== 'none') continue;
        found += 1;
        const root = damaged(flip);
        const told = await verify(root);
        expect([told.code, told.err]).toEqual([1, expect.stringContaining(`the online store has lost \`${view}\``)]);
        for (const args of [RUN, ['verify']]) {
          const { code, err } = await fsc(root, args).ended;
          expect([args, code, err]).toEqual([args, 0, err]);
        }
        removeFolder(root);
      }
      await looker.end();
      expect(found).toBe(1);
    },
    600_000,
  );
});
