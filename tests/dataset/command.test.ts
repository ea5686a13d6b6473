import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { Stop } from '../../cli/stop.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { cli, jsonLines, put } from '../cli/in-process.ts';
import { csv, dataset, FILES, rowsOf, world } from './world.ts';

const EVENTS = csv([
  ['id', 'paid_at', 'card', 'amount', 'shop', 'known_at'],
  [1, '2024-03-01 10:00', 'a', '10.00', 'x', '2024-03-01 10:00'],
  [2, '2024-03-01 11:00', 'a', '20.00', 'y', '2024-03-01 18:00'],
  [3, '2024-03-01 11:00', 'b', '5.00', 'x', '2024-03-01 11:00'],
]);
const LABELS = csv([
  ['note', 'card', 'as_of', 'y'],
  ['007', 'b', '2024-03-01T11:30:00Z', 1],
  ['', 'a', '2024-03-01T12:00:00Z', 0],
  [null, null, '2024-03-01T12:00:00Z', 1],
  ['x', 'nobody', '2024-03-01T12:00:00Z', 0],
]);

let made: ReturnType<typeof world>[] = [];
afterEach(() => {
  for (const one of made) one.remove();
  made = [];
});

function make(files: Readonly<Record<string, string>> = {}): string {
  const one = world({ 'pay.csv': EVENTS, 'labels.csv': LABELS, ...files });
  made.push(one);
  return one.root;
}

async function inDuckDb(sql: string): Promise<unknown[][]> {
  const session = await openDuckDb({ threads: 1 });
  try {
    return (await session.connection.runAndReadAll(sql)).getRowsJson() as unknown[][];
  } finally {
    session.close();
  }
}

const VIEW = ['--view', 'windows_v1'];
const ALL = ['--labels', 'labels.csv', ...VIEW];

describe('fsc dataset', () => {
  it('replaces neither the labels nor a file that a source reads', async () => {
    const root = make({ 'spare.csv': LABELS });
    for (const [name, why] of [
      ['labels.csv', 'the labels are read from it'],
      ['pay.csv', 'source `pay` reads it'],
    ] as const) {
      const before = readFileSync(join(root, name), 'utf8');
      const { code, err } = await dataset(root, ...ALL, '--ties', 'include', '--out', name);
      expect([code, err]).toEqual([2, expect.stringContaining(`error[FSC7010]: cannot write ${name}\n`)]);
      expect(err).toContain(why);
      expect(readFileSync(join(root, name), 'utf8')).toBe(before);
    }
    expect((await dataset(root, ...ALL, '--ties', 'include', '--out', 'spare.csv')).code).toBe(0);
  });

  it('keeps order, count and columns of the labels; texts of CSV stay what they are', async () => {
    const root = make();
    expect(await rowsOf(root, ...ALL)).toEqual([
      {
        note: '007',
        card: 'b',
        as_of: '2024-03-01T11:30:00Z',
        y: '1',
        n_2h: '1',
        amount_1d: '5.00',
        shop_3h: null,
        least: '5.00',
        shops_6h: '1',
      },
      {
        note: '',
        card: 'a',
        as_of: '2024-03-01T12:00:00Z',
        y: '0',
        n_2h: '1',
        amount_1d: '30.00',
        shop_3h: 'y',
        least: '10.00',
        shops_6h: '2',
      },
      {
        note: null,
        card: null,
        as_of: '2024-03-01T12:00:00Z',
        y: '1',
        n_2h: null,
        amount_1d: null,
        shop_3h: null,
        least: null,
        shops_6h: null,
      },
      {
        note: 'x',
        card: 'nobody',
        as_of: '2024-03-01T12:00:00Z',
        y: '0',
        n_2h: null,
        amount_1d: null,
        shop_3h: null,
        least: null,
        shops_6h: null,
      },
    ]);
    expect((await dataset(root, ...ALL, '--out', 'o.csv')).code).toBe(0);
    expect(readFileSync(join(root, 'o.csv'), 'utf8').split('\n').slice(0, 3)).toEqual([
      'note,card,as_of,y,n_2h,amount_1d,shop_3h,least,shops_6h',
      '007,b,2024-03-01T11:30:00Z,1,1,5.00,,5.00,1',
      '"",a,2024-03-01T12:00:00Z,0,1,30.00,y,10.00,2',
    ]);
  });

  it('writes declared types to Parquet, sums as decimals', async () => {
    const root = make({
      'features/wide/v1.sql': 'SELECT card, sum(id) AS ids, max(paid_at) AS last_at FROM pay GROUP BY card\n',
    });
    for (const engine of ['replay', 'duckdb']) {
      const args = [...ALL, '--view', 'wide_v1', '--engine', engine, '--out', 'o.parquet'];
      const { code, err } = await dataset(root, ...args);
      expect(code, err).toBe(0);
      const types = await inDuckDb(`SELECT column_name, column_type FROM (DESCRIBE FROM '${root}/o.parquet')`);
      expect(Object.fromEntries(types)).toEqual({
        note: 'VARCHAR',
        card: 'VARCHAR',
        as_of: 'TIMESTAMP WITH TIME ZONE',
        y: 'BIGINT',
        n_2h: 'BIGINT',
        amount_1d: 'DECIMAL(38,2)',
        shop_3h: 'VARCHAR',
        least: 'DECIMAL(12,2)',
        shops_6h: 'BIGINT',
        ids: 'DECIMAL(38,0)',
        last_at: 'TIMESTAMP',
      });
    }
  });

  it('takes columns of labels for what their values are, some of them missing', async () => {
    const labels = [
      ['card', 'as_of', 'whole', 'score', 'flag', 'code', 'none'],
      ['a', '2024-03-01T12:00:00Z', null, 0.5, 'true', null, null],
      ['b', '2024-03-01T12:00:00Z', 7, null, null, '007', null],
    ] as const;
    const [names, ...rows] = labels;
    const objects = rows.map((row) => Object.fromEntries(row.map((value, i) => [names[i], value])));
    const root = make({
      'labels.csv': csv(labels.map((row) => [...row])),
      'labels.jsonl': objects
        .map((row) => JSON.stringify({ ...row, flag: row['flag'] === null ? null : true }))
        .join('\n'),
    });
    for (const file of ['labels.csv', 'labels.jsonl']) {
      for (const engine of ['replay', 'duckdb']) {
        const args = ['--labels', file, ...VIEW, '--engine', engine, '--out', 'o.parquet'];
        const { code, err } = await dataset(root, ...args);
        expect(code, err).toBe(0);
        const columns = `'${join(root, 'o.parquet')}') `;
        expect(await inDuckDb(`SELECT whole, score, flag, code, none FROM read_parquet(${columns}`)).toEqual([
          [null, 0.5, true, null, null],
          ['7', null, null, '007', null],
        ]);
        const types = await inDuckDb(
          `SELECT typeof(whole), typeof(score), typeof(flag), typeof(code) FROM read_parquet(${columns} LIMIT 1`,
        );
        expect(types).toEqual([['BIGINT', 'DOUBLE', 'BOOLEAN', 'VARCHAR']]);
      }
    }
  });

  it('has no default for ties: they are counted, and nothing is written', async () => {
    const root = make({
      'labels.csv': csv([
        ['card', 'as_of'],
        ['a', '2024-03-01T11:00:00Z'],
        ['b', '2024-03-01T11:00:01Z'],
      ]),
    });
    const { code, err } = await dataset(root, ...ALL, '--out', 'o.parquet');
    expect(code).toBe(1);
    expect(err).toContain('error[FSC7014]: 1 of 2 labels has the instant of an event of its entity');
    expect(readdirSync(root).filter((name) => name.includes('o.parquet'))).toEqual([]);
    const counts = async (ties: string): Promise<unknown[]> =>
      (await rowsOf(root, ...ALL, '--ties', ties)).map((row) => row.n_2h);
    expect(await counts('include')).toEqual(['2', '1']);
    expect(await counts('exclude')).toEqual(['1', '1']);
  });

  it('with the primary key among the labels, exclude leaves out the own event only, and says so', async () => {
    const events = `${EVENTS}4,2024-03-01 11:00,a,1.00,z,2024-03-01 11:00\n`;
    const root = make({
      'pay.csv': events,
      'labels.csv': csv([
        ['id', 'card', 'as_of'],
        [2, 'a', '2024-03-01T11:00:00Z'],
        [4, 'a', '2024-03-01T11:00:00Z'],
        [9, 'a', '2024-03-01T11:00:00Z'],
      ]),
    });
    const { out, err, code } = await dataset(root, ...ALL, '--ties', 'exclude', '--out', '-');
    expect(code).toBe(0);
    expect(err).toContain("pay: the label's own event is left out, by its key (id)");
    expect(jsonLines(out).map((row) => row.amount_1d)).toEqual([11, 30, 31]);
  });

  it('reads Parquet and JSONL, passes foreign types through and takes double keys that are whole', async () => {
    const root = make({
      'features/shop/v1.sql': 'SELECT id, count(*) AS n FROM pay GROUP BY id\n',
      'l.jsonl':
        '{"id": 1, "as_of": "2024-03-01T12:00:00+01:00", "more": {"k": [1, 2]}, "big": 12345678901234567890}\n\n{"as_of": "2024-03-01T12:00:00Z", "id": 3}\n',
    });
    await inDuckDb(
      `COPY (SELECT * FROM (VALUES (1::DOUBLE, TIMESTAMP '2024-03-01 12:00', [1, 2], TIME '01:02:03'), ('NaN'::DOUBLE, TIMESTAMP '2024-03-01 12:00', NULL, NULL)) AS t(id, "at", list, tod)) TO '${root}/l.parquet'`,
    );
    const args = ['--view', 'shop_v1', '--format', 'json', '--out', 'o.parquet'];
    const parquet = await dataset(root, '--labels', 'l.parquet', '--instant', 'at', ...args);
    expect(parquet.code, parquet.err).toBe(0);
    expect(parquet.err).toContain('2 instants of `at` have no offset and are read as UTC');
    expect(parquet.err).toContain('1 value of double columns is whole and read as an integer');
    expect(JSON.parse(parquet.out)).toMatchObject({
      labels: 2,
      rows: 2,
      castKeys: 1,
      naiveInstants: 2,
      engine: 'replay',
    });
    expect(await inDuckDb(`SELECT id, list, tod, n FROM '${root}/o.parquet'`)).toEqual(
      [
        [1, ['1', '2'], '01:02:03', '1'],
        ['NaN', null, null, null],
      ].map((row) => row.map((value) => (Array.isArray(value) ? value.map(Number) : value))),
    );
    const rows = await rowsOf(root, '--labels', 'l.jsonl', '--view', 'shop_v1', '--ties', 'include');
    expect(rows).toEqual([
      { id: '1', as_of: '2024-03-01T11:00:00Z', more: '{"k": [1, 2]}', big: '12345678901234567890', n: '1' },
      { id: '3', as_of: '2024-03-01T12:00:00Z', more: null, big: null, n: '1' },
    ]);
  });

  it('runs a .sql file over sources and views for its labels', async () => {
    const root = make({
      'labels.sql': `-- late ones\nSELECT p.id, p.card, p.paid_at + INTERVAL 1 MINUTE AS as_of, w.n_2h AS before\nFROM pay p LEFT JOIN windows_v1(TIMESTAMP '2024-03-01 10:30') w USING (card) ORDER BY id DESC;\n`,
    });
    const rows = await rowsOf(root, '--labels', 'labels.sql', '--view', 'windows_v1');
    expect(rows.map(({ id, before, n_2h }) => [id, before, n_2h])).toEqual([
      ['3', null, '1'],
      ['2', '1', '2'],
      ['1', '1', '1'],
    ]);
    put(root, 'bad.sql', 'DELETE FROM pay');
    const bad = await dataset(root, '--labels', 'bad.sql', ...VIEW, '--out', '-');
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('FSC7013')]);
    expect(readdirSync(join(root, '.fsc', 'cache')).filter((name) => name.startsWith('labels-'))).toEqual([]);
  });

  it('takes labels from SQL as it is written, not as rules of the optimizer would have it', async () => {
    const root = make();
    const labels = async (from: string): Promise<unknown[]> => {
      put(root, 'labels.sql', `SELECT id, card, paid_at AS as_of FROM ${from}`);
      return (await rowsOf(root, '--labels', 'labels.sql', ...VIEW, '--ties', 'include'))
        .map(({ id }) => Number(id))
        .sort();
    };
    const ranked =
      'SELECT *, row_number() OVER (PARTITION BY shop ORDER BY nullif(id, 1) DESC NULLS LAST) AS place FROM pay';
    expect(await labels(`(${ranked}) AS ranked WHERE place <= 8`)).toEqual([1, 2, 3]);
    expect(await labels('pay WHERE nullif(id, 2) IS DISTINCT FROM 3 OR nullif(id, 2) > 5')).toEqual([1, 2]);
    expect(await labels("pay WHERE card NOT LIKE 'п%а'")).toEqual([1, 2, 3]);
  });

  it('gives one row for each listed entity at one instant', async () => {
    const root = make({ 'cards.csv': 'card\nb\nnobody\na\n' });
    const rows = await rowsOf(root, '--entities', 'cards.csv', '--as-of', '2024-03-01 11:00', ...VIEW);
    expect(rows.map(({ card, n_2h }) => [card, n_2h])).toEqual([
      ['b', '1'],
      ['nobody', null],
      ['a', '2'],
    ]);
    put(root, 'fsc.json', FILES['fsc.json'].replace(/}$/, ', "clock": "events" }'));
    expect((await rowsOf(root, '--entities', 'cards.csv', ...VIEW)).map(({ n_2h }) => n_2h)).toEqual(['1', null, '2']);
  });

  it('tells of request columns that the labels lack, and of columns that files of a source lack', async () => {
    const root = make({
      'asks.csv': csv([
        ['card', 'shopp', 'price', 'as_of'],
        ['a', 'x', '1.00', '2024-03-01T12:00:00Z'],
      ]),
    });
    const sql = `SELECT id, paid_at, card, amount AS "Amount", known_at FROM read_csv('${root}/pay.csv')`;
    await inDuckDb(`COPY (SELECT *, {'shop': 1} AS more FROM (${sql})) TO '${root}/pay.parquet'`);
    const source = ['--source', 'pay=pay.parquet'];
    const rest = ['--view', 'risk_v1', '--ties', 'include', '--allow-open', '--out', '-'];
    for (const labels of ['--labels', '--entities']) {
      const { err } = await dataset(root, labels, 'asks.csv', ...source, ...rest);
      expect(err).toContain('asks.csv has no column `shop` of `ask`: it is NULL in all rows; did you mean `shopp`?\n');
      expect(err).not.toContain('`bags`');
      expect(err).toContain(
        'warning: pay.parquet has no column `amount`; it is NULL in all its records\nhelp: did you mean `Amount`?',
      );
      expect(err).toContain('pay.parquet has no column `shop`;');
      expect(err.match(/warning/g)).toHaveLength(3);
    }
  });

  it('tells of labels that no request can be', async () => {
    const root = make({
      'features/sources/asked.sql':
        '-- @kind request\nCREATE TABLE asked (card text NOT NULL, price decimal(9,2) NOT NULL, shop text);\n',
      'features/then/v1.sql':
        'SELECT a.price AS again, w.n_2h AS n FROM asked a LEFT JOIN windows_v1 w ON w.card = a.card\n',
      'asks.csv': 'card,price,shop,as_of\na,1,,2024-03-01\na,,x,2024-03-01\n,,x,2024-03-01\n',
    });
    for (const engine of ['replay', 'duckdb']) {
      const rest = ['--ties', 'include', '--allow-open', '--engine', engine, '--out', '-'];
      const { out, err } = await dataset(root, '--labels', 'asks.csv', '--view', 'then_v1', ...rest);
      expect(out.match(/"again":null,"n":null/g)).toHaveLength(2);
      const told = (n: string, column: string): string =>
        `warning: ${n} of asks.csv ${n === '1 label' ? 'has' : 'have'} NULL in \`${column}\`, which is NOT NULL in \`asked\`: the features of then_v1 are NULL there\n`;
      expect(err).toContain(`${told('1 label', 'card')}${told('2 labels', 'price')}`);
      expect(err).not.toContain('`shop`');
    }
  });

  it.each([
    ['date', "DATE 'infinity'", 1],
    ['date', "DATE '0044-03-15 (BC)'", 1],
    ['date', "DATE '12024-01-01'", 1],
    ['date', "DATE '9999-12-31'", 0],
    ['date', "DATE '0001-01-01 (BC)'", 0],
    ['timestamp', "TIMESTAMP '2300-01-01'", 1],
    ['timestamp', "TIMESTAMP 'infinity'", 1],
    ['timestamptz', "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'", 1],
    ['timestamptz', "TIMESTAMPTZ '-infinity'", 1],
    ['timestamptz', "TIMESTAMPTZ '2250-01-01 00:00:00+00'", 0],
  ])('a request has %s values that a record could have: %s, exit %i', async (type, value, code) => {
    const root = make({
      'features/sources/asked.sql': `-- @kind request\nCREATE TABLE asked (card text NOT NULL, born ${type});\n`,
      'features/then/v1.sql':
        'SELECT a.card AS card, a.born AS again, w.n_2h AS n FROM asked a LEFT JOIN windows_v1 w ON w.card = a.card\n',
    });
    await inDuckDb(
      `COPY (SELECT 'a' AS card, ${value} AS born, TIMESTAMP '2024-03-01' AS as_of) TO '${root}/l.parquet'`,
    );
    for (const engine of ['replay', 'duckdb']) {
      const args = [
        '--labels',
        'l.parquet',
        '--view',
        'then_v1',
        '--ties',
        'include',
        '--engine',
        engine,
        '--out',
        '-',
      ];
      const end = await dataset(root, ...args);
      expect([engine, end.code], end.err).toEqual([engine, code]);
      if (code === 1) expect(end.err).toMatch(/FSC7013.*`born`.* is out of range for/s);
    }
  });

  it('proposes no column that another one is, and none that has nothing of its name', async () => {
    const root = make({ 'asks.csv': 'card,as_of,s\na,2024-03-01,x\n', 'v.csv': 'Card,as_of\na,2024-03-01\n' });
    const rest = ['--ties', 'include', '--allow-open', '--out', '-'];
    const { err } = await dataset(root, '--labels', 'asks.csv', '--view', 'risk_v1', ...rest);
    expect(err).toContain('asks.csv has no column `shop` of `ask`: it is NULL in all rows\n');
    const other = await dataset(root, '--labels', 'v.csv', ...VIEW, ...rest);
    expect(other.err).toContain('did you mean `Card`?');
  });

  it('keeps columns of JSONL that are called like numbers where they stand', async () => {
    const instant = '"as_of":"2024-03-01T12:00:00Z"';
    const root = make({
      'l.jsonl': `{"card":"a","10":1,${instant},"2":null}\n{"0":{"x":[1]},"2":5,"card":"b",${instant}}\n`,
    });
    const found = await dataset(root, '--labels', 'l.jsonl', ...VIEW, '--out', 'l.csv');
    expect(found.code).toBe(0);
    const [header, first, second] = readFileSync(join(root, 'l.csv'), 'utf8').split('\n');
    expect(header).toMatch(/^card,10,as_of,2,0,n_2h,/);
    expect(first).toMatch(/^a,1,2024-03-01T12:00:00Z,,,1,/);
    expect(second).toMatch(/^b,,2024-03-01T12:00:00Z,5,"\{""x"":\[1\]\}",1,/);
  });

  it.each(['card', 'note'])(
    'refuses half of a surrogate pair in `%s` of JSONL: DuckDB would hold another text',
    async (name) => {
      const label = { card: 'a', note: 'x', as_of: '2024-03-01T12:00:00Z' };
      const lines = [label, { ...label, [name]: '\ud83d' }].map((line) => `${JSON.stringify(line)}\n`);
      const root = make({ 'pay.csv': EVENTS.replace(',b,', ',\ufffd,'), 'l.jsonl': lines.join('') });
      const { code, err } = await dataset(root, '--labels', 'l.jsonl', ...VIEW, '--out', '-');
      expect([code, err]).toEqual([1, expect.stringContaining(`line 2: \`${name}\` holds a lone surrogate`)]);
    },
  );

  it.each(['replay', 'duckdb'])('computes a request view that joins nothing, by %s', async (engine) => {
    const root = make({
      'features/sources/asked.sql':
        '-- @kind request\nCREATE TABLE asked (card text NOT NULL, amount decimal(12,2));\n',
      'features/asked/v1.sql': 'SELECT a.card, a.amount * 2 AS twice FROM asked a\n',
      'asked.csv': csv([
        ['card', 'amount', 'as_of'],
        ['a', '1.50', '2024-03-01T12:00:00Z'],
        ['b', null, '2024-03-01T12:00:00Z'],
      ]),
    });
    const found = await rowsOf(root, '--labels', 'asked.csv', '--view', 'asked_v1', '--engine', engine);
    expect(found.map(({ twice }) => twice)).toEqual(['3.00', null]);
  });

  it.each(['replay', 'duckdb'])(
    'takes DEFAULT for what a line of JSONL lacks, as a lookup does, by %s',
    async (engine) => {
      const columns =
        "n bigint DEFAULT 7, price decimal(38,2) DEFAULT 123456789012345678901234567890.50, s text DEFAULT '5'";
      const rows = [{ n: 1, price: '2.50', s: 'x' }, {}, { n: null, price: null, s: null }];
      const root = make({
        'features/sources/asked.sql': `-- @kind request\nCREATE TABLE asked (card text NOT NULL, ${columns});\n`,
        'features/asked/v1.sql':
          'SELECT a.card, a.n, a.n + 1 AS more, a.price AS cost, a.s AS t, w.n_2h FROM asked a LEFT JOIN windows_v1 w ON w.card = a.card\n',
        'asked.jsonl': rows
          .map((row) => `${JSON.stringify({ card: 'a', as_of: '2024-03-01T12:00:00Z', ...row })}\n`)
          .join(''),
      });
      const asked = ['--labels', 'asked.jsonl', '--view', 'asked_v1', '--engine', engine];
      const found = await rowsOf(root, ...asked);
      expect(found.map(({ n, more, cost, s, t }) => [n, more, cost, s, t])).toEqual([
        ['1', '2', '2.50', 'x', 'x'],
        ['7', '8', '123456789012345678901234567890.50', '5', '5'],
        [null, null, null, null, null],
      ]);
      const { out } = await dataset(root, ...asked, '--out', '-');
      expect(jsonLines(out).map(({ n, s }) => [n, s])).toEqual([
        [1, 'x'],
        [7, '5'],
        [null, null],
      ]);
    },
  );

  it('names a clash, unless features are qualified or a request only passes its own column through', async () => {
    const root = make({ 'labels.csv': LABELS.replace('note', 'least') });
    const { code, err } = await dataset(root, ...ALL, '--out', '-');
    expect([code, err]).toEqual([1, expect.stringContaining('`least` of windows_v1 is also a column of the labels')]);
    const [first] = await rowsOf(root, ...ALL, '--qualified');
    expect(Object.keys(first as object)).toContain('windows_v1__least');
    put(root, 'ask.csv', 'card,price,as_of\na,2.50,2024-03-01T12:00:00Z\n');
    expect(await rowsOf(root, '--labels', 'ask.csv', '--view', 'risk_v1')).toEqual([
      {
        card: 'a',
        price: 2.5,
        as_of: '2024-03-01T12:00:00Z',
        bags: '2',
        n_2h: '1',
        amount_with: '32.50',
        same_shop: null,
      },
    ]);
  });

  it.each([
    ['a NULL instant', 'card,as_of\na,2024-03-01\n"a\nb",\n', 'line 3: `as_of` is NULL'],
    [
      'a count of milliseconds',
      'card,as_of\na,1709251200000\n',
      'line 2: `as_of` `1709251200000` is no timestamp: a count of seconds or milliseconds is written in ISO 8601',
    ],
    ['an unreadable instant', 'card,as_of\na,2024-03-01\n\na,soon\n', 'line 4: `as_of` `soon` is no timestamp'],
    ['no instant', 'card,at\na,2024-03-01\n', 'it has no column `as_of`'],
    ['no entity', 'Card,as_of\na,2024-03-01\n', 'it has no column `card`, the entity of windows_v1'],
    [
      'semicolons',
      'card;as_of\na;2024-03-01\n',
      'its header has no comma, but semicolons: fields must be separated by commas',
    ],
    ['a broken line', 'card,as_of\na\n', 'line 2: 1 field where the header has 2'],
  ])('refuses %s', async (_what, text, message) => {
    const root = make({ 'l.csv': text });
    const { code, err } = await dataset(root, '--labels', 'l.csv', ...VIEW, '--out', 'o.parquet');
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
    expect(err).toContain('FSC7013');
    expect(existsSync(join(root, 'o.parquet'))).toBe(false);
  });

  it.each([
    ['l.csv', 'card,as_of,\na,2024-03-01,1\n', 'help: the first line names the columns'],
    ['l.jsonl', '{"card":"a","as_of":"2024-03-01","":1}\n', 'help: give each field of the records a name'],
  ])('refuses columns of %s that have no name', async (name, text, help) => {
    const { code, err } = await dataset(make({ [name]: text }), '--labels', name, ...VIEW, '--out', 'o.parquet');
    expect([code, err]).toEqual([1, expect.stringContaining(help)]);
    expect(err).toContain('a column has no name');
  });

  it.each(['note', 'Note'])('refuses Parquet in which two columns are called `note`, or `%s`', async (second) => {
    const root = make({});
    const path = join(root, 'l.parquet');
    await inDuckDb(`COPY (SELECT 'a' AS card, TIMESTAMP '2024-03-01' AS as_of, 1 AS note, 2 AS xxxx) TO '${path}'`);
    writeFileSync(path, readFileSync(path, 'latin1').replaceAll('xxxx', second), 'latin1');
    const { code, err } = await dataset(root, '--labels', 'l.parquet', ...VIEW, '--out', '-');
    expect([code, err]).toEqual([1, expect.stringContaining(`two columns are called \`${second}\``)]);
  });

  it('refuses a key that does not fit, with its line', async () => {
    const root = make({
      'features/shop/v1.sql': 'SELECT id, count(*) AS n FROM pay GROUP BY id\n',
      'l.jsonl': '{"id": 1, "as_of": "2024-03-01"}\n{"id": 1.5, "as_of": "2024-03-01"}\n',
    });
    const { code, err } = await dataset(root, '--labels', 'l.jsonl', '--view', 'shop_v1', '--out', '-');
    expect([code, err]).toEqual([1, expect.stringContaining('line 2: `id`, the entity of shop_v1, is no bigint')]);
  });

  it('reads naive instants in a time zone; the hour that came twice is told, the one that never came is refused', async () => {
    const root = make({ 'l.csv': 'card,as_of\na,2024-03-01 12:30\n' });
    const args = ['--labels', 'l.csv', ...VIEW, '--timezone', 'Europe/Berlin'];
    expect((await rowsOf(root, ...args)).map((row) => row.n_2h)).toEqual(['2']);
    put(root, 'l.csv', 'card,as_of\na,2024-10-27 02:30\n');
    const twice = await dataset(root, ...args, '--out', 'o.csv');
    expect([twice.code, twice.err]).toEqual([
      0,
      expect.stringContaining('1 instant was shown twice by clocks in Europe/Berlin'),
    ]);
    put(root, 'l.csv', 'card,as_of\na,2024-03-31 02:30\n');
    const never = await dataset(root, ...args, '--out', 'o.csv');
    expect([never.code, never.err]).toEqual([1, expect.stringContaining('was never shown by clocks in Europe/Berlin')]);
    const unknown = await dataset(root, '--labels', 'l.csv', ...VIEW, '--timezone', 'Mars', '--out', 'o.csv');
    expect(unknown.code).toBe(2);
  });

  const local = {
    'in CSV': csv([
      ['card', 'as_of'],
      ['a', '2024-03-05T10:00:00'],
      ['a', '2024-07-05T10:00:00'],
    ]),
    dates: csv([
      ['card', 'as_of'],
      ['a', '2024-03-05'],
      ['a', '2024-07-05'],
    ]),
    'of which one has an offset': csv([
      ['card', 'as_of'],
      ['a', '2024-03-05 10:00'],
      ['a', '2024-07-05T10:00:00+02:00'],
    ]),
    'in JSON': '{"card":"a","as_of":"2024-03-05T10:00:00"}\n{"card":"a","as_of":"2024-07-05T10:00"}\n',
    'in Parquet':
      "SELECT 'a' AS card, t::TIMESTAMP AS as_of FROM (VALUES ('2024-03-05 10:00'), ('2024-07-05 10:00')) AS l(t)",
    'dates in Parquet': "SELECT 'a' AS card, t::DATE AS as_of FROM (VALUES ('2024-03-05'), ('2024-07-05')) AS l(t)",
  };
  describe.each(Object.entries(local))('naive instants %s, read in a time zone', (what, text) => {
    const isDate = what.includes('dates');
    const instants = isDate
      ? ['2024-03-04T23:00:00Z', '2024-07-04T22:00:00Z']
      : ['2024-03-05T09:00:00Z', '2024-07-05T08:00:00Z'];
    it.each(['replay', 'duckdb'])('are written as instants by %s, in every format', async (engine) => {
      const name = `l.${what.includes('Parquet') ? 'sql' : what.includes('JSON') ? 'jsonl' : 'csv'}`;
      const root = make({ [name]: text });
      const args = [...VIEW, '--engine', engine];
      const local = ['--labels', name, '--timezone', 'Europe/Berlin'];
      const rows = await rowsOf(root, ...args, ...local);
      expect(rows.map((row) => row.as_of)).toEqual(instants);
      for (const out of ['o.jsonl', 'o.csv', 'o.parquet']) {
        const made = await dataset(root, ...args, ...local, '--out', out);
        expect(made.code, made.err).toBe(0);
        // Fed back, with and without a zone, they are the same instants.
        for (const zone of [[], ['--timezone', 'America/New_York']]) {
          const again = await rowsOf(root, ...args, '--labels', out, '--qualified', ...zone);
          expect([out, ...again.map((row) => row.as_of)]).toEqual([out, ...instants]);
          expect(again.map((row) => row.windows_v1__n_2h)).toEqual(rows.map((row) => row.n_2h));
        }
      }
    });
  });

  it('counts labels that are not final, and refuses them', async () => {
    const config = '{ "sources": { "pay": { "history": { "path": "pay.csv", "order": "arrival" } } } }';
    const root = make({ 'fsc.json': config });
    // The newest payment is at 11:00 and one an hour late is still taken.
    put(root, 'l.csv', 'card,as_of\na,2024-03-01T09:59:59Z\na,2024-03-01T10:00:00Z\n');
    const args = ['--labels', 'l.csv', ...VIEW, '--ties', 'include', '--out', 'o.csv', '--format', 'json'];
    const refused = await dataset(root, ...args);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('1 of 2 labels is not final')]);
    expect(refused.err).toContain('FSC7015');
    const open = await dataset(root, ...args, '--allow-open');
    expect([open.code, JSON.parse(open.out)]).toMatchObject([0, { openLabels: 1 }]);
    const complete = ['--complete-to', '2024-03-01 10:00'];
    expect((await dataset(root, ...args, ...complete)).code).toBe(0);
    const later = await dataset(root, ...args, '--require-final');
    expect([later.code, later.err]).toEqual([3, expect.stringContaining('1 of 2 labels is not final')]);
    expect((await dataset(root, ...args, '--require-final', ...complete)).code).toBe(0);
    expect((await dataset(root, ...args, '--require-final', '--allow-open')).code).toBe(2);
  });

  it('counts records that the history has and the stream refused; values are those that online had', async () => {
    const source = FILES['features/sources/pay.sql']
      .replace('-- @known_time known_at\n', '')
      .replace('amount  decimal(12,2)', 'amount  decimal(12,2) CHECK (amount > 0)');
    const root = make({
      'fsc.json': '{ "sources": { "pay": { "stream": "-" } } }',
      'features/sources/pay.sql': source,
    });
    const event = (id: number, minute: string, amount: string): string =>
      `{"id": ${id}, "paid_at": "2024-03-01 10:${minute}", "card": "a", "amount": ${amount}}\n`;
    const stdin = `${event(1, '00', '1.00')}${event(2, '10', '-2.00')}${event(3, '20', '3.00')}`;
    expect((await cli(['run', '--mode', 'stream'], { cwd: root, stdin })).code).toBe(0);
    put(root, 'fsc.json', '{ "sources": { "pay": { "history": "pay.csv", "stream": "-" } } }');
    put(
      root,
      'pay.csv',
      'id,paid_at,card,amount,shop\n1,2024-03-01 10:00,a,1.00,\n2,2024-03-01 10:10,a,2.00,\n9,2024-03-01 09:50,a,9.00,\n',
    );
    put(root, 'l.csv', 'card,as_of\na,2024-03-01T10:30:00Z\n');
    for (const engine of ['replay', 'duckdb']) {
      const args = ['--labels', 'l.csv', ...VIEW, '--engine', engine, '--format', 'json', '--out', 'o.csv'];
      const refused = await dataset(root, ...args);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('FSC7015')]);
      const { code, out, err } = await dataset(root, ...args, '--allow-open');
      expect(code, err).toBe(0);
      // Event 1 stands in both and counts once; that of the history at 10:10 was refused when it came.
      expect(JSON.parse(out)).toMatchObject({ openLabels: 1, refusedByStream: 1, events: { accepted: 3 } });
      expect(readFileSync(join(root, 'o.csv'), 'utf8')).toContain('a,2024-03-01T10:30:00Z,3,13.00,,1.00,0');
    }
  });

  it('reads packed labels, and a source from elsewhere', async () => {
    const root = make({ 'other.csv': EVENTS.replaceAll(',a,', ',b,') });
    writeFileSync(join(root, 'l.csv.gz'), gzipSync('card,as_of\nb,2024-03-01T11:30:00Z\nb,\n'));
    const args = [
      '--labels',
      'l.csv.gz',
      ...VIEW,
      '--source',
      'pay=other.csv',
      '--complete-to',
      '2030-01-01',
      '--out',
      '-',
    ];
    const bad = await dataset(root, ...args);
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('line 3: `as_of` is NULL')]);
    writeFileSync(join(root, 'l.csv.gz'), gzipSync('card,as_of\nb,2024-03-01T11:30:00Z\n'));
    expect(jsonLines((await dataset(root, ...args)).out)).toMatchObject([{ card: 'b', n_2h: 3 }]);
  });

  it('exits 1 over the limit of expression errors, which it counts by column', async () => {
    const root = make({
      'features/ratio/v1.sql': 'SELECT card, count(*) * 1.0 / (count(*) - count(shop)) AS r FROM pay GROUP BY card\n',
    });
    const args = ['--labels', 'labels.csv', '--view', 'ratio_v1', '--out', 'o.csv', '--format', 'json'];
    const { code, out } = await dataset(root, ...args);
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { expressionErrors: 2, expressionErrorsByColumn: { 'ratio_v1.r': 2 } },
    ]);
    expect((await dataset(root, ...args, '--max-expression-errors', '2')).code).toBe(0);
    const over = await dataset(root, ...args, '--max-expression-errors', '1');
    expect([over.code, over.err]).toEqual([1, expect.stringContaining('FSC7016')]);
    expect((await dataset(root, ...args, '--max-expression-errors', '1', '--engine', 'duckdb')).code).toBe(2);
  });

  it('counts no errors of other views in the same group, but those of joined ones', async () => {
    const root = make({
      'features/fine/v1.sql': 'SELECT card, count(*) AS n FROM pay GROUP BY card\n',
      'features/broken/v1.sql': 'SELECT card, sum(1.0 / (id - id)) AS s FROM pay GROUP BY card\n',
      'features/sources/demand.sql': '-- @kind request\nCREATE TABLE demand (card text);\n',
      'features/asked/v1.sql': 'SELECT a.card, b.s FROM demand a LEFT JOIN broken_v1 b ON b.card = a.card\n',
    });
    const errors = async (view: string): Promise<unknown> => {
      const args = [
        '--labels',
        'labels.csv',
        '--view',
        view,
        '--ties',
        'include',
        '--out',
        'o.csv',
        '--format',
        'json',
      ];
      const { code, out, err } = await dataset(root, ...args);
      expect(code, err).toBe(0);
      return JSON.parse(out).expressionErrorsByColumn;
    };
    expect(await errors('fine_v1')).toEqual({});
    const ofBroken = await errors('broken_v1');
    expect(ofBroken).toEqual({ 'broken_v1.s': expect.any(Number) });
    expect(await errors('asked_v1')).toEqual(ofBroken);
  });

  it('exits 2 on what it cannot take', async () => {
    const root = make();
    const code = async (...args: string[]): Promise<number> => (await dataset(root, ...args)).code;
    expect(await code(...ALL)).toBe(2);
    expect(await code(...ALL, '--out', 'o.txt')).toBe(2);
    expect(await code(...ALL, '--out', 'nowhere/o.csv')).toBe(2);
    expect(await code('--labels', 'gone.csv', ...VIEW, '--out', '-')).toBe(2);
    expect(await code('--labels', 'labels.csv', '--view', 'window_v1', '--out', '-')).toBe(2);
    expect(await code(...ALL, '--entities', 'labels.csv', '--out', '-')).toBe(2);
    expect(await code(...ALL, '--as-of', '2024-01-01', '--out', '-')).toBe(2);
    // No database is configured here.
    expect(await code(...ALL, '--engine', 'postgres', '--out', '-')).toBe(2);
  });

  it('stopped, it leaves no file', async () => {
    const root = make();
    const stop = new AbortController();
    stop.abort();
    const { code } = await cli(['dataset', ...ALL, '--out', 'o.parquet'], { cwd: root, signal: stop.signal });
    expect(code).toBe(130);
    expect(readdirSync(root).filter((name) => name.includes('o.parquet'))).toEqual([]);
    const evicted = new AbortController();
    evicted.abort(new Stop('SIGTERM'));
    expect((await cli(['dataset', ...ALL, '--out', 'o.csv'], { cwd: root, signal: evicted.signal })).code).toBe(143);
    expect((await cli(['run', '--mode', 'stream'], { cwd: root, signal: evicted.signal })).code).toBe(0);
    const out = ['run', '--mode', 'batch', ...VIEW, '--out', 'o.csv'];
    expect((await cli(out, { cwd: root, signal: evicted.signal })).code).toBe(143);
    expect(readdirSync(root).filter((name) => name.includes('o.csv'))).toEqual([]);
  });

  it('takes no labels for no rows', async () => {
    const root = make({ 'l.csv': 'card,as_of\n' });
    for (const engine of ['replay', 'duckdb']) {
      const { code, out } = await dataset(
        root,
        '--labels',
        'l.csv',
        ...VIEW,
        '--out',
        'o.csv',
        '--engine',
        engine,
        '--format',
        'json',
      );
      expect([engine, code, JSON.parse(out)]).toMatchObject([engine, 0, { labels: 0, rows: 0 }]);
      expect(readFileSync(join(root, 'o.csv'), 'utf8')).toBe('card,as_of,n_2h,amount_1d,shop_3h,least,shops_6h\n');
    }
  });
});
