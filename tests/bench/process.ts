/** The command line as a process of its own, with what it took. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built package, as a user has it; this file runs from a folder of compiled files inside the repository. */
const CLI = join(repository(), 'dist', 'cli', 'main.js');
const USAGE = new URL('./usage.js', import.meta.url).href;

export interface Usage {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly maxRssBytes: number;
}

export interface Finished {
  readonly out: string;
  readonly usage: Usage;
}

export function repository(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'features', 'sources', 'flights.sql'))) folder = dirname(folder);
  return folder;
}

export function fsc(root: string, args: readonly string[], input?: Buffer): Finished {
  const run = spawnSync(process.execPath, ['--import', USAGE, CLI, ...args], {
    cwd: root,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit', 'pipe'],
    maxBuffer: 1 << 30,
    ...(input === undefined ? {} : { input }),
  });
  if (run.status !== 0) throw new Error(`fsc ${args.join(' ')} ended with ${run.status}`);
  return { out: String(run.stdout), usage: JSON.parse(String(run.output[3])) as Usage };
}
