/** One source of a run, with the groups that read it: from its log to its online rows. */
import type { LogBatch, LogPosition } from '../log/contract.ts';
import { encodeEntry } from '../log/journal.ts';
import { Quarantine } from '../log/quarantine.ts';
import type { SourceLog } from '../log/source-log.ts';
import type { JournaledRecords } from '../sources/jsonl.ts';
import type { GroupState, ViewProgram } from '../state/program.ts';
import type { Heartbeat } from '../stores/store.ts';
import { FscError } from '../values/errors.ts';
import { printTimestamp } from '../values/temporal.ts';
import { Archive, archivedTexts } from './duckdb/archive.ts';
import { OnlineWriter, type Stamper, type WriterGroup } from './online-writer.ts';
import { rebuildGroups } from './rebuild-groups.ts';
import { addCounts, type ErrorTally, noCounts } from './run-summary.ts';
import { consumedRecords, openInput, type SourceInput, stdinPartition } from './source-input.ts';
import type { SavedSource, SourceState } from './state-folder.ts';
import type { StreamRunOptions } from './stream-run.ts';

/** Rows begin this long before the newest event (rules.md 6). */
const REACH_BACK_MICROS = 5_000_000;
/** A clean stop takes less than two seconds: what is not written by then is found again by the next run. */
const STOP_MICROS = 1_200_000;
/** While the log is behind, flushes take at most this part of the time. */
const FLUSH_SHARE = 5;
const BATCHES_PER_TURN = 4;
const QUICK_BYTES = 64 << 20;
const STDIN_PARTITION = '-';

export class SourcePipeline {
  readonly counts = noCounts();
  rows = 0;
  readonly #options: StreamRunOptions;
  readonly #input: SourceInput;
  readonly #state: SourceState;
  readonly #log: SourceLog;
  readonly #quarantine: Quarantine | null;
  readonly #groups: readonly WriterGroup[];
  readonly #writer: OnlineWriter;
  readonly #replay: Replay;
  #archive: Archive | null = null;
  #position: LogPosition;
  #newestMicros: number;
  #settleLineMicros: number;
  #knownToMicros: number | null;
  #nextFlush: number;
  #nextSnapshot: number;
  #hasNews = true;
  #isSaved = false;
  #stopAt = Number.POSITIVE_INFINITY;

  private constructor(parts: PipelineParts) {
    const { options, input, state, log, groups, stamper, saved } = parts;
    this.#options = options;
    this.#input = input;
    this.#state = state;
    this.#log = log;
    this.#quarantine = parts.quarantine;
    this.#groups = groups;
    this.#replay = parts.replay;
    this.#writer = new OnlineWriter(options.program, groups, options.store, stamper, options.namespace);
    this.#position = saved?.position ?? { partitions: {} };
    this.#newestMicros = saved?.newestMicros ?? Number.NEGATIVE_INFINITY;
    this.#settleLineMicros = saved?.settleLineMicros ?? Number.NEGATIVE_INFINITY;
    this.#knownToMicros = saved?.knownToMicros ?? null;
    this.#nextFlush = options.clock.nowMicros() + options.flushIntervalMicros;
    this.#nextSnapshot = options.clock.nowMicros() + options.snapshotIntervalMicros;
  }

  static async open(
    options: StreamRunOptions,
    input: SourceInput,
    stamper: Stamper,
    errors: ErrorTally,
  ): Promise<SourcePipeline> {
    const { name, fingerprint } = input.program.spec;
    const state = await options.folder.source(name, fingerprint, options.isRebuilt);
    const quarantine = options.quarantineFolder === null ? null : new Quarantine(options.quarantineFolder, name);
    let log: SourceLog | null = null;
    try {
      const { saved } = state;
      refusePast(name, saved, options.untilMicros);
      const groups = await openGroups(options, input, saved, errors);
      const replay = Replay.over(options, input, state);
      log = await openInput(input, {
        saved: saved === null ? null : { position: saved.position, image: saved.log },
        untilMicros: options.untilMicros,
        clock: options.clock,
        refused: quarantine,
        signal: options.signal,
        journaled: replay.records(),
        batchRows: options.batchRows,
      });
      return new SourcePipeline({ options, input, state, log, quarantine, groups, stamper, replay, saved });
    } catch (error) {
      await log?.close();
      quarantine?.close();
      await state.close();
      throw error;
    }
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    let pending: Promise<LogBatch | null> | null = null;
    for (let batches = 1; ; batches++) {
      if (signal.aborted) break;
      pending ??= this.#log.next();
      const batch = await this.#whileWaiting(pending);
      if (batch === 'waiting') continue;
      pending = null;
      if (batch === null) break;
      await this.#consume(batch);
      if (!this.#replay.isOver) {
        if (batches % BATCHES_PER_TURN === 0) await nextTurn();
        continue;
      }
      const now = clock.nowMicros();
      if (now >= this.#nextFlush) await this.#flush('stream', false, false);
      if (now >= this.#nextSnapshot || this.#replay.takeEnd()) await this.#save();
      if (batches % BATCHES_PER_TURN === 0) await nextTurn(); // lets signals in
    }
    await this.#drain(pending);
    await this.#finish();
  }

  /** What was taken off a pipe already is kept, though the run is to stop. */
  async #drain(pending: Promise<LogBatch | null> | null): Promise<void> {
    let batch = pending === null ? null : await pending;
    while (batch !== null) {
      await this.#consume(batch);
      batch = stdinPartition(this.#input) === null ? null : await this.#log.next();
    }
  }

  /** A live source may say nothing for long: rows and heartbeats are kept up meanwhile. */
  async #whileWaiting(pending: Promise<LogBatch | null>): Promise<LogBatch | null | 'waiting'> {
    if (stdinPartition(this.#input) === null) return pending;
    let timer: NodeJS.Timeout | undefined;
    const wait = Math.max(1, (this.#nextFlush - this.#options.clock.nowMicros()) / 1000);
    const alarm = new Promise<'waiting'>((resolve) => {
      timer = setTimeout(() => resolve('waiting'), wait);
    });
    const first = await Promise.race([pending, alarm]);
    clearTimeout(timer);
    if (first === 'waiting' && this.#replay.isOver) await this.#flush('stream', false, true);
    else if (first === 'waiting') this.#nextFlush = this.#options.clock.nowMicros() + this.#options.flushIntervalMicros;
    return first;
  }

  async #consume(batch: LogBatch): Promise<void> {
    if (this.#replay.isOver) await this.#state.append(encodeEntry(batch));
    await this.#keep(batch);
    for (const { state } of this.#groups) {
      state.ingest(batch.batch, batch.accepted, batch.acceptedCount);
      if (batch.settleLineMicros > Number.NEGATIVE_INFINITY) state.settle(batch.settleLineMicros);
    }
    this.#position = batch.position;
    this.#newestMicros = batch.newestMicros;
    this.#settleLineMicros = batch.settleLineMicros;
    this.#knownToMicros = this.#log.knownToMicros;
    this.#hasNews = true;
    this.#isSaved = false;
    addCounts(this.counts, batch.counts);
    this.#replay.see(batch.position);
    this.#options.onProgress?.(this.#input.program.spec.name, this.counts, batch.newestMicros);
  }

  /** Into the archive, what can't be read again. */
  async #keep(batch: LogBatch): Promise<void> {
    const partition = stdinPartition(this.#input);
    if (partition === null) return;
    const offset = batch.position.partitions[partition]?.offset ?? 0;
    const before = this.#position.partitions[partition]?.offset ?? 0;
    if (offset === before) return; // of the history
    const { archiveFolder } = this.#options;
    this.#archive ??= await Archive.open(archiveFolder, this.#input.program.spec, STDIN_PARTITION);
    await this.#archive.add(batch, offset - batch.batch.length, batch.records ?? this.#replay.texts());
  }

  /** End of finite input or a clean stop: rows with their whole future, then a snapshot. */
  async #finish(): Promise<void> {
    const { signal, clock } = this.#options;
    // Before the log stands where it stood, older rows would take the place of newer ones.
    if (!this.#replay.isOver && signal.aborted) return;
    this.#replay.end();
    if (signal.aborted) this.#stopAt = clock.nowMicros() + STOP_MICROS;
    const isDone = await this.#flush('complete', !signal.aborted, true);
    if (isDone && !(signal.aborted && this.#isLarge())) await this.#save();
  }

  /** Too much to be written while somebody waits for the stop: the journal has it. */
  #isLarge(): boolean {
    let bytes = 0;
    for (const { state } of this.#groups) bytes += state.memory().bytes;
    return bytes > QUICK_BYTES;
  }

  async #flush(budget: 'stream' | 'complete', ended: boolean, isQuiet: boolean): Promise<boolean> {
    const { clock, clockMode, flushIntervalMicros } = this.#options;
    const started = clock.nowMicros();
    const wall = clockMode === 'wall' ? started : this.#newestMicros;
    const present = Math.min(this.#newestMicros, wall);
    // The settled part of the state stands at the line; rows never begin before it.
    const fromMicros = Math.max(this.#settleLineMicros, present - REACH_BACK_MICROS);
    let written: number | null = 0;
    if (fromMicros > Number.NEGATIVE_INFINITY) {
      written = await this.#writer.flush({
        budget,
        fromMicros,
        nowMicros: isQuiet && !this.#hasNews ? Math.max(present, wall) : present,
        flushIntervalMicros,
        heartbeat: (view) => this.#heartbeat(view, ended),
        isTooLate: () => this.#isTooLate(),
      });
    } else await this.#beat(ended);
    if (written === null) return false;
    this.rows += written;
    this.#hasNews = false;
    const now = clock.nowMicros();
    this.#nextFlush = now + Math.max(flushIntervalMicros, isQuiet ? 0 : FLUSH_SHARE * (now - started));
    return true;
  }

  #isTooLate(): boolean {
    const { clock, signal } = this.#options;
    const now = clock.nowMicros();
    if (signal.aborted && this.#stopAt === Number.POSITIVE_INFINITY) this.#stopAt = now + STOP_MICROS;
    return now > this.#stopAt;
  }

  /** Nothing accepted yet: there are no rows, but a lookup can tell that. */
  async #beat(ended: boolean): Promise<void> {
    await this.#writer.beat((view) => this.#heartbeat(view, ended));
  }

  #heartbeat(view: ViewProgram, ended: boolean): Heartbeat {
    const now = this.#options.clock.nowMicros();
    const known = this.#knownToMicros;
    // What a file still holds is as old as the last record read from it; stdin's records wait in a pipe for milliseconds.
    const isBehind = !ended && stdinPartition(this.#input) === null && known !== null;
    return {
      view: view.spec.name,
      fingerprint: view.spec.fingerprint,
      writtenAtMicros: now,
      knownToMicros: known,
      newestMicros: this.#newestMicros === Number.NEGATIVE_INFINITY ? null : this.#newestMicros,
      backlogMicros: isBehind ? Math.max(0, now - known) : 0,
      ended,
      positions: { [this.#input.program.spec.name]: this.#position },
    };
  }

  async #save(): Promise<void> {
    const { clock, snapshotIntervalMicros, program } = this.#options;
    const started = clock.nowMicros();
    if (!this.#isSaved) {
      await this.#archive?.flush();
      const groups = this.#groups.map(({ index, state }) => {
        const saved = { image: state.snapshot(), renewAtMicros: this.#writer.renewAt(index) };
        return [program.groups[index]?.fingerprint ?? '', saved] as const;
      });
      await this.#state.save({
        position: this.#position,
        newestMicros: this.#newestMicros,
        settleLineMicros: this.#settleLineMicros,
        knownToMicros: this.#knownToMicros,
        log: this.#log.snapshot(),
        groups: new Map(groups),
      });
      this.#isSaved = true;
    }
    const now = clock.nowMicros();
    this.#nextSnapshot = now + Math.max(snapshotIntervalMicros, 10 * (now - started));
  }

  async close(): Promise<void> {
    this.#archive?.close();
    await this.#log.close();
    this.#quarantine?.close();
    await this.#state.close();
  }
}

interface PipelineParts {
  readonly options: StreamRunOptions;
  readonly input: SourceInput;
  readonly state: SourceState;
  readonly log: SourceLog;
  readonly quarantine: Quarantine | null;
  readonly groups: readonly WriterGroup[];
  readonly stamper: Stamper;
  readonly replay: Replay;
  readonly saved: SavedSource | null;
}

/**
 * What an earlier run consumed after its last snapshot (or, with --rebuild, at all) and this one consumes again first. Until it is over nothing
 * is journaled, saved or shown: the log would seem to go back.
 */
class Replay {
  readonly #isReached: (position: LogPosition) => boolean;
  readonly #source: AsyncIterable<JournaledRecords>;
  readonly #texts: (readonly string[])[] = [];
  #isOver: boolean;
  #hasJustEnded = false;

  private constructor(
    source: AsyncIterable<JournaledRecords>,
    isOver: boolean,
    isReached: (position: LogPosition) => boolean,
  ) {
    this.#source = source;
    this.#isOver = isOver;
    this.#isReached = isReached;
  }

  static over(options: StreamRunOptions, input: SourceInput, state: SourceState): Replay {
    return options.isRebuilt ? Replay.#anew(options, input, state) : Replay.#rest(state.frames);
  }

  static #rest(frames: SourceState['frames']): Replay {
    const last = frames.at(-1)?.position ?? null;
    const records = last === null ? 0 : consumedRecords(last);
    return new Replay(once(frames), last === null, (position) => consumedRecords(position) >= records);
  }

  /** Files are read anew whatever was consumed of them; what stdin brought has to come first. */
  static #anew(options: StreamRunOptions, input: SourceInput, { frames, framesFrom }: SourceState): Replay {
    const partition = stdinPartition(input);
    if (partition === null) return new Replay(once([]), true, () => true);
    const archived = framesFrom.partitions[partition]?.offset ?? 0;
    const reached = frames.at(-1)?.position.partitions[partition]?.offset ?? archived;
    const texts = archivedTexts(options.archiveFolder, input.program.spec.name, STDIN_PARTITION, archived);
    const isReached = (position: LogPosition): boolean => (position.partitions[partition]?.offset ?? 0) >= reached;
    return new Replay(both(texts, frames), reached === 0, isReached);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For the reader; remembers the texts for the archive, entry by entry. */
  async *records(): AsyncGenerator<JournaledRecords> {
    for await (const entry of this.#source) {
      if (entry.records === null || entry.records.length === 0) continue;
      this.#texts.push(entry.records);
      yield entry;
    }
  }

  /** Of the batch that was read last. */
  texts(): readonly string[] | null {
    return this.#texts.shift() ?? null;
  }

  see(position: LogPosition): void {
    if (this.#isOver || !this.#isReached(position)) return;
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
    throw new FscError(
      'FSC7303',
      1,
      'the log is not the one that was consumed',
      'an earlier run consumed more records than there are now',
      'restore the files, or start anew with --rebuild; nothing was changed',
    );
  }
}

async function* once(entries: readonly JournaledRecords[]): AsyncGenerator<JournaledRecords> {
  yield* entries;
}

async function* both(
  archived: AsyncIterable<{ readonly records: readonly string[]; readonly knownTimes: readonly number[] }>,
  entries: readonly JournaledRecords[],
): AsyncGenerator<JournaledRecords> {
  for await (const { records, knownTimes } of archived) yield { records, knownTimes, idle: [] };
  yield* entries;
}

function refusePast(name: string, saved: SavedSource | null, untilMicros: number): void {
  if (saved === null || saved.newestMicros <= untilMicros) return;
  throw new FscError(
    'FSC7301',
    1,
    'the state is already past the instant asked for',
    `it holds events of \`${name}\` up to ${printTimestamp(saved.newestMicros)}; nothing was written`,
    'ask for a later --as-of, or write values of the past with --out FILE',
  );
}

/** States as saved; those of new or changed views are built beside them from the start of the log (rules.md 29). */
async function openGroups(
  options: StreamRunOptions,
  input: SourceInput,
  saved: SavedSource | null,
  errors: ErrorTally,
): Promise<WriterGroup[]> {
  const groups: WriterGroup[] = [];
  const missing: GroupState[] = [];
  options.program.groups.forEach((group, index) => {
    if (group.source !== input.program.spec.name) return;
    const state = group.create({ errors, entityHint: 0 });
    const old = saved?.groups.get(group.fingerprint) ?? null;
    if (old !== null) state.restore(old.image);
    else if (saved !== null) missing.push(state);
    groups.push({ index, state, renewAtMicros: old?.renewAtMicros ?? null });
  });
  if (saved !== null && missing.length > 0) await rebuildGroups(options, input, saved, missing);
  return groups;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
