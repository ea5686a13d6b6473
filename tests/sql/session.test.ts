import { describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';

describe('a session', () => {
  it('does not take one interval for another that is equal and means other instants', async () => {
    const session = await openDuckDb();
    await session.run("CREATE TABLE p AS SELECT TIMESTAMP '2025-03-31 00:00:00' AS t");
    const sql = "SELECT CAST(t - INTERVAL '1 month' AS VARCHAR), CAST(t - INTERVAL '30 days' AS VARCHAR) FROM p";
    const rows = (await session.connection.runAndReadAll(sql)).getRows();
    session.close();
    expect(rows).toEqual([['2025-02-28 00:00:00', '2025-03-01 00:00:00']]);
  });
});
