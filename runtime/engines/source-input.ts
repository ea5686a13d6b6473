/** A source as a run reads it: its program, its locations, and the log over them from wherever it stands. */
import type { Readable } from 'node:stream';
import type { LogPosition, SourceProgram } from '../log/contract.ts';
import type { RetryFeed } from '../log/retries.ts';
import { type LogPhase, openLog, type RefusedSink, type SavedLog, type SourceLog } from '../log/source-log.ts';
import type { JournaledRecords } from '../sources/jsonl.ts';
import { parseLocation, STDIN_PARTITION } from '../sources/location.ts';
import { openPhase } from '../sources/open-source.ts';
import type { Clock } from '../time/clock.ts';

export interface InputLocation {
  readonly name: 'history' | 'stream';
  readonly location: string;
  /** null: by the kind of location. */
  readonly order: 'none' | 'arrival' | null;
}

export interface SourceInput {
  readonly program: SourceProgram;
  /** History, then stream; either alone is fine (rules.md 1). */
  readonly locations: readonly InputLocation[];
  readonly cutMicros: number | null;
  /** File paths are relative to it. */
  readonly root: string;
  /** Address of the database that `postgres:TABLE` is in. */
  readonly postgres?: string | null;
  readonly stdin: Readable | null;
}

export interface OpenInputOptions {
  readonly saved: SavedLog | null;
  /** Of a run that was cut off; null: of none. */
  readonly consumedTo?: LogPosition | null;
  readonly untilMicros: number;
  /** As in LogOptions. */
  readonly limitRecords?: number;
  readonly isStreamElsewhere?: boolean;
  readonly settledMicros?: number;
  readonly clock: Clock;
  readonly refused: RefusedSink | null;
  readonly signal: AbortSignal | null;
  /** Records of stdin to be read before those that it still has. */
  readonly journaled: Iterable<JournaledRecords> | AsyncIterable<JournaledRecords>;
  /** A later run goes on where this one ends. */
  readonly isContinued?: boolean;
  /** They go into the last location. */
  readonly retries?: RetryFeed;
  readonly batchRows?: number | undefined;
}

export async function openInput(input: SourceInput, options: OpenInputOptions): Promise<SourceLog> {
  return openLog(input.program, {
    phases: input.locations.map((location) => phaseOf(input, location, options)),
    resumeFrom: options.saved,
    consumedTo: options.consumedTo ?? null,
    clock: options.clock,
    untilMicros: options.untilMicros,
    cutMicros: input.cutMicros,
    refused: options.refused,
    limitRecords: options.limitRecords ?? Number.POSITIVE_INFINITY,
    isStreamElsewhere: options.isStreamElsewhere ?? false,
    settledMicros: options.settledMicros ?? Number.NEGATIVE_INFINITY,
    ...(options.batchRows === undefined ? {} : { batchRows: options.batchRows }),
  });
}

function phaseOf(input: SourceInput, location: InputLocation, options: OpenInputOptions): LogPhase {
  const isLast = location === input.locations.at(-1);
  return openPhase(input.program.spec, {
    ...location,
    root: input.root,
    postgres: input.postgres ?? null,
    stdin: input.stdin,
    signal: options.signal,
    journaled: isStdin(location) ? options.journaled : [],
    mayGrow: isLast && options.isContinued === true,
    retries: isLast ? (options.retries ?? null) : null,
  });
}

function isStdin({ location }: InputLocation): boolean {
  return parseLocation(location).kind === 'stdin';
}

/** Where stdin stands in the positions of the source; null: it is not read from stdin. */
export function stdinPartition(input: SourceInput): string | null {
  const location = input.locations.find(isStdin);
  return location === undefined ? null : `${location.name}:${STDIN_PARTITION}`;
}

/** Whether the run reads the partition, a name of a position. */
export function isReadBy(input: SourceInput, partition: string): boolean {
  const [phase, place] = [partition.slice(0, partition.indexOf(':')), partition.slice(partition.indexOf(':') + 1)];
  const location = input.locations.find((candidate) => candidate.name === phase);
  return location !== undefined && isStdin(location) === (place === STDIN_PARTITION);
}

/** Records consumed, over all partitions. Log order is deterministic, so this number says which. */
export function consumedRecords(position: LogPosition): number {
  let total = 0;
  for (const { offset } of Object.values(position.partitions)) total += offset;
  return total;
}
