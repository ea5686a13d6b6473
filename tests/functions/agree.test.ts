import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCALARS } from '../../runtime/functions/index.generated.ts';
import { equalValues } from '../../runtime/values/order.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';
import { type Call, callsOf, formOf, kernelOf, rawOf } from './calls.ts';
import { duckRows, literal, Random, randomValue, show, sqlTypeName, ulps } from './values.ts';

const ROWS = 24;
const SEED = Number(process.env['FSC_SEED'] ?? '1');
const ODD = ["SET TimeZone = 'Asia/Tokyo'", "SET default_null_order = 'nulls_first'"];
const REFEREE = [
  "SET TimeZone = 'UTC'",
  'SET integer_division = true',
  'SET ieee_floating_point_ops = false',
  "CREATE MACRO lower(x) AS translate(x, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')",
  "CREATE MACRO upper(x) AS translate(x, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')",
];

let emitted: DuckDBConnection;
let referee: DuckDBConnection;
beforeAll(async () => {
  emitted = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  for (const setting of ODD) await emitted.run(setting);
  referee = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  for (const setting of REFEREE) await referee.run(setting);
});
afterAll(() => {
  emitted.closeSync();
  referee.closeSync();
});

const physical = (type: SqlType): SqlType => (type.kind === 'timestamptz' ? { kind: 'timestamp' } : type);

function table(rows: readonly (readonly Value[])[], types: readonly SqlType[]): string {
  const lines = rows.map(
    (row, i) => `(${[i, ...row.map((value, c) => literal(value, types[c] as SqlType, 'duckdb'))].join(', ')})`,
  );
  const names = ['i', ...types.map((_, c) => `c${c}`)];
  const columns = types.map((type, c) => `CAST(c${c} AS ${sqlTypeName(type, 'duckdb')}) AS c${c}`);
  return `(SELECT i, ${columns.join(', ')} FROM (VALUES ${lines.join(', ')}) AS w(${names.join(', ')})) AS v`;
}

function agrees(call: Call, a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  const { result } = call.types;
  if (call.agreement === 'double' && typeof a === 'number' && typeof b === 'number') {
    return Object.is(a, b) || ulps(a, b) <= (result.kind === 'real' ? 2 ** 31 : 4);
  }
  return typeof a === typeof b && (result.kind === 'interval' ? show(a) === show(b) : equalValues(result, a, b));
}

/** An argument text: constants stand as the user writes them. */
function texts(call: Call): string[] {
  return call.constants.map((constant, i) =>
    constant === undefined
      ? `c${i}`
      : typeof constant === 'string'
        ? literal(constant, { kind: 'text', maxLength: null }, 'duckdb')
        : String(constant),
  );
}

async function faults(call: Call, random: Random): Promise<string[]> {
  const rows = Array.from({ length: ROWS }, () =>
    call.declared.map((type, i) =>
      call.constants[i] === undefined ? randomValue(random, type) : (call.constants[i] as Value),
    ),
  );
  const kernel = kernelOf(call);
  const values = rows.map(kernel);
  const faulty: string[] = [];
  const form = await duckRows(
    emitted,
    `SELECT ${formOf(call, texts(call), 'duckdb')} AS x FROM ${table(rows, call.declared.map(physical))} ORDER BY i`,
  );
  const wanted = physical(call.types.result);
  const name =
    wanted.kind === 'text'
      ? 'VARCHAR'
      : wanted.kind === 'double'
        ? 'DOUBLE'
        : wanted.kind === 'real'
          ? 'FLOAT'
          : printType(wanted).toUpperCase();
  if (form.types[0] !== name) faulty.push(`${call.title}: the form gives ${form.types[0]}, not ${name}`);
  const raw = await duckRows(
    referee,
    `SELECT TRY(${rawOf(call, texts(call))}) AS x FROM ${table(rows, call.declared)} ORDER BY i`,
  );
  const rawSql = `${raw.types[0]}`;
  const cast = await duckRows(
    referee,
    `SELECT TRY(CAST(${rawOf(call, texts(call))} AS ${sqlTypeName(call.types.result, 'duckdb')})) AS x FROM ${table(rows, call.declared)} ORDER BY i`,
  );
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(rawSql)?.[1];
  if (
    scale !== undefined &&
    Number(scale) >
      (call.types.result.kind === 'decimal' ? call.types.result.scale : call.types.result.kind === 'double' ? 99 : 0)
  )
    faulty.push(`${call.title}: raw SQL gives ${rawSql}, fsc ${printType(call.types.result)}`);
  values.forEach((value, i) => {
    const where = `${call.title} over ${(rows[i] as Value[]).map(show).join(', ')}`;
    const emittedValue = form.rows[i]?.[0] as Value;
    if (!agrees(call, value, emittedValue))
      faulty.push(`${where}: kernel ${show(value)}, DuckDB form ${show(emittedValue)}`);
    const rawValue = cast.rows[i]?.[0] as Value;
    if (rawValue === null ? value !== null && raw.rows[i]?.[0] !== null : !agrees(call, value, rawValue)) {
      const overflow = value === null && typeof rawValue === 'number' && !Number.isFinite(rawValue);
      if (!overflow) faulty.push(`${where}: kernel ${show(value)}, raw SQL ${show(rawValue)} (${rawSql})`);
    }
    if (rawValue === null && value !== null)
      faulty.push(`${where}: kernel ${show(value)}, raw SQL aborts or is NULL (${rawSql})`);
  });
  return faulty;
}

describe('kernel = DuckDB form = the text itself', () => {
  for (const fn of SCALARS) {
    it(fn.name, async () => {
      const random = new Random(SEED * 7919 + fn.name.length);
      const all: string[] = [];
      for (const call of callsOf(fn)) {
        try {
          all.push(...(await faults(call, random)).slice(0, 3));
        } catch (error) {
          all.push(`${call.title}: ${String(error).slice(0, 300)}`);
        }
      }
      expect(all).toEqual([]);
    });
  }
});
