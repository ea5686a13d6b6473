import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** What takes minutes begins first, so that no worker is left with it at the end. */
const LONG = ['properties/agreement', 'integration/kill', 'integration/disk-full', 'properties/mutants', 'integration/faults'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((part) => moduleId.includes(part));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'compiler/**/*.test.ts', 'runtime/**/*.test.ts', 'cli/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    pool: 'forks',
    // A core less is vitest's default: half of a machine of two.
    maxWorkers: '100%',
    // Tests of a file that may wait beside each other; each starts processes of its own.
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['tests/setup.ts'],
  },
});
