/** What raw text means in PostgreSQL where it aggregates: the part of the divergence table that tests/functions can't show, a view at a time. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { type PostgresConnection, type PostgresServer, startPostgres } from '../servers/postgres.ts';

let server: PostgresServer;
let postgres: PostgresConnection;
let duckdb: DuckDbSession;
beforeAll(async () => {
  server = await startPostgres();
  postgres = await server.connect();
  duckdb = await openDuckDb({ threads: 1 });
}, 60_000);
afterAll(async () => {
  duckdb.close();
  await postgres.close();
  await server.stop();
});

async function inPostgres(sql: string): Promise<string | null> {
  try {
    return (await postgres.query(`SELECT CAST((${sql}) AS text)`)).rows[0]?.[0] ?? null;
  } catch {
    return 'aborts';
  }
}

async function inDuckDb(sql: string): Promise<string | null> {
  const { batch } = await duckdb.readColumns(`SELECT CAST((${sql}) AS VARCHAR)`);
  const vector = batch.columns[0];
  if (vector?.kind !== 'text') throw new Error('no text');
  if (vector.nulls?.[0] === 1) return null;
  return vector.strings?.[0] ?? vector.dictionary?.[vector.codes?.[0] ?? -1] ?? null;
}

const over = (expression: string, type: string, ...values: string[]): string =>
  `SELECT ${expression} FROM (VALUES ${values.map((value) => `(CAST('${value}' AS ${type}))`).join(', ')}) AS v(x)`;

/** By what tests/properties/postgres-divergence.ts leaves out of its comparison. */
const ROWS = [
  {
    name: 'the sum of reals is a real',
    sql: over('sum(x)', 'real', '16777216', '1'),
    fsc: '16777217.0',
    postgres: '1.6777216e+07',
  },
  {
    name: 'round of a double takes halves to even',
    sql: over('round(max(x))', 'double precision', '2.5'),
    fsc: '3.0',
    postgres: '2',
  },
  {
    name: 'a variance of exact values is numeric, and so is what is reckoned with it',
    sql: over('coalesce(nullif(var_pop(x), 0), 99.2) + -33.9', 'decimal(12,2)', '1'),
    fsc: '65.30000000000001',
    postgres: '65.3',
  },
  {
    name: 'a deviation of exact values has as many decimals as its variance needs for 16 digits: none here',
    sql: over('stddev_pop(x)', 'bigint', '-61659', '780486120', '23820', '-184977'),
    fsc: '337992572.47982556',
    postgres: '337992572',
  },
  {
    name: 'what is reckoned with a part of a time is numeric',
    sql: "extract(epoch FROM TIMESTAMP '2020-09-01 00:00:00') * 4.61",
    fsc: '7371013824.000001',
    postgres: '7371013824.00000000',
  },
  {
    name: 'what stands in the place of a quotient of exact values is numeric, and so is what is reckoned with it',
    sql: 'CASE WHEN 1 = 2 THEN 1 * 1.0 / 3 ELSE -43.8 END - 8.47',
    fsc: '-52.269999999999996',
    postgres: '-52.27',
  },
  {
    name: 'a decimal chosen among several keeps its own scale',
    sql: 'greatest(5 * 6.4, 7.74)',
    fsc: '32.00',
    postgres: '32.0',
  },
];

it.each(ROWS)('$name', async ({ sql, fsc, postgres: raw }) => {
  expect(await inDuckDb(sql)).toBe(fsc);
  expect(await inPostgres(sql)).toBe(raw);
});

/** Rows that abort are run in guarded form (design.md section 4); of a variance that has no value fsc's is NULL. */
it.each([
  [
    'a sum of bigints is a decimal in both',
    over('sum(x)', 'bigint', '9223372036854775807', '1'),
    '9223372036854775808',
  ],
  ['a sum of doubles that overflows', over('sum(x)', 'double precision', '1e308', '1e308'), 'aborts'],
  ['a variance of NaN, which DuckDB refuses', over('var_samp(x)', 'double precision', 'NaN', '1'), 'NaN'],
  ['a variance of infinities, as well', over('stddev_pop(x)', 'double precision', 'Infinity', '1'), 'NaN'],
  ['a variance that overflows', over('var_samp(x)', 'double precision', '1e308', '-1e308'), 'aborts'],
])('%s', async (_, sql, raw) => {
  expect(await inPostgres(sql)).toBe(raw);
});
