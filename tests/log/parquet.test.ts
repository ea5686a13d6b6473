import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { BIGINT, column, folder, program, read, SECOND, sourceSpec, T0, TIMESTAMP } from './helpers.ts';

async function writeParquet(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

async function readSql(sql: string, spec: SourceSpec = sourceSpec(), order: 'none' | 'arrival' | null = null) {
  const root = folder();
  await writeParquet(join(root, 'a.parquet'), sql);
  return read(program(spec), { root, history: 'a.parquet', order });
}

/** Verdict and value of column x, scanned as `sql` and declared as `type`. */
async function readAs(sql: string, type: SqlType, extra: Parameters<typeof column>[2] = {}): Promise<string> {
  const spec = sourceSpec({ columns: [...sourceSpec().columns, column('x', type, extra)] });
  const seen = await readSql(`SELECT TIMESTAMP '2024-03-01 12:00:00' AS ts, 1::BIGINT AS id, ${sql} AS x`, spec);
  return seen.verdicts[0] === 'accepted'
    ? JSON.stringify((JSON.parse(seen.accepted[0]!) as unknown[])[4])
    : (seen.verdicts[0] ?? 'none');
}

const DECIMAL: SqlType = { kind: 'decimal', precision: 12, scale: 2 };
const text = (maxLength: number | null): SqlType => ({ kind: 'text', maxLength });

describe('parquet values', () => {
  const cases: readonly (readonly [string, SqlType, string])[] = [
    ['5::BIGINT', { kind: 'integer' }, '5'],
    ['5::TINYINT', { kind: 'bigint' }, '5'],
    ['3000000000::BIGINT', { kind: 'integer' }, 'malformed'],
    ['40000::INTEGER', { kind: 'smallint' }, 'malformed'],
    ['9223372036854775807::BIGINT', { kind: 'bigint' }, '"9223372036854775807n"'],
    ['18446744073709551615::UBIGINT', { kind: 'bigint' }, 'malformed'],
    ['9223372036854775807::UBIGINT', { kind: 'bigint' }, '"9223372036854775807n"'],
    ['9223372036854775808::UBIGINT', { kind: 'bigint' }, 'malformed'],
    ['9007199254740993::UBIGINT', { kind: 'bigint' }, '"9007199254740993n"'],
    ['18446744073709551615::UBIGINT', { kind: 'decimal', precision: 20, scale: 0 }, '"18446744073709551615n"'],
    ['5::UBIGINT', { kind: 'smallint' }, '5'],
    ['40000::UBIGINT', { kind: 'smallint' }, 'malformed'],
    ['5::UBIGINT', DECIMAL, '500'],
    ['9007199254740993::UBIGINT', { kind: 'double' }, 'malformed'],
    ['4294967295::UINTEGER', { kind: 'integer' }, 'malformed'],
    ["'550E8400-e29b-41d4-a716-446655440000'::UUID", text(null), '"550e8400-e29b-41d4-a716-446655440000"'],
    ["'550e8400-e29b-41d4-a716-446655440000'::UUID", text(35), 'malformed'],
    ["'550e8400-e29b-41d4-a716-446655440000'::UUID", { kind: 'bigint' }, 'malformed'],
    ['7.00::DECIMAL(12,2)', { kind: 'integer' }, '7'],
    ['7.50::DECIMAL(12,2)', { kind: 'integer' }, 'malformed'],
    ['7.0::DOUBLE', { kind: 'integer' }, '7'],
    ['7.5::DOUBLE', { kind: 'integer' }, 'malformed'],
    ['12.340::DECIMAL(12,3)', DECIMAL, '1234'],
    ['12.345::DECIMAL(12,3)', DECIMAL, 'malformed'],
    ['12::INTEGER', DECIMAL, '1200'],
    ['10000000000::BIGINT', DECIMAL, 'malformed'],
    ['12.34::DOUBLE', DECIMAL, '1234'],
    ['(0.1::DOUBLE + 0.2::DOUBLE)', DECIMAL, 'malformed'],
    ["'12.34'", DECIMAL, '1234'],
    ['12.34::DECIMAL(10,2)', DECIMAL, '1234'],
    ['5::INTEGER', { kind: 'double' }, '5'],
    ['9007199254740993::BIGINT', { kind: 'double' }, 'malformed'],
    ['12.5::DECIMAL(4,1)', { kind: 'double' }, '12.5'],
    ["'-0.0'::DOUBLE", { kind: 'double' }, '0'],
    ['0.1::DOUBLE', { kind: 'real' }, '0.10000000149011612'],
    ['true', { kind: 'boolean' }, 'true'],
    ['1::INTEGER', { kind: 'boolean' }, 'malformed'],
    ["'abc'", text(null), '"abc"'],
    ["'abc'", text(2), 'malformed'],
    ["'a' || chr(0)", text(null), 'malformed'],
    ['5::INTEGER', text(null), 'malformed'],
    ["DATE '2024-02-29'", { kind: 'date' }, '19782'],
    ["TIMESTAMP '2024-02-29 00:00:00'", { kind: 'date' }, '19782'],
    ["TIMESTAMP '2024-02-29 00:00:01'", { kind: 'date' }, 'malformed'],
    ["DATE '2024-02-29'", { kind: 'timestamp' }, '1709164800000000'],
    ["TIMESTAMPTZ '2024-02-29 02:00:00+02'", { kind: 'timestamp' }, '1709164800000000'],
    ["'2024-02-29T00:00:00Z'", { kind: 'timestamp' }, '1709164800000000'],
    ["TIMESTAMP_NS '2024-02-29 00:00:00.000001001'", { kind: 'timestamp' }, 'malformed'],
    ["TIMESTAMP '1969-12-31 23:59:59'", { kind: 'timestamp' }, 'range'],
    ["TIMESTAMP '2999-12-31'", { kind: 'timestamp' }, 'range'],
    ["'infinity'::TIMESTAMP", { kind: 'timestamp' }, 'range'],
    ['1709164800::BIGINT', { kind: 'timestamp' }, 'malformed'],
    ['[1, 2]', { kind: 'integer' }, 'malformed'],
    ['NULL::INTEGER', { kind: 'integer' }, 'null'],
  ];
  for (const [sql, type, expected] of cases) {
    it(`${sql} as ${JSON.stringify(type)} is ${expected}`, async () => {
      expect(await readAs(sql, type)).toBe(expected);
    });
  }

  it('epochs', async () => {
    expect(await readAs('1709164800123::BIGINT', { kind: 'timestamp' }, { epochUnit: 'epoch_ms' })).toBe(
      '1709164800123000',
    );
    expect(await readAs('1709164800.5::DOUBLE', { kind: 'timestamp' }, { epochUnit: 'epoch_s' })).toBe(
      '1709164800500000',
    );
    expect(await readAs('1709164800.25::DECIMAL(18,2)', { kind: 'timestamp' }, { epochUnit: 'epoch_s' })).toBe(
      '1709164800250000',
    );
  });

  it('a NULL where the column is NOT NULL', async () => {
    expect(await readAs('NULL::INTEGER', { kind: 'integer' }, { nullable: false })).toBe('malformed');
    expect(await readAs('NULL::VARCHAR', text(null), { nullable: false })).toBe('malformed');
  });
});

describe('parquet files', () => {
  const at = (seconds: string): string => `make_timestamp(${T0} + (${seconds}) * ${SECOND})`;

  it('a missing column is its default or NULL', async () => {
    const spec = sourceSpec({
      columns: [...sourceSpec().columns, column('d', text(null), { hasDefault: true, defaultValue: 'x' })],
    });
    const seen = await readSql(`SELECT ${at('i')} AS ts, i AS id FROM range(3) t(i)`, spec);
    expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[]).slice(2))).toEqual(
      Array(3).fill([null, null, 'x']),
    );
  });

  it('a known time that is no instant makes a record malformed, one that is NULL does not', async () => {
    const known = `CASE i WHEN 0 THEN TIMESTAMP 'infinity' WHEN 1 THEN TIMESTAMP '-infinity' WHEN 2 THEN ${at('9')} END`;
    const spec = sourceSpec({ knownTimePath: ['seen'] });
    const seen = await readSql(`SELECT ${at('i')} AS ts, i AS id, ${known} AS seen FROM range(4) t(i)`, spec);
    expect(seen.verdicts).toEqual(['malformed', 'malformed', 'accepted', 'accepted']);
    expect(seen.refused.map(({ reason }) => reason)).toEqual(Array(2).fill('@known_time seen: is no instant'));
  });

  it('a missing NOT NULL column makes every record malformed', async () => {
    const seen = await readSql('SELECT i AS id FROM range(3) t(i)');
    expect(seen.verdicts).toEqual(['malformed', 'malformed', 'malformed']);
    expect(seen.refused[0]).toMatchObject({ reason: 'ts: is missing and NOT NULL', text: '{"id":0}' });
  });

  it('are sorted by event time and key where they are not in order, and read as they are where they are', async () => {
    const n = 50_000;
    const shuffled = await readSql(
      `SELECT ${at('(i * 7919) % 1000')} AS ts, (i * 31) % ${n} AS id, i AS v FROM range(${n}) t(i)`,
    );
    expect(shuffled.verdicts.every((verdict) => verdict === 'accepted')).toBe(true);
    const keys = shuffled.accepted.map((row) => JSON.parse(row) as number[]);
    for (let i = 1; i < keys.length; i += 1) {
      const [a, b] = [keys[i - 1]!, keys[i]!];
      expect(a[0]! < b[0]! || (a[0] === b[0] && a[1]! < b[1]!)).toBe(true);
    }
    const sorted = await readSql(
      `SELECT * FROM (SELECT ${at('(i * 7919) % 1000')} AS ts, (i * 31) % ${n} AS id, i AS v FROM range(${n}) t(i)) ORDER BY ts, id`,
    );
    expect(sorted.accepted).toEqual(shuffled.accepted);
  }, 30_000);

  it('of two records of one identity the first in order of positions wins, across files too', async () => {
    const root = folder();
    await writeParquet(join(root, 'b.parquet'), `SELECT ${at('5 - i')} AS ts, i AS id, 2 AS v FROM range(3) t(i)`);
    await writeParquet(
      join(root, 'a.parquet'),
      `SELECT ${at('5 - i')} AS ts, i AS id, 1 AS v, 'p' AS p FROM range(2) t(i)`,
    );
    const seen = await read(program(sourceSpec()), { root, history: '*.parquet' });
    expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[]).slice(1))).toEqual([
      [2, 2, null],
      [1, 1, 'p'],
      [0, 1, 'p'],
    ]);
    expect(seen.verdicts.filter((verdict) => verdict === 'duplicate')).toHaveLength(2);
  });

  describe('of several types', () => {
    const spec = (type: SqlType, extra: Parameters<typeof column>[2] = {}) =>
      sourceSpec({ columns: [...sourceSpec().columns, column('x', type, extra)] });
    const file = async (root: string, name: string, id: number, x: string | null): Promise<void> =>
      writeParquet(
        join(root, `${name}.parquet`),
        `SELECT TIMESTAMP '2024-03-01 12:00:00' + to_seconds(${-id}) AS ts, ${id}::BIGINT AS id${x === null ? '' : `, ${x} AS x`}`,
      );

    const cases: readonly (readonly [string, string | null, SqlType, Parameters<typeof column>[2]?])[] = [
      ['12345678901234.5678::DECIMAL(20,4)', '1.5::DOUBLE', { kind: 'decimal', precision: 20, scale: 4 }],
      ['9007199254740993::BIGINT', "'NaN'::DOUBLE", BIGINT],
      ['9007199254740993::BIGINT', "'9007199254740993'", BIGINT],
      ['9007199254740993::BIGINT', '1.5::DECIMAL(20,4)', { kind: 'double' }],
      ['5::INTEGER', '6::BIGINT', BIGINT],
      ['5::INTEGER', '7.5::DOUBLE', { kind: 'integer' }],
      ["'é'", '7::INTEGER', text(null)],
      ['0.1::FLOAT', '0.1::DOUBLE', DECIMAL],
      ['true', "'t'", { kind: 'boolean' }],
      ["TIMESTAMP '2024-03-01 12:00:00'", "DATE '2024-03-01'", TIMESTAMP],
      ["TIMESTAMP_NS '2024-03-01 12:00:00.0000001'", "TIMESTAMP '9999-03-01'", TIMESTAMP],
      ['5::INTEGER', null, { kind: 'integer' }, { hasDefault: true, defaultValue: 7 }],
    ];
    for (const [a, b, type, extra] of cases) {
      it(`${a} and ${b} have the verdicts and values that each has alone`, async () => {
        const source = program(spec(type, extra));
        const root = folder();
        await file(root, 'a', 1, a);
        await file(root, 'b', 2, b);
        const alone = [
          await read(source, { root, history: 'a.parquet' }),
          await read(source, { root, history: 'b.parquet' }),
        ];
        const both = await read(source, { root, history: '*.parquet' });
        expect(both.accepted).toEqual(alone.reverse().flatMap(({ accepted }) => accepted));
        expect(both.verdicts).toEqual(alone.flatMap(({ verdicts }) => verdicts));
        expect(both.refused.map(({ reason }) => reason)).toEqual(
          alone.flatMap(({ refused }) => refused.map(({ reason }) => reason)),
        );
      });
    }

    it('and a name that a file has twice stands for neither column', async () => {
      const root = folder();
      for (const [name, columns] of [
        ['a.parquet', 'i AS name_'],
        ['b.parquet', 'i AS xname, i + 1 AS yname'],
        ['c.parquet', 'i AS xname, i + 1 AS yname'],
      ] as const) {
        const path = join(root, name);
        await writeParquet(path, `SELECT ${at('i')} AS ts, i AS id, ${columns} FROM range(3) t(i)`);
        const bytes = readFileSync(path, 'latin1').replaceAll('xname', 'name_').replaceAll('yname', 'name_');
        writeFileSync(path, bytes, 'latin1');
      }
      const fault = { code: 'FSC7103', message: 'cannot read b.parquet', why: 'two columns are called `name_`' };
      const named = sourceSpec({ columns: [...sourceSpec().columns, column('x', BIGINT, { path: ['name_'] })] });
      for (const history of ['b.parquet', '{b,c}.parquet', '*.parquet'])
        await expect(read(program(named), { root, history }), history).rejects.toMatchObject(fault);
      // Nobody asks for it.
      expect((await read(program(sourceSpec()), { root, history: 'b.parquet' })).accepted).toHaveLength(3);
    });

    it('and names that differ in case alone are each its own column, in one file and in several', async () => {
      const root = folder();
      const write = async (name: string, first: number, columns: string): Promise<void> => {
        const path = join(root, name);
        await writeParquet(
          path,
          `SELECT ${at('(i * 7) % 10')} AS ts, ${first} + i AS id, ${columns} FROM range(10) t(i)`,
        );
        // DuckDB would give the second of two such columns another name.
        writeFileSync(
          path,
          readFileSync(path, 'latin1').replaceAll('xname', 'name_').replaceAll('Xname', 'Name_'),
          'latin1',
        );
      };
      const named = sourceSpec({ columns: [...sourceSpec().columns, column('x', BIGINT, { path: ['name_'] })] });
      await write('a.parquet', 0, 'i - 100 AS Name_, i AS xname');
      await write('b.parquet', 10, 'i AS name_, i - 100 AS Xname');
      await write('c.parquet', 20, 'i - 100 AS Name_');
      const source = program(named);
      const rowsOf = async (history: string) =>
        (await read(source, { root, history })).accepted.map((row) => (JSON.parse(row) as unknown[]).slice(1));
      const alone = await Promise.all(['a.parquet', 'b.parquet', 'c.parquet'].map(rowsOf));
      const x = (rows: unknown[][]): unknown[] => rows.map((row) => row.at(-1)).sort();
      const digits = [...Array(10).keys()];
      expect(alone.map(x)).toEqual([digits, digits, Array(10).fill(null)]);
      for (const history of ['*.parquet', '{a,b}.parquet', '{b,c}.parquet', '{a,c}.parquet']) {
        const parts = alone.filter((_, i) => history.startsWith('*') || history.slice(0, 5).includes('abc'[i]!)).flat();
        expect((await rowsOf(history)).sort(), history).toEqual(parts.sort());
      }
    });

    it('in the event time or the key are one order', async () => {
      const root = folder();
      await writeParquet(
        join(root, 'a.parquet'),
        `SELECT '2024-03-01 12:00:00' AS ts, i::DOUBLE AS id FROM range(3) t(i)`,
      );
      await writeParquet(
        join(root, 'b.parquet'),
        `SELECT TIMESTAMP '2024-03-01 12:00:00' AS ts, i::BIGINT AS id FROM range(1, 5) t(i)`,
      );
      const { accepted, verdicts } = await read(program(sourceSpec()), { root, history: '*.parquet' });
      expect(accepted.map((row) => (JSON.parse(row) as unknown[])[1])).toEqual([0, 1, 2, 3, 4]);
      expect(verdicts.filter((verdict) => verdict === 'duplicate')).toHaveLength(2);
    });
  });

  it('with the event time as text are sorted too', async () => {
    const seen = await readSql(
      `SELECT strftime(${at('10 - i')}, '%Y-%m-%d %H:%M:%S') AS ts, i AS id FROM range(3) t(i)`,
    );
    expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[])[1])).toEqual([2, 1, 0]);
  });

  describe('tell of each refused record where it stands', () => {
    const ROWS = 40_000;
    const times = {
      'in no order': `${at('(i * 7919) % 977')} AS ts, `,
      'in order': `${at('first + i')} AS ts, `,
      'with the event time as text': `strftime(${at('(i * 7919) % 977')}, '%Y-%m-%d %H:%M:%S') AS ts, `,
      'some without an event time': `CASE WHEN i % 7 <> 0 THEN ${at('(i * 7919) % 977')} END AS ts, `,
      'none with an event time': '',
      'in no order, with a column of the name that DuckDB gives rows': `${at('(i * 7919) % 977')} AS ts, 7 - i AS File_Row_Number, `,
      'in order, with a column of the name that DuckDB gives files': `${at('first + i')} AS ts, 7 - i AS file_index, `,
      'of two types': `${at('i % 977')} AS ts, (i + CASE WHEN i % 1999 = 0 THEN 0.5 ELSE 0 END)::TYPE AS v, `,
    };
    const files = ['a', 'b'].map((name, i) => ({
      name: `${name}.parquet`,
      first: i * ROWS,
      type: ['BIGINT', 'DOUBLE'][i]!,
    }));
    it.each(Object.entries(times))('%s', async (_, ts) => {
      const root = folder();
      for (const { name, first, type } of files) {
        const columns = `${ts.replaceAll('first', `${first}`).replaceAll('TYPE', type)}i + ${first} AS id, '${name}:' || i AS p`;
        const v = ts.includes('AS v') ? '' : ', CASE WHEN i % 1999 = 0 THEN 2.5 ELSE i END AS v';
        await writeParquet(join(root, name), `SELECT ${columns}${v} FROM range(${ROWS}) t(i) ORDER BY i`);
      }
      const source = program(sourceSpec());
      for (const history of ['*.parquet', 'b.parquet']) {
        const { refused } = await read(source, { root, history });
        expect(refused.length).toBeGreaterThan(0);
        const wrong = refused.filter(
          ({ text, place: { origin } }) => !text.includes(`"p":"${origin?.file}:${origin?.row}"`),
        );
        expect(wrong).toEqual([]);
      }
    });
  });

  it('of `order: arrival` are judged in file order', async () => {
    const seen = await readSql(`SELECT ${at('-1000 * i')} AS ts, i AS id FROM range(3) t(i)`, sourceSpec(), 'arrival');
    expect(seen.verdicts).toEqual(['accepted', 'late', 'late']);
  });

  it.each([null, 'none', 'arrival'] as const)(
    'that are damaged anywhere are told as wrong data, order %s',
    async (order) => {
      const root = folder();
      await writeParquet(
        join(root, 'a.parquet'),
        `SELECT ${at('i % 97')} AS ts, hash(i)::VARCHAR AS p, i AS id FROM range(400) t(i)`,
      );
      const whole = readFileSync(join(root, 'a.parquet'));
      let told = 0;
      for (let from = 4; from < whole.length - 8; from += Math.floor(whole.length / 50)) {
        const damaged = Buffer.from(whole);
        for (let at = from; at < from + 4; at++) damaged[at]! ^= 0xff;
        writeFileSync(join(root, 'a.parquet'), damaged);
        try {
          await read(program(sourceSpec()), { root, history: 'a.parquet', order });
        } catch (error) {
          // Else a value is another one: Parquet has no sums over its values.
          expect(error).toMatchObject({ code: 'FSC7103', exitCode: 1, message: 'cannot read a.parquet' });
          told++;
        }
      }
      expect(told).toBeGreaterThan(10);
    },
  );

  it('that are none are told', async () => {
    const root = folder();
    const { put } = await import('./helpers.ts');
    put(root, 'a.parquet', 'no parquet');
    await expect(read(program(sourceSpec()), { root, history: 'a.parquet' })).rejects.toMatchObject({
      code: 'FSC7103',
      exitCode: 1,
    });
  });

  it('may have names that are patterns or quotes', async () => {
    const root = folder();
    const name = "o'dd [1]*.parquet";
    await writeParquet(join(root, name).replaceAll("'", "''"), `SELECT ${at('i')} AS ts, i AS id FROM range(2) t(i)`);
    expect((await read(program(sourceSpec()), { root, history: name })).accepted).toHaveLength(2);
  });
});
