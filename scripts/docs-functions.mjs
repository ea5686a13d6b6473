// Writes docs/functions.md from the registry of functions. Run: node scripts/docs-functions.mjs
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = await bundle('docs', ['runtime/functions/documentation']);
const { renderFunctions } = await load('runtime/functions/documentation');
writeFileSync(join(root, 'docs/functions.md'), renderFunctions());
