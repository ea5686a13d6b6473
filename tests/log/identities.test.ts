import { expect, it } from 'vitest';
import { Identities } from '../../runtime/log/identities.ts';
import { vectorOf } from '../batches.ts';
import { TEXT } from './helpers.ts';

it('identities are kept in several texts where they are longer than one string can be', () => {
  const keys = [
    vectorOf(
      TEXT,
      Array.from({ length: 400 }, (_, i) => `payment ${i}`),
    ),
  ];
  const identities = new Identities();
  for (let row = 0; row < 300; row += 1) identities.add(row, keys, row);
  const image = identities.snapshot(100, 200);
  expect(image.texts?.length).toBeGreaterThan(10);
  expect(identities.snapshot(100).texts).toHaveLength(1);
  const copy = new Identities();
  copy.restore(image);
  expect(copy.size).toBe(200);
  for (let row = 0; row < 400; row += 1) expect(copy.has(row, keys, row)).toBe(row >= 100 && row < 300);
});
