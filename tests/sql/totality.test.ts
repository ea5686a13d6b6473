import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionTable, printExpr } from '../../compiler/backends/sql/print-expr.ts';
import type { PlanExpr } from '../../compiler/plan/plan.ts';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { add, divide, modulo, multiply } from '../../runtime/functions/arithmetic.ts';
import { cast } from '../../runtime/functions/cast.ts';
import { gt } from '../../runtime/functions/comparison.ts';
import type { ScalarFunction } from '../../runtime/functions/definition.ts';
import { ln, sqrt } from '../../runtime/functions/math.ts';
import { dateTrunc } from '../../runtime/functions/temporal.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { call, constant, T, TEST_FUNCTIONS } from './plans.ts';
import { sortedRows } from './records.ts';

const SCALARS: Readonly<Record<string, ScalarFunction>> = {
  add,
  divide,
  modulo,
  multiply,
  cast,
  gt,
  ln,
  sqrt,
  date_trunc: dateTrunc,
};
const FUNCTIONS: FunctionTable = { scalar: (name) => SCALARS[name]!, aggregate: TEST_FUNCTIONS.aggregate };

const int = (value: Value): PlanExpr => constant(value, T.integer);
const double = (value: Value): PlanExpr => constant(value, T.double);
const wide: SqlType = { kind: 'decimal', precision: 38, scale: 0 };
const big = (value: Value): PlanExpr => constant(value, wide);
const zoned = constant(1_704_067_199_000_000, T.timestamptz);

/** Expression and its value as text; null = NULL. */
const CASES: readonly (readonly [string, PlanExpr, string | null])[] = [
  ['integer overflow', call('add', T.integer, int(2147483647), int(1)), null],
  ['bigint overflow', call('multiply', T.bigint, constant(2n ** 62n, T.bigint), constant(4, T.bigint)), null],
  ['least bigint', constant(-(2n ** 63n), T.bigint), '-9223372036854775808'],
  ['decimal overflow', call('add', wide, big(10n ** 38n - 1n), big(1)), null],
  ['double by zero', call('divide', T.double, double(1), double(0)), null],
  ['remainder of zero', call('modulo', T.integer, int(5), int(0)), null],
  ['root of a negative', call('sqrt', T.double, double(-1)), null],
  ['logarithm of zero', call('ln', T.double, double(0)), null],
  ['failed cast', call('cast', T.integer, constant('12x', T.text)), null],
  ['cast', call('cast', T.integer, constant('12', T.text)), '12'],
  ['NaN is greatest', call('gt', T.boolean, double(Number.NaN), double(Number.POSITIVE_INFINITY)), '1'],
  [
    'a zoned instant truncates in UTC',
    call('date_trunc', T.timestamptz, constant('day', T.text), zoned),
    '1703980800000000',
  ],
  ['a zoned instant casts to its UTC clock', call('cast', T.timestamp, zoned), '1704067199000000'],
  ['NULL of a type', constant(null, T.money), null],
  ['text with quotes', constant("it's\\n", T.text), "it's\\n"],
  ['the last plain date', constant(2_932_896, { kind: 'date' }), '2932896'],
  ['a date before our era', constant(-800_000, { kind: 'date' }), '-800000'],
  ['the least instant', constant(-Number.MAX_SAFE_INTEGER, T.timestamp), '-9007199254740991'],
];

const ODD_SETTINGS = [
  "SET TimeZone = 'Asia/Tokyo'",
  'SET integer_division = true',
  'SET ieee_floating_point_ops = false',
  "SET default_null_order = 'nulls_first'",
];

describe('emitted expressions are total and deaf to the session', () => {
  let stock: DuckDbSession;
  let odd: DuckDbSession;
  beforeAll(async () => {
    stock = await openDuckDb({ threads: 1 });
    odd = await openDuckDb({ threads: 1 });
    for (const setting of ODD_SETTINGS) await odd.run(setting);
  });
  afterAll(() => {
    stock.close();
    odd.close();
  });

  for (const [name, expr, wanted] of CASES) {
    it(name, async () => {
      const text = printExpr(expr, 'duckdb', { functions: FUNCTIONS, lets: null, leaf: () => '' });
      for (const session of [stock, odd]) {
        expect(sortedRows(await session.readColumns(`SELECT ${text} AS x`))).toEqual([JSON.stringify([wanted])]);
      }
    });
  }
});
