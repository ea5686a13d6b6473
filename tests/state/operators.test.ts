import { describe, expect, it } from 'vitest';
import { emitStreamWith } from '../../compiler/backends/stream/emit.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { assembleProgram, evaluateModule } from '../../runtime/state/modules.ts';
import type { GroupProgram, GroupState, Program } from '../../runtime/state/program.ts';
import * as rt from '../../runtime/state/rt.ts';
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { copyOf, newState } from './groups.ts';
import { aggregateSlots, type Event, evaluate, rowSlots } from './naive.ts';
import {
  aggregateView,
  COLUMNS,
  entityOf,
  isNotNull,
  KERNELS,
  type Random,
  random,
  rowsView,
  SCALARS,
  somePredicate,
} from './plans.ts';

const HOUR = 3_600_000_000;
const START = Date.UTC(2001, 1, 27) * 1000;

function load(views: readonly ViewPlan[]): Program {
  const { files } = emitStreamWith({ sources: [], views }, (name) => SCALARS[name] as never);
  const surface = { ...rt, kernels: KERNELS };
  return assembleProgram(files.map(({ path, text }) => evaluateModule(path, text, surface)));
}

function randomEvent(r: Random, from: number, serial: number): Event {
  const maybe = (value: Value): Value => (r.chance(0.15) ? null : value);
  return [
    from + r.int(30) * (HOUR / 4),
    `id${serial % 7}${serial}`,
    maybe(r.pick(['a', 'b', 'ü'])),
    r.int(2),
    maybe(r.int(12) - 2),
    maybe(
      r.pick([0, 0.1, -2.5, 1e17, 3, 1e-9, Number.NaN, Number.POSITIVE_INFINITY, 7.25].slice(0, r.chance(0.1) ? 9 : 6)),
    ),
    maybe(r.chance(0.5)),
    maybe(r.pick(['', 'x', 'y', '\uffee', '\u{1f600}', '__proto__'])),
    maybe(r.pick([1, -5, 9007199254740993n, -9223372036854775808n, 42])),
    maybe(r.pick([1250, -100, 99999999999999999999999999n, -12345678901234567890n])),
    r.int(1000),
  ];
}

function toBatch(events: readonly Event[], r: Random): ColumnBatch {
  const coded = r.chance(0.5);
  const columns = COLUMNS.map((column, index): ColumnVector => {
    const values = events.map((event) => event[index] as Value);
    const nulls = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null;
    if (column.type.kind === 'text') {
      const strings = values.map((value) => (value === null ? '' : (value as string)));
      if (!coded) return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
      const dictionary = [...new Set(strings)];
      const codes = Int32Array.from(strings, (text) => dictionary.indexOf(text));
      return { kind: 'text', strings: null, codes, dictionary, dictionaryId: 1000 + r.int(1e9), nulls };
    }
    const wide = new Map<number, bigint>();
    values.forEach((value, row) => {
      if (typeof value === 'bigint') wide.set(row, value);
    });
    const numbers = Float64Array.from(values, (value) => (value === null ? 0 : Number(value)));
    return { kind: 'numeric', values: numbers, nulls, wide: wide.size > 0 ? wide : null };
  });
  return { length: events.length, columns };
}

const rowsOf = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

class Model {
  events: Event[] = [];
  constructor(
    readonly plan: ViewPlan,
    readonly keyed: boolean,
  ) {}
  sorted(entity: readonly Value[]): Event[] {
    const { plan } = this;
    if (plan.kind === 'request') throw new Error('request');
    const mine = this.events.filter((event) => plan.entity.every((key, i) => evaluate(key, event) === entity[i]));
    return mine
      .map((event, i) => ({ event, i }))
      .sort((x, y) => {
        const byTime = (x.event[0] as number) - (y.event[0] as number);
        if (byTime !== 0 || !this.keyed) return byTime || x.i - y.i;
        return Buffer.compare(Buffer.from(x.event[1] as string), Buffer.from(y.event[1] as string));
      })
      .map(({ event }) => event);
  }
  slots(entity: readonly Value[], t: number, cap = t, without: Event | null = null): Value[] | null {
    const events = this.sorted(entity).filter((event) => event !== without);
    if (this.plan.kind === 'aggregate') return aggregateSlots(this.plan, events, t, cap);
    if (this.plan.kind === 'rows') return rowSlots(this.plan, events, t, cap);
    throw new Error('request');
  }
}

function same(actual: Value, expected: Value, approximate: boolean, size: number): boolean {
  if (Object.is(actual, expected)) return true;
  if (typeof actual !== 'number' || typeof expected !== 'number' || !approximate) return false;
  return Math.abs(actual - expected) <= 1e-9 * Math.max(size, Math.abs(expected));
}

function expectSlots(plan: ViewPlan, actual: Value[] | null, expected: Value[] | null, what: string): void {
  if (actual === null || expected === null || plan.kind === 'request') {
    expect(actual, what).toEqual(expected);
    return;
  }
  expected.forEach((value, i) => {
    const slot = plan.slots[i] as (typeof plan.slots)[number];
    const call = 'call' in slot ? slot.call : null;
    const spread = call !== null && /^(var|stddev)/.test(call.fn);
    const size = spread ? 1e52 : call?.argType?.kind === 'double' ? 1e18 : 0;
    if (
      !same(
        actual[i] as Value,
        value,
        slot.type.kind === 'double' &&
          (slot.kind === 'aggregate' || slot.kind === 'frame') &&
          !(call !== null && /min|max|latest|earliest/.test(call.fn)),
        size,
      )
    ) {
      expect.fail(
        `${what} slot ${i} ${JSON.stringify(slot, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))}: got ${String(actual[i])}, want ${String(value)}`,
      );
    }
  });
}

function probe(state: GroupState, view: number, keys: readonly Value[], t: number): Value[] | null {
  const entity = state.entityId(keys);
  if (entity < 0) return null;
  const out: Value[] = [];
  return state.probe(view, entity, t, out) ? out : null;
}

function entities(model: Model): Value[][] {
  const { plan } = model;
  if (plan.kind === 'request') return [];
  const keys = model.events.map((event) => plan.entity.map((key) => evaluate(key, event)));
  const known = new Map(keys.filter((key) => !key.includes(null)).map((key) => [JSON.stringify(key), key]));
  return [...known.values()];
}

function views(r: Random, keyed: boolean): ViewPlan[] {
  const entity = entityOf(r);
  const count = 1 + r.int(2);
  if (r.chance(0.5)) return Array.from({ length: count }, (_, i) => aggregateView(r, `view_v${i}`, entity, keyed));
  const where = r.chance(0.5) ? somePredicate(r) : r.chance(0.5) ? isNotNull(entity[0] as never) : null;
  return Array.from({ length: count }, (_, i) => rowsView(r, `view_v${i}`, entity, where));
}

/** Ingests in random order above a rising settle line; after every batch all entities are probed, walked and compared. */
function runCase(seed: number, settles: boolean): void {
  const r = random(seed);
  let plans = views(r, r.chance(0.7));
  const keyed = plans[0]?.kind === 'rows' || (plans[0]?.kind === 'aggregate' && plans[0].source.keyColumns.length > 0);
  const program = load(plans);
  plans = [...plans];
  const group = program.groups[0] as GroupProgram;
  let state = newState(group);
  const models = plans.map((plan) => new Model(plan, keyed));
  let line = START;
  for (let step = 0; step < 6; step++) {
    const batch = Array.from({ length: r.int(25) }, (_, i) => randomEvent(r, line, step * 100 + i));
    for (const model of models) model.events.push(...batch);
    state.ingest(toBatch(batch, r), rowsOf(batch.length), batch.length);
    line += r.int(40) * (HOUR / 4);
    if (settles) state.settle(line);
    if (r.chance(0.2)) state = copyOf(group, state);
    for (const [view, model] of models.entries())
      compare(state, view, model, line, r, `seed ${seed} step ${step} view ${view}`);
  }
  for (const [view, model] of models.entries()) inOrder(program, view, model, r, `seed ${seed} in order`);
  for (const [view, model] of models.entries()) tied(program, view, model, r, `seed ${seed} tied`);
}

function compare(state: GroupState, view: number, model: Model, line: number, r: Random, what: string): void {
  for (const keys of entities(model)) {
    const t = line + r.int(50) * (HOUR / 4) + r.int(3);
    expectSlots(model.plan, probe(state, view, keys, t), model.slots(keys, t), `${what} ${keys.map(String)} at ${t}`);
    const entity = state.entityId(keys);
    if (entity < 0) continue;
    const walk = state.walk(view, entity, line);
    let last: Value[] | null = walk.hasRow ? [...walk.out] : null;
    expectSlots(model.plan, last, model.slots(keys, line), `${what} walk`);
    let isOver = false;
    for (let steps = 0; steps < 12; steps++) {
      const from = walk.atMicros;
      isOver = !walk.next();
      if (isOver) break;
      expect(walk.atMicros, what).toBeGreaterThan(from);
      const before = walk.atMicros - 1;
      expectSlots(model.plan, last, model.slots(keys, before), `${what} before step ${steps} ${before}`);
      last = walk.hasRow ? [...walk.out] : null;
      expectSlots(model.plan, last, model.slots(keys, walk.atMicros), `${what} step ${steps} ${walk.atMicros}`);
    }
    if (!isOver) continue;
    for (const later of [walk.atMicros + r.int(20) * HOUR, line + 3000 * HOUR])
      expectSlots(model.plan, last, model.slots(keys, later), `${what} after the last step ${later}`);
  }
}

function inOrder(program: Program, view: number, model: Model, r: Random, what: string): void {
  const state = newState(program.groups[0] as GroupProgram);
  const all = [...model.events].sort((x, y) => (x[0] as number) - (y[0] as number));
  const seen = new Model(model.plan, model.keyed);
  for (let from = 0; from < all.length; ) {
    const upTo = from + 1 + r.int(20);
    const batch = all.slice(from, upTo);
    from = upTo;
    seen.events.push(...batch);
    state.ingest(toBatch(batch, r), rowsOf(batch.length), batch.length);
    const next = all[from];
    const newest =
      (next === undefined ? ((batch[batch.length - 1] as Event)[0] as number) + 40 * HOUR : (next[0] as number)) - 1;
    const ids = new Int32Array(batch.length);
    state.entitiesOf(toBatch(batch, r), rowsOf(batch.length), batch.length, ids);
    for (const keys of entities(seen)) {
      const entity = state.entityId(keys);
      if (entity < 0) continue;
      const out: Value[] = [];
      const exclusive = r.chance(0.3);
      const found = exclusive
        ? state.probeInOrderExclusive(view, entity, newest, out)
        : state.probeInOrder(view, entity, newest, out);
      expectSlots(
        model.plan,
        found ? out : null,
        seen.slots(keys, newest, exclusive ? newest - 1 : newest),
        `${what} ${keys.map(String)} at ${newest}`,
      );
    }
  }
}

/** Labels that tie with events: every event but those at the label's instant, or but one of them. */
function tied(program: Program, view: number, model: Model, r: Random, what: string): void {
  const exclusive = newState(program.groups[0] as GroupProgram);
  const without = newState(program.groups[0] as GroupProgram);
  const all = [...model.events].sort((x, y) => (x[0] as number) - (y[0] as number));
  const seen = new Model(model.plan, model.keyed);
  for (const t of new Set(all.map((event) => event[0] as number))) {
    const batch = all.filter((event) => event[0] === t);
    seen.events.push(...batch);
    for (const state of [exclusive, without]) state.ingest(toBatch(batch, r), rowsOf(batch.length), batch.length);
    for (const keys of entities(seen)) {
      const entity = exclusive.entityId(keys);
      if (entity < 0 || r.chance(0.5)) continue;
      const before = seen.slots(keys, t, t - 1);
      expectSlots(model.plan, slotsOf(exclusive, 'probeExclusive', view, entity, t), before, `${what} ${t}`);
      expectSlots(model.plan, slotsOf(exclusive, 'probeInOrderExclusive', view, entity, t), before, `${what} ${t}`);
      const mine = seen.sorted(keys).filter((event) => event[0] === t);
      for (const own of [...mine, null]) {
        const key = [own === null ? 'nobody' : (own[1] as Value)];
        const others = seen.slots(keys, t, t, model.keyed ? own : null);
        for (const how of ['probeWithout', 'probeInOrderWithout', 'probeWithout'] as const) {
          expectSlots(model.plan, slotsOf(without, how, view, entity, t, key), others, `${what} ${t} but ${key}`);
        }
      }
    }
  }
}

type Probe = 'probeExclusive' | 'probeInOrderExclusive' | 'probeWithout' | 'probeInOrderWithout';

function slotsOf(
  state: GroupState,
  how: Probe,
  view: number,
  entity: number,
  t: number,
  key: Value[] = [],
): Value[] | null {
  const out: Value[] = [];
  const found =
    how === 'probeWithout' || how === 'probeInOrderWithout'
      ? state[how](view, entity, t, key, out)
      : state[how](view, entity, t, out);
  return found ? out : null;
}

describe('stream operators', () => {
  it('equal brute force over the list of events, for random plans', { timeout: 300_000 }, () => {
    for (let seed = 1; seed <= Number(process.env.FSC_CASES ?? 300); seed++) runCase(seed, true);
  });

  it('are their own naive oracle with the settle line at minus infinity', () => {
    for (let seed = 5001; seed <= 5100; seed++) runCase(seed, false);
  });
});
