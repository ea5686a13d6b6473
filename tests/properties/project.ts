/** What the machines run: a compiled project with its log and requests, all in the product's own forms. */
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import type { ProjectPlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { Program, ViewProgram } from '../../runtime/state/program.ts';
import type { SourceSpec, ViewSpec } from '../../runtime/values/manifest.ts';
import type { Value } from '../../runtime/values/types.ts';

export interface CompiledView {
  readonly name: string;
  readonly spec: ViewSpec;
  readonly plan: ViewPlan;
  readonly program: ViewProgram;
  /** The text of `generated/duckdb/<view>.sql`. */
  readonly macro: string;
  /** The text of `generated/postgres/<view>.sql`. */
  readonly postgres: string;
}

export interface Log {
  readonly order: 'arrival' | 'none';
  readonly lines: readonly string[];
  /** Lines of stdin, all of which become known at this instant; null: lines of a file. */
  readonly knownAtMicros: number | null;
}

/** What was compiled, whatever logs it is to read: cases may share one. */
export interface CompiledProject {
  readonly plan: ProjectPlan;
  readonly program: Program;
  readonly views: readonly CompiledView[];
  /** The one source of events, and the one of requests. */
  readonly source: SourceSpec;
  readonly request: SourceSpec | null;
}

export interface Project extends CompiledProject {
  /** Of the machines' random decisions. */
  readonly seed: number;
  readonly log: Log;
  /** Values in the order of the request's columns. */
  readonly requests: readonly (readonly Value[])[];
}

export interface Rejected {
  readonly codes: readonly string[];
  readonly text: string;
}

export function isRejected<T extends object>(project: T | Rejected): project is Rejected {
  return 'codes' in project;
}

/** `files`: texts under `features/` by their path. */
export function compileFiles(files: ReadonlyMap<string, string>): CompiledProject | Rejected {
  const { plan, diagnostics } = compileProject(files);
  if (plan !== null) return assemble(plan);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  const text = errors.map((e) => {
    const { start, end } = e.primary.span;
    return `${e.code} ${e.file.path}: ${e.message}: ${e.file.text.slice(start, end)}`;
  });
  return { codes: [...new Set(errors.map((error) => error.code))], text: text.join('\n') };
}

function assemble(plan: ProjectPlan): CompiledProject {
  const files = emitProject(plan);
  const program = loadProgram(files);
  const views = plan.views.map((view): CompiledView => {
    const { name } = view.spec;
    return {
      name,
      spec: view.spec,
      plan: view,
      program: found(program.views, (one) => one.spec.name === name),
      macro: found([files.get(`duckdb/${name}.sql`) ?? ''], (text) => text !== ''),
      postgres: found([files.get(`postgres/${name}.sql`) ?? ''], (text) => text !== ''),
    };
  });
  const specs = plan.sources.map(({ spec }) => spec);
  return {
    plan,
    program,
    views,
    source: found(specs, ({ kind }) => kind === 'log'),
    request: specs.find(({ kind }) => kind === 'request') ?? null,
  };
}

function found<T>(items: readonly T[], test: (item: T) => boolean): T {
  const item = items.find(test);
  if (item === undefined) throw new Error('compiled to nothing');
  return item;
}
