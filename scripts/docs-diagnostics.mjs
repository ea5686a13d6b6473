// Writes docs/diagnostics from the catalogue of codes. Run after a build: node scripts/docs-diagnostics.mjs
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { catalogue, renderIndex, renderPage } = await import(join(root, 'dist/compiler/diagnostics/catalogue.js'));
const folder = join(root, 'docs/diagnostics');
const pages = catalogue();
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) {
  const code = /^(FSC[1-5]\d{3})\.md$/.exec(name)?.[1];
  if (code !== undefined && !pages.has(code)) rmSync(join(folder, name));
}
for (const [code, page] of pages) writeFileSync(join(folder, `${code}.md`), renderPage(code, page));
writeFileSync(join(folder, 'README.md'), renderIndex(pages));
