import { describe, expect, it } from 'vitest';
import { compileView, faultsOf } from './project.ts';

const A = (item: string, rest = ''): string => `SELECT usr, ${item} AS x FROM events ${rest} GROUP BY usr`;
const F = (condition: string): string => A(`count(*) FILTER (WHERE ${condition})`);
const B = (item: string): string => `SELECT usr, ${item} AS x FROM events`;
const OVER = 'OVER (PARTITION BY usr ORDER BY ts, id)';
const D = (join: string): string => `SELECT r.usr AS u, c FROM ask r ${join}`;

/** Smallest SQL that triggers the code; what the caret stands under. */
const CASES: readonly (readonly [code: string, sql: string, text: string])[] = [
  ['FSC2002', `-- @ownr me\n${A('count(*)')}`, 'ownr'],
  ['FSC2003', `-- @owner me\n-- @owner you\n${A('count(*)')}`, 'owner'],
  ['FSC2026', 'SELECT usr, count(*) AS "a b" FROM events GROUP BY usr', '"a b"'],
  ['FSC2027', 'SELECT usr, count(*) AS "user" FROM events GROUP BY usr', '"user"'],
  ['FSC2027', A('count(*)').replace('AS x', 'AS as_of'), 'as_of'],
  ['FSC2031', `${A('count(*)')}; COMMENT ON COLUMN t_v1.nope IS 'x'`, "COMMENT ON COLUMN t_v1.nope IS 'x'"],
  ['FSC3001', A('sum(amout)'), 'amout'],
  ['FSC3002', 'SELECT usr, count(*) AS x FROM evnts GROUP BY usr', 'evnts'],
  ['FSC3003', 'SELECT e.usr, count(*) AS x FROM events f GROUP BY f.usr', 'e'],
  ['FSC3004', A('sum(foo(n))'), 'foo'],
  ['FSC3005', 'SELECT c AS x FROM ask r JOIN one_v1 a ON a.usr = r.usr JOIN one_v1 b ON b.usr = r.usr', 'c'],
  ['FSC3006', 'SELECT usr, count(*) FROM events GROUP BY usr', 'count(*)'],
  ['FSC3007', 'SELECT usr, count(*) AS x, sum(n) AS x FROM events GROUP BY usr', 'x'],
  ['FSC3008', 'SELECT usr, count(*) AS n FROM events GROUP BY usr', 'n'],
  ['FSC3009', 'WITH a(p, q) AS (SELECT usr FROM events) SELECT p, count(*) AS x FROM a GROUP BY p', 'a'],
  ['FSC3102', A('count(*)', "WHERE ts > 'tomorrow'"), "'tomorrow'"],
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
  ['FSC3210', A('sum(DISTINCT n)'), 'sum(DISTINCT n)'],
  ['FSC3211', A('sum(n ORDER BY ts)'), 'sum(n ORDER BY ts)'],
  ['FSC3212', A('array_agg(n)'), 'array_agg(n)'],
  ['FSC3213', A('(array_agg(n ORDER BY ts DESC))[1]'), 'ts DESC'],
  ['FSC3213', A('(array_agg(n ORDER BY ts DESC, id))[1]'), 'ts DESC, id'],
  ['FSC3214', A('max(now())'), 'now()'],
  ['FSC3214', 'SELECT usr, count(*) AS x FROM events GROUP BY usr, now()', 'now()'],
  ['FSC3216', 'SELECT usr, n AS x FROM events HAVING n > 1', 'n > 1'],
  ['FSC3301', F('now() IS NOT NULL'), 'now() IS NOT NULL'],
  ['FSC3302', F("ts > now() - INTERVAL '1 month'"), "ts > now() - INTERVAL '1 month'"],
  [
    'FSC3302',
    F("ts + INTERVAL '1 year' > date_trunc('year', now())"),
    "ts + INTERVAL '1 year' > date_trunc('year', now())",
  ],
  ['FSC3303', F("ts > now() - INTERVAL '1 day' OR ok"), "ts > now() - INTERVAL '1 day' OR ok"],
  ['FSC3303', F("NOT (ts > now() - INTERVAL '1 day')"), "NOT (ts > now() - INTERVAL '1 day')"],
  ['FSC3304', F('due_at <= now()'), 'due_at <= now()'],
  ['FSC3305', F("ts > now() - n * INTERVAL '1 day'"), "ts > now() - n * INTERVAL '1 day'"],
  [
    'FSC3306',
    F("ts > now() - INTERVAL '1 day' AND ts < now() - INTERVAL '2 days'"),
    "ts > now() - INTERVAL '1 day' AND ts < now() - INTERVAL '2 days'",
  ],
  ['FSC3307', F('ts = now()'), 'ts = now()'],
  [
    'FSC3401',
    `SELECT usr, sum(n) ${OVER} AS x, sum(n) OVER (PARTITION BY id ORDER BY ts) AS y FROM events`,
    '(PARTITION BY id ORDER BY ts)',
  ],
  ['FSC3402', B('sum(n) OVER (ORDER BY ts)'), '(ORDER BY ts)'],
  ['FSC3403', B('sum(n) OVER (PARTITION BY usr ORDER BY n)'), 'n'],
  ['FSC3404', B('sum(n) OVER (PARTITION BY usr ORDER BY ts DESC)'), 'ts DESC'],
  ['FSC3405', B('sum(n) OVER (PARTITION BY usr ORDER BY ts ROWS 3 PRECEDING)'), 'ROWS 3 PRECEDING'],
  [
    'FSC3405',
    'SELECT usr, row_number() OVER (PARTITION BY usr ORDER BY ts) AS x FROM clicks',
    '(PARTITION BY usr ORDER BY ts)',
  ],
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
  ['FSC3408', B('sum(n) OVER (PARTITION BY usr ORDER BY ts GROUPS 3 PRECEDING)'), 'GROUPS 3 PRECEDING'],
  ['FSC3409', B("sum(n) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '1 month' PRECEDING)"), "INTERVAL '1 month'"],
  ['FSC3410', B('sum(n) OVER w'), 'w'],
  ['FSC3411', B(`lead(n) ${OVER}`), 'lead'],
  ['FSC3412', B(`count(DISTINCT n) ${OVER}`), `count(DISTINCT n) ${OVER}`],
  ['FSC3413', A(`sum(n) ${OVER}`), `sum(n) ${OVER}`],
  ['FSC3414', `SELECT sum(n) ${OVER} AS x FROM events`, 'usr'],
  ['FSC3415', B('max(now()) OVER (PARTITION BY usr ORDER BY ts)'), 'now()'],
  ['FSC3416', B(`lag(n, n) ${OVER}`), 'n'],
  ['FSC3417', B(`lag(n) FILTER (WHERE ok) ${OVER}`), 'ok'],
  [
    'FSC3418',
    `SELECT usr, sum(n) OVER (w PARTITION BY id) AS x FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts)`,
    '(w PARTITION BY id)',
  ],
  ['FSC3419', 'SELECT usr, n FROM events', 'SELECT usr, n FROM events'],
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
    'FSC3423',
    `SELECT usr, sum(n) OVER w AS x FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts), w AS (PARTITION BY usr ORDER BY ts)`,
    'w',
  ],
  [
    'FSC4002',
    'SELECT a.usr, count(*) AS x FROM events a JOIN clicks b ON a.usr = b.usr GROUP BY a.usr',
    'JOIN clicks b ON a.usr = b.usr',
  ],
  ['FSC4003', `${A('count(*)')} ORDER BY usr`, 'usr'],
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
  ['FSC4106', 'SELECT r.usr AS u FROM ask r JOIN one_v1 r ON r.usr = r.usr', 'one_v1 r'],
  ['FSC4107', 'SELECT count(*) AS x FROM ask', 'count(*)'],
  ['FSC4108', D('JOIN one_v1 a USING (usr)'), 'JOIN one_v1 a USING (usr)'],
  ['FSC5001', A('count(DISTINCT plan)'), 'count(DISTINCT plan)'],
  ['FSC5002', A('avg(score) > 1'), 'avg(score) > 1'],
];

describe('each fault of a view has its code and its smallest span', () => {
  it.each(CASES)('%s %s', (code, sql, text) => {
    expect(faultsOf(compileView(sql))).toContain(`${code} ${text}`);
  });
});
