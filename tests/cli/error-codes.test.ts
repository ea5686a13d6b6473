/** What stops a command, each with the code of its page; and every code of every page has a test that names it. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { addGlobalOptions } from '../../cli/cli.ts';
import { diagnosticPages } from '../../cli/diagnostic-pages.ts';
import { systemFault } from '../../cli/system-fault.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { MAIN } from '../integration/process.ts';
import { cli, project } from './in-process.ts';

const FILES = {
  'fsc.json': '{ "sources": { "tx": { "stream": "-" } }, "clock": "events" }',
  'features/sources/tx.sql':
    '-- @event_time seen\nCREATE TABLE tx (id bigint NOT NULL PRIMARY KEY, seen timestamp NOT NULL, card text NOT NULL);\n',
  'features/card/v1.sql': 'SELECT card, count(*) AS n FROM tx GROUP BY card\n',
};
const LINES = [1, 2, 3].map((id) => `{"id":${id},"seen":"2024-01-01T00:0${id}:00Z","card":"a"}\n`);
const RUN = ['run', '--mode', 'stream'];

let made: ReturnType<typeof project> | null = null;
afterEach(() => {
  made?.remove();
  made = null;
});

function start(more: Readonly<Record<string, string>> = {}): string {
  made = project({ ...FILES, ...more });
  return made.root;
}

async function told(root: string, args: readonly string[], stdin = ''): Promise<readonly [number, string]> {
  const { code, err } = await cli(args, { cwd: root, stdin });
  return [code, /error\[(FSC\d{4})\]/.exec(err)?.[1] ?? err];
}

async function ran(root: string, lines: readonly string[]): Promise<void> {
  const { code, err } = await cli(RUN, { cwd: root, stdin: lines.join('') });
  expect([code, err]).toEqual([0, expect.anything()]);
}

describe('a command is stopped', () => {
  it('where no project is: FSC7002', async () => {
    made = project({ 'note.txt': '' });
    expect(await told(made.root, ['check'])).toEqual([2, 'FSC7002']);
  });

  it('by a variable that is not set: FSC7004', async () => {
    const root = start({ 'fsc.json': `{ "online": "\${NOWHERE}" }` });
    expect(await told(root, ['get', 'card_v1', 'card=a'])).toEqual([2, 'FSC7004']);
  });

  it('by the system, for the time being: FSC7028', () => {
    const full = Object.assign(new Error('EMFILE: too many open files'), {
      code: 'EMFILE',
      syscall: 'open',
      path: '/x',
    });
    expect(systemFault(full)).toMatchObject({ code: 'FSC7028', exitCode: 3, message: 'cannot use /x' });
    const read = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
    expect(systemFault(read)).toMatchObject({
      code: 'FSC7028',
      exitCode: 3,
      help: 'look at the disk, and run it again',
    });
    expect(systemFault(Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open', path: '/x' }))).toBeNull();
    expect(systemFault(new TypeError('x'))).toBeNull();
  });

  it('by Node.js, which may evaluate no text: FSC7029', () => {
    const root = start();
    const flags = ['--disallow-code-generation-from-strings', MAIN];
    for (const args of [['get', 'card_v1', 'card=a'], RUN, ['verify']]) {
      const { status, stderr } = spawnSync(process.execPath, [...flags, ...args], {
        cwd: root,
        encoding: 'utf8',
        input: '',
      });
      expect([status, stderr]).toEqual([2, expect.stringContaining('error[FSC7029]')]);
      expect(stderr).toContain('help: run fsc without --disallow-code-generation-from-strings');
    }
  });

  it('by a source without data: FSC7009', async () => {
    expect(await told(start({ 'fsc.json': '{}' }), RUN)).toEqual([2, 'FSC7009']);
  });

  it('by a test file that is none: FSC7012', async () => {
    const root = start({ 'features/card/tests/a.yaml': '- name: x\n  view: card_v1\n  given: 5\n' });
    expect(await told(root, ['test'])).toEqual([1, 'FSC7012']);
  });

  it('by an online store in which nothing of the views is: FSC7017', async () => {
    const root = start();
    await ran(root, LINES);
    renameSync(join(root, 'features/card'), join(root, 'features/cards'));
    expect(await told(root, ['verify'])).toEqual([2, 'FSC7017']);
  });

  it('by a file of the archive whose bytes changed: FSC7119; by one that is gone: FSC7304', async () => {
    const root = start();
    await ran(root, LINES);
    const folder = join(root, '.fsc/archive/tx');
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.parquet'))!);
    writeFileSync(file, readFileSync(file).fill(0, 20, 21));
    expect(await told(root, ['query', 'SELECT count(*) FROM tx'])).toEqual([1, 'FSC7119']);
    rmSync(file);
    expect(await told(root, ['verify'])).toEqual([1, 'FSC7304']);
  });

  it('by online rows of records that are not archived yet: FSC7026', async () => {
    const root = start();
    await ran(root, LINES.slice(0, 2));
    for (const name of ['archive', 'state']) cpSync(join(root, '.fsc', name), join(root, name), { recursive: true });
    await ran(root, LINES.slice(2));
    for (const name of ['archive', 'state']) {
      rmSync(join(root, '.fsc', name), { recursive: true });
      renameSync(join(root, name), join(root, '.fsc', name));
    }
    expect(await told(root, ['verify'])).toEqual([3, 'FSC7026']);
  });

  it('by joined views that were brought up to different records: FSC7027', async () => {
    const root = start({
      'features/sources/ask.sql': '-- @kind request\nCREATE TABLE ask (card text NOT NULL);\n',
      'features/last/v1.sql': 'SELECT card, max(seen) AS newest FROM tx GROUP BY card\n',
      'features/both/v1.sql':
        'SELECT r.card, a.n, b.newest FROM ask r JOIN card_v1 a ON a.card = r.card JOIN last_v1 b ON b.card = r.card\n',
    });
    await ran(root, LINES);
    const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: false, namespace: '' });
    const heartbeat = (await store.heartbeat('last_v1'))!;
    const stamp = (await store.stamp())!;
    const positions = { tx: { partitions: { 'stream:-': { offset: 2 } } } };
    await store.write({ ...stamp, sequence: stamp.sequence + 1 }, [], { ...heartbeat, view: 'last_v1', positions });
    await store.close();
    expect(await told(root, ['verify'])).toEqual([3, 'FSC7027']);
  });

  it('by a bug: FSC9001, with what is to be reported', async () => {
    const env = new Proxy(
      {},
      {
        get: () => {
          throw new Error('nobody expects this');
        },
      },
    );
    const { code, err } = await cli(['get', 'card_v1', 'card=a'], { cwd: start(), env });
    expect([code, err]).toEqual([70, expect.stringMatching(/^error\[FSC9001\].*\nError: nobody expects this\n/)]);
  });
});

it('every page of a code has a test that names it', () => {
  const root = join(import.meta.dirname, '..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|md|yaml)$/.test(name));
  const named = new Set(files.flatMap((name) => readFileSync(join(root, name), 'utf8').match(/FSC\d{4}/g) ?? []));
  expect([...diagnosticPages().keys()].filter((code) => !named.has(code))).toEqual([]);
});

/** A command and its flags, as far as they can be told from the words around them: `fsc run --mode stream` of `fsc run --mode stream writes`. */
const NAMED = /\bfsc ([a-z]+)\b((?:(?!\bfsc )[^\n`'"(),;:])*)/g;

/** What each command takes, without loading more than its flags. */
async function commandsWithFlags(): Promise<ReadonlyMap<string, Command>> {
  const program = new Command();
  const folder = join(import.meta.dirname, '../../cli/commands');
  for (const file of readdirSync(folder)) {
    const name = file.replace(/\.ts$/, '');
    addGlobalOptions(program.command(name));
    const module: { readonly register: (program: Command, run: () => Promise<void>) => void } = await import(
      join(folder, file)
    );
    module.register(program, async () => undefined);
  }
  return new Map(program.commands.map((command) => [command.name(), command]));
}

/** Texts of the sources are those lines that are no comment. */
function advice(): readonly string[] {
  const root = join(import.meta.dirname, '../..');
  const files = ['cli', 'runtime', 'compiler'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const texts = lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
  return [...texts, ...[...diagnosticPages().values()].map(({ text }) => text)];
}

it('every command that a text names with flags would be taken, and no text tells to run without a mode', async () => {
  const commands = await commandsWithFlags();
  const wrong: string[] = [];
  let seen = 0;
  for (const [whole, name = '', rest = ''] of advice().flatMap((text) => [...text.matchAll(NAMED)])) {
    const command = commands.get(name);
    const flags: readonly string[] = rest.match(/(?<= )--?[a-zA-Z][a-z-]*/g) ?? [];
    // Without flags it is the name of a command, but that of a run is always advice.
    if (command === undefined || (flags.length === 0 && name !== 'run')) continue;
    seen += 1;
    const known = command.options.flatMap(({ long, short }) => [long, short]);
    const needed = command.options.filter(({ mandatory }) => mandatory).map(({ long }) => long);
    if (flags.some((flag) => !known.includes(flag)) || needed.some((flag) => !flags.includes(flag ?? '')))
      wrong.push(whole);
  }
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(20);
});
