// The sources as JavaScript in few files: dist/, and under node_modules/.cache what scripts and tests run that the package does not export.
import { dirname, join, relative, sep } from 'node:path';
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

/** Packages that come along, each command needing them; to find a package takes longer than to read it. */
export const INSIDE = [DUCKDB, 'commander'];

/** What every command loads, what those load that look values up, and what those load that read records: without and with DuckDB. */
const EVERY =
  /^(runtime\/(values|functions|time)\/|runtime\/sources\/spill-folder\.ts|compiler\/diagnostics\/(suggest|width)\.ts|cli\/(cli|config-text|features|instant|io|paths|progress|project|stamp|version)\.ts)/;
const STATE = /^(runtime\/state\/|cli\/(open-program|result-rows)\.ts)/;
const RECORDS = /^(runtime\/(log|sources|stores|engines|serving)\/(?!.*postgres)|node_modules\/@duckdb\/)/;

/**
 * A file costs a command a millisecond, so that what is loaded together stands in one. Whoever needs no DuckDB must not load it for something
 * beside it.
 */
export const fewFiles = {
  groups: [
    { name: 'every', priority: 4, test: (id) => EVERY.test(pathOf(id)) },
    { name: 'state', priority: 3, test: (id) => STATE.test(pathOf(id)) },
    {
      debugName: 'log',
      name: (id, context) => (reachesDuckDb(id, context) ? null : 'log'),
      priority: 2,
      test: (id) => RECORDS.test(pathOf(id)),
    },
    { name: 'records', priority: 1, test: (id) => RECORDS.test(pathOf(id)) },
  ],
};

function pathOf(id) {
  const path = relative(root, id).split(sep).join('/');
  return path.slice(Math.max(0, path.lastIndexOf('node_modules/')));
}

/** Whether to load the module is to load DuckDB. */
function reachesDuckDb(id, context) {
  const seen = new Set();
  const left = [id];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.includes('@duckdb/')) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    left.push(...(context.getModuleInfo(next)?.importedIds ?? []));
  }
  return false;
}

/** `input`, `output`, `logLevel`: as rolldown has them. What else package.json names is installed, not bundled. */
export async function bundleTo({ input, output, logLevel }) {
  const external = (id) => /^[^./]/.test(id) && !INSIDE.includes(id);
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
