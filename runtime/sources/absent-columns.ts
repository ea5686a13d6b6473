/** Declared columns that files have no field for: their records hold NULL there, which a misspelt name does in silence. */
import type { ColumnSpec, SourceSpec } from '../values/manifest.ts';
import { readHeader } from './csv.ts';
import { parquetFieldNames } from './duckdb-scan.ts';
import { findFiles, type SourceFile } from './files.ts';
import { parseLocation } from './location.ts';
import { fileColumnName, readingFiles } from './parquet.ts';

export interface AbsentColumn {
  readonly name: string;
  /** What a file would have to call it (`@from`). */
  readonly field: string;
  /** Names of the files that lack it; at least one. */
  readonly files: readonly string[];
  /** Fields of the first of them that no column reads: it may be one of these. */
  readonly unread: readonly string[];
}

/** Of CSV and Parquet files, which name their fields once. A DEFAULT excuses, and NOT NULL makes each record malformed, which is told anyway. */
export async function absentColumns(
  spec: SourceSpec,
  location: string,
  root: string,
): Promise<readonly AbsentColumn[]> {
  const parsed = parseLocation(location);
  const columns = spec.columns.filter((column) => column.nullable && !column.hasDefault);
  if (parsed.kind !== 'files' || parsed.format === 'jsonl' || columns.length === 0) return [];
  const files = findFiles(root, parsed.pattern);
  const fields = await (parsed.format === 'csv' ? csvFields(files) : readingFiles(files, parquetFieldNames));
  return columns.flatMap((column) => absentIn(spec, column, files, fields));
}

function absentIn(
  spec: SourceSpec,
  column: ColumnSpec,
  files: readonly SourceFile[],
  fields: readonly (readonly string[])[],
): readonly AbsentColumn[] {
  const field = fileColumnName(column.path);
  const lacking = files.flatMap((_, i) => (fields[i]?.includes(field) === false ? [i] : []));
  const [first] = lacking;
  if (first === undefined) return [];
  const read = new Set(spec.columns.map(({ path }) => fileColumnName(path)));
  const unread = (fields[first] as readonly string[]).filter((name) => !read.has(name));
  return [{ name: column.name, field, files: lacking.map((i) => (files[i] as SourceFile).name), unread }];
}

async function csvFields(files: readonly SourceFile[]): Promise<readonly (readonly string[])[]> {
  const out: (readonly string[])[] = [];
  for (const file of files) out.push(await readHeader(file));
  return out;
}
