/** CAST and `::`. A failed cast gives NULL. Pairs on which the databases differ are refused with the portable spelling. */
import { decimalToNumber, fitsPrecision, printDecimal, rescale } from '../values/decimal.ts';
import { fitsInt64, type Hybrid, normaliseBigint } from '../values/hybrid.ts';
import { printDate, printTimestamp } from '../values/temporal.ts';
import { readTextValue } from '../values/text.ts';
import { MICROS_PER_DAY, printType, type SqlType, type Value } from '../values/types.ts';
import type { CallTypes, Resolution, ScalarFunction } from './definition.ts';
import {
  ALL_KINDS,
  arg,
  domain,
  duckdbType,
  duckTry,
  isExact,
  isFloat,
  isInstant,
  isInteger,
  isNumeric,
  isTemporal,
  postgresGuard,
  postgresType,
  rejected,
  resolved,
  scaleOf,
  typeAt,
} from './support.ts';

function refuse(from: SqlType, to: SqlType, cause: string, help: string): Resolution {
  return rejected(`cannot cast ${printType(from)} to ${printType(to)}`, cause, help, 'FSC3109');
}

function resolveCast(args: readonly SqlType[], target: SqlType | null): Resolution {
  const [from] = args as [SqlType];
  if (target === null) throw new Error('cast needs its target');
  if (from.kind === 'unknown' || from.kind === target.kind)
    return resolved([from], target, isFloat(target) ? 'double' : 'exact');
  if (isExact(from) && isNumeric(target)) return resolved([from], target, isFloat(target) ? 'double' : 'exact');
  if (isFloat(from) && isFloat(target)) return resolved([from], target, 'double');
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
  if (from.kind === 'text' && to.kind !== 'text') return true;
  if (isNumeric(from) && isNumeric(to))
    return !(isFloat(from) && to.kind === 'double') && !(isExact(from) && isFloat(to));
  return false;
};

/** Both databases must read exactly the same texts: the shape is tested by a pattern before the cast. */
const TEXT_PATTERN: Readonly<Partial<Record<SqlType['kind'], string>>> = {
  smallint: '^ *[+-]?[0-9]{1,5} *$',
  integer: '^ *[+-]?[0-9]{1,10} *$',
  bigint: '^ *[+-]?[0-9]{1,19} *$',
  decimal: '^ *[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+) *$',
  double: '^ *[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})? *$',
  date: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  timestamp: '^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?$',
};

function duckdbCast(args: readonly string[], types: CallTypes): string {
  const from = typeAt(types, 0);
  const a = arg(args, 0);
  if (from.kind === 'text' && types.result.kind !== 'text') {
    return `(CASE WHEN regexp_matches(${a}, '${TEXT_PATTERN[types.result.kind] ?? ''}') THEN ${duckTry(a, types)} END)`;
  }
  if (isFloat(from) && isInteger(types.result)) return `(CASE WHEN isfinite(${a}) THEN ${duckTry(a, types)} END)`;
  return canFail(types) ? duckTry(a, types) : `CAST(${a} AS ${duckdbType(types.result)})`;
}

function postgresCast(args: readonly string[], types: CallTypes): string {
  const from = typeAt(types, 0);
  const a = arg(args, 0);
  const to = types.result;
  const cast = `CAST(${a} AS ${postgresType(to)})`;
  if (from.kind === 'text' && to.kind !== 'text') {
    const shape = `${a} ~ '${TEXT_PATTERN[to.kind] ?? ''}'`;
    if (isInteger(to) || to.kind === 'decimal')
      return `(CASE WHEN ${shape} THEN ${postgresGuard(to.kind === 'decimal' ? `round(${a}::numeric, ${to.scale})` : `${a}::numeric`, to, cast)} END)`;
    return `(CASE WHEN ${shape} AND pg_input_is_valid(${a}, '${postgresType(to)}') THEN ${cast} END)`;
  }
  if (isFloat(from) && isInteger(to))
    return `(CASE WHEN ${a} NOT IN ('NaN','Infinity','-Infinity') THEN ${postgresGuard(`round(${a})::numeric`, to, cast)} END)`;
  if (isExact(from) && (isInteger(to) || to.kind === 'decimal'))
    return postgresGuard(`round(${a}::numeric, ${scaleOf(to)})`, to, cast);
  return cast;
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
  if (from.kind === 'date') return to.kind === 'text' ? `k.printDate(${a})` : `(${a} * ${MICROS_PER_DAY})`;
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
  return to.kind === 'decimal'
    ? `k.decimalFit(${value}, ${to.precision})`
    : `k.integerFit(${value}, ${JSON.stringify(to.kind)})`;
}

function integerFit(value: Hybrid, kind: 'smallint' | 'integer' | 'bigint'): Hybrid | null {
  if (kind === 'bigint') return fitsInt64(value) ? value : null;
  const limit = kind === 'smallint' ? 32768 : 2147483648;
  return typeof value === 'number' && value < limit && value >= -limit ? value : null;
}

/** Half to even, as Postgres casts a double; NaN and infinity are NULL. */
function castDoubleToInteger(value: number, kind: 'smallint' | 'integer' | 'bigint'): Hybrid | null {
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

const PATTERNS = new Map<string, RegExp>();

function castText(text: string, type: SqlType): Value {
  let pattern = PATTERNS.get(type.kind);
  if (pattern === undefined) {
    pattern = new RegExp(TEXT_PATTERN[type.kind] ?? '^$');
    PATTERNS.set(type.kind, pattern);
  }
  if (!pattern.test(text)) return null;
  const trimmed = text.trim();
  if (type.kind === 'decimal') return castTextToDecimal(trimmed, type.precision, type.scale);
  if (type.kind === 'double') {
    const value = Number(trimmed);
    return Number.isFinite(value) ? (value === 0 ? 0 : value) : null;
  }
  const read = readTextValue(trimmed, type);
  return read.ok ? read.value : null;
}

/** More digits than the scale are rounded, half away from zero. */
function castTextToDecimal(text: string, precision: number, scale: number): Hybrid | null {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  const unscaled =
    BigInt(`${whole}${fraction}` === '' ? '0' : `${whole}${fraction}`) * (text.startsWith('-') ? -1n : 1n);
  const value = rescale(normaliseBigint(unscaled), fraction.length, scale);
  return fitsPrecision(value, precision) ? value : null;
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
  semantics: 1,
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
  domain: [domain(ALL_KINDS)],
  doc: {
    summary: 'conversion between types; NULL where the value has no place in the target',
    examples: [{ sql: "CAST('12' AS integer)", value: '12' }],
  },
};
