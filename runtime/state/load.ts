import { kernels } from './kernels.ts';
import { assembleProgram, evaluateModule } from './modules.ts';
import type { Program } from './program.ts';
import * as rt from './rt.ts';

const surface = { ...rt, kernels };
const STREAM_MODULE = /(^|\/)stream\/[^/]+\.js$/;

/** The program of generated files: every `stream/*.js` among them, whatever folder it stands in. Other files are left alone. */
export function loadProgram(files: ReadonlyMap<string, string>): Program {
  const modules = [...files].filter(([path]) => STREAM_MODULE.test(path)).sort(([a], [b]) => (a < b ? -1 : 1));
  return assembleProgram(modules.map(([path, text]) => evaluateModule(path, text, surface)));
}
