/**
 * The project as DuckDB sees it: a view for each source over its accepted records, a macro for each view (design.md section 8).
 *
 * Reads: Parquet files of accepted records. Writes: the catalogue file, which a notebook just opens, and `….json` beside it, which says
 * what the file was made from.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DuckDBInstance } from '../../sources/duckdb-api.ts';
import { parquetRelation } from '../../sources/duckdb-scan.ts';
import { FscError, messageOf } from '../../values/errors.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import { columnTypeText, quoteName } from './load.ts';

/** Changes whenever the same sources and macros would give another file. */
const CATALOGUE_VERSION = 1;

/** A source in the catalogue: the Parquet files that hold its accepted records. */
export interface CatalogueSource {
  readonly spec: SourceSpec;
  /**
   * Columns are named and typed like the declaration (`writeParquet` of the records' table). None: the source has no records. null: they were
   * not read yet, and whatever reads the relation fails.
   */
  readonly paths: readonly string[] | null;
}

/**
 * A DuckDB file with a view for each source and a macro for each view. Written under another name and renamed into place; never held open.
 */
export async function writeCatalogue(
  path: string,
  sources: readonly CatalogueSource[],
  macroFiles: readonly string[],
): Promise<void> {
  const target = resolve(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    mkdirSync(dirname(target), { recursive: true });
    await fill(temporary, sources, macroFiles);
    renameSync(temporary, target);
  } catch (error) {
    throw new FscError('FSC7352', 1, `cannot write ${path}`, messageOf(error), 'nothing was changed');
  } finally {
    rmSync(temporary, { force: true });
    rmSync(`${temporary}.wal`, { force: true });
  }
}

async function fill(path: string, sources: readonly CatalogueSource[], macroFiles: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path, { threads: '1' });
  try {
    const connection = await instance.connect();
    await installRelations(async (sql) => void (await connection.run(sql)), sources, macroFiles);
    await connection.run('CHECKPOINT');
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}

/** Views of the sources, then the macros over them. */
export async function installRelations(
  run: (sql: string) => Promise<void>,
  sources: readonly CatalogueSource[],
  macroFiles: readonly string[],
): Promise<void> {
  const unread = sources.filter(({ paths }) => paths === null).map(({ spec }) => spec);
  for (const spec of unread) await run(`CREATE TABLE ${quoteName(unreadTable(spec.name))} (${declaredColumns(spec)})`);
  for (const source of sources) await run(sourceView(source));
  for (const file of macroFiles) await run(file);
  // DuckDB binds a macro when it is made and again when it is used: from here on nothing can read what was not read.
  for (const spec of unread) await run(`DROP TABLE ${quoteName(unreadTable(spec.name))}`);
}

/** Its name is what DuckDB says where a query meets a source that was not read. */
function unreadTable(source: string): string {
  return `${source} (not read yet: fsc query "FROM ${source}" reads it)`;
}

/** The source that a query needs and that was not read, by DuckDB's fault; null: it is another fault. */
export function unreadSource(message: string): string | null {
  return /Table with name (\S+) \(not read yet: fsc query /.exec(message)?.[1] ?? null;
}

function declaredColumns(spec: SourceSpec): string {
  return spec.columns.map((column) => `${quoteName(column.name)} ${columnTypeText(column.type)}`).join(', ');
}

/**
 * A source without records is an empty relation, since DuckDB binds a macro when it is made. So is a request source: whoever calls the
 * macro of a request view lays a temporary table of that name over it.
 */
export function sourceView({ spec, paths }: CatalogueSource): string {
  const name = quoteName(spec.name);
  if (paths !== null && paths.length === 0) {
    const columns = spec.columns.map((c) => `CAST(NULL AS ${columnTypeText(c.type)}) AS ${quoteName(c.name)}`);
    return `CREATE OR REPLACE VIEW ${name} AS SELECT ${columns.join(', ')} WHERE FALSE`;
  }
  const columns = spec.columns.map((c) => {
    const column = quoteName(c.name);
    return `CAST(${column} AS ${columnTypeText(c.type)}) AS ${column}`;
  });
  const relation =
    paths === null ? quoteName(unreadTable(spec.name)) : parquetRelation(paths.map((path) => resolve(path)));
  return `CREATE OR REPLACE VIEW ${name} AS SELECT ${columns.join(', ')} FROM ${relation}`;
}

interface CatalogueNote {
  readonly version: number;
  readonly digest: string;
  readonly sources: Readonly<Record<string, { readonly fingerprint: string; readonly paths: readonly string[] }>>;
}

/**
 * Brings the catalogue up to date; cheap where nothing changed. A source that the caller did not read keeps the files of the last time, as
 * long as it is declared as it was then and they are still there. Gives whether the file was written.
 */
export async function refreshCatalogue(
  path: string,
  sources: readonly CatalogueSource[],
  macroFiles: readonly string[],
): Promise<boolean> {
  const before = readNote(path);
  const known = sources.map((source) => ({
    spec: source.spec,
    paths: source.paths ?? pathsOfLastTime(source, before),
  }));
  const digest = digestOf(known, macroFiles);
  if (before?.digest === digest && existsSync(path)) return false;
  await writeCatalogue(path, known, macroFiles);
  const read = known.flatMap(({ spec, paths }) =>
    paths === null ? [] : [[spec.name, { fingerprint: spec.fingerprint, paths }] as const],
  );
  writeNote(path, { version: CATALOGUE_VERSION, digest, sources: Object.fromEntries(read) });
  return true;
}

function pathsOfLastTime({ spec }: CatalogueSource, before: CatalogueNote | null): readonly string[] | null {
  const entry = before?.sources[spec.name];
  if (entry === undefined || entry.fingerprint !== spec.fingerprint) return null;
  return entry.paths.every((path) => existsSync(path)) ? entry.paths : null;
}

function digestOf(sources: readonly CatalogueSource[], macroFiles: readonly string[]): string {
  const parts = sources.map(({ spec, paths }) => [declaredColumns(spec), spec.name, paths?.map((p) => resolve(p))]);
  return createHash('sha256')
    .update(JSON.stringify([CATALOGUE_VERSION, parts, macroFiles]))
    .digest('hex');
}

function notePath(path: string): string {
  return path.replace(/(\.duckdb)?$/, '.json');
}

/** null: there is none, or none that this version wrote: the catalogue is made anew. */
function readNote(path: string): CatalogueNote | null {
  try {
    const note = JSON.parse(readFileSync(notePath(path), 'utf8')) as CatalogueNote;
    return note.version === CATALOGUE_VERSION ? note : null;
  } catch {
    return null;
  }
}

/** After the catalogue itself: with an old note it is only written once more. */
function writeNote(path: string, note: CatalogueNote): void {
  const temporary = `${notePath(path)}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(note));
    renameSync(temporary, notePath(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new FscError('FSC7352', 1, `cannot write ${notePath(path)}`, messageOf(error), null);
  }
}
