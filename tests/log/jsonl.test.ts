import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { textsOf } from '../../runtime/log/record-texts.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { column, event, folder, lines, program, put, read, sourceSpec, stdinOf } from './helpers.ts';

const spec = sourceSpec();

async function readText(content: string | Buffer, name = 'a.jsonl', source = program(spec)) {
  const root = folder();
  put(root, name, content);
  return read(source, { root, history: name });
}

const ok = (id: number): string => event(id, id);

describe('lines', () => {
  it('end in LF, CRLF or not at all; blank ones are none', async () => {
    const seen = await readText(`${ok(1)}\r\n\n  \r\n${ok(2)}\n\t\n${ok(3)}`);
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('may begin with a byte order mark', async () => {
    expect((await readText(`\ufeff${lines(ok(1), ok(2))}`)).verdicts).toEqual(['accepted', 'accepted']);
  });

  it('over 1 MiB are refused, and reading goes on', async () => {
    const long = (length: number): string => `{"ts":"2024-03-01T12:00:00Z","id":1,"p":"${'x'.repeat(length)}"}`;
    const fits = long((1 << 20) - long(0).length);
    const over = long((1 << 20) - long(0).length + 1);
    const seen = await readText(lines(ok(1), fits, over, long(3_500_000), ok(4)) + long(5_000_000));
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'malformed', 'malformed', 'accepted', 'malformed']);
    expect(seen.refused.map((record) => record.reason)).toEqual(Array(3).fill('line over 1 MiB'));
    expect(seen.refused.every((record) => record.text.length <= 1024)).toBe(true);
  });

  it('that are no UTF-8 are refused, and their neighbours are not', async () => {
    const bytes = Buffer.concat([
      Buffer.from(lines(ok(1))),
      Buffer.from('{"ts":"2024-03-01","id":2,"p":"\xff"}\n', 'latin1'),
      Buffer.from(lines(event(3, 3, { p: 'ü€😀' }))),
    ]);
    const seen = await readText(bytes);
    expect(seen.verdicts).toEqual(['accepted', 'malformed', 'accepted']);
    expect(seen.refused[0]?.reason).toBe('invalid UTF-8');
    expect(seen.accepted[1]).toContain('ü€😀');
  });

  it('are whole wherever the bytes were cut', async () => {
    const text = lines(event(1, 1, { p: 'ü😀' }), event(2, 2), '', event(3, 3, { p: '€' }));
    const bytes = Buffer.from(text);
    for (const size of [1, 2, 3, 7, 64]) {
      const parts: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
      const { Readable } = await import('node:stream');
      const seen = await read(program(spec), { stream: '-', stdin: Readable.from(parts, { objectMode: false }) });
      expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[])[3])).toEqual(['ü😀', null, '€']);
    }
  });

  it('come from .gz as from the plain file', async () => {
    const text = lines(...Array.from({ length: 5000 }, (_, i) => ok(i)));
    const plain = await readText(text);
    const packed = await readText(gzipSync(text), 'a.jsonl.gz');
    expect(packed.accepted).toEqual(plain.accepted);
    expect(packed.accepted).toHaveLength(5000);
  });

  it('of a broken .gz stop the run', async () => {
    const damaged = { code: 'FSC7103', exitCode: 1 };
    await expect(readText(Buffer.from('no gzip'), 'a.jsonl.gz')).rejects.toMatchObject(damaged);
    const cut = gzipSync(lines(...Array.from({ length: 5000 }, (_, i) => ok(i)))).subarray(0, 3000);
    await expect(readText(cut, 'a.jsonl.gz')).rejects.toMatchObject(damaged);
  });
});

describe('records', () => {
  it('that are no objects are malformed', async () => {
    const texts = [
      '[]',
      '1',
      'null',
      '"x"',
      '{',
      '{"ts":',
      'NaN',
      `${'['.repeat(200_000)}`,
      `{"ts":"2024-03-01","id":1,"p":\u0000}`,
    ];
    const seen = await readText(lines(...texts));
    expect(seen.verdicts).toEqual(texts.map(() => 'malformed'));
  });

  it('say which field holds what Python writes for a float that JSON has not', async () => {
    const rest = '"ts":"2024-03-01T12:00:00Z","id":1';
    const texts: [string, string][] = [
      [`{${rest},"x": NaN}`, 'x: NaN is no JSON: write null'],
      [`{${rest},"NaN":"NaN","a":[1, -Infinity]}`, 'a: -Infinity is no JSON: write null'],
      [`[NaN]`, 'NaN is no JSON: write null'],
      [`{${rest},"x":NaN`, 'broken JSON'],
      [`{${rest},"x":"NaN"`, 'broken JSON'],
      [`{${rest},"x":NaNs}`, 'broken JSON'],
      [`{"x":NaN,"${'"'.repeat(1000)}`, 'broken JSON'],
    ];
    const seen = await readText(lines(...texts.map(([text]) => text)));
    expect(seen.refused.map(({ reason }) => reason)).toEqual(texts.map(([, reason]) => reason));
  });

  it('deep or wide beyond reason harm nobody', async () => {
    const deep = `{"ts":"2024-03-01T12:00:00Z","id":1,"p":"a","x":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`;
    const wide = `{"ts":"2024-03-01T12:00:01Z","id":2${Array.from({ length: 70_000 }, (_, i) => `,"x${i}":1`).join('')}}`;
    const seen = await readText(lines(deep, wide));
    expect(seen.verdicts).toEqual(['accepted', 'accepted']);
    expect(seen.unknownFields).toBe(65_536);
  });

  it('may have columns that every object inherits', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const odd = sourceSpec({ columns: [...spec.columns, ...names.map((name) => column(name, { kind: 'integer' }))] });
    const seen = await readText(
      lines(
        event(1, 1),
        `{"ts":"2024-03-01T12:00:02Z","id":2,"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4}`,
      ),
      'a.jsonl',
      program(odd),
    );
    expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[]).slice(4))).toEqual([
      [null, null, null, null],
      [1, 2, 3, 4],
    ]);
    expect(seen.unknownFields).toBe(0);
  });

  it('count fields that no column takes', async () => {
    expect((await readText(lines(event(1, 1, { a: 1, b: null }), event(2, 2, { V: 1 })))).unknownFields).toBe(3);
  });
});

describe('values', () => {
  const typed = async (type: SqlType, json: string, extra: Parameters<typeof column>[2] = {}): Promise<string> => {
    const source = sourceSpec({ columns: [...spec.columns, column('x', type, extra)] });
    const seen = await readText(
      `{"ts":"2024-03-01T12:00:00Z","id":1${json === '' ? '' : `,"x":${json}`}}\n`,
      'a.jsonl',
      program(source),
    );
    if (seen.verdicts[0] !== 'accepted') return seen.verdicts[0] ?? 'none';
    return JSON.stringify((JSON.parse(seen.accepted[0]!) as unknown[])[4]);
  };
  const cases: readonly (readonly [SqlType, string, string])[] = [
    [{ kind: 'smallint' }, '32767', '32767'],
    [{ kind: 'smallint' }, '32768', 'malformed'],
    [{ kind: 'integer' }, '1.0', '1'],
    [{ kind: 'integer' }, '1e3', '1000'],
    [{ kind: 'integer' }, '-0', '0'],
    [{ kind: 'integer' }, '1.5', 'malformed'],
    [{ kind: 'integer' }, '2147483648', 'malformed'],
    [{ kind: 'integer' }, '"1"', 'malformed'],
    [{ kind: 'integer' }, 'true', 'malformed'],
    [{ kind: 'integer' }, '1.00000000000000000001', 'malformed'],
    [{ kind: 'integer' }, '5.000000000000000000', '5'],
    [{ kind: 'smallint' }, '1e-400', 'malformed'],
    [{ kind: 'integer' }, '-1E-400', 'malformed'],
    [{ kind: 'bigint' }, '1e-400', 'malformed'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '1e-400', 'malformed'],
    [{ kind: 'double' }, '1e-400', '0'],
    [{ kind: 'integer' }, '0e-400', '0'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '-0.0E-9', '0'],
    [{ kind: 'bigint' }, '9007199254740993', '"9007199254740993n"'],
    [{ kind: 'bigint' }, '9223372036854775807', '"9223372036854775807n"'],
    [{ kind: 'bigint' }, '-9223372036854775808', '"-9223372036854775808n"'],
    [{ kind: 'bigint' }, '9223372036854775808', 'malformed'],
    [{ kind: 'bigint' }, '"9007199254740993"', '"9007199254740993n"'],
    [{ kind: 'bigint' }, '9007199254740992.5', 'malformed'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '12.34', '1234'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '1.15', '115'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '"12.340"', '1234'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '12.345', 'malformed'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '0.1000000000000000055511151231257827', 'malformed'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '9999999999.99', '999999999999'],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '10000000000', 'malformed'],
    [
      { kind: 'decimal', precision: 38, scale: 2 },
      '123456789012345678901234567890123456.78',
      '"12345678901234567890123456789012345678n"',
    ],
    [{ kind: 'double' }, '1e308', '1e+308'],
    [{ kind: 'double' }, '1e309', 'malformed'],
    [{ kind: 'double' }, '"NaN"', 'null'],
    [{ kind: 'double' }, '-0.0', '0'],
    [{ kind: 'real' }, '0.1', '0.10000000149011612'],
    [{ kind: 'real' }, '1e39', 'malformed'],
    [{ kind: 'boolean' }, 'true', 'true'],
    [{ kind: 'boolean' }, '1', 'malformed'],
    [{ kind: 'text', maxLength: null }, '"a\\"b"', '"a\\"b"'],
    [{ kind: 'text', maxLength: null }, '"\\u0000"', 'malformed'],
    [{ kind: 'text', maxLength: null }, '"\\ud800"', 'malformed'],
    [{ kind: 'text', maxLength: null }, '"\\ud83d\\ude00"', '"😀"'],
    [{ kind: 'text', maxLength: null }, '1', 'malformed'],
    [{ kind: 'text', maxLength: 2 }, '"😀😀"', '"😀😀"'],
    [{ kind: 'text', maxLength: 2 }, '"abc"', 'malformed'],
    [{ kind: 'date' }, '"2024-02-29"', '19782'],
    [{ kind: 'date' }, '"2023-02-29"', 'malformed'],
    [{ kind: 'timestamp' }, '"2024-03-01 12:00"', '1709294400000000'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00.000001Z"', '1709294400000001'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00.1"', '1709294400100000'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00.1234567Z"', 'malformed'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00.123456000Z"', '1709294400123456'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00.0000000"', '1709294400000000'],
    [{ kind: 'timestamptz' }, '"2024-03-01 14:00:00.100000000+02:00"', '1709294400100000'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00.000000500Z"', 'malformed'],
    [{ kind: 'timestamp' }, '"2024-03-01T24:00:00Z"', 'malformed'],
    [{ kind: 'timestamp' }, '"2024-02-30T12:00:00Z"', 'malformed'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00."', 'malformed'],
    [{ kind: 'timestamp' }, '"2024/03/01T12:00:00Z"', 'malformed'],
    [{ kind: 'timestamp' }, '"20X4-03-01T12:00:00Z"', 'malformed'],
    [{ kind: 'timestamp' }, '"2024-03-01T12:00:00+02:00"', '1709287200000000'],
    [{ kind: 'timestamp' }, '1709294400', 'malformed'],
    [{ kind: 'integer' }, 'null', 'null'],
    [{ kind: 'integer' }, '', 'null'],
  ];
  for (const [type, json, expected] of cases) {
    it(`${JSON.stringify(type)} from ${json === '' ? 'nothing' : json.slice(0, 50)} is ${expected}`, async () => {
      expect(await typed(type, json)).toBe(expected);
    });
  }

  it('of an epoch keep their fractions down to the microsecond', async () => {
    const timestamp: SqlType = { kind: 'timestamp' };
    expect(await typed(timestamp, '1709294400123', { epochUnit: 'epoch_ms' })).toBe('1709294400123000');
    expect(await typed(timestamp, '1709294400123.5', { epochUnit: 'epoch_ms' })).toBe('1709294400123500');
    expect(await typed(timestamp, '1709294400.000001', { epochUnit: 'epoch_s' })).toBe('1709294400000001');
    expect(await typed(timestamp, '1709294400.0000001', { epochUnit: 'epoch_s' })).toBe('malformed');
    expect(await typed(timestamp, '1709294400000001', { epochUnit: 'epoch_us' })).toBe('1709294400000001');
    expect(await typed(timestamp, '1e300', { epochUnit: 'epoch_s' })).toBe('malformed');
    expect(await typed(timestamp, '99999999999999', { epochUnit: 'epoch_s' })).toBe('range');
    expect(await typed(timestamp, '"2024-03-01"', { epochUnit: 'epoch_s' })).toBe('malformed');
  });

  it('that are missing take the default, those that are null do not', async () => {
    const withDefault = { hasDefault: true, defaultValue: 7, nullable: false };
    expect(await typed({ kind: 'integer' }, '', withDefault)).toBe('7');
    expect(await typed({ kind: 'integer' }, 'null', withDefault)).toBe('malformed');
    expect(await typed({ kind: 'bigint' }, '', { hasDefault: true, defaultValue: 9007199254740993n })).toBe(
      '"9007199254740993n"',
    );
  });

  it('are refused with a known time that is no instant; without one it is the event time', async () => {
    const source = program(sourceSpec({ knownTimePath: ['seen', 'at'] }));
    const seen = await readText(
      lines(
        event(0, 1, { seen: { at: '2024-03-02T00:00:00Z' } }),
        event(0, 2, { seen: { at: 'soon' } }),
        event(0, 3, { seen: { at: 1709251200 } }),
        event(0, 6, { seen: { at: '2024-03-02T00:00:00.1234567Z' } }),
        event(0, 4, { seen: { at: null } }),
        event(0, 5),
      ),
      'a.jsonl',
      source,
    );
    expect(seen.verdicts).toEqual(['accepted', 'malformed', 'malformed', 'malformed', 'accepted', 'accepted']);
    expect(seen.refused.map(({ reason }) => reason)).toEqual([
      '@known_time seen.at: `soon` is no timestamp',
      '@known_time seen.at: number 1709251200 is no timestamp',
      '@known_time seen.at: `2024-03-02T00:00:00.1234567Z` is no timestamp: it has more than six decimals',
    ]);
  });

  it('are found by their path', async () => {
    expect(await typed({ kind: 'integer' }, '{"y":{"z":5}}', { path: ['x', 'y', 'z'] })).toBe('5');
    expect(await typed({ kind: 'integer' }, '{"y":[5]}', { path: ['x', 'y', '0'] })).toBe('null');
    expect(await typed({ kind: 'bigint' }, '{"y":9007199254740993}', { path: ['x', 'y'] })).toBe('"9007199254740993n"');
  });
});

describe('stdin', () => {
  it('goes on with its offsets, after what the journal has', async () => {
    const source = program(spec);
    const first = await read(source, { stream: '-', stdin: stdinOf(lines(ok(1), 'bad', ok(2))) });
    expect(first.log).toEqual({ partitions: { 'stream:-': { offset: 3 } } });
    const journaled = [
      {
        records: [ok(3), ok(1), '\u0000invalid UTF-8\u0000{"ts":"2024-03-01T12:00:04Z","id":4}'],
        knownTimes: [1e15, 1e15, 1e15],
        idle: [],
      },
    ];
    const next = await read(source, {
      stream: '-',
      stdin: stdinOf(lines(ok(3), ok(5))),
      resumeFrom: first.saved,
      journaled,
    });
    // Known at 2001: what the journal says counts, not the clock.
    expect(next.verdicts).toEqual(['ahead', 'ahead', 'malformed', 'accepted', 'accepted']);
    expect(next.refused.at(-1)).toMatchObject({
      reason: 'invalid UTF-8',
      text: '{"ts":"2024-03-01T12:00:04Z","id":4}',
    });
    expect(next.log).toEqual({ partitions: { 'stream:-': { offset: 8 } } });
  });

  it('gives its records to the journal, marked where they were no text', async () => {
    const { open } = await import('./helpers.ts');
    const bytes = Buffer.concat([Buffer.from(lines(ok(1))), Buffer.from('{"p":"\xff"}\n', 'latin1')]);
    const { Readable } = await import('node:stream');
    const log = await open(program(spec), { stream: '-', stdin: Readable.from([bytes], { objectMode: false }) });
    const batch = await log.next();
    expect(textsOf(batch?.records ?? [])).toEqual([ok(1), '\u0000invalid UTF-8\u0000{"p":"\ufffd"}']);
    await log.close();
  });

  it('stops at once when told to, and keeps what it took off the pipe, the beginning of a line too', async () => {
    const { openLog } = await import('../../runtime/log/source-log.ts');
    const { openPhase } = await import('../../runtime/sources/open-source.ts');
    const { FixedClock } = await import('../../runtime/time/clock.ts');
    const { Readable } = await import('node:stream');
    const stdin = new Readable({ read: () => undefined });
    const stop = new AbortController();
    const options = { name: 'stream', location: '-', order: null, root: '/', stdin, signal: stop.signal } as const;
    const log = await openLog(program(spec), {
      phases: [openPhase(spec, options)],
      resumeFrom: null,
      clock: new FixedClock(2e15),
    });
    stdin.push(`${ok(1)}\n{"ts":"2024`);
    expect((await log.next())?.batch.length).toBe(1);
    const waiting = log.next();
    setTimeout(() => stop.abort(), 20);
    const last = await waiting;
    expect([last?.batch.length, last?.counts.reasons]).toEqual([1, { malformed: 1 }]);
    expect(textsOf(last?.records ?? [])).toEqual(['{"ts":"2024']);
    expect(await log.next()).toBeNull();
    await log.close();
  });
});
