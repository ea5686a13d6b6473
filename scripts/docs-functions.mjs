// Writes docs/functions.md from the registry of functions. Run after a build: node scripts/docs-functions.mjs
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { renderFunctions } = await import(join(root, 'dist/runtime/functions/documentation.js'));
writeFileSync(join(root, 'docs/functions.md'), renderFunctions());
