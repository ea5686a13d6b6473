import fc from 'fast-check';
import { loadModule, parseSync } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { CollectingSink } from '../../compiler/diagnostics/fault.ts';
import { parseExpression, parseViewFile } from '../../compiler/parse/parse.ts';
import { exprShape, queryShape, type Shape, Unsupported } from './own-shape.ts';
import { pgQuery } from './postgres-shape.ts';
import { sql, tame } from './random-sql.ts';

const RUNS = Number(process.env.FSC_RUNS ?? 2000);
const SEED = process.env.FSC_SEED === undefined ? {} : { seed: Number(process.env.FSC_SEED) };

beforeAll(async () => {
  await loadModule();
});

function postgres(text: string): Shape {
  try {
    const tree = parseSync(text) as { stmts: { stmt: { SelectStmt: Record<string, unknown> } }[] };
    return pgQuery(tree.stmts[0]!.stmt.SelectStmt);
  } catch {
    return 'refused';
  }
}

function ours(text: string): { shape: Shape; diagnostics: readonly Diagnostic[] } {
  const sink = new CollectingSink();
  const view = parseViewFile({ path: 'features/v/v1.sql', text }, sink);
  return { shape: view === null ? 'refused' : queryShape(view.query), diagnostics: sink.diagnostics };
}

/** Whether both took it, and for the same. */
function expectSame(text: string): boolean {
  let result: ReturnType<typeof ours>;
  try {
    result = ours(text);
  } catch (error) {
    if (error instanceof Unsupported) return false;
    throw error;
  }
  const codes = result.diagnostics.map((diagnostic) => diagnostic.code);
  expect(codes).not.toContain('FSC1032');
  if (codes.includes('FSC1008')) return false;
  expect({ text, shape: result.shape }).toEqual({ text, shape: postgres(text) });
  return result.shape !== 'refused';
}

/**
 * Two signs side by side would begin a comment (beside the one that is meant), and what it cuts off leaves words that only Postgres takes for
 * aliases, or a NULLIF of one argument, which its grammar refuses and ours leaves to the binder.
 */
function withoutComments(text: string): string {
  return text.replaceAll(/-(?=-(?! x\n))/g, '- ');
}

describe('the Postgres grammar', () => {
  it('gives the same tree for random expressions, or refuses them too', () => {
    let accepted = 0;
    fc.assert(
      fc.property(sql.expr, (written) => {
        const text = withoutComments(written);
        const sink = new CollectingSink();
        const expr = parseExpression(text, sink);
        // Postgres' grammar takes any operator, such as `||-`; that it does not exist is found later there, and here at once.
        if (sink.diagnostics.some((diagnostic) => diagnostic.code === 'FSC1008')) return;
        const pg = postgres(`SELECT ${text}\n AS x`);
        const items = pg === 'refused' ? [] : ((pg as Shape[][])[2]?.[2] as Shape[][]);
        const shape = expr === null ? 'refused' : exprShape(expr);
        if (expr !== null) accepted++;
        expect({ text, shape }).toEqual({ text, shape: items[0]?.[1] ?? 'refused' });
      }),
      { numRuns: RUNS, ...SEED },
    );
    // Agreeing on refusals alone would prove nothing.
    expect(accepted).toBeGreaterThan(RUNS / 2);
  });

  it('gives the same tree for random statements, or refuses them too', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof({ arbitrary: tame.query, weight: 4 }, sql.query), (text) => {
        if (expectSame(withoutComments(text))) accepted++;
      }),
      { numRuns: Math.ceil(RUNS / 5), ...SEED },
    );
    expect(accepted).toBeGreaterThan(RUNS / 5 / 3);
  });
});

describe('traps', () => {
  it.each([
    'SELECT a FROM t WHERE a = 1 OR b = 2 AND c = 3',
    "SELECT 'a' || b + 1 AS x FROM t",
    'SELECT a FROM t WHERE NOT (x) = y',
    'SELECT a FROM t WHERE NOT (a+1) > 2',
    'SELECT t.qty-t.big AS d FROM t',
    "SELECT s IS DISTINCT FROM 'ok' AS d FROM t",
    "SELECT 'a\\' AS s, 'b' AS c FROM t",
    "SELECT sum(a) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) AS s FROM t",
    'SELECT sum(a) FILTER (WHERE b) OVER w AS s FROM t WINDOW w AS (PARTITION BY lower(k), CASE WHEN b THEN 1 ELSE 0 END ORDER BY ts)',
    'SELECT sum(a) OVER (w ROWS BETWEEN 10 PRECEDING AND 1 PRECEDING) AS s FROM t WINDOW w AS (ORDER BY ts), w2 AS (w ROWS 10 PRECEDING)',
    "SELECT stddev_samp(x) FILTER (WHERE ts > now() - INTERVAL '1 day') AS s FROM t GROUP BY k",
    'SELECT (array_agg(x ORDER BY a DESC, b DESC) FILTER (WHERE c))[1] AS l FROM t GROUP BY k',
    "SELECT EXTRACT(epoch FROM TIMESTAMP '2001-01-01' - ts) AS e FROM t",
    'SELECT -1::int AS i, -a::int * -b AS j, - -a AS k, -a - -b - c AS l FROM t',
    'SELECT a > 5 IS NULL AS b FROM t',
    "SELECT a LIKE 'm' || '1' AS b FROM t",
    'SELECT CASE WHEN a THEN b ELSE a AND b END AS c FROM t',
    'SELECT CAST(a OR b AS boolean) AS c FROM t',
    "SELECT ts + INTERVAL '1 day' + INTERVAL '2 days' - INTERVAL '3 days' AS t FROM t",
    'SELECT a AS session, b AS "Json" FROM partition_log AS nulls',
    'SELECT a BETWEEN b AND c AND d AS e, a NOT BETWEEN 1 + 1 AND 2 * 3 OR f AS g FROM t',
    'SELECT a IS NULL = b AS c, NOT a IS NULL AS d FROM t',
    'SELECT count(*) AS overall FROM t',
    'SELECT FROM_x FROM t',
    'SELECT a FROM t WHERE (((((((((a = 1 AND b) OR c) AND d) OR e) AND f) OR g) AND h) OR i) AND j) OR k',
    "SELECT $$it's$$ AS s, $q$a$$b$q$ AS u FROM t",
    'SELECT "a""b" AS "c d", "__proto__" FROM "select"',
    'SELECT __proto__, constructor FROM t',
    'SELECT date, timestamp, value, key, count, name, type, status, hour, day, month, rank, position FROM t',
    'SELECT 1 AS a FROM t a JOIN u b ON a.x = b.x LEFT OUTER JOIN v c ON c.x = b.x WHERE true',
    'SELECT a+-1 AS x, a<-1 AS y, a*-b AS z, 5!= -3 AS w FROM t',
  ])('%s', (text) => expect(expectSame(text)).toBe(true));

  it.each([
    ['SELECT a FROM t WHERE a = b = c', 'FSC1023'],
    ['SELECT a FROM t WHERE a IS b', 'FSC1020'],
    ['SELECT a FROM `t`', 'FSC1020'],
    ["SELECT a FROM 't'", 'FSC1020'],
    ['SELECT 1abc FROM t', 'FSC1005'],
    ['SELECT SELEC = 1 FROM t WHERE', 'FSC1020'],
    ['SELECT array_agg(x)[1] AS a FROM t', 'FSC1020'],
    ['SELECT sum(a) OVER FROM t', 'FSC1020'],
    ['SELECT a FROM t JOIN u', 'FSC1028'],
    ['SELECT a FROM t SEMI JOIN u ON true', 'FSC1026'],
    ['SELECT a!=-1 AS b FROM t', 'FSC1008'],
    ['SELECT user FROM t WHERE order > 1', 'FSC1024'],
    ['INSERT INTO t VALUES (1)', 'FSC1026'],
  ])('%s is refused with %s', (text, code) => {
    const sink = new CollectingSink();
    expect(parseViewFile({ path: 'features/v/v1.sql', text }, sink)).toBeNull();
    expect(sink.diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
  });
});
