/** A view that moves to a source without data, and back. */
import { expect, it } from 'vitest';
import { type CliResult, cli, project, put } from './in-process.ts';

const source = (name: string): string =>
  `-- @event_time ts\nCREATE TABLE ${name} (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL);`;
const view = (name: string): string => `SELECT card, count(*) AS n FROM ${name} GROUP BY card\n`;
const FILES = {
  'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }',
  'features/sources/tx.sql': source('tx'),
  'features/sources/pay.sql': source('pay'),
  'features/card/v1.sql': view('tx'),
  'features/other/v1.sql': view('tx').replace('AS n', 'AS m'),
};
const tx = (id: number, card: string): string => `{"id":${id},"ts":"2024-01-01T00:0${id}:00Z","card":"${card}"}\n`;

it('is not answered from the rows of then', async () => {
  const { root, remove } = project({ ...FILES, 'tx.jsonl': tx(1, 'a') });
  const fsc = (...args: readonly string[]): Promise<CliResult> => cli(args, { cwd: root });
  const run = async (...more: string[]): Promise<number> => (await fsc('run', '--mode', 'stream', ...more)).code;
  try {
    expect(await run()).toBe(0);
    put(root, 'features/card/v1.sql', view('pay'));
    put(root, 'tx.jsonl', tx(1, 'a') + tx(2, 'a'));
    expect(await run()).toBe(0);
    put(root, 'features/card/v1.sql', view('tx'));
    expect(await fsc('get', 'card_v1', 'card=a', '--meta')).toMatchObject({
      code: 1,
      err: expect.stringContaining('FSC7203'),
    });
    expect(await run()).toBe(0);
    expect((await fsc('get', 'card_v1', 'card=a', '--format', 'json')).out).toBe('{"card":"a","n":2}\n');
  } finally {
    remove();
  }
});
