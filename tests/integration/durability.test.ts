/** What was consumed is kept: stores that are lost, states that are lost, runs that read elsewhere, files that change (design.md section 6). */
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { archiveExtent, listArchive } from '../../runtime/engines/duckdb/archive-files.ts';
import { listQuarantine } from '../../runtime/log/quarantine-index.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import { random } from '../state/plans.ts';
import { LossyStore } from './lossy-store.ts';
import {
  FEATURES,
  folderWith,
  HOUR,
  lookupOf,
  MORE_FEATURES,
  programOf,
  type RunOptions,
  randomLines,
  refused,
  removeFolders,
  rowsOf,
  run,
  SECOND,
  START_MS,
  textOf,
  values,
} from './project.ts';

afterAll(removeFolders, 60_000);

const program = programOf(FEATURES);
const lines = randomLines(random(3), 200, 600_000, 6);
const tx = (id: number, minute: number, card: string, amount = '5.00'): string =>
  `{"id": ${id}, "paid_at": "${new Date(START_MS + minute * 60_000).toISOString()}", "card": "${card}", "amount": ${amount}}`;

/** Of a state that was never disturbed. */
async function expected(options: Partial<RunOptions>, files: Readonly<Record<string, string>>): Promise<string[]> {
  const store = new MemoryStore();
  await run({ root: folderWith(files), store, program, ...options });
  return values(options.program ?? program, store);
}

async function row(store: MemoryStore | LossyStore, card: string): Promise<unknown> {
  return (await lookupOf(program, store).get('card_v1', [card], null)).row;
}

describe('a store', () => {
  it('that was removed is filled again from the state, though nothing new is to be read', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines) });
    const store = new LossyStore();
    await run({ root, store, program, stream: 'tx.jsonl' });
    const before = await values(program, store);
    store.remove();
    const { rows } = await run({ root, store, program, stream: 'tx.jsonl' });
    expect(rows).toBe(12);
    expect(await values(program, store)).toEqual(before);
    expect((await run({ root, store, program, stream: 'tx.jsonl' })).rows).toBe(0);
  });

  it('that was put back from a backup is brought up to date', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines.slice(0, 100)) });
    const store = new LossyStore();
    await run({ root, store, program, stream: 'tx.jsonl' });
    const backup = store.copy();
    appendFileSync(join(root, 'tx.jsonl'), textOf(lines.slice(100)));
    await run({ root, store, program, stream: 'tx.jsonl' });
    const before = await values(program, store);
    await run({ root, store: backup, program, stream: 'tx.jsonl' });
    expect(await values(program, backup)).toEqual(before);
  });

  it('has no rows of entities that a state made anew does not know', async () => {
    const root = folderWith({ 'tx.jsonl': textOf([tx(1, 0, 'a'), tx(2, 1, 'gone'), tx(3, 2, 'b')]) });
    const store = new MemoryStore();
    await run({ root, store, program, stream: 'tx.jsonl' });
    expect(await row(store, 'gone')).not.toBeNull();
    writeFileSync(join(root, 'tx.jsonl'), textOf([tx(1, 0, 'a'), tx(3, 2, 'b')]));
    await expect(run({ root, store, program, stream: 'tx.jsonl' })).rejects.toMatchObject({ code: 'FSC7104' });
    await run({ root, store, program, stream: 'tx.jsonl', isRebuilt: true });
    expect(await row(store, 'gone')).toBeNull();
    expect(await values(program, store)).toEqual(
      await expected({ stream: 'tx.jsonl' }, { 'tx.jsonl': textOf([tx(1, 0, 'a'), tx(3, 2, 'b')]) }),
    );
  });

  it('keeps no pages that no row leads to, however many runs there were', async () => {
    const busy = (from: number): string =>
      textOf(Array.from({ length: 1500 }, (_, i) => tx(from + i, from + i, 'a', `${1 + (i % 97)}.10`)));
    const root = folderWith({ 'tx.jsonl': busy(0) });
    const store = new LossyStore();
    const sizes: number[] = [];
    for (let i = 1; i <= 6; i++) {
      await run({ root, store, program, stream: 'tx.jsonl', batchRows: 1000 });
      sizes.push(await store.size());
      appendFileSync(join(root, 'tx.jsonl'), busy(i * 1500));
    }
    expect(sizes[0]).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(2 * (sizes[0] as number));
  });
});

describe('a state folder', () => {
  it('that was removed does not cost the archive its records: the run stops, and --rebuild takes them in', async () => {
    const root = folderWith();
    const store = new MemoryStore();
    await run({ root, store, program, stream: '-', stdin: lines.slice(0, 150) });
    const before = await values(program, store);
    const archived = listArchive(join(root, '.fsc/archive'), 'tx').map(({ path }) => readFileSync(path));
    rmSync(join(root, '.fsc/state'), { recursive: true });
    await expect(run({ root, store, program, stream: '-', stdin: lines.slice(150) })).rejects.toMatchObject({
      code: 'FSC7304',
      exitCode: 1,
    });
    expect(listArchive(join(root, '.fsc/archive'), 'tx').map(({ path }) => readFileSync(path))).toEqual(archived);
    await run({ root, store, program, stream: '-', stdin: [], isRebuilt: true });
    expect(await values(program, store)).toEqual(before);
    await run({ root, store, program, stream: '-', stdin: lines.slice(150) });
    expect(rowsOf(await values(program, store))).toEqual(rowsOf(await expected({ stream: '-', stdin: lines }, {})));
  });

  it('whose snapshot is damaged is made anew with --rebuild, from archive and journal', async () => {
    const root = folderWith({ 'old.jsonl': textOf(lines.slice(0, 50)) });
    const store = new MemoryStore();
    const options = { root, store, program, history: 'old.jsonl', stream: '-' };
    await run({ ...options, stdin: lines.slice(50, 100) });
    // Cut off before its snapshot: the journal alone has these.
    await cutOff({ ...options, lines: lines.slice(100, 150) });
    const path = join(root, '.fsc/state/tx.snapshot');
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
    writeFileSync(path, bytes);
    await expect(run({ ...options, stdin: [] })).rejects.toMatchObject({ code: 'FSC7113', exitCode: 1 });
    await run({ ...options, stdin: lines.slice(150), isRebuilt: true });
    const wanted = await expected(
      { history: 'old.jsonl', stream: '-', stdin: lines.slice(50) },
      { 'old.jsonl': textOf(lines.slice(0, 50)) },
    );
    expect(await values(program, store)).toEqual(wanted);
  });

  it('that was cut off before its first snapshot still tells of another declaration, once it has consumed anything', async () => {
    const root = folderWith();
    const store = new MemoryStore();
    const options = { root, store, stream: '-' };
    const redeclared = (from: RegExp, to: string) =>
      programOf({ ...FEATURES, 'features/sources/tx.sql': FEATURES['features/sources/tx.sql']!.replace(from, to) });
    const changes = [redeclared(/@lateness.*/, '@lateness 1 second'), redeclared(/id +bigint/, 'id integer')];
    for (const changed of changes) expect(changed.sources[0]?.spec).not.toEqual(program.sources[0]?.spec);
    const broken = new Readable({
      read() {
        this.destroy(new Error('cut off'));
      },
    });
    await expect(run({ ...options, program: changes[1]!, stdin: broken })).rejects.toThrow('stdin broke off');
    await cutOff({ ...options, program, lines: lines.slice(0, 100) });
    for (const changed of changes)
      await expect(run({ ...options, program: changed, stdin: [] })).rejects.toMatchObject({ code: 'FSC7302' });
    await run({ ...options, program, stdin: lines.slice(100) });
    expect(rowsOf(await values(program, store))).toEqual(rowsOf(await expected({ stream: '-', stdin: lines }, {})));
  });

  it.each([
    ['stdin alone', null, 0],
    ['stdin alone, with records of before', null, 50],
    ['a history that is judged anew before it', 'old.jsonl', 0],
    ['a history that is judged anew before it, and records of before', 'old.jsonl', 50],
  ] as const)('goes on where the first run under another declaration was cut off: %s', async (_, history, before) => {
    const files = { 'old.jsonl': textOf(lines.slice(0, 20)) };
    const locations = { ...(history === null ? {} : { history }), stream: '-' };
    const source = FEATURES['features/sources/tx.sql']!.replace(/@lateness.*/, '@lateness 3 hours');
    const changed = programOf({ ...FEATURES, 'features/sources/tx.sql': source });
    const live = lines.slice(20);
    const [root, store] = [folderWith(files), new MemoryStore()];
    const options = { root, store, ...locations };
    await run({ ...options, program, stdin: live.slice(0, before) });
    let taken = 0;
    const cutting = run({
      ...options,
      program: changed,
      stdin: live.slice(before),
      snapshotIntervalMicros: 1e15,
      onProgress: (_name, { read }) => {
        taken = read - (history === null ? 0 : 20);
        if (taken >= 30) throw new Error('cut off');
      },
    });
    await expect(cutting).rejects.toThrow('cut off');
    expect((await run({ ...options, program: changed, stdin: [] })).rows).toBeGreaterThan(0);
    // Rows of what a run found in the journal are written once.
    expect(await run({ ...options, program: changed, stdin: [] })).toMatchObject({ rows: 0 });
    const [other, undisturbed] = [folderWith(files), new MemoryStore()];
    await run({ root: other, store: undisturbed, ...locations, program, stdin: live.slice(0, before) });
    const rest = live.slice(before, before + taken);
    await run({ root: other, store: undisturbed, ...locations, program: changed, stdin: rest });
    expect(rowsOf(await values(changed, store))).toEqual(rowsOf(await values(changed, undisturbed)));
    // Nor are those of another declaration written twice.
    await run({ ...options, program, stdin: [] });
    expect(await run({ ...options, program, stdin: [] })).toMatchObject({ rows: 0 });
  });

  it('is made anew by the verdicts of before, whatever lateness is declared by then', async () => {
    const root = folderWith();
    const store = new MemoryStore();
    const many = randomLines(random(7), 40_000, 1000, 5);
    const summary = await run({ root, store, program, stream: '-', stdin: many, batchRows: 5000 });
    const before = await values(program, store);
    expect(summary.events.late).toBeGreaterThan(1000);
    const source = FEATURES['features/sources/tx.sql']!;
    for (const lateness of ['1 second', '3 hours']) {
      const changed = programOf({
        ...FEATURES,
        'features/sources/tx.sql': source.replace(/@lateness.*/, `@lateness ${lateness}`),
      });
      const again = await run({ root, store, program: changed, stream: '-', stdin: [], isRebuilt: true });
      expect([lateness, again.events]).toEqual([lateness, summary.events]);
      expect(rowsOf(await values(changed, store))).toEqual(rowsOf(before));
    }
    await run({ root, store, program, stream: '-', stdin: [] });
    expect(rowsOf(await values(program, store))).toEqual(rowsOf(before));
  });

  it('keeps what it has where a run with --rebuild is cut off before its first snapshot', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines) });
    const store = new MemoryStore();
    const options = { root, store, program, stream: 'tx.jsonl' };
    await run(options);
    const before = await values(program, store);
    await cutOff({ ...options, isRebuilt: true });
    await run(options);
    expect(await values(program, store)).toEqual(before);
  });

  it('loses no room to snapshots that were cut off', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines) });
    mkdirSync(join(root, '.fsc/state'), { recursive: true });
    writeFileSync(join(root, '.fsc/state/.tx.snapshot.0b8f.tmp'), 'x'.repeat(1000));
    await run({ root, store: new MemoryStore(), program, stream: 'tx.jsonl' });
    expect(readdirSync(join(root, '.fsc/state')).sort()).toEqual(['tx.journal', 'tx.snapshot']);
  });
});

/** A run that ends in the middle, as if killed: after so many batches everything it asks of the disk fails. */
async function cutOff({ lines: sent, ...options }: RunOptions & { readonly lines?: readonly string[] }): Promise<void> {
  const broken = new Error('cut off');
  let batches = 0;
  const stdin = sent === undefined ? {} : { stdin: sent };
  await expect(
    run({
      ...options,
      ...stdin,
      snapshotIntervalMicros: 1e15,
      onProgress: () => {
        batches += 1;
        if (batches >= (sent === undefined ? 10 : sent.length / 10)) throw broken;
      },
    }),
  ).rejects.toBe(broken);
}

describe('a run that reads elsewhere than one that was cut off', () => {
  it('stops where the journal holds records of stdin that it would leave out', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines.slice(100)) });
    const store = new MemoryStore();
    await cutOff({ root, store, program, stream: '-', lines: lines.slice(0, 100) });
    await expect(run({ root, store, program, stream: 'tx.jsonl' })).rejects.toMatchObject({
      code: 'FSC7305',
      exitCode: 1,
    });
    await expect(run({ root, store, program, stream: 'tx.jsonl', isRebuilt: true })).rejects.toMatchObject({
      code: 'FSC7305',
    });
    await run({ root, store, program, stream: '-', stdin: [] });
    await run({ root, store, program, stream: 'tx.jsonl' });
    expect(rowsOf(await values(program, store))).toEqual(rowsOf(await expected({ stream: '-', stdin: lines }, {})));
  });

  it('stops where it would leave out the rest of a file, and takes nothing off stdin', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines.slice(0, 150)) });
    const store = new MemoryStore();
    await cutOff({ root, store, program, stream: 'tx.jsonl' });
    const stdin = Readable.from([textOf(lines.slice(150))], { objectMode: false });
    await expect(run({ root, store, program, stream: '-', stdin })).rejects.toMatchObject({ code: 'FSC7305' });
    expect(String(stdin.read())).toBe(textOf(lines.slice(150)));
    await run({ root, store, program, stream: 'tx.jsonl' });
    await run({ root, store, program, stream: '-', stdin: lines.slice(150) });
    expect(rowsOf(await values(program, store))).toEqual(
      rowsOf(await expected({ stream: 'tx.jsonl' }, { 'tx.jsonl': textOf(lines) })),
    );
  });

  it('finds files and stdin where it left them, whichever comes in between', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines.slice(0, 50)) });
    const store = new MemoryStore();
    const wanted = await expected({ stream: 'tx.jsonl' }, { 'tx.jsonl': textOf(lines) });
    await run({ root, store, program, stream: 'tx.jsonl' });
    await run({ root, store, program, stream: '-', stdin: lines.slice(50, 100) });
    appendFileSync(join(root, 'tx.jsonl'), textOf(lines.slice(100, 150)));
    expect((await run({ root, store, program, stream: 'tx.jsonl' })).events.read).toBe(50);
    await run({ root, store, program, stream: '-', stdin: lines.slice(150) });
    expect(rowsOf(await values(program, store))).toEqual(rowsOf(wanted));
    expect(archiveExtent(join(root, '.fsc/archive'), 'tx', '-')).toEqual({ end: 100, wholeTo: 100 });
  });
});

describe('a run up to an instant', () => {
  it('tells of what it leaves on stdin, where nobody finds it again', async () => {
    const left: string[] = [];
    const batch = { mode: 'batch', onLeft: (source: string) => left.push(source) } as const;
    const options = { root: folderWith(), store: new MemoryStore(), program, stream: '-', ...batch };
    const sent = [tx(1, 0, 'a'), tx(2, 60, 'a'), tx(3, 120, 'a')];
    const until = (minute: number) => ({ untilMicros: (START_MS + minute * 60_000) * 1000 });
    expect((await run({ ...options, stdin: sent, ...until(90) })).events.accepted).toBe(2);
    expect(left).toEqual(['tx']);
    expect((await run({ ...options, stdin: sent, ...until(130) })).events.accepted).toBe(1);
    expect(left).toEqual(['tx']);
    await run({ ...options, stream: 'tx.jsonl', root: folderWith({ 'tx.jsonl': textOf(sent) }), ...until(90) });
    expect(left).toEqual(['tx']);
  });

  it('says that the state is past it where the journal alone tells so', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines) });
    const store = new MemoryStore();
    await cutOff({ root, store, program, stream: 'tx.jsonl' });
    const before = readFileSync(join(root, '.fsc/state/tx.journal'));
    const batch = { mode: 'batch', untilMicros: START_MS * 1000 + 5 * HOUR } as const;
    await expect(run({ root, store, program, stream: 'tx.jsonl', ...batch })).rejects.toMatchObject({
      code: 'FSC7301',
      exitCode: 1,
    });
    expect(readFileSync(join(root, '.fsc/state/tx.journal'))).toEqual(before);
    await run({ root, store, program, stream: 'tx.jsonl' });
    expect(await values(program, store)).toEqual(await expected({ stream: 'tx.jsonl' }, { 'tx.jsonl': textOf(lines) }));
  });
});

describe('refused records of stdin', () => {
  it('are in the quarantine once the journal has them, never before: another record may get their place', async () => {
    const root = folderWith();
    const store = new MemoryStore();
    await run({ root, store, program, stream: '-', stdin: [tx(1, 0, 'a')] });
    // The journal can't be written: what was read was never consumed.
    const journal = join(root, '.fsc/state/tx.journal');
    const kept = readFileSync(journal);
    rmSync(journal);
    mkdirSync(journal);
    await expect(run({ root, store, program, stream: '-', stdin: ['{broken 1'] })).rejects.toThrow();
    rmSync(journal, { recursive: true });
    writeFileSync(journal, kept);
    expect(listQuarantine(join(root, '.fsc/quarantine'), 'tx')).toEqual([]);
    await run({ root, store, program, stream: '-', stdin: ['{broken 2'] });
    expect(refused(root)).toEqual([expect.stringMatching(/^-:1 malformed .*\{broken 2$/)]);
  });
});

describe('a file that changes while it is read', () => {
  const options = (root: string, store: MemoryStore, change: () => void): RunOptions => {
    let isChanged = false;
    return {
      root,
      store,
      program,
      stream: '*.jsonl',
      onProgress: () => {
        if (!isChanged) change();
        isChanged = true;
      },
    };
  };
  const path = (root: string): string => join(root, 'a.jsonl');
  // Longer than what is read of a file at once.
  const long = textOf(Array.from({ length: 12_000 }, (_, i) => tx(i, i, `c${i % 5}`)));

  it.each([
    [
      'was replaced',
      (root: string) => {
        writeFileSync(`${path(root)}.new`, long.replaceAll('5.00', '6.00'));
        renameSync(`${path(root)}.new`, path(root));
      },
    ],
    ['was cut', (root: string) => truncateSync(path(root), 2000)],
    ['was written anew', (root: string) => writeFileSync(path(root), long.replaceAll('5.00', '6.00'))],
    [
      'was written anew, and has the time of the one before',
      (root: string) => {
        const { atime, mtime } = statSync(path(root));
        writeFileSync(path(root), long.replaceAll('5.00', '6.00'));
        utimesSync(path(root), atime, mtime);
      },
    ],
    ['is gone', (root: string) => rmSync(path(root))],
  ] as const)('stops the run where it %s', async (_, change) => {
    const root = folderWith({ 'a.jsonl': long, 'b.jsonl': textOf([tx(99_999, 13_000, 'z')]) });
    // A whole second, so that it can be set again.
    utimesSync(path(root), 1, 1);
    const store = new MemoryStore();
    await expect(run({ ...options(root, store, () => change(root)), batchRows: 1000 })).rejects.toMatchObject({
      code: 'FSC7104',
      exitCode: 1,
    });
    await expect(run({ root, store, program, stream: '*.jsonl' })).rejects.toMatchObject({ code: 'FSC7104' });
  });

  it('is told by the next run where it grew behind the back of one that went on to the next file', async () => {
    const root = folderWith({ 'a.jsonl': textOf(lines.slice(0, 20)), 'b.jsonl': textOf(lines.slice(20, 40)) });
    const store = new MemoryStore();
    let batches = 0;
    await run({
      root,
      store,
      program,
      stream: '*.jsonl',
      onProgress: () => {
        batches += 1;
        // The first file has been read to its end, and the second was begun.
        if (batches === 3) appendFileSync(path(root), `${tx(1000, 400, 'late')}\n`);
      },
    });
    await expect(run({ root, store, program, stream: '*.jsonl' })).rejects.toMatchObject({ code: 'FSC7104' });
  });
});

describe('a clock that is set back', () => {
  it('does not keep rows and heartbeats from being written', async () => {
    const root = folderWith({ 'tx.jsonl': textOf(lines) });
    const store = new LossyStore();
    const clock = new FixedClock(START_MS * 1000 + 1000 * HOUR);
    let batches = 0;
    const seen: number[] = [];
    await run({
      root,
      store,
      program,
      stream: 'tx.jsonl',
      clock,
      onProgress: () => {
        batches += 1;
        clock.advance(batches === 5 ? -HOUR : SECOND);
        seen.push(store.writes);
      },
    });
    // A flush a batch, before and after.
    expect(seen[8]).toBeGreaterThan(seen[6] as number);
    expect(await values(program, store)).toEqual(await expected({ stream: 'tx.jsonl' }, { 'tx.jsonl': textOf(lines) }));
  });
});

describe('a changed plan', () => {
  it('is built from stdin’s archive and journal, though the run before was cut off', async () => {
    const root = folderWith({ 'old.jsonl': textOf(lines.slice(0, 50)) });
    const store = new MemoryStore();
    const options = { root, store, history: 'old.jsonl', stream: '-' };
    await run({ ...options, program, stdin: lines.slice(50, 100) });
    await cutOff({ ...options, program, lines: lines.slice(100, 150) });
    const more = programOf(MORE_FEATURES);
    await run({ ...options, program: more, stdin: lines.slice(150) });
    const wanted = await expected(
      { program: more, history: 'old.jsonl', stream: '-', stdin: lines.slice(50) },
      { 'old.jsonl': textOf(lines.slice(0, 50)) },
    );
    expect(await values(more, store)).toEqual(wanted);
  });
});
