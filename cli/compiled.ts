/** Compiling as every command does it: features/ → plan and files, diagnostics printed, generated/ kept up to date. */
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import { renderHuman, renderJson, summaryLine } from '../compiler/diagnostics/render.ts';
import { emitProject } from '../compiler/emit.ts';
import { compileProject } from '../compiler/index.ts';
import type { ProjectPlan, ViewPlan } from '../compiler/plan/plan.ts';
import { FscError } from '../runtime/values/errors.ts';
import { readFeatureFiles } from './features.ts';
import { compareGenerated, isUnchanged, writeGenerated } from './generated.ts';
import { type GlobalFlags, type Io, say, useColor, writeOut } from './io.ts';
import { counted } from './progress.ts';
import type { Project } from './project.ts';
import { writeStamp } from './stamp.ts';

export interface Compiled {
  readonly plan: ProjectPlan;
  /** Path under generated/ → text. */
  readonly files: ReadonlyMap<string, string>;
}

/** The plan, or null after the diagnostics were printed. */
export async function plan(
  io: Io,
  flags: GlobalFlags,
  project: Project,
  strict: boolean,
  files: ReadonlyMap<string, string> = readFeatureFiles(project.root),
): Promise<ProjectPlan | null> {
  const { plan: compiled, diagnostics } = await compileProject(files, { strict });
  await printDiagnostics(io, flags, diagnostics, viewCount(files));
  return compiled;
}

function viewCount(files: ReadonlyMap<string, string>): number {
  return [...files.keys()].filter((path) => /\/v\d+\.sql$/.test(path)).length;
}

export async function printDiagnostics(
  io: Io,
  flags: GlobalFlags,
  diagnostics: readonly Diagnostic[],
  views: number,
): Promise<void> {
  const shown = flags.quiet ? diagnostics.filter((diagnostic) => diagnostic.severity === 'error') : diagnostics;
  if (shown.length === 0) return;
  if (flags.format === 'json') {
    await writeOut(io.stdout, shown.map((diagnostic) => `${JSON.stringify(renderJson(diagnostic))}\n`).join(''));
    return;
  }
  await writeOut(io.stderr, `${renderHuman(shown, { color: useColor(io) })}\n${summaryLine(diagnostics, views)}\n`);
}

/**
 * For commands that run the compiled project: compiles, and brings generated/ up to date, saying so. With --frozen stale files are a fault.
 * Null: the SQL has errors, which are printed.
 */
export async function compileForUse(io: Io, flags: GlobalFlags, project: Project): Promise<Compiled | null> {
  const features = readFeatureFiles(project.root);
  const compiled = await plan(io, flags, project, false, features);
  if (compiled === null) return null;
  const files = emitProject(compiled);
  const changes = compareGenerated(project.root, files);
  if (isUnchanged(changes)) {
    writeStamp(project.root, features, files);
    return { plan: compiled, files };
  }
  if (flags.frozen) {
    const first = [...changes.changed, ...changes.added, ...changes.removed][0] ?? '';
    throw new FscError(
      'FSC7008',
      2,
      'generated/ is stale',
      `${first} is not what the SQL compiles to, and --frozen was given`,
      'run fsc compile and commit generated/',
    );
  }
  writeGenerated(project.root, files);
  writeStamp(project.root, features, files);
  say(io, flags, `compiled ${counted(compiled.views.length, 'view')} to generated/`);
  return { plan: compiled, files };
}

export function viewNamed(compiled: ProjectPlan, name: string): ViewPlan {
  const view = compiled.views.find((candidate) => candidate.spec.name === name);
  if (view !== undefined) return view;
  const names = compiled.views.map((candidate) => candidate.spec.name);
  throw new FscError(
    'FSC7005',
    2,
    `there is no view \`${name}\``,
    names.length === 0 ? 'the project has no views' : `the project has ${names.join(', ')}`,
    'name one of them, version included',
  );
}
