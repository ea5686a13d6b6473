// The sources as JavaScript in few files: dist/, and under node_modules/.cache what scripts and tests run that the package does not export.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * DuckDB's client comes along, without its native part: it is sixty files that require one another, and to find them takes a fifth of what a
 * command takes to start.
 */
const DUCKDB = '@duckdb/node-api';
const duckDbInside = {
  name: 'duckdb-inside',
  load: (id) =>
    id === join(root, 'runtime', 'sources', 'duckdb-require.ts') ? `import api from '${DUCKDB}';\nexport { api };\n` : null,
};

/** `input`, `output`, `logLevel`: as rolldown has them. What else package.json names is installed, not bundled. */
export async function bundleTo({ input, output, logLevel }) {
  const external = (id) => /^[^./]/.test(id) && id !== DUCKDB;
  const options = { cwd: root, input, platform: 'node', external, plugins: [duckDbInside], logLevel };
  await build({ ...options, output: { format: 'esm', ...output } });
}

/** By path: entries stand in the folder as they do in the repository. `paths`: relative to it, without `.ts`. */
export function entriesOf(paths) {
  return Object.fromEntries(paths.map((path) => [path, `./${path}.ts`]));
}

/** Gives a function that imports one of the paths. */
export async function bundle(name, paths) {
  const dir = join(root, 'node_modules', '.cache', `fsc-${name}`);
  const names = { entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' };
  await bundleTo({ input: entriesOf(paths), output: { dir, ...names, cleanDir: true }, logLevel: 'silent' });
  return (path) => import(pathToFileURL(join(dir, `${path}.mjs`)).href);
}
