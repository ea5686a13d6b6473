/** rules.md 16 to 20: tops of views, latest values, rows outside, unbounded state, request views. */
import { describe, expect, it } from 'vitest';
import { compileView, faultsOf } from '../compiler/project.ts';
import { machines } from './machines.ts';

const faults = (sql: string): readonly string[] => faultsOf(compileView(sql));
const A = (item: string, rest = ''): string => `SELECT usr, ${item} AS x FROM events ${rest} GROUP BY usr`;
const COUNT = A('count(*)');
const OVER = 'OVER (PARTITION BY usr ORDER BY ts, id)';

describe('rule 16: what a view may not have', () => {
  it.each([
    [`${COUNT} ORDER BY usr`, 'FSC4003 ORDER BY usr'],
    [`${COUNT} LIMIT 3`, 'FSC4004 LIMIT 3'],
    [`${COUNT} OFFSET 3`, 'FSC4004 OFFSET 3'],
    ['-- @entity usr\nSELECT DISTINCT usr, n FROM events', 'FSC4005 DISTINCT'],
    ['-- @entity usr\nSELECT DISTINCT ON (usr) usr, n FROM events', 'FSC4005 DISTINCT ON (usr)'],
    [A('sum(DISTINCT n)'), 'FSC3210 DISTINCT'],
    [A('avg(DISTINCT n)'), 'FSC3210 DISTINCT'],
    [A('max(DISTINCT n)'), 'FSC3210 DISTINCT'],
    [A('(array_agg(DISTINCT n ORDER BY ts DESC, id DESC))[1]'), 'FSC3210 DISTINCT'],
    ['SELECT r.usr AS u FROM ask r ORDER BY 1', 'FSC4003 ORDER BY 1'],
    [
      'WITH a AS (SELECT usr, n FROM events ORDER BY ts LIMIT 3) SELECT usr, sum(n) AS x FROM a GROUP BY usr',
      'FSC4009 LIMIT 3',
    ],
  ])('%s', (sql, fault) => expect(faults(sql)).toContain(fault));
});

describe('rule 17: the latest value', () => {
  it.each([
    [A('(array_agg(n))[1]'), 'FSC3213 array_agg(n)'],
    [A('(array_agg(n ORDER BY ts DESC))[1]'), 'FSC3213 ts DESC'],
    [A('(array_agg(n ORDER BY id DESC, ts DESC))[1]'), 'FSC3213 id DESC, ts DESC'],
    [A('(array_agg(n ORDER BY ts DESC, id))[1]'), 'FSC3213 ts DESC, id'],
    [A('(array_agg(n ORDER BY n DESC, id DESC))[1]'), 'FSC3213 n DESC, id DESC'],
    [A('(array_agg(n ORDER BY ts DESC, id DESC))[2]'), 'FSC3212 2'],
    [A('array_agg(n ORDER BY ts DESC, id DESC)'), 'FSC3212 array_agg(n ORDER BY ts DESC, id DESC)'],
    ['SELECT usr, (array_agg(n ORDER BY ts DESC))[1] AS x FROM clicks GROUP BY usr', 'FSC3213 ts DESC'],
    [
      'SELECT usr, first_value(n) OVER (PARTITION BY usr ORDER BY ts) AS x FROM events',
      'FSC3422 first_value(n) OVER (PARTITION BY usr ORDER BY ts)',
    ],
  ])('%s', (sql, fault) => expect(faults(sql)).toEqual([fault]));

  const files = {
    'features/sources/events.sql':
      '-- @event_time ts\nCREATE TABLE events (id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL, n integer);',
    'features/t/v1.sql': `SELECT usr, (array_agg(n ORDER BY ts DESC, id DESC))[1] AS newest,
      (array_agg(n ORDER BY ts, id))[1] AS oldest, (array_agg(n ORDER BY ts DESC, id DESC) FILTER (WHERE n IS NOT NULL))[1] AS known
      FROM events GROUP BY usr`,
    'features/r/v1.sql': `SELECT usr, first_value(n) ${OVER} AS f, last_value(n) ${OVER} AS l FROM events`,
  };
  it('takes NULL along, and decides ties by the key', async () => {
    const events =
      "(1, '2001-01-01', 'a', 7), (3, '2001-01-02', 'a', NULL), (2, '2001-01-02', 'a', 9), (4, '2001-01-01', 'b', 1)";
    const world = await machines(files, { events });
    expect(await world.rows('t_v1', '2001-01-03')).toEqual([
      ['a', 'NULL', '7', '9'],
      ['b', '1', '1', '1'],
    ]);
    expect(await world.rows('r_v1', '2001-01-03')).toEqual([
      ['a', '7', 'NULL'],
      ['b', '1', '1'],
    ]);
  });
});

describe('rule 18: rows', () => {
  const source =
    '-- @event_time ts\nCREATE TABLE events (id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL, n integer);';
  it("an entity's latest row stays until WHERE expires it, and begins when WHERE lets it", async () => {
    const view =
      "-- @entity usr\nSELECT usr, n FROM events WHERE ts > now() - INTERVAL '1 day' AND ts <= now() - INTERVAL '1 hour'";
    const events = "(1, '2001-01-01 00:00', 'a', 1), (2, '2001-01-01 12:00', 'a', 2)";
    const world = await machines({ 'features/sources/events.sql': source, 'features/t/v1.sql': view }, { events });
    expect(await world.rows('t_v1', '2001-01-01 00:59:59')).toEqual([]);
    expect(await world.rows('t_v1', '2001-01-01 01:00')).toEqual([['a', '1']]);
    expect(await world.rows('t_v1', '2001-01-01 12:59:59')).toEqual([['a', '1']]);
    expect(await world.rows('t_v1', '2001-01-01 13:00')).toEqual([['a', '2']]);
    expect(await world.rows('t_v1', '2001-01-02 11:59:59')).toEqual([['a', '2']]);
    expect(await world.rows('t_v1', '2001-01-02 12:00')).toEqual([]);
  });

  it('a RANGE frame that ends at CURRENT ROW includes ties', async () => {
    const view =
      "SELECT usr, sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '1 hour' PRECEDING) AS x FROM events";
    const events =
      "(1, '2001-01-01 00:00', 'a', 1), (2, '2001-01-01 01:00', 'a', 10), (3, '2001-01-01 01:00', 'a', 100)";
    const world = await machines({ 'features/sources/events.sql': source, 'features/t/v1.sql': view }, { events });
    expect(await world.rows('t_v1', '2001-01-01 01:00')).toEqual([['a', '111']]);
  });
});

describe('rule 19: unbounded state', () => {
  it.each([
    [A('count(DISTINCT plan)'), 'FSC5001 count(DISTINCT plan)'],
    [A('count(DISTINCT plan) FILTER (WHERE ok)'), 'FSC5001 count(DISTINCT plan) FILTER (WHERE ok)'],
    [
      A("count(DISTINCT plan) FILTER (WHERE ts < now() - INTERVAL '1 day')"),
      "FSC5001 count(DISTINCT plan) FILTER (WHERE ts < now() - INTERVAL '1 day')",
    ],
  ])('%s', (sql, fault) => expect(faults(sql)).toEqual([fault]));

  it.each([
    A('count(DISTINCT ok)'),
    A("count(DISTINCT plan) FILTER (WHERE ts > now() - INTERVAL '1 day')"),
    A('count(DISTINCT plan)', "WHERE ts > now() - INTERVAL '1 day'"),
    `-- @allow_unbounded_state\n${A('count(DISTINCT plan)')}`,
    A('max(n) + min(n) + count(*)'),
    `SELECT usr, max(n) ${OVER} AS x FROM events`,
  ])('%s is bounded', (sql) => expect(faults(sql)).toEqual([]));

  it('keys never count: explain says that entities are remembered, and proposes WHERE', () => {
    const notes = (sql: string): readonly string[] =>
      compileView(sql).plan?.views.find(({ spec }) => spec.name === 't_v1')?.spec.stateNotes ?? [];
    expect(notes(A("count(*) FILTER (WHERE ts > now() - INTERVAL '1 day')")).join()).toMatch(
      /every entity for ever.*window in WHERE/,
    );
    expect(notes(A('count(*)', "WHERE ts > now() - INTERVAL '1 day'")).join()).not.toMatch(/for ever/);
  });
});

describe('rule 20: request views', () => {
  const D = (join: string, rest = ''): string => `SELECT r.usr AS u, r.n FROM ask r ${join} ${rest}`;
  it.each([
    [D('FULL JOIN one_v1 a ON a.usr = r.usr'), 'FSC4101 FULL JOIN'],
    [D('RIGHT JOIN one_v1 a ON a.usr = r.usr'), 'FSC4101 RIGHT JOIN'],
    [D('CROSS JOIN one_v1 a'), 'FSC4101 CROSS JOIN'],
    [D('NATURAL JOIN one_v1 a'), 'FSC4101 NATURAL JOIN'],
    [D(', one_v1 a'), 'FSC4101 ,'],
    [D('JOIN (SELECT usr FROM events) a ON a.usr = r.usr'), 'FSC4101 (SELECT usr FROM events) a'],
    ['WITH a AS (SELECT usr FROM events) SELECT r.usr AS u FROM ask r JOIN a ON a.usr = r.usr', 'FSC4101 a'],
    [D('LEFT JOIN LATERAL (SELECT usr FROM events) a ON true'), 'FSC4012 LATERAL'],
    [D('JOIN events a ON a.usr = r.usr'), 'FSC4102 events'],
    [D('JOIN base_v1 a ON a.usr = r.usr'), 'FSC4103 a.usr = r.usr'],
    [D('JOIN one_v1 a ON a.c = r.n'), 'FSC4104 a.c = r.n'],
    [D('JOIN one_v1 a ON a.usr = r.usr AND a.c > 1'), 'FSC4104 a.c > 1'],
    [D('JOIN one_v1 a ON a.usr = r.usr OR r.n = 1'), 'FSC4104 a.usr = r.usr OR r.n = 1'],
    [D('JOIN one_v1 a ON a.usr = r.usr AND a.usr = r.usr'), 'FSC4104 a.usr = r.usr'],
    [D('JOIN one_v1 a ON a.usr = r.n'), 'FSC4105 r.n'],
    [D('JOIN one_v1 a ON a.usr = r.usr JOIN one_v1 a ON a.usr = r.usr'), 'FSC4106 a'],
    ['SELECT r.usr AS u, max(r.n) AS x FROM ask r', 'FSC4107 max(r.n)'],
    [D('', 'GROUP BY r.usr, r.n'), 'FSC4107 r.usr, r.n'],
    [D('', 'HAVING r.n > 1'), 'FSC4107 r.n > 1'],
    [D('JOIN one_v1 a USING (usr)'), 'FSC4108 USING (usr)'],
    [D('JOIN t_v1 a ON a.u = r.usr'), 'FSC4109 t_v1'],
    [D('JOIN one a ON a.usr = r.usr'), 'FSC3002 one'],
    [D('JOIN one_v9 a ON a.usr = r.usr'), 'FSC3002 one_v9'],
    [D('JOIN main.one_v1 a ON a.usr = r.usr'), 'FSC4010 main'],
    ['SELECT usr FROM ask r JOIN one_v1 a ON a.usr = r.usr', 'FSC3005 usr'],
    [`SELECT r.usr AS u, sum(r.n) ${OVER} AS x FROM ask r`, `FSC3413 ${OVER.slice(5)}`],
    ['-- @entity usr\nSELECT usr FROM ask', 'FSC3420 @entity usr'],
  ])('%s', (sql, fault) => expect(faults(sql)).toContain(fault));

  const files = {
    'features/sources/events.sql':
      '-- @event_time ts\nCREATE TABLE events (id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL, shop text NOT NULL, n integer);',
    'features/sources/ask.sql':
      '-- @kind request\nCREATE TABLE ask (usr text NOT NULL, shop text, other text, amount decimal(12,2));',
    'features/by_usr/v1.sql': 'SELECT usr, count(*) AS c, sum(n) AS s FROM events GROUP BY usr',
    'features/pair/v1.sql':
      "SELECT usr, shop, count(*) FILTER (WHERE ts > now() - INTERVAL '1 day') AS c FROM events GROUP BY usr, shop",
    'features/t/v1.sql': `SELECT r.usr, coalesce(a.c, 0) AS mine, coalesce(b.c, 0) AS others, p.c AS pair, r.amount / nullif(a.s, 0) AS ratio
      FROM ask r LEFT JOIN by_usr_v1 a ON a.usr = r.usr LEFT JOIN by_usr_v1 b ON r.other = b.usr
      LEFT JOIN pair_v1 p ON p.shop = r.shop AND p.usr = r.usr`,
  };
  it('join any number of views on their full keys, the same view twice, all at one instant', async () => {
    const world = await machines(files, {
      events:
        "(1, '2001-01-01 00:00', 'a', 'x', 2), (2, '2001-01-01 06:00', 'b', 'x', 5), (3, '2001-01-01 06:00', 'a', 'y', 2)",
      ask: "('a', 'x', 'b', 10.00), ('cold', 'x', 'a', 1.00), ('b', NULL, NULL, NULL)",
    });
    expect(await world.rows('t_v1', '2001-01-01 12:00')).toEqual([
      ['a', '2', '1', '1', '2.5'],
      ['b', '1', '0', 'NULL', 'NULL'],
      ['cold', '0', '2', 'NULL', 'NULL'],
    ]);
    expect(await world.rows('t_v1', '2001-01-02 00:00')).toEqual([
      ['a', '2', '1', '0', '2.5'],
      ['b', '1', '0', 'NULL', 'NULL'],
      ['cold', '0', '2', 'NULL', 'NULL'],
    ]);
  });
});
