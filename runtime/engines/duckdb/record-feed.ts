/** Rows of ours as a relation of DuckDB, which asks for them as it needs them: no table stands in between. */
import { DuckDBTableFunction } from '../../sources/duckdb-api.ts';
import { messageOf } from '../../values/errors.ts';
import type { SqlType } from '../../values/types.ts';
import { type Feed, whileRead } from './feeds.ts';
import type { KeptChunks } from './kept-chunks.ts';
import { engineType } from './load.ts';
import type { DuckDbSession } from './session.ts';

export interface FeedColumn {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * A table function `name()`. DuckDB calls it from a thread of its own and waits until this one answers; so `run` alone may read it
 * (feeds.ts).
 */
export class RecordFeed implements Feed {
  readonly #session: DuckDbSession;
  readonly #kept: KeptChunks;
  #reading: Promise<void> | null = null;
  #hasEnded = false;

  constructor(session: DuckDbSession, name: string, columns: readonly FeedColumn[], kept: KeptChunks) {
    this.#session = session;
    this.#kept = kept;
    session.connection.registerTableFunction(
      DuckDBTableFunction.create({
        name,
        bindFunction: (info) => {
          for (const column of columns) info.addResultColumn(column.name, engineType(column.type));
        },
        initFunction: (info) => info.setInitData({ next: 0 }),
        mainFunction: (info, output) => {
          try {
            this.#fill(info.initData as { next: number }, output);
          } catch (error) {
            info.setError(messageOf(error));
          }
        },
      }),
    );
  }

  #fill(scan: { next: number }, output: Parameters<KeptChunks['copyInto']>[0]): void {
    if (this.#hasEnded) throw new Error('the process ends');
    if (scan.next < this.#kept.length) this.#kept.copyInto(output, scan.next);
    else output.rowCount = 0;
    scan.next += 1;
  }

  /** Of one statement at a time. */
  run(sql: string): Promise<void> {
    this.#reading = whileRead(this, () => this.#session.run(sql));
    return this.#reading;
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#reading?.catch(() => {});
  }
}
