import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkKept } from './check-kept.ts';
import { keptCases, readKeptCase } from './kept-case.ts';
import { printFault } from './report.ts';

const tests = join(dirname(fileURLToPath(import.meta.url)), '..');

for (const kind of ['regressions', 'cases']) {
  describe.skipIf(keptCases(join(tests, kind)).length === 0)(kind, () => {
    const root = join(tests, kind);
    for (const name of keptCases(root)) {
      it(name, async () => {
        const kept = readKeptCase(root, name);
        const report = await checkKept(kept, null);
        expect(report.faults.map(printFault).join('\n')).toBe('');
        expect(kept.expectations.length).toBeGreaterThan(0);
      });
    }
  });
}
