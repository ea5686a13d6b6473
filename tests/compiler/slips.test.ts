/** What people mistype: one fault, at its place, whose edit gives what was meant. */
import { describe, expect, it } from 'vitest';
import { applied } from '../../compiler/diagnostics/edits.ts';
import { type Compilation, compileProject } from '../../compiler/index.ts';
import { compileView } from './project.ts';

const A = (item: string, rest = ''): string => `SELECT usr, ${item} AS x FROM events ${rest}GROUP BY usr`;
const COUNT = A('count(*)');
const BY_TWO = A('count(*)', 'WHERE n > 0 ').replace('BY usr', 'BY usr, id').replace('usr,', 'usr, id,');
const DAY = "ts > now() - INTERVAL '1 day'";
const B = (item: string): string => `SELECT usr, ${item} AS x FROM events`;

/** Wrong, right. */
const VIEWS: readonly (readonly [string, string])[] = [
  ['SELECT usr count(*) AS x FROM events GROUP BY usr', 'SELECT usr, count(*) AS x FROM events GROUP BY usr'],
  [COUNT.replace('FROM', 'FORM'), COUNT],
  [COUNT.replace('SELECT', 'SELCT'), COUNT],
  [COUNT.replace('GROUP BY', 'GROUPBY'), COUNT],
  [COUNT.replace('GROUP BY', 'GROUP'), COUNT],
  [A('count(*)', 'WEHRE n > 1 '), A('count(*)', 'WHERE n > 1 ')],
  [A('count(*)', 'WHERE n =< 3 '), A('count(*)', 'WHERE n <= 3 ')],
  [A('count(*)', 'WHERE n == 3 '), A('count(*)', 'WHERE n = 3 ')],
  [A('count(*)', 'WHERE n !== 3 '), A('count(*)', 'WHERE n <> 3 ')],
  [A('count(*)', 'WHERE n !=-3 '), A('count(*)', 'WHERE n != -3 ')],
  [A('count(*)', 'WHERE plan = "gold" '), A('count(*)', "WHERE plan = 'gold' ")],
  [A('count(*) FILTER WHERE n > 1 AND n < 9'), A('count(*) FILTER (WHERE n > 1 AND n < 9)')],
  [A('count(*)', 'WHERE n '), A('count(*)', 'WHERE n <> 0 ')],
  [A('count(*)', "WHERE ts > NOW - INTERVAL '1 day' "), A('count(*)', "WHERE ts > now() - INTERVAL '1 day' ")],
  [A('count(*)', "WHERE ts > now(ts) - INTERVAL '1 day' "), A('count(*)', "WHERE ts > now() - INTERVAL '1 day' ")],
  [A('count(*)', 'WHERE ts <= CURRENT_TIMESTAMP(3) '), A('count(*)', 'WHERE ts <= now() ')],
  [A('count(*)', "WHERE ts > now() - '1 day' "), A('count(*)', "WHERE ts > now() - INTERVAL '1 day' ")],
  [A('count(*)', 'WHERE ts > now() - 7 '), A('count(*)', "WHERE ts > now() - INTERVAL '7 days' ")],
  [A('count(*)', 'WHERE ts > now() - INTERVAL 7 DAY '), A('count(*)', "WHERE ts > now() - INTERVAL '7 day' ")],
  [A('count(*)', 'WHERE ts > now() - 7d '), A('count(*)', "WHERE ts > now() - INTERVAL '7d' ")],
  [
    A('count(*)', "WHERE ts > now() - INTERVAL '1 month' "),
    A('count(*)', "WHERE ts > date_trunc('month', now()) - INTERVAL '1 month' "),
  ],
  [
    A('count(*)', "WHERE ts BETWEEN now() AND now() - INTERVAL '1 day' "),
    A('count(*)', "WHERE ts BETWEEN now() - INTERVAL '1 day' AND now() "),
  ],
  [
    A('count(*)', "WHERE date_trunc('day', ts) = date_trunc('day', now()) "),
    A('count(*)', "WHERE ts >= date_trunc('day', now()) "),
  ],
  [
    A('count(*)', "WHERE ts > date_trunc('day', now() - INTERVAL '1 day') "),
    A('count(*)', "WHERE ts > date_trunc('day', now()) - INTERVAL '1 day' "),
  ],
  [A('count(*)', "WHERE ts > now() - INTERVAL '1' WEEK "), A('count(*)', "WHERE ts > now() - INTERVAL '1 week' ")],
  [A('count(*)').replace('AS x', 'AS année'), A('count(*)').replace('AS x', 'AS annee')],
  [A('count(*)').replace('AS x', 'AS `x`'), COUNT],
  [A('count(*)').replace('AS x', 'AS x`'), COUNT],
  [A("max(E'it''s')"), A("max('it''s')")],
  [A('max(extract(hours FROM ts))'), A('max(extract(hour FROM ts))')],
  [A("max(date_part('Hours', ts))"), A("max(date_part('hour', ts))")],
  [A("max('a'\n'b')"), A("max('a' ||\n'b')")],
  [A('count(*)', 'WHERE n > 0 ').replace('BY usr', 'BY (usr, id)').replace('usr,', 'usr, id,'), BY_TWO],
  [A('count(*)', 'WHERE n > 0 ').replace('BY usr', 'BY ROW (usr, id)').replace('usr,', 'usr, id,'), BY_TWO],
  [A('count(*)', "WHERE ts >= date_trunc('hours', now()) "), A('count(*)', "WHERE ts >= date_trunc('hour', now()) ")],
  [A("max(date_trunc('hours', ts))"), A("max(date_trunc('hour', ts))")],
  [
    A('count(*)', "WHERE ts > now() - INTERVAL '3 hours' / 2 "),
    A('count(*)', "WHERE ts > now() - INTERVAL '90 minutes' "),
  ],
  [
    A('count(*)', "WHERE ts > now() - 1.5 * INTERVAL '1 day' "),
    A('count(*)', "WHERE ts > now() - INTERVAL '36 hours' "),
  ],
  [A('count(*) FILTER (n > 1)'), A('count(*) FILTER (WHERE n > 1)')],
  [A('sum(amout)'), A('sum(amount)')],
  [A('round(avg(amount)::numeric, 2)'), A('round(avg(amount) * 100) / 100')],
  [A('round(avg(amount), 2)'), A('round(avg(amount) * 100) / 100')],
  [A('1 + round(avg(amount) + 1, 1)'), A('1 + (round((avg(amount) + 1) * 10) / 10)')],
  [A('avg(amount)::numeric'), A('round(avg(amount) * 100) / 100')],
  [A('CAST(avg(amount) AS decimal(12,3))'), A('round(avg(amount) * 1000) / 1000')],
  [A('trunc(max(score), 0)'), A('trunc(max(score))')],
  [A('smu(n)'), A('sum(n)')],
  [A('countt(*)'), A('count(*)')],
  [A('sum(n) / count(*)'), A('sum(n) * 1.0 / count(*)')],
  [A('array_agg(n)'), A('(array_agg(n ORDER BY ts DESC, id DESC))[1]')],
  [A('(array_agg(n ORDER BY ts DESC))[1]'), A('(array_agg(n ORDER BY ts DESC, id DESC))[1]')],
  [A('array_agg(n ORDER BY ts DESC, id DESC)[1]'), A('(array_agg(n ORDER BY ts DESC, id DESC))[1]')],
  [A(`sum(CASE WHEN ${DAY} THEN n END)`), A(`sum(n) FILTER (WHERE ${DAY})`)],
  [A(`sum(CASE WHEN ${DAY} AND ok THEN n + 1 ELSE NULL END)`), A(`sum(n + 1) FILTER (WHERE ${DAY} AND ok)`)],
  [A(`sum(CASE WHEN ${DAY}\n  THEN n ELSE 0 END)`), A(`coalesce(sum(n) FILTER (WHERE ${DAY}), 0)`)],
  [A(`sum(CASE WHEN ${DAY} THEN 1 ELSE 0 END)`), A(`count(*) FILTER (WHERE ${DAY})`)],
  [A(`count(CASE WHEN ${DAY} THEN 1 END)`), A(`count(*) FILTER (WHERE ${DAY})`)],
  [A(`count(DISTINCT CASE WHEN ${DAY} THEN plan END)`), A(`count(DISTINCT plan) FILTER (WHERE ${DAY})`)],
  [
    A(`max(CASE WHEN ${DAY} THEN n END) FILTER (WHERE ok OR n > 1)`),
    A(`max(n) FILTER (WHERE (ok OR n > 1) AND ${DAY})`),
  ],
  [A('(array_agg(n ORDER BY ts DESC, id DESC, plan))[1]'), A('(array_agg(n ORDER BY ts DESC, id DESC))[1]')],
  [A('arg_max(plan, ts)'), A('(array_agg(plan ORDER BY ts DESC, id DESC))[1]')],
  [A('first(n)'), A('(array_agg(n ORDER BY ts, id))[1]')],
  ["SELECT usr, count(*) AS 'x' FROM events GROUP BY usr", COUNT],
  ['SELECT usr, count(*) AS x, FROM events GROUP BY usr', COUNT],
  ['SELECT usr, count(*) AS x FROM events', COUNT],
  ['SELECT usr, count(*) AS x FROM events GROUP BY 1', COUNT],
  ['SELECT count(*) AS x FROM events GROUP BY usr', COUNT],
  ['SELECT usr, count(*) AS x FROM evnts GROUP BY usr', COUNT],
  ['SELECT usr, count(*) AS x FROM main.events GROUP BY usr', COUNT],
  [`${COUNT} ORDER BY x DESC`, COUNT],
  [`${COUNT} LIMIT 10`, COUNT],
  [
    'SELECT plan, count(*) AS x FROM events GROUP BY plan',
    'SELECT plan, count(*) AS x FROM events WHERE plan IS NOT NULL GROUP BY plan',
  ],
  ['SELECT usr, n FROM events', '-- @entity usr\nSELECT usr, n FROM events'],
  ['SELECT * FROM events', '-- @entity usr\nSELECT * FROM events'],
  ['SELECT id, ts, n, usr FROM events', '-- @entity usr\nSELECT id, ts, n, usr FROM events'],
  ['-- @ownr me\n-- @entity usr\nSELECT usr, n FROM events', '-- @owner me\n-- @entity usr\nSELECT usr, n FROM events'],
  [B('sum(n) OVER (PARTITION BY usr ORDER BY ts DESC)'), B('sum(n) OVER (PARTITION BY usr ORDER BY ts)')],
  [
    B('lag(n) RESPECT NULLS OVER (PARTITION BY usr ORDER BY ts, id)'),
    B('lag(n) OVER (PARTITION BY usr ORDER BY ts, id)'),
  ],
  [B('lag(n) OVER (PARTITION BY usr)'), B('lag(n) OVER (PARTITION BY usr ORDER BY ts, id)')],
  [B('sum(n) OVER (PARTITION BY usr)'), B('sum(n) OVER (PARTITION BY usr ORDER BY ts)')],
  [
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts ROWS_RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW)"),
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW)"),
  ],
  [B('lag(n) OVER (PARTITION BY usr ORDER BY ts)'), B('lag(n) OVER (PARTITION BY usr ORDER BY ts, id)')],
  [
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts ROWS INTERVAL '1 day' PRECEDING)"),
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '1 day' PRECEDING)"),
  ],
  [
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id RANGE 3 PRECEDING)'),
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id ROWS 3 PRECEDING)'),
  ],
  [
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE '1 day' PRECEDING)"),
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '1 day' PRECEDING)"),
  ],
  [
    B(
      "sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND INTERVAL '1 day' FOLLOWING)",
    ),
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW)"),
  ],
  [B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id, plan, n)'), B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id)')],
  [
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id ROWS BETWEEN 3 PRECEDING AND 0 FOLLOWING)'),
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)'),
  ],
  [
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '3 hours' / 2 PRECEDING)"),
    B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '90 minutes' PRECEDING)"),
  ],
  [B('sum(sum(n)) OVER (PARTITION BY usr ORDER BY ts, id)'), B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id)')],
  [
    'WITH RECURSIVE a AS (SELECT usr FROM events), b AS (SELECT usr FROM a) SELECT usr, count(*) AS x FROM b GROUP BY usr',
    'WITH a AS (SELECT usr FROM events), b AS (SELECT usr FROM a) SELECT usr, count(*) AS x FROM b GROUP BY usr',
  ],
  [
    'SELECT r.usr AS u, a.c FROM ask r JOIN one_v1 a USING (usr)',
    'SELECT r.usr AS u, a.c FROM ask r JOIN one_v1 a ON a.usr = r.usr',
  ],
  [
    'SELECT r.usr AS u, a.c FROM ask r JOIN one a ON a.usr = r.usr',
    'SELECT r.usr AS u, a.c FROM ask r JOIN one_v1 a ON a.usr = r.usr',
  ],
  [
    'SELECT usr, a.c FROM ask r JOIN one_v1 a ON a.usr = r.usr',
    'SELECT r.usr, a.c FROM ask r JOIN one_v1 a ON a.usr = r.usr',
  ],
  [
    'SELECT r.usr AS u, a.c FROM ask r JOIN one_v1 a ON a.usr = r.n',
    'SELECT r.usr AS u, a.c FROM ask r JOIN one_v1 a ON a.usr = CAST(r.n AS text)',
  ],
];

const S = (columns: string, tags = '-- @event_time ts\n'): string => `${tags}CREATE TABLE s (${columns});`;
const SOURCES: readonly (readonly [string, string])[] = [
  [
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL', '-- @event_tim ts\n'),
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL'),
  ],
  [S('id bigint PRIMARY KEY, ts timestamp NOT NULL', ''), S('id bigint PRIMARY KEY, ts timestamp NOT NULL')],
  [
    S('id bigint PRIMARY KEY, eventTime timestamp NOT NULL', '-- @event_time eventTime\n'),
    S(
      'id bigint PRIMARY KEY, eventTime timestamp NOT NULL',
      '-- @from eventtime eventTime\n-- @event_time eventtime\n',
    ),
  ],
  [
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL', '-- @event_time TS\n'),
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL'),
  ],
  [S('id bigint PRIMARY KEY, ts timestamp'), S('id bigint PRIMARY KEY, ts timestamp NOT NULL')],
  [S('id bigint PRIMARY KEY, ts datetime NOT NULL'), S('id bigint PRIMARY KEY, ts timestamp NOT NULL')],
  [S('id bigint PRIMARY KEY, ts date NOT NULL'), S('id bigint PRIMARY KEY, ts timestamp NOT NULL')],
  [
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL, n numeric'),
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL, n decimal(12,2)'),
  ],
  [S('id bigint PRIMARY KEY ts timestamp NOT NULL'), S('id bigint PRIMARY KEY, ts timestamp NOT NULL')],
  [S('id bigint PRIMARY KEY, ts timestamp NOT NULL,'), S('id bigint PRIMARY KEY, ts timestamp NOT NULL')],
  [S('ts timestamp NOT NULL'), S('ts timestamp NOT NULL', '-- @key none\n-- @event_time ts\n')],
  [
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL').replace('TABLE s', 'TABLE t'),
    S('id bigint PRIMARY KEY, ts timestamp NOT NULL'),
  ],
];
const compileSource = (sql: string): Compilation => compileProject(new Map([['features/sources/s.sql', sql]]));

describe.each([
  ['views', VIEWS, compileView],
  ['sources', SOURCES, compileSource],
] as const)('%s', (_, cases, compile) => {
  it.each(cases)('%s', (wrong, right) => {
    const errors = (sql: string) => compile(sql).diagnostics.filter(({ severity }) => severity === 'error');
    const [fault, ...more] = errors(wrong);
    expect(more).toEqual([]);
    expect(applied(wrong, fault?.help.flatMap(({ edits }) => edits) ?? [])).toBe(right);
    expect(errors(right)).toEqual([]);
  });
});

describe('what no edit is known for says so by its place', () => {
  it.each([
    ['SELECT usr, count(*) AS FROM events GROUP BY usr', 'FROM', 'expected a name after `AS`'],
    ['SELECT usr, count(*) AS FROM (SELECT usr FROM events) q GROUP BY usr', 'FROM', 'expected a name after `AS`'],
    ['SELECT usr, count DISTINCT (plan) AS x FROM events GROUP BY usr', 'DISTINCT', 'expected `,`, `AS` or `FROM`'],
    [A('count(*) AS y FILTER (WHERE n > 1)'), 'FILTER', 'expected `,` or `FROM`'],
  ])('%s', (sql, at, label) => {
    const found = compileView(sql).diagnostics.map(({ code, primary, help }) => [
      code,
      sql.slice(primary.span.start, primary.span.end),
      primary.text,
      help.flatMap(({ edits }) => edits),
    ]);
    expect(found).toEqual([['FSC1020', at, label, []]]);
  });

  it('an output may still be called `from`', () => {
    expect(
      compileView('SELECT usr, count(*) AS from FROM events GROUP BY usr').diagnostics.map(({ code }) => code),
    ).toEqual(['FSC2027']);
  });
});
