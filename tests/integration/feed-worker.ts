/** Ends with 7 while DuckDB asks it for rows; `argv[2]` says how: `announced`, as the command line does, or `hard`, as after an error that nobody caught. */
import { join } from 'node:path';
import { endFeeds } from '../../runtime/engines/duckdb/feeds.ts';
import { KeptChunks } from '../../runtime/engines/duckdb/kept-chunks.ts';
import { RecordFeed } from '../../runtime/engines/duckdb/record-feed.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';

const ROWS = 3_000_000;
const [, , how, folder] = process.argv as string[];
const kept = new KeptChunks([{ kind: 'bigint' }]);
const values = Float64Array.from({ length: ROWS }, (_, i) => i);
const column = { kind: 'numeric', values, nulls: null, wide: null } as const;
kept.add({ batch: { length: ROWS, columns: [column] }, rows: null, count: ROWS });
const feed = new RecordFeed(await openDuckDb({ threads: 1 }), 'feed', [{ name: 'x', type: { kind: 'bigint' } }], kept);
const read = feed.run(`COPY (SELECT * FROM feed()) TO '${join(folder ?? '', 'rows.parquet')}' (FORMAT parquet)`);
read.then(
  () => process.stdout.write('read whole\n'),
  (error: Error) => process.stdout.write(`${error.message.includes('the process ends') ? 'let go' : error.message}\n`),
);
setTimeout(async () => {
  if (how === 'announced') await endFeeds();
  process.exit(7);
}, 20);
