import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { type CliResult, cli, jsonLines, project } from './in-process.ts';
import { withoutPrivilege } from './other-user.ts';

const SEED = process.env.FSC_SEED === undefined ? {} : { seed: Number(process.env.FSC_SEED) };

let world: ReturnType<typeof project>;
beforeEach(() => {
  world = project({});
});
afterEach(() => world.remove());

const fsc = (args: readonly string[], folder = ''): Promise<CliResult> => cli(args, { cwd: join(world.root, folder) });

async function succeeds(args: readonly string[], folder = ''): Promise<CliResult> {
  const result = await fsc(args, folder);
  expect({ args, code: result.code, err: result.code === 0 ? '' : result.err }).toEqual({ args, code: 0, err: '' });
  return result;
}

const read = (path: string): string => readFileSync(join(world.root, path), 'utf8');
const put = (path: string, text: string): void => writeFileSync(join(world.root, path), text);
const allFiles = (folder: string): string[] =>
  readdirSync(join(world.root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(world.root, folder, path)).isFile())
    .sort();

describe('fsc init', () => {
  it('makes an example in which every command works at once', async () => {
    const { err, out } = await succeeds(['init', 'my shop']);
    expect(out).toBe('');
    expect(err).toContain("cd 'my shop'\n");
    expect(allFiles('my shop')).toEqual([
      '.gitignore',
      'data/labels.csv',
      'data/payments.jsonl',
      'features/card_activity/tests/card_activity.yaml',
      'features/card_activity/v1.sql',
      'features/sources/payments.sql',
      'fsc.json',
    ]);
    await succeeds(['check', '--strict'], 'my shop');
    await succeeds(['compile'], 'my shop');
    await succeeds(['test'], 'my shop');
    const run = await succeeds(['run', '--mode', 'stream', '--format', 'json'], 'my shop');
    expect(JSON.parse(run.out)).toMatchObject({
      events: { read: 25, accepted: 22, duplicate: 1, late: 1, quarantined: 1 },
      quarantine: { constraint: 1 },
      rows: 4,
    });
    const row = await succeeds(['get', 'card_activity_v1', 'card=jade', '--format', 'json'], 'my shop');
    expect(jsonLines(row.out)).toEqual([
      { card: 'jade', payments_1h: 1, spent_1d: 54, largest_1d: 49.8, mean_7d: 16.175, merchants_7d: 3 },
    ]);
    const labels = ['--labels', 'data/labels.csv', '--view', 'card_activity_v1', '--out', 'train.jsonl'];
    await succeeds(['dataset', ...labels], 'my shop');
    expect(jsonLines(read('my shop/train.jsonl'))[4]).toMatchObject({ card: 'onyx', is_fraud: true, payments_1h: 4 });
    await succeeds(['verify', '--as-of', 'now'], 'my shop');
    const kept = await succeeds(['quarantine', 'list', '--format', 'json'], 'my shop');
    expect(jsonLines(kept.out).map(({ verdict }) => verdict)).toEqual(['late', 'constraint']);
  });

  it('names commands that a shell takes as they are', async () => {
    const { out } = await succeeds(['init', "o'x", '--format', 'json']);
    const made = JSON.parse(out) as { project: string; files: string[]; next: string[] };
    expect(made.project).toBe(join(world.root, "o'x"));
    expect(made.files).toContain('fsc.json');
    expect(made.next[0]).toBe("cd 'o'\\''x'");
    expect(made.next.every((line) => line.startsWith('cd ') || line.startsWith('fsc '))).toBe(true);
  });

  it('works in the folder that it is called in, and leaves its .gitignore alone', async () => {
    put('.gitignore', 'node_modules\n/.fsc/\n');
    const { err } = await succeeds(['init']);
    expect(read('.gitignore')).toBe('node_modules\n/.fsc/\n');
    expect(err).toContain('add to .gitignore: .env\n');
    expect(err).not.toContain('cd ');
  });

  it('touches nothing that is there', async () => {
    await succeeds(['init', 'a']);
    const before = allFiles('a').map((path) => [path, read(join('a', path))]);
    const again = await fsc(['init', 'a']);
    expect(again).toMatchObject({ code: 2, out: '', err: expect.stringContaining('error[FSC7019]') });
    expect(allFiles('a').map((path) => [path, read(join('a', path))])).toEqual(before);
    mkdirSync(join(world.root, 'b/data'), { recursive: true });
    put('b/data/labels.csv', 'mine');
    expect(await fsc(['init', 'b'])).toMatchObject({ code: 2, err: expect.stringContaining('data/labels.csv') });
    expect(allFiles('b')).toEqual(['data/labels.csv']);
    put('c', 'a file');
    expect(await fsc(['init', 'c'])).toMatchObject({ code: 2, err: expect.stringContaining('error[FSC7019]') });
  });

  it('leaves nothing behind where a folder cannot be made', async () => {
    put('file', '');
    expect(await fsc(['init', 'file/x'])).toMatchObject({ code: 2, err: expect.stringContaining('error[FSC7010]') });
    expect(readdirSync(world.root)).toEqual(['file']);
  });

  it('leaves nothing behind where it may not write', async () => {
    mkdirSync(join(world.root, 'closed'));
    chmodSync(world.root, 0o755);
    chmodSync(join(world.root, 'closed'), 0o555);
    const result = await withoutPrivilege(() => fsc(['init', 'closed/x']));
    chmodSync(join(world.root, 'closed'), 0o700);
    expect(result).toMatchObject({ code: 2, err: expect.stringContaining('error[FSC7010]') });
    expect(existsSync(join(world.root, 'closed/x'))).toBe(false);
  });
});

describe('fsc init --from', () => {
  /** Made, compiled and run over that very file. */
  async function madeFrom(file: string, name: string): Promise<{ sql: string; view: string; summary: RunSummary }> {
    await succeeds(['init', '--from', file, 'p']);
    await succeeds(['check'], 'p');
    const { out } = await succeeds(['run', '--mode', 'stream', '--format', 'json'], 'p');
    const summary = JSON.parse(out) as RunSummary;
    const query = await succeeds(['query', `SELECT count(*) AS n FROM ${name}`, '--format', 'json'], 'p');
    expect(jsonLines(query.out)).toEqual([{ n: summary.events.accepted }]);
    return { sql: read(`p/features/sources/${name}.sql`), view: read(`p/features/${name}/v1.sql`), summary };
  }

  interface RunSummary {
    readonly events: Readonly<Record<'read' | 'accepted' | 'duplicate' | 'late' | 'quarantined', number>>;
    readonly rows: number;
  }

  it('reads a CSV file: types, event time, key, NOT NULL', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => {
      const minute = String(i).padStart(2, '0');
      return `t${i},2024-03-01 10:${minute}:00,2024-03-05T00:00:00Z,c${i % 5},${i % 3 === 0 ? '' : `${i}.50`},${i % 2 === 0},00${i % 7},${i / 7},2024-02-0${1 + (i % 9)}`;
    });
    put(
      'Trips 2024.csv',
      `Trip ID,Started At,updated_at,customer,Fare (EUR),paid,zip,speed,day\n${rows.join('\n')}\nbroken\n`,
    );
    const { sql, view, summary } = await madeFrom('Trips 2024.csv', 'trips_2024');
    expect(sql).toContain('-- @event_time started_at\n');
    expect(sql).toContain('-- @from trip_id "Trip ID"\n');
    expect(sql).not.toContain('@key');
    const columns = [
      ['trip_id', 'text', 'NOT NULL PRIMARY KEY'],
      ['started_at', 'timestamp', 'NOT NULL'],
      ['updated_at', 'timestamp', 'NOT NULL'],
      ['customer', 'text', 'NOT NULL'],
      ['fare_eur', 'decimal(12,2)', ''],
      ['paid', 'boolean', 'NOT NULL'],
      ['zip', 'text', 'NOT NULL'],
      ['speed', 'double precision', 'NOT NULL'],
      ['day', 'date', 'NOT NULL'],
    ];
    const declared = /CREATE TABLE trips_2024 \(\n([\s\S]*)\n\);/.exec(sql)?.[1] ?? '';
    expect(declared.split('\n').map((line) => line.trim().replace(/,$/, '').replace(/ +/g, ' '))).toEqual(
      columns.map((parts) => parts.join(' ').trim()),
    );
    expect(view).toContain('GROUP BY customer\n');
    expect(summary.events).toMatchObject({ read: 41, accepted: 40, quarantined: 1 });
    expect(summary.rows).toBe(5);
    expect(JSON.parse(read('p/fsc.json'))).toMatchObject({
      $schema: 'https://unpkg.com/fsc/schemas/fsc.schema.json',
      sources: { trips_2024: { history: '../Trips 2024.csv' } },
      clock: 'events',
    });
    const get = await succeeds(['get', 'trips_2024_v1', 'customer=c4', '--format', 'json'], 'p');
    expect(jsonLines(get.out)[0]).toMatchObject({ customer: 'c4' });
  });

  it('reads JSON lines: nested fields, epochs, records out of order, hostile names', async () => {
    const records = Array.from({ length: 60 }, (_, i) => ({
      ts: 1_712_000_000_000 + ((i * 7) % 60) * 60_000,
      order: { id: i, 'ship to': { city: `x${i % 3}` }, tags: ['a'] },
      select: i % 4,
      'a  b': 1,
      "it's": 'x',
      'line\nbreak': 1,
      __proto__x: 2,
      born: '1950-01-01',
      mixed: i % 2 === 0 ? 1 : 'one',
      nothing: null,
      ...(i === 7 ? {} : { bag: 9_007_199_254_740_993n }),
    }));
    const lines = records.map((record) =>
      JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
    );
    const text = [...lines, lines[3], '{"ts":', '[1]'].join('\n').replaceAll('9007199254740992', '9007199254740993');
    put('events.jsonl', `${text}\n`);
    const { sql, summary } = await madeFrom('events.jsonl', 'events');
    expect(sql).toContain('-- @from ts ts epoch_ms\n');
    expect(sql).toContain('-- @from order_id order.id\n');
    expect(sql).toContain('-- @from order_ship_to_city order."ship to".city\n');
    expect(sql).toContain('-- @from select_ select\n');
    expect(sql).toContain('-- @from a_b "a  b"\n');
    expect(sql).toContain('-- @from it_s "it\'s"\n');
    expect(sql).toContain('-- not taken: line\\nbreak,');
    expect(sql).toContain('-- not taken: order.tags, it holds lists\n');
    expect(sql).toContain('-- not taken: mixed, it holds numbers and texts\n');
    expect(sql).toContain('-- not taken: nothing, it has no value in any record\n');
    expect(sql).toMatch(/order_id +bigint +NOT NULL PRIMARY KEY/);
    expect(sql).toMatch(/born +text +NOT NULL/);
    expect(sql).toMatch(/bag +bigint,?\n/);
    expect(summary.events).toEqual({ read: 63, accepted: 60, duplicate: 1, late: 0, quarantined: 2 });
    const all = await succeeds(
      ['query', 'SELECT a_b, it_s, bag FROM events WHERE order_id = 3', '--format', 'json'],
      'p',
    );
    expect(all.out).toBe('{"a_b":1,"it_s":"x","bag":9007199254740993}\n');
  });

  it('reads Parquet: its own types, and what no column can take', async () => {
    const session = await openDuckDb({ threads: 1 });
    await session.run(
      `COPY (SELECT TIMESTAMP '2024-05-01' + i * INTERVAL '1 hour' AS happened, 'u' || i % 4 AS "userId", i::UTINYINT AS small,
        CASE WHEN i < 9 THEN NULL ELSE i::DOUBLE END AS station_id, i::DECIMAL(20,4) AS amount, [i] AS list, i::UBIGINT AS huge, 18446744073709551615::UBIGINT - i::UBIGINT AS huger,
        TIMESTAMPTZ '2024-05-01 00:00:00+02' AS zoned, i % 2 = 0 AS flag, NULL::INTEGER AS nothing, DATE '1950-01-01' + i::INTEGER AS born
        FROM range(100) AS r(i) ORDER BY i DESC) TO '${join(world.root, 'rides.parquet')}' (FORMAT parquet)`,
    );
    session.close();
    const { sql, view, summary } = await madeFrom('rides.parquet', 'rides');
    expect(sql).toMatch(/happened +timestamp +NOT NULL/);
    expect(sql).toMatch(/user_id +text +NOT NULL/);
    expect(sql).toMatch(/small +smallint +NOT NULL/);
    expect(sql).toMatch(/station_id +bigint,?\n/);
    expect(sql).toMatch(/amount +decimal\(20,4\) +NOT NULL/);
    expect(sql).toMatch(/zoned +timestamptz +NOT NULL/);
    expect(sql).toMatch(/nothing +integer,?\n/);
    expect(sql).toContain('-- not taken: list, it is ');
    expect(sql).toMatch(/huge +bigint +NOT NULL/);
    expect(sql).toMatch(/huger +decimal\(20,0\) +NOT NULL/);
    expect(sql).toContain('-- not taken: born, it has instants outside 1970 to 2200\n');
    expect(view).toContain('GROUP BY user_id\n');
    expect(summary.events).toMatchObject({ read: 100, accepted: 100 });
  });

  it('says what is wrong with a file that cannot be a source, and writes nothing', async () => {
    put('x.csv', 'a,b\n1,2\n');
    put('empty.csv', 'a,b\n');
    put('excel.csv', 'id;at\n1;2024-01-01\n');
    put('dup.csv', 'a,a\n1,2\n');
    put('bad.jsonl', 'no\n');
    put('x.parquet', 'no Parquet');
    put('x.txt', 'a');
    const cases: [string, number, string][] = [
      ['x.csv', 1, 'error[FSC7020]'],
      ['empty.csv', 1, 'it holds no records'],
      ['excel.csv', 1, 'its header has no comma, but semicolons: fields must be separated by commas'],
      ['dup.csv', 1, 'two columns are called `a`'],
      ['bad.jsonl', 1, 'no line of it is a JSON object'],
      ['x.parquet', 1, 'error[FSC7103]'],
      ['x.txt', 2, 'error[FSC7101]'],
      ['missing.csv', 2, 'error[FSC7102]'],
      ['-', 1, 'error[FSC7020]'],
    ];
    for (const [file, code, text] of cases) {
      const result = await fsc(['init', '--from', file, 'p']);
      expect([file, result.code, result.err]).toEqual([file, code, expect.stringContaining(text)]);
      expect(result.err).not.toContain('    at ');
    }
    expect(existsSync(join(world.root, 'p'))).toBe(false);
  });

  it('takes any names and values of a CSV file', { timeout: 120_000 }, async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 12, unit: 'grapheme' }),
      fc.constantFrom('select', 'a  b', 'x"y', 'a.b', '@from', '--', 'time', '1', ''),
    );
    const value = fc.oneof(
      fc.constantFrom(
        '',
        '1',
        '-2',
        '007',
        '1.5',
        'true',
        'NaN',
        '2024-01-01',
        '1900-01-01',
        'x',
        '9999999999999999999999',
      ),
      fc.string({ maxLength: 8, unit: 'grapheme' }),
    );
    const table = fc.uniqueArray(text, { minLength: 1, maxLength: 6, selector: (name) => name }).chain((names) =>
      fc.record({
        names: fc.constant(names),
        rows: fc.array(fc.array(value, { minLength: names.length, maxLength: names.length }), {
          minLength: 1,
          maxLength: 12,
        }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(table, async ({ names, rows }) => {
        const own = project({});
        try {
          const quoted = (cell: string): string => (cell === '' ? '' : `"${cell.replaceAll('"', '""')}"`);
          const header = ['event time', ...names.filter((name) => name !== 'event time')];
          const lines = rows.map((row, i) => {
            const time = `2024-01-01T00:00:${String(i).padStart(2, '0')}Z`;
            return [time, ...row.slice(0, header.length - 1).map(quoted)].join(',');
          });
          writeFileSync(
            join(own.root, 'r.csv'),
            [header.map((name) => `"${name.replaceAll('"', '""')}"`).join(','), ...lines].join('\n'),
          );
          const made = await cli(['init', '--from', 'r.csv', 'p'], { cwd: own.root });
          expect({ code: made.code, err: made.code === 0 ? '' : made.err }).toEqual({ code: 0, err: '' });
          const run = await cli(['run', '--mode', 'batch', '--out', '-', '--format', 'json'], {
            cwd: join(own.root, 'p'),
          });
          expect({ code: run.code, err: run.code === 0 ? '' : run.err }).toEqual({ code: 0, err: '' });
          expect(JSON.parse(run.err.trim().split('\n').at(-1) ?? '')).toMatchObject({ events: { quarantined: 0 } });
        } finally {
          own.remove();
        }
      }),
      { numRuns: Number(process.env.FSC_RUNS ?? 12), ...SEED },
    );
  });
});
