// Writes docs/functions.md from the registry of functions. Run: node scripts/docs-functions.mjs
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from './transpile.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const built = transpile('docs', ['runtime/functions/documentation.ts']);
const { renderFunctions } = await import(join(built, 'runtime/functions/documentation.js'));
writeFileSync(join(root, 'docs/functions.md'), renderFunctions());
