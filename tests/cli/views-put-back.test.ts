/** Views that were taken away, and put back: nobody has written their rows meanwhile. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type CliResult, cli, project, put } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "tx": { "history": "tx.jsonl" } }, "clock": "events" }',
  'features/sources/tx.sql':
    '-- @event_time ts\nCREATE TABLE tx (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL);',
  'features/card/v1.sql': 'SELECT card, count(*) AS n FROM tx GROUP BY card\n',
};
const tx = (id: number, card: string): string => `{"id":${id},"ts":"2024-01-01T00:0${id}:00Z","card":"${card}"}\n`;

it('are not answered from the rows of then', async () => {
  const { root, remove } = project({ ...FILES, 'tx.jsonl': tx(1, 'a') + tx(2, 'gone') });
  const fsc = (...args: readonly string[]): Promise<CliResult> => cli(args, { cwd: root });
  const get = (card: string): Promise<CliResult> => fsc('get', 'card_v1', `card=${card}`, '--format', 'json');
  const run = async (...more: string[]): Promise<number> => (await fsc('run', '--mode', 'stream', ...more)).code;
  const view = readFileSync(join(root, 'features/card/v1.sql'), 'utf8');
  const takeAway = (): void => rmSync(join(root, 'features/card'), { recursive: true });
  try {
    expect(await run()).toBe(0);
    takeAway();
    put(root, 'features/other/v1.sql', view.replace('AS n', 'AS m'));
    expect(await run()).toBe(0);
    put(root, 'features/card/v1.sql', view);
    expect(await get('a')).toMatchObject({ code: 1, err: expect.stringContaining('FSC7203') });
    takeAway();
    put(root, 'tx.jsonl', tx(1, 'a') + tx(3, 'a'));
    expect(await run('--rebuild')).toBe(0);
    put(root, 'features/card/v1.sql', view);
    expect(await run()).toBe(0);
    expect((await get('a')).out).toBe('{"card":"a","n":2}\n');
    // None of its records is there any more, but the row of then was.
    expect((await get('gone')).out).toBe('null\n');
    expect((await fsc('verify')).code).toBe(0);
  } finally {
    remove();
  }
});

it('are not answered so where the state that knew them is gone, or never got to its snapshot', async () => {
  const other = FILES['features/card/v1.sql'].replace('AS n', 'AS m');
  const { root, remove } = project({ ...FILES, 'features/other/v1.sql': other, 'tx.jsonl': tx(1, 'a') });
  const fsc = (...args: readonly string[]): Promise<CliResult> => cli(args, { cwd: root });
  const get = (view: string): Promise<CliResult> => fsc('get', view, 'card=a', '--format', 'json');
  try {
    expect((await fsc('run', '--mode', 'stream')).code).toBe(0);
    rmSync(join(root, '.fsc/state'), { recursive: true });
    rmSync(join(root, 'features/card'), { recursive: true });
    put(root, 'tx.jsonl', tx(1, 'a') + tx(3, 'a'));
    expect((await fsc('run', '--mode', 'stream')).code).toBe(0);
    put(root, 'features/card/v1.sql', FILES['features/card/v1.sql']);
    expect(await get('card_v1')).toMatchObject({ code: 1, err: expect.stringContaining('FSC7203') });
    expect((await get('other_v1')).out).toBe('{"card":"a","m":2}\n');
  } finally {
    remove();
  }
});
