import { compareText } from '../values/order.ts';
import { textParts } from '../values/text-parts.ts';
import { IdMap } from './id-map.ts';

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
  #textIds = indexed<string>([''], []);
  #wideIds = new IdMap<bigint>();
  #freeTexts: number[] = [];
  #freeWides: number[] = [];
  /** Live entries at which a sweep pays again. */
  #sweepAt = SWEEP_LEAST;

  textId(text: string): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    const id = this.#freeTexts.pop() ?? this.texts.length;
    this.texts[id] = text;
    this.#textIds.add(text, id);
    return id;
  }

  hybrid(value: number | bigint): number {
    if (typeof value === 'number') return value;
    let id = this.#wideIds.get(value);
    if (id === undefined) {
      id = this.#freeWides.pop() ?? this.wides.length;
      this.wides[id] = value;
      this.#wideIds.add(value, id);
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
    this.#textIds.retain((_, id) => {
      if (texts[id] === 1) return true;
      this.texts[id] = '';
      this.#freeTexts.push(id);
      return false;
    });
    this.#wideIds.retain((_, id) => {
      if (wides[id] === 1) return true;
      this.wides[id] = 0n;
      this.#freeWides.push(id);
      return false;
    });
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

  /** JSON texts, which together say it. `most`: characters of one, about. */
  snapshot(most?: number): string[] {
    const texts = textParts(this.texts, most);
    const wides = textParts(this.wides.map(String), most);
    const free = { freeTexts: this.#freeTexts, freeWides: this.#freeWides };
    return Array.from({ length: Math.max(texts.length, wides.length) }, (_, i) =>
      JSON.stringify({ texts: texts[i] ?? [], wides: wides[i] ?? [], ...(i === 0 ? free : {}) }),
    );
  }

  restore(image: readonly string[]): void {
    const parts = image.map((part) => JSON.parse(part) as InternerImage);
    this.texts = parts.flatMap(({ texts }) => texts);
    this.wides = parts.flatMap(({ wides }) => wides.map(BigInt));
    this.#freeTexts = parts.flatMap(({ freeTexts }) => freeTexts ?? []);
    this.#freeWides = parts.flatMap(({ freeWides }) => freeWides ?? []);
    this.#textIds = indexed(this.texts, this.#freeTexts);
    this.#wideIds = indexed(this.wides, this.#freeWides);
    // How many of them are still in use is not known: if each restart waited for twice as many, none might ever be forgotten.
    this.#sweepAt = SWEEP_LEAST;
  }
}

interface InternerImage {
  readonly texts: string[];
  readonly wides: string[];
  /** In the first part. */
  readonly freeTexts?: number[];
  readonly freeWides?: number[];
}

function indexed<K>(values: readonly K[], free: readonly number[]): IdMap<K> {
  const unused = new Uint8Array(values.length);
  for (const id of free) unused[id] = 1;
  const ids = new IdMap<K>();
  values.forEach((value, id) => {
    if (unused[id] === 0) ids.add(value, id);
  });
  return ids;
}
