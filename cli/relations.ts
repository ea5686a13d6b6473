/** The project's sources as relations in DuckDB, each read when a query needs it and not before. */
import { statSync } from 'node:fs';
import type { AcceptedWithArchive } from '../runtime/engines/accepted-archive.ts';
import { listArchive } from '../runtime/engines/duckdb/archive-files.ts';
import { isSpared } from '../runtime/engines/duckdb/cache-folder.ts';
import { type CatalogueSource, refreshCatalogue, unreadSource } from '../runtime/engines/duckdb/catalogue.ts';
import { openQuerySession, type QuerySession, type QuerySessionOptions } from '../runtime/engines/duckdb/query.ts';
import { findFiles } from '../runtime/sources/files.ts';
import { parseLocation } from '../runtime/sources/location.ts';
import { FscError } from '../runtime/values/errors.ts';
import { tellAbsentColumns } from './absent-columns.ts';
import { readAccepted } from './accepted.ts';
import { tellUnarchived } from './archived.ts';
import { type GlobalFlags, type Io, say } from './io.ts';
import type { SourceLocations } from './locations.ts';
import type { Workspace } from './workspace.ts';

/** Reading that takes longer than this is told. */
const QUIET_MS = 800;

export class Relations {
  readonly #io: Io;
  readonly #flags: GlobalFlags;
  readonly #workspace: Workspace;
  readonly #locations: ReadonlyMap<string, SourceLocations>;
  readonly #read = new Map<string, AcceptedWithArchive>();
  /** Sources of kind request that a query met. */
  readonly #requests = new Set<string>();

  constructor(io: Io, flags: GlobalFlags, workspace: Workspace, locations: ReadonlyMap<string, SourceLocations>) {
    this.#io = io;
    this.#flags = flags;
    this.#workspace = workspace;
    this.#locations = locations;
  }

  /** Of the log sources read so far. */
  get read(): ReadonlyMap<string, AcceptedWithArchive> {
    return this.#read;
  }

  /**
   * Runs `action` in a locked session. Where it meets a source that was not read, the source is read and `action` begun anew: it must not
   * have shown anything by then, which holds for whatever fails while DuckDB binds a query.
   */
  async withSession<T>(options: QuerySessionOptions, action: (session: QuerySession) => Promise<T>): Promise<T> {
    for (;;) {
      const session = await this.#open(options);
      try {
        return await action(session);
      } catch (error) {
        const source = error instanceof FscError ? unreadSource(error.message) : null;
        if (source === null || this.#read.has(source) || this.#requests.has(source)) throw error;
        await this.#need(source);
      } finally {
        session.close();
      }
    }
  }

  #open(options: QuerySessionOptions): Promise<QuerySession> {
    return openQuerySession(this.#sources(), macroFiles(this.#workspace), { signal: this.#io.signal, ...options });
  }

  #sources(): CatalogueSource[] {
    return this.#workspace.program.sources.map(({ spec }) => ({
      spec,
      paths: this.#requests.has(spec.name) ? [] : (this.#read.get(spec.name)?.paths ?? null),
    }));
  }

  async #need(name: string): Promise<void> {
    const isRequest = this.#workspace.program.sources.some(({ spec }) => spec.name === name && spec.kind === 'request');
    if (!isRequest) await this.readSource(name);
    else {
      this.#requests.add(name);
      say(this.#io, this.#flags, `${name} is what a caller sends: it has no rows here, nor has a view over it`);
    }
  }

  async readSource(name: string): Promise<AcceptedWithArchive> {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    await tellUnarchived(this.#io, this.#flags, this.#workspace, this.#locations, name);
    const timer = setTimeout(() => say(this.#io, this.#flags, `reading the records of ${name} …`), QUIET_MS);
    try {
      const accepted = await readAccepted(this.#workspace, name, this.#locations, this.#io.signal);
      this.#read.set(name, accepted);
      await tellAbsentColumns(this.#io, this.#flags, this.#workspace, this.#locations, name);
      return accepted;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Brings `.fsc/catalogue.duckdb` up to date with what was read; a source by --source is for this command only. */
  async refreshCatalogue(): Promise<void> {
    if ([...this.#locations.values()].some(({ isOverridden }) => isOverridden)) return;
    const { cache } = this.#workspace.paths;
    if (isSpared(cache))
      return say(this.#io, this.#flags, `the catalogue for notebooks is left as it is: ${cache} cannot be written`);
    try {
      const sources = this.#sources().map(({ spec, paths }) => ({ spec, paths: spec.kind === 'request' ? [] : paths }));
      await refreshCatalogue(this.#workspace.paths.catalogue, sources, macroFiles(this.#workspace));
    } catch (error) {
      // The command has done what it was asked for.
      if (!(error instanceof FscError)) throw error;
      say(
        this.#io,
        this.#flags,
        `the catalogue for notebooks is not up to date: ${error.message} (${cache.includes('?') ? QUESTION : (error.why ?? '')})`,
      );
    }
  }
}

export function macroFiles(workspace: Workspace): readonly string[] {
  return [...workspace.files].filter(([path]) => path.startsWith('duckdb/')).map(([, text]) => text);
}

/** DuckDB takes it for the begin of options. */
const QUESTION = 'DuckDB writes no database in a folder with a question mark in its path';

/** Sources of more bytes are left to the first query that needs them. */
const SMALL_BYTES = 8 << 20;

/**
 * For notebooks, after a run: sources are read as far as that takes no longer than a run itself. What is too large says in the catalogue how it
 * gets there. Cheap where nothing changed.
 */
export async function catalogueAfterRun(
  io: Io,
  flags: GlobalFlags,
  workspace: Workspace,
  locations: ReadonlyMap<string, SourceLocations>,
): Promise<void> {
  if ([...locations.values()].some(({ isOverridden }) => isOverridden)) return;
  const relations = new Relations(io, flags, workspace, locations);
  for (const [name, at] of locations) {
    try {
      if (isSmall(workspace, name, at)) await relations.readSource(name);
    } catch (error) {
      // Whoever asks for it is told.
      if (!(error instanceof FscError)) throw error;
    }
  }
  await relations.refreshCatalogue();
}

function isSmall({ project, paths }: Workspace, name: string, at: SourceLocations): boolean {
  const files = listArchive(paths.archive, name).map(({ path }) => path);
  for (const location of [at.history?.location, at.stream]) {
    const parsed = typeof location === 'string' ? parseLocation(location) : null;
    if (parsed?.kind === 'postgres') return false;
    if (parsed?.kind === 'files') files.push(...findFiles(project.root, parsed.pattern).map(({ path }) => path));
  }
  return files.reduce((bytes, path) => bytes + statSync(path).size, 0) <= SMALL_BYTES;
}
