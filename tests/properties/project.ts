/** The bridge from a random case to the product: the case's files compiled, its values in the product's forms. */
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import type { ProjectPlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { Program, ViewProgram } from '../../runtime/state/program.ts';
import type { SourceSpec as ProductSource } from '../../runtime/values/manifest.ts';
import { printFiles } from '../generators/print-sql.ts';
import type { Case, ViewSpec } from '../generators/view-spec.ts';
import { versioned } from '../generators/view-spec.ts';

/** A view in its three forms: as generated, as planned, as a program. */
export interface CompiledView {
  readonly name: string;
  readonly spec: ViewSpec;
  readonly plan: ViewPlan;
  readonly program: ViewProgram;
}

export interface Compiled {
  readonly test: Case;
  readonly plan: ProjectPlan;
  readonly program: Program;
  /** Generated files by their path in `generated/`. */
  readonly files: ReadonlyMap<string, string>;
  readonly views: readonly CompiledView[];
  readonly source: ProductSource;
  readonly request: ProductSource | null;
}

export interface Rejected {
  readonly codes: readonly string[];
  readonly text: string;
}

export function isRejected(project: Compiled | Rejected): project is Rejected {
  return 'codes' in project;
}

/** Changes generated text before it is loaded: how a broken compiler is played. */
export type Tamper = (path: string, text: string) => string;

export function compileCase(test: Case, tamper: Tamper = (_, text) => text): Compiled | Rejected {
  const { plan, diagnostics } = compileProject(
    new Map(Object.entries(printFiles(test.source, test.request, test.views))),
  );
  if (plan === null) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
    const text = errors.map((e) => {
      const { start, end } = e.primary.span;
      return `${e.code} ${e.file.path}: ${e.message}: ${e.file.text.slice(start, end)}`;
    });
    return { codes: [...new Set(errors.map((error) => error.code))], text: text.join('\n') };
  }
  const files = new Map([...emitProject(plan)].map(([path, text]) => [path, tamper(path, text)]));
  return assemble(test, plan, files);
}

function assemble(test: Case, plan: ProjectPlan, files: ReadonlyMap<string, string>): Compiled {
  const program = loadProgram(files);
  const views = test.views.map((spec) => {
    const name = versioned(spec);
    return {
      name,
      spec,
      plan: found(plan.views, (view) => view.spec.name === name),
      program: found(program.views, (view) => view.spec.name === name),
    };
  });
  const sourceNamed = (name: string): ProductSource => found(plan.sources, ({ spec }) => spec.name === name).spec;
  return {
    test,
    plan,
    program,
    files,
    views,
    source: sourceNamed(test.source.name),
    request: test.request === undefined ? null : sourceNamed(test.request.name),
  };
}

function found<T>(items: readonly T[], test: (item: T) => boolean): T {
  const item = items.find(test);
  if (item === undefined) throw new Error('compiled to nothing');
  return item;
}
