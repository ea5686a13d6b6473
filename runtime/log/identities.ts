/**
 * Identities (event time, key) of the tail (design.md section 3): an exact set, bounded by the settle line. A key of one numeric column is
 * compared as a number, any other as a canonical text; the hash only finds the place to look.
 */
import { type ColumnVector, type NumericVector, textAt } from '../values/batch.ts';
import { textParts } from '../values/text-parts.ts';

const FIRST_SLOTS = 1 << 12;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

export interface IdentityImage {
  readonly times: Float64Array;
  readonly numbers: Float64Array;
  /** JSON arrays of texts, one after the other; null where the key is one number. */
  readonly texts: readonly string[] | null;
}

export class Identities {
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #times = new Float64Array(FIRST_SLOTS / 2);
  #numbers = new Float64Array(FIRST_SLOTS / 2);
  /** '' where the number says it all. */
  #texts: string[] = [];
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** Adds the row's identity; false if it is there already. */
  add(timeMicros: number, keys: readonly ColumnVector[], row: number): boolean {
    const text = isPlainNumber(keys, row) ? '' : keyText(keys, row);
    return this.#insert(timeMicros, text === '' ? (keys[0] as NumericVector).values[row]! : 0, text);
  }

  has(timeMicros: number, keys: readonly ColumnVector[], row: number): boolean {
    const text = isPlainNumber(keys, row) ? '' : keyText(keys, row);
    const number = text === '' ? (keys[0] as NumericVector).values[row]! : 0;
    return this.#slots[this.#find(timeMicros, number, text)]! >= 0;
  }

  get isFull(): boolean {
    return this.#count === this.#times.length;
  }

  /** The identity's slot, or the empty one where it would stand. */
  #find(time: number, number: number, text: string): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(time, number, text) & mask;
    for (;;) {
      const entry = slots[slot]!;
      if (entry < 0) return slot;
      if (this.#times[entry] === time && this.#numbers[entry] === number && this.#texts[entry] === text) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #insert(time: number, number: number, text: string): boolean {
    const slot = this.#find(time, number, text);
    if (this.#slots[slot]! >= 0) return false;
    if (this.isFull) {
      this.makeRoom(Number.NEGATIVE_INFINITY);
      return this.#insert(time, number, text);
    }
    const entry = this.#count;
    this.#slots[slot] = entry;
    this.#times[entry] = time;
    this.#numbers[entry] = number;
    this.#texts[entry] = text;
    this.#count = entry + 1;
    return true;
  }

  /** Forgets what is older than the line; grows if that leaves the table more than half full. */
  makeRoom(forgetBefore: number): void {
    let kept = 0;
    for (let i = 0; i < this.#count; i += 1) if (this.#times[i]! >= forgetBefore) kept += 1;
    let slotCount = FIRST_SLOTS;
    while (slotCount < kept * 4) slotCount *= 2;
    const [times, numbers, texts, count] = [this.#times, this.#numbers, this.#texts, this.#count];
    this.#slots = new Int32Array(slotCount).fill(-1);
    this.#times = new Float64Array(slotCount / 2);
    this.#numbers = new Float64Array(slotCount / 2);
    this.#texts = [];
    this.#count = 0;
    for (let i = 0; i < count; i += 1) {
      if (times[i]! >= forgetBefore) this.#insert(times[i]!, numbers[i]!, texts[i]!);
    }
  }

  /** `most`: characters of a JSON array, about. */
  snapshot(forgetBefore: number, most?: number): IdentityImage {
    const kept: number[] = [];
    let hasText = false;
    for (let i = 0; i < this.#count; i += 1) {
      if (this.#times[i]! < forgetBefore) continue;
      kept.push(i);
      if (this.#texts[i] !== '') hasText = true;
    }
    return {
      times: Float64Array.from(kept, (i) => this.#times[i]!),
      numbers: Float64Array.from(kept, (i) => this.#numbers[i]!),
      texts: hasText
        ? textParts(
            kept.map((i) => this.#texts[i]!),
            most,
          ).map((part) => JSON.stringify(part))
        : null,
    };
  }

  restore(image: IdentityImage): void {
    const texts = image.texts === null ? null : image.texts.flatMap((part) => JSON.parse(part) as string[]);
    for (let i = 0; i < image.times.length; i += 1) {
      this.#insert(image.times[i]!, image.numbers[i]!, texts === null ? '' : texts[i]!);
    }
  }
}

function isPlainNumber(keys: readonly ColumnVector[], row: number): boolean {
  const key = keys[0]!;
  if (keys.length !== 1 || key.kind !== 'numeric' || (key.nulls !== null && key.nulls[row] === 1)) return false;
  const value = key.values[row]!;
  return value <= MAX_SAFE && value >= -MAX_SAFE;
}

/** Canonical text of a key: each part with its length before it, so that no two keys have one text. Never ''. */
function keyText(keys: readonly ColumnVector[], row: number): string {
  let text = '';
  for (let i = 0; i < keys.length; i += 1) {
    const part = keyPart(keys[i]!, row);
    text += `${part.length}:${part};`;
  }
  return text;
}

function keyPart(vector: ColumnVector, row: number): string {
  if (vector.nulls !== null && vector.nulls[row] === 1) return 'n';
  if (vector.kind === 'text') return `t${textAt(vector, row)}`;
  const value = vector.values[row]!;
  const wide = vector.wide !== null && Math.abs(value) > MAX_SAFE ? vector.wide.get(row) : undefined;
  return `v${String(wide ?? value)}`;
}

const TWO_32 = 4294967296;

function hash(time: number, number: number, text: string): number {
  let h = Math.imul((time | 0) ^ 0x9e3779b1, 0x85ebca6b) ^ Math.floor(time / TWO_32);
  h = Math.imul(h ^ (h >>> 15) ^ numberBits(number), 0xc2b2ae35);
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 13), 0x27d4eb2f);
  return (h ^ (h >>> 16)) & 0x7fffffff;
}

const floatBits = new Float64Array(1);
const intBits = new Int32Array(floatBits.buffer);

/** Equal numbers have equal bits: −0 never gets here (stored as 0), and a key is never NaN unless it is every time. */
function numberBits(value: number): number {
  if ((value | 0) === value) return value;
  floatBits[0] = value;
  return intBits[0]! ^ Math.imul(intBits[1]!, 0x9e3779b1);
}
