// Writes docs/diagnostics: a page a code, of every layer. Run after a build: node scripts/docs-diagnostics.mjs [DIST]
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const { diagnosticFiles } = await import(pathToFileURL(join(dist, 'cli/diagnostic-pages.js')).href);
const folder = join(root, 'docs/diagnostics');
const files = diagnosticFiles();
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
