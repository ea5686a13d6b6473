import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api';
import { StatementType } from './duckdb-api.ts';

/** Whether `chunk`, the last that was fetched of a result, is behind its rows. */
export function isEnd(chunk: DuckDBDataChunk | null): chunk is null {
  return chunk === null || chunk.rowCount === 0;
}

/**
 * Of a streamed result at its end: it failed halfway, and its rows are not all. The client ends such a result just as one that was read to its
 * end; all that tells is that it is of no statement's type any more. It keeps the reason to itself.
 */
export function isBroken(result: DuckDBResult): boolean {
  return result.statementType === StatementType.INVALID;
}
