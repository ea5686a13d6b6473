/**
 * A stream run as a process of its own, with short intervals, so that kills hit every part of it. Arguments are the project and the step as JSON; what
 * it runs was compiled before. It says that it is ready once everything is loaded: what can be killed begins there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { runStream } from '../../runtime/engines/stream-run.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { wallClock } from '../../runtime/time/clock.ts';

export interface WorkerStep {
  /** A file with the modules as JSON: [path, text][]. */
  readonly modules: string;
  readonly locations: readonly (readonly ['history' | 'stream', string])[];
  readonly mode: 'batch' | 'stream';
  /** null: to the end. */
  readonly untilMicros: number | null;
  readonly isRebuilt: boolean;
}

const [root = '', text = ''] = process.argv.slice(2);
const step = JSON.parse(text) as WorkerStep;
const modules = JSON.parse(readFileSync(step.modules, 'utf8')) as readonly (readonly [string, string])[];
const program = loadProgram(new Map(modules));
process.stdout.write('"ready"\n');
const folder = StateFolder.open(join(root, '.fsc/state'));
const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: false, namespace: '' });
const summary = await runStream({
  program,
  mode: step.mode,
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
  untilMicros: step.untilMicros ?? Number.POSITIVE_INFINITY,
  clockMode: 'events',
  clock: wallClock,
  namespace: '',
  flushIntervalMicros: 10_000,
  snapshotIntervalMicros: 30_000,
  isRebuilt: step.isRebuilt,
  signal: new AbortController().signal,
  onProgress: null,
  batchRows: 40,
});
await store.close();
folder.close();
process.stdout.write(JSON.stringify(summary));
process.exit(0);
