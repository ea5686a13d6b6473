import { describe, expect, it } from 'vitest';
import { orderByInstant } from '../../runtime/engines/instant-order.ts';

/** Few are sorted one way, many another. */
const FEW = 5000;
const MANY = 70_000;

function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function byComparing(instants: Float64Array): number[] {
  return Array.from(instants, (_, label) => label).sort((a, b) => instants[a]! - instants[b]! || a - b);
}

describe('labels in order of their instants', () => {
  const START = 978_307_200_000_000;
  const kinds: readonly (readonly [string, (random: () => number) => number])[] = [
    ['microseconds', (random) => START + Math.floor(random() * 2 ** 44)],
    ['seconds', (random) => START + Math.floor(random() * 2 ** 24) * 1_000_000],
    ['minutes, many at one', (random) => START + Math.floor(random() * 50) * 60_000_000],
    ['the whole range', (random) => Math.floor(random() * 7_258_118_400_000_000)],
    ['before 1970 too', (random) => Math.floor((random() - 0.5) * 2 ** 40)],
  ];
  for (const [name, next] of kinds) {
    it.each([2, 3, 255, 256, 257, FEW, MANY])(
      `keeps the labels' order where they are equal: ${name}, %d of them`,
      (length) => {
        const random = pseudoRandom(length);
        const instants = Float64Array.from({ length }, () => next(random));
        // In order already they would not be sorted.
        instants[length - 1] = instants[0]! - 60_000_000;
        const order = orderByInstant(instants.slice());
        const expected = byComparing(instants);
        expect([...order.labels]).toEqual(expected);
        expect([...order.instants]).toEqual(expected.map((label) => instants[label]));
      },
    );
  }

  it('leaves what is in order as it is', () => {
    const instants = Float64Array.from([1, 1, 2, 5]);
    expect([...orderByInstant(instants).labels]).toEqual([0, 1, 2, 3]);
    expect(orderByInstant(new Float64Array(0)).labels.length).toBe(0);
  });
});
