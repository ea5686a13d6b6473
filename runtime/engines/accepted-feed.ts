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
import { type AcceptedInput, acceptedParquet } from './duckdb/accepted.ts';

export async function openAcceptedFeed(input: AcceptedInput): Promise<SourceLog> {
  const { program, locations, root } = input;
  const [only] = locations;
  if (only !== undefined && locations.length === 1 && isSorted(only)) {
    const phase = openPhase(program.spec, { ...only, root, stdin: null, signal: null });
    return openLog(program, { phases: [phase], resumeFrom: null, clock: wallClock });
  }
  const { paths } = await acceptedParquet(input);
  return openAcceptedPaths(program, paths);
}

/** Over Parquet files that hold accepted records (`acceptedParquet`, `acceptedWithArchive`). */
export async function openAcceptedPaths(program: SourceProgram, paths: readonly string[]): Promise<SourceLog> {
  const accepted = acceptedProgram(program);
  const phases = [openParquetPhase(accepted.spec, paths)];
  return openLog(accepted, { phases, resumeFrom: null, clock: wallClock });
}

function isSorted({ location, order }: AcceptedInput['locations'][number]): boolean {
  return (order ?? defaultOrder(parseLocation(location))) === 'none';
}

/** The source as its accepted records are written: in declared names and types, everything asked of them already. */
export function acceptedProgram(program: SourceProgram): SourceProgram {
  const spec: SourceSpec = {
    ...program.spec,
    columns: program.spec.columns.map((column) => ({
      ...column,
      path: [column.name],
      epochUnit: null,
      hasDefault: false,
      defaultValue: null,
    })),
    knownTimePath: null,
    partitionColumn: -1,
    checks: [],
    onlySql: null,
    onlyPaths: [],
  };
  return { spec, check: (_batch, length, broken) => broken.fill(0, 0, length), onlyColumns: [], only: null };
}
