/** Rows of ours as a relation of DuckDB, which asks for them as it needs them: no table stands in between. */
import { DuckDBTableFunction } from '../../sources/duckdb-api.ts';
import type { SqlType } from '../../values/types.ts';
import type { KeptChunks } from './kept-chunks.ts';
import { engineType } from './load.ts';
import { type DuckDbSession, messageOf } from './session.ts';

export interface FeedColumn {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * A table function without arguments. DuckDB calls it from a thread of its own and waits until this one answers, so that only asynchronous
 * statements may read it.
 */
export function registerFeed(
  session: DuckDbSession,
  name: string,
  columns: readonly FeedColumn[],
  kept: KeptChunks,
): void {
  session.connection.registerTableFunction(
    DuckDBTableFunction.create({
      name,
      bindFunction: (info) => {
        for (const column of columns) info.addResultColumn(column.name, engineType(column.type));
      },
      initFunction: (info) => info.setInitData({ next: 0 }),
      mainFunction: (info, output) => {
        try {
          const scan = info.initData as { next: number };
          if (scan.next < kept.length) kept.copyInto(output, scan.next);
          else output.rowCount = 0;
          scan.next += 1;
        } catch (error) {
          info.setError(messageOf(error));
        }
      },
    }),
  );
}
