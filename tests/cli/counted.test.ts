/** Counts with their nouns. */
import { expect, it } from 'vitest';
import { counted, plural } from '../../runtime/values/counted.ts';

it('one is singular, none and several are plural', () => {
  expect([0, 1, 2, 3000000].map((count) => counted(count, 'row'))).toEqual([
    '0 rows',
    '1 row',
    '2 rows',
    '3,000,000 rows',
  ]);
  expect([0, 1, 2].map((count) => counted(count, 'entity', 'entities'))).toEqual([
    '0 entities',
    '1 entity',
    '2 entities',
  ]);
  expect([0, 1, 2].map((count) => counted(count, 'label has', 'labels have'))).toEqual([
    '0 labels have',
    '1 label has',
    '2 labels have',
  ]);
  expect([1, 1000].map((count) => plural(count, 'is', 'are'))).toEqual(['is', 'are']);
});
