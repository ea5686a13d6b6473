// Generated modules import `fsc/runtime` and stand in a package scope of their own (generated/package.json), so that in this repository, and in
// projects made inside it, Node.js looks for fsc in node_modules like anywhere else. npm would build twice for a dependency on itself.
import { existsSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Makes node_modules/fsc stand for this package, unless something else stands there. `npm install NAME` takes it away again. */
export function linkSelf(root) {
  const modules = join(root, 'node_modules');
  const link = join(modules, 'fsc');
  // Another tree's node_modules: it has its own fsc.
  if (!existsSync(modules) || existsSync(link) || realpathSync(modules) !== join(realpathSync(root), 'node_modules')) return;
  symlinkSync('..', link, 'junction');
}
