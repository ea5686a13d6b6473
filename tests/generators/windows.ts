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

const lowerBound = (random: Random, scale: readonly NamedInterval[]): Bound => {
  if (random.chance(0.75)) return { base: 'now', shift: random.pick(scale), sign: '-' };
  const base = random.pick<Base>(['minute', 'hour', 'hour', 'day', 'day', 'week', 'month', 'quarter', 'year']);
  if (random.chance(0.4)) return { base, shift: null, sign: '-' };
  if ((base === 'month' || base === 'year') && random.chance(0.6))
    return { base, shift: random.pick([months(1, '1 month'), months(3, '3 months'), months(12, '1 year')]), sign: '-' };
  return { base, shift: random.pick(scale), sign: '-' };
};

/** A random window; `whole` allows none at all, or one without a lower bound. */
export const genWindow = (random: Random, time: Expr, scale: readonly NamedInterval[], whole: boolean): WindowSpec => {
  const form = random.choose([
    [5, 'lower'],
    [2, 'both'],
    [1, 'between'],
    [1, 'age'],
    [1, 'calendar'],
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
  const now: Bound = { base: 'now', shift: null, sign: '-' };
  switch (form) {
    case 'none':
      return { conjuncts: [], bounds: [], bounded: false };
    case 'lower': {
      const b = lowerBound(random, scale);
      return { conjuncts: [against(above(), b)], bounds: [b], bounded: true };
    }
    case 'upper': {
      const b: Bound = random.chance(0.6)
        ? { base: 'now', shift: random.pick(scale), sign: '-' }
        : { base: random.pick<Base>(['hour', 'day']), shift: null, sign: '-' };
      return { conjuncts: [against(below(), b)], bounds: [b], bounded: false };
    }
    case 'both': {
      const sorted = random.sample(scale, 2).sort((a, b) => (a.interval.micros < b.interval.micros ? -1 : 1));
      const late: Bound = random.chance(0.25) ? now : { base: 'now', shift: sorted[0]!, sign: '-' };
      const early: Bound = { base: 'now', shift: sorted[1]!, sign: '-' };
      return { conjuncts: [against(above(), early), against(below(), late)], bounds: [early, late], bounded: true };
    }
    case 'between': {
      const b = lowerBound(random, scale);
      const between: Expr = {
        node: 'between',
        negated: false,
        arg: time,
        low: boundExpr(b),
        high: boundExpr(now),
        type: BOOLEAN,
      };
      return { conjuncts: [between], bounds: [b, now], bounded: true };
    }
    case 'age': {
      const shift = random.pick(scale);
      const age = binary('-', NOW, time, INTERVAL);
      return {
        conjuncts: [compareWith(below(), age, intervalLiteral(shift.interval, shift.text))],
        bounds: [{ base: 'now', shift, sign: '-' }],
        bounded: true,
      };
    }
    case 'calendar': {
      const base = random.pick<Base>(['hour', 'day', 'week', 'month']);
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
