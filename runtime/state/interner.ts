/**
 * Text and integers beyond 2^53 inside numeric ring columns. Text is an id. A wide integer is a double beyond the safe range
 * that says where to look: WIDE_BASE + id·256 (256 is the distance of doubles there), so `|v| > MAX_SAFE_INTEGER` tells it from a value.
 */
const WIDE_BASE = 2 ** 60;
const WIDE_STEP = 256;

export class Interner {
  texts: string[] = [''];
  wides: bigint[] = [];
  #textIds = new Map<string, number>([['', 0]]);
  #wideIds = new Map<bigint, number>();

  textId(text: string): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    const id = this.texts.length;
    this.texts.push(text);
    this.#textIds.set(text, id);
    return id;
  }

  hybrid(value: number | bigint): number {
    if (typeof value === 'number') return value;
    let id = this.#wideIds.get(value);
    if (id === undefined) {
      id = this.wides.length;
      this.wides.push(value);
      this.#wideIds.set(value, id);
    }
    return WIDE_BASE + id * WIDE_STEP;
  }

  value(stored: number): number | bigint {
    if (stored <= Number.MAX_SAFE_INTEGER) return stored;
    return this.wides[(stored - WIDE_BASE) / WIDE_STEP] as bigint;
  }

  compareText(a: number, b: number): number {
    return a === b ? 0 : compareCodePoints(this.texts[a] as string, this.texts[b] as string);
  }

  compareHybrid(a: number, b: number): number {
    if (a === b) return 0;
    const x = this.value(a);
    const y = this.value(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  snapshot(): string {
    return JSON.stringify({ texts: this.texts, wides: this.wides.map(String) });
  }

  restore(image: string): void {
    const { texts, wides } = JSON.parse(image) as { texts: string[]; wides: string[] };
    this.texts = texts;
    this.wides = wides.map(BigInt);
    this.#textIds = new Map(texts.map((text, id) => [text, id]));
    this.#wideIds = new Map(this.wides.map((wide, id) => [wide, id]));
  }
}

/** UTF-16 order differs from code-point order only where a surrogate meets a unit above the surrogates. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    return sortable(x) < sortable(y) ? -1 : 1;
  }
  return a.length - b.length;
}

function sortable(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
