import { compareText } from '../values/order.ts';

/**
 * Text and integers beyond 2^53 inside numeric ring columns. Text is an id. A wide integer is a double beyond the safe range
 * that says where to look: WIDE_BASE + id·256 (256 is the distance of doubles there), so `|v| > MAX_SAFE_INTEGER` tells it from a value.
 */
const WIDE_BASE = 2 ** 60;
const WIDE_STEP = 256;
const SWEEP_LEAST = 65_536;

export class Interner {
  texts: string[] = [''];
  wides: bigint[] = [];
  #textIds = new Map<string, number>([['', 0]]);
  #wideIds = new Map<bigint, number>();
  #freeTexts: number[] = [];
  #freeWides: number[] = [];
  /** Live entries at which a sweep pays again. */
  #sweepAt = SWEEP_LEAST;

  textId(text: string): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    const id = this.#freeTexts.pop() ?? this.texts.length;
    this.texts[id] = text;
    this.#textIds.set(text, id);
    return id;
  }

  hybrid(value: number | bigint): number {
    if (typeof value === 'number') return value;
    let id = this.#wideIds.get(value);
    if (id === undefined) {
      id = this.#freeWides.pop() ?? this.wides.length;
      this.wides[id] = value;
      this.#wideIds.set(value, id);
    }
    return WIDE_BASE + id * WIDE_STEP;
  }

  value(stored: number): number | bigint {
    if (stored <= Number.MAX_SAFE_INTEGER) return stored;
    return this.wides[(stored - WIDE_BASE) / WIDE_STEP] as bigint;
  }

  get needsSweep(): boolean {
    return this.#textIds.size + this.#wideIds.size >= this.#sweepAt;
  }

  /** Forgets what `mark` does not mark: `mark` calls its arguments with every number that is still in use. */
  sweep(mark: (text: (id: number) => void, hybrid: (stored: number) => void) => void): void {
    const texts = new Uint8Array(this.texts.length);
    const wides = new Uint8Array(this.wides.length);
    texts[0] = 1;
    mark(
      (id) => {
        texts[id] = 1;
      },
      (stored) => {
        if (stored > Number.MAX_SAFE_INTEGER) wides[(stored - WIDE_BASE) / WIDE_STEP] = 1;
      },
    );
    for (const [text, id] of this.#textIds) {
      if (texts[id] === 1) continue;
      this.#textIds.delete(text);
      this.texts[id] = '';
      this.#freeTexts.push(id);
    }
    for (const [wide, id] of this.#wideIds) {
      if (wides[id] === 1) continue;
      this.#wideIds.delete(wide);
      this.wides[id] = 0n;
      this.#freeWides.push(id);
    }
    this.#sweepAt = Math.max(SWEEP_LEAST, 2 * (this.#textIds.size + this.#wideIds.size));
  }

  compareText(a: number, b: number): number {
    return a === b ? 0 : compareText(this.texts[a] as string, this.texts[b] as string);
  }

  compareHybrid(a: number, b: number): number {
    if (a === b) return 0;
    const x = this.value(a);
    const y = this.value(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  snapshot(): string {
    return JSON.stringify({
      texts: this.texts,
      wides: this.wides.map(String),
      freeTexts: this.#freeTexts,
      freeWides: this.#freeWides,
    });
  }

  restore(image: string): void {
    const { texts, wides, freeTexts, freeWides } = JSON.parse(image) as InternerImage;
    this.texts = texts;
    this.wides = wides.map(BigInt);
    this.#freeTexts = freeTexts;
    this.#freeWides = freeWides;
    this.#textIds = indexed(texts, freeTexts);
    this.#wideIds = indexed(this.wides, freeWides);
    // How many of them are still in use is not known: if each restart waited for twice as many, none might ever be forgotten.
    this.#sweepAt = SWEEP_LEAST;
  }
}

interface InternerImage {
  readonly texts: string[];
  readonly wides: string[];
  readonly freeTexts: number[];
  readonly freeWides: number[];
}

function indexed<T>(values: readonly T[], free: readonly number[]): Map<T, number> {
  const unused = new Set(free);
  const ids = new Map<T, number>();
  values.forEach((value, id) => {
    if (!unused.has(id)) ids.set(value, id);
  });
  return ids;
}
