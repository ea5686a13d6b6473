/**
 * Newest event times and the settle line of one source (rules.md 5–7). The line never goes back; it is the same for every way of cutting
 * the log into batches, because it is brought up to date wherever a verdict could depend on it.
 */
import { MICROS_PER_SECOND } from '../values/types.ts';
import { LeastNewest } from './least-newest.ts';

/** rules.md 6: clock skew and readers that look a little back. */
export const SETTLE_MARGIN_MICROS = 5 * MICROS_PER_SECOND;

export interface PartitionImage {
  readonly names: readonly string[];
  readonly newest: readonly (number | null)[];
  readonly idle: readonly boolean[];
  readonly line: number | null;
  readonly newestOfAll: number | null;
  readonly floor: number | null;
}

const NEVER = Number.NEGATIVE_INFINITY;

export class Partitions {
  readonly #latenessMicros: number;
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  /** −Infinity: nothing accepted yet. */
  #newest = new Float64Array(8).fill(NEVER);
  #idle = new Uint8Array(8);
  readonly #least = new LeastNewest();
  #line = NEVER;
  #newestOfAll = NEVER;
  /** What a partition that is new has as its newest: history's, after the hand-off. */
  #floor = NEVER;

  constructor(latenessMicros: number) {
    this.#latenessMicros = latenessMicros;
  }

  get newestOfAll(): number {
    return this.#newestOfAll;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  id(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#names.length;
    this.#ids.set(name, id);
    this.#names.push(name);
    if (id === this.#newest.length) this.#grow();
    this.#newest[id] = this.#floor;
    // It counts for the line from its first accepted event on.
    this.#idle[id] = 1;
    return id;
  }

  /** An event of the partition older than this is late. */
  lateBefore(id: number): number {
    const own = this.#newest[id]! - this.#latenessMicros;
    // What the line has moved by since it was last brought up to date can't exceed `own` of a partition that takes part in it.
    return Math.max(own, this.#idle[id] === 0 ? this.#line : this.settleLine());
  }

  accept(id: number, timeMicros: number): void {
    const isJoining = this.#idle[id] === 1;
    // The line as it was before the partition joins: afterwards its least newest may be older.
    if (isJoining) this.settleLine();
    if (timeMicros > this.#newest[id]!) this.#newest[id] = timeMicros;
    if (isJoining) this.#join(id);
    if (timeMicros > this.#newestOfAll) this.#newestOfAll = timeMicros;
  }

  #join(id: number): void {
    this.#idle[id] = 0;
    this.#least.join(id, this.#newest[id]!);
  }

  /** For the loop over one partition, which keeps its newest in a local. */
  newestOf(id: number): number {
    return this.#newest[id]!;
  }

  isIdle(id: number): boolean {
    return this.#idle[id] === 1;
  }

  settleLine(): number {
    const least = this.#least.least(this);
    if (least !== Number.POSITIVE_INFINITY) {
      const line = least - this.#latenessMicros - SETTLE_MARGIN_MICROS;
      if (line > this.#line) this.#line = line;
    }
    return this.#line;
  }

  /** The line is at least there. */
  settleTo(micros: number): void {
    if (micros > this.#line) this.#line = micros;
  }

  /** Leaves a partition out of the line until its next accepted event. */
  setIdle(name: string): void {
    const id = this.#ids.get(name);
    if (id === undefined || this.#idle[id] === 1) return;
    this.settleLine();
    this.#idle[id] = 1;
  }

  /** History is over: live partitions start where it ended, and it is no partition of the line any more. */
  handOff(): void {
    this.settleLine();
    this.#floor = this.#newestOfAll;
    this.#ids.clear();
    this.#names.length = 0;
    this.#newest.fill(NEVER);
    this.#idle.fill(0);
    this.#least.clear();
  }

  #grow(): void {
    const newest = new Float64Array(this.#newest.length * 2).fill(NEVER);
    newest.set(this.#newest);
    this.#newest = newest;
    const idle = new Uint8Array(newest.length);
    idle.set(this.#idle);
    this.#idle = idle;
  }

  snapshot(): PartitionImage {
    this.settleLine();
    return {
      names: [...this.#names],
      newest: this.#names.map((_, i) => finiteOrNull(this.#newest[i]!)),
      idle: this.#names.map((_, i) => this.#idle[i] === 1),
      line: finiteOrNull(this.#line),
      newestOfAll: finiteOrNull(this.#newestOfAll),
      floor: finiteOrNull(this.#floor),
    };
  }

  restore(image: PartitionImage): void {
    this.#floor = image.floor ?? NEVER;
    image.names.forEach((name, i) => {
      const id = this.id(name);
      this.#newest[id] = image.newest[i] ?? NEVER;
      if (image.idle[i] !== true) this.#join(id);
    });
    this.#line = image.line ?? NEVER;
    this.#newestOfAll = image.newestOfAll ?? NEVER;
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
