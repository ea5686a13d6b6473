/** Declared columns that files have no field for: their records hold NULL there, which a misspelt name does in silence, or are malformed. */
import type { ColumnSpec, SourceSpec } from '../values/manifest.ts';
import { headerFault, readHeader } from './csv.ts';
import { parquetFieldNames } from './duckdb-scan.ts';
import { findFiles, type SourceFile } from './files.ts';
import { parseLocation } from './location.ts';
import { fileColumnName, readingFiles } from './parquet.ts';

export interface AbsentColumn {
  readonly name: string;
  /** False: records without it are malformed. */
  readonly nullable: boolean;
  /** What a file would have to call it (`@from`). */
  readonly field: string;
  /** Names of the files that lack it; at least one. */
  readonly files: readonly string[];
  /** Fields of the first of them that no column reads: it may be one of these. */
  readonly unread: readonly string[];
}

/** Files whose columns can't be told from one another. */
export interface OddHeader {
  readonly fault: string;
  /** At least one. */
  readonly files: readonly string[];
}

export interface Absent {
  readonly columns: readonly AbsentColumn[];
  readonly headers: readonly OddHeader[];
}

/** Of CSV and Parquet files, which name their fields once. A DEFAULT excuses. */
export async function absentColumns(spec: SourceSpec, location: string, root: string): Promise<Absent> {
  const parsed = parseLocation(location);
  if (parsed.kind !== 'files' || parsed.format === 'jsonl') return { columns: [], headers: [] };
  const all = findFiles(root, parsed.pattern);
  const fields = await (parsed.format === 'csv' ? csvFields(all) : readingFiles(all, parquetFieldNames));
  const declared = new Set(spec.columns.map(({ path }) => fileColumnName(path)));
  const faults = fields.map((names) => (names.some((name) => declared.has(name)) ? null : headerFault(names)));
  const isFit = (_: unknown, i: number): boolean => faults[i] === null;
  const columns = spec.columns.filter((column) => !column.hasDefault);
  const [files, names] = [all.filter(isFit), fields.filter(isFit)];
  return {
    headers: oddHeaders(all, faults),
    columns: columns.flatMap((column) => absentIn(spec, column, files, names)),
  };
}

function oddHeaders(files: readonly SourceFile[], faults: readonly (string | null)[]): readonly OddHeader[] {
  const byFault = new Map<string, string[]>();
  files.forEach(({ name }, i) => {
    const fault = faults[i] ?? null;
    if (fault !== null) byFault.set(fault, [...(byFault.get(fault) ?? []), name]);
  });
  return [...byFault].map(([fault, names]) => ({ fault, files: names }));
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
  const others = spec.columns.map(({ path }) => fileColumnName(path)).filter((name) => name !== field);
  // What only differs in case from the name of another column is that one, misspelt.
  const taken = new Set([...others, ...others.map((name) => name.toLowerCase())]);
  const isFree = (name: string): boolean => !taken.has(name) && !taken.has(name.toLowerCase());
  const unread = (fields[first] as readonly string[]).filter(isFree);
  const { nullable } = column;
  return [{ name: column.name, nullable, field, files: lacking.map((i) => (files[i] as SourceFile).name), unread }];
}

async function csvFields(files: readonly SourceFile[]): Promise<readonly (readonly string[])[]> {
  const out: (readonly string[])[] = [];
  for (const file of files) out.push(await readHeader(file));
  return out;
}
