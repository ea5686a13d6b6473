import { EntityBuckets, type Probes } from './entity-buckets.ts';

/** In order of their instants. */
interface OrderedProbes extends Probes {
  readonly length: number;
}

/** Where labels see each event so often on the average, few events are seen by none, and to find them costs more than it saves. */
const MAX_SEEN = 1;

/**
 * Events that no label sees need not be kept: those before the least event time that the entity's next label looks back to. An entity's first
 * event is kept anyway, since it may be what gives the entity a row. Events of an entity come in order of event time.
 */
export class SeenEvents {
  readonly #leastSeen: (tMicros: number) => number;
  /** Probes that are to come; an entity's begin with its next one. */
  readonly #probes: EntityBuckets;
  /** By entity: the instant of its first probe at or after its last event, −Infinity before its first event. */
  readonly #next: Float64Array;
  /** By entity: what that probe looks back to. */
  readonly #least: Float64Array;

  private constructor(probes: OrderedProbes, entities: number, leastSeen: (tMicros: number) => number) {
    this.#leastSeen = leastSeen;
    this.#probes = new EntityBuckets(entities);
    this.#probes.sortProbes(probes, 0, probes.length);
    this.#next = new Float64Array(entities).fill(Number.NEGATIVE_INFINITY);
    this.#least = new Float64Array(entities).fill(Number.NEGATIVE_INFINITY);
  }

  /** `counts`: probes by entity. null: labels see all events, or nearly all. */
  static of(
    probes: OrderedProbes,
    counts: Int32Array,
    leastSeen: (tMicros: number) => number,
    maxSeen = MAX_SEEN,
  ): SeenEvents | null {
    const { instants, length } = probes;
    if (length === 0) return null;
    const last = instants[length - 1] as number;
    const reach = last - leastSeen(last);
    const span = last - (instants[0] as number) + reach;
    // Most events are of the entities that most labels are of.
    let squares = 0;
    for (let entity = 0; entity < counts.length; entity++) squares += (counts[entity] as number) ** 2;
    if (reach === Number.POSITIVE_INFINITY || (squares / length) * reach > maxSeen * span) return null;
    return new SeenEvents(probes, counts.length, leastSeen);
  }

  /** Leaves the first `count` of `rows`, whose entities are `ids`, without those that no probe sees; gives how many are left. */
  keep(ids: Int32Array, rows: Int32Array, times: Float64Array, count: number): number {
    const next = this.#next;
    const least = this.#least;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const row = rows[i] as number;
      const time = times[row] as number;
      const before = next[id] as number;
      if (time > before) this.#moveTo(id, time);
      if (time < (least[id] as number) && before !== Number.NEGATIVE_INFINITY) continue;
      ids[kept] = id;
      rows[kept] = row;
      kept++;
    }
    return kept;
  }

  #moveTo(entity: number, time: number): void {
    const { begin, end, times } = this.#probes;
    const last = end[entity] as number;
    let at = begin[entity] as number;
    while (at < last && (times[at] as number) < time) at++;
    const next = at < last ? (times[at] as number) : Number.POSITIVE_INFINITY;
    begin[entity] = at;
    this.#next[entity] = next;
    this.#least[entity] = at < last ? this.#leastSeen(next) : Number.POSITIVE_INFINITY;
  }
}
