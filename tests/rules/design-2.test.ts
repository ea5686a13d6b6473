/** design.md section 2: what a user writes. Shapes A, B and D are in shapes.test.ts; names and tags of sources in tests/compiler. */
import { describe, expect, it } from 'vitest';
import { compileSource, compileView, faultsOf } from '../compiler/project.ts';

describe('each has a code of its own', () => {
  const source = (column: string) =>
    compileSource(`-- @event_time ts\nCREATE TABLE s (id bigint PRIMARY KEY, ts timestamp NOT NULL, ${column});`);
  const view = (item: string) => compileView(`SELECT usr, ${item} AS x FROM events`);
  const grouped = (item: string) => compileView(`SELECT usr, ${item} AS x FROM events GROUP BY usr`);
  const cases = [
    [
      'a frame that looks into the future',
      view("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN CURRENT ROW AND INTERVAL '1 day' FOLLOWING)"),
    ],
    ['integer / integer', grouped('sum(n) / count(*)')],
    ['random()', grouped('random()')],
    ['an order that leaves ties undecided', view('row_number() OVER (PARTITION BY usr ORDER BY ts)')],
    [
      'PARTITION BY of two different keys',
      view('sum(n) OVER (PARTITION BY usr ORDER BY ts) + sum(n) OVER (PARTITION BY id ORDER BY ts)'),
    ],
    ['a bare numeric', source('n numeric')],
    ['precision over 38', source('n decimal(39, 2)')],
    ['months from an untruncated bound', grouped("count(*) FILTER (WHERE ts > now() - INTERVAL '1 month')")],
    ['anything else about now() inside an aggregate', grouped('max(now())')],
    ['a source of kind table', compileSource('-- @kind table\nCREATE TABLE s (id bigint PRIMARY KEY);')],
  ] as const;
  it.each(cases)('%s', (_, compilation) => {
    const [fault, ...more] = compilation.diagnostics.filter(({ severity }) => severity === 'error');
    expect(more).toEqual([]);
    expect(fault?.code).toMatch(/^FSC[2-5]\d{3}$/);
  });
  it('and none is shared', () => {
    const codes = cases.map(([, { diagnostics }]) => diagnostics[0]?.code);
    expect(new Set(codes).size).toBe(cases.length);
  });
});

describe('shape C is told, with what to write instead', () => {
  it.each([
    [
      'SELECT e.usr, p.n FROM events e LEFT JOIN LATERAL (SELECT n FROM clicks c WHERE c.usr = e.usr ORDER BY c.ts DESC LIMIT 1) p ON true',
      'FSC4012 LEFT JOIN',
    ],
    ['SELECT e.usr, count(*) AS x FROM events e JOIN clicks c ON c.usr = e.usr GROUP BY e.usr', 'FSC4002 JOIN'],
    [
      'SELECT usr, count(*) AS x FROM (SELECT usr, ts FROM events UNION ALL SELECT usr, ts FROM clicks) q GROUP BY usr',
      'FSC4001 UNION ALL',
    ],
    [
      'SELECT usr, count(*) AS x FROM events GROUP BY usr UNION ALL SELECT usr, count(*) AS x FROM clicks GROUP BY usr',
      'FSC4001 UNION ALL',
    ],
    ['SELECT usr, max(c) AS x FROM one_v1 GROUP BY usr', 'FSC4007 one_v1'],
    ['SELECT e.usr, count(*) AS x FROM events e JOIN one_v1 o ON o.usr = e.usr GROUP BY e.usr', 'FSC4002 JOIN'],
  ])('%s', (sql, fault) => {
    const compilation = compileView(sql);
    expect(faultsOf(compilation)).toEqual([fault]);
    expect(compilation.diagnostics[0]?.help[0]?.text).toMatch(/request view/);
  });
});
