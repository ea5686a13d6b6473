// Modules of the sources as JavaScript under node_modules/.cache, for scripts that run parts of fsc which the package does not export.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** `paths`: relative to the repository, without `.ts`. Gives a function that imports one of them. */
export async function bundle(name, paths) {
  const dir = join(root, 'node_modules', '.cache', `fsc-${name}`);
  await build({
    cwd: root,
    input: Object.fromEntries(paths.map((path) => [path, `./${path}.ts`])),
    platform: 'node',
    external: /^[^./]/,
    output: { dir, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs', cleanDir: true },
    logLevel: 'silent',
  });
  return (path) => import(pathToFileURL(join(dir, `${path}.mjs`)).href);
}
