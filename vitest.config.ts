import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'compiler/**/*.test.ts', 'runtime/**/*.test.ts', 'cli/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    pool: 'forks',
    // A core less is vitest's default: half of a machine of two.
    maxWorkers: '100%',
  },
});
