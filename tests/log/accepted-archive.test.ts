import { describe, expect, it } from 'vitest';
import { acceptedWithArchive } from '../../runtime/engines/accepted-archive.ts';
import { Archive } from '../../runtime/engines/duckdb/archive.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { parquetRelation } from '../../runtime/sources/duckdb-scan.ts';
import { event, folder, lines, open, program, put, sourceSpec, stdinOf } from './helpers.ts';

const spec = sourceSpec({ checks: [{ sql: 'v > 0' }] });
const source = program(spec);

/** A run over stdin whose records go to the archive; with the history before it, if there is one. */
async function run(root: string, stream: string, history?: string): Promise<void> {
  const log = await open(source, {
    root,
    stream: '-',
    stdin: stdinOf(stream),
    ...(history === undefined ? {} : { history }),
  });
  const archive = await Archive.open(`${root}/archive`, spec, '-');
  let offset = 0;
  for (let batch = await log.next(); batch !== null; batch = await log.next()) {
    if (batch.records === null) continue;
    archive.add(batch, offset);
    offset += batch.batch.length;
  }
  await archive.flush();
  await archive.close();
  await log.close();
}

async function rowsOf(paths: readonly string[]): Promise<unknown[]> {
  const session = await openDuckDb({ threads: 1 });
  const result = await session.connection.runAndReadAll(
    `SELECT id::INTEGER, v FROM ${parquetRelation(paths)} ORDER BY id, v`,
  );
  session.close();
  return result.getRows();
}

function input(root: string, hasConsumedHistory: boolean) {
  const locations = [{ name: 'history', location: 'h.jsonl', order: null }] as const;
  return {
    program: source,
    locations,
    root,
    cacheDir: `${root}/cache`,
    archiveFolder: `${root}/archive`,
    hasConsumedHistory,
  };
}

const history = lines(event(-1000, 1, { v: 1 }), event(0, 2, { v: 2 }), event(10, 3, { v: 3 }));
const stream = lines(
  event(0, 2, { v: 20 }),
  event(20, 4, { v: 4 }),
  event(-1000, 1, { v: 10 }),
  event(10, 3, { v: -3 }),
  '{',
);

describe('archive and history', () => {
  it('where the run consumed the history, its records stand and their doubles were refused', async () => {
    const root = folder();
    put(root, 'h.jsonl', history);
    await run(root, stream, 'h.jsonl');
    const { paths, archived, overruled } = await acceptedWithArchive(input(root, true));
    expect(await rowsOf(paths)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect({ archived, overruled }).toEqual({ archived: 1, overruled: 0 });
  });

  it('where it knew none, verdict and payload of the archive count', async () => {
    const root = folder();
    put(root, 'h.jsonl', `${history}${event(11, 9, { v: 9 })}\n`);
    await run(root, stream);
    const { paths, archived, overruled, refusedByStream } = await acceptedWithArchive(input(root, false));
    // 1 was late and 3 broke its constraint online; 2 came with another payload; 9 was never seen there.
    expect(await rowsOf(paths)).toEqual([
      [2, 20],
      [4, 4],
      [9, 9],
    ]);
    expect({ archived, overruled, refusedByStream }).toEqual({ archived: 2, overruled: 3, refusedByStream: 2 });
  });

  it('without an archive it is the history', async () => {
    const root = folder();
    put(root, 'h.jsonl', history);
    const { paths, historyCounts } = await acceptedWithArchive(input(root, false));
    expect(await rowsOf(paths)).toHaveLength(3);
    expect(historyCounts.accepted).toBe(3);
  });

  it('without a history it is the archive', async () => {
    const root = folder();
    await run(root, stream);
    const { paths } = await acceptedWithArchive({ ...input(root, false), locations: [] });
    expect(await rowsOf(paths)).toHaveLength(2);
  });
});
