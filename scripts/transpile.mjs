// TypeScript files and what they import as JavaScript under node_modules/.cache, for scripts that run them outside of vitest.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Gives the folder; a file stands in it under its own path. */
export function transpile(name, files) {
  const out = join(root, 'node_modules', '.cache', `fsc-${name}`);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  const config = join(out, 'tsconfig.json');
  const compilerOptions = { outDir: out, rootDir: root, noCheck: true, declaration: false };
  const options = { extends: join(root, 'tsconfig.json'), files: files.map((file) => join(root, file)), include: [] };
  writeFileSync(config, JSON.stringify({ ...options, compilerOptions }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const built = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
  return out;
}
