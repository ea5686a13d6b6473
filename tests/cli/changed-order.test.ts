/** A history whose `order` changes: positions in one order are none in the other. */
import { expect, it } from 'vitest';
import { type CliResult, cli, project, put } from './in-process.ts';

const config = (order: string): string =>
  `{ "sources": { "tx": { "history": { "path": "tx.jsonl", "order": "${order}" } } }, "clock": "events" }`;
const FILES = {
  'features/sources/tx.sql':
    '-- @event_time ts\nCREATE TABLE tx (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL);',
  'features/card/v1.sql': 'SELECT card, count(*) AS n FROM tx GROUP BY card\n',
};
const tx = (id: number, hour: number): string => `{"id":${id},"ts":"2024-01-01T0${hour}:00:00Z","card":"a"}\n`;

it.each([
  ['arrival', 'none', 3],
  ['none', 'arrival', 2],
])('from %s to %s stops a run that would go on, and verify', async (before, after, count) => {
  const { root, remove } = project({
    ...FILES,
    'fsc.json': config(before),
    'tx.jsonl': tx(1, 2) + tx(2, 1) + tx(3, 3),
  });
  const fsc = (...args: readonly string[]): Promise<CliResult> => cli(args, { cwd: root });
  try {
    expect((await fsc('run', '--mode', 'stream')).code).toBe(0);
    put(root, 'fsc.json', config(after));
    const refused = { code: 1, err: expect.stringMatching(/FSC7104.*another order/) };
    expect(await fsc('run', '--mode', 'stream')).toMatchObject(refused);
    expect(await fsc('verify')).toMatchObject(refused);
    expect((await fsc('run', '--mode', 'stream', '--rebuild')).code).toBe(0);
    expect((await fsc('get', 'card_v1', 'card=a', '--format', 'json')).out).toBe(`{"card":"a","n":${count}}\n`);
    expect((await fsc('verify')).code).toBe(0);
  } finally {
    remove();
  }
});
