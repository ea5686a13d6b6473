/** Compiling as every command does it: features/ → plan and files, diagnostics printed, generated/ kept up to date. */
import type { Writable } from 'node:stream';
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import { renderHuman, renderJson, summaryLine } from '../compiler/diagnostics/render.ts';
import { emitProject } from '../compiler/emit.ts';
import { type Compilation, type CompileOptions, compileProject } from '../compiler/index.ts';
import type { ProjectPlan } from '../compiler/plan/plan.ts';
import { counted } from '../runtime/values/counted.ts';
import { FscError } from '../runtime/values/errors.ts';
import { readFeatureFiles } from './features.ts';
import { compareGenerated, type GeneratedChanges, isUnchanged, writeGenerated } from './generated.ts';
import { type GlobalFlags, type Io, say, useColor, writeAside, writeOut } from './io.ts';
import { type Project, refuseUndeclared } from './project.ts';
import { writeStamp } from './stamp.ts';

export interface Compiled {
  readonly plan: ProjectPlan;
  /** Path under generated/ → text. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Prints the diagnostics; the plan is null if there is an error. Where they are what was asked for (`check`, `compile`), JSON of
 * them goes to stdout; beside other results it goes to stderr, so that readers of rows and summaries see nothing else.
 */
export async function compile(
  io: Io,
  flags: GlobalFlags,
  files: ReadonlyMap<string, string>,
  options: CompileOptions,
  json: Writable,
): Promise<Compilation> {
  const compilation = compileProject(files, options);
  await printDiagnostics(io, flags, compilation.diagnostics, viewCount(files), json);
  return compilation;
}

function viewCount(files: ReadonlyMap<string, string>): number {
  return [...files.keys()].filter((path) => /\/v\d+\.sql$/.test(path)).length;
}

async function printDiagnostics(
  io: Io,
  flags: GlobalFlags,
  diagnostics: readonly Diagnostic[],
  views: number,
  json: Writable,
): Promise<void> {
  const shown = flags.quiet ? diagnostics.filter((diagnostic) => diagnostic.severity === 'error') : diagnostics;
  if (shown.length === 0) return;
  if (flags.format === 'json') {
    const lines = shown.map((diagnostic) => `${JSON.stringify(renderJson(diagnostic))}\n`).join('');
    return json === io.stderr ? writeAside(io, lines) : writeOut(json, lines);
  }
  await writeAside(io, `${renderHuman(shown, { color: useColor(io) })}\n${summaryLine(diagnostics, views)}\n`);
}

export interface CompileUse {
  /** What the command leaves behind goes with generated/, which therefore has to be written. */
  readonly keeps?: boolean;
}

/**
 * For commands that run the compiled project: compiles, and brings generated/ up to date, saying so. With --frozen stale files are a fault.
 * Null: the SQL has errors, which are printed.
 */
export async function compileForUse(
  io: Io,
  flags: GlobalFlags,
  project: Project,
  { keeps = false }: CompileUse = {},
): Promise<Compiled | null> {
  const features = readFeatureFiles(project.root);
  const { plan: compiled, diagnostics } = await compile(io, flags, features, {}, io.stderr);
  if (compiled === null) return null;
  refuseUndeclared(project, compiled);
  const files = emitProject(compiled);
  const changes = compareGenerated(project.root, files);
  if (isUnchanged(changes)) {
    writeStamp(project.root, features, files, viewsWithout(compiled, diagnostics));
    return { plan: compiled, files };
  }
  if (flags.frozen) throw stale(changes);
  if (!writeGenerated(project.root, files, changes, keeps)) {
    say(io, flags, 'generated/ is not what the SQL compiles to, and this user may not write it: it is left as it is');
    return { plan: compiled, files };
  }
  writeStamp(project.root, features, files, viewsWithout(compiled, diagnostics));
  say(io, flags, `compiled ${counted(compiled.views.length, 'view')} to generated/`);
  return { plan: compiled, files };
}

/** rules.md 33: `--frozen` refuses to bring generated/ up to date. */
export function stale(changes: GeneratedChanges): FscError {
  const first = [...changes.changed, ...changes.added, ...changes.removed][0] ?? '';
  return new FscError(
    'FSC7008',
    2,
    'generated/ is stale',
    `${first} is not what the SQL compiles to, and --frozen was given`,
    'run fsc compile and commit generated/',
  );
}

/** Paths of views that have none of these diagnostics and ask no other view: they stay so while sources and names stay. */
export function viewsWithout(compiled: ProjectPlan, diagnostics: readonly Diagnostic[]): readonly string[] {
  const told = new Set(diagnostics.map((diagnostic) => diagnostic.file.path));
  const alone = compiled.views.filter((view) => view.spec.shape !== 'request' && !told.has(view.file.path));
  return alone.map((view) => view.file.path);
}
