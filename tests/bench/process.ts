/** The command line as a process of its own, with what it took. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
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
