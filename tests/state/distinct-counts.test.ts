import { describe, expect, it } from 'vitest';
import { DistinctCounts } from '../../runtime/state/distinct-counts.ts';
import { type Random, random } from './plans.ts';

const VALUES = [0, 1, -1, 0.1, 5e-324, Number.MAX_VALUE, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY, -7.25];
/** Also such as differ only above 32 bits. */
const OWNERS = [0, 1, 2, 65_536, 131_072, 2 ** 31 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40];

/** The same with a name for each pair. */
class Model {
  readonly counts = new Map<string, number>();

  move(owner: number, value: number, by: number): number {
    const name = `${owner} ${value}`;
    const count = (this.counts.get(name) ?? 0) + by;
    if (count === 0) this.counts.delete(name);
    else this.counts.set(name, count);
    return count;
  }
}

function expectSame(counts: DistinctCounts, model: Model): void {
  const visited: string[] = [];
  counts.forEach((owner, value) => {
    visited.push(`${owner} ${value}`);
  });
  expect(visited.sort()).toEqual([...model.counts.keys()].sort());
  const all = OWNERS.flatMap((owner) => VALUES.map((value) => [owner, value] as const));
  expect(all.map(([owner, value]) => counts.get(owner, value))).toEqual(
    all.map(([owner, value]) => model.counts.get(`${owner} ${value}`) ?? 0),
  );
}

function restored(counts: DistinctCounts): DistinctCounts {
  const image = counts.snapshot();
  const copy = new DistinctCounts(2);
  copy.restore(image.owners, image.values, image.counts);
  return copy;
}

/** As many moves up as down, so that entries come and go; below 0 too, since scratch counts differences. */
function churn(counts: DistinctCounts, model: Model, r: Random, moves: number): void {
  for (let i = 0; i < moves; i++) {
    const [owner, value, by] = [r.pick(OWNERS), r.pick(VALUES), r.chance(0.5) ? 1 : -1];
    const count = model.move(owner, value, by);
    if (counts.move(owner, value, by) !== count) expect.fail(`${owner} ${value} is not ${count}`);
  }
}

describe('counts of distinct values', () => {
  it('are those of a map, however entries come and go, through snapshots and when cleared', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const r = random(seed);
      let counts = new DistinctCounts(2);
      let model = new Model();
      for (let round = 0; round < 20; round++) {
        churn(counts, model, r, 1 + r.int(60));
        expectSame(counts, model);
        if (r.chance(0.3)) counts = restored(counts);
        if (r.chance(0.2)) {
          counts.clear();
          model = new Model();
          expectSame(counts, model);
        }
      }
    }
  });

  it('take no more room than what is counted now', () => {
    let counts = new DistinctCounts(64);
    const before = counts.bytes();
    // Two doubles and a number of 32 bits a place.
    expect(before).toBe(64 * 20);
    const window = 20;
    for (let i = 0; i < 5000; i++) {
      expect(counts.move(3, i, 1)).toBe(1);
      if (i >= window) expect(counts.move(3, i - window, -1)).toBe(0);
      if (i % 1000 === 0) counts = restored(counts);
    }
    expect(counts.bytes()).toBe(before);
    // Half full at most, so that a look into it ends soon.
    for (let i = 0; i < 100; i++) counts.move(4, i, 1);
    expect(counts.bytes()).toBe(before * 4);
    counts.clear();
    for (let i = 0; i < 100; i++) counts.move(5, i, 1);
    expect(counts.bytes()).toBe(before * 4);
  });

  it('are emptied at the cost of what they hold, however much they held before', () => {
    const counts = new DistinctCounts(256);
    const busy = 100_000;
    for (let value = 0; value < busy; value++) counts.move(0, value, 1);
    const held = counts.bytes();
    counts.clear();
    counts.move(0, 1, 1);
    counts.clear();
    // What is emptied is what there is room for.
    expect(counts.bytes()).toBeLessThan(held / 100);
    expect(counts.get(0, 1)).toBe(0);
    for (let value = 0; value < busy; value++) counts.move(0, value, -1);
    expect([counts.get(0, 0), counts.get(0, busy - 1), counts.get(0, busy)]).toEqual([-1, -1, 0]);
  });
});
