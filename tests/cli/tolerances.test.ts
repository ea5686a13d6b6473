import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tolerancesAt } from '../../cli/tolerances.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { compileProject } from '../../compiler/index.ts';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import { agree } from '../../runtime/values/agree.ts';
import type { Value } from '../../runtime/values/types.ts';

const SOURCES: readonly [string, string][] = [
  [
    'features/sources/e.sql',
    '-- @event_time ts\nCREATE TABLE e (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, k text NOT NULL, n integer, x double precision, y double precision);',
  ],
  ['features/sources/ask.sql', '-- @kind request\nCREATE TABLE ask (k text NOT NULL, z double precision);'],
];
const T = Date.UTC(2001, 0, 2) * 1000;
const DOUBLE = { kind: 'double' } as const;

type Pair = readonly [value: Value, tolerance: number | null];

describe('tolerances of values', () => {
  let session: DuckDbSession;
  beforeAll(async () => {
    session = await openDuckDb({ threads: 1 });
    await session.run(`CREATE TABLE e AS SELECT * FROM (VALUES
      (1::bigint, TIMESTAMP '2001-01-01 00:00:00', 'a', 1, 1e6::double, 3::double),
      (2, TIMESTAMP '2001-01-01 01:00:00', 'a', 2, -1e6, 3),
      (3, TIMESTAMP '2001-01-01 02:00:00', 'a', NULL, 0.5, 3),
      (4, TIMESTAMP '2001-01-01 02:00:00', 'b', NULL, NULL, NULL),
      (5, TIMESTAMP '2001-01-01 02:00:00', 'c', 7, 'Infinity', 1)) AS v(id, ts, k, n, x, y)`);
    await session.run(`CREATE TABLE ask AS SELECT 'a' AS k, 2::double AS z`);
  });
  afterAll(() => session.close());

  function viewOf(files: readonly [string, string][], name: string) {
    const { plan, diagnostics } = compileProject(new Map([...SOURCES, ...files]));
    expect(diagnostics.filter((diagnostic) => diagnostic.severity === 'error')).toEqual([]);
    const view = plan?.views.find((candidate) => candidate.spec.name === name);
    if (view === undefined) throw new Error(`no view ${name}`);
    return view;
  }

  /** Value and tolerance of each output but the first, by entity. */
  async function tolerancesOf(query: string, more: readonly [string, string][] = [], name = 't_v1') {
    const view = viewOf([...more, [`features/${name.replace('_v1', '')}/v1.sql`, query]], name);
    const tolerances = await tolerancesAt(session, view, T);
    const sql = emitViewSql(view, printInstant(T), 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
    const { batch, types } = await session.readColumns(sql);
    const rows = new Map<Value, { readonly pairs: Pair[]; readonly mayVanish: boolean }>();
    for (let row = 0; row < batch.length; row++) {
      const values = types.map((type, i) => valueAt(batch.columns[i]!, type, row));
      const { values: by, mayVanish } = tolerances.of(view.kind === 'request' ? [values[0]!, 2] : [values[0]!]);
      rows.set(values[0]!, { pairs: values.slice(1).map((value, i) => [value, by[i + 1] ?? null]), mayVanish });
    }
    return rows;
  }

  it('a sum of doubles is known to 1e-9 of what was added, not of the sum', async () => {
    const items = 'sum(x) AS s, avg(x) AS m, count(*) AS c, max(x) AS top, sum(n) AS exact';
    const [s, m, c, top, exact] = (await tolerancesOf(`SELECT k, ${items} FROM e GROUP BY k`)).get('a')!.pairs;
    expect(s![0]).toBe(0.5);
    expect(s![1]).toBeCloseTo(2_000_000.5e-9, 12);
    expect(m![1]).toBeCloseTo(2_000_000.5e-9 / 3, 12);
    expect([c![1], top![1], exact![1]]).toEqual([null, null, null]);
  });

  it('nothing, and infinity, are known exactly', async () => {
    const items = 'sum(x) AS s, stddev_samp(x) AS d, avg(x) / 2.0::double precision AS h';
    const rows = await tolerancesOf(`SELECT k, ${items} FROM e GROUP BY k`);
    expect(rows.get('b')!.pairs).toEqual([
      [null, 0],
      [null, 0],
      [null, 0],
    ]);
    expect(rows.get('c')!.pairs[0]).toEqual([Number.POSITIVE_INFINITY, 0]);
  });

  it('an average of integers is known within 2 ulp, and a quotient of exact values too', async () => {
    const rows = await tolerancesOf('SELECT k, avg(n) AS m, sum(n) * 1.0 / 7 AS q FROM e GROUP BY k');
    const [m, q] = rows.get('a')!.pairs;
    expect(m).toEqual([1.5, 1.5 * 2 ** -51]);
    expect(q![0]).toBe(3 / 7);
    expect(q![1]).toBeGreaterThan(0);
    expect(q![1]).toBeLessThanOrEqual((3 / 7) * 2 ** -51);
  });

  it('a variance is known to 1e-9 of the mean square, a deviation squared', async () => {
    const items = 'var_pop(x) AS v, stddev_pop(x) AS d, stddev_pop(y) AS flat';
    const [v, d, flat] = (await tolerancesOf(`SELECT k, ${items} FROM e GROUP BY k`)).get('a')!.pairs;
    const square = (2e12 + 0.25) / 3;
    expect(v![1]! / (square * 1e-9)).toBeCloseTo(1, 6);
    expect(d![1]! / ((square * 1e-9) / (2 * (d![0] as number)))).toBeCloseTo(1, 3);
    expect(flat![0]).toBe(0);
    expect(flat![1]).toBeCloseTo(Math.sqrt(9e-9), 9);
  });

  it('goes through expressions', async () => {
    const items = 'sum(x) * 10.0::double precision + 1.0::double precision AS s, exp(sum(n)) - exp(sum(n)) AS zero';
    const [s, zero] = (await tolerancesOf(`SELECT k, ${items} FROM e GROUP BY k`)).get('a')!.pairs;
    expect(s![1]! / (10 * 2_000_000.5e-9)).toBeCloseTo(1, 6);
    // Each of the two may be off by itself, whatever is left of them.
    expect(zero![0]).toBe(0);
    expect(zero![1]! / (2 * Math.exp(3) * 2 ** -50)).toBeCloseTo(1, 1);
  });

  it('is infinite where the value may also be NULL, and says where the row may not be there', async () => {
    const query = `SELECT k, 1.0::double precision / nullif(var_pop(y), 0.0::double precision) AS r FROM e GROUP BY k`;
    expect((await tolerancesOf(query)).get('a')!.pairs).toEqual([[null, Number.POSITIVE_INFINITY]]);
    const edge = await tolerancesOf('SELECT k, count(*) AS c FROM e GROUP BY k HAVING sum(x) >= 0.5');
    expect(edge.get('a')!.mayVanish).toBe(true);
    expect(edge.get('c')!.mayVanish).toBe(false);
    expect(edge.get('a')!.pairs).toEqual([[3, null]]);
  });

  it('follows values into a request view', async () => {
    const inner: [string, string] = ['features/t/v1.sql', 'SELECT k, sum(x) AS s, count(*) AS c FROM e GROUP BY k'];
    const query = 'SELECT a.k AS k, t.s * a.z AS s, t.c AS c, a.z AS z FROM ask a LEFT JOIN t_v1 t ON t.k = a.k';
    const [s, c, z] = (await tolerancesOf(query, [inner], 'u_v1')).get('a')!.pairs;
    expect(s![0]).toBe(1);
    expect(s![1]! / (2 * 2_000_000.5e-9)).toBeCloseTo(1, 6);
    expect([c![1], z![1]]).toEqual([null, null]);
  });

  it('covers what is taken from one event, and frames', async () => {
    const top = await tolerancesOf('SELECT k, max(exp(y)) AS e FROM e GROUP BY k');
    expect(top.get('a')!.pairs[0]![1]! / (Math.exp(3) * 2 ** -50)).toBeCloseTo(1, 1);
    const over = 'OVER (PARTITION BY k ORDER BY ts, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)';
    const [s] = (await tolerancesOf(`SELECT k, sum(x) ${over} AS s FROM e`)).get('a')!.pairs;
    expect(s![0]).toBe(-999_999.5);
    expect(s![1]).toBeCloseTo(1_000_000.5e-9, 9);
  });
});

describe('agreement of two values', () => {
  it('is exact without a tolerance, and within it otherwise', () => {
    expect(agree({ kind: 'bigint' }, 2n ** 60n, 2n ** 60n + 1n, null)).toBe(false);
    expect(agree(DOUBLE, 1, 1 + 2 ** -52, null)).toBe(false);
    expect(agree(DOUBLE, 1, 1 + 2 ** -52, 1e-9)).toBe(true);
    expect(agree(DOUBLE, 1, 1.1, 1e-9)).toBe(false);
    expect(agree(DOUBLE, Number.NaN, Number.NaN, 0)).toBe(true);
    expect(agree(DOUBLE, Number.POSITIVE_INFINITY, Number.MAX_VALUE, 1e300)).toBe(false);
  });

  it('NULL is NULL, unless the value stands at an edge', () => {
    expect(agree(DOUBLE, null, 0, 1e300)).toBe(false);
    expect(agree(DOUBLE, null, 0, Number.POSITIVE_INFINITY)).toBe(true);
    expect(agree(DOUBLE, null, null, null)).toBe(true);
  });
});
