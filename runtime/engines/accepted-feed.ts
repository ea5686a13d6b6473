/**
 * Accepted records of a source in (event time, key) order, for replay (design.md section 8). History that is read sorted anyway comes
 * straight from its files; what has to be judged in another order first comes from the cache of accepted records.
 */
import type { SourceProgram } from '../log/contract.ts';
import { openLog, type SourceLog } from '../log/source-log.ts';
import { defaultOrder, parseLocation } from '../sources/location.ts';
import { openParquetPhase, openPhase } from '../sources/open-source.ts';
import { wallClock } from '../time/clock.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { type AcceptedInput, acceptedParquet, hasKnownTimes, KNOWN_TIME_COLUMN } from './duckdb/accepted.ts';

export interface FeedOptions {
  readonly batchRows?: number;
}

export async function openAcceptedFeed(input: AcceptedInput, options: FeedOptions = {}): Promise<SourceLog> {
  const { program, locations, root, postgres = null, cutMicros = null, isStreamElsewhere = false } = input;
  const [only] = locations;
  if (only !== undefined && readsSorted(input)) {
    const phase = openPhase(program.spec, { ...only, root, postgres, stdin: null, signal: input.signal ?? null });
    const cut = { cutMicros, isStreamElsewhere };
    return openLog(program, { phases: [phase], resumeFrom: null, clock: wallClock, ...cut, ...options });
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
  const { hasKnownTimes: isKnown = false, ...rest } = options;
  const accepted = acceptedProgram(program, isKnown ? [KNOWN_TIME_COLUMN] : null);
  const phases = [openParquetPhase(accepted.spec, paths)];
  return openLog(accepted, { phases, resumeFrom: null, clock: wallClock, ...rest });
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
