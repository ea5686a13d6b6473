import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'libpg-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duckdbFile, postgresFile, unsupportedSql } from '../../compiler/backends/sql/files.ts';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { writeCatalogue } from '../../runtime/engines/duckdb/catalogue.ts';
import { openQuerySession } from '../../runtime/engines/duckdb/query.ts';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { MICROS_PER_DAY as DAY } from '../../runtime/values/types.ts';
import { load } from './load-rows.ts';
import {
  aggregate,
  aggregateView,
  column,
  constant,
  keyOutput,
  output,
  slotOutput,
  source,
  T,
  TEST_FUNCTIONS,
  WHOLE,
} from './plans.ts';
import { loadPayments, START, sortedRows } from './records.ts';
import { ALL_VIEWS, LOG_VIEWS, PAYMENTS, REQUEST, ROWS, WINDOWS } from './views.ts';

const T0 = START + 5 * DAY;
const INSTANT = printInstant(T0);

/** A process of its own with nothing of ours in it but DuckDB. */
function stockDuckDb(file: string, statements: readonly string[]): string[][] {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api';
    const instance = await DuckDBInstance.create(process.argv[1], { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const results = [];
    for (const sql of JSON.parse(process.argv[2])) {
      const reader = await connection.runAndReadAll(sql);
      results.push(reader.getRows().map((row) => row.map(String).join('|')).sort());
    }
    console.log(JSON.stringify(results));`;
  const args = ['--input-type=module', '-e', script, file, JSON.stringify(statements)];
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, TZ: 'Asia/Tokyo' } }),
  ) as string[][];
}

describe('catalogue and macros', () => {
  let folder: string;
  let parquet: string;
  let session: DuckDbSession;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fsc [cat]*'));
    parquet = join(folder, "pay's.parquet");
    session = await openDuckDb({ threads: 1 });
    await loadPayments(session, 'payments');
    expect(await session.writeParquet('SELECT * FROM payments', parquet)).toBe(300);
  });
  afterAll(() => {
    session.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens in a second process, in Tokyo, and gives the same values for every kind of instant', async () => {
    const file = join(folder, 'catalogue.duckdb');
    const macros = ALL_VIEWS.map((view) => duckdbFile(view, TEST_FUNCTIONS));
    const sources = [
      { spec: PAYMENTS, paths: [parquet] },
      { spec: REQUEST, paths: [] },
    ];
    await writeCatalogue(file, sources, macros);
    await writeCatalogue(file, sources, macros);
    expect(readdirSync(folder).sort()).toEqual(['catalogue.duckdb', "pay's.parquet"]);
    for (const view of LOG_VIEWS) {
      const name = view.kind === 'rows' ? `${view.spec.name}_latest` : view.spec.name;
      const columns = view.outputs.map(({ name: column, type }) =>
        type.kind === 'timestamptz' ? `epoch_us("${column}")` : `"${column}"`,
      );
      const ask = (instant: string): string => `SELECT ${columns.join(', ')} FROM "${name}"(${instant})`;
      const results = stockDuckDb(file, [
        "SET TimeZone = 'Asia/Tokyo'",
        ask(INSTANT),
        ask(`TIMESTAMPTZ '${INSTANT.slice(11, -1)}+00'`),
        ask(`CAST('${INSTANT.slice(11, -1)}' AS TIMESTAMP)`),
        'SET integer_division = false',
        "SET default_null_order = 'nulls_first'",
        ask(INSTANT),
      ]);
      const sql = emitViewSql(view, INSTANT, 'latest', { dialect: 'duckdb', functions: TEST_FUNCTIONS });
      const here = await session.connection.runAndReadAll(`SELECT ${columns.join(', ')} FROM (${sql})`);
      const wanted = here
        .getRows()
        .map((row) => row.map(String).join('|'))
        .sort();
      expect(wanted.length).toBeGreaterThan(0);
      for (const i of [1, 2, 3, 6]) expect([view.spec.name, i, results[i]]).toEqual([view.spec.name, i, wanted]);
    }
  });

  it('answers a request view over a temporary table of requests', () => {
    const results = stockDuckDb(join(folder, 'catalogue.duckdb'), [
      "CREATE TEMP TABLE payment_request AS SELECT 'a' AS card, 1.50::DECIMAL(12,2) AS amount",
      `SELECT card, amount, nth IS NOT NULL FROM requested_v1(${INSTANT})`,
    ]);
    expect(results[1]).toEqual(['a|1.50|true']);
  });

  it('has an empty relation for a source without files', async () => {
    const file = join(folder, 'empty.duckdb');
    await writeCatalogue(file, [{ spec: PAYMENTS, paths: [] }], [duckdbFile(WINDOWS, TEST_FUNCTIONS)]);
    expect(stockDuckDb(file, [`SELECT count(*) FROM windows_v1(${INSTANT})`])[0]).toEqual(['0']);
    rmSync(file);
  });

  it('answers queries, locked', async () => {
    const locked = await openQuerySession([{ spec: PAYMENTS, paths: [parquet] }], [duckdbFile(ROWS, TEST_FUNCTIONS)], {
      threads: 1,
    });
    try {
      const { columns, parts } = await locked.query(
        `SELECT card, [1, 2] AS list FROM rows_v1(${INSTANT}) ORDER BY card LIMIT 2`,
      );
      expect(columns.map(({ name }) => name)).toEqual(['card', 'list']);
      for await (const rows of parts) expect(rows.length).toBe(2);
      const refused = (sql: string, code = 'FSC7351') =>
        expect(locked.query(sql)).rejects.toMatchObject({ code, exitCode: 1 });
      await refused("SELECT * FROM read_csv('/etc/passwd')");
      await refused("COPY (SELECT 1) TO '/tmp/fsc-must-not-be'");
      await refused('SELECT 1; SELECT 2');
      await refused('CREATE TABLE x (a integer)');
      await refused('SET lock_configuration = false');
      await refused('SELECT ?');
      await refused('-- nothing');
      await refused('SELECT nothing', 'FSC7350');
    } finally {
      locked.close();
    }
  });

  it('leaves nothing behind when a file cannot be written', async () => {
    await expect(session.writeParquet('SELECT 1 AS a', join(folder, 'no', 'x.parquet'))).rejects.toMatchObject({
      code: 'FSC7352',
    });
    await expect(session.writeParquet("SELECT error('x') AS a", join(folder, 'y.parquet'))).rejects.toMatchObject({
      code: 'FSC7352',
    });
    expect(readdirSync(folder).filter((name) => name.includes('x.p') || name.includes('y.p'))).toEqual([]);
  });

  it('writes a huge integer to Parquet with all its digits', async () => {
    const file = join(folder, 'huge.parquet');
    await session.writeParquet('SELECT 99999999999999999999999999999999999999::HUGEINT AS h', file);
    const back = await session.readColumns(
      `SELECT h FROM '${file.replaceAll("'", "''").replaceAll('[', '[[]').replaceAll('*', '[*]')}'`,
    );
    expect(sortedRows(back)).toEqual(['["99999999999999999999999999999999999999"]']);
  });
});

describe('names and strings of any content', () => {
  const NASTY = `a"b'c\\d;--e/*f*/\n$fsc$\${g}\u2028 __proto__ as_of`;
  const hostile = source(NASTY, { [NASTY]: T.timestamp, as_of: T.text, e: T.integer, k0: T.integer }, NASTY, ['k0']);
  const view = aggregateView({
    name: 'hostile_v1',
    text: '',
    source: hostile,
    entity: { as_of: column(hostile, 'as_of') },
    slots: [
      aggregate('max', column(hostile, 'e'), T.integer, WHOLE),
      aggregate('latest', column(hostile, 'k0'), T.integer, WHOLE),
    ],
    outputs: [
      keyOutput('as_of', 0, T.text),
      slotOutput(`${NASTY}2`, 0, T.integer),
      slotOutput('select', 1, T.integer),
      output('text', constant(NASTY, T.text)),
    ],
  });

  it('come through a macro unchanged', async () => {
    const session = await openDuckDb({ threads: 1 });
    try {
      await load(session, NASTY, hostile, [
        [1_000_000, NASTY, 5, 1],
        [2_000_000, NASTY, 4, 2],
      ]);
      await session.run(duckdbFile(view, TEST_FUNCTIONS));
      const result = await session.readColumns("SELECT * FROM hostile_v1(TIMESTAMP '2024-01-01')");
      expect(result.names).toEqual(['as_of', `${NASTY}2`, 'select', 'text']);
      expect(sortedRows(result)).toEqual([JSON.stringify([NASTY, '5', '2', NASTY])]);
    } finally {
      session.close();
    }
  });

  it('stay inside their quotes in Postgres', async () => {
    const text = postgresFile(view, TEST_FUNCTIONS);
    // BEGIN, DO, CREATE and COMMIT.
    expect((await parse(text)).stmts).toHaveLength(4);
    expect(text).toContain("E'a\"b''c\\\\d;");
    expect(unsupportedSql(view, TEST_FUNCTIONS)).toEqual([]);
  });
});
