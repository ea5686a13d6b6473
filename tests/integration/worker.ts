/** Bundles stream-worker.ts, so that a process to be killed starts in the time that one of the package takes. */
import { join } from 'node:path';
import { build } from 'rolldown';
import type { StreamRunOptions } from '../../runtime/engines/stream-run.ts';

/** What the worker runs; `modules` is a file with the generated modules as JSON. */
export interface WorkerStep {
  readonly modules: string;
  readonly locations: readonly (readonly [name: 'history' | 'stream', location: string])[];
  readonly mode?: StreamRunOptions['mode'] | undefined;
  readonly until?: number | undefined;
  readonly isRebuilt?: boolean | undefined;
}

const root = join(import.meta.dirname, '..', '..');

/** Gives the path of the worker's JavaScript. */
export async function bundleWorker(): Promise<string> {
  // Beside the packages that it loads.
  const file = join(root, 'node_modules', '.cache', `fsc-stream-worker-${process.pid}`, 'stream-worker.mjs');
  await build({
    input: join(import.meta.dirname, 'stream-worker.ts'),
    platform: 'node',
    external: /^[^./]/,
    output: { file, format: 'esm', codeSplitting: false },
    logLevel: 'warn',
  });
  return file;
}
