import { describe, expect, it } from 'vitest';
import { createLookup } from '../../runtime/serving/lookup.ts';
import type { GroupState, ViewProgram } from '../../runtime/state/program.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { RowBuilder } from '../../runtime/stores/row-builder.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import type { Value } from '../../runtime/values/types.ts';
import { aggregateView, entityOf, random, rowsView } from '../state/plans.ts';
import { beat, keysOf } from './fakes.ts';
import { HOUR, programOf, randomEvents, START, stateOf } from './world.ts';

const first = Number(process.env['FSC_TEST_SEED'] ?? 1);
const runs = 60 * Number(process.env['FSC_TEST_RUNS'] ?? 1);

/** What the state itself answers. */
function expected(
  view: ViewProgram,
  state: GroupState,
  entity: number,
  keys: readonly Value[],
  t: number,
): Value[] | null {
  const slots: Value[] = [];
  if (!state.probe(view.viewInGroup, entity, t, slots)) return null;
  const out: Value[] = [];
  const input = { slots, keys, nowMicros: t, request: [], features: [], errors: { count: () => {} } };
  return view.project(input, out) ? out : null;
}

describe('online rows of generated operators', () => {
  it(`answer at any instant of the future what the state answers there (seed ${first})`, async () => {
    let compared = 0;
    for (let seed = first; seed < first + runs; seed++) {
      const r = random(seed);
      const entity = entityOf(r);
      const plan = r.chance(0.6) ? aggregateView(r, 'v_v1', entity, true) : rowsView(r, 'v_v1', entity, null);
      const program = programOf({ sources: [], views: [plan] });
      const [view] = program.views as [ViewProgram];
      const state = stateOf(program.groups[0] as (typeof program.groups)[number], randomEvents(r, 1 + r.int(150)));
      const from = START + r.int(60) * (HOUR / 8);
      if (r.chance(0.5)) state.settle(from);
      const budget = r.chance(0.5) ? 'complete' : 'stream';
      const builder = new RowBuilder(view.slotTypes, keysOf(view));
      const rows: StoredRow[] = [];
      const entities: Value[][] = [];
      for (let id = 0; id < state.entityCount; id++) {
        const keys: Value[] = [];
        state.entityKeys(id, keys);
        entities.push(keys);
        const options = { budget, flushIntervalMicros: 1_000_000, generation: 1, jitterSeed: id } as const;
        rows.push(...(builder.build(state.walk(view.viewInGroup, id, from), keys, options)?.rows ?? []));
      }
      const store = new MemoryStore();
      await store.write({ epoch: 1, sequence: 1 }, rows, beat(view));
      const lookup = createLookup({ views: [view], store, clock: new FixedClock(0), clockMode: 'wall', namespace: '' });
      for (let i = 0; i < 30; i++) {
        const t =
          from + (r.chance(0.5) ? r.int(40) * (HOUR / 4) : r.int(40 * HOUR)) + (r.chance(0.1) ? 2000 * HOUR : 0);
        const answers = await lookup.getMany('v_v1', entities, t);
        answers.forEach(({ row, meta }, id) => {
          if (!meta.exact) return;
          compared++;
          expect(row, `seed ${seed}, entity ${id}, t ${t}`).toStrictEqual(
            expected(view, state, id, entities[id] as Value[], t),
          );
        });
      }
    }
    expect(compared).toBeGreaterThan(runs * 30);
  });
});
