/**
 * Scalar expressions, evaluated naively. Doubles carry the error that section 4 of the design allows them, so that every
 * value computed from an inexact one knows its own tolerance.
 */
import type { BinaryOperator, CallExpr, Expr, Interval, Type, Value } from '../generators/view-spec.ts';
import {
  addMonths,
  asciiLower,
  asciiUpper,
  compareNumbers,
  compareText,
  dateText,
  daysOf,
  decimalText,
  divideRound,
  extractPart,
  likeMatches,
  pow10,
  ratioToDouble,
  rescale,
  roundHalfAway,
  roundHalfEven,
  timestampText,
  truncate,
} from './values.ts';

const DAY = 86_400_000_000n;
const ULP = 2 ** -52;

/** A double and how far from it another machine may be. */
export class Approx {
  readonly value: number;
  readonly error: number;
  constructor(value: number, error = 0) {
    this.value = value;
    this.error = error;
  }
}

export type Result = null | boolean | bigint | string | Approx | Interval;

export interface Notes {
  /** Overflows, divisions by zero, failed casts: NULL in fsc, an abort or another value in raw SQL. */
  errors: number;
  /** A comparison of inexact values that could fall either way. */
  uncertain: boolean;
}

export const newNotes = (): Notes => ({ errors: 0, uncertain: false });

export interface Scope {
  readonly t: bigint;
  readonly notes: Notes;
  column(name: string, table: string | undefined, type: Type): Result;
  aggregate(expr: Expr): Result;
}

const isInterval = (v: Result): v is Interval => v !== null && typeof v === 'object' && 'micros' in v;

export const lift = (value: Value): Result => (typeof value === 'number' ? new Approx(value === 0 ? 0 : value) : value);

const INTEGER_RANGE: Record<string, bigint> = { smallint: 1n << 15n, integer: 1n << 31n, bigint: 1n << 63n };

const isDouble = (t: Type): boolean => t.kind === 'double' || t.kind === 'real';
const isExact = (t: Type): boolean =>
  t.kind === 'smallint' || t.kind === 'integer' || t.kind === 'bigint' || t.kind === 'decimal';
const scaleOf = (t: Type): number => (t.kind === 'decimal' ? t.scale : 0);
const precisionOf = (t: Type): number => (t.kind === 'decimal' ? t.precision : 38);

/** A whole or decimal result of its type; NULL if it does not fit. */
export const fitExact = (value: bigint, type: Type, notes: Notes): Result => {
  const limit = INTEGER_RANGE[type.kind];
  const fits =
    limit === undefined
      ? value < pow10(precisionOf(type)) && value > -pow10(precisionOf(type))
      : value >= -limit && value < limit;
  if (fits) return value;
  notes.errors++;
  return null;
};

/** NaN and the infinities give what they give, exactly; where finite operands give one, they have overflowed. */
const fitDouble = (value: number, error: number, operands: readonly number[], notes: Notes): Result => {
  if (!operands.every(Number.isFinite)) return new Approx(value === 0 ? 0 : value);
  if (Number.isFinite(value)) return new Approx(value === 0 ? 0 : value, error);
  notes.errors++;
  return null;
};

export const toApprox = (v: Result, type: Type): Approx => {
  if (v instanceof Approx) return v;
  if (typeof v === 'bigint') {
    const x = ratioToDouble(v, pow10(scaleOf(type)));
    return new Approx(x, type.kind === 'decimal' ? 2 * ULP * Math.abs(x) : 0);
  }
  throw new Error('not a number');
};

/** The total order. Types are equal but for numbers. */
export const compare = (a: Result, at: Type, b: Result, bt: Type, notes: Notes): number => {
  if (a === null || b === null) throw new Error('NULL has no order');
  if (isInterval(a) && isInterval(b)) {
    const x = BigInt(a.months) * 30n * DAY + a.micros;
    const y = BigInt(b.months) * 30n * DAY + b.micros;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    let x = a;
    let y = b;
    if (at.kind === 'date' && bt.kind !== 'date') x *= DAY;
    if (bt.kind === 'date' && at.kind !== 'date') y *= DAY;
    const scale = Math.max(scaleOf(at), scaleOf(bt));
    x = rescale(x, scaleOf(at), scale);
    y = rescale(y, scaleOf(bt), scale);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const x = toApprox(a, at);
  const y = toApprox(b, bt);
  if (x.error + y.error > 0 && Math.abs(x.value - y.value) <= x.error + y.error) notes.uncertain = true;
  return compareNumbers(x.value, y.value);
};

const truth = (op: BinaryOperator, c: number): boolean => {
  switch (op) {
    case '=':
      return c === 0;
    case '<>':
      return c !== 0;
    case '<':
      return c < 0;
    case '<=':
      return c <= 0;
    case '>':
      return c > 0;
    case '>=':
      return c >= 0;
    default:
      throw new Error(op);
  }
};

const isTime = (t: Type): boolean => t.kind === 'date' || t.kind === 'timestamp' || t.kind === 'timestamptz';

const addInterval = (micros: bigint, i: Interval, sign: 1 | -1): bigint =>
  addMonths(micros, sign * i.months) + BigInt(sign) * i.micros;

const arithmetic = (op: BinaryOperator, a: Result, at: Type, b: Result, bt: Type, type: Type, notes: Notes): Result => {
  if (isTime(at) && isInterval(b)) {
    const base = at.kind === 'date' ? (a as bigint) * DAY : (a as bigint);
    return addInterval(base, b, op === '+' ? 1 : -1);
  }
  if (isTime(at) && isTime(bt)) {
    if (at.kind === 'date' && bt.kind === 'date') return fitExact((a as bigint) - (b as bigint), type, notes);
    const x = at.kind === 'date' ? (a as bigint) * DAY : (a as bigint);
    const y = bt.kind === 'date' ? (b as bigint) * DAY : (b as bigint);
    return { months: 0, micros: x - y };
  }
  if (at.kind === 'date') return (a as bigint) + (op === '+' ? (b as bigint) : -(b as bigint));
  if (isDouble(type)) {
    const x = toApprox(a, at);
    const y = toApprox(b, bt);
    const ax = Math.abs(x.value);
    const ay = Math.abs(y.value);
    const inexact = x.error > 0 || y.error > 0;
    const done = (value: number, error: number): Result =>
      fitDouble(value, inexact ? error + 2 * ULP * Math.abs(value) : 0, [x.value, y.value], notes);
    switch (op) {
      case '+':
        return done(x.value + y.value, x.error + y.error);
      case '-':
        return done(x.value - y.value, x.error + y.error);
      case '*':
        // Zero times infinity is NaN, anything beside zero an infinity.
        if ((ax <= x.error && x.error > 0 && ay === Infinity) || (ay <= y.error && y.error > 0 && ax === Infinity))
          notes.uncertain = true;
        return done(x.value * y.value, ax * y.error + ay * x.error + x.error * y.error);
      case '/': {
        if (y.value === 0) {
          notes.errors++;
          if (y.error > 0) notes.uncertain = true;
          return null;
        }
        if (ay <= y.error) notes.uncertain = true;
        const low = ay - y.error;
        const value = x.value / y.value;
        const error = inexact && low > 0 ? (x.error * ay + ax * y.error) / (ay * low) : 0;
        return done(value, error);
      }
      default:
        throw new Error(`double ${op}`);
    }
  }
  const x = a as bigint;
  const y = b as bigint;
  if (op === '*') return fitExact(x * y, type, notes);
  const scale = scaleOf(type);
  const left = rescale(x, scaleOf(at), scale);
  const right = rescale(y, scaleOf(bt), scale);
  switch (op) {
    case '+':
      return fitExact(left + right, type, notes);
    case '-':
      return fitExact(left - right, type, notes);
    case '%':
      if (right === 0n) {
        notes.errors++;
        return null;
      }
      return fitExact(left % right, type, notes);
    default:
      throw new Error(`exact ${op}`);
  }
};

const cast = (v: Result, from: Type, to: Type, notes: Notes): Result => {
  if (v === null) return null;
  const fail = (): Result => {
    notes.errors++;
    return null;
  };
  switch (to.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      if (typeof v === 'boolean') return v ? 1n : 0n;
      if (typeof v === 'string') {
        return /^-?\d+$/.test(v) ? fitExact(BigInt(v), to, notes) : fail();
      }
      if (v instanceof Approx) {
        if (v.error > 0) notes.uncertain = true;
        return Number.isFinite(v.value) ? fitExact(BigInt(roundHalfEven(v.value)), to, notes) : fail();
      }
      return fitExact(divideRound(v as bigint, pow10(scaleOf(from))), to, notes);
    case 'decimal': {
      if (typeof v !== 'bigint') throw new Error('cast to decimal');
      return fitExact(rescale(v, scaleOf(from), to.scale), to, notes);
    }
    case 'double':
      return toApprox(v, from);
    case 'text':
      if (typeof v === 'string') return v;
      if (typeof v === 'boolean') return v ? 'true' : 'false';
      if (typeof v !== 'bigint') throw new Error('cast to text');
      if (from.kind === 'date') return dateText(v);
      if (isTime(from)) return timestampText(v);
      return decimalText(v, scaleOf(from));
    case 'date':
      if (isTime(from)) return from.kind === 'date' ? v : daysOf(v as bigint);
      throw new Error('cast to date');
    case 'timestamp':
      if (isTime(from)) return from.kind === 'date' ? (v as bigint) * DAY : v;
      throw new Error('cast to timestamp');
    default:
      throw new Error(`cast to ${to.kind}`);
  }
};

const ulps = (value: number, n: number): number => n * ULP * Math.abs(value);

const scalar = (expr: CallExpr, scope: Scope): Result => {
  const { notes } = scope;
  const values = expr.args.map((a) => evaluateExpr(a, scope));
  const types = expr.args.map((a) => a.type);
  switch (expr.fn) {
    case 'coalesce': {
      const i = values.findIndex((v) => v !== null);
      return i < 0 ? null : convert(values[i]!, types[i]!, expr.type);
    }
    case 'nullif': {
      const [a, b] = values;
      if (a === null || b === null) return a!;
      return compare(a!, types[0]!, b!, types[1]!, notes) === 0 ? null : convert(a!, types[0]!, expr.type);
    }
    case 'greatest':
    case 'least': {
      let best: number | null = null;
      for (let i = 0; i < values.length; i++) {
        if (values[i] === null) continue;
        if (best === null) best = i;
        else {
          const c = compare(values[i]!, types[i]!, values[best]!, types[best]!, notes);
          if (expr.fn === 'greatest' ? c > 0 : c < 0) best = i;
        }
      }
      return best === null ? null : convert(values[best]!, types[best]!, expr.type);
    }
    default:
  }
  if (values.some((v) => v === null)) return null;
  const first = values[0]!;
  const text = first as string;
  const math = (compute: (...xs: number[]) => number, defined: (...xs: number[]) => boolean): Result => {
    const xs = values.map((v, i) => toApprox(v!, types[i]!));
    const raw = xs.map((x) => x.value);
    if (!defined(...raw)) {
      notes.errors++;
      return null;
    }
    const y = compute(...raw);
    // The functions used are monotone in each argument, so their corners bound them.
    let spread = 0;
    for (let i = 0; i < xs.length; i++) {
      for (const side of [-1, 1]) {
        const moved = [...raw];
        moved[i] = xs[i]!.value + side * xs[i]!.error;
        if (xs[i]!.error === 0) continue;
        const z = defined(...moved) ? compute(...moved) : Number.NaN;
        if (Number.isFinite(z)) spread += Math.abs(z - y);
        else notes.uncertain = true;
      }
    }
    return fitDouble(y, spread * 2 + ulps(y, 4), raw, notes);
  };
  switch (expr.fn) {
    case 'lower':
      return asciiLower(text);
    case 'upper':
      return asciiUpper(text);
    case 'length':
      return BigInt([...text].length);
    case 'substr': {
      const start = Number(values[1] as bigint) - 1;
      const points = [...text];
      return points.slice(start, values.length > 2 ? start + Number(values[2] as bigint) : points.length).join('');
    }
    case 'trim':
      return text.replace(/^ +| +$/g, '');
    case 'replace':
      return text.replaceAll(values[1] as string, () => values[2] as string);
    case 'starts_with':
      return text.startsWith(values[1] as string);
    case 'abs':
      if (first instanceof Approx) return new Approx(Math.abs(first.value), first.error);
      return fitExact((first as bigint) < 0n ? -(first as bigint) : (first as bigint), expr.type, notes);
    case 'sign':
      if (first instanceof Approx) {
        if (first.error > 0) notes.uncertain = true;
        return Number.isNaN(first.value) ? 0n : BigInt(Math.sign(first.value));
      }
      return (first as bigint) > 0n ? 1n : (first as bigint) < 0n ? -1n : 0n;
    case 'round':
    case 'floor':
    case 'ceil':
    case 'trunc': {
      if (first instanceof Approx) {
        if (first.error > 0) notes.uncertain = true;
        const whole = { round: roundHalfAway, floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc }[expr.fn];
        return fitDouble(whole(first.value), 0, [first.value], notes);
      }
      const x = first as bigint;
      const from = scaleOf(types[0]!);
      if (expr.fn === 'round') return fitExact(rescale(x, from, scaleOf(expr.type)), expr.type, notes);
      const size = pow10(from);
      const cut = x / size;
      const rest = x % size;
      if (expr.fn === 'floor') return fitExact(rest < 0n ? cut - 1n : cut, expr.type, notes);
      if (expr.fn === 'ceil') return fitExact(rest > 0n ? cut + 1n : cut, expr.type, notes);
      return fitExact(cut, expr.type, notes);
    }
    case 'mod':
      return arithmetic('%', first, types[0]!, values[1]!, types[1]!, expr.type, notes);
    case 'sqrt':
      return math(Math.sqrt, (x) => x! >= 0 || Number.isNaN(x));
    case 'exp':
      return math(Math.exp, () => true);
    case 'ln':
      return math(Math.log, (x) => x! > 0 || Number.isNaN(x));
    case 'power':
      return math(
        (x, y) => x! ** y!,
        (x, y) => !(x === 0 && y! < 0) && !(x! < 0 && Number.isFinite(x) && Number.isFinite(y) && !Number.isInteger(y)),
      );
    case 'date_trunc':
      return truncate(expr.unit!, first as bigint);
    case 'extract':
    case 'date_part':
      if (isInterval(first)) {
        if (expr.unit !== 'epoch') throw new Error('only the epoch of an interval');
        const x = ratioToDouble(first.micros, 1_000_000n);
        return new Approx(x, ulps(x, 2));
      }
      return expr.unit === 'epoch'
        ? new Approx(ratioToDouble(first as bigint, 1_000_000n), 0)
        : new Approx(extractPart(expr.unit!, types[0]!.kind === 'date' ? (first as bigint) * DAY : (first as bigint)));
    default:
      throw new Error(expr.fn);
  }
};

/** Into the common type of CASE, COALESCE and the like. */
const convert = (v: Result, from: Type, to: Type): Result => {
  if (v === null) return null;
  if (isDouble(to) && !(v instanceof Approx)) return toApprox(v, from);
  if (isExact(to) && typeof v === 'bigint') return rescale(v, scaleOf(from), scaleOf(to));
  return v;
};

const and = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true;
const or = (a: boolean | null, b: boolean | null): boolean | null =>
  a === true || b === true ? true : a === null || b === null ? null : false;
const not = (a: boolean | null): boolean | null => (a === null ? null : !a);

export const evaluateExpr = (expr: Expr, scope: Scope): Result => {
  const { notes } = scope;
  switch (expr.node) {
    case 'column':
      return scope.column(expr.name, expr.table, expr.type);
    case 'literal':
      return expr.value !== null && typeof expr.value === 'object' ? expr.value : lift(expr.value);
    case 'now':
      return scope.t;
    case 'aggregate':
    case 'window':
      return scope.aggregate(expr);
    case 'binary': {
      const a = evaluateExpr(expr.left, scope);
      const b = evaluateExpr(expr.right, scope);
      const at = expr.left.type;
      const bt = expr.right.type;
      switch (expr.op) {
        case 'and':
          return and(a as boolean | null, b as boolean | null);
        case 'or':
          return or(a as boolean | null, b as boolean | null);
        case 'is distinct from':
        case 'is not distinct from': {
          const same = a === null || b === null ? a === b : compare(a, at, b, bt, notes) === 0;
          return expr.op === 'is distinct from' ? !same : same;
        }
        default:
      }
      if (a === null || b === null) return null;
      switch (expr.op) {
        case 'like':
          return likeMatches(a as string, b as string);
        case 'not like':
          return !likeMatches(a as string, b as string);
        case '||':
          return (a as string) + (b as string);
        case '+':
        case '-':
        case '*':
        case '/':
        case '%':
          return arithmetic(expr.op, a, at, b, bt, expr.type, notes);
        default:
          return truth(expr.op, compare(a, at, b, bt, notes));
      }
    }
    case 'unary': {
      const v = evaluateExpr(expr.arg, scope);
      switch (expr.op) {
        case 'not':
          return not(v as boolean | null);
        case 'is null':
          return v === null;
        case 'is not null':
          return v !== null;
        case 'is true':
          return v === true;
        case 'is false':
          return v === false;
        case '-':
          if (v === null) return null;
          if (v instanceof Approx) return new Approx(-v.value, v.error);
          return fitExact(-(v as bigint), expr.type, notes);
        default:
          throw new Error('unary');
      }
    }
    case 'between': {
      const v = evaluateExpr(expr.arg, scope);
      const low = evaluateExpr(expr.low, scope);
      const high = evaluateExpr(expr.high, scope);
      const above = v === null || low === null ? null : compare(v, expr.arg.type, low, expr.low.type, notes) >= 0;
      const below = v === null || high === null ? null : compare(v, expr.arg.type, high, expr.high.type, notes) <= 0;
      const inside = and(above, below);
      return expr.negated ? not(inside) : inside;
    }
    case 'in': {
      const v = evaluateExpr(expr.arg, scope);
      let found: boolean | null = false;
      for (const item of expr.list) {
        const w = evaluateExpr(item, scope);
        found = or(found, v === null || w === null ? null : compare(v, expr.arg.type, w, item.type, notes) === 0);
      }
      return expr.negated ? not(found) : found;
    }
    case 'case':
      for (const { when, result } of expr.whens) {
        if (evaluateExpr(when, scope) === true) return convert(evaluateExpr(result, scope), result.type, expr.type);
      }
      return expr.otherwise === undefined
        ? null
        : convert(evaluateExpr(expr.otherwise, scope), expr.otherwise.type, expr.type);
    case 'cast':
      return cast(evaluateExpr(expr.arg, scope), expr.arg.type, expr.type, notes);
    case 'call':
      return scalar(expr, scope);
  }
};
