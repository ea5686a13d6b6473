/** A project that is compiled and loaded: what every command that runs features starts from. */
import type { ProjectPlan } from '../compiler/plan/plan.ts';
import { loadProgram } from '../runtime/state/load.ts';
import type { Program } from '../runtime/state/program.ts';
import { type CompileUse, compileForUse } from './compiled.ts';
import type { GlobalFlags, Io } from './io.ts';
import { pathsOf, type WorkspacePaths } from './paths.ts';
import { loadProject, type Project } from './project.ts';

export { pathsOf, type WorkspacePaths } from './paths.ts';

export interface Workspace {
  readonly project: Project;
  readonly plan: ProjectPlan;
  /** Path under generated/ → text. */
  readonly files: ReadonlyMap<string, string>;
  readonly program: Program;
  readonly paths: WorkspacePaths;
}

/** null: the SQL has errors, which are printed; the command ends with 1. */
export async function openWorkspace(io: Io, flags: GlobalFlags, use: CompileUse = {}): Promise<Workspace | null> {
  const project = loadProject(io, flags);
  const compiled = await compileForUse(io, flags, project, use);
  if (compiled === null) return null;
  return {
    project,
    plan: compiled.plan,
    files: compiled.files,
    program: loadProgram(compiled.files),
    paths: pathsOf(project),
  };
}
