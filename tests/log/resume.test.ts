import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import type { LogPosition } from '../../runtime/log/contract.ts';
import { readSections, writeSections } from '../../runtime/log/snapshot-file.ts';
import type { SavedLog } from '../../runtime/log/source-log.ts';
import {
  BIGINT,
  column,
  event,
  folder,
  isoAt,
  lines,
  program,
  put,
  read,
  SECOND,
  sourceSpec,
  T0,
  TEXT,
  TIMESTAMP,
} from './helpers.ts';

const source = program(sourceSpec({ checks: [{ sql: 'v > 0' }] }));
const partitioned = program(
  sourceSpec({
    partitionColumn: 3,
    keyColumns: [1, 3],
    columns: [
      column('ts', TIMESTAMP, { nullable: false }),
      column('id', BIGINT, { nullable: false }),
      column('v', { kind: 'integer' }),
      column('p', TEXT),
    ],
  }),
);

/** Records of every verdict: [seconds, id, v], in an order that is none. */
const ROWS = Array.from({ length: 160 }, (_, i): readonly [number, number, number | null] => {
  const jitter = ((i * 7919) % 400) - 200;
  return [
    i * 10 + (i % 11 === 0 ? -600 : jitter),
    i % 13 === 0 ? Math.max(0, i - 1) : i,
    i % 17 === 0 ? -1 : i % 5 === 0 ? null : i,
  ];
});
const again = (i: number) => (i % 9 === 0 && i > 0 ? i - 1 : i);
const RECORDS = ROWS.map((_, i) => ROWS[again(i)]!);
const jsonOf = ([seconds, id, v]: (typeof ROWS)[number], i: number) =>
  i % 31 === 30 ? '{broken' : event(seconds, id, { v, p: `p${i % 3}` });
const csvOf = ([seconds, id, v]: (typeof ROWS)[number], i: number) =>
  i % 31 === 30 ? 'a,"b'.replace('"', '') : `${isoAt(T0 + seconds * SECOND)},${id},${v ?? ''},p${i % 3}`;

const root = folder();
const [first, second] = [RECORDS.slice(0, 90), RECORDS.slice(90)];

beforeAll(async () => {
  put(root, 'j/a.jsonl', lines(...first.map(jsonOf)));
  put(root, 'j/b.jsonl', '');
  put(root, 'j/c.jsonl', `\n\n${lines(...second.map(jsonOf))}`);
  put(root, 'z/a.jsonl.gz', gzipSync(lines(...first.map(jsonOf))));
  put(root, 'z/b.jsonl.gz', gzipSync(lines(...second.map(jsonOf))));
  put(root, 'c/a.csv', lines('ts,id,v,p', ...first.map(csvOf)));
  put(root, 'c/b.csv', lines('ts,id,v,p', ...second.map(csvOf)));
  put(
    root,
    's/more.jsonl',
    lines(
      ...RECORDS.slice(120).map(jsonOf),
      ...RECORDS.map(([s, id, v], i) => event(s + 1000, id + 1000, { v, p: `p${i % 2}` })),
    ),
  );
  // Of no record, of one, of two, and one of many; some end in blank lines or without a line's end.
  for (let at = 0, file = 0; at < RECORDS.length; file += 1) {
    const count = file === 9 ? 40 : file % 3;
    const rows = RECORDS.slice(at, at + count);
    const name = `m/${String(file).padStart(3, '0')}`;
    put(
      root,
      `${name}.jsonl`,
      lines(...rows.map((row, i) => jsonOf(row, at + i))) + '\n'.repeat(file % 20 === 8 ? 2 : 0),
    );
    put(
      root,
      `${name}.csv`,
      lines('ts,id,v,p', ...rows.map((row, i) => csvOf(row, at + i))).slice(0, -(file % 2) || undefined),
    );
    at += count;
  }
  const session = await openDuckDb({ threads: 1 });
  put(root, 'p/x', '');
  put(root, 'q/x', '');
  for (const [name, rows] of [
    ['a', first],
    ['b', second],
  ] as const) {
    const values = rows.map(
      ([seconds, id, v], i) => `(make_timestamp(${T0 + seconds * SECOND}), ${id}, ${v ?? 'NULL'}, 'p${i % 3}')`,
    );
    await session.writeParquet(
      `SELECT * FROM (VALUES ${values.join(', ')}) AS t(ts, id, v, p)`,
      join(root, `p/${name}.parquet`),
    );
  }
  // A batch of Parquet has 2048 rows at least.
  for (const name of ['a', 'b']) {
    const sql = `SELECT make_timestamp(${T0} + (i + i * 7919 % 400) * ${SECOND}) AS ts, i - i % 3 AS id, i % 100 - 1 AS v, 'p' || i % 3 AS p
      FROM range(${name === 'a' ? 0 : 9000}, ${name === 'a' ? 9000 : 15000}) AS r(i)`;
    await session.writeParquet(sql, join(root, `q/${name}.parquet`));
  }
  session.close();
});

/** As a snapshot file gives it back. */
async function stored(saved: SavedLog): Promise<SavedLog> {
  const path = join(root, 'snapshot');
  await writeSections(path, saved.image);
  return { position: JSON.parse(JSON.stringify(saved.position)) as LogPosition, image: (await readSections(path))! };
}

describe('a restart at every batch boundary equals one run', () => {
  const cases = [
    ['JSONL files', { stream: 'j/*.jsonl' }],
    ['JSONL files by partition', { stream: 'j/*.jsonl', isPartitioned: true }],
    ['many small JSONL files', { stream: 'm/*.jsonl' }],
    ['many small CSV files as they arrived', { history: 'm/*.csv', order: 'arrival' as const }],
    ['packed JSONL', { stream: 'z/*.jsonl.gz' }],
    ['JSONL sorted', { history: 'j/*.jsonl', order: 'none' as const }],
    ['CSV sorted', { history: 'c/*.csv' }],
    ['CSV as it arrived', { history: 'c/*.csv', order: 'arrival' as const }],
    ['Parquet sorted', { history: 'q/*.parquet' }],
    ['Parquet as it arrived', { history: 'q/*.parquet', order: 'arrival' as const }],
    ['history, then stream', { history: 'p/*.parquet', stream: 's/*.jsonl' }],
    ['history, then stream, by partition', { history: 'c/*.csv', stream: 's/*.jsonl', isPartitioned: true }],
  ] as const;

  it.each(cases)(
    '%s',
    async (_, {
      isPartitioned,
      ...where
    }: { isPartitioned?: boolean; history?: string; stream?: string; order?: 'none' | 'arrival' }) => {
      const program = isPartitioned === true ? partitioned : source;
      const options = { root, batchRows: 16, ...where };
      const whole = await read(program, options);
      expect(new Set(whole.verdicts).size).toBeGreaterThan(1);
      expect(whole.batches).toBeGreaterThan(5);
      for (let stop = 1; stop <= whole.batches; stop += 1) {
        const before = await read(program, options, stop);
        const after = await read(program, { ...options, resumeFrom: await stored(before.saved!) });
        expect([...before.verdicts, ...after.verdicts]).toEqual(whole.verdicts);
        expect([...before.accepted, ...after.accepted]).toEqual(whole.accepted);
        expect([...before.refused, ...after.refused]).toEqual(whole.refused);
        expect([...before.lines, ...after.lines].at(-1)).toBe(whole.lines.at(-1));
        if (after.saved !== null) expect(after.saved.position).toEqual(whole.saved?.position);
      }
    },
  );

  it('whatever the size of the batches', async () => {
    for (const where of [{ stream: 'j/*.jsonl' }, { history: 'p/*.parquet', stream: 's/*.jsonl' }]) {
      for (const program of [source, partitioned]) {
        const whole = await read(program, { root, ...where });
        for (const batchRows of [1, 7, 50]) {
          const cut = await read(program, { root, batchRows, ...where });
          expect(cut.verdicts).toEqual(whole.verdicts);
          expect(cut.accepted).toEqual(whole.accepted);
          expect(cut.lines.at(-1)).toBe(whole.lines.at(-1));
        }
      }
    }
  });

  it.each([
    ['JSONL', { stream: 'j/*.jsonl' }],
    ['Parquet', { history: 'p/*.parquet' }],
    ['both', { history: 'p/*.parquet', stream: 's/*.jsonl' }],
  ] as const)('and a run up to an instant, then on: %s', async (_, where) => {
    const whole = await read(source, { root, ...where });
    for (const seconds of [-1000, 0, 500, 501, 1000, 1500, 9999]) {
      const untilMicros = T0 + seconds * SECOND;
      const before = await read(source, { root, batchRows: 32, untilMicros, ...where });
      const resumeFrom = before.saved === null ? null : await stored(before.saved);
      const after = await read(source, { root, resumeFrom, ...where });
      expect([...before.accepted, ...after.accepted]).toEqual(whole.accepted);
      expect([...before.verdicts, ...after.verdicts]).toEqual(whole.verdicts);
    }
  });
});

it('small files share a batch, and a position in it is that of the records up to there', async () => {
  const where = { root, stream: 'm/*.jsonl' };
  const whole = await read(source, where);
  const files = Object.keys(whole.saved!.position.partitions);
  expect(files.length).toBeGreaterThan(80);
  // What has blank lines at its end is asked once more whether there are others.
  expect(whole.batches).toBeLessThan(10);
  for (let limitRecords = 1; limitRecords < whole.verdicts.length; limitRecords += 13) {
    const before = await read(source, { ...where, limitRecords });
    const after = await read(source, { ...where, resumeFrom: await stored(before.saved!) });
    expect([...before.verdicts, ...after.verdicts]).toEqual(whole.verdicts);
    expect([...before.refused, ...after.refused]).toEqual(whole.refused);
    expect(after.saved!.position).toEqual(whole.saved!.position);
    const offsets = Object.values(before.saved!.position.partitions).map(({ offset }) => offset);
    expect(offsets.reduce((sum, offset) => sum + offset, 0)).toBe(limitRecords);
  }
});

it('texts of identities that stand in several sections are those of one', async () => {
  const events = Array.from({ length: 10 }, (_, i) => event(i, i, { p: `p${i % 2}` }));
  put(root, 'twice/a.jsonl', lines(...events, ...events));
  const options = { root, batchRows: 5, stream: 'twice/*.jsonl' };
  const before = await read(partitioned, options, 2);
  const image = new Map(before.saved!.image);
  const texts = JSON.parse(image.get('identity-texts') as string) as string[];
  image.delete('identity-texts');
  [texts.slice(0, 1), texts.slice(1, 3), texts.slice(3)].forEach((part, i) => {
    image.set(`identity-texts.${i}`, JSON.stringify(part));
  });
  const after = await read(partitioned, { ...options, resumeFrom: { position: before.saved!.position, image } });
  expect(after.verdicts).toEqual(events.map(() => 'duplicate'));
});

it('a saved log that is not whole is refused: FSC7117', async () => {
  const root = folder();
  put(root, 'a.jsonl', '');
  const resumeFrom = { position: { partitions: {} }, image: new Map() };
  await expect(read(program(sourceSpec()), { root, stream: 'a.jsonl', resumeFrom })).rejects.toMatchObject({
    code: 'FSC7117',
    exitCode: 1,
  });
});

describe('files that changed after they were consumed', () => {
  const text = lines(event(0, 1), event(1, 2), event(2, 3));

  async function consumed(files: Readonly<Record<string, string | Buffer>>, where: object, stop = 99) {
    const at = folder();
    for (const [name, content] of Object.entries(files)) put(at, name, content);
    const { saved } = await read(source, { root: at, batchRows: 2, ...where }, stop);
    return { at, resume: () => read(source, { root: at, ...where, resumeFrom: saved }) };
  }
  const stopped = { code: 'FSC7104', exitCode: 1 };

  it('may grow at the end', async () => {
    const { at, resume } = await consumed({ 'a.jsonl': text }, { stream: '*.jsonl' });
    put(at, 'a.jsonl', text + lines(event(3, 4), event(2, 3)));
    put(at, 'b.jsonl', lines(event(4, 5)));
    expect((await resume()).verdicts).toEqual(['accepted', 'duplicate', 'accepted']);
  });

  it.each([
    ['shrunk', text.slice(0, -1)],
    ['another content', text.replace('"id":2', '"id":9')],
  ])('%s stops the run', async (_, content) => {
    const { at, resume } = await consumed({ 'a.jsonl': text }, { stream: '*.jsonl' });
    put(at, 'a.jsonl', content);
    await expect(resume()).rejects.toMatchObject(stopped);
  });

  it('a record that was consumed without its end stops the run when the rest comes', async () => {
    const { at, resume } = await consumed({ 'a.jsonl': text.slice(0, -1) }, { stream: '*.jsonl' });
    put(at, 'a.jsonl', `${text.slice(0, -1)}garbage\n`);
    await expect(resume()).rejects.toMatchObject(stopped);
    put(at, 'a.jsonl', text + lines(event(3, 4)));
    expect((await resume()).verdicts).toEqual(['accepted']);
  });

  describe('a last line that is half written', () => {
    const half = event(3, 4).slice(0, -5);
    const rest = event(3, 4).slice(-5);

    it.each([
      ['half an object', half, rest],
      ['half a character', Buffer.from(event(3, 4, { p: 'é' })).subarray(0, -3), Buffer.from('\u00e9"}').subarray(1)],
      ['a number, which may go on', '1', '2'],
      ['more than a line may have', `{"p":"${'x'.repeat(1_100_000)}`, '"}'],
    ])('is left to the run that finds it whole: %s', async (_, begun, end) => {
      const at = folder();
      const bytes = (...parts: (string | Buffer)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));
      const follow = { root: at, stream: '*.jsonl', mayGrow: true };
      put(at, 'a.jsonl', bytes(text, '\n', begun));
      const first = await read(source, { ...follow, batchRows: 2 });
      expect(first.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
      const again = await read(source, { ...follow, resumeFrom: first.saved });
      expect([again.verdicts, again.saved]).toEqual([[], null]);
      put(at, 'a.jsonl', bytes(text, '\n', begun, end, '\n', event(5, 6)));
      const whole = await read(source, { root: at, stream: '*.jsonl' });
      const second = await read(source, { ...follow, resumeFrom: first.saved });
      expect([...first.verdicts, ...second.verdicts]).toEqual(whole.verdicts);
      expect(second.refused).toEqual(whole.refused);
      expect(second.saved?.position).toEqual(whole.saved?.position);
    });

    it('is all that a file has', async () => {
      const at = folder();
      const follow = { root: at, stream: '*.jsonl', mayGrow: true };
      put(at, 'a.jsonl', text);
      put(at, 'b.jsonl', half);
      const first = await read(source, follow);
      expect(first.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
      put(at, 'b.jsonl', `${half}${rest}\n`);
      expect((await read(source, { ...follow, resumeFrom: first.saved })).verdicts).toEqual(['accepted']);
    });

    it('is malformed once a later file is there, and where no run goes on', async () => {
      const at = folder();
      const follow = { root: at, stream: '*.jsonl', mayGrow: true };
      put(at, 'a.jsonl', text + half);
      const first = await read(source, follow);
      expect((await read(source, { root: at, stream: '*.jsonl' })).verdicts.at(-1)).toBe('malformed');
      put(at, 'b.jsonl', lines(event(5, 6)));
      const second = await read(source, { ...follow, resumeFrom: first.saved });
      expect(second.verdicts).toEqual(['malformed', 'accepted']);
      expect(second.refused[0]?.place).toEqual({ partition: 'a.jsonl', offset: 3 });
    });

    it('is a record where it is whole without its newline', async () => {
      const at = folder();
      const follow = { root: at, stream: '*.jsonl', mayGrow: true };
      put(at, 'a.jsonl', text.slice(0, -1));
      const first = await read(source, follow);
      expect(first.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
      put(at, 'a.jsonl', text + lines(event(3, 4)));
      expect((await read(source, { ...follow, resumeFrom: first.saved })).verdicts).toEqual(['accepted']);
    });
  });

  describe('a last record of CSV that is half written', () => {
    const header = 'ts,id,v,p\n';
    const record = (n: number) => `${isoAt(T0 + n * SECOND)},${n},${n},"a ""b"""`;
    const begun = `${header}${record(1)}\n${record(2)}\n`;
    const follow = { history: '*.csv', order: 'arrival', mayGrow: true } as const;

    it.each([
      ['too few fields', -10, record(3)],
      ['a quote that is open', -4, record(3)],
      ['half a character', -7, record(3).replace('"a', '"é')],
    ])('is left to the run that finds it whole: %s', async (_, cut, last) => {
      const at = folder();
      const bytes = Buffer.from(last);
      const isCut = Buffer.concat([Buffer.from(begun), bytes.subarray(0, cut)]);
      put(at, 'a.csv', isCut);
      const first = await read(source, { root: at, ...follow });
      const again = await read(source, { root: at, ...follow, resumeFrom: first.saved });
      expect([again.verdicts, again.saved]).toEqual([[], null]);
      put(at, 'a.csv', Buffer.concat([Buffer.from(begun), bytes, Buffer.from('\n')]));
      const whole = await read(source, { root: at, ...follow });
      const second = await read(source, { root: at, ...follow, resumeFrom: first.saved });
      expect(whole.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
      expect([...first.verdicts, ...second.verdicts]).toEqual(whole.verdicts);
      expect(second.saved?.position).toEqual(whole.saved?.position);
    });

    it('is the first one, or the header', async () => {
      const at = folder();
      for (const cut of [header.length - 4, header.length + 10]) {
        put(at, 'a.csv', begun.slice(0, cut));
        const first = await read(source, { root: at, ...follow });
        expect(first.verdicts).toEqual([]);
        put(at, 'a.csv', begun);
        const second = await read(source, { root: at, ...follow, resumeFrom: first.saved });
        expect(second.verdicts).toEqual(['accepted', 'accepted']);
      }
    });

    it('is malformed where no run goes on, and one that is whole without its newline is read', async () => {
      const at = folder();
      put(at, 'a.csv', begun + record(3).slice(0, -10));
      expect((await read(source, { root: at, ...follow, mayGrow: false })).verdicts.at(-1)).toBe('malformed');
      put(at, 'a.csv', begun + record(3));
      const first = await read(source, { root: at, ...follow });
      expect(first.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
      put(at, 'a.csv', `${begun}${record(3)}4\n`);
      await expect(read(source, { root: at, ...follow, resumeFrom: first.saved })).rejects.toThrow(/a\.csv.*changed/);
    });
  });

  it('a file that is gone or sorts before them stops the run', async () => {
    const { at, resume } = await consumed({ 'b.jsonl': text, 'c.jsonl': lines(event(3, 4)) }, { stream: '*.jsonl' });
    put(at, 'a.jsonl', lines(event(9, 9)));
    await expect(resume()).rejects.toMatchObject(stopped);
    rmSync(join(at, 'a.jsonl'));
    rmSync(join(at, 'b.jsonl'));
    await expect(resume()).rejects.toMatchObject(stopped);
  });

  it('an earlier file may not grow once a later one was begun', async () => {
    const { at, resume } = await consumed({ 'a.jsonl': text, 'b.jsonl': lines(event(3, 4)) }, { stream: '*.jsonl' });
    put(at, 'a.jsonl', text + lines(event(5, 5)));
    const why = expect.stringMatching(/^it grew from \d+ to \d+ bytes, and later files were read after it$/);
    await expect(resume()).rejects.toMatchObject({ ...stopped, why });
  });

  it('a sorted source takes a new file of later events, and no other', async () => {
    const csv = (...rows: readonly [number, number][]) =>
      lines('ts,id', ...rows.map(([s, id]) => `${isoAt(T0 + s * SECOND)},${id}`));
    const { at, resume } = await consumed({ 'b.csv': csv([2, 2], [1, 1]) }, { history: '*.csv' });
    put(at, 'a.csv', csv([4, 4], [3, 3]));
    expect((await resume()).accepted.map((row) => JSON.parse(row)[1])).toEqual([3, 4]);
    put(at, 'a.csv', csv([4, 4], [2, 3]));
    await expect(resume()).rejects.toMatchObject(stopped);
    rmSync(join(at, 'a.csv'));
    put(at, 'b.csv', csv([2, 2], [1, 1], [5, 5]));
    const why = expect.stringMatching(/^it grew from \d+ to \d+ bytes$/);
    await expect(resume()).rejects.toMatchObject({ ...stopped, why });
  });

  it('history may not grow once the stream has begun', async () => {
    const files = { 'h/a.jsonl': text, 's/a.jsonl': lines(event(3, 4)) };
    const { at, resume } = await consumed(files, { history: 'h/*.jsonl', stream: 's/*.jsonl' });
    put(at, 'h/b.jsonl', lines(event(4, 5)));
    await expect(resume()).rejects.toMatchObject(stopped);
    rmSync(join(at, 'h/b.jsonl'));
    expect((await resume()).verdicts).toEqual([]);
  });

  const HEADER = 'ts,id,v,p\n';
  it.each([
    ['none of its files', { 'h/a.jsonl': '' }, 'h/*.jsonl', 'h/a.jsonl', lines(event(0, 1))],
    ['not its last file', { 'h/a.jsonl': text, 'h/b.jsonl': '' }, 'h/*.jsonl', 'h/b.jsonl', lines(event(4, 5))],
    ['blank lines', { 'h/a.jsonl': text, 'h/b.jsonl': '\n \n' }, 'h/*.jsonl', 'h/b.jsonl', lines(event(4, 5))],
    ['a header', { 'h/a.csv': HEADER }, 'h/a.csv', 'h/a.csv', `${HEADER}${isoAt(T0)},1,1,p\n`],
    [
      'headers',
      { 'h/a.csv': HEADER, 'h/b.csv': HEADER },
      'h/*.csv',
      'h/b.csv',
      `${HEADER}${isoAt(T0 + 9 * SECOND)},1,1,p\n`,
    ],
  ])(
    'not where it had no record either, and goes on where it has none still: %s',
    async (_, had, history, name, has) => {
      for (const order of ['arrival', 'none'] as const) {
        const files = { ...had, 's/a.jsonl': lines(event(3, 4)) };
        const { at, resume } = await consumed(files, { history, order, stream: 's/*.jsonl' });
        put(at, 's/a.jsonl', lines(event(3, 4), event(4, 9)));
        expect((await resume()).verdicts).toEqual(['accepted']);
        put(at, name, has);
        await expect(resume()).rejects.toMatchObject(stopped);
      }
    },
  );
});
