/**
 * Training sets by replay (design.md section 8): history goes through the same operators that serve online, and every label is probed at its
 * instant. One pass over the events of each source, whatever the number of views.
 *
 * Reads: accepted records of each source in (event time, key) order. Writes: one column per feature.
 */
import type { SourceProgram } from '../log/contract.ts';
import type { ErrorCounter, GroupState, Program, ProjectInput, ViewProgram } from '../state/program.ts';
import type { ColumnVector } from '../values/batch.ts';
import type { SqlType, Value } from '../values/types.ts';
import { columnsRead } from './columns-read.ts';
import { GroupReplay, type ReplayBatch, type Target, type TieRule } from './group-replay.ts';
import { orderByInstant } from './instant-order.ts';
import { ColumnKeys, type KeyReader, type LabelTable, RequestKeys, RequestReader } from './label-table.ts';
import { LabelValues } from './label-values.ts';

export type Ties = 'include' | 'exclude';

export interface ReplayOptions {
  readonly program: Program;
  /** Names of the views wanted, each once; request views bring their joined views along. */
  readonly views: readonly string[];
  readonly labels: LabelTable;
  readonly ties: Ties;
  /** Sources whose primary key the labels carry: `exclude` then leaves out the label's own event only. */
  readonly ownEvents: ReadonlySet<string>;
  /** `reads`: the columns that the views, and the verdicts, look at. */
  readonly openFeed: (source: string, reads: ReadonlySet<number>) => Promise<Feed>;
  readonly errors: ErrorCounter;
  /** Share of the work that is done, 0 to 1. */
  readonly onProgress: ((share: number) => void) | null;
  readonly signal: AbortSignal;
  /** Both as in GroupOptions. */
  readonly sweepRows?: number;
  readonly maxSeen?: number;
}

export interface Feed {
  /** Null at the end. The batch is overwritten by the next. */
  next(): Promise<ReplayBatch | null>;
  close(): Promise<void>;
}

export interface ReplayResult {
  /** In the order of `views`. */
  readonly views: readonly ViewValues[];
  /** Labels whose instant equals the event time of an event of their entity (rules.md 35). */
  readonly tiedLabels: number;
}

/** Features of one view, in the order of its SELECT; entity columns are not among them. */
export interface ViewValues {
  readonly view: string;
  readonly names: readonly string[];
  readonly values: LabelValues;
}

export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const plan = new ReplayPlan(options);
  const tied = new Uint8Array(options.labels.length);
  const order = orderByInstant(options.labels.instants);
  const groups = plan.groups.map(({ source, state, targets }) => ({
    source,
    replay: new GroupReplay({
      state,
      targets,
      labels: options.labels,
      order,
      eventTimeColumn: sourceNamed(options.program, source).spec.eventTimeColumn,
      ties: tieRule(options, source),
      errors: options.errors,
      tied,
      ...(options.sweepRows === undefined ? {} : { sweepRows: options.sweepRows }),
      ...(options.maxSeen === undefined ? {} : { maxSeen: options.maxSeen }),
    }),
  }));
  const total = groups.reduce((sum, group) => sum + group.replay.total, 0);
  const tell = (): void => {
    const done = groups.reduce((sum, group) => sum + group.replay.done, 0);
    options.onProgress?.(total === 0 ? 1 : done / total);
  };
  for (const source of new Set(groups.map((group) => group.source))) {
    const members = groups.filter((group) => group.source === source).map((group) => group.replay);
    const states = plan.groups.filter((group) => group.source === source).map((group) => group.state);
    const feed = await options.openFeed(source, columnsRead(sourceNamed(options.program, source), states));
    await replaySource(options, feed, members, tell);
  }
  const views = plan.finish();
  let tiedLabels = 0;
  for (let label = 0; label < tied.length; label++) tiedLabels += tied[label] as number;
  return { views, tiedLabels };
}

async function replaySource(
  options: ReplayOptions,
  feed: Feed,
  groups: readonly GroupReplay[],
  tell: () => void,
): Promise<void> {
  try {
    for (let batch = await feed.next(); batch !== null; batch = await feed.next()) {
      options.signal.throwIfAborted();
      if (batch.count > 0) for (const group of groups) group.take(batch);
      tell();
    }
    for (const group of groups) group.finish();
    tell();
  } finally {
    await feed.close();
  }
}

function tieRule(options: ReplayOptions, source: string): TieRule {
  if (options.ties === 'include') return { kind: 'include' };
  if (!options.ownEvents.has(source)) return { kind: 'exclude' };
  const spec = options.program.sources.find((candidate) => candidate.spec.name === source)?.spec;
  const keys = spec?.keyColumns.map((column) => spec.columns[column] as (typeof spec.columns)[number]) ?? [];
  return {
    kind: 'own',
    vectors: keys.map((column) => labelColumn(options.labels, column.name)),
    types: keys.map((column) => column.type),
  };
}

function sourceNamed(program: Program, source: string): SourceProgram {
  const found = program.sources.find((candidate) => candidate.spec.name === source);
  if (found === undefined) throw new Error(`no source ${source} in the program`);
  return found;
}

interface PlannedGroup {
  readonly source: string;
  readonly state: GroupState;
  readonly targets: Target[];
}

/** Which views are looked up at which keys, and what becomes of their values. */
class ReplayPlan {
  readonly #options: ReplayOptions;
  readonly #groups = new Map<number, PlannedGroup>();
  readonly #results: (() => ViewValues)[];

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#results = options.views.map((name) => {
      const view = viewNamed(options.program, name);
      return view.spec.shape === 'request' ? this.#planRequest(view) : this.#planDirect(view);
    });
  }

  get groups(): readonly PlannedGroup[] {
    return [...this.#groups.values()];
  }

  /** Once all sources were replayed. */
  finish(): readonly ViewValues[] {
    return this.#results.map((result) => result());
  }

  #addTarget(view: ViewProgram, keys: KeyReader, types: readonly SqlType[], ordinals: readonly number[]): Target {
    const { labels } = this.#options;
    const target: Target = {
      view,
      keys,
      values: new LabelValues(types, labels.length),
      ordinals: Int32Array.from(ordinals),
    };
    this.#groupOf(view).targets.push(target);
    return target;
  }

  #groupOf(view: ViewProgram): PlannedGroup {
    const known = this.#groups.get(view.group);
    if (known !== undefined) return known;
    const program = this.#options.program.groups[view.group];
    if (program === undefined) throw new Error(`view ${view.spec.name} has no group`);
    const state = program.create({ errors: this.#options.errors, entityHint: 0 });
    const group = { source: program.source, state, targets: [] };
    this.#groups.set(view.group, group);
    return group;
  }

  #planDirect(view: ViewProgram): () => ViewValues {
    const { entity, features, name } = view.spec;
    const vectors = entity.map((column) => labelColumn(this.#options.labels, column.name));
    const keys = new ColumnKeys(
      vectors,
      entity.map((column) => column.type),
    );
    const target = this.#addTarget(
      view,
      keys,
      features.map((feature) => feature.type),
      features.map((feature) => feature.ordinal),
    );
    return () => ({ view: name, names: features.map((feature) => feature.name), values: target.values });
  }

  #planRequest(view: ViewProgram): () => ViewValues {
    const { program, labels } = this.#options;
    const spec = program.sources.find((candidate) => candidate.spec.name === view.spec.source)?.spec;
    if (spec === undefined) throw new Error(`view ${view.spec.name} reads ${view.spec.source}, which is not there`);
    const request = new RequestReader(labels, spec);
    const targets = view.spec.joins.map((join, index) => {
      const joined = viewNamed(program, join.view);
      const fill = view.joinKeys[index];
      if (fill === undefined) throw new Error(`view ${view.spec.name} has no keys for join ${index}`);
      const types = outputTypes(joined);
      return this.#addTarget(
        joined,
        new RequestKeys(request, fill, joined.spec.entity.length),
        types,
        types.map((_, ordinal) => ordinal),
      );
    });
    return () => this.#projectRequest(view, request, targets);
  }

  #projectRequest(view: ViewProgram, request: RequestReader, targets: readonly Target[]): ViewValues {
    const { labels, errors } = this.#options;
    const { features, name } = view.spec;
    const values = new LabelValues(
      features.map((feature) => feature.type),
      labels.length,
    );
    const ordinals = Int32Array.from(features, (feature) => feature.ordinal);
    const rows = targets.map((target) => new Array<Value>(target.ordinals.length).fill(null));
    const joined: (readonly Value[] | null)[] = new Array(targets.length).fill(null);
    const out = new Array<Value>(view.spec.entity.length + features.length).fill(null);
    const input: ProjectInput = {
      slots: [],
      keys: [],
      nowMicros: 0,
      request: request.values,
      features: joined,
      errors,
    };
    for (let label = 0; label < labels.length; label++) {
      if (!request.read(label)) continue;
      for (let i = 0; i < targets.length; i++) joined[i] = readTarget(targets[i] as Target, rows[i] as Value[], label);
      input.nowMicros = labels.instants[label] as number;
      if (view.project(input, out)) values.setRow(label, out, ordinals);
    }
    return { view: name, names: features.map((feature) => feature.name), values };
  }
}

function readTarget(target: Target, row: Value[], label: number): readonly Value[] | null {
  if (!target.values.has(label)) return null;
  for (let column = 0; column < row.length; column++) row[column] = target.values.get(label, column);
  return row;
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
