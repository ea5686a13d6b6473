/**
 * Variances and standard deviations, over doubles. NULL for too few values, for NaN and infinities, and where the sum of squares is
 * beyond the range of a double (rules.md 25): DuckDB raises an error there, so such values never reach its function.
 */
import {
  argumentOf,
  asDouble,
  callText,
  doubleText,
  everywhere,
  ONE_ARGUMENT,
  takesNumbers,
} from './aggregate-support.ts';
import type { AggregateFunction, AggregateSqlForm, AggregateSqlParts } from './definition.ts';
import { DOUBLE, isExact, isFloat, isNumeric, NUMERIC_KINDS, resolved, typeAt } from './support.ts';

/** Squares of anything below stay in range for 10^28 rows. */
const ORDINARY = 1e140;
const SHRINK = 2 ** -64;
/** Greatest double · 2^-128: bound of a shrunk sum of squares. */
const SHRUNK_MAX = Number.MAX_VALUE * SHRINK * SHRINK;

type Spread = 'var_samp' | 'var_pop';

function varianceOf(fn: Spread, root: boolean): AggregateSqlForm {
  const finish = (variance: string): string => (root ? `sqrt(${variance})` : variance);
  return (parts, types) => {
    const x = asDouble(argumentOf(parts));
    if (isExact(typeAt(types, 0))) return finish(callText(fn, x, parts));
    return guarded(fn, finish, x, parts);
  };
}

function guarded(fn: Spread, finish: (text: string) => string, x: string, parts: AggregateSqlParts): string {
  const pick = (condition: string, value: string): string =>
    `CASE WHEN ${condition} THEN ${value} WHEN ${x} IS NOT NULL THEN ${doubleText(0)} END`;
  const ordinary = pick(`abs(${x}) < ${doubleText(ORDINARY)}`, x);
  // Below 1 nothing counts beside a value above 10^140, and shrinking it would be an underflow, which Postgres refuses.
  const isLarge = `abs(${x}) >= ${doubleText(1)} AND abs(${x}) <= ${doubleText(Math.sqrt(Number.MAX_VALUE))}`;
  const shrunk = `${x} * ${doubleText(SHRINK)}`;
  const squares = callText('sum', `CASE WHEN ${isLarge} THEN ${shrunk} * (${shrunk}) END`, parts);
  const most = callText('max', `abs(${x})`, parts);
  const large = `${callText(fn, pick(isLarge, shrunk), parts)} * ${doubleText(SHRINK ** -2)}`;
  return `(CASE WHEN ${most} < ${doubleText(ORDINARY)} THEN ${finish(callText(fn, ordinary, parts))} WHEN ${most} <= ${doubleText(Math.sqrt(Number.MAX_VALUE))} AND ${squares} < ${doubleText(SHRUNK_MAX)} THEN ${finish(large)} END)`;
}

function spread(
  name: string,
  fn: Spread,
  root: boolean,
  spellings: readonly string[],
  value: string,
): AggregateFunction {
  return {
    ...ONE_ARGUMENT,
    name,
    spellings: spellings.map((spelling) => ({ fn: spelling })),
    resolve: ([type]) =>
      type !== undefined && isNumeric(type)
        ? resolved([isFloat(type) ? DOUBLE : type], DOUBLE, 'double')
        : takesNumbers(name, type),
    algebra: () => 'group',
    sql: everywhere(varianceOf(fn, root)),
    domain: [NUMERIC_KINDS],
    doc: {
      calls: spellings.map((spelling) => `${spelling}(x)`),
      types: 'any number gives a double',
      summary: `${root ? 'standard deviation' : 'variance'} of ${fn === 'var_samp' ? 'a sample (NULL below two values)' : 'the whole'}`,
      examples: [
        { sql: `SELECT ${name}(x) FROM (VALUES (1.0), (3.0)${fn === 'var_samp' ? ', (5.0)' : ''}) AS v(x)`, value },
      ],
    },
  };
}

export const varSamp: AggregateFunction = spread('var_samp', 'var_samp', false, ['var_samp', 'variance'], '4');
export const varPop: AggregateFunction = spread('var_pop', 'var_pop', false, ['var_pop'], '1');
export const stddevSamp: AggregateFunction = spread('stddev_samp', 'var_samp', true, ['stddev_samp', 'stddev'], '2');
export const stddevPop: AggregateFunction = spread('stddev_pop', 'var_pop', true, ['stddev_pop'], '1');
