import { expect, it } from 'vitest';
import { tiedEvents } from '../../cli/dataset/summary.ts';

it.each([
  ['include', ['a'], 'count'],
  ['exclude', [], 'do not count'],
  ['exclude', ['a', 'b'], 'count unless own'],
  ['exclude', ['b'], 'differ by source'],
] as const)('says what becomes of events at the instants of labels: %s, keys of %j', (ties, own, tied) => {
  expect(tiedEvents(ties, ['a', 'b'], new Set(own))).toBe(tied);
});
