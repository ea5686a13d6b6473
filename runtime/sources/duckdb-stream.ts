import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api';
import { StatementType } from './duckdb-api.ts';

/** A streamed result failed halfway. DuckDB's client keeps the reason to itself. */
export class BrokenStream extends Error {}

/**
 * Whether a streamed result gave all its rows, `chunk` being the last that was fetched of it. The client ends a result that failed halfway just
 * as one that was read to its end, with no rows; all that tells is that the failed one is of no statement's type any more.
 * @throws BrokenStream
 */
export function isEnd(result: DuckDBResult, chunk: DuckDBDataChunk | null): chunk is null {
  if (chunk !== null && chunk.rowCount > 0) return false;
  if (result.statementType === StatementType.INVALID) throw new BrokenStream('the result broke off');
  return true;
}
