/** What stdin brought, as commands find it later: under another declaration, where a run was cut off, and where the archive is gone. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type CliResult, cli, project, put } from './in-process.ts';

const SOURCE = `-- @event_time seen
CREATE TABLE tx (id bigint NOT NULL PRIMARY KEY, seen timestamp NOT NULL, card text NOT NULL, note text);
`;
const FILES = {
  'fsc.json': '{ "sources": { "tx": { "history": "old.csv", "stream": "-" } }, "clock": "events" }',
  'features/sources/tx.sql': SOURCE,
  'features/card/v1.sql': 'SELECT card, count(*) AS n FROM tx GROUP BY card\n',
  'old.csv': 'id,seen,card\n1,2024-01-01 00:01,a\n',
  'labels.csv': 'card,as_of\na,2024-01-02T00:00Z\n',
};
const line = (id: number, more = ''): string =>
  `{"id":${id},"seen":"2024-01-01T00:${String(id).padStart(2, '0')}:00Z","card":"a"${more}}\n`;

let made: ReturnType<typeof project> | null = null;
afterEach(() => {
  made?.remove();
  made = null;
});

function start(more: Readonly<Record<string, string>> = {}): string {
  made = project({ ...FILES, ...more });
  return made.root;
}

const RUN = ['run', '--mode', 'stream'];
const OFFLINE: readonly (readonly string[])[] = [
  ['query', 'SELECT count(*) AS n FROM tx'],
  ['run', '--mode', 'batch', '--out', '-'],
  ['dataset', '--labels', 'labels.csv', '--view', 'card_v1', '--out', '-', '--allow-open'],
  ['dataset', '--labels', 'labels.csv', '--view', 'card_v1', '--out', '-', '--allow-open', '--engine', 'duckdb'],
];

const fsc = (root: string, args: readonly string[], stdin = ''): Promise<CliResult> => cli(args, { cwd: root, stdin });

async function ran(root: string, stdin = '', ...args: string[]): Promise<CliResult> {
  const result = await fsc(root, [...RUN, ...args], stdin);
  expect(result.code, result.err).toBe(0);
  return result;
}

/** Of every command that reads the archive: what it was stopped by. */
async function told(root: string, commands: readonly (readonly string[])[]): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const args of commands) {
    const { code, err } = await fsc(root, args);
    all.push([args[0], code, /error\[(FSC\d{4})\]/.exec(err)?.[1] ?? err]);
  }
  return all;
}

describe('a column that was added to a source with an archive', () => {
  const more = SOURCE.replace('note text', 'note text,\n  more integer');

  it('is told by every command as by a run, and answered once the state was made anew', async () => {
    const root = start();
    await ran(root, line(2, ',"more":7'));
    put(root, 'features/sources/tx.sql', more);
    const commands = [RUN, ...OFFLINE, ['verify']];
    expect(await told(root, commands)).toEqual(commands.map(([name]) => [name, 2, 'FSC7302']));
    await ran(root, '', '--rebuild');
    // What the record had of it all along is there now: NULL would have been wrong.
    const { out } = await fsc(root, ['query', 'SELECT id, more FROM tx ORDER BY id', '--format', 'json']);
    expect(out).toBe('{"id":1,"more":null}\n{"id":2,"more":7}\n');
    expect((await fsc(root, ['verify'])).code).toBe(0);
  });

  it('is told where the state is gone too', async () => {
    const root = start();
    await ran(root, line(2));
    rmSync(join(root, '.fsc/state'), { recursive: true });
    put(root, 'features/sources/tx.sql', more);
    expect(await told(root, OFFLINE)).toEqual(OFFLINE.map(([name]) => [name, 2, 'FSC7302']));
  });

  it('is none of a command that reads elsewhere', async () => {
    const root = start({ 'more.jsonl': line(3, ',"more":1') });
    await ran(root, line(2));
    put(root, 'features/sources/tx.sql', more);
    const { code, out, err } = await fsc(root, ['query', 'FROM tx', '--source', 'tx=more.jsonl', '--format', 'json']);
    expect([code, out], err).toEqual([0, '{"id":3,"seen":"2024-01-01T00:03:00Z","card":"a","note":null,"more":1}\n']);
  });
});
