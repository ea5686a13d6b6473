import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollectingSink } from '../../compiler/diagnostics/fault.ts';
import type { Expr } from '../../compiler/parse/ast.ts';
import { parseExpression, parseSourceFile, parseViewFile } from '../../compiler/parse/parse.ts';
import { mutated, mutation } from './mutations.ts';
import { sql } from './random-sql.ts';

const RUNS = Math.ceil(Number(process.env.FSC_RUNS ?? 2000) / 5);
const SEED = process.env.FSC_SEED === undefined ? {} : { seed: Number(process.env.FSC_SEED) };

const SOURCE = `-- @event_time ts
CREATE TABLE visits (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, n integer DEFAULT 0 CHECK (n > 0), PRIMARY KEY (id, ts));
COMMENT ON COLUMN visits.n IS 'it''s';`;
const VIEW = `-- @owner me
SELECT k, sum(x) FILTER (WHERE ts > now() - INTERVAL '7 days' AND "q r" LIKE 'a%') AS s,
  (array_agg(x ORDER BY ts DESC, id DESC))[1] AS l, CASE WHEN a THEN b ELSE -c::decimal(12, 2) END AS d
FROM visits v LEFT JOIN other_v1 AS o ON o.k = v.k
WHERE (a OR b) AND NOT c IS NULL GROUP BY k HAVING count(*) > 1`;

const PIECES = [
  "'",
  '"',
  '/*',
  '--',
  ',',
  ';',
  '$$',
  '\u0000',
  '\u2028',
  'SELECT',
  'AND',
  '::',
  '((((',
  '))',
  '\ud800',
  '\n-- @x',
  'IN (',
];

/** Parses both ways; the answer does not matter, that there is one does. */
function parseWithin(text: string, milliseconds: number): void {
  // Of this process: the machine may be busy with something else.
  const start = process.cpuUsage();
  const sink = new CollectingSink();
  const view = parseViewFile({ path: 'features/v/v1.sql', text }, sink);
  expect(view === null).toBe(sink.hasErrors());
  const faults = new CollectingSink();
  const source = parseSourceFile({ path: 'features/sources/s.sql', text }, faults);
  expect(source === null).toBe(faults.hasErrors());
  for (const { primary, secondary } of [...sink.diagnostics, ...faults.diagnostics]) {
    for (const { span } of [primary, ...secondary]) {
      expect(span.start).toBeLessThanOrEqual(span.end);
      expect(span.end).toBeLessThanOrEqual(text.length);
    }
  }
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(milliseconds);
}

const nest = (open: string, close: string, depth: number): string =>
  `SELECT ${open.repeat(depth)}a${close.repeat(depth)} AS x FROM t`;

describe('hostile text', () => {
  it.each([
    ['parentheses', nest('(', ')', 50_000)],
    ['open parentheses', `SELECT ${'('.repeat(100_000)}`],
    ['closing parentheses', `SELECT ${')'.repeat(100_000)}`],
    ['40 open parentheses in a clause', `SELECT a FROM t WHERE ${'('.repeat(40)}a`],
    ['NOT', nest('NOT ', '', 50_000)],
    ['signs', nest('- ', '', 50_000)],
    ['calls', nest('f(', ')', 20_000)],
    ['CASE', nest('CASE WHEN a THEN ', ' END', 20_000)],
    ['left-nested AND and OR', nest('((', ' AND b) OR c)', 40)],
    ['casts', `SELECT a${'::int'.repeat(20_000)} AS x FROM t`],
    ['subscripts', `SELECT a${'[1]'.repeat(20_000)} AS x FROM t`],
    ['sums', `SELECT a${' + b'.repeat(50_000)} AS x FROM t`],
    ['intervals', `SELECT ts${" + INTERVAL '1 day'".repeat(30)} AS x FROM t`],
    ['conjunction', `SELECT a FROM t WHERE a${' AND b = 1'.repeat(20_000)}`],
    ['list', `SELECT a FROM t WHERE a IN (1${', 1'.repeat(100_000)})`],
    ['items', `SELECT a${', b'.repeat(2_000)} FROM t`],
    ['subqueries', `SELECT a FROM ${'(SELECT a FROM '.repeat(5_000)}t${') x'.repeat(5_000)}`],
    [
      'CTEs',
      `WITH ${Array.from({ length: 300 }, (_, at) => `c${at} AS (SELECT a FROM t)`).join(', ')} SELECT a FROM c1`,
    ],
    ['one long string', `SELECT '${'x'.repeat(1_000_000)}' AS x FROM t`],
    ['comments', `SELECT a ${'/* '.repeat(200_000)}`],
    ['operators', `SELECT a ${'<'.repeat(500_000)} b FROM t`],
    ['commas', `SELECT ${','.repeat(100_000)} FROM t`],
    ['semicolons', ';'.repeat(200_000)],
    ['broken statements', '–;'.repeat(200_000)],
    ['foreign statements', 'x;'.repeat(100_000)],
    ['unmatched statements', 'a);'.repeat(60_000)],
    ['substring', `SELECT ${'substring('.repeat(2_000)}a${')'.repeat(2_000)} AS x FROM t`],
    ['joins', `SELECT a FROM t${' LEFT JOIN u ON a = b'.repeat(300)}`],
    ['digits', `SELECT ${'1'.repeat(500_000)} AS x FROM t`],
    ['foreign letters', `SELECT ${'é'.repeat(200_000)} AS x FROM t`],
  ])('%s: an answer within a second', (_, text) => parseWithin(text, 1000));

  it('spoilt files get an answer within a second', () => {
    const edits = fc.array(mutation(PIECES), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(SOURCE, VIEW), edits, (base, list) => parseWithin(mutated(base, list), 1000)),
      { numRuns: RUNS, ...SEED },
    );
  });

  it('unedited files have no fault', () => {
    const sink = new CollectingSink();
    expect(parseViewFile({ path: 'features/v/v1.sql', text: VIEW }, sink)).not.toBeNull();
    expect(
      parseSourceFile({ path: 'features/sources/s.sql', text: SOURCE }, sink)?.columns.map(
        (column) => column.name.name,
      ),
    ).toEqual(['id', 'ts', 'n']);
    expect(sink.diagnostics).toEqual([]);
  });
});

function walk(value: unknown, visit: (node: Expr) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('kind' in value && 'span' in value) visit(value as Expr);
  for (const child of Object.values(value)) walk(child, visit);
}

describe('spans', () => {
  it('of any node reads as that node again', () => {
    fc.assert(
      fc.property(sql.expr, (text) => {
        const root = parseExpression(text, new CollectingSink());
        walk(root, (node) => {
          if (
            !('kind' in node) ||
            ['named', 'inline', 'star'].includes(node.kind) ||
            /Preceding|Following|currentRow|preceding|following/.test(node.kind)
          )
            return;
          const { start, end } = node.span;
          const again = parseExpression(text.slice(start, end), new CollectingSink());
          expect(strip(again)).toEqual(strip(node));
        });
      }),
      { numRuns: RUNS, ...SEED },
    );
  });

  it('of names, operators and clauses are their own text', () => {
    const sink = new CollectingSink();
    const view = parseViewFile({ path: 'features/v/v1.sql', text: VIEW }, sink)!;
    const slice = (node: { readonly span: { readonly start: number; readonly end: number } }): string =>
      VIEW.slice(node.span.start, node.span.end);
    const { body } = view.query;
    expect(body.items.map((item) => item.alias?.name)).toEqual([undefined, 's', 'l', 'd']);
    expect(slice(body.items[2]!)).toBe('(array_agg(x ORDER BY ts DESC, id DESC))[1] AS l');
    expect(slice(body.joins[0]!)).toBe('LEFT JOIN other_v1 AS o ON o.k = v.k');
    expect(slice(body.where!)).toBe('(a OR b) AND NOT c IS NULL');
    expect(slice(view.tags[0]!)).toBe('@owner me');
  });
});

/** Without spans, which differ by where the text begins. */
function strip(node: unknown): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (/[sS]pan$/.test(key) ? undefined : value)));
}
