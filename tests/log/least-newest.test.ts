import { describe, expect, it } from 'vitest';
import { LeastNewest, type PartitionTimes } from '../../runtime/log/least-newest.ts';

/** Counts how often somebody is looked at. */
class Times implements PartitionTimes {
  readonly newest: number[] = [];
  readonly idle = new Set<number>();
  looks = 0;

  newestOf(id: number): number {
    this.looks += 1;
    return this.newest[id]!;
  }

  isIdle(id: number): boolean {
    return this.idle.has(id);
  }
}

describe('the least newest event time', () => {
  it('is that of a look at each partition', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 30; round += 1) {
      const times = new Times();
      const heap = new LeastNewest();
      for (let step = 0; step < 300; step += 1) {
        const id = random(1 + round);
        const isNew = times.newest[id] === undefined;
        times.newest[id] = Math.max(times.newest[id] ?? Number.NEGATIVE_INFINITY, random(20) + step);
        if (random(4) === 0 && !isNew) times.idle.add(id);
        else {
          times.idle.delete(id);
          heap.join(id, times.newest[id]);
        }
        const active = times.newest.filter((time, i) => time !== undefined && !times.idle.has(i));
        if (random(3) > 0) expect(heap.least(times)).toBe(Math.min(Number.POSITIVE_INFINITY, ...active));
      }
      heap.clear();
      expect(heap.least(times)).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it('costs a few looks an event, however many partitions there are', () => {
    const partitions = 5000;
    const times = new Times();
    const heap = new LeastNewest();
    let events = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let id = 0; id < partitions; id += 1) {
        events += 1;
        times.newest[id] = events;
        times.idle.delete(id);
        heap.join(id, events);
        heap.least(times);
      }
    }
    for (let id = 0; id < partitions; id += 1) {
      times.idle.add(id);
      expect(heap.least(times)).toBe(id + 1 < partitions ? times.newest[id + 1] : Number.POSITIVE_INFINITY);
    }
    expect(times.looks).toBeLessThan(4 * events);
  });
});
