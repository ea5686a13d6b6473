/** The program of a project for commands that only look things up: without the compiler where generated/ is known to be fresh. */
import { loadProgram } from '../runtime/state/load.ts';
import type { Program } from '../runtime/state/program.ts';
import type { GlobalFlags, Io } from './io.ts';
import { loadProject, type Project, refuseUndeclared } from './project.ts';
import { readFreshModules } from './stamp.ts';

export interface ProjectProgram {
  readonly project: Project;
  readonly program: Program;
}

/** null: the SQL has errors, which are printed; the command ends with 1. */
export async function openProgram(io: Io, flags: GlobalFlags): Promise<ProjectProgram | null> {
  const project = loadProject(io, flags);
  const modules = readFreshModules(project.root);
  if (modules !== null) {
    const program = loadProgram(modules);
    refuseUndeclared(project, program);
    return { project, program };
  }
  const { compileForUse } = await import('./compiled.ts');
  const compiled = await compileForUse(io, flags, project);
  return compiled === null ? null : { project, program: loadProgram(compiled.files) };
}
