/** Runs the random cases, then the golden ones, against a broken product, in a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';

export interface MutantResult {
  readonly mutant: Mutant;
  /** What noticed it: `seed 12`, or a golden case; null: nothing did. */
  readonly caughtBy: string | null;
  /** Why it could not be tried: the code that it changes has changed. */
  readonly problem: string | null;
}

export interface MutantOptions {
  /** Where the transpiled tests stand. */
  readonly built: string;
  /** The repository. */
  readonly root: string;
  readonly seed: number;
  readonly cases: number;
  readonly parallel: number;
  /** Of Node and its environment, as scripts/random-cases.mjs has them. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A case takes a tenth of a second. */
const HANG_MS = 30_000;

export async function runMutants(mutants: readonly Mutant[], options: MutantOptions): Promise<MutantResult[]> {
  const results: MutantResult[] = [];
  const queue = [...mutants.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, mutant] = next;
      results[i] = await runMutant(mutant, options);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, work));
  return results;
}

function runMutant(
  mutant: Mutant,
  { built, root, seed, cases, flags, environment }: MutantOptions,
): Promise<MutantResult> {
  const args = [
    ...flags,
    '--import',
    join(root, 'tests', 'properties', 'mutants', 'register.mjs'),
    join(built, 'tests', 'properties', 'soak.js'),
  ];
  args.push('--seed', String(seed), '--cases', String(cases), '--kept', join(root, 'tests', 'cases'));
  args.push('--first', '--no-shrink', '--quiet');
  if (mutant.postgres !== true) args.push('--no-postgres');
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment, FSC_MUTANT: JSON.stringify(mutant) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((done) => {
    let output = '';
    let begun = '';
    const hang = (): void => {
      child.kill('SIGKILL');
      done({ mutant, caughtBy: `${begun} (it does not end)`, problem: null });
    };
    let watch = setTimeout(hang, HANG_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        begun = /begins (.+)\n[^\n]*$/.exec(output)?.[1] ?? begun;
        clearTimeout(watch);
        watch = setTimeout(hang, HANG_MS);
      });
    }
    child.on('close', (code) => {
      clearTimeout(watch);
      const caught = /^(seed \d+|kept case \S+):/m.exec(output)?.[1] ?? null;
      done({ mutant, caughtBy: caught, problem: code === 0 || caught !== null ? null : output });
    });
  });
}
