/** CAST and `::`. A failed cast gives NULL. Pairs on which the databases differ are refused with the portable spelling. */
import { decimalToNumber, fitsPrecision, printDecimal, rescale } from '../values/decimal.ts';
import { fitsInt64, type Hybrid, normaliseBigint } from '../values/hybrid.ts';
import { daysFromCivil, instantInRange, printDate, printTimestamp } from '../values/temporal.ts';
import { codePointLength } from '../values/text.ts';
import {
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  printType,
  type SqlType,
  type Value,
} from '../values/types.ts';
import type { CallTypes, Dialect, Resolution, ScalarFunction } from './definition.ts';
import {
  ALL_KINDS,
  arg,
  asDecimal,
  duckdbType,
  duckFinite,
  duckTimestampRange,
  duckTry,
  type IntegerType,
  isExact,
  isFloat,
  isInstant,
  isInteger,
  isNumeric,
  isTemporal,
  noMinusZero,
  postgresGuard,
  postgresMidnight,
  postgresOnce,
  postgresReal,
  postgresTimestampRange,
  postgresType,
  rejected,
  resolved,
  scaleOf,
  typeAt,
  widerInteger,
} from './support.ts';

function refuse(from: SqlType, to: SqlType, cause: string, help: string): Resolution {
  return rejected(`cannot cast ${printType(from)} to ${printType(to)}`, cause, help, 'FSC3109');
}

function resolveCast(args: readonly SqlType[], target: SqlType | null): Resolution {
  const [from] = args as [SqlType];
  if (target === null) throw new Error('cast needs its target');
  if (from.kind === 'unknown' || from.kind === target.kind) return resolved([from], target);
  if (isExact(from) && isNumeric(target))
    return resolved([from], target, isFloat(target) && !isRoundedOnce(from, target) ? 'double' : 'exact');
  if (isFloat(from) && isFloat(target)) return resolved([from], target);
  if (isFloat(from) && isInteger(target)) return resolved([from], target);
  if (isFloat(from) && target.kind === 'decimal') {
    return refuse(
      from,
      target,
      'Postgres keeps 15 digits, DuckDB the binary expansion',
      'declare the column decimal at the source',
    );
  }
  if (from.kind === 'boolean' && target.kind === 'integer') return resolved([from], target);
  if (from.kind === 'boolean' && isNumeric(target))
    return refuse(
      from,
      target,
      'Postgres casts booleans to integer only',
      `cast twice: \`CAST(CAST(x AS integer) AS ${printType(target)})\``,
    );
  if (from.kind === 'integer' && target.kind === 'boolean') return resolved([from], target);
  if (target.kind === 'text') return castToText(from, target);
  if (from.kind === 'text') return castFromText(from, target);
  if (isTemporal(from) && isTemporal(target)) return resolved([from], target);
  return refuse(from, target, 'the databases have no such cast in common', 'write it as an expression');
}

/** The digits and the power of ten are floats without loss, so that every machine comes to the nearest one. */
function isRoundedOnce(from: SqlType, to: SqlType): boolean {
  if (to.kind === 'real') return from.kind === 'smallint' || from.kind === 'integer';
  return isInteger(from) || (from.kind === 'decimal' && from.precision <= 15);
}

function castToText(from: SqlType, target: SqlType): Resolution {
  if (isFloat(from))
    return refuse(
      from,
      target,
      '1.0 prints as `1.0` in DuckDB and `1` in Postgres',
      'cast to decimal at the source, or leave the number',
    );
  if (from.kind === 'timestamptz')
    return refuse(from, target, 'the zone is printed differently', 'cast to timestamp first');
  if (from.kind === 'interval') return refuse(from, target, 'intervals print differently', 'use extract(epoch FROM x)');
  if (from.kind === 'decimal' && from.precision === from.scale) {
    return refuse(
      from,
      target,
      `DuckDB prints a decimal(${from.precision},${from.scale}) without the zero before the point`,
      `cast to decimal(${Math.min(38, from.precision + 1)},${from.scale}) first`,
    );
  }
  return resolved([from], target);
}

function castFromText(from: SqlType, target: SqlType): Resolution {
  if (
    isInteger(target) ||
    target.kind === 'decimal' ||
    target.kind === 'double' ||
    target.kind === 'date' ||
    target.kind === 'timestamp'
  )
    return resolved([from], target);
  return refuse(
    from,
    target,
    'the databases accept different texts',
    target.kind === 'boolean' ? "compare the text: `x = 'true'`" : 'cast to timestamp, double precision or a number',
  );
}

const canFail = (types: CallTypes): boolean => {
  const from = typeAt(types, 0);
  const to = types.result;
  if (from.kind === 'text') return to.kind !== 'text';
  if (from.kind === 'date') return isInstant(to);
  if (isFloat(from)) return to.kind !== 'double' && to.kind !== from.kind;
  return isExact(from) && (isInteger(to) || to.kind === 'decimal') && !fitsAlways(from, to);
};

/** Every value of the one has a place in the other. */
function fitsAlways(from: SqlType, to: SqlType): boolean {
  if (isInteger(from) && isInteger(to)) return widerInteger(from, to).kind === to.kind;
  if (to.kind !== 'decimal') return false;
  const { precision, scale } = asDecimal(from);
  return scale <= to.scale && precision - scale <= to.precision - to.scale;
}

/**
 * Texts that both databases read, and read alike; all others give NULL. Regular expressions of JavaScript, DuckDB and Postgres at once,
 * but for the class of blanks. They leave nothing to fail but a number's size.
 */
const BLANKS = '[[:space:]]*';
const DIGITS = '([0-9]+([.][0-9]*)?|[.][0-9]+)';
const EXPONENT = '([eE][+-]?[0-9]{1,3})?';
const WORDS = '([iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])';
const YEAR = '([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])';
const LEAP_YEAR = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)';
const DAY = `(${dayPattern('-')}|${dayPattern('/')})`;
const CLOCK = '([01]?[0-9]|2[0-3]):[0-5]?[0-9]';
const OFFSET = '[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?';
const SECONDS = `:[0-5]?[0-9]([.][0-9]{0,6})?( UTC|Z|${OFFSET})? *`;
/** Of a date the clock is dropped, so less of it has to be read alike. */
const DROPPED_CLOCK = `(${CLOCK}(:[0-5]?[0-9]([.][0-9]{0,9})?)?|24:0?0(:0?0)?)( ?(UTC|[Zz]|${OFFSET}))?`;

function dayPattern(dash: string): string {
  const [first28, upTo30, upTo31] = ['(0?[1-9]|1[0-9]|2[0-8])', '(0?[1-9]|[12][0-9]|30)', '(0?[1-9]|[12][0-9]|3[01])'];
  const days = `(0?[13578]|1[02])${dash}${upTo31}|(0?[469]|11)${dash}${upTo30}|0?2${dash}${first28}`;
  return `(${YEAR}${dash}(${days})|${LEAP_YEAR}${dash}0?2${dash}29)`;
}

const TEXT_PATTERN = {
  integer: `^${BLANKS}[+-]?[0-9]+${BLANKS}$`,
  decimal: `^${BLANKS}[+-]?${DIGITS}${BLANKS}$`,
  number: `^${BLANKS}[+-]?${DIGITS}${EXPONENT}${BLANKS}$`,
  word: `^${BLANKS}[+-]?${WORDS}${BLANKS}$`,
  date: `^${BLANKS}${DAY}([Tt[:space:]]${BLANKS}${DROPPED_CLOCK})?${BLANKS}$`,
  timestamp: `^${BLANKS}${DAY}([T ] *(${CLOCK}(${SECONDS})?|24:0?0(:0?0 *)?))?$`,
} as const;
/** No longer text is a number: Postgres could not hold it on the way. */
const MAX_NUMBER_LENGTH = 1000;

/** An SQL condition: the text has the shape. */
function hasShape(sql: string, shape: keyof typeof TEXT_PATTERN, dialect: Dialect): string {
  const pattern = TEXT_PATTERN[shape];
  const matches = dialect === 'duckdb' ? `regexp_matches(${sql}, '${pattern}')` : `(${sql} COLLATE "C") ~ '${pattern}'`;
  const isNumber = shape === 'integer' || shape === 'decimal' || shape === 'number';
  return isNumber ? `length(${sql}) <= ${MAX_NUMBER_LENGTH} AND ${matches}` : matches;
}

function duckdbCast(args: readonly string[], types: CallTypes): string {
  const from = typeAt(types, 0);
  const a = arg(args, 0);
  const to = types.result;
  if (from.kind === 'text' && to.kind !== 'text') return duckdbFromText(a, types);
  if (isFloat(from) && isInteger(to))
    return `(CASE WHEN ${roundsInto(a, to)} THEN CAST(greatest(${a}, ${LEAST[to.kind]}) AS ${duckdbType(to)}) END)`;
  if (from.kind === 'double' && to.kind === 'real') return duckFinite(duckTry(a, types), [a]);
  if (from.kind === 'date' && isInstant(to)) return duckTimestampRange(duckTry(a, types));
  return canFail(types) ? duckTry(a, types) : `CAST(${a} AS ${duckdbType(to)})`;
}

function duckdbFromText(a: string, types: CallTypes): string {
  const to = types.result;
  if (to.kind === 'double') {
    const number = `TRY(CAST(${a} AS DOUBLE))`;
    return `(CASE WHEN ${hasShape(a, 'number', 'duckdb')} THEN CASE WHEN isfinite(${number}) THEN ${noMinusZero(number)} END WHEN ${hasShape(a, 'word', 'duckdb')} THEN ${number} END)`;
  }
  if (to.kind === 'date') return `(CASE WHEN ${hasShape(a, 'date', 'duckdb')} THEN ${duckTry(a, types)} END)`;
  if (to.kind === 'timestamp')
    return `(CASE WHEN ${hasShape(a, 'timestamp', 'duckdb')} THEN ${duckTimestampRange(duckTry(a, types))} END)`;
  if (to.kind === 'decimal')
    return `(CASE WHEN ${hasShape(a, 'decimal', 'duckdb')} THEN ${duckTry(a, types)} WHEN ${hasShape(a, 'number', 'duckdb')} THEN ${duckTry(withoutExponent(a), types)} END)`;
  return `(CASE WHEN ${hasShape(a, 'integer', 'duckdb')} THEN ${duckTry(a, types)} END)`;
}

/** The greatest exponent of a text. */
const MAX_EXPONENT = 999;

/** A number's text with its point moved: DuckDB casts some texts with an exponent to a decimal wrongly ('1e-20' is 1), and refuses others. */
function withoutExponent(a: string): string {
  const zeros = `repeat('0', ${MAX_EXPONENT})`;
  const digits = `${zeros} || regexp_replace(regexp_replace(${a}, '[eE].*', ''), '[^0-9]', '', 'g') || ${zeros}`;
  const exponent = `TRY_CAST(regexp_extract(${a}, '[eE]([+-]?[0-9]+)', 1) AS BIGINT)`;
  const point = `(${MAX_EXPONENT} + length(regexp_extract(${a}, '^[^0-9.]*([0-9]*)', 1)) + ${exponent})`;
  return `regexp_extract(${a}, '^[^0-9.]*') || left(${digits}, ${point}) || '.' || substr(${digits}, ${point} + 1)`;
}

const LEAST = { smallint: '-32768', integer: '-2147483648', bigint: '-9223372036854775808' } as const;
/** Bounds of the doubles that round half to even into the type, the upper one exclusive. */
const ROUNDED = {
  smallint: ['-32768.5', '32767.5'],
  integer: ['-2147483648.5', '2147483647.5'],
  bigint: ['-9223372036854775808', '9223372036854775808'],
} as const;

/** DuckDB compares before it rounds: it refuses -32768.5 and wraps 32767.5 around. False for NaN, which is above all in both databases. */
function roundsInto(sql: string, to: IntegerType): string {
  const [low, high] = ROUNDED[to.kind];
  return `${sql} >= CAST('${low}' AS double precision) AND ${sql} < CAST('${high}' AS double precision)`;
}

function postgresCast(args: readonly string[], types: CallTypes): string {
  const from = typeAt(types, 0);
  const a = arg(args, 0);
  const to = types.result;
  const cast = `CAST(${a} AS ${postgresType(to)})`;
  if (from.kind === 'text' && to.kind !== 'text') return postgresFromText(a, types);
  if (isFloat(from) && isInteger(to)) return `(CASE WHEN ${roundsInto(a, to)} THEN ${cast} END)`;
  if (from.kind === 'double' && to.kind === 'real') return postgresOnce([a], null, ([x = '']) => postgresReal(x));
  if (from.kind === 'date' && isInstant(to)) return postgresTimestampRange(postgresMidnight(a, to), to);
  if (isExact(from) && isFloat(to)) return cast;
  if (to.kind === 'text' && isTemporal(from)) return postgresPrinted(a, from);
  if (canFail(types)) return postgresGuard(`round(${a}::numeric, ${scaleOf(to)})`, to, cast);
  if (from.kind === 'timestamptz') return `CAST((${a} AT TIME ZONE 'UTC') AS ${postgresType(to)})`;
  if (to.kind === 'timestamptz') return `(${a} AT TIME ZONE 'UTC')`;
  return cast;
}

/** Whatever DateStyle the session has. */
function postgresPrinted(a: string, from: SqlType): string {
  if (from.kind === 'date') return `to_char(${a}, 'YYYY-MM-DD')`;
  return `rtrim(rtrim(to_char(${a}, 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.')`;
}

function postgresFromText(a: string, types: CallTypes): string {
  const to = types.result;
  const cast = `CAST(${a} AS ${postgresType(to)})`;
  switch (to.kind) {
    case 'double':
      return `(CASE WHEN ${hasShape(a, 'number', 'postgres')} THEN ${postgresNumber(a)} WHEN ${hasShape(a, 'word', 'postgres')} THEN ${cast} END)`;
    case 'date':
      return `(CASE WHEN ${hasShape(a, 'date', 'postgres')} THEN ${cast} END)`;
    case 'timestamp':
      return `(CASE WHEN ${hasShape(a, 'timestamp', 'postgres')} THEN ${postgresTimestampRange(cast, to)} END)`;
    default: {
      const rounded = `round(${a}::numeric, ${scaleOf(to)})`;
      const shape = to.kind === 'decimal' ? 'number' : 'integer';
      return `(CASE WHEN ${hasShape(a, shape, 'postgres')} THEN ${postgresGuard(rounded, to, cast)} END)`;
    }
  }
}

/** Half-way between the greatest double and what would follow: from here on a text is an overflow, which Postgres raises. */
const BEYOND_DOUBLE = (2n ** 1024n - 2n ** 970n).toString();
/** Up to half of the least double a text is 0 to JavaScript and DuckDB, and raises in Postgres. */
const BELOW_DOUBLE = '2.4703282292062327208299439634110764259422e-324';

function postgresNumber(a: string): string {
  const size = `abs(${a}::numeric)`;
  return `CASE WHEN ${size} <= ${BELOW_DOUBLE} THEN 0 WHEN ${size} < ${BEYOND_DOUBLE} THEN CAST(${a} AS double precision) END`;
}

function jsCast(args: readonly string[], types: CallTypes): string {
  const from = typeAt(types, 0);
  const to = types.result;
  const a = arg(args, 0);
  if (from.kind === to.kind && from.kind !== 'decimal') return a;
  if (isExact(from)) return castExact(a, from, to);
  if (isFloat(from))
    return isInteger(to)
      ? `k.castDoubleToInteger(${a}, ${JSON.stringify(to.kind)})`
      : to.kind === 'real'
        ? `k.castDoubleToReal(${a})`
        : a;
  if (from.kind === 'boolean') return to.kind === 'text' ? `(${a} ? 'true' : 'false')` : `(${a} ? 1 : 0)`;
  if (from.kind === 'text') return `k.castText(${a}, ${JSON.stringify(to)})`;
  if (from.kind === 'date')
    return to.kind === 'text' ? `k.printDate(${a})` : `k.instantInRange(${a} * ${MICROS_PER_DAY})`;
  if (isInstant(from))
    return to.kind === 'text'
      ? `k.printTimestamp(${a}, ' ', '')`
      : to.kind === 'date'
        ? `Math.floor(${a} / ${MICROS_PER_DAY})`
        : a;
  return a;
}

function castExact(a: string, from: SqlType, to: SqlType): string {
  const scale = scaleOf(from);
  if (to.kind === 'text') return scale === 0 ? `String(${a})` : `k.printDecimal(${a}, ${scale})`;
  if (to.kind === 'double') return scale === 0 ? `Number(${a})` : `k.decimalToDouble(${a}, ${scale})`;
  if (to.kind === 'real') return `Math.fround(k.decimalToDouble(${a}, ${scale}))`;
  if (to.kind === 'boolean') return `(${a} !== 0)`;
  const value = scale === scaleOf(to) ? a : `k.rescaleHybrid(${a}, ${scale}, ${scaleOf(to)})`;
  if (fitsAlways(from, to)) return value;
  return to.kind === 'decimal'
    ? `k.decimalFit(${value}, ${to.precision})`
    : `k.integerFit(${value}, ${JSON.stringify(to.kind)})`;
}

function integerFit(value: Hybrid, kind: IntegerType['kind']): Hybrid | null {
  if (kind === 'bigint') return fitsInt64(value) ? value : null;
  const limit = kind === 'smallint' ? 32768 : 2147483648;
  return typeof value === 'number' && value < limit && value >= -limit ? value : null;
}

/** Half to even, as Postgres casts a double; NaN and infinity are NULL. */
function castDoubleToInteger(value: number, kind: IntegerType['kind']): Hybrid | null {
  if (!Number.isFinite(value)) return null;
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return integerFit(normaliseBigint(BigInt(rounded)), kind);
}

function castDoubleToReal(value: number): number | null {
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded)) return null;
  return rounded === 0 ? 0 : rounded;
}

const SHAPES = new Map(
  Object.entries(TEXT_PATTERN).map(([shape, pattern]) => [
    shape,
    new RegExp(pattern.replaceAll('[:space:]', '\\t-\\r ')),
  ]),
);

function matches(text: string, shape: keyof typeof TEXT_PATTERN): boolean {
  return SHAPES.get(shape)?.test(text) === true;
}

function castText(text: string, type: SqlType): Value {
  switch (type.kind) {
    case 'double':
      return castTextToDouble(text);
    case 'date':
      return matches(text, 'date') ? daysOf(text) : null;
    case 'timestamp':
      return matches(text, 'timestamp') ? instantInRange(microsOf(text)) : null;
    case 'decimal':
      return isNumber(text, 'number') ? castTextToDecimal(text.trim(), type.precision, type.scale) : null;
    default:
      return isNumber(text, 'integer')
        ? integerFit(normaliseBigint(BigInt(text.trim().replace('+', ''))), type.kind as IntegerType['kind'])
        : null;
  }
}

function isNumber(text: string, shape: 'integer' | 'number'): boolean {
  return codePointLength(text) <= MAX_NUMBER_LENGTH && matches(text, shape);
}

function castTextToDouble(text: string): number | null {
  if (isNumber(text, 'number')) {
    const value = Number(text.trim());
    return Number.isFinite(value) ? (value === 0 ? 0 : value) : null;
  }
  if (!matches(text, 'word')) return null;
  const word = text.trim().toLowerCase();
  if (word.includes('nan')) return Number.NaN;
  return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** More digits than the scale are rounded, half away from zero. */
function castTextToDecimal(text: string, precision: number, scale: number): Hybrid | null {
  const [mantissa = '', exponent = '0'] = text.replace(/^[+-]/, '').split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const places = fraction.length - Number(exponent);
  const unscaled = BigInt(`${whole}${fraction}${'0'.repeat(Math.max(0, -places))}`) * (text.startsWith('-') ? -1n : 1n);
  const value = rescale(normaliseBigint(unscaled), Math.max(0, places), scale);
  return fitsPrecision(value, precision) ? value : null;
}

/** The first three numbers of a text that has the shape of a date. */
function daysOf(text: string): number {
  const [year, month, day] = (text.match(/[0-9]+/g) as string[]).map(Number) as [number, number, number];
  return daysFromCivil(year, month, day);
}

/** An offset is dropped, as both databases do for a timestamp without time zone. */
function microsOf(text: string): number {
  const [, , , hour = 0, minute = 0] = (text.match(/[0-9]+/g) as string[]).map(Number);
  const [, second = '0', fraction = ''] = /:[0-9]+:([0-9]+)(?:[.]([0-9]*))?/.exec(text) ?? [];
  return (
    daysOf(text) * MICROS_PER_DAY +
    hour * MICROS_PER_HOUR +
    minute * MICROS_PER_MINUTE +
    Number(second) * MICROS_PER_SECOND +
    Number(fraction.padEnd(6, '0'))
  );
}

export const cast: ScalarFunction = {
  kind: 'scalar',
  name: 'cast',
  spellings: [],
  minArgs: 1,
  maxArgs: 1,
  resolve: (args, _constants, target) => resolveCast(args, target),
  strict: true,
  canFail,
  semantics: 2,
  sql: { duckdb: duckdbCast, postgres: postgresCast },
  js: jsCast,
  kernels: {
    integerFit,
    castDoubleToInteger,
    castDoubleToReal,
    castText,
    printDecimal,
    decimalToDouble: decimalToNumber,
    printDate,
    printTimestamp,
  },
  domain: [ALL_KINDS],
  doc: {
    summary: 'conversion between types; NULL where the value has no place in the target',
    calls: ['CAST(x AS type)', 'x::type'],
    types:
      'numbers to numbers (a double to no decimal), text to numbers, date and timestamp, boolean to integer and integer to boolean (not bigint or smallint), times to one another; all but doubles, zoned instants and intervals to text',
    details: [
      'A text is read where it has one of these shapes, which both databases read, and read alike; every other text gives NULL, whatever one of them makes of it. Blanks, tabs and line ends around a number or a date are passed over, and a number has at most 1000 characters.',
      '- smallint, integer, bigint: a sign or none, and digits. `1.0`, `1e3`, `1_000` and `0x1F` are no integers.',
      '- decimal, double precision: a sign or none, digits with a point or without, and an exponent of up to three digits (`-.5`, `1e3`, `2.5E-7`); a decimal is rounded half away from zero. For double precision also `nan`, `inf` and `infinity`, in upper or lower case.',
      '- date: `2001-02-03`, `2001/02/03` or `2001-2-3`; a time of day may follow, with a zone or without, and is dropped.',
      '- timestamp: such a date, which may be followed by `T` or a blank and `04:05`, `04:05:06` or `04:05:06.123456`; after the seconds an offset (`Z`, ` UTC`, `+02`, `-0330`, `+02:00`), which is dropped.',
    ],
    examples: [
      { sql: "CAST('12' || '' AS integer)", value: '12' },
      { sql: "CAST('12x' || '' AS integer)", value: 'NULL' },
      { sql: 'CAST(2.5 AS integer)', value: '3' },
      { sql: "CAST(CAST('2.5' AS double precision) AS integer)", value: '2' },
      { sql: 'CAST(1.005 AS decimal(5,2))', value: '1.01' },
      { sql: "CAST('1e3' || '' AS decimal(10,2))", value: '1000.00' },
      { sql: "CAST('2001-02-03T04:05:06' || '' AS timestamp)", value: '2001-02-03 04:05:06' },
      { sql: "CAST('2001-02-03T04:05:06Z' || '' AS date)", value: '2001-02-03' },
      { sql: "CAST(DATE '2001-02-03' AS text)", value: '2001-02-03' },
    ],
  },
};
