// `npm run mutants [-- --only TEXT]`: breaks the product in many ways and shows what of the suite notices each.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ENVIRONMENT, NODE_FLAGS } from './random-cases.mjs';
import { transpile } from './transpile.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, cases: { type: 'string', default: '800' } } });
const built = transpile('mutants', ['tests/properties/soak.ts', 'tests/properties/mutants/run-mutants.ts']);
const folder = join(built, 'tests', 'properties', 'mutants');
const { MUTANTS } = await import(join(folder, 'mutants.js'));
const { runMutants } = await import(join(folder, 'run-mutants.js'));

const tried = MUTANTS.filter(({ name }) => name.includes(values.only));
const run = { built, root, seed: 1, cases: Number(values.cases), parallel: 2, flags: NODE_FLAGS, environment: ENVIRONMENT };
const results = await runMutants(tried, run);
const width = Math.max(...results.map(({ mutant }) => mutant.name.length));
for (const { mutant, caughtBy, problem } of results) {
  console.log(`${mutant.name.padEnd(width)}  ${caughtBy ?? (problem === null ? 'NOT NOTICED' : `NOT TRIED\n${problem}`)}`);
}
const missed = results.filter(({ caughtBy }) => caughtBy === null).length;
console.log(`${results.length - missed} of ${results.length} noticed`);
process.exit(missed === 0 ? 0 : 1);
