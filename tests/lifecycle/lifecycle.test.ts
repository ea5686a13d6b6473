/**
 * Lives of random projects at the command line: runs, records, changed views and declarations, runs that are cut off, retries, files that change. After
 * each step every answer is what a model says that knows nothing of the product (world.ts, judge.ts), its values by the view's own text in DuckDB.
 * FSC_LIFECYCLE sets the number of lives, FSC_SEED moves them. A life that fails is told with as few steps and records as it takes, as a script.
 */
import { describe, expect, it } from 'vitest';
import { failureOf, shrink } from './shrink.ts';
import { planLife } from './steps.ts';

const LIVES = Number(process.env['FSC_LIFECYCLE'] ?? '10');
const FIRST = Number(process.env['FSC_SEED'] ?? '1') * 100_000;
/** To make a life that fails short takes a few dozen lives. */
const TIMEOUT_MS = 900_000;

describe('a life', () => {
  it.each(Array.from({ length: LIVES }, (_, i) => FIRST + i))(
    'of seed %i',
    async (seed) => {
      const failure = await failureOf(planLife(seed));
      if (failure !== null) expect.fail((await shrink(failure)).message);
    },
    TIMEOUT_MS,
  );
});
