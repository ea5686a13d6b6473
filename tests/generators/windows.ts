/** Windows of shape A and WHERE of shape B: conditions on the event time against now(). */
import { addMonths, truncate } from '../reference/values.ts';
import { binary, call, compareWith, intervalLiteral, literal, NOW } from './expressions.ts';
import type { Random } from './random.ts';
import type { Expr, Interval } from './view-spec.ts';
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
/** Those that months are counted from. */
const CALENDAR: readonly Base[] = ['month', 'quarter', 'year'];

export const genScale = (random: Random): WindowScale => {
  const lengths = random.pick(SCALES);
  const unit = random.pick(SNAPS);
  const isCalendar = CALENDAR.includes(unit) && random.chance(0.5);
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
  const bounded = ['>', '>=', 'from', 'to'] as const;
  const form = random.pick(whole ? ([...bounded, '<', '<='] as const) : bounded);
  if (form === 'from') return between(time, bound, random.chance(0.7) ? AT_NOW : upperFor(random, scale, bound));
  if (form === 'to') return between(time, earlier(bound, scale), bound);
  return {
    conjuncts: [compareWith(form, time, boundExpr(bound))],
    bounds: [bound],
    bounded: form === '>' || form === '>=',
  };
};

const AT_NOW: Bound = { base: 'now', shift: null, sign: '-' };

const betweenExpr = (arg: Expr, low: Expr, high: Expr): Expr => ({
  node: 'between',
  negated: false,
  arg,
  low,
  high,
  type: BOOLEAN,
});

const between = (time: Expr, low: Bound, high: Bound): WindowSpec => ({
  conjuncts: [betweenExpr(time, boundExpr(low), boundExpr(high))],
  bounds: [low, high],
  bounded: true,
});

const doubled = ({ interval }: NamedInterval): NamedInterval => {
  if (interval.months > 0) return months(2 * interval.months, `${2 * interval.months} months`);
  const seconds = 2 * Number(interval.micros / 1_000_000n);
  return named(`${seconds} seconds`, seconds);
};

/** A bound of the same base that is before it at every t. */
const earlier = (bound: Bound, { shift }: WindowScale): Bound => {
  if (bound.shift === null) return { ...bound, shift, sign: '-' };
  return bound.sign === '+' ? { ...bound, shift: null } : { ...bound, shift: doubled(bound.shift) };
};

const lowerBound = (random: Random, scale: WindowScale): Bound => {
  if (random.chance(0.75)) return { base: 'now', shift: random.pick(scale.lengths), sign: '-' };
  const base = snapTo(random, scale, SNAPS);
  if (random.chance(0.45)) return { base, shift: null, sign: '-' };
  if (CALENDAR.includes(base) && random.chance(0.6)) return { base, shift: random.pick(MONTHS), sign: '-' };
  return { base, shift: random.pick(scale.lengths), sign: random.chance(0.8) ? '-' : '+' };
};

const upperBound = (random: Random, scale: WindowScale): Bound => {
  if (random.chance(0.1)) return { base: 'now', shift: random.pick(scale.lengths), sign: '+' };
  return random.chance(0.2) ? AT_NOW : lowerBound(random, scale);
};

const shiftOf = ({ shift, sign }: Bound): Interval => {
  const { months, micros } = shift?.interval ?? { months: 0, micros: 0n };
  return sign === '-' ? { months: -months, micros: -micros } : { months, micros };
};

/** Whether the ends have one base and `low` is not before `high` there, so that the window is refused. */
const isEmpty = (low: Bound, high: Bound): boolean => {
  const [from, to] = [shiftOf(low), shiftOf(high)];
  return low.base === high.base && from.months === to.months && from.micros >= to.micros;
};

/** An end for a window that begins at `low`; by an end of another base it may be empty at times. */
const upperFor = (random: Random, scale: WindowScale, low: Bound): Bound => {
  const high = upperBound(random, scale);
  return isEmpty(low, high) ? AT_NOW : high;
};

const FLIPPED: Readonly<Record<Order, Order>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };
type Order = '>' | '>=' | '<' | '<=';

const above = (random: Random): Order => random.pick<Order>(['>', '>', '>=']);
const below = (random: Random): Order => random.pick<Order>(['<', '<=']);

const compareFlipped = (op: Order, left: Expr, right: Expr): Expr => compareWith(FLIPPED[op], right, left);

const against = (random: Random, op: Order, time: Expr, bound: Bound): Expr =>
  (random.chance(0.85) ? compareWith : compareFlipped)(op, time, boundExpr(bound));

/** Two lengths, the shorter one first. */
const twoLengths = (random: Random, { lengths }: WindowScale): [NamedInterval, NamedInterval] => {
  const [a, b] = random.sample(lengths, 2) as [NamedInterval, NamedInterval];
  return a.interval.micros < b.interval.micros ? [a, b] : [b, a];
};

/** Conditions on the age of the event, at now() or at the start of the unit; `whole` allows those on old ones alone. */
const genAge = (random: Random, time: Expr, scale: WindowScale, whole: boolean): WindowSpec => {
  const base: Base = random.chance(0.75) ? 'now' : snapTo(random, scale, SNAPS);
  const age = binary('-', boundExpr({ ...AT_NOW, base }), time, INTERVAL);
  const length = ({ interval, text }: NamedInterval): Expr => intervalLiteral(interval, text);
  const old = (): Order => random.pick<Order>(['>', '>=']);
  const compare = (op: Order, shift: NamedInterval): Expr =>
    (random.chance(0.5) ? compareWith : compareFlipped)(op, age, length(shift));
  const atAge = (shift: NamedInterval): Bound => ({ base, shift, sign: '-' });
  const [short, long] = twoLengths(random, scale);
  const bounds = [atAge(long), atAge(short)];
  const forms = ['young', 'both', 'between'] as const;
  switch (random.pick(whole ? ([...forms, 'old', 'old'] as const) : forms)) {
    case 'young':
      return { conjuncts: [compare(below(random), long)], bounds: [atAge(long)], bounded: true };
    case 'both':
      return { conjuncts: [compare(old(), short), compare(below(random), long)], bounds, bounded: true };
    case 'between':
      return { conjuncts: [betweenExpr(age, length(short), length(long))], bounds, bounded: true };
    case 'old':
      return { conjuncts: [compare(old(), short)], bounds: [atAge(short)], bounded: false };
  }
};

/** How long an event stays, told from its own time. */
const genStay = (random: Random, time: Expr, { lengths }: WindowScale): WindowSpec => {
  const shift = random.pick(lengths);
  const { months, micros } = shift.interval;
  const left = binary('-', time, NOW, INTERVAL);
  const least = intervalLiteral({ months, micros: -micros }, `-${micros / 1_000_000n} seconds`);
  const end = binary('+', time, intervalLiteral(shift.interval, shift.text), time.type);
  const condition = random.pick([
    betweenExpr(NOW, time, end),
    compareWith(above(random), end, NOW),
    compareWith(above(random), left, least),
  ]);
  return { conjuncts: [condition], bounds: [{ base: 'now', shift, sign: '-' }], bounded: true };
};

/** Above one bound and below another. */
const genBoth = (random: Random, time: Expr, scale: WindowScale): WindowSpec => {
  const [short, long] = twoLengths(random, scale);
  const early: Bound = random.chance(0.75) ? { base: 'now', shift: long, sign: '-' } : lowerBound(random, scale);
  const isPlain = early.shift === long && random.chance(0.7);
  const late: Bound = isPlain ? { base: 'now', shift: short, sign: '-' } : upperFor(random, scale, early);
  return {
    conjuncts: [against(random, above(random), time, early), against(random, below(random), time, late)],
    bounds: [early, late],
    bounded: true,
  };
};

/** BETWEEN with an instant of `times` at one end: a condition on the event alone, and a window. */
const genFixed = (random: Random, time: Expr, scale: WindowScale, times: readonly bigint[]): WindowSpec => {
  const fixed = literal(TIMESTAMP, random.pick(times));
  if (random.chance(0.5)) {
    const low = lowerBound(random, scale);
    return { conjuncts: [betweenExpr(time, boundExpr(low), fixed)], bounds: [low], bounded: true };
  }
  const high = upperBound(random, scale);
  return { conjuncts: [betweenExpr(time, fixed, boundExpr(high))], bounds: [high], bounded: false };
};

/** A unit of the calendar as a whole, the one before this. */
const genCalendar = (random: Random, time: Expr, scale: WindowScale): WindowSpec => {
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
};

/** A random window; `whole` allows none at all, or one without a lower bound. `times`: instants near those of events. */
export const genWindow = (
  random: Random,
  time: Expr,
  scale: WindowScale,
  whole: boolean,
  times: readonly bigint[],
): WindowSpec => {
  const form = random.choose([
    [5, 'lower'],
    [2, 'both'],
    [1, 'between'],
    [1, 'age'],
    [0.5, 'stay'],
    [1, 'calendar'],
    [2, 'snapped'],
    [whole && time.type.kind === 'timestamp' ? 0.5 : 0, 'fixed'],
    [whole ? 2 : 0, 'upper'],
    [whole ? 3 : 0, 'none'],
  ] as const);
  switch (form) {
    case 'none':
      return { conjuncts: [], bounds: [], bounded: false };
    case 'lower': {
      const b = lowerBound(random, scale);
      return { conjuncts: [against(random, above(random), time, b)], bounds: [b], bounded: true };
    }
    case 'upper': {
      const b = upperBound(random, scale);
      return { conjuncts: [against(random, below(random), time, b)], bounds: [b], bounded: false };
    }
    case 'both':
      return genBoth(random, time, scale);
    case 'between': {
      const low = lowerBound(random, scale);
      return between(time, low, upperFor(random, scale, low));
    }
    case 'snapped':
      return genSnapped(random, time, scale, whole);
    case 'age':
      return genAge(random, time, scale, whole);
    case 'stay':
      return genStay(random, time, scale);
    case 'fixed':
      return genFixed(random, time, scale, times);
    case 'calendar':
      return genCalendar(random, time, scale);
  }
};
