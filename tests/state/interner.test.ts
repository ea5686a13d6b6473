import { describe, expect, it } from 'vitest';
import { IdMap } from '../../runtime/state/id-map.ts';
import { Interner } from '../../runtime/state/interner.ts';

/** A sweep does not pay below so many texts and wide integers. */
const FEW = 65_536;
const WIDES = [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 10n ** 38n - 1n, -(10n ** 38n) + 1n];

function fill(interner: Interner, texts: number, wides: number): { texts: number[]; wides: number[] } {
  return {
    texts: Array.from({ length: texts }, (_, i) => interner.textId(`text ${i}`)),
    wides: Array.from({ length: wides }, (_, i) => interner.hybrid(2n ** 60n + BigInt(i))),
  };
}

function restored(interner: Interner): Interner {
  const copy = new Interner();
  copy.restore(interner.snapshot());
  return copy;
}

/** Only what is given is in use. */
function sweep(interner: Interner, texts: readonly number[], hybrids: readonly number[]): void {
  interner.sweep((text, hybrid) => {
    texts.forEach(text);
    hybrids.forEach(hybrid);
  });
}

describe('interned values', () => {
  it('are known by one number each, and the empty text by 0', () => {
    const interner = new Interner();
    const ids = ['', 'a', 'b', '__proto__'].map((text) => interner.textId(text));
    expect(ids).toEqual([0, 1, 2, 3]);
    expect(['', 'a', 'b', '__proto__'].map((text) => interner.textId(text))).toEqual(ids);
    const stored = WIDES.map((wide) => interner.hybrid(wide));
    expect(new Set(stored).size).toBe(WIDES.length);
    expect(WIDES.map((wide) => interner.hybrid(wide))).toEqual(stored);
    expect(stored.map((number) => interner.value(number))).toEqual(WIDES);
  });

  it('are themselves where a double holds them', () => {
    const interner = new Interner();
    fill(interner, 0, 3);
    for (const value of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(interner.hybrid(value)).toBe(value);
      expect(interner.value(value)).toBe(value);
    }
  });

  it('compare as what they stand for, not by the order in which they came', () => {
    const interner = new Interner();
    const texts = ['b', '', 'a', '\u{1f600}', '\uffee'].map((text) => interner.textId(text));
    const byText = [...texts].sort((a, b) => interner.compareText(a, b));
    expect(byText.map((id) => interner.texts[id])).toEqual(['', 'a', 'b', '\uffee', '\u{1f600}']);
    const numbers = [...WIDES, 7, -7, Number.MAX_SAFE_INTEGER];
    const stored = numbers.map((number) => interner.hybrid(number));
    for (const [i, a] of numbers.entries()) {
      for (const [j, b] of numbers.entries()) {
        const order = interner.compareHybrid(stored[i] as number, stored[j] as number);
        expect([a, b, order]).toEqual([a, b, a < b ? -1 : a > b ? 1 : 0]);
      }
    }
  });

  it('are swept once there are many, and then when there are twice as many as were left', () => {
    const interner = new Interner();
    const { texts, wides } = fill(interner, FEW - 11, 9);
    expect(interner.needsSweep).toBe(false);
    wides.push(interner.hybrid(1n));
    expect(interner.needsSweep).toBe(true);
    sweep(interner, texts, wides);
    expect(interner.needsSweep).toBe(false);
    for (let i = 0; i < FEW - 1; i++) interner.textId(`more ${i}`);
    expect(interner.needsSweep).toBe(false);
    interner.hybrid(2n);
    expect(interner.needsSweep).toBe(true);
    sweep(interner, [], []);
    fill(interner, FEW - 2, 0);
    expect(interner.needsSweep).toBe(false);
    interner.hybrid(2n);
    expect(interner.needsSweep).toBe(true);
  });

  it('are swept after a restart whenever there are many, so that restarts do not put it off for ever', () => {
    const interner = new Interner();
    fill(interner, FEW - 2, 0);
    expect(restored(interner).needsSweep).toBe(false);
    interner.hybrid(2n);
    expect(restored(interner).needsSweep).toBe(true);
  });

  it('are kept by a sweep where they are in use, and their numbers given to others where not', () => {
    const swept = new Interner();
    const { texts, wides } = fill(swept, 6, 6);
    const [kept, gone] = [[1, 4].map((i) => texts[i] as number), [0, 2, 3, 5].map((i) => texts[i] as number)];
    const [wideKept, wideGone] = [[0, 3].map((i) => wides[i] as number), [1, 2, 4, 5].map((i) => wides[i] as number)];
    sweep(swept, kept, [...wideKept, 3, -3, Number.MAX_SAFE_INTEGER]);
    for (const interner of [swept, restored(swept), restored(restored(swept))]) {
      expect(kept.map((id) => interner.texts[id])).toEqual(['text 1', 'text 4']);
      expect(wideKept.map((stored) => interner.value(stored))).toEqual([2n ** 60n, 2n ** 60n + 3n]);
      expect(['text 1', 'text 4'].map((text) => interner.textId(text))).toEqual(kept);
      expect([2n ** 60n, 2n ** 60n + 3n].map((wide) => interner.hybrid(wide))).toEqual(wideKept);
      expect(interner.textId('')).toBe(0);
      // What was forgotten is new when it comes again.
      const again = ['new', 'text 0', 'text 5', 'text 2', 'one more'].map((text) => interner.textId(text));
      expect(again.slice(0, 4).sort()).toEqual(gone);
      expect(again[4]).toBe(7);
      expect(again.map((id) => interner.texts[id])).toEqual(['new', 'text 0', 'text 5', 'text 2', 'one more']);
      const values = [0n, 2n ** 60n + 1n, 2n ** 90n, 2n ** 91n, 2n ** 92n];
      const more = values.map((wide) => interner.hybrid(wide));
      expect(more.slice(0, 4).sort((a, b) => a - b)).toEqual(wideGone);
      expect(new Set([...more, ...wideKept]).size).toBe(7);
      expect(more.map((stored) => interner.value(stored))).toEqual(values);
      expect(wideKept.map((stored) => interner.value(stored))).toEqual([2n ** 60n, 2n ** 60n + 3n]);
    }
  });

  it('are kept in several texts where they are longer than one string can be', () => {
    const interner = new Interner();
    const { texts, wides } = fill(interner, 500, 40);
    sweep(interner, texts.slice(3), wides.slice(2));
    const image = interner.snapshot(200);
    expect(image.length).toBeGreaterThan(20);
    const copy = new Interner();
    copy.restore(image);
    for (const id of texts.slice(3)) expect(copy.textId(`text ${texts.indexOf(id)}`)).toBe(id);
    expect(wides.slice(2).map((stored) => copy.value(stored))).toEqual(
      wides.slice(2).map((stored) => interner.value(stored)),
    );
    // The numbers that are free are so in the copy too.
    expect(texts.slice(0, 3)).toContain(copy.textId('new'));
    expect(wides.slice(0, 2)).toContain(copy.hybrid(2n ** 90n));
    expect(interner.snapshot()).toHaveLength(1);
  });
});

describe('ids by key', () => {
  it('stand in more maps than one where one is full, and in as few as are needed once some are forgotten', () => {
    const ids = new IdMap<string>(10);
    for (let id = 0; id < 95; id++) ids.add(`key ${id}`, id);
    expect(ids.size).toBe(95);
    ids.retain((_, id) => id % 7 === 0);
    for (let id = 0; id < 95; id++) expect(ids.get(`key ${id}`)).toBe(id % 7 === 0 ? id : undefined);
    ids.add('key 1', 1);
    expect([ids.size, ids.get('key 1')]).toEqual([15, 1]);
  });
});
