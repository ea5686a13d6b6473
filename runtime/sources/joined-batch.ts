/** Small batches made one: those of files with a few records each, which would cost a position, a frame of the journal and a flush of it each. */
import { DECODED } from '../log/reader.ts';
import { type ColumnVector, type NumericVector, type TextVector, textAt } from '../values/batch.ts';
import type { FileBatch } from './file-sequence.ts';

export type JoinedBatch = Omit<FileBatch, 'bytesAfter' | 'origin'>;

/** One at least, of the same columns, and where each begins (`startsOf`). They must stay as they are while the whole is in use. */
export function joinedBatch(parts: readonly JoinedBatch[], starts: Int32Array): JoinedBatch {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const length = starts[parts.length]!;
  const inPart = <T>(row: number, read: (part: JoinedBatch, row: number) => T): T => {
    const i = partAt(starts, row);
    return read(parts[i]!, row - starts[i]!);
  };
  const joined = <T extends Uint8Array | Uint16Array | Float64Array>(
    to: T,
    of: (part: JoinedBatch) => T | null,
  ): T | null => joinedRows(parts, starts, to, of);
  const columns = first!.batch.columns.map((_, i) => {
    const vectors = parts.map(({ batch }) => batch.columns[i]!);
    return isNumeric(vectors) ? joinedNumbers(vectors, starts) : joinedTexts(vectors as TextVector[], starts);
  });
  return {
    batch: { length, columns },
    faults: joined(new Uint8Array(length).fill(DECODED), ({ faults }) => faults),
    reason: (row) => inPart(row, (part, at) => part.reason(at)),
    text: (row) => inPart(row, (part, at) => part.text(at)),
    knownTimes: joined(new Float64Array(length).fill(Number.NaN), ({ knownTimes }) => knownTimes),
    unknownFields: joined(new Uint16Array(length), ({ unknownFields }) => unknownFields),
  };
}

/** Where each part begins, and where all end. */
export function startsOf(parts: readonly JoinedBatch[]): Int32Array {
  const starts = new Int32Array(parts.length + 1);
  for (const [i, { batch }] of parts.entries()) starts[i + 1] = starts[i]! + batch.length;
  return starts;
}

/** The part that holds the row. */
export function partAt(starts: Int32Array, row: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** null: no part has any. */
function joinedRows<T extends Uint8Array | Uint16Array | Float64Array, P>(
  parts: readonly P[],
  starts: Int32Array,
  to: T,
  of: (part: P) => T | null,
): T | null {
  let isThere = false;
  for (const [i, part] of parts.entries()) {
    const rows = of(part);
    if (rows === null) continue;
    isThere = true;
    to.set(rows.subarray(0, starts[i + 1]! - starts[i]!), starts[i]!);
  }
  return isThere ? to : null;
}

function isNumeric(vectors: readonly ColumnVector[]): vectors is readonly NumericVector[] {
  return vectors[0]?.kind === 'numeric';
}

function joinedNumbers(vectors: readonly NumericVector[], starts: Int32Array): NumericVector {
  const length = starts[vectors.length]!;
  const wide = new Map<number, bigint>();
  for (const [i, vector] of vectors.entries()) {
    for (const [row, value] of vector.wide ?? [])
      if (row < starts[i + 1]! - starts[i]!) wide.set(starts[i]! + row, value);
  }
  return {
    kind: 'numeric',
    values: joinedRows(vectors, starts, new Float64Array(length), ({ values }) => values)!,
    nulls: joinedRows(vectors, starts, new Uint8Array(length), ({ nulls }) => nulls),
    wide: wide.size === 0 ? null : wide,
  };
}

/** Codes mean something in their own part alone. */
function joinedTexts(vectors: readonly TextVector[], starts: Int32Array): TextVector {
  const length = starts[vectors.length]!;
  const strings: string[] = [];
  for (const [i, vector] of vectors.entries()) {
    const count = starts[i + 1]! - starts[i]!;
    for (let row = 0; row < count; row += 1) strings.push(textAt(vector, row));
  }
  const nulls = joinedRows(vectors, starts, new Uint8Array(length), (vector) => vector.nulls);
  return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls };
}
