// Runs a benchmark of this folder: `node tests/bench/run.mjs operators [--json]`. Node 20 reads no TypeScript, so it is transpiled first.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [name = 'operators', ...rest] = process.argv.slice(2);
const out = join(root, 'node_modules', '.cache', 'fsc-bench');
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'package.json'), '{"type":"module"}');
const config = join(out, 'tsconfig.json');
const options = { extends: join(root, 'tsconfig.json'), files: [join(root, 'tests', 'bench', `${name}.ts`)], include: [] };
const compilerOptions = { outDir: out, rootDir: root, noCheck: true, declaration: false };
writeFileSync(config, JSON.stringify({ ...options, compilerOptions }));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const built = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
const run = spawnSync(process.execPath, [join(out, 'tests', 'bench', `${name}.js`), ...rest], { stdio: 'inherit' });
process.exit(run.status ?? 1);
