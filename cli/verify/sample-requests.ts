/** Requests to verify a request view with: made of keys that the joined views really have, and a few that they have not. */
import type { RequestViewPlan } from '../../compiler/plan/plan.ts';
import { printJsonValue, readJsonValue } from '../../runtime/values/json.ts';
import type { ColumnSpec } from '../../runtime/values/manifest.ts';
import { MICROS_PER_DAY, type SqlType, type Value } from '../../runtime/values/types.ts';

export type Row = readonly Value[];

/** Besides those that are made of keys. */
const STRANGERS = 2;

/** `keys[i]`: keys of the i-th joined view. Each request takes all columns that one join reads from one key, so that it is found there. */
export function sampleRequests(
  view: RequestViewPlan,
  keys: readonly (readonly Row[])[],
  count: number,
): readonly Row[] {
  const requests: Row[] = [];
  for (let i = 0; i < count; i++) requests.push(requestOf(view, keys, i));
  for (let i = 0; i < STRANGERS; i++) requests.push(view.request.columns.map((column) => strange(column, i)));
  return requests;
}

function requestOf(view: RequestViewPlan, keys: readonly (readonly Row[])[], i: number): Row {
  const { columns } = view.request;
  const values: (Value | undefined)[] = columns.map(() => undefined);
  const joins = view.joins.map((_, join) => join);
  // Another join goes first each time: a column that two of them read is filled by the first.
  const order = joins.map((join) => (join + i) % joins.length);
  for (const join of order) {
    const pool = keys[join] as readonly Row[];
    const key = pool[(Math.floor(i / joins.length) + join * 7) % Math.max(1, pool.length)];
    if (key === undefined) continue;
    view.joins[join]?.keys.forEach((expr, k) => {
      if (expr.kind !== 'request' || values[expr.column] !== undefined) return;
      values[expr.column] = fitted(key[k] as Value, view.joins[join]?.view.spec.entity[k]?.type, columns[expr.column]);
    });
  }
  return columns.map((column, c) => values[c] ?? other(column, i));
}

/** The value as one of the column, or undefined where it does not fit. */
function fitted(value: Value, from: SqlType | undefined, column: ColumnSpec | undefined): Value | undefined {
  if (from === undefined || column === undefined || value === null) return undefined;
  const text = printJsonValue(value, from);
  const read = readJsonValue(JSON.parse(text), column.type, () => text);
  return read.ok && read.value !== null ? read.value : undefined;
}

/** A column that no join reads. */
function other(column: ColumnSpec, i: number): Value {
  if (column.hasDefault && i % 2 === 0) return column.defaultValue;
  if (column.nullable && i % 5 === 4) return null;
  return plain(column.type, i % 7);
}

/** A key that no view has. */
function strange(column: ColumnSpec, i: number): Value {
  return column.nullable && i === 0 ? null : plain(column.type, 1);
}

function plain(type: SqlType, i: number): Value {
  switch (type.kind) {
    case 'text':
      return `no key ${i}`.slice(0, type.maxLength ?? undefined);
    case 'boolean':
      return i % 2 === 0;
    case 'date':
      return 11_000 + i;
    case 'timestamp':
    case 'timestamptz':
      return (11_000 + i) * MICROS_PER_DAY + i;
    case 'real':
    case 'double':
      return i / 4;
    default:
      return i;
  }
}
