/** Every form of window, frame, aggregate and query that the language has: it compiles, and the machines agree on its values. */
import { describe, expect, it } from 'vitest';
import { JOINED, RECORDS, SOURCES } from './constructs.ts';
import { machines } from './machines.ts';

const INSTANTS = [
  '2000-12-31 23:59:59',
  '2001-01-01 06:30:00',
  '2001-01-01 12:00:00',
  '2001-01-02 06:00:00',
  '2001-02-01 00:00:00',
];

async function agree(sql: string): Promise<void> {
  const world = await machines({ ...SOURCES, ...JOINED, 'features/t/v1.sql': sql }, RECORDS);
  let rows = 0;
  for (const at of INSTANTS) rows += (await world.rows('t_v1', at)).length;
  expect(rows).toBeGreaterThan(0);
}

const columns = (texts: readonly string[], form: (text: string) => string): string =>
  texts.map((text, i) => `${form(text)} AS x${i}`).join(',\n  ');

const WINDOWS = `
ts > now() - INTERVAL '6 hours' | ts >= now() - INTERVAL '6 hours' | ts > now() - INTERVAL '6 hours' AND ts <= now()
ts > now() - INTERVAL '1 day' AND ts < now() - INTERVAL '6 hours' | ts BETWEEN now() - INTERVAL '1 day' AND now() - INTERVAL '1 hour'
ts <= now() - INTERVAL '6 hours' | ts < now() | ts <= now() | ts < now() + INTERVAL '1 day'
now() - INTERVAL '6 hours' < ts | now() >= ts | now() - ts < INTERVAL '6 hours' | now() - ts <= INTERVAL '6 hours'
ts - now() > INTERVAL '-6 hours' | ts + INTERVAL '6 hours' >= now() | now() - INTERVAL '6 hours' - ts <= INTERVAL '1 hour'
ts > now() - 6 * INTERVAL '1 hour' | ts > now() - INTERVAL '1 hour' * 6 | ts > now() - (INTERVAL '5 hours' + INTERVAL '60 minutes')
ts > now() - INTERVAL '6' HOUR | ts > now() - '6 hours'::interval | ts > now() + INTERVAL '-6 hours' | ts > now() - INTERVAL '06:00:00'
ts >= date_trunc('day', now()) | ts < date_trunc('day', now()) | ts >= date_trunc('hour', now()) - INTERVAL '6 hours'
ts >= date_trunc('day', now()) - INTERVAL '1 day' AND ts < date_trunc('day', now()) | ts >= date_trunc('week', now())
ts >= date_trunc('month', now()) | ts >= date_trunc('month', now()) - INTERVAL '1 month'
ts >= date_trunc('month', now()) - INTERVAL '1 month' AND ts < date_trunc('month', now())
ts >= date_trunc('month', now()) - 2 * INTERVAL '1 month' | ts >= date_trunc('month', now()) - INTERVAL '1 month 2 days'
ts >= date_trunc('quarter', now()) - INTERVAL '3 months' | ts >= date_trunc('year', now()) - INTERVAL '1 year'
ts >= date_trunc('year', now()) - INTERVAL '1 year' + INTERVAL '2 days' | ts > current_timestamp - INTERVAL '6 hours'
ts > localtimestamp - INTERVAL '6 hours' | ts > now()::timestamp - INTERVAL '6 hours' | ts > CAST(now() AS timestamp) - INTERVAL '6 hours'
ts > now() - INTERVAL '6 hours' AND b | b AND ts > now() - INTERVAL '6 hours' AND i > 1 | ts > TIMESTAMP '2001-01-01 06:00'
ts > now() - INTERVAL '1 day' AND ts > now() - INTERVAL '6 hours' | true
`
  .trim()
  .split(/ \| |\n/);

const AGGREGATES = `
count(*) | count(i) | count(1) | count(DISTINCT b) | sum(sm) | sum(i) | sum(bg) | sum(dec) | sum(rl) | sum(dbl) | avg(i) | avg(bg) | avg(dec)
avg(dbl) | min(i) | max(i) | min(dec) | max(dbl) | min(t) | max(t) | min(d) | max(ts) | min(tz) | bool_and(b) | bool_or(b) | var_samp(i)
var_pop(i) | stddev_samp(dec) | stddev_pop(dbl) | variance(i) | stddev(i) | sum(i + 1) | max(length(t)) | sum(CASE WHEN b THEN 1 ELSE 0 END)
`
  .trim()
  .split(/ \| |\n/);

const FRAMES = `
ORDER BY ts | ORDER BY ts, id | ORDER BY ts ASC | ORDER BY ts RANGE UNBOUNDED PRECEDING
ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
ORDER BY ts RANGE BETWEEN INTERVAL '6 hours' PRECEDING AND CURRENT ROW | ORDER BY ts RANGE INTERVAL '6 hours' PRECEDING
ORDER BY ts RANGE BETWEEN INTERVAL '1 day' PRECEDING AND INTERVAL '1 hour' PRECEDING
ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '6 hours' PRECEDING | ORDER BY ts RANGE BETWEEN CURRENT ROW AND CURRENT ROW
ORDER BY ts RANGE BETWEEN '6 hours'::interval PRECEDING AND CURRENT ROW | ORDER BY ts RANGE BETWEEN 6 * INTERVAL '1 hour' PRECEDING AND CURRENT ROW
ORDER BY ts RANGE BETWEEN INTERVAL '6 hours' PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS
ORDER BY ts, id RANGE UNBOUNDED PRECEDING | ORDER BY ts, id ROWS 1 PRECEDING | ORDER BY ts, id ROWS UNBOUNDED PRECEDING
ORDER BY ts, id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW | ORDER BY ts, id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING
ORDER BY ts, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING | ORDER BY ts, id ROWS CURRENT ROW
`
  .trim()
  .split(/ \| |\n/);

describe('shape A', () => {
  it('windows in FILTER', () =>
    agree(`SELECT usr, ${columns(WINDOWS, (w) => `count(*) FILTER (WHERE ${w})`)} FROM events GROUP BY usr`));
  it.each(WINDOWS.filter((_, i) => i % 4 === 0))('window in WHERE: %s', (w) =>
    agree(
      `SELECT usr, count(*) AS n, sum(i) FILTER (WHERE ts > now() - INTERVAL '5 hours') AS s FROM events WHERE ${w} GROUP BY usr`,
    ),
  );
  it('aggregates over a history', () => agree(`SELECT usr, ${columns(AGGREGATES, (a) => a)} FROM events GROUP BY usr`));
  it('aggregates in a window with a filter', () =>
    agree(`SELECT usr, count(DISTINCT t) FILTER (WHERE ts > now() - INTERVAL '6 hours') AS t1, count(DISTINCT dec) FILTER (WHERE b AND ts > now() - INTERVAL '1 day') AS t2,
      ${columns(AGGREGATES, (a) => `${a} FILTER (WHERE ts > now() - INTERVAL '6 hours' AND b IS NOT NULL)`)} FROM events GROUP BY usr`));
  it.each([
    `SELECT usr, (array_agg(i ORDER BY ts DESC, id DESC))[1] AS a, (array_agg(i ORDER BY ts DESC, id DESC) FILTER (WHERE b))[1] AS l,
      (array_agg(t ORDER BY ts, id))[1] AS c, (array_agg(t ORDER BY ts ASC, id ASC) FILTER (WHERE ts > now() - INTERVAL '6 hours'))[1] AS e FROM events GROUP BY usr`,
    "SELECT usr, t AS what, count(*) AS n FROM events WHERE t IS NOT NULL AND ts > now() - INTERVAL '1 day' GROUP BY usr, t HAVING count(*) > 0 AND max(ts) > now() - INTERVAL '20 hours'",
    "SELECT date_trunc('day', ts) AS day, usr, count(*) AS n FROM events GROUP BY date_trunc('day', ts), usr",
    "SELECT date_trunc('day', ts) AS day, usr, count(*) AS n FROM events GROUP BY day, usr",
    "SELECT coalesce(t, 'none') AS p, count(*) AS n FROM events GROUP BY coalesce(t, 'none')",
    "SELECT usr || '/' || coalesce(vc, '') AS k, count(*) AS n FROM events GROUP BY usr || '/' || coalesce(vc, '')",
    "SELECT CASE WHEN i > 4 THEN 'big' ELSE 'small' END AS size, usr, sum(i) AS s FROM events GROUP BY usr, CASE WHEN i > 4 THEN 'big' ELSE 'small' END",
    `SELECT usr, sum(i) * 1.0 / nullif(count(*), 0) AS m, sum(i) FILTER (WHERE b) * 1.0 / sum(i) AS r, coalesce(sum(i), 0) + count(*) AS z,
      now() - max(ts) < INTERVAL '1 day' AS fresh, extract(epoch FROM now() - max(ts)) AS age, extract(hour FROM now()) AS h,
      CASE WHEN count(*) > 1 THEN max(t) ELSE usr END AS c FROM events GROUP BY usr`,
    'SELECT e.usr, sum(e.i) AS x FROM events AS e WHERE e.b GROUP BY e.usr',
    'SELECT USR, COUNT(*) AS X FROM EVENTS GROUP BY Usr',
    'SELECT d AS day, dec AS amount, count(*) AS n FROM events WHERE d IS NOT NULL AND dec IS NOT NULL GROUP BY d, dec',
    'SELECT b AS flag, bg AS big, tz AS seen, count(*) AS n FROM events WHERE b IS NOT NULL AND bg IS NOT NULL AND tz IS NOT NULL GROUP BY b, bg, tz',
    `WITH a AS (SELECT usr, i AS v, ts AS at_time FROM events WHERE b), c AS (SELECT usr, v + 1 AS v, at_time FROM a WHERE v > 0)
      SELECT usr, sum(v) FILTER (WHERE at_time > now() - INTERVAL '1 day') AS x FROM c GROUP BY usr`,
    'WITH a(who, v) AS (SELECT usr, i FROM events) SELECT who, max(v) AS x FROM a GROUP BY who',
    "SELECT usr, sum(v) AS x FROM (SELECT usr, i AS v, ts FROM events) q WHERE q.ts > now() - INTERVAL '1 day' GROUP BY usr",
    "WITH recent AS (SELECT * FROM events WHERE ts > now() - INTERVAL '1 day') SELECT usr, count(*) AS x FROM recent GROUP BY usr",
    "WITH aged AS (SELECT usr, now() - ts AS age FROM events) SELECT usr, count(*) FILTER (WHERE age < INTERVAL '6 hours') AS x FROM aged GROUP BY usr",
    'WITH events AS (SELECT * FROM events WHERE b) SELECT usr, count(*) AS x FROM events GROUP BY usr',
  ])('%s', agree);
});

describe('shape B', () => {
  it('frames', () =>
    agree(
      `SELECT usr, ${columns(FRAMES, (f) => `sum(i) OVER (PARTITION BY usr ${f})`)}, count(*) OVER (PARTITION BY usr ORDER BY ts) AS n FROM events`,
    ));
  it('aggregates', () => {
    const kept = AGGREGATES.filter((a) => !a.includes('DISTINCT'));
    return agree(
      `SELECT usr, ${columns(kept, (a) => `${a} OVER (PARTITION BY usr ORDER BY ts, id ROWS 1 PRECEDING)`)} FROM events`,
    );
  });
  it.each([
    "-- @entity usr\nSELECT usr, t, i, now() - ts < INTERVAL '1 day' AS fresh FROM events WHERE ts > now() - INTERVAL '1 day' AND b",
    '-- @entity usr\nSELECT * FROM events',
    '-- @entity usr, t\nSELECT e.usr, e.t, e.i FROM events e WHERE e.t IS NOT NULL',
    `SELECT usr, sum(i) OVER w AS a, avg(i) OVER (w) AS l, min(i) OVER (w ROWS 1 PRECEDING) AS c, row_number() OVER w AS f, lag(i) OVER w AS g,
      lag(i, 2, 0) OVER w AS g2, lag(t, 0) OVER w AS g3, first_value(i) OVER w AS h, last_value(i) OVER w AS l2, i - lag(i) OVER w AS j,
      first_value(t) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS k FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts, id)`,
    'SELECT usr, sum(i) OVER w2 AS x FROM events WINDOW w AS (PARTITION BY usr), w2 AS (w ORDER BY ts, id)',
    'SELECT usr, extract(epoch FROM ts - lag(ts) OVER (PARTITION BY usr ORDER BY ts, id)) AS gap FROM events',
    'SELECT upper(usr) AS who, count(*) OVER (PARTITION BY upper(usr) ORDER BY ts) AS x FROM events',
    'SELECT usr, t, count(*) OVER (PARTITION BY usr, t ORDER BY ts) AS x, sum(i) OVER (PARTITION BY t, usr ORDER BY ts) AS y FROM events WHERE t IS NOT NULL',
    'SELECT usr, count(*) FILTER (WHERE b) OVER (PARTITION BY usr ORDER BY ts) AS x FROM events WHERE i IS NOT NULL',
    "WITH a AS (SELECT usr, ts, id, i * 2 AS v FROM events WHERE i > 0) SELECT usr, sum(v) OVER (PARTITION BY usr ORDER BY ts RANGE INTERVAL '6 hours' PRECEDING) AS x FROM a",
    '-- @entity usr\nWITH a AS (SELECT usr, i AS v FROM events WHERE b), c(who, v) AS (SELECT usr, v FROM a) SELECT who AS usr, v + 1 AS w FROM (SELECT * FROM c) q',
    'SELECT usr, count(*) OVER (PARTITION BY usr ORDER BY ts) > 1 AND b AS x, now() - ts AS age_hidden_in, i FROM events'.replace(
      'now() - ts AS age_hidden_in',
      'extract(epoch FROM now() - ts) AS age',
    ),
  ])('%s', agree);
});

describe('shape D', () => {
  it.each([
    `SELECT r.usr AS u, r.i, coalesce(a.n, 0) AS n, coalesce(c.dec_, 0) / nullif(a.n, 0) AS m, now() AS t, c.t_ AS t1
      FROM ask r LEFT JOIN one_v1 a ON a.usr = r.usr LEFT JOIN typed_v1 c ON r.usr = c.usr`,
    'SELECT r.usr AS u, x.n AS n1, y.n AS n2 FROM ask r INNER JOIN one_v1 x ON x.usr = r.usr LEFT JOIN one_v1 y ON y.usr = lower(r.usr)',
    "SELECT r.usr AS u, x.n AS n1 FROM ask r JOIN one_v1 x ON x.usr = 'a' WHERE r.i > 1 OR x.n > 1",
    'WITH req AS (SELECT usr, i * 2 AS m FROM ask WHERE i IS NOT NULL) SELECT r.usr AS u, r.m, a.n FROM req r LEFT JOIN one_v1 a ON a.usr = r.usr',
    'SELECT r.*, a.n FROM ask r LEFT JOIN one_v1 AS a ON a.usr = r.usr',
    'SELECT usr, i FROM ask',
    "SELECT r.usr, extract(epoch FROM now() - a.last_at) < 3600 AS recent FROM ask r LEFT JOIN seen_v1 a ON a.usr = r.usr AND a.day = DATE '2001-01-01'",
  ])('%s', (sql) => {
    const seen = 'SELECT usr, CAST(ts AS date) AS day, max(ts) AS last_at FROM events GROUP BY usr, CAST(ts AS date)';
    return machines({ ...SOURCES, ...JOINED, 'features/seen/v1.sql': seen, 'features/t/v1.sql': sql }, RECORDS).then(
      async (world) => {
        let rows = 0;
        for (const at of INSTANTS) rows += (await world.rows('t_v1', at)).length;
        expect(rows).toBeGreaterThan(0);
      },
    );
  });
});
