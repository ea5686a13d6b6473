/** sum and avg: exact for exact types, tolerant of any order for doubles, and never an error for overflow on the way. */
import type { SqlType } from '../values/types.ts';
import {
  argumentOf,
  asDouble,
  callText,
  doubleText,
  ONE_ARGUMENT,
  takesNumbers,
  takesOnly,
  typeText,
  widened,
} from './aggregate-support.ts';
import type { AggregateFunction, AggregateSqlForm, AggregateSqlParts, Resolution } from './definition.ts';
import {
  BIGINT,
  DOUBLE,
  decimal,
  isFloat,
  isNumeric,
  NUMERIC_KINDS,
  noMinusZero,
  resolved,
  typeAt,
} from './support.ts';

type DecimalType = Extract<SqlType, { kind: 'decimal' }>;

function sumType(type: SqlType): SqlType {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
      return BIGINT;
    case 'bigint':
      return decimal(38, 0);
    case 'decimal':
      return decimal(38, type.scale);
    default:
      return DOUBLE;
  }
}

function resolveOver(fn: string, type: SqlType | undefined, result: (type: SqlType) => SqlType): Resolution {
  if (fn === 'sum' && type?.kind === 'boolean') {
    return takesOnly(fn, type, 'numbers', 'count them: `count(*) FILTER (WHERE x)`');
  }
  if (type === undefined || !isNumeric(type)) return takesNumbers(fn, type);
  const to = result(type);
  return resolved([widened(type)], to, to.kind === 'double' ? 'double' : 'exact');
}

/** Beyond this many digits a sum of a few rows can leave DuckDB's 128-bit accumulator: 10^28 times 10^10 rows do not. */
const SAFE_DIGITS = 28;
/** Doubles from here on are summed apart, scaled, so that what cancels out does not overflow on the way. */
const LARGE = 1e270;
const SHRINK = 2 ** -64;
const GROW = 2 ** 64;
/** Greatest double · 2^-64. */
const SHRUNK_MAX = Number.MAX_VALUE * SHRINK;

/** Sums of a double column: of ordinary values, and of large, infinite and NaN ones · 2^-64 (NULL if there are none). */
function doubleSums(parts: AggregateSqlParts): { readonly small: string; readonly large: string } {
  const x = argumentOf(parts);
  const limit = doubleText(LARGE);
  return {
    small: `coalesce(${callText('sum', `CASE WHEN abs(${x}) < ${limit} THEN ${x} END`, parts)}, ${doubleText(0)})`,
    large: callText('sum', `CASE WHEN abs(${x}) >= ${limit} THEN ${x} * ${doubleText(SHRINK)} END`, parts),
  };
}

/** NaN and the infinities are their own sums; comparisons put NaN above infinity in both databases. */
function isSpecial(sql: string): string {
  return `abs(${sql}) >= ${doubleText(Number.POSITIVE_INFINITY)}`;
}

function sumOfDoubles(parts: AggregateSqlParts): string {
  const { small, large } = doubleSums(parts);
  const known = `${callText('count', argumentOf(parts), parts)} > 0`;
  return `(CASE WHEN ${known} THEN CASE WHEN ${large} IS NULL THEN ${small} WHEN ${isSpecial(large)} THEN ${large} WHEN abs(${large}) <= ${doubleText(SHRUNK_MAX)} THEN ${small} + ${large} * ${doubleText(GROW)} END END)`;
}

function averageOfDoubles(parts: AggregateSqlParts): string {
  const { small, large } = doubleSums(parts);
  const n = `nullif(${callText('count', argumentOf(parts), parts)}, 0)`;
  const clamped = `least(greatest(${large} / ${n}, ${doubleText(-SHRUNK_MAX)}), ${doubleText(SHRUNK_MAX)})`;
  return `(CASE WHEN ${large} IS NULL THEN ${noMinusZero(`${small} / ${n}`)} WHEN ${isSpecial(large)} THEN ${large} ELSE ${small} / ${n} + ${clamped} * ${doubleText(GROW)} END)`;
}

const HALF = '10000000000000000000'; // 10^19: two halves make 38 digits

/** The unscaled integer of a decimal, exactly, as HUGEINT. */
function duckdbUnscaled(x: string, { precision, scale }: DecimalType): string {
  if (scale === 0) return `CAST(${x} AS HUGEINT)`;
  if (precision + scale + 1 <= 38)
    return `CAST(${x} * CAST('1${'0'.repeat(scale)}' AS DECIMAL(${scale + 1},0)) AS HUGEINT)`;
  return `CAST(replace(CAST(${x} AS VARCHAR), '.', '') AS HUGEINT)`;
}

/** Sums of the upper and the lower 19 digits; neither can overflow, and the lower is carried into the upper. */
function duckdbHalves(parts: AggregateSqlParts, type: DecimalType): { readonly upper: string; readonly lower: string } {
  const unscaled = duckdbUnscaled(argumentOf(parts), type);
  const half = `CAST(${HALF} AS HUGEINT)`;
  const [high, low] = [
    callText('sum', `${unscaled} // ${half}`, parts),
    callText('sum', `${unscaled} % ${half}`, parts),
  ];
  return { upper: `(${high} + ${low} // ${half})`, lower: `(${low} % ${half})` };
}

function duckdbLongSum(parts: AggregateSqlParts, type: DecimalType): string {
  const { upper, lower } = duckdbHalves(parts, type);
  const { scale } = type;
  const whole = `CASE WHEN abs(${upper}) <= CAST(${HALF} AS HUGEINT) THEN TRY_CAST(${upper} * CAST(${HALF} AS HUGEINT) + ${lower} AS DECIMAL(38,0)) END`;
  // An unscaled integer times 0.01 is the same digits at scale 2.
  return scale === 0
    ? `(${whole})`
    : `((${whole}) * CAST('0.${'0'.repeat(scale - 1)}1' AS DECIMAL(${scale},${scale})))`;
}

function duckdbLongAverage(parts: AggregateSqlParts, type: DecimalType): string {
  const { upper, lower } = duckdbHalves(parts, type);
  const half = `CAST(${HALF} AS HUGEINT)`;
  // Together where that fits 128 bits, since the halves may cancel; beyond, the lower is less than a double of the upper tells.
  const sum = `CASE WHEN abs(${upper}) <= ${half} THEN ${readAsDouble(`${upper} * ${half} + ${lower}`, -type.scale)} ELSE ${readAsDouble(upper, HALF.length - 1 - type.scale)} END`;
  return `((${sum}) / nullif(${callText('count', argumentOf(parts), parts)}, 0))`;
}

/** A number times a power of ten, rounded once: DuckDB divides doubles for it, each rounded, and 10^23 is none. */
function readAsDouble(sql: string, exponent: number): string {
  return asDouble(`CAST(${sql} AS VARCHAR) || 'e${exponent}'`);
}

function isLong(type: SqlType): type is DecimalType {
  return type.kind === 'decimal' && type.precision > SAFE_DIGITS;
}

const duckdbSum: AggregateSqlForm = (parts, types) => {
  const type = typeAt(types, 0);
  if (isFloat(type)) return sumOfDoubles(parts);
  if (isLong(type)) return duckdbLongSum(parts, type);
  return `TRY_CAST(${callText('sum', argumentOf(parts), parts)} AS ${typeText(types.result, 'duckdb')})`;
};

const postgresSum: AggregateSqlForm = (parts, types) => {
  const { result } = types;
  if (isFloat(result)) return sumOfDoubles(parts);
  const sum = callText('sum', argumentOf(parts), parts);
  const cast = `CAST(${sum} AS ${typeText(result, 'postgres')})`;
  if (result.kind !== 'decimal') return cast;
  return `(CASE WHEN abs(${sum}) < CAST('1${'0'.repeat(result.precision - result.scale)}' AS numeric) THEN ${cast} END)`;
};

const duckdbAverage: AggregateSqlForm = (parts, types) => {
  const type = typeAt(types, 0);
  if (isFloat(type)) return averageOfDoubles(parts);
  if (isLong(type)) return duckdbLongAverage(parts, type);
  return `(${asDouble(callText('sum', argumentOf(parts), parts))} / nullif(${callText('count', argumentOf(parts), parts)}, 0))`;
};

const postgresAverage: AggregateSqlForm = (parts, types) => {
  if (isFloat(typeAt(types, 0))) return averageOfDoubles(parts);
  const n = callText('count', argumentOf(parts), parts);
  return `(${asDouble(callText('sum', argumentOf(parts), parts))} / nullif(${n}, 0))`;
};

export const sum: AggregateFunction = {
  ...ONE_ARGUMENT,
  name: 'sum',
  spellings: [{ fn: 'sum' }],
  resolve: ([type]) => resolveOver('sum', type, sumType),
  algebra: () => 'group',
  sql: { duckdb: duckdbSum, postgres: postgresSum },
  domain: [NUMERIC_KINDS],
  doc: {
    summary: 'sum of the values; NULL over nothing and where it leaves the widened type',
    calls: ['sum(x)'],
    types:
      'smallint and integer give bigint, bigint gives decimal(38,0), decimal(p,s) gives decimal(38,s), real and double give double',
    examples: [{ sql: 'SELECT sum(x) FROM (VALUES (1), (2), (NULL)) AS v(x)', value: '3' }],
  },
};

export const avg: AggregateFunction = {
  ...ONE_ARGUMENT,
  name: 'avg',
  spellings: [{ fn: 'avg' }],
  resolve: ([type]) => resolveOver('avg', type, () => DOUBLE),
  algebra: () => 'group',
  sql: { duckdb: duckdbAverage, postgres: postgresAverage },
  domain: [NUMERIC_KINDS],
  doc: {
    summary: 'exact sum divided by the count, as double precision; NULL over nothing',
    calls: ['avg(x)'],
    types: 'any number gives a double',
    examples: [{ sql: 'SELECT avg(x) FROM (VALUES (1), (2), (NULL)) AS v(x)', value: '1.5' }],
  },
};
