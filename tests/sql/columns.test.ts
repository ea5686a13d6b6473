import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { describeParquet, scanParquet } from '../../runtime/sources/duckdb-scan.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { load } from './load-rows.ts';
import { source } from './plans.ts';
import { sortedRows, textOf } from './records.ts';

const decimal = (precision: number, scale: number): SqlType => ({ kind: 'decimal', precision, scale });
const SAFE = Number.MAX_SAFE_INTEGER;
const MAX38 = 10n ** 38n - 1n;

/** A column a type, and values at its edges. */
const EDGES: readonly (readonly [SqlType, readonly Value[]])[] = [
  [{ kind: 'smallint' }, [0, -32768, 32767]],
  [{ kind: 'integer' }, [0, -2147483648, 2147483647]],
  [
    { kind: 'bigint' },
    [
      SAFE,
      -SAFE,
      2n ** 53n,
      -(2n ** 53n),
      2n ** 63n - 1n,
      -(2n ** 63n),
      -1,
      4294967296,
      4294967295,
      2147483647,
      2147483648,
      -2147483648,
      -2147483649,
    ],
  ],
  [decimal(4, 2), [9999, -9999]],
  [decimal(9, 2), [999999999, -1]],
  [decimal(18, 2), [999999999999999999n, -999999999999999999n, -1]],
  [decimal(38, 2), [MAX38, -MAX38, -1, 2n ** 64n, -(2n ** 64n), SAFE, -SAFE, 2n ** 53n]],
  [{ kind: 'real' }, [0.5, Math.fround(0.1), Number.POSITIVE_INFINITY]],
  [{ kind: 'double' }, [0.1, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324, 0]],
  [{ kind: 'boolean' }, [1, 0]],
  [
    { kind: 'text', maxLength: null },
    ['', 'x', '\uFEFFbom', 'twelve bytes', 'thirteen byte', '日本語日本語', 'q\'"\\', '𝒳'],
  ],
  [{ kind: 'date' }, [0, -719162, 84005]],
  [{ kind: 'timestamp' }, [0, -1, 7258118399999999]],
  [{ kind: 'timestamptz' }, [1, 7258118399999999]],
];

describe('column vectors to DuckDB and back', () => {
  let session: DuckDbSession;
  let folder: string;
  beforeAll(async () => {
    session = await openDuckDb({ threads: 1 });
    folder = mkdtempSync(join(tmpdir(), 'fsc-columns-'));
  });
  afterAll(() => {
    session.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [type, values] of EDGES) {
    it(`${JSON.stringify(type)} keeps every value, NULLs among them, over chunks`, async () => {
      const rows = Array.from({ length: 5000 }, (_, i) => [i % 7 === 0 ? null : values[i % values.length]!]);
      await load(session, 't', source('t', { v: type }, null, []), rows);
      const back = await session.readColumns('SELECT v FROM t');
      expect(back.types).toEqual([type]);
      expect(back.batch.length).toBe(rows.length);
      for (let row = 0; row < rows.length; row += 1) {
        const value = rows[row]![0]!;
        expect(textOf(back, 0, row)).toBe(value === null ? null : String(value));
      }
    });
  }

  async function scanAll(
    paths: readonly string[],
    names: readonly string[],
    orderBy?: readonly string[],
  ): Promise<string[]> {
    const scan = await scanParquet(
      paths,
      names,
      orderBy === undefined
        ? { batchRows: 3000 }
        : { orderBy: { names: orderBy, isTimed: `"${orderBy[0]}" IS NOT NULL` }, batchRows: 3000 },
    );
    const types = scan.columns.map((column) => column.type ?? ({ kind: 'text', maxLength: null } as const));
    const rows: string[] = [];
    for await (const batch of scan.batches) rows.push(...rowsOf({ names: [...names], types, batch }));
    return rows;
  }

  function rowsOf(result: { names: readonly string[]; types: readonly SqlType[]; batch: ColumnBatch }): string[] {
    return Array.from({ length: result.batch.length }, (_, row) =>
      result.names.map((_, i) => textOf(result, i, row)).join('|'),
    );
  }

  it('scans files in order, and sorts with ties in the order of path and row', async () => {
    const [a, b] = [join(folder, 'a[1].parquet'), join(folder, 'b*.parquet')];
    await session.writeParquet("SELECT i, (i % 3)::INTEGER AS k, 'row ' || (i % 10) AS s FROM range(5000) r(i)", a);
    await session.writeParquet('SELECT s, k, i FROM (SELECT i + 5000 AS i, 1 AS k, NULL AS s FROM range(100) r(i))', b);
    const plain = await scanAll([a, b], ['i', 's']);
    expect(plain).toEqual(Array.from({ length: 5100 }, (_, i) => `${i}|${i < 5000 ? `row ${i % 10}` : ''}`));
    const sorted = await scanAll([a, b], ['k', 'i'], ['k']);
    const wanted = Array.from({ length: 5100 }, (_, i) => [i < 5000 ? i % 3 : 1, i] as const)
      .sort((x, y) => x[0] - y[0] || x[1] - y[1])
      .map(([k, i]) => `${k}|${i}`);
    expect(sorted).toEqual(wanted);
  });

  it('tells an instant between two microseconds, and reads whole ones exactly', async () => {
    const file = join(folder, 'ns.parquet');
    await session.run(
      `COPY (SELECT make_timestamp_ns(n) AS t FROM (VALUES (1000), (1001), (-1000), (-1), (7258118399999999000)) v(n)) TO '${file}' (FORMAT parquet)`,
    );
    expect((await describeParquet([file]))[0]).toMatchObject({ name: 't', type: { kind: 'timestamp' } });
    expect(await scanAll([file], ['t'])).toEqual(['1', 'NaN', '-1', 'NaN', '7258118399999999']);
  });

  it('delivers types of no SQL type of ours as text', async () => {
    const file = join(folder, 'foreign.parquet');
    await session.run(`COPY (SELECT [1, 2] AS l, TIME '12:00:00' AS t) TO '${file}' (FORMAT parquet)`);
    expect(await scanAll([file], ['l', 't'])).toEqual(['[1, 2]|12:00:00']);
    expect(sortedRows(await session.readColumns('SELECT [1, NULL] AS l, NULL::INTEGER[] AS n'))).toHaveLength(1);
  });

  it('keeps codes of a growing dictionary from batch to batch', async () => {
    const file = join(folder, 'dictionary.parquet');
    await session.writeParquet(
      "SELECT CASE WHEN i % 2 = 0 THEN 'even' ELSE 'n' || i END AS s FROM range(40000) r(i)",
      file,
    );
    const scan = await scanParquet([file], ['s'], { batchRows: 2048 });
    const ids = new Set<number>();
    let even = -1;
    for await (const { columns } of scan.batches) {
      const vector = columns[0]!;
      if (vector.kind !== 'text') throw new Error('no text');
      ids.add(vector.dictionaryId);
      if (even < 0) even = vector.codes![0]!;
      expect(vector.codes![0]).toBe(even);
    }
    expect(ids.size).toBe(1);
  });
});
