/**
 * Accepted records of a source whose stream can't be read again: its history, and what the archive kept of the stream (rules.md 8).
 *
 * A run that consumed the history lived by its verdicts, and the stream's doubles of it were refused as duplicate or late: both are taken as
 * they are. Where the run knew no history, the archive's verdict on an identity counts, over history too.
 */
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Verdict, VerdictCounts } from '../log/contract.ts';
import { writeFault } from '../log/durable-file.ts';
import { OWN_PARQUET, parquetRelation, quoteText } from '../sources/duckdb-scan.ts';
import { errorCode } from '../values/errors.ts';
import type { SourceSpec } from '../values/manifest.ts';
import {
  type Accepted,
  type AcceptedInput,
  acceptedParquet,
  hasKnownTimes,
  KNOWN_TIME_COLUMN,
} from './duckdb/accepted.ts';
import { checkedPaths, listArchive } from './duckdb/archive-files.ts';
import { writableCache } from './duckdb/cache-folder.ts';
import { columnTypeText, quoteName } from './duckdb/load.ts';
import { type DuckDbSession, engineFault, openDuckDb } from './duckdb/session.ts';
import { noCounts } from './run-summary.ts';
import { OTHER_COLUMNS, redeclared } from './state-folder.ts';

export interface ArchivedInput extends AcceptedInput {
  /** null: the archive does not count. */
  readonly archiveFolder: string | null;
  /** The state that the archive belongs to was backfilled from the history (its position names it). */
  readonly hasConsumedHistory: boolean;
}

export interface AcceptedWithArchive {
  readonly paths: readonly string[];
  /** Of the history alone; the archive's were counted by the runs that wrote it. */
  readonly historyCounts: VerdictCounts;
  readonly archived: number;
  /** Accepted records of the history in whose place the archive's verdict and payload count. */
  readonly overruled: number;
  /** Of these such as no run accepted: online never had them. */
  readonly refusedByStream: number;
  /** Of the files alone (rules.md 6), at their end; null: they hold no record. */
  readonly settleLineMicros: number | null;
  readonly knownToMicros: number | null;
  /** The files have known times beside the declared columns (KNOWN_TIME_COLUMN); otherwise these are the event times. */
  readonly hasKnownTimes: boolean;
}

const NOTHING: Accepted = { paths: [], counts: noCounts(), settleLineMicros: null, knownToMicros: null };

export async function acceptedWithArchive(input: ArchivedInput): Promise<AcceptedWithArchive> {
  const { archiveFolder } = input;
  const archive = archiveFolder === null ? [] : await checkedPaths(listArchive(archiveFolder, input.program.spec.name));
  // Where there is neither, no records are a file as well.
  const isArchiveAlone = input.locations.length === 0 && archive.length > 0;
  const history = isArchiveAlone ? NOTHING : await acceptedParquet(input);
  if (archive.length === 0) {
    return {
      ...history,
      historyCounts: history.counts,
      archived: 0,
      overruled: 0,
      refusedByStream: 0,
      hasKnownTimes: hasKnownTimes(input.program.spec),
    };
  }
  const session = await openDuckDb({ threads: input.threads ?? 2 });
  try {
    return await combine(session, input, history, archive);
  } finally {
    session.close();
  }
}

async function combine(
  session: DuckDbSession,
  input: ArchivedInput,
  history: Accepted,
  archive: readonly string[],
): Promise<AcceptedWithArchive> {
  const { spec } = input.program;
  const columns = columnList(spec);
  await session.run(`CREATE VIEW archive AS SELECT * FROM ${parquetRelation(archive)}`);
  await refuseOtherColumns(session, spec);
  const base = join(writableCache(resolve(input.cacheDir)), `${encodeURIComponent(spec.name)}-archived`);
  const archived = await writeQuery(
    session,
    `SELECT ${columns}, ${KNOWN_TIME_COLUMN} FROM archive WHERE _fsc_verdict = 'accepted' ORDER BY _fsc_offset`,
    `${base}.parquet`,
  );
  const found = { ...history, historyCounts: history.counts, archived, hasKnownTimes: true };
  const isOverruling = !input.hasConsumedHistory && spec.keyColumns.length > 0 && history.paths.length > 0;
  if (!isOverruling) {
    return { ...found, paths: [...history.paths, `${base}.parquet`], overruled: 0, refusedByStream: 0 };
  }
  await session.run(`CREATE VIEW history AS SELECT * FROM ${parquetRelation(history.paths)}`);
  const known = hasKnownTimes(spec) ? `, ${KNOWN_TIME_COLUMN}` : '';
  const kept = await writeQuery(
    session,
    `SELECT ${columns}${known} FROM history AS h WHERE NOT ${isArchived(spec, RULING)}`,
    `${base}-history.parquet`,
  );
  const accepted = await session.connection.runAndReadAll(
    `SELECT count(*) FROM history AS h WHERE ${isArchived(spec, ['accepted'])}`,
  );
  const doubles = Number(accepted.getRows()[0]?.[0]);
  const overruled = history.counts.accepted - kept;
  return {
    ...found,
    paths: [`${base}-history.parquet`, `${base}.parquet`],
    overruled,
    refusedByStream: overruled - doubles,
  };
}

/** Where the state that tells how its records were declared is gone. */
async function refuseOtherColumns(session: DuckDbSession, spec: SourceSpec): Promise<void> {
  const described = await session.connection.runAndReadAll('SELECT column_name FROM (DESCRIBE archive)');
  const names = new Set(described.getRows().map(([name]) => name));
  if (spec.columns.some(({ name }) => !names.has(name))) throw redeclared(spec.name, OTHER_COLUMNS);
}

/** A malformed record has no identity: its columns are NULL. A duplicate is ruled by the record that it doubles. */
const RULING: readonly Verdict[] = ['constraint', 'range', 'ahead', 'late', 'accepted'];

/** The record `h` of the history has the identity of one of the archive with such a verdict. */
function isArchived(spec: SourceSpec, verdicts: readonly Verdict[]): string {
  const columns = [spec.eventTimeColumn, ...spec.keyColumns].map((column) => quoteName(spec.columns[column]!.name));
  const equal = columns.map((name) => `a.${name} IS NOT DISTINCT FROM h.${name}`).join(' AND ');
  return `EXISTS (SELECT 1 FROM archive AS a WHERE ${equal} AND a._fsc_verdict IN (${verdicts.map(quoteText).join(', ')}))`;
}

function columnList(spec: SourceSpec): string {
  return spec.columns
    .map((column) => `CAST(${quoteName(column.name)} AS ${columnTypeText(column.type)}) AS ${quoteName(column.name)}`)
    .join(', ');
}

async function writeQuery(session: DuckDbSession, sql: string, path: string): Promise<number> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const result = await session.connection.run(
      `COPY (${sql}) TO ${quoteText(temporary)} (${OWN_PARQUET}, COMPRESSION snappy)`,
    );
    renameSync(temporary, path);
    return Number(result.rowsChanged);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw errorCode(error) === null ? engineFault(error) : writeFault(path, error);
  }
}
