import type { ViewProgram } from '../../runtime/state/program.ts';
import { generationOf, RowBuilder } from '../../runtime/stores/row-builder.ts';
import { RowKeys } from '../../runtime/stores/row-key.ts';
import type { Heartbeat, OnlineStore, StoredRow, WriterStamp } from '../../runtime/stores/store.ts';
import type { ViewSpec } from '../../runtime/values/manifest.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { FakeWalk, type Step } from './steps.ts';

export const INTEGER: SqlType = { kind: 'integer' };
export const TEXT: SqlType = { kind: 'text', maxLength: null };

export function viewSpec(name: string, keys: readonly SqlType[], features: readonly SqlType[]): ViewSpec {
  return {
    name,
    shape: 'aggregate',
    fingerprint: `fp1:${name}`,
    source: 'events',
    entity: keys.map((type, ordinal) => ({ name: `k${ordinal}`, type, ordinal })),
    features: features.map((type, i) => ({
      name: `f${i}`,
      type,
      agreement: 'exact',
      description: null,
      lineage: [],
      ordinal: keys.length + i,
    })),
    joins: [],
    description: null,
    owner: null,
    stateNotes: [],
  };
}

/** SELECT keys, slots. */
export function plainView(name: string, keys: readonly SqlType[], slotTypes: readonly SqlType[]): ViewProgram {
  return {
    spec: viewSpec(name, keys, slotTypes),
    group: 0,
    viewInGroup: 0,
    slotTypes,
    project: ({ keys: values, slots }, out) => {
      for (let i = 0; i < keys.length; i++) out[i] = values[i] as Value;
      for (let i = 0; i < slotTypes.length; i++) out[keys.length + i] = slots[i] as Value;
      return true;
    },
    joinKeys: [],
  };
}

export function keysOf({ spec }: ViewProgram, namespace = ''): RowKeys {
  const entityTypes = spec.entity.map((column) => column.type);
  return new RowKeys({ namespace, view: spec.name, fingerprint: spec.fingerprint, entityTypes });
}

export function rowsOf(
  view: ViewProgram,
  keys: readonly Value[],
  steps: readonly Step[],
  budget: 'stream' | 'complete',
  stamp: WriterStamp,
): readonly StoredRow[] {
  const builder = new RowBuilder(view.slotTypes, keysOf(view));
  const options = { budget, flushIntervalMicros: 1_000_000, generation: generationOf(stamp), jitterSeed: 1 };
  return builder.build(new FakeWalk(steps), keys, options)?.rows ?? [];
}

export function beat(view: ViewProgram, change: Partial<Heartbeat> = {}): Heartbeat {
  return {
    view: view.spec.name,
    fingerprint: view.spec.fingerprint,
    writtenAtMicros: 0,
    knownToMicros: 1,
    newestMicros: 2,
    backlogMicros: 0,
    ended: true,
    positions: {},
    ...change,
  };
}

/** Answers every call later, as a server would. */
export function remote(store: OnlineStore): OnlineStore {
  const later = <T>(value: T): Promise<T> => new Promise((done) => setImmediate(() => done(value)));
  return {
    name: 'remote',
    identity: async () => later(await store.identity()),
    write: (stamp, rows, heartbeat) => store.write(stamp, rows, heartbeat),
    getMany: async (keys) => later(await store.getMany(keys)),
    scan: (prefix) => store.scan(prefix),
    floor: async (prefix, key) => later(await store.floor(prefix, key)),
    heartbeat: async (view) => later(await store.heartbeat(view)),
    heartbeats: async () => later(await store.heartbeats()),
    stamp: async () => later(await store.stamp()),
    close: () => store.close(),
  };
}
