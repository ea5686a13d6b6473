/** Windows of shape A and WHERE of shape B: conditions on the event time against now(). */
import { addMonths, truncate } from '../reference/values.ts';
import { binary, call, compareWith, intervalLiteral, NOW } from './expressions.ts';
import type { Random } from './random.ts';
import type { BinaryOperator, Expr, Interval } from './view-spec.ts';
import { BOOLEAN, INTERVAL, TIMESTAMP } from './view-spec.ts';

export interface NamedInterval {
  readonly interval: Interval;
  readonly text: string;
}

const named = (text: string, seconds: number): NamedInterval => ({
  interval: { months: 0, micros: BigInt(seconds) * 1_000_000n },
  text,
});

/** One time scale a case, so that its windows fill and empty. */
export const SCALES: readonly (readonly NamedInterval[])[] = [
  [named('1 second', 1), named('30 seconds', 30), named('90 seconds', 90), named('5 minutes', 300)],
  [named('1 minute', 60), named('10 minutes', 600), named('1 hour', 3600), named('3 hours', 10800)],
  [named('1 hour', 3600), named('6 hours', 21600), named('1 day', 86400), named('36 hours', 129600)],
  [named('1 day', 86400), named('3 days', 259200), named('7 days', 604800), named('2 weeks', 1209600)],
  [named('1 day 12 hours', 129600), named('30 days', 2592000), named('90 days', 7776000)],
];

export type Base = 'now' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

export interface Bound {
  readonly base: Base;
  readonly shift: NamedInterval | null;
  readonly sign: '-' | '+';
}

export interface WindowSpec {
  readonly conjuncts: readonly Expr[];
  readonly bounds: readonly Bound[];
  /** It has a lower bound, so its events leave. */
  readonly bounded: boolean;
}

const months = (n: number, text: string): NamedInterval => ({ interval: { months: n, micros: 0n }, text });
const MONTHS: readonly NamedInterval[] = [months(1, '1 month'), months(3, '3 months'), months(12, '1 year')];

/** The lengths of a case's windows, and what most of its snapped ones are snapped to and moved by. */
export interface WindowScale {
  readonly lengths: readonly NamedInterval[];
  readonly unit: Snap;
  readonly shift: NamedInterval;
}

export type Snap = Exclude<Base, 'now' | 'second'>;
export const SNAPS: readonly Snap[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];

export const genScale = (random: Random): WindowScale => {
  const lengths = random.pick(SCALES);
  const unit = random.pick(SNAPS);
  const isCalendar = (unit === 'month' || unit === 'year') && random.chance(0.5);
  return { lengths, unit, shift: random.pick(isCalendar ? MONTHS : lengths) };
};

const snapTo = (random: Random, { unit }: WindowScale, allowed: readonly Snap[]): Snap =>
  allowed.includes(unit) && random.chance(0.6) ? unit : random.pick(allowed);

const boundExpr = (b: Bound): Expr => {
  const base = b.base === 'now' ? NOW : call('date_trunc', [NOW], TIMESTAMP, b.base);
  return b.shift === null ? base : binary(b.sign, base, intervalLiteral(b.shift.interval, b.shift.text), TIMESTAMP);
};

/** The instant of a bound at t. */
export const boundAt = (b: Bound, t: bigint): bigint => {
  const base = b.base === 'now' ? t : truncate(b.base, t);
  if (b.shift === null) return base;
  const sign = b.sign === '-' ? -1 : 1;
  return addMonths(base, sign * b.shift.interval.months) + BigInt(sign) * b.shift.interval.micros;
};

/** The latest t at which the bound is no later than `instant`, but for what t may go on within its unit. */
const reaching = ({ shift, sign }: Bound, instant: bigint): bigint => {
  if (shift === null) return instant;
  const { months, micros } = shift.interval;
  return sign === '-' ? addMonths(instant, months) + micros : addMonths(instant, -months) - micros;
};

/** The bound's latest value up to `instant`. */
const edgeBefore = (b: Bound, instant: bigint): bigint => boundAt(b, reaching(b, instant));

/** The first t at which the bound is exactly `instant`; null: it never is. */
export const reachedAt = (b: Bound, instant: bigint): bigint | null => {
  const t = reaching(b, instant);
  return boundAt(b, t) === instant ? t : null;
};

/** The bounds that events are put on the edges of. */
const snappedBounds = ({ unit, shift }: WindowScale): readonly Bound[] => [
  { base: unit, shift: null, sign: '-' },
  { base: unit, shift, sign: '-' },
  { base: unit, shift, sign: '+' },
];

/** The edge of a snapped window after `from` and up to `to`; null: none is there. */
export const edgeBetween = (random: Random, scale: WindowScale, from: bigint, to: bigint): bigint | null => {
  // One that is far off is passed by those before it.
  const ends = [to, (from + to) / 2n, from + (to - from) / 8n];
  const edges = snappedBounds(scale)
    .flatMap((b) => ends.map((end) => edgeBefore(b, end)))
    .filter((edge) => edge > from);
  return edges.length === 0 ? null : random.pick(edges);
};

/** A little before the edge of a snapped window, so that a log that begins here goes over it. */
export const beforeEdge = (random: Random, scale: WindowScale, instant: bigint): bigint => {
  const [plain, earlier, later] = snappedBounds(scale);
  const first = random.pick([plain!, earlier!, earlier!, later!]);
  return edgeBefore(first, instant) - random.bigint(0n, scale.lengths[0]!.interval.micros);
};

/** Of every form that a snapped window has; `whole` allows one without a lower bound. */
export const genSnapped = (random: Random, time: Expr, scale: WindowScale, whole: boolean): WindowSpec => {
  const bound = random.pick(snappedBounds(scale));
  const forms = whole ? (['>', '>=', 'between', '<', '<='] as const) : (['>', '>=', 'between'] as const);
  const form = random.pick(forms);
  if (form === 'between') return betweenNow(time, bound);
  return {
    conjuncts: [compareWith(form, time, boundExpr(bound))],
    bounds: [bound],
    bounded: form === '>' || form === '>=',
  };
};

const AT_NOW: Bound = { base: 'now', shift: null, sign: '-' };

const betweenNow = (time: Expr, bound: Bound): WindowSpec => {
  const [low, high] = [boundExpr(bound), boundExpr(AT_NOW)];
  const between: Expr = { node: 'between', negated: false, arg: time, low, high, type: BOOLEAN };
  return { conjuncts: [between], bounds: [bound, AT_NOW], bounded: true };
};

const lowerBound = (random: Random, scale: WindowScale): Bound => {
  if (random.chance(0.75)) return { base: 'now', shift: random.pick(scale.lengths), sign: '-' };
  const base = snapTo(random, scale, SNAPS);
  if (random.chance(0.45)) return { base, shift: null, sign: '-' };
  if ((base === 'month' || base === 'year') && random.chance(0.6))
    return { base, shift: random.pick(MONTHS), sign: '-' };
  return { base, shift: random.pick(scale.lengths), sign: random.chance(0.8) ? '-' : '+' };
};

/** A random window; `whole` allows none at all, or one without a lower bound. */
export const genWindow = (random: Random, time: Expr, scale: WindowScale, whole: boolean): WindowSpec => {
  const form = random.choose([
    [5, 'lower'],
    [2, 'both'],
    [1, 'between'],
    [1, 'age'],
    [1, 'calendar'],
    [2, 'snapped'],
    [whole ? 2 : 0, 'upper'],
    [whole ? 3 : 0, 'none'],
  ] as const);
  const above = (): BinaryOperator => random.pick<BinaryOperator>(['>', '>', '>=']);
  const below = (): BinaryOperator => random.pick<BinaryOperator>(['<', '<=']);
  const against = (op: BinaryOperator, b: Bound): Expr => {
    if (random.chance(0.85)) return compareWith(op, time, boundExpr(b));
    const flipped = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' }[op as '>' | '>=' | '<' | '<='];
    return compareWith(flipped as BinaryOperator, boundExpr(b), time);
  };
  switch (form) {
    case 'none':
      return { conjuncts: [], bounds: [], bounded: false };
    case 'lower': {
      const b = lowerBound(random, scale);
      return { conjuncts: [against(above(), b)], bounds: [b], bounded: true };
    }
    case 'upper': {
      const b: Bound = random.chance(0.6)
        ? { base: 'now', shift: random.pick(scale.lengths), sign: '-' }
        : { base: snapTo(random, scale, ['hour', 'day']), shift: null, sign: '-' };
      return { conjuncts: [against(below(), b)], bounds: [b], bounded: false };
    }
    case 'both': {
      const sorted = random.sample(scale.lengths, 2).sort((a, b) => (a.interval.micros < b.interval.micros ? -1 : 1));
      const late: Bound = random.chance(0.25) ? AT_NOW : { base: 'now', shift: sorted[0]!, sign: '-' };
      const early: Bound = { base: 'now', shift: sorted[1]!, sign: '-' };
      return { conjuncts: [against(above(), early), against(below(), late)], bounds: [early, late], bounded: true };
    }
    case 'between':
      return betweenNow(time, lowerBound(random, scale));
    case 'snapped':
      return genSnapped(random, time, scale, whole);
    case 'age': {
      const shift = random.pick(scale.lengths);
      const age = binary('-', NOW, time, INTERVAL);
      return {
        conjuncts: [compareWith(below(), age, intervalLiteral(shift.interval, shift.text))],
        bounds: [{ base: 'now', shift, sign: '-' }],
        bounded: true,
      };
    }
    case 'calendar': {
      const base = snapTo(random, scale, ['hour', 'day', 'week', 'month']);
      const length = {
        hour: named('1 hour', 3600),
        day: named('1 day', 86400),
        week: named('7 days', 604800),
        month: months(1, '1 month'),
      }[base as 'hour' | 'day' | 'week' | 'month'];
      const early: Bound = { base, shift: length, sign: '-' };
      const late: Bound = { base, shift: null, sign: '-' };
      return {
        conjuncts: [compareWith('>=', time, boundExpr(early)), compareWith('<', time, boundExpr(late))],
        bounds: [early, late],
        bounded: true,
      };
    }
  }
};
