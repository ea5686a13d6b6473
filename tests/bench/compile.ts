/**
 * `fsc compile` of the example, and of a thousand views with `fsc check` after an edit of one, in processes that start cold:
 * `node tests/bench/run.mjs compile [--json]`.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AIRPORT_VIEW, flightsSource, writeProject } from './flights.ts';
import { fsc, type Usage } from './process.ts';
import { median, report } from './report.ts';

const REPEATS = 9;

const VIEWS = 1000;

type Figure = 'wallSeconds' | 'cpuSeconds';

function figures(name: string, usages: readonly Usage[], mostMillis: number): void {
  const millis = (figure: Figure): number => 1000 * median(usages.map((usage) => usage[figure]));
  report('compile', `${name}, wall`, millis('wallSeconds'), 'ms', { most: mostMillis });
  report('compile', `${name}, CPU`, millis('cpuSeconds'), 'ms');
}

function inFolder(work: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'fsc-bench-'));
  try {
    work(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

inFolder((root) => {
  cpSync('features', join(root, 'features'), { recursive: true });
  const usages = Array.from({ length: REPEATS }, () => {
    rmSync(join(root, 'generated'), { recursive: true, force: true });
    return fsc(root, ['compile', '--quiet']).usage;
  });
  figures('fsc compile of the example, cold process', usages, 300);
});

/** Views like the example's, each with windows of its own. */
function viewOf(i: number): string {
  return AIRPORT_VIEW.replaceAll("'1 hour'", `'${i + 1} minutes'`);
}

inFolder((root) => {
  writeProject(root, { 'features/sources/flights.sql': flightsSource('none') });
  writeProject(
    root,
    Object.fromEntries(Array.from({ length: VIEWS }, (_, i) => [`features/view_${i}/v1.sql`, viewOf(i)])),
  );
  const compiled = Array.from({ length: 3 }, () => {
    rmSync(join(root, 'generated'), { recursive: true, force: true });
    return fsc(root, ['compile', '--quiet']).usage;
  });
  figures(`fsc compile of ${VIEWS} views`, compiled, 3000);
  const checked = Array.from({ length: 3 }, (_, i) => {
    writeProject(root, { 'features/view_7/v1.sql': viewOf(VIEWS + i) });
    return fsc(root, ['check', '--quiet']).usage;
  });
  figures(`fsc check of ${VIEWS} views after an edit of one`, checked, 300);
});
