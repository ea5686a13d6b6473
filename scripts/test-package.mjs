// Packs fsc, installs the package into an empty project in a path with blanks, and uses it there as a stranger would.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const work = mkdtempSync(join(tmpdir(), 'fsc package '));
let passed = 0;

function run(label, command, args, cwd, expected = 0) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, npm_config_loglevel: 'error' } });
  if (result.status !== expected) {
    console.error(`FAILED ${label}: ${command} ${args.join(' ')} exited ${result.status}\n${result.stdout}\n${result.stderr}`);
    console.error(`${passed} passed, 1 failed`);
    process.exit(1);
  }
  passed++;
  console.log(`ok ${label}`);
  return result.stdout;
}

try {
  run('npm pack', 'npm', ['pack', '--ignore-scripts', '--pack-destination', work], root);
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  const app = join(work, 'my app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'commonjs' }));
  run('npm install', 'npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', join(work, tarball)], app);
  const fsc = join(app, 'node_modules', '.bin', 'fsc');
  run('fsc --version', fsc, ['--version'], app);
  run('fsc init', fsc, ['init', 'store'], app);
  const store = join(app, 'store');
  run('fsc check', fsc, ['check'], store);
  run('fsc compile', fsc, ['compile'], store);
  run('fsc compile again', fsc, ['compile', '--check'], store);
  run('fsc test', fsc, ['test'], store);
  run('fsc run', fsc, ['run', '--mode', 'stream'], store);
  run('fsc verify', fsc, ['verify', '--as-of', 'now'], store);
  // The package around it says commonjs, as `npm init` writes it.
  writeFileSync(
    join(store, 'service.mjs'),
    "import { connect } from './generated/client/index.js';\nconst features = await connect();\nconst { row } = await features.get('card_activity_v1', { card: 'jade' });\nawait features.close();\nif (row.card !== 'jade') process.exit(1);\n",
  );
  run('generated client', process.execPath, ['service.mjs'], store);
  writeFileSync(
    join(app, 'types.mts'),
    "import { compileProject } from 'fsc';\nimport * as runtime from 'fsc/runtime';\nexport const both = [compileProject, runtime] as const;\n",
  );
  cpSync(join(root, 'node_modules', 'typescript'), join(app, 'node_modules', 'typescript'), { recursive: true, dereference: true });
  for (const name of readdirSync(join(root, 'node_modules', '@typescript'), { withFileTypes: true }).map((entry) => entry.name)) {
    cpSync(join(root, 'node_modules', '@typescript', name), join(app, 'node_modules', '@typescript', name), { recursive: true });
  }
  const tsc = join(app, 'node_modules', 'typescript', 'bin', 'tsc');
  run('typed exports', process.execPath, [tsc, '--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', 'types.mts'], app);
  console.log(`${passed} passed, 0 failed`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
