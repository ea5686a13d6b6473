// Looks at online stores as an application does, one after the other: node look-worker.mjs PROJECT NEWEST, where NEWEST is the instant of the newest
// event in microseconds (asked for, since damage may hide the heartbeat). A line is {"path","file","at","bit"}: the folder gets a copy of the file with
// that bit flipped (at −1: none). The answer is what was seen. Uses the built package (FSC_DIST or dist/).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [root, newestText] = process.argv.slice(2);
const newest = Number(newestText);
const dist = process.env.FSC_DIST ?? join(import.meta.dirname, '..', '..', 'dist');
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { loadProgram } = await load('runtime/state/load.js');
const { openLmdbStore } = await load('runtime/stores/lmdb-store.js');
const { createLookup } = await load('runtime/serving/lookup.js');
const { wallClock } = await load('runtime/time/clock.js');

const folder = join(root, 'generated/stream');
const modules = readdirSync(folder).map((name) => [`stream/${name}`, readFileSync(join(folder, name), 'utf8')]);
const { views } = loadProgram(new Map(modules));

const told = (error) => `told ${error.code?.startsWith?.('FSC') ? error.code : error.stack}`;
const saw = async (see) => {
  try {
    return await see();
  } catch (error) {
    return told(error);
  }
};

async function look(path) {
  let store;
  try {
    store = await openLmdbStore({ path, readOnly: true, namespace: '' });
  } catch (error) {
    return [told(error)];
  }
  const lookup = createLookup({ views, store, clock: wallClock, clockMode: 'events', namespace: '' });
  const out = [];
  for (const view of ['card_v1', 'last_v1']) {
    for (let i = 0; i < 8; i++) {
      for (const hours of [0, 2, 20]) {
        const asOf = hours === 0 ? null : newest + hours * 3600e6;
        out.push(
          await saw(async () => {
            const { row, meta } = await lookup.get(view, [`c${i}`], asOf);
            return row === null ? 'none' : [row, meta.exact, meta.asOf].join();
          }),
        );
      }
    }
    out.push(
      await saw(async () => {
        const rows = [];
        for await (const { keys, answer } of lookup.scanAll(view, newest)) rows.push(`${keys}:${answer.row}`);
        return rows.sort();
      }),
    );
    out.push(
      await saw(async () => {
        const beat = await lookup.heartbeat(view);
        return beat === null ? 'none' : JSON.stringify(beat);
      }),
    );
  }
  await store.close();
  return out;
}

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
answer('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const { path, file, at, bit } = JSON.parse(line);
  const bytes = readFileSync(file);
  if (at >= 0) bytes[at] ^= 1 << bit;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'data.mdb'), bytes);
  answer(await look(path));
  rmSync(path, { recursive: true, force: true });
}
