import type { ColumnBatch } from '../values/batch.ts';
import type { SqlType, Value } from '../values/types.ts';
import { type GroupLayout, GroupStore } from './group-store.ts';
import type { FutureWalk, GroupState, GroupStateOptions, Memory, StateImage } from './program.ts';

/** What the generated module of a group gives. `c` is a cursor, `b` the entity's first event, `db` where the cursor's deques stand. */
export interface GroupCode {
  readonly layout: GroupLayout;
  readonly source: string;
  readonly views: readonly string[];
  readonly entityTypes: readonly SqlType[];
  readonly slotTypes: readonly SqlType[];
  readonly bind: (store: GroupStore) => GroupFunctions;
}

export interface GroupFunctions {
  readonly ingest: (batch: ColumnBatch, rows: Int32Array, count: number) => void;
  readonly entitiesOf: (batch: ColumnBatch, rows: Int32Array, count: number, out: Int32Array) => void;
  readonly leastSeen: (tMicros: number) => number;
  readonly thresholds: (tMicros: number, capMicros: number) => void;
  readonly advance: (c: number, b: number, db: number, n: number) => void;
  readonly advanceAll: (entities: Int32Array) => void;
  readonly read: readonly ((c: number, b: number, db: number, out: Value[]) => boolean)[];
  readonly change: readonly ((c: number, b: number, n: number) => number)[];
}

export function createState(code: GroupCode, options: GroupStateOptions): GroupState {
  const store = new GroupStore(code.layout, code.entityTypes, options.entityHint, options.errors);
  return new Machine(store, code.bind(store));
}

class Machine implements GroupState {
  readonly #store: GroupStore;
  readonly #code: GroupFunctions;

  constructor(store: GroupStore, code: GroupFunctions) {
    this.#store = store;
    this.#code = code;
  }

  get entityCount(): number {
    return this.#store.entities.count;
  }

  get lineMicros(): number {
    return this.#store.line;
  }

  ingest(batch: ColumnBatch, rows: Int32Array, count: number): void {
    this.#store.sweep();
    this.#store.compact();
    this.#code.ingest(batch, rows, count);
  }

  settle(lineMicros: number): void {
    if (lineMicros > this.#store.line) this.#store.line = lineMicros;
  }

  entityId(keys: readonly Value[]): number {
    return this.#store.entities.setKeys(keys) ? this.#store.entities.find() : -1;
  }

  addEntity(keys: readonly Value[]): number {
    return this.#store.entities.setKeys(keys) ? this.#store.touch() : -1;
  }

  entityKeys(entity: number, out: Value[]): void {
    this.#store.entities.keys(entity, out);
  }

  entitiesOf(batch: ColumnBatch, rows: Int32Array, count: number, out: Int32Array): void {
    this.#code.entitiesOf(batch, rows, count, out);
  }

  leastSeen(tMicros: number): number {
    return this.#code.leastSeen(tMicros);
  }

  probe(view: number, entity: number, tMicros: number, out: Value[]): boolean {
    this.#checkInstant(tMicros);
    return this.#scratch(view, entity, tMicros, tMicros, this.#store.lengthOf(entity), out);
  }

  probeExclusive(view: number, entity: number, tMicros: number, out: Value[]): boolean {
    this.#checkInstant(tMicros);
    return this.#scratch(view, entity, tMicros, tMicros - 1, this.#store.lengthOf(entity), out);
  }

  probeWithout(view: number, entity: number, tMicros: number, eventKey: readonly Value[], out: Value[]): boolean {
    this.#checkInstant(tMicros);
    const store = this.#store;
    const at = store.findEvent(entity, tMicros, eventKey);
    if (at < 0) return this.#scratch(view, entity, tMicros, tMicros, store.lengthOf(entity), out);
    const last = store.hideEvent(entity, at);
    const hasRow = this.#scratch(view, entity, tMicros, tMicros, last, out);
    store.unhideEvent(entity, at, last);
    return hasRow;
  }

  probeInOrder(view: number, entity: number, tMicros: number, out: Value[]): boolean {
    return this.#inOrder(view, entity, tMicros, tMicros, out);
  }

  probeInOrderExclusive(view: number, entity: number, tMicros: number, out: Value[]): boolean {
    return this.#inOrder(view, entity, tMicros, tMicros - 1, out);
  }

  probeInOrderWithout(
    view: number,
    entity: number,
    tMicros: number,
    eventKey: readonly Value[],
    out: Value[],
  ): boolean {
    // The settled part stops before t, so that each caller at t can leave another of its events out.
    const hasRow = this.#inOrder(view, entity, tMicros, tMicros - 1, out);
    const others = this.#store.eventsAt(entity, tMicros);
    if (others === 0) return hasRow;
    if (others === 1 && this.#store.findEvent(entity, tMicros, eventKey) >= 0) return hasRow;
    return this.probeWithout(view, entity, tMicros, eventKey, out);
  }

  walk(view: number, entity: number, fromMicros: number): FutureWalk {
    this.#checkInstant(fromMicros);
    this.#store.toScratch(entity);
    const change = this.#code.change[view];
    if (change === undefined) throw new Error(`group has no view ${view}`);
    return new Walk(this.#store, this.#code, change, this.#reader(view), entity, fromMicros);
  }

  takeDirty(): Int32Array {
    const dirty = this.#store.takeDirty();
    this.#moveToLine(dirty);
    return dirty;
  }

  /** Whoever asks for dirty entities reads them next, from a copy of the cursor: what is settled is taken in once, not by each copy. */
  #moveToLine(entities: Int32Array): void {
    const store = this.#store;
    const settled = store.line - 1;
    if (settled === Number.NEGATIVE_INFINITY) return;
    this.#code.thresholds(settled, settled);
    this.#code.advanceAll(entities);
  }

  snapshot(): StateImage {
    return this.#store.snapshot();
  }

  restore(image: StateImage): void {
    this.#store.restore(image);
  }

  memory(): Memory {
    const store = this.#store;
    return {
      entities: this.entityCount,
      keptEvents: store.keptEvents(),
      bytes: store.bytes(),
      eventBytes: store.eventBytes(),
    };
  }

  #inOrder(view: number, entity: number, tMicros: number, capMicros: number, out: Value[]): boolean {
    const store = this.#store;
    const base = store.baseOf(entity);
    this.#code.thresholds(tMicros, capMicros);
    this.#code.advance(entity + 1, base, base, store.lengthOf(entity));
    return this.#reader(view)(entity + 1, base, base, out);
  }

  /** Over the entity's first `length` events, with a copy of its cursor. */
  #scratch(view: number, entity: number, tMicros: number, capMicros: number, length: number, out: Value[]): boolean {
    const store = this.#store;
    store.toScratch(entity);
    const base = store.baseOf(entity);
    this.#code.thresholds(tMicros, capMicros);
    this.#code.advance(0, base, store.scratchBase, length);
    return this.#reader(view)(0, base, store.scratchBase, out);
  }

  #reader(view: number): GroupFunctions['read'][number] {
    const read = this.#code.read[view];
    if (read === undefined) throw new Error(`group has no view ${view}`);
    return read;
  }

  #checkInstant(tMicros: number): void {
    // The settled part stands at line − 1: an instant before that can no longer be told.
    if (tMicros < this.#store.line - 1)
      throw new Error(`instant ${tMicros} is behind the settle line ${this.#store.line}`);
  }
}

class Walk implements FutureWalk {
  readonly out: Value[] = [];
  hasRow = false;
  atMicros: number;
  readonly #store: GroupStore;
  readonly #code: GroupFunctions;
  readonly #change: GroupFunctions['change'][number];
  readonly #read: GroupFunctions['read'][number];
  readonly #entity: number;

  constructor(
    store: GroupStore,
    code: GroupFunctions,
    change: GroupFunctions['change'][number],
    read: GroupFunctions['read'][number],
    entity: number,
    fromMicros: number,
  ) {
    this.#store = store;
    this.#code = code;
    this.#change = change;
    this.#read = read;
    this.#entity = entity;
    this.atMicros = fromMicros;
    this.#moveTo(fromMicros);
  }

  next(): boolean {
    const base = this.#store.baseOf(this.#entity);
    const instant = this.#change(0, base, this.#store.lengthOf(this.#entity));
    if (instant === Number.POSITIVE_INFINITY) return false;
    this.#moveTo(instant);
    return true;
  }

  #moveTo(instant: number): void {
    const base = this.#store.baseOf(this.#entity);
    this.atMicros = instant;
    this.#code.thresholds(instant, instant);
    this.#code.advance(0, base, this.#store.scratchBase, this.#store.lengthOf(this.#entity));
    this.hasRow = this.#read(0, base, this.#store.scratchBase, this.out);
  }
}
