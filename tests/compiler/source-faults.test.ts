import { describe, expect, it } from 'vitest';
import { compileProject } from '../../compiler/index.ts';
import { compileSource, EVENTS, faultsOf, REQUEST, unmended } from './project.ts';

const T = '-- @event_time ts\n';
const S = (columns: string, tags = T): string =>
  `${tags}CREATE TABLE s (id bigint PRIMARY KEY, ts timestamp NOT NULL, ${columns});`;

const CASES: readonly (readonly [code: string, sql: string, text: string])[] = [
  ['FSC2001', `${T}CREATE TABLE other (id bigint PRIMARY KEY, ts timestamp NOT NULL);`, 'other'],
  ['FSC2002', S('n integer', `${T}-- @latenes 1 day\n`), 'latenes'],
  ['FSC2003', S('n integer', `${T}-- @lateness 1 day\n-- @lateness 2 days\n`), 'lateness'],
  ['FSC2004', S('n integer', `${T}-- @lateness soon\n`), 'soon'],
  ['FSC2004', S('n integer', `${T}-- @lateness 1 month\n`), '1 month'],
  ['FSC2005', S('n integer', '-- @kind table\n'), 'table'],
  ['FSC2006', S('n integer', ''), 's'],
  ['FSC2007', S('n integer', '-- @event_time tss\n'), 'tss'],
  ['FSC2007', S('n integer', '-- @event_time a(b[\n'), 'a(b['],
  ['FSC2008', '-- @event_time d\nCREATE TABLE s (id bigint PRIMARY KEY, d date NOT NULL);', 'date'],
  ['FSC2009', `${T}CREATE TABLE s (id bigint PRIMARY KEY, ts timestamp);`, 'ts'],
  ['FSC2010', S('n integer', `${T}-- @lateness 1 minute\n-- @max_ahead 2 minutes\n`), '2 minutes'],
  ['FSC2011', `${T}CREATE TABLE s (ts timestamp NOT NULL);`, 's'],
  ['FSC2012', S('n integer', `${T}-- @key none\n`), 'id'],
  ['FSC2013', '-- @kind request\n-- @event_time ts\nCREATE TABLE s (ts timestamp);', 'event_time'],
  ['FSC2013', '-- @kind request\nCREATE TABLE s (n integer CHECK (n > 0));', 'CHECK (n > 0)'],
  ['FSC2015', S('n integer').replace('TABLE s', 'TABLE s_v1'), 's_v1'],
  ['FSC2015', S('n integer').replace('TABLE s', 'TABLE pg_class'), 'pg_class'],
  ['FSC2020', S('n nteger'), 'nteger'],
  ['FSC2021', S('n numeric'), 'numeric'],
  ['FSC2022', S('n numeric(39, 2)'), 'numeric(39, 2)'],
  ['FSC2023', S('n interval'), 'interval'],
  ['FSC2024', S('n integer(3)'), 'integer(3)'],
  ['FSC2028', S('n integer UNIQUE'), 'UNIQUE'],
  ['FSC2025', S('n integer, n text'), 'n'],
  ['FSC2026', S('"a b" integer'), '"a b"'],
  ['FSC2027', S('"user" text'), '"user"'],
  ['FSC2027', S('ctid text'), 'ctid'],
  ['FSC2029', S('n integer CHECK (ts < now())'), 'now()'],
  ['FSC3001', S('n integer CHECK (m > 0)'), 'm'],
  ['FSC3103', S('n integer CHECK (n)'), 'n'],
  ['FSC3102', S("n integer DEFAULT 'x'"), "'x'"],
  ['FSC2030', S('n integer DEFAULT true'), 'true'],
  ['FSC2030', S('n integer DEFAULT ts'), 'ts'],
  ['FSC2030', S('n integer DEFAULT 1 + 1'), '1 + 1'],
  ['FSC2031', `${S('n integer')} COMMENT ON COLUMN s.m IS 'x';`, 'm'],
  ['FSC2033', `${T}CREATE TABLE s (id real PRIMARY KEY, ts timestamp NOT NULL);`, 'id'],
  ['FSC2034', S('n integer', `${T}-- @from n m epoch_ms\n`), 'epoch_ms'],
  ['FSC2007', S('n integer', `${T}-- @from m n\n`), 'm'],
  ['FSC2004', S('n integer', `${T}-- @from ts n epoch_min\n`), 'epoch_min'],
  ['FSC2035', S('n integer', `${T}-- @only n > 1 AND now() > ts\n`), 'now()'],
  ['FSC2032', `${T}CREATE TABLE s (PRIMARY KEY (id));`, 's'],
];

describe('each fault of a source has its code and its smallest span', () => {
  it.each(CASES)('%s %s', (code, sql, text) => {
    const found = faultsOf(compileSource(sql));
    expect(found.some((fault) => fault === `${code} ${text}`)).toBe(true);
  });
});

describe('a help tells what a declaration may hold', () => {
  it.each([
    ['a check', S('n integer CHECK (n IN (SELECT 1))'), 'use the columns of `s` only'],
    ['a check with EXISTS', S('n integer CHECK (EXISTS (SELECT m FROM o))'), 'use the columns of `s` only'],
    ['a check with a subquery as a value', S('n integer CHECK (n > (SELECT 1))'), 'use the columns of `s` only'],
    ['a default', S('n integer DEFAULT (SELECT 1)'), 'write a constant'],
  ])('%s', (_, sql, words) => {
    expect(compileSource(sql).diagnostics.map(({ help }) => help[0]?.text)).toEqual([expect.stringContaining(words)]);
  });
});

describe('the edit of a help mends its fault', () => {
  it.each(CASES)('%s %s', (_, sql) => expect(unmended(sql, compileSource)).toEqual([]));
});

describe('what a source declares', () => {
  it('fills in the defaults of times, types and mappings', () => {
    const { plan, diagnostics } = compileSource(
      `${T}-- @from ts data.at epoch_ms\n-- @only type = 'payment'\nCREATE TABLE s (id int8 PRIMARY KEY, ts timestamp with time zone NOT NULL, n integer DEFAULT 3 CHECK (n > 0));`,
    );
    expect(diagnostics).toEqual([]);
    const source = plan?.sources[0];
    expect(source?.spec).toMatchObject({
      eventTimeColumn: 1,
      keyColumns: [0],
      latenessMicros: 300_000_000,
      maxAheadMicros: 60_000_000,
      onlySql: "type = 'payment'",
      onlyPaths: [['type']],
      checks: [{ sql: 'n > 0' }],
    });
    expect(source?.spec.columns[1]).toMatchObject({
      path: ['data', 'at'],
      epochUnit: 'epoch_ms',
      type: { kind: 'timestamptz' },
    });
    expect(source?.spec.columns[2]).toMatchObject({ hasDefault: true, defaultValue: 3 });
  });
});

describe('files that cannot be read or have no fit name', () => {
  const VIEW = 'SELECT usr, count(*) AS c FROM events GROUP BY usr';
  const REQUEST_VIEW = 'SELECT a.usr, b.c FROM ask a LEFT JOIN base_v1 b ON b.usr = a.usr';
  const told = (files: Record<string, string>): readonly string[] =>
    compileProject(
      new Map(
        Object.entries({
          'features/sources/ask.sql': REQUEST,
          'features/base/v1.sql': VIEW,
          'features/joined/v1.sql': REQUEST_VIEW,
          ...files,
        }),
      ),
    ).diagnostics.map(({ code, file }) => `${code} ${file.path}`);

  it('are told once: who names them is not told that there are none', () => {
    const path = 'features/sources/events.sql';
    expect(told({ [path]: EVENTS })).toEqual([]);
    expect(told({ [path]: `\ufeff${EVENTS}` })).toEqual([`FSC1041 ${path}`]);
    expect(told({ 'features/sources/Events.sql': EVENTS })).toEqual(['FSC1045 features/sources/Events.sql']);
    const view = 'features/base/v1.sql';
    expect(told({ [path]: EVENTS, [view]: `\ufeff${VIEW}` })).toEqual([`FSC1041 ${view}`]);
  });
});
