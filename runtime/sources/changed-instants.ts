/**
 * Instants that DuckDB changes while it reads a Parquet file: of nanoseconds with a zone, and of INT96 (Hive, Impala, older Spark), it drops
 * what is below a microsecond without a word (duckdb/duckdb#25857), and a day of INT96 beyond 64 bits of microseconds wraps around. A value
 * is taken only if it fits without loss (rules.md 12), so such columns are looked over by another reader first.
 */
import type { ColumnData } from 'hyparquet';
import { FscError, messageOf } from '../values/errors.ts';
import { printTimestamp } from '../values/temporal.ts';
import { nanosecondColumns, type ParquetColumn } from './duckdb-scan.ts';
import type { SourceFile } from './files.ts';

const NANOS_PER_MICRO = 1000n;
/** What DuckDB counts microseconds up to. */
const LAST_NANOS = (2n ** 63n - 1n) * NANOS_PER_MICRO;

/** Throws FSC7120 for the first instant of these columns of which DuckDB would make another in silence. */
export async function refuseChangedInstants(
  files: readonly Pick<SourceFile, 'name' | 'path'>[],
  columns: readonly ParquetColumn[],
): Promise<void> {
  const instants = columns.filter(({ engineType }) => CUT_TYPES.includes(engineType)).map(({ name }) => name);
  if (instants.length === 0) return;
  const cut = await nanosecondColumns(files.map(({ path }) => path));
  for (const file of files) {
    const names = (cut.get(file.path) ?? []).filter((name) => instants.includes(name));
    if (names.length > 0) await lookOver(file, names);
  }
}

/** What DuckDB makes of such columns. */
const CUT_TYPES: readonly string[] = ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'];

async function lookOver({ name, path }: Pick<SourceFile, 'name' | 'path'>, columns: readonly string[]): Promise<void> {
  const found = await firstChanged(path, columns).catch((error: unknown) => {
    const message = `cannot tell whether the instants of ${name} are whole microseconds`;
    throw new FscError('FSC7103', 1, message, messageOf(error), `write ${listed(columns)} in microseconds`);
  });
  if (found === null) return;
  if (isBeyond(found.nanos))
    throw new FscError(
      'FSC7120',
      1,
      `record ${found.row + 1} of ${name} has an instant that is none`,
      `\`${found.column}\` has a day that DuckDB cannot hold, and takes for another`,
      'the file is damaged, or was written wrong: write it anew',
    );
  throw new FscError(
    'FSC7120',
    1,
    `record ${found.row + 1} of ${name} has an instant between two microseconds`,
    `\`${found.column}\` is ${printNanos(found.nanos)}, and of such a column DuckDB hands out no more than microseconds`,
    'write the column in microseconds, or in nanoseconds without a zone: fsc then takes what fits and tells of each record that does not',
  );
}

function isBeyond(nanos: bigint): boolean {
  return nanos > LAST_NANOS || nanos < -LAST_NANOS;
}

function listed(columns: readonly string[]): string {
  return columns.map((column) => `\`${column}\``).join(', ');
}

function printNanos(nanos: bigint): string {
  const below = ((nanos % NANOS_PER_MICRO) + NANOS_PER_MICRO) % NANOS_PER_MICRO;
  const micros = Number((nanos - below) / NANOS_PER_MICRO);
  const [seconds, fraction = ''] = printTimestamp(micros).replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(6, '0')}${String(below).padStart(3, '0')}Z`;
}

interface Changed {
  readonly column: string;
  readonly row: number;
  readonly nanos: bigint;
}

async function firstChanged(path: string, columns: readonly string[]): Promise<Changed | null> {
  // Few files have such columns: nobody else waits for the modules.
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  // What fits becomes 0, and others stay, which are few if any.
  const parsers = { timestampFromNanoseconds: (nanos: bigint) => (isKept(nanos) ? 0 : nanos) };
  let found: Changed | null = null;
  const onChunk = (chunk: ColumnData): void => {
    const first = firstIn(chunk);
    if (first !== null && (found === null || first.row < found.row)) found = first;
  };
  let rowStart = 0;
  // A row group at a time is in memory.
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    await parquetRead({ file, metadata, columns: [...columns], rowStart, rowEnd, compressors, parsers, onChunk });
    if (found !== null) return found;
    rowStart = rowEnd;
  }
  return null;
}

function firstIn({ columnName, columnData, rowStart }: ColumnData): Changed | null {
  for (let i = 0; i < columnData.length; i += 1) {
    const value: unknown = columnData[i];
    if (typeof value === 'bigint') return { column: columnName, row: rowStart + i, nanos: value };
  }
  return null;
}

function isKept(nanos: bigint): boolean {
  return nanos % NANOS_PER_MICRO === 0n && !isBeyond(nanos);
}
