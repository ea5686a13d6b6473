/** Parquet has types that no declaration names: what of them fits is taken, in files and in labels, by all machines. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { cli, jsonLines, put } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "pay": { "history": "data/*.parquet" } }, "clock": "events" }',
  'features/sources/pay.sql':
    '-- @event_time paid_at\nCREATE TABLE pay (id bigint PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, note text, size integer, most decimal(20,0));\n',
  'features/card/v1.sql':
    'SELECT card, count(*) AS n, sum(size) AS size, max(most) AS most, max(note) AS note FROM pay GROUP BY card\n',
};
const root = mkdtempSync(join(tmpdir(), 'fsc-parquet-types-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CARD = '550e8400-e29b-41d4-a716-446655440000';
const OTHER = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const row = (id: string, hour: number, card: string, size: string, most: string): string =>
  `(${id}::UBIGINT, TIMESTAMP '2024-01-01' + to_hours(${hour}), '${card}'::UUID, '${card}'::UUID, ${size}::UBIGINT, ${most}::UBIGINT)`;

beforeAll(async () => {
  for (const [path, text] of Object.entries(FILES)) put(root, path, text);
  mkdirSync(join(root, 'data'));
  const session = await openDuckDb();
  const rows = [
    row('9223372036854775807', 3, CARD, '5', '18446744073709551615'),
    row('9223372036854775808', 2, CARD, '5', '1'),
    row('2', 2, CARD, '4294967296', '1'),
    row('1', 1, CARD, 'NULL', '9007199254740993'),
    row('0', 1, OTHER, '7', 'NULL'),
  ];
  const table = `(VALUES ${rows.join(', ')}) AS v(id, paid_at, card, note, size, most)`;
  await session.connection.run(`COPY (SELECT * FROM ${table}) TO '${join(root, 'data/a.parquet')}' (FORMAT parquet)`);
  const labels = `SELECT '${CARD}'::UUID AS card, TIMESTAMP '2024-01-02' AS as_of`;
  await session.connection.run(`COPY (${labels}) TO '${join(root, 'labels.parquet')}' (FORMAT parquet)`);
  session.close();
});

async function fsc(...args: string[]): Promise<string> {
  const { code, out, err } = await cli([...args, '--format', 'json'], { cwd: root, stdin: '' });
  expect({ args, code, err: code === 0 ? '' : err }).toMatchObject({ code: 0 });
  return out;
}

it('UUIDs are texts, and unsigned integers those that fit', async () => {
  await fsc('run', '--mode', 'batch', '--to', 'online', '--as-of', '2024-01-02');
  const wanted = `"card":"${CARD}","n":2,"size":5,"most":18446744073709551615,"note":"${CARD}"}`;
  const other = `{"card":"${OTHER}","n":1,"size":7,"most":null,"note":"${OTHER}"}`;
  expect((await fsc('get', 'card_v1', '--all')).trim().split('\n')).toEqual([`{${wanted}`, other]);
  expect((await fsc('query', "FROM card_v1(TIMESTAMP '2024-01-02') ORDER BY card")).trim().split('\n')).toEqual([
    `{${wanted}`,
    other,
  ]);
  for (const engine of ['replay', 'duckdb']) {
    const set = ['dataset', '--labels', 'labels.parquet', '--view', 'card_v1', '--ties', 'include', '--engine', engine];
    expect((await fsc(...set, '--out', '-')).trim()).toContain(wanted.replace(`"card":"${CARD}",`, ''));
  }
  const refused = jsonLines(await fsc('quarantine', 'list')) as { reason: string }[];
  expect(refused.map(({ reason }) => reason)).toEqual([
    'size: 4294967296 is out of range for integer',
    'id: 9223372036854775808 is out of range for bigint',
  ]);
  await fsc('verify');
});
