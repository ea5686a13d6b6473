/** Values for NOT NULL columns that a test leaves out because the view does not read them (cli.md, tests beside features). */
import { planChildren } from '../../compiler/bind/walk.ts';
import type { PlanExpr, SourcePlan } from '../../compiler/plan/plan.ts';
import type { SourceProgram } from '../../runtime/log/contract.ts';
import { printJsonValue, readJsonValue } from '../../runtime/values/json.ts';
import type { ColumnSpec } from '../../runtime/values/manifest.ts';
import { printDate, printTimestamp } from '../../runtime/values/temporal.ts';
import { MICROS_PER_DAY, type SqlType, type Value } from '../../runtime/values/types.ts';
import { type Place, testFault } from '../test-files.ts';
import { batchOf } from './memory-records.ts';

const DAY_JSON = 11_323; // 2001-01-01
const TRIES = 500;

/**
 * Fills the missing columns of one row: key columns with a value of their own a row, the others alike in all rows, and so that no CHECK refuses
 * the row because of them.
 */
export function makeUp(
  source: SourcePlan,
  program: SourceProgram,
  missing: readonly number[],
  given: readonly Value[],
  row: number,
  place: Place,
): readonly Value[] {
  const { columns, keyColumns } = source.spec;
  const constants = [...source.checks, ...(source.only === null ? [] : [source.only])].flatMap(constantsOf);
  const choices = missing.map((column) =>
    candidates(columns[column] as ColumnSpec, keyColumns.includes(column) ? row : null, constants),
  );
  const values = [...given];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    let rest = attempt;
    missing.forEach((column, i) => {
      const list = choices[i] as readonly Value[];
      values[column] = list[rest % list.length] as Value;
      rest = Math.floor(rest / list.length);
    });
    if (rest > 0) break; // every combination was tried
    if (refusedBecauseOf(source, program, values, missing) === null) return values;
  }
  const check = refusedBecauseOf(source, program, values, missing);
  const names = missing.map((column) => `\`${columns[column]?.name}\``).join(', ');
  throw testFault(place, `the row leaves out ${names}, for which no value could be made up`, check);
}

/** The condition that refuses the row and reads a column that was made up; null: there is none. */
function refusedBecauseOf(
  source: SourcePlan,
  program: SourceProgram,
  values: readonly Value[],
  missing: readonly number[],
): string | null {
  const batch = batchOf(program.spec, [values]);
  const broken = new Uint16Array(1);
  program.check(batch, 1, broken);
  const check = source.checks[(broken[0] as number) - 1];
  if (check !== undefined && reads(check, missing))
    return `CHECK (${source.spec.checks[(broken[0] as number) - 1]?.sql}) refuses it`;
  if (program.only === null || source.only === null || !reads(source.only, missing)) return null;
  const taken = new Uint8Array(1);
  program.only(batch, 1, taken);
  return taken[0] === 1 ? null : `@only ${source.spec.onlySql} leaves it out`;
}

function reads(expr: PlanExpr, columns: readonly number[]): boolean {
  return (
    (expr.kind === 'column' && columns.includes(expr.column)) ||
    planChildren(expr).some((child) => reads(child, columns))
  );
}

function constantsOf(expr: PlanExpr): readonly Extract<PlanExpr, { kind: 'const' }>[] {
  return expr.kind === 'const' ? [expr] : planChildren(expr).flatMap(constantsOf);
}

function candidates(
  column: ColumnSpec,
  row: number | null,
  constants: readonly Extract<PlanExpr, { kind: 'const' }>[],
): readonly Value[] {
  const texts = [
    ...(row === null ? [] : ownTexts(column.type, row)),
    ...plainTexts(column.type),
    ...constants.filter(({ value }) => value !== null).flatMap(({ value, type }) => around(value, type)),
  ];
  const values = texts.flatMap((text) => {
    const read = readJsonValue(JSON.parse(text), column.type, () => text);
    return read.ok && read.value !== null ? [read.value] : [];
  });
  if (values.length === 0) throw new Error(`no value for ${column.name}`);
  return values;
}

/** A value that no other row has, as far as the type has so many. */
function ownTexts(type: SqlType, row: number): readonly string[] {
  switch (type.kind) {
    case 'text':
      return [JSON.stringify(`made up ${row + 1}`), JSON.stringify((row + 1).toString(36))];
    case 'date':
      return [`"${printDate(DAY_JSON + row)}"`];
    case 'timestamp':
    case 'timestamptz':
      return [`"${printTimestamp(DAY_JSON * MICROS_PER_DAY + row)}"`];
    case 'boolean':
      return [String(row % 2 === 1)];
    default:
      return [String(row + 1)];
  }
}

function plainTexts(type: SqlType): readonly string[] {
  switch (type.kind) {
    case 'text':
      return ['"made up"', '"a"', '""'];
    case 'date':
      return [`"${printDate(DAY_JSON)}"`];
    case 'timestamp':
    case 'timestamptz':
      return [`"${printTimestamp(DAY_JSON * MICROS_PER_DAY)}"`];
    case 'boolean':
      return ['true', 'false'];
    default:
      return ['1', '0', '-1', '100', '0.5'];
  }
}

/** A constant of a condition, and its neighbours. */
function around(value: Value, type: SqlType): readonly string[] {
  const text = printJsonValue(value, type);
  if (typeof value !== 'number' && typeof value !== 'bigint') return [text];
  const step = typeof value === 'bigint' ? 1n : 1;
  return [
    value,
    ...(typeof value === 'bigint' ? [value + (step as bigint), value - (step as bigint)] : [value + 1, value - 1]),
  ].map((near) => printJsonValue(near, type));
}
