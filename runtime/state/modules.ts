import type { SourceProgram } from '../log/contract.ts';
import type { GroupProgram, Program, ViewProgram } from './program.ts';

/** A view as its module has it: it names its group by fingerprint. */
export interface GeneratedView extends Omit<ViewProgram, 'group'> {
  readonly group: string | null;
}

interface GeneratedModule {
  readonly group?: GroupProgram;
  readonly view?: GeneratedView;
  readonly sources?: readonly SourceProgram[];
}

/** Puts the parts of generated modules together, in order of the views' names. */
export function assembleProgram(modules: readonly GeneratedModule[]): Program {
  const groups = modules.flatMap((module) => (module.group === undefined ? [] : [module.group]));
  const places = new Map(groups.map((group, index) => [group.fingerprint, index]));
  const views = modules.flatMap((module) => (module.view === undefined ? [] : [placed(module.view, places)]));
  return { sources: modules.flatMap((module) => module.sources ?? []), groups, views };
}

function placed(view: GeneratedView, places: ReadonlyMap<string, number>): ViewProgram {
  if (view.group === null) return { ...view, group: -1 };
  const group = places.get(view.group);
  if (group === undefined) throw new Error(`view ${view.spec.name} has no group ${view.group}`);
  return { ...view, group };
}

const IMPORT = "import * as rt from 'fsc/runtime';\n";

/** Evaluates the text of a generated module over `rt`, without resolving imports, so that it works in any folder. */
export function evaluateModule(path: string, text: string, rt: unknown): GeneratedModule {
  const match = /^export const (group|view|sources) = /m.exec(text);
  if (!text.startsWith(IMPORT) || match === null) throw new Error(`${path} is not a generated stream module`);
  const body = text.slice(IMPORT.length).replace(match[0], `const ${match[1]} = `);
  const make = new Function('rt', `'use strict';\n${body}\nreturn { ${match[1]} };`) as (
    rt: unknown,
  ) => GeneratedModule;
  return make(rt);
}
