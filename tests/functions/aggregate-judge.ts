/** What the machines are asked about aggregates, and how near their answers must be. */
import { instantText } from '../../compiler/backends/sql/print-const.ts';
import { quoteText } from '../../compiler/backends/sql/text.ts';
import type { CallTypes, Dialect } from '../../runtime/functions/definition.ts';
import { equalValues } from '../../runtime/values/order.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { type AggregateCase, COLUMN_TYPES, type Event } from './aggregate-cases.ts';
import type { Span } from './aggregate-state.ts';
import { type Exact, exactly, type Row } from './exact.ts';
import { physicalType } from './machines.ts';
import { cellText, sqlTypeName, ulps } from './values.ts';

export const HOUR = 3_600_000_000;

/** A table `s` of the events. `physical` gives the type that a column has in it. */
export function statements(
  all: readonly Event[],
  dialect: Dialect,
  physical: (type: SqlType) => SqlType = (type) => type,
): string[] {
  const columns = COLUMN_TYPES.map((type, i) => `c${i} ${sqlTypeName(physical(type), dialect)}`);
  const lines = all.map((event) => {
    const cells = event.values.map((value, i) => cellText(value, physical(COLUMN_TYPES[i] as SqlType)));
    const texts = cells.map((text) => (text === null ? 'NULL' : quoteText(text, dialect)));
    return `(${event.id}, TIMESTAMP '${instantText(event.time)}', ${event.group}, ${texts.join(', ')})`;
  });
  return [
    `CREATE TABLE s (id bigint, ts timestamp, grp integer, ${columns.join(', ')})`,
    `INSERT INTO s VALUES ${lines.join(', ')}`,
  ];
}

export const instant = (time: number): string => `TIMESTAMP '${instantText(time)}'`;
export const filterOf = (span: Span, time: number): string =>
  span === 'hour' ? `FILTER (WHERE ts > ${instant(time - HOUR)})` : '';

/** The binder casts an argument to what the aggregate takes: a real to double. */
function argumentText({ declared, argument, column }: AggregateCase): string | null {
  if (declared === null || argument === null) return null;
  return declared.kind === argument.kind ? `c${column}` : `CAST(c${column} AS ${sqlTypeName(argument, 'postgres')})`;
}

/** What is emitted for the aggregate. */
export function form(one: AggregateCase, filter: string, dialect: Dialect): string {
  const text = formOver(one, filter, '', dialect);
  if (typeof text !== 'string') throw new Error(text.unsupported);
  return text;
}

/** The same with `OVER (…)`, or why the dialect has no such form. */
export function formOver(
  one: AggregateCase,
  filter: string,
  over: string,
  dialect: Dialect,
): string | { readonly unsupported: string } {
  const seen = dialect === 'duckdb' ? physicalType : (type: SqlType): SqlType => type;
  const types: CallTypes = { args: one.argument === null ? [] : [seen(one.argument)], result: seen(one.result) };
  const direction = one.fn.name === 'latest' ? 'DESC' : 'ASC';
  const parts = {
    arg: argumentText(one),
    distinct: one.distinct,
    orderBy: one.fn.orderSensitive ? `ORDER BY ts ${direction} NULLS LAST, id ${direction} NULLS LAST` : null,
    filter,
    over,
  };
  return one.fn.sql[dialect](parts, types);
}

/** The rows of each group that an aggregate sees, by column (−1: count(*)). */
export class Seen {
  readonly #rows = new Map<string, readonly Row[]>();
  readonly present: ReadonlySet<number>;

  constructor(all: readonly Event[], span: Span, time: number) {
    this.present = new Set(all.filter((event) => event.time <= time).map((event) => event.group));
    for (const event of all) {
      if (event.time > time || (span === 'hour' && event.time <= time - HOUR)) continue;
      for (let column = -1; column < COLUMN_TYPES.length; column++) {
        const value = column < 0 ? 0 : (event.values[column] as Value);
        this.#of(column, event.group).push({ time: event.time, id: event.id, value });
      }
    }
  }

  exactly(one: AggregateCase, group: number): Exact {
    return exactly(one.fn.name, one.distinct, one.argument, one.result, this.#of(one.column, group));
  }

  #of(column: number, group: number): Row[] {
    const key = `${column} ${group}`;
    const rows = (this.#rows.get(key) ?? []) as Row[];
    this.#rows.set(key, rows);
    return rows;
  }
}

/** design.md section 4. */
export function within({ fn, result }: AggregateCase, exact: Exact, other: Value, places: number): boolean {
  const { value } = exact;
  if (value === null || other === null) return value === other;
  if (result.kind !== 'double' || typeof value !== 'number' || typeof other !== 'number' || fn.name.startsWith('m'))
    return typeof value === typeof other && equalValues(result, value, other);
  if (Object.is(value, other) || ulps(value, other) <= places) return true;
  if (fn.name.startsWith('var')) return other >= 0 && Math.abs(value - other) <= 1e-9 * exact.squares;
  if (fn.name.startsWith('stddev'))
    return other >= 0 && Math.abs(value * value - other * other) <= 1e-9 * exact.squares;
  return false;
}
const isFloat = (type: SqlType | null): boolean => type?.kind === 'double' || type?.kind === 'real';

/** Sums of doubles in a database depend on its order. */
export function withinDatabase(one: AggregateCase, exact: Exact, count: number, other: Value): boolean {
  if (within(one, exact, other, 2)) return true;
  if (!isFloat(one.declared) || typeof exact.value !== 'number' || typeof other !== 'number') return false;
  if (one.fn.name === 'sum') return Math.abs(exact.value - other) <= 1e-9 * exact.size;
  return one.fn.name === 'avg' && Math.abs(exact.value - other) <= (1e-9 * exact.size) / count;
}
