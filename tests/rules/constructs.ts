/**
 * The language, construct by construct. `{i}` and its kin stand for a value of a type: integer, smallint (`sm`), bigint (`bg`),
 * decimal(12,2), real (`rl`), double, boolean, text, varchar(20) (`vc`), date, timestamp, timestamptz.
 */
export const SCALARS: readonly string[] = `
{i} + {i} | {sm} + {sm} | {sm} + {i} | {i} + {bg} | {i} + {dec} | {i} + {dbl} | {dec} + {dbl} | {rl} + {rl}
{i} - {i} | {dec} - {dec} | {i} * {i} | {dec} * {i} | {dec} * {dec} | {dbl} * {dbl}
{dec} / {i} | {i} / {dec} | {i} / {dbl} | {dbl} / {dbl} | {i} * 1.0 / {i}
{i} % {i} | {bg} % {i} | {dec} % {dec} | mod({i}, {i}) | mod({dec}, {dec}) | -{i} | +{i} | -{dec} | -{dbl}
{i} = {i} | {i} <> {i} | {i} != {i} | {i} < {i} | {i} <= {i} | {i} > {i} | {i} >= {i} | {i} = {dec} | {i} < {dbl} | {rl} = {rl}
{t} = 'a' | {t} < {t} | {t} = {vc} | {b} = true | {b} = {b} | {d} < {d} | {d} = '2001-01-01' | {d} < {ts} | {ts} < {ts}
{ts} > TIMESTAMP '2001-01-01 00:00:00' | {ts} > '2001-01-01 00:00:00' | {tz} < {tz}
{tz} < TIMESTAMPTZ '2001-01-01 00:00:00+00' | {ts} - {ts} < INTERVAL '1 day'
{b} AND {b} | {b} OR {b} | NOT {b} | {b} AND {i} > 1 OR {t} = 'x'
{i} IS NULL | {i} IS NOT NULL | {b} IS TRUE | {b} IS NOT TRUE | {b} IS FALSE | {b} IS NOT FALSE
{i} IS DISTINCT FROM {sm} | {i} IS NOT DISTINCT FROM {i} | {t} IS DISTINCT FROM 'x' | {t} IS NOT DISTINCT FROM NULL
{ts} IS DISTINCT FROM {ts} | {b} IS NOT DISTINCT FROM true
{i} BETWEEN 1 AND 5 | {i} NOT BETWEEN 1 AND 5 | {t} BETWEEN 'a' AND 'b' | {ts} BETWEEN '2001-01-01' AND '2001-02-01'
{d} BETWEEN DATE '2001-01-01' AND DATE '2001-02-01' | {dec} BETWEEN 0 AND 9.99
{i} IN (1, 2, 3) | {i} NOT IN (1, 2, 3) | {t} IN ('a', 'b') | {t} NOT IN ('a', NULL) | {d} IN ('2001-01-01', '2002-01-01')
{i} IN ({i}, {sm})
{t} LIKE 'a%' | {t} NOT LIKE '_b%' | lower({t}) LIKE '%x%'
CASE WHEN {b} THEN 1 ELSE 0 END | CASE WHEN {b} THEN 'a' END
CASE WHEN {i} > 1 THEN {i} WHEN {i} < 0 THEN -{i} ELSE NULL END | CASE {i} WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END
CASE {t} WHEN 'a' THEN 1.5 ELSE 2 END | CASE WHEN {b} THEN {i} ELSE {dec} END | CASE WHEN {b} THEN {ts} ELSE {d} END
CASE WHEN {b} THEN {t} ELSE {vc} END | CASE WHEN {ts} - {ts} < INTERVAL '1 hour' THEN 'soon' END
COALESCE({i}, 0) | COALESCE({t}, 'none') | COALESCE({dec}, 0) | COALESCE({dbl}, 0) | COALESCE({ts}, TIMESTAMP '2001-01-01 00:00')
COALESCE({ts}, '2001-01-01 00:00') | COALESCE({i}, {sm}, {bg}, 7) | COALESCE({b}, false)
NULLIF({i}, 0) | NULLIF({t}, '') | NULLIF({dec}, 0) | NULLIF({ts}, TIMESTAMP '2001-01-01 00:00')
GREATEST({i}, {i}, 3) | LEAST({dec}, 3) | GREATEST({t}, 'b') | GREATEST({ts}, {ts}) | GREATEST({ts}, '2001-01-01')
LEAST({d}, DATE '2001-01-01') | GREATEST({i}, {dec}) | GREATEST({dbl}, 0) | GREATEST({i}, NULL)
CAST({i} AS bigint) | CAST({i} AS smallint) | CAST({i} AS decimal(12,2)) | CAST({i} AS double precision) | CAST({i} AS real)
CAST({i} AS text) | CAST({dec} AS integer) | CAST({dec} AS decimal(10,1)) | CAST({dec} AS double precision) | CAST({dec} AS text)
CAST({dbl} AS integer) | CAST({dbl} AS bigint) | CAST({rl} AS double precision) | CAST({b} AS integer) | CAST({b} AS text)
CAST({t} AS integer) | CAST({t} AS bigint) | CAST({t} AS decimal(12,2)) | CAST({t} AS double precision) | CAST({t} AS date)
CAST({t} AS timestamp) | CAST({ts} AS date) | CAST({ts} AS text) | CAST({ts} AS timestamptz) | CAST({tz} AS timestamp)
CAST({d} AS timestamp) | CAST({d} AS text) | {i}::bigint | {i}::text || 'x' | '2001-01-01'::date | '2001-01-01'::timestamp
{t} || {t} | {t} || 'x' || {vc} | lower({t}) | upper({t}) | length({t}) | char_length({t}) | substr({t}, 1, 3) | substr({t}, 2)
substring({t}, 1, 3) | trim({t}) | replace({t}, 'a', 'b') | starts_with({t}, 'a')
abs({i}) | abs({dec}) | abs({dbl}) | round({dec}) | round({dec}, 1) | round({i}) | floor({dec}) | floor({dbl}) | ceil({dec})
ceiling({dbl}) | trunc({dec}) | trunc({dec}, 1) | trunc({dbl}) | sqrt({dbl}) | sqrt({i}) | sqrt({dec}) | exp({dbl}) | exp({i})
ln({dbl}) | ln({dec}) | power({dbl}, 2) | power({i}, 2) | pow({dbl}, 0.5) | sign({i}) | sign({dec}) | sign({dbl}) | round({dbl})
date_trunc('day', {ts}) | date_trunc('month', {ts}) | date_trunc('hour', {tz}) | extract(epoch FROM {ts}) | extract(hour FROM {ts})
extract(dow FROM {d}) | EXTRACT(YEAR FROM {tz}) | extract(epoch FROM {ts} - {ts}) | date_part('hour', {ts})
date_part('epoch', {ts} - {ts})
{ts} + INTERVAL '1 day' | {ts} - INTERVAL '1 hour' | {ts} + INTERVAL '1 month' | {tz} + INTERVAL '1 day' | {d} + INTERVAL '1 day'
{d} + 1 | {d} - 1 | {d} - {d} | extract(epoch FROM {ts} - {d}) | INTERVAL '1 day' + {ts} | {ts} + 2 * INTERVAL '1 day'
{ts} + {sm} * INTERVAL '1 day' | {ts} + INTERVAL '1' DAY | extract(epoch FROM COALESCE({ts} - {ts}, INTERVAL '1 minute'))
'x' | 1 | 1.5 | 1e3 | true | TIMESTAMP '2001-01-01 00:00:00' | DATE '2001-01-01' | 9223372036854775807 | CAST(NULL AS integer)
'it''s' | $$dollar$$
`
  .trim()
  .split(/ \| |\n/);

export const COLUMNS = ['i', 'sm', 'bg', 'dec', 'rl', 'dbl', 'b', 't', 'vc', 'd', 'ts', 'tz'] as const;

const TYPES = `i integer, sm smallint, bg bigint, dec decimal(12,2), rl real, dbl double precision, b boolean, t text,
  vc varchar(20), d date, tz timestamptz`;

export const SOURCES: Readonly<Record<string, string>> = {
  'features/sources/events.sql': `-- @event_time ts\nCREATE TABLE events (
  id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL, ${TYPES});`,
  'features/sources/ask.sql': `-- @kind request\nCREATE TABLE ask (usr text NOT NULL, ts timestamp, ${TYPES});`,
};

/** Values that no construct fails on in either database, NULLs, and an entity with a single event. */
export const RECORDS: Readonly<Record<string, string>> = {
  events: `
  (1, '2001-01-01 00:00:00', 'a', 1, 2, 3, 1.50, 0.5, 2.25, true, '12', 'ab', '2001-01-01', '2001-01-01 03:00:00+00'),
  (2, '2001-01-01 06:30:00', 'a', 5, 1, 9007199254740993, 20.25, 1.5, 0.125, false, 'a', 'x', '2001-02-03', '2000-12-31 23:00:00+00'),
  (3, '2001-01-01 06:30:00', 'b', 7, 3, 4, 3.75, 2.5, 8.5, true, 'aXa', 'b', '2000-02-29', '2001-01-01 00:00:00+00'),
  (4, '2001-01-01 12:00:00.000001', 'b', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, '2001-01-02 00:00:00', 'b', 2, 2, 2, 2.00, 4.0, 1.0, false, '2001-01-01', 'é😀', '2001-01-01', '2001-01-02 00:00:00+09'),
  (6, '2001-01-01 09:00:00', 'c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  ask: `
  ('a', '2001-01-01 00:00:00', 1, 2, 3, 1.50, 0.5, 2.25, true, '12', 'ab', '2001-01-01', '2001-01-01 03:00:00+00'),
  ('c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('nobody', '2001-01-01 06:30:00', 7, 3, 4, 3.75, 2.5, 8.5, false, 'a', 'b', '2000-02-29', '2001-01-01 00:00:00+00')`,
};

export function filled(template: string, value: (column: string) => string): string {
  return template.replace(/\{(\w+)\}/g, (_, column: string) => value(column));
}

const own = (column: string): string => column;
const folded = (column: string): string => (column === 'b' ? 'bool_or(b)' : `max(${column})`);
const listed = (template: (text: string, i: number) => string, value: (column: string) => string): string =>
  SCALARS.map((scalar, i) => template(filled(scalar, value), i)).join(',\n  ');
/** Without second spellings, which are the same key. */
const KEYS = SCALARS.filter(
  (e) => !/!=|char_length|substring|^mod|::bigint|date_part|COALESCE\(\{b|' DAY|> '2001|, '2001-01-01 00|'::/.test(e),
);
const keyed = (template: (text: string, i: number) => string): string =>
  KEYS.map((scalar, i) => template(filled(scalar, own), i)).join(',\n  ');
const W = 'OVER (PARTITION BY usr ORDER BY ts)';
const TOTAL = 'OVER (PARTITION BY usr ORDER BY ts, id)';

/** Every construct in one view for each place where an expression may stand. */
export const PLACES: Readonly<Record<string, string>> = {
  'SELECT over aggregates': `SELECT usr, ${listed((e, i) => `${e} AS x${i}`, folded)} FROM events GROUP BY usr`,
  'argument of an aggregate': `SELECT usr, ${listed((e, i) => `count(${e}) AS x${i}`, own)} FROM events GROUP BY usr`,
  'latest value': `SELECT usr, ${listed((e, i) => `(array_agg(${e} ORDER BY ts DESC, id DESC))[1] AS x${i}`, own)} FROM events GROUP BY usr`,
  'FILTER beside a window': `SELECT usr, ${listed((e, i) => `count(*) FILTER (WHERE (${e}) IS NOT NULL AND ts > now() - INTERVAL '1 day') AS x${i}`, own)} FROM events GROUP BY usr`,
  WHERE: `SELECT usr, count(*) AS x FROM events WHERE ${SCALARS.map((e) => `((${filled(e, own)}) IS NULL OR ts IS NOT NULL)`).join(' AND\n  ')} GROUP BY usr`,
  'GROUP BY': `SELECT usr, ${keyed((e, i) => `(${e}) IS NULL AS x${i}`)}, count(*) AS n FROM events GROUP BY usr, ${keyed((e) => `(${e}) IS NULL`)}`,
  HAVING: `SELECT usr, count(*) AS x FROM events GROUP BY usr HAVING ${SCALARS.map((e) => `((${filled(e, folded)}) IS NULL OR count(*) > 0)`).join(' AND\n  ')}`,
  'SELECT of rows': `-- @entity usr\nSELECT usr, ${listed((e, i) => `${e} AS x${i}`, own)} FROM events`,
  'WHERE of rows': `-- @entity usr\nSELECT usr, id + 1 AS x FROM events WHERE ${SCALARS.map((e) => `((${filled(e, own)}) IS NULL OR ts IS NOT NULL)`).join(' AND\n  ')}`,
  'argument of OVER': `SELECT usr, ${listed((e, i) => `count(${e}) ${W} AS x${i}`, own)} FROM events`,
  'argument of lag': `SELECT usr, ${listed((e, i) => `lag(${e}) ${TOTAL} AS x${i}`, own)} FROM events`,
  'argument of last_value': `SELECT usr, ${listed((e, i) => `last_value(${e}) OVER (PARTITION BY usr ORDER BY ts, id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS x${i}`, own)} FROM events`,
  'FILTER before OVER': `SELECT usr, ${listed((e, i) => `count(*) FILTER (WHERE (${e}) IS NOT NULL) ${W} AS x${i}`, own)} FROM events`,
  'PARTITION BY': `SELECT usr, ${keyed((e, i) => `(${e}) IS NULL AS x${i}`)}, count(*) OVER (PARTITION BY usr, ${keyed((e) => `(${e}) IS NULL`)} ORDER BY ts) AS n FROM events`,
  'SELECT over window functions': `SELECT usr, ${listed(
    (e, i) => `${e} AS x${i}`,
    (c) => `${folded(c)} ${W}`,
  )}, count(*) ${W} AS n FROM events`,
  'SELECT of a request view': `SELECT r.usr AS u, ${listed(
    (e, i) => `${e} AS x${i}`,
    (c) => `r.${c}`,
  )} FROM ask r LEFT JOIN one_v1 a ON a.usr = r.usr`,
  'SELECT over joined features': `SELECT r.usr AS u, ${listed(
    (e, i) => `${e} AS x${i}`,
    (c) => `a.${c}_`,
  )} FROM ask r LEFT JOIN typed_v1 a ON a.usr = r.usr`,
  'WHERE of a request view': `SELECT r.usr AS u, a.n FROM ask r LEFT JOIN one_v1 a ON a.usr = r.usr WHERE ${SCALARS.map((e) => `((${filled(e, (c) => `r.${c}`)}) IS NULL OR r.usr <> '')`).join(' AND\n  ')}`,
  CTE: `WITH q AS (SELECT usr, ts, id, ${listed((e, i) => `${e} AS v${i}`, own)} FROM events) SELECT usr, ${SCALARS.map((_, i) => `count(v${i}) AS x${i}`).join(', ')} FROM q GROUP BY usr`,
  'subquery in FROM': `-- @entity usr\nSELECT q.usr, ${SCALARS.map((_, i) => `q.v${i} AS x${i}`).join(', ')} FROM (SELECT usr, ts, id, ${listed((e, i) => `${e} AS v${i}`, own)} FROM events) q`,
};

export const JOINED: Readonly<Record<string, string>> = {
  'features/one/v1.sql': 'SELECT usr, count(*) AS n FROM events GROUP BY usr',
  'features/typed/v1.sql': `SELECT usr, ${COLUMNS.map((column) => `${folded(column)} AS ${column}_`).join(', ')} FROM events GROUP BY usr`,
};

/** Keys of a join: one view for each construct would be many, so they stand as one text. */
export const ON_PLACE = `SELECT r.usr AS u, a.n FROM ask r LEFT JOIN one_v1 a ON a.usr = ${SCALARS.map((e) => `CAST((${filled(e, (c) => `r.${c}`)}) IS NULL AS text)`).join(' || ')}`;

/** Conditions of records: NULL or TRUE for every record above. */
export const CHECKS = SCALARS.map((e) => `CHECK ((${filled(e, own)}) IS NULL OR id > 0)`).join(',\n  ');
