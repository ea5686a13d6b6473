import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeartbeatCodec, type StoredPositions } from '../../runtime/stores/heartbeat-codec.ts';
import type { Heartbeat } from '../../runtime/stores/store.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { entryOf, grownPosition, movedSince, type Position, partsOf } from '../../runtime/values/positions.ts';

interface Entry {
  readonly offset: number;
}

function files(count: number): Record<string, Entry> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`history:${i}.csv`, { offset: i }]));
}

const NAMES = ['history:0.csv', 'history:1.csv', 'history:z.csv', 'stream:-', '__proto__:-'];
const moved = fc.dictionary(fc.constantFrom(...NAMES), fc.record({ offset: fc.nat(9) }));

describe('positions', () => {
  it('are those of their parts, whoever asks', () => {
    fc.assert(
      fc.property(moved, moved, (done, last) => {
        const position = grownPosition(done, last);
        const all = { ...done, ...last };
        expect(position).toEqual({ partitions: all });
        expect(JSON.parse(JSON.stringify(position))).toEqual({ partitions: JSON.parse(JSON.stringify(all)) });
        for (const name of NAMES) {
          expect(entryOf(position, name)).toBe(position.partitions[name]);
          expect(entryOf({ partitions: position.partitions }, name)).toBe(position.partitions[name]);
        }
        expect(partsOf(position)).toEqual([last, done]);
      }),
    );
  });

  it('are told by what moved since any other that has lost nothing', () => {
    fc.assert(
      fc.property(moved, moved, moved, fc.boolean(), fc.boolean(), (done, before, now, isSame, isPlain) => {
        const since = grownPosition(done, before);
        const base = isSame ? done : { ...done };
        const whole = grownPosition(base, now);
        const next: Position<Entry> = isPlain ? { partitions: whole.partitions } : whole;
        const told = movedSince(since, next);
        const isLost = Object.keys(since.partitions).some((name) => !Object.hasOwn(next.partitions, name));
        if (told === null) expect(isLost || (isSame && !isPlain)).toBe(true);
        else expect(grownPosition(since.partitions, told)).toEqual({ partitions: { ...next.partitions } });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('positions of heartbeats', () => {
  /** As the store keeps them. */
  class Kept {
    core: Uint8Array | undefined;
    stored: StoredPositions = { positions: undefined, base: undefined };
    written = 0;

    put(codec: HeartbeatCodec, positions: Heartbeat['positions'], writtenAtMicros: number): void {
      const { core, positions: bytes, base } = codec.encode({ ...BEAT, positions, writtenAtMicros });
      this.written = core.length + bytes.length + (base?.length ?? 0);
      this.core = core;
      this.stored = { positions: bytes, base: base ?? this.stored.base };
    }

    read(stored = this.stored): Heartbeat['positions'] {
      return new HeartbeatCodec().decode('v', this.core as Uint8Array, () => stored).positions;
    }
  }

  const BEAT: Heartbeat = {
    ...{ view: 'v', fingerprint: 'f', writtenAtMicros: 1, knownToMicros: 2, newestMicros: 3, backlogMicros: 0 },
    ...{ ended: false, positions: {} },
  };

  it('are read as they were written, whoever wrote them before', () => {
    const steps = fc.array(
      fc.record({
        count: fc.constantFrom(0, 3, 64, 65, 300),
        stdin: fc.nat(),
        isAnew: fc.boolean(),
        isGrown: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const kept = new Kept();
        let codec = new HeartbeatCodec();
        const done = new Map<number, Record<string, Entry>>();
        for (const [i, { count, stdin, isAnew, isGrown }] of all.entries()) {
          if (isAnew) codec = new HeartbeatCodec();
          if (!done.has(count) || isAnew) done.set(count, files(count));
          const position = grownPosition(done.get(count) as Record<string, Entry>, { 'stream:-': { offset: stdin } });
          const positions = { flights: isGrown ? position : { partitions: { ...position.partitions } } };
          kept.put(codec, positions, i);
          expect(kept.read()).toEqual({ flights: { partitions: { ...position.partitions } } });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of many files are written once', () => {
    const kept = new Kept();
    const codec = new HeartbeatCodec();
    const done = files(5000);
    const sizes: number[] = [];
    for (let i = 0; i < 50; i += 1) {
      if (i === 40) codec.forgetBases();
      kept.put(codec, { flights: grownPosition(done, { 'stream:-': { offset: i } }) }, i);
      sizes.push(kept.written);
      expect(entryOf(kept.read().flights as Position<Entry>, 'stream:-')).toEqual({ offset: i });
    }
    expect(sizes.flatMap((size, i) => (size > 1000 ? [i] : []))).toEqual([0, 40]);
  });

  it('tell of any flipped bit, and of bases that are others', () => {
    const kept = new Kept();
    const codec = new HeartbeatCodec();
    const done = files(70);
    for (let i = 0; i < 2; i += 1) kept.put(codec, { f: grownPosition(done, { 'stream:-': { offset: i } }) }, i);
    const whole = kept.stored;
    expect(kept.read()).toEqual({ f: { partitions: { ...done, 'stream:-': { offset: 1 } } } });
    for (const part of ['positions', 'base'] as const) {
      const bytes = whole[part] as Uint8Array;
      for (let bit = 0; bit < bytes.length * 8; bit += part === 'base' ? 7 : 1) {
        const spoilt = Uint8Array.from(bytes);
        spoilt[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => kept.read({ ...whole, [part]: spoilt })).toThrow(
          /heartbeat of `v` in the online store is corrupt/,
        );
      }
    }
    const other = new Kept();
    other.put(new HeartbeatCodec(), { f: grownPosition(done, { 'stream:-': { offset: 7 } }) }, 0);
    const why = (stored: StoredPositions): string | null => {
      try {
        kept.read(stored);
      } catch (error) {
        if (error instanceof FscError) return error.why;
      }
      return null;
    };
    const isMissing = 'the positions that its own go on from are missing';
    expect(why({ ...whole, base: other.stored.base })).toBe(isMissing);
    expect(why({ ...whole, base: undefined })).toBe(isMissing);
    expect(why({ ...whole, positions: undefined })).toBe('its positions are missing');
  });
});
