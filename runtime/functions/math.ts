/** abs, round, floor, ceil, trunc, sign, sqrt, exp, ln, power. Domain faults and overflow give NULL. */
import { ceilDecimal, fitsPrecision, floorDecimal, rescale, truncateScale } from '../values/decimal.ts';
import { type Hybrid, negHybrid } from '../values/hybrid.ts';
import type { SqlType } from '../values/types.ts';
import { jsAsDouble } from './arithmetic.ts';
import type { CallTypes, ConstantArg, Resolution, ScalarFunction, SqlForm } from './definition.ts';
import { postgresPower } from './postgres-floats.ts';
import {
  always,
  arg,
  DOUBLE,
  decimal,
  duckTry,
  isExact,
  isFloat,
  isInteger,
  isNumeric,
  NUMERIC_KINDS,
  never,
  noMinusZero,
  noSuch,
  postgresGuard,
  postgresOnce,
  postgresSpecial,
  postgresType,
  rejected,
  resolved,
  scaleOf,
  typeAt,
} from './support.ts';

interface MathFunction {
  readonly name: string;
  readonly spellings: readonly string[];
  readonly minArgs?: number;
  readonly maxArgs?: number;
  readonly resolve: (args: readonly SqlType[], constants: readonly ConstantArg[]) => Resolution;
  readonly canFail?: (types: CallTypes) => boolean;
  readonly duckdb: SqlForm;
  readonly postgres: SqlForm;
  readonly js: (args: readonly string[], types: CallTypes) => string;
  readonly kernels: ScalarFunction['kernels'];
  readonly domain?: ScalarFunction['domain'];
  readonly summary: string;
  readonly calls: readonly string[];
  readonly types: string;
  readonly examples: ScalarFunction['doc']['examples'];
}

function mathFunction(spec: MathFunction): ScalarFunction {
  const maxArgs = spec.maxArgs ?? 1;
  return {
    kind: 'scalar',
    name: spec.name,
    spellings: spec.spellings.map((fn) => ({ fn })),
    minArgs: spec.minArgs ?? 1,
    maxArgs,
    resolve: (args, constants) => spec.resolve(args, constants),
    strict: true,
    canFail: spec.canFail ?? never,
    semantics: 1,
    sql: { duckdb: spec.duckdb, postgres: spec.postgres },
    js: spec.js,
    kernels: spec.kernels,
    domain: spec.domain ?? [NUMERIC_KINDS],
    doc: { summary: spec.summary, calls: spec.calls, types: spec.types, examples: spec.examples },
  };
}

function absHybrid(value: Hybrid): Hybrid {
  return value < 0 ? negHybrid(value) : value;
}

export const abs: ScalarFunction = mathFunction({
  name: 'abs',
  spellings: ['abs'],
  resolve: ([type]) =>
    type !== undefined && isNumeric(type)
      ? resolved([type], type)
      : noSuch('abs', type === undefined ? [] : [type], 'a number'),
  canFail: (types) => isInteger(types.result),
  duckdb: (a, types) => duckTry(`abs(${arg(a, 0)})`, types),
  postgres: (a, types) =>
    isInteger(types.result)
      ? postgresGuard(`abs(${arg(a, 0)}::numeric)`, types.result, `abs(${arg(a, 0)})`)
      : `abs(${arg(a, 0)})`,
  js: (a, types) => {
    if (isFloat(types.result)) return `Math.abs(${arg(a, 0)})`;
    return types.result.kind === 'decimal'
      ? `k.absHybrid(${arg(a, 0)})`
      : `k.integerFit(k.absHybrid(${arg(a, 0)}), ${JSON.stringify(types.result.kind)})`;
  },
  kernels: { absHybrid },
  summary: 'the number without its sign; NULL for the least integer',
  calls: ['abs(x)'],
  types: 'any number gives its own type',
  examples: [{ sql: 'abs(-2.5)', value: '2.5' }],
});

/** Digits asked for, as a constant between 0 and 38, or the fault. */
function constantDigits(
  what: string,
  args: readonly SqlType[],
  constants: readonly ConstantArg[],
): number | Resolution {
  if (args.length < 2) return 0;
  const digits = constants[1];
  if (typeof digits === 'number' && digits >= 0 && digits <= 38) return digits;
  return rejected(
    `the digits of ${what} are no constant from 0 to 38`,
    'the type of the result depends on them',
    `write \`${what}(x, 2)\``,
  );
}

function resolveRounding(
  what: 'round' | 'trunc',
  args: readonly SqlType[],
  constants: readonly ConstantArg[],
): Resolution {
  const [type] = args as [SqlType];
  if (!isNumeric(type)) return noSuch(what, args, 'a number');
  const digits = constantDigits(what, args, constants);
  if (typeof digits !== 'number') return digits;
  if (isFloat(type)) {
    if (args.length === 2)
      return rejected(
        `\`${what}\` of a double to digits`,
        'Postgres rounds only decimals to digits',
        'declare the column decimal at the source',
      );
    return resolved([DOUBLE], DOUBLE);
  }
  if (isInteger(type)) return resolved(args.length === 2 ? [type, args[1] as SqlType] : [type], type);
  const from = type as Extract<SqlType, { kind: 'decimal' }>;
  const scale = Math.min(digits, from.scale);
  const precision = Math.min(38, from.precision - from.scale + scale + (scale < from.scale ? 1 : 0));
  return resolved(args.length === 2 ? [type, args[1] as SqlType] : [type], decimal(Math.max(1, precision), scale));
}

function roundHalfAway(value: number): number {
  if (!Number.isFinite(value)) return value;
  const whole = Math.trunc(value);
  const rounded = Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
  return rounded === 0 ? 0 : rounded;
}
function truncDouble(value: number): number {
  const whole = Math.trunc(value);
  return whole === 0 ? 0 : whole;
}
function roundDecimal(value: Hybrid, from: number, to: number, precision: number): Hybrid | null {
  const rounded = rescale(value, from, to);
  return fitsPrecision(rounded, precision) ? rounded : null;
}

function roundingSql(fn: 'round' | 'trunc', dialect: 'duckdb' | 'postgres'): SqlForm {
  return (a, types) => {
    const from = typeAt(types, 0);
    if (isInteger(from)) return arg(a, 0);
    if (isFloat(from)) {
      if (fn === 'trunc') return `(${noMinusZero(`trunc(${arg(a, 0)})`)})`;
      return dialect === 'duckdb'
        ? `(${noMinusZero(`round(${arg(a, 0)})`)})`
        : postgresOnce(
            [arg(a, 0)],
            null,
            ([x = '']) =>
              `CASE WHEN ${postgresSpecial(x)} THEN ${x} ELSE sign(${x}) * (floor(abs(${x})) + CASE WHEN abs(${x}) - floor(abs(${x})) >= 0.5 THEN 1 ELSE 0 END) + 0 END`,
          );
    }
    const { precision, scale } = types.result as Extract<SqlType, { kind: 'decimal' }>;
    const call = `${fn}(${arg(a, 0)}, ${scale})`;
    return dialect === 'duckdb'
      ? `TRY(CAST(${call} AS DECIMAL(${precision},${scale})))`
      : `CAST(${call} AS numeric(${precision},${scale}))`;
  };
}

export const round: ScalarFunction = mathFunction({
  name: 'round',
  spellings: ['round'],
  maxArgs: 2,
  domain: [NUMERIC_KINDS, ['integer']],
  resolve: (args, constants) => resolveRounding('round', args, constants),
  duckdb: roundingSql('round', 'duckdb'),
  postgres: roundingSql('round', 'postgres'),
  js: (a, types) => {
    const from = typeAt(types, 0);
    if (isInteger(from)) return arg(a, 0);
    if (isFloat(from)) return `k.roundHalfAway(${arg(a, 0)})`;
    const { precision, scale } = types.result as Extract<SqlType, { kind: 'decimal' }>;
    return `k.roundDecimal(${arg(a, 0)}, ${scaleOf(from)}, ${scale}, ${precision})`;
  },
  canFail: (types) => types.result.kind === 'decimal' && types.result.precision === 38,
  kernels: { roundHalfAway, roundDecimal },
  summary: 'nearest whole number, or decimal of so many digits; halves away from zero',
  calls: ['round(x)', 'round(x, digits)'],
  types: 'integers give themselves, decimals a decimal of so many digits, doubles (without digits) a double',
  examples: [
    { sql: 'round(2.567, 2)', value: '2.57' },
    { sql: 'round(2.5)', value: '3' },
    { sql: 'round(-2.5)', value: '-3' },
  ],
});

export const trunc: ScalarFunction = mathFunction({
  name: 'trunc',
  spellings: ['trunc'],
  maxArgs: 2,
  domain: [NUMERIC_KINDS, ['integer']],
  resolve: (args, constants) => resolveRounding('trunc', args, constants),
  duckdb: roundingSql('trunc', 'duckdb'),
  postgres: roundingSql('trunc', 'postgres'),
  js: (a, types) => {
    const from = typeAt(types, 0);
    if (isInteger(from)) return arg(a, 0);
    if (isFloat(from)) return `k.truncDouble(${arg(a, 0)})`;
    return `k.truncateScale(${arg(a, 0)}, ${scaleOf(from)}, ${scaleOf(types.result)})`;
  },
  kernels: { truncDouble, truncateScale },
  summary: 'without the fraction, or but so many digits of it; towards zero',
  calls: ['trunc(x)', 'trunc(x, digits)'],
  types: 'as `round`',
  examples: [
    { sql: 'trunc(-2.7)', value: '-2' },
    { sql: 'trunc(2.567, 1)', value: '2.5' },
  ],
});

function toWhole(
  name: 'floor' | 'ceil',
  spellings: readonly string[],
  examples: MathFunction['examples'],
): ScalarFunction {
  const kernel = name === 'floor' ? 'floorDecimal' : 'ceilDecimal';
  return mathFunction({
    name,
    spellings,
    resolve: ([type]) => {
      if (type === undefined || !isNumeric(type)) return noSuch(name, type === undefined ? [] : [type], 'a number');
      // Both databases give a double for an integer too.
      if (isFloat(type) || isInteger(type)) return resolved([DOUBLE], DOUBLE);
      const from = type as Extract<SqlType, { kind: 'decimal' }>;
      return resolved([type], from.scale === 0 ? type : decimal(Math.min(38, from.precision - from.scale + 1), 0));
    },
    duckdb: (a, types) => {
      const call = `${name}(${arg(a, 0)})`;
      return isFloat(types.result) ? `(${noMinusZero(call)})` : duckTry(call, types);
    },
    postgres: (a, types) => {
      const whole = `CAST(${name}(${arg(a, 0)}) AS ${postgresType(types.result)})`;
      return isFloat(types.result) ? `(${noMinusZero(whole)})` : whole;
    },
    js: (a, types) => {
      const from = typeAt(types, 0);
      return isFloat(from) ? `k.zeroed(Math.${name}(${arg(a, 0)}))` : `k.${kernel}(${arg(a, 0)}, ${scaleOf(from)})`;
    },
    kernels: name === 'floor' ? { floorDecimal, zeroed } : { ceilDecimal },
    summary: name === 'floor' ? 'greatest whole number not above' : 'least whole number not below',
    calls: spellings.map((fn) => `${fn}(x)`),
    types: 'a decimal gives a decimal without fraction, an integer or double a double',
    examples,
  });
}
function zeroed(value: number): number {
  return value === 0 ? 0 : value;
}
export const floor: ScalarFunction = toWhole('floor', ['floor'], [{ sql: 'floor(-2.5)', value: '-3' }]);
export const ceil: ScalarFunction = toWhole('ceil', ['ceil', 'ceiling'], [{ sql: 'ceil(2.1)', value: '3' }]);

function signOf(value: Hybrid): number {
  return value > 0 ? 1 : value < 0 ? -1 : 0;
}
export const sign: ScalarFunction = mathFunction({
  name: 'sign',
  spellings: ['sign'],
  resolve: ([type]) => {
    if (type === undefined || !isNumeric(type)) return noSuch('sign', type === undefined ? [] : [type], 'a number');
    return resolved([isFloat(type) ? DOUBLE : type], { kind: 'integer' });
  },
  duckdb: (a, types) =>
    isFloat(typeAt(types, 0))
      ? `CAST(CASE WHEN isnan(${arg(a, 0)}) THEN 0 ELSE sign(${arg(a, 0)}) END AS INTEGER)`
      : `CAST(sign(${arg(a, 0)}) AS INTEGER)`,
  postgres: (a, types) =>
    isFloat(typeAt(types, 0))
      ? `CAST(CASE WHEN ${arg(a, 0)} = 'NaN' THEN 0 ELSE sign(${arg(a, 0)}) END AS integer)`
      : `CAST(sign(${arg(a, 0)}) AS integer)`,
  js: (a) => `k.signOf(${arg(a, 0)})`,
  kernels: { signOf },
  summary: '-1, 0 or 1; 0 for NaN',
  calls: ['sign(x)'],
  types: 'any number gives an integer',
  examples: [{ sql: 'sign(-2.5)', value: '-1' }],
});

/** One-argument functions over doubles, with the condition under which they have a value. */
function overDoubles(
  name: 'sqrt' | 'exp' | 'ln',
  guard: (x: string) => string,
  kernel: (x: number) => number | null,
  summary: string,
  examples: MathFunction['examples'],
): ScalarFunction {
  return mathFunction({
    name,
    spellings: [name],
    resolve: ([type]) => {
      if (type === undefined || !isNumeric(type)) return noSuch(name, type === undefined ? [] : [type], 'a number');
      return resolved([isExact(type) ? type : DOUBLE], DOUBLE, 'double');
    },
    canFail: always,
    duckdb: (a) =>
      `(CASE WHEN ${guard(`CAST(${arg(a, 0)} AS DOUBLE)`)} THEN TRY(${name}(CAST(${arg(a, 0)} AS DOUBLE))) END)`,
    postgres: (a) => {
      const x = `${arg(a, 0)}::double precision`;
      // Postgres raises where exp overflows, and where it underflows to 0.
      return name === 'exp'
        ? `(CASE WHEN ${x} < -745 THEN 0 WHEN ${x} <= 709.782712893384 OR ${x} IN ('NaN','Infinity') THEN exp(${x}) END)`
        : `(CASE WHEN ${guard(x)} THEN ${name}(${x}) END)`;
    },
    js: (a, types) => `k.${name}Double(${jsAsDouble(arg(a, 0), typeAt(types, 0))})`,
    kernels: { [`${name}Double`]: kernel },
    summary,
    calls: [`${name}(x)`],
    types: 'any number gives a double',
    examples,
  });
}

export const sqrt: ScalarFunction = overDoubles(
  'sqrt',
  (x) => `${x} >= 0`,
  (x) => (x >= 0 || Number.isNaN(x) ? Math.sqrt(x) : null),
  'square root; NULL below 0',
  [
    { sql: 'sqrt(4.0)', value: '2' },
    { sql: 'sqrt(-1.0)', value: 'NULL' },
  ],
);
export const exp: ScalarFunction = overDoubles(
  'exp',
  (x) => `(${x} <= 709.782712893384 OR NOT isfinite(${x}))`,
  (x) => (Number.isFinite(x) && x > 709.782712893384 ? null : Math.exp(x)),
  'e to the power; NULL on overflow',
  [{ sql: 'exp(0.0)', value: '1' }],
);
export const ln: ScalarFunction = overDoubles(
  'ln',
  (x) => `${x} > 0`,
  (x) => (x > 0 || Number.isNaN(x) ? Math.log(x) : null),
  'natural logarithm; NULL at or below 0',
  [
    { sql: 'ln(1.0)', value: '0' },
    { sql: 'ln(0.0)', value: 'NULL' },
  ],
);

function powerDouble(base: number, exponent: number): number | null {
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent)) return null;
  if (base === 0 && exponent < 0) return null;
  // IEEE pow: 1 to any power is 1, also to NaN; JavaScript says NaN.
  if (base === 1 || exponent === 0) return 1;
  if (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent)) return 1;
  const value = base ** exponent;
  if (value - value === 0) return value === 0 ? 0 : value;
  return Number.isFinite(base) && Number.isFinite(exponent) ? null : value;
}

function resolvePower(args: readonly SqlType[]): Resolution {
  if (!args.every(isNumeric)) return noSuch('power', args, 'two numbers');
  if (args.some((type) => type.kind === 'decimal') && !args.some(isFloat)) {
    return rejected(
      'power of a decimal',
      'Postgres computes it as a decimal, before its version 16 with so few digits that 0.05 to the power of 50 is 0',
      'cast the base: `power(CAST(x AS double precision), y)`',
    );
  }
  return resolved(
    args.map((type) => (isExact(type) ? type : DOUBLE)),
    DOUBLE,
    'double',
  );
}

export const power: ScalarFunction = mathFunction({
  name: 'power',
  spellings: ['power', 'pow'],
  minArgs: 2,
  maxArgs: 2,
  domain: [NUMERIC_KINDS, NUMERIC_KINDS],
  resolve: resolvePower,
  canFail: always,
  duckdb: (a) => {
    const [x, y] = [`CAST(${arg(a, 0)} AS DOUBLE)`, `CAST(${arg(a, 1)} AS DOUBLE)`];
    const call = `TRY(power(${x}, ${y}))`;
    return `(CASE WHEN (${x} < 0 AND isfinite(${x}) AND isfinite(${y}) AND ${y} <> floor(${y})) OR (${x} = 0 AND ${y} < 0) THEN NULL WHEN isfinite(${call}) OR NOT isfinite(${x}) OR NOT isfinite(${y}) THEN ${noMinusZero(call)} END)`;
  },
  postgres: (a) => postgresPower(arg(a, 0), arg(a, 1)),
  js: (a, types) =>
    `k.powerDouble(${jsAsDouble(arg(a, 0), typeAt(types, 0))}, ${jsAsDouble(arg(a, 1), typeAt(types, 1))})`,
  kernels: { powerDouble },
  summary: 'the first to the power of the second, in double precision; NULL where there is none, and on overflow',
  calls: ['power(x, y)', 'pow(x, y)'],
  types: 'two integers, or a double and any number, give a double; of decimals alone it is an error',
  examples: [
    { sql: 'power(2, 3)', value: '8' },
    { sql: 'power(CAST(-8.0 AS double precision), 0.5)', value: 'NULL' },
  ],
});
