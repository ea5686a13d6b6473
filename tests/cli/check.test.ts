/** `fsc check` and `fsc compile`: what they tell, and that a check which looks only at what was edited tells the same as one of everything. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, cli, jsonLines, project, put } from './in-process.ts';

const SOURCE = `-- @event_time ts
-- @lateness 1 minute
CREATE TABLE tx (id bigint PRIMARY KEY, ts timestamp NOT NULL, card text NOT NULL, amount double precision);
`;
const REQUEST = '-- @kind request\nCREATE TABLE ask (card text NOT NULL);\n';
const SPENT = "SELECT card, sum(amount) FILTER (WHERE ts > now() - INTERVAL '1 day') AS spent FROM tx GROUP BY card\n";
const RISK = 'SELECT a.card, s.spent FROM ask a LEFT JOIN spent_v1 s ON s.card = a.card\n';
/** Compares an inexact value: a warning. */
const WARNS = SPENT.replace('GROUP BY card', 'GROUP BY card HAVING sum(amount) > 1.5');

let world: ReturnType<typeof project>;
const fsc = (...args: string[]): Promise<CliResult> => cli(args, { cwd: world.root });

/** As it is told with what was compiled before, and without. */
async function checked(...args: string[]): Promise<CliResult> {
  const quick = await fsc('check', ...args);
  const compiled = readFileSync(join(world.root, '.fsc/compiled.json'), 'utf8');
  rmSync(join(world.root, '.fsc/compiled.json'));
  expect(quick).toEqual(await fsc('check', ...args));
  put(world.root, '.fsc/compiled.json', compiled);
  return quick;
}

beforeEach(async () => {
  world = project({
    'fsc.json': '{}',
    'features/sources/tx.sql': SOURCE,
    'features/sources/ask.sql': REQUEST,
    'features/spent/v1.sql': SPENT,
    'features/count/v1.sql': 'SELECT card, count(*) AS n FROM tx GROUP BY card\n',
    'features/warns/v1.sql': WARNS,
    'features/risk/v1.sql': RISK,
  });
  const { code, err } = await fsc('compile');
  expect(code, err).toBe(0);
});
afterEach(() => world.remove());

describe('fsc check', () => {
  it('tells names, warnings and that there are no faults', async () => {
    const { code, err } = await checked();
    expect(code).toBe(0);
    expect(err).toContain('features/warns/v1.sql');
    expect(err).toContain('no faults: 4 views over 2 sources');
    const json = await checked('--format', 'json');
    expect(jsonLines(json.out).at(-1)).toEqual({
      views: ['count_v1', 'risk_v1', 'spent_v1', 'warns_v1'],
      sources: ['ask', 'tx'],
    });
    for (const before of [
      ['--format', 'json'],
      ['--quiet', '--format=json'],
      ['--project', '.', '--format', 'json'],
    ])
      expect(await fsc(...before, 'check')).toEqual(await fsc('check', ...before));
    expect(await fsc('--strict', 'check')).toMatchObject({ code: 2 });
    expect((await checked('--strict')).code).toBe(1);
    expect(await checked('count_v1')).toMatchObject({ code: 0 });
    expect(await checked('cuont_v1')).toMatchObject({ code: 2, err: expect.stringContaining('cuont_v1') });
  });

  it.each([
    ['{ "sources": {\n  "txx": { "stream": "-" } } }', '2:10: there is no source `txx`', 'did you mean `tx`?'],
    ['{ "sources": { "orders": {} } }', '1:26: there is no source `orders`', 'features/sources/orders.sql'],
    ['{ "sources": { "tx": { "histroy": "tx.csv" } } }', '1:35: unknown key `histroy`', 'did you mean `history`?'],
    ['{ "sources": { "tx": "tx.csv" } }', '1:22: `sources.tx` is no object', 'write "tx": {"history": "tx.csv"}'],
    [
      '{ "sources": { "tx": { "history": { "path": "tx.csv", "completeTo": "soon" } } } }',
      '1:69: `soon` is no instant',
      'write it like 2001-03-01T12:00:00Z',
    ],
    ['{ "sources": { "tx": { "stream": "-", "cut": "now" } } }', '1:46: `now` is no fixed instant', 'write a date'],
    ['{ "sources": { "tx": { "history": null } } }', '1:35: `sources.tx.history` is no object', 'leave it out'],
    ['{ "sources": { "tx": { "stream": null } } }', '1:34: `sources.tx.stream` is no string', 'leave it out'],
    ['{ "sources": { "tx": { "history": 5 } } }', '1:35: `sources.tx.history` is no object', 'write a path ('],
    ['{ "sources": { "tx": { "history": ["a.csv"] } } }', '1:35: `sources.tx.history` is no object', 'write a path ('],
    ['{ "sources": { "tx": { "stream": ["a.csv"] } } }', '1:34: `sources.tx.stream` is no string', 'in double quotes'],
    ['{ "sources": { "tx": 5 } }', '1:22: `sources.tx` is no object', 'write "tx": {"history": "data/tx.parquet"}'],
    ['{ "sources": [] }', '1:14: `sources` is no object', 'write it as {'],
    [
      '{ "sources": { "tx": { "history": "-", "stream": "-" } } }',
      '1:50: history and stream of `tx` both read stdin',
      'keep "stream": "-", and name files as "history"',
    ],
    [
      '{ "sources": { "tx": { "history": {"path": "-"},\n "stream": "-" } } }',
      '2:12: history and stream of `tx` both read stdin',
      'keep "stream": "-"',
    ],
    ['{ "sources": { "tx": { "stream": "-", } } }', '1:37: not valid JSON', 'remove the comma'],
    ['{ "zebras": 1 }', '1:13: unknown key `zebras`', 'remove or rename it'],
  ])('locates what is wrong in fsc.json: %s', async (text, message, help) => {
    put(world.root, 'fsc.json', text);
    const told = { code: 2, err: expect.stringMatching(/error\[FSC7003\]/) };
    for (const command of [['check'], ['compile'], ['query', 'SELECT 1'], ['get', 'count_v1', 'card=a']]) {
      const result = await fsc(...command);
      expect(result).toMatchObject(told);
      expect(result.err).toContain(`fsc.json:${message}`);
      expect(result.err).toMatch(new RegExp(`help: .*${help.replaceAll(/[?{}.(]/g, '\\$&')}`));
    }
  });

  it('tells of a file whose name is in capitals', async () => {
    put(world.root, 'features/count/v2.SQL', 'SELECT card, count(*) AS n FROM tx GROUP BY card');
    expect(await fsc('check')).toMatchObject({ code: 1, err: expect.stringContaining('features/count/v2.SQL') });
  });

  it('gives JSON of faults on stdout, where other commands have their results alone', async () => {
    const codes = (text: string) => jsonLines(text).flatMap(({ code }) => (code === undefined ? [] : [code]));
    for (const command of ['check', 'compile']) {
      expect(codes((await fsc(command, '--format', 'json')).out)).toEqual(['FSC5002']);
    }
    put(world.root, 'tx.jsonl', '{"id":1,"ts":"2024-01-01","card":"a","amount":2}\n');
    const [records, json] = [
      ['--source', 'tx=tx.jsonl'],
      ['--format', 'json'],
    ] as const;
    const commands: readonly (readonly [string, ...string[]])[] = [
      ['run', '--mode', 'stream', ...records],
      ['run', '--mode', 'batch', '--view', 'count_v1', '--out', '-', ...records],
      ['query', 'SELECT count(*) AS n FROM tx', ...records],
      ['explain', 'count_v1'],
    ];
    for (const command of commands) {
      const { code, out, err } = await fsc(...command, ...json);
      expect({ command, code, lines: jsonLines(out).length }).toEqual({ command, code: 0, lines: 1 });
      expect([codes(out), codes(err)]).toEqual([[], ['FSC5002']]);
    }
    put(world.root, 'features/count/v1.sql', 'SELECT card, count(*) AS n FROM txx GROUP BY card\n');
    const faulty = await fsc('query', 'SELECT 1', ...json);
    expect({ ...faulty, err: codes(faulty.err) }).toEqual({ code: 1, out: '', err: ['FSC3002', 'FSC5002'] });
  });

  it('finds the fault of an edit, wherever it strikes', async () => {
    put(world.root, 'features/count/v1.sql', 'SELECT card, count(*) AS n FROM txx GROUP BY card\n');
    expect(await checked()).toMatchObject({ code: 1, err: expect.stringContaining('features/count/v1.sql') });
    put(world.root, 'features/count/v1.sql', 'SELECT card, count(*) AS n FROM tx GROUP BY card\n');
    expect(await checked()).toMatchObject({ code: 0 });
    // In a view that was not edited, but joins one that was.
    put(world.root, 'features/spent/v1.sql', SPENT.replace('AS spent', 'AS paid'));
    expect(await checked()).toMatchObject({ code: 1, err: expect.stringContaining('features/risk/v1.sql') });
    put(world.root, 'features/spent/v1.sql', SPENT);
    // In every view over a source.
    put(world.root, 'features/sources/tx.sql', SOURCE.replace('amount', 'paid'));
    expect(await checked()).toMatchObject({ code: 1, err: expect.stringContaining('features/spent/v1.sql') });
  });

  it('sees files that come and go', async () => {
    put(world.root, 'features/more/v1.sql', 'SELECT card, count(*) AS n FROM tx GROUP BY card, amount\n');
    expect(await checked()).toMatchObject({ code: 1, err: expect.stringContaining('features/more/v1.sql') });
    rmSync(join(world.root, 'features/more'), { recursive: true });
    rmSync(join(world.root, 'features/spent'), { recursive: true });
    expect(await checked()).toMatchObject({ code: 1, err: expect.stringContaining('features/risk/v1.sql') });
  });

  it('writes nothing', async () => {
    rmSync(join(world.root, '.fsc'), { recursive: true });
    rmSync(join(world.root, 'generated'), { recursive: true });
    expect((await fsc('check')).code).toBe(0);
    expect(readdirSync(world.root).sort()).toEqual(['features', 'fsc.json']);
  });
});

describe('fsc compile', () => {
  it('makes generated/ ES modules in any package, by a file that is checked and kept like the others', async () => {
    const file = join(world.root, 'generated/package.json');
    const text = readFileSync(file, 'utf8');
    expect(JSON.parse(text)).toEqual({ type: 'module' });
    const { ino, mtimeMs } = statSync(file);
    put(world.root, 'features/count/v1.sql', 'SELECT card, count(*) AS m FROM tx GROUP BY card\n');
    expect(await fsc('compile')).toMatchObject({ code: 0, err: expect.stringMatching(/changed$/m) });
    expect(statSync(file)).toMatchObject({ ino, mtimeMs });
    expect((await fsc('compile', '--check')).code).toBe(0);
    put(world.root, 'generated/package.json', '{}');
    expect(await fsc('compile', '--check')).toMatchObject({ code: 1, err: expect.stringContaining('1 changed') });
    rmSync(file);
    expect(await fsc('compile', '--check')).toMatchObject({ code: 1, err: expect.stringContaining('1 new') });
    expect((await fsc('compile')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
