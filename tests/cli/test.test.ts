import { afterEach, describe, expect, it } from 'vitest';
import type { TestRow } from '../../cli/test-files.ts';
import { Engines } from '../../cli/testing/machines.ts';
import { runTest } from '../../cli/testing/run-test.ts';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { cli, jsonLines, project, put } from './in-process.ts';

const FILES = {
  'features/sources/tx.sql': `-- @event_time paid_at
-- @lateness 10 minutes
-- @from amount money.cents
CREATE TABLE tx (
  id      bigint        NOT NULL PRIMARY KEY,
  paid_at timestamp     NOT NULL,
  card    text          NOT NULL,
  amount  decimal(12,2),
  zip     text,
  weight  double precision,
  checked integer       NOT NULL CHECK (checked > 40 AND checked < 50)
);`,
  'features/sources/ask.sql':
    '-- @kind request\nCREATE TABLE ask (card text NOT NULL, price decimal(10,2) DEFAULT 9.99, note text NOT NULL);',
  'features/card/v1.sql': `SELECT card, count(*) AS n, sum(amount) AS total, avg(amount) AS mean, sum(weight) AS weight
FROM tx WHERE paid_at > now() - INTERVAL '1 hour' GROUP BY card`,
  'features/last/v1.sql': `SELECT card, zip, sum(amount) OVER (PARTITION BY card ORDER BY paid_at, id
  ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two FROM tx`,
  'features/pay/v1.sql': `SELECT a.card, a.price, coalesce(c.n, 0) AS n, c.mean * 2.0::double precision AS twice
FROM ask a LEFT JOIN card_v1 c ON c.card = a.card`,
};

const MACHINES = [
  'DuckDB',
  'own text in DuckDB',
  'stream',
  'stream in random order 1',
  'stream in random order 2',
  'stream in random order 3',
  'online lookup',
  'dataset',
  'dataset by DuckDB (join)',
  'dataset by DuckDB (windows)',
];

describe('fsc test', () => {
  let made: ReturnType<typeof project>[] = [];
  afterEach(() => {
    for (const one of made) one.remove();
    made = [];
  });

  function make(tests: string, path = 'features/card/tests/a.yaml'): string {
    const one = project(tests === '' ? FILES : { ...FILES, [path]: tests });
    made.push(one);
    return one.root;
  }

  const run = (root: string, ...args: string[]) => cli(['test', ...args], { cwd: root });

  it('tells of given records that no column takes, though nothing is expected of them', async () => {
    const { code, out } = await run(
      make(`- name: nothing
  view: card_v1
  given:
    tx:
      - { id: x, paid_at: 2024-01-01 00:10, card: a }
  expect:
    - as_of: 2024-01-01 00:20
      rows: []
`),
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /^ok {4}nothing\n {2}note: features\/card\/tests\/a.yaml:5: .* refused the record as malformed: id/,
    );
  });

  const results = async (root: string, ...args: string[]) => {
    const { code, out, err } = await run(root, '--format', 'json', ...args);
    return { code, err, tests: jsonLines(out) };
  };

  it('has sums that leave the doubles as NULL', async () => {
    const root = make(`
- name: too large
  view: card_v1
  given:
    tx:
      - { id: 1, paid_at: 2024-01-01 00:00, card: a, weight: 1e308 }
      - { id: 2, paid_at: 2024-01-01 00:00, card: a, weight: 1e308 }
      - { id: 3, paid_at: 2024-01-01 00:00, card: b, weight: 1e308 }
  expect:
    - as_of: 2024-01-01
      rows:
        - { card: a, n: 2, weight: null }
        - { card: b, n: 1, weight: 1.0e308 }
`);
    expect(await results(root)).toMatchObject({ code: 0 });
  });

  it('asks the own text for the other columns where it raises for some, and tells which', async () => {
    const files = {
      ...FILES,
      'features/card/v1.sql':
        'SELECT card, count(*) AS n, CAST(max(amount) AS smallint) AS whole FROM tx GROUP BY card',
      'features/pay/v1.sql': 'SELECT a.card, c.n, c.whole FROM ask a LEFT JOIN card_v1 c ON c.card = a.card',
    };
    const tests = `
- name: large
  view: card_v1
  given:
    tx:
      - { id: 1, paid_at: 2024-01-01 00:00, card: a, amount: 70000 }
      - { id: 2, paid_at: 2024-01-01 00:00, card: b, amount: 7 }
  expect:
    - as_of: 2024-01-01
      rows:
        - { card: a, n: 1, whole: null }
        - { card: b, n: 1, whole: 7 }
- name: asked
  view: pay_v1
  given:
    tx: [{ paid_at: 2024-01-01, card: a, amount: 70000 }]
    ask: [{ card: a }]
  expect:
    - { as_of: 2024-01-01, rows: [{ card: a, n: 1, whole: null }] }
- name: small
  view: card_v1
  given:
    tx: [{ paid_at: 2024-01-01, card: a, amount: 7 }]
  expect:
    - { as_of: 2024-01-01, rows: [{ card: a, n: 1, whole: 7 }] }
`;
    const one = project({ ...files, 'features/card/tests/a.yaml': tests });
    made.push(one);
    const { code, err, tests: told } = await results(one.root);
    expect(code, err).toBe(0);
    // Rows of requests have no key by which a column could be put in the place of another.
    expect(told.map(({ ownRaises }) => ownRaises)).toEqual([['whole'], ['card', 'n', 'whole'], undefined]);
    const { out } = await run(one.root);
    expect(out).toContain('ok    large\n  note: own text left out of whole: it raises for these records\n');
    expect(out).toMatch(/ok {4}small\n$/);
  });

  it('runs every test in every machine', async () => {
    const root = make(`
- name: windows, NULLs and ties
  view: card_v1
  given:
    tx:
      - { id: 1, paid_at: 2024-01-01 00:00, card: a, amount: 1.10 }
      - { id: 2, paid_at: 2024-01-01 00:30, card: a }
      - { id: 3, paid_at: 2024-01-01 00:30, card: b, amount: 3 }
      - { id: 4, paid_at: 2024-01-01 00:25, card: a, amount: 10000000.01 }
      - { id: 2, paid_at: 2024-01-01 00:30, card: a, amount: 99 }
      - { id: 5, paid_at: 2024-01-01 00:01, card: a, amount: 99 }
  expect:
    - as_of: 2023-12-31
      rows: []
    - as_of: 2024-01-01 00:30
      rows:
        - { card: b, n: 1, total: 3, mean: 3 }
        - { card: a, n: 3, total: 10000001.11, mean: 5000000.555 }
    - as_of: 2024-01-01 01:00
      rows:
        - { total: 3.00 }
        - { card: a, n: 2, total: 10000000.01 }
- name: the latest row of each card
  view: last_v1
  given:
    tx:
      - { id: 1, paid_at: 2024-01-01 00:00, card: a, amount: 1, zip: 02134 }
      - { id: 2, paid_at: 2024-01-01 00:00, card: a, amount: 2, zip: true }
      - { id: 3, paid_at: 2024-01-01 00:05, card: a, amount: 4, zip: null }
  expect:
    - { as_of: 2024-01-01, rows: [{ card: a, zip: 'true', two: 3 }] }
    - { as_of: 2024-02-01, rows: [{ card: a, zip: null, two: 6 }] }
- name: what a caller sends
  view: pay_v1
  given:
    tx: [{ paid_at: 2024-01-01, card: a, amount: 1.50 }]
    ask: [{ card: a }, { card: new, price: 1 }, { card: new, price: 1 }]
  expect:
    - as_of: 2024-01-01 00:10
      rows:
        - { card: new, n: 0 }
        - { card: a, price: 9.99, n: 1, twice: 3 }
        - { card: new, price: 1.00, n: 0, twice: null }
`);
    const { code, err, tests } = await results(root);
    expect(tests.map(({ failures }) => failures)).toEqual([[], [], []]);
    expect(code, err).toBe(0);
    for (const { machines } of tests) expect(machines).toEqual(MACHINES);
    expect(tests[0]).toMatchObject({
      test: 'windows, NULLs and ties',
      file: 'features/card/tests/a.yaml',
      line: 2,
      passed: true,
    });
    expect(tests[0]!.refused).toMatchObject([
      { source: 'tx', line: 10, verdict: 'duplicate' },
      { source: 'tx', line: 11, verdict: 'late' },
    ]);
    expect(err).toContain('3 tests, all passed in every machine');
  });

  it('a failure names the machine, the place, the row, the column and both values', async () => {
    const root = make(`
- name: wrong
  view: card_v1
  given:
    tx:
      - { paid_at: 2024-01-01 00:00, card: a, amount: 2 }
      - { paid_at: 2024-01-01 00:00, card: b, amount: -1 }
  expect:
    - as_of: 2024-01-01 00:00
      rows:
        - { card: a, n: 2, total: 2 }
        - { card: c, n: 1 }
`);
    const { code, tests } = await results(root);
    expect(code).toBe(1);
    const failures = tests[0]!.failures as Record<string, unknown>[];
    expect([...new Set(failures.map(({ machine }) => machine))]).toEqual(MACHINES);
    expect(failures.filter(({ machine }) => machine === 'stream')).toEqual([
      {
        machine: 'stream',
        file: 'features/card/tests/a.yaml',
        line: 11,
        asOf: '2024-01-01 00:00',
        row: 'card=a',
        column: 'n',
        expected: '2',
        actual: '1',
      },
      expect.objectContaining({
        line: 12,
        row: 'card=c',
        column: null,
        expected: '{ card: c, n: 1 }',
        actual: 'no row',
      }),
      expect.objectContaining({
        line: 9,
        row: 'card=b',
        column: null,
        expected: 'no row',
        actual: '{ card: b, n: 1, total: -1.00, mean: -1, weight: null }',
      }),
    ]);
    const plain = await run(root);
    expect(plain.code).toBe(1);
    expect(plain.out).toContain('FAIL  wrong  (features/card/tests/a.yaml:2)');
    expect(plain.out).toContain(
      'features/card/tests/a.yaml:11  as of 2024-01-01 00:00  card=a\n    n: expected 2, got 1\n',
    );
    expect(plain.out).toContain(`in every machine: ${MACHINES.join(', ')}`);
    expect(plain.err).toContain('1 test, 1 failed');
  });

  it('says which given records the log refused, where a test fails', async () => {
    const root = make(`
- view: card_v1
  given:
    tx:
      - { paid_at: 2024-01-01 00:00, card: a, checked: 3 }
      - { paid_at: 2024-01-01 00:00, card: a, amount: 1.999 }
      - { paid_at: 1969-01-01 00:00, card: a }
      - { paid_at: 2024-01-01 00:00 }
  expect: [{ as_of: 2024-01-01, rows: [{ card: a }] }]
`);
    const { out, code } = await run(root);
    expect(code).toBe(1);
    expect(out).toMatch(
      /a.yaml:5: .* refused the record as constraint: CHECK \(checked > 40 AND checked < 50\) is false/,
    );
    expect(out).toMatch(/a.yaml:6: .* as malformed: amount: 1.999 does not fit decimal\(12,2\)/);
    expect(out).toMatch(/a.yaml:7: .* as range/);
    expect(out).toMatch(/a.yaml:8: .* as malformed: card: is missing and NOT NULL/);
  });

  it('takes rows from a JSONL file, as the source maps it or by the names of the columns', async () => {
    const root = make(
      `
- view: card_v1
  given: { tx: tx.jsonl }
  expect: [{ as_of: 2024-01-01 00:30, rows: [{ card: a, n: 3, total: 123456789.32 }] }]
`,
    );
    put(
      root,
      'features/card/tests/tx.jsonl',
      '{"id":1,"paid_at":"2024-01-01T00:00:00Z","card":"a","money":{"cents":123456789.01}}\n\n{"id":2,"paid_at":"2024-01-01T00:00:00Z","card":"a","amount":"0.31"}\n{"paid_at":"2024-01-01T00:00:00Z","card":"a"}\n{broken\n',
    );
    const { code, tests } = await results(root);
    expect(tests[0]!.failures).toEqual([]);
    expect(tests[0]!.refused).toMatchObject([{ file: 'features/card/tests/tx.jsonl', line: 5, verdict: 'malformed' }]);
    expect(code).toBe(0);
  });

  it('takes a double for what a person writes of it, and no further', async () => {
    const root = make(`
- name: near
  view: card_v1
  given: { tx: [{ paid_at: 2024-01-01, card: a, weight: 0.1 }, { paid_at: 2024-01-01, card: a, weight: 0.2 }] }
  expect: [{ as_of: 2024-01-01, rows: [{ weight: 0.3 }] }]
- name: far
  view: card_v1
  given: { tx: [{ paid_at: 2024-01-01, card: a, weight: 0.1 }, { paid_at: 2024-01-01, card: a, weight: 0.2 }] }
  expect: [{ as_of: 2024-01-01, rows: [{ weight: 0.3000001 }] }]
- name: what cancels out
  view: card_v1
  given:
    tx:
      - { paid_at: 2024-01-01 00:00, card: a, weight: 1e17 }
      - { paid_at: 2024-01-01 00:01, card: a, weight: 1 }
      - { paid_at: 2024-01-01 00:02, card: a, weight: -1e17 }
  expect: [{ as_of: 2024-01-01 00:03, rows: [{ weight: 1 }] }]
- name: infinity
  view: card_v1
  given: { tx: [{ paid_at: 2024-01-01, card: a, weight: .inf }, { paid_at: 2024-01-01, card: b, weight: .nan }] }
  expect: [{ as_of: 2024-01-01, rows: [{ card: a, weight: .inf }, { card: b, weight: .nan }] }]
`);
    const { tests } = await results(root);
    expect(tests.map(({ test, passed }) => [test, passed])).toEqual([
      ['near', true],
      ['far', false],
      ['what cancels out', true],
      ['infinity', true],
    ]);
  });

  it('tells the place of whatever is wrong in a test', async () => {
    const at = async (text: string): Promise<string> => {
      const { code, err } = await run(make(text));
      expect(code).toBe(1);
      return err
        .replace(/^compiled.*\n/, '')
        .split('\n')
        .slice(0, 2)
        .join('\n');
    };
    const ok = 'expect: [{ as_of: 2024-01-01, rows: [] }]';
    expect(await at(`- view: card_v2\n  ${ok}`)).toMatch(
      /a.yaml:1:9: there is no view `card_v2`\n.*did you mean `card_v1`/,
    );
    expect(await at(`- view: card_v1\n  given: { txx: [] }\n  ${ok}`)).toMatch(/a.yaml:2:12: there is no source `txx`/);
    expect(await at(`- view: card_v1\n  given: { tx: [{ crd: a }] }\n  ${ok}`)).toMatch(
      /a.yaml:2:19: `tx` has no column `crd`\n.*did you mean `card`/,
    );
    expect(await at('- view: card_v1\n  expect: [{ as_of: 2024-01-01, rows: [{ m: 1 }] }]')).toMatch(
      /a.yaml:2:42: `card_v1` has no column `m`/,
    );
    expect(await at('- view: card_v1\n  expect: [{ as_of: 2024-01-01, rows: [{ n: x }] }]')).toMatch(
      /a.yaml:2:42: `n` is bigint/,
    );
    expect(await at('- view: card_v1\n  expect: [{ as_of: soon, rows: [] }]')).toMatch(/`as_of: soon` is no instant/);
    expect(await at('- view: card_v1\n  expect: []')).toMatch(/expects nothing/);
    expect(await at(`- view: pay_v1\n  ${ok}`)).toMatch(/a.yaml:1:9: `given` has no rows of `ask`/);
    expect(await at(`- view: pay_v1\n  given: { ask: [{ price: 1 }] }\n  ${ok}`)).toMatch(
      /a.yaml:2:18: no row of `ask`\n.*card: is missing/,
    );
    expect(await at('- viw: card_v1')).toMatch(/a.yaml:1:3: unknown key `viw`/);
    expect(await at('- { view: [')).toMatch(/a.yaml:\d+:\d+: not valid YAML/);
  });

  it('runs the tests that a path names', async () => {
    const one = (name: string): string =>
      `- { name: ${name}, view: card_v1, expect: [{ as_of: 2024-01-01, rows: [] }] }\n`;
    const root = make(one('first'));
    put(root, 'features/card/tests/b.yml', one('second'));
    put(root, 'features/last/tests/c.yaml', one('third'));
    const names = async (...paths: string[]) => (await results(root, ...paths)).tests.map(({ test }) => test);
    expect(await names()).toEqual(['first', 'second', 'third']);
    expect(await names('features/card')).toEqual(['first', 'second']);
    expect(await names('features/last/tests/c.yaml', 'features/card/tests/a.yaml')).toEqual(['first', 'third']);
    const none = await run(root, 'features/pay');
    expect(none.code).toBe(2);
    expect(none.err).toMatch(/`features\/pay` names no test/);
  });

  it('finds a machine that is wrong, also in columns that the test does not ask for', async () => {
    const { plan } = compileProject(new Map(Object.entries(FILES).filter(([path]) => path.endsWith('.sql'))));
    if (plan === null) throw new Error('the features do not compile');
    const files = emitProject(plan);
    const program = loadProgram(files);
    const broken = program.views.map((view): ViewProgram => {
      const project: ViewProgram['project'] = (input, out) => {
        const hasRow = view.project(input, out);
        if (view.spec.name === 'card_v1' && out[0] === 'b') out[2] = null;
        return hasRow;
      };
      return { ...view, project };
    });
    const values = new Map([
      ['paid_at', '"2024-01-01"'],
      ['card', '"b"'],
      ['amount', '7'],
    ]);
    const place = { file: 'a.yaml', line: 1, column: 1 };
    const row = (names: readonly string[]): TestRow => ({
      kind: 'values',
      place,
      values: new Map(names.map((name) => [name, { place, json: values.get(name) ?? 'null', bare: null }])),
    });
    const engines = await Engines.open(null);
    const result = await runTest({ ...plan, files, program: { ...program, views: broken } }, engines, {
      file: 'a.yaml',
      line: 1,
      name: 'broken',
      view: 'card_v1',
      viewPlace: place,
      given: [{ source: 'tx', place, rows: [row(['paid_at', 'card', 'amount'])] }],
      expect: [{ place, asOf: '2024-01-01', rows: [row(['card'])] }],
    });
    engines.close();
    const wrong = ['stream', ...[1, 2, 3].map((i) => `stream in random order ${i}`), 'online lookup', 'dataset'];
    expect(result.failures.map(({ machine }) => machine)).toEqual(wrong);
    expect(result.failures[0]).toMatchObject({
      row: 'card=b',
      column: 'total',
      expected: '7.00 by own text in DuckDB',
      actual: 'null',
    });
  });

  it('says so where there are no tests', async () => {
    const { code, out, err } = await run(make(''));
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('the project has no tests');
  });
});
