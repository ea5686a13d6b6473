/** `= <> < <= > >=` and IS DISTINCT FROM. Doubles in total order (NaN equals itself, above infinity), text by code point. */
import { compareDecimals } from '../values/decimal.ts';
import { compareIntervals } from '../values/interval.ts';
import { compareDoubles, compareText } from '../values/order.ts';
import { instantInRange } from '../values/temporal.ts';
import { type IntervalValue, MICROS_PER_DAY, type SqlType } from '../values/types.ts';
import type { CallTypes, Dialect, Resolution, ScalarFunction } from './definition.ts';
import {
  ALL_KINDS,
  arg,
  asDecimal,
  BOOLEAN,
  commonDecimal,
  DOUBLE,
  duckdbType,
  duckTimestampRange,
  isExact,
  isFloat,
  isInstant,
  isInteger,
  isNumeric,
  isTemporal,
  never,
  noSuch,
  postgresMidnight,
  postgresTimestampRange,
  postgresType,
  realMixed,
  rejected,
  resolved,
  scaleOf,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
  tooManyDigits,
  typeAt,
  widerInteger,
} from './support.ts';

/** Both sides as one type, or as they are where the machines compare them exactly without one. */
function resolveComparison(what: string, args: readonly SqlType[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  if (isWidePair(a, b)) return resolved([asDecimal(a), asDecimal(b)], BOOLEAN);
  if (isDayPair(a, b)) return resolved([a, b], BOOLEAN);
  const type = comparable(a, b);
  if (type === 'real') return realMixed(what);
  if (type === null) return noSuch(what, args, 'two values of one type');
  return resolved([type, type], BOOLEAN);
}

/** Exact numbers that have no common type of 38 digits. */
function isWidePair(a: SqlType, b: SqlType): boolean {
  return isExact(a) && isExact(b) && !(isInteger(a) && isInteger(b)) && commonDecimal(a, b) === null;
}

/** A date beside an instant: as an instant it could leave the range of timestamps (`ts < DATE '9999-12-31'`). */
function isDayPair(a: SqlType, b: SqlType): boolean {
  return (a.kind === 'date' && isInstant(b)) || (isInstant(a) && b.kind === 'date');
}

function comparable(a: SqlType, b: SqlType): SqlType | 'real' | null {
  if (a.kind === 'unknown') return b;
  if (b.kind === 'unknown') return a;
  if (isNumeric(a) && isNumeric(b)) {
    if (isInteger(a) && isInteger(b)) return widerInteger(a, b);
    if (isExact(a) && isExact(b)) return commonDecimal(a, b);
    if (a.kind === 'real' && b.kind === 'real') return a;
    if ((a.kind === 'real' && b.kind !== 'double') || (b.kind === 'real' && a.kind !== 'double')) return 'real';
    return DOUBLE;
  }
  if (a.kind === 'text' && b.kind === 'text') return TEXT;
  if (isTemporal(a) && isTemporal(b)) {
    if (a.kind === b.kind) return a;
    return a.kind === 'timestamptz' || b.kind === 'timestamptz' ? TIMESTAMPTZ : TIMESTAMP;
  }
  return a.kind === b.kind ? a : null;
}

/** JavaScript over two non-NULL operands of types that `resolveComparison` gives. */
function compareJs(types: CallTypes, op: string, a: string, b: string): string {
  const [left, right] = [typeAt(types, 0), typeAt(types, 1)];
  if (isFloat(left)) return `(k.compareDoubles(${a}, ${b}) ${op} 0)`;
  if (left.kind === 'interval') return `(k.compareIntervals(${a}, ${b}) ${op} 0)`;
  if (left.kind === 'text' && op !== '===' && op !== '!==') return `(k.compareText(${a}, ${b}) ${op} 0)`;
  if (scaleOf(left) !== scaleOf(right))
    return `(k.compareDecimals(${a}, ${scaleOf(left)}, ${b}, ${scaleOf(right)}) ${op} 0)`;
  // A double holds the microseconds of a far day nearly, and still beyond every timestamp.
  return `(${inMicros(a, left, right)} ${op} ${inMicros(b, right, left)})`;
}

function inMicros(js: string, type: SqlType, other: SqlType): string {
  return type.kind === 'date' && isInstant(other) ? `${js} * ${MICROS_PER_DAY}` : js;
}

/** Operands as each database compares them by fsc's order. */
function comparands(dialect: Dialect, args: readonly string[], types: CallTypes): readonly [string, string] {
  const text = (i: 0 | 1): string => comparand(dialect, arg(args, i), typeAt(types, i), typeAt(types, 1 - i));
  return [text(0), text(1)];
}

function comparand(dialect: Dialect, sql: string, type: SqlType, other: SqlType): string {
  if (type.kind === 'text') return dialect === 'postgres' ? `${sql} COLLATE "C"` : sql;
  if (type.kind === 'interval') return dialect === 'duckdb' ? duckdbLength(sql) : sql;
  if (type.kind !== 'date' || !isInstant(other)) return sql;
  return dialect === 'postgres' ? postgresMidnight(sql, other) : `CAST(${sql} AS TIMESTAMP)`;
}

/** DuckDB compares intervals part by part after carrying each towards zero, which goes wrong where their signs differ (`1 day -1 second`). */
function duckdbLength(interval: string): string {
  const part = (name: string): string => `date_part('${name}', ${interval})`;
  const days = `CAST(${part('year')} * 12 + ${part('month')} AS HUGEINT) * 30 + ${part('day')}`;
  return `((${days}) * 86400000000 + (${part('hour')} * 60 + ${part('minute')}) * 60000000 + ${part('microsecond')})`;
}

/**
 * DuckDB brings decimals to the greater scale and raises where one has no place there. Such a number is beyond any that the other side
 * can be, so 0 stands for the other.
 */
function duckdbComparison(op: string, args: readonly string[], types: CallTypes): string {
  const [a, b] = comparands('duckdb', args, types);
  const [left, right] = [typeAt(types, 0), typeAt(types, 1)];
  if (!isWidePair(left, right)) return `(${a} ${op} ${b})`;
  const beyond = scaleOf(left) < scaleOf(right) ? `${a} ${op} 0` : `0 ${op} ${b}`;
  return `(CASE WHEN ${a} IS NOT NULL AND ${b} IS NOT NULL THEN coalesce(TRY(${a} ${op} ${b}), ${beyond}) END)`;
}

const WORDS: Readonly<Record<string, string>> = {
  '=': 'is',
  '<>': 'is not',
  '<': 'is below',
  '<=': 'is not above',
  '>': 'is above',
  '>=': 'is not below',
};

function comparison(
  name: string,
  sqlOp: string,
  jsOp: string,
  examples: ScalarFunction['doc']['examples'],
): ScalarFunction {
  return {
    kind: 'scalar',
    name,
    spellings: [{ op: sqlOp, arity: 2 }],
    minArgs: 2,
    maxArgs: 2,
    resolve: (args) => resolveComparison(sqlOp, args),
    strict: true,
    canFail: never,
    semantics: 1,
    sql: {
      duckdb: (args, types) => duckdbComparison(sqlOp, args, types),
      postgres: (args, types) => `(${comparands('postgres', args, types).join(` ${sqlOp} `)})`,
    },
    js: (args, types) => compareJs(types, jsOp, arg(args, 0), arg(args, 1)),
    kernels:
      name === 'eq'
        ? {
            compareDoubles,
            compareText,
            compareDecimals,
            compareIntervals: compareIntervals as (a: IntervalValue, b: IntervalValue) => number,
          }
        : {},
    domain: [ALL_KINDS, ALL_KINDS],
    doc: {
      summary: `whether a ${WORDS[sqlOp] ?? ''} b; text by code point, NaN above infinity`,
      calls: [`a ${sqlOp} b`],
      types:
        'two numbers, two texts, two times, two intervals or two booleans give a boolean; a real beside another number is an error',
      examples,
    },
  };
}

export const eq: ScalarFunction = comparison('eq', '=', '===', [{ sql: '1 = 1.0', value: 'true' }]);
export const ne: ScalarFunction = comparison('ne', '<>', '!==', [{ sql: "'a' <> 'A'", value: 'true' }]);
export const lt: ScalarFunction = comparison('lt', '<', '<', [{ sql: "'B' < 'a'", value: 'true' }]);
export const le: ScalarFunction = comparison('le', '<=', '<=', [{ sql: '2 <= 2', value: 'true' }]);
export const gt: ScalarFunction = comparison('gt', '>', '>', [
  { sql: "TIMESTAMP '2001-01-02' > TIMESTAMP '2001-01-01'", value: 'true' },
]);
export const ge: ScalarFunction = comparison('ge', '>=', '>=', [{ sql: '1 >= 2', value: 'false' }]);

/**
 * Not IS DISTINCT FROM: where an OR has it beside another condition on the column, DuckDB 1.5 leaves out row groups in which the column is all NULL
 * (duckdb/duckdb#25992).
 */
function duckdbDistinct(args: readonly string[], types: CallTypes): string {
  const [a, b] = comparands('duckdb', args, types);
  const differ = isWidePair(typeAt(types, 0), typeAt(types, 1)) ? `TRY(${a} <> ${b})` : `${a} <> ${b}`;
  return `coalesce(${differ}, ${arg(args, 0)} IS NOT NULL OR ${arg(args, 1)} IS NOT NULL)`;
}

export const isDistinct: ScalarFunction = {
  kind: 'scalar',
  name: 'is_distinct',
  spellings: [{ op: 'is distinct from', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args) => resolveComparison('IS DISTINCT FROM', args),
  strict: false,
  canFail: never,
  semantics: 1,
  sql: {
    duckdb: duckdbDistinct,
    postgres: (args, types) => `(${comparands('postgres', args, types).join(' IS DISTINCT FROM ')})`,
  },
  js: (args, types) => {
    const [a, b] = [arg(args, 0), arg(args, 1)];
    return `(${a} === null || ${b} === null ? ${a} !== ${b} : !${compareJs(types, '===', a, b)})`;
  },
  kernels: {},
  domain: [ALL_KINDS, ALL_KINDS],
  doc: {
    summary: 'whether the two differ, NULL being a value',
    calls: ['a IS DISTINCT FROM b', 'a IS NOT DISTINCT FROM b'],
    types: 'as `=`',
    examples: [
      { sql: 'NULL::integer IS DISTINCT FROM 1', value: 'true' },
      { sql: 'NULL::integer IS NOT DISTINCT FROM NULL::integer', value: 'true' },
    ],
  },
};

/** greatest and least ignore NULLs, as in both databases. */
function extremum(name: 'greatest' | 'least'): ScalarFunction {
  return {
    kind: 'scalar',
    name,
    spellings: [{ fn: name }],
    minArgs: 1,
    maxArgs: Number.POSITIVE_INFINITY,
    resolve: (args) => resolveExtremum(name, args),
    strict: false,
    canFail: (types) => hasDays(types),
    semantics: 1,
    sql: {
      duckdb: (args, types) => {
        const call = `${name}(${extremands('duckdb', args, types).join(', ')})`;
        return hasDays(types) ? duckTimestampRange(call) : `CAST(${call} AS ${duckdbType(types.result)})`;
      },
      postgres: (args, types) => {
        const call = `${name}(${extremands('postgres', args, types).join(', ')})`;
        return hasDays(types)
          ? postgresTimestampRange(call, types.result)
          : `CAST(${call} AS ${postgresType(types.result)})`;
      },
    },
    js: (args, types) => extremumJs(name, args, types),
    kernels: name === 'greatest' ? { pickExtreme, instantInRange } : {},
    domain: [ORDERED_KINDS, ORDERED_KINDS],
    doc: {
      summary: `the ${name} of its arguments, NULLs left out`,
      calls: [`${name}(a, b, …)`],
      types: 'numbers, texts or times give the type that holds all of them',
      examples: [{ sql: `${name}(1, NULL, 3)`, value: name === 'greatest' ? '3' : '1' }],
    },
  };
}

const ORDERED_KINDS = ALL_KINDS.filter((kind) => kind !== 'interval');

function resolveExtremum(name: string, args: readonly SqlType[]): Resolution {
  let type = args[0] as SqlType;
  for (const next of args.slice(1)) {
    const common = comparable(type, next);
    if (common === 'real') return realMixed(name);
    if (common === null && isExact(type) && isExact(next)) return tooManyDigits(name, args);
    if (common === null) return noSuch(name, args, 'values of one type');
    type = common;
  }
  if (type.kind === 'unknown') return noSuch(name, args, 'values of one type');
  if (type.kind === 'interval') {
    return rejected(
      `\`${name}\` of intervals`,
      'DuckDB compares their months, days and microseconds one by one there, Postgres their lengths',
      'write `CASE WHEN a > b THEN a ELSE b END`',
    );
  }
  const result = type;
  // Dates stay dates: as timestamps they could leave the range, and a NULL would be left out.
  return resolved(
    args.map((given) => (given.kind === 'date' ? given : result)),
    result,
  );
}

/** Dates among instants. */
function hasDays(types: CallTypes): boolean {
  return isInstant(types.result) && types.args.some((type) => type.kind === 'date');
}

function extremands(dialect: Dialect, args: readonly string[], types: CallTypes): readonly string[] {
  return args.map((sql, i) => comparand(dialect, sql, typeAt(types, i), types.result));
}

function extremumJs(name: 'greatest' | 'least', args: readonly string[], types: CallTypes): string {
  const same = { args: [types.result, types.result], result: BOOLEAN };
  const better = compareJs(same, name === 'greatest' ? '>' : '<', 'b', 'a');
  const operands = args.map((js, i) =>
    typeAt(types, i).kind === 'date' && isInstant(types.result)
      ? `(${js} === null ? null : ${js} * ${MICROS_PER_DAY})`
      : js,
  );
  const best = operands.reduce((most, next) => `k.pickExtreme(${most}, ${next}, (a, b) => ${better})`);
  return hasDays(types) ? `k.instantInRange(${best})` : best;
}

function pickExtreme(a: never, b: never, better: (a: never, b: never) => boolean): never {
  if (a === null) return b;
  if (b === null) return a;
  return better(a, b) ? b : a;
}

export const greatest: ScalarFunction = extremum('greatest');
export const least: ScalarFunction = extremum('least');
