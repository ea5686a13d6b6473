import type { ProjectPlan } from '../../compiler/plan/plan.ts';
import type { GlobalFlags, Io } from '../io.ts';
import type { Project } from '../project.ts';

/** The plan where somebody asks for it: replay itself runs on the generated files, without the compiler. */
export function planReader(io: Io, flags: GlobalFlags, project: Project): () => Promise<ProjectPlan> {
  let plan: ProjectPlan | null = null;
  return async () => {
    if (plan !== null) return plan;
    const { compileForUse } = await import('../compiled.ts');
    const compiled = await compileForUse(io, flags, project);
    if (compiled === null) throw new Error('the project compiled a moment ago');
    plan = compiled.plan;
    return plan;
  };
}
