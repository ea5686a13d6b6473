/** `--format json`: every line is a JSON object, on stderr as on stdout. */
import { afterAll, describe, expect, it } from 'vitest';
import { cli, jsonLines, project } from './in-process.ts';

const made = project({
  'fsc.json': '{ "sources": { "pay": { "history": "pay.jsonl" } }, "clock": "events" }',
  'features/sources/pay.sql':
    '-- @event_time paid_at\nCREATE TABLE pay (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, card text NOT NULL, note text);\n',
  'features/card/v1.sql': 'SELECT card, count(*) AS n FROM pay GROUP BY card\n',
  'pay.jsonl': '{"id":1,"paid_at":"2024-03-01T10:00:00","card":"a"}\n',
  'labels.csv': 'card,as_of\na,2024-03-02\n',
});
afterAll(made.remove);

const run = (...args: string[]) => cli(args, { cwd: made.root });
const JSON_FORMS = [['--format', 'json'], ['--format=json']];

describe('faults of the call', () => {
  it.each([
    [['get', 'card_v1', 'card=a', '--as-off', 'now'], "unknown option '--as-off'", 'Did you mean --as-of?'],
    [['run'], "required option '--mode <mode>' not specified", 'fsc run --help tells what it takes'],
    [['frobnicate'], "unknown command 'frobnicate'", 'fsc --help lists the commands'],
    [['help', 'gte'], "unknown command 'gte'", 'Did you mean get?'],
    [['get'], "missing required argument 'view'", 'fsc get --help tells what it takes'],
  ])('%j', async (args, message, help) => {
    for (const form of JSON_FORMS) {
      const { code, out, err } = await run(...args, ...form);
      expect([code, out]).toEqual([2, '']);
      expect(jsonLines(err)).toEqual([{ v: 1, code: 'FSC7001', severity: 'error', message, cause: null, help }]);
    }
  });

  it('says the same to people', async () => {
    expect((await run('run')).err).toBe(
      "error: required option '--mode <mode>' not specified\nhelp: fsc run --help tells what it takes\n",
    );
    expect((await run('--frozen', 'get')).err).toContain('\nhelp: fsc get --help tells what it takes\n');
    expect((await run('gte')).err).toBe("error: unknown command 'gte'\n(Did you mean get?)\n");
  });

  it('a value that happens to be `json` asks for nothing', async () => {
    const { code, err } = await run('get', 'json');
    expect([code, err]).toEqual([2, expect.stringMatching(/^error\[FSC/m)]);
  });
});

describe('what is told beside results', () => {
  it.each([
    ['check'],
    ['compile'],
    ['run', '--mode', 'stream'],
    [
      'dataset',
      '--labels',
      'labels.csv',
      '--view',
      'card_v1',
      '--out',
      '-',
      '--allow-open',
      '--timezone',
      'Europe/Rome',
    ],
    ['run', '--mode', 'batch', '--out', '-'],
    ['query', 'SELECT * FROM pay'],
    ['verify', '--as-of', '2024-03-01T10:00'],
    ['get', 'card_v1', 'card=a'],
    ['quarantine', 'list'],
    ['explain', 'card_v1'],
    ['test'],
  ])('fsc %s %s', async (...args) => {
    const { code, out, err } = await run(...args, '--format', 'json');
    expect(code, err).toBe(0);
    for (const line of [...jsonLines(out), ...jsonLines(err)]) expect(line).toBeTypeOf('object');
  });

  it('is a note, or a warning with what helps', async () => {
    const other = project({
      'fsc.json': '{ "sources": { "pay": { "history": "pay.csv" } } }',
      'features/sources/pay.sql':
        '-- @event_time paid_at\nCREATE TABLE pay (id bigint NOT NULL PRIMARY KEY, paid_at timestamp NOT NULL, note text);\n',
      'features/one/v1.sql': 'SELECT id, count(*) AS n, max(note) AS note FROM pay GROUP BY id\n',
      'pay.csv': 'id,paid_at,notes\n1,2024-03-01 10:00,x\n',
    });
    try {
      const { err } = await cli(['query', 'SELECT * FROM pay', '--format', 'json'], { cwd: other.root });
      const fields = { v: 1, code: null, cause: null };
      expect(jsonLines(err)).toEqual([
        { ...fields, severity: 'note', message: 'compiled 1 view to generated/', help: null },
        {
          ...fields,
          severity: 'warning',
          message: expect.stringContaining('has no column `note`'),
          help: expect.stringContaining('did you mean `notes`?'),
        },
      ]);
      expect((await cli(['query', 'SELECT 1', '--format', 'json', '--quiet'], { cwd: other.root })).err).toBe('');
    } finally {
      other.remove();
    }
  });
});
