/** Outputs that a case has besides the random ones, so that a run of a thousand cases shows every function with every type it takes. */
import {
  binary,
  call,
  castTo,
  column,
  compareWith,
  exactType,
  intervalLiteral,
  isNull,
  literal,
  NOW,
  sameOrBothNull,
} from './expressions.ts';
import type { Random } from './random.ts';
import type {
  AggregateExpr,
  AggregateFunction,
  ColumnExpr,
  ColumnSpec,
  Expr,
  Output,
  Over,
  ScalarFunction,
  Type,
  ViewSpec,
  WindowFunction,
} from './view-spec.ts';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  decimal,
  INTEGER,
  REAL,
  SMALLINT,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
} from './view-spec.ts';
import { resultType } from './views.ts';
import { type Bound, genSnapped, type WindowScale } from './windows.ts';

const NUMBERS: readonly Type[] = [SMALLINT, INTEGER, BIGINT, decimal(12, 2), REAL, DOUBLE];
const ORDERED: readonly Type[] = [...NUMBERS, TEXT, DATE, TIMESTAMP, TIMESTAMPTZ];
const ALL: readonly Type[] = [...ORDERED, BOOLEAN];

type Focus = (
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction; readonly distinct: boolean }
  | { readonly kind: 'over'; readonly fn: WindowFunction }
  | { readonly kind: 'scalar'; readonly make: (x: Expr) => Expr }
) & {
  readonly type: Type;
  /** Of a column that NaN and the infinities are in. */
  readonly special?: boolean;
};

const isFloat = ({ kind }: Type): boolean => kind === 'real' || kind === 'double';

const pairs = <T extends string>(fns: readonly T[], types: readonly Type[]): { fn: T; type: Type }[] =>
  fns.flatMap((fn) => types.map((type) => ({ fn, type })));

const FOLDS = [
  ...pairs(['sum', 'avg', 'var_samp', 'var_pop', 'stddev_samp', 'stddev_pop'], NUMBERS),
  ...pairs(['min', 'max'], ORDERED),
  ...pairs(['count'], ALL),
  ...pairs(['bool_and', 'bool_or'], [BOOLEAN]),
];

const DISTINCT = ALL.filter((type) => type.kind !== 'real');

const scalar = (types: readonly Type[], make: (x: Expr) => Expr): Focus[] =>
  types.map((type) => ({ kind: 'scalar', make, type }));

const small = (type: Type): Expr => {
  switch (type.kind) {
    case 'text':
      return literal(TEXT, 'b');
    case 'date':
      return literal(DATE, 15_000n);
    case 'timestamp':
      return literal(TIMESTAMP, 1_300_000_000_000_000n);
    case 'decimal':
      return literal(type, 150n);
    default:
      return literal(INTEGER, 2n);
  }
};

const rounded = (x: Expr): Type => (x.type.kind === 'decimal' ? decimal(x.type.precision, 0) : x.type);

/** Beside a smallint an integer makes an integer; nullif keeps what it is given. */
const chosen = (fn: ScalarFunction, x: Expr): Expr =>
  call(fn, [x, small(x.type)], x.type.kind === 'smallint' && fn !== 'nullif' ? INTEGER : x.type);

const COMPARABLE: readonly Type[] = [SMALLINT, INTEGER, BIGINT, decimal(12, 2), DOUBLE, TEXT, DATE, TIMESTAMP];
const EQUAL = ['=', '<>', 'is distinct from', 'is not distinct from'] as const;
const COMPARISONS = [...EQUAL, '<', '<=', '>', '>='] as const;

const PREDICATES: readonly Focus[] = [
  ...COMPARISONS.flatMap((op) => scalar(COMPARABLE, (x) => compareWith(op, x, small(x.type)))),
  ...EQUAL.flatMap((op) => scalar([BOOLEAN], (x) => compareWith(op, x, literal(BOOLEAN, true)))),
  // A real is compared with reals alone, and an instant with a zone has no literal here.
  ...COMPARISONS.flatMap((op) => scalar([REAL, TIMESTAMPTZ], (x) => compareWith(op, x, x))),
  ...[false, true].flatMap((negated) => [
    ...scalar(COMPARABLE, (x): Expr => ({ node: 'in', negated, arg: x, list: [small(x.type)], type: BOOLEAN })),
    ...scalar(
      COMPARABLE,
      (x): Expr => ({ node: 'between', negated, arg: x, low: small(x.type), high: small(x.type), type: BOOLEAN }),
    ),
  ]),
  ...(['is null', 'is not null'] as const).flatMap((op) =>
    scalar(ALL, (x): Expr => ({ node: 'unary', op, arg: x, type: BOOLEAN })),
  ),
  ...scalar(COMPARABLE, (x) => sameOrBothNull(x, punched(x))),
  // DuckDB takes what both have in common out of them.
  ...scalar(COMPARABLE, (x) => {
    const [y, common] = [punched(x), compareWith('<=', x, x)];
    const areNull = compareWith('and', isNull(x), isNull(y));
    return compareWith('or', compareWith('and', compareWith('=', x, y), common), compareWith('and', areNull, common));
  }),
];

/** NULL where the column is not: whatever its values are, one of the two is NULL and the other one not. */
const punched = (x: Expr): Expr => call('nullif', [x, x], x.type);

const CASTS: readonly (readonly [from: Type, to: readonly Type[]])[] = [
  [SMALLINT, [INTEGER, BIGINT, decimal(12, 2), DOUBLE, TEXT]],
  [INTEGER, [SMALLINT, BIGINT, decimal(12, 2), DOUBLE, TEXT]],
  [BIGINT, [SMALLINT, INTEGER, decimal(24, 2), DOUBLE, TEXT]],
  [decimal(12, 2), [SMALLINT, INTEGER, BIGINT, decimal(10, 1), DOUBLE, TEXT]],
  [REAL, [DOUBLE]],
  [DOUBLE, [INTEGER, BIGINT]],
  [BOOLEAN, [INTEGER, TEXT]],
  [TEXT, [INTEGER, BIGINT]],
  [DATE, [TIMESTAMP, TEXT]],
  [TIMESTAMP, [DATE, TEXT]],
];

const DAY = 86_400_000_000n;
const moved = (x: Expr, months: number, micros: bigint, text: string): Expr =>
  binary('-', x, intervalLiteral({ months, micros }, text), TIMESTAMP);

const TIME_UNITS = ['year', 'quarter', 'month', 'week', 'day', 'dow', 'isodow', 'doy'];

const SCALARS: readonly Focus[] = [
  ...(['round', 'floor', 'ceil', 'trunc'] as const).flatMap((fn) =>
    scalar([decimal(12, 2), DOUBLE], (x) => call(fn, [x], rounded(x))),
  ),
  ...scalar([INTEGER, BIGINT, decimal(12, 2), DOUBLE], (x) => call('abs', [x], x.type)),
  ...scalar([DOUBLE], (x) => call('sign', [x], INTEGER)),
  ...(['exp', 'ln', 'sqrt'] as const).flatMap((fn) => scalar([DOUBLE], (x) => call(fn, [x], DOUBLE))),
  ...scalar([DOUBLE], (x) => call('power', [x, literal(DOUBLE, 2, '2')], DOUBLE)),
  ...(['nullif', 'greatest', 'least', 'coalesce'] as const).flatMap((fn) =>
    scalar([SMALLINT, INTEGER, BIGINT, decimal(12, 2), DOUBLE, TEXT, DATE, TIMESTAMP], (x) => chosen(fn, x)),
  ),
  ...(['nullif', 'coalesce'] as const).flatMap((fn) =>
    scalar([BOOLEAN], (x) => call(fn, [x, literal(BOOLEAN, true)], BOOLEAN)),
  ),
  ...CASTS.flatMap(([from, targets]) => targets.flatMap((to) => scalar([from], (x) => castTo(x, to)))),
  ...(['exp', 'sqrt', 'ln'] as const).flatMap((fn) => scalar([INTEGER], (x) => call(fn, [x], DOUBLE))),
  ...scalar([INTEGER], (x) => call('power', [x, literal(INTEGER, 2n)], DOUBLE)),
  ...scalar([SMALLINT], (x) => call('abs', [x], SMALLINT)),
  ...scalar([decimal(12, 2)], (x) => binary('%', x, small(x.type), exactType('%', x.type, small(x.type).type)!)),
  ...(['year', 'hour', 'dow'] as const).flatMap((unit) =>
    scalar([TIMESTAMPTZ], (x) => call('extract', [x], DOUBLE, unit)),
  ),
  ...(['hour', 'day', 'month'] as const).flatMap((unit) =>
    scalar([TIMESTAMPTZ], (x) => call('date_trunc', [x], TIMESTAMPTZ, unit)),
  ),
  ...(['extract', 'date_part'] as const).flatMap((fn) => [
    ...[...TIME_UNITS, 'hour', 'minute'].flatMap((unit) => scalar([TIMESTAMP], (x) => call(fn, [x], DOUBLE, unit))),
    ...TIME_UNITS.flatMap((unit) => scalar([DATE], (x) => call(fn, [x], DOUBLE, unit))),
  ]),
  ...['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'].flatMap((unit) =>
    scalar([TIMESTAMP], (x) => call('date_trunc', [x], TIMESTAMP, unit)),
  ),
  ...scalar([TIMESTAMP], (x) => compareWith('=', moved(x, 1, 0n, '1 month'), moved(x, 0, 30n * DAY, '30 days'))),
  ...scalar([TIMESTAMP], (x) => compareWith('=', moved(x, 12, 0n, '1 year'), moved(x, 0, 360n * DAY, '360 days'))),
];

const AGGREGATES: readonly Focus[] = [
  ...FOLDS.map(({ fn, type }): Focus => ({ kind: 'aggregate', fn, distinct: false, type })),
  ...DISTINCT.map((type): Focus => ({ kind: 'aggregate', fn: 'count', distinct: true, type })),
  ...pairs(['latest', 'earliest'], ALL).map(
    ({ fn, type }): Focus => ({ kind: 'aggregate', fn, distinct: false, type }),
  ),
];

const OVERS: readonly Focus[] = [...FOLDS, ...pairs(['lag', 'first_value', 'last_value'], ALL)].map(
  ({ fn, type }): Focus => ({ kind: 'over', fn, type }),
);

const ARITHMETIC: readonly Focus[] = (['+', '-', '*', '/'] as const).flatMap((op) => [
  ...scalar([DOUBLE], (x) => binary(op, x, literal(DOUBLE, 2, '2'), DOUBLE)),
  ...scalar([DOUBLE], (x) => binary(op, x, x, DOUBLE)),
]);

/** Fewer views have a place for those over windows. */
const SPECIALS: readonly Focus[] = [...AGGREGATES, ...OVERS, ...OVERS, ...SCALARS, ...PREDICATES, ...ARITHMETIC]
  .filter(({ type }) => type.kind === 'double')
  .map((focus) => ({ ...focus, special: true }));

/** Of each, so many of a case: some find no view that they fit into. */
const FOCUS: readonly { readonly of: readonly Focus[]; readonly count: number }[] = [
  { of: AGGREGATES, count: 2 },
  { of: OVERS, count: 2 },
  { of: SCALARS, count: 2 },
  { of: PREDICATES, count: 2 },
  { of: SPECIALS, count: 1 },
];

/** What a case is to show, and the columns that it needs for that. */
export class FocusSet {
  readonly #items: readonly { readonly focus: Focus; readonly column: ColumnExpr }[];
  readonly columns: readonly ColumnSpec[];

  constructor(random: Random) {
    const chosen = FOCUS.flatMap(({ of, count }) => Array.from({ length: count }, () => random.pick(of)));
    const columns: ColumnSpec[] = [];
    this.#items = chosen.map((focus) => {
      const isSpecial = focus.special === true || (isFloat(focus.type) && random.chance(0.3));
      const twin = columns.find(
        ({ type, special }) => JSON.stringify(type) === JSON.stringify(focus.type) && (special === true) === isSpecial,
      );
      const name = twin?.name ?? `extra_${columns.length + 1}`;
      if (twin === undefined) {
        const plain = { name, type: focus.type, notNull: random.chance(0.2), ...(isSpecial ? { special: true } : {}) };
        columns.push(focus.type.kind === 'double' ? { ...plain, small: true } : plain);
      }
      return { focus, column: column(name, focus.type) };
    });
    this.columns = columns;
  }

  /** The views, some with outputs more. */
  applyTo(views: readonly ViewSpec[], context: FocusContext): ViewSpec[] {
    return views.map((view) => {
      // Without a key rows may select next to nothing of what is to be seen.
      if (view.shape === 'D' || (view.shape === 'B' && !context.hasKey)) return view;
      const more: Output[] = [];
      // The tag names the entity only where no OVER does.
      const staysTagged = view.shape === 'B' && view.entityTag && context.random.chance(0.6);
      for (const { focus, column: x } of this.#items) {
        if (staysTagged && focus.kind === 'over') continue;
        const expr = view.shape === 'A' ? inAggregates(focus, x, context) : inRows(focus, x, view.entity, context);
        if (expr !== null) more.push({ name: `x${more.length + 1}`, expr });
      }
      if (more.length === 0) return view;
      if (view.shape === 'A') return { ...view, outputs: [...view.outputs, ...more] };
      const entityTag = view.entityTag && !more.some(({ expr }) => expr.node === 'window');
      return { ...view, outputs: [...view.outputs, ...more], entityTag };
    });
  }
}

export interface FocusContext {
  readonly random: Random;
  readonly time: Expr;
  readonly hasKey: boolean;
  readonly scale: WindowScale;
  /** Bounds used, for instants on their edges. */
  readonly bounds: Bound[];
}

const inAggregates = (focus: Focus, x: ColumnExpr, context: FocusContext): Expr | null => {
  switch (focus.kind) {
    case 'aggregate':
      return aggregateOf(focus, x, context);
    case 'over':
      return null;
    case 'scalar': {
      const max: AggregateExpr = {
        node: 'aggregate',
        fn: x.type.kind === 'boolean' ? 'bool_or' : 'max',
        arg: x,
        filter: windowOf(context, true),
        type: x.type,
      };
      return focus.make(max);
    }
  }
};

const aggregateOf = (
  { fn, distinct }: Extract<Focus, { kind: 'aggregate' }>,
  arg: ColumnExpr,
  context: FocusContext,
): Expr | null => {
  if ((fn === 'latest' || fn === 'earliest') && !context.hasKey) return null;
  const type = resultType(fn, arg.type);
  // Distinct values of a whole history may be without number.
  const isWindowed = distinct || context.random.chance(0.7);
  const filter = isWindowed ? windowOf(context, !distinct) : [];
  return distinct
    ? { node: 'aggregate', fn, arg, distinct, filter, type }
    : { node: 'aggregate', fn, arg, filter, type };
};

/** `whole` allows one without a lower bound. */
const windowOf = ({ random, time, scale, bounds }: FocusContext, whole: boolean): readonly Expr[] => {
  if (random.chance(0.6)) {
    const snapped = genSnapped(random, time, scale, whole);
    bounds.push(...snapped.bounds);
    return snapped.conjuncts;
  }
  const shift = random.pick(scale.lengths);
  bounds.push({ base: 'now', shift, sign: '-' });
  const bound = binary('-', NOW, intervalLiteral(shift.interval, shift.text), TIMESTAMP);
  return [compareWith(random.pick(['>', '>=']), time, bound)];
};

const inRows = (focus: Focus, x: ColumnExpr, entity: readonly string[], context: FocusContext): Expr | null => {
  switch (focus.kind) {
    case 'aggregate':
      return null;
    case 'over': {
      const isValue = focus.fn === 'lag' || focus.fn === 'first_value' || focus.fn === 'last_value';
      const type = isValue ? x.type : resultType(focus.fn as AggregateFunction, x.type);
      return { node: 'window', fn: focus.fn, args: [x], filter: [], over: overOf(entity, isValue, context), type };
    }
    case 'scalar':
      return focus.make(x);
  }
};

const overOf = (partition: readonly string[], isOrdered: boolean, { random, scale }: FocusContext): Over => {
  const current = { kind: 'current' } as const;
  if (isOrdered || random.chance(0.5)) {
    const start = { kind: 'rows', rows: random.int(1, 4) } as const;
    return { partition, order: 'time and key', frame: { mode: 'rows', start, end: current } };
  }
  const start = { kind: 'range', ...random.pick(scale.lengths) } as const;
  return { partition, order: 'time', frame: { mode: 'range', start, end: current } };
};
