/** `+ − * / %` and unary minus over numbers. Overflow, and division by zero, give NULL at every stage (design.md section 4). */
import { fitsPrecision, rescale } from '../values/decimal.ts';
import {
  addHybrid,
  fitsInt64,
  type Hybrid,
  mulHybrid,
  negHybrid,
  quotHybrid,
  remHybrid,
  subHybrid,
} from '../values/hybrid.ts';
import type { SqlType } from '../values/types.ts';
import type { CallTypes, Dialect, Resolution, ScalarFunction, SqlForm } from './definition.ts';
import { postgresFloats } from './postgres-floats.ts';
import {
  always,
  arg,
  asDecimal,
  commonDecimal,
  DOUBLE,
  decimal,
  duckFinite,
  duckTry,
  EXACT_KINDS,
  isExact,
  isFloat,
  isInteger,
  isNumeric,
  NUMERIC_KINDS,
  noMinusZero,
  noSuch,
  postgresGuard,
  postgresType,
  realMixed,
  rejected,
  resolved,
  scaleOf,
  tooManyDigits,
  typeAt,
  widerInteger,
} from './support.ts';

type Op = '+' | '-' | '*';

function resolveArithmetic(op: Op, args: readonly SqlType[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  if (!isNumeric(a) || !isNumeric(b)) return noSuch(op, args, 'numbers');
  if (isFloat(a) || isFloat(b)) return resolveFloat(op, a, b);
  if (isInteger(a) && isInteger(b)) {
    // A literal next to a smallint is an integer in Postgres; computing wider than DuckDB only avoids an overflow.
    const type = widerInteger(a, b);
    return resolved([type, type], type);
  }
  return resolveDecimal(op, a, b);
}

function resolveFloat(op: string, a: SqlType, b: SqlType): Resolution {
  // IEEE arithmetic has the same bits everywhere.
  if (a.kind === 'real' && b.kind === 'real') return resolved([a, b], a);
  const mixed = (a.kind === 'real' && b.kind !== 'double') || (b.kind === 'real' && a.kind !== 'double');
  return mixed ? realMixed(op) : resolved([DOUBLE, DOUBLE], DOUBLE);
}

function resolveDecimal(op: Op, a: SqlType, b: SqlType): Resolution {
  const [x, y] = [asDecimal(a), asDecimal(b)];
  const scale = op === '*' ? x.scale + y.scale : Math.max(x.scale, y.scale);
  if (scale > 38) {
    return rejected(
      `the product has ${scale} digits after the point`,
      'a decimal has at most 38 digits in both databases',
      'cast the operands to fewer digits',
      'FSC3011',
    );
  }
  const precision =
    op === '*' ? x.precision + y.precision : Math.max(x.precision - x.scale, y.precision - y.scale) + scale + 1;
  return resolved([x, y], decimal(Math.min(38, precision), scale));
}

const WORDS: Readonly<Record<Op, string>> = { '+': 'sum', '-': 'difference', '*': 'product' };

function arithmetic(name: string, op: Op, word: string): ScalarFunction {
  return {
    kind: 'scalar',
    name,
    spellings: [{ op, arity: 2 }],
    minArgs: 2,
    maxArgs: 2,
    resolve: (args) => resolveArithmetic(op, args),
    strict: true,
    canFail: always,
    semantics: 1,
    sql: { duckdb: duckdbArithmetic(op), postgres: postgresArithmetic(op) },
    js: (args, types) => jsArithmetic(op, word, args, types),
    kernels: {},
    domain: [NUMERIC_KINDS, NUMERIC_KINDS],
    doc: {
      summary: `${WORDS[op]} of two numbers; NULL on overflow`,
      calls: [`a ${op} b`],
      types: `integers give the wider integer; decimals are exact, with ${op === '*' ? 'the digits of both' : 'one digit more'} and 38 at most; beside a double it is a double`,
      examples: [
        { sql: `7 ${op} 2`, value: { '+': '9', '-': '5', '*': '14' }[op] },
        { sql: `0.1 ${op} 0.2`, value: { '+': '0.3', '-': '-0.1', '*': '0.02' }[op] },
        { sql: `${op === '-' ? '-2147483648' : '2147483647'} ${op} 2`, value: 'NULL' },
      ],
    },
  };
}

const duckdbArithmetic =
  (op: Op): SqlForm =>
  (args, types) => {
    const [a, b] = [arg(args, 0), arg(args, 1)];
    if (isFloat(types.result)) return duckFinite(`(${a} ${op} ${b})`, [a, b]);
    return duckTry(`${widened(a, types)} ${op} ${b}`, types);
  };

/** Of two decimals of up to 18 digits DuckDB makes no wider one, and raises: the first is widened where the result needs it. */
function widened(sql: string, types: CallTypes): string {
  const [a, b] = [asDecimal(typeAt(types, 0)), asDecimal(typeAt(types, 1))];
  const isNarrow =
    types.result.kind === 'decimal' && types.result.precision > 18 && Math.max(a.precision, b.precision) <= 18;
  return isNarrow ? `CAST(${sql} AS DECIMAL(19,${a.scale}))` : sql;
}

const postgresArithmetic =
  (op: Op): SqlForm =>
  (args, types) => {
    const [a, b] = [arg(args, 0), arg(args, 1)];
    const sql = `(${a} ${op} ${b})`;
    if (isFloat(types.result)) return postgresFloats(op, a, b, types.result.kind === 'real');
    const { result } = types;
    if (result.kind !== 'decimal') return postgresGuard(`(${a}::numeric ${op} ${b}::numeric)`, result, sql);
    const guarded = postgresGuard(sql, result, `${sql}::numeric(${result.precision},${result.scale})`);
    const wide = op === '*' ? [] : [a, b].filter((_, i) => mayLackPlace(types, i));
    if (wide.length === 0) return guarded;
    const places = wide.map((operand) => `abs(${operand}) < 1e${38 - result.scale}::numeric`);
    return `(CASE WHEN ${places.join(' AND ')} THEN ${guarded} END)`;
  };

function jsArithmetic(op: Op, word: string, args: readonly string[], types: CallTypes): string {
  const [a, b] = [arg(args, 0), arg(args, 1)];
  const { result } = types;
  switch (result.kind) {
    case 'smallint':
      return `k.smallint(${a} ${op} ${b})`;
    case 'integer':
      return `k.int32(${a} ${op} ${b})`;
    case 'bigint':
      return `k.int64(k.${word}Hybrid(${a}, ${b}))`;
    case 'decimal': {
      const [x, y] = [scaled(a, types, 0, op), scaled(b, types, 1, op)];
      if (op !== '*' && (mayLackPlace(types, 0) || mayLackPlace(types, 1))) return `k.${word}Placed(${x}, ${y})`;
      return `k.decimalFit(k.${word}Hybrid(${x}, ${y}), ${result.precision})`;
    }
    case 'real':
      return `k.realResult(${a} ${op} ${b}, ${a}, ${b})`;
    default:
      return `k.doubleResult(${a} ${op} ${b}, ${a}, ${b})`;
  }
}

/** Operands of + and − are brought to the result's scale; those of * keep their own. */
function scaled(text: string, types: CallTypes, index: number, op: Op): string {
  const from = scaleOf(typeAt(types, index));
  const to = scaleOf(types.result);
  return op === '*' || from === to ? text : `k.rescaleHybrid(${text}, ${from}, ${to})`;
}

/** An operand of + or − that has no place at the result's scale makes the sum an overflow, as in DuckDB, though the sum might have one. */
function mayLackPlace(types: CallTypes, index: number): boolean {
  const { precision, scale } = asDecimal(typeAt(types, index));
  return precision - scale + scaleOf(types.result) > 38;
}

function smallint(value: number): number | null {
  return value <= 32767 && value >= -32768 ? (value === 0 ? 0 : value) : null;
}
function int32(value: number): number | null {
  return value <= 2147483647 && value >= -2147483648 ? (value === 0 ? 0 : value) : null;
}
function int64(value: Hybrid): Hybrid | null {
  return fitsInt64(value) ? value : null;
}
function addPlaced(a: Hybrid, b: Hybrid): Hybrid | null {
  return fitsPrecision(a, 38) && fitsPrecision(b, 38) ? decimalFit(addHybrid(a, b), 38) : null;
}
function subPlaced(a: Hybrid, b: Hybrid): Hybrid | null {
  return addPlaced(a, negHybrid(b));
}
function decimalFit(value: Hybrid, precision: number): Hybrid | null {
  return fitsPrecision(value, precision) ? value : null;
}
/** NULL where finite operands overflow; −0 is 0. */
function doubleResult(value: number, a: number, b: number): number | null {
  if (value - value === 0) return value === 0 ? 0 : value;
  return Number.isFinite(a) && Number.isFinite(b) ? null : value;
}
function realResult(value: number, a: number, b: number): number | null {
  return doubleResult(Math.fround(value), a, b);
}

export const add: ScalarFunction = {
  ...arithmetic('add', '+', 'add'),
  kernels: {
    smallint,
    int32,
    int64,
    decimalFit,
    doubleResult,
    realResult,
    addHybrid,
    addPlaced,
    rescaleHybrid: rescale,
  },
};
export const subtract: ScalarFunction = { ...arithmetic('subtract', '-', 'sub'), kernels: { subHybrid, subPlaced } };
export const multiply: ScalarFunction = { ...arithmetic('multiply', '*', 'mul'), kernels: { mulHybrid } };

function resolveDivide(args: readonly SqlType[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  if (!isNumeric(a) || !isNumeric(b)) return noSuch('/', args, 'numbers');
  if (isInteger(a) && isInteger(b)) {
    return rejected(
      'integer divided by integer',
      'DuckDB gives a fraction (7 / 2 is 3.5), Postgres cuts it off (3)',
      'write `a * 1.0 / b` for the fraction, or `trunc(a * 1.0 / b)` for the whole part',
      'FSC3010',
    );
  }
  if (a.kind === 'real' || b.kind === 'real') {
    if (a.kind === 'real' && b.kind === 'real') return resolved([a, b], a, 'double');
    if (a.kind !== 'double' && b.kind !== 'double') return realMixed('/');
  }
  return resolved([isFloat(a) ? DOUBLE : a, isFloat(b) ? DOUBLE : b], DOUBLE, 'double');
}

/** An exact operand as a double, for the division of the two. */
export function jsAsDouble(text: string, type: SqlType): string {
  if (type.kind === 'decimal')
    return type.scale === 0 ? `Number(${text})` : `k.decimalToDouble(${text}, ${type.scale})`;
  return type.kind === 'bigint' ? `Number(${text})` : text;
}

const divideSql: Readonly<Record<Dialect, SqlForm>> = {
  duckdb: (args, types) => {
    const [a, b] = [`CAST(${arg(args, 0)} AS DOUBLE)`, `CAST(${arg(args, 1)} AS DOUBLE)`];
    if (types.result.kind === 'real') return duckFinite(`TRY(${arg(args, 0)} / nullif(${arg(args, 1)}, 0))`, args);
    return duckFinite(`TRY(${a} / nullif(${b}, 0))`, [a, b]);
  },
  postgres: (args, types) =>
    postgresFloats('/', arg(args, 0), `nullif(${arg(args, 1)}, 0)`, types.result.kind === 'real'),
};

function divideDouble(a: number, b: number): number | null {
  if (b === 0) return null;
  return doubleResult(a / b, a, b);
}
function divideReal(a: number, b: number): number | null {
  if (b === 0) return null;
  return doubleResult(Math.fround(a / b), a, b);
}

export const divide: ScalarFunction = {
  kind: 'scalar',
  name: 'divide',
  spellings: [{ op: '/', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: resolveDivide,
  strict: true,
  canFail: always,
  semantics: 1,
  sql: divideSql,
  js: (args, types) =>
    types.result.kind === 'real'
      ? `k.divideReal(${arg(args, 0)}, ${arg(args, 1)})`
      : `k.divideDouble(${jsAsDouble(arg(args, 0), typeAt(types, 0))}, ${jsAsDouble(arg(args, 1), typeAt(types, 1))})`,
  kernels: { divideDouble, divideReal },
  domain: [NUMERIC_KINDS, NUMERIC_KINDS],
  doc: {
    summary: 'division in double precision; NULL for a zero divisor and on overflow',
    calls: ['a / b'],
    types:
      'a decimal or double with any number gives a double, two reals a real; integer / integer is an error (FSC3010)',
    examples: [
      { sql: '7.0 / 2', value: '3.5' },
      { sql: '7.0 / 0', value: 'NULL' },
    ],
  },
};

const CAST_A_COUNT = 'cast what counts something to an integer: `CAST(x AS integer) % y`';

function resolveModulo(args: readonly SqlType[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  if (isNumeric(a) && isNumeric(b) && (isFloat(a) || isFloat(b)))
    return noSuch('%', args, 'integers and decimals (Postgres has no % for doubles)', CAST_A_COUNT);
  if (!isExact(a) || !isExact(b)) return noSuch('%', args, 'integers and decimals');
  if (isInteger(a) && isInteger(b)) {
    const type = widerInteger(a, b);
    return resolved([type, type], type);
  }
  const type = commonDecimal(a, b);
  return type === null ? tooManyDigits('%', args) : resolved([type, type], type);
}

function modHybrid(a: Hybrid, b: Hybrid): Hybrid | null {
  return b === 0 ? null : remHybrid(a, b);
}

export const modulo: ScalarFunction = {
  kind: 'scalar',
  name: 'modulo',
  spellings: [{ op: '%', arity: 2 }, { fn: 'mod' }],
  minArgs: 2,
  maxArgs: 2,
  resolve: resolveModulo,
  strict: true,
  canFail: always,
  semantics: 1,
  sql: {
    duckdb: (args, types) => {
      const [a, b] = [arg(args, 0), arg(args, 1)];
      const remainder = duckTry(`${a} % nullif(${b}, 0)`, types);
      // DuckDB raises for the least integer % −1, whose remainder is 0: TRY would make it NULL.
      return isInteger(types.result) ? `(CASE WHEN ${b} = -1 THEN ${a} - ${a} ELSE ${remainder} END)` : remainder;
    },
    postgres: (args) => `(${arg(args, 0)} % nullif(${arg(args, 1)}, 0))`,
  },
  js: (args) => `k.modHybrid(${arg(args, 0)}, ${arg(args, 1)})`,
  kernels: { modHybrid, quotHybrid },
  domain: [EXACT_KINDS, EXACT_KINDS],
  doc: {
    summary: 'remainder with the sign of the dividend; NULL for a zero divisor',
    calls: ['a % b', 'mod(a, b)'],
    types: 'integers give the wider integer, decimals the decimal that holds both',
    examples: [
      { sql: '-7 % 3', value: '-1' },
      { sql: '5.5 % 2.25', value: '1.00' },
      { sql: '5 % 0', value: 'NULL' },
    ],
  },
};

export const negate: ScalarFunction = {
  kind: 'scalar',
  name: 'negate',
  spellings: [{ op: '-', arity: 1 }],
  minArgs: 1,
  maxArgs: 1,
  resolve: (args) => {
    const [type] = args as [SqlType];
    return isNumeric(type) ? resolved([type], type) : noSuch('-', args, 'a number');
  },
  strict: true,
  canFail: (types) => isInteger(types.result),
  semantics: 1,
  sql: {
    duckdb: (args, types) =>
      isFloat(types.result) ? `(${noMinusZero(`-(${arg(args, 0)})`)})` : duckTry(`-(${arg(args, 0)})`, types),
    postgres: (args, types) => {
      const opposite = `(-(${arg(args, 0)}))`;
      if (isFloat(types.result)) return `CAST(${noMinusZero(opposite)} AS ${postgresType(types.result)})`;
      return isInteger(types.result)
        ? postgresGuard(`(-(${arg(args, 0)}::numeric))`, types.result, opposite)
        : opposite;
    },
  },
  js: (args, types) => {
    switch (types.result.kind) {
      case 'smallint':
        return `k.smallint(0 - ${arg(args, 0)})`;
      case 'integer':
        return `k.int32(0 - ${arg(args, 0)})`;
      case 'bigint':
        return `k.int64(k.negHybrid(${arg(args, 0)}))`;
      case 'decimal':
        return `k.negHybrid(${arg(args, 0)})`;
      default:
        return `(0 - ${arg(args, 0)})`;
    }
  },
  kernels: { negHybrid },
  domain: [NUMERIC_KINDS],
  doc: {
    summary: 'the number with its sign changed; NULL for the least integer',
    calls: ['-x'],
    types: 'any number gives its own type',
    examples: [{ sql: '-(5)', value: '-5' }],
  },
};
