/**
 * Columns of Parquet files that nobody reads, and that no verdict can be about: each of their values is one that the source takes. DuckDB looks
 * them over where they stand, which costs a fifth of handing them out.
 */
import { NUMBER_BYTES, PREFIX_BYTES } from '../log/entity-key.ts';
import { MAX_KEY_BYTES } from '../values/key-bytes.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { aggregateParquet, type ParquetColumn, quoteName, scannedSql } from './duckdb-scan.ts';
import type { SourceFile } from './files.ts';
import { describeFiles, fileColumnName, mixedColumns, readingFiles } from './parquet.ts';
import { refusalCounts } from './parquet-columns.ts';
import type { FieldSpec } from './record-columns.ts';

interface Candidate {
  readonly index: number;
  /** SQL of a number that is 0 where no value is refused. */
  readonly refusals: string;
}

/**
 * Those of the columns outside `reads` whose values are all taken. `entityKeys`: as in SourceProgram, of which records with an over-long one
 * are malformed.
 */
export async function cleanColumns(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  entityKeys: readonly (readonly number[])[],
  files: readonly SourceFile[],
  reads: ReadonlySet<number>,
): Promise<ReadonlySet<number>> {
  const unread = spec.columns.map((_, index) => index).filter((index) => !reads.has(index));
  if (unread.length === 0) return new Set();
  const columns = await describeFiles(files);
  const mixed = await mixedColumns(files, columns, fields);
  const candidates = unread.flatMap((index): readonly Candidate[] => {
    const field = fields[index] as FieldSpec;
    const column = columnOf(field, columns);
    const counts = column === null || mixed.has(column.name) ? null : refusalCounts(field, column, scannedSql(column));
    return counts === null ? [] : [{ index, refusals: counts.length === 0 ? '0' : counts.join(' + ') }];
  });
  const keys = entityKeys.filter((key) => key.some((index) => candidates.some((one) => one.index === index)));
  const texts = [...new Set(keys.flat())].filter((index) => spec.columns[index]?.type.kind === 'text');
  const lengths = texts.map((index) => columnOf(fields[index] as FieldSpec, columns));
  const aggregates = [
    ...candidates.map(({ refusals }) => refusals),
    ...lengths.map((column) => (column === null ? '0' : `max(strlen(${quoteName(column.engineName)}::VARCHAR))`)),
  ];
  const found = await lookOver(files, aggregates);
  const longest = new Map(texts.map((index, i) => [index, found[candidates.length + i] as number]));
  const bytesOf = (index: number): number => {
    const length = longest.get(index);
    return length === undefined ? NUMBER_BYTES : PREFIX_BYTES + length;
  };
  const risky = new Set(
    keys.filter((key) => key.reduce((sum, index) => sum + bytesOf(index), 0) > MAX_KEY_BYTES).flat(),
  );
  return new Set(candidates.map(({ index }) => index).filter((index, i) => found[i] === 0 && !risky.has(index)));
}

async function lookOver(files: readonly SourceFile[], aggregates: readonly string[]): Promise<readonly number[]> {
  if (aggregates.every((aggregate) => aggregate === '0')) return aggregates.map(() => 0);
  return readingFiles(files, (paths) => aggregateParquet(paths, aggregates));
}

function columnOf(field: FieldSpec, columns: readonly ParquetColumn[]): ParquetColumn | null {
  return columns.find((column) => column.name === fileColumnName(field.path)) ?? null;
}
