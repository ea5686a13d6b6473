import { describe, expect, it } from 'vitest';
import { capacityOf, kindOf, Slabs } from '../../runtime/state/slabs.ts';
import { type Random, random } from './plans.ts';

const STRIDE = 3;
const SEGMENT = 2048;

interface Block {
  kind: number;
  base: number;
  mark: number;
}

function fill(slabs: Slabs, block: Block): void {
  for (let i = 0; i < capacityOf(block.kind); i++) slabs.floats[(block.base + i) * STRIDE + 1] = block.mark + i;
}

function expectWhole(slabs: Slabs, blocks: readonly Block[]): void {
  for (const block of blocks) {
    for (let i = 0; i < capacityOf(block.kind); i++) {
      if (slabs.floats[(block.base + i) * STRIDE + 1] !== block.mark + i)
        expect.fail(`block of class ${block.kind} lost record ${i}`);
    }
  }
}

function copyOf(slabs: Slabs): Slabs {
  const copy = new Slabs(STRIDE);
  const { contents, description } = slabs.snapshot();
  copy.restore(contents.slice(), description);
  return copy;
}

/** Blocks come and go, as entities grow and forget. */
function run(
  r: Random,
  steps: number,
): { readonly slabs: Slabs; readonly live: readonly Block[]; readonly most: number } {
  let slabs = new Slabs(STRIDE);
  const live: Block[] = [];
  let most = 0;
  for (let step = 0; step < steps; step++) {
    if (live.length > 0 && r.chance(0.48)) {
      const [block] = live.splice(r.int(live.length), 1);
      slabs.release((block as Block).base);
    } else {
      const kind = r.chance(0.01) ? 18 + r.int(6) : r.int(14);
      const block = { kind, base: slabs.allocate(kind), mark: step * 100_000 };
      fill(slabs, block);
      live.push(block);
    }
    most = Math.max(
      most,
      live.reduce((sum, { kind }) => sum + capacityOf(kind), 0),
    );
    if (r.chance(0.01)) slabs = copyOf(slabs);
  }
  return { slabs, live, most };
}

describe('slabs', () => {
  it('have classes in order, found by their capacity', () => {
    const capacities = Array.from({ length: 40 }, (_, kind) => capacityOf(kind));
    expect(capacities.slice(0, 6)).toEqual([4, 8, 12, 16, 24, 32]);
    expect(capacities.map(kindOf)).toEqual(capacities.map((_, kind) => kind));
    expect(capacities).toEqual([...capacities].sort((a, b) => a - b));
  });

  it('keep every block apart from every other, through snapshots', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { slabs, live } = run(random(seed), 600);
      expectWhole(slabs, live);
    }
  });

  it('use again what was given back', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { slabs, most } = run(random(seed), 2000);
      // A segment of each of 14 classes may be partly used.
      expect(slabs.bytes()).toBeLessThan((2 * most + 14 * SEGMENT) * STRIDE * 8);
    }
    const slabs = new Slabs(STRIDE);
    for (let kind = 0; kind < 14; kind++) {
      const blocks = Array.from({ length: 400 }, () => slabs.allocate(kind));
      for (const base of blocks) slabs.release(base);
    }
    const oneClass = 400 * capacityOf(13) + SEGMENT;
    expect(slabs.bytes()).toBeLessThan(1.5 * oneClass * STRIDE * 8);
  });

  it('are compacted: what is left of a class stands together, apart from every other block, and gives its segments back', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const r = random(seed);
      let slabs = new Slabs(STRIDE);
      const take = (kind: number): Block => {
        const block = { kind, base: slabs.allocate(kind), mark: r.int(1 << 20) * 1000 };
        fill(slabs, block);
        return block;
      };
      let live = Array.from({ length: 6000 }, () => take(r.int(5)));
      const before = slabs.bytes();
      live = live.filter(({ base }) => {
        if (r.chance(0.2)) return true;
        slabs.release(base);
        return false;
      });
      if (seed % 3 === 0) slabs = copyOf(slabs);
      expect(slabs.beginCompaction()).toBe(true);
      // What nobody owns up to stays, and so does its segment.
      const stays = seed % 2 === 0 ? -1 : r.int(live.length);
      const others: Block[] = [];
      live = live.map((block, i) => {
        others.push(take(r.int(5)));
        expect(slabs.isLeaving((others[others.length - 1] as Block).base)).toBe(false);
        if (i === stays || !slabs.isLeaving(block.base)) return block;
        const moved = { ...block, base: slabs.allocate(block.kind) };
        expect(slabs.isLeaving(moved.base)).toBe(false);
        slabs.move(block.base, moved.base, capacityOf(block.kind));
        slabs.release(block.base);
        return moved;
      });
      slabs.endCompaction();
      live.push(...others);
      expectWhole(slabs, live);
      if (stays < 0) expect(slabs.beginCompaction()).toBe(false);
      // More than half of the room serves any class again.
      live.push(...Array.from({ length: 700 }, () => take(6)));
      expectWhole(slabs, live);
      expect(slabs.bytes()).toBeLessThan(before + 2 * SEGMENT * STRIDE * 8);
      expectWhole(copyOf(slabs), live);
    }
  });

  /** Blocks of the smallest class that fill so many segments, segment by segment. */
  const fullSegments = (slabs: Slabs, count: number): number[][] => {
    const each = SEGMENT / capacityOf(0);
    return Array.from({ length: count }, () => Array.from({ length: each }, () => slabs.allocate(0)));
  };

  it('are compacted from the emptiest segments into the fullest', () => {
    const slabs = new Slabs(STRIDE);
    const segments = fullSegments(slabs, 3);
    for (const [i, kept] of [150, 300, 30].entries()) for (const base of segments[i]!.slice(kept)) slabs.release(base);
    expect(slabs.beginCompaction()).toBe(true);
    expect(segments.map(([first]) => slabs.isLeaving(first!))).toEqual([true, false, true]);
  });

  it('take blocks again where nothing was moved', () => {
    const slabs = new Slabs(STRIDE);
    const segments = fullSegments(slabs, 3);
    const before = slabs.bytes();
    for (const bases of segments) for (const base of bases.slice(1)) slabs.release(base);
    expect(slabs.beginCompaction()).toBe(true);
    slabs.endCompaction();
    expect(segments.map(([first]) => slabs.isLeaving(first!))).toEqual([false, false, false]);
    for (const bases of segments) for (const _ of bases.slice(1)) slabs.allocate(0);
    expect(slabs.bytes()).toBe(before);
  });

  it('hand out the first block of all again, large blocks in a place that fits, and what is left before it', () => {
    const slabs = new Slabs(STRIDE);
    const [small] = fullSegments(slabs, 1);
    const large = kindOf(2 * SEGMENT);
    const places = [slabs.allocate(large), slabs.allocate(large), slabs.allocate(large)];
    const before = slabs.bytes();
    slabs.release(small![0]!);
    expect(slabs.allocate(0)).toBe(small![0]);
    for (const base of small!) slabs.release(base);
    slabs.release(places[1]!);
    expect(slabs.allocate(large)).toBe(places[1]);
    expect(slabs.allocate(0)).toBe(small![0]);
    expect(slabs.bytes()).toBe(before);
  });

  it('move records within and between blocks', () => {
    const slabs = new Slabs(STRIDE);
    // Of so few numbers that a loop moves them, and of more.
    for (const kind of [0, 3, 6, 12, 22]) {
      const from = { kind, base: slabs.allocate(kind), mark: 7 };
      fill(slabs, from);
      const to = slabs.allocate(kind + 1);
      const count = capacityOf(kind) - 3;
      const expectAt = (offset: number): void => {
        for (let i = 0; i < count; i++) {
          if (slabs.floats[(to + offset + i) * STRIDE + 1] !== from.mark + 2 + i) expect.fail(`record ${i} is another`);
        }
      };
      slabs.move(from.base + 2, to + 1, count);
      expectAt(1);
      slabs.move(to + 1, to + 2, count);
      expectAt(2);
      slabs.move(to + 2, to, count);
      expectAt(0);
    }
  });
});
