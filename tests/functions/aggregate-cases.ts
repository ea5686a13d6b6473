/** Groups of rows for aggregates: sizes, NULLs, ties and, in columns of doubles, what sums and variances go wrong on. */
import type { AggregateFunction } from '../../runtime/functions/definition.ts';
import { AGGREGATES } from '../../runtime/functions/index.generated.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';
import { TYPES } from './calls.ts';
import { Random, randomValue } from './values.ts';

/** Decimals of more digits than DuckDB can add up, by how its form takes them apart: by a product with room for it, without, and all fractions. */
const LONG: readonly SqlType[] = [
  { kind: 'decimal', precision: 30, scale: 7 },
  { kind: 'decimal', precision: 30, scale: 9 },
  { kind: 'decimal', precision: 38, scale: 38 },
];
/** A column cannot hold intervals (rules.md 24). */
export const COLUMN_TYPES: readonly SqlType[] = [...TYPES.filter((type) => type.kind !== 'interval'), ...LONG];

export interface AggregateCase {
  readonly fn: AggregateFunction;
  readonly distinct: boolean;
  /** Into COLUMN_TYPES; −1 for count(*). */
  readonly column: number;
  readonly declared: SqlType | null;
  /** What the aggregate adds up, and what it gives. */
  readonly argument: SqlType | null;
  readonly result: SqlType;
  readonly title: string;
}

export function aggregateCases(): AggregateCase[] {
  return AGGREGATES.flatMap((fn) => {
    if (fn.arity === 0) return [caseOf(fn, -1, false)].filter((one) => one !== null);
    return COLUMN_TYPES.flatMap((_, column) =>
      (fn.allowsDistinct ? [false, true] : [false]).map((distinct) => caseOf(fn, column, distinct)),
    ).filter((one) => one !== null);
  });
}

function caseOf(fn: AggregateFunction, column: number, distinct: boolean): AggregateCase | null {
  const declared = COLUMN_TYPES[column] ?? null;
  const resolution = fn.resolve(declared === null ? [] : [declared], distinct);
  if (!resolution.ok) return null;
  const title = `${fn.name}(${distinct ? 'DISTINCT ' : ''}${declared === null ? '*' : printType(declared)})`;
  return { fn, distinct, column, declared, argument: resolution.args[0] ?? null, result: resolution.result, title };
}

/** An event: id, time, group, and a value a column. */
export interface Event {
  readonly id: number;
  readonly time: number;
  readonly group: number;
  readonly values: readonly Value[];
}

const HOUR = 3_600_000_000;
export const START = 978_307_200_000_000; // 2001-01-01
export const END = START + 6 * HOUR;

type Doubles = (random: Random, row: number) => Value;
/** What a group's floats are; null: any value of their type. */
const FLOATS: readonly (Doubles | null)[] = [
  null,
  null,
  (random) => 1e9 + random.next(),
  (_, row) => [1e308, 1e308, -1e308, -1e308, 1, 0.1][row % 6] as number,
  (_, row) => [1e17, 1, -1e17, 2, 0.1][row % 5] as number,
  (_, row) => [1.5, Number.POSITIVE_INFINITY, 2][row % 3] as number,
  (_, row) => [1.5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY][row % 3] as number,
  (_, row) => [0.5, Number.NaN, 2][row % 3] as number,
  (_, row) => [5e-324, 2.2250738585072014e-308, -5e-324][row % 3] as number,
  (_, row) => [1e200, 1e-200, 3e150][row % 3] as number,
  (_, row) => [1e150, 2e150, -1e150][row % 3] as number,
  (_, row) => [1e308, 1.7e308][row % 2] as number,
  () => 0.1,
  (random) => random.int(-100, 100),
  (random) => (random.next() - 0.5) * 10 ** random.int(-20, 20),
  // A square is a double, two are none.
  (_, row) => [1e154, -1e154, 1.2e154][row % 3] as number,
];

export function events(seed: number): Event[] {
  const random = new Random(seed);
  const out: Event[] = [];
  FLOATS.forEach((floats, kind) => {
    for (const size of [1, 2, 3, random.int(4, 12), random.int(20, 60)]) {
      const group = out.length === 0 ? 0 : (out[out.length - 1] as Event).group + 1;
      // Now and then a group in which a column is NULL throughout.
      const absent = COLUMN_TYPES.map(() => random.next() < 0.08);
      for (let row = 0; row < size; row++) {
        const time = START + random.int(0, 20) * (HOUR / 4);
        const values = COLUMN_TYPES.map((type, column) =>
          absent[column] === true ? null : cellOf(random, type, kind < 2 ? null : floats, row),
        );
        out.push({ id: out.length, time, group, values });
      }
    }
  });
  return out;
}

function cellOf(random: Random, type: SqlType, floats: Doubles | null, row: number): Value {
  if (floats === null || (type.kind !== 'double' && type.kind !== 'real')) return randomValue(random, type);
  if (random.next() < 0.1) return null;
  const value = floats(random, row) as number;
  if (type.kind === 'double') return value;
  const real = Math.fround(value);
  return Number.isFinite(value) && !Number.isFinite(real)
    ? Math.sign(value) * 3.4028234663852886e38
    : real === 0
      ? 0
      : real;
}
