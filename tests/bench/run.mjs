// Runs benchmarks of this folder: `node tests/bench/run.mjs [NAME…] [--json]`, all of them without a name, each in a process of its own. Node 20
// reads no TypeScript, so they are transpiled first, beside the built package whose command line some of them run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ALL = ['operators', 'pipeline', 'lookup', 'compile', 'dataset', 'layout', 'state', 'restart', 'rows'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const out = join(root, 'node_modules', '.cache', 'fsc-bench');
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const asked = args.filter((arg) => !arg.startsWith('-'));
const folder = join(root, 'tests', 'bench');
if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) {
  console.error('dist/ is missing: npm run build');
  process.exit(1);
}
const names = asked.length > 0 ? asked : ALL;

mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'package.json'), '{"type":"module"}');
const config = join(out, 'tsconfig.json');
const sources = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const files = sources.map((name) => join(folder, name));
const compilerOptions = { outDir: out, rootDir: root, noCheck: true, declaration: false };
writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), files, include: [], compilerOptions }));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const built = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
let status = 0;
for (const name of names) {
  const run = spawnSync(process.execPath, [join(out, 'tests', 'bench', `${name}.js`), ...flags], { stdio: 'inherit' });
  if (run.status !== 0) status = run.status ?? 1;
}
process.exit(status);
