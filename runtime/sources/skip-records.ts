import type { ColumnVector } from '../values/batch.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';

/** The records after the first `count`. */
export function skipRecords(records: FileRecords, count: number): FileRecords {
  let left = count;
  return {
    async next(maxRows) {
      for (;;) {
        const batch = await records.next(maxRows);
        if (batch === null || left === 0) return batch;
        const dropped = Math.min(left, batch.batch.length);
        left -= dropped;
        if (dropped < batch.batch.length) return tail(batch, dropped);
      }
    },
    get endByte() {
      return records.endByte;
    },
    close: () => records.close(),
  };
}

/** Rows from `from` on, in buffers of their own. */
export function tail(batch: FileBatch, from: number): FileBatch {
  return {
    batch: { length: batch.batch.length - from, columns: batch.batch.columns.map((vector) => tailOf(vector, from)) },
    faults: batch.faults === null ? null : batch.faults.slice(from),
    reason: (row) => batch.reason(row + from),
    text: (row) => batch.text(row + from),
    origin: (row) => batch.origin?.(row + from),
    knownTimes: batch.knownTimes === null ? null : batch.knownTimes.slice(from),
    unknownFields: batch.unknownFields === null ? null : batch.unknownFields.slice(from),
    bytesAfter: (rows) => batch.bytesAfter(rows + from),
  };
}

function tailOf(vector: ColumnVector, from: number): ColumnVector {
  const nulls = vector.nulls === null ? null : vector.nulls.slice(from);
  if (vector.kind === 'text') {
    return {
      ...vector,
      strings: vector.strings === null ? null : vector.strings.slice(from),
      codes: vector.codes === null ? null : vector.codes.slice(from),
      nulls,
    };
  }
  const wide =
    vector.wide === null ? null : new Map([...vector.wide].map(([row, value]) => [row - from, value] as const));
  return { kind: 'numeric', values: vector.values.slice(from), nulls, wide };
}
