/**
 * Rows that wait to be written, in chunks of DuckDB: memory that V8 knows nothing of. What it does know of makes it collect garbage each time
 * that it has grown, however little of it is garbage.
 */
import type { DuckDBDataChunk as Chunk } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { DuckDBDataChunk } from '../../sources/duckdb-api.ts';
import type { SqlType } from '../../values/types.ts';
import { bytesOf, CHUNK_ROWS, engineType, type RecordRows, VectorFiller } from './load.ts';

interface KeptChunk {
  readonly chunk: bindings.DataChunk;
  /** By column: null where no row of it is NULL. */
  readonly nulls: (Uint8Array | null)[];
  count: number;
}

export class KeptChunks {
  readonly #types: readonly SqlType[];
  readonly #filler: VectorFiller;
  /** Those after the first `#used` are empty, and used again. */
  readonly #chunks: KeptChunk[] = [];
  #used = 0;

  constructor(types: readonly SqlType[]) {
    this.#types = types;
    this.#filler = new VectorFiller(types);
  }

  add(records: RecordRows): void {
    for (let from = 0; from < records.count; ) {
      const kept = this.#withRoom();
      const count = Math.min(records.count - from, CHUNK_ROWS - kept.count);
      this.#filler.fillValues(kept.chunk, kept.count, records, from, count);
      this.#keepNulls(kept, records, from, count);
      kept.count += count;
      from += count;
    }
  }

  #withRoom(): KeptChunk {
    const last = this.#chunks[this.#used - 1];
    if (last !== undefined && last.count < CHUNK_ROWS) return last;
    this.#used += 1;
    const empty = this.#chunks[this.#used - 1];
    if (empty !== undefined) return empty;
    const { chunk } = DuckDBDataChunk.create(this.#types.map(engineType));
    const made: KeptChunk = { chunk, nulls: this.#types.map(() => null), count: 0 };
    this.#chunks.push(made);
    return made;
  }

  #keepNulls(kept: KeptChunk, { batch, rows }: RecordRows, from: number, count: number): void {
    for (let column = 0; column < this.#types.length; column += 1) {
      const { nulls } = batch.columns[column]!;
      if (nulls === null) continue;
      const flags = kept.nulls[column] ?? new Uint8Array(CHUNK_ROWS);
      if (rows === null) flags.set(nulls.subarray(from, from + count), kept.count);
      else for (let i = 0; i < count; i += 1) flags[kept.count + i] = nulls[rows[from + i]!]!;
      kept.nulls[column] = flags;
    }
  }

  /** How many chunks hold rows. */
  get length(): number {
    return this.#used;
  }

  /** Fills an empty chunk of the same types. Its strings stand in memory of this one until `clear`. */
  copyInto(target: Chunk, index: number): void {
    const { chunk, nulls, count } = this.#chunks[index]!;
    target.rowCount = count;
    for (let column = 0; column < this.#types.length; column += 1) {
      const vector = bindings.data_chunk_get_vector(target.chunk, column);
      const data = bindings.vector_get_data(
        bindings.data_chunk_get_vector(chunk, column),
        count * bytesOf(this.#types[column]!),
      );
      bindings.copy_data_to_vector(vector, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      const flags = nulls[column]!;
      if (flags !== null) this.#filler.fillValidity(vector, flags, null, 0, count);
    }
  }

  clear(): void {
    for (const kept of this.#chunks.slice(0, this.#used)) {
      bindings.data_chunk_reset(kept.chunk);
      kept.nulls.fill(null);
      kept.count = 0;
    }
    this.#used = 0;
  }
}
