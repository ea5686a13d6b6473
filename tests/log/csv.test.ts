import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { column, folder, program, put, read, sourceSpec } from './helpers.ts';

const spec = sourceSpec();
const HEAD = 'ts,id,v,p\n';

async function readCsv(
  content: string | Buffer,
  options: { name?: string; order?: 'arrival' | 'none'; spec?: typeof spec } = {},
) {
  const root = folder();
  const name = options.name ?? 'a.csv';
  put(root, name, content);
  return read(program(options.spec ?? spec), { root, history: name, order: options.order ?? 'arrival' });
}

const texts = (rows: readonly string[]): unknown[] => rows.map((row) => (JSON.parse(row) as unknown[])[3]);
const row = (id: number, p: string): string => `2024-03-01T12:00:0${id}Z,${id},1,${p}\n`;

describe('csv', () => {
  it('tells NULL from the empty string, and unquotes', async () => {
    const seen = await readCsv(`${HEAD}${row(1, '')}${row(2, '""')}${row(3, '"a,""b""\n\r\nc"')}${row(4, ' x ')}`);
    expect(texts(seen.accepted)).toEqual([null, '', 'a,"b"\n\r\nc', ' x ']);
  });

  it('reads CRLF, a byte order mark and a last line without its end', async () => {
    const seen = await readCsv(`\ufeff${HEAD}${row(1, 'a')}${row(2, '"b"')}`.replaceAll('\n', '\r\n').trimEnd());
    expect(texts(seen.accepted)).toEqual(['a', 'b']);
  });

  it('refuses one record for a stray quote, not the rest of the file', async () => {
    const seen = await readCsv(
      `${HEAD}${row(1, 'a"b')}${row(2, '"open')}${row(3, 'c')}${row(4, '"d"x')}${row(5, 'e')}`,
    );
    expect(seen.verdicts).toEqual(['malformed', 'malformed', 'accepted', 'malformed', 'accepted']);
    expect(seen.refused.map((record) => record.reason)).toEqual([
      'a quote inside a field without quotes',
      'a quoted field has no end',
      'text after a quoted field',
    ]);
  });

  it('refuses records of another width, blank lines are none', async () => {
    const seen = await readCsv(`${HEAD}2024-03-01,1,2\n\n2024-03-01,1,2,a,b\n${row(3, 'c')}`);
    expect(seen.verdicts).toEqual(['malformed', 'malformed', 'accepted']);
    expect(seen.refused[0]?.reason).toBe('3 fields where the header has 4');
  });

  it('takes columns by name, in any order, and defaults of missing ones', async () => {
    const withDefault = sourceSpec({
      columns: [...spec.columns, column('w', { kind: 'integer' }, { hasDefault: true, defaultValue: 5 })],
    });
    const seen = await readCsv('extra,p,id,ts\n1,a,7,2024-03-01\n', { spec: withDefault });
    expect(seen.accepted).toEqual([JSON.stringify([1709251200000000, 7, null, 'a', 5])]);
  });

  it('keeps every digit and refuses what does not fit', async () => {
    const numbers = sourceSpec({
      columns: [...spec.columns, column('d', { kind: 'decimal', precision: 12, scale: 2 })],
    });
    const seen = await readCsv('ts,id,d\n2024-03-01,9223372036854775807,1.10\n2024-03-01,1,1.101\n2024-03-01,,1\n', {
      spec: numbers,
    });
    expect(seen.verdicts).toEqual(['accepted', 'malformed', 'malformed']);
    expect(seen.accepted[0]).toContain('"9223372036854775807n"');
  });

  it('wants a header with each name once', async () => {
    await expect(readCsv('')).rejects.toMatchObject({ code: 'FSC7105', exitCode: 1 });
    await expect(readCsv('ts,id,ts\n')).rejects.toMatchObject({ code: 'FSC7105' });
    expect((await readCsv(HEAD)).verdicts).toEqual([]);
  });

  it('refuses invalid UTF-8 in its record alone', async () => {
    const seen = await readCsv(
      Buffer.concat([Buffer.from(HEAD), Buffer.from(row(1, '\xff'), 'latin1'), Buffer.from(row(2, 'ü'))]),
    );
    expect(seen.verdicts).toEqual(['malformed', 'accepted']);
  });

  it('reads records over chunk borders, and .gz', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `2024-03-01T12:00:00Z,${i},1,"line ${i}\nof ü"\n`);
    const plain = await readCsv(HEAD + rows.join(''));
    expect(plain.accepted).toHaveLength(40_000);
    expect((await readCsv(gzipSync(HEAD + rows.join('')), { name: 'a.csv.gz', order: 'none' })).accepted).toEqual(
      plain.accepted,
    );
  });

  it('has records over 1 MiB refused', async () => {
    const seen = await readCsv(
      `${HEAD}${row(1, `"${'x'.repeat(1_200_000)}"`)}${row(2, 'b')}${row(3, `"${'y\n'.repeat(700_000)}`)}`,
    );
    expect(seen.verdicts.slice(0, 3)).toEqual(['malformed', 'accepted', 'malformed']);
    expect(seen.accepted).toHaveLength(1);
  });

  it('refuses a known time that is no instant, and files that have none', async () => {
    const known = { spec: sourceSpec({ knownTimePath: ['seen'] }) };
    const at = '2024-03-01T12:00:00Z';
    const content = `ts,id,n,p,seen\n${at},1,1,a,2024-03-02\n${at},2,1,a,soon\n${at},3,1,a,\n${at},4,1,a,""\n2024-03-01T12:00:00.000000001,5,1,a,\n${at},x,1,a,soon\n`;
    const seen = await readCsv(content, known);
    expect(seen.verdicts).toEqual(['accepted', 'malformed', 'accepted', 'malformed', 'malformed', 'malformed']);
    expect(seen.refused.map(({ reason }) => reason)).toEqual([
      '@known_time seen: `soon` is no timestamp',
      '@known_time seen: `` is no timestamp',
      'ts: `2024-03-01T12:00:00.000000001` is no timestamp: it has more than six decimals',
      expect.stringMatching(/^id: /),
    ]);
    await expect(readCsv(`ts,id,n,p,Seen\n${at},1,1,a,2024-03-02\n`, known)).rejects.toMatchObject({
      code: 'FSC7103',
      exitCode: 2,
      message: expect.stringContaining('`seen`'),
    });
  });

  it('takes an epoch and a known time', async () => {
    const epoch = sourceSpec({
      columns: [
        column('ts', { kind: 'timestamp' }, { nullable: false, epochUnit: 'epoch_ms' }),
        ...spec.columns.slice(1),
      ],
      knownTimePath: ['seen'],
    });
    const seen = await readCsv('ts,id,seen\n1709251200000.5,1,2024-03-02\n', { spec: epoch });
    expect(seen.accepted).toEqual([JSON.stringify([1709251200000500, 1, null, null])]);
  });
});
