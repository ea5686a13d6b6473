import type { ParquetColumn } from '../sources/duckdb-scan.ts';
import type { SqlType } from '../values/types.ts';
import { quoteName } from './duckdb/load.ts';
import type { DuckDbSession } from './duckdb/session.ts';
import type { ColumnHint } from './label-file.ts';

/** A column of labels, by the name that it has in their relation. */
export type LabelColumn = Pick<ParquetColumn, 'name' | 'type' | 'engineType'>;

export interface TypedColumn extends LabelColumn {
  /** SQL of the typed value over the table of texts. */
  readonly expression: string;
}

interface Candidate {
  readonly type: SqlType;
  readonly engineType: string;
  /** What every text of the column must match, and what must hold besides. */
  readonly pattern: string;
  readonly check?: (column: string) => string;
}

/** In this order, and only where no digit, zero or blank is lost by it: `007` stays a text, so does a number of 17 digits and a point. */
const CANDIDATES: readonly Candidate[] = [
  { type: { kind: 'boolean' }, engineType: 'BOOLEAN', pattern: 'true|false' },
  { type: { kind: 'bigint' }, engineType: 'BIGINT', pattern: '-?[1-9][0-9]{0,17}|0' },
  {
    type: { kind: 'double' },
    engineType: 'DOUBLE',
    pattern: '-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?',
    check: (column) =>
      `length(ltrim(replace(replace(regexp_replace(${column}, '[eE].*$', ''), '-', ''), '.', ''), '0')) <= 15`,
  },
  { type: { kind: 'date' }, engineType: 'DATE', pattern: '[0-9]{4}-[0-9]{2}-[0-9]{2}' },
  {
    type: { kind: 'timestamp' },
    engineType: 'TIMESTAMP',
    pattern: '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?',
  },
  {
    type: { kind: 'timestamptz' },
    engineType: 'TIMESTAMP WITH TIME ZONE',
    pattern:
      '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)',
  },
];

const TIMES: ReadonlySet<SqlType['kind']> = new Set(['date', 'timestamp', 'timestamptz']);
const TEXT: SqlType = { kind: 'text', maxLength: null };

/** The type of each column of a table of texts. A column without values is text, and only the instant is read as a time. */
export async function inferColumns(
  session: DuckDbSession,
  table: string,
  names: readonly string[],
  hints: readonly ColumnHint[],
  instant: string | null,
): Promise<readonly TypedColumn[]> {
  const items = names.flatMap((name) => CANDIDATES.map((candidate) => fits(quoteName(name), candidate)));
  const { batch } = await session.readColumns(`SELECT ${items.join(', ')} FROM ${table}`);
  return names.map((name, i) => {
    const column = quoteName(name);
    const found = CANDIDATES.find((candidate, k) => {
      const vector = batch.columns[i * CANDIDATES.length + k];
      const isAllowed = TIMES.has(candidate.type.kind) ? name === instant : hints[i] === 'any';
      return isAllowed && vector?.kind === 'numeric' && vector.values[0] === 1;
    });
    if (found === undefined) return { name, type: TEXT, engineType: 'VARCHAR', expression: column };
    return {
      name,
      type: found.type,
      engineType: found.engineType,
      expression: `CAST(${column} AS ${found.engineType})`,
    };
  });
}

/** Whether all texts are of the type, NULLs left out. TRY_CAST besides, since a date may be well spelled and none. */
function fits(column: string, { pattern, engineType, check }: Candidate): string {
  const isMatch = `regexp_full_match(${column}, '${pattern}')`;
  const isChecked = check === undefined ? '' : ` AND ${check(column)}`;
  const isFit = `${isMatch}${isChecked} AND TRY_CAST(${column} AS ${engineType}) IS NOT NULL`;
  return `coalesce(bool_and(${isFit}) FILTER (WHERE ${column} IS NOT NULL), FALSE)`;
}
