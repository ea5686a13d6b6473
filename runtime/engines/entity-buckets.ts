import { growInts } from '../state/grow.ts';

/** What is looked up: an entity for a label at its instant, for one of several targets (none: there is one). */
export interface Probes {
  readonly entities: Int32Array;
  readonly labels: Uint32Array;
  readonly instants: Float64Array;
  readonly targets: Uint16Array;
}

/**
 * A list put together by entity, each entity's part in the list's order: a counting sort whose cost depends on what occurs in the list, not
 * on how many entities there are.
 */
export class EntityBuckets {
  /** Entities that occur, in order of their first position. */
  touched: Int32Array = new Int32Array(16);
  touchedCount = 0;
  /** Places that are in use. */
  length = 0;
  /** By entity: its places; both 0 for one that does not occur. */
  readonly begin: Int32Array;
  readonly end: Int32Array;
  /** What stands at a place: filled by `sortPositions` and `sortProbes`. */
  positions: Int32Array = new Int32Array(0);
  times: Float64Array = new Float64Array(0);
  labels: Uint32Array = new Uint32Array(0);
  targets: Uint16Array = new Uint16Array(0);

  constructor(entities: number) {
    this.begin = new Int32Array(entities);
    this.end = new Int32Array(entities);
  }

  /** Positions from … to of `ids` by entity; negative ids are left out. */
  sortPositions(ids: Int32Array, from: number, to: number): void {
    this.#count(ids, from, to);
    if (this.positions.length < this.length) this.positions = new Int32Array(to - from);
    const { end, positions } = this;
    for (let i = from; i < to; i++) {
      const id = ids[i] as number;
      if (id < 0) continue;
      const place = end[id] as number;
      positions[place] = i;
      end[id] = place + 1;
    }
  }

  /** Labels, instants and targets of probes from … to by entity. */
  sortProbes(probes: Probes, from: number, to: number): void {
    const { entities } = probes;
    this.#count(entities, from, to);
    if (this.labels.length < this.length) {
      this.labels = new Uint32Array(to - from);
      this.times = new Float64Array(to - from);
      this.targets = new Uint16Array(to - from);
    }
    const { end, labels, times, targets } = this;
    const hasTargets = probes.targets.length > 0;
    for (let i = from; i < to; i++) {
      const id = entities[i] as number;
      const place = end[id] as number;
      end[id] = place + 1;
      labels[place] = probes.labels[i] as number;
      times[place] = probes.instants[i] as number;
      if (hasTargets) targets[place] = probes.targets[i] as number;
    }
  }

  /** Leaves `end` at each entity's first place. */
  #count(ids: Int32Array, from: number, to: number): void {
    this.clear();
    const { begin, end } = this;
    let touched = this.touched;
    let count = 0;
    for (let i = from; i < to; i++) {
      const id = ids[i] as number;
      if (id < 0) continue;
      const seen = end[id] as number;
      if (seen === 0) {
        if (count === touched.length) touched = growInts(touched, count * 2);
        touched[count++] = id;
      }
      end[id] = seen + 1;
    }
    let place = 0;
    for (let j = 0; j < count; j++) {
      const id = touched[j] as number;
      begin[id] = place;
      place += end[id] as number;
      end[id] = begin[id] as number;
    }
    this.touched = touched;
    this.touchedCount = count;
    this.length = place;
  }

  clear(): void {
    for (let j = 0; j < this.touchedCount; j++) {
      const id = this.touched[j] as number;
      this.begin[id] = 0;
      this.end[id] = 0;
    }
    this.touchedCount = 0;
    this.length = 0;
  }
}
