/**
 * From the state to online rows (design.md section 7). A flush writes the rows of entities that new events touched and of those whose steps are
 * running out; the last flush of a run gives every row its whole future.
 */
import type { GroupState, Program, ViewProgram } from '../state/program.ts';
import { stalePages } from '../stores/page-sweep.ts';
import { generationOf, RowBuilder } from '../stores/row-builder.ts';
import { RowKeys } from '../stores/row-key.ts';
import type { Heartbeat, OnlineStore, StoredRow, WriterStamp } from '../stores/store.ts';
import { storedEntity } from '../stores/stored-entity.ts';
import type { Value } from '../values/types.ts';

export const ROWS_PER_WRITE = 10_000;
/** Rows between two looks at the time. */
const ROWS_PER_LOOK = 256;
const BYTES_PER_WRITE = 8 << 20;

/** Entities that were never written: due at once. */
const DUE = Number.NEGATIVE_INFINITY;
/** The row can't reach the present; only an event changes that. */
const HOPELESS = Number.MAX_VALUE;
const WHOLE = Number.POSITIVE_INFINITY;

/** Stamps of one writer, in order. */
export class Stamper {
  readonly epoch: number;
  #sequence = 0;

  private constructor(epoch: number) {
    this.epoch = epoch;
  }

  /** The next epoch of the store: whoever wrote before may no longer. */
  static async open(store: OnlineStore): Promise<Stamper> {
    const last = await store.stamp();
    return new Stamper((last?.epoch ?? 0) + 1);
  }

  /** Nobody has written to the store before. */
  get isFirst(): boolean {
    return this.epoch === 1;
  }

  next(): WriterStamp {
    this.#sequence += 1;
    return { epoch: this.epoch, sequence: this.#sequence };
  }
}

export interface WriterGroup {
  readonly index: number;
  readonly state: GroupState;
  readonly renewAtMicros: Float64Array | null;
  /** Its state was made from the start of the log, while others were restored. */
  readonly isBuilt: boolean;
}

export interface FlushOptions {
  /** `complete`: at the end of finite input and at a clean stop. */
  readonly budget: 'stream' | 'complete';
  /** The first instant that rows speak for; where the state is folded further, that is. */
  readonly fromMicros: number;
  /** What lookups ask for by now: steps are renewed before it passes them. */
  readonly nowMicros: number;
  readonly flushIntervalMicros: number;
  readonly heartbeat: (view: ViewProgram) => Heartbeat;
  /** Asked every few rows; true: leave the rest. */
  readonly isTooLate: () => boolean;
  /** Fewer where somebody waits for the end of a write. */
  readonly rowsPerWrite?: number;
}

/** Which store was written to, and how far. */
export interface StoreMark {
  readonly identity: string;
  readonly stamp: WriterStamp;
}

interface ViewWriter {
  readonly view: ViewProgram;
  readonly keys: RowKeys;
  readonly builder: RowBuilder;
}

interface GroupWriter {
  readonly state: GroupState;
  readonly isBuilt: boolean;
  readonly views: readonly ViewWriter[];
  renewAt: Float64Array;
}

/** Whether lookups by this plan are answered: any other's rows are not those that they would find. */
export async function isServed(store: OnlineStore, { name, fingerprint }: ViewProgram['spec']): Promise<boolean> {
  return (await store.heartbeat(name))?.fingerprint === fingerprint;
}

export class OnlineWriter {
  readonly #store: OnlineStore;
  readonly #stamper: Stamper;
  readonly #groups: ReadonlyMap<number, GroupWriter>;
  readonly #keys: Value[] = [];
  #rows: StoredRow[] = [];
  #bytes = 0;
  #written: WriterStamp | null = null;
  #isEarlierSwept = false;

  constructor(
    program: Program,
    groups: readonly WriterGroup[],
    store: OnlineStore,
    stamper: Stamper,
    namespace: string,
  ) {
    this.#store = store;
    this.#stamper = stamper;
    this.#groups = new Map(groups.map((group) => [group.index, groupWriter(program, group, namespace)]));
  }

  /** Gives the number of entities' rows that were written; null: it was too late for some, which stay due. */
  async flush(options: FlushOptions): Promise<number | null> {
    let written = 0;
    const generation = generationOf(this.#stamper.next());
    for (const group of this.#groups.values()) {
      const due = this.#due(group, options);
      for (let i = 0; i < due.length; i++) {
        if (i % ROWS_PER_LOOK === 0 && options.isTooLate()) {
          await this.#write(null);
          return null;
        }
        this.#build(group, due[i] as number, options, generation);
        written += group.views.length;
        if (this.#rows.length < (options.rowsPerWrite ?? ROWS_PER_WRITE) && this.#bytes < BYTES_PER_WRITE) continue;
        await this.#write(null);
        await nextTurn();
      }
    }
    await this.#write(null);
    await this.beat(options.heartbeat);
    return written;
  }

  /** Heartbeats alone. */
  async beat(heartbeat: FlushOptions['heartbeat']): Promise<void> {
    for (const { view } of this.#views()) await this.#write(heartbeat(view));
  }

  /** The last heartbeats again, without the claim that the input has ended: rows that are newer follow. */
  async reopen(): Promise<void> {
    for (const { view } of this.#views()) {
      const last = await this.#store.heartbeat(view.spec.name);
      if (last === null || !last.ended || last.fingerprint !== view.spec.fingerprint) continue;
      await this.#write({ ...last, ended: false });
    }
  }

  /**
   * Before the first row: what stands under a plan that nobody is answered by was left by an earlier life of the view, whose entities need not be
   * those of now. False: it was too late for some.
   */
  async sweepEarlier(isTooLate: () => boolean): Promise<boolean> {
    if (this.#isEarlierSwept) return true;
    for (const { view, keys } of this.#views()) {
      if (await isServed(this.#store, view.spec)) continue;
      for await (const { key } of this.#store.scan(keys.planPrefix)) {
        await this.#delete([{ key, value: null }]);
        if (this.#rows.length === 0 && isTooLate()) return false;
      }
    }
    await this.#write(null);
    this.#isEarlierSwept = true;
    return true;
  }

  /** Deletes the rows of entities that the state does not know: another state wrote them. `isAll`: not of groups alone that were built anew. */
  async sweepForeign(isAll: boolean): Promise<void> {
    for (const group of this.#groups.values()) {
      if (!isAll && !group.isBuilt) continue;
      for (const { keys } of group.views) {
        for await (const { key } of this.#store.scan(keys.headPrefix)) {
          const entity = keys.entityOfHead(key);
          if (group.state.entityId(await storedEntity(this.#store, keys, entity)) >= 0) continue;
          const long = keys.longKey(entity);
          await this.#delete((long === null ? [key] : [key, long]).map((one) => ({ key: one, value: null })));
        }
      }
    }
    await this.#write(null);
  }

  /** Deletes pages that no head leads to any more. */
  async sweepPages(): Promise<void> {
    for (const { view, keys } of this.#views()) await this.#delete(await stalePages(this.#store, keys, view.slotTypes));
    await this.#write(null);
  }

  /** What the store has of this writer. null: nothing yet. */
  async mark(): Promise<StoreMark | null> {
    const stamp = this.#written ?? (await this.#store.stamp());
    return stamp === null ? null : { identity: await this.#store.identity(), stamp };
  }

  *#views(): Generator<ViewWriter> {
    for (const group of this.#groups.values()) yield* group.views;
  }

  async #delete(rows: readonly StoredRow[]): Promise<void> {
    for (const row of rows) {
      this.#rows.push(row);
      if (this.#rows.length >= ROWS_PER_WRITE) await this.#write(null);
    }
  }

  /** By group index, for the snapshot. */
  renewAt(index: number): Float64Array {
    const group = this.#groups.get(index);
    if (group === undefined) return new Float64Array(0);
    return sized(group.renewAt, group.state.entityCount).subarray(0, group.state.entityCount);
  }

  #due(group: GroupWriter, options: FlushOptions): Int32Array {
    const { state } = group;
    const count = state.entityCount;
    group.renewAt = sized(group.renewAt, count);
    const { renewAt } = group;
    const dirty = state.takeDirty();
    for (const entity of dirty) renewAt[entity] = DUE;
    const limit = options.budget === 'complete' ? HOPELESS : options.nowMicros;
    let due = 0;
    for (let entity = 0; entity < count; entity++) if ((renewAt[entity] as number) <= limit) due++;
    const list = new Int32Array(due);
    let at = 0;
    for (let entity = 0; entity < count; entity++) if ((renewAt[entity] as number) <= limit) list[at++] = entity;
    return list;
  }

  #build(group: GroupWriter, entity: number, options: FlushOptions, generation: number): void {
    group.state.entityKeys(entity, this.#keys);
    let renewAt = WHOLE;
    for (const { view, builder } of group.views) {
      const walk = group.state.walk(view.viewInGroup, entity, Math.max(options.fromMicros, group.state.lineMicros));
      const built = builder.build(walk, this.#keys, {
        budget: options.budget,
        flushIntervalMicros: options.flushIntervalMicros,
        generation,
        jitterSeed: entity,
        nowMicros: options.nowMicros,
      });
      if (built === null) continue; // the log refuses such keys; a row could not be found under one
      for (const row of built.rows) {
        this.#rows.push(row);
        this.#bytes += row.key.length + (row.value?.length ?? 0);
      }
      const renewal = built.renewAtMicros;
      if (renewal !== null) renewAt = Math.min(renewAt, renewal === Number.POSITIVE_INFINITY ? HOPELESS : renewal);
    }
    group.renewAt[entity] = renewAt;
  }

  async #write(heartbeat: Heartbeat | null): Promise<void> {
    if (this.#rows.length === 0 && heartbeat === null) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    const stamp = this.#stamper.next();
    await this.#store.write(stamp, rows, heartbeat);
    this.#written = stamp;
  }
}

function groupWriter(
  program: Program,
  { index, state, renewAtMicros, isBuilt }: WriterGroup,
  namespace: string,
): GroupWriter {
  const views = program.views
    .filter((view) => view.group === index)
    .map((view): ViewWriter => {
      const { name, fingerprint, entity } = view.spec;
      const keys = new RowKeys({
        namespace,
        view: name,
        fingerprint,
        entityTypes: entity.map((column) => column.type),
      });
      return { view, keys, builder: new RowBuilder(view.slotTypes, keys) };
    });
  return { state, isBuilt, views, renewAt: renewAtMicros ?? new Float64Array(0) };
}

/** At least `count` long; entities that are new are due. */
function sized(renewAt: Float64Array, count: number): Float64Array {
  if (renewAt.length >= count) return renewAt;
  const longer = new Float64Array(Math.max(count, renewAt.length * 2)).fill(DUE);
  longer.set(renewAt);
  return longer;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
