import { describe, expect, it } from 'vitest';
import { compileView, faultsOf, unmended } from './project.ts';

const A = (item: string, rest = ''): string => `SELECT usr, ${item} AS x FROM events ${rest} GROUP BY usr`;
const F = (condition: string): string => A(`count(*) FILTER (WHERE ${condition})`);
const B = (item: string): string => `SELECT usr, ${item} AS x FROM events`;
const OVER = 'OVER (PARTITION BY usr ORDER BY ts, id)';
/** Each CTE doubles what the one before it computes. */
const GROWING = `WITH ${Array.from({ length: 40 }, (_, i) => `c${i} AS (SELECT usr, ${i === 0 ? 'n + n' : 'v + v'} AS v FROM ${i === 0 ? 'events' : `c${i - 1}`})`).join(', ')} SELECT usr, max(v) AS x FROM c39 GROUP BY usr`;
const FINE = 'CAST(n AS decimal(38,20))';
const D = (join: string): string => `SELECT r.usr AS u, c FROM ask r ${join}`;

/** Smallest SQL that triggers the code; what the caret stands under. */
const CASES: readonly (readonly [code: string, sql: string, text: string])[] = [
  ['FSC1005', F('ts > now() - INTERVAL 12h'), '12h'],
  ['FSC2002', `-- @ownr me\n${A('count(*)')}`, 'ownr'],
  ['FSC2003', `-- @owner me\n-- @owner you\n${A('count(*)')}`, 'owner'],
  ['FSC2026', 'SELECT usr, count(*) AS "a b" FROM events GROUP BY usr', '"a b"'],
  ['FSC2027', 'SELECT usr, count(*) AS "user" FROM events GROUP BY usr', '"user"'],
  ['FSC2027', A('count(*)').replace('AS x', 'AS as_of'), 'as_of'],
  ['FSC2031', `${A('count(*)')}; COMMENT ON COLUMN t_v1.nope IS 'x'`, 'nope'],
  ['FSC3001', A('sum(amout)'), 'amout'],
  ['FSC3002', 'SELECT usr, count(*) AS x FROM evnts GROUP BY usr', 'evnts'],
  ['FSC3003', 'SELECT e.usr, count(*) AS x FROM events f GROUP BY f.usr', 'e'],
  ['FSC3004', A('sum(foo(n))'), 'foo'],
  ['FSC3004', A('median(n)'), 'median'],
  ['FSC3112', A('random()'), 'random'],
  ['FSC3424', B('lag(n)'), 'lag'],
  ['FSC3425', `${B('sum(n) OVER (v ROWS 1 PRECEDING)')} WINDOW w AS (PARTITION BY usr), v AS (w ORDER BY ts, id)`, 'v'],
  ['FSC3005', 'SELECT c AS x FROM ask r JOIN one_v1 a ON a.usr = r.usr JOIN one_v1 b ON b.usr = r.usr', 'c'],
  ['FSC3006', 'SELECT usr, count(*) FROM events GROUP BY usr', 'count(*)'],
  ['FSC3007', 'SELECT usr, count(*) AS x, sum(n) AS x FROM events GROUP BY usr', 'x'],
  ['FSC3008', 'SELECT usr, count(*) AS n FROM events GROUP BY usr', 'n'],
  ['FSC3009', 'WITH a(p, q) AS (SELECT usr FROM events) SELECT p, count(*) AS x FROM a GROUP BY p', 'p, q'],
  ['FSC3011', A(`max(${FINE} * ${FINE})`), `${FINE} * ${FINE}`],
  ['FSC3012', A('max(substr(plan, 0))'), '0'],
  ['FSC3012', A('max(substr(plan, 1, -1))'), '-1'],
  ['FSC3013', A("max(plan LIKE 'a\\\\%')"), "'a\\\\%'"],
  ['FSC3014', A("max(date_trunc('decade', ts))"), "'decade'"],
  ['FSC3015', A('max(extract(second FROM ts))'), 'second'],
  ['FSC3016', A('max(coalesce(CAST(n AS decimal(38,0)), CAST(n AS decimal(38,38))))'), 'CAST(n AS decimal(38,38))'],
  ['FSC3017', A("max(CAST(ts AS timestamptz) - INTERVAL '1 month 3 hours')"), "INTERVAL '1 month 3 hours'"],
  ['FSC3017', A("max(INTERVAL '-1 month 3 hours' + CAST(ts AS timestamptz))"), "INTERVAL '-1 month 3 hours'"],
  ['FSC3018', A("max(ts + CASE WHEN ok THEN INTERVAL '1 year' ELSE INTERVAL '360 days' END)"), "INTERVAL '360 days'"],
  ['FSC3102', A('count(*)', "WHERE ts > 'tomorrow'"), "'tomorrow'"],
  ['FSC3102', A('count(*)', "WHERE ts > '2001-01-01 00:00:00+02'"), "'2001-01-01 00:00:00+02'"],
  ['FSC3102', A('count(*)', "WHERE ts > TIMESTAMPTZ '2001-01-01 00:00+02'"), "TIMESTAMPTZ '2001-01-01 00:00+02'"],
  ['FSC3102', A("max(ts + INTERVAL '-1 day +2 hours')"), "INTERVAL '-1 day +2 hours'"],
  ['FSC3103', A('count(*)', 'WHERE n'), 'n'],
  ['FSC3104', A('max(CASE WHEN ok THEN n ELSE plan END)'), 'plan'],
  ['FSC3106', A('NULL'), 'NULL'],
  ['FSC3107', A('sum(n, n)'), 'sum(n, n)'],
  ['FSC3108', A("INTERVAL '1 day'"), "INTERVAL '1 day'"],
  ['FSC3109', A('max(CAST(plan AS varchar(3)))'), 'varchar(3)'],
  ['FSC3201', 'SELECT count(*) AS x FROM events', 'count(*)'],
  ['FSC3202', 'SELECT usr, count(*) AS x FROM events GROUP BY 1', '1'],
  ['FSC3203', 'SELECT count(*) AS x FROM events GROUP BY usr', 'usr'],
  ['FSC3204', 'SELECT usr, usr AS u, count(*) AS x FROM events GROUP BY usr', 'usr AS u'],
  ['FSC3205', 'SELECT plan, count(*) AS x FROM events GROUP BY plan', 'plan'],
  ['FSC3206', 'SELECT score, count(*) AS x FROM events WHERE score IS NOT NULL GROUP BY score', 'score'],
  ['FSC3207', A('n'), 'n'],
  ['FSC3208', A('sum(max(n))'), 'max(n)'],
  ['FSC3209', A('count(*)', 'WHERE count(*) > 1'), 'count(*)'],
  ['FSC3210', A('sum(DISTINCT n)'), 'DISTINCT'],
  ['FSC3211', A('sum(n ORDER BY ts)'), 'ts'],
  ['FSC3212', A('array_agg(n)'), 'array_agg(n)'],
  ['FSC3213', A('(array_agg(n ORDER BY ts DESC))[1]'), 'ts DESC'],
  ['FSC3213', A('(array_agg(n ORDER BY ts DESC, id))[1]'), 'ts DESC, id'],
  ['FSC3214', A('max(now())'), 'now()'],
  ['FSC3214', 'SELECT usr, count(*) AS x FROM events GROUP BY usr, now()', 'now()'],
  ['FSC3216', 'SELECT usr, n AS x FROM events HAVING n > 1', 'n > 1'],
  ['FSC3301', F('now() IS NOT NULL'), 'now()'],
  ['FSC3302', F("ts > now() - INTERVAL '1 month'"), "INTERVAL '1 month'"],
  ['FSC3302', F("ts + INTERVAL '1 year' > date_trunc('year', now())"), "INTERVAL '1 year'"],
  ['FSC3303', F("ts > now() - INTERVAL '1 day' OR ok"), "ts > now() - INTERVAL '1 day'"],
  ['FSC3303', F("NOT (ts > now() - INTERVAL '1 day')"), "ts > now() - INTERVAL '1 day'"],
  ['FSC3304', F('due_at <= now()'), 'due_at'],
  ['FSC3305', F("ts > now() - n * INTERVAL '1 day'"), 'n'],
  ['FSC3305', F('extract(epoch FROM now() - ts) < 60'), 'extract(epoch FROM now() - ts)'],
  ['FSC3305', F("date_trunc('day', ts) > now() - INTERVAL '1 day'"), "date_trunc('day', ts)"],
  ['FSC3305', F("ts > date_trunc('day', now() - INTERVAL '1 day')"), "date_trunc('day', now() - INTERVAL '1 day')"],
  ['FSC3306', F('ts > now()'), 'ts > now()'],
  ['FSC3306', F("ts > now() - INTERVAL '1 day' AND ts < now() - INTERVAL '2 days'"), "ts < now() - INTERVAL '2 days'"],
  ['FSC3307', F('ts = now()'), '='],
  [
    'FSC3401',
    `SELECT usr, sum(n) ${OVER} AS x, sum(n) OVER (PARTITION BY id ORDER BY ts) AS y FROM events`,
    '(PARTITION BY id ORDER BY ts)',
  ],
  ['FSC3402', B('sum(n) OVER (ORDER BY ts)'), '(ORDER BY ts)'],
  ['FSC3403', B('sum(n) OVER (PARTITION BY usr ORDER BY n)'), 'n'],
  ['FSC3404', B('sum(n) OVER (PARTITION BY usr ORDER BY ts DESC)'), 'ts DESC'],
  ['FSC3405', B('sum(n) OVER (PARTITION BY usr ORDER BY ts ROWS 3 PRECEDING)'), 'ts'],
  ['FSC3405', 'SELECT usr, row_number() OVER (PARTITION BY usr ORDER BY ts) AS x FROM clicks', 'ts'],
  [
    'FSC3108',
    B("extract(epoch FROM lag(ts - date_trunc('day', ts)) OVER (PARTITION BY usr ORDER BY ts, id))"),
    "ts - date_trunc('day', ts)",
  ],
  ['FSC3405', '-- @entity usr\nSELECT usr, coalesce(n, 0) AS x FROM clicks', 'n'],
  [
    'FSC3406',
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)'),
    '1 FOLLOWING',
  ],
  [
    'FSC3407',
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id ROWS 3 PRECEDING EXCLUDE CURRENT ROW)'),
    'EXCLUDE CURRENT ROW',
  ],
  ['FSC3408', B('sum(n) OVER (PARTITION BY usr ORDER BY ts GROUPS 3 PRECEDING)'), 'GROUPS'],
  ['FSC3409', B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '1 month' PRECEDING)"), "INTERVAL '1 month'"],
  ['FSC3410', B('sum(n) OVER w'), 'w'],
  ['FSC3411', B(`lead(n) ${OVER}`), 'lead'],
  ['FSC3412', B(`count(DISTINCT n) ${OVER}`), 'DISTINCT'],
  ['FSC3413', A(`sum(n) ${OVER}`), OVER.slice('OVER '.length)],
  ['FSC3414', `SELECT sum(n) ${OVER} AS x FROM events`, 'usr'],
  ['FSC3415', B('max(now()) OVER (PARTITION BY usr ORDER BY ts)'), 'now()'],
  ['FSC3416', B(`lag(n, n) ${OVER}`), 'n'],
  ['FSC3417', B(`lag(n) FILTER (WHERE ok) ${OVER}`), 'ok'],
  [
    'FSC3418',
    `SELECT usr, sum(n) OVER (w PARTITION BY id) AS x FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts)`,
    'w',
  ],
  ['FSC3419', 'SELECT usr, n FROM events', 'SELECT'],
  ['FSC3420', '-- @entity nope\nSELECT usr, n FROM events', 'nope'],
  [
    'FSC3421',
    B('sum(n) OVER (PARTITION BY usr ORDER BY ts, id ROWS BETWEEN 1 PRECEDING AND 3 PRECEDING)'),
    'ROWS BETWEEN 1 PRECEDING AND 3 PRECEDING',
  ],
  [
    'FSC3422',
    B('first_value(n) OVER (PARTITION BY usr ORDER BY ts)'),
    'first_value(n) OVER (PARTITION BY usr ORDER BY ts)',
  ],
  [
    'FSC3422',
    B("last_value(n) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND CURRENT ROW)"),
    "RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND CURRENT ROW",
  ],
  [
    'FSC3423',
    `SELECT usr, sum(n) OVER w AS x FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts), w AS (PARTITION BY usr ORDER BY ts)`,
    'w',
  ],
  ['FSC4002', 'SELECT a.usr, count(*) AS x FROM events a JOIN clicks b ON a.usr = b.usr GROUP BY a.usr', 'JOIN'],
  ['FSC4003', `${A('count(*)')} ORDER BY usr`, 'ORDER BY usr'],
  ['FSC4007', 'SELECT usr, max(c) AS x FROM one_v1 GROUP BY usr', 'one_v1'],
  [
    'FSC4009',
    'SELECT usr, max(c) AS x FROM (SELECT usr, count(*) AS c FROM events GROUP BY usr) s GROUP BY usr',
    'usr',
  ],
  ['FSC4013', 'SELECT * FROM events GROUP BY usr', '*'],
  ['FSC4101', D('FULL JOIN one_v1 a ON a.usr = r.usr'), 'FULL JOIN'],
  ['FSC4102', D('JOIN events a ON a.usr = r.usr'), 'events'],
  ['FSC4103', D('JOIN base_v1 a ON a.usr = r.usr'), 'a.usr = r.usr'],
  ['FSC4104', D('JOIN one_v1 a ON a.usr > r.usr'), 'a.usr > r.usr'],
  ['FSC4105', D('JOIN one_v1 a ON a.usr = r.n'), 'r.n'],
  ['FSC4106', 'SELECT r.usr AS u FROM ask r JOIN one_v1 r ON r.usr = r.usr', 'r'],
  ['FSC4107', 'SELECT count(*) AS x FROM ask', 'count(*)'],
  ['FSC4108', D('JOIN one_v1 a USING (usr)'), 'USING (usr)'],
  ['FSC3010', A('sum(n / n)'), 'n / n'],
  ['FSC3101', A('max(n + ok)'), 'n + ok'],
  ['FSC3105', A('max((usr)[1])'), '(usr)[1]'],
  ['FSC3110', A('max(123456789012345678901234567890123456789)'), '123456789012345678901234567890123456789'],
  ['FSC3215', 'SELECT usr, count(*) AS x FROM events GROUP BY ROLLUP (usr)', 'ROLLUP (usr)'],
  ['FSC4001', `${A('count(*)')} UNION ALL ${A('count(*)')}`, 'UNION ALL'],
  ['FSC4004', `${A('count(*)')} LIMIT 3`, 'LIMIT 3'],
  ['FSC4005', 'SELECT DISTINCT usr FROM events', 'DISTINCT'],
  ['FSC4006', 'SELECT 1 AS x', 'SELECT 1 AS x'],
  ['FSC4008', 'WITH RECURSIVE a AS (SELECT usr FROM events) SELECT usr, count(*) AS x FROM a GROUP BY usr', 'a'],
  ['FSC4010', 'SELECT usr, count(*) AS x FROM main.events GROUP BY usr', 'main'],
  ['FSC4011', 'SELECT usr, count(*) AS x FROM generate_series(1, 2) GROUP BY usr', 'generate_series(1, 2)'],
  ['FSC4012', D('LEFT JOIN LATERAL (SELECT usr FROM events e) a ON true'), 'LATERAL'],
  [
    'FSC4014',
    'WITH a AS (SELECT usr FROM events), a AS (SELECT usr FROM events) SELECT usr, count(*) AS x FROM a GROUP BY usr',
    'a',
  ],
  ['FSC4109', D('JOIN t_v1 a ON a.usr = r.usr'), 't_v1'],
  ['FSC5001', A('count(DISTINCT plan)'), 'count(DISTINCT plan)'],
  ['FSC5002', A('avg(score) > 1'), 'avg(score) > 1'],
  ['FSC5002', A('1.0 / nullif(stddev_samp(n) - 1, 0.0)'), 'nullif(stddev_samp(n) - 1, 0.0)'],
  ['FSC4015', GROWING, 'v + v'],
];

describe('each fault of a view has its code and its smallest span', () => {
  it.each(CASES)('%s %s', (code, sql, text) => {
    expect(faultsOf(compileView(sql))).toContain(`${code} ${text}`);
  });
});

describe('a help tells the edit', () => {
  const helps = (sql: string): readonly string[] =>
    compileView(sql).diagnostics.flatMap(({ help }) => help.map(({ text }) => text));

  it.each([
    ['of a window in CASE', A("avg(CASE WHEN ts > now() - INTERVAL '1 hour' THEN n ELSE 0 END)"), 'stands in FILTER'],
    [
      'of a window in CASE that a CTE holds',
      "WITH a AS (SELECT usr, CASE WHEN ts > now() - INTERVAL '1 day' THEN n END AS v FROM events) SELECT usr, sum(v) AS x FROM a GROUP BY usr",
      'sum(x) FILTER (WHERE ts > now()',
    ],
    ['of an interval that is added to a number', A("max(n) + INTERVAL '1 day'"), 'extract(epoch FROM x)'],
    ['of an instant with an offset', A("max(ts) > '2001-01-01 02:00:00+02'"), 'in UTC, without an offset'],
    [
      'of QUALIFY',
      'SELECT usr, n FROM events QUALIFY row_number() OVER (PARTITION BY usr ORDER BY ts) = 1',
      '@entity usr`',
    ],
    [
      'of the latest row in a subquery',
      'SELECT usr, n FROM (SELECT usr, n, row_number() OVER (PARTITION BY usr ORDER BY ts) AS r FROM events) s WHERE r = 1',
      '@entity usr`',
    ],
    ['of a length in no unit', F("ts > now() - INTERVAL '24 x'"), '`x` is no unit: write'],
    [
      'of a length of a frame in no unit',
      B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '7 x' PRECEDING)"),
      '`x` is no unit: write',
    ],
    [
      'of OpenMLDB’s frame',
      B('sum(n) OVER (PARTITION BY usr ORDER BY ts ROWS_RANGE 3 PRECEDING)'),
      '`RANGE BETWEEN INTERVAL',
    ],
    ['of the most frequent value', A('mode(plan)'), '(array_agg(plan ORDER BY ts DESC, id DESC))[1]'],
    ['of the value at the greatest of another column', A('arg_max(plan, n)'), 'by event time and key alone'],
    ['of an inexact average', A('avg(amount) > 100'), 'sum(x) > 100 * count(x)'],
    ['of an inexact quotient', A('sum(n) * 1.0 / sum(amount) > 3'), 'a > 100 * b'],
    ['of a sum of doubles', A('sum(score) > 100'), 'declare `score` decimal'],
    [
      'of a function that no column makes exact',
      A('stddev_samp(amount) > 100'),
      '`stddev_samp` is inexact of every column',
    ],
    ['of an inexact number that is rounded', A('round(avg(amount))'), 'leave the number unrounded'],
    ['of a divisor that is guarded', A('sum(n) / nullif(stddev_samp(amount), 0)'), 'leave `nullif` out'],
    ['of GROUP BY ALL', 'SELECT usr, count(*) AS x FROM events GROUP BY ALL', 'name the entity’s columns'],
    ['of a unit that nobody knows', F("ts > date_trunc('fortnight', now())"), '`week`, `month`'],
    ['of an aggregate in an aggregate', A('max(sum(n))'), 'write `sum(n)` alone'],
    ['of an aggregate in FILTER', F('n > avg(n)'), 'stands in HAVING'],
    [
      'of an aggregate in GROUP BY',
      'SELECT usr, count(*) AS x FROM events GROUP BY usr, sum(n)',
      'columns of the event',
    ],
    ['of a part of a month', F("ts > now() - INTERVAL '1 month' / 2"), ', such as `INTERVAL'],
    ['of a constant in GROUP BY', 'SELECT usr, count(*) AS x FROM events GROUP BY usr, NULL::integer', 'of GROUP BY'],
    [
      'of recursion, and nothing else',
      'WITH RECURSIVE a AS (SELECT usr FROM events UNION ALL SELECT usr FROM a) SELECT usr, count(*) AS x FROM a GROUP BY usr',
      'without RECURSIVE and UNION',
    ],
    ['of IGNORE NULLS, and nothing else', B(`lag(n) IGNORE NULLS ${OVER}`), 'FILTER (WHERE n IS NOT NULL))[1]`'],
    ['of IGNORE NULLS inside the call', B(`lag(n IGNORE NULLS) ${OVER}`), '`WHERE n IS NOT NULL`'],
    ['of a file in FROM', A('count(*)').replace('FROM events', "FROM 'data.csv'"), 'features/sources/<name>.sql'],
    ['of VALUES', A('count(*)').replace('FROM events', "FROM (VALUES ('a')) v"), '`x IN (…)`'],
    ['of a list after *', 'SELECT * EXCLUDE (n) FROM events', 'list the columns'],
    ['of a list after t.*', 'SELECT e.* EXCEPT (n) FROM events e', 'list the columns'],
    ['of an array’s element', A('max(ARRAY[n][1])'), 'write the element itself'],
    ['of a list', A('max([n, n])'), 'a column of its own'],
    ['of a string with an escape', A("max(E'it''s\\n')"), 'a quote in it doubled'],
    ['of a name without a plain form', A('count(*)').replace('AS x', 'AS 数'), '[a-z_][a-z0-9_]*'],
    [
      'of a rollup, and nothing else',
      'SELECT usr, plan, count(*) AS x FROM events GROUP BY ROLLUP (usr, plan)',
      'one view for each',
    ],
    [
      'of a condition in ON of a LEFT JOIN, which keeps the row of the request',
      D('LEFT JOIN one_v1 a ON a.usr = r.usr AND r.n > 1'),
      'ask anything else where a feature is taken, `CASE WHEN … THEN a.feature END`',
    ],
    ['of a condition in ON of a JOIN', D('JOIN one_v1 a ON a.usr = r.usr AND r.n > 1'), 'move anything else to WHERE'],
    ['of the end of a text', A('max(right(plan, 3))'), '`substr(x, CAST(greatest(1, length(x) - n + 1) AS integer))`'],
    ['of a cube root', A('max(cbrt(n))'), '`sign(x) * power(abs(x), 1.0 / 3)`'],
    ['of a day before the year 1', F("CAST(ts AS date) > DATE '0000-12-31'"), 'of the years 1 to 9999'],
  ])('%s', (_, sql, words) => expect(helps(sql)).toEqual([expect.stringContaining(words)]));
});

describe('what is taken', () => {
  it.each([
    [
      'units in any case',
      A("max(date_part('DOW', ts) + extract(QUARTER FROM ts))", "WHERE ts > date_trunc('DAY', now()) "),
    ],
    ['a unit in another case, which means the same', A("max(date_trunc('Day', ts))")],
    ['what stands for `right`', A('max(substr(plan, CAST(greatest(1, length(plan) - 3 + 1) AS integer)))')],
    ['what stands for `cbrt`', A('max(sign(n) * power(abs(n), 1.0 / 3))')],
    ...['id % 3', 'mod(id, -1)', 'greatest(n, 3)', 'least(id, n)', 'substr(usr, 1, 1)', 'substr(usr, 2)'].map((key) => [
      `the key ${key}, which is never NULL`,
      `SELECT usr, ${key} AS k, count(*) AS x FROM events GROUP BY usr, ${key}`,
    ]),
  ])('%s', (_, sql) => expect(faultsOf(compileView(sql))).toEqual([]));

  it.each(['id % 0', 'n % 3', 'id % n', 'greatest(n, n + 1)', 'substr(usr, n)', 'substr(plan, 1)'])(
    'not the key %s, which may be NULL',
    (key) => {
      const sql = `SELECT usr, ${key} AS k, count(*) AS x FROM events GROUP BY usr, ${key}`;
      expect(faultsOf(compileView(sql))).toEqual([`FSC3205 ${key}`]);
    },
  );
});

it('`==` is told as what one of the databases has', () => {
  const [diagnostic] = compileView(F('n == 1')).diagnostics;
  expect([diagnostic?.message, diagnostic?.cause]).toEqual([
    'equality is written `=`',
    expect.stringContaining('Postgres has no operator `==`'),
  ]);
});

describe('a cause tells why', () => {
  it.each([
    ['FETCH', `${A('count(*)')} FETCH FIRST 1 ROW ONLY`],
    ['FOR UPDATE', 'SELECT usr, n FROM events FOR UPDATE'],
    ['QUALIFY', 'SELECT usr, n FROM events QUALIFY row_number() OVER (PARTITION BY usr ORDER BY ts) = 1'],
    ['a comma at the end', 'SELECT usr, count(*) AS x, FROM events GROUP BY usr'],
    ['a string with escapes', A("max(E'a')")],
    ['a file in FROM', A('count(*)').replace('FROM events', "FROM 'data.csv'")],
  ])('of %s', (_, sql) => {
    expect(compileView(sql).diagnostics.map(({ cause }) => cause)).toEqual([expect.any(String)]);
  });
});

describe('a fault in a CTE is told once, however often its column is used', () => {
  it.each([
    [
      'FSC3001 nope',
      'WITH a AS (SELECT usr, nope AS v FROM events) SELECT usr, max(v) AS x, min(v) AS y FROM a GROUP BY usr',
    ],
    [
      'FSC3001 nope',
      'WITH a AS (SELECT usr, nope AS v FROM events), b AS (SELECT usr, v + 1 AS w FROM a) SELECT usr, max(w) AS x FROM b GROUP BY usr',
    ],
    ['FSC3003 z', 'WITH a AS (SELECT usr, z.n AS v FROM events) SELECT usr, max(v) AS x FROM a GROUP BY usr'],
    ['FSC4015 v + v', GROWING],
  ])('%s', (fault, sql) => expect(faultsOf(compileView(sql))).toEqual([fault]));
});

describe('the edit of a help mends its fault', () => {
  it.each(CASES)('%s %s', (_, sql) => expect(unmended(sql, compileView)).toEqual([]));
});
