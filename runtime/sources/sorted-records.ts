/** Records that are not in order of event time, sorted in memory: CSV, JSONL and Parquet whose event time is text. */
import type { Origin } from '../log/reader.ts';
import type { ColumnBatch, ColumnVector, NumericVector } from '../values/batch.ts';
import { printJsonValue } from '../values/json.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { isInRange } from '../values/temporal.ts';
import type { Value } from '../values/types.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';
import { compareKeys } from './parquet.ts';
import { type FieldSpec, RecordColumns, valueAt } from './record-columns.ts';

/** What is kept of all records. A text is kept only where the columns don't have it all: for malformed records. */
interface Everything {
  readonly columns: readonly Value[][];
  readonly times: number[];
  /** Of each input: its file, and how many records came before it. */
  readonly files: { readonly file: string; readonly from: number }[];
  readonly faults: number[];
  readonly known: number[] | null;
  readonly unknown: number[];
  readonly reasons: Map<number, string>;
  readonly texts: Map<number, string>;
}

/** A file. */
export interface SortedInput {
  readonly file: string;
  readonly open: () => Promise<FileRecords>;
}

export async function sortRecords(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  inputs: readonly SortedInput[],
): Promise<FileRecords> {
  const all: Everything = {
    columns: fields.map(() => []),
    times: [],
    files: [],
    faults: [],
    known: spec.knownTimePath === null ? null : [],
    unknown: [],
    reasons: new Map(),
    texts: new Map(),
  };
  for (const { file, open } of inputs) {
    all.files.push({ file, from: all.times.length });
    const records = await open();
    try {
      for (let batch = await records.next(16_384); batch !== null; batch = await records.next(16_384)) {
        keep(all, batch, spec, fields);
      }
    } finally {
      await records.close();
    }
  }
  return new SortedRecords(all, sortedRows(all, spec, fields), fields);
}

function keep(all: Everything, batch: FileBatch, spec: SourceSpec, fields: readonly FieldSpec[]): void {
  const from = all.times.length;
  const time = batch.batch.columns[spec.eventTimeColumn] as NumericVector;
  for (let row = 0; row < batch.batch.length; row += 1) {
    const fault = batch.faults?.[row] ?? 0;
    all.faults.push(fault);
    all.unknown.push(batch.unknownFields?.[row] ?? 0);
    all.known?.push(batch.knownTimes?.[row] ?? Number.NaN);
    // Records without an instant in range come last.
    const isTimed = (time.nulls === null || time.nulls[row] === 0) && isInRange(time.values[row]!);
    all.times.push(isTimed ? time.values[row]! : Number.POSITIVE_INFINITY);
    if (fault === 0) continue;
    all.reasons.set(from + row, batch.reason(row));
    all.texts.set(from + row, batch.text(row));
  }
  for (let i = 0; i < fields.length; i += 1) keepColumn(all.columns[i]!, batch.batch, i, fields[i]!);
}

function keepColumn(target: Value[], batch: ColumnBatch, column: number, field: FieldSpec): void {
  const vector: ColumnVector = batch.columns[column]!;
  for (let row = 0; row < batch.length; row += 1) target.push(valueAt(vector, field.type, row));
}

function sortedRows(all: Everything, spec: SourceSpec, fields: readonly FieldSpec[]): Uint32Array {
  const rows = Uint32Array.from(all.times, (_, i) => i);
  const { times } = all;
  const keys = spec.keyColumns.map((column) => ({ values: all.columns[column]!, type: fields[column]!.type }));
  const compare = (a: number, b: number): number => {
    const byTime = times[a]! - times[b]!;
    // Infinity − Infinity is NaN.
    if (byTime !== 0 && !Number.isNaN(byTime)) return byTime;
    for (const { values, type } of keys) {
      const order = compareKeys(type, values[a] ?? null, values[b] ?? null);
      if (order !== 0) return order;
    }
    return a - b;
  };
  for (let i = 1; i < rows.length; i += 1) if (compare(i - 1, i) > 0) return rows.sort(compare);
  return rows;
}

function originOf({ files }: Everything, source: number): Origin | undefined {
  const found = files.findLast(({ from }) => from <= source);
  return found === undefined ? undefined : { file: found.file, row: source - found.from };
}

class SortedRecords implements FileRecords {
  readonly endByte = null;
  readonly #all: Everything;
  readonly #rows: Uint32Array;
  readonly #fields: readonly FieldSpec[];
  #at = 0;

  constructor(all: Everything, rows: Uint32Array, fields: readonly FieldSpec[]) {
    this.#all = all;
    this.#rows = rows;
    this.#fields = fields;
  }

  async next(maxRows: number): Promise<FileBatch | null> {
    const from = this.#at;
    const length = Math.min(maxRows, this.#rows.length - from);
    if (length === 0) return null;
    this.#at = from + length;
    const all = this.#all;
    const rowAt = (row: number): number => this.#rows[from + row]!;
    const columns = new RecordColumns(this.#fields, length);
    const faults = new Uint8Array(length);
    const known = all.known === null ? null : new Float64Array(length);
    const unknown = new Uint16Array(length);
    let hasFault = false;
    for (let row = 0; row < length; row += 1) {
      const source = rowAt(row);
      for (let i = 0; i < this.#fields.length; i += 1) columns.set(i, row, all.columns[i]![source]!);
      faults[row] = all.faults[source]!;
      if (faults[row] !== 0) hasFault = true;
      unknown[row] = all.unknown[source]!;
      if (known !== null) known[row] = all.known![source]!;
    }
    return {
      batch: { length, columns: columns.columns },
      faults: hasFault ? faults : null,
      reason: (row) => all.reasons.get(rowAt(row)) ?? 'malformed',
      text: (row) => all.texts.get(rowAt(row)) ?? this.#text(rowAt(row)),
      origin: (row) => originOf(all, rowAt(row)),
      knownTimes: known,
      unknownFields: unknown,
      bytesAfter: () => null,
    };
  }

  #text(source: number): string {
    const parts = this.#fields.map(
      (field, i) =>
        `${JSON.stringify(field.path.join('.'))}:${printJsonValue(this.#all.columns[i]![source]!, field.type)}`,
    );
    return `{${parts.join(',')}}`;
  }

  async close(): Promise<void> {
    this.#at = this.#rows.length;
  }
}
