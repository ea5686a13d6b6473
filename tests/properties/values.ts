/** Values between the generators' forms and the product's. */
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import type { Value as PlainValue, Row } from '../generators/view-spec.ts';
import type { ActualRow } from '../reference/compare.ts';
import { decimalText } from '../reference/values.ts';

export interface NamedType {
  readonly name: string;
  readonly type: SqlType;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export function toProduct(value: PlainValue, type: SqlType): Value {
  if (typeof value === 'bigint') return value >= -SAFE && value <= SAFE ? Number(value) : value;
  if (typeof value === 'number') return type.kind === 'real' ? Math.fround(value) + 0 : value + 0;
  return value;
}

/** A plain row as values in the order of the columns; a missing one is NULL. */
export function rowOf(columns: readonly NamedType[], row: Row): Value[] {
  return columns.map(({ name, type }) => toProduct(row[name] ?? null, type));
}

/** A value of the product as `compareRows` takes it. */
export function toActual(value: Value | undefined, type: SqlType): unknown {
  if (value === undefined) throw new Error('a machine gave undefined');
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  switch (type.kind) {
    case 'real':
    case 'double':
      return value;
    case 'decimal':
      return decimalText(BigInt(value), type.scale);
    default:
      return BigInt(value);
  }
}

/** Values in the order of the columns, by name. */
export function actualRow(columns: readonly NamedType[], row: readonly Value[]): ActualRow {
  const out: Record<string, unknown> = Object.create(null);
  columns.forEach(({ name, type }, i) => {
    out[name] = toActual(row[i], type);
  });
  return out;
}

export function valueAt(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text') {
    return vector.dictionary === null ? vector.strings![row]! : vector.dictionary[vector.codes![row]!]!;
  }
  const value = vector.values[row]!;
  if (type.kind === 'boolean') return value !== 0;
  return vector.wide?.get(row) ?? value;
}

/** Rows of a result of DuckDB. */
export function actualRows(names: readonly string[], types: readonly SqlType[], batch: ColumnBatch): ActualRow[] {
  const columns = names.map((name, i) => ({ name, type: types[i]! }));
  return Array.from({ length: batch.length }, (_, row) =>
    actualRow(
      columns,
      columns.map(({ type }, i) => valueAt(batch.columns[i]!, type, row)),
    ),
  );
}
