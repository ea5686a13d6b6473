import { asDecimal, commonDecimal } from '../../runtime/functions/support.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';
import type { FaultParts, Faults } from '../catalog/faults.ts';
import { literalValue, rescale } from '../catalog/literals.ts';
import { sameType } from '../catalog/types.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { typeInDuckDb } from './duckdb-digits.ts';
import { scalarNamed } from './registry.ts';

export const BOOLEAN: SqlType = { kind: 'boolean' };
export const TEXT: SqlType = { kind: 'text', maxLength: null };
export const TIMESTAMP: SqlType = { kind: 'timestamp' };

/** A string literal or NULL that has found no type yet is a constant of type unknown. */
export function isUntyped(expr: PlanExpr): boolean {
  return expr.type.kind === 'unknown';
}

/** Gives `expr` the type: literals at compile time, all else by an implicit cast. Null after the fault was told. */
export function coerce(expr: PlanExpr, type: SqlType, faults: Faults): PlanExpr | null {
  if (sameType(expr.type, type)) return expr;
  if (expr.kind === 'const') {
    const constant = coerceConst(expr, type, faults);
    if (constant !== undefined) return constant;
  }
  if (expr.type.kind === 'text' && type.kind === 'text' && type.maxLength === null) return expr;
  return castTo(expr, type);
}

export function castTo(expr: PlanExpr, type: SqlType): PlanExpr {
  return { kind: 'call', fn: 'cast', args: [expr], type, span: expr.span };
}

/** Undefined where the constant must be cast like anything else. */
function coerceConst(
  expr: Extract<PlanExpr, { kind: 'const' }>,
  type: SqlType,
  faults: Faults,
): PlanExpr | null | undefined {
  if (expr.value === null) return { ...expr, type };
  if (expr.type.kind === 'unknown' && typeof expr.value === 'string') {
    const value = literalValue(expr.value, type);
    if (value !== undefined) return { ...expr, type, value };
    return faults.error('FSC3102', expr.span, `the literal is no ${printType(type)}`, {
      label: `stands for ${printType(type)}`,
      ...literalHelp(type, expr.value),
    });
  }
  const value = widenConst(expr.value, expr.type, type);
  return value === undefined ? undefined : { ...expr, type, value };
}

function literalHelp(type: SqlType, text: string): Partial<FaultParts> {
  if (type.kind === 'timestamp' && literalValue(text, { kind: 'timestamptz' }) !== undefined) {
    return {
      cause: 'a timestamp has no zone: everything is UTC, and one of the databases would leave the offset out',
      help: 'write the instant in UTC, without an offset',
    };
  }
  return { help: helpFor(type) };
}

function helpFor(type: SqlType): string {
  switch (type.kind) {
    case 'timestamp':
    case 'timestamptz':
      return "write an instant that exists: '2001-01-31 12:00:00'";
    case 'date':
      return "write a day that exists, of the years 1 to 9999: '2001-01-31'";
    case 'boolean':
      return 'write `true` or `false`';
    case 'interval':
      return "write a length of time: '7 days', '90 minutes'";
    case 'text':
      return 'write a text that fits';
    default:
      return `write one of type ${printType(type)}, or cast the other side`;
  }
}

/** Numeric constants widen at compile time, where that is exact or correctly rounded. */
function widenConst(value: Value, from: SqlType, to: SqlType): Value | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const scale = from.kind === 'decimal' ? from.scale : 0;
  const isExact = from.kind === 'decimal' || isInteger(from);
  if (!isExact) return undefined;
  switch (to.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return scale === 0 ? literalValue(String(value), to) : undefined;
    case 'decimal':
      return rescale(BigInt(value), scale, to.precision, to.scale);
    case 'double':
      return Number(`${value}e-${scale}`);
    default:
      return undefined;
  }
}

export function isInteger(type: SqlType): boolean {
  return type.kind === 'smallint' || type.kind === 'integer' || type.kind === 'bigint';
}

export function isFloat(type: SqlType): boolean {
  return type.kind === 'real' || type.kind === 'double';
}

const RANK: Readonly<Record<string, number>> = { smallint: 0, integer: 1, bigint: 2, decimal: 3, real: 4, double: 5 };

/** The type that both widen to without loss (floats aside), or null: decimals of more than 38 digits are none. Unknowns give way. */
export function commonType(a: SqlType, b: SqlType): SqlType | null {
  if (a.kind === 'unknown') return b;
  if (b.kind === 'unknown' || sameType(a, b)) return a;
  if (a.kind === 'text' && b.kind === 'text') return TEXT;
  const [rankA, rankB] = [RANK[a.kind], RANK[b.kind]];
  if (rankA !== undefined && rankB !== undefined) return commonNumber(a, b, rankA, rankB);
  const instants = ['date', 'timestamp', 'timestamptz'];
  const [i, j] = [instants.indexOf(a.kind), instants.indexOf(b.kind)];
  if (i >= 0 && j >= 0) return i > j ? a : b;
  return null;
}

function commonNumber(a: SqlType, b: SqlType, rankA: number, rankB: number): SqlType | null {
  // Next to a real the databases compute in different types.
  if (a.kind === 'real' || b.kind === 'real') return isFloat(a) && isFloat(b) ? { kind: 'double' } : null;
  if (isFloat(a) || isFloat(b)) return { kind: 'double' };
  if (a.kind !== 'decimal' && b.kind !== 'decimal') return rankA > rankB ? a : b;
  // DuckDB would give up digits after the point.
  return commonDecimal(a, b);
}

/** Settles a constant of unknown type as text; NULL stays unknown. */
export function settleText(expr: PlanExpr): PlanExpr {
  return expr.kind === 'const' && expr.type.kind === 'unknown' && expr.value !== null ? { ...expr, type: TEXT } : expr;
}

/** All of one type, or null after the fault was told. */
export function unify(exprs: readonly PlanExpr[], faults: Faults, what: string): readonly PlanExpr[] | null {
  let type: SqlType = { kind: 'unknown' };
  let inDuckDb: SqlType = type;
  // Constants last: beside 38 digits, `0.0` can be a whole number.
  for (const expr of [...exprs].sort((a, b) => Number(a.kind === 'const') - Number(b.kind === 'const'))) {
    const own = typeInDuckDb(expr);
    const next: SqlType | null = commonType(type, expr.type) ?? commonType(type, typeOfDigits(expr));
    const nextInDuckDb: SqlType | null = commonType(inDuckDb, own) ?? commonType(inDuckDb, typeOfDigits(expr));
    if (next === null || nextInDuckDb === null) {
      const code = digitsCode(inDuckDb, own);
      return faults.error(code, expr.span, `${what} mix ${printType(inDuckDb)} and ${printType(own)}`);
    }
    type = next;
    inDuckDb = nextInDuckDb;
  }
  if (type.kind === 'unknown') {
    if (exprs.every((expr) => expr.kind === 'const' && expr.value === null)) return exprs;
    type = TEXT;
  }
  // A literal brings no length: `coalesce(code, 'longer than code may be')` is text.
  if (type.kind === 'text' && exprs.some((expr) => isUntyped(expr) && !isNullConst(expr))) type = TEXT;
  const settled = type;
  return allOrNull(exprs.map((expr) => coerce(expr, settled, faults)));
}

/** Two exact numbers fail for want of digits alone. */
function digitsCode(a: SqlType, b: SqlType): 'FSC3016' | 'FSC3104' {
  const isExact = (type: SqlType): boolean => type.kind === 'decimal' || isInteger(type);
  return isExact(a) && isExact(b) ? 'FSC3016' : 'FSC3104';
}

/** The type of a decimal constant without the zeros at its end. */
export function typeOfDigits(expr: PlanExpr): SqlType {
  if (expr.kind !== 'const' || expr.type.kind !== 'decimal' || expr.value === null) return expr.type;
  let digits = BigInt(expr.value as number | bigint);
  let { scale } = expr.type;
  for (; scale > 0 && digits % 10n === 0n; scale--) digits /= 10n;
  const size = String(digits < 0n ? -digits : digits).length;
  return { kind: 'decimal', precision: Math.max(size, scale, 1), scale };
}

/** An exact number as a decimal: of a constant, one that has just its digits. */
export function digitsAsDecimal(expr: PlanExpr): ReturnType<typeof asDecimal> {
  if (expr.kind !== 'const' || expr.value === null || !isInteger(expr.type)) return asDecimal(typeOfDigits(expr));
  return { kind: 'decimal', precision: String(expr.value).replace('-', '').length, scale: 0 };
}

function isNullConst(expr: PlanExpr): boolean {
  return expr.kind === 'const' && expr.value === null;
}

export function allOrNull<T>(items: readonly (T | null)[]): readonly T[] | null {
  return items.some((item) => item === null) ? null : (items as readonly T[]);
}

/** Calls a registry function by name over bound arguments. */
export function callNamed(name: string, args: readonly PlanExpr[], type: SqlType, span: PlanExpr['span']): PlanExpr {
  if (scalarNamed(name) === null) throw new Error(`the registry has no function ${name}`);
  return { kind: 'call', fn: name, args, type, span };
}

/** The type of unified branches: texts of different lengths are text. */
export function branchType(exprs: readonly PlanExpr[]): SqlType {
  const first = exprs[0]?.type ?? TEXT;
  return first.kind === 'text' && !exprs.every((expr) => sameType(expr.type, first)) ? TEXT : first;
}
