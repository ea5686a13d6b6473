/** Random views of shapes A, B and D over a source. */
import type { ExprScope, Kind, Leaf } from './expressions.ts';
import {
  binary,
  call,
  column,
  compareWith,
  genBoolean,
  genDistinctOr,
  genExpr,
  intervalLiteral,
  isInexact,
  isNotNull,
  kindOf,
  literal,
  literalOf,
  NOW,
} from './expressions.ts';
import { printExpr, walk } from './print-sql.ts';
import type { Random } from './random.ts';
import type {
  AggregateFunction,
  AggregateView,
  BinaryOperator,
  ColumnSpec,
  Expr,
  Frame,
  Output,
  Over,
  RequestSpec,
  RequestView,
  RowsView,
  SourceSpec,
  Type,
  Value,
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
  INTERVAL,
  SMALLINT,
  TEXT,
  TIMESTAMP,
  versioned,
} from './view-spec.ts';
import type { Bound, NamedInterval, WindowScale } from './windows.ts';
import { genWindow } from './windows.ts';

export interface ViewContext {
  readonly random: Random;
  readonly source: SourceSpec;
  readonly entities: readonly string[];
  readonly pools: Readonly<Record<string, readonly Value[]>>;
  readonly scale: WindowScale;
  /** Bounds used, for instants on their edges. */
  readonly bounds: Bound[];
}

const leafOfColumn = (c: ColumnSpec, pools: Readonly<Record<string, readonly Value[]>>): Leaf => ({
  expr: column(c.name, c.type),
  inexact: false,
  huge: c.huge === true,
  small: c.small === true,
  values: pools[c.name] ?? [],
});

const columnLeaves = (ctx: ViewContext): Leaf[] => ctx.source.columns.map((c) => leafOfColumn(c, ctx.pools));

export const timeExpr = (source: SourceSpec): Expr =>
  column(source.eventTime, source.columns.find((c) => c.name === source.eventTime)!.type);

const timesOf = ({ source, pools }: ViewContext): readonly bigint[] => pools[source.eventTime] as readonly bigint[];

export const resultType = (fn: AggregateFunction, arg: Type | undefined): Type => {
  if (arg === undefined) return BIGINT;
  switch (fn) {
    case 'count':
      return BIGINT;
    case 'sum':
      if (arg.kind === 'smallint' || arg.kind === 'integer') return BIGINT;
      if (arg.kind === 'bigint') return decimal(38, 0);
      return arg.kind === 'decimal' ? decimal(38, arg.scale) : DOUBLE;
    case 'min':
    case 'max':
    case 'latest':
    case 'earliest':
      return arg;
    case 'bool_and':
    case 'bool_or':
      return BOOLEAN;
    default:
      return DOUBLE;
  }
};

const NUMBERS: readonly Kind[] = ['int', 'int', 'decimal', 'double'];
const ANY: readonly Kind[] = ['int', 'int', 'decimal', 'double', 'boolean', 'text', 'date', 'timestamp', 'timestamptz'];

const VARIANCES: readonly AggregateFunction[] = ['var_samp', 'var_pop', 'stddev_samp', 'stddev_pop'];

interface Argument {
  readonly expr: Expr;
  readonly huge: boolean;
  readonly values: readonly Value[];
}

/** A bare column (with extremes) or an expression of stage 1. */
const argument = (ctx: ViewContext, kinds: readonly Kind[], huge: boolean): Argument | null => {
  const { random } = ctx;
  const leaves = columnLeaves(ctx);
  if (random.chance(0.65)) {
    const fitting = leaves.filter((l) => kinds.includes(kindOf(l.expr.type)) && (huge || !l.huge));
    if (fitting.length > 0) return random.pick(fitting);
  }
  const expr = genExpr(random.pick(kinds), { random, leaves, now: false }, 2);
  // Text of timestamps and the like is fine; inexact values are kept out of min, max and the like.
  return expr === null ? null : { expr, huge: false, values: [] };
};

const stageOnePredicate = (ctx: ViewContext): Expr | null =>
  genBoolean({ random: ctx.random, leaves: columnLeaves(ctx), now: false }, 2);

interface Chosen {
  readonly fn: AggregateFunction;
  readonly arg: Argument | null;
  readonly distinct: boolean;
}

const chooseAggregate = (ctx: ViewContext, options: { latest: boolean; distinct: boolean }): Chosen | null => {
  const { random } = ctx;
  const fn = random.choose<AggregateFunction>([
    [5, 'count'],
    [4, 'sum'],
    [3, 'avg'],
    [3, 'min'],
    [3, 'max'],
    [1, 'bool_and'],
    [1, 'bool_or'],
    [3, random.pick(VARIANCES)],
    [options.latest ? 3 : 0, random.pick(['latest', 'latest', 'earliest'])],
  ]);
  const leaves = columnLeaves(ctx);
  switch (fn) {
    case 'count': {
      if (random.chance(0.4)) return { fn, arg: null, distinct: false };
      const distinct = options.distinct && random.chance(0.75);
      const arg = distinct ? random.pick(leaves.filter((l) => l.expr.type.kind !== 'real')) : argument(ctx, ANY, true);
      return arg === null ? null : { fn, arg, distinct };
    }
    case 'sum':
    case 'avg': {
      const arg = argument(ctx, NUMBERS, false);
      return arg === null ? null : { fn, arg, distinct: false };
    }
    case 'min':
    case 'max': {
      const arg = argument(ctx, ['int', 'int', 'decimal', 'double', 'text', 'date', 'timestamp', 'timestamptz'], true);
      return arg === null || isInexact(arg.expr, leaves) ? null : { fn, arg, distinct: false };
    }
    case 'bool_and':
    case 'bool_or': {
      const flags = leaves.filter((l) => l.expr.type.kind === 'boolean');
      const expr = flags.length > 0 && random.chance(0.5) ? random.pick(flags).expr : stageOnePredicate(ctx);
      return expr === null ? null : { fn, arg: { expr, huge: false, values: [] }, distinct: false };
    }
    case 'latest':
    case 'earliest': {
      const arg = argument(ctx, ANY, true);
      return arg === null ? null : { fn, arg, distinct: false };
    }
    default: {
      const arg = argument(ctx, NUMBERS, false);
      return arg === null ? null : { fn, arg, distinct: false };
    }
  }
};

const inexactResult = (fn: WindowFunction, arg: Expr | undefined, leaves: readonly Leaf[]): boolean =>
  fn === 'avg' ||
  fn.startsWith('var') ||
  fn.startsWith('stddev') ||
  (fn === 'sum' && arg !== undefined && kindOf(arg.type) === 'double') ||
  (arg !== undefined && arg.type.kind === 'double' && fn !== 'count' && isInexact(arg, leaves));

const genAggregate = (ctx: ViewContext, whereBounded: boolean): Leaf | null => {
  const { random, source } = ctx;
  const window = genWindow(random, timeExpr(source), ctx.scale, true, timesOf(ctx));
  const chosen = chooseAggregate(ctx, { latest: source.key.length > 0, distinct: true });
  if (chosen === null) return null;
  const boolean = chosen.arg?.expr.type.kind === 'boolean';
  const distinct = chosen.distinct && (boolean || window.bounded || whereBounded);
  ctx.bounds.push(...window.bounds);
  const filter = [...window.conjuncts];
  if (random.chance(0.3)) {
    const p = stageOnePredicate(ctx);
    if (p !== null) filter.splice(random.int(0, filter.length), 0, p);
  }
  const type = resultType(chosen.fn, chosen.arg?.expr.type);
  const base = { node: 'aggregate' as const, type, fn: chosen.fn, filter };
  const expr: Expr =
    chosen.arg === null
      ? base
      : distinct
        ? { ...base, arg: chosen.arg.expr, distinct }
        : { ...base, arg: chosen.arg.expr };
  return {
    expr,
    inexact: inexactResult(chosen.fn, chosen.arg?.expr, columnLeaves(ctx)),
    huge: chosen.fn !== 'count' && chosen.arg?.huge === true,
    small: false,
    values: chosen.fn === 'min' || chosen.fn === 'max' || chosen.fn === 'latest' ? chosen.arg!.values : [],
  };
};

const OUTPUT_KINDS: readonly Kind[] = [
  'int',
  'int',
  'decimal',
  'double',
  'double',
  'boolean',
  'text',
  'date',
  'timestamp',
];

/** Stage 3: an output over the leaves, bare or computed. A key is selected once, under its own name, so it is no output. */
const genOutput = (scope: ExprScope, bare: readonly Leaf[], index: number, keys: readonly Expr[]): Expr => {
  const made = genAnyOutput(scope, bare, index);
  const text = printExpr(made);
  return keys.some((key) => printExpr(key) === text) ? bare[index % bare.length]!.expr : made;
};

const genAnyOutput = (scope: ExprScope, bare: readonly Leaf[], index: number): Expr => {
  const { random } = scope;
  if (random.chance(0.6)) return bare[index % bare.length]!.expr;
  const latest = scope.leaves.filter((l) => l.expr.type.kind === 'timestamp');
  if (scope.now && latest.length > 0 && random.chance(0.15)) {
    const age = binary('-', NOW, random.pick(latest).expr, INTERVAL);
    return random.chance(0.6)
      ? call('extract', [age], DOUBLE, 'epoch')
      : compareWith(
          random.pick<BinaryOperator>(['<', '>=']),
          age,
          intervalLiteral({ months: 0, micros: 3_600_000_000n }, '1 hour'),
        );
  }
  return genExpr(random.pick(OUTPUT_KINDS), scope, 3) ?? random.pick(bare).expr;
};

const typeOfColumn = (source: SourceSpec, name: string): ColumnSpec => source.columns.find((c) => c.name === name)!;

const genKeys = (ctx: ViewContext): Output[] => {
  const { random, source } = ctx;
  const names = random.sample(ctx.entities, random.int(1, ctx.entities.length));
  return names.map((name, i): Output => {
    const spec = typeOfColumn(source, name);
    const plain = column(name, spec.type);
    if (spec.notNull && spec.type.kind === 'text' && random.chance(0.5))
      return { name: `key_${i}`, expr: call(random.pick(['lower', 'upper', 'trim']), [plain], TEXT) };
    if (spec.notNull && (spec.type.kind === 'integer' || spec.type.kind === 'bigint') && random.chance(0.35))
      return { name: `key_${i}`, expr: binary('%', plain, literal(INTEGER, 3n), spec.type) };
    const time = timeExpr(source);
    if (i > 0 && time.type.kind === 'timestamp' && random.chance(0.4))
      return { name: `key_${i}`, expr: call('date_trunc', [time], TIMESTAMP, random.pick(['hour', 'day', 'month'])) };
    return random.chance(0.15) ? { name: `key_${i}`, expr: plain } : { name, expr: plain };
  });
};

const notNullGuards = (ctx: ViewContext, exprs: readonly Expr[]): Expr[] => {
  const names = new Set<string>();
  for (const e of exprs)
    walk(e, (x) => {
      if (x.node === 'column' && !typeOfColumn(ctx.source, x.name).notNull) names.add(x.name);
    });
  const computed = exprs.filter((e) => e.node === 'binary').map(isNotNull);
  const guards = [...names].map((n) => isNotNull(column(n, typeOfColumn(ctx.source, n).type)));
  return [...guards, ...computed];
};

const genWhere = (ctx: ViewContext, guards: readonly Expr[], window: boolean): { where: Expr[]; bounded: boolean } => {
  const { random, source } = ctx;
  const where: Expr[] = [];
  let bounded = false;
  if (window) {
    const w = genWindow(random, timeExpr(source), ctx.scale, false, timesOf(ctx));
    where.push(...w.conjuncts);
    ctx.bounds.push(...w.bounds);
    bounded = w.bounded;
  }
  if (random.chance(0.3)) {
    const p = stageOnePredicate(ctx);
    if (p !== null) where.push(p);
  }
  if (random.chance(0.06)) {
    const p = genDistinctOr({ random, leaves: columnLeaves(ctx), now: false });
    if (p !== null) where.push(p);
  }
  if (random.chance(0.08) && timeExpr(source).type.kind === 'timestamp')
    where.push(
      compareWith(
        random.pick<BinaryOperator>(['>=', '<']),
        timeExpr(source),
        literalOf('timestamp', { random, leaves: columnLeaves(ctx), now: false }),
      ),
    );
  where.push(...guards);
  return { where: random.shuffle(where), bounded };
};

export const genAggregateView = (ctx: ViewContext, name: string): AggregateView => {
  const { random } = ctx;
  const keys = genKeys(ctx);
  const { where, bounded } = genWhere(
    ctx,
    notNullGuards(
      ctx,
      keys.map((k) => k.expr),
    ),
    random.chance(0.3),
  );
  const aggregates: Leaf[] = [];
  for (let i = 0; i < random.int(2, 8); i++) {
    const a = genAggregate(ctx, bounded);
    if (a !== null) aggregates.push(a);
  }
  if (aggregates.length === 0)
    aggregates.push({
      expr: { node: 'aggregate', fn: 'count', filter: [], type: BIGINT },
      inexact: false,
      huge: false,
      small: false,
      values: [],
    });
  const keyLeaves = keys.map((k): Leaf => ({ expr: k.expr, inexact: false, huge: false, small: false, values: [] }));
  const scope: ExprScope = { random, leaves: [...aggregates, ...keyLeaves], now: true };
  const outputs: Output[] = [];
  for (let i = 0; i < random.int(1, 6); i++)
    outputs.push({
      name: `f${i + 1}`,
      expr: genOutput(
        scope,
        aggregates,
        i,
        keys.map((k) => k.expr),
      ),
    });
  const view: AggregateView = { shape: 'A', name, source: ctx.source.name, keys, outputs, where };
  if (!random.chance(0.35)) return view;
  const isNumber = (type: Type): boolean => type.kind !== 'real' && NUMBERS.includes(kindOf(type));
  const exact = aggregates.filter((a) => !a.inexact && isNumber(a.expr.type));
  if (exact.length === 0) return view;
  const of = random.pick(exact).expr;
  const having = compareWith(
    random.pick<BinaryOperator>(['>', '>=', '<', '<>', '=']),
    of,
    literal(INTEGER, BigInt(random.int(0, 4))),
  );
  return { ...view, having };
};

const genFrame = (
  random: Random,
  scale: readonly NamedInterval[],
): { over: Omit<Over, 'partition'>; ordered: boolean } => {
  const range = random.pick(scale);
  switch (random.int(0, 7)) {
    case 0:
    case 1:
      return {
        ordered: false,
        over: {
          order: 'time',
          frame: {
            mode: 'range',
            start: { kind: 'range', ...range },
            end: { kind: 'current' },
            short: random.chance(0.3),
          },
        },
      };
    case 2: {
      const [b, a] = random.sample(scale, 2).sort((x, y) => (x.interval.micros < y.interval.micros ? -1 : 1)) as [
        NamedInterval,
        NamedInterval,
      ];
      return {
        ordered: false,
        over: {
          order: 'time',
          frame: { mode: 'range', start: { kind: 'range', ...a }, end: { kind: 'range', ...b } },
        },
      };
    }
    case 3: {
      const frame: Frame = {
        mode: 'range',
        start: { kind: 'unbounded' },
        end: random.chance(0.3) ? { kind: 'range', ...range } : { kind: 'current' },
      };
      return { ordered: false, over: random.chance(0.5) ? { order: 'time' } : { order: 'time', frame } };
    }
    case 4:
      return { ordered: true, over: { order: 'time and key' } };
    case 5: {
      const frame: Frame = {
        mode: 'rows',
        start: { kind: 'unbounded' },
        end: { kind: 'current' },
        short: random.chance(0.5),
      };
      return { ordered: true, over: { order: 'time and key', frame } };
    }
    default: {
      const rows = random.int(1, 5);
      const end = random.chance(0.3)
        ? ({ kind: 'rows', rows: random.int(1, rows) } as const)
        : ({ kind: 'current' } as const);
      return {
        ordered: true,
        over: {
          order: 'time and key',
          frame: {
            mode: 'rows',
            start: { kind: 'rows', rows },
            end,
            short: end.kind === 'current' && random.chance(0.3),
          },
        },
      };
    }
  }
};

/** Without a key rows of one instant are in no order. */
const genFrameFor = ({ random, scale, source }: ViewContext): ReturnType<typeof genFrame> => {
  for (;;) {
    const made = genFrame(random, scale.lengths);
    if (!made.ordered || source.key.length > 0) return made;
  }
};

const genWindowLeaf = (ctx: ViewContext, partition: readonly string[], named: Map<string, Over>): Leaf | null => {
  const { random } = ctx;
  const leaves = columnLeaves(ctx);
  const reuse = named.size > 0 && random.chance(0.3);
  let over: Over;
  if (reuse) over = random.pick([...named.values()]);
  else {
    const made = genFrameFor(ctx);
    over = { partition, ...made.over };
    if (random.chance(0.25)) {
      const name = `w${named.size + 1}`;
      over = { ...over, name };
      named.set(name, over);
    }
  }
  const ordered = over.order === 'time and key';
  if (ordered && random.chance(0.5)) {
    const fn = random.pick<WindowFunction>(['lag', 'lag', 'row_number', 'first_value', 'last_value']);
    if (fn === 'row_number') {
      return {
        expr: { node: 'window', fn, args: [], filter: [], over, type: BIGINT },
        inexact: false,
        huge: false,
        small: false,
        values: [],
      };
    }
    const arg = argument(ctx, ANY, true);
    if (arg === null) return null;
    const args: Expr[] = [arg.expr];
    const kind = kindOf(arg.expr.type);
    if (fn === 'lag' && random.chance(0.4)) {
      args.push(literal(INTEGER, BigInt(random.int(1, 3))));
      if (random.chance(0.4) && ((kind === 'int' && arg.expr.type.kind !== 'smallint') || kind === 'text'))
        args.push(kind === 'text' ? literal(TEXT, 'none') : literal(INTEGER, -1n));
    }
    return {
      expr: { node: 'window', fn, args, filter: [], over, type: arg.expr.type },
      inexact: isInexact(arg.expr, leaves),
      huge: arg.huge,
      small: false,
      values: arg.values,
    };
  }
  const chosen = chooseAggregate(ctx, { latest: false, distinct: false });
  if (chosen === null) return null;
  const filter: Expr[] = [];
  if (random.chance(0.2)) {
    const p = stageOnePredicate(ctx);
    if (p !== null) filter.push(p);
  }
  return {
    expr: {
      node: 'window',
      fn: chosen.fn,
      args: chosen.arg === null ? [] : [chosen.arg.expr],
      filter,
      over,
      type: resultType(chosen.fn, chosen.arg?.expr.type),
    },
    inexact: inexactResult(chosen.fn, chosen.arg?.expr, leaves),
    huge: chosen.fn !== 'count' && chosen.arg?.huge === true,
    small: false,
    values: [],
  };
};

export const genRowsView = (ctx: ViewContext, name: string): RowsView => {
  const { random, source } = ctx;
  const entity = random.sample(ctx.entities, random.int(1, ctx.entities.length));
  const keys = entity.map((e): Output => ({ name: e, expr: column(e, typeOfColumn(source, e).type) }));
  const { where } = genWhere(
    ctx,
    notNullGuards(
      ctx,
      keys.map((k) => k.expr),
    ),
    random.chance(0.35),
  );
  // Nor does anything say which of them is the latest, so only what they have alike can be selected.
  const plain = columnLeaves(ctx).filter(
    ({ expr }) => source.key.length > 0 || printExpr(expr) === printExpr(timeExpr(source)),
  );
  const windows: Leaf[] = [];
  const named = new Map<string, Over>();
  if (random.chance(0.8))
    for (let i = 0; i < random.int(1, 6); i++) {
      const w = genWindowLeaf(ctx, entity, named);
      if (w !== null) windows.push(w);
    }
  const scope: ExprScope = { random, leaves: [...windows, ...windows, ...plain], now: true };
  const outputs: Output[] = [...keys];
  const bare = windows.length > 0 ? windows : plain.filter((l) => !entity.some((e) => printExpr(l.expr) === e));
  for (let i = 0; i < random.int(1, 6); i++)
    outputs.push({
      name: `f${i + 1}`,
      expr: genOutput(
        scope,
        bare,
        i,
        keys.map((k) => k.expr),
      ),
    });
  let tag = true;
  for (const o of outputs)
    walk(o.expr, (e) => {
      if (e.node === 'window') tag = false;
    });
  return { shape: 'B', name, source: source.name, entity, entityTag: tag, outputs, where };
};

const keysOf = (view: ViewSpec): { name: string; type: Type }[] => {
  if (view.shape === 'A') return view.keys.map((k) => ({ name: k.name, type: k.expr.type }));
  if (view.shape === 'B')
    return view.entity.map((e) => ({ name: e, type: view.outputs.find((o) => o.name === e)!.expr.type }));
  return [];
};

const sameType = (a: Type, b: Type): boolean => JSON.stringify(a) === JSON.stringify(b);

export const genRequestView = (
  ctx: ViewContext,
  name: string,
  targets: readonly ViewSpec[],
): { view: RequestView; request: RequestSpec } => {
  const { random } = ctx;
  const columns: ColumnSpec[] = [];
  const joins: RequestView['joins'][number][] = [];
  const leaves: Leaf[] = [];
  const chosen = random.sample(targets, random.chance(0.5) ? targets.length : random.int(1, targets.length));
  if (random.chance(0.3)) chosen.push(chosen[0]!);
  chosen.forEach((target, i) => {
    const alias = `j${i + 1}`;
    const on = keysOf(target).map((key) => {
      const type = key.type.kind === 'text' ? TEXT : key.type;
      const reusable = columns.filter((c) => sameType(c.type, type));
      // The same view twice stands under another key.
      if (reusable.length > 0 && random.chance(0.5)) return { key: key.name, request: random.pick(reusable).name };
      const spec: ColumnSpec = { name: `k${columns.length + 1}`, type, notNull: random.chance(0.6) };
      columns.push(spec);
      return { key: key.name, request: spec.name };
    });
    joins.push({ kind: random.chance(0.75) ? 'left' : 'inner', view: versioned(target), alias, on });
    const outputs = target.shape === 'A' ? [...target.keys, ...target.outputs] : target.outputs;
    for (const o of outputs) {
      if (keysOf(target).some((k) => k.name === o.name)) continue;
      leaves.push({
        expr: column(o.name, o.expr.type, alias),
        inexact: o.expr.type.kind === 'double',
        huge: true,
        small: false,
        values: [],
      });
    }
  });
  const extra: ColumnSpec = {
    name: 'amount',
    type: random.pick([decimal(12, 2), INTEGER, BIGINT, SMALLINT, DOUBLE, TEXT, DATE, BOOLEAN]),
    notNull: random.chance(0.3),
    special: random.chance(0.4),
  };
  columns.push(extra);
  const request: RequestSpec = { name: 'incoming', columns };
  const requestLeaves = columns.map(
    (c): Leaf => ({ expr: column(c.name, c.type, 'r'), inexact: false, huge: false, small: false, values: [] }),
  );
  const outputs: Output[] = columns
    .filter((_, i) => i === 0 || random.chance(0.3))
    .map((c) => ({ name: c.name, expr: column(c.name, c.type, 'r') }));
  const scope: ExprScope = {
    random,
    leaves: [...leaves.map((l) => ({ ...l, huge: l.expr.type.kind === 'double' })), ...requestLeaves],
    now: true,
  };
  leaves.forEach((leaf, i) => {
    if (!random.chance(Math.min(1, 6 / leaves.length))) return;
    const kind = kindOf(leaf.expr.type);
    const wrap = random.chance(0.5) && kind !== 'timestamptz' && leaf.expr.type.kind !== 'real';
    const alias = `f${i + 1}`;
    if (!wrap) outputs.push({ name: alias, expr: leaf.expr });
    else {
      const cold: Expr =
        kind === 'int' || kind === 'decimal'
          ? literal(INTEGER, 0n)
          : kind === 'double'
            ? literal(DOUBLE, 0, '0.0')
            : literalOf(kind, scope);
      outputs.push({
        name: alias,
        expr: call('coalesce', [leaf.expr, cold], leaf.expr.type.kind === 'text' ? TEXT : wider(leaf.expr.type)),
      });
    }
  });
  for (let i = 0; i < random.int(0, 2); i++) {
    const e = genExpr(random.pick(OUTPUT_KINDS), scope, 2);
    if (e !== null) outputs.push({ name: `g${i + 1}`, expr: e });
  }
  return { view: { shape: 'D', name, request: request.name, alias: 'r', joins, outputs }, request };
};

/** The type of coalesce(x, 0). */
const wider = (type: Type): Type => {
  if (type.kind === 'smallint') return INTEGER;
  if (type.kind !== 'decimal') return type;
  return decimal(Math.min(38, Math.max(type.precision, 10 + type.scale)), type.scale);
};
