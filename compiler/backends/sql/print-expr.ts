import type { AggregateFunction, Dialect, ScalarFunction } from '../../../runtime/functions/definition.ts';
import { unreachable } from '../../../runtime/values/errors.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import { mapChildren } from '../../bind/walk.ts';
import { knownInterval } from '../../passes/equal-intervals.ts';
import type { PlanExpr } from '../../plan/plan.ts';
import type { Lets } from './lets.ts';
import { printConst } from './print-const.ts';
import { parenthesised, UnsupportedSql } from './text.ts';

/** The functions of runtime/functions by registry name. */
export interface FunctionTable {
  readonly scalar: (name: string) => ScalarFunction;
  readonly aggregate: (name: string) => AggregateFunction;
}

export type LeafExpr = Extract<PlanExpr, { kind: 'column' | 'slot' | 'key' | 'now' | 'request' | 'feature' }>;

export interface PrintEnv {
  readonly functions: FunctionTable;
  /** Text of a leaf, atomic or in parentheses. */
  readonly leaf: (expr: LeafExpr) => string;
  /** Takes long arguments that a form would repeat; null where no SELECT can stand below. */
  readonly lets: Lets | null;
}

/** An argument longer than this is not repeated, where it can be named. */
const SHORT_CHARS = 40;
const LONG_CHARS = 500;
/** Where arguments can't be named nesting multiplies the text. */
const MAX_EXPRESSION_CHARS = 1_000_000;

/** SQL text that never raises an error, gives the plan's value, and stands alone beside any operator. */
export function printExpr(expr: PlanExpr, dialect: Dialect, env: PrintEnv): string {
  switch (expr.kind) {
    case 'const':
      return printConst(expr.value, expr.type, dialect);
    case 'column':
    case 'slot':
    case 'key':
    case 'now':
    case 'request':
    case 'feature':
      return env.leaf(expr);
    case 'call':
      return printCall(expr, dialect, env);
    case 'and':
      return printAll(expr.args, ' AND ', dialect, env);
    case 'or':
      return printAll(dialect === 'duckdb' ? expr.args.map(withoutIsNull) : expr.args, ' OR ', dialect, env);
    case 'not':
      return `(NOT ${printExpr(expr.arg, dialect, env)})`;
    case 'isNull':
      return `(${printExpr(expr.arg, dialect, env)} IS ${expr.negated ? 'NOT ' : ''}NULL)`;
    case 'case':
      return printCase(expr, dialect, env);
    case 'coalesce':
      return `coalesce(${expr.args.map((arg) => printExpr(arg, dialect, env)).join(', ')})`;
    default:
      return unreachable(expr);
  }
}

function printAll(args: readonly PlanExpr[], between: string, dialect: Dialect, env: PrintEnv): string {
  return `(${args.map((arg) => printExpr(arg, dialect, env)).join(between)})`;
}

/**
 * `NOT (a IS NOT NULL)` for `a IS NULL`. DuckDB 1.5 makes `a IS NOT DISTINCT FROM b` of `a = b OR (a IS NULL AND b IS NULL)`, and so FALSE of NULL
 * where one of them is NULL (duckdb/duckdb#23685), also once it has taken what several conditions have in common out of an OR.
 */
function withoutIsNull(expr: PlanExpr): PlanExpr {
  // An OR below does so itself.
  if (expr.kind === 'or') return expr;
  const inner = mapChildren(expr, withoutIsNull);
  if (inner.kind !== 'isNull' || inner.negated) return inner;
  return { kind: 'not', arg: { ...inner, negated: true }, type: inner.type, span: inner.span };
}

function printCase(expr: Extract<PlanExpr, { kind: 'case' }>, dialect: Dialect, env: PrintEnv): string {
  const whens = expr.whens.map(
    ({ when, then }) => `WHEN ${printExpr(when, dialect, env)} THEN ${printExpr(then, dialect, env)}`,
  );
  return `(CASE ${whens.join(' ')} ELSE ${printExpr(expr.otherwise, dialect, env)} END)`;
}

function printCall(expr: Extract<PlanExpr, { kind: 'call' }>, dialect: Dialect, env: PrintEnv): string {
  const interval = knownInterval(expr);
  if (interval !== null) return printConst(interval, expr.type, dialect);
  const args = expr.args.map((arg) => printExpr(arg, dialect, env));
  const types = { args: expr.args.map((arg) => formType(arg.type, dialect)), result: formType(expr.type, dialect) };
  // timestamp ↔ timestamptz is nothing where both are UTC timestamps (physicalType).
  if (expr.fn === 'cast' && isErasedCast(expr.args[0]?.type, expr.type, dialect)) return args[0]!;
  const form = (given: readonly string[]): string => {
    const text = env.functions.scalar(expr.fn).sql[dialect](given, types);
    if (typeof text !== 'string') throw new UnsupportedSql(dialect, text.unsupported, expr.span);
    return text;
  };
  const text = form(args);
  const given = args.reduce((sum, arg) => sum + arg.length, 0);
  const { lets } = env;
  if (lets !== null && text.length > LONG_CHARS && text.length > 1.5 * given) {
    return parenthesised(form(args.map((arg) => (arg.length > SHORT_CHARS ? lets.name(arg) : arg))));
  }
  if (text.length > MAX_EXPRESSION_CHARS)
    throw new UnsupportedSql(dialect, 'the expression is nested too deeply', expr.span);
  return parenthesised(text);
}

/** What a function's form is told: DuckDB's inner timestamptz is a UTC timestamp. */
export function formType(type: SqlType, dialect: Dialect): SqlType {
  return type.kind === 'timestamptz' && dialect === 'duckdb' ? { kind: 'timestamp' } : type;
}

function isErasedCast(from: SqlType | undefined, to: SqlType, dialect: Dialect): boolean {
  if (from === undefined || dialect !== 'duckdb') return false;
  const instants = ['timestamp', 'timestamptz'];
  return instants.includes(from.kind) && instants.includes(to.kind);
}
