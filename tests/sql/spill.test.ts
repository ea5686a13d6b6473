/** What does not fit into DuckDB's memory goes to a folder of each instance's own, in `.fsc` where there is one. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { newSpillFolder, spillUnder } from '../../runtime/sources/spill-folder.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fsc spill '));
  spillUnder(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 1_500_000;

/** Sorts more than its memory holds; gives the next chunk's rows at each call, checked. */
async function sorting(session: DuckDbSession, seed: number) {
  const text = `i::VARCHAR || '-${seed}-${'x'.repeat(24)}'`;
  const result = await session.connection.stream(
    `SELECT hash(i + ${seed}) AS h, i, ${text} AS s FROM range(${ROWS}) t(i) ORDER BY h`,
  );
  let last = -1n;
  return async (): Promise<number> => {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return 0;
    const [hashes, numbers, texts] = [0, 1, 2].map((column) => chunk.getColumnValues(column)) as [
      bigint[],
      bigint[],
      string[],
    ];
    for (const [row, hash] of hashes.entries()) {
      if (hash < last || texts[row] !== `${numbers[row]}-${seed}-${'x'.repeat(24)}`)
        throw new Error(`row ${row} is wrong`);
      last = hash;
    }
    return chunk.rowCount;
  };
}

describe('what does not fit into memory', () => {
  it('goes to a folder of its own for each of two instances at work, also once they are locked', async () => {
    const before = existsSync('.tmp');
    const sessions = [
      await openDuckDb({ memoryLimit: '60MB', threads: 1 }),
      await openDuckDb({ memoryLimit: '60MB', threads: 1 }),
    ];
    for (const session of sessions) await session.lock();
    const steps = [await sorting(sessions[0]!, 1), await sorting(sessions[1]!, 2)];
    const rows = [0, 0];
    for (let isMore = true; isMore; ) {
      const counts = [await steps[0]!(), await steps[1]!()];
      for (const i of [0, 1]) rows[i]! += counts[i]!;
      isMore = counts[0]! + counts[1]! > 0;
      if (rows[0]! < 10_000) expect(readdirSync(folder)).toHaveLength(2);
    }
    expect(rows).toEqual([ROWS, ROWS]);
    expect(existsSync('.tmp')).toBe(before);
    for (const session of sessions) session.close();
  }, 120_000);

  it('is removed where a process that was killed has left it a day ago', () => {
    const [old, young, other] = ['spill-7-a', 'spill-7-b', 'cache'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [old, young, other]) {
      mkdirSync(path);
      writeFileSync(join(path, 'x.tmp'), '');
    }
    const past = Date.now() / 1000 - 90_000;
    for (const path of [old, other]) for (const one of [join(path, 'x.tmp'), path]) utimesSync(one, past, past);
    utimesSync(young, past, past);
    // As a process does that begins.
    spillUnder(folder);
    newSpillFolder();
    expect([old, young, other].map((path) => existsSync(path))).toEqual([false, true, true]);
  });

  it('goes to the system’s folder where the project cannot be written', () => {
    spillUnder(join(folder, 'none'));
    const [first, second] = [newSpillFolder(), newSpillFolder()];
    expect(first).not.toBe(second);
    expect(first.startsWith(join(tmpdir(), 'fsc-spill-'))).toBe(true);
    spillUnder(folder);
  });
});
