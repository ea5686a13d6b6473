import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { LogBatch, LogPosition, SourceProgram } from '../../runtime/log/contract.ts';
import type { JournalEntry } from '../../runtime/log/journal-entry.ts';
import { Retries, readRetries, requestRetries, retriedAt, retriesPath } from '../../runtime/log/retries.ts';
import { openLog, type RefusedRecord, type SavedLog } from '../../runtime/log/source-log.ts';
import { openPhase } from '../../runtime/sources/open-source.ts';
import { retryText } from '../../runtime/sources/retry-text.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import {
  acceptedRows,
  BIGINT,
  column,
  event,
  folder,
  JournalInMemory,
  lines,
  MINUTE,
  program,
  put,
  SECOND,
  sourceSpec,
  T0,
  TEXT,
  TIMESTAMP,
} from './helpers.ts';

const source = program(sourceSpec());
const request = (id: string, text: string) => ({ id, text });

function readAll(root: string, name: string) {
  const { count, ...rest } = readRetries(root, name);
  const texts = retriesOf(root, name, null, []).from(0, count + 1);
  expect(texts).toHaveLength(count);
  return { texts, ...rest };
}

describe('the file of retries', () => {
  it('gives what was asked for, each once, and how many were taken', () => {
    const root = folder();
    expect(readAll(root, 'a/b')).toEqual({ texts: [], taken: 0, numbers: new Map() });
    const first = [request('-:1', 'x\u2028"\n'), request('-:2', '{}')];
    expect(requestRetries(root, 'a/b', first)).toEqual(first);
    expect(requestRetries(root, 'a/b', [...first, request('-:3', '')])).toEqual([request('-:3', '')]);
    const numbers = new Map([...first, request('-:3', '')].map(({ id }, i) => [id, i]));
    expect(readAll(root, 'a/b')).toEqual({ texts: ['x\u2028"\n', '{}', ''], taken: 0, numbers });
    const retries = retriesOf(root, 'a/b', null, []);
    expect([retries.from(1, 9), retries.from(1, 1), retries.from(2, 1)]).toEqual([['{}', ''], ['{}'], ['']]);
    expect([retries.from(0, 2), retries.from(2, 2), retries.from(3, 2)]).toEqual([['x\u2028"\n', '{}'], [''], []]);
    retries.note({ partitions: { 'stream:-': { offset: 9, retried: 2 } } });
    retries.note({ partitions: { 'stream:-': { offset: 10, retried: 2 } } });
    expect(readRetries(root, 'a/b').taken).toBe(2);
    expect(readFileSync(retriesPath(root, 'a/b'), 'utf8').split('\n')).toHaveLength(5);
  });

  it('passes over half a line of a crash, and refuses what fsc did not write', () => {
    const root = folder();
    requestRetries(root, 's', [request('-:1', 'a')]);
    const path = retriesPath(root, 's');
    appendFileSync(path, '01234567 {"v":1,"id');
    expect(readAll(root, 's').texts).toHaveLength(1);
    requestRetries(root, 's', [request('-:2', 'b')]);
    expect(readAll(root, 's').texts).toEqual(['a', 'b']);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('"a"', '"A"'));
    expect(() => readRetries(root, 's')).toThrow(expect.objectContaining({ code: 'FSC7118', exitCode: 1 }));
  });

  it('tells of every flipped bit but those of its last newline, without which a line is half one', () => {
    const root = folder();
    requestRetries(root, 's', [request('-:1', '{"id": 1}'), request('-:2', '{"id": 2}')]);
    const path = retriesPath(root, 's');
    const whole = readFileSync(path);
    for (let bit = 0; bit < 8 * (whole.length - 1); bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      writeFileSync(path, damaged);
      expect(() => readRetries(root, 's'), `bit ${bit}`).toThrow(expect.objectContaining({ code: 'FSC7118' }));
    }
  });
});

function retriesOf(
  root: string,
  name: string,
  position: LogPosition | null,
  frames: readonly JournalEntry[],
  takesNew = true,
): Retries {
  const clock = new FixedClock(T0 + 60 * MINUTE);
  const more = { takesNew, dropsWaiting: false, clock };
  return new Retries({ folder: root, source: name, phase: 'stream', position, frames, ...more });
}

interface Outcome {
  /** Accepted records in log order, `R` before retried ones; with their known times after T0. */
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  readonly positions: readonly LogPosition[];
  readonly frames: readonly JournalEntry[];
  readonly saved: SavedLog | null;
}

interface RunOptions {
  readonly root: string;
  readonly location: string;
  readonly stdin?: string;
  readonly saved?: SavedLog | null;
  readonly frames?: readonly JournalEntry[];
  readonly stopAfter?: number;
  readonly batchRows?: number;
  readonly takesNew?: boolean;
  readonly source?: SourceProgram;
}

/** What a run does with its log: reads, journals, marks. */
async function run(options: RunOptions): Promise<Outcome> {
  const {
    root,
    location,
    stdin = '',
    saved = null,
    frames = [],
    stopAfter = Infinity,
    batchRows = 4,
    takesNew,
  } = options;
  const own = options.source ?? source;
  const retries = retriesOf(join(root, 'retries'), 'events', saved?.position ?? null, frames, takesNew);
  const refused: RefusedRecord[] = [];
  const phase = openPhase(own.spec, {
    name: 'stream',
    location,
    order: null,
    root,
    stdin: Readable.from([Buffer.from(stdin)]),
    signal: null,
    journaled: location === '-' ? frames : [],
    retries,
  });
  const log = await openLog(own, {
    phases: [phase],
    resumeFrom: saved,
    clock: new FixedClock(T0 + 60 * MINUTE),
    refused: { add: (record) => refused.push(record), flush: () => undefined },
    batchRows,
  });
  const accepted: string[] = [];
  const positions: LogPosition[] = [];
  const journal = new JournalInMemory();
  const written: JournalEntry[] = [];
  let last: SavedLog | null = saved;
  let before = retriedAt(saved?.position ?? null);
  for (let batch = await log.next(), i = 0; batch !== null && i < stopAfter; batch = await log.next(), i += 1) {
    const isRetried = retriedAt(batch.position) > before;
    before = retriedAt(batch.position);
    accepted.push(...describeAccepted(own, batch, isRetried));
    positions.push(batch.position);
    written.push(journal.add(batch));
    retries.note(batch.position);
    last = { position: batch.position, image: structuredClone(log.snapshot()) };
  }
  await log.close();
  const places = refused.map(({ verdict, place }) => `${verdict} ${place.partition}:${place.offset}`);
  return { accepted, refused: places, positions, frames: written, saved: last };
}

function describeAccepted(own: SourceProgram, batch: LogBatch, isRetried: boolean): string[] {
  return acceptedRows(own, batch).map((row, i) => {
    const known = batch.knownTimeMicros[batch.accepted[i]!]! - T0;
    return `${isRetried ? 'R ' : ''}${JSON.parse(row)[1]} known ${known / SECOND}`;
  });
}

describe('retries of a source on stdin', () => {
  const ahead = event(30 * 60, 7);

  it('go in before what stdin has, as records of stdin, once', async () => {
    const root = folder();
    requestRetries(join(root, 'retries'), 'events', [request('-:0', ahead), request('-:1', '{broken')]);
    const first = await run({ root, location: '-', stdin: lines(event(29 * 60, 1)) });
    expect(first.accepted).toEqual(['R 7 known 3600', '1 known 3600']);
    expect(first.refused).toEqual(['malformed -:1']);
    expect(first.positions.at(-1)?.partitions['stream:-']).toEqual({ offset: 3, retried: 2 });
    expect(readRetries(join(root, 'retries'), 'events').taken).toBe(2);
    const second = await run({ root, location: '-', stdin: lines(event(31 * 60, 2)), saved: first.saved });
    expect(second.accepted).toEqual(['2 known 3600']);
  });

  it('are journaled with their texts, and a restart takes them in once, whatever it found of the mark', async () => {
    const root = folder();
    requestRetries(join(root, 'retries'), 'events', [request('-:0', ahead)]);
    const crashed = await run({ root, location: '-', stdin: lines(event(0, 1), event(1, 2)), stopAfter: 1 });
    expect(crashed.frames[0]?.records).toEqual([ahead]);
    writeFileSync(retriesPath(join(root, 'retries'), 'events'), '');
    requestRetries(join(root, 'retries'), 'events', [request('-:0', ahead), request('-:9', event(31 * 60, 9))]);
    const again = await run({ root, location: '-', stdin: lines(event(32 * 60, 2)), frames: crashed.frames });
    expect(again.accepted).toEqual(['R 7 known 3600', 'R 9 known 3600', '2 known 3600']);
    expect(again.positions.at(-1)?.partitions['stream:-']).toEqual({ offset: 3, retried: 2 });
  });

  it('wait where a run takes none in', async () => {
    const root = folder();
    requestRetries(join(root, 'retries'), 'events', [request('-:0', ahead)]);
    const first = await run({ root, location: '-', stdin: lines(event(0, 1)), takesNew: false });
    expect(first.accepted).toEqual(['1 known 3600']);
    expect(readRetries(join(root, 'retries'), 'events').taken).toBe(0);
    const second = await run({ root, location: '-', saved: first.saved });
    expect(second.accepted).toEqual(['R 7 known 3600']);
  });
});

describe.each(['a.jsonl', 'a.csv'])('retries of a source in %s', (location) => {
  const seconds = [0, 60, 120, 180, 240, 300, 360, 420, 480, 540];
  const records = (from: number, to: number): string =>
    location.endsWith('.csv')
      ? lines(
          'ts,id',
          ...seconds
            .slice(from, to)
            .map((at, i) => `2024-03-01T12:${String(at / 60).padStart(2, '0')}:00Z,${from + i}`),
        )
      : lines(...seconds.slice(from, to).map((at, i) => event(at, from + i)));

  it('are judged again where the files were read to, as live records', async () => {
    const root = folder();
    put(root, location, records(0, 10));
    const first = await run({ root, location });
    const wanted = [event(-3600, 77), event(500, 78), event(7200, 79), '{', event(0, 0)];
    requestRetries(
      join(root, 'retries'),
      'events',
      wanted.map((text, i) => request(`x:${i}`, text)),
    );
    const second = await run({ root, location, saved: first.saved });
    // Newest is 540 s: -3600 is late, 0 is late too; 7200 s is ahead of the clock; 500 is new.
    expect(second.accepted).toEqual(['R 78 known 3600']);
    expect(second.refused).toEqual(['late retries:0', 'ahead retries:2', 'malformed retries:3', 'late retries:4']);
    expect(retriedAt(second.saved?.position ?? null)).toBe(5);
    const third = await run({ root, location, saved: second.saved });
    expect(third.accepted).toEqual([]);
  });

  it('stand at the same place after a crash, however batches are cut', async () => {
    const root = folder();
    put(root, location, records(0, 10));
    const start = await run({ root, location, stopAfter: 1, batchRows: 3 });
    requestRetries(join(root, 'retries'), 'events', [request('x:0', event(100, 70)), request('x:1', event(130, 71))]);
    // From the snapshot after 3 records: retries, then files; cut off, more asked for, and again.
    const crashed = await run({ root, location, saved: start.saved, stopAfter: 3, batchRows: 2 });
    expect(crashed.accepted.slice(0, 3)).toEqual(['R 70 known 3600', 'R 71 known 3600', '3 known 180']);
    requestRetries(join(root, 'retries'), 'events', [request('x:2', event(350, 72))]);
    const whole = await run({ root, location, saved: start.saved, frames: crashed.frames, batchRows: 16 });
    expect(whole.accepted.slice(0, crashed.accepted.length)).toEqual(crashed.accepted);
    expect(whole.accepted).toContain('R 72 known 3600');
    expect(whole.accepted.filter((text) => !text.startsWith('R')).map((text) => text.split(' ')[0])).toEqual([
      ...['3', '4', '5', '6', '7', '8', '9'],
    ]);
    const after = await run({ root, location, saved: whole.saved });
    expect(after.accepted).toEqual([]);
    expect(readRetries(join(root, 'retries'), 'events').taken).toBe(3);
  });

  it('cut a batch in two where they were taken in', async () => {
    const root = folder();
    put(root, location, records(0, 10));
    // Frames of a run that read 4 records, then took one retry in, then read on; its snapshot is of the beginning.
    requestRetries(join(root, 'retries'), 'events', [request('x:0', event(150, 70))]);
    const four = await run({ root, location, stopAfter: 1, batchRows: 4, takesNew: false });
    const rest = await run({ root, location, saved: four.saved, batchRows: 4 });
    expect(rest.accepted[0]).toBe('R 70 known 3600');
    const frames = [...four.frames, ...rest.frames];
    const replayed = await run({ root, location, frames, batchRows: 64 });
    expect(replayed.accepted).toEqual([...four.accepted, ...rest.accepted]);
    expect(replayed.positions.at(-1)).toEqual(rest.positions.at(-1));
  });
});

describe('a refused record as a JSON line', () => {
  const spec = sourceSpec({
    columns: [
      column('ts', TIMESTAMP, { nullable: false, path: ['meta', 'at'], epochUnit: 'epoch_ms' }),
      column('id', BIGINT, { nullable: false, path: ['user id'] }),
      column('v', { kind: 'decimal', precision: 12, scale: 2 }),
      column('p', TEXT, { path: ['a', 'b'] }),
    ],
  });
  const lineOf = (text: string, partition: string, header: readonly string[] | null = null, reason = 'x') => {
    const result = retryText(
      spec,
      { verdict: 'late', reason, place: { partition, offset: 0 }, knownTimeMicros: null, text },
      header,
    );
    return result.ok ? result.line : `no: ${result.why}`;
  };

  it('is the text itself where it came as JSON', () => {
    for (const text of ['{"meta":{"at":1},"user id":2,"more":[1]}', '{broken', '[]', '"x"']) {
      expect(lineOf(text, '-')).toBe(text);
      expect(lineOf(text, 'a/b.jsonl.gz')).toBe(text);
    }
  });

  it('has its fields where the declaration looks for them, whatever form it was kept in', () => {
    const flat = '{"meta.at":"2024-03-01T12:00:00.0005Z","user id":9007199254740993,"v":1.50,"a.b":null}';
    const wanted = '{"meta":{"at":1709294400000.500},"user id":9007199254740993,"v":1.50,"a":{"b":null}}';
    for (const name of ['a.csv', 'a.jsonl', 'a.parquet', 'retries']) expect(lineOf(flat, name)).toBe(wanted);
    expect(lineOf('{"meta.at":1709294400000,"user id":1}', 'a.parquet')).toBe(
      '{"meta":{"at":1709294400000},"user id":1}',
    );
  });

  it('reads a CSV record by its header; what is missing is no NULL, and what is wrong stays wrong', () => {
    const header = ['user id', 'meta.at', 'v', 'other'];
    expect(lineOf(' 007 ,0017,"1,5",x', 'a.csv', header)).toBe('{"meta":{"at":17},"user id":7,"v":"1,5"}');
    expect(lineOf(',-5.250,,', 'a.csv.gz', header)).toBe('{"meta":{"at":-5.250},"user id":null,"v":null}');
    expect(lineOf('1,2', 'a.csv', header)).toMatch(/^no: it is no record: 2 fields/);
    expect(lineOf('1,2,3,"', 'a.csv', header)).toMatch(/^no: it is no record/);
    expect(lineOf('1,2,3,4', 'a.csv', null)).toMatch(/^no: .*cannot be read/);
    expect(lineOf('{"a":1}', '-', null, 'invalid UTF-8')).toMatch(/^no: invalid UTF-8/);
  });
});
