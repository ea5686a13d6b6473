import { describe, expect, it } from 'vitest';
import { canonicalExpr } from '../../compiler/bind/canonical.ts';
import { compileProject, toReferee } from '../../compiler/index.ts';
import { windowKey } from '../../compiler/plan/instant-window.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { slotKey } from '../../compiler/plan/slots.ts';
import { compileView, EVENTS } from './project.ts';

function viewOf(sql: string): ViewPlan {
  const { plan, diagnostics } = compileView(sql);
  expect(diagnostics.filter((diagnostic) => diagnostic.severity === 'error')).toEqual([]);
  const view = plan?.views.find((candidate) => candidate.spec.name === 't_v1');
  if (view === undefined) throw new Error('no plan');
  return view;
}

function show(view: ViewPlan): readonly string[] {
  const outputs = view.outputs.map((output) => `${output.name} = ${canonicalExpr(output.expr)}`);
  if (view.kind === 'request') {
    return [
      ...view.joins.map(
        (join) => `${join.inner ? 'inner' : 'left'} ${join.view.spec.name} ${join.keys.map(canonicalExpr).join()}`,
      ),
      ...outputs,
    ];
  }
  const where = view.where === null ? '-' : canonicalExpr(view.where);
  return [`where ${where} ${windowKey(view.whereWindow)}`, ...view.slots.map(slotKey), ...outputs];
}

describe('windows', () => {
  const DAY = 86_400_000_000;
  const cases: readonly (readonly [string, string])[] = [
    ["ts > now() - INTERVAL '1 day'", `(now0m-${DAY}us;)`],
    ["now() - INTERVAL '1 day' <= ts", `(=now0m-${DAY}us;)`],
    ["now() - ts < INTERVAL '1' DAY", `(now0m-${DAY}us;)`],
    ["ts + INTERVAL '24 hours' > now()", `(now0m-${DAY}us;)`],
    ["ts - now() >= INTERVAL '-1 day'", `(=now0m-${DAY}us;)`],
    ["ts BETWEEN now() - INTERVAL '2 days' AND now() - INTERVAL '1 day'", `(=now0m-${2 * DAY}us;=now0m-${DAY}us)`],
    ["ts >= date_trunc('day', now()) AND ts < now()", '(=day0m0us;now0m0us)'],
    ["ts >= date_trunc('month', now()) - INTERVAL '1 month'", '(=month-1m0us;)'],
    ["ts >= date_trunc('year', now()) - INTERVAL '1 year' + INTERVAL '2 days'", `(=year-12m${2 * DAY}us;)`],
    ["ts > current_timestamp - '1 day'::interval", `(now0m-${DAY}us;)`],
  ];
  it.each(cases)('%s', (condition, key) => {
    const view = viewOf(`SELECT usr, count(*) FILTER (WHERE ok AND ${condition}) AS x FROM events GROUP BY usr`);
    const slot = view.kind === 'aggregate' ? view.slots[0] : undefined;
    expect(slot?.kind === 'aggregate' ? windowKey(slot.window) : '').toBe(key);
  });
  it('refuses months after days', () => {
    const sql =
      "SELECT usr, count(*) AS x FROM events WHERE ts > date_trunc('month', now()) + INTERVAL '2 days' - INTERVAL '1 month' GROUP BY usr";
    expect(compileView(sql).diagnostics.map((diagnostic) => diagnostic.code)).toEqual(['FSC3302']);
  });
});

describe('shapes', () => {
  it('A: aggregates, equal ones once, HAVING and stage 3', () => {
    const view = viewOf(`SELECT lower(usr) AS who, count(*) AS c, count(*) + 1 AS d, sum(n) AS s,
      (array_agg(plan ORDER BY ts DESC, id DESC) FILTER (WHERE ok))[1] AS last_plan,
      CASE WHEN count(*) > 2 THEN 'many' ELSE lower(usr) END AS size
      FROM events WHERE ts > now() - INTERVAL '1 day' GROUP BY lower(usr) HAVING count(*) > 1`);
    expect(show(view)).toMatchSnapshot();
    expect(view.spec.entity).toEqual([{ name: 'who', type: { kind: 'text', maxLength: null }, ordinal: 0 }]);
    expect(view.spec.features.find((feature) => feature.name === 's')?.lineage).toEqual(['events.n', 'events.ts']);
  });

  it('A: CTEs and subqueries are inlined', () => {
    const plain = viewOf("SELECT usr, sum(n) AS x FROM events WHERE ok AND ts > now() - INTERVAL '1 day' GROUP BY usr");
    const inlined = viewOf(`WITH recent AS (SELECT usr AS who, n AS amount_n, ts AS at FROM events WHERE ok)
      SELECT who AS usr, sum(amount_n) AS x FROM (SELECT * FROM recent) r WHERE r.at > now() - INTERVAL '1 day' GROUP BY who`);
    expect(inlined.spec.fingerprint).toBe(plain.spec.fingerprint);
  });

  it('B: rows with frames, lag and values', () => {
    const view = viewOf(`SELECT usr, n + 1 AS m, now() - ts < INTERVAL '1 day' AS fresh,
      sum(n) FILTER (WHERE ok) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW) AS a,
      count(*) OVER w AS b, lag(n, 2, 0) OVER w AS c, row_number() OVER w AS d,
      first_value(plan) OVER (w ROWS 3 PRECEDING) AS e
      FROM events WHERE ok WINDOW w AS (PARTITION BY usr ORDER BY ts, id)`);
    expect(show(view)).toMatchSnapshot();
  });

  it('B: attributes with @entity', () => {
    expect(
      show(viewOf("-- @entity usr\nSELECT usr, plan, now() - ts > INTERVAL '1 day' AS stale FROM events")),
    ).toMatchSnapshot();
  });

  it('D: request views', () => {
    const view = viewOf(`SELECT r.*, coalesce(a.c, 0) AS c, b.c * 2 AS d FROM ask r
      LEFT JOIN one_v1 a ON a.usr = r.usr JOIN base_v1 b ON r.usr = b.usr AND b.plan = 'gold' WHERE r.n > 1`);
    expect(show(view)).toMatchSnapshot();
    expect(view.spec.entity).toEqual([]);
  });
});

describe('fingerprints', () => {
  const sql = 'SELECT usr, sum(n) AS x FROM events GROUP BY usr';
  const of = (view: string, source = EVENTS): string | undefined =>
    compileProject(
      new Map([
        ['features/sources/events.sql', source],
        ['features/t/v1.sql', view],
      ]),
    ).plan?.views[0]?.spec.fingerprint;
  it('do not change with layout, comments and unread columns', () => {
    const first = of(sql);
    expect(first).toMatch(/^fp1:[0-9a-f]{64}$/);
    expect(of(`-- hello\nselect usr,\n sum( n ) as x from events e group by e.usr;`)).toBe(first);
    expect(of(sql, EVENTS.replace('ok     boolean', 'extra text, ok boolean'))).toBe(first);
  });
  it('change with meaning', () => {
    const first = of(sql);
    expect(of(sql.replace('sum', 'max'))).not.toBe(first);
    expect(of(sql, EVENTS.replace('n      integer', 'n bigint'))).not.toBe(first);
    expect(of(sql, EVENTS.replace('-- @event_time ts', '-- @event_time ts\n-- @lateness 1 hour'))).not.toBe(first);
  });
});

it('gives the referee the query alone', () => {
  const sql = 'SELECT usr, count(*) AS x FROM events GROUP BY usr';
  expect(toReferee(viewOf(`-- @owner me\n${sql};\nCOMMENT ON VIEW t_v1 IS 'x';`))).toBe(sql);
});

it('warns of decisions on inexact values, and refuses them when strict', () => {
  const sql = 'SELECT usr, avg(n) > 1 AS x FROM events GROUP BY usr';
  expect(compileView(sql).diagnostics.map((d) => `${d.severity} ${d.code}`)).toEqual(['warning FSC5002']);
  expect(compileView(sql, true).plan).toBeNull();
});
