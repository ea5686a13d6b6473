/** `= <> < <= > >=` and IS DISTINCT FROM. Doubles in total order (NaN equals itself, above infinity), text by code point. */
import { compareIntervals } from '../values/interval.ts';
import { compareDoubles, compareText } from '../values/order.ts';
import type { IntervalValue, SqlType } from '../values/types.ts';
import type { Resolution, ScalarFunction } from './definition.ts';
import {
  ALL_KINDS,
  arg,
  BOOLEAN,
  commonDecimal,
  DOUBLE,
  domain,
  duckdbType,
  isExact,
  isFloat,
  isInteger,
  isNumeric,
  isTemporal,
  never,
  noSuch,
  postgresType,
  realMixed,
  resolved,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
  typeAt,
  widerInteger,
} from './support.ts';

/** Both sides as one type, or the fault. */
function resolveComparison(what: string, args: readonly SqlType[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  const type = comparable(a, b);
  if (type === 'real') return realMixed(what);
  if (type === null) return noSuch(what, args, 'two values of one type');
  return resolved([type, type], BOOLEAN);
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

type JsForm = (a: string, b: string) => string;

/** JavaScript over two non-NULL operands of one type. */
function compareJs(type: SqlType, op: string, a: string, b: string): string {
  if (isFloat(type)) return `(k.compareDoubles(${a}, ${b}) ${op} 0)`;
  if (type.kind === 'interval') return `(k.compareIntervals(${a}, ${b}) ${op} 0)`;
  if (type.kind === 'text' && op !== '===' && op !== '!==') return `(k.compareText(${a}, ${b}) ${op} 0)`;
  return `(${a} ${op} ${b})`;
}

function comparison(
  name: string,
  sqlOp: string,
  jsOp: string,
  examples: ScalarFunction['doc']['examples'],
): ScalarFunction {
  const collated = (sql: string, type: SqlType): string => (type.kind === 'text' ? `${sql} COLLATE "C"` : sql);
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
      duckdb: (args) => `(${arg(args, 0)} ${sqlOp} ${arg(args, 1)})`,
      postgres: (args, types) =>
        `(${collated(arg(args, 0), typeAt(types, 0))} ${sqlOp} ${collated(arg(args, 1), typeAt(types, 1))})`,
    },
    js: (args, types) => compareJs(typeAt(types, 0), jsOp, arg(args, 0), arg(args, 1)),
    kernels:
      name === 'eq'
        ? {
            compareDoubles,
            compareText,
            compareIntervals: compareIntervals as (a: IntervalValue, b: IntervalValue) => number,
          }
        : {},
    domain: [domain(ALL_KINDS), domain(ALL_KINDS)],
    doc: { summary: `comparison ${sqlOp}; text by code point, NaN above infinity`, examples },
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

const distinctJs: (type: SqlType) => JsForm = (type) => (a, b) =>
  `(${a} === null || ${b} === null ? ${a} !== ${b} : !${compareJs(type, '===', a, b)})`;

export const isDistinct: ScalarFunction = {
  kind: 'scalar',
  name: 'is_distinct',
  spellings: [],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args) => resolveComparison('IS DISTINCT FROM', args),
  strict: false,
  canFail: never,
  semantics: 1,
  sql: {
    duckdb: (args) => `(${arg(args, 0)} IS DISTINCT FROM ${arg(args, 1)})`,
    postgres: (args) => `(${arg(args, 0)} IS DISTINCT FROM ${arg(args, 1)})`,
  },
  js: (args, types) => distinctJs(typeAt(types, 0))(arg(args, 0), arg(args, 1)),
  kernels: {},
  domain: [domain(ALL_KINDS), domain(ALL_KINDS)],
  doc: {
    summary: 'true where the two differ, NULL being a value',
    examples: [{ sql: 'NULL::integer IS DISTINCT FROM 1', value: 'true' }],
  },
};

/** greatest and least ignore NULLs, as in both databases. */
function extremum(name: 'greatest' | 'least'): ScalarFunction {
  const op = name === 'greatest' ? '>' : '<';
  return {
    kind: 'scalar',
    name,
    spellings: [{ fn: name }],
    minArgs: 1,
    maxArgs: Number.POSITIVE_INFINITY,
    resolve: (args) => {
      let type = args[0] as SqlType;
      for (const next of args.slice(1)) {
        const common = comparable(type, next);
        if (common === 'real') return realMixed(name);
        if (common === null) return noSuch(name, args, 'values of one type');
        type = common;
      }
      if (type.kind === 'unknown') return noSuch(name, args, 'values of one type');
      return resolved(
        args.map(() => type),
        type,
        isFloat(type) ? 'double' : 'exact',
      );
    },
    strict: false,
    canFail: never,
    semantics: 1,
    sql: {
      duckdb: (args, types) => `CAST(${name}(${args.join(', ')}) AS ${duckdbType(types.result)})`,
      postgres: (args, types) =>
        `CAST(${name}(${args.map((text) => (types.result.kind === 'text' ? `${text} COLLATE "C"` : text)).join(', ')}) AS ${postgresType(types.result)})`,
    },
    js: (args, types) =>
      args.reduce(
        (best, next) => `k.pickExtreme(${best}, ${next}, (a, b) => ${compareJs(types.result, op, 'b', 'a')})`,
      ),
    kernels: name === 'greatest' ? { pickExtreme } : {},
    domain: [domain(ALL_KINDS), domain(ALL_KINDS)],
    doc: {
      summary: `the ${name} of its arguments, NULLs left out`,
      examples: [{ sql: `${name}(1, NULL, 3)`, value: name === 'greatest' ? '3' : '1' }],
    },
  };
}

function pickExtreme(a: never, b: never, better: (a: never, b: never) => boolean): never {
  if (a === null) return b;
  if (b === null) return a;
  return better(a, b) ? b : a;
}

export const greatest: ScalarFunction = extremum('greatest');
export const least: ScalarFunction = extremum('least');
