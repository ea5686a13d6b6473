import { growFloats, growInts } from './grow.ts';

/** A table of so many places is emptied in a microsecond; a larger one is given up where fewer than one place in `SPARSE` is taken. */
const KEPT_PLACES = 1024;
const SPARSE = 16;

/**
 * How often each value stands in a window: open addressing over (owner, value) → count, in typed arrays. Owner is cursor·aggregates + aggregate.
 * Entries that fall to 0 leave by backward shift, so the table holds what windows hold. Scratch cursors count differences in an overlay.
 */
export class DistinctCounts {
  #owners: Float64Array;
  #values: Float64Array;
  #counts: Int32Array;
  #size = 0;

  constructor(capacity: number) {
    this.#owners = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
    this.#counts = new Int32Array(capacity);
  }

  /** Moves the count by ±1 and gives the new one. */
  move(owner: number, value: number, by: number): number {
    const at = this.#slot(owner, value);
    const count = (this.#counts[at] as number) + by;
    if (this.#counts[at] === 0 && this.#isFree(at)) {
      this.#owners[at] = owner + 1;
      this.#values[at] = value;
      this.#size++;
    }
    this.#counts[at] = count;
    if (count === 0) this.#remove(at);
    else if (this.#size * 2 > this.#counts.length) this.#grow();
    return count;
  }

  get(owner: number, value: number): number {
    return this.#counts[this.#slot(owner, value)] as number;
  }

  forEach(visit: (owner: number, value: number) => void): void {
    for (let i = 0; i < this.#owners.length; i++) {
      if (this.#owners[i] !== 0) visit((this.#owners[i] as number) - 1, this.#values[i] as number);
    }
  }

  /** Costs in proportion to what is in the table: one that a busy entity has made large would be emptied for each of the others that follow. */
  clear(): void {
    if (this.#size === 0) return;
    const places = this.#counts.length;
    if (places > KEPT_PLACES && this.#size * SPARSE < places) this.#allocate(KEPT_PLACES);
    else {
      this.#owners.fill(0);
      this.#counts.fill(0);
    }
    this.#size = 0;
  }

  bytes(): number {
    return this.#owners.byteLength + this.#values.byteLength + this.#counts.byteLength;
  }

  snapshot(): { owners: Float64Array; values: Float64Array; counts: Int32Array } {
    return { owners: this.#owners, values: this.#values, counts: this.#counts };
  }

  restore(owners: Float64Array, values: Float64Array, counts: Int32Array): void {
    this.#owners = growFloats(owners, owners.length);
    this.#values = growFloats(values, values.length);
    this.#counts = growInts(counts, counts.length);
    this.#size = owners.reduce((size, owner) => size + (owner === 0 ? 0 : 1), 0);
  }

  #isFree(at: number): boolean {
    return this.#owners[at] === 0;
  }

  #slot(owner: number, value: number): number {
    const mask = this.#counts.length - 1;
    let at = hash(owner, value) & mask;
    while (!this.#isFree(at)) {
      if (this.#owners[at] === owner + 1 && Object.is(this.#values[at], value)) return at;
      at = (at + 1) & mask;
    }
    return at;
  }

  #remove(freed: number): void {
    const mask = this.#counts.length - 1;
    let hole = freed;
    this.#size--;
    for (let at = (hole + 1) & mask; !this.#isFree(at); at = (at + 1) & mask) {
      const home = hash((this.#owners[at] as number) - 1, this.#values[at] as number) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#owners[hole] = this.#owners[at] as number;
      this.#values[hole] = this.#values[at] as number;
      this.#counts[hole] = this.#counts[at] as number;
      hole = at;
    }
    this.#owners[hole] = 0;
    this.#counts[hole] = 0;
  }

  #allocate(places: number): void {
    this.#owners = new Float64Array(places);
    this.#values = new Float64Array(places);
    this.#counts = new Int32Array(places);
  }

  #grow(): void {
    const [owners, values, counts] = [this.#owners, this.#values, this.#counts];
    this.#allocate(counts.length * 2);
    for (let i = 0; i < counts.length; i++) {
      if (owners[i] === 0) continue;
      const at = this.#slot((owners[i] as number) - 1, values[i] as number);
      this.#owners[at] = owners[i] as number;
      this.#values[at] = values[i] as number;
      this.#counts[at] = counts[i] as number;
    }
  }
}

const number = new Float64Array(1);
const words = new Int32Array(number.buffer);

function hash(owner: number, value: number): number {
  number[0] = value;
  let h = Math.imul(words[0] as number, 0x9e3779b1) ^ Math.imul(words[1] as number, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ owner, 0xc2b2ae35) ^ Math.imul(owner / 65536, 0x27d4eb2f);
  h ^= h >>> 16;
  return h | 0;
}
