import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetRelation } from '../../sources/duckdb-scan.ts';
import { FscError } from '../../values/errors.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import { columnTypeText, quoteName } from './load.ts';
import { messageOf } from './session.ts';

/** A source in the catalogue: the Parquet files that hold its accepted records. */
export interface CatalogueSource {
  readonly spec: SourceSpec;
  /** Columns are named and typed like the declaration (`writeParquet` of the records' table). */
  readonly paths: readonly string[];
}

/**
 * A DuckDB file with a view for each source and a macro for each view, which a notebook just opens. Written under another name and
 * renamed into place; never held open.
 */
export async function writeCatalogue(
  path: string,
  sources: readonly CatalogueSource[],
  macroFiles: readonly string[],
): Promise<void> {
  const target = resolve(path);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
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
    for (const source of sources) await connection.run(sourceView(source));
    for (const file of macroFiles) await connection.run(file);
    await connection.run('CHECKPOINT');
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}

/**
 * A source without a file yet is an empty relation, since DuckDB binds a macro when it is made. So is a request source: whoever calls the
 * macro of a request view lays a temporary table of that name over it.
 */
export function sourceView({ spec, paths }: CatalogueSource): string {
  const name = quoteName(spec.name);
  if (paths.length === 0) {
    const columns = spec.columns.map((c) => `CAST(NULL AS ${columnTypeText(c.type)}) AS ${quoteName(c.name)}`);
    return `CREATE OR REPLACE VIEW ${name} AS SELECT ${columns.join(', ')} WHERE FALSE`;
  }
  const columns = spec.columns.map((c) => {
    const column = quoteName(c.name);
    return `CAST(${column} AS ${columnTypeText(c.type)}) AS ${column}`;
  });
  const relation = parquetRelation(paths.map((path) => resolve(path)));
  return `CREATE OR REPLACE VIEW ${name} AS SELECT ${columns.join(', ')} FROM ${relation}`;
}
