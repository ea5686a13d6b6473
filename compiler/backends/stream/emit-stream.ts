import { scalarNamed } from '../../bind/registry.ts';
import type { ProjectPlan } from '../../plan/plan.ts';
import { emitStreamWith, type GeneratedFile } from './emit.ts';

/** The generated JavaScript of a project over the functions of runtime/functions. */
export function emitStream(plan: ProjectPlan): { files: GeneratedFile[] } {
  return emitStreamWith(plan, (name) => {
    const scalar = scalarNamed(name);
    if (scalar === null) throw new Error(`no function called ${name} in runtime/functions`);
    return scalar;
  });
}
