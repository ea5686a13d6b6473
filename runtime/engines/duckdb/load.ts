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
import { isCoded, type LinesVector, StringFiller } from './strings.ts';

/** What `loadRecords` takes: a batch, and which of its rows (all where null). */
export interface RecordRows {
  readonly batch: Pick<ColumnBatch, 'length'> & { readonly columns: readonly (ColumnVector | LinesVector)[] };
  readonly rows: Int32Array | null;
  readonly count: number;
}

const CHUNK_ROWS = 2048;
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
  readonly #types: readonly SqlType[];
  readonly #engineTypes: readonly DuckDBType[];
  readonly #appender: DuckDBAppender;
  readonly #strings = new StringFiller();
  readonly #scratch = new ArrayBuffer(CHUNK_ROWS * 16);
  readonly #validity = new ArrayBuffer(CHUNK_ROWS / 8);

  private constructor(types: readonly SqlType[], appender: DuckDBAppender) {
    this.#types = types;
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
      for (let column = 0; column < this.#types.length; column += 1) {
        const target = bindings.data_chunk_get_vector(chunk.chunk, column);
        this.#fill(target, this.#types[column]!, records.batch.columns[column]!, records.rows, from, count);
      }
      this.#appender.appendDataChunk(chunk);
    }
  }

  close(): void {
    this.#appender.flushSync();
    this.#appender.closeSync();
  }

  #fill(
    target: bindings.Vector,
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
      const bytes = fillNumbers(this.#scratch, type, source, rows, from, count);
      bindings.copy_data_to_vector(target, 0, this.#scratch, 0, bytes);
    }
    if (source.nulls !== null) this.#fillValidity(target, source.nulls, rows, from, count);
  }

  #fillValidity(
    target: bindings.Vector,
    nulls: Uint8Array,
    rows: Int32Array | null,
    from: number,
    count: number,
  ): void {
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

function engineType(type: SqlType): DuckDBType {
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
  target: bindings.Vector,
  source: TextVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): void {
  const { nulls, strings } = source;
  for (let i = 0; i < count; i += 1) {
    const row = rows === null ? from + i : rows[from + i]!;
    if (nulls !== null && nulls[row] === 1) continue;
    bindings.vector_assign_string_element(target, i, strings![row]!);
  }
}

/** Fills the scratch buffer with the engine's layout; gives the bytes used. */
function fillNumbers(
  scratch: ArrayBuffer,
  type: SqlType,
  source: NumericVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): number {
  switch (type.kind) {
    case 'boolean':
      return fillPlain(new Uint8Array(scratch), source, rows, from, count);
    case 'smallint':
      return fillPlain(new Int16Array(scratch), source, rows, from, count);
    case 'integer':
    case 'date':
      return fillPlain(new Int32Array(scratch), source, rows, from, count);
    case 'real':
      return fillPlain(new Float32Array(scratch), source, rows, from, count);
    case 'double':
      return fillPlain(new Float64Array(scratch), source, rows, from, count);
    case 'decimal':
      if (type.precision <= 4) return fillPlain(new Int16Array(scratch), source, rows, from, count);
      if (type.precision <= 9) return fillPlain(new Int32Array(scratch), source, rows, from, count);
      return fillWords(scratch, type.precision <= 18 ? 2 : 4, source, rows, from, count);
    default:
      return fillWords(scratch, 2, source, rows, from, count);
  }
}

function fillPlain(
  out: Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array,
  source: NumericVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): number {
  const { values } = source;
  for (let i = 0; i < count; i += 1) out[i] = values[rows === null ? from + i : rows[from + i]!]!;
  return count * out.BYTES_PER_ELEMENT;
}

/** Integers of 64 or 128 bits as 32-bit words, low first. */
function fillWords(
  scratch: ArrayBuffer,
  wordsEach: 2 | 4,
  source: NumericVector,
  rows: Int32Array | null,
  from: number,
  count: number,
): number {
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
  return count * wordsEach * 4;
}

function writeBigInt(words: Int32Array, base: number, wordsEach: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < wordsEach; i += 1) {
    words[base + i] = Number(BigInt.asIntN(32, rest));
    rest >>= 32n;
  }
}
