/** Shared pieces of function definitions: type tests, resolutions, SQL and JavaScript helpers. No function is defined here. */
import { printType, type SqlType } from '../values/types.ts';
import type { AgreementClass, CallTypes, Resolution } from './definition.ts';

export const SMALLINT: SqlType = { kind: 'smallint' };
export const INTEGER: SqlType = { kind: 'integer' };
export const BIGINT: SqlType = { kind: 'bigint' };
export const DOUBLE: SqlType = { kind: 'double' };
export const REAL: SqlType = { kind: 'real' };
export const BOOLEAN: SqlType = { kind: 'boolean' };
export const TEXT: SqlType = { kind: 'text', maxLength: null };
export const DATE: SqlType = { kind: 'date' };
export const TIMESTAMP: SqlType = { kind: 'timestamp' };
export const TIMESTAMPTZ: SqlType = { kind: 'timestamptz' };
export const INTERVAL: SqlType = { kind: 'interval' };

export const NUMERIC_KINDS = ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double'] as const;
export const EXACT_KINDS = ['smallint', 'integer', 'bigint', 'decimal'] as const;
export const ALL_KINDS = [...NUMERIC_KINDS, 'boolean', 'text', 'date', 'timestamp', 'timestamptz', 'interval'] as const;

export function decimal(precision: number, scale: number): SqlType {
  return { kind: 'decimal', precision, scale };
}

export type IntegerType = Extract<SqlType, { kind: 'smallint' | 'integer' | 'bigint' }>;

export function isInteger(type: SqlType): type is IntegerType {
  return type.kind === 'smallint' || type.kind === 'integer' || type.kind === 'bigint';
}

export function isExact(type: SqlType): boolean {
  return isInteger(type) || type.kind === 'decimal';
}

export function isFloat(type: SqlType): boolean {
  return type.kind === 'real' || type.kind === 'double';
}

export function isNumeric(type: SqlType): boolean {
  return isExact(type) || isFloat(type);
}

export function isInstant(type: SqlType): boolean {
  return type.kind === 'timestamp' || type.kind === 'timestamptz';
}

export function isTemporal(type: SqlType): boolean {
  return isInstant(type) || type.kind === 'date';
}

/** Of the others, bigint's. */
const INTEGER_DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10 };

/** An exact number as a decimal type. */
export function asDecimal(type: SqlType): {
  readonly kind: 'decimal';
  readonly precision: number;
  readonly scale: number;
} {
  if (type.kind === 'decimal') return type;
  return { kind: 'decimal', precision: INTEGER_DIGITS[type.kind] ?? 19, scale: 0 };
}

const RANK: Readonly<Record<string, number>> = { smallint: 0, integer: 1, bigint: 2 };

export function widerInteger(a: SqlType, b: SqlType): SqlType {
  return (RANK[a.kind] ?? 0) >= (RANK[b.kind] ?? 0) ? a : b;
}

/** The type that holds every value of both, or null where it would have more than 38 digits. */
export function commonDecimal(a: SqlType, b: SqlType): SqlType | null {
  const [x, y] = [asDecimal(a), asDecimal(b)];
  const scale = Math.max(x.scale, y.scale);
  const precision = Math.max(x.precision - x.scale, y.precision - y.scale) + scale;
  return precision > 38 ? null : decimal(precision, scale);
}

/** DuckDB would give up digits after the point, or compute in doubles, where Postgres does neither. */
export function tooManyDigits(what: string, args: readonly SqlType[]): Resolution {
  return rejected(
    `\`${what}\` of ${args.map(printType).join(' and ')} needs more than 38 digits`,
    'DuckDB drops digits after the point there, Postgres keeps them',
    'cast one of them to a decimal with fewer digits',
    'FSC3016',
  );
}

export function scaleOf(type: SqlType): number {
  return type.kind === 'decimal' ? type.scale : 0;
}

export function resolved(args: readonly SqlType[], result: SqlType, agreement: AgreementClass = 'exact'): Resolution {
  return { ok: true, args, result, agreement };
}

export function rejected(
  message: string,
  cause: string,
  help: string,
  code: string | null = null,
  argument: number | null = null,
): Resolution {
  return { ok: false, code, message, cause, help, argument };
}

/** `help`: of what can be done where the arguments are these. */
export function noSuch(what: string, args: readonly SqlType[], takes: string, help = helpFor(args)): Resolution {
  return rejected(`\`${what}\` does not take ${args.map(printType).join(', ')}`, `it takes ${takes}`, help);
}

function helpFor(args: readonly SqlType[]): string {
  return args.some((type) => type.kind === 'interval')
    ? 'an interval moves an instant or a date; its length as a number is `extract(epoch FROM x)`'
    : 'cast the argument';
}

/** Real mixed with other numbers computes in different precisions in the two databases. */
export function realMixed(what: string): Resolution {
  return rejected(
    `\`${what}\` mixes real with another number type`,
    'DuckDB computes it in single, Postgres in double precision',
    'cast the column: `CAST(x AS double precision)`',
  );
}

export const never = (): boolean => false;
export const always = (): boolean => true;

/** DuckDB's spelling of a type. */
export function duckdbType(type: SqlType): string {
  switch (type.kind) {
    case 'double':
      return 'DOUBLE';
    case 'real':
      return 'FLOAT';
    case 'text':
      return 'VARCHAR';
    default:
      return printType(type).toUpperCase();
  }
}

export function postgresType(type: SqlType): string {
  return type.kind === 'decimal' ? `numeric(${type.precision},${type.scale})` : printType(type);
}

/** −0 is 0: adding 0 does that, and neither database simplifies it away for floats. */
export function noMinusZero(sql: string): string {
  return `${sql} + 0`;
}

/** NULL where finite operands give an infinity. DuckDB's float arithmetic overflows in silence, whatever its settings. */
export function duckFinite(sql: string, operands: readonly string[]): string {
  const all = operands.map((operand) => `isfinite(${operand})`).join(' AND ');
  return `(CASE WHEN isfinite(${sql}) OR NOT (${all}) THEN ${noMinusZero(sql)} END)`;
}

/** Gives NULL where DuckDB would raise, and exactly the result type. */
export function duckTry(sql: string, types: CallTypes): string {
  return `TRY(CAST(${sql} AS ${duckdbType(types.result)}))`;
}

export function arg(args: readonly string[], index: number): string {
  const text = args[index];
  if (text === undefined) throw new Error(`argument ${index} was not printed`);
  return text;
}

export function typeAt(types: CallTypes, index: number): SqlType {
  const type = types.args[index];
  if (type === undefined) throw new Error(`argument ${index} has no type`);
  return type;
}

/** Limits of a type as numeric SQL literals, for range guards in Postgres. */
export function postgresGuard(value: string, result: SqlType, sql: string): string {
  switch (result.kind) {
    case 'smallint':
      return `CASE WHEN ${value} BETWEEN -32768 AND 32767 THEN ${sql} END`;
    case 'integer':
      return `CASE WHEN ${value} BETWEEN -2147483648 AND 2147483647 THEN ${sql} END`;
    case 'bigint':
      return `CASE WHEN ${value} BETWEEN -9223372036854775808 AND 9223372036854775807 THEN ${sql} END`;
    case 'decimal':
      return `CASE WHEN abs(${value}) < 1e${result.precision - result.scale}::numeric THEN ${sql} END`;
    default:
      return sql;
  }
}

/** A timestamp of DuckDB, NULL where computing it raises or it is beyond fsc's range (±(2^53−1) µs). */
export function duckTimestampRange(sql: string): string {
  return `(CASE WHEN TRY(epoch_us(${sql})) BETWEEN -9007199254740991 AND 9007199254740991 THEN ${sql} END)`;
}

/** The same in Postgres, where `sql` must not raise. */
export function postgresTimestampRange(sql: string, type: SqlType): string {
  const bound = (text: string): string =>
    type.kind === 'timestamptz' ? `TIMESTAMPTZ '${text}+00'` : `TIMESTAMP '${text}'`;
  return `(CASE WHEN ${sql} BETWEEN ${bound('1684-07-28 00:12:25.259009')} AND ${bound('2255-06-05 23:47:34.740991')} THEN ${sql} END)`;
}

/** The first instant of a date in UTC. */
export function postgresMidnight(sql: string, type: SqlType): string {
  const midnight = `CAST(${sql} AS timestamp)`;
  return type.kind === 'timestamptz' ? `(${midnight} AT TIME ZONE 'UTC')` : midnight;
}

/** A plain name, qualified or not: no operator is written with these. */
const ATOM = /^[\w."]+$/;

/**
 * A form that names its arguments many times: all but plain names are computed once, in a subquery, so that nested calls do not multiply
 * their text.
 */
export function postgresOnce(
  args: readonly string[],
  cast: string | null,
  form: (names: readonly string[]) => string,
  /** Another name where the form's own text is the argument of a further one. */
  alias = 'once',
): string {
  const bindings: string[] = [];
  const names = args.map((sql, i) => {
    const typed = cast === null ? sql : `CAST(${sql} AS ${cast})`;
    if (cast === null && ATOM.test(sql)) return sql;
    bindings.push(`${typed} AS v${i}`);
    return `${alias}.v${i}`;
  });
  const text = form(names);
  if (bindings.length === 0) return `(${text})`;
  // Postgres would write nested subqueries out again wherever their columns are used; OFFSET keeps them apart.
  const fence = bindings.some((binding) => binding.includes('SELECT')) ? ' OFFSET 0' : '';
  return `(SELECT ${text} FROM (SELECT ${bindings.join(', ')}${fence}) AS ${alias})`;
}

/** NaN and the infinities, which Postgres never raises for. */
export function postgresSpecial(sql: string): string {
  return `${sql} IN ('NaN', 'Infinity', '-Infinity')`;
}

/** A power of two as a double constant, exactly. */
export function twoTo(exponent: number): string {
  return `CAST('${2 ** exponent}' AS double precision)`;
}

/** Half-way bounds of a real: what is beyond overflows, what is below is 0. */
const BEYOND_REAL = 2 ** 128 - 2 ** 103;

/** A double as real, NULL where it is too large; Postgres would raise there, and where it is too small. */
export function postgresReal(name: string): string {
  return `CASE WHEN abs(${name}) <= ${twoTo(-150)} THEN 0 WHEN abs(${name}) < CAST('${BEYOND_REAL}' AS double precision) OR ${postgresSpecial(name)} THEN CAST(${name} AS real) END`;
}
