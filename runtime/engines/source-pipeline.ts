/** One source of a run, with the groups that read it: from its log to its online rows. */
import { join } from 'node:path';
import type { LogBatch, LogPosition, VerdictCounts } from '../log/contract.ts';
import { Quarantine } from '../log/quarantine.ts';
import { RETRIES_FOLDER, RETRIES_PARTITION, Retries } from '../log/retries.ts';
import type { RefusedRecord, SourceLog } from '../log/source-log.ts';
import { STDIN_PARTITION } from '../sources/location.ts';
import type { GroupState, Program, ViewProgram } from '../state/program.ts';
import { REACH_BACK_MICROS } from '../stores/row-builder.ts';
import { isBefore } from '../stores/stamp.ts';
import type { Heartbeat, OnlineStore } from '../stores/store.ts';
import { FscError } from '../values/errors.ts';
import { entryOf } from '../values/positions.ts';
import { printTimestamp } from '../values/temporal.ts';
import { Archive } from './duckdb/archive.ts';
import { foldableTo } from './foldable.ts';
import { Interval } from './interval.ts';
import { JournalReplay } from './journal-replay.ts';
import type { Leftovers } from './leftovers.ts';
import { NextBatch } from './next-batch.ts';
import { isServed, OnlineWriter, type Stamper, type WriterGroup } from './online-writer.ts';
import { rebuildGroups, recordsOfFiles, stdinOf } from './rebuild-groups.ts';
import type { Retirement } from './retirement.ts';
import { addCounts, type ErrorTally, noCounts } from './run-summary.ts';
import { openInput, type SourceInput, stdinPartition } from './source-input.ts';
import { OTHER_COLUMNS, redeclared, type SavedGroup, type SavedSource, type SourceState } from './state-folder.ts';
import type { StreamRunOptions } from './stream-run.ts';
import { unlessStopped } from './unless-stopped.ts';

/** A clean stop takes less than two seconds: what is not written by then is found again by the next run. */
const STOP_MICROS = 1_000_000;
const ROWS_PER_WRITE_AT_STOP = 1000;
/** How long a stop waits for a batch that is being read. */
const DRAIN_MS = 300;
/** While the log is behind, flushes take at most one part in so many: rows of a history that is caught up with are soon written again. */
const FLUSH_SHARE = { live: 5, history: 20 };
const NEVER = Number.NEGATIVE_INFINITY;
const BATCHES_PER_TURN = 4;
const QUICK_BYTES = 64 << 20;
/** A restart reads the journal whole. */
const MAX_JOURNAL_BYTES = 256 << 20;

export class SourcePipeline {
  readonly counts = noCounts();
  rows = 0;
  readonly #options: StreamRunOptions;
  readonly #input: SourceInput;
  readonly #state: SourceState;
  readonly #log: SourceLog;
  readonly #next: NextBatch;
  readonly #quarantine: Quarantine | null;
  /** Of the batch that was read last: they go to the quarantine once the journal has the batch. */
  readonly #refused: RefusedRecord[];
  readonly #groups: readonly WriterGroup[];
  readonly #writer: OnlineWriter;
  readonly #retirement: Retirement;
  readonly #leftovers: Leftovers;
  readonly #replay: JournalReplay;
  readonly #retries: Retries;
  readonly #flushes: Interval;
  readonly #snapshots: Interval;
  #archive: Archive | null = null;
  #position: LogPosition;
  #newestMicros: number;
  #settleLineMicros: number;
  #knownToMicros: number | null;
  #hasNews = true;
  #isSaved = false;
  /** There is a snapshot that the frames of the journal follow. Not while a state is made anew, until its first one. */
  #isCommitted: boolean;
  /** To be told to the quarantine with the next snapshot; null: nothing is. */
  #anew: Anew | null;
  readonly #countsFilesAlone: boolean;
  /** Rows of entities that the state does not know may stand in the store, which another state has filled, or a view had before it was taken away. */
  #hasForeignRows: boolean;
  /** Rows of other plans may stand in the store. They go once those of this run are in their place. */
  #mayHaveLeftovers = true;
  readonly #isSameStore: boolean;
  /**
   * The journal of a run over stdin that is killed before its first snapshot would hold records of which nobody knows by what declaration they were
   * judged, so one is made before them: an empty one where nothing was consumed yet, and one that names the declaration where that has changed.
   */
  readonly #savesFirst: boolean;
  #hasBegun = false;
  #stopAt = Number.POSITIVE_INFINITY;

  private constructor(parts: PipelineParts) {
    const { options, input, state, log, groups, stamper, saved } = parts;
    const now = options.clock.nowMicros();
    this.#options = options;
    this.#input = input;
    this.#state = state;
    this.#log = log;
    this.#next = new NextBatch(() => log.next());
    this.#quarantine = parts.quarantine;
    this.#refused = parts.refused;
    this.#groups = groups;
    this.#replay = parts.replay;
    this.#retries = parts.retries;
    this.#retirement = parts.retirement;
    this.#leftovers = parts.leftovers;
    this.#retirement.add(input.program.spec.name, this.#viewNames());
    this.#writer = new OnlineWriter(options.program, groups, options.store, stamper, options.namespace);
    this.#position = saved?.position ?? { partitions: {} };
    this.#newestMicros = saved?.newestMicros ?? Number.NEGATIVE_INFINITY;
    this.#settleLineMicros = saved?.settleLineMicros ?? Number.NEGATIVE_INFINITY;
    this.#knownToMicros = saved?.knownToMicros ?? null;
    this.#flushes = new Interval(now, options.flushIntervalMicros);
    this.#snapshots = new Interval(now, options.snapshotIntervalMicros);
    this.#isCommitted = !options.isRebuilt;
    this.#anew = parts.anew;
    this.#countsFilesAlone = parts.countsFilesAlone;
    addCounts(this.counts, parts.countsAnew);
    const isFirst = saved === null && !options.isRebuilt && state.frames.length === 0;
    this.#savesFirst = isFirst || (saved !== null && state.change === 'verdicts');
    this.#isSameStore = parts.isSameStore;
    this.#hasForeignRows = !stamper.isFirst && (!parts.isSameStore || groups.some(({ isBuilt }) => isBuilt));
    options.signal.addEventListener('abort', this.#onStop, { once: true });
    if (options.signal.aborted) this.#onStop();
  }

  readonly #onStop = (): void => {
    this.#stopAt = this.#options.clock.nowMicros() + STOP_MICROS;
    this.#next.interrupt();
  };

  static async open(
    asked: StreamRunOptions,
    input: SourceInput,
    { stamper, retirement, leftovers, errors }: SharedParts,
  ): Promise<SourcePipeline> {
    const { name } = input.program.spec;
    const { state, options, countsFilesAlone, settledMicros } = await openState(asked, input);
    const quarantine = options.quarantineFolder === null ? null : new Quarantine(options.quarantineFolder, name);
    const refused: RefusedRecord[] = [];
    let log: SourceLog | null = null;
    try {
      const { saved } = state;
      refusePast(name, saved, options.untilMicros);
      const replay = await JournalReplay.over({ ...options, mayEndEarly: asked.isRebuilt }, input, state);
      const retries = openRetries(options, input, state);
      const isJudgedAnew = saved !== null && state.change === 'verdicts' && recordsOfFiles(input, saved) > 0;
      const isAnew = quarantine !== null && (options.isRebuilt || isJudgedAnew);
      const anew = isAnew ? { from: quarantine.end(), isAll: options.isRebuilt } : null;
      const isSameStore = !isJudgedAnew && (await isStoreOf(options.store, saved));
      const { signal } = options;
      const opening = openGroups(options, input, saved, { isSameStore, isJudgedAnew }, errors, quarantine);
      const { groups, countsAnew } = await unlessStopped(opening, signal);
      const openingLog = openInput(input, {
        saved: saved === null ? null : { position: saved.position, image: saved.log },
        consumedTo: consumedBefore(state, options.isRebuilt, countsFilesAlone),
        untilMicros: options.untilMicros,
        settledMicros,
        clock: options.clock,
        refused: quarantine === null ? null : { add: (record) => refused.push(record), flush: () => undefined },
        signal,
        journaled: replay.records(),
        isContinued: true,
        retries,
        batchRows: options.batchRows,
      });
      log = await unlessStopped(openingLog, signal, (late) => void late.close());
      return new SourcePipeline({
        ...{ options, input, state, log, quarantine, refused, groups, stamper, replay, retries, saved, isSameStore },
        ...{ retirement, leftovers, anew, countsAnew, countsFilesAlone },
      });
    } catch (error) {
      await log?.close();
      quarantine?.close();
      await state.close();
      throw error;
    }
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    if (this.#savesFirst && stdinPartition(this.#input) !== null) await this.#save(() => signal.aborted);
    for (let batches = 1; !signal.aborted; batches++) {
      const isHere = await this.#next.wait(this.#patienceMs());
      if (!isHere) {
        if (!signal.aborted) await this.#idle();
        continue;
      }
      const batch = this.#next.take();
      if (batch === null) break;
      await this.#consume(batch);
      if (batches % BATCHES_PER_TURN === 0) await nextTurn(); // lets signals in
      if (!this.#replay.isOver) continue;
      const now = clock.nowMicros();
      if (this.#flushes.isDue(now)) await this.#flush('stream', false, false);
      if (this.#replay.takeEnd() || this.#snapshots.isDue(now) || this.#state.journalBytes > MAX_JOURNAL_BYTES)
        await this.#save(() => signal.aborted);
    }
    if (signal.aborted) await this.#drain();
    await this.#finish();
  }

  /** How long to wait for records before rows and heartbeats are due. Only a live source says nothing for long. */
  #patienceMs(): number {
    if (stdinPartition(this.#input) === null) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#flushes.leftMicros(this.#options.clock.nowMicros()) / 1000);
  }

  async #idle(): Promise<void> {
    const now = this.#options.clock.nowMicros();
    if (!this.#replay.isOver) {
      this.#flushes.start(now, this.#options.flushIntervalMicros);
      return;
    }
    await this.#flush('stream', false, true);
    // What came before the silence gets to where offline commands find it. No snapshot: the log may be at work on what comes after it.
    if (this.#snapshots.isDue(now)) await this.#archive?.flush();
  }

  /** After a stop: what was taken off a pipe already is kept; a batch of a file that takes long is left to the next run. */
  async #drain(): Promise<void> {
    while (this.#isTakingOffPipe || this.#next.isAsked) {
      const limit = this.#isTakingOffPipe ? Number.POSITIVE_INFINITY : DRAIN_MS;
      if (!(await this.#next.wait(limit))) return;
      const batch = this.#next.take();
      if (batch === null) return;
      await this.#consume(batch);
    }
  }

  get #isTakingOffPipe(): boolean {
    return this.#log.isLive && this.#replay.isOver;
  }

  async #consume(batch: LogBatch): Promise<void> {
    // What is made anew is what lookups have; anything else they miss from now on, should the run be killed.
    if (this.#replay.isOver || !this.#options.isRebuilt) await this.#begin();
    // Records that can't be read again are journaled before anything else is done with them.
    if (batch.records !== null || (this.#replay.isOver && this.#isCommitted)) await this.#state.append(batch);
    this.#retries.note(batch.position);
    this.#keepRefused();
    await this.#keep(batch);
    const settled = Math.min(batch.settleLineMicros, this.#replay.floorMicros(batch.position));
    const line = foldableTo(settled, this.#options);
    for (const { state } of this.#groups) {
      state.ingest(batch.batch, batch.accepted, batch.acceptedCount);
      if (line > Number.NEGATIVE_INFINITY) state.settle(line);
    }
    const isCounted = !this.#countsFilesAlone || this.#replay.isOver || this.#stdinOffset(batch.position) === 0;
    this.#position = batch.position;
    this.#newestMicros = batch.newestMicros;
    this.#settleLineMicros = batch.settleLineMicros;
    this.#knownToMicros = this.#log.knownToMicros;
    this.#hasNews = true;
    this.#isSaved = false;
    if (isCounted) addCounts(this.counts, batch.counts);
    this.#replay.see(batch.position);
    this.#options.onProgress?.(this.#input.program.spec.name, this.counts, batch.newestMicros);
  }

  /** Before the journal has them, another run could give their places to other records. */
  #keepRefused(): void {
    if (this.#refused.length === 0) return;
    for (const record of this.#refused) this.#quarantine?.add(record);
    this.#refused.length = 0;
    this.#quarantine?.flush();
  }

  /** Into the archive, what can't be read again. */
  async #keep(batch: LogBatch): Promise<void> {
    const offset = this.#stdinOffset(batch.position);
    if (offset === this.#stdinOffset(this.#position)) return; // of the history
    const { archiveFolder } = this.#options;
    this.#archive ??= await Archive.open(archiveFolder, this.#input.program.spec, STDIN_PARTITION);
    this.#archive.add(batch, offset - batch.batch.length, batch.records ?? this.#replay.texts());
  }

  #stdinOffset(position: LogPosition): number {
    const partition = stdinPartition(this.#input);
    return partition === null ? 0 : (entryOf(position, partition)?.offset ?? 0);
  }

  /** End of finite input or a clean stop: rows with their whole future, then a snapshot. */
  async #finish(): Promise<void> {
    const { aborted } = this.#options.signal;
    if (this.#log.isAtInstant && this.#log.isLive) this.#options.onLeft?.(this.#input.program.spec.name);
    // Before the log stands where it stood, older rows would take the place of newer ones.
    if (!this.#replay.isOver && aborted) return;
    this.#endReplay();
    const isWritten = await this.#flush('complete', !aborted, true);
    if (isWritten && !aborted) {
      await this.#sweep();
      while (this.#mayHaveLeftovers && !this.#options.signal.aborted) await this.#sweepLeftovers();
    }
    // The log is ahead of the position while it works on a batch. The journal has everything.
    const isTime = isWritten && !this.#next.isAsked && !(aborted && this.#isLarge());
    if (!isTime || !(await this.#save(() => this.#isTooLate()))) await this.#archive?.flush();
  }

  #endReplay(): void {
    if (this.#replay.isOver) return;
    const { untilMicros } = this.#options;
    if (untilMicros < Number.POSITIVE_INFINITY && !this.#options.isRebuilt)
      throw past(this.#input.program.spec.name, null);
    this.#replay.end();
  }

  /** Too much to be written while somebody waits for the stop. */
  #isLarge(): boolean {
    let bytes = 0;
    for (const { state } of this.#groups) bytes += state.memory().bytes;
    return bytes > QUICK_BYTES;
  }

  async #flush(budget: 'stream' | 'complete', ended: boolean, isQuiet: boolean): Promise<boolean> {
    const { clock, clockMode, flushIntervalMicros, signal } = this.#options;
    const started = clock.nowMicros();
    const wall = clockMode === 'wall' ? started : this.#newestMicros;
    const present = Math.min(this.#newestMicros, wall);
    const fromMicros = present - REACH_BACK_MICROS;
    await this.#begin();
    // A flush that a stop cuts off is followed by the last one, which knows for how long.
    const isTooLate = (): boolean => (budget === 'stream' && signal.aborted) || this.#isTooLate();
    if (!(await this.#writer.sweepEarlier(isTooLate))) return false;
    let written: number | null = 0;
    if (fromMicros > Number.NEGATIVE_INFINITY) {
      written = await this.#writer.flush({
        budget,
        fromMicros,
        // Before a history has been read to its end nobody takes its rows for the present.
        nowMicros: this.#log.isLive ? Math.max(present, wall) : present,
        flushIntervalMicros,
        heartbeat: (view) => this.#heartbeat(view, ended),
        isTooLate,
        ...(signal.aborted ? { rowsPerWrite: ROWS_PER_WRITE_AT_STOP } : {}),
      });
    } else await this.#writer.beat((view) => this.#heartbeat(view, ended)); // no rows, but a lookup can tell that
    if (written === null) return false;
    this.rows += written;
    // What rows there are is in the snapshot too: without it the next run would write them again.
    if (written > 0) this.#isSaved = false;
    this.#hasNews = false;
    if (this.#hasForeignRows && this.#log.isLive) await this.#sweep();
    if (this.#mayHaveLeftovers && this.#log.isLive) await this.#sweepLeftovers();
    const now = clock.nowMicros();
    const share = this.#log.isLive ? FLUSH_SHARE.live : FLUSH_SHARE.history;
    this.#flushes.start(now, Math.max(flushIntervalMicros, isQuiet ? 0 : share * (now - started)));
    return true;
  }

  /** The first records of a run are ahead of the last heartbeat, which may say that all is done. */
  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    await this.#retirement.once();
    if (this.#hasNews) await this.#writer.reopen();
  }

  #viewNames(): readonly string[] {
    const { name } = this.#input.program.spec;
    const views = this.#options.program.views.filter(({ spec }) => spec.shape !== 'request' && spec.source === name);
    return views.map(({ spec }) => spec.name);
  }

  /** Takes out what no lookup may find: rows of entities that the state does not know, and (for their room) pages of earlier flushes. */
  async #sweep(): Promise<void> {
    if (this.#hasForeignRows) {
      await this.#writer.sweepForeign(!this.#isSameStore);
      this.#isSaved = false;
    }
    this.#hasForeignRows = false;
    if (this.rows > 0) await this.#writer.sweepPages();
  }

  async #sweepLeftovers(): Promise<void> {
    this.#mayHaveLeftovers = !(await this.#leftovers.sweepSome());
  }

  #isTooLate(): boolean {
    return this.#options.clock.nowMicros() > this.#stopAt;
  }

  #heartbeat(view: ViewProgram, ended: boolean): Heartbeat {
    const now = this.#options.clock.nowMicros();
    const known = this.#knownToMicros;
    // What a file still holds is as old as the last record read from it; stdin's records wait in a pipe for milliseconds.
    const isBehind = !ended && !this.#log.isLive;
    return {
      view: view.spec.name,
      fingerprint: view.spec.fingerprint,
      writtenAtMicros: now,
      knownToMicros: known,
      newestMicros: this.#newestMicros === Number.NEGATIVE_INFINITY ? null : this.#newestMicros,
      backlogMicros: isBehind ? Math.max(0, now - (known ?? 0)) : 0,
      ended,
      positions: { [this.#input.program.spec.name]: this.#position },
    };
  }

  /** False: it was given up, and the last snapshot stands. */
  async #save(isGivenUp: () => boolean): Promise<boolean> {
    const { clock, snapshotIntervalMicros, program } = this.#options;
    const started = clock.nowMicros();
    if (!this.#isSaved) {
      await this.#archive?.flush();
      const groups = this.#groups.map(({ index, state }) => {
        const views = new Map(viewsOf(program, index).map(({ name, fingerprint }) => [name, fingerprint]));
        const saved = { image: state.snapshot(), renewAtMicros: this.#writer.renewAt(index), views };
        return [program.groups[index]?.fingerprint ?? '', saved] as const;
      });
      const saved: SavedSource = {
        position: this.#position,
        newestMicros: this.#newestMicros,
        settleLineMicros: this.#settleLineMicros,
        knownToMicros: this.#knownToMicros,
        store: this.#hasForeignRows ? null : await this.#writer.mark(),
        log: this.#log.snapshot(),
        groups: new Map(groups),
      };
      if (!(await this.#state.save(saved, isGivenUp))) return false;
      this.#isSaved = true;
      if (!this.#options.signal.aborted) await this.#archive?.merge(started / 1000);
      if (this.#anew !== null) this.#tellAnew(this.#anew);
      this.#anew = null;
      this.#isCommitted = true;
    }
    const now = clock.nowMicros();
    this.#snapshots.start(now, Math.max(snapshotIntervalMicros, 10 * (now - started)));
    return true;
  }

  #tellAnew(anew: Anew): void {
    this.#retries.setAnew();
    this.#quarantine?.setAnew(this.#partitions(anew), anew.from);
  }

  /** As the quarantine calls them: by their own names. What was tried again of files is among what they are judged for anew. */
  #partitions({ isAll }: Anew): readonly string[] {
    // Several sorted files go by the name of their location, and so does a table.
    const locations = this.#input.locations.map(({ location }) => location).filter((name) => name !== STDIN_PARTITION);
    const read = Object.keys(this.#position.partitions).map((name) => name.slice(name.indexOf(':') + 1));
    const names = [...new Set([...read, ...locations])];
    const ofFiles = names.filter((name) => name !== STDIN_PARTITION);
    if (!isAll) return ofFiles;
    if (stdinPartition(this.#input) === null) return [...names, RETRIES_PARTITION];
    return this.#state.keepsVerdicts ? ofFiles : names;
  }

  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onStop);
    await this.#archive?.close();
    await this.#log.close();
    this.#quarantine?.close();
    await this.#state.close();
  }
}

/** Records were read again and judged by the current declaration: what was refused of their partitions before does not count any more. */
interface Anew {
  /** Where the quarantine ended before. */
  readonly from: number;
  /** All that there is, not just what came from files. */
  readonly isAll: boolean;
}

/** What the sources of a run have in common. */
interface SharedParts {
  readonly stamper: Stamper;
  readonly retirement: Retirement;
  readonly leftovers: Leftovers;
  readonly errors: ErrorTally;
}

interface PipelineParts {
  readonly options: StreamRunOptions;
  readonly input: SourceInput;
  readonly state: SourceState;
  readonly log: SourceLog;
  readonly quarantine: Quarantine | null;
  readonly refused: RefusedRecord[];
  readonly groups: readonly WriterGroup[];
  readonly stamper: Stamper;
  readonly retirement: Retirement;
  readonly leftovers: Leftovers;
  readonly replay: JournalReplay;
  readonly retries: Retries;
  readonly saved: SavedSource | null;
  readonly isSameStore: boolean;
  readonly anew: Anew | null;
  /** Of what was read again before the run. */
  readonly countsAnew: VerdictCounts;
  readonly countsFilesAlone: boolean;
}

interface OpenedState {
  readonly state: SourceState;
  readonly options: StreamRunOptions;
  /** What stdin brought before is read again without being counted again: it keeps its verdicts. */
  readonly countsFilesAlone: boolean;
  /** What is settled stays so for what stdin brings next. */
  readonly settledMicros: number;
}

/**
 * Under a declaration that judges otherwise, what stands in the archive keeps its verdict, and later records are judged anew. Files and tables are
 * judged by the current declaration (rules.md 8): they are read again, as with --rebuild. So is the archive behind a history: what is accepted of
 * the history now may stand in it too, and decides which later records are late or doubles.
 */
async function openState(options: StreamRunOptions, input: SourceInput): Promise<OpenedState> {
  const { spec } = input.program;
  // A location that is none is told before anything is opened.
  const isStdin = stdinPartition(input) !== null;
  const state = await options.folder.source(spec, options.isRebuilt);
  const { change, saved } = state;
  const isArchived = isStdin || (saved !== null && stdinOf(saved) !== null);
  const isCutOff = state.frames.length > 0;
  const isKept = isArchived && change === 'verdicts' && !isCutOff;
  const hasFiles = isStdin && saved !== null && recordsOfFiles(input, saved) > 0;
  if (change === 'none' || (isKept && !hasFiles))
    return { state, options, countsFilesAlone: false, settledMicros: NEVER };
  try {
    if (isArchived && !isKept) throw redeclaredArchive(spec.name, change);
    refusePast(spec.name, saved, options.untilMicros);
    return {
      state: state.anew(),
      options: { ...options, isRebuilt: true },
      countsFilesAlone: isArchived,
      settledMicros: isArchived && saved !== null ? saved.settleLineMicros : NEVER,
    };
  } catch (error) {
    await state.close();
    throw error;
  }
}

function redeclaredArchive(name: string, change: SourceState['change']): FscError {
  return redeclared(
    name,
    change === 'columns'
      ? OTHER_COLUMNS
      : 'it changed after a run was cut off, whose last records were judged by the one before',
  );
}

/** What must still be as it was; null: nothing, since all is read as it is now. */
function consumedBefore(state: SourceState, isRebuilt: boolean, countsFilesAlone: boolean): LogPosition | null {
  if (countsFilesAlone) return state.framesFrom;
  return isRebuilt ? null : (state.frames.at(-1)?.position ?? null);
}

function openRetries(options: StreamRunOptions, input: SourceInput, state: SourceState): Retries {
  return new Retries({
    folder: join(options.folder.path, RETRIES_FOLDER),
    source: input.program.spec.name,
    phase: input.locations.at(-1)?.name ?? 'stream',
    position: state.framesFrom,
    frames: state.frames,
    takesNew: options.mode === 'stream',
    dropsWaiting: options.isRebuilt && stdinPartition(input) === null,
    clock: options.clock,
  });
}

function refusePast(name: string, saved: SavedSource | null, untilMicros: number): void {
  if (saved !== null && saved.newestMicros > untilMicros) throw past(name, saved.newestMicros);
}

function past(name: string, newestMicros: number | null): FscError {
  const newest = newestMicros === null ? 'later ones' : `events up to ${printTimestamp(newestMicros)}`;
  return new FscError(
    'FSC7301',
    1,
    'the state is already past the instant asked for',
    `it holds ${newest} of \`${name}\`; nothing was written`,
    'ask for a later --as-of, or write values of the past with --out FILE',
  );
}

/** Whether the store holds what the state has written to it: not if it was removed, or an older one was put in its place. */
async function isStoreOf(store: OnlineStore, saved: SavedSource | null): Promise<boolean> {
  const mark = saved?.store ?? null;
  if (mark === null || mark.identity !== (await store.identity())) return false;
  const stamp = await store.stamp();
  return stamp !== null && !isBefore(stamp, mark.stamp);
}

interface GroupsOpened {
  readonly groups: WriterGroup[];
  readonly countsAnew: VerdictCounts;
}

/** States as saved; those of new or changed views, or of all if records are judged anew, are built from the start of the log (rules.md 29). */
async function openGroups(
  options: StreamRunOptions,
  input: SourceInput,
  saved: SavedSource | null,
  { isSameStore, isJudgedAnew }: { readonly isSameStore: boolean; readonly isJudgedAnew: boolean },
  errors: ErrorTally,
  quarantine: Quarantine | null,
): Promise<GroupsOpened> {
  const groups: WriterGroup[] = [];
  const missing: GroupState[] = [];
  for (const [index, group] of options.program.groups.entries()) {
    if (group.source !== input.program.spec.name) continue;
    const state = group.create({ errors, entityHint: 0 });
    const old = isJudgedAnew ? null : (saved?.groups.get(group.fingerprint) ?? null);
    if (old !== null) state.restore(old.image);
    else if (saved !== null) missing.push(state);
    const isOnline = old !== null && isSameStore && (await standsOnline(options, index, old));
    groups.push({
      index,
      state,
      renewAtMicros: isOnline ? old.renewAtMicros : null,
      isBuilt: saved !== null && old === null,
    });
  }
  if (saved === null || missing.length === 0) return { groups, countsAnew: noCounts() };
  const counts = await rebuildGroups(options, input, saved, missing, isJudgedAnew ? quarantine : null);
  return { groups, countsAnew: isJudgedAnew ? counts : noCounts() };
}

/**
 * Whether the store has the rows that were saved as written. A state goes by its layout, rows go by what their view means: a view may mean something
 * else by now, and a run in which it did may have taken their place and been killed before its snapshot.
 */
async function standsOnline({ program, store }: StreamRunOptions, group: number, saved: SavedGroup): Promise<boolean> {
  for (const spec of viewsOf(program, group)) {
    if (saved.views.get(spec.name) !== spec.fingerprint || !(await isServed(store, spec))) return false;
  }
  return true;
}

function viewsOf(program: Program, group: number): readonly ViewProgram['spec'][] {
  return program.views.filter((view) => view.group === group).map(({ spec }) => spec);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
