/**
 * Online lookup in process over LMDB: `node tests/bench/run.mjs lookup [--json]`. One entity with 6 features, and 100 entities × 50 features
 * in one call. 100,000 rows with futures of up to 60 steps.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLookup, type Lookup } from '../../runtime/serving/lookup.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { RowBuilder } from '../../runtime/stores/row-builder.ts';
import { RowKeys } from '../../runtime/stores/row-key.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { FakeWalk, type Step } from '../serving/steps.ts';
import { report } from './report.ts';

const ENTITIES = 100_000;
const LOOKUPS = 200_000;
const BATCHES = 2000;
const START = Date.UTC(2001, 0, 28) * 1000;
const HOUR = 3_600_000_000;

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 0) / 4294967296;
}

/** Counts and means as windows give them: a step changes two to four of the slots. */
function view(name: string, features: number): ViewProgram {
  const slotTypes = Array.from({ length: features }, (_, i): SqlType => ({ kind: i % 2 === 0 ? 'bigint' : 'double' }));
  return {
    spec: {
      name,
      shape: 'aggregate',
      fingerprint: name,
      source: 'events',
      entity: [{ name: 'card', type: { kind: 'text', maxLength: null }, ordinal: 0 }],
      features: slotTypes.map((type, i) => ({
        name: `f${i}`,
        type,
        agreement: 'exact',
        description: null,
        lineage: [],
        ordinal: i + 1,
      })),
      joins: [],
      description: null,
      owner: null,
      stateNotes: [],
    },
    group: 0,
    viewInGroup: 0,
    slotTypes,
    project: ({ keys, slots }, out) => {
      out[0] = keys[0] as Value;
      for (let i = 0; i < features; i++) out[i + 1] = slots[i] as Value;
      return true;
    },
    joinKeys: [],
  };
}

function future(features: number): Step[] {
  let slots: Value[] = Array.from({ length: features }, (_, i) =>
    i % 2 === 0 ? Math.floor(random() * 100) : random(),
  );
  const steps: Step[] = [{ at: START, hasRow: true, slots }];
  const count = Math.floor(random() * 60);
  let at = START;
  for (let i = 0; i < count; i++) {
    at += 1 + Math.floor(random() * 6 * HOUR);
    slots = [...slots];
    const first = 2 * Math.floor((random() * features) / 2);
    slots[first] = Math.floor(random() * 100);
    slots[first + 1] = random();
    steps.push({ at, hasRow: true, slots });
  }
  return steps;
}

async function fill(
  store: Awaited<ReturnType<typeof openLmdbStore>>,
  program: ViewProgram,
  entities: number,
): Promise<void> {
  const { name, fingerprint, entity, features } = program.spec;
  const keys = new RowKeys({
    namespace: '',
    view: name,
    fingerprint,
    entityTypes: entity.map((column) => column.type),
  });
  const builder = new RowBuilder(program.slotTypes, keys);
  const rows: StoredRow[] = [];
  const options = { budget: 'complete', flushIntervalMicros: 1_000_000, generation: 1, jitterSeed: 1 } as const;
  for (let i = 0; i < entities; i++) {
    rows.push(...(builder.build(new FakeWalk(future(features.length)), [`card${i}`], options)?.rows ?? []));
  }
  const size = rows.reduce((sum, row) => sum + (row.value?.length ?? 0), 0);
  const started = performance.now();
  await store.write({ epoch: 1, sequence: 1 }, rows, {
    view: name,
    fingerprint,
    writtenAtMicros: 0,
    knownToMicros: START,
    newestMicros: START,
    backlogMicros: 0,
    ended: true,
    positions: {},
  });
  const seconds = (performance.now() - started) / 1000;
  report(
    'lookup',
    `write ${rows.length} rows of ${Math.round(size / rows.length)} bytes`,
    rows.length / seconds,
    'rows/s',
  );
}

async function times(count: number, one: (i: number) => Promise<unknown>): Promise<{ p50: number; p99: number }> {
  const taken = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const started = process.hrtime.bigint();
    await one(i);
    taken[i] = Number(process.hrtime.bigint() - started) / 1000;
    if (i % 1000 === 0) await new Promise((next) => setImmediate(next));
  }
  taken.sort();
  return { p50: taken[Math.floor(count * 0.5)] as number, p99: taken[Math.floor(count * 0.99)] as number };
}

const entityAt = (i: number, entities: number): Value[] => [`card${(i * 7919) % entities}`];
const instantAt = (): number => START + Math.floor(random() * 300) * HOUR;

async function measure(lookup: Lookup): Promise<void> {
  await times(20_000, (i) => lookup.get('six_v1', entityAt(i, ENTITIES), instantAt()));
  const single = await times(LOOKUPS, (i) => lookup.get('six_v1', entityAt(i, ENTITIES), instantAt()));
  report('lookup', 'one entity × 6 features, p50', single.p50, 'µs', { most: 10 });
  report('lookup', 'one entity × 6 features, p99', single.p99, 'µs', { most: 50 });
  const hundred = (i: number): Value[][] => Array.from({ length: 100 }, (_, k) => entityAt(i * 100 + k, 20_000));
  await times(200, (i) => lookup.getMany('fifty_v1', hundred(i), instantAt()));
  const batch = await times(BATCHES, (i) => lookup.getMany('fifty_v1', hundred(i), instantAt()));
  report('lookup', '100 entities × 50 features in one call, p50', batch.p50, 'µs');
  report('lookup', '100 entities × 50 features in one call, p99', batch.p99, 'µs', { most: 3000 });
}

async function main(): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'fsc-bench-'));
  const store = await openLmdbStore({ path, readOnly: false, namespace: '' });
  try {
    const views = [view('six_v1', 6), view('fifty_v1', 50)];
    await fill(store, views[0] as ViewProgram, ENTITIES);
    await fill(store, views[1] as ViewProgram, 20_000);
    await measure(createLookup({ views, store, clock: wallClock, clockMode: 'wall', namespace: '' }));
  } finally {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  }
}

await main();
