/**
 * Replay of one group of views: its events go through the group's operators, and labels are probed at their instants. A batch of events is
 * taken entity by entity, so that an entity's events, accumulators and labels stay in the processor's caches.
 */
import type { ErrorCounter, GroupState, ProjectInput, ViewProgram } from '../state/program.ts';
import type { ColumnBatch, ColumnVector } from '../values/batch.ts';
import type { SqlType, Value } from '../values/types.ts';
import { EntityBuckets, type Probes } from './entity-buckets.ts';
import type { InstantOrder } from './instant-order.ts';
import { type KeyReader, type LabelTable, readKeyColumns } from './label-table.ts';
import type { LabelValues } from './label-values.ts';
import { SeenEvents } from './seen-events.ts';

/** Accepted records of a source, in order of event time or, for `--known-to label`, of known time. */
export interface ReplayBatch {
  readonly batch: ColumnBatch;
  /** Rows of the batch in that order; the first `count` entries. */
  readonly rows: Int32Array;
  readonly count: number;
  /** No later batch holds a record before this instant, in the order's own time. */
  readonly upToMicros: number;
  readonly known: KnownOrder | null;
}

export interface KnownOrder {
  /** By row. */
  readonly timesMicros: Float64Array;
  /** No later batch holds an event before this. */
  readonly lineMicros: number;
}

/** Which of the events at the label's instant count: all, none, or all but the label's own. */
export type TieRule =
  | { readonly kind: 'include' }
  | { readonly kind: 'exclude' }
  | { readonly kind: 'own'; readonly vectors: readonly ColumnVector[]; readonly types: readonly SqlType[] };

/** One view looked up at one key per label: a view asked for, or a join of a request view. */
export interface Target {
  readonly view: ViewProgram;
  readonly keys: KeyReader;
  readonly values: LabelValues;
  /** Outputs that are kept, in the order of `values`' columns. */
  readonly ordinals: Int32Array;
}

export interface GroupOptions {
  readonly state: GroupState;
  readonly targets: readonly Target[];
  readonly labels: LabelTable;
  /** Labels in order of their instants. */
  readonly order: InstantOrder;
  readonly eventTimeColumn: number;
  readonly ties: TieRule;
  readonly errors: ErrorCounter;
  /** 1 for labels at whose instant an event of their entity stands. */
  readonly tied: Uint8Array;
  /** Events of entities without a probe are folded when so many have come. */
  readonly sweepRows?: number;
  /** Events that no label sees are looked for where an event is seen by so many labels at most, on the average. */
  readonly maxSeen?: number;
}

/** Rings of entities without a probe would hold their events for ever. */
const SWEEP_ROWS = 4_000_000;

export class GroupReplay {
  /** Probes done, and all of them. */
  done = 0;
  readonly total: number;
  readonly #options: GroupOptions;
  readonly #probes: ProbeList;
  readonly #prober: Prober;
  readonly #entities: number;
  /** The batch's records, and the probes that can be done after it, by entity. */
  readonly #events: EntityBuckets;
  readonly #wanted: EntityBuckets;
  /** Probes that an entity still has before it. */
  readonly #left: Int32Array;
  /** By entity: the last instant of a label, anybody's, at which the entity has an event. */
  readonly #tiedMicros: Float64Array;
  /** null: of each event some label may tell. */
  readonly #seen: SeenEvents | null;
  /** Probes before it have no event at their instant to come. */
  #nextTie = 0;
  /** Event instants of `entity` at which a label of anybody stands (`--known-to label`). */
  readonly #instantsSeen = new Map<number, Set<number>>();
  #ids = new Int32Array(0);
  #rows = new Int32Array(0);
  #sinceSweep = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#probes = new ProbeList(options);
    this.#prober = new Prober(options);
    this.total = this.#probes.length;
    this.#entities = options.state.entityCount;
    this.#events = new EntityBuckets(this.#entities);
    this.#wanted = new EntityBuckets(this.#entities);
    this.#left = this.#probes.countByEntity(this.#entities);
    this.#tiedMicros = new Float64Array(this.#entities).fill(Number.NEGATIVE_INFINITY);
    this.#seen = SeenEvents.of(this.#probes, this.#left, (t) => options.state.leastSeen(t), options.maxSeen);
  }

  take(batch: ReplayBatch): void {
    const { state } = this.#options;
    const times = this.#timesOf(batch);
    let count = this.#findEntities(batch);
    if (batch.known === null) {
      if (this.#seen !== null) count = this.#seen.keep(this.#ids, this.#rows, times, count);
      this.#noteTies(times, count);
      state.ingest(batch.batch, this.#rows, count);
      this.#probeTo(batch.upToMicros, null);
      this.#sweep(count, batch.upToMicros);
      return;
    }
    this.#events.sortPositions(this.#ids, 0, count);
    const records = { batch, times, known: batch.known.timesMicros };
    this.#probeTo(batch.upToMicros, records);
    this.#ingestRest(records);
    state.settle(Math.min(batch.known.lineMicros, batch.upToMicros));
  }

  finish(): void {
    this.#probeTo(Number.POSITIVE_INFINITY, null);
  }

  #timesOf(batch: ReplayBatch): Float64Array {
    const vector = batch.batch.columns[this.#options.eventTimeColumn];
    if (vector === undefined || vector.kind !== 'numeric') throw new Error('the event time is no numeric column');
    return vector.values;
  }

  /** Rows of entities that some label still asks for, with the entities' ids; gives their number. */
  #findEntities(batch: ReplayBatch): number {
    const { rows, count } = batch;
    if (this.#ids.length < count) {
      this.#ids = new Int32Array(count);
      this.#rows = new Int32Array(count);
    }
    const ids = this.#ids;
    this.#options.state.entitiesOf(batch.batch, rows, count, ids);
    const left = this.#left;
    const entities = this.#entities;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      if (id < 0 || id >= entities || left[id] === 0) continue;
      ids[kept] = id;
      this.#rows[kept] = rows[i] as number;
      kept++;
    }
    return kept;
  }

  /** All probes with an instant strictly before `limitMicros`: events at that very instant may follow in the next batch. */
  #probeTo(limitMicros: number, records: KnownRecords | null): void {
    const from = this.done;
    const to = this.#probes.firstAtOrAfter(limitMicros, from);
    if (to === from) return;
    const wanted = this.#wanted;
    wanted.sortProbes(this.#probes, from, to);
    for (let i = 0; i < wanted.touchedCount; i++) {
      const entity = wanted.touched[i] as number;
      const begin = wanted.begin[entity] as number;
      const end = wanted.end[entity] as number;
      if (records === null) this.#probeEntity(entity, begin, end);
      else this.#probeKnown(entity, begin, end, records);
      this.#left[entity] = (this.#left[entity] as number) - (end - begin);
    }
    this.done = to;
  }

  #probeEntity(entity: number, begin: number, end: number): void {
    const { targets } = this.#options;
    const { labels, times, targets: which } = this.#wanted;
    for (let i = begin; i < end; i++) {
      const target = targets[which[i] as number] as Target;
      this.#prober.probe(target, entity, labels[i] as number, times[i] as number);
    }
  }

  /** Events and probes go side by side in order of time: what is at one instant meets. Events at it may follow in the next batch. */
  #noteTies(times: Float64Array, count: number): void {
    const { instants, length } = this.#probes;
    let probe = this.#nextTie;
    let i = 0;
    while (probe < length) {
      const instant = instants[probe] as number;
      i = this.#firstAtOrAfter(instant, times, i, count);
      if (i === count) break;
      const time = times[this.#rows[i] as number] as number;
      if (time === instant) i = this.#meet(times, i, count, probe);
      else while (probe < length && (instants[probe] as number) < time) probe++;
    }
    this.#nextTie = probe;
  }

  /** The first event from place `from` on at or after an instant: in steps that double, since there may be many events to a label. */
  #firstAtOrAfter(instant: number, times: Float64Array, from: number, count: number): number {
    const rows = this.#rows;
    let low = from;
    let step = 1;
    while (low + step <= count && (times[rows[low + step - 1] as number] as number) < instant) {
      low += step;
      step *= 2;
    }
    let high = Math.min(count, low + step - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[rows[middle] as number] as number) < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Marks the labels at the instant of the event at `from` by the events at it; gives the first event after it. */
  #meet(times: Float64Array, from: number, count: number, probe: number): number {
    const { instants, entities, labels, length } = this.#probes;
    const { tied } = this.#options;
    const tiedMicros = this.#tiedMicros;
    const instant = instants[probe] as number;
    let i = from;
    for (; i < count && times[this.#rows[i] as number] === instant; i++) tiedMicros[this.#ids[i] as number] = instant;
    for (let j = probe; j < length && instants[j] === instant; j++) {
      if (tiedMicros[entities[j] as number] === instant) tied[labels[j] as number] = 1;
    }
    return i;
  }

  /** Moves cursors of entities that had no probe for long up to where all probes are done, so that their rings let events go. */
  #sweep(events: number, limitMicros: number): void {
    this.#sinceSweep += events;
    if (this.#sinceSweep < (this.#options.sweepRows ?? SWEEP_ROWS)) return;
    this.#sinceSweep = 0;
    for (let entity = 0; entity < this.#entities; entity++) {
      if ((this.#left[entity] as number) > 0) this.#prober.moveTo(entity, limitMicros - 1);
    }
  }

  /** `--known-to label`: a label sees the records known at its instant, so they go in between the labels. */
  #probeKnown(entity: number, begin: number, end: number, records: KnownRecords): void {
    const wanted = this.#wanted;
    const events = this.#events;
    for (let i = begin; i < end; i++) {
      const label = wanted.labels[i] as number;
      const t = wanted.times[i] as number;
      let to = events.begin[entity] as number;
      while (to < (events.end[entity] as number) && this.#isKnown(records, to, t)) to++;
      this.#ingestKnown(entity, to, records);
      if (this.#instantsSeen.get(entity)?.has(t) === true) this.#options.tied[label] = 1;
      const target = this.#options.targets[wanted.targets[i] as number] as Target;
      this.#prober.probeKnown(target, entity, label, t);
    }
  }

  #isKnown(records: KnownRecords, place: number, t: number): boolean {
    return (records.known[this.#rowAt(place)] as number) <= t;
  }

  #rowAt(place: number): number {
    return this.#rows[this.#events.positions[place] as number] as number;
  }

  #ingestRest(records: KnownRecords): void {
    const { touched, touchedCount, end } = this.#events;
    for (let i = 0; i < touchedCount; i++) {
      const entity = touched[i] as number;
      this.#ingestKnown(entity, end[entity] as number, records);
    }
  }

  /** The entity's records up to a place, which then count as taken. */
  #ingestKnown(entity: number, to: number, records: KnownRecords): void {
    const from = this.#events.begin[entity] as number;
    if (to === from) return;
    const rows = Int32Array.from({ length: to - from }, (_, i) => this.#rowAt(from + i));
    this.#options.state.ingest(records.batch.batch, rows, rows.length);
    this.#events.begin[entity] = to;
    for (const row of rows) this.#noteInstant(entity, records.times[row] as number);
  }

  #noteInstant(entity: number, micros: number): void {
    if (!this.#probes.hasInstant(micros)) return;
    const seen = this.#instantsSeen.get(entity);
    if (seen === undefined) this.#instantsSeen.set(entity, new Set([micros]));
    else seen.add(micros);
  }
}

/** A batch in order of known time. */
interface KnownRecords {
  readonly batch: ReplayBatch;
  readonly times: Float64Array;
  readonly known: Float64Array;
}

/** What is looked up, in order of the instants. */
class ProbeList implements Probes {
  readonly length: number;
  readonly labels: Uint32Array;
  readonly entities: Int32Array;
  readonly instants: Float64Array;
  readonly targets: Uint16Array;

  constructor(options: GroupOptions) {
    const { targets, labels, order } = options;
    const ordered = order.labels;
    const found = targets.map((target) => entitiesOfLabels(options.state, target.keys, labels.length));
    const capacity = ordered.length * targets.length;
    const list = {
      labels: new Uint32Array(capacity),
      entities: new Int32Array(capacity),
      instants: new Float64Array(capacity),
      which: new Uint16Array(targets.length > 1 ? capacity : 0),
    };
    let length = 0;
    for (let i = 0; i < ordered.length; i++) {
      const label = ordered[i] as number;
      const instant = order.instants[i] as number;
      for (let j = 0; j < found.length; j++) {
        const entity = (found[j] as Int32Array)[label] as number;
        if (entity < 0) continue;
        list.labels[length] = label;
        list.entities[length] = entity;
        list.instants[length] = instant;
        if (j > 0) list.which[length] = j;
        length++;
      }
    }
    this.length = length;
    this.labels = list.labels;
    this.entities = list.entities;
    this.targets = list.which;
    this.instants = list.instants;
  }

  countByEntity(entities: number): Int32Array {
    const counts = new Int32Array(entities);
    for (let i = 0; i < this.length; i++) {
      const entity = this.entities[i] as number;
      counts[entity] = (counts[entity] as number) + 1;
    }
    return counts;
  }

  firstAtOrAfter(micros: number, from = 0): number {
    let low = from;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.instants[middle] as number) < micros) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  hasInstant(micros: number): boolean {
    const first = this.firstAtOrAfter(micros);
    return first < this.length && this.instants[first] === micros;
  }
}

/** Ids of the labels' entities, −1 where a key is NULL. They come before all others, so the state's first ids are those that labels ask for. */
function entitiesOfLabels(state: GroupState, reader: KeyReader, length: number): Int32Array {
  const out = new Int32Array(length);
  const keys = new Array<Value>(reader.width).fill(null);
  const { codes } = reader;
  if (codes === null) {
    for (let label = 0; label < length; label++) out[label] = reader.read(label, keys) ? state.addEntity(keys) : -1;
    return out;
  }
  const byCode = new Int32Array(reader.codeCount).fill(-1);
  for (let label = 0; label < length; label++) {
    const code = codes[label] as number;
    let entity = byCode[code] as number;
    if (entity < 0 && reader.read(label, keys)) {
      entity = state.addEntity(keys);
      byCode[code] = entity;
    }
    out[label] = entity;
  }
  return out;
}

/** Looks a view up and keeps its outputs. */
class Prober {
  readonly #options: GroupOptions;
  readonly #slots: Value[];
  readonly #out: Value[];
  readonly #keys: Value[];
  readonly #eventKey: Value[];
  readonly #input: ProjectInput;
  /** Whose keys `#keys` holds. */
  #keysOf = -1;

  constructor(options: GroupOptions) {
    this.#options = options;
    const width = (pick: (target: Target) => number): number => Math.max(0, ...options.targets.map(pick));
    this.#slots = new Array<Value>(width(({ view }) => view.slotTypes.length)).fill(null);
    this.#out = new Array<Value>(width(({ view }) => view.spec.entity.length + view.spec.features.length)).fill(null);
    this.#keys = new Array<Value>(width(({ view }) => view.spec.entity.length)).fill(null);
    this.#eventKey = options.ties.kind === 'own' ? new Array<Value>(options.ties.types.length).fill(null) : [];
    this.#input = {
      slots: this.#slots,
      keys: this.#keys,
      nowMicros: 0,
      request: [],
      features: [],
      errors: options.errors,
    };
  }

  /** Instants of one entity never go back. */
  probe(target: Target, entity: number, label: number, t: number): void {
    const { state, ties } = this.#options;
    const { viewInGroup } = target.view;
    const slots = this.#slots;
    let found: boolean;
    if (ties.kind === 'include') found = state.probeInOrder(viewInGroup, entity, t, slots);
    else if (ties.kind === 'exclude') found = state.probeInOrderExclusive(viewInGroup, entity, t, slots);
    else {
      readKeyColumns(ties.vectors, ties.types, label, this.#eventKey);
      found = state.probeInOrderWithout(viewInGroup, entity, t, this.#eventKey, slots);
    }
    if (found) this.#project(target, entity, label, t);
  }

  /** Events may still come in before t. */
  probeKnown(target: Target, entity: number, label: number, t: number): void {
    const { state, ties } = this.#options;
    const { viewInGroup } = target.view;
    const slots = this.#slots;
    let found: boolean;
    if (ties.kind === 'include') found = state.probe(viewInGroup, entity, t, slots);
    else if (ties.kind === 'exclude') found = state.probeExclusive(viewInGroup, entity, t, slots);
    else {
      readKeyColumns(ties.vectors, ties.types, label, this.#eventKey);
      found = state.probeWithout(viewInGroup, entity, t, this.#eventKey, slots);
    }
    if (found) this.#project(target, entity, label, t);
  }

  moveTo(entity: number, t: number): void {
    this.#options.state.probeInOrder(0, entity, t, []);
  }

  #project(target: Target, entity: number, label: number, t: number): void {
    if (entity !== this.#keysOf) {
      target.keys.read(label, this.#keys);
      this.#keysOf = entity;
    }
    this.#input.nowMicros = t;
    if (!target.view.project(this.#input, this.#out)) return;
    target.values.setRow(label, this.#out, target.ordinals);
  }
}
