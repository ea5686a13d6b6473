import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderFunctions } from '../../runtime/functions/documentation.ts';
import { AGGREGATES, SCALARS } from '../../runtime/functions/index.generated.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { EDGES } from './edges.ts';
import { boundOrThrow, evaluate, sqlOf, textOf } from './expression.ts';
import { DuckDbMachine, physicalType } from './machines.ts';
import { PostgresMachine } from './postgres-machine.ts';
import { sqlTypeName } from './values.ts';

const PAGE = new URL('../../docs/functions.md', import.meta.url);

it('docs/functions.md is current (npm run build && node scripts/docs-functions.mjs, or FSC_UPDATE=1)', () => {
  if (process.env.FSC_UPDATE === '1') writeFileSync(PAGE, renderFunctions());
  expect(readFileSync(PAGE, 'utf8')).toBe(renderFunctions());
});

let server: PostgresServer;
let postgres: PostgresMachine;
let postgresReferee: PostgresMachine;
let duckdb: DuckDbMachine;
let duckdbReferee: DuckDbMachine;
beforeAll(async () => {
  server = await startPostgres();
  postgres = await PostgresMachine.emitted(server, []);
  postgresReferee = await PostgresMachine.referee(server, []);
  duckdb = await DuckDbMachine.emitted([]);
  duckdbReferee = await DuckDbMachine.referee([]);
}, 120_000);
afterAll(async () => {
  duckdb.close();
  duckdbReferee.close();
  await postgres.close();
  await postgresReferee.close();
  await server.stop();
}, 60_000);

/** `aborts` stands for an error of the values, which fsc makes NULL. */
async function inDuckDb(machine: DuckDbMachine, sql: string, type: SqlType): Promise<string> {
  try {
    const [column] = await machine.select(`SELECT CAST((${sql}) AS ${sqlTypeName(type, 'duckdb')})`);
    return textOf(column?.values[0] as Value, type);
  } catch (error) {
    return /Out of Range|Conversion/.test(String(error)) ? 'aborts' : String(error);
  }
}

async function inPostgres(machine: PostgresMachine, sql: string, type: SqlType): Promise<string> {
  const [answer] = await machine.evaluate([{ text: `CAST((${sql}) AS ${sqlTypeName(type, 'postgres')})`, type }], '');
  if (answer === undefined) throw new Error('no answer');
  if ('refused' in answer)
    return /out of range|division by zero|invalid input|negative|zero/.test(answer.refused) ? 'aborts' : answer.refused;
  return textOf(answer.values[0] as Value, type);
}

describe('examples of scalar functions', () => {
  for (const fn of SCALARS) {
    it.each(fn.doc.examples)(`${fn.name}: $sql is $value`, async ({ sql, value }) => {
      const expr = boundOrThrow(sql);
      const { type } = expr;
      expect(textOf(evaluate(expr), type)).toBe(value);
      expect(await inDuckDb(duckdb, sqlOf(expr, 'duckdb'), physicalType(type))).toBe(value);
      expect(await inPostgres(postgres, sqlOf(expr, 'postgres'), type)).toBe(value);
      // The text as it stands; where fsc says NULL a database may have stopped.
      const allowed = value === 'NULL' ? ['NULL', 'aborts', 'NaN'] : [value];
      expect(allowed).toContain(await inDuckDb(duckdbReferee, sql, type));
      expect(allowed).toContain(await inPostgres(postgresReferee, sql, type));
    });
  }
});

describe('examples of aggregates', () => {
  for (const fn of AGGREGATES) {
    it.each(fn.doc.examples)(`${fn.name}: $sql is $value`, async ({ sql, value }) => {
      const type: SqlType = { kind: 'text', maxLength: null };
      expect(Number(await inDuckDb(duckdbReferee, sql, type)) || (await inDuckDb(duckdbReferee, sql, type))).toEqual(
        Number(value) || value,
      );
      expect(
        Number(await inPostgres(postgresReferee, sql, type)) || (await inPostgres(postgresReferee, sql, type)),
      ).toEqual(Number(value) || value);
    });
  }
});

describe('edges', () => {
  it.each(EDGES)('$sql is $value', async ({ sql, value }) => {
    const expr = boundOrThrow(sql);
    const { type } = expr;
    expect(textOf(evaluate(expr), type)).toBe(value);
    expect(await inDuckDb(duckdb, sqlOf(expr, 'duckdb'), physicalType(type))).toBe(value);
    expect(await inPostgres(postgres, sqlOf(expr, 'postgres'), type)).toBe(value);
  });
});

describe('spellings', () => {
  /** Grammar of its own in Postgres. */
  const GRAMMAR = ['extract', 'greatest', 'least', 'trim'];
  const spellings = [...SCALARS, ...AGGREGATES].flatMap((fn) =>
    fn.spellings.flatMap((spelling) => ('fn' in spelling ? [spelling.fn] : [])),
  );

  it('are functions of both databases', async () => {
    const [known] = await duckdb.select('SELECT DISTINCT function_name FROM duckdb_functions()');
    const duckdbNames = new Set(known?.values);
    const rows = await postgres.evaluate(
      [{ text: 'proname', type: { kind: 'text', maxLength: null } }],
      'FROM pg_proc',
    );
    const postgresNames = new Set(rows[0] !== undefined && 'values' in rows[0] ? rows[0].values : []);
    expect(spellings.filter((name) => !duckdbNames.has(name) && !['extract'].includes(name))).toEqual([]);
    expect(spellings.filter((name) => !postgresNames.has(name) && !GRAMMAR.includes(name))).toEqual([]);
  });
});
