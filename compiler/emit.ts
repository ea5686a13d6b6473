import { emitClient } from './backends/client/emit-client.ts';
import { emitManifest } from './backends/manifest/manifest.ts';
import { sqlFiles } from './backends/sql/files.ts';
import { FUNCTIONS } from './backends/sql/functions.ts';
import { emitStream } from './backends/stream/emit-stream.ts';
import type { ProjectPlan } from './plan/plan.ts';

const ROOT = 'generated/';
/** Client and stream operators are ES modules, also in a package that says `"type": "commonjs"`, as `npm init` writes it. */
const PACKAGE = '{ "type": "module" }\n';

/** Every file of `generated/` by its path in that folder. Pure: equal plans give equal bytes. */
export function emitProject(plan: ProjectPlan): ReadonlyMap<string, string> {
  const files = new Map<string, string>(sqlFiles(plan.views, FUNCTIONS));
  for (const { path, text } of [...emitStream(plan).files, ...emitClient(plan).files]) {
    files.set(path.startsWith(ROOT) ? path.slice(ROOT.length) : path, text);
  }
  files.set('manifest.json', emitManifest(plan));
  files.set('package.json', PACKAGE);
  return files;
}
