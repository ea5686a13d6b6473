// `npm run soak -- --seed S --cases N [--jobs J] [--no-shrink] [--no-postgres]`: N random cases of the seeds S, S + 1, …, five logs each,
// through every machine, in J processes.
// Node 20 reads no TypeScript, so the tests are bundled first.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleTo } from './bundle.mjs';
import { ENVIRONMENT, NODE_FLAGS } from './random-cases.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '1000' },
    jobs: { type: 'string', default: '2' },
    'no-shrink': { type: 'boolean', default: false },
    'no-postgres': { type: 'boolean', default: false },
  },
});
const file = join(root, 'node_modules', '.cache', 'fsc-soak', `${process.pid}`, 'soak.mjs');
process.once('exit', () => rmSync(dirname(file), { recursive: true, force: true }));
await bundleTo({ input: join(root, 'tests/properties/soak.ts'), output: { file, codeSplitting: false }, logLevel: 'warn' });
const cases = Number(values.cases);
/** Cases of a seed, which one process takes. */
const LOGS = 5;
const jobs = Math.max(1, Math.min(Number(values.jobs), Math.ceil(cases / LOGS)));

/** Every jobs-th seed from the job-th on. */
function start(job) {
  const args = [...NODE_FLAGS, file, '--seed', String(values.seed), '--cases', String(cases)];
  args.push('--from', String(job), '--step', String(jobs));
  if (job === 0) args.push('--regressions', join(root, 'tests', 'regressions'));
  for (const name of ['no-shrink', 'no-postgres']) if (values[name]) args.push(`--${name}`);
  return new Promise((done) => {
    spawn(process.execPath, args, { env: { ...process.env, ...ENVIRONMENT }, stdio: 'inherit' }).on('close', (code) => done(code ?? 1));
  });
}

const codes = await Promise.all(Array.from({ length: jobs }, (_, job) => start(job)));
process.exit(Math.max(...codes));
