/** `fsc compile` of the example, in a process that starts cold: `node tests/bench/run.mjs compile [--json]`. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fsc } from './process.ts';
import { median, report } from './report.ts';

const REPEATS = 9;

const root = mkdtempSync(join(tmpdir(), 'fsc-bench-'));
try {
  cpSync('features', join(root, 'features'), { recursive: true });
  const usages = Array.from({ length: REPEATS }, () => {
    rmSync(join(root, 'generated'), { recursive: true, force: true });
    return fsc(root, ['compile', '--quiet']).usage;
  });
  const millis = (pick: (usage: (typeof usages)[number]) => number): number => 1000 * median(usages.map(pick));
  report(
    'compile',
    'fsc compile of the example, cold process, wall',
    millis((usage) => usage.wallSeconds),
    'ms',
    { most: 300 },
  );
  report(
    'compile',
    'fsc compile of the example, cold process, CPU',
    millis((usage) => usage.cpuSeconds),
    'ms',
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}
