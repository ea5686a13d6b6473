/** Shared pieces of aggregate definitions. No function is defined here. */
import type { SqlType } from '../values/types.ts';
import type { AggregateFunction, AggregateSqlForm, AggregateSqlParts, Dialect, Resolution } from './definition.ts';
import { duckdbType, isFloat, isTemporal, postgresType, rejected } from './support.ts';

/** What most aggregates have in common: one argument, no DISTINCT, NULL over nothing. */
export const ONE_ARGUMENT = {
  kind: 'aggregate',
  arity: 1,
  allowsDistinct: false,
  orderSensitive: false,
  empty: null,
  semantics: 1,
} as const satisfies Partial<AggregateFunction>;

/** The call itself: `sum(x) FILTER (…) OVER (…)`. */
export function callText(fn: string, argument: string, parts: AggregateSqlParts): string {
  return [`${fn}(${argument})`, parts.filter, parts.over].filter((text) => text !== '').join(' ');
}

export function argumentOf(parts: AggregateSqlParts): string {
  if (parts.arg === null) throw new Error('the aggregate has no argument');
  return parts.arg;
}

export function typeText(type: SqlType, dialect: Dialect): string {
  return dialect === 'duckdb' ? duckdbType(type) : postgresType(type);
}

/** A double constant of either database, with all its digits. */
export function doubleText(value: number): string {
  return `CAST('${String(value)}' AS double precision)`;
}

export function asDouble(sql: string): string {
  return `CAST(${sql} AS double precision)`;
}

/** One form for both databases. */
export function everywhere(form: AggregateSqlForm): Readonly<Record<Dialect, AggregateSqlForm>> {
  return { duckdb: form, postgres: form };
}

/** A float is summed as double, whatever its width; other numbers as they are. */
export function widened(type: SqlType): SqlType {
  return isFloat(type) ? { kind: 'double' } : type;
}

/** For aggregates of numbers: what makes one of an argument that is none. */
export function takesNumbers(fn: string, type: SqlType | undefined): Resolution {
  return takesOnly(fn, type, 'numbers', type === undefined ? 'give it a number' : numberOf(type));
}

function numberOf(type: SqlType): string {
  if (type.kind === 'boolean') return 'cast the argument: `CAST(x AS integer)`';
  const isTime = isTemporal(type) || type.kind === 'interval';
  return isTime ? 'take the argument in seconds: `extract(epoch FROM x)`' : 'cast the argument to a number';
}

export function takesOnly(fn: string, type: SqlType | undefined, takes: string, help: string): Resolution {
  const shown = type === undefined ? 'nothing' : type.kind;
  return rejected(`\`${fn}\` does not take ${shown}`, `it takes ${takes} in both databases`, help);
}
