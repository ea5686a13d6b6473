/**
 * Stream operators in memory, one core: events a second for six window features at three numbers of entities, training-set probes, and
 * the same features in @tanstack/db-ivm: `node tests/bench/run.mjs operators [--json]`.
 */
import { emitStreamWith } from '../../compiler/backends/stream/emit.ts';
import type { AggregateViewPlan, InstantWindow, PlanExpr, Slot } from '../../compiler/plan/plan.ts';
import { assembleProgram, evaluateModule } from '../../runtime/state/modules.ts';
import type { GroupProgram, GroupState } from '../../runtime/state/program.ts';
import * as rt from '../../runtime/state/rt.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { SCALARS } from '../state/plans.ts';
import { ivmRate } from './operators-ivm.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2001, 0, 1) * 1000;
const span = { start: 0, end: 0 };
const INTEGER: SqlType = { kind: 'integer' };
const TIMESTAMP: SqlType = { kind: 'timestamp' };
const BIGINT: SqlType = { kind: 'bigint' };
const DOUBLE: SqlType = { kind: 'double' };
const TEXT: SqlType = { kind: 'text', maxLength: null };

const types: Record<string, SqlType> = { departed_at: TIMESTAMP, origin: TEXT, delay: INTEGER };

function sourceSpec(keyType: SqlType): SourceSpec {
  return {
    name: 'flights',
    kind: 'log',
    columns: Object.entries(types).map(([name, type]) => ({
      name,
      type: name === 'origin' ? keyType : type,
      nullable: name === 'delay',
      hasDefault: false,
      defaultValue: null,
      path: [name],
      epochUnit: null,
      description: null,
    })),
    eventTimeColumn: 0,
    keyColumns: [],
    latenessMicros: 0,
    maxAheadMicros: 0,
    knownTimePath: null,
    partitionColumn: -1,
    checks: [],
    onlySql: null,
    description: null,
    onlyPaths: [],
    fingerprint: 'flights',
  };
}

/** The six features: counts, means and extremes over an hour, a day and a week. */
export function benchView(keyType: SqlType): AggregateViewPlan {
  const delay: PlanExpr = { kind: 'column', column: 2, name: 'delay', type: INTEGER, span };
  const origin: PlanExpr = { kind: 'column', column: 1, name: 'origin', type: keyType, span };
  const sixty: PlanExpr = { kind: 'const', type: INTEGER, value: 60, span };
  const long: PlanExpr = { kind: 'call', fn: 'gt', type: { kind: 'boolean' }, args: [delay, sixty], span };
  const last = (micros: number): InstantWindow => ({
    lower: [{ trunc: null, offsetMonths: 0, offsetMicros: -micros, inclusive: false }],
    upper: [],
  });
  const slot = (fn: string, arg: PlanExpr | null, micros: number, type: SqlType, filter: PlanExpr | null): Slot => ({
    kind: 'aggregate',
    call: { fn, distinct: false, arg, argType: arg?.type ?? null, type, span },
    filter,
    window: last(micros),
    type,
  });
  const slots = [
    slot('count_star', null, HOUR, BIGINT, null),
    slot('avg', delay, HOUR, DOUBLE, null),
    slot('max', delay, DAY, INTEGER, null),
    slot('sum', delay, DAY, BIGINT, null),
    slot('count_star', null, 7 * DAY, BIGINT, long),
    slot('avg', delay, 7 * DAY, DOUBLE, null),
  ];
  return {
    kind: 'aggregate',
    spec: {
      name: 'airport_v1',
      shape: 'aggregate',
      fingerprint: '',
      source: 'flights',
      entity: [{ name: 'origin', type: keyType, ordinal: 0 }],
      features: [],
      joins: [],
      description: null,
      owner: null,
      stateNotes: [],
    },
    file: { path: '', text: '' },
    querySpan: span,
    outputs: [],
    source: sourceSpec(keyType),
    entity: [origin],
    where: null,
    whereWindow: { lower: [], upper: [] },
    slots,
    having: null,
  };
}

function groupOf(keyType: SqlType): GroupProgram {
  const { files } = emitStreamWith({ sources: [], views: [benchView(keyType)] }, (name) => SCALARS[name] as never);
  const surface = { ...rt, kernels: {} };
  const program = assembleProgram(files.map(({ path, text }) => evaluateModule(path, text, surface)));
  return program.groups[0] as GroupProgram;
}

interface Events {
  readonly times: Float64Array;
  readonly keys: Int32Array;
  readonly delays: Float64Array;
}

function makeEvents(count: number, entities: number, spanMicros: number): Events {
  const times = new Float64Array(count);
  const keys = new Int32Array(count);
  const delays = new Float64Array(count);
  let seed = 1;
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return (seed >>> 0) / 4294967296;
  };
  const step = spanMicros / count;
  for (let i = 0; i < count; i++) {
    times[i] = START + Math.floor(i * step);
    keys[i] = Math.floor(next() * entities);
    delays[i] = Math.floor(next() * 200) - 40;
  }
  return { times, keys, delays };
}

const BATCH = 4096;
let dictionarySerial = 1;

/** Batches as a reader of Parquet makes them: text as dictionary codes, or integers. */
function* batches(events: Events, entities: number, text: boolean): Generator<ColumnBatch> {
  const dictionary = text ? Array.from({ length: entities }, (_, i) => `K${i}`) : null;
  const dictionaryId = dictionarySerial++;
  for (let from = 0; from < events.times.length; from += BATCH) {
    const to = Math.min(events.times.length, from + BATCH);
    yield {
      length: to - from,
      columns: [
        { kind: 'numeric', values: events.times.subarray(from, to), nulls: null, wide: null },
        text
          ? {
              kind: 'text',
              strings: null,
              codes: events.keys.subarray(from, to),
              dictionary,
              dictionaryId,
              nulls: null,
            }
          : { kind: 'numeric', values: Float64Array.from(events.keys.subarray(from, to)), nulls: null, wide: null },
        { kind: 'numeric', values: events.delays.subarray(from, to), nulls: null, wide: null },
      ],
    };
  }
}

const allRows = Int32Array.from({ length: BATCH }, (_, i) => i);
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function newState(keyType: SqlType, entities: number): GroupState {
  return groupOf(keyType).create({ errors: { count: () => {} }, entityHint: entities });
}

function ingestRate(count: number, entities: number, keyType: SqlType): { rate: number; bytes: number } {
  const events = makeEvents(count, entities, 28 * DAY);
  const ready = [...batches(events, entities, keyType.kind === 'text')];
  const state = newState(keyType, 0);
  const start = cpuSeconds();
  for (const batch of ready) {
    state.ingest(batch, allRows, batch.length);
    state.settle((batch.columns[0] as { values: Float64Array }).values[batch.length - 1] as number);
  }
  const seconds = cpuSeconds() - start;
  return { rate: count / seconds, bytes: state.memory().bytes };
}

/** 1 M labels over 3 M events in order of time, as `fsc dataset` does it. */
function replaySeconds(count: number, labels: number, entities: number): number {
  const events = makeEvents(count, entities, 365 * DAY);
  const ready = [...batches(events, entities, true)];
  const state = newState(TEXT, 0);
  const out: Value[] = new Array(6).fill(null);
  const step = (365 * DAY) / labels;
  let label = 0;
  let check = 0;
  const start = cpuSeconds();
  for (const batch of ready) {
    state.ingest(batch, allRows, batch.length);
    const newest = (batch.columns[0] as { values: Float64Array }).values[batch.length - 1] as number;
    for (
      let t = START + Math.floor(label * step);
      t < newest && label < labels;
      t = START + Math.floor(++label * step)
    ) {
      const entity = (label * 7919) % entities;
      if (entity < state.entityCount && state.probeInOrder(0, entity, t, out)) check += out[0] as number;
    }
    state.settle(Math.min(newest, START + Math.floor(label * step)));
  }
  if (check < 0) throw new Error('nothing was counted');
  return cpuSeconds() - start;
}

function report(name: string, value: number, unit: string, least: number | null): void {
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'operators', name, value, unit, least }));
  else console.log(`${name.padEnd(44)} ${value.toLocaleString('en', { maximumFractionDigits: 2 })} ${unit}`);
}

function main(): void {
  ingestRate(300_000, 1000, TEXT);
  const goals: readonly [number, number][] = [
    [1000, 4e6],
    [100_000, 2.5e6],
    [1_000_000, 1.5e6],
  ];
  let thousand = 0;
  for (const [entities, least] of goals) {
    for (const keyType of [TEXT, INTEGER]) {
      const { rate, bytes } = ingestRate(3_000_000, entities, keyType);
      if (entities === 1000 && keyType.kind === 'text') thousand = rate;
      report(`ingest, ${entities} entities, ${keyType.kind} key`, rate, 'events/s', least);
      report(`memory, ${entities} entities, ${keyType.kind} key`, bytes / 2 ** 20, 'MiB', null);
    }
  }
  report('replay 1 M labels over 3 M events', replaySeconds(3_000_000, 1_000_000, 300), 'CPU s', 1.2);
  const events = makeEvents(20_000, 1000, 28 * DAY);
  const ivm = ivmRate(events);
  report('db-ivm, 1000 entities', ivm, 'events/s', null);
  report('ratio to db-ivm', thousand / ivm, '×', 20);
}

main();
