/**
 * Random cases: seed and number from the environment, finds kept before are tried first. They run in a process of their own, from one file: so
 * V8 can be told what suits them, and nothing stands between the modules.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleTo } from '../../scripts/bundle.mjs';
import { ENVIRONMENT, NODE_FLAGS } from '../../scripts/random-cases.mjs';
import { keptCases } from './kept-case.ts';
import type { Outcome, Share } from './random-cases.ts';

const CASES = Number(process.env.FSC_CASES ?? 10_000);
const SEED = Number(process.env.FSC_SEED ?? 1);

/** The SQL of so many cases, a fifth of them, shows everything that there is to be shown. */
const SHOWS_ALL = 4000;
const MOST_REJECTED = 0.002;
const HOUR_MS = 3_600_000;
const LAST_WORDS = 10_000;
const root = join(import.meta.dirname, '..', '..');
const regressions = join(root, 'tests', 'regressions');

/** The `part`-th of `parts` test files that share the cases: each runs in a process of its own. */
export function randomSuite(part: number, parts: number): void {
  const cases = Math.ceil(CASES / parts);
  const seed = SEED * parts + part;
  let running: Promise<Outcome> | null = null;
  const outcome = (): Promise<Outcome> => {
    running ??= runShare({ seed, cases, part, parts, regressions });
    return running;
  };

  for (const name of keptCases(regressions).filter((_, i) => i % parts === part)) {
    it(`${name}, found before`, { timeout: HOUR_MS }, async () => {
      expect((await outcome()).kept[name]).toBe('');
    });
  }

  it(`${cases} random cases from seed ${seed} agree in every machine`, { timeout: HOUR_MS }, async () => {
    const shown = await outcome();
    if (shown.failure !== '') expect.fail(shown.failure);
    console.log(shown.summary);
    expect(shown.cases).toBeGreaterThanOrEqual(cases);
    expect(shown.rejected / shown.cases).toBeLessThanOrEqual(MOST_REJECTED);
    expect(shown.seldomAsked).toEqual([]);
    if (cases >= SHOWS_ALL) expect(shown.missing).toEqual([]);
  });
}

async function runShare(share: Share): Promise<Outcome> {
  // Beside node_modules, where what is not bundled is found.
  const folder = join(root, 'node_modules', '.cache', 'random-cases', `${process.pid}`);
  const file = join(folder, 'random-cases.mjs');
  const input = join(import.meta.dirname, 'random-cases.ts');
  await bundleTo({ input, output: { file, codeSplitting: false }, logLevel: 'warn' });
  try {
    return await outcomeOf([...NODE_FLAGS, file, JSON.stringify(share)]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outcomeOf(args: readonly string[]): Promise<Outcome> {
  const env = { ...process.env, ...ENVIRONMENT };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    told = (told + chunk.toString()).slice(-LAST_WORDS);
  });
  return new Promise((resolve, reject) => {
    child.on('message', (outcome) => resolve(outcome as Outcome));
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`the cases ended with ${code}: ${told}`)));
  });
}
