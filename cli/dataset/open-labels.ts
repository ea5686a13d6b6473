/** The file of labels as a relation of the session; a `.sql` file is run over the project's sources and views first. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writableCache } from '../../runtime/engines/duckdb/cache-folder.ts';
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import { type LabelFile, openLabelFile } from '../../runtime/engines/label-file.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { GlobalFlags, Io } from '../io.ts';
import { locationsOf } from '../locations.ts';
import type { DatasetOptions, LabelPlace } from './options.ts';

/** Where the labels stand as a file, and what must go once they were used. */
export interface MaterialisedLabels {
  readonly path: string;
  readonly format: Exclude<LabelPlace['format'], 'sql'>;
  readonly remove: () => void;
}

/** null: the project's SQL has errors, which are printed. */
export async function materialise(
  io: Io,
  flags: GlobalFlags,
  { place, sources }: DatasetOptions,
): Promise<MaterialisedLabels | null> {
  if (place.format !== 'sql') return { path: place.path, format: place.format, remove: () => undefined };
  const { openWorkspace } = await import('../workspace.ts');
  const workspace = await openWorkspace(io, flags);
  if (workspace === null) return null;
  const { Relations } = await import('../relations.ts');
  const relations = new Relations(io, flags, workspace, locationsOf(workspace, sources));
  const path = join(writableCache(workspace.paths.cache), `labels-${randomUUID()}.parquet`);
  const remove = (): void => rmSync(path, { force: true });
  try {
    const sql = readFileSync(place.path, 'utf8');
    await relations.withSession({ writableFiles: [path] }, (session) => session.copy(sql, path, 'parquet'));
    return { path, format: 'parquet', remove };
  } catch (error) {
    remove();
    if (!(error instanceof FscError) || error.exitCode !== 1) throw error;
    throw new FscError('FSC7013', 1, `the labels of ${place.name} cannot be used`, sentence(error), error.help);
  }
}

function sentence({ message, why }: FscError): string {
  return why === null ? message : `${message} (${why})`;
}

export function openLabels(
  session: DuckDbSession,
  found: MaterialisedLabels,
  { place, instant }: DatasetOptions,
  defaults: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<LabelFile> {
  const { path, format } = found;
  return openLabelFile(session, { name: place.name, path, format, instant, defaults }, signal);
}
