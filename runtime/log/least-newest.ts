/** What partitions say of themselves. */
export interface PartitionTimes {
  /** Never goes back. */
  newestOf(id: number): number;
  isIdle(id: number): boolean;
}

/**
 * The least of the newest event times of partitions that are not idle. It is asked for whenever a partition joins or leaves, and there may be as many
 * as devices: a look at each would take the square of their number. So it is a heap by what each one's newest was when it was last looked at. That
 * is never later than what it is now, so whoever is at the top and is up to date has the least of all, and an event costs nothing here.
 */
export class LeastNewest {
  #ids = new Int32Array(8);
  #times = new Float64Array(8);
  #count = 0;
  /** By partition. One that has become idle stands in the heap until it is at the top. */
  #isIn = new Uint8Array(8);

  /** The partition takes part from now on. */
  join(id: number, newest: number): void {
    if (id >= this.#isIn.length) this.#isIn = longer(this.#isIn, new Uint8Array(id * 2));
    if (this.#isIn[id] === 1) return;
    if (this.#count === this.#ids.length) {
      this.#ids = longer(this.#ids, new Int32Array(this.#count * 2));
      this.#times = longer(this.#times, new Float64Array(this.#count * 2));
    }
    this.#isIn[id] = 1;
    this.#count += 1;
    this.#rise(this.#count - 1, id, newest);
  }

  clear(): void {
    this.#count = 0;
    this.#isIn.fill(0);
  }

  /** Infinity: none takes part. */
  least(partitions: PartitionTimes): number {
    while (this.#count > 0) {
      const id = this.#ids[0]!;
      if (partitions.isIdle(id)) {
        this.#isIn[id] = 0;
        this.#count -= 1;
        if (this.#count > 0) this.#sink(this.#ids[this.#count]!, this.#times[this.#count]!);
        continue;
      }
      const newest = partitions.newestOf(id);
      if (newest === this.#times[0]) return newest;
      this.#sink(id, newest);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Puts the partition at a place that is free, or above it. */
  #rise(from: number, id: number, time: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#times[above]! <= time) break;
      this.#ids[at] = this.#ids[above]!;
      this.#times[at] = this.#times[above]!;
      at = above;
    }
    this.#ids[at] = id;
    this.#times[at] = time;
  }

  /** Puts the partition in the place of the top, or below it. */
  #sink(id: number, time: number): void {
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#count) break;
      if (below + 1 < this.#count && this.#times[below + 1]! < this.#times[below]!) below += 1;
      if (this.#times[below]! >= time) break;
      this.#ids[at] = this.#ids[below]!;
      this.#times[at] = this.#times[below]!;
      at = below;
    }
    this.#ids[at] = id;
    this.#times[at] = time;
  }
}

function longer<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
