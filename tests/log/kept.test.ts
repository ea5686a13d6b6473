import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { acceptedParquet } from '../../runtime/engines/duckdb/accepted.ts';
import { Archive, archivedTexts } from '../../runtime/engines/duckdb/archive.ts';
import { listArchive } from '../../runtime/engines/duckdb/archive-files.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import type { LogBatch } from '../../runtime/log/contract.ts';
import type { JournalEntry } from '../../runtime/log/journal-entry.ts';
import { Quarantine, quarantinePath } from '../../runtime/log/quarantine.ts';
import { listQuarantine, quarantinedSources } from '../../runtime/log/quarantine-index.ts';
import { textsOf } from '../../runtime/log/record-texts.ts';
import type { SavedLog } from '../../runtime/log/source-log.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import {
  event,
  folder,
  JournalInMemory,
  lines,
  MINUTE,
  open,
  program,
  put,
  read,
  sourceSpec,
  stdinOf,
  T0,
} from './helpers.ts';

const checked = sourceSpec({ checks: [{ sql: 'v > 0' }] });

describe('the quarantine', () => {
  it('keeps every refused and late record with reason, place, known time and text', async () => {
    const root = folder();
    const texts = [event(0, 1), '{broken', event(-301, 2), event(1, 3, { v: -1 }), event(0, 1)];
    put(root, 'a.jsonl', lines(...texts));
    const sink = new Quarantine(join(root, 'quarantine'), 'events');
    await read(program(checked), { root, stream: 'a.jsonl', refused: sink });
    sink.close();
    const kept = listQuarantine(join(root, 'quarantine'), 'events');
    expect(kept.map((record) => [record.id, record.verdict, record.text])).toEqual([
      ['a.jsonl:1', 'malformed', texts[1]],
      ['a.jsonl:2', 'late', texts[2]],
      ['a.jsonl:3', 'constraint', texts[3]],
    ]);
    expect(kept[0]?.knownTimeMicros).toBeNull();
    expect(kept[1]?.knownTimeMicros).toBe(T0 - 301_000_000);
    expect(kept[2]?.reason).toContain('v > 0');
    expect(quarantinedSources(join(root, 'quarantine'))).toEqual(['events']);
  });

  const record = (offset: number, verdict: string, reason: string, text = 'x') => ({
    verdict,
    reason,
    place: { partition: '-', offset },
    knownTimeMicros: T0,
    text,
  });

  it('counts a record once that a restart read again', () => {
    const path = folder();
    const sink = new Quarantine(path, 'a/b');
    sink.add(record(0, 'malformed', 'first'));
    sink.add(record(0, 'malformed', 'second'));
    sink.add(record(1, 'late', 'old', 'text\u2028\n"\ud800'));
    sink.flush();
    sink.close();
    const kept = listQuarantine(path, 'a/b');
    expect(kept.map((item) => [item.id, item.reason])).toEqual([
      ['-:0', 'first'],
      ['-:1', 'old'],
    ]);
    expect(kept[1]?.text).toBe('text\u2028\n"\ud800');
    expect(quarantinedSources(path)).toEqual(['a/b']);
  });

  it('passes over half a line of a crash and goes on after the whole ones', () => {
    const path = folder();
    const file = quarantinePath(path, 's');
    const first = new Quarantine(path, 's');
    first.add(record(0, 'late', 'a'));
    first.close();
    appendFileSync(file, `{"v":1,"kind":"la${'x'.repeat(70_000)}`);
    expect(listQuarantine(path, 's')).toHaveLength(1);
    const second = new Quarantine(path, 's');
    second.add(record(1, 'late', 'b'));
    second.close();
    expect(listQuarantine(path, 's').map((item) => item.reason)).toEqual(['a', 'b']);
  });

  it.each([
    ['not JSON', 'FSC7116'],
    ['[]', 'FSC7116'],
    ['{"v":1,"kind":3}', 'FSC7116'],
    ['{"v":2}', 'FSC7116'],
    ['{"v":2,"anew":[],"from":9}', 'FSC7116'],
    ['{"v":3}', 'FSC7112'],
  ])('refuses the line %s', (line, code) => {
    const path = folder();
    writeFileSync(quarantinePath(path, 's'), `${line}\n`);
    expect(() => listQuarantine(path, 's')).toThrow(expect.objectContaining({ code, exitCode: 1 }));
  });

  it('forgets what was refused of partitions that were read anew, and not refused again', () => {
    const path = folder();
    const first = new Quarantine(path, 's');
    for (const offset of [0, 1, 2, 3]) first.add(record(offset, 'late', `first ${offset}`));
    first.add({ ...record(0, 'late', 'elsewhere'), place: { partition: 'b.csv', offset: 0 } });
    first.close();
    const listed = (): string[] =>
      listQuarantine(path, 's').map(({ id, verdict, reason }) => `${id} ${verdict} ${reason}`);
    // Half a line of a crash is cut before the place is told.
    appendFileSync(quarantinePath(path, 's'), '{"v":1,"kind":"la');
    const second = new Quarantine(path, 's');
    const from = second.end();
    second.add(record(1, 'late', 'again'));
    second.add(record(2, 'range', 'otherwise'));
    second.flush();
    // A run that is cut off before it says so has changed nothing but verdicts.
    expect(listed()).toEqual([
      '-:0 late first 0',
      '-:1 late first 1',
      '-:2 range otherwise',
      '-:3 late first 3',
      'b.csv:0 late elsewhere',
    ]);
    second.setAnew(['-'], from);
    second.add(record(4, 'late', 'new'));
    second.close();
    // The reason is that of the judgement that stands.
    const left = ['-:1 late again', '-:2 range otherwise', 'b.csv:0 late elsewhere', '-:4 late new'];
    expect(listed()).toEqual(left);
    const nothing = new Quarantine(join(path, 'none'), 's');
    nothing.setAnew(['-'], nothing.end());
    nothing.close();
    expect(existsSync(join(path, 'none'))).toBe(false);
  });

  it('makes no file where nothing was refused', () => {
    const path = join(folder(), 'none');
    const sink = new Quarantine(path, 's');
    sink.flush();
    sink.close();
    expect(existsSync(path)).toBe(false);
    expect(listQuarantine(path, 's')).toEqual([]);
    expect(quarantinedSources(path)).toEqual([]);
  });
});

describe('accepted records as Parquet', () => {
  const input = (root: string, location: string, order: 'none' | 'arrival' | null = null) => ({
    program: program(checked),
    locations: [{ name: 'history' as const, location, order }],
    root,
    cacheDir: join(root, 'cache'),
  });

  async function rowsOf(paths: readonly string[]): Promise<unknown[]> {
    const session = await openDuckDb({ threads: 1 });
    const list = paths.map((path) => `'${path}'`).join(', ');
    const reader = await session.connection.runAndReadAll(
      `SELECT id, v, epoch_us(ts) - ${T0} AS t FROM read_parquet([${list}])`,
    );
    const rows = reader.getRowsJson();
    session.close();
    return rows;
  }

  it('are those that a stream run accepts, in log order', async () => {
    const root = folder();
    put(
      root,
      'a.jsonl',
      lines(
        event(0, 1, { v: 1 }).replace('"id":1', '"id":9007199254740993'),
        '{',
        event(2, 2),
        event(-400, 3),
        event(1, 1),
        event(2, 2),
        event(3, 4, { v: 0 }),
      ),
    );
    const { paths, counts } = await acceptedParquet(input(root, 'a.jsonl'));
    expect(counts).toMatchObject({ read: 7, accepted: 3, duplicate: 1, late: 1, quarantined: 2 });
    expect(await rowsOf(paths)).toEqual([
      ['9007199254740993', 1, '0'],
      ['2', null, '2000000'],
      ['1', null, '1000000'],
    ]);
  });

  it('come from the cache until a file changes', async () => {
    const root = folder();
    put(root, 'd/a.csv', 'id,ts,v\n1,2024-03-01 12:00:00,5\n');
    const first = await acceptedParquet(input(root, 'd/*.csv'));
    const stamp = readFileSync(first.paths[0]!);
    expect((await acceptedParquet(input(root, 'd/*.csv'))).paths).toEqual(first.paths);
    put(root, 'd/b.csv', 'ts,v,id\n2024-03-01 11:00:00,,2\n');
    const second = await acceptedParquet(input(root, 'd/*.csv'));
    expect(second.paths).not.toEqual(first.paths);
    expect(await rowsOf(second.paths)).toEqual([
      ['2', null, '-3600000000'],
      ['1', 5, '0'],
    ]);
    expect(readFileSync(first.paths[0]!)).toEqual(stamp);
  });

  it('are made anew where the cache was cut', async () => {
    const root = folder();
    put(root, 'a.jsonl', lines(event(0, 1)));
    const { paths } = await acceptedParquet(input(root, 'a.jsonl'));
    writeFileSync(paths[0]!, 'x');
    expect(await rowsOf((await acceptedParquet(input(root, 'a.jsonl'))).paths)).toHaveLength(1);
  });

  it.each(['written again', 'replaced'] as const)(
    'are made anew where a file was %s that has the size and the time of the one before',
    async (how) => {
      const root = folder();
      const path = join(root, 'a.jsonl');
      const make = async (v: number, name = 'a.jsonl'): Promise<unknown[]> => {
        put(root, name, lines(event(0, 1, { v })));
        utimesSync(join(root, name), 0, 0);
        if (name !== 'a.jsonl') renameSync(join(root, name), path);
        return rowsOf((await acceptedParquet(input(root, 'a.jsonl'))).paths);
      };
      expect(await make(1)).toEqual([['1', 1, '0']]);
      expect(await make(2, how === 'replaced' ? 'b.jsonl' : 'a.jsonl')).toEqual([['1', 2, '0']]);
    },
  );

  it('drop old entries of the same source only', async () => {
    const root = folder();
    put(root, 'a.jsonl', lines(event(0, 1)));
    const { paths } = await acceptedParquet(input(root, 'a.jsonl'));
    writeFileSync(join(root, 'cache', 'events-notes.parquet'), '');
    for (const name of readdirSync(join(root, 'cache'))) utimesSync(join(root, 'cache', name), 1, 1);
    put(root, 'a.jsonl', lines(event(0, 1), event(1, 2)));
    const second = await acceptedParquet(input(root, 'a.jsonl'));
    expect(existsSync(paths[0]!)).toBe(false);
    expect(readdirSync(join(root, 'cache'))).toHaveLength(3);
    expect(await rowsOf(second.paths)).toHaveLength(2);
  });

  it('are an empty file where none are', async () => {
    const root = folder();
    put(root, 'a.jsonl', '');
    const { paths, counts } = await acceptedParquet(input(root, 'a.jsonl'));
    expect(counts.read).toBe(0);
    expect(await rowsOf(paths)).toEqual([]);
  });

  it('cannot come from stdin', async () => {
    await expect(acceptedParquet(input(folder(), '-'))).rejects.toMatchObject({ code: 'FSC7101', exitCode: 2 });
  });
});

describe('records of stdin', () => {
  const source = program(checked);
  /** Valid JSON once its broken bytes are replaced, or its long tail is cut: it must stay malformed. */
  const notText = Buffer.concat([
    Buffer.from('{"ts":"2024-03-01T12:00:01Z","id":50,"p":"'),
    Buffer.from([0xff]),
    Buffer.from('"}\n'),
  ]);
  const tooLong = Buffer.from(`${event(1, 51)}${' '.repeat(1 << 20)}\n`);
  const chunks = [
    Buffer.from(lines(event(0, 1), event(1, 2, { v: 3 }))),
    notText,
    tooLong,
    Buffer.from(lines('{', event(61, 3), event(30, 2), event(1, 2, { v: 3 }))),
    Buffer.from(lines(event(59, 4), event(-241, 5), event(-242, 6))),
  ];
  const stdin = () => Readable.from(chunks, { objectMode: false });

  it('behind many files take room in the journal for themselves alone', async () => {
    const root = folder();
    for (let i = 0; i < 300; i += 1) put(root, `h/${1000 + i}.jsonl`, lines(event(0, i)));
    const journal = new JournalInMemory();
    const places = { root, history: 'h/*.jsonl', stream: '-', clock: new FixedClock(T0), batchRows: 50 };
    const log = await open(source, {
      ...places,
      stdin: stdinOf(...Array.from({ length: 500 }, (_, i) => `${event(1, 300 + i)}\n`)),
    });
    const positions: LogBatch['position'][] = [];
    for (let batch = await log.next(); batch !== null; batch = await log.next()) {
      expect(journal.add(batch).position).toEqual(batch.position);
      positions.push(batch.position);
    }
    await log.close();
    const live = journal.frames.filter((_, i) => Object.hasOwn(positions[i]!.partitions, 'stream:-'));
    expect(live.length).toBeGreaterThan(3);
    const large = live.filter(({ payload }) => payload.length > 10_000);
    expect(large.length).toBeLessThan(2);
  });

  it('are read again from the journal with the verdicts they got', async () => {
    const clock = new FixedClock(T0);
    const first = await open(source, { stream: '-', stdin: stdin(), clock, batchRows: 2 });
    const journal = new JournalInMemory();
    const entries: JournalEntry[] = [];
    const expected: unknown[] = [];
    const saved: (SavedLog | null)[] = [null];
    for (let batch = await first.next(); batch !== null; batch = await first.next()) {
      entries.push(journal.add(batch));
      expected.push([[...batch.verdicts.subarray(0, batch.batch.length)], batch.settleLineMicros, batch.position]);
      saved.push({ position: batch.position, image: structuredClone(first.snapshot()) });
      clock.advance(100_000);
    }
    await first.close();
    expect(entries.length).toBeGreaterThan(4);
    for (let from = 0; from <= entries.length; from += 1) {
      const late = new FixedClock(T0 + 60 * MINUTE);
      const again = await open(source, {
        stream: '-',
        stdin: stdinOf(lines(event(62, 7))),
        clock: late,
        resumeFrom: saved[from] ?? null,
        journaled: entries.slice(from),
      });
      const seen: unknown[] = [];
      for (let i = from; i < entries.length; i += 1) {
        const batch = (await again.next())!;
        expect(batch.records).toBeNull();
        seen.push([[...batch.verdicts.subarray(0, batch.batch.length)], batch.settleLineMicros, batch.position]);
      }
      expect(seen).toEqual(expected.slice(from));
      const rest = (await again.next())!;
      expect(textsOf(rest.records ?? [])).toEqual([event(62, 7)]);
      expect(rest.position).toEqual({ partitions: { 'stream:-': { offset: 12 } } });
      await again.close();
    }
  });

  it('go to the archive with position, known time, verdict and text', async () => {
    const root = folder();
    const log = await open(source, { stream: '-', stdin: stdin(), batchRows: 4 });
    const archive = await Archive.open(root, checked, '-');
    let offset = 0;
    for (let batch = await log.next(); batch !== null; batch = await log.next()) {
      archive.add(batch, offset);
      offset += batch.batch.length;
    }
    const file = await archive.flush();
    expect(file).toMatchObject({ partition: '-', from: 0, to: 11 });
    expect(await archive.flush()).toBeNull();
    await archive.close();
    const session = await openDuckDb({ threads: 1 });
    const rows = await session.connection.runAndReadAll(
      `SELECT id, _fsc_offset, _fsc_verdict, epoch_us(_fsc_known_time) - ${T0}, length(_fsc_text) FROM '${file!.path}'`,
    );
    session.close();
    expect(rows.getRowsJson().map((row) => row.slice(0, 3))).toEqual(
      [
        ['1', '0', 'accepted'],
        ['2', '1', 'accepted'],
        [null, '2', 'malformed'],
        [null, '3', 'malformed'],
        [null, '4', 'malformed'],
        ['3', '5', 'ahead'],
        ['2', '6', 'accepted'],
        ['2', '7', 'duplicate'],
        ['4', '8', 'accepted'],
        ['5', '9', 'accepted'],
        ['6', '10', 'late'],
      ].map((row) => row),
    );
  });

  it('go to the archive whole and once, however they are cut into batches and files', async () => {
    const root = folder();
    const archive = await Archive.open(root, checked, '-');
    // The second file is smaller, without the NULLs and long texts of the first; the third has batches of all sizes.
    const files: readonly [number, (i: number) => Record<string, unknown>][] = [
      [4500, (i) => (i % 3 === 0 ? { v: null } : { v: 1 + i, p: 'long text '.repeat(i % 5) + (i % 11) })],
      [100, (i) => ({ v: 7, p: `p${i % 9}` })],
      [2100, (i) => (i % 2 === 0 ? { v: i === 0 ? null : i } : { v: 3, p: 'x'.repeat(i % 14) })],
    ];
    let offset = 0;
    for (const [count, more] of files) {
      const texts = Array.from({ length: count }, (_, i) => event(i % 7, i % 5 === 0 ? 2 ** 53 + 2 * i : i, more(i)));
      const stdin = Readable.from([Buffer.from(lines(...texts))], { objectMode: false });
      const log = await open(source, { stream: '-', stdin, batchRows: count === 2100 ? 61 : 700 });
      const from = offset;
      const expected: unknown[][] = [];
      for (let batch = await log.next(); batch !== null; batch = await log.next()) {
        archive.add(batch, offset);
        for (let row = 0; row < batch.batch.length; row += 1) {
          const values = checked.columns.map(({ type }, i) => valueAt(batch.batch.columns[i]!, type, row));
          expected.push([...values.map((value) => (value === null ? null : String(value))), String(offset + row)]);
        }
        offset += batch.batch.length;
      }
      const file = await archive.flush();
      expect(file).toMatchObject({ from, to: from + count });
      const session = await openDuckDb({ threads: 1 });
      const rows = await session.connection.runAndReadAll(
        `SELECT epoch_us(ts), id, v, p, _fsc_offset, _fsc_text FROM '${file!.path}'`,
      );
      session.close();
      const found = rows.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
      expect(found.map((row) => row.slice(0, -1))).toEqual(expected);
      expect(found.map((row) => row.at(-1))).toEqual(texts);
    }
    await archive.close();
  });

  it('go to the archive as they came, whatever their lengths and characters', async () => {
    const root = folder();
    const texts = Array.from({ length: 5000 }, (_, i) => {
      const id = `{"id":${i},"ts":"2024-03-01T12:00:00Z","p":"${['', 'twelve bytes', 'thirteen byte', 'ü€😀'.repeat(i % 97)][i % 4]}"}`;
      return [id, `${id}  `, '1', '{"short":1}', '{"twelve":1}', '{"a": "\u0000"}', `{"thirteen":1} ${i}`, 'ü€'][
        i % 3 === 0 ? i % 8 : 0
      ]!;
    });
    const bytes = Buffer.from(lines(...texts));
    // Broken bytes in some lines; a chunk of the archive without any.
    for (
      let at = bytes.indexOf('"p":"thirteen');
      at >= 0 && at < bytes.length / 2;
      at = bytes.indexOf('"p":"thirteen', at + 20_000)
    )
      bytes[at + 6] = 0xff;
    const log = await open(source, { stream: '-', stdin: Readable.from([bytes], { objectMode: false }) });
    const archive = await Archive.open(root, checked, '-');
    const expected: string[] = [];
    const columns: unknown[] = [];
    for (let batch = await log.next(); batch !== null; batch = await log.next()) {
      archive.add(batch, expected.length);
      expected.push(...textsOf(batch.records ?? []).map((text) => text.replaceAll('\u0000', '\ufffd')));
      for (let row = 0; row < batch.batch.length; row += 1)
        columns.push(valueAt(batch.batch.columns[3]!, checked.columns[3]!.type, row));
    }
    expect(expected).toHaveLength(5000);
    expect(expected.filter((text) => text.startsWith('\ufffdinvalid UTF-8\ufffd')).length).toBeGreaterThan(3);
    const file = await archive.flush();
    await archive.close();
    const kept: string[] = [];
    for await (const { records } of archivedTexts(root, 'events', '-', 5000)) kept.push(...records);
    expect(kept).toEqual(expected);
    const session = await openDuckDb({ threads: 1 });
    const rows = await session.connection.runAndReadAll(`SELECT p FROM '${file!.path}' ORDER BY _fsc_offset`);
    session.close();
    expect(rows.getRowsJson().flat()).toEqual(columns);
    expect(new Set(columns).size).toBeGreaterThan(20);
  });

  it.each(['first', 'between', 'last'])('go to the archive beside one that is no text (%s)', async (place) => {
    const root = folder();
    const broken = Buffer.from('{"id":9,"p":"\xff"}\n', 'latin1');
    const before = place === 'first' ? [] : [event(0, 1, { p: 'thirteen byte' }), '1'];
    const behind = place === 'last' ? [] : ['2', event(0, 2, { p: 'thirteen more' })];
    const bytes = Buffer.concat([Buffer.from(lines(...before)), broken, Buffer.from(lines(...behind))]);
    const log = await open(source, { stream: '-', stdin: Readable.from([bytes], { objectMode: false }) });
    const archive = await Archive.open(root, checked, '-');
    for (let batch = await log.next(); batch !== null; batch = await log.next()) archive.add(batch, 0);
    await archive.flush();
    await archive.close();
    const count = before.length + behind.length + 1;
    const kept: string[] = [];
    for await (const { records } of archivedTexts(root, 'events', '-', count)) kept.push(...records);
    expect(kept).toEqual([...before, '\ufffdinvalid UTF-8\ufffd{"id":9,"p":"\ufffd"}', ...behind]);
  });

  it('are archived once where a run was redone', async () => {
    const root = folder();
    const write = async (from: number, texts: readonly string[]) => {
      const log = await open(source, { stream: '-', stdin: stdinOf(lines(...texts)) });
      const archive = await Archive.open(root, checked, '-');
      for (let batch = await log.next(); batch !== null; batch = await log.next()) archive.add(batch, from);
      const file = await archive.flush();
      await archive.close();
      return file!;
    };
    const one = await write(0, [event(0, 1), event(1, 2)]);
    const bytes = readFileSync(one.path);
    await write(0, [event(0, 1), event(1, 2)]);
    expect(readFileSync(one.path)).toEqual(bytes);
    await write(2, [event(2, 3)]);
    await write(2, [event(2, 3), event(3, 4)]);
    expect(listArchive(root, 'events').map((file) => [file.from, file.to])).toEqual([
      [0, 2],
      [2, 4],
    ]);
    expect(readdirSync(join(root, 'events'))).toHaveLength(2);
  });

  describe('in small files', () => {
    const KINDS = [
      (i: number) => event(i, i),
      () => '{broken',
      (i: number) => event(i, i, { v: -1 }),
      (i: number) => event(i - 400, i),
    ];
    const textOf = (i: number): string => KINDS[i % 11 === 0 ? (i / 11) % 4 : 0]!(i);
    const SIZES = Array.from({ length: 150 }, (_, i) => (i % 40 === 7 ? 40 : 1 + (i % 3)));
    const HOUR_MS = 3_600_000;

    /** To the archive, as a log of their own: what it says of a record depends on those before. The offset after them. */
    async function add(archive: Archive, from: number, count: number, spec = source): Promise<number> {
      const texts = Array.from({ length: count }, (_, i) => textOf(from + i));
      const log = await open(spec, { stream: '-', stdin: stdinOf(lines(...texts)) });
      let offset = from;
      for (let batch = await log.next(); batch !== null; batch = await log.next()) {
        archive.add(batch, offset);
        offset += batch.batch.length;
      }
      await log.close();
      return offset;
    }

    async function writeFiles(
      archive: Archive,
      from: number,
      sizes: readonly number[],
      spec = source,
    ): Promise<number> {
      let offset = from;
      for (const size of sizes) {
        offset = await add(archive, offset, size, spec);
        await archive.flush();
        await archive.merge(Date.now());
      }
      return offset;
    }

    async function columnsOf(paths: readonly string[]): Promise<unknown> {
      const session = await openDuckDb({ threads: 1 });
      try {
        const list = paths.map((path) => `'${path}'`).join(', ');
        const rows = await session.connection.runAndReadAll(
          `SELECT * FROM read_parquet([${list}]) ORDER BY _fsc_offset`,
        );
        return rows.getRowsJson();
      } finally {
        session.close();
      }
    }

    const ranges = (root: string): string[] => listArchive(root, 'events').map(({ from, to }) => `${from}-${to}`);
    const namesIn = (root: string): string[] => readdirSync(join(root, 'events'));

    it('are put together, and hold what they held', async () => {
      const root = folder();
      const archive = await Archive.open(root, checked, '-');
      const end = await writeFiles(archive, 0, SIZES);
      const found = listArchive(root, 'events');
      expect(found.length).toBeLessThan(40);
      expect(found[0]?.from).toBe(0);
      expect(found.at(-1)?.to).toBe(end);
      for (let i = 1; i < found.length; i++) expect(found[i]?.from).toBe(found[i - 1]?.to);
      const kept: string[] = [];
      for await (const { records } of archivedTexts(root, 'events', '-', end)) kept.push(...records);
      expect(kept).toEqual(Array.from({ length: end }, (_, i) => textOf(i)));
      // The files that were put together are still there for who had listed them; of each record the same is told.
      const pieces = namesIn(root).filter((name) => !found.some(({ path }) => path.endsWith(name)));
      expect(pieces.length).toBeGreaterThan(100);
      expect(await columnsOf(found.map(({ path }) => path))).toEqual(await columnsOf(await wholeFile(end)));
      await archive.merge(Date.now() + 2 * HOUR_MS);
      expect(namesIn(root).sort()).toEqual(found.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).sort());
      await archive.close();
    });

    /** The same records in one file. */
    async function wholeFile(end: number): Promise<readonly string[]> {
      const root = folder();
      const archive = await Archive.open(root, checked, '-');
      let offset = 0;
      for (const size of SIZES) offset = await add(archive, offset, size);
      expect(offset).toBe(end);
      const file = await archive.flush();
      await archive.close();
      return [file!.path];
    }

    it('stay apart where their columns differ, one is broken, or one is missing between them', async () => {
      const root = folder();
      const other = sourceSpec({
        columns: [...checked.columns.slice(0, -1), { ...checked.columns.at(-1)!, name: 'q' }],
      });
      const before = await Archive.open(root, other, '-');
      let end = await writeFiles(before, 0, new Array<number>(10).fill(1), program(other));
      await before.close();
      const archive = await Archive.open(root, checked, '-');
      end = await writeFiles(archive, end, new Array<number>(15).fill(1));
      expect(ranges(root)).toHaveLength(25);
      end = await writeFiles(archive, end, [1]);
      expect(ranges(root)).toEqual([...Array.from({ length: 10 }, (_, i) => `${i}-${i + 1}`), '10-26']);
      end = await writeFiles(archive, end, new Array<number>(8).fill(1));
      const broken = listArchive(root, 'events').at(-1)!;
      const whole = readFileSync(broken.path);
      writeFileSync(
        broken.path,
        Buffer.concat([whole.subarray(0, 40), Buffer.from([whole[40]! ^ 1]), whole.subarray(41)]),
      );
      end = await writeFiles(archive, end, new Array<number>(9).fill(1));
      expect(ranges(root)).toHaveLength(28);
      writeFileSync(broken.path, whole);
      end = await writeFiles(archive, end, [1]);
      expect(ranges(root).at(-1)).toBe(`26-${end}`);
      end = await writeFiles(archive, end, new Array<number>(10).fill(1));
      unlinkSync(listArchive(root, 'events').at(-3)!.path);
      await writeFiles(archive, end, new Array<number>(13).fill(1));
      expect(ranges(root).at(-1)).toBe(`${end + 12}-${end + 13}`);
      await archive.close();
    });
  });
});
