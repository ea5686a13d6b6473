/** The command line as a process, from the built package (FSC_DIST or dist/), as a terminal or a service manager runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Program } from '../../runtime/state/program.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { bundleTo } from '../../scripts/bundle.mjs';
import { values } from './project.ts';

const root = join(import.meta.dirname, '..', '..');
export const DIST = process.env['FSC_DIST'] ?? join(root, 'dist');
export const MAIN = join(DIST, 'cli', 'main.js');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** From the (first) signal to the end; 0: none was sent. */
  readonly stoppedInMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Sends the signal and remembers when. */
  readonly stop: (signal: NodeJS.Signals) => void;
  readonly err: () => string;
}

export function start(
  command: string,
  args: readonly string[],
  cwd: string,
  stdin: 'ignore' | 'pipe' | number = 'ignore',
): Running {
  const child = spawn(command, args, { cwd, stdio: [stdin, 'pipe', 'pipe'], env: { ...process.env, FSC_PROFILE: '' } });
  let [out, err, asked] = ['', '', 0];
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  child.stdin?.on('error', () => {}); // the reader has ended
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) =>
      resolve({ code, signal, out, err, stoppedInMs: asked === 0 ? 0 : performance.now() - asked }),
    ),
  );
  const stop = (signal: NodeJS.Signals): void => {
    if (asked === 0) asked = performance.now();
    child.kill(signal);
  };
  return { child, ended, stop, err: () => err };
}

export function fsc(cwd: string, args: readonly string[], stdin: 'ignore' | 'pipe' | number = 'ignore'): Running {
  return start(process.execPath, [MAIN, ...args], cwd, stdin);
}

const bundles = new Map<string, Promise<string>>();

/** A script of this folder with all of the product that it uses in one file: it starts in a fourth of the time that a hundred files take. */
export function bundled(script: string): Promise<string> {
  let path = bundles.get(script);
  if (path === undefined) {
    path = bundle(script);
    bundles.set(script, path);
  }
  return path;
}

async function bundle(script: string): Promise<string> {
  // Beside node_modules, where what is not bundled is found.
  const file = join(root, 'node_modules', '.cache', 'integration', `${process.pid}`, script.replace(/ts$/, 'mjs'));
  process.once('exit', () => rmSync(dirname(file), { recursive: true, force: true }));
  const input = join(import.meta.dirname, script);
  await bundleTo({ input, output: { file, codeSplitting: false }, logLevel: 'warn' });
  return file;
}

/** A script of this folder that answers a line with a line of JSON. */
export interface Worker {
  /** null: it has ended instead. */
  readonly tell: (line: string) => Promise<unknown>;
  readonly end: () => Promise<Ended>;
}

export async function startWorker(script: string, args: readonly string[]): Promise<Worker> {
  const run = start(process.execPath, [await bundled(script), ...args], import.meta.dirname, 'pipe');
  const answers = createInterface({ input: run.child.stdout as Readable })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const { value, done } = await answers.next();
    return done === true ? null : (JSON.parse(value) as unknown);
  };
  if ((await answer()) !== 'ready') throw new Error(`${script}: ${(await run.ended).err}`);
  return {
    tell: (line) => {
      run.child.stdin?.write(`${line}\n`);
      return answer();
    },
    end: () => {
      run.child.stdin?.end();
      return run.ended;
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Two seconds, and more where the processors have more to do than they can. */
export function twoSeconds(): number {
  return 2000 * Math.max(1, (loadavg()[0] ?? 0) / cpus().length);
}

export async function valuesOf(program: Program, projectRoot: string): Promise<string[]> {
  const store = await openLmdbStore({ path: join(projectRoot, '.fsc/online'), readOnly: true, namespace: '' });
  try {
    return await values(program, store);
  } finally {
    await store.close();
  }
}
