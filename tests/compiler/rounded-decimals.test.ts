import { describe, expect, it } from 'vitest';
import { compileView, faultsOf } from './project.ts';

const codes = (item: string): readonly string[] =>
  faultsOf(compileView(`SELECT usr, ${item} AS x FROM events GROUP BY usr`));

/** To DuckDB `round(sum(amount))` is a decimal(38,0): it answered 1 for `coalesce(round(sum(amount)), 0.5)` where there is no sum. */
describe('a rounded decimal of all digits', () => {
  it.each([
    ['coalesce(round(sum(amount)), 0.5)', '0.5'],
    ['coalesce(-round(sum(amount)), 0.5)', '0.5'],
    ['coalesce(coalesce(ceil(sum(amount)), 0), 0.5)', '0.5'],
    ['CASE WHEN count(*) > 1 THEN trunc(sum(amount), 1) ELSE 0.25 END', '0.25'],
    ['greatest(floor(sum(amount)), 0.5)', 'greatest(floor(sum(amount)), 0.5)'],
    ['round(sum(amount)) % 0.7', 'round(sum(amount)) % 0.7'],
  ])('leaves none behind the point to %s', (item, place) => {
    expect(codes(item)).toEqual([`FSC3016 ${place}`]);
  });

  it.each([
    'coalesce(round(sum(amount)), 0)',
    'coalesce(round(sum(amount)), 0.0)',
    'coalesce(CAST(round(sum(amount)) AS decimal(20,0)), 0.5)',
    'coalesce(round(max(amount)), 0.5)',
    'greatest(floor(max(amount)), 0.5)',
    'round(sum(amount)) + 0.5',
    'round(sum(amount)) > 0.5',
  ])('%s', (item) => {
    expect(codes(item)).toEqual([]);
  });
});
