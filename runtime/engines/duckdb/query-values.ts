/** Results of any SELECT as values: people's queries give more types than features have. Whatever fsc has no type for comes as text. */
import type { DuckDBDataChunk, DuckDBType } from '@duckdb/node-api';
import {
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
} from '../../sources/duckdb-api.ts';
import { ChunkCollector, sqlTypeOf } from '../../sources/duckdb-vectors.ts';
import { valueAt } from '../../sources/record-columns.ts';
import { normaliseBigint } from '../../values/hybrid.ts';
import { printDate, printTimestamp } from '../../values/temporal.ts';
import type { SqlType, Value } from '../../values/types.ts';

export interface QueryColumn {
  readonly name: string;
  readonly type: SqlType;
}

const TEXT: SqlType = { kind: 'text', maxLength: null };
const WHOLE: SqlType = { kind: 'decimal', precision: 38, scale: 0 };
const INFINITE_DAYS = 2 ** 31 - 1;
const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400n;

/** How a column of a result becomes values. */
type Form = 'plain' | 'instant' | 'date' | 'whole';

/**
 * Integers of every width are numbers with all their digits. Instants and dates are given as they are printed (ISO 8601, UTC, `Infinity`):
 * a query may reach years and fractions that no feature has.
 */
export function queryColumn(name: string, type: DuckDBType): QueryColumn {
  switch (formOf(type)) {
    case 'plain':
      return { name, type: sqlTypeOf(type) ?? TEXT };
    case 'whole':
      return { name, type: WHOLE };
    case 'instant':
    case 'date':
      return { name, type: TEXT };
  }
}

function formOf(type: DuckDBType): Form {
  switch (type.typeId) {
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.BIGNUM:
      return 'whole';
    case DuckDBTypeId.DATE:
      return 'date';
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return 'instant';
    default:
      return 'plain';
  }
}

/** Chunks of one result as rows. */
export class QueryRows {
  readonly #forms: readonly Form[];
  readonly #types: readonly SqlType[];
  readonly #collector: ChunkCollector;

  constructor(types: readonly DuckDBType[]) {
    this.#forms = types.map(formOf);
    this.#types = types.map((type) => sqlTypeOf(type) ?? TEXT);
    this.#collector = new ChunkCollector(types, 2048);
  }

  read(chunk: DuckDBDataChunk): Value[][] {
    this.#collector.reset();
    this.#collector.append(chunk);
    const { length } = this.#collector.batch();
    return Array.from({ length }, (_, row) => this.#forms.map((form, column) => this.#value(form, column, row, chunk)));
  }

  #value(form: Form, column: number, row: number, chunk: DuckDBDataChunk): Value {
    const value = valueAt(this.#collector.batch().columns[column]!, this.#types[column]!, row);
    if (value === null || form === 'plain') return value;
    if (form === 'whole') return normaliseBigint(BigInt(value as string));
    if (form === 'date') return dateText(value as number);
    // Beyond what a double holds exactly, or between two microseconds: from the engine's own value.
    if (Number.isSafeInteger(value)) return printTimestamp(value as number);
    return instantText(chunk.getColumnVector(column).getItem(row));
  }
}

function dateText(days: number): string {
  if (days === INFINITE_DAYS) return 'Infinity';
  return days === -INFINITE_DAYS ? '-Infinity' : printDate(days);
}

function instantText(item: unknown): string {
  const text = String(item);
  if (text === 'infinity') return 'Infinity';
  if (text === '-infinity') return '-Infinity';
  if (item instanceof DuckDBTimestampValue || item instanceof DuckDBTimestampTZValue)
    return nanosText(item.micros * 1000n);
  if (item instanceof DuckDBTimestampNanosecondsValue) return nanosText(item.nanos);
  return text;
}

/** Nanoseconds since 1970, of any size. */
function nanosText(nanos: bigint): string {
  const fraction = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  const seconds = (nanos - fraction) / NANOS_PER_SECOND;
  const secondOfDay = ((seconds % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
  const date = printDate(Number((seconds - secondOfDay) / SECONDS_PER_DAY));
  const clock = printTimestamp(Number(secondOfDay) * 1_000_000, 'T', '').slice('1970-01-01'.length);
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
  return `${date}${clock}${digits}Z`;
}
