import { join } from 'node:path';
import type { Project } from './project.ts';

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
