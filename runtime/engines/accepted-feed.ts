/**
 * Accepted records of a source in (event time, key) order, for replay (design.md section 8). History that is read sorted anyway comes
 * straight from its files; what has to be judged in another order first comes from the cache of accepted records.
 */
import type { SourceProgram } from '../log/contract.ts';
import { columnsOfOnly } from '../log/judge.ts';
import { openLog, type SourceLog } from '../log/source-log.ts';
import { findFiles, WatchedFile } from '../sources/files.ts';
import { defaultOrder, parseLocation } from '../sources/location.ts';
import { openParquetPhase, openPhase } from '../sources/open-source.ts';
import { fieldsOf } from '../sources/record-columns.ts';
import { cleanColumns } from '../sources/unread-columns.ts';
import { wallClock } from '../time/clock.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { type AcceptedInput, acceptedParquet, hasKnownTimes, KNOWN_TIME_COLUMN } from './duckdb/accepted.ts';

export interface FeedOptions {
  readonly batchRows?: number;
  /** Columns that are looked at; the others of a batch may be missing. Absent: all. */
  readonly reads?: ReadonlySet<number>;
  /** As in HowToRead. */
  readonly trustsOrder?: boolean;
}

export async function openAcceptedFeed(input: AcceptedInput, options: FeedOptions = {}): Promise<SourceLog> {
  const { program, locations, root, postgres = null, cutMicros = null, isStreamElsewhere = false } = input;
  const [only] = locations;
  if (only !== undefined && readsSorted(input)) {
    const { reads, trustsOrder = false, ...rest } = options;
    const clean = reads === undefined ? null : await findClean(program, only.location, root, reads);
    const unread = clean?.columns ?? new Set();
    const place = { ...only, root, postgres, stdin: null, signal: input.signal ?? null, unread, trustsOrder };
    const cut = { cutMicros, isStreamElsewhere };
    const phases = [openPhase(program.spec, place)];
    const log = await openLog(withoutKeys(program, unread), {
      phases,
      resumeFrom: null,
      clock: wallClock,
      ...cut,
      ...rest,
    });
    return clean === null ? log : watched(log, clean.files);
  }
  const { paths } = await acceptedParquet(input);
  return openAcceptedPaths(program, paths, { ...options, hasKnownTimes: hasKnownTimes(program.spec) });
}

/** The records can be read in event order straight from the files, without a cache of what was accepted. */
export function readsSorted({ locations, limitRecords }: AcceptedInput): boolean {
  const [only] = locations;
  return only !== undefined && locations.length === 1 && limitRecords === undefined && isSorted(only);
}

/** Over Parquet files that hold accepted records (`acceptedParquet`, `acceptedWithArchive`). */
export async function openAcceptedPaths(
  program: SourceProgram,
  paths: readonly string[],
  options: FeedOptions & { readonly hasKnownTimes?: boolean } = {},
): Promise<SourceLog> {
  const { hasKnownTimes: isKnown = false, reads, trustsOrder = false, ...rest } = options;
  const accepted = acceptedProgram(program, isKnown ? [KNOWN_TIME_COLUMN] : null);
  // Accepted once, accepted for ever: what is not looked at has no fault.
  const unread = program.spec.columns.map((_, i) => i).filter((i) => reads !== undefined && !reads.has(i));
  const phases = [openParquetPhase(accepted.spec, paths, { unread: new Set(unread), trustsOrder })];
  return openLog(accepted, { phases, resumeFrom: null, clock: wallClock, ...rest });
}

interface CleanColumns {
  readonly columns: ReadonlySet<number>;
  /** As they were when the columns were looked over. */
  readonly files: readonly WatchedFile[];
}

/** null: all columns are read. */
async function findClean(
  program: SourceProgram,
  location: string,
  root: string,
  reads: ReadonlySet<number>,
): Promise<CleanColumns | null> {
  const { spec, entityKeys = [] } = program;
  const place = parseLocation(location);
  if (place.kind !== 'files' || place.format !== 'parquet' || spec.columns.every((_, i) => reads.has(i))) return null;
  const found = findFiles(root, place.pattern);
  const files = found.map((file) => new WatchedFile(file, true));
  const columns = await cleanColumns(spec, fieldsOf(spec, columnsOfOnly(spec)), entityKeys, found, reads);
  return columns.size === 0 ? null : { columns, files };
}

/** Keys with a column that was not read are none too long (`cleanColumns`). */
function withoutKeys(program: SourceProgram, unread: ReadonlySet<number>): SourceProgram {
  const { entityKeys = [] } = program;
  return { ...program, entityKeys: entityKeys.filter((key) => !key.some((column) => unread.has(column))) };
}

/** What was looked over must be what was read. */
function watched(log: SourceLog, files: readonly WatchedFile[]): SourceLog {
  return {
    next: async () => {
      const batch = await log.next();
      if (batch === null) for (const file of files) file.check(0);
      return batch;
    },
    snapshot: () => log.snapshot(),
    get position() {
      return log.position;
    },
    get isLive() {
      return log.isLive;
    },
    get isAtInstant() {
      return log.isAtInstant;
    },
    get knownToMicros() {
      return log.knownToMicros;
    },
    setIdle: (partitions) => log.setIdle(partitions),
    close: () => log.close(),
  };
}

function isSorted({ location, order }: AcceptedInput['locations'][number]): boolean {
  return (order ?? defaultOrder(parseLocation(location))) === 'none';
}

/** The source as its accepted records are written: in declared names and types, everything asked of them already. */
export function acceptedProgram(program: SourceProgram, knownTimePath: readonly string[] | null = null): SourceProgram {
  const spec: SourceSpec = {
    ...program.spec,
    columns: program.spec.columns.map((column) => ({
      ...column,
      path: [column.name],
      epochUnit: null,
      hasDefault: false,
      defaultValue: null,
    })),
    knownTimePath,
    partitionColumn: -1,
    checks: [],
    onlySql: null,
    onlyPaths: [],
  };
  return { spec, check: (_batch, length, broken) => broken.fill(0, 0, length), onlyColumns: [], only: null };
}
