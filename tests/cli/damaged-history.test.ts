/** A history with a damaged page behind megabytes of whole ones: no command takes what stands before it for all of it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { cli, project } from './in-process.ts';

const made = project({
  'fsc.json': '{ "sources": { "pay": { "history": "pay.parquet" } } }',
  'features/sources/pay.sql': `-- @event_time ts
-- @lateness 1 minute
CREATE TABLE pay (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL, note text NOT NULL);`,
  'features/spent/v1.sql':
    "SELECT card, count(*) AS n, max(note) AS last FROM pay WHERE ts > now() - INTERVAL '2 days' GROUP BY card",
  'labels.csv': 'card,as_of\nc1,2024-01-03T00:00:00Z\n',
});
afterAll(made.remove);

const ROWS = 150_000;

beforeAll(async () => {
  const session = await openDuckDb({ threads: 1 });
  await session.run(`COPY (
    SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS ts, 'c' || (i % 50) AS card, hash(i)::VARCHAR AS note
    FROM range(${ROWS}) r(i)) TO '${join(made.root, 'pay.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 30000)`);
  session.close();
  const whole = readFileSync(join(made.root, 'pay.parquet'));
  const from = Math.floor(whole.length * 0.6);
  writeFileSync(join(made.root, 'pay.parquet'), whole.fill(0xa5, from, from + 64));
}, 60_000);

describe.each(['', '"order": "arrival"'])('%s', (order) => {
  beforeAll(() => {
    rmSync(join(made.root, '.fsc'), { recursive: true, force: true });
    const history = order === '' ? '"pay.parquet"' : `{ "path": "pay.parquet", ${order} }`;
    writeFileSync(join(made.root, 'fsc.json'), `{ "sources": { "pay": { "history": ${history} } } }`);
  });

  it.each([
    ['run', '--mode', 'stream'],
    ['run', '--mode', 'batch', '--view', 'spent_v1', '--as-of', '2024-01-03', '--out', 'out.csv'],
    ['query', 'SELECT count(*), max(note) FROM pay'],
    ['query', 'SELECT * FROM pay'],
    ['dataset', '--labels', 'labels.csv', '--view', 'spent_v1', '--out', 'set.csv'],
    ['dataset', '--labels', 'labels.csv', '--view', 'spent_v1', '--out', 'set.csv', '--engine', 'duckdb'],
  ])('%s %s %s %s', { timeout: 60_000 }, async (...args) => {
    const { code, err } = await cli(args, { cwd: made.root });
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/error\[FSC7103\]: cannot read pay\.parquet\n {2}= cause: Invalid Input Error/),
    ]);
  });
});
