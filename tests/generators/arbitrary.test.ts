import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepted } from '../reference/verdicts.ts';
import { caseArbitrary, shrinkCase } from './arbitrary.ts';
import { generateCase } from './case.ts';
import type { Case } from './view-spec.ts';

const enough = (test: Case): boolean => accepted(test.log, test.source).length >= 3;

describe('case arbitrary', () => {
  it('shrinks a failure to the records and the one view that it needs', () => {
    const details = fc.check(
      fc.property(caseArbitrary(), (test) => !enough(test)),
      { seed: 5, numRuns: 20 },
    );
    const smallest = details.counterexample![0];
    expect(smallest.log).toHaveLength(3);
    expect(smallest.views).toHaveLength(1);
    expect(smallest.instants).toHaveLength(1);
    expect(smallest.prefixes).toEqual([3]);
  });

  it('shrinks asynchronously too', async () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i);
    const first = seeds.map((seed) => generateCase(seed)).find((test) => enough(test) && test.log.length > 20);
    const smallest = await shrinkCase(first!, async (test) => enough(test));
    expect(smallest.log).toHaveLength(3);
    expect(smallest.views).toHaveLength(1);
  });
});
