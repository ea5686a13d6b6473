/**
 * What an earlier run consumed after its last snapshot (or, with --rebuild, at all) and this one consumes again first. Until that is over nothing
 * is journaled, saved or shown: the log would seem to go back.
 */
import type { LogPosition } from '../log/contract.ts';
import type { JournalEntry } from '../log/journal-entry.ts';
import type { RecordTexts } from '../log/record-texts.ts';
import { retriedAt } from '../log/retries.ts';
import type { JournaledRecords } from '../sources/jsonl.ts';
import { STDIN_PARTITION } from '../sources/location.ts';
import { counted } from '../values/counted.ts';
import { FscError } from '../values/errors.ts';
import { type ArchivedRecords, archivedFloor, archivedTexts } from './duckdb/archive.ts';
import { archiveExtent } from './duckdb/archive-files.ts';
import { consumedRecords, isReadBy, type SourceInput, stdinPartition } from './source-input.ts';
import type { SourceState } from './state-folder.ts';
import { archiveIncomplete, refuseLostArchive, type StateFolders, stdinRecords } from './stdin-extent.ts';

export interface ReplayOptions {
  readonly archiveFolder: string;
  readonly folder: { readonly path: string };
  readonly isRebuilt: boolean;
  /** Files that are read anew may hold less than they did: who asked for it knows. */
  readonly mayEndEarly: boolean;
}

interface ReplayParts {
  readonly source: AsyncIterable<JournaledRecords>;
  readonly isOver: boolean;
  readonly isReached: (position: LogPosition) => boolean;
  readonly mayEndEarly?: boolean;
  readonly floorOf?: (position: LogPosition) => number;
}

const NO_FLOOR = (): number => Number.POSITIVE_INFINITY;

export class JournalReplay {
  readonly #isReached: (position: LogPosition) => boolean;
  readonly #source: AsyncIterable<JournaledRecords>;
  readonly #texts: RecordTexts[] = [];
  readonly #mayEndEarly: boolean;
  readonly #floorOf: (position: LogPosition) => number;
  #isOver: boolean;
  #hasJustEnded = false;

  private constructor({ source, isOver, isReached, mayEndEarly = false, floorOf = NO_FLOOR }: ReplayParts) {
    this.#floorOf = floorOf;
    this.#source = source;
    this.#isOver = isOver;
    this.#isReached = isReached;
    this.#mayEndEarly = mayEndEarly;
  }

  static async over(options: ReplayOptions, input: SourceInput, state: SourceState): Promise<JournalReplay> {
    const { name } = input.program.spec;
    const partition = stdinPartition(input);
    const journaled = journaledPartitions(state).find((candidate) => !isReadBy(input, candidate));
    // Files are read anew with --rebuild, other ones if so wished; the journal is all that there is of stdin.
    if (journaled !== undefined && (!options.isRebuilt || state.frames.some(hasRecords)))
      throw journaledElsewhere(name, journaled);
    if (options.isRebuilt) return JournalReplay.#anew(options, input, state);
    refuseLostArchive(foldersOf(options), name, stdinRecords(state.framesFrom));
    if (partition !== null) refuseLostState(options, name, reachedOf(state, partition));
    return JournalReplay.#rest(state.frames);
  }

  static #rest(frames: readonly JournalEntry[]): JournalReplay {
    const last = frames.at(-1)?.position ?? null;
    const records = last === null ? 0 : consumedRecords(last);
    const retried = retriedAt(last);
    const isReached = (position: LogPosition): boolean =>
      consumedRecords(position) >= records && retriedAt(position) >= retried;
    return new JournalReplay({ source: once(frames), isOver: last === null, isReached });
  }

  static #filesAnew(state: SourceState, mayEndEarly: boolean): JournalReplay {
    const records = consumedRecords(state.frames.at(-1)?.position ?? state.framesFrom);
    const isReached = (position: LogPosition): boolean => consumedRecords(position) >= records;
    return new JournalReplay({ source: once([]), isOver: records === 0, isReached, mayEndEarly });
  }

  /**
   * Old rows serve until as much was read again as there was. What stdin brought comes from the archive, with the verdicts that it had, then from
   * the journal.
   */
  static async #anew(options: ReplayOptions, input: SourceInput, state: SourceState): Promise<JournalReplay> {
    const { archiveFolder, mayEndEarly } = options;
    const partition = stdinPartition(input);
    if (partition === null) return JournalReplay.#filesAnew(state, mayEndEarly);
    const { spec } = input.program;
    const { name } = spec;
    const { end, wholeTo } = archiveExtent(archiveFolder, name, STDIN_PARTITION);
    const archived = Math.max(firstOffset(state.frames, partition) ?? end, offsetOf(state.framesFrom, partition));
    if (archived > wholeTo) throw archiveIncomplete(foldersOf(options), name, wholeTo, archived);
    const reached = Math.max(archived, reachedOf(state, partition));
    if (reached === 0) return JournalReplay.#filesAnew(state, mayEndEarly);
    const texts = archivedTexts(archiveFolder, name, STDIN_PARTITION, archived);
    const isReached = (position: LogPosition): boolean => offsetOf(position, partition) >= reached;
    const source = both(texts, state.frames, state.keepsVerdicts);
    const parts = { source, isOver: false, isReached };
    if (!state.keepsVerdicts) return new JournalReplay(parts);
    const floorAt = await archivedFloor(archiveFolder, spec, STDIN_PARTITION, archived);
    return new JournalReplay({ ...parts, floorOf: (position) => floorAt(offsetOf(position, partition)) });
  }

  /**
   * No event that is still to come of those read again is older. It may have been accepted under another lateness, or while a partition was idle, so
   * nothing at or after it may be settled.
   */
  floorMicros(position: LogPosition): number {
    return this.#isOver ? Number.POSITIVE_INFINITY : this.#floorOf(position);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For the reader; remembers the texts for the archive, entry by entry. */
  async *records(): AsyncGenerator<JournaledRecords> {
    for await (const entry of this.#source) {
      if (!hasRecords(entry)) continue;
      this.#texts.push(entry.records ?? []);
      yield entry;
    }
    // New records are next: the log must stand where it stood.
    this.end();
  }

  /** Of the batch that was read last. */
  texts(): RecordTexts | null {
    return this.#texts.shift() ?? null;
  }

  see(position: LogPosition): void {
    if (!this.#isOver && this.#isReached(position)) this.#setOver();
  }

  #setOver(): void {
    this.#isOver = true;
    this.#hasJustEnded = true;
  }

  /** True once, when it has come to its end: time for a snapshot. */
  takeEnd(): boolean {
    const ended = this.#hasJustEnded;
    this.#hasJustEnded = false;
    return ended;
  }

  /** The input has ended. What was consumed must have been there again. */
  end(): void {
    if (this.#isOver) return;
    if (this.#mayEndEarly) {
      this.#setOver();
      return;
    }
    throw new FscError(
      'FSC7303',
      1,
      'the log is not the one that was consumed',
      'an earlier run consumed more records than there are now',
      'restore the files, or start anew with --rebuild; nothing was changed',
    );
  }
}

function foldersOf({ archiveFolder, folder }: ReplayOptions): StateFolders {
  return { state: folder.path, archive: archiveFolder };
}

function hasRecords({ records }: JournaledRecords): boolean {
  return records !== null && records.length > 0;
}

function offsetOf(position: LogPosition, partition: string): number {
  return position.partitions[partition]?.offset ?? 0;
}

/** Offset of the first record of stdin that the journal holds; null: it holds none. */
function firstOffset(frames: readonly JournalEntry[], partition: string): number | null {
  const first = frames.find(hasRecords);
  return first === undefined ? null : offsetOf(first.position, partition) - (first.records?.length ?? 0);
}

/** Partitions that the journal's frames go on in. */
function journaledPartitions({ frames, framesFrom }: SourceState): readonly string[] {
  const last = frames.at(-1)?.position ?? framesFrom;
  return Object.keys(last.partitions).filter((name) => offsetOf(last, name) > offsetOf(framesFrom, name));
}

/** Up to where stdin was consumed, as the state folder tells. */
function reachedOf({ frames, framesFrom }: SourceState, partition: string): number {
  return offsetOf(frames.at(-1)?.position ?? framesFrom, partition);
}

/** Records go to the journal before they go to the archive, so that it never knows more. */
function refuseLostState({ archiveFolder }: ReplayOptions, name: string, reached: number): void {
  const { end } = archiveExtent(archiveFolder, name, STDIN_PARTITION);
  if (end <= reached) return;
  throw new FscError(
    'FSC7304',
    1,
    `the state of \`${name}\` is older than its archive`,
    `the archive holds ${counted(end, 'record')} of stdin, the state folder knows of ${reached}: it was removed, or an old one was put in its place`,
    'run once with --rebuild: the state is made anew from history and archive',
  );
}

function journaledElsewhere(name: string, partition: string): FscError {
  const place = partition.slice(partition.indexOf(':') + 1);
  const isStdin = place === STDIN_PARTITION;
  return new FscError(
    'FSC7305',
    1,
    `a run of \`${name}\` over ${isStdin ? 'stdin' : `\`${place}\``} was cut off, and this one reads something else`,
    'the records after its last snapshot would be left out',
    isStdin
      ? `run once with --source ${name}=- (an empty stdin will do), then as now`
      : 'run once over the same locations as then, and then as now',
  );
}

async function* once(entries: readonly JournaledRecords[]): AsyncGenerator<JournaledRecords> {
  yield* entries;
}

async function* both(
  archived: AsyncIterable<ArchivedRecords>,
  entries: readonly JournaledRecords[],
  keepsVerdicts: boolean,
): AsyncGenerator<JournaledRecords> {
  for await (const { records, knownTimes, verdicts } of archived)
    yield { records, knownTimes, idle: [], ...(keepsVerdicts ? { verdicts } : {}) };
  yield* entries;
}
