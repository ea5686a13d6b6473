// A stream run as a process of its own, with short intervals, so that kills hit every part of it: node WORKER PROJECT STEP (see worker.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { runStream } from '../../runtime/engines/stream-run.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import type { WorkerStep } from './worker.ts';

const [root = '', text = ''] = process.argv.slice(2);
const step: WorkerStep = JSON.parse(text);

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
      order: location === '-' ? null : 'arrival',
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
