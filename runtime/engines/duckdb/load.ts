import type { DuckDBAppender, DuckDBType } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBDataChunk,
  FLOAT,
  INTEGER,
  SMALLINT,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
} from '../../sources/duckdb-api.ts';
import type { ColumnBatch, ColumnVector, NumericVector, TextVector } from '../../values/batch.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import { printType, type SqlType } from '../../values/types.ts';
import type { DuckDbSession } from './session.ts';
import { isCoded, type LinesVector, StringFiller, type VectorPart } from './strings.ts';

/** What `loadRecords` takes: a batch, and which of its rows (all where null). */
export interface RecordRows {
  readonly batch: Pick<ColumnBatch, 'length'> & { readonly columns: readonly (ColumnVector | LinesVector)[] };
  readonly rows: Int32Array | null;
  readonly count: number;
}

/** Of one chunk of DuckDB. */
export const CHUNK_ROWS = 2048;
const TWO_32 = 4294967296;

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** DuckDB's spelling of a column's type. */
export function columnTypeText(type: SqlType): string {
  if (type.kind === 'text') return 'VARCHAR';
  if (type.kind === 'timestamptz') return 'TIMESTAMP WITH TIME ZONE';
  return printType(type);
}

/** A table with the columns of the source, in their declared types. */
export async function createSourceTable(session: DuckDbSession, table: string, spec: SourceSpec): Promise<void> {
  const columns = spec.columns.map((column) => `${quoteName(column.name)} ${columnTypeText(column.type)}`);
  await session.run(`CREATE OR REPLACE TABLE ${quoteName(table)} (${columns.join(', ')})`);
}

/** Appends records to a table that has exactly the columns of `types`, in that order. */
export class RecordAppender {
  readonly #filler: VectorFiller;
  readonly #engineTypes: readonly DuckDBType[];
  readonly #appender: DuckDBAppender;

  private constructor(types: readonly SqlType[], appender: DuckDBAppender) {
    this.#filler = new VectorFiller(types);
    this.#engineTypes = types.map(engineType);
    this.#appender = appender;
  }

  static async open(session: DuckDbSession, table: string, types: readonly SqlType[]): Promise<RecordAppender> {
    return new RecordAppender(types, await session.connection.createAppender(table));
  }

  append(records: RecordRows): void {
    for (let from = 0; from < records.count; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, records.count - from);
      const chunk = DuckDBDataChunk.create(this.#engineTypes, count);
      this.#filler.fillValues(chunk.chunk, 0, records, from, count);
      this.#filler.fillNulls(chunk.chunk, records, from, count);
      this.#appender.appendDataChunk(chunk);
    }
  }

  close(): void {
    this.#appender.flushSync();
    this.#appender.closeSync();
  }
}

/** Copies rows into the vectors of a chunk, in DuckDB's own layout. */
export class VectorFiller {
  readonly #types: readonly SqlType[];
  readonly #strings = new StringFiller();
  readonly #scratch = new ArrayBuffer(CHUNK_ROWS * 16);
  readonly #validity = new ArrayBuffer(CHUNK_ROWS / 8);

  constructor(types: readonly SqlType[]) {
    this.#types = types;
  }

  /** `count` rows of the records, from the one at `from` on, into those of the chunk from `at` on. */
  fillValues(chunk: bindings.DataChunk, at: number, { batch, rows }: RecordRows, from: number, count: number): void {
    for (let column = 0; column < this.#types.length; column += 1) {
      const target = { vector: bindings.data_chunk_get_vector(chunk, column), at };
      this.#fill(target, this.#types[column]!, batch.columns[column]!, rows, from, count);
    }
  }

  /** From the chunk's first row on. */
  fillNulls(chunk: bindings.DataChunk, { batch, rows }: RecordRows, from: number, count: number): void {
    for (let column = 0; column < this.#types.length; column += 1) {
      const { nulls } = batch.columns[column]!;
      if (nulls === null) continue;
      this.fillValidity(bindings.data_chunk_get_vector(chunk, column), nulls, rows, from, count);
    }
  }

  #fill(
    target: VectorPart,
    type: SqlType,
    source: ColumnVector | LinesVector,
    rows: Int32Array | null,
    from: number,
    count: number,
  ): void {
    if (source.kind === 'lines') this.#strings.fillLines(target, source, from, count);
    else if (source.kind === 'text' && isCoded(source)) this.#strings.fillCoded(target, source, rows, from, count);
    else if (source.kind === 'text') fillText(target, source, rows, from, count);
    else {
      const width = bytesOf(type);
      fillNumbers(this.#scratch, type, source, rows, from, count);
      bindings.copy_data_to_vector(target.vector, target.at * width, this.#scratch, 0, count * width);
    }
  }

  fillValidity(target: bindings.Vector, nulls: Uint8Array, rows: Int32Array | null, from: number, count: number): void {
    const words = new Uint32Array(this.#validity).fill(0xffffffff);
    for (let i = 0; i < count; i += 1) {
      if (nulls[rows === null ? from + i : rows[from + i]!] === 1) words[i >>> 5]! &= ~(1 << (i & 31));
    }
    bindings.vector_ensure_validity_writable(target);
    bindings.copy_data_to_vector_validity(target, 0, this.#validity, 0, Math.ceil(count / 64) * 8);
  }
}

/** Creates the source's table and fills it. */
export async function loadRecords(
  session: DuckDbSession,
  table: string,
  spec: SourceSpec,
  records: Iterable<RecordRows>,
): Promise<void> {
  await createSourceTable(session, table, spec);
  const appender = await RecordAppender.open(
    session,
    table,
    spec.columns.map((column) => column.type),
  );
  for (const rows of records) appender.append(rows);
  appender.close();
}

export function engineType(type: SqlType): DuckDBType {
  switch (type.kind) {
    case 'smallint':
      return SMALLINT;
    case 'integer':
      return INTEGER;
    case 'bigint':
      return BIGINT;
    case 'decimal':
      return DECIMAL(type.precision, type.scale);
    case 'real':
      return FLOAT;
    case 'double':
      return DOUBLE;
    case 'boolean':
      return BOOLEAN;
    case 'text':
      return VARCHAR;
    case 'date':
      return DATE;
    case 'timestamp':
      return TIMESTAMP;
    case 'timestamptz':
      return TIMESTAMPTZ;
    default:
      throw new Error(`no column has the type ${type.kind}`);
  }
}

function fillText(
  { vector, at }: VectorPart,
  source: TextVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): void {
  const { nulls, strings } = source;
  for (let i = 0; i < count; i += 1) {
    const row = rows === null ? from + i : rows[from + i]!;
    if (nulls !== null && nulls[row] === 1) continue;
    bindings.vector_assign_string_element(vector, at + i, strings![row]!);
  }
}

/** Of one value in a vector. */
export function bytesOf(type: SqlType): number {
  switch (type.kind) {
    case 'boolean':
      return 1;
    case 'smallint':
      return 2;
    case 'integer':
    case 'date':
    case 'real':
      return 4;
    case 'text':
      return 16;
    case 'decimal':
      if (type.precision <= 4) return 2;
      if (type.precision <= 9) return 4;
      return type.precision <= 18 ? 8 : 16;
    default:
      return 8;
  }
}

/** Fills the scratch buffer with the engine's layout. */
function fillNumbers(
  scratch: ArrayBuffer,
  type: SqlType,
  source: NumericVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): void {
  const width = bytesOf(type);
  if (type.kind === 'real') fillPlain(new Float32Array(scratch), source, rows, from, count);
  else if (type.kind === 'double') fillPlain(new Float64Array(scratch), source, rows, from, count);
  else if (width === 1) fillPlain(new Uint8Array(scratch), source, rows, from, count);
  else if (width === 2) fillPlain(new Int16Array(scratch), source, rows, from, count);
  else if (width === 4) fillPlain(new Int32Array(scratch), source, rows, from, count);
  else fillWords(scratch, width === 8 ? 2 : 4, source, rows, from, count);
}

function fillPlain(
  out: Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array,
  source: NumericVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): void {
  const { values } = source;
  for (let i = 0; i < count; i += 1) out[i] = values[rows === null ? from + i : rows[from + i]!]!;
}

/** Integers of 64 or 128 bits as 32-bit words, low first. */
function fillWords(
  scratch: ArrayBuffer,
  wordsEach: 2 | 4,
  source: NumericVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): void {
  const words = new Int32Array(scratch);
  const { values, wide } = source;
  for (let i = 0; i < count; i += 1) {
    const row = rows === null ? from + i : rows[from + i]!;
    const value = values[row]!;
    const base = i * wordsEach;
    if (wide !== null && Math.abs(value) > Number.MAX_SAFE_INTEGER && wide.has(row)) {
      writeBigInt(words, base, wordsEach, wide.get(row)!);
      continue;
    }
    const high = Math.floor(value / TWO_32);
    words[base] = value - high * TWO_32;
    words[base + 1] = high;
    if (wordsEach === 4) {
      const sign = value < 0 ? -1 : 0;
      words[base + 2] = sign;
      words[base + 3] = sign;
    }
  }
}

function writeBigInt(words: Int32Array, base: number, wordsEach: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < wordsEach; i += 1) {
    words[base + i] = Number(BigInt.asIntN(32, rest));
    rest >>= 32n;
  }
}
