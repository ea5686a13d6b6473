import type {
  AggregateCall,
  AggregateViewPlan,
  InstantBound,
  InstantWindow,
  Output,
  PlanExpr,
  RowFrame,
  RowsViewPlan,
  Slot,
} from '../../compiler/plan/plan.ts';
import type { ScalarFunction } from '../../runtime/functions/definition.ts';
import type { SourceSpec, ViewSpec } from '../../runtime/values/manifest.ts';
import { plainColumn, plainSpec } from '../../runtime/values/plain-spec.ts';
import type { TemporalUnit } from '../../runtime/values/temporal.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';

/** Random plans over one source, built by hand so that the operators are tested without the compiler's front. */
const span = { start: 0, end: 0 };
const file = { path: 'test.sql', text: '' };

export const INTEGER: SqlType = { kind: 'integer' };
export const BIGINT: SqlType = { kind: 'bigint' };
export const DOUBLE: SqlType = { kind: 'double' };
export const BOOLEAN: SqlType = { kind: 'boolean' };
export const TEXT: SqlType = { kind: 'text', maxLength: null };
export const TIMESTAMP: SqlType = { kind: 'timestamp' };
export const DECIMAL: SqlType = { kind: 'decimal', precision: 30, scale: 2 };
const SMALL_DECIMAL: SqlType = { kind: 'decimal', precision: 12, scale: 2 };

export const COLUMNS: readonly { name: string; type: SqlType; nullable: boolean }[] = [
  { name: 'ts', type: TIMESTAMP, nullable: false },
  { name: 'id', type: TEXT, nullable: false },
  { name: 'card', type: TEXT, nullable: true },
  { name: 'shop', type: INTEGER, nullable: false },
  { name: 'i', type: INTEGER, nullable: true },
  { name: 'd', type: DOUBLE, nullable: true },
  { name: 'b', type: BOOLEAN, nullable: true },
  { name: 's', type: TEXT, nullable: true },
  { name: 'w', type: BIGINT, nullable: true },
  { name: 'm', type: DECIMAL, nullable: true },
  { name: 'c', type: SMALL_DECIMAL, nullable: false },
];

export const source = (keyed: boolean): SourceSpec => ({
  ...plainSpec(
    'events',
    COLUMNS.map(({ name, type, nullable }) => ({ ...plainColumn(name, type), nullable })),
  ),
  kind: 'log',
  eventTimeColumn: 0,
  keyColumns: keyed ? [1] : [],
  fingerprint: 'source',
});

export const column = (name: string): PlanExpr => {
  const index = COLUMNS.findIndex((candidate) => candidate.name === name);
  return { kind: 'column', column: index, name, type: (COLUMNS[index] as { type: SqlType }).type, span };
};
export const constant = (type: SqlType, value: Value): PlanExpr => ({ kind: 'const', type, value, span });
export const call = (fn: string, type: SqlType, ...args: PlanExpr[]): PlanExpr => ({
  kind: 'call',
  fn,
  type,
  args,
  span,
});
export const isNotNull = (arg: PlanExpr): PlanExpr => ({ kind: 'isNull', type: BOOLEAN, arg, negated: true, span });

/** Three scalars with the shapes that matter: total, failing, not strict. */
type Kernel = (...args: never[]) => Value;
export const KERNELS: Record<string, Kernel> = {
  testHalf: ((x: number) => (x % 2 === 0 ? x / 2 : null)) as Kernel,
};
const scalarBase = {
  kind: 'scalar' as const,
  spellings: [],
  minArgs: 1,
  maxArgs: 2,
  resolve: () => {
    throw new Error('not used');
  },
  semantics: 1,
  sql: { duckdb: () => '', postgres: () => '' },
  kernels: {},
  domain: [],
  doc: { summary: '', calls: [], types: '', examples: [] },
};
export const SCALARS: Record<string, ScalarFunction> = {
  gt: { ...scalarBase, name: 'gt', strict: true, canFail: () => false, js: (a) => `(${a[0]} > ${a[1]})` },
  half: { ...scalarBase, name: 'half', strict: true, canFail: () => true, js: (a) => `k.testHalf(${a[0]})` },
};

export interface Random {
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
  chance(p: number): boolean;
}

export function random(seed: number): Random {
  let state = (seed * 0x9e3779b1) | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return { int, pick: (from) => from[int(from.length)] as (typeof from)[number], chance: (p) => next() < p };
}

const HOUR = 3_600_000_000;

function bound(r: Random): InstantBound {
  const inclusive = r.chance(0.5);
  if (r.chance(0.25)) {
    const trunc = r.pick<TemporalUnit>(['hour', 'day', 'month', 'week']);
    const offsetMonths = trunc === 'month' ? -r.int(2) : 0;
    return { trunc, offsetMonths, offsetMicros: r.chance(0.5) ? 0 : -r.int(3) * HOUR, inclusive };
  }
  return { trunc: null, offsetMonths: 0, offsetMicros: -r.int(12) * HOUR, inclusive };
}

export function instantWindow(r: Random): InstantWindow {
  const lower = r.chance(0.7) ? [bound(r)] : [];
  if (lower.length > 0 && r.chance(0.1)) lower.push(bound(r));
  return { lower, upper: r.chance(0.25) ? [bound(r)] : [] };
}

function predicate(r: Random): PlanExpr {
  const compare = call('gt', BOOLEAN, column('i'), constant(INTEGER, r.int(8)));
  switch (r.int(5)) {
    case 0:
      return column('b');
    case 1:
      return { kind: 'or', type: BOOLEAN, args: [compare, column('b')], span };
    case 2:
      return {
        kind: 'and',
        type: BOOLEAN,
        args: [compare, { kind: 'not', type: BOOLEAN, arg: column('b'), span }],
        span,
      };
    case 3:
      return { kind: 'coalesce', type: BOOLEAN, args: [column('b'), compare], span };
    default:
      return compare;
  }
}

function argument(r: Random, names: readonly string[]): PlanExpr {
  const name = r.pick(names);
  if (name !== 'half') return column(name);
  const half = call('half', INTEGER, column('i'));
  if (r.chance(0.5)) return half;
  // biome-ignore lint/suspicious/noThenProperty: the word of the plan for a branch of CASE
  const whens = [{ when: predicate(r), then: half }];
  return { kind: 'case', type: INTEGER, whens, otherwise: column('i'), span };
}

const VALUES = ['i', 'd', 's', 'w', 'm', 'c', 'half'];
const NUMBERS = ['i', 'd', 'w', 'm', 'c', 'half'];

export function aggregateCall(r: Random): AggregateCall {
  const fn = r.pick([
    'count_star',
    'count',
    'count_distinct',
    'sum',
    'sum',
    'avg',
    'min',
    'max',
    'min',
    'max',
    'bool_and',
    'bool_or',
    'latest',
    'earliest',
    'var_samp',
    'stddev_pop',
  ]);
  const make = (name: string, distinct: boolean, arg: PlanExpr | null, type: SqlType): AggregateCall => ({
    fn: name,
    distinct,
    arg,
    argType: arg?.type ?? null,
    type,
    span,
  });
  if (fn === 'count_star') return make(fn, false, null, BIGINT);
  if (fn === 'count') return make(fn, false, argument(r, VALUES), BIGINT);
  if (fn === 'count_distinct') return make('count', true, argument(r, VALUES), BIGINT);
  if (fn.startsWith('bool')) return make(fn, false, r.chance(0.5) ? column('b') : predicate(r), BOOLEAN);
  if (fn === 'min' || fn === 'max' || fn === 'latest' || fn === 'earliest') {
    const arg = argument(r, fn.startsWith('m') ? [...VALUES, 'ts'] : [...VALUES, 'b']);
    return make(fn, false, arg, arg.type);
  }
  const arg = argument(r, NUMBERS);
  return make(fn, false, arg, fn === 'sum' ? sumType(arg.type) : DOUBLE);
}

function sumType(type: SqlType): SqlType {
  if (type.kind === 'integer') return BIGINT;
  if (type.kind === 'bigint') return { kind: 'decimal', precision: 38, scale: 0 };
  return type.kind === 'decimal' ? { kind: 'decimal', precision: 38, scale: type.scale } : DOUBLE;
}

function spec(name: string, shape: 'aggregate' | 'rows', types: readonly SqlType[], slots: readonly Slot[]): ViewSpec {
  return {
    name,
    shape,
    fingerprint: name,
    source: 'events',
    entity: types.map((type, i) => ({ name: `key${i}`, type, ordinal: i })),
    features: slots.map((slot, i) => ({
      name: `f${i}`,
      type: slot.type,
      agreement: 'exact',
      description: null,
      lineage: [],
      ordinal: types.length + i,
    })),
    joins: [],
    description: null,
    owner: null,
    stateNotes: [],
  };
}

function outputs(entity: readonly PlanExpr[], slots: readonly Slot[]): Output[] {
  return [
    ...entity.map(
      (key, i): Output => ({
        name: `key${i}`,
        span,
        type: key.type,
        expr: { kind: 'key', key: i, type: key.type, span },
      }),
    ),
    ...slots.map(
      (slot, i): Output => ({
        name: `f${i}`,
        span,
        type: slot.type,
        expr: { kind: 'slot', slot: i, type: slot.type, span },
      }),
    ),
  ];
}

const times = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export function entityOf(r: Random): PlanExpr[] {
  return r.pick([[column('card')], [column('shop')], [column('card'), column('shop')]]);
}

export function aggregateView(r: Random, name: string, entity: readonly PlanExpr[], keyed: boolean): AggregateViewPlan {
  const slots = times(1 + r.int(6)).map((): Slot => {
    const made = aggregateCall(r);
    return {
      kind: 'aggregate',
      call: made,
      filter: r.chance(0.4) ? predicate(r) : null,
      window: instantWindow(r),
      type: made.type,
    };
  });
  return {
    kind: 'aggregate',
    spec: spec(
      name,
      'aggregate',
      entity.map((key) => key.type),
      slots,
    ),
    file,
    querySpan: span,
    outputs: outputs(entity, slots),
    source: source(keyed),
    entity,
    where: r.chance(0.4) ? predicate(r) : null,
    whereWindow: r.chance(0.4) ? instantWindow(r) : { lower: [], upper: [] },
    slots,
    having: null,
  };
}

function frame(r: Random): RowFrame {
  if (r.chance(0.5)) {
    const end = r.chance(0.7) ? 0 : r.int(3) * HOUR;
    return { mode: 'range', startMicros: r.chance(0.3) ? null : end + r.int(8) * HOUR, endMicros: end };
  }
  const end = r.chance(0.6) ? 0 : r.int(3);
  return { mode: 'rows', start: r.chance(0.3) ? null : end + r.int(4), end };
}

export function rowsView(r: Random, name: string, entity: readonly PlanExpr[], where: PlanExpr | null): RowsViewPlan {
  const slots = times(1 + r.int(6)).map((): Slot => {
    const value = argument(r, [...VALUES, 'b']);
    switch (r.int(6)) {
      case 0:
        return { kind: 'rowValue', expr: value, type: value.type };
      case 1:
        return { kind: 'rowNumber', type: BIGINT };
      case 2: {
        const same = argument(r, ['i']);
        return {
          kind: 'lag',
          expr: column('i'),
          offset: 1 + r.int(3),
          otherwise: r.chance(0.5) ? same : null,
          type: INTEGER,
        };
      }
      case 3:
        return { kind: 'frameValue', which: r.pick(['first', 'last']), expr: value, frame: frame(r), type: value.type };
      default: {
        const made = aggregateCall(r);
        return {
          kind: 'frame',
          call: made,
          filter: r.chance(0.3) ? predicate(r) : null,
          frame: frame(r),
          type: made.type,
        };
      }
    }
  });
  return {
    kind: 'rows',
    spec: spec(
      name,
      'rows',
      entity.map((key) => key.type),
      slots,
    ),
    file,
    querySpan: span,
    outputs: outputs(entity, slots),
    source: source(true),
    entity,
    where,
    whereWindow: r.chance(0.4) ? instantWindow(r) : { lower: [], upper: [] },
    slots,
  };
}

export const somePredicate = predicate;
