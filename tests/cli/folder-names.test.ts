/** Folders are named as their owners like: what stands in a path is never what stands in a file. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { cli, jsonLines, put } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "pay": { "history": "data/**/*.parquet", "stream": "-" } }, "clock": "events" }',
  'features/sources/pay.sql':
    '-- @event_time paid_at\nCREATE TABLE pay (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, day date);\n',
  'features/card/v1.sql': 'SELECT card, count(*) AS n, max(id) AS last_id, max(day) AS day FROM pay GROUP BY card\n',
  'labels/card=x/l.csv': 'card,as_of\nann,2024-02-01\nbob,2024-02-01\n',
};

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function projectIn(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fsc-names-'));
  made.push(folder);
  const root = join(folder, name);
  for (const [path, text] of Object.entries(FILES)) put(root, path, text);
  return root;
}

async function writeParquet(path: string, sql: string): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  const session = await openDuckDb();
  await session.connection.run(`COPY (${sql}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`);
  session.close();
}

const ROWS = [
  { card: 'ann', n: 3, last_id: 7, day: '2024-01-03' },
  { card: 'bob', n: 1, last_id: 4, day: null },
];

describe('a project', () => {
  it.each(['card=evil/id=9/p', 'day=2020-01-01/paid_at=5', "it's {a,b} [x] *", '%41?b#c', 'ünï 😀', '-p'])(
    'in %s',
    async (name) => {
      const root = projectIn(name);
      const own =
        "SELECT i AS id, TIMESTAMP '2024-01-01' + to_days(i::INTEGER) AS paid_at, 'ann' AS card, DATE '2024-01-01' + i::INTEGER AS day FROM range(1, 3) t(i)";
      await writeParquet(join(root, 'data/card=bob/day=2030-01-01/1.parquet'), own);
      // No column of that file is made of the name of its folder.
      await writeParquet(
        join(root, 'data/card=ann/day=2040-01-01/2.parquet'),
        "SELECT 4 AS id, TIMESTAMP '2024-01-04' AS paid_at, 'bob' AS card",
      );
      const fsc = async (...args: string[]): Promise<string> => {
        const stdin = args[0] === 'run' ? '{"id":7,"paid_at":"2024-01-05","card":"ann"}\n' : '';
        const { code, out, err } = await cli([...args, '--format', 'json'], { cwd: root, stdin });
        expect({ args, code, err: code === 0 ? '' : err }).toMatchObject({ code: 0 });
        return out;
      };
      await fsc('run', '--mode', 'stream');
      expect(jsonLines(await fsc('get', 'card_v1', '--all'))).toEqual(ROWS);
      expect(jsonLines(await fsc('query', "FROM card_v1(TIMESTAMP '2024-02-01') ORDER BY card"))).toEqual(ROWS);
      expect(jsonLines(await fsc('run', '--mode', 'batch', '--view', 'card_v1', '--out', '-'))).toEqual(ROWS);
      for (const engine of ['replay', 'duckdb']) {
        const set = ['--view', 'card_v1', '--out', '-', '--allow-open', '--engine', engine];
        const rows = jsonLines(await fsc('dataset', '--labels', join(root, 'labels/card=x/l.csv'), ...set));
        expect(rows).toEqual(ROWS.map((row) => ({ as_of: '2024-02-01', ...row })));
      }
      await fsc('verify');
    },
  );

  it('in a folder with a question mark says why there is no catalogue', async () => {
    const root = projectIn('a?b');
    const { err } = await cli(['run', '--mode', 'stream', '--source', 'pay=-'], { cwd: root, stdin: '' });
    expect(err).not.toContain('catalogue');
    await writeParquet(
      join(root, 'data/1.parquet'),
      "SELECT 4 AS id, TIMESTAMP '2024-01-04' AS paid_at, 'bob' AS card",
    );
    const told = await cli(['query', 'SELECT count(*) FROM pay'], { cwd: root });
    expect(told).toMatchObject({
      code: 0,
      err: expect.stringContaining('DuckDB writes no database in a folder with a question mark in its path'),
    });
    expect(told.err).not.toContain('.wal');
  });
});
