/** Online rows as a stream run writes them: after each batch, of the entities that it touched; then looked up at instants of their future. */
import { type Answer, createLookup, isNotOnline, type Lookup } from '../../../runtime/serving/lookup.ts';
import { MemoryStore } from '../../../runtime/stores/memory-store.ts';
import { generationOf, REACH_BACK_MICROS, RowBuilder } from '../../../runtime/stores/row-builder.ts';
import { RowKeys } from '../../../runtime/stores/row-key.ts';
import type { Heartbeat, OnlineStore, StoredRow } from '../../../runtime/stores/store.ts';
import { FixedClock } from '../../../runtime/time/clock.ts';
import type { Value } from '../../../runtime/values/types.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { CompiledView, Project } from '../project.ts';
import { actualRow } from '../values.ts';
import type { StreamRun } from './stream.ts';

export type Budget = 'stream' | 'complete';

const NAMESPACE = 'test';
const FLUSH_MICROS = 1_000_000;

interface Writer {
  readonly view: CompiledView;
  readonly keys: RowKeys;
  readonly builder: RowBuilder;
}

/** What the store could say of a view at an instant. */
export interface OnlineAnswer {
  readonly rows: readonly ActualRow[];
  /** Rows whose steps don't reach t, or begin after it. */
  readonly uncovered: number;
}

export class OnlineWriter {
  readonly #project: Project;
  readonly #budget: Budget;
  readonly #store: OnlineStore;
  readonly #writers: readonly Writer[];
  #sequence = 0;
  #lookup: Lookup | null = null;

  constructor(project: Project, budget: Budget, store: OnlineStore = new MemoryStore()) {
    this.#project = project;
    this.#budget = budget;
    this.#store = store;
    this.#writers = project.views.filter((view) => view.spec.shape !== 'request').map(writerOf);
  }

  /** Rows of the entities with new events. Others stand as they were: their steps hold. */
  async flush(run: StreamRun, dirty: readonly Int32Array[]): Promise<void> {
    this.#sequence++;
    const stamp = { epoch: 1, sequence: this.#sequence };
    const from = Math.max(run.line, run.newest - REACH_BACK_MICROS);
    const isEmpty = !Number.isFinite(from);
    for (const { view, builder } of this.#writers) {
      const state = run.states[view.program.group]!;
      const rows: StoredRow[] = [];
      for (const entity of isEmpty ? [] : dirty[view.program.group]!) {
        const keys: Value[] = [];
        state.entityKeys(entity, keys);
        const walk = state.walk(view.program.viewInGroup, entity, from);
        const options = {
          budget: this.#budget,
          flushIntervalMicros: FLUSH_MICROS,
          generation: generationOf(stamp),
          jitterSeed: entity,
        };
        rows.push(...(builder.build(walk, keys, options)?.rows ?? []));
      }
      await this.#store.write(stamp, rows, heartbeatOf(view, run));
    }
  }

  lookup(): Lookup {
    this.#lookup ??= createLookup({
      views: this.#project.views.map((view) => view.program),
      store: this.#store,
      clock: new FixedClock(0),
      clockMode: 'wall',
      namespace: NAMESPACE,
    });
    return this.#lookup;
  }
}

function writerOf(view: CompiledView): Writer {
  const { spec } = view.program;
  const entityTypes = spec.entity.map((column) => column.type);
  const keys = new RowKeys({ namespace: NAMESPACE, view: spec.name, fingerprint: spec.fingerprint, entityTypes });
  return { view, keys, builder: new RowBuilder(view.program.slotTypes, keys) };
}

function heartbeatOf(view: CompiledView, run: StreamRun): Heartbeat {
  const newest = Number.isFinite(run.newest) ? run.newest : null;
  return {
    view: view.name,
    fingerprint: view.program.spec.fingerprint,
    writtenAtMicros: 0,
    knownToMicros: newest,
    newestMicros: newest,
    backlogMicros: 0,
    ended: true,
    positions: {},
  };
}

/** Every entity that the store knows, and those never seen that are asked for besides. */
export async function lookUpAll(lookup: Lookup, view: CompiledView, t: number): Promise<OnlineAnswer> {
  const rows: ActualRow[] = [];
  let uncovered = 0;
  for await (const { keys, answer: scanned } of lookup.scanAll(view.name, t)) {
    const [[answer]] = (await lookup.tryViews([{ view: view.name, keys: [keys] }], t)) as [[typeof scanned]];
    if (print(answer) !== print(scanned)) throw new Error('scan and get differ');
    if (isNotOnline(answer) || !answer.meta.exact) uncovered++;
    if (isNotOnline(answer)) continue;
    if (answer.row !== null) rows.push(actualRow(view.plan.outputs, answer.row));
    if (answer.meta.exact && !readsNow(view)) await checkStep(lookup, view, keys, answer);
  }
  return { rows, uncovered };
}

/** Nothing changes between the bounds of a step (rules.md 31). */
async function checkStep(lookup: Lookup, view: CompiledView, keys: readonly Value[], answer: Answer): Promise<void> {
  const { asOf, validFrom, validTo } = answer.meta;
  if ((validFrom !== null && asOf < validFrom) || (validTo !== null && asOf >= validTo)) {
    throw new Error(`${view.name} at ${asOf} is outside of its step, ${validFrom} to ${validTo}`);
  }
  for (const at of [validFrom, validTo === null ? null : validTo - 1]) {
    if (at === null) continue;
    const other = await lookup.get(view.name, keys, at);
    if (print(other.row) !== print(answer.row))
      throw new Error(`${view.name} differs at ${at} and ${asOf}, which are in one step`);
  }
}

const readers = new WeakMap<CompiledView, boolean>();

function readsNow(view: CompiledView): boolean {
  const known = readers.get(view) ?? /"kind":"now"/.test(print(view.plan.outputs));
  readers.set(view, known);
  return known;
}

function print(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) => {
    // JSON has no numbers for NaN and the infinities.
    const isSpecial = typeof value === 'number' && !Number.isFinite(value);
    return typeof value === 'bigint' || isSpecial ? `${value}n` : value;
  });
}

/** One row a request, in order; `uncovered` as above. */
export async function lookUpRequests(
  project: Project,
  lookup: Lookup,
  view: CompiledView,
  t: number,
): Promise<OnlineAnswer> {
  const [answers] = await lookup.tryViews([{ view: view.name, keys: project.requests }], t);
  const rows: ActualRow[] = [];
  let uncovered = 0;
  for (const answer of answers!) {
    if (isNotOnline(answer) || !answer.meta.exact) uncovered++;
    if (!isNotOnline(answer) && answer.row !== null) rows.push(actualRow(view.plan.outputs, answer.row));
  }
  return { rows, uncovered };
}
