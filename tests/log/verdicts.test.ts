import { describe, expect, it } from 'vitest';
import {
  column,
  event,
  folder,
  isoAt,
  lines,
  MINUTE,
  program,
  put,
  read,
  SECOND,
  sourceSpec,
  stdinOf,
  T0,
  TIMESTAMP,
} from './helpers.ts';

const LATENESS = 5 * MINUTE;

async function verdictsOf(texts: readonly string[], extra: Parameters<typeof sourceSpec>[0] = {}): Promise<string[]> {
  const root = folder();
  put(root, 'a.jsonl', lines(...texts));
  return (await read(program(sourceSpec(extra)), { root, history: 'a.jsonl' })).verdicts;
}

const at = (micros: number, id: number, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ ts: isoAt(micros), id, ...more });

describe('verdicts', () => {
  it('come in the order malformed, constraint, range, late, duplicate', async () => {
    const checks = [{ sql: 'v > 0' }];
    const texts = [
      at(T0, 1),
      '{"ts": 5, "id": 2, "v": 0}',
      JSON.stringify({ ts: '2300-01-01T00:00:00Z', id: 3, v: 0 }),
      JSON.stringify({ ts: '2300-01-01T00:00:00Z', id: 4, v: 1 }),
      at(T0 - LATENESS - 1, 1, { v: 0 }),
      at(T0 - LATENESS - 1, 1),
      at(T0, 1),
    ];
    expect(await verdictsOf(texts, { checks })).toEqual([
      'accepted',
      'malformed',
      'constraint',
      'range',
      'constraint',
      'late',
      'duplicate',
    ]);
  });

  it('late begins one microsecond past the lateness', async () => {
    const texts = [at(T0, 1), at(T0 - LATENESS, 2), at(T0 - LATENESS - 1, 3)];
    expect(await verdictsOf(texts)).toEqual(['accepted', 'accepted', 'late']);
  });

  it('the range is 1970-01-01 ≤ x < 2200-01-01, for every date and timestamp', async () => {
    const spec = {
      columns: [...sourceSpec().columns, column('d', { kind: 'date' }), column('u', { kind: 'timestamptz' })],
      latenessMicros: 1e18,
    };
    const texts = [
      JSON.stringify({ ts: '1970-01-01', id: 1 }),
      JSON.stringify({ ts: '1969-12-31T23:59:59.999999Z', id: 2 }),
      JSON.stringify({ ts: '2199-12-31T23:59:59.999999Z', id: 3 }),
      JSON.stringify({ ts: '2200-01-01', id: 4 }),
      at(T0, 5, { d: '1969-12-31' }),
      at(T0, 6, { d: '1970-01-01' }),
      at(T0, 7, { d: '2199-12-31' }),
      at(T0, 8, { d: '2200-01-01' }),
      at(T0, 9, { u: '2200-01-01T01:00:00+02:00' }),
      at(T0, 10, { u: '2200-01-01T01:00:00Z' }),
    ];
    expect(await verdictsOf(texts, spec)).toEqual([
      'accepted',
      'range',
      'accepted',
      'range',
      'range',
      'accepted',
      'accepted',
      'range',
      'accepted',
      'range',
    ]);
  });

  it('ahead is measured against the clock, on stdin only', async () => {
    const texts = [at(T0 + MINUTE, 1), at(T0 + MINUTE + 1, 2), at(T0, 3)];
    const stream = await read(program(sourceSpec()), { stream: '-', stdin: stdinOf(lines(...texts)) });
    expect(stream.verdicts).toEqual(['accepted', 'ahead', 'accepted']);
    expect(await verdictsOf(texts)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('a record that was refused moves nothing', async () => {
    const texts = [
      at(T0, 1),
      at(T0 + 60 * MINUTE, 2, { v: 0 }),
      at(T0 - LATENESS, 3),
      at(T0 + 60 * MINUTE, 2, { v: 1 }),
    ];
    expect(await verdictsOf(texts, { checks: [{ sql: 'v > 0' }] })).toEqual([
      'accepted',
      'constraint',
      'accepted',
      'accepted',
    ]);
  });

  it('one identity is (event time, key): the same key at another time is another record', async () => {
    const texts = [at(T0, 1), at(T0 + 1, 1), at(T0, 1), at(T0 + 1, 1), at(T0, 2)];
    expect(await verdictsOf(texts)).toEqual(['accepted', 'accepted', 'duplicate', 'duplicate', 'accepted']);
  });

  it('without a key every record is its own', async () => {
    expect(await verdictsOf([at(T0, 1), at(T0, 1)], { keyColumns: [] })).toEqual(['accepted', 'accepted']);
  });

  it('each partition has its own newest', async () => {
    const texts = [
      at(T0, 1, { p: 'a' }),
      at(T0 + 60 * MINUTE, 2, { p: 'b' }),
      at(T0 - LATENESS, 3, { p: 'a' }),
      at(T0 - LATENESS - 1, 4, { p: 'a' }),
      at(T0 + 55 * MINUTE, 5, { p: 'b' }),
      at(T0 + 55 * MINUTE - 1, 6, { p: 'b' }),
      // New partitions are measured against the settle line: least newest − lateness − 5 s.
      at(T0 - LATENESS - 5 * SECOND - 1, 7, { p: 'c' }),
      at(T0 - LATENESS - 5 * SECOND, 8, { p: 'c' }),
      at(T0, 9, {}),
    ];
    expect(await verdictsOf(texts, { partitionColumn: 3 })).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'late',
      'accepted',
      'late',
      'late',
      'accepted',
      'accepted',
    ]);
  });

  it('a late record says which of the two it is older than: its partition’s newest, or the settle line', async () => {
    const root = folder();
    const texts = [at(T0, 1, { p: 'a' }), at(T0 - 60 * MINUTE, 2, { p: 'b' }), at(T0 - 60 * MINUTE, 3, { p: 'a' })];
    put(root, 'a.jsonl', lines(...texts));
    const { refused } = await read(program(sourceSpec({ partitionColumn: 3 })), { root, history: 'a.jsonl' });
    expect(refused.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['late', expect.stringContaining('settle line')],
      ['late', expect.stringContaining('newest event of its partition')],
    ]);
  });

  it('the settle line is the least newest − lateness − 5 s and never goes back', async () => {
    const root = folder();
    const texts = [
      at(T0, 1, { p: 'a' }),
      at(T0 + 60 * MINUTE, 2, { p: 'a' }),
      at(T0 + 56 * MINUTE, 3, { p: 'b' }),
      at(T0 + 90 * MINUTE, 4, { p: 'b' }),
    ];
    put(root, 'a.jsonl', lines(...texts));
    const seen = await read(program(sourceSpec({ partitionColumn: 3 })), { root, history: 'a.jsonl', batchRows: 1 });
    const lag = LATENESS + 5 * SECOND;
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(seen.lines).toEqual([T0 - lag, T0 + 60 * MINUTE - lag, T0 + 60 * MINUTE - lag, T0 + 60 * MINUTE - lag]);
  });

  it('`@only` skips before anything else is asked of a record, and counts apart', async () => {
    const root = folder();
    put(
      root,
      'a.jsonl',
      lines(
        event(0, 1, { type: 'payment' }),
        '{"type":"login"}',
        event(1, 2, { type: 'payment', v: 'x' }),
        'nonsense',
        event(2, 3),
      ),
    );
    const spec = sourceSpec({ onlySql: "type = 'payment'", onlyPaths: [['type']] });
    const only = program(spec, (batch, length, taken) => {
      const types = batch.columns[4];
      for (let row = 0; row < length; row += 1)
        taken[row] = types?.kind === 'text' && types.strings?.[row] === 'payment' ? 1 : 0;
    });
    const seen = await read(only, { root, history: 'a.jsonl' });
    expect(seen.verdicts).toEqual(['accepted', 'skipped', 'malformed', 'malformed', 'skipped']);
    expect(seen.unknownFields).toBe(0);
  });

  it('keeps what it refuses with reason, place and text', async () => {
    const root = folder();
    put(root, 'a.jsonl', lines(event(0, 1), '{"id": 1}', event(-600, 7)));
    const seen = await read(program(sourceSpec()), { root, history: '*.jsonl' });
    expect(seen.refused).toEqual([
      {
        verdict: 'malformed',
        reason: 'ts: is missing and NOT NULL',
        place: { partition: 'a.jsonl', offset: 1 },
        knownTimeMicros: null,
        text: '{"id": 1}',
      },
      {
        verdict: 'late',
        reason: 'older than the newest event of its partition by more than @lateness',
        place: { partition: 'a.jsonl', offset: 2 },
        knownTimeMicros: T0 - 600 * SECOND,
        text: event(-600, 7),
      },
    ]);
  });

  it('cuts history and stream without a key at the declared instant', async () => {
    const root = folder();
    put(root, 'h.jsonl', lines(event(0, 1), event(10, 2), event(20, 3)));
    put(root, 's.jsonl', lines(event(10, 2), event(19, 5), event(20, 3), event(30, 4)));
    const spec = sourceSpec({ keyColumns: [] });
    const options = { root, history: 'h.jsonl', stream: 's.jsonl' };
    await expect(read(program(spec), options)).rejects.toMatchObject({ code: 'FSC7106', exitCode: 2 });
    const seen = await read(program(spec), { ...options, cutMicros: T0 + 20 * SECOND });
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'skipped', 'skipped', 'skipped', 'accepted', 'accepted']);
  });

  it('hands off: the stream goes on where history ended, and doubles across are found', async () => {
    const root = folder();
    put(root, 'h.csv', `ts,id,v,p\n${[0, 10, 20].map((s) => `${isoAt(T0 + s * SECOND)},${s},1,a`).join('\n')}\n`);
    put(
      root,
      's.jsonl',
      lines(event(20, 20), event(10, 10), event(20 - 300, 77), event(20 - 300.000001, 78), event(30, 30)),
    );
    const seen = await read(program(sourceSpec()), { root, history: 'h.csv', stream: 's.jsonl' });
    expect(seen.verdicts).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'duplicate',
      'duplicate',
      'accepted',
      'late',
      'accepted',
    ]);
    expect(Object.keys(seen.log?.partitions ?? {}).sort()).toEqual(['history:*', 'history:h.csv', 'stream:s.jsonl']);
  });

  it('stops before the first accepted record past an instant', async () => {
    const root = folder();
    put(root, 'a.jsonl', lines(event(0, 1), event(60, 2), event(30, 3), event(61, 4), event(40, 5)));
    const source = program(sourceSpec());
    const seen = await read(source, { root, history: 'a.jsonl', untilMicros: T0 + 60 * SECOND });
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'accepted']);
    const rest = await read(source, { root, history: 'a.jsonl', resumeFrom: seen.saved });
    expect(rest.verdicts).toEqual(['accepted', 'accepted']);
  });

  it('reads `order: none` sorted, where nothing is late and the first of two wins', async () => {
    const root = folder();
    const rows = [
      [500, 1, 'c'],
      [0, 2, 'b'],
      [500, 1, 'a'],
      [0, 1, 'd'],
    ] as const;
    put(root, 'a.csv', `ts,id,p\n${rows.map(([s, id, p]) => `${isoAt(T0 + s * SECOND)},${id},${p}`).join('\n')}\n`);
    const seen = await read(program(sourceSpec()), { root, history: 'a.csv' });
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'accepted', 'duplicate']);
    expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[])[3])).toEqual(['d', 'b', 'c']);
  });

  it('an idle partition leaves the line, and its late events are measured against it', async () => {
    const { openLog } = await import('../../runtime/log/source-log.ts');
    const { openPhase } = await import('../../runtime/sources/open-source.ts');
    const { FixedClock } = await import('../../runtime/time/clock.ts');
    const { Readable } = await import('node:stream');
    const stdin = new Readable({ read: () => undefined });
    const clock = new FixedClock(T0);
    const spec = sourceSpec({ partitionColumn: 3 });
    const options = { name: 'stream', location: '-', order: null, root: '/', stdin, signal: null } as const;
    const log = await openLog(program(spec), { phases: [openPhase(spec, options)], resumeFrom: null, clock });
    const feed = async (...texts: string[]) => {
      stdin.push(Buffer.from(lines(...texts)));
      const batch = await log.next();
      if (batch === null) throw new Error('ended');
      return {
        line: batch.settleLineMicros,
        idle: batch.idle,
        verdicts: [...batch.verdicts.subarray(0, batch.batch.length)],
      };
    };
    const lag = LATENESS + 5 * SECOND;
    expect((await feed(event(0, 1, { p: 'a' }), event(0, 2, { p: 'b' }))).line).toBe(T0 - lag);
    clock.advance(30 * SECOND);
    expect((await feed(event(30, 3, { p: 'a' }))).line).toBe(T0 - lag);
    clock.advance(50 * SECOND);
    expect((await feed(event(80, 4, { p: 'a' }))).idle).toEqual([]);
    clock.advance(600 * SECOND);
    const third = await feed(event(680, 5, { p: 'a' }));
    expect(third.idle).toContain('"b"');
    expect(third.line).toBe(T0 + 680 * SECOND - lag);
    // b speaks again: older than the line is late, though not by its own newest.
    expect((await feed(event(680 - 305.000001, 6, { p: 'b' }), event(680 - 305, 7, { p: 'b' }))).verdicts).toEqual([
      5, 0,
    ]);
    await log.close();
  });

  it('a key over 512 bytes is malformed, one of 512 is not', async () => {
    const root = folder();
    const texts = ['x'.repeat(510), 'x'.repeat(511), 'ü'.repeat(255), '€'.repeat(170), '€'.repeat(171), null];
    put(root, 'a.jsonl', lines(...texts.map((p, i) => event(i, i, { p })), event(9, 9, { p: 'x'.repeat(508) })));
    const one = await read({ ...program(sourceSpec()), entityKeys: [[3]] }, { root, history: 'a.jsonl' });
    expect(one.verdicts).toEqual([
      'accepted',
      'malformed',
      'accepted',
      'accepted',
      'malformed',
      'accepted',
      'accepted',
    ]);
    expect(one.refused[0]?.reason).toBe('a key is longer than 512 bytes');
    const two = await read({ ...program(sourceSpec()), entityKeys: [[2], [1, 3]] }, { root, history: 'a.jsonl' });
    expect(two.verdicts.slice(-2)).toEqual(['accepted', 'accepted']);
    expect(two.verdicts[0]).toBe('malformed');
  });

  it('a timestamptz event time with an offset is UTC', async () => {
    const spec = {
      columns: [column('ts', { kind: 'timestamptz' }, { nullable: false }), ...sourceSpec().columns.slice(1)],
    };
    expect(await verdictsOf([at(T0, 1), JSON.stringify({ ts: '2024-03-01T14:00:00+02:00', id: 1 })], spec)).toEqual([
      'accepted',
      'duplicate',
    ]);
    expect(TIMESTAMP.kind).toBe('timestamp');
  });
});
