import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ENVIRONMENT, NODE_FLAGS } from '../../../scripts/random-cases.mjs';
import { transpile } from '../../../scripts/transpile.mjs';
import { MUTANTS, type Mutant } from './mutants.ts';
import { runMutants } from './run-mutants.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
/** Every how-manieth mutant is tried here; `npm run mutants` tries them all. */
const EVERY = Number(process.env.FSC_MUTANTS_EVERY ?? 3);

it('a broken product is noticed', { timeout: 1_200_000 }, async () => {
  const built = transpile('mutants', ['tests/properties/soak.ts']);
  // All of them, so that none is left behind when the code that it breaks changes.
  const places = ({ file, find }: Mutant): number => readFileSync(join(built, file), 'utf8').split(find).length - 1;
  expect(MUTANTS.filter((mutant) => places(mutant) !== 1).map(({ name }) => name)).toEqual([]);
  const tried = MUTANTS.filter(({ hangs }) => hangs !== true).filter((_, i) => i % EVERY === 0);
  const results = await runMutants(tried, {
    built,
    root,
    seed: 1,
    cases: 500,
    parallel: 2,
    flags: NODE_FLAGS,
    environment: ENVIRONMENT,
  });
  expect(results.map(({ problem }) => problem).filter((problem) => problem !== null)).toEqual([]);
  expect(results.filter(({ caughtBy }) => caughtBy === null).map(({ mutant }) => mutant.name)).toEqual([]);
});
