/**
 * Conditions that DuckDB 1.5 makes others of, which differ where there are NULLs, and Parquet files that it leaves rows of a NaN out of. Emitted SQL
 * and fsc's own files have none of them, whatever the session; the file's own text is run without the rule that does it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { refereeSession } from '../../runtime/engines/duckdb/referee.ts';
import { OWN_PARQUET } from '../../runtime/sources/duckdb-scan.ts';
import { inDuckDb, lastRows, planned } from './stock-duckdb.ts';

const EVENTS = `CREATE TABLE events AS SELECT col0 AS id, TIMESTAMP '2025-03-31 12:00' AS ts, col1 AS usr,
  CAST(NULL AS timestamp) AS due_at, CAST(NULL AS integer) AS n
  FROM (VALUES (1::bigint, 'ann'), (2, 'ann'))`;
const PAIRS = 'CREATE TABLE pairs AS FROM (VALUES (1, 1), (1, NULL), (NULL, NULL), (1, 2)) AS p(a, b)';

async function inReferee(...statements: readonly string[]): Promise<unknown> {
  const referee = await refereeSession();
  try {
    return await lastRows(referee.session.connection, statements);
  } finally {
    referee.close();
  }
}

const SAME = 'SELECT (a = b) OR (a IS NULL AND b IS NULL) AS same FROM pairs';
const COMMON = 'SELECT (a = b AND a < 9) OR (a IS NULL AND b IS NULL AND a < 9) FROM pairs WHERE a = 1';
const OTHER = 'SELECT count(*) FROM events WHERE n IS DISTINCT FROM 1 OR n > 5';
const NOT_TRUE = 'SELECT count(*) FROM events WHERE (n > 0) IS NOT TRUE OR (n > 0) = FALSE';
const HALF_PAST =
  "SELECT count(*) FILTER (WHERE date_trunc('hour', due_at) <> TIMESTAMP '2001-01-01 12:30') FROM events";

it('DuckDB makes others of them; where it no longer does, the forms need not be', async () => {
  expect(await inDuckDb(PAIRS, SAME)).toEqual([[true], [false], [true], [false]]);
  expect(await inDuckDb(PAIRS, COMMON)).toEqual([[true], [false], [false]]);
  expect(await inDuckDb(EVENTS, OTHER)).toEqual([['0']]);
  expect(await inDuckDb(EVENTS, HALF_PAST)).toEqual([['2']]);
});

it("the file's own text is run without that rule", async () => {
  expect(await inReferee(PAIRS, SAME)).toEqual([[true], [null], [true], [false]]);
  expect(await inReferee(PAIRS, COMMON)).toEqual([[true], [null], [false]]);
  expect(await inReferee(EVENTS, OTHER)).toEqual([['2']]);
  expect(await inReferee(EVENTS, NOT_TRUE)).toEqual([['2']]);
  expect(await inReferee(EVENTS, HALF_PAST)).toEqual([['0']]);
});

async function emitted(items: string, where = ''): Promise<unknown> {
  const view = planned(items, where);
  const sql = emitViewSql(view, "TIMESTAMP '2025-04-01'", 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
  return inDuckDb(EVENTS, sql);
}

it('emitted SQL has values of its own for them', async () => {
  const same = '(max(id) = max(n)) OR (max(id) IS NULL AND max(n) IS NULL)';
  const common = '(max(id) = max(n) AND min(id) > 0) OR (max(id) IS NULL AND max(n) IS NULL AND min(id) > 0)';
  expect(await emitted(`${same} AS a, ${common} AS b, NOT (${same}) AS c`)).toEqual([['ann', null, null, null]]);
  const differing = 'NOT (id = n OR (id IS NULL AND n IS NULL))';
  expect(await emitted(`count(*) FILTER (WHERE ${differing}) AS c`)).toEqual([['ann', '0']]);
  const conditions = [
    'n IS DISTINCT FROM 1 OR n > 5',
    'NOT (n IS NOT DISTINCT FROM 1) OR n = 3',
    '(n > 0) IS NOT TRUE OR (n > 0) = FALSE',
    "due_at IS DISTINCT FROM TIMESTAMP '2001-01-01' OR due_at < TIMESTAMP '2001-01-01'",
    'n IS DISTINCT FROM 1.5 OR n > 5',
  ];
  for (const where of conditions)
    expect([where, await emitted('count(*) AS c', `WHERE ${where}`)]).toEqual([where, [['ann', '2']]]);
  for (const where of ['n IS DISTINCT FROM NULL OR n > 5', differing])
    expect([where, await emitted('count(*) AS c', `WHERE ${where}`)]).toEqual([where, []]);
});

it('files that fsc writes and reads again are not left out by the bits of a NaN', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fsc-nan-'));
  const found = (format: string): Promise<unknown> => {
    const file = join(folder, 'x.parquet');
    const copy = `COPY (SELECT CAST('-nan' AS double) AS x FROM range(20)) TO '${file}' (${format})`;
    return inDuckDb(copy, `SELECT count(*) FROM '${file}' WHERE x = CAST('NaN' AS double)`);
  };
  expect(await found('FORMAT parquet')).toEqual([['0']]);
  expect(await found(OWN_PARQUET)).toEqual([['20']]);
  rmSync(folder, { recursive: true });
});
