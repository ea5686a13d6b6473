/** rules.md 21 to 27: types of results, arithmetic, what the databases do not share, agreement classes, files of both dialects. */
import { describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { printType } from '../../runtime/values/types.ts';
import { SOURCES } from './constructs.ts';
import { machines } from './machines.ts';

const project = (sql: string) => compileProject(new Map(Object.entries({ ...SOURCES, 'features/t/v1.sql': sql })));
const A = (item: string): string => `SELECT usr, ${item} AS x FROM events GROUP BY usr`;
const B = (item: string): string => `-- @entity usr\nSELECT usr, ${item} AS x FROM events`;

function typeOf(sql: string): string {
  const { plan, diagnostics } = project(sql);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (plan === null) return errors.map(({ code }) => code).join();
  return printType(plan.views[0]!.outputs.find(({ name }) => name === 'x')!.type);
}

function faultOf(sql: string): string {
  return project(sql)
    .diagnostics.map(({ code, primary, file }) => `${code} ${file.text.slice(primary.span.start, primary.span.end)}`)
    .join();
}

describe('rule 21: types of results', () => {
  const window = 'OVER (PARTITION BY usr ORDER BY ts, id)';
  it.each([
    [A('count(*)'), 'bigint'],
    [A('count(DISTINCT b)'), 'bigint'],
    [A('sum(sm)'), 'bigint'],
    [A('sum(i)'), 'bigint'],
    [A('sum(bg)'), 'decimal(38,0)'],
    [A('sum(dec)'), 'decimal(38,2)'],
    [A('sum(rl)'), 'double precision'],
    [A('sum(dbl)'), 'double precision'],
    [A('avg(i)'), 'double precision'],
    [A('avg(dec)'), 'double precision'],
    [A('avg(rl)'), 'double precision'],
    [A('var_samp(i)'), 'double precision'],
    [A('stddev_pop(dec)'), 'double precision'],
    [A('min(sm)'), 'smallint'],
    [A('max(rl)'), 'real'],
    [A('max(dec)'), 'decimal(12,2)'],
    [A('max(t)'), 'text'],
    [A('min(vc)'), 'varchar(20)'],
    [A('max(d)'), 'date'],
    [A('max(tz)'), 'timestamptz'],
    [A('bool_or(b)'), 'boolean'],
    [A('(array_agg(sm ORDER BY ts DESC, id DESC))[1]'), 'smallint'],
    [`SELECT usr, row_number() ${window} AS x FROM events`, 'bigint'],
    [`SELECT usr, lag(sm) ${window} AS x FROM events`, 'smallint'],
    [`SELECT usr, lag(sm, 1, 0) ${window} AS x FROM events`, 'smallint'],
    [`SELECT usr, first_value(dec) ${window} AS x FROM events`, 'decimal(12,2)'],
    [`SELECT usr, last_value(d) ${window} AS x FROM events`, 'date'],
    [B('extract(year FROM ts)'), 'double precision'],
    [B("date_part('hour', ts)"), 'double precision'],
    [B('sm + sm'), 'smallint'],
    [B('sm + i'), 'integer'],
    [B('i * bg'), 'bigint'],
    [B('dec + dec'), 'decimal(13,2)'],
    [B('dec * dec'), 'decimal(24,4)'],
    [B('dec + i'), 'decimal(13,2)'],
    [B('dec / i'), 'double precision'],
    [B('i * 1.0 / i'), 'double precision'],
    [B('dec + dbl'), 'double precision'],
    [B('d + 1'), 'date'],
    [B('d - d'), 'bigint'],
    [B("d + INTERVAL '1 day'"), 'timestamp'],
    [B('length(t)'), 'bigint'],
    [B('coalesce(sm, i)'), 'integer'],
    [B('CASE WHEN b THEN i ELSE dec END'), 'decimal(12,2)'],
    [B('round(dec)'), 'decimal(11,0)'],
    [B('now()'), 'timestamp'],
  ])('%s is %s', (sql, type) => expect(typeOf(sql)).toBe(type));
});

describe('rule 22: arithmetic', () => {
  const OVER = (call: string): string => `SELECT usr, ${call} OVER (PARTITION BY usr ORDER BY ts, id) AS x FROM events`;
  it.each([
    [B('i / i'), 'FSC3010 i / i'],
    [A('sum(i) / count(*)'), 'FSC3010 sum(i) / count(*)'],
    [B('bg / 2'), 'FSC3010 bg / 2'],
    // DuckDB compares all of them as doubles, Postgres each pair as what it is.
    [A('bool_or(bg IN (9007199254740992, dbl))'), 'FSC3104 dbl'],
    [A('bool_or(bg NOT IN (dbl, bg + 1))'), 'FSC3104 dbl'],
    [A('bool_or(bg BETWEEN dbl AND 9007199254740992)'), 'FSC3104 dbl'],
    [A('bool_or(CAST(dec AS decimal(30,20)) IN (1, 0.5e0))'), 'FSC3104 0.5e0'],
    // No double stands for two of these.
    [A('bool_or(bg IN (5, 0.5e0))'), ''],
    [A('bool_or(i BETWEEN dbl AND sm)'), ''],
    [A('bool_or(dec IN (1.5, dbl))'), ''],
    [A('bool_or(dbl IN (9007199254740992, bg))'), ''],
    // DuckDB casts the default, Postgres what it stands beside.
    [OVER('lag(sm, 1, 100000)'), 'FSC3104 100000'],
    [OVER('lag(i, 1, 0.5)'), 'FSC3104 0.5'],
    [OVER('lag(i, 1, bg)'), 'FSC3104 bg'],
    [OVER('lag(dec, 1, 0.005)'), 'FSC3104 0.005'],
    [OVER('lag(d, 1, ts)'), 'FSC3104 ts'],
    [OVER('lag(dec, 1, 0)'), ''],
    [OVER('lag(dbl, 1, dec)'), ''],
  ])('%s is an error, or none', (sql, fault) => expect(faultOf(sql)).toBe(fault));

  it('only a scale over 38 is an error; precision is capped, and what does not fit is NULL', async () => {
    const files = {
      'features/sources/events.sql':
        '-- @event_time ts\nCREATE TABLE events (id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL, big decimal(38,0), fine decimal(38,20));',
      'features/t/v1.sql':
        '-- @entity usr\nSELECT usr, big * big AS product, big + big AS twice, big - big AS nothing FROM events',
    };
    const { diagnostics } = compileProject(
      new Map(
        Object.entries({ ...files, 'features/t/v1.sql': '-- @entity usr\nSELECT usr, fine * fine AS x FROM events' }),
      ),
    );
    expect(diagnostics.map(({ code }) => code)).toEqual(['FSC3011']);
    const world = await machines(files, {
      events: "(1, '2001-01-01', 'a', 90000000000000000000000000000000000000, 1), (2, '2001-01-01', 'b', 3, 1)",
    });
    expect(await world.rows('t_v1', '2001-01-02')).toEqual([
      ['a', 'NULL', 'NULL', '0'],
      ['b', '9', '6', '0'],
    ]);
  });

  it('/ with a decimal operand is double division; by zero NULL', async () => {
    const world = await machines(
      { ...SOURCES, 'features/t/v1.sql': B('dec / i').replace(' AS x', ' AS x, i / dec AS y, i % sm AS z') },
      { events: "(1, '2001-01-01', 'a', 0, 0, 0, 1.50, 0, 0, true, '', '', NULL, NULL)" },
    );
    expect(await world.rows('t_v1', '2001-01-02')).toEqual([['a', 'NULL', '0', 'NULL']]);
  });
});

describe('rules 23 and 26: agreement classes', () => {
  const classOf = (sql: string): string | undefined =>
    project(sql).plan?.views[0]?.spec.features.find(({ name }) => name === 'x')?.agreement;
  it.each([
    [A('sum(i)'), 'exact'],
    [A('sum(dec)'), 'exact'],
    [A('max(dbl)'), 'exact'],
    [A('count(*) * 2'), 'exact'],
    [A('sum(dbl)'), 'double'],
    [A('avg(i)'), 'double'],
    [A('sum(dec) / count(*)'), 'double'],
    [A('var_pop(i)'), 'double'],
    [A('stddev_samp(dec)'), 'double'],
    [A('exp(max(dbl))'), 'double'],
    [A('coalesce(avg(i), 0)'), 'double'],
    [A('extract(epoch FROM now() - max(ts))'), 'exact'],
  ])('%s is %s', (sql, agreement) => expect(classOf(sql)).toBe(agreement));

  it.each([
    [A('avg(i) > 1'), 'avg(i) > 1'],
    [A('round(sum(dbl))'), 'round(sum(dbl))'],
    [A('CASE WHEN sqrt(max(i)) > 2 THEN 1 END'), 'sqrt(max(i)) > 2'],
    [A('CAST(stddev_samp(i) AS integer)'), 'CAST(stddev_samp(i) AS integer)'],
    [A('sum(dec) / count(*) >= 0.5'), 'sum(dec) / count(*) >= 0.5'],
  ])('%s: a decision on an inexact value is a warning, and an error with --strict', (sql, span) => {
    expect(faultOf(sql)).toBe(`FSC5002 ${span}`);
    expect(project(sql).plan).not.toBeNull();
    const strict = compileProject(new Map(Object.entries({ ...SOURCES, 'features/t/v1.sql': sql })), { strict: true });
    expect(strict.plan).toBeNull();
  });

  it('is silent where the value is exact', () => {
    for (const item of ['sum(dec) > 1', 'max(dbl) > 1', 'count(*) > 3', 'round(sum(dec))'])
      expect(faultOf(A(item))).toBe('');
  });
});

describe('rule 24: intervals', () => {
  it.each([
    [B('ts - d'), 'FSC3108 ts - d'],
    [A('now() - max(ts)'), 'FSC3108 now() - max(ts)'],
    [B("INTERVAL '1 day'"), "FSC3108 INTERVAL '1 day'"],
  ])('%s at the top is an error', (sql, fault) => expect(faultOf(sql)).toBe(fault));
  it('are fine inside expressions', () => {
    expect(faultOf(B("CASE WHEN ts - d < INTERVAL '6 hours' THEN extract(epoch FROM ts - d) END"))).toBe('');
  });
});

describe('rule 25: what the databases do not share', () => {
  it.each([
    [B("t LIKE 'a\\%'"), 'FSC3013'],
    [B('t LIKE vc'), 'FSC3013'],
    [B('substr(t, 0)'), 'FSC3012'],
    [B('substr(t, 1, -1)'), 'FSC3012'],
    [B('CAST(t AS varchar(3))'), 'FSC3109'],
    [B('t::varchar(3)'), 'FSC3109'],
    [B('extract(second FROM ts)'), 'FSC3015'],
    [B("date_part('second', ts)"), 'FSC3015'],
    [B("date_trunc('decade', ts)"), 'FSC3014'],
    [B('date_trunc(t, ts)'), 'FSC3014'],
  ])('%s is refused with %s', (sql, code) => expect(typeOf(sql)).toBe(code));

  it('gives NULL where one of them raises or says something else', async () => {
    const items = [
      'i + 2147483647 AS overflow',
      'i / dec AS by_zero',
      'i % sm AS modulo',
      'ln(dec) AS ln_of_zero',
      'sqrt(-i) AS sqrt_of_negative',
      'CAST(t AS integer) AS no_number',
      'CAST(dbl AS integer) AS too_large',
      'exp(dbl) AS too_great',
      'power(0, -i) AS no_power',
      '-9223372036854775807 - bg AS least',
      'round(rl + rl) AS half_away',
    ];
    const world = await machines(
      { ...SOURCES, 'features/t/v1.sql': `-- @entity usr\nSELECT usr, ${items.join(', ')} FROM events` },
      { events: "(1, '2001-01-01', 'a', 1, 0, 2, 0.00, 1.25, 1e300, true, 'x', '', NULL, NULL)" },
    );
    const nulls = items.slice(0, -1).map(() => 'NULL');
    expect(await world.rows('t_v1', '2001-01-02')).toEqual([['a', ...nulls, '3']]);
  });

  it('lower and upper change ASCII letters only, and text compares by code point', async () => {
    const world = await machines(
      {
        ...SOURCES,
        'features/t/v1.sql': B('upper(t)').replace(
          ' AS x',
          " AS up, lower(t) AS low, t < 'é' AS before, t < '\u{1f600}' AS before_smile",
        ),
      },
      { events: "(1, '2001-01-01', 'a', 1, 0, 2, 0, 1, 1, true, 'aÉß\uffee', '', NULL, NULL)" },
    );
    expect(await world.rows('t_v1', '2001-01-02')).toEqual([['a', 'AÉß\uffee', 'aÉß\uffee', 'true', 'true']]);
  });
});

describe('rule 27: the DuckDB files', () => {
  it('take the instant as `as_of`, whatever the zone of the session, and declare no HUGEINT', () => {
    const { plan } = project(A('sum(bg)'));
    const text = emitProject(plan!).get('duckdb/t_v1.sql') ?? '';
    expect(text).toContain('MACRO "t_v1"(as_of)');
    expect(text).toContain('make_timestamp(epoch_us(as_of))');
    expect(text).not.toMatch(/hugeint/i);
  });
  // That they give equal values in a session in Tokyo with stock settings is what every case of `machines` runs.
});
