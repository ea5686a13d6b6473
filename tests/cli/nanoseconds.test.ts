import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { cli, jsonLines, put } from './in-process.ts';
import { INT96, INT96_BEYOND, INT96_FINER, ZONED, ZONED_FINER } from './nanosecond-files.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fsc-nanoseconds-'));
  mkdirSync(join(root, 'data'));
  put(root, 'fsc.json', '{ "sources": { "ev": { "history": "data/*.parquet" } } }');
  put(
    root,
    'features/sources/ev.sql',
    '-- @event_time ts\nCREATE TABLE ev (id bigint PRIMARY KEY, ts timestamptz NOT NULL);\n',
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const putFile = (name: string, base64: string): void => writeFileSync(join(root, name), Buffer.from(base64, 'base64'));
const fsc = (...args: string[]) => cli([...args, '--format', 'json'], { cwd: root, stdin: '' });

describe('instants in nanoseconds that DuckDB reads as microseconds', () => {
  it.each([
    ['with a zone', ZONED],
    ['INT96', INT96],
  ])('%s: whole microseconds are taken', async (_, file) => {
    putFile('data/a.parquet', file);
    const { out } = await fsc('query', 'FROM ev ORDER BY id');
    expect(jsonLines(out)).toEqual([
      { id: 1, ts: '2024-01-01T00:00:00Z' },
      { id: 3, ts: '2024-01-01T00:00:00.000001Z' },
    ]);
  });

  it.each([
    ['with a zone', ZONED_FINER],
    ['INT96', INT96_FINER],
  ])('%s: a file with one between two is refused', async (_, file) => {
    put(root, 'features/n/v1.sql', 'SELECT id, count(*) AS n FROM ev GROUP BY id\n');
    putFile('data/a.parquet', ZONED);
    putFile('data/b.parquet', file);
    for (const args of [
      ['query', 'FROM ev'],
      ['run', '--mode', 'batch', '--to', 'online'],
    ]) {
      const { code, err } = await fsc(...args);
      expect({ args, code }).toEqual({ args, code: 1 });
      const fault = (jsonLines(err) as { code: string | null; message: string; cause: string }[]).find(
        (one) => one.code !== null,
      );
      expect(fault).toMatchObject({
        code: 'FSC7120',
        message: 'record 3 of data/b.parquet has an instant between two microseconds',
      });
      expect(fault?.cause).toContain('`ts` is 2024-01-01T00:00:00.000001001Z');
    }
  });

  it('INT96: a day that wraps around to another is no instant', async () => {
    putFile('data/a.parquet', INT96_BEYOND);
    const { code, err } = await fsc('query', 'FROM ev');
    expect({ code, fault: jsonLines(err).find((one) => (one as { code: string }).code !== null) }).toMatchObject({
      code: 1,
      fault: { code: 'FSC7120', message: 'record 2 of data/a.parquet has an instant that is none' },
    });
  });

  it('labels too', async () => {
    put(root, 'features/n/v1.sql', 'SELECT id, count(*) AS n FROM ev GROUP BY id\n');
    const session = await openDuckDb();
    await session.connection.run(
      `COPY (SELECT 1::BIGINT AS id, TIMESTAMP '2024-01-01' AS ts) TO '${join(root, 'data/a.parquet')}' (FORMAT parquet)`,
    );
    session.close();
    putFile('labels.parquet', ZONED_FINER);
    const { code, err } = await fsc(
      'dataset',
      '--labels',
      'labels.parquet',
      '--instant',
      'ts',
      '--view',
      'n_v1',
      '--ties',
      'include',
      '--out',
      'o.csv',
    );
    expect({ code, fault: jsonLines(err).find((one) => (one as { code: string }).code === 'FSC7120') }).toMatchObject({
      code: 1,
      fault: { message: 'record 3 of labels.parquet has an instant between two microseconds' },
    });
  });
});
