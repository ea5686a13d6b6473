// A stream run as a process of its own, with short intervals, so that kills hit every part of it: node stream-worker.mjs PROJECT STEP, where STEP
// is JSON: {modules, locations, mode, until, isRebuilt}. Uses the built package (FSC_DIST or dist/); what it runs was compiled before.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [root, text] = process.argv.slice(2);
const step = JSON.parse(text);
const dist = process.env.FSC_DIST ?? join(import.meta.dirname, '..', '..', 'dist');
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { loadProgram } = await load('runtime/state/load.js');
const { openLmdbStore } = await load('runtime/stores/lmdb-store.js');
const { StateFolder } = await load('runtime/engines/state-folder.js');
const { runStream } = await load('runtime/engines/stream-run.js');
const { wallClock } = await load('runtime/time/clock.js');

const program = loadProgram(new Map(JSON.parse(readFileSync(step.modules, 'utf8'))));
const folder = StateFolder.open(join(root, '.fsc/state'));
const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: false, namespace: '' });
const summary = await runStream({
  program,
  mode: step.mode ?? 'stream',
  store,
  folder,
  inputs: program.sources.map((source) => ({
    program: source,
    locations: step.locations.map(([name, location]) => ({
      name,
      location,
      order: location === '-' ? null : (step.order ?? 'arrival'),
    })),
    cutMicros: null,
    root,
    stdin: process.stdin,
  })),
  archiveFolder: join(root, '.fsc/archive'),
  quarantineFolder: join(root, '.fsc/quarantine'),
  untilMicros: step.until ?? Number.POSITIVE_INFINITY,
  clockMode: 'events',
  clock: wallClock,
  namespace: '',
  flushIntervalMicros: 10_000,
  snapshotIntervalMicros: 30_000,
  isRebuilt: step.isRebuilt ?? false,
  signal: new AbortController().signal,
  onProgress: null,
  batchRows: 100,
});
await store.close();
folder.close();
process.stdout.write(JSON.stringify(summary));
process.exit(0);
