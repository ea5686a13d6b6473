/**
 * Training sets by replay (design.md section 8): history goes through the same operators that serve online, in event order, and
 * every label is probed at its instant. One pass over the events of each source, whatever the number of views.
 *
 * Reads: accepted records of each source in (event time, key) order, as LogBatches. Writes: one ReplayColumn per feature.
 */
import type { LogBatch } from '../log/contract.ts';
import type { ErrorCounter, GroupState, Program, ProjectInput, ViewProgram } from '../state/program.ts';
import type { ColumnVector } from '../values/batch.ts';
import type { SqlType, Value } from '../values/types.ts';
import { type InstantOrder, orderByInstant } from './instant-order.ts';
import { ResultColumn } from './result-column.ts';

/** Labels as columns: the instant and whatever the views need from them. */
export interface LabelTable {
  readonly length: number;
  /** Microseconds; never NULL (an unreadable instant was refused on reading). */
  readonly instants: Float64Array;
  /** By column name: entity columns and request columns, already of the type that the view declares. */
  readonly columns: ReadonlyMap<string, ColumnVector>;
}

export type Ties = 'include' | 'exclude';

export interface ReplayOptions {
  readonly program: Program;
  /** Names of the views wanted; request views bring their joined views along. */
  readonly views: readonly string[];
  readonly labels: LabelTable;
  readonly ties: Ties;
  /** Accepted records of a source in (event time, key) order; null at the end. */
  readonly openFeed: (source: string) => Promise<Feed>;
  readonly errors: ErrorCounter;
  readonly onProgress: ((labelsDone: number) => void) | null;
  readonly signal: AbortSignal;
}

export interface Feed {
  next(): Promise<LogBatch | null>;
  close(): Promise<void>;
}

export interface ReplayResult {
  /** Features in order of the views and of their SELECTs; entity columns are not among them. */
  readonly columns: readonly {
    readonly view: string;
    readonly feature: string;
    readonly type: SqlType;
    readonly values: ResultColumn;
  }[];
  /** Labels whose instant equals the event time of an event of their entity (rules.md 35). */
  readonly tiedLabels: number;
}

/** One view looked up at one key per label: a view asked for, or a join of a request view. */
interface Target {
  readonly program: ViewProgram;
  readonly state: GroupState;
  readonly ids: EntityIds;
  /** All outputs of the view at each label, by ordinal; only those that somebody reads are kept. */
  readonly outputs: readonly (ResultColumn | null)[];
  readonly present: Uint8Array;
}

export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const plan = planTargets(options);
  const order = orderByInstant(options.labels.instants);
  const tied = new Uint8Array(options.labels.length);
  for (const source of plan.sources) {
    await replaySource(options, plan, source, order, tied);
  }
  const columns = plan.requests.flatMap((request) => request.finish(options));
  let tiedLabels = 0;
  for (let i = 0; i < tied.length; i++) tiedLabels += tied[i] as number;
  return { columns, tiedLabels };
}

interface ReplayPlan {
  readonly sources: readonly string[];
  readonly targetsOf: ReadonlyMap<string, readonly Target[]>;
  readonly statesOf: ReadonlyMap<string, readonly GroupState[]>;
  readonly requests: readonly { finish(options: ReplayOptions): ReplayResult['columns'] }[];
}

function planTargets(options: ReplayOptions): ReplayPlan {
  const { program, labels } = options;
  const states = new Map<number, GroupState>();
  const targetsOf = new Map<string, Target[]>();
  const statesOf = new Map<string, GroupState[]>();
  const requests: { finish(options: ReplayOptions): ReplayResult['columns'] }[] = [];
  const addTarget = (view: ViewProgram, keys: KeyReader, wanted: (ordinal: number) => boolean): Target => {
    const group = program.groups[view.group];
    if (group === undefined) throw new Error(`view ${view.spec.name} has no group`);
    let state = states.get(view.group);
    if (state === undefined) {
      state = group.create({ errors: options.errors, entityHint: 0 });
      states.set(view.group, state);
      push(statesOf, group.source, state);
    }
    const outputs = outputTypes(view).map((type, ordinal) =>
      wanted(ordinal) ? new ResultColumn(type, labels.length) : null,
    );
    const target: Target = {
      program: view,
      state,
      ids: new EntityIds(state, keys, labels.length),
      outputs,
      present: new Uint8Array(labels.length),
    };
    push(targetsOf, group.source, target);
    return target;
  };
  for (const name of options.views) {
    const view = viewNamed(program, name);
    if (view.spec.shape === 'request') requests.push(planRequest(options, view, addTarget));
    else requests.push(planDirect(options, view, addTarget));
  }
  return { sources: [...targetsOf.keys()], targetsOf, statesOf, requests };
}

type AddTarget = (view: ViewProgram, keys: KeyReader, wanted: (ordinal: number) => boolean) => Target;

function planDirect(
  options: ReplayOptions,
  view: ViewProgram,
  addTarget: AddTarget,
): { finish(): ReplayResult['columns'] } {
  const vectors = view.spec.entity.map((column) => labelColumn(options.labels, column.name));
  const types = view.spec.entity.map((column) => column.type);
  const entityOrdinals = new Set(view.spec.entity.map((column) => column.ordinal));
  const target = addTarget(view, new ColumnKeys(vectors, types), (ordinal) => !entityOrdinals.has(ordinal));
  return {
    finish: () =>
      view.spec.features.map((feature) => ({
        view: view.spec.name,
        feature: feature.name,
        type: feature.type,
        values: target.outputs[feature.ordinal] as ResultColumn,
      })),
  };
}

function planRequest(
  options: ReplayOptions,
  view: ViewProgram,
  addTarget: AddTarget,
): { finish(options: ReplayOptions): ReplayResult['columns'] } {
  const request = requestReader(options, view);
  const targets = view.spec.joins.map((join, index) => {
    const joined = viewNamed(options.program, join.view);
    const fill = view.joinKeys[index];
    if (fill === undefined) throw new Error(`view ${view.spec.name} has no keys for join ${index}`);
    return addTarget(joined, new RequestKeys(request, fill, joined.spec.entity.length), () => true);
  });
  return { finish: (opts) => projectRequest(opts, view, request, targets) };
}

function projectRequest(
  options: ReplayOptions,
  view: ViewProgram,
  request: RequestReader,
  targets: readonly Target[],
): ReplayResult['columns'] {
  const { labels } = options;
  const columns = view.spec.features.map((feature) => ({
    view: view.spec.name,
    feature: feature.name,
    type: feature.type,
    ordinal: feature.ordinal,
    values: new ResultColumn(feature.type, labels.length),
  }));
  const rows = targets.map((target) => new Array<Value>(target.outputs.length).fill(null));
  const features: (readonly Value[] | null)[] = new Array(targets.length).fill(null);
  const out: Value[] = new Array(view.spec.entity.length + view.spec.features.length).fill(null);
  const input: ProjectInput = {
    slots: [],
    keys: [],
    nowMicros: 0,
    request: request.values,
    features,
    errors: options.errors,
  };
  for (let label = 0; label < labels.length; label++) {
    request.read(label);
    for (let i = 0; i < targets.length; i++) features[i] = readTarget(targets[i] as Target, rows[i] as Value[], label);
    input.nowMicros = labels.instants[label] as number;
    const hasRow = view.project(input, out);
    for (const column of columns) column.values.set(label, hasRow ? (out[column.ordinal] as Value) : null);
  }
  return columns;
}

function readTarget(target: Target, row: Value[], label: number): readonly Value[] | null {
  if (target.present[label] === 0) return null;
  for (let ordinal = 0; ordinal < row.length; ordinal++) row[ordinal] = target.outputs[ordinal]?.get(label) ?? null;
  return row;
}

async function replaySource(
  options: ReplayOptions,
  plan: ReplayPlan,
  source: string,
  order: InstantOrder,
  tied: Uint8Array,
): Promise<void> {
  const targets = plan.targetsOf.get(source) ?? [];
  const states = plan.statesOf.get(source) ?? [];
  const feed = await options.openFeed(source);
  const probe = new Prober(options, targets, order);
  const ties = new TieFinder(options, source, targets, order, tied);
  try {
    for (let batch = await feed.next(); batch !== null; batch = await feed.next()) {
      options.signal.throwIfAborted();
      if (batch.acceptedCount === 0) continue;
      for (const state of states) state.ingest(batch.batch, batch.accepted, batch.acceptedCount);
      ties.see(batch);
      probe.upTo(batch.newestMicros); // strictly before: events at this very instant may follow in the next batch
      options.onProgress?.(probe.done);
    }
    probe.upTo(Number.POSITIVE_INFINITY);
    options.onProgress?.(probe.done);
  } finally {
    await feed.close();
  }
}

/** Probes labels in order of their instants. */
class Prober {
  done = 0;
  readonly #options: ReplayOptions;
  readonly #targets: readonly Target[];
  readonly #order: InstantOrder;
  readonly #slots: Value[];
  readonly #out: Value[];
  readonly #keys: Value[];
  readonly #input: ProjectInput;

  constructor(options: ReplayOptions, targets: readonly Target[], order: InstantOrder) {
    this.#options = options;
    this.#targets = targets;
    this.#order = order;
    const width = (pick: (target: Target) => number): number => Math.max(0, ...targets.map(pick));
    this.#slots = new Array(width((target) => target.program.slotTypes.length)).fill(null);
    this.#out = new Array(width((target) => target.outputs.length)).fill(null);
    this.#keys = new Array(width((target) => target.program.spec.entity.length)).fill(null);
    this.#input = {
      slots: this.#slots,
      keys: this.#keys,
      nowMicros: 0,
      request: [],
      features: [],
      errors: options.errors,
    };
  }

  /** All labels with an instant strictly before `limitMicros`. */
  upTo(limitMicros: number): void {
    const { instants } = this.#options.labels;
    const { permutation } = this.#order;
    const from = this.done;
    let to = from;
    while (to < permutation.length && (instants[permutation[to] as number] as number) < limitMicros) to++;
    if (to === from) return;
    // Labels outside, targets inside: two targets may share an entity's cursor, which only goes forward.
    for (let i = from; i < to; i++) {
      for (let j = 0; j < this.#targets.length; j++) this.#probe(this.#targets[j] as Target, permutation[i] as number);
    }
    this.done = to;
    if (to < permutation.length) {
      const line = instants[permutation[to] as number] as number;
      for (const target of this.#targets) target.state.settle(line);
    }
  }

  #probe(target: Target, label: number): void {
    const entity = target.ids.at(label);
    if (entity < 0) return;
    const now = this.#options.labels.instants[label] as number;
    const view = target.program.viewInGroup;
    const found =
      this.#options.ties === 'include'
        ? target.state.probeInOrder(view, entity, now, this.#slots)
        : target.state.probeInOrderExclusive(view, entity, now, this.#slots);
    if (!found) return;
    target.state.entityKeys(entity, this.#keys);
    this.#input.nowMicros = now;
    if (!target.program.project(this.#input, this.#out)) return;
    target.present[label] = 1;
    for (let ordinal = 0; ordinal < target.outputs.length; ordinal++) {
      target.outputs[ordinal]?.set(label, this.#out[ordinal] as Value);
    }
  }
}

/** Marks labels whose instant is the event time of an event of their entity, whatever WHERE and FILTER say. */
class TieFinder {
  readonly #targets: readonly Target[];
  readonly #instants: Float64Array;
  readonly #order: InstantOrder;
  readonly #tied: Uint8Array;
  readonly #eventTime: number;
  #rows = new Int32Array(0);
  #ids = new Int32Array(0);
  #cursor = 0;

  constructor(
    options: ReplayOptions,
    source: string,
    targets: readonly Target[],
    order: InstantOrder,
    tied: Uint8Array,
  ) {
    this.#targets = targets;
    this.#instants = options.labels.instants;
    this.#order = order;
    this.#tied = tied;
    const program = options.program.sources.find((candidate) => candidate.spec.name === source);
    this.#eventTime = program?.spec.eventTimeColumn ?? -1;
  }

  see(batch: LogBatch): void {
    const rows = this.#matching(batch);
    if (rows === 0) return;
    if (this.#ids.length < rows) this.#ids = new Int32Array(this.#rows.length);
    const times = batch.batch.columns[this.#eventTime];
    if (times === undefined || times.kind !== 'numeric') throw new Error('event time column is not numeric');
    for (const target of this.#targets) {
      target.state.entitiesOf(batch.batch, this.#rows, rows, this.#ids);
      for (let i = 0; i < rows; i++) {
        const micros = times.values[this.#rows[i] as number] as number;
        if ((this.#ids[i] as number) >= 0) this.#mark(target, micros, this.#ids[i] as number);
      }
    }
  }

  /** Rows of the batch at whose event time a label stands. Both sides are in order of time, so one walk over the two finds them. */
  #matching(batch: LogBatch): number {
    if (this.#rows.length < batch.acceptedCount) this.#rows = new Int32Array(batch.accepted.length);
    const times = batch.batch.columns[this.#eventTime];
    if (times === undefined || times.kind !== 'numeric') throw new Error('event time column is not numeric');
    const { permutation } = this.#order;
    let count = 0;
    for (let i = 0; i < batch.acceptedCount; i++) {
      const row = batch.accepted[i] as number;
      const micros = times.values[row] as number;
      while (
        this.#cursor < permutation.length &&
        (this.#instants[permutation[this.#cursor] as number] as number) < micros
      )
        this.#cursor++;
      if (this.#cursor < permutation.length && this.#instants[permutation[this.#cursor] as number] === micros)
        this.#rows[count++] = row;
    }
    return count;
  }

  #mark(target: Target, micros: number, entity: number): void {
    const { permutation } = this.#order;
    for (let i = this.#order.firstAt(micros); i < permutation.length; i++) {
      const label = permutation[i] as number;
      if (this.#instants[label] !== micros) break;
      if (this.#tied[label] === 0 && target.ids.at(label) === entity) this.#tied[label] = 1;
    }
  }
}

interface KeyReader {
  /** Fills `keys` for the label; false where a key is NULL. */
  read(label: number, keys: Value[]): boolean;
  readonly width: number;
  /** Labels with equal codes have equal keys; null where there are no codes. */
  readonly codes: Int32Array | null;
  readonly codeCount: number;
}

/** Entity ids of labels, found once each; entities that appear later are looked for again. */
class EntityIds {
  readonly #state: GroupState;
  readonly #reader: KeyReader;
  readonly #keys: Value[];
  /** Indexed by code or by label: id + 1, 0 = not found at `#seenAt` entities. */
  readonly #ids: Int32Array;
  readonly #seenAt: Int32Array;

  constructor(state: GroupState, reader: KeyReader, length: number) {
    this.#state = state;
    this.#reader = reader;
    this.#keys = new Array(reader.width).fill(null);
    const slots = reader.codes === null ? length : reader.codeCount;
    this.#ids = new Int32Array(slots);
    this.#seenAt = new Int32Array(slots).fill(-1);
  }

  at(label: number): number {
    const slot = this.#reader.codes === null ? label : (this.#reader.codes[label] as number);
    const known = this.#ids[slot] as number;
    if (known > 0) return known - 1;
    if (this.#seenAt[slot] === this.#state.entityCount) return -1;
    this.#seenAt[slot] = this.#state.entityCount;
    if (!this.#reader.read(label, this.#keys)) return -1;
    const id = this.#state.entityId(this.#keys);
    this.#ids[slot] = id + 1;
    return id;
  }
}

class ColumnKeys implements KeyReader {
  readonly width: number;
  readonly codes: Int32Array | null;
  readonly codeCount: number;
  readonly #vectors: readonly ColumnVector[];
  readonly #types: readonly SqlType[];

  constructor(vectors: readonly ColumnVector[], types: readonly SqlType[]) {
    this.#vectors = vectors;
    this.#types = types;
    this.width = vectors.length;
    const only = vectors.length === 1 ? vectors[0] : undefined;
    const coded = only !== undefined && only.kind === 'text' && only.codes !== null && only.nulls === null;
    this.codes = coded ? only.codes : null;
    this.codeCount = coded ? (only.dictionary?.length ?? 0) : 0;
  }

  read(label: number, keys: Value[]): boolean {
    for (let i = 0; i < this.#vectors.length; i++) {
      const value = readVector(this.#vectors[i] as ColumnVector, this.#types[i] as SqlType, label);
      if (value === null) return false;
      keys[i] = value;
    }
    return true;
  }
}

class RequestKeys implements KeyReader {
  readonly codes = null;
  readonly codeCount = 0;
  readonly width: number;
  readonly #request: RequestReader;
  readonly #fill: (request: readonly Value[], keys: Value[]) => void;

  constructor(request: RequestReader, fill: (request: readonly Value[], keys: Value[]) => void, width: number) {
    this.#request = request;
    this.#fill = fill;
    this.width = width;
  }

  read(label: number, keys: Value[]): boolean {
    this.#request.read(label);
    this.#fill(this.#request.values, keys);
    for (let i = 0; i < this.width; i++) if (keys[i] === null || keys[i] === undefined) return false;
    return true;
  }
}

/** The request's columns of one label at a time. */
class RequestReader {
  readonly values: Value[];
  readonly #vectors: readonly (ColumnVector | null)[];
  readonly #types: readonly SqlType[];

  constructor(vectors: readonly (ColumnVector | null)[], types: readonly SqlType[]) {
    this.#vectors = vectors;
    this.#types = types;
    this.values = new Array(vectors.length).fill(null);
  }

  read(label: number): void {
    for (let i = 0; i < this.#vectors.length; i++) {
      const vector = this.#vectors[i] as ColumnVector | null;
      this.values[i] = vector === null ? null : readVector(vector, this.#types[i] as SqlType, label);
    }
  }
}

function requestReader(options: ReplayOptions, view: ViewProgram): RequestReader {
  const source = options.program.sources.find((candidate) => candidate.spec.name === view.spec.source);
  const columns = source?.spec.columns ?? [];
  return new RequestReader(
    columns.map((column) => options.labels.columns.get(column.name) ?? null),
    columns.map((column) => column.type),
  );
}

/** One value of a vector in the forms of runtime/values/types.ts. */
export function readVector(vector: ColumnVector, type: SqlType, row: number): Value {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  if (vector.kind === 'text') {
    return vector.codes === null
      ? (vector.strings?.[row] ?? null)
      : (vector.dictionary?.[vector.codes[row] as number] ?? null);
  }
  const value = vector.values[row] as number;
  if (type.kind === 'boolean') return value !== 0;
  if (vector.wide !== null && Math.abs(value) > Number.MAX_SAFE_INTEGER) return vector.wide.get(row) ?? value;
  return value;
}

function outputTypes(view: ViewProgram): SqlType[] {
  const types: SqlType[] = [];
  for (const column of view.spec.entity) types[column.ordinal] = column.type;
  for (const feature of view.spec.features) types[feature.ordinal] = feature.type;
  return types;
}

function labelColumn(labels: LabelTable, name: string): ColumnVector {
  const vector = labels.columns.get(name);
  if (vector === undefined) throw new Error(`label column ${name} was not read`);
  return vector;
}

function viewNamed(program: Program, name: string): ViewProgram {
  const view = program.views.find((candidate) => candidate.spec.name === name);
  if (view === undefined) throw new Error(`no view ${name} in the program`);
  return view;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
