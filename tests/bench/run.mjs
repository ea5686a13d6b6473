// Runs benchmarks of this folder: `node tests/bench/run.mjs [NAME…] [--json]`, all of them without a name, each in a process of its own. Node 20
// reads no TypeScript, so they are transpiled first, beside the built package whose command line some of them run.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from '../../scripts/transpile.mjs';

const ALL = ['operators', 'pipeline', 'lookup', 'compile', 'dataset', 'layout', 'state', 'restart', 'rows'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const asked = args.filter((arg) => !arg.startsWith('-'));
const folder = join(root, 'tests', 'bench');
if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) {
  console.error('dist/ is missing: npm run build');
  process.exit(1);
}
const names = asked.length > 0 ? asked : ALL;

const sources = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const out = transpile(
  'bench',
  sources.map((name) => join('tests', 'bench', name)),
);
let status = 0;
for (const name of names) {
  const run = spawnSync(process.execPath, [join(out, 'tests', 'bench', `${name}.js`), ...flags], { stdio: 'inherit' });
  if (run.status !== 0) status = run.status ?? 1;
}
process.exit(status);
