import type { SourceProgram } from '../log/contract.ts';
import type { ColumnBatch } from '../values/batch.ts';
import type { ViewSpec } from '../values/manifest.ts';
import type { SqlType, Value } from '../values/types.ts';

/** Counts expression errors (overflow, x/0, failed cast), by view and output or slot name. */
export interface ErrorCounter {
  count(view: string, column: string): void;
}

/**
 * Everything a compiled project gives the runtime. Made from the generated modules (`generated/stream/*.js`), whose text is
 * `import * as rt from 'fsc/runtime';` and definitions over `rt` only.
 */
export interface Program {
  readonly sources: readonly SourceProgram[];
  readonly groups: readonly GroupProgram[];
  readonly views: readonly ViewProgram[];
}

/** Views over one source and one entity (shape B: and one WHERE) share a group: one ring of events, one tail, one set of entity ids. */
export interface GroupProgram {
  /** Stable: hash over source fingerprint, entity expressions and the layout of ring and slots. */
  readonly fingerprint: string;
  readonly source: string;
  readonly views: readonly string[];
  readonly entityTypes: readonly SqlType[];
  readonly slotTypes: readonly SqlType[];
  /** Of one kept event in the ring, and of one entity without its key's text and what exact sums and distinct values add. */
  readonly eventBytes: number;
  readonly entityBytes: number;
  /** Makes an empty state. The only way to get one. */
  readonly create: (options: GroupStateOptions) => GroupState;
}

export interface GroupStateOptions {
  readonly errors: ErrorCounter;
  /** Expected entities, to size tables; 0 = unknown. */
  readonly entityHint: number;
}

export interface ViewProgram {
  readonly spec: ViewSpec;
  /** Index into Program.groups; −1 for a request view. */
  readonly group: number;
  /** Which of the group's views this is: argument of the GroupState calls. −1 for a request view. */
  readonly viewInGroup: number;
  /** Types of the slots that `project` reads, in order: the view's own slots (a hidden row count is not among them). */
  readonly slotTypes: readonly SqlType[];
  /**
   * Stage 3. Fills `out[ordinal]` for every output of the SELECT, in its order (entity columns too), and tells whether there is a row
   * (HAVING; WHERE of a request view). Shapes A and B: `slots`, `keys` = the entity's values. Shape D: `request` = values of the request
   * source's columns, `features[i]` = outputs of the i-th join's view, null where it has no row.
   */
  readonly project: (input: ProjectInput, out: Value[]) => boolean;
  /** Shape D: fills `keys` of the i-th join from the request. */
  readonly joinKeys: readonly ((request: readonly Value[], keys: Value[]) => void)[];
}

export interface ProjectInput {
  slots: readonly Value[];
  keys: readonly Value[];
  nowMicros: number;
  request: readonly Value[];
  features: readonly (readonly Value[] | null)[];
  errors: ErrorCounter;
}

/**
 * The state of one group. All methods are synchronous. Contract:
 * - `ingest` takes accepted rows of the group's source in log order; event times may go back as far as the settle line, never behind it.
 * - `settle(line)` never goes back. Events before the line may be folded; probes before the line are the caller's fault (an assertion).
 * - with settle never called (line = −Infinity) every probe is answered from raw events: the naive oracle of the same code.
 */
export interface GroupState {
  ingest(batch: ColumnBatch, rows: Int32Array, count: number): void;
  settle(lineMicros: number): void;
  /** Where it was settled last; −Infinity: never. */
  readonly lineMicros: number;
  readonly entityCount: number;
  /** −1 if the entity was never seen. */
  entityId(keys: readonly Value[]): number;
  /** As `entityId`, and makes an id for an entity never seen; −1 if there can be none (a key is NULL). */
  addEntity(keys: readonly Value[]): number;
  entityKeys(entity: number, out: Value[]): void;
  /**
   * The view's slots at t over everything ingested with event time <= t. False: the SELECT (before HAVING) has no row for the entity.
   * Read-only for the state. `t` >= settle line.
   */
  probe(view: number, entity: number, tMicros: number, out: Value[]): boolean;
  /**
   * As `probe`, for callers that go through time in order (training sets): may move the entity's settled part up to t. The caller promises
   * that no event at or before t follows for this entity and that no probe of it goes back before t.
   */
  probeInOrder(view: number, entity: number, tMicros: number, out: Value[]): boolean;
  /**
   * As `probeInOrder` over the relation with event time < t (now() is still t): `--ties exclude`.
   */
  probeInOrderExclusive(view: number, entity: number, tMicros: number, out: Value[]): boolean;
  /**
   * As `probeInOrder` over the relation without the entity's event at t whose primary key is `eventKey` (rules.md 35); all callers of a state
   * leave an event out, or none does.
   */
  probeInOrderWithout(view: number, entity: number, tMicros: number, eventKey: readonly Value[], out: Value[]): boolean;
  /** As `probe` over the relation with event time < t. */
  probeExclusive(view: number, entity: number, tMicros: number, out: Value[]): boolean;
  /** As `probe` over the relation without the entity's event at t whose primary key is `eventKey`. */
  probeWithout(view: number, entity: number, tMicros: number, eventKey: readonly Value[], out: Value[]): boolean;
  /**
   * Entity ids of rows of a batch, whatever WHERE and FILTER say of them (−1: an entity column is NULL); makes ids for entities never seen.
   * For finding labels that tie with an event (rules.md 35).
   */
  entitiesOf(batch: ColumnBatch, rows: Int32Array, count: number, out: Int32Array): void;
  /**
   * Of an entity's events, those before this one (its first apart) change no value at `tMicros` or later and need not be taken in for it; −Infinity
   * if any may. Never goes back as `tMicros` grows.
   */
  leastSeen(tMicros: number): number;
  /** Starts a walk through the entity's future: `walk.out` holds the slots at `fromMicros`. One walk at a time a state. */
  walk(view: number, entity: number, fromMicros: number): FutureWalk;
  /** Entities whose row may have changed since the last call (new events; not mere passing of time). Order unspecified, no doubles. */
  takeDirty(): Int32Array;
  /** Typed-array image of the whole state, without copying where possible; to be written before the next mutation. */
  snapshot(): StateImage;
  /** Of an empty state only. */
  restore(image: StateImage): void;
  /** Figures for explain and benchmarks. */
  memory(): Memory;
}

export interface Memory {
  readonly entities: number;
  readonly keptEvents: number;
  readonly bytes: number;
  /** Of `bytes`, what is dealt out to kept events: their records, free places and free blocks. */
  readonly eventBytes: number;
}

export interface FutureWalk {
  /** Slots at the current instant. */
  readonly out: Value[];
  readonly hasRow: boolean;
  /** Moves to the next instant at which any slot or hasRow may change if nothing else happens; false when there is none. Values need not differ. */
  next(): boolean;
  /** The current instant. */
  readonly atMicros: number;
}

/** Named sections; each a typed array or JSON text. */
export interface StateImage {
  readonly fingerprint: string;
  readonly sections: ReadonlyMap<string, Uint8Array | Int32Array | Float64Array | Uint32Array | string>;
}
