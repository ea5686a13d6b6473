/** Labels that carry the keys of several sources in one column. */
import { afterEach, expect, it } from 'vitest';
import { type CliResult, cli, jsonLines, project } from '../cli/in-process.ts';

const source = (name: string, key: string): string =>
  `-- @event_time ts\nCREATE TABLE ${name} (id ${key} NOT NULL PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL);`;
const EVENTS = 'id,ts,card\n01,2024-01-01T00:10:00Z,a\n2,2024-01-01T00:10:00Z,a\n';
const VIEWS = ['--view', 'paid_v1', '--view', 'bought_v1'];

let made: { remove: () => void } | null = null;
afterEach(() => made?.remove());

function dataset(keyOfPay: string, engine: string): Promise<CliResult> {
  const { root, remove } = project({
    'fsc.json':
      '{ "sources": { "tx": { "history": "events.csv" }, "pay": { "history": "events.csv" } }, "clock": "events" }',
    'features/sources/tx.sql': source('tx', 'bigint'),
    'features/sources/pay.sql': source('pay', keyOfPay),
    'features/bought/v1.sql': 'SELECT card, count(*) AS bought FROM tx GROUP BY card\n',
    'features/paid/v1.sql': 'SELECT card, count(*) AS paid FROM pay GROUP BY card\n',
    'events.csv': EVENTS,
    'labels.csv': 'id,card,as_of\n01,a,2024-01-01T00:10:00Z\n5,a,2024-01-01T00:10:00Z\n',
  });
  made = { remove };
  const args = ['--labels', 'labels.csv', ...VIEWS, '--ties', 'exclude', '--engine', engine, '--out', '-'];
  return cli(['dataset', ...args, '--format', 'json'], { cwd: root });
}

it.each(['replay', 'duckdb'])('leave out the own event of each by --engine %s', async (engine) => {
  const { code, out } = await dataset('bigint', engine);
  expect(code).toBe(0);
  expect(jsonLines(out).map(({ paid, bought }) => [paid, bought])).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

it.each(['replay', 'duckdb'])('which is read in one way, by --engine %s', async (engine) => {
  const { code, out, err } = await dataset('text', engine);
  expect(code).toBe(0);
  expect(err).toMatch(/pay: the label's own event is left out, by its key/);
  expect(err).toMatch(/tx: all events at a label's instant are left out/);
  expect(jsonLines(out).map(({ paid, bought }) => [paid, bought])).toEqual([
    [1, null],
    [2, null],
  ]);
});
