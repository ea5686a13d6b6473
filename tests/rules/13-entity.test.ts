/** rules.md 13: the entity of a view. */
import { describe, expect, it } from 'vitest';
import { compileView, faultsOf } from '../compiler/project.ts';

const faults = (sql: string): readonly string[] => faultsOf(compileView(sql));
const specOf = (sql: string) => {
  const { plan, diagnostics } = compileView(sql);
  expect(diagnostics).toEqual([]);
  return plan!.views.find((view) => view.spec.name === 't_v1')!.spec;
};

describe('shape A', () => {
  it('the output name of a group is the name of the key', () => {
    const spec = specOf(
      "SELECT count(*) AS x, lower(usr) AS who, date_trunc('day', ts) AS day FROM events GROUP BY lower(usr), date_trunc('day', ts)",
    );
    expect(spec.entity.map(({ name, ordinal }) => [name, ordinal])).toEqual([
      ['who', 1],
      ['day', 2],
    ]);
    expect(spec.features.map(({ name }) => name)).toEqual(['x']);
  });

  it('a group may be named by its output', () => {
    expect(specOf('SELECT lower(usr) AS who, count(*) AS x FROM events GROUP BY who').fingerprint).toBe(
      specOf('SELECT lower(usr) AS who, count(*) AS x FROM events GROUP BY lower(usr)').fingerprint,
    );
  });

  it.each([
    ['SELECT count(*) AS x FROM events GROUP BY usr', 'FSC3203 usr'],
    ['SELECT upper(usr) AS u, count(*) AS x FROM events GROUP BY usr', 'FSC3203 usr'],
    ['SELECT usr, usr AS who, count(*) AS x FROM events GROUP BY usr', 'FSC3204 usr AS who'],
    ['SELECT usr, count(*) AS x FROM events', 'FSC3201 count(*)'],
    ['SELECT usr, count(*) AS x FROM events GROUP BY 1', 'FSC3202 1'],
    ["SELECT usr, count(*) AS x FROM events GROUP BY usr, 'a'", "FSC3202 'a'"],
    ['SELECT score, count(*) AS x FROM events WHERE score IS NOT NULL GROUP BY score', 'FSC3206 score'],
    [
      'SELECT CAST(n AS real) AS r, count(*) AS x FROM events WHERE CAST(n AS real) IS NOT NULL GROUP BY CAST(n AS real)',
      'FSC3206 CAST(n AS real)',
    ],
    ['SELECT plan, count(*) AS x FROM events GROUP BY plan', 'FSC3205 plan'],
    ["SELECT plan, count(*) AS x FROM events WHERE plan <> '' GROUP BY plan", 'FSC3205 plan'],
    ['SELECT plan, count(*) AS x FROM events WHERE plan IS NOT NULL OR ok GROUP BY plan', 'FSC3205 plan'],
    ['SELECT usr, count(*) AS n FROM events GROUP BY usr', 'FSC3008 n'],
    ['WITH a AS (SELECT usr, n AS v FROM events) SELECT usr, count(*) AS v FROM a GROUP BY usr', 'FSC3008 v'],
  ])('%s', (sql, fault) => expect(faults(sql)).toEqual([fault]));

  it.each([
    'SELECT plan, count(*) AS x FROM events WHERE plan IS NOT NULL AND ok GROUP BY plan',
    'WITH a AS (SELECT plan FROM events WHERE plan IS NOT NULL) SELECT plan, count(*) AS x FROM a GROUP BY plan',
    "SELECT coalesce(plan, '') AS p, count(*) AS x FROM events GROUP BY coalesce(plan, '')",
    'SELECT CAST(score AS bigint) AS s, count(*) AS x FROM events WHERE CAST(score AS bigint) IS NOT NULL GROUP BY CAST(score AS bigint)',
    'SELECT usr, min(n) AS n FROM events GROUP BY usr',
    'WITH a AS (SELECT usr, n AS v FROM events) SELECT usr, sum(v) AS n FROM a GROUP BY usr',
    'WITH a AS (SELECT usr, n AS v FROM events) SELECT usr, sum(v) AS v FROM a GROUP BY usr',
  ])('%s is right', (sql) => expect(faults(sql)).toEqual([]));
});

describe('shape B', () => {
  it('the PARTITION BY columns are the key', () => {
    const spec = specOf(
      'SELECT plan, usr, sum(n) OVER (PARTITION BY usr, plan ORDER BY ts) AS x FROM events WHERE plan IS NOT NULL',
    );
    expect(spec.entity.map(({ name }) => name)).toEqual(['usr', 'plan']);
  });

  it('without OVER the tag names them', () => {
    const spec = specOf('-- @entity usr\nSELECT usr, plan, extract(epoch FROM now() - ts) AS age FROM events');
    expect(spec.entity.map(({ name }) => name)).toEqual(['usr']);
    expect(spec.features.map(({ name }) => name)).toEqual(['plan', 'age']);
  });

  it.each([
    ['SELECT sum(n) OVER (PARTITION BY usr ORDER BY ts) AS x FROM events', 'FSC3414 usr'],
    ['SELECT usr, plan FROM events', 'FSC3419 SELECT'],
    ['-- @entity who\nSELECT usr, plan FROM events', 'FSC3420 who'],
    ['-- @entity usr, who\nSELECT usr, plan FROM events', 'FSC3420 who'],
    ['-- @entity plan\nSELECT usr, plan FROM events', 'FSC3205 plan'],
    ['-- @entity usr\nSELECT usr, count(*) AS x FROM events GROUP BY usr', 'FSC3420 @entity usr'],
    ['-- @entity usr\nSELECT usr, sum(n) OVER (PARTITION BY usr ORDER BY ts) AS x FROM events', 'FSC3420 @entity usr'],
    [
      'SELECT usr, sum(n) OVER (PARTITION BY usr ORDER BY ts) AS x, sum(n) OVER (PARTITION BY id ORDER BY ts) AS y FROM events',
      'FSC3401 (PARTITION BY id ORDER BY ts)',
    ],
    ['-- @entity score\nSELECT usr, score FROM events WHERE score IS NOT NULL', 'FSC3206 score'],
  ])('%s', (sql, fault) => expect(faults(sql)).toEqual([fault]));
});
