/** Random typed expressions over a scope's leaves. Everything made here is portable and inside the documented language. */
import { decimalText } from '../reference/values.ts';
import { walk } from './print-sql.ts';
import type { Random } from './random.ts';
import type {
  BinaryOperator,
  ColumnExpr,
  Expr,
  Interval,
  LiteralExpr,
  ScalarFunction,
  Type,
  Value,
} from './view-spec.ts';
import { BIGINT, BOOLEAN, DATE, DOUBLE, decimal, INTEGER, INTERVAL, TEXT, TIMESTAMP } from './view-spec.ts';

export type Kind = 'int' | 'decimal' | 'double' | 'boolean' | 'text' | 'date' | 'timestamp' | 'timestamptz';

/** A leaf and what is known of its values. */
export interface Leaf {
  readonly expr: Expr;
  /** Known to differ in the last bits between machines. */
  readonly inexact: boolean;
  /** Sums or products of it may overflow a double. */
  readonly huge: boolean;
  /** Small enough for exp and power. */
  readonly small: boolean;
  /** Values seen in the data, for literals. */
  readonly values: readonly Value[];
}

export interface ExprScope {
  readonly random: Random;
  readonly leaves: readonly Leaf[];
  /** now() may be used (stage 3). */
  readonly now: boolean;
}

export const kindOf = (type: Type): Kind => {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return 'int';
    case 'real':
      return 'double';
    case 'interval':
      throw new Error('no kind');
    default:
      return type.kind;
  }
};

export const column = (name: string, type: Type, table?: string): ColumnExpr =>
  table === undefined ? { node: 'column', name, type } : { node: 'column', name, type, table };
export const literal = (type: Type, value: Value, text?: string): LiteralExpr =>
  text === undefined ? { node: 'literal', type, value } : { node: 'literal', type, value, text };
export const NOW: Expr = { node: 'now', type: TIMESTAMP };
export const binary = (op: BinaryOperator, left: Expr, right: Expr, type: Type): Expr => ({
  node: 'binary',
  op,
  left,
  right,
  type,
});
export const compareWith = (op: BinaryOperator, left: Expr, right: Expr): Expr => binary(op, left, right, BOOLEAN);
export const call = (fn: ScalarFunction, args: readonly Expr[], type: Type, unit?: string): Expr =>
  unit === undefined ? { node: 'call', fn, args, type } : { node: 'call', fn, args, type, unit };
export const castTo = (arg: Expr, type: Type, short = false): Expr => ({ node: 'cast', arg, type, short });
export const isNull = (arg: Expr): Expr => ({ node: 'unary', op: 'is null', arg, type: BOOLEAN });
export const isNotNull = (arg: Expr): Expr => ({ node: 'unary', op: 'is not null', arg, type: BOOLEAN });
export const intervalLiteral = (interval: Interval, text: string): LiteralExpr => ({
  node: 'literal',
  type: INTERVAL,
  value: interval,
  text: `INTERVAL '${text}'`,
});

/** Could differ between machines, so comparing or rounding it is left out. */
export const isInexact = (expr: Expr, leaves: readonly Leaf[]): boolean => {
  let found = false;
  walk(expr, (e) => {
    if (e.node === 'binary' && e.op === '/') found = true;
    if (e.node === 'call' && ['sqrt', 'exp', 'ln', 'power'].includes(e.fn)) found = true;
    if (e.node === 'call' && e.unit === 'epoch') found = true;
    if (e.node === 'cast' && e.type.kind === 'double' && e.arg.type.kind === 'decimal') found = true;
    if (e.type.kind === 'double' && leaves.some((l) => l.expr === e && l.inexact)) found = true;
  });
  return found;
};

const precision = (t: Type): number =>
  t.kind === 'decimal' ? t.precision : t.kind === 'bigint' ? 19 : t.kind === 'integer' ? 10 : 5;
const scale = (t: Type): number => (t.kind === 'decimal' ? t.scale : 0);

export const commonType = (types: readonly Type[]): Type => {
  const first = types[0]!;
  if (types.some((t) => t.kind === 'double' || t.kind === 'real')) return DOUBLE;
  if (types.some((t) => t.kind === 'decimal')) {
    const s = Math.max(...types.map(scale));
    return decimal(Math.min(38, Math.max(...types.map((t) => precision(t) - scale(t))) + s), s);
  }
  if (types.some((t) => t.kind === 'bigint')) return BIGINT;
  if (types.some((t) => t.kind === 'integer')) return INTEGER;
  return first.kind === 'text' ? TEXT : first;
};

/** The type of a + b, a - b, a * b or a % b of whole and decimal numbers. */
export const exactType = (op: BinaryOperator, a: Type, b: Type): Type | null => {
  if (a.kind !== 'decimal' && b.kind !== 'decimal') return commonType([a, b]);
  if (op === '*') {
    const s = scale(a) + scale(b);
    return s > 20 ? null : decimal(Math.min(38, precision(a) + precision(b)), s);
  }
  const s = Math.max(scale(a), scale(b));
  const whole = Math.max(precision(a) - scale(a), precision(b) - scale(b));
  return decimal(Math.min(38, whole + s + 1), s);
};

/** Digits before the point that DuckDB reckons with; its sums of integers are 38 wide. */
const wholeDigits = (expr: Expr): number => {
  let sum = false;
  walk(expr, (e) => {
    if ((e.node === 'aggregate' || e.node === 'window') && e.fn === 'sum') sum = true;
    if (e.node === 'column' && e.table !== undefined) sum = true;
  });
  return sum ? 38 - scale(expr.type) : precision(expr.type) - scale(expr.type);
};

/** DuckDB's common type of wide decimals in CASE and COALESCE gives up digits after the point: left out. */
const shareType = (exprs: readonly Expr[]): boolean => {
  if (!exprs.some((e) => e.type.kind === 'decimal')) return true;
  return Math.max(...exprs.map(wholeDigits)) + Math.max(...exprs.map((e) => scale(e.type))) <= 38;
};

const decimalLiteral = (value: bigint, s: number): LiteralExpr =>
  literal(decimal(Math.max(String(value < 0n ? -value : value).length, s + 1), s), value);

const fromData = (random: Random, leaves: readonly Leaf[], test: (l: Leaf) => boolean): Value | undefined => {
  const values = leaves.filter(test).flatMap((l) => l.values.filter((v) => v !== null));
  return values.length > 0 && random.chance(0.5) ? random.pick(values) : undefined;
};

/** A literal of the kind, now and then a value of the data. */
export const literalOf = (kind: Kind, scope: ExprScope): LiteralExpr => {
  const { random, leaves } = scope;
  const drawn = fromData(random, leaves, (l) => kindOf(l.expr.type) === kind && l.expr.type.kind !== 'real');
  switch (kind) {
    case 'int': {
      const fits = typeof drawn === 'bigint' && drawn > -2147483648n && drawn < 2147483648n;
      return literal(INTEGER, fits ? drawn : BigInt(random.int(-5, 100)));
    }
    case 'decimal': {
      const s = random.int(1, 2);
      return decimalLiteral(random.bigint(-300n, 1000n), s);
    }
    case 'double': {
      if (typeof drawn === 'number' && !Number.isFinite(drawn)) return literal(DOUBLE, drawn);
      const s = random.int(1, 2);
      const unscaled = random.bigint(-500n, 1000n);
      return literal(DOUBLE, Number(decimalText(unscaled, s)), decimalText(unscaled, s));
    }
    case 'boolean':
      return literal(BOOLEAN, random.chance(0.5));
    case 'text': {
      const safe = typeof drawn === 'string' && !drawn.includes('\\') ? drawn : undefined;
      return literal(TEXT, safe ?? random.pick(['a', 'b', '', 'é', "it's", 'zz', 'A']));
    }
    case 'date':
      return literal(DATE, typeof drawn === 'bigint' ? drawn : BigInt(random.int(0, 20000)));
    case 'timestamp':
    case 'timestamptz':
      return literal(TIMESTAMP, typeof drawn === 'bigint' ? drawn : BigInt(random.int(0, 1700000000)) * 1_000_000n);
  }
};

interface Want {
  /** Only values on which every machine agrees to the bit. */
  readonly exact?: boolean;
  /** Fit for exp and power. */
  readonly small?: boolean;
}

const leafOf = (kind: Kind, scope: ExprScope, want: Want, allowHuge = false): Expr | null => {
  const fit = scope.leaves.filter(
    (l) =>
      kindOf(l.expr.type) === kind && (!want.exact || !l.inexact) && (!want.small || l.small) && (allowHuge || !l.huge),
  );
  if (fit.length === 0) return kind === 'timestamp' && scope.now && !want.small ? NOW : null;
  const { expr } = scope.random.pick(fit);
  if (expr.type.kind === 'real') return castTo(expr, DOUBLE);
  if (expr.type.kind === 'smallint') return castTo(expr, INTEGER, scope.random.chance(0.5));
  return expr;
};

const COMPARISONS: readonly BinaryOperator[] = [
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'is distinct from',
  'is not distinct from',
];

/** An expression of the kind that reads at least one leaf; null where the scope has none. */
export const genExpr = (kind: Kind, scope: ExprScope, depth: number, want: Want = {}): Expr | null => {
  const { random } = scope;
  const leaf = (): Expr | null => leafOf(kind, scope, want);
  if (kind === 'boolean') return genBoolean(scope, depth) ?? leaf();
  if (depth <= 0 || random.chance(0.25)) return leaf() ?? (depth > 0 ? derive(kind, scope, depth, want) : null);
  return derive(kind, scope, depth, want) ?? leaf();
};

const other = (kind: Kind, scope: ExprScope, depth: number, want: Want): Expr =>
  (scope.random.chance(0.4) ? genExpr(kind, scope, depth, want) : null) ?? literalOf(kind, scope);

const conditional = (kind: Kind, scope: ExprScope, depth: number, want: Want): Expr | null => {
  const { random } = scope;
  const first = genExpr(kind, scope, depth - 1, want);
  if (first === null) return null;
  const whens: { when: Expr; result: Expr }[] = [];
  for (let i = 0; i < random.int(1, 2); i++) {
    const when = genBoolean(scope, depth - 1);
    if (when === null) return null;
    whens.push({ when, result: i === 0 ? first : other(kind, scope, depth - 1, want) });
  }
  const otherwise = random.chance(0.7) ? other(kind, scope, depth - 1, want) : undefined;
  if (!shareType([...whens.map((w) => w.result), ...(otherwise === undefined ? [] : [otherwise])])) return null;
  const type = commonType([...whens.map((w) => w.result.type), ...(otherwise === undefined ? [] : [otherwise.type])]);
  return otherwise === undefined ? { node: 'case', whens, type } : { node: 'case', whens, otherwise, type };
};

const choice = (kind: Kind, scope: ExprScope, depth: number, want: Want): Expr | null => {
  const { random } = scope;
  const first = genExpr(kind, scope, depth - 1, want);
  if (first === null) return null;
  const second = other(kind, scope, depth - 1, want);
  const fn = random.pick<ScalarFunction>(['coalesce', 'coalesce', 'nullif', 'greatest', 'least']);
  if (!shareType([first, second])) return null;
  if (fn === 'coalesce') return call(fn, [first, second], commonType([first.type, second.type]));
  if (isInexact(first, scope.leaves) || isInexact(second, scope.leaves)) return null;
  // Doubles meet decimal literals here; Postgres and DuckDB settle on different types.
  if (kind === 'double' && second.node === 'literal' && second.text !== undefined) return null;
  if (fn === 'nullif') return call(fn, [first, second], first.type.kind === 'text' ? TEXT : first.type);
  return call(fn, [first, second], commonType([first.type, second.type]));
};

/** A whole field of an instant or date: a double, and an integer to DuckDB itself. */
const partOfTime = (scope: ExprScope, depth: number, want: Want): Expr | null => {
  const { random } = scope;
  const x = genExpr(random.chance(0.5) ? 'timestamp' : 'date', scope, depth - 1, want);
  if (x === null) return null;
  const units = ['year', 'quarter', 'month', 'week', 'day', 'dow', 'isodow', 'doy'];
  const unit = random.pick(x.type.kind === 'date' ? units : [...units, 'hour', 'minute']);
  return call(random.pick<ScalarFunction>(['extract', 'date_part']), [x], DOUBLE, unit);
};

/** What an integer may divide: no integer. */
const genDividend = (scope: ExprScope, depth: number, want: Want): Expr | null => {
  const part = scope.random.chance(0.25) ? partOfTime(scope, depth, want) : null;
  if (part !== null) return part;
  const left = genExpr('int', scope, depth - 1, want) ?? genExpr('decimal', scope, depth - 1, { exact: true });
  if (left === null) return null;
  const type = decimal(Math.min(38, precision(left.type) + 2), scale(left.type) + 1);
  return binary('*', left, decimalLiteral(10n, 1), type);
};

const derive = (kind: Kind, scope: ExprScope, depth: number, want: Want): Expr | null => {
  const { random } = scope;
  const sub = (k: Kind, w: Want = want): Expr | null => genExpr(k, scope, depth - 1, w);
  if (want.small) return leafOf(kind, scope, want);
  const general = random.next();
  if (general < 0.15) return conditional(kind, scope, depth, want);
  if (general < 0.3 && kind !== 'timestamptz') return choice(kind, scope, depth, want);
  switch (kind) {
    case 'int': {
      const option = random.int(0, 7);
      if (option <= 2) {
        const left = sub('int');
        if (left === null) return null;
        const right = other('int', scope, depth - 1, want);
        const op = random.pick<BinaryOperator>(['+', '-', '*', '%']);
        const type = commonType([left.type, right.type]);
        return random.chance(0.3) && op === '%' ? call('mod', [left, right], type) : binary(op, left, right, type);
      }
      if (option === 3) {
        const x = sub('text');
        return x === null ? null : castTo(call('length', [x], BIGINT), BIGINT);
      }
      if (option === 4) {
        const x = sub('int');
        return x === null ? null : call('abs', [x], x.type);
      }
      if (option === 5) {
        const x = sub('decimal', { exact: true }) ?? sub('boolean');
        // Postgres casts boolean to integer, to no other number.
        return x === null ? null : castTo(x, x.type.kind === 'boolean' ? INTEGER : random.pick([INTEGER, BIGINT]));
      }
      if (option === 6) {
        const a = sub('date');
        // DuckDB's type, the wider one.
        return a === null ? null : binary('-', a, literalOf('date', scope), BIGINT);
      }
      const x = sub('int');
      return x === null ? null : castTo(x, BIGINT, random.chance(0.3));
    }
    case 'decimal': {
      const option = random.int(0, 5);
      if (option <= 2) {
        const left = sub('decimal');
        if (left === null) return null;
        const right = other(random.chance(0.6) ? 'decimal' : 'int', scope, depth - 1, want);
        const op = random.pick<BinaryOperator>(['+', '-', '*']);
        const type = exactType(op, left.type, right.type);
        return type === null ? null : binary(op, left, right, type);
      }
      if (option === 3) {
        const x = sub('int');
        if (x === null) return null;
        return random.chance(0.5)
          ? castTo(x, decimal(random.int(12, 30), random.int(0, 4)))
          : binary('*', x, decimalLiteral(random.bigint(1n, 99n), 1), decimal(Math.min(38, precision(x.type) + 2), 1));
      }
      const x = sub('decimal');
      if (x === null || x.type.kind !== 'decimal' || x.type.scale === 0) return null;
      if (option === 4) {
        const s = random.int(0, x.type.scale - 1);
        if (s > 0) return call('round', [x, literal(INTEGER, BigInt(s))], decimal(x.type.precision, s));
        return call(
          random.pick<ScalarFunction>(['round', 'floor', 'ceil', 'trunc']),
          [x],
          decimal(x.type.precision, 0),
        );
      }
      return random.chance(0.5)
        ? call('abs', [x], x.type)
        : castTo(x, decimal(random.int(x.type.scale + 4, 38), random.int(0, x.type.scale)));
    }
    case 'double': {
      const option = random.int(0, 12);
      if (option <= 2) {
        const left = sub('double');
        if (left === null) return null;
        const right = random.chance(0.3) ? sub('int') : other('double', scope, depth - 1, want);
        return right === null ? null : binary(random.pick<BinaryOperator>(['+', '-', '*']), left, right, DOUBLE);
      }
      if (want.exact) {
        if (option <= 7) {
          const x = leafOf('double', scope, want);
          const fn = random.pick<ScalarFunction>(['round', 'floor', 'ceil', 'trunc', 'abs']);
          return x === null ? null : call(fn, [x], DOUBLE);
        }
        return partOfTime(scope, depth, want);
      }
      if (option <= 4 || option === 11) {
        const dividend = genDividend(scope, depth, want);
        if (dividend === null) return null;
        const divisor = sub('int') ?? literalOf('int', scope);
        const guarded = random.chance(0.6) ? call('nullif', [divisor, literal(INTEGER, 0n)], divisor.type) : divisor;
        return divisor.node === 'literal' && divisor.value === 0n ? null : binary('/', dividend, guarded, DOUBLE);
      }
      if (option === 5 || option === 10 || option === 12) {
        const x = leafOf('double', scope, { small: true, exact: true }) ?? leafOf('int', scope, { small: true });
        if (x === null) return null;
        const d = x.type.kind === 'double' ? x : castTo(x, DOUBLE);
        const size = call('abs', [d], DOUBLE);
        switch (random.int(0, 4)) {
          case 0:
            return call('exp', [d], DOUBLE);
          case 1:
            return call('sqrt', [random.chance(0.8) ? size : d], DOUBLE);
          case 2:
            return call(
              'ln',
              [random.chance(0.8) ? binary('+', size, literal(DOUBLE, 1.5, '1.5'), DOUBLE) : d],
              DOUBLE,
            );
          case 3:
            return call('power', [d, literal(DOUBLE, 2, '2')], DOUBLE);
          default:
            return castTo(call('sign', [d], INTEGER), DOUBLE);
        }
      }
      if (option === 6 || option === 7) {
        const ts = scope.leaves.filter(
          (l) => l.expr.type.kind === 'timestamp' || (scope.now && l.expr.type.kind === 'timestamptz'),
        );
        if (ts.length === 0) return null;
        const a = scope.now && random.chance(0.7) ? NOW : null;
        const usable = a === null ? ts.filter((l) => l.expr.type.kind === 'timestamp') : ts;
        if (usable.length === 0) return null;
        const b = random.pick(usable);

        if (a === null && random.chance(0.4)) return call('extract', [b.expr], DOUBLE, 'epoch');
        const left = a ?? leafOf('timestamp', scope, {});
        return left === null ? null : call('extract', [binary('-', left, b.expr, INTERVAL)], DOUBLE, 'epoch');
      }
      if (option === 8) {
        const x = sub('int') ?? sub('decimal');
        return x === null ? null : castTo(x, DOUBLE, random.chance(0.3));
      }
      const x = sub('double');
      return x === null ? null : call('abs', [x], DOUBLE);
    }
    case 'text': {
      const x = sub('text');
      if (x === null) {
        const y = sub('int') ?? sub('date');
        return y === null ? null : castTo(y, TEXT);
      }
      switch (random.int(0, 7)) {
        case 0:
          return call('lower', [x], TEXT);
        case 1:
          return call('upper', [x], TEXT);
        case 2:
          return call('trim', [x], TEXT);
        case 3:
          return call(
            'replace',
            [x, literal(TEXT, random.pick(['a', 'b', "'", ' ', 'ab'])), literalOf('text', scope)],
            TEXT,
          );
        case 4: {
          const args: Expr[] = [x, literal(INTEGER, BigInt(random.int(1, 3)))];
          if (random.chance(0.7)) args.push(literal(INTEGER, BigInt(random.int(0, 3))));
          return call('substr', args, TEXT);
        }
        case 5:
          return binary('||', x, other('text', scope, depth - 1, want), TEXT);
        case 6: {
          const y = sub('int') ?? sub('boolean');
          return y === null ? null : binary('||', x, castTo(y, TEXT), TEXT);
        }
        default: {
          const y = sub('decimal') ?? sub('date') ?? sub('timestamp');
          // DuckDB writes a decimal(4,4) as `.5`, Postgres as `0.5`.
          const bare = y?.type.kind === 'decimal' && y.type.precision === y.type.scale;
          return y === null || bare ? x : castTo(y, TEXT);
        }
      }
    }
    case 'date': {
      const x = sub('timestamp');
      if (x !== null && random.chance(0.6)) return castTo(x, DATE);
      const d = sub('date');
      return d === null
        ? null
        : binary(random.pick<BinaryOperator>(['+', '-']), d, literal(INTEGER, BigInt(random.int(0, 40))), DATE);
    }
    case 'timestamp': {
      const x = sub('timestamp');
      if (x === null) return null;
      if (random.chance(0.5))
        return call(
          'date_trunc',
          [x],
          TIMESTAMP,
          random.pick(['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']),
        );
      const [interval, text] = random.pick([
        [{ months: 0, micros: 3_600_000_000n }, '1 hour'],
        [{ months: 0, micros: 86_400_000_000n }, '1 day'],
        [{ months: 0, micros: 90_000_000n }, '90 seconds'],
        [{ months: 0, micros: 604_800_000_000n }, '1 week'],
        [{ months: 1, micros: 0n }, '1 month'],
        [{ months: 0, micros: 2_592_000_000_000n }, '30 days'],
      ] as const);
      return binary(random.pick<BinaryOperator>(['+', '-']), x, intervalLiteral(interval, text), TIMESTAMP);
    }
    default:
      return null;
  }
};

const comparable: readonly (readonly [number, Kind])[] = [
  [4, 'int'],
  [3, 'decimal'],
  [2, 'double'],
  [3, 'text'],
  [1, 'date'],
  [1, 'timestamp'],
  [1, 'timestamptz'],
];

/** What people write for IS NOT DISTINCT FROM, and is another thing where one of them is NULL. */
export const sameOrBothNull = (a: Expr, b: Expr): Expr =>
  compareWith('or', compareWith('=', a, b), compareWith('and', isNull(a), isNull(b)));

const distinctOr = (kind: Kind, a: Expr, scope: ExprScope): Expr => {
  const isOther = compareWith('is distinct from', a, literalOf(kind, scope));
  return compareWith('or', isOther, compareWith(scope.random.pick(COMPARISONS), a, literalOf(kind, scope)));
};

/** Two conditions on one column, as a database pushes them down to its scan. */
export const genDistinctOr = (scope: ExprScope): Expr | null => {
  const kind = scope.random.pick(['int', 'decimal', 'text', 'date', 'timestamp'] as const);
  const leaf = leafOf(kind, scope, {});
  return leaf === null || leaf.node !== 'column' ? null : distinctOr(kind, leaf, scope);
};

/** The last three begin with what ends in the greatest byte that goes on in a text. */
const LIKE_PATTERNS = ['a%', '%b', '_', '%', '', 'a_b', '%a%', '%é%', '_%', '%😀', 'п%', 'п%п', 'タ_'];

const genPredicate = (scope: ExprScope, depth: number): Expr | null => {
  const { random } = scope;
  const kind = random.choose(comparable);
  const exact: Want = { exact: true };
  const make = (): Expr | null =>
    random.chance(0.2) ? leafOf(kind, scope, exact, true) : genExpr(kind, scope, depth - 1, exact);
  const a = make();
  if (a === null || isInexact(a, scope.leaves)) return null;
  const second = (): Expr => {
    const e = kind !== 'timestamptz' && random.chance(0.3) ? make() : null;
    return e === null || isInexact(e, scope.leaves) ? literalOf(kind, scope) : e;
  };
  if (kind === 'timestamptz') {
    return { node: 'unary', op: random.pick(['is null', 'is not null']), arg: a, type: BOOLEAN };
  }
  switch (random.int(0, 11)) {
    case 0:
      return { node: 'unary', op: random.pick(['is null', 'is not null']), arg: a, type: BOOLEAN };
    case 1:
      return { node: 'between', negated: random.chance(0.3), arg: a, low: second(), high: second(), type: BOOLEAN };
    case 2: {
      const list = Array.from({ length: random.int(1, 4) }, () => literalOf(kind, scope));
      return { node: 'in', negated: random.chance(0.3), arg: a, list, type: BOOLEAN };
    }
    case 3:
    case 4:
      if (kind === 'text') {
        if (random.chance(0.3)) return call('starts_with', [a, literalOf('text', scope)], BOOLEAN);
        const pattern = random.pick(LIKE_PATTERNS);
        return compareWith(random.pick<BinaryOperator>(['like', 'not like']), a, literal(TEXT, pattern));
      }
      return compareWith(random.pick(COMPARISONS), a, second());
    case 10:
      return sameOrBothNull(a, second());
    case 11:
      return distinctOr(kind, a, scope);
    default:
      return compareWith(random.pick(COMPARISONS), a, second());
  }
};

export const genBoolean = (scope: ExprScope, depth: number): Expr | null => {
  const { random } = scope;
  if (depth > 0 && random.chance(0.35)) {
    const a = genBoolean(scope, depth - 1);
    if (a === null) return null;
    if (random.chance(0.2)) return { node: 'unary', op: 'not', arg: a, type: BOOLEAN };
    if (random.chance(0.1)) return { node: 'unary', op: random.pick(['is true', 'is false']), arg: a, type: BOOLEAN };
    const b = genBoolean(scope, depth - 1);
    return b === null ? a : compareWith(random.pick<BinaryOperator>(['and', 'or']), a, b);
  }
  if (random.chance(0.15)) {
    const flag = leafOf('boolean', scope, {});
    if (flag !== null) return flag;
  }
  for (let i = 0; i < 4; i++) {
    const p = genPredicate(scope, depth);
    if (p !== null) return p;
  }
  return leafOf('boolean', scope, {});
};
