/** A project that is compiled and loaded: what every command that runs features starts from. */
import { join } from 'node:path';
import type { ProjectPlan } from '../compiler/plan/plan.ts';
import { loadProgram } from '../runtime/state/load.ts';
import type { Program } from '../runtime/state/program.ts';
import { compileForUse } from './compiled.ts';
import type { GlobalFlags, Io } from './io.ts';
import { loadProject, type Project } from './project.ts';

export interface Workspace {
  readonly project: Project;
  readonly plan: ProjectPlan;
  /** Path under generated/ → text. */
  readonly files: ReadonlyMap<string, string>;
  readonly program: Program;
  readonly paths: WorkspacePaths;
}

/** Everything that fsc writes beside `generated/` (cli.md). */
export interface WorkspacePaths {
  /** State of stream runs: journal, snapshots, the lock. */
  readonly state: string;
  /** The embedded online store. */
  readonly online: string;
  readonly archive: string;
  readonly quarantine: string;
  /** Accepted records as Parquet, by content; may be removed at any time. */
  readonly cache: string;
  /** The DuckDB file that a notebook opens. */
  readonly catalogue: string;
}

/** null: the SQL has errors, which are printed; the command ends with 1. */
export async function openWorkspace(io: Io, flags: GlobalFlags): Promise<Workspace | null> {
  const project = loadProject(io, flags);
  const compiled = await compileForUse(io, flags, project);
  if (compiled === null) return null;
  return {
    project,
    plan: compiled.plan,
    files: compiled.files,
    program: loadProgram(compiled.files),
    paths: pathsOf(project),
  };
}

/** A namespace keeps staging and production apart on shared servers; on a disk it is a folder. */
export function pathsOf(project: Project): WorkspacePaths {
  const { namespace } = project.config;
  const root = join(project.root, '.fsc', ...(namespace === '' ? [] : [`@${namespace}`]));
  return {
    state: join(root, 'state'),
    // One store for all namespaces: its rows carry theirs.
    online: join(project.root, '.fsc', 'online'),
    archive: join(root, 'archive'),
    quarantine: join(root, 'quarantine'),
    cache: join(project.root, '.fsc', 'cache'),
    catalogue: join(root, 'catalogue.duckdb'),
  };
}
