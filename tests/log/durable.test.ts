import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogPosition } from '../../runtime/log/contract.ts';
import { JOURNAL_VERSION, Journal } from '../../runtime/log/journal.ts';
import {
  decodeEntries,
  EntryEncoder,
  type EntryParts,
  type JournalEntry,
  lastJournaled,
} from '../../runtime/log/journal-entry.ts';
import { lockFolder } from '../../runtime/log/lock.ts';
import { type LineFault, RecordLines, textsOf } from '../../runtime/log/record-texts.ts';
import { readSections, type Section, writeSections } from '../../runtime/log/snapshot-file.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { grownPosition } from '../../runtime/values/positions.ts';
import { folder } from './helpers.ts';

async function faultOf(action: () => unknown): Promise<FscError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof FscError) return error;
    throw error;
  }
  throw new Error('no fault');
}

/** As the first of its journal. */
function encodeEntry(batch: EntryParts): readonly Uint8Array[] {
  return new EntryEncoder(null).encode(batch, 1, true);
}

function decodeEntry(payload: Buffer, path = 'journal'): JournalEntry {
  return decodeEntries([{ sequence: 1, payload }], 0, path).entries[0]!;
}

function flip(path: string, bit: number): void {
  const bytes = readFileSync(path);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  writeFileSync(path, bytes);
}

describe('snapshot files', () => {
  const sections = new Map<string, Section>([
    ['empty', new Float64Array(0)],
    ['times', Float64Array.from([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300])],
    ['codes', Int32Array.from([1, -2, 3])],
    ['words', Uint32Array.from([4294967295])],
    ['bytes', Uint8Array.from([1, 2, 3, 4, 5])],
    ['text', '{"a":"日本 𝒳"}'],
    ['nothing', ''],
  ]);

  it('give back what was written', async () => {
    const path = join(folder(), 'deep', 'a.snapshot');
    await writeSections(path, sections);
    expect(await readSections(path)).toEqual(sections);
    expect(readdirSync(join(path, '..'))).toEqual(['a.snapshot']);
  });

  it('write views of larger buffers as what they show', async () => {
    const path = join(folder(), 'a');
    const whole = Float64Array.from([1, 2, 3, 4]);
    await writeSections(path, new Map([['view', whole.subarray(1, 3)]]));
    expect(await readSections(path)).toEqual(new Map([['view', Float64Array.from([2, 3])]]));
  });

  it('are null where there are none', async () => {
    expect(await readSections(join(folder(), 'none'))).toBeNull();
  });

  it('tell of any flipped bit that counts', async () => {
    const path = join(folder(), 'a');
    await writeSections(path, sections);
    const whole = readFileSync(path);
    for (let bit = 0; bit < whole.length * 8; bit += 7) {
      flip(path, bit);
      const read = await readSections(path).catch((error: unknown) => error);
      // Padding between sections is no value.
      if (read instanceof Map) expect(read).toEqual(sections);
      else expect(read).toMatchObject({ exitCode: 1 });
      writeFileSync(path, whole);
    }
  });

  it('tell of any missing end', async () => {
    const path = join(folder(), 'a');
    await writeSections(path, sections);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length - 16; length += 3) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await faultOf(() => readSections(path))).toMatchObject({ code: 'FSC7113', exitCode: 1 });
    }
  });
});

describe('the journal', () => {
  const payloads = ['{"a":1}', '', 'x'.repeat(5000), 'ü'].map((text) => Buffer.from(text));

  async function written(path: string): Promise<Buffer> {
    const { journal } = await Journal.open(path);
    for (const payload of payloads) await journal.append(payload);
    await journal.close();
    return readFileSync(path);
  }

  it('gives back its frames and goes on after them', async () => {
    const path = join(folder(), 'sub', 'journal');
    await written(path);
    const again = await Journal.open(path);
    expect(again.frames.map((frame) => frame.payload.toString())).toEqual(payloads.map(String));
    expect(again.frames.map((frame) => frame.sequence)).toEqual([1, 2, 3, 4]);
    expect(await again.journal.append(Buffer.from('next'))).toBe(5);
    await again.journal.clear();
    expect(await again.journal.append(Buffer.from('after'))).toBe(6);
    await again.journal.close();
    const last = await Journal.open(path);
    expect(last.frames.map((frame) => [frame.sequence, frame.payload.toString()])).toEqual([[6, 'after']]);
    await last.journal.close();
  });

  it('goes on from the sequence of a snapshot that outlived its frames', async () => {
    const { journal } = await Journal.open(join(folder(), 'journal'), 41);
    expect(await journal.append(Buffer.from('a'))).toBe(42);
    await journal.close();
  });

  it('cuts a tail torn at any byte, and keeps all frames before it', async () => {
    const path = join(folder(), 'journal');
    const whole = await written(path);
    const ends = [16];
    for (const payload of payloads) ends.push(ends.at(-1)! + payload.length + 21);
    expect(whole.length).toBe(ends.at(-1));
    const cuts = [...Array(120).keys(), ...ends, ...ends.map((end) => end - 1), ...ends.map((end) => end + 1)];
    for (const cut of cuts.filter((at) => at <= whole.length)) {
      for (const zeros of [0, 7]) {
        writeFileSync(path, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(zeros)]));
        const { journal, frames } = await Journal.open(path);
        const kept = ends.filter((end) => end <= cut).length - 1;
        expect(frames.length, `cut at ${cut}, ${zeros} zeros`).toBe(Math.max(0, kept));
        await journal.append(Buffer.from('new'));
        await journal.close();
        const again = await Journal.open(path);
        expect(again.frames.at(-1)?.payload.toString()).toBe('new');
        await again.journal.close();
      }
    }
  });

  it('tells of every flipped bit', async () => {
    const path = join(folder(), 'journal');
    const whole = await written(path);
    const bits = [...Array(110 * 8).keys(), ...Array.from({ length: 300 }, (_, i) => (whole.length - 1) * 8 - i)];
    for (const bit of bits) {
      flip(path, bit);
      const fault = await faultOf(() => Journal.open(path));
      expect(['FSC7111', 'FSC7112']).toContain(fault.code);
      expect(fault.exitCode).toBe(1);
      // Nothing is changed by the look.
      expect(readFileSync(path).length).toBe(whole.length);
      writeFileSync(path, whole);
    }
  }, 30_000);

  it('refuses the format of a newer fsc and leaves it as it is', async () => {
    const path = join(folder(), 'journal');
    await written(path);
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(JOURNAL_VERSION + 1, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    writeFileSync(path, bytes);
    expect(await faultOf(() => Journal.open(path))).toMatchObject({ code: 'FSC7112', exitCode: 1 });
    expect(readFileSync(path)).toEqual(bytes);
  });

  /** As version 1 wrote them: its only payloads are JSON. */
  it('reads the frames of version 1, and is no file of version 1 any more', async () => {
    const path = join(folder(), 'journal');
    await written(path);
    const old = readFileSync(path);
    old.writeUInt32LE(1, 8);
    old.writeUInt32LE(crc32(old.subarray(0, 12)), 12);
    writeFileSync(path, old);
    const { journal, frames } = await Journal.open(path);
    expect(frames.map((frame) => frame.payload.toString())).toEqual(payloads.map(String));
    expect(readFileSync(path).readUInt32LE(8)).toBe(JOURNAL_VERSION);
    await journal.append(Buffer.from('new'));
    await journal.close();
    const again = await Journal.open(path);
    expect(again.frames.map((frame) => frame.payload.toString())).toEqual([...payloads.map(String), 'new']);
    await again.journal.close();
  });

  it('reads entries of version 1', () => {
    const position = { partitions: { 'stream:-': { offset: 2 } } };
    const records = ['{"a":1}', '\u0000invalid UTF-8\u0000{"a":"\ufffd"}'];
    const entry = { position, idle: ['x'], records, knownTimes: [1e15, 1e15 + 1], malformed: [1] };
    expect(decodeEntry(Buffer.from(JSON.stringify(entry)))).toEqual(entry);
  });

  const lineTexts = fc.array(fc.string({ unit: 'binary' }).map((text) => text.toWellFormed().replaceAll('\n', ' ')));

  function batchOf(texts: readonly string[], knownTimes: readonly number[]) {
    const bytes = Buffer.from(`before\n${texts.map((text) => `${text}\r\n`).join('')}after`);
    const ends = new Int32Array(texts.length + 3);
    const starts = new Int32Array(texts.length + 3);
    const faults = new Map<number, LineFault>();
    let at = 7;
    texts.forEach((text, row) => {
      const length = Buffer.byteLength(text);
      if (row % 5 === 3) faults.set(row, { reason: 'invalid UTF-8', text });
      else [starts[row], ends[row]] = [at, at + length];
      at += length + 2;
    });
    return {
      position: { partitions: { 'stream:-': { offset: texts.length } } },
      idle: ['a'],
      records: new RecordLines(bytes, starts, ends, texts.length, faults),
      knownTimeMicros: Float64Array.from([...knownTimes, 1, 2]),
      verdicts: Uint8Array.from(texts, (_, i) => i % 3),
    };
  }

  it('keeps lines byte by byte, with their faults', () => {
    fc.assert(
      fc.property(lineTexts, fc.boolean(), (texts, isOneTime) => {
        const times = texts.map((_, i) => (isOneTime ? 1e15 : 1e15 + i));
        const batch = batchOf(texts, times);
        const entry = decodeEntry(Buffer.concat(encodeEntry(batch)));
        const { records } = entry;
        if (!(records instanceof RecordLines)) throw new Error('no lines');
        expect(Array.from(texts, (_, row) => records.text(row))).toEqual(texts);
        expect(textsOf(records)).toEqual(textsOf(batch.records));
        expect([...records.faults]).toEqual([...batch.records.faults]);
        expect(Array.from(entry.knownTimes ?? [])).toEqual(times);
        expect([entry.position, entry.idle]).toEqual([batch.position, batch.idle]);
        expect(entry.malformed).toEqual(texts.flatMap((_, i) => (i % 3 === 1 ? [i] : [])));
      }),
      { numRuns: 100 },
    );
  });

  it('tells positions of many files once, and then what moved since', async () => {
    const path = join(folder(), 'journal');
    let { journal } = await Journal.open(path);
    let encoder = new EntryEncoder(null);
    const files = (count: number): LogPosition['partitions'] =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`history:${i}.csv`, { offset: i }]));
    const done = files(1000);
    const stdin = (offset: number) => ({ 'stream:-': { offset } });
    const positions: readonly LogPosition[] = [
      { partitions: { ...done, ...stdin(1) } },
      { partitions: { ...done, ...stdin(2) } },
      grownPosition(done, stdin(3)),
      grownPosition(done, { ...stdin(4), 'history:7.csv': { offset: 9 } }),
      { partitions: { ...files(1000), ...stdin(5) } },
      grownPosition(done, stdin(6)),
      { partitions: files(2) },
      { partitions: { ...files(2), ...stdin(8) } },
    ];
    const append = async (position: LogPosition, records: RecordLines | null): Promise<number> => {
      const before = journal.bytes;
      const batch = { ...batchOf(['one'], [1e15]), position, records };
      await journal.append(...encoder.encode(batch, journal.sequence + 1, journal.isEmpty));
      return journal.bytes - before;
    };
    const sizes: number[] = [];
    for (const [i, position] of positions.entries()) {
      sizes.push(await append(position, i % 2 === 0 ? batchOf(['one'], [1e15]).records : null));
      expect(lastJournaled(path)).toEqual(position);
      await journal.close();
      const again = await Journal.open(path);
      const { entries, whole } = decodeEntries(again.frames, 0, path);
      expect(entries.map((entry) => entry.position)).toEqual(positions.slice(0, i + 1));
      expect(decodeEntries(again.frames, i, path).entries.map((entry) => entry.position)).toEqual([position]);
      journal = again.journal;
      if (i === 2) encoder = new EntryEncoder(whole);
    }
    // Those of a run that goes on, and files read again, are other objects; the seventh lacks what the sixth tells.
    const isWhole = sizes.map((size) => size > 10_000);
    expect(isWhole).toEqual([true, false, false, true, true, true, false, false]);
    await journal.clear();
    expect(lastJournaled(path)).toBeNull();
    expect(await append(positions[5]!, null)).toBeGreaterThan(10_000);
    expect(lastJournaled(path)).toEqual(positions[5]);
    await journal.close();
  });

  it('takes no frame that goes on from one that is not there', () => {
    const encoder = new EntryEncoder({ sequence: 1, position: { partitions: {} } });
    for (const records of [null, batchOf(['one'], [1]).records]) {
      const payload = Buffer.concat(encoder.encode({ ...batchOf(['one'], [1]), records }, 2, false));
      expect(() => decodeEntry(payload)).toThrow(/the journal journal is corrupt/);
      const other = Buffer.concat(encodeEntry(batchOf(['one'], [1])));
      const frames = [other, payload].map((bytes, i) => ({ sequence: i + 2, payload: bytes }));
      expect(() => decodeEntries(frames, 0, 'journal')).toThrow(/the journal journal is corrupt/);
    }
  });

  it('keeps of a batch that was cut short what it was cut to', () => {
    const batch = batchOf(['one', 'two', 'three', 'four', 'five'], [1, 2, 3, 4, 5]);
    const cut = { ...batch, records: batch.records.first(2) };
    const entry = decodeEntry(Buffer.concat(encodeEntry(cut)));
    expect(textsOf(entry.records ?? [])).toEqual(['one', 'two']);
    expect([...(entry.records as RecordLines).faults]).toEqual([]);
    expect((entry.records as RecordLines).bytes.toString()).toBe('one\r\ntwo');
  });

  it('takes no payload for lines that are not where it says', () => {
    const payload = Buffer.concat(encodeEntry(batchOf(['one', 'two'], [1, 2])));
    const places = 8 + payload.readUInt32LE(4);
    const spoilt: Buffer[] = [0, 4, 8, payload.length - 3].map((length) => payload.subarray(0, length));
    for (const [at, value] of [
      [places, -1],
      [places, 100],
      [places + 4, 1 << 30],
      [places + 12, 1 << 30],
      [4, 1 << 30],
      [4, 3],
      [0, 3],
    ] as const) {
      const bytes = Buffer.from(payload);
      bytes.writeInt32LE(value, at);
      spoilt.push(bytes);
    }
    for (const bytes of spoilt) expect(() => decodeEntry(bytes)).toThrow(/the journal journal is corrupt/);
  });

  it('tells where it ends without being opened for writing, however many frames it has and wherever it is torn', async () => {
    const path = join(folder(), 'journal');
    const offsetOf = (): number | undefined => lastJournaled(path)?.partitions['stream:-']?.offset;
    expect(offsetOf()).toBeUndefined();
    const { journal } = await Journal.open(path);
    expect(offsetOf()).toBeUndefined();
    const ends: number[] = [];
    const texts: string[] = [];
    for (let i = 1; i <= 60; i += 1) {
      texts.push('x'.repeat(i % 10 === 0 ? 80_000 : 40 * i));
      const batch = { ...batchOf(texts.slice(-1), [1e15]), position: { partitions: { 'stream:-': { offset: i } } } };
      const json = { position: batch.position, idle: [], records: null, knownTimes: null, malformed: [] };
      await journal.append(...(i % 7 === 0 ? [Buffer.from(JSON.stringify(json))] : encodeEntry(batch)));
      ends.push(journal.bytes);
      expect(offsetOf()).toBe(i);
    }
    const whole = readFileSync(path);
    for (let cut = 16; cut < whole.length; cut += 997) {
      writeFileSync(path, whole.subarray(0, cut));
      const frames = ends.filter((end) => end <= cut).length;
      expect([cut, offsetOf()]).toEqual([cut, frames === 0 ? undefined : frames]);
    }
    // Space that was given to the file and never written.
    writeFileSync(path, Buffer.concat([whole.subarray(0, ends[2]), Buffer.alloc(5000)]));
    expect(offsetOf()).toBe(3);
    await journal.clear();
    expect(offsetOf()).toBeUndefined();
    await journal.close();
  });

  it('of lines is cut where it is torn, and tells of flipped bits', async () => {
    const path = join(folder(), 'journal');
    const { journal } = await Journal.open(path);
    const texts = ['{"a":1}', '', 'ü€😀', '{"b":2}', '{"c":3}'];
    for (let i = 0; i < 3; i += 1) await journal.append(...encodeEntry(batchOf(texts, [1e15, 1e15, 1e15, 1e15, 1e15])));
    await journal.close();
    const whole = readFileSync(path);
    const size = (whole.length - 16) / 3;
    for (let cut = 16; cut < whole.length; cut += 11) {
      writeFileSync(path, whole.subarray(0, cut));
      const again = await Journal.open(path);
      expect(again.frames.length).toBe(Math.floor((cut - 16) / size));
      for (const frame of again.frames) {
        const { records } = decodeEntry(frame.payload, path);
        expect(textsOf(records ?? [])).toEqual([...texts.slice(0, 3), '\u0000invalid UTF-8\u0000{"b":2}', '{"c":3}']);
      }
      await again.journal.close();
    }
    for (let bit = 16 * 8; bit < whole.length * 8; bit += 67) {
      writeFileSync(path, whole);
      flip(path, bit);
      expect((await faultOf(() => Journal.open(path))).code).toBe('FSC7111');
    }
  }, 30_000);

  it('keeps records letter by letter', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (records) => {
        const batch = {
          position: { partitions: { 'stream:-': { offset: records.length } } },
          idle: ['a'],
          records,
          knownTimeMicros: Float64Array.from(records, (_, i) => i * 1e6),
          verdicts: Uint8Array.from(records, (_, i) => i % 3),
        };
        const entry = decodeEntry(Buffer.concat(encodeEntry(batch)));
        expect(entry.records).toEqual(records);
        expect(entry.knownTimes).toEqual([...batch.knownTimeMicros]);
        expect(entry.malformed).toEqual(records.flatMap((_, i) => (i % 3 === 1 ? [i] : [])));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the lock of a folder', () => {
  const holder = (pid: number, started: string | null = null, host = hostname(), space: string | null = null) =>
    JSON.stringify({ pid, host, space, started });

  it('is held once and free again after release', async () => {
    const path = join(folder(), 'state');
    const lock = lockFolder(path);
    expect(await faultOf(() => lockFolder(path))).toMatchObject({ code: 'FSC7114', exitCode: 3 });
    lock.release();
    lock.release();
    expect(existsSync(join(path, 'lock'))).toBe(false);
    lockFolder(path).release();
  });

  it('of a living process stops the run', async () => {
    const path = folder();
    writeFileSync(join(path, 'lock'), holder(process.ppid));
    const fault = await faultOf(() => lockFolder(path));
    expect(fault).toMatchObject({ code: 'FSC7114', exitCode: 3 });
    expect(fault.why).toContain(String(process.ppid));
  });

  it.each([
    ['a process that is gone', () => holder(4_000_000)],
    ['another process of the same number', () => holder(process.ppid, 'long ago')],
    ['an earlier process with our own number', () => holder(process.pid, '1')],
  ])('of %s is taken over', (_, content) => {
    const path = folder();
    writeFileSync(join(path, 'lock'), content());
    const lock = lockFolder(path);
    expect(JSON.parse(readFileSync(join(path, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
  });

  it.each([
    ['another host', holder(1, null, 'elsewhere')],
    ['another container with the name of this host', holder(process.pid, '1', hostname(), 'pid:[1]')],
  ])('of %s counts while it beats', async (_, content) => {
    const path = folder();
    writeFileSync(join(path, 'lock'), content);
    expect(await faultOf(() => lockFolder(path))).toMatchObject({
      exitCode: 3,
      help: 'wait for it to end or stop it, and run again; if it was killed, in a minute',
    });
    const { utimesSync } = await import('node:fs');
    utimesSync(join(path, 'lock'), 1, 1);
    lockFolder(path).release();
  });

  it('names a folder that cannot be made', async () => {
    const path = join(folder(), 'file');
    writeFileSync(path, '');
    expect(await faultOf(() => lockFolder(join(path, 'state')))).toMatchObject({ code: 'FSC7115', exitCode: 3 });
  });

  it('leaves a half-written lock alone at first', async () => {
    const path = folder();
    mkdirSync(path, { recursive: true });
    appendFileSync(join(path, 'lock'), '{');
    truncateSync(join(path, 'lock'), 1);
    expect(await faultOf(() => lockFolder(path))).toMatchObject({ code: 'FSC7114', exitCode: 3 });
  });
});
