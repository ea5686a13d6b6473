/** Records at hand as phases of a log: lines of JSON, or values. */
import type { LogPosition } from '../../runtime/log/contract.ts';
import { columnsOfOnly } from '../../runtime/log/judge.ts';
import type { RawBatch, RecordReader } from '../../runtime/log/reader.ts';
import type { LogPhase } from '../../runtime/log/source-log.ts';
import { JsonLineDecoder } from '../../runtime/sources/jsonl.ts';
import { fieldsOf, RecordColumns } from '../../runtime/sources/record-columns.ts';
import type { ColumnBatch } from '../../runtime/values/batch.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { Value } from '../../runtime/values/types.ts';

const PARTITION = 'given';

type Decoded = Pick<RawBatch, 'batch' | 'faults' | 'reason' | 'text'>;

/** Judged in the order in which they stand. */
export function linesPhase(spec: SourceSpec, lines: readonly string[]): LogPhase {
  const decoder = lineDecoder(spec);
  return phase('arrival', lines.length, (from, count) => decoder.decode(lines.slice(from, from + count), count, NONE));
}

/** `none`: they are sorted by (event time, key). */
export function valuesPhase(
  spec: SourceSpec,
  rows: readonly (readonly Value[])[],
  order: 'none' | 'arrival',
): LogPhase {
  return phase(order, rows.length, (from, count) => ({
    batch: batchOf(spec, rows.slice(from, from + count)),
    faults: null,
    reason: () => '',
    text: (row) =>
      JSON.stringify(rows[from + row], (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
  }));
}

const NONE: ReadonlyMap<number, string> = new Map();

export function lineDecoder(spec: SourceSpec): JsonLineDecoder {
  return new JsonLineDecoder(spec, fieldsOf(spec, columnsOfOnly(spec)));
}

/** All rows; fields that only `@only` reads are NULL. */
export function batchOf(spec: SourceSpec, rows: readonly (readonly Value[])[]): ColumnBatch {
  const columns = new RecordColumns(fieldsOf(spec, []), rows.length);
  rows.forEach((values, row) => {
    columns.columns.forEach((_, column) => {
      columns.set(column, row, values[column] ?? null);
    });
  });
  return { length: rows.length, columns: columns.columns };
}

function phase(order: 'none' | 'arrival', length: number, decode: (from: number, count: number) => Decoded): LogPhase {
  const open = async (): Promise<RecordReader> => {
    let at = 0;
    return {
      next: async (maxRows) => {
        if (at === length) return null;
        const from = at;
        const count = Math.min(maxRows, length - from);
        at += count;
        return { ...decode(from, count), ...positions(from), knownTimes: null, unknownFields: null };
      },
      close: async () => {},
    };
  };
  return { name: 'stream', order, isLive: false, isUnrepeatable: false, open };
}

function positions(from: number): Pick<RawBatch, 'place' | 'positionAfter'> {
  return {
    place: (row) => ({ partition: PARTITION, offset: from + row }),
    positionAfter: (rows): LogPosition => ({ partitions: { [PARTITION]: { offset: from + rows } } }),
  };
}
