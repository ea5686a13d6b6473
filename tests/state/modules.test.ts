import { describe, expect, it } from 'vitest';
import { emitStreamWith } from '../../compiler/backends/stream/emit.ts';
import type { PlanExpr, ProjectPlan, RequestViewPlan, SourcePlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { assembleProgram, evaluateModule } from '../../runtime/state/modules.ts';
import type { Program, ProjectInput } from '../../runtime/state/program.ts';
import * as rt from '../../runtime/state/rt.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { Value } from '../../runtime/values/types.ts';
import {
  aggregateView,
  BOOLEAN,
  call,
  column,
  constant,
  INTEGER,
  KERNELS,
  random,
  SCALARS,
  source,
  TEXT,
} from './plans.ts';

const span = { start: 0, end: 0 };
// biome-ignore lint/suspicious/noTemplateCurlyInString: text that must not become code
const HOSTILE = 'a"b\\c\'d`${1}*/\u2028\u2029\n\r</script>__proto__';

function load(plan: ProjectPlan): Program {
  const { files } = emitStreamWith(plan, (name) => SCALARS[name] as never);
  for (const { text } of files) expect(text.startsWith("import * as rt from 'fsc/runtime';\nexport const ")).toBe(true);
  const surface = { ...rt, kernels: KERNELS };
  return assembleProgram(files.map(({ path, text }) => evaluateModule(path, text, surface)));
}

function input(over: Partial<ProjectInput>, counted: string[]): ProjectInput {
  const errors = { count: (view: string, name: string) => counted.push(`${view}.${name}`) };
  return { slots: [], keys: [], nowMicros: 5, request: [], features: [], errors, ...over };
}

const slot = (index: number): PlanExpr => ({ kind: 'slot', type: INTEGER, slot: index, span });

describe('generated modules', () => {
  it('project with HAVING, count failures, and carry hostile names', () => {
    const base = aggregateView(random(1), 'v_v1', [column('shop')], true);
    const outputs = [
      { name: HOSTILE, span, type: INTEGER, expr: call('half', INTEGER, slot(0)) },
      { name: 'text', span, type: TEXT, expr: constant(TEXT, HOSTILE) },
    ];
    const having = call('gt', BOOLEAN, slot(0), constant(INTEGER, 2));
    const view = { ...base, outputs, having, spec: { ...base.spec, description: HOSTILE } };
    const program = load({ sources: [], views: [view] }).views[0] as Program['views'][number];
    const counted: string[] = [];
    const out: Value[] = [];
    expect(program.spec.description).toBe(HOSTILE);
    expect(program.project(input({ slots: [4] }, counted), out)).toBe(true);
    expect(out).toEqual([2, HOSTILE]);
    expect(program.project(input({ slots: [5] }, counted), out)).toBe(true);
    expect(out).toEqual([null, HOSTILE]);
    expect(counted).toEqual([`v_v1.${HOSTILE}`]);
    expect(program.project(input({ slots: [2] }, counted), out)).toBe(false);
    expect(program.project(input({ slots: [null] }, counted), out)).toBe(false);
  });

  it('join and project requests', () => {
    const joined = aggregateView(random(2), 'c_v1', [column('shop')], true);
    const request: PlanExpr = { kind: 'request', type: INTEGER, column: 3, name: 'shop', span };
    const feature: PlanExpr = { kind: 'feature', type: INTEGER, join: 0, ordinal: 1, span };
    const view = (inner: boolean): RequestViewPlan => ({
      kind: 'request',
      spec: { ...joined.spec, name: 'r_v1', shape: 'request' },
      file: joined.file,
      querySpan: span,
      outputs: [
        { name: 'f', span, type: INTEGER, expr: { kind: 'coalesce', type: INTEGER, args: [feature, request], span } },
      ],
      request: source(true),
      joins: [{ view: joined, inner, keys: [request], span }],
      where: null,
    });
    const programOf = (plan: ViewPlan): Program['views'][number] => {
      const { views } = load({ sources: [], views: [joined, plan] });
      return views.find((candidate) => candidate.spec.name === 'r_v1') as Program['views'][number];
    };
    const left = programOf(view(false));
    const out: Value[] = [];
    const values = [null, null, null, 7];
    expect(left.group).toBe(-1);
    expect(left.project(input({ request: values, features: [null] }, []), out)).toBe(true);
    expect(out).toEqual([7]);
    expect(left.project(input({ request: values, features: [[7, 3]] }, []), out)).toBe(true);
    expect(out).toEqual([3]);
    left.joinKeys[0]?.(values, out);
    expect(out).toEqual([7]);
    expect(programOf(view(true)).project(input({ request: values, features: [null] }, []), out)).toBe(false);
  });

  it('check records, where only FALSE breaks, and take those where @only is TRUE', () => {
    const positive = call('gt', BOOLEAN, column('i'), constant(INTEGER, 0));
    const plan: SourcePlan = {
      spec: source(true),
      file: { path: '', text: '' },
      checks: [column('b'), positive],
      only: positive,
      onlyColumns: [],
    };
    const { sources } = load({ sources: [plan], views: [] });
    const numbers = (...values: (number | null)[]) => ({
      kind: 'numeric' as const,
      values: Float64Array.from(values, (value) => value ?? 0),
      nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
      wide: null,
    });
    const none = numbers(0, 0, 0, 0);
    const columns = [none, none, none, none, numbers(1, 0, null, -1), none, numbers(1, null, null, 0)];
    const batch: ColumnBatch = { length: 4, columns };
    const broken = new Uint16Array(4);
    sources[0]?.check(batch, 4, broken);
    expect([...broken]).toEqual([0, 2, 0, 1]);
    const taken = new Uint8Array(4);
    sources[0]?.only?.(batch, 4, taken);
    expect([...taken]).toEqual([1, 0, 0, 0]);
  });

  it('are the same text for the same plan', () => {
    const emit = (): unknown =>
      emitStreamWith(
        { sources: [], views: [aggregateView(random(3), 'v_v1', [column('card')], true)] },
        (name) => SCALARS[name] as never,
      );
    expect(emit()).toEqual(emit());
  });

  it('keep no text that no window reaches', () => {
    const base = aggregateView(random(1), 'v_v1', [column('shop')], true);
    const hour = { trunc: null, offsetMonths: 0, offsetMicros: -3_600_000_000, inclusive: false };
    const view = { ...base, where: null, whereWindow: { lower: [hour], upper: [] }, slots: [], outputs: [] };
    const { groups } = load({ sources: [], views: [view] });
    const state = (groups[0] as Program['groups'][number]).create({ errors: { count: () => {} }, entityHint: 0 });
    const size = 20_000;
    const rows = Int32Array.from({ length: size }, (_, i) => i);
    const zeros = { kind: 'numeric' as const, values: new Float64Array(size), nulls: null, wide: null };
    for (let from = 0; from < 400_000; from += size) {
      const values = Float64Array.from({ length: size }, (_, i) => (from + i) * 1e6);
      const strings = Array.from({ length: size }, (_, i) => `id${from + i}`);
      const time = { ...zeros, values };
      const id = { kind: 'text' as const, strings, codes: null, dictionary: null, dictionaryId: 0, nulls: null };
      state.ingest({ length: size, columns: [time, id, id, zeros, zeros] }, rows, size);
      state.settle(values[size - 1] as number);
    }
    const texts = JSON.parse(state.snapshot().sections.get('texts') as string) as { texts: string[] };
    expect(texts.texts.length).toBeLessThan(150_000);
    expect(state.memory().keptEvents).toBeLessThan(50_000);
  });

  it('count a failed expression once an event, and hold 200 windows', () => {
    const base = aggregateView(random(1), 'v_v1', [column('shop')], false);
    const half = call('half', INTEGER, column('i'));
    const slots = Array.from({ length: 200 }, (_, i) => ({
      kind: 'aggregate' as const,
      call: { fn: 'sum', distinct: false, arg: half, argType: INTEGER, type: INTEGER, span },
      filter: null,
      window: { lower: [{ trunc: null, offsetMonths: 0, offsetMicros: -i - 1, inclusive: true }], upper: [] },
      type: INTEGER,
    }));
    const outputs = [{ name: 'sum', span, type: INTEGER, expr: slot(7) }];
    const where = call('gt', BOOLEAN, half, constant(INTEGER, 0));
    const view = { ...base, where, whereWindow: { lower: [], upper: [] }, slots, outputs };
    const { groups } = load({ sources: [], views: [view] });
    const counted: string[] = [];
    const errors = { count: (name: string, output: string) => counted.push(`${name}.${output}`) };
    const state = (groups[0] as Program['groups'][number]).create({ errors, entityHint: 0 });
    const numbers = (...list: number[]) => ({
      kind: 'numeric' as const,
      values: Float64Array.from(list),
      nulls: null,
      wide: null,
    });
    const zeros = numbers(0, 0, 0);
    const columns = [numbers(10, 11, 12), zeros, zeros, numbers(-7, -7, -7), numbers(4, 5, 6)];
    state.ingest({ length: 3, columns }, Int32Array.of(0, 1, 2), 3);
    expect(counted).toEqual(['v_v1.WHERE']);
    const out: Value[] = [];
    const entity = state.entityId([-7]);
    expect(state.probe(0, entity, 12, out)).toBe(true);
    expect([out[0], out[1], out[199]]).toEqual([3, 5, 5]);
    expect(state.entityId([7])).toBe(-1);
    state.entityKeys(entity, out);
    expect(out[0]).toBe(-7);
    expect([...state.takeDirty()]).toEqual([entity]);
    expect([...state.takeDirty()]).toEqual([]);
  });

  it('refuse state of another plan', () => {
    const state = (seed: number) => {
      const program = load({ sources: [], views: [aggregateView(random(seed), 'v_v1', [column('card')], true)] });
      return (program.groups[0] as Program['groups'][number]).create({ errors: { count: () => {} }, entityHint: 0 });
    };
    expect(() => state(4).restore(state(5).snapshot())).toThrow(/is not state of/);
  });
});
