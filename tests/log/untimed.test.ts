/** Records of a sorted source that have no event time in range: they hold nobody's place, and are told once. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import type { LogPosition } from '../../runtime/log/contract.ts';
import type { PhaseUse } from '../../runtime/log/source-log.ts';
import type { FileBatch, FileRecords } from '../../runtime/sources/file-sequence.ts';
import { openOrdered } from '../../runtime/sources/ordered-reader.ts';
import { fieldsOf, RecordColumns } from '../../runtime/sources/record-columns.ts';
import { folder, isoAt, lines, program, put, read, SECOND, sourceSpec, T0 } from './helpers.ts';

const source = program(sourceSpec());
const at = (seconds: number): string => isoAt(T0 + seconds * SECOND);

type Row = readonly [ts: string | null, id: number];

/** Writes rows; `ts` is a text that DuckDB casts too. */
type Write = (root: string, name: string, rows: readonly Row[]) => Promise<void>;

const asCsv: Write = async (root, name, rows) =>
  put(root, `${name}.csv`, lines('ts,id', ...rows.map(([ts, id]) => `${ts ?? ''},${id}`)));
const asJsonl: Write = async (root, name, rows) =>
  put(root, `${name}.jsonl`, lines(...rows.map(([ts, id]) => JSON.stringify({ ts, id }))));
const asParquet =
  (type: string): Write =>
  async (root, name, rows) => {
    const session = await openDuckDb({ threads: 1 });
    const values = rows.map(([ts, id]) => `(${ts === null ? 'NULL' : `'${ts}'`}, ${id})`);
    const sql = `SELECT CAST(ts AS ${type}) AS ts, CAST(id AS BIGINT) AS id FROM (VALUES ${values.join(', ')}) AS t(ts, id)`;
    await session.writeParquet(sql, join(root, `${name}.parquet`));
    session.close();
  };

const stored = (position: LogPosition): LogPosition => JSON.parse(JSON.stringify(position)) as LogPosition;

describe.each([
  ['CSV', '*.csv', asCsv],
  ['JSONL', '*.jsonl', asJsonl],
  ['Parquet', '*.parquet', asParquet('TIMESTAMP')],
  ['Parquet with zones', '*.parquet', asParquet('TIMESTAMPTZ')],
  ['Parquet in nanoseconds', '*.parquet', asParquet('TIMESTAMP_NS')],
  ['Parquet with texts', '*.parquet', asParquet('VARCHAR')],
] as const)('%s', (_, history, write) => {
  const old: Row[] = [
    [null, 1],
    ['2201-01-01 00:00:00', 2],
    [at(5), 3],
    ['1969-12-31 23:59:59', 4],
    [at(1), 5],
    [null, 1],
  ];

  async function consumed() {
    const root = folder();
    await write(root, 'b', old);
    const options = { root, history, order: 'none' as const };
    const first = await read(source, options);
    return { root, options, first };
  }

  it('comes last, and does not stand before what is new', async () => {
    const { root, options, first } = await consumed();
    expect(first.verdicts.slice(0, 2)).toEqual(['accepted', 'accepted']);
    expect(first.verdicts.slice(2).sort()).toEqual(['malformed', 'malformed', 'range', 'range']);
    expect(first.saved?.position.partitions['history:*']?.offset).toBe(2);
    expect((await read(source, { ...options, resumeFrom: first.saved })).verdicts).toEqual([]);
    await write(root, 'a', [
      [null, 7],
      [at(7), 6],
      ['2201-01-01 00:00:00', 2],
    ]);
    const resumeFrom = { ...first.saved!, position: stored(first.saved!.position) };
    const second = await read(source, { ...options, resumeFrom });
    expect(second.verdicts[0]).toBe('accepted');
    expect(second.verdicts.slice(1).sort()).toEqual(['malformed', 'range']);
    const places = [...first.refused, ...second.refused].map(({ place }) => place.offset);
    expect(new Set(places).size).toBe(6);
    expect((await read(source, { ...options, resumeFrom: second.saved })).verdicts).toEqual([]);
    await write(root, 'c', [[at(6), 8]]);
    await expect(read(source, { ...options, resumeFrom: second.saved })).rejects.toMatchObject({ code: 'FSC7104' });
  });

  it('counts as no record of the log', async () => {
    const { options } = await consumed();
    for (const [limitRecords, verdicts] of [
      [1, ['accepted']],
      [2, ['accepted', 'accepted', 'malformed', 'malformed', 'range', 'range']],
    ] as const) {
      const { verdicts: found } = await read(source, { ...options, limitRecords });
      expect([...found].sort()).toEqual(verdicts);
    }
  });

  it('was among the others for an older fsc, which had read all', async () => {
    const { root, options, first } = await consumed();
    const position = stored(first.saved!.position);
    const { 'history:*': whole, ...files } = position.partitions;
    const older = (offset: number) => ({
      ...first.saved!,
      position: { partitions: { ...files, 'history:*': { offset, check: whole?.check } } },
    });
    await write(root, 'c', [
      [at(6), 8],
      [null, 9],
    ]);
    const { verdicts } = await read(source, { ...options, resumeFrom: older(6) });
    expect(verdicts).toEqual(['accepted', 'malformed']);
    await expect(read(source, { ...options, resumeFrom: older(3) })).rejects.toMatchObject({ code: 'FSC7104' });
  });
});

it('of an epoch are those that reading finds', async () => {
  const root = folder();
  const session = await openDuckDb({ threads: 1 });
  const spec = sourceSpec();
  const [ts, ...others] = spec.columns;
  const epoch = program({ ...spec, columns: [{ ...ts!, epochUnit: 'epoch_ms' as const }, ...others] });
  for (const [type, values] of [
    ['BIGINT', ['7258118400000', '-1', '1709294401000', '1709294400000', 'NULL']],
    ['DOUBLE', ['7258118400000', "'NaN'", '1709294401000.5', '1709294400000', '1709294400000.0005']],
    ['DECIMAL(20,4)', ['7258118400000', '-1', '1709294401000.5', '1709294400000', '1709294400000.0001']],
  ] as const) {
    const rows = values.map((value, i) => `(CAST(${value} AS ${type}), CAST(${i} AS BIGINT))`);
    await session.writeParquet(`SELECT * FROM (VALUES ${rows.join(', ')}) AS t(ts, id)`, join(root, 'a.parquet'));
    const seen = await read(epoch, { root, history: '*.parquet' });
    expect(seen.accepted.map((row) => (JSON.parse(row) as unknown[])[1])).toEqual([3, 2]);
    expect(seen.verdicts.slice(0, 2)).toEqual(['accepted', 'accepted']);
    expect(seen.saved?.position.partitions['history:*']?.offset).toBe(2);
  }
  session.close();
});

describe('a table', () => {
  const spec = sourceSpec();
  const fields = fieldsOf(spec, []);
  type TableRow = readonly [seconds: number | null, id: number, v: number];

  /** As it would come sorted, those without an event time last. */
  function recordsOf(rows: readonly TableRow[]): FileRecords {
    let isRead = false;
    return {
      endByte: null,
      close: async () => undefined,
      next: async (): Promise<FileBatch | null> => {
        if (isRead || rows.length === 0) return null;
        isRead = true;
        const columns = new RecordColumns(fields, rows.length);
        const faults = new Uint8Array(rows.length);
        for (const [row, [seconds, id, v]] of rows.entries()) {
          columns.set(0, row, seconds === null ? null : T0 + seconds * SECOND);
          if (seconds === null) faults[row] = 1;
          columns.set(1, row, id);
          columns.set(2, row, v);
          columns.setNull(3, row);
        }
        return {
          ...{ batch: { length: rows.length, columns: columns.columns }, faults, reason: () => 'ts: is null' },
          ...{ text: (row) => JSON.stringify(rows[row]), knownTimes: null, unknownFields: null },
          bytesAfter: () => null,
        };
      },
    };
  }

  const none: LogPosition = { partitions: {} };
  async function readTable(rows: readonly TableRow[], resume: LogPosition | null, use: PhaseUse = 'read') {
    const open = async (): Promise<FileRecords> => recordsOf(rows);
    const options = { files: null, fields, location: 'postgres:t', eventTimeColumn: 0, resume, use, open };
    const reader = await openOrdered(options);
    const ids: number[] = [];
    let position = resume ?? none;
    for (let raw = await reader.next(99); raw !== null; raw = await reader.next(99)) {
      for (let row = 0; row < raw.batch.length; row += 1)
        ids.push((raw.batch.columns[1] as { values: Float64Array }).values[row]!);
      position = stored(raw.positionAfter(raw.batch.length));
    }
    return { ids, position };
  }
  const changed = { code: 'FSC7104', exitCode: 1 };
  const rows: TableRow[] = [
    [1, 1, 1],
    [2, 2, 2],
    [null, 3, 3],
  ];

  it('goes on behind its rows whatever has no event time', async () => {
    const { ids, position } = await readTable(rows, null);
    expect(ids).toEqual([1, 2, 3]);
    const more: TableRow[] = [rows[0]!, rows[1]!, [2, 4, 4], [null, 0, 0], rows[2]!, [null, 9, 9], rows[2]!];
    const second = await readTable(more, position);
    expect(second.ids).toEqual([4, 0, 9, 3]);
    expect((await readTable(more, second.position)).ids).toEqual([]);
    // One is mended, one is gone.
    const third = await readTable([...more.slice(0, 3), [3, 0, 0], rows[2]!], second.position);
    expect(third.ids).toEqual([0]);
  });

  it('may not change, in what was consumed', async () => {
    const { position } = await readTable(rows, null);
    for (const other of [
      [rows[0]!, [2, 2, 3], rows[2]!],
      [rows[0]!, [2, 1, 2], rows[1]!],
      [rows[0]!, rows[2]!],
      [[0, 0, 0], rows[0]!, rows[1]!],
    ] as TableRow[][]) {
      for (const use of ['read', 'check', 'done'] as const)
        await expect(readTable(other, position, use)).rejects.toMatchObject(changed);
    }
    const grown: TableRow[] = [rows[0]!, rows[1]!, [2, 4, 4], [null, 5, 5]];
    expect((await readTable(grown, position)).ids).toEqual([4, 5]);
    await expect(readTable(grown, position, 'done')).rejects.toMatchObject(changed);
    await readTable([rows[0]!, rows[1]!, [null, 5, 5]], position, 'done');
  });

  it('is compared by its event times where an older fsc has remembered no more', async () => {
    const { position } = await readTable(rows.slice(0, 2), null);
    const { offset, check } = position.partitions['*']!;
    const older = { partitions: { '*': { offset, check } } };
    expect((await readTable([rows[0]!, [2, 2, 3], [2, 5, 5]], older)).ids).toEqual([5]);
    await expect(readTable([rows[0]!, [3, 2, 2]], older)).rejects.toMatchObject(changed);
    // It counted the last one, too.
    await expect(readTable(rows, { partitions: { '*': { offset: 3, check } } })).rejects.toMatchObject(changed);
  });

  it('with more of them than a position names has their number right', async () => {
    const many = Array.from({ length: 1000 }, (_, id): TableRow => [null, id, id]);
    const { ids, position } = await readTable(many, null);
    expect(ids).toHaveLength(1000);
    expect(JSON.stringify(position).length).toBeLessThan(4000);
    expect((await readTable(many, position)).ids).toEqual([]);
    expect((await readTable([...many, [null, 1000, 1], [null, 1001, 1]], position)).ids).toHaveLength(2);
  });
});
