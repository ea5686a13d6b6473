/**
 * The accepted records of a source as Parquet, for the machines that read relations (DuckDB, notebooks, the referee): the same verdict
 * code as a stream run, once for each state of the files, kept in a cache (where that can't be written, by this process alone).
 *
 * Reads: the source's locations. Writes: `<cacheDir>/<source>-<hash>[-n].parquet` in the declared types (and `_fsc_known_time`, where that is
 * not the event time), then `….json`, which makes them count.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import type { LogBatch, SourceProgram, VerdictCounts } from '../../log/contract.ts';
import { fileChecksum, textChecksum, writeFault, writeWhole } from '../../log/durable-file.ts';
import { columnsOfOnly } from '../../log/judge.ts';
import { type LogPhase, openLog, type SourceLog } from '../../log/source-log.ts';
import { OWN_PARQUET, quoteText } from '../../sources/duckdb-scan.ts';
import { findFiles } from '../../sources/files.ts';
import { parseLocation } from '../../sources/location.ts';
import { openPhase, postgresAddress } from '../../sources/open-source.ts';
import type { TableSnapshot } from '../../sources/postgres-table.ts';
import { fieldsOf } from '../../sources/record-columns.ts';
import { wallClock } from '../../time/clock.ts';
import type { ColumnBatch, NumericVector } from '../../values/batch.ts';
import { FscError } from '../../values/errors.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import type { SqlType } from '../../values/types.ts';
import { addCounts, noCounts } from '../run-summary.ts';
import { unlessStopped } from '../unless-stopped.ts';
import { writableCache } from './cache-folder.ts';
import { createSourceTable, quoteName, RecordAppender } from './load.ts';
import { type DuckDbSession, openDuckDb } from './session.ts';

/** Changes whenever the same files could give other Parquet. */
const CACHE_VERSION = 7;
/** Bounds the memory that one part takes while it is gathered. */
const PART_ROWS = 4_000_000;
/** Older entries of a source go when a new one is written. */
const KEPT_MS = 24 * 3600 * 1000;
const TABLE = 'accepted';

/** Beside the declared columns, which can't begin so. */
export const KNOWN_TIME_COLUMN = '_fsc_known_time';
const KNOWN_TIME_TYPE: SqlType = { kind: 'timestamp' };

export interface AcceptedInput {
  readonly program: SourceProgram;
  /** History, then stream, as in a run (rules.md 1). Files only. */
  readonly locations: readonly {
    readonly name: 'history' | 'stream';
    readonly location: string;
    readonly order: 'none' | 'arrival' | null;
  }[];
  readonly cutMicros?: number | null;
  /** The stream is not among the locations because it can't be read again; the history ends at the cut all the same. */
  readonly isStreamElsewhere?: boolean;
  /** Only the first so many records of the log, refused ones counted. */
  readonly limitRecords?: number;
  readonly root: string;
  /** Address of the database that `postgres:TABLE` is in. */
  readonly postgres?: string | null;
  readonly cacheDir: string;
  readonly threads?: number;
  /** Stops the reading; nothing is kept of it. */
  readonly signal?: AbortSignal;
}

export interface Accepted {
  /** At least one, even for no records. */
  readonly paths: readonly string[];
  readonly counts: VerdictCounts;
  /** rules.md 6, at the end of the records; null: there are none. */
  readonly settleLineMicros: number | null;
  /** Newest known time; null: nothing was read. */
  readonly knownToMicros: number | null;
}

/** Whether accepted records have their known times beside them; otherwise these are the event times. */
export function hasKnownTimes(spec: SourceSpec): boolean {
  return spec.knownTimePath !== null;
}

export async function acceptedParquet(input: AcceptedInput): Promise<Accepted> {
  const tables = new Map<string, TableSnapshot>();
  try {
    await openTables(input, tables);
    const name = `${encodeURIComponent(input.program.spec.name)}-${cacheKey(input, tables)}`;
    const cacheDir = resolve(input.cacheDir);
    const cached = await readCached(join(cacheDir, name));
    if (cached !== null) return cached;
    const folder = writableCache(cacheDir);
    const base = join(folder, name);
    const own = folder === cacheDir ? null : await readCached(base);
    return own ?? (await write(input, tables, base));
  } finally {
    for (const table of tables.values()) await table.close();
  }
}

/** By location. What is read of a table is what its checksum in the key is of, whatever others do to it meanwhile. */
type Tables = ReadonlyMap<string, TableSnapshot>;

async function openTables(input: AcceptedInput, tables: Map<string, TableSnapshot>): Promise<void> {
  const { spec } = input.program;
  for (const { location } of input.locations) {
    const parsed = parseLocation(location);
    if (parsed.kind !== 'postgres' || tables.has(location)) continue;
    const url = postgresAddress(location, input.postgres, 'none');
    const at = { url, table: parsed.table, signal: input.signal ?? null };
    // The client is loaded where there is something to ask.
    const { TableSnapshot } = await import('../../sources/postgres-table.ts');
    tables.set(location, await TableSnapshot.open(spec, fieldsOf(spec, columnsOfOnly(spec)), at));
  }
}

/** Over everything that decides which records are accepted and what their values are. */
function cacheKey(input: AcceptedInput, tables: Tables): string {
  const contents: unknown[] = [];
  for (const { name, location, order } of input.locations)
    contents.push([name, order], ...contentOf(location, input.root, tables));
  const text = JSON.stringify([
    CACHE_VERSION,
    input.program.spec.fingerprint,
    input.program.entityKeys ?? [],
    input.cutMicros ?? null,
    input.isStreamElsewhere ?? false,
    input.limitRecords ?? null,
    input.root,
    contents,
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}

/**
 * What changes whenever the records of the location do: a table by its rows, files by size and times. The time of writing alone may be that of
 * the file before (`touch -d`, `cp -p`); nobody sets the time of the change itself.
 */
function contentOf(location: string, root: string, tables: Tables): unknown[] {
  const parsed = parseLocation(location);
  switch (parsed.kind) {
    case 'files':
      return findFiles(root, parsed.pattern).map((file) => {
        const { ino, size, mtimeNs, ctimeNs } = statSync(file.path, { bigint: true });
        return [file.name, ...[ino, size, mtimeNs, ctimeNs].map(String)];
      });
    case 'postgres':
      return [[location, tables.get(location)?.checksum]];
    case 'stdin':
      throw new FscError(
        'FSC7101',
        2,
        'stdin has no records to look up',
        'it can be read once, by a stream run',
        'name the files that hold the records, with --source NAME=LOCATION',
      );
  }
}

/** What stands beside the Parquet files: a checksum of the rest, a blank, and the rest as JSON. */
interface Note extends Omit<Accepted, 'paths'> {
  /** Checksums of the files, which have none themselves. */
  readonly parts: readonly string[];
}

async function readCached(base: string): Promise<Accepted | null> {
  try {
    const text = readFileSync(`${base}.json`, 'utf8');
    if (text.slice(0, 9) !== `${textChecksum(crc32(text.slice(9)))} `) return null;
    const { parts, ...rest } = JSON.parse(text.slice(9)) as Note;
    const paths = parts.map((_, i) => partPath(base, i));
    for (const [i, path] of paths.entries()) if ((await fileChecksum(path)) !== parts[i]) return null;
    return { paths, ...rest };
  } catch {
    // Missing, or cut short by hand: it is made anew.
    return null;
  }
}

function partPath(base: string, index: number): string {
  return index === 0 ? `${base}.parquet` : `${base}-${index}.parquet`;
}

async function write(input: AcceptedInput, tables: Tables, base: string): Promise<Accepted> {
  const phases: LogPhase[] = input.locations.map(({ name, location, order }) =>
    openPhase(input.program.spec, {
      name,
      location,
      order,
      root: input.root,
      postgres: input.postgres ?? null,
      tableSnapshot: tables.get(location)?.id ?? null,
      stdin: null,
      signal: input.signal ?? null,
    }),
  );
  const session = await openDuckDb({ threads: input.threads ?? 2 });
  try {
    const opening = openLog(input.program, {
      phases,
      resumeFrom: null,
      clock: wallClock,
      cutMicros: input.cutMicros ?? null,
      isStreamElsewhere: input.isStreamElsewhere ?? false,
      limitRecords: input.limitRecords ?? Number.POSITIVE_INFINITY,
    });
    const log = await unlessStopped(opening, input.signal ?? null, (late) => void late.close());
    try {
      return await writeParts(session, input, log, base);
    } finally {
      await log.close();
    }
  } finally {
    session.close();
  }
}

async function writeParts(
  session: DuckDbSession,
  input: AcceptedInput,
  log: SourceLog,
  base: string,
): Promise<Accepted> {
  const { spec } = input.program;
  const declared = spec.columns.map((column) => column.type);
  const types = hasKnownTimes(spec) ? [...declared, KNOWN_TIME_TYPE] : declared;
  const counts = noCounts();
  const parts: string[] = [];
  let settleLine: number | null = null;
  for (let isAtEnd = false; !isAtEnd; ) {
    await createSourceTable(session, TABLE, spec);
    if (hasKnownTimes(spec)) await session.run(`ALTER TABLE ${TABLE} ADD COLUMN ${KNOWN_TIME_COLUMN} TIMESTAMP`);
    const appender = await RecordAppender.open(session, TABLE, types);
    let rows = 0;
    while (rows < PART_ROWS) {
      input.signal?.throwIfAborted();
      const batch = await unlessStopped(log.next(), input.signal ?? null);
      if (batch === null) {
        isAtEnd = true;
        break;
      }
      addCounts(counts, batch.counts);
      appender.append({ batch: withKnownTimes(spec, batch), rows: batch.accepted, count: batch.acceptedCount });
      rows += batch.acceptedCount;
      if (Number.isFinite(batch.settleLineMicros)) settleLine = batch.settleLineMicros;
    }
    appender.close();
    if (rows > 0 || parts.length === 0) parts.push(await writePart(session, partPath(base, parts.length)));
  }
  const note = { counts, settleLineMicros: settleLine, knownToMicros: log.knownToMicros };
  await writeWhole(`${base}.json`, async (file) => {
    const text = JSON.stringify({ parts, ...note } satisfies Note);
    await file.writeFile(`${textChecksum(crc32(text))} ${text}`);
    return true;
  });
  dropOld(base, spec.name);
  return { paths: parts.map((_, i) => partPath(base, i)), ...note };
}

function withKnownTimes(spec: SourceSpec, batch: LogBatch): ColumnBatch {
  if (!hasKnownTimes(spec)) return batch.batch;
  const known: NumericVector = { kind: 'numeric', values: batch.knownTimeMicros, nulls: null, wide: null };
  const declared = batch.batch.columns.slice(0, spec.columns.length);
  return { length: batch.batch.length, columns: [...declared, known] };
}

/** Gives the checksum. Written beside and renamed: a reader sees a whole file or none. */
async function writePart(session: DuckDbSession, path: string): Promise<string> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await session.run(`COPY ${quoteName(TABLE)} TO ${quoteText(temporary)} (${OWN_PARQUET}, COMPRESSION snappy)`);
    const checksum = await fileChecksum(temporary);
    renameSync(temporary, path);
    return checksum;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeFault(path, error);
  }
}

/** Entries of the same source that are a day older than this one: no process reads them any more. */
function dropOld(base: string, source: string): void {
  const folder = resolve(base, '..');
  const newest = statSync(`${base}.json`).mtimeMs;
  const prefix = `${encodeURIComponent(source)}-`;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    // Temporary ones too, of a process that was killed.
    if (
      !/^\.?[0-9a-f]{20}(-\d+)?\.(parquet|json)(\.[0-9a-f-]{36}\.tmp)?$/.test(name.slice(prefix.length)) ||
      !name.startsWith(prefix)
    )
      continue;
    if (path.startsWith(base) || !existsSync(path)) continue;
    if (statSync(path).mtimeMs < newest - KEPT_MS) rmSync(path, { force: true });
  }
}
