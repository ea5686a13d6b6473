/** rules.md 3 and 11: tags of a source, their defaults, mappings and defaults of columns. */
import { describe, expect, it } from 'vitest';
import { compileSource, faultsOf } from '../compiler/project.ts';

const MINUTE = 60_000_000;
const specOf = (sql: string) => {
  const { plan, diagnostics } = compileSource(sql);
  expect(diagnostics).toEqual([]);
  return plan!.sources[0]!.spec;
};
const source = (tags: string, columns = ''): string =>
  `-- @event_time ts\n${tags}CREATE TABLE s (id bigint PRIMARY KEY, ts timestamp NOT NULL${columns});`;

describe('rule 3: lateness and max_ahead', () => {
  it.each([
    ['', 5 * MINUTE, MINUTE],
    ['-- @lateness 10 minutes        how far behind\n', 10 * MINUTE, MINUTE],
    ['-- @lateness 10 seconds\n', 10_000_000, 10_000_000],
    ['-- @lateness 0 seconds\n', 0, 0],
    ['-- @lateness 1 day\n-- @max_ahead 1 day\n', 1440 * MINUTE, 1440 * MINUTE],
    ['-- @lateness 2 minutes\n-- @max_ahead 0 seconds\n', 2 * MINUTE, 0],
  ])('%s', (tags, lateness, ahead) => {
    const { latenessMicros, maxAheadMicros } = specOf(source(tags));
    expect([latenessMicros, maxAheadMicros]).toEqual([lateness, ahead]);
  });

  it('max_ahead above lateness is an error, the default lateness too', () => {
    expect(faultsOf(compileSource(source('-- @max_ahead 6 minutes\n')))).toEqual(['FSC2010 6 minutes']);
    expect(faultsOf(compileSource(source('-- @lateness 1 minute\n-- @max_ahead 61 seconds\n')))).toEqual([
      'FSC2010 61 seconds',
    ]);
  });

  it.each(['soon', '-1 minute', '1 month', '10', '1 fortnight'])('%s is no lateness', (value) => {
    expect(faultsOf(compileSource(source(`-- @lateness ${value}\n`)))).toEqual([`FSC2004 ${value}`]);
  });

  it('a partition is a column', () => {
    expect(specOf(source('-- @partition shop\n', ', shop text')).partitionColumn).toBe(2);
    expect(faultsOf(compileSource(source('-- @partition shp\n', ', shop text')))).toEqual(['FSC2007 shp']);
  });
});

describe('rule 11: mapping', () => {
  it('takes paths, file columns and units of the epoch', () => {
    const spec = specOf(
      source(
        '-- @from ts data.at epoch_ms\n-- @from id "odd field".id\n-- @from who key\n-- @known_time meta.read_at\n',
        ', who text',
      ),
    );
    expect(spec.columns.map(({ path, epochUnit }) => [path, epochUnit])).toEqual([
      [['odd field', 'id'], null],
      [['data', 'at'], 'epoch_ms'],
      [['key'], null],
    ]);
    expect(spec.knownTimePath).toEqual(['meta', 'read_at']);
  });

  it.each(['epoch_s', 'epoch_ms', 'epoch_us'])('%s', (unit) => {
    expect(specOf(source(`-- @from ts t ${unit}\n`)).columns[1]?.epochUnit).toBe(unit);
  });

  it('reads undeclared fields in @only as text, declared ones with their types', () => {
    const spec = specOf(source("-- @only type = 'payment' AND data.kind IS NOT NULL AND n > 1\n", ', n integer'));
    expect(spec.onlySql).toBe("type = 'payment' AND data.kind IS NOT NULL AND n > 1");
    expect(spec.onlyPaths).toEqual([['type'], ['data', 'kind']]);
  });

  it.each([
    ['-- @from id\n', '', 'FSC2004 id'],
    ['-- @from id a b c\n', '', 'FSC2004 id a b c'],
    ['-- @from idd a\n', '', 'FSC2007 idd'],
    ['-- @from id a\n-- @from id b\n', '', 'FSC2003 id'],
    ['-- @from id a epoch_ms\n', '', 'FSC2034 epoch_ms'],
    ['-- @from ts a epoch_min\n', '', 'FSC2004 epoch_min'],
    ['-- @only id\n', '', 'FSC3103 id'],
    ['-- @only now() > ts\n', '', 'FSC2035 now()'],
    ['-- @only count(*) > 1\n', '', 'FSC2035 count(*)'],
    ['-- @only (type = 1\n', '', 'FSC1010 ('],
    ['', ", n integer DEFAULT 'x'", "FSC3102 'x'"],
    ['', ', n integer DEFAULT now()', 'FSC2030 now()'],
    ['', ', n smallint DEFAULT 70000', 'FSC2030 70000'],
    ['', ', n varchar(2) DEFAULT $$abc$$', 'FSC3102 $$abc$$'],
    ['', ', n decimal(3,1) DEFAULT 1.25', 'FSC2030 1.25'],
  ])('%s%s is refused', (tags, columns, fault) => {
    expect(faultsOf(compileSource(source(tags, columns)))).toEqual([fault]);
  });

  it('a default fits its column, whatever the literal', () => {
    const columns =
      ", a smallint DEFAULT 3, b decimal(6,2) DEFAULT 1.5, c text DEFAULT 'x', d boolean DEFAULT false, e date DEFAULT '2001-01-01', f double precision DEFAULT 0, g bigint NOT NULL DEFAULT -9223372036854775808, h integer DEFAULT NULL";
    const values = specOf(source('', columns))
      .columns.slice(2)
      .map(({ hasDefault, defaultValue }) => [hasDefault, defaultValue]);
    expect(values).toEqual([
      [true, 3],
      [true, 150],
      [true, 'x'],
      [true, false],
      [true, 11323],
      [true, 0],
      [true, -9223372036854775808n],
      [true, null],
    ]);
  });
});
