// Writes docs/diagnostics: a page a code, of every layer. Run: node scripts/docs-diagnostics.mjs
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = await bundle('docs', ['cli/diagnostic-pages']);
const { diagnosticFiles } = await load('cli/diagnostic-pages');
const folder = join(root, 'docs/diagnostics');
const files = diagnosticFiles();
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
