/** Values between the generators' forms and the product's. */
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import type { ViewSpec as ProductView } from '../../runtime/values/manifest.ts';
import type { Value as ProductValue, SqlType } from '../../runtime/values/types.ts';
import type { Row, Value } from '../generators/view-spec.ts';
import type { ActualRow } from '../reference/compare.ts';
import { decimalText } from '../reference/values.ts';

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export function toProduct(value: Value, type: SqlType): ProductValue {
  if (typeof value === 'bigint') return value >= -SAFE && value <= SAFE ? Number(value) : value;
  if (typeof value === 'number') return type.kind === 'real' ? Math.fround(value) + 0 : value + 0;
  return value;
}

/** A value of the product as `compareRows` takes it. */
export function toActual(value: ProductValue | undefined, type: SqlType): unknown {
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

interface NamedColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** A view's outputs in the SELECT's order. */
export function outputsOf(view: ProductView): readonly NamedColumn[] {
  return [...view.entity, ...view.features].sort((a, b) => a.ordinal - b.ordinal);
}

/** A projected row, by ordinal. */
export function actualRow(columns: readonly NamedColumn[], row: readonly ProductValue[]): ActualRow {
  const out: Record<string, unknown> = Object.create(null);
  columns.forEach(({ name, type }, i) => {
    out[name] = toActual(row[i], type);
  });
  return out;
}

export function batchOf(columns: readonly NamedColumn[], rows: readonly Row[]): ColumnBatch {
  return {
    length: rows.length,
    columns: columns.map(({ name, type }) =>
      vectorOf(
        type,
        rows.map((row) => toProduct(row[name] ?? null, type)),
      ),
    ),
  };
}

export function vectorOf(type: SqlType, values: readonly ProductValue[]): ColumnVector {
  const nulls = values.some((value) => value === null)
    ? Uint8Array.from(values, (value) => (value === null ? 1 : 0))
    : null;
  if (type.kind === 'text') {
    const strings = values.map((value) => (value === null ? '' : String(value)));
    return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
  }
  const wide = new Map<number, bigint>();
  values.forEach((value, row) => {
    if (typeof value === 'bigint') wide.set(row, value);
  });
  return {
    kind: 'numeric',
    values: Float64Array.from(values, Number),
    nulls,
    wide: wide.size > 0 ? wide : null,
  };
}

export function valueAt(vector: ColumnVector, type: SqlType, row: number): ProductValue {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text') {
    return vector.dictionary === null ? vector.strings![row]! : vector.dictionary[vector.codes![row]!]!;
  }
  const value = vector.values[row]!;
  if (type.kind === 'boolean') return value !== 0;
  return vector.wide?.get(row) ?? value;
}

/** Rows of a result of DuckDB. */
export function actualRows(
  names: readonly string[],
  types: readonly SqlType[],
  batch: ColumnBatch,
  from = 0,
): ActualRow[] {
  const columns = names.map((name, i) => ({ name, type: types[i]! })).slice(from);
  return Array.from({ length: batch.length }, (_, row) =>
    actualRow(
      columns,
      columns.map(({ type }, i) => valueAt(batch.columns[from + i]!, type, row)),
    ),
  );
}
