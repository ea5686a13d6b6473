/** Generated programs over random plans, and events for them: what stands before the online rows. */
import { emitStreamWith } from '../../compiler/backends/stream/emit.ts';
import type { ProjectPlan } from '../../compiler/plan/plan.ts';
import { assembleProgram, evaluateModule } from '../../runtime/state/modules.ts';
import type { GroupProgram, GroupState, Program } from '../../runtime/state/program.ts';
import * as rt from '../../runtime/state/rt.ts';
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import { COLUMNS, KERNELS, type Random, SCALARS } from '../state/plans.ts';

export const HOUR = 3_600_000_000;
export const START = Date.UTC(2001, 1, 27) * 1000;

export function streamFiles(plan: ProjectPlan) {
  return emitStreamWith(plan, (name) => SCALARS[name] as never).files;
}

export function programOf(plan: ProjectPlan): Program {
  const surface = { ...rt, kernels: KERNELS };
  return assembleProgram(streamFiles(plan).map(({ path, text }) => evaluateModule(path, text, surface)));
}

export function stateOf(group: GroupProgram, events: readonly (readonly Value[])[]): GroupState {
  const state = group.create({ errors: { count: () => {} }, entityHint: 0 });
  const rows = Int32Array.from({ length: events.length }, (_, i) => i);
  state.ingest({ length: events.length, columns: columnsOf(events) } satisfies ColumnBatch, rows, events.length);
  return state;
}

/** Values in the order of COLUMNS. */
export function randomEvents(r: Random, count: number): Value[][] {
  const maybe = (value: Value): Value => (r.chance(0.15) ? null : value);
  const events = Array.from({ length: count }, (_, serial): Value[] => [
    START + r.int(30) * (HOUR / 4) + (r.chance(0.3) ? r.int(1000) : 0),
    `id${serial}`,
    maybe(r.pick(['a', 'b', 'ü'])),
    r.int(2),
    maybe(r.int(12) - 2),
    maybe(r.pick([0, 0.1, -2.5, 1e17, 3, 1e-9, Number.NaN, Number.POSITIVE_INFINITY])),
    maybe(r.chance(0.5)),
    maybe(r.pick(['', 'x', 'y', '\u{1f600}', '__proto__'])),
    maybe(r.pick([1, -5, 9007199254740993n, -9223372036854775808n, 42])),
    maybe(r.pick([1250, -100, 99999999999999999999999999n, -12345678901234567890n])),
    r.int(1000),
  ]);
  return events.sort((a, b) => (a[0] as number) - (b[0] as number));
}

function columnsOf(events: readonly (readonly Value[])[]): ColumnVector[] {
  return COLUMNS.map((column, index): ColumnVector => {
    const values = events.map((event) => event[index] as Value);
    const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
    if (column.type.kind === 'text') {
      const strings = values.map((value) => (value === null ? '' : (value as string)));
      return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
    }
    const wide = new Map<number, bigint>();
    values.forEach((value, row) => {
      if (typeof value === 'bigint') wide.set(row, value);
    });
    return { kind: 'numeric', values: Float64Array.from(values, Number), nulls, wide };
  });
}
