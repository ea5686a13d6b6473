// Writes runtime/functions/index.generated.ts: every exported ScalarFunction and AggregateFunction of the folder, by its type annotation.
// `node scripts/generate-functions.mjs --check` fails if the file is not current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'runtime', 'functions');
const target = join(folder, 'index.generated.ts');
const NO_FUNCTIONS = new Set(['definition.ts', 'index.generated.ts']);

/** Names of exported functions in a file; what else it exports is none of the index's business. */
function exportsOf(file) {
  const text = readFileSync(join(folder, file), 'utf8');
  const names = { scalar: [], aggregate: [] };
  for (const match of text.matchAll(/^export const (\w+): (Scalar|Aggregate)Function\b/gm)) {
    names[match[2].toLowerCase()].push(match[1]);
  }
  return { file, ...names };
}

export function generate() {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !NO_FUNCTIONS.has(file))
    .sort()
    .map(exportsOf)
    .filter(({ scalar, aggregate }) => scalar.length + aggregate.length > 0);
  const imports = files.map(({ file, scalar, aggregate }) => {
    const names = [...scalar, ...aggregate].sort(compare);
    const line = `import { ${names.join(', ')} } from './${file}';`;
    return line.length <= 120 ? line : `import {\n${names.map((name) => `  ${name},\n`).join('')}} from './${file}';`;
  });
  const list = (kind) => files.flatMap((entry) => entry[kind]).map((name) => `  ${name},\n`);
  return `// Written by scripts/generate-functions.mjs; run it after adding a function.
${[...imports, "import type { AggregateFunction, ScalarFunction } from './definition.ts';"].sort(byPath).join('\n')}

export const SCALARS: readonly ScalarFunction[] = [
${list('scalar').join('')}];

export const AGGREGATES: readonly AggregateFunction[] = [
${list('aggregate').join('')}];
`;
}

function compare(a, b) {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : 0;
}

function byPath(a, b) {
  return compare(a.slice(a.indexOf("'./")), b.slice(b.indexOf("'./")));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = generate();
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('runtime/functions/index.generated.ts is not current: run node scripts/generate-functions.mjs\n');
    process.exit(1);
  }
}
