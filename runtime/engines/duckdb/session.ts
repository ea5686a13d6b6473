import { randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBInstance as Instance } from '@duckdb/node-api';
import { createInstance, escapeGlob, lendEngine, quoteText, SCAN_ENGINE } from '../../sources/duckdb-scan.ts';
import { isBroken, isEnd } from '../../sources/duckdb-stream.ts';
import { ChunkCollector } from '../../sources/duckdb-vectors.ts';
import type { ColumnBatch } from '../../values/batch.ts';
import { FscError, messageOf, saysDiskFull } from '../../values/errors.ts';
import type { SqlType } from '../../values/types.ts';

export interface DuckDbOptions {
  readonly threads?: number;
  /** As DuckDB spells it: `2GB`. */
  readonly memoryLimit?: string;
  /** Files that stay readable once the session is locked. */
  readonly readable?: readonly string[];
  /** Folders in which `writeParquet` may write once the session is locked. */
  readonly writable?: readonly string[];
  /** Besides those that always are. */
  readonly disabledOptimizers?: readonly string[];
}

/** Columns of a result with their names and types. */
export interface ResultColumns {
  readonly names: readonly string[];
  readonly types: readonly SqlType[];
  readonly batch: ColumnBatch;
}

const BATCH_ROWS = 16_384;

const WRONG_OPTIMIZERS = [
  // DuckDB 1.5.1 and later take joins for one that give other columns (duckdb/duckdb#25819), as of training sets over several views.
  'common_subplan',
  // Where rows are ordered by what may be NULL, the first few of each group are others or none (duckdb/duckdb#23677, #24363).
  'top_n_window_elimination',
];

/**
 * Conditions that DuckDB 1.5 makes others of (duckdb/duckdb#23685, #25992, `date_trunc` beside a literal); emitted SQL has forms that it leaves
 * alone, people's own has not.
 */
export const WRONG_FOR_OWN_TEXT = 'expression_rewriter';
/** It carries conditions down to tables, and raises for some of LIKE's patterns there (duckdb/duckdb#23559). Without it a comma is a product. */
export const RAISES_FOR_LIKE = 'filter_pushdown';

export async function openDuckDb(options: DuckDbOptions = {}): Promise<DuckDbSession> {
  const instance = await createInstance({
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
  });
  const session = new DuckDbSession(instance, await instance.connect());
  // Instants mean UTC wherever a zone could speak; emitted SQL doesn't need it, people's queries are easier to read so.
  await session.run("SET TimeZone = 'UTC'");
  // An operator that may fail is some seven levels deep in emitted SQL, and the parser takes 400 of them.
  await session.run('SET max_expression_depth = 10000');
  await session.disable(options.disabledOptimizers ?? []);
  await session.allow(options.readable ?? [], options.writable ?? []);
  return session;
}

/** Of one thread, never to be locked: scans of files go through its engine too, and none is made for them. */
export async function openScanSession(): Promise<DuckDbSession> {
  const instance = await createInstance(SCAN_ENGINE);
  const session = new DuckDbSession(instance, await instance.connect(), [lendEngine(instance)]);
  await session.run("SET TimeZone = 'UTC'");
  return session;
}

const INTERRUPT_MS = 50;

/** One connection to an in-memory database. Statements run one after the other. */
export class DuckDbSession {
  readonly connection: DuckDBConnection;
  readonly #instance: Instance;
  readonly #releases: (() => void)[];
  #signal: AbortSignal | null = null;

  /** `releases`: done as it is closed. */
  constructor(instance: Instance, connection: DuckDBConnection, releases: (() => void)[] = []) {
    this.#instance = instance;
    this.connection = connection;
    this.#releases = releases;
  }

  async run(sql: string): Promise<void> {
    await this.#guard(() => this.connection.run(sql));
  }

  /** Rules of the optimizer, besides those that are wrong for anybody. */
  async disable(optimizers: readonly string[]): Promise<void> {
    await this.run(`SET disabled_optimizers = '${[...WRONG_OPTIMIZERS, ...optimizers].join(',')}'`);
  }

  /** Before `lock`: what may still be touched afterwards. */
  async allow(readable: readonly string[], writable: readonly string[]): Promise<void> {
    // A file is looked up by the pattern that stands for its name, then opened by the name itself.
    const paths = readable.flatMap((path) => [path, escapeGlob(resolve(path))]);
    if (readable.length > 0) await this.run(`SET allowed_paths = [${paths.map(pathText).join(', ')}]`);
    if (writable.length > 0) await this.run(`SET allowed_directories = [${writable.map(pathText).join(', ')}]`);
  }

  /** No file but those allowed, no extension, no setting but those given, from here on (design.md section 11). */
  async lock(settings: readonly string[] = []): Promise<void> {
    await this.run('SET enable_external_access = false');
    if (settings.length > 0) await this.run(`SET allowed_configs = [${settings.map(quoteText).join(', ')}]`);
    await this.run('SET lock_configuration = true');
  }

  /** The whole result. Its vectors belong to the caller. `rows`: how many there will be, if that is known. */
  async readColumns(sql: string, rows = BATCH_ROWS): Promise<ResultColumns> {
    const result = await this.#guard(() => this.connection.stream(sql));
    const collector = new ChunkCollector(result.columnTypes(), Math.max(1, rows));
    for await (const chunk of this.chunks(result, sql)) collector.append(chunk);
    return { names: result.columnNames(), types: collector.types, batch: collector.batch() };
  }

  /** The result in batches; each is overwritten by the next. */
  async streamColumns(
    sql: string,
  ): Promise<{ names: readonly string[]; types: readonly SqlType[]; batches: AsyncGenerator<ColumnBatch> }> {
    const result = await this.#guard(() => this.connection.stream(sql));
    const collector = new ChunkCollector(result.columnTypes(), BATCH_ROWS + 2048);
    return { names: result.columnNames(), types: collector.types, batches: this.#batches(result, sql, collector) };
  }

  async *#batches(result: DuckDBResult, sql: string, collector: ChunkCollector): AsyncGenerator<ColumnBatch> {
    for await (const chunk of this.chunks(result, sql)) {
      collector.append(chunk);
      if (collector.length < BATCH_ROWS) continue;
      yield collector.batch();
      collector.reset();
    }
    if (collector.length > 0) yield collector.batch();
  }

  /** All chunks of the streamed result of `sql`. */
  async *chunks(result: DuckDBResult, sql: string): AsyncGenerator<DuckDBDataChunk> {
    for (;;) {
      const chunk = await this.#guard(() => result.fetchChunk());
      if (isEnd(chunk)) break;
      yield chunk;
    }
    if (isBroken(result)) await this.#tellFault(sql);
  }

  /** A statement without a stream has DuckDB's words for what is wrong with it. */
  async #tellFault(sql: string): Promise<never> {
    this.#signal?.throwIfAborted();
    await this.run(sql);
    throw new FscError(
      'FSC7350',
      3,
      'the rows broke off halfway',
      'DuckDB does not say why, and had nothing to say when it ran the statement again',
      'run it again',
    );
  }

  /** Writes the rows of `sql` whole or not at all. Refuses types that Parquet would store as something else. Gives the number of rows. */
  async writeParquet(sql: string, path: string): Promise<number> {
    return this.#writeFile(sql, path, 'FORMAT parquet, COMPRESSION zstd');
  }

  async writeCsv(sql: string, path: string): Promise<number> {
    return this.#writeFile(sql, path, 'FORMAT csv, HEADER true');
  }

  async #writeFile(sql: string, path: string, format: string): Promise<number> {
    const items = await this.#parquetItems(sql);
    const target = resolve(path);
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
    try {
      const result = await this.connection.run(
        `COPY (SELECT ${items.join(', ')} FROM (\n${sql}\n) AS result) TO ${quoteText(temporary)} (${format})`,
      );
      renameSync(temporary, target);
      return Number(result.rowsChanged);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw new FscError(
        'FSC7352',
        saysDiskFull(messageOf(error)) ? 3 : 1,
        `cannot write ${path}`,
        messageOf(error),
        'nothing was left behind; look at the folder',
      );
    }
  }

  /** DuckDB writes HUGEINT to Parquet as DOUBLE (rules.md 27): it goes as decimal(38,0). */
  async #parquetItems(sql: string): Promise<readonly string[]> {
    const result = await this.#guard(() => this.connection.stream(`SELECT * FROM (\n${sql}\n) AS result LIMIT 0`));
    return result.columnNames().map((name, i) => {
      const quoted = `result.${quoteName(name)}`;
      const huge = result.columnType(i).toString() === 'HUGEINT';
      return huge ? `CAST(${quoted} AS decimal(38,0)) AS ${quoteName(name)}` : quoted;
    });
  }

  /** Until it is closed: interrupts what runs once the signal is given, and what is begun after that, which one interrupt alone would miss. */
  interruptOn(signal: AbortSignal): void {
    this.#signal = signal;
    let again: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      this.connection.interrupt();
      again ??= setInterval(interrupt, INTERRUPT_MS);
    };
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    this.#releases.push(() => {
      signal.removeEventListener('abort', interrupt);
      clearInterval(again);
    });
  }

  close(): void {
    for (const release of this.#releases.splice(0)) release();
    this.connection.closeSync();
    this.#instance.closeSync();
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw engineFault(error);
    }
  }
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function pathText(path: string): string {
  return quoteText(resolve(path));
}

/** DuckDB's own words as a fault of the user's query or data. */
export function engineFault(error: unknown): FscError {
  if (error instanceof FscError) return error;
  const message = messageOf(error);
  const [first = message, ...rest] = message.split('\n');
  if (/^Permission Error|configuration has been locked/.test(message)) {
    return new FscError('FSC7351', 1, first, 'the session is locked to the sources and views of the project', null);
  }
  const instant = instantMissing(message);
  if (instant !== null) return instant;
  const detail = rest.join('\n').trim();
  return new FscError('FSC7350', saysDiskFull(message) ? 3 : 1, first, detail === '' ? null : detail, helpFor(first));
}

/** What a view's macro says to a text for an instant, and to none. */
function helpFor(message: string): string | null {
  const view = /^Catalog Error: Table with name (\w+_v\d+(?:_latest)?) does not exist/.exec(message)?.[1];
  if (view !== undefined) return `if it is a view, give it an instant: ${view}(TIMESTAMP '2001-03-01 12:00:00')`;
  return /epoch_us\((STRING_LITERAL|VARCHAR)\)/.test(message)
    ? "a view takes an instant: view(TIMESTAMP '2001-03-01 12:00:00')"
    : null;
}

/** What a view's macro makes of its argument is its own: of that DuckDB would tell, with all that it could have been. */
function instantMissing(message: string): FscError | null {
  const [first = ''] = message.split('\n');
  if (!/^Binder Error: .*epoch_us\(/.test(first)) return null;
  const line = message.slice(message.lastIndexOf('LINE ')).trimEnd();
  const [, view, text] = /\b(\w+_v\d+(?:_latest)?)\s*\(\s*('[^']*')?/.exec(line) ?? [];
  if (view === undefined) return null;
  const help = `a view takes an instant: ${view}(TIMESTAMP ${text ?? "'2001-03-01 12:00:00'"})`;
  return new FscError('FSC7350', 1, 'Binder Error: the argument is no timestamp', line, help);
}
