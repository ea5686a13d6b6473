// A stream run as a process of its own, with short intervals, so that kills hit every part of it:
// node stream-worker.mjs PROJECT LOCATION [--rebuild]. Uses the built package (FSC_DIST or dist/).
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [root, location, ...flags] = process.argv.slice(2);
const dist = process.env.FSC_DIST ?? join(import.meta.dirname, '..', '..', 'dist');
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { compileProject } = await load('compiler/index.js');
const { emitProject } = await load('compiler/emit.js');
const { loadProgram } = await load('runtime/state/load.js');
const { openLmdbStore } = await load('runtime/stores/lmdb-store.js');
const { StateFolder } = await load('runtime/engines/state-folder.js');
const { runStream } = await load('runtime/engines/stream-run.js');
const { wallClock } = await load('runtime/time/clock.js');

const files = new Map();
const walk = (dir, prefix) => {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) walk(path, `${prefix}${name}/`);
    else files.set(prefix + name, readFileSync(path, 'utf8'));
  }
};
walk(join(root, 'features'), 'features/');
const { plan, diagnostics } = compileProject(files);
if (plan === null) throw new Error(diagnostics.map((one) => one.message).join('\n'));
const program = loadProgram(emitProject(plan));
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const folder = StateFolder.open(join(root, '.fsc/state'));
const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: false, namespace: '' });
const summary = await runStream({
  program,
  mode: 'stream',
  store,
  folder,
  inputs: program.sources.map((source) => ({
    program: source,
    locations: [{ name: 'stream', location, order: 'arrival' }],
    cutMicros: null,
    root,
    stdin: process.stdin,
  })),
  archiveFolder: join(root, '.fsc/archive'),
  quarantineFolder: join(root, '.fsc/quarantine'),
  untilMicros: Number.POSITIVE_INFINITY,
  clockMode: 'events',
  clock: wallClock,
  namespace: '',
  flushIntervalMicros: 20_000,
  snapshotIntervalMicros: 50_000,
  isRebuilt: flags.includes('--rebuild'),
  signal: stop.signal,
  onProgress: null,
  batchRows: 200,
});
await store.close();
folder.close();
process.stdout.write(JSON.stringify(summary));
process.exit(0);
