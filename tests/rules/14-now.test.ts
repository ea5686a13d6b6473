/** rules.md 14 and 15: where now() may stand, and what a window is. */
import { describe, expect, it } from 'vitest';
import { windowKey } from '../../compiler/plan/instant-window.ts';
import { compileView, faultsOf } from '../compiler/project.ts';

const faults = (sql: string): readonly string[] => faultsOf(compileView(sql));
const A = (item: string, rest = ''): string => `SELECT usr, ${item} AS x FROM events ${rest} GROUP BY usr`;
const F = (condition: string): string => A(`count(*) FILTER (WHERE ${condition})`);
const B = (item: string, rest = ''): string => `-- @entity usr\nSELECT usr, ${item} AS x FROM events ${rest}`;
const DAY = 86_400_000_000;

describe('rule 14: now()', () => {
  it.each([
    F("ts > now() - INTERVAL '1 day'"),
    A('count(*)', "WHERE ok AND ts > now() - INTERVAL '1 day'"),
    B('n + 1', "WHERE ts > now() - INTERVAL '1 day'"),
    A("now() - max(ts) < INTERVAL '1 hour'"),
    A('extract(hour FROM now()) + count(*)'),
    `${A('count(*)')} HAVING max(ts) > now() - INTERVAL '1 month'`,
    B('extract(epoch FROM now() - ts)'),
    B('CASE WHEN now() > due_at THEN n END'),
    'SELECT usr, extract(epoch FROM now() - max(ts) OVER (PARTITION BY usr ORDER BY ts)) AS x FROM events',
    "SELECT r.usr AS u, now() AS t, a.c FROM ask r LEFT JOIN one_v1 a ON a.usr = r.usr WHERE now() > TIMESTAMP '2001-01-01'",
    // Without now() it is a plain predicate, inside OR too.
    F("ts > TIMESTAMP '2001-01-01' OR ok"),
    F('extract(hour FROM ts) BETWEEN 8 AND 17'),
    F('ts > due_at'),
  ])('may stand in %s', (sql) => expect(faults(sql)).toEqual([]));

  it.each([
    [A('max(now() - ts)'), 'FSC3214 now()'],
    [A('sum(CASE WHEN ts > now() THEN 1 ELSE 0 END)'), 'FSC3214 now()'],
    [A('(array_agg(now() ORDER BY ts DESC, id DESC))[1]'), 'FSC3214 now()'],
    ['SELECT usr, count(*) AS x FROM events GROUP BY usr, now()', 'FSC3214 now()'],
    ['SELECT usr, max(now()) OVER (PARTITION BY usr ORDER BY ts) AS x FROM events', 'FSC3415 now()'],
    [
      "SELECT usr, sum(n) FILTER (WHERE ts > now() - INTERVAL '1 day') OVER (PARTITION BY usr ORDER BY ts) AS x FROM events",
      'FSC3415 now()',
    ],
    ['SELECT usr, sum(n) OVER (PARTITION BY usr ORDER BY now()) AS x FROM events', 'FSC3415 now()'],
    [F('extract(hour FROM now()) > 3'), 'FSC3301 now()'],
    [F('(ts > now()) IS TRUE'), 'FSC3301 now()'],
    [F("ok = (ts > now() - INTERVAL '1 day')"), 'FSC3301 now()'],
    [A('count(*)', 'WHERE CASE WHEN ok THEN ts > now() ELSE false END'), 'FSC3301 now()'],
    [B('n + 1', 'WHERE now() IS NOT NULL'), 'FSC3301 now()'],
  ])('may not stand in %s', (sql, fault) => expect(faults(sql)).toEqual([fault]));

  it('is looked for after columns of CTEs and subqueries were written out', () => {
    const windowOf = (sql: string): string => {
      const view = compileView(sql).plan?.views.find(({ spec }) => spec.name === 't_v1');
      const slot = view?.kind === 'aggregate' ? view.slots[0] : undefined;
      return slot?.kind === 'aggregate' ? windowKey(slot.window) : '';
    };
    const direct = windowOf(F("ts > now() - INTERVAL '1 day'"));
    expect(direct).toBe(`(now0m-${DAY}us;)`);
    const aged =
      "WITH a AS (SELECT usr, now() - ts AS age FROM events) SELECT usr, count(*) FILTER (WHERE age < INTERVAL '1 day') AS x FROM a GROUP BY usr";
    const flagged =
      "SELECT usr, count(*) FILTER (WHERE is_new) AS x FROM (SELECT usr, ts > now() - INTERVAL '1 day' AS is_new FROM events) q GROUP BY usr";
    expect([windowOf(aged), windowOf(flagged)]).toEqual([direct, direct]);
    expect(faults('SELECT usr, max(age) AS x FROM (SELECT usr, now() - ts AS age FROM events) q GROUP BY usr')).toEqual(
      ['FSC3214 now()'],
    );
  });
});

describe('rule 15: windows', () => {
  it.each([
    [F('due_at <= now()'), 'FSC3304 due_at'],
    [F("due_at <= now() AND due_at > now() - INTERVAL '1 day'"), 'FSC3304 due_at'],
    [F("ts > now() - INTERVAL '1 month'"), "FSC3302 INTERVAL '1 month'"],
    [F("ts > now() - INTERVAL '1 year 2 days'"), "FSC3302 INTERVAL '1 year 2 days'"],
    [F("ts >= date_trunc('day', now()) - INTERVAL '1 month'"), "FSC3302 INTERVAL '1 month'"],
    [F("ts >= date_trunc('month', now()) + INTERVAL '2 days' - INTERVAL '1 month'"), "FSC3302 INTERVAL '1 month'"],
    [F("now() - ts < INTERVAL '1 month'"), "FSC3302 INTERVAL '1 month'"],
    [F("ts > now() - INTERVAL '1 day' OR ok"), "FSC3303 ts > now() - INTERVAL '1 day'"],
    [F("NOT (ts > now() - INTERVAL '1 day')"), "FSC3303 ts > now() - INTERVAL '1 day'"],
    [
      F("ts NOT BETWEEN now() - INTERVAL '2 days' AND now()"),
      "FSC3303 ts NOT BETWEEN now() - INTERVAL '2 days' AND now()",
    ],
    [F("ts > now() - n * INTERVAL '1 day'"), 'FSC3305 n'],
    [F('ts = now()'), 'FSC3307 ='],
    [F('ts <> now()'), 'FSC3307 <>'],
    [F('ts > now()'), 'FSC3306 ts > now()'],
    [F("ts > now() - INTERVAL '1 day' AND ts < now() - INTERVAL '1 day'"), "FSC3306 ts < now() - INTERVAL '1 day'"],
  ])('%s', (sql, fault) => expect(faults(sql)).toContain(fault));

  it.each([
    F("ts >= date_trunc('month', now()) - INTERVAL '1 month'"),
    F("ts >= date_trunc('quarter', now()) - INTERVAL '1 quarter'".replace('1 quarter', '3 months')),
    F("ts >= date_trunc('year', now()) - INTERVAL '1 year' + INTERVAL '3 days'"),
    F("ts > now() - INTERVAL '1 day' AND ts >= now() - INTERVAL '1 day'"),
  ])('%s is right', (sql) => expect(faults(sql)).toEqual([]));

  it('are kept as bounds that never move back as t grows', () => {
    const { plan } = compileView(
      F("ts >= date_trunc('month', now()) - INTERVAL '1 month' AND ts < date_trunc('day', now())"),
    );
    const view = plan?.views.find(({ spec }) => spec.name === 't_v1');
    const slot = view?.kind === 'aggregate' ? view.slots[0] : undefined;
    expect(slot?.kind === 'aggregate' ? slot.window : null).toEqual({
      lower: [{ trunc: 'month', offsetMonths: -1, offsetMicros: 0, inclusive: true }],
      upper: [{ trunc: 'day', offsetMonths: 0, offsetMicros: 0, inclusive: false }],
    });
  });
});
