/** What stdin brought, as commands find it later: under another declaration, where a run was cut off, and where the archive is gone. */
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { pause } from '../integration/process.ts';
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

describe('--rebuild where stdin is none of the locations any more', () => {
  const history = 'id,seen,card\n1,2024-01-01 00:01,a\n';
  const counted = async (root: string): Promise<unknown> => {
    const { out } = await fsc(root, ['get', 'card_v1', 'card=a', '--format', 'json', '--as-of', '2024-01-01 00:09']);
    const { code, err } = await fsc(root, ['verify', '--as-of', '2024-01-01 00:09']);
    expect(code, err).toBe(0);
    return JSON.parse(out);
  };
  const config = (tx: unknown): string => JSON.stringify({ sources: { tx }, clock: 'events' });

  it('takes in what it brought, of several sources too, as the offline commands do', async () => {
    const root = start({
      'old.csv': history,
      'fsc.json': config({ history: 'old.csv', stream: '-' }),
      'features/sources/ty.sql': SOURCE.replace('CREATE TABLE tx', 'CREATE TABLE ty'),
      'features/other/v1.sql': 'SELECT card, count(*) AS n FROM ty GROUP BY card\n',
    });
    await ran(root, line(2));
    put(root, 'fsc.json', JSON.stringify({ sources: { ty: { stream: '-' } }, clock: 'events' }));
    await ran(root, line(3));
    // ty goes without a history: stdin came first.
    const two = { tx: { history: 'old.csv' }, ty: { history: 'none.csv' } };
    put(root, 'none.csv', 'id,seen,card\n');
    put(root, 'fsc.json', JSON.stringify({ sources: two, clock: 'events' }));
    const before = await counted(root);
    await ran(root, '', '--rebuild');
    expect(await counted(root)).toEqual(before);
    const again = { ...two, tx: { history: 'old.csv', stream: '-' } };
    put(root, 'fsc.json', JSON.stringify({ sources: again, clock: 'events' }));
    await ran(root, line(4));
    expect(await counted(root)).not.toEqual(before);
  });

  it('is refused where another stream has taken its place, and works as the message says', async () => {
    const root = start({ 'old.csv': history, 'fsc.json': config({ history: 'old.csv', stream: '-' }) });
    await ran(root, line(2));
    put(root, 'new.jsonl', line(3));
    put(root, 'fsc.json', config({ history: 'old.csv', stream: 'new.jsonl' }));
    await ran(root, '');
    const before = await counted(root);
    const refused = await fsc(root, [...RUN, '--rebuild']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('FSC7305')]);
    expect(await counted(root)).toEqual(before);
    put(root, 'fsc.json', config({ history: 'old.csv', stream: '-' }));
    await ran(root, '', '--rebuild');
    put(root, 'fsc.json', config({ history: 'old.csv', stream: 'new.jsonl' }));
    await ran(root, '');
    expect(await counted(root)).toEqual(before);
  });
});

describe('a changed constraint of a source with a history and an archive', () => {
  const checked = (check: string): string => SOURCE.replace('note text', `amt integer CHECK (${check})`);
  const amt = (id: number, amount: number): string => line(id, `,"amt":${amount}`);
  const kept = async (root: string): Promise<string[]> => {
    const { out } = await fsc(root, ['quarantine', 'list', '--format', 'json']);
    const list = out.split('\n').filter((text) => text !== '');
    return list
      .map((text) => JSON.parse(text) as { id: string; reason: string })
      .map((one) => `${one.id} ${one.reason}`);
  };
  const count = async (root: string): Promise<unknown> =>
    JSON.parse((await fsc(root, ['get', 'card_v1', 'card=a', '--format', 'json'])).out);
  const history = ['id,seen,card,amt', ...[1, 2, 3, 4].map((id) => `${id},2024-01-01 00:0${id},a,${id}`), ''].join(
    '\n',
  );

  it('judges the history anew: values, counts and quarantine tell the same; what came by stdin keeps its verdict', async () => {
    const root = start({ 'features/sources/tx.sql': checked('amt >= 1'), 'old.csv': history });
    await ran(root, amt(5, 1) + amt(6, 0));
    expect([await count(root), await kept(root)]).toEqual([{ card: 'a', n: 5 }, ['stdin:1 CHECK (amt >= 1) is false']]);

    put(root, 'features/sources/tx.sql', checked('amt >= 3'));
    const stricter = await fsc(root, [...RUN, '--max-quarantined', '1']);
    expect([stricter.code, stricter.err]).toEqual([
      1,
      expect.stringMatching(/4 read, 2 accepted, 2 quarantined[\s\S]*2 constraint[\s\S]*FSC7016/),
    ]);
    const refused = [
      'stdin:1 CHECK (amt >= 1) is false',
      ...[0, 1].map((row) => `old.csv:${row} CHECK (amt >= 3) is false`),
    ];
    expect([await count(root), await kept(root)]).toEqual([{ card: 'a', n: 3 }, refused]);
    expect((await fsc(root, ['verify'])).code).toBe(0);
    // Once.
    expect((await ran(root)).err).toContain('0 read');

    put(root, 'features/sources/tx.sql', checked('amt >= 2'));
    expect((await ran(root, amt(7, 1))).err).toContain('5 read, 3 accepted, 2 quarantined');
    expect([await count(root), await kept(root)]).toEqual([
      { card: 'a', n: 4 },
      ['stdin:1 CHECK (amt >= 1) is false', 'old.csv:0 CHECK (amt >= 2) is false', 'stdin:2 CHECK (amt >= 2) is false'],
    ]);
    put(root, 'features/sources/tx.sql', checked('amt >= -5'));
    expect((await ran(root)).err).toContain('4 read, 4 accepted in');
    expect([await count(root), await kept(root)]).toEqual([
      { card: 'a', n: 5 },
      ['stdin:1 CHECK (amt >= 1) is false', 'stdin:2 CHECK (amt >= 2) is false'],
    ]);
    expect((await fsc(root, ['verify'])).code).toBe(0);
  });

  it('counts once what it accepts of the history now and stdin brings or has brought as well', async () => {
    const lines = [line(1, ',"amt":1'), line(2, ',"amt":20'), line(3, ',"amt":3')];
    const root = start({
      'fsc.json': '{ "sources": { "tx": { "history": "old.jsonl", "stream": "-" } }, "clock": "events" }',
      'features/sources/tx.sql': checked('amt >= 10'),
      'features/card/v1.sql': 'SELECT card, count(*) AS n, sum(amt) AS total FROM tx GROUP BY card\n',
      'old.jsonl': lines.join(''),
    });
    const told = async (): Promise<unknown[]> => [
      await count(root),
      (await fsc(root, ['query', 'SELECT count(*) AS n, sum(amt) AS total FROM tx', '--format', 'json'])).out,
      (await fsc(root, ['verify'])).code,
    ];
    await ran(root, amt(1, 10));
    put(root, 'features/sources/tx.sql', checked('amt >= 0'));
    put(root, 'old.jsonl', lines.join('').replace('"amt":3', '"amt":4'));
    expect(await fsc(root, RUN)).toMatchObject({ code: 1, err: expect.stringContaining('FSC7104') });
    put(root, 'old.jsonl', `${lines.join('')}${line(4, ',"amt":4')}`);
    expect(await fsc(root, RUN)).toMatchObject({ code: 1, err: expect.stringContaining('FSC7104') });
    put(root, 'old.jsonl', lines.join(''));
    expect((await ran(root, amt(3, 30))).err).toContain('4 read, 3 accepted, 1 duplicate in');
    const once = [{ card: 'a', n: 3, total: 24 }, '{"n":3,"total":24}\n', 0];
    expect(await told()).toEqual(once);
    expect((await ran(root, '', '--rebuild')).err).toContain('5 read, 3 accepted, 2 duplicate in');
    expect(await told()).toEqual(once);
    // What is refused by now stands in nobody's way.
    put(root, 'features/sources/tx.sql', checked('amt >= 2'));
    expect((await ran(root, amt(1, 11))).err).toContain('4 read, 3 accepted, 1 quarantined in');
    expect(await told()).toEqual([{ card: 'a', n: 3, total: 34 }, '{"n":3,"total":34}\n', 0]);
  });

  it('does so for a view that is new at the same time, and for entities of which nothing is left', async () => {
    const root = start({
      'features/sources/tx.sql': checked('amt >= 1'),
      'old.csv': history.replaceAll(',a,1', ',b,1'),
    });
    await ran(root, amt(5, 9));
    put(root, 'features/sources/tx.sql', checked('amt >= 2'));
    put(root, 'features/card/v2.sql', 'SELECT card, sum(amt) AS total FROM tx GROUP BY card\n');
    await ran(root);
    const all = async (view: string): Promise<string> =>
      (await fsc(root, ['get', view, '--all', '--format', 'json'])).out;
    expect([await all('card_v1'), await all('card_v2')]).toEqual(['{"card":"a","n":4}\n', '{"card":"a","total":18}\n']);
  });

  it('leaves out what lies beyond the cut, as the run before did', async () => {
    const keyless = (check: string): string =>
      checked(check).replace(' PRIMARY KEY', '').replace('-- @event_time seen', '-- @event_time seen\n-- @key none');
    const root = start({
      'fsc.json':
        '{ "sources": { "tx": { "history": "old.csv", "stream": "-", "cut": "2024-01-01T00:03:00Z" } }, "clock": "events" }',
      'features/sources/tx.sql': keyless('amt >= 0'),
      'old.csv': history,
    });
    await ran(root, amt(3, 3) + amt(4, 4));
    expect(await count(root)).toEqual({ card: 'a', n: 4 });
    put(root, 'features/sources/tx.sql', keyless('amt >= 1'));
    await ran(root);
    expect(await count(root)).toEqual({ card: 'a', n: 4 });
  });
});

describe('records of stdin that are not in the archive yet', () => {
  /** A run that stands open, with what it was sent in its journal and nothing of that in the archive. */
  async function running(root: string, stdin: string): Promise<() => Promise<void>> {
    const pipe = new Readable({ read() {} });
    pipe.push(stdin);
    const stop = new AbortController();
    const run = cli(RUN, { cwd: root, stdin: pipe, signal: stop.signal });
    const get = async (): Promise<string> => (await fsc(root, ['get', 'card_v1', 'card=a'])).out;
    const before = await get();
    while ((await get()) === before) await pause(50);
    return async () => {
      stop.abort();
      await run;
    };
  }

  const warning = (missing: string): string => `warning: ${missing} not in the archive yet`;

  it('are told by every offline command while a run goes on, and after one that was killed, until they are there', async () => {
    const root = start();
    await ran(root, line(2));
    const end = await running(root, line(3) + line(4));
    const killed = join(root, '..', `${basename(root)} killed`);
    try {
      for (const args of OFFLINE) {
        const { code, err } = await fsc(root, args);
        expect([args[0], code, err]).toEqual([
          args[0],
          0,
          expect.stringContaining(warning('the last 2 records that stdin brought to tx are')),
        ]);
        expect(err).toContain('help: a run goes on');
      }
      expect((await fsc(root, [...OFFLINE[0]!, '--quiet'])).err).toBe('');
      // As kill -9 would leave it.
      cpSync(root, killed, { recursive: true });
      rmSync(join(killed, '.fsc/state/lock'));
    } finally {
      await end();
    }
    try {
      for (const args of OFFLINE) {
        const { code, err } = await fsc(killed, args);
        expect([args[0], code, err]).toEqual([
          args[0],
          0,
          expect.stringContaining(warning('the last 2 records that stdin brought to tx are')),
        ]);
        expect(err).toContain('help: a run was cut off: fsc run --mode stream takes in what it left');
      }
      await ran(killed);
      for (const folder of [root, killed]) {
        const { out, err } = await fsc(folder, ['query', 'SELECT count(*) AS n FROM tx', '--format', 'json']);
        expect([out, err.includes('in the archive')]).toEqual(['{"n":4}\n', false]);
      }
    } finally {
      rmSync(killed, { recursive: true, force: true });
    }
  });

  it('are told where nothing of the source was archived, and not where the command reads elsewhere', async () => {
    const root = start({ 'more.jsonl': line(9) });
    await ran(root);
    const end = await running(root, line(3));
    try {
      expect((await fsc(root, OFFLINE[2]!)).err).toContain(warning('the last record that stdin brought to tx is'));
      expect((await fsc(root, [...OFFLINE[0]!, '--source', 'tx=more.jsonl'])).err).toBe('1 row\n');
    } finally {
      await end();
    }
  });
});

describe('stdin that has brought nothing yet', () => {
  it('has no records for any command', async () => {
    const root = start({ 'fsc.json': '{ "sources": { "tx": { "stream": "-" } }, "clock": "events" }' });
    for (const isRun of [false, true]) {
      if (isRun) await ran(root);
      const outs: string[] = [];
      for (const args of OFFLINE) {
        const { code, out, err } = await fsc(root, [...args, ...(args[0] === 'query' ? ['--format', 'json'] : [])]);
        expect([args, code, err]).toEqual([args, 0, expect.not.stringContaining('error')]);
        outs.push(out);
      }
      const label = '{"card":"a","as_of":"2024-01-02T00:00Z","n":null}\n';
      expect(outs).toEqual(['{"n":0}\n', '', label, label]);
    }
  });
});

describe('an archive that lost records', () => {
  const all = [RUN, ...OFFLINE, ['verify']];

  it('as a whole or a file of it is told by every command, and nothing is changed', async () => {
    const root = start();
    await ran(root, line(2));
    await ran(root, line(3));
    const folder = join(root, '.fsc/archive/tx');
    const state = join(root, '.fsc/state/tx.snapshot');
    const before = readFileSync(state);
    const files = readdirSync(folder).sort();
    expect(files).toHaveLength(2);
    for (const gone of [join(folder, files[1]!), join(folder, files[0]!), join(root, '.fsc/archive')]) {
      rmSync(gone, { recursive: true });
      expect(await told(root, all)).toEqual(all.map(([name]) => [name, 1, 'FSC7304']));
    }
    expect(readFileSync(state)).toEqual(before);
    expect((await fsc(root, ['get', 'card_v1', 'card=a', '--format', 'json'])).out).toBe('{"card":"a","n":3}\n');
  });

  it('is told to --rebuild as well, with what to remove to go on without', async () => {
    const root = start();
    await ran(root, `${line(2)}{broken\n`);
    await ran(root, line(3));
    await fsc(root, ['quarantine', 'retry', '-:1']);
    await ran(root);
    rmSync(join(root, '.fsc/archive'), { recursive: true });
    const rebuilt = await fsc(root, [...RUN, '--rebuild']);
    expect([rebuilt.code, rebuilt.err]).toEqual([1, expect.stringContaining('error[FSC7304]')]);
    expect(rebuilt.err).toContain('the first 4 records of stdin were archived, and of these it holds the first 0');
    const [, archive, names, state, retries] =
      /restore (.*) from a backup; or .*: remove that folder, (.*)\* in (.*) and in (.*), and the quarantine of `tx`/.exec(
        rebuilt.err,
      )!;
    rmSync(archive!, { recursive: true, force: true });
    const files = [state!, retries!].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    const meant = files.filter((path) => basename(path).startsWith(names!));
    expect(meant.map((path) => basename(path)).sort()).toEqual(['tx.journal', 'tx.jsonl', 'tx.snapshot']);
    for (const path of meant) rmSync(path);
    rmSync(join(root, '.fsc/quarantine/tx.jsonl'));
    expect((await ran(root, line(9))).err).toContain('2 read, 2 accepted');
    expect((await fsc(root, ['get', 'card_v1', 'card=a', '--format', 'json'])).out).toBe('{"card":"a","n":2}\n');
    expect((await fsc(root, ['verify'])).code).toBe(0);
    expect((await fsc(root, ['quarantine', 'list'])).err).toBe('nothing is in quarantine\n');
  });

  it('is told of a source that is read from files by now', async () => {
    const root = start({ 'more.jsonl': line(3) });
    await ran(root, line(2));
    rmSync(join(root, '.fsc/archive'), { recursive: true });
    put(
      root,
      'fsc.json',
      '{ "sources": { "tx": { "history": "old.csv", "stream": "more.jsonl" } }, "clock": "events" }',
    );
    expect(await told(root, [RUN, ...OFFLINE])).toEqual([RUN, ...OFFLINE].map(([name]) => [name, 1, 'FSC7304']));
    // A state that can't be read is a run's affair.
    truncateSync(join(root, '.fsc/state/tx.snapshot'), 100);
    expect((await fsc(root, OFFLINE[0]!)).code).toBe(0);
  });
});
