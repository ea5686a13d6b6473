/** DuckDB's client ends a streamed result that failed halfway as if it were read to its end: none of its rows may be taken for all of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQuerySession } from '../../runtime/engines/duckdb/query.ts';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { scanParquet } from '../../runtime/sources/duckdb-scan.ts';

const ROWS = 200_000;
const FAILS = `SELECT CAST(CASE WHEN i = ${ROWS - 5000} THEN 'odd' ELSE i::VARCHAR END AS INTEGER) AS n, repeat('x', 40) AS t FROM range(${ROWS}) r(i)`;
const WHOLE = FAILS.replace("'odd'", "'7'");
const root = mkdtempSync(join(tmpdir(), 'fsc broken '));
let session: DuckDbSession;
beforeAll(async () => {
  session = await openDuckDb({ threads: 1 });
});
afterAll(() => {
  session.close();
  rmSync(root, { recursive: true, force: true });
});

async function total<T>(parts: AsyncIterable<T>, lengthOf: (part: T) => number): Promise<number> {
  let rows = 0;
  for await (const part of parts) rows += lengthOf(part);
  return rows;
}

describe('a statement that fails after its first megabyte', () => {
  const fault = { code: 'FSC7350', exitCode: 1, message: "Conversion Error: Could not convert string 'odd' to INT32" };

  it('gives no columns', async () => {
    await expect(session.readColumns(FAILS)).rejects.toMatchObject(fault);
    expect((await session.readColumns(WHOLE)).batch.length).toBe(ROWS);
  });

  it('ends its batches with the fault', async () => {
    const read = async (sql: string) => total((await session.streamColumns(sql)).batches, ({ length }) => length);
    await expect(read(FAILS)).rejects.toMatchObject(fault);
    expect(await read(WHOLE)).toBe(ROWS);
  });

  it('ends the rows of a query with the fault', async () => {
    const query = await openQuerySession([], []);
    try {
      const read = async (sql: string) => total((await query.query(sql)).parts, ({ length }) => length);
      await expect(read(FAILS)).rejects.toMatchObject(fault);
      expect(await read(WHOLE)).toBe(ROWS);
    } finally {
      query.close();
    }
  });
});

describe('a Parquet file that is damaged behind its first megabyte', () => {
  const path = join(root, 'a.parquet');
  const read = async () => total((await scanParquet([path], ['i', 'h'])).batches, ({ length }) => length);

  it('gives all its records or the fault', async () => {
    await session.run(
      `COPY (SELECT i, hash(i)::VARCHAR AS h FROM range(${ROWS}) r(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 50000)`,
    );
    const whole = readFileSync(path);
    expect(await read()).toBe(ROWS);
    let told = 0;
    for (let from = 1_500_000; from < whole.length - 5000; from += 800_000) {
      const damaged = Buffer.from(whole).fill(0xa5, from, from + 64);
      writeFileSync(path, damaged);
      const rows = await read().catch((error: Error) => error.message);
      if (rows !== ROWS) expect(rows).toMatch(/^Invalid Input Error: Failed to read file/);
      if (rows !== ROWS) told++;
    }
    expect(told).toBeGreaterThan(1);
  });

  it('ends quietly where nobody wants more of it', async () => {
    await session.run(`COPY (SELECT i, hash(i)::VARCHAR AS h FROM range(${ROWS}) r(i)) TO '${path}' (FORMAT parquet)`);
    const scan = await scanParquet([path], ['i', 'h']);
    const batches = scan.batches[Symbol.asyncIterator]();
    await batches.next();
    scan.interrupt();
    let last = await batches.next();
    while (last.done !== true) last = await batches.next();
    expect(last.value).toBeUndefined();
  });
});
