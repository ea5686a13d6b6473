/**
 * The log of a source: history, then stream, each record with its verdict (design.md section 3, rules.md 1–8).
 *
 * Reads: one RecordReader a phase. Gives: LogBatches in log order. Writes: refused and late records to the quarantine, if there is
 * one. Deterministic: the same records give the same verdicts however they are cut into batches, so a restart repeats a run exactly.
 */
import type { Clock } from '../time/clock.ts';
import type { NumericVector } from '../values/batch.ts';
import { FscError } from '../values/errors.ts';
import { grownPosition, partsOf } from '../values/positions.ts';
import { sectionsOf, setTexts } from '../values/text-parts.ts';
import {
  ACCEPTED,
  AHEAD,
  CONSTRAINT,
  DUPLICATE,
  LATE,
  type LogBatch,
  type LogPosition,
  MALFORMED,
  type Partitions,
  type PositionEntry,
  RANGE,
  SKIPPED,
  type SourceProgram,
  VERDICTS,
  type VerdictCounts,
} from './contract.ts';
import { IdleWatch } from './idle-watch.ts';
import { Judge, type JudgeImage, type JudgeOptions } from './judge.ts';
import type { Place, RawBatch, RecordReader } from './reader.ts';

export type LogSection = Uint8Array | Int32Array | Float64Array | Uint32Array | string;
export type LogImage = ReadonlyMap<string, LogSection>;

/** What a restart goes on from. */
export interface SavedLog {
  readonly position: LogPosition;
  readonly image: LogImage;
}

export interface LogPhase {
  readonly name: 'history' | 'stream';
  /** `none`: the reader gives records sorted by event time, and none of them is late. */
  readonly order: 'none' | 'arrival';
  readonly isLive: boolean;
  /** The source can't be read again: batches carry the records' texts for the journal. */
  readonly isUnrepeatable: boolean;
  /**
   * Goes on after `resume` (null: from the start). `done`: the phase was read to its end already; the reader only checks that what was
   * consumed is still the same.
   */
  open(resume: LogPosition | null, use: PhaseUse): Promise<RecordReader>;
}

/** `check`: as `done`, of a phase that goes on. */
export type PhaseUse = 'read' | 'done' | 'check';

/** A refused or late record, as the quarantine keeps it. */
export interface RefusedRecord {
  readonly verdict: string;
  readonly reason: string;
  readonly place: Place;
  /** null: nobody knows (a malformed record of a file). */
  readonly knownTimeMicros: number | null;
  readonly text: string;
}

export interface RefusedSink {
  add(record: RefusedRecord): void;
  /** After each batch: whatever was added is on its way to the disk. */
  flush(): void;
}

export interface LogOptions {
  readonly phases: readonly LogPhase[];
  readonly resumeFrom: SavedLog | null;
  /** A run that was cut off consumed this much; what it read must still be the same. */
  readonly consumedTo?: LogPosition | null;
  readonly clock: Clock;
  /** Stops before the first accepted record with a later event time; Infinity for all. */
  readonly untilMicros?: number;
  /** Stops after so many records of the log, refused ones too. */
  readonly limitRecords?: number;
  /** rules.md 7: where history ends and the stream begins, by known time. */
  readonly cutMicros?: number | null;
  /** Of a log that is read again: what lies before is settled for records of the stream. */
  readonly settledMicros?: number;
  /** A stream follows the history, though it is none of these phases: the history ends at the cut all the same. */
  readonly isStreamElsewhere?: boolean;
  readonly refused?: RefusedSink | null;
  readonly batchRows?: number;
}

const DEFAULT_BATCH_ROWS = 16_384;

export interface SourceLog {
  /** null at the end of finite input, or when stopped. The batch's buffers are overwritten by the next. */
  next(): Promise<LogBatch | null>;
  snapshot(): LogImage;
  readonly position: LogPosition;
  /** The history is over, and records come as they arise. */
  readonly isLive: boolean;
  /** It stopped before a record that is later than `untilMicros`. */
  readonly isAtInstant: boolean;
  /** Newest known time over what was read; null before the first record. */
  readonly knownToMicros: number | null;
  /** Leaves partitions out of the settle line until they speak again. Live sources do so by themselves after a while. */
  setIdle(partitions: readonly string[]): void;
  close(): Promise<void>;
}

export async function openLog(program: SourceProgram, options: LogOptions): Promise<SourceLog> {
  checkCut(program, options);
  const log = new PhasedLog(program, options);
  await log.open();
  return log;
}

function checkCut(program: SourceProgram, options: LogOptions): void {
  const overlaps = options.phases.length > 1 && program.spec.keyColumns.length === 0;
  if (!overlaps || (options.cutMicros !== undefined && options.cutMicros !== null)) return;
  throw new FscError(
    'FSC7106',
    2,
    `source \`${program.spec.name}\` has history and a stream but no primary key`,
    'a record that stands in both could not be told from two records',
    'declare a PRIMARY KEY, or add "cut": "2001-06-01T00:00:00Z" to the source in fsc.json: history before, stream from then on',
  );
}

interface LogState {
  phase: LogPhase['name'];
  knownTo: number | null;
  judge: Omit<JudgeImage, 'identities'>;
}

class PhasedLog implements SourceLog {
  readonly #program: SourceProgram;
  readonly #options: LogOptions;
  readonly #judge: Judge;
  #phase = 0;
  /** Of the phase that is being read, or was read last where this run has it no more. */
  #phaseName: LogPhase['name'];
  #reader: RecordReader | null = null;
  #position: LogPosition = { partitions: {} };
  /** Entries of phases that are over. */
  #donePosition: LogPosition = { partitions: {} };
  #knownTo: number | null = null;
  #knownTimes = new Float64Array(0);
  #idle: string[] = [];
  #hasEnded = false;
  #recordsLeft: number;
  #idleWatch = new IdleWatch();

  constructor(program: SourceProgram, options: LogOptions) {
    this.#program = program;
    this.#options = options;
    this.#judge = new Judge(program);
    this.#recordsLeft = options.limitRecords ?? Number.POSITIVE_INFINITY;
    this.#phaseName = options.phases[0]?.name ?? 'stream';
  }

  async open(): Promise<void> {
    await this.#checkConsumed();
    const saved = this.#options.resumeFrom;
    if (saved === null) {
      await this.#openPhase(null);
      return;
    }
    const reached = this.#restore(saved);
    this.#phaseName = reached;
    this.#position = saved.position;
    const { phases } = this.#options;
    const index = phases.findIndex((phase) => phase.name === reached);
    // The history is over where this run has only a stream: it goes on from what was committed (rules.md 1).
    if (index < 0 && reached === 'history') {
      this.#donePosition = saved.position;
      this.#judge.handOff();
      await this.#openPhase(null);
      return;
    }
    this.#phase = index < 0 ? phases.length : index;
    for (const phase of phases.slice(0, this.#phase)) {
      await (await phase.open(phasePart(saved.position, phase.name), 'done')).close();
    }
    this.#donePosition = { partitions: otherPhases(saved.position, reached) };
    if (index >= 0) await this.#openPhase(phasePart(saved.position, reached));
  }

  async #openPhase(resume: LogPosition | null): Promise<void> {
    const phase = this.#options.phases[this.#phase];
    if (phase === undefined) return;
    this.#phaseName = phase.name;
    const isFresh = resume === null || Object.keys(resume.partitions).length === 0;
    this.#reader = await phase.open(isFresh ? null : resume, 'read');
  }

  async #checkConsumed(): Promise<void> {
    const { consumedTo = null, phases } = this.#options;
    if (consumedTo === null) return;
    const parts = phases.map((phase) => phasePart(consumedTo, phase.name));
    const reached = parts.findLastIndex((part) => Object.keys(part.partitions).length > 0);
    for (const [i, phase] of phases.slice(0, reached + 1).entries()) {
      const part = parts[i]!;
      if (phase.isUnrepeatable || Object.keys(part.partitions).length === 0) continue;
      await (await phase.open(part, i < reached ? 'done' : 'check')).close();
    }
  }

  get position(): LogPosition {
    return this.#position;
  }

  get isLive(): boolean {
    return this.#options.phases[this.#phase]?.isLive === true;
  }

  get isAtInstant(): boolean {
    return this.#hasEnded;
  }

  get knownToMicros(): number | null {
    return this.#knownTo;
  }

  setIdle(partitions: readonly string[]): void {
    for (const name of partitions) this.#judge.partitions.setIdle(name);
    this.#idle.push(...partitions);
  }

  async next(): Promise<LogBatch | null> {
    while (!this.#hasEnded && this.#reader !== null && (this.#recordsLeft > 0 || this.#isSorted)) {
      const raw = await this.#reader.next(this.#options.batchRows ?? DEFAULT_BATCH_ROWS);
      // Those without an event time come after all others, and don't count.
      if (this.#recordsLeft === 0 && raw?.isUntimed !== true) return null;
      if (raw !== null) return this.#take(raw);
      if (this.#phase + 1 >= this.#options.phases.length) return null;
      await this.#handOff();
    }
    return null;
  }

  get #isSorted(): boolean {
    return this.#options.phases[this.#phase]?.order === 'none';
  }

  async #handOff(): Promise<void> {
    const phase = this.#options.phases[this.#phase]!;
    const reader = this.#reader!;
    const end = reader.endPosition ?? phasePart(this.#position, phase.name);
    await reader.close();
    this.#reader = null;
    this.#donePosition = merged(this.#donePosition, phase.name, end);
    this.#judge.handOff();
    this.#judge.partitions.settleTo(this.#options.settledMicros ?? Number.NEGATIVE_INFINITY);
    this.#idleWatch = new IdleWatch();
    this.#phase += 1;
    await this.#openPhase(null);
  }

  #take(raw: RawBatch): LogBatch | null {
    const phase = this.#options.phases[this.#phase]!;
    const isUntimed = raw.isUntimed === true;
    if (raw.batch.length > this.#recordsLeft && !isUntimed) {
      raw.batch.length = this.#recordsLeft;
      this.#hasEnded = true;
    }
    const knownTimes = this.#knownTimesOf(raw, phase);
    if (raw.journaled !== undefined) this.setIdle(raw.journaled.idle);
    else if (phase.isLive) this.setIdle(this.#idleWatch.look(this.#judge.partitions, this.#options.clock.nowMicros()));
    this.#judge.judge(raw, knownTimes, this.#judgeOptions(phase, raw));
    const rows = this.#judge.judged;
    if (this.#judge.reachedEnd) this.#hasEnded = true;
    if (rows === 0) return null;
    raw.batch.length = rows;
    if (!isUntimed) this.#recordsLeft -= rows;
    this.#position = merged(this.#donePosition, phase.name, raw.positionAfter(rows));
    this.#noteKnownTo(raw, knownTimes, rows);
    const counts = this.#count(raw, rows);
    this.#refuse(raw, rows, knownTimes);
    if (counts.reasons.malformed !== undefined) this.#judge.clearMalformed(raw.batch);
    const idle = this.#idle;
    this.#idle = [];
    const hasNewRecords = (phase.isUnrepeatable || raw.isRetried === true) && raw.journaled === undefined;
    return {
      batch: raw.batch,
      accepted: this.#judge.accepted,
      acceptedCount: this.#judge.acceptedCount,
      verdicts: this.#judge.verdicts,
      knownTimeMicros: knownTimes,
      newestMicros: this.#judge.partitions.newestOfAll,
      settleLineMicros: this.#judge.partitions.settleLine(),
      counts,
      isUntimed,
      position: this.#position,
      records: hasNewRecords
        ? (raw.lines?.first(rows) ?? Array.from({ length: rows }, (_, row) => raw.text(row)))
        : null,
      idle,
    };
  }

  #judgeOptions(phase: LogPhase, { isRetried = false, journaled }: RawBatch): JudgeOptions {
    const cut = this.#options.cutMicros ?? null;
    const hasStream = this.#options.phases.length > 1 || this.#options.isStreamElsewhere === true;
    const isHistory = phase.name === 'history' && hasStream;
    return {
      isSorted: phase.order === 'none' && !isRetried,
      areStored: journaled?.verdicts !== undefined,
      isLive: phase.isLive || isRetried,
      untilMicros: this.#options.untilMicros ?? Number.POSITIVE_INFINITY,
      knownFrom: cut !== null && phase.name === 'stream' ? cut : Number.NEGATIVE_INFINITY,
      knownTo: cut !== null && isHistory ? cut : Number.POSITIVE_INFINITY,
    };
  }

  /** rules.md 4: the reader's, else the clock for live sources, else the event time. */
  #knownTimesOf(raw: RawBatch, phase: LogPhase): Float64Array {
    const times = (raw.batch.columns[this.#program.spec.eventTimeColumn] as NumericVector).values;
    if (raw.knownTimes === null && !phase.isLive) return times;
    const { length } = raw.batch;
    if (this.#knownTimes.length < length) this.#knownTimes = new Float64Array(Math.max(length, DEFAULT_BATCH_ROWS));
    const known = this.#knownTimes;
    const now = phase.isLive ? this.#options.clock.nowMicros() : 0;
    for (let row = 0; row < length; row += 1) {
      const given = raw.knownTimes === null ? Number.NaN : raw.knownTimes[row]!;
      known[row] = Number.isNaN(given) ? (phase.isLive ? now : times[row]!) : given;
    }
    return known;
  }

  #noteKnownTo(raw: RawBatch, knownTimes: Float64Array, rows: number): void {
    const { verdicts } = this.#judge;
    let newest = this.#knownTo ?? Number.NEGATIVE_INFINITY;
    const first = this.#isInOrder(raw, knownTimes, rows) ? rows - 1 : 0;
    for (let row = first; row < rows; row += 1) {
      // A malformed record of a file has no time of its own; one out of range has none to be believed.
      if (verdicts[row] !== ACCEPTED && verdicts[row] !== DUPLICATE && verdicts[row] !== LATE) continue;
      if (knownTimes[row]! > newest) newest = knownTimes[row]!;
    }
    this.#knownTo = newest === Number.NEGATIVE_INFINITY ? null : newest;
  }

  /** All were accepted, sorted by event time, and known then: the last is the newest. */
  #isInOrder(raw: RawBatch, knownTimes: Float64Array, rows: number): boolean {
    if (this.#options.phases[this.#phase]?.order !== 'none' || raw.isRetried === true) return false;
    const times = (raw.batch.columns[this.#program.spec.eventTimeColumn] as NumericVector).values;
    return knownTimes === times && this.#judge.acceptedCount === rows;
  }

  #count(raw: RawBatch, rows: number): VerdictCounts {
    const { verdicts, acceptedCount } = this.#judge;
    const tally = new Float64Array(VERDICTS.length);
    if (acceptedCount === rows) tally[ACCEPTED] = rows;
    else for (let row = 0; row < rows; row += 1) tally[verdicts[row]!]! += 1;
    let unknownFields = 0;
    if (raw.unknownFields !== null) for (let row = 0; row < rows; row += 1) unknownFields += raw.unknownFields[row]!;
    const reasons: Record<string, number> = Object.create(null);
    let quarantined = 0;
    for (const verdict of [MALFORMED, CONSTRAINT, RANGE, AHEAD]) {
      const count = tally[verdict]!;
      quarantined += count;
      if (count > 0) reasons[VERDICTS[verdict]!] = count;
    }
    return {
      read: rows - tally[SKIPPED]!,
      accepted: tally[ACCEPTED]!,
      duplicate: tally[DUPLICATE]!,
      late: tally[LATE]!,
      quarantined,
      skipped: tally[SKIPPED]!,
      unknownFields,
      reasons,
    };
  }

  #refuse(raw: RawBatch, rows: number, knownTimes: Float64Array): void {
    const sink = this.#options.refused ?? null;
    const { verdicts, acceptedCount } = this.#judge;
    if (sink === null || acceptedCount === rows) return;
    const stored = raw.journaled?.verdicts ?? null;
    for (let row = 0; row < rows; row += 1) {
      const verdict = verdicts[row]!;
      if (verdict === ACCEPTED || verdict === DUPLICATE || verdict === SKIPPED) continue;
      // Why it was refused then is in the quarantine; the declaration may not tell any more.
      if (stored !== null && stored[row] === verdict) continue;
      sink.add({
        verdict: VERDICTS[verdict]!,
        reason: this.#reason(raw, row, verdict),
        place: raw.place(row),
        knownTimeMicros: this.#knownTimeOf(verdict, knownTimes[row]!, raw.isRetried === true),
        text: raw.text(row),
      });
    }
    sink.flush();
  }

  #knownTimeOf(verdict: number, known: number, isRetried: boolean): number | null {
    const isLive = isRetried || this.#options.phases[this.#phase]!.isLive;
    return verdict === MALFORMED && !isLive ? null : known;
  }

  #reason(raw: RawBatch, row: number, verdict: number): string {
    switch (verdict) {
      case MALFORMED:
        return this.#judge.keyReason(row) ?? raw.reason(row);
      case CONSTRAINT:
        return `CHECK (${this.#program.spec.checks[this.#judge.broken[row]! - 1]?.sql ?? '?'}) is false`;
      case RANGE:
        return 'a date or timestamp is outside 1970-01-01 to 2200-01-01';
      case AHEAD:
        return 'the event time is ahead of the time at which the record was known by more than @max_ahead';
      default:
        return this.#judge.lateByLine[row] === 0
          ? 'older than the newest event of its partition by more than @lateness'
          : 'older than the settle line: what lies before it is settled in every partition';
    }
  }

  snapshot(): LogImage {
    const { partitions, identities } = this.#judge.snapshot();
    const state: LogState = { phase: this.#phaseName, knownTo: this.#knownTo, judge: { partitions } };
    const image = new Map<string, LogSection>([
      ['log', JSON.stringify(state)],
      ['identity-times', identities.times],
      ['identity-numbers', identities.numbers],
    ]);
    if (identities.texts !== null) setTexts(image, 'identity-texts', identities.texts);
    return image;
  }

  /** Gives the phase that was being read. */
  #restore(saved: SavedLog): LogPhase['name'] {
    const { image } = saved;
    const text = image.get('log');
    const times = image.get('identity-times');
    const numbers = image.get('identity-numbers');
    const parts = sectionsOf(image, 'identity-texts');
    const texts = parts.length === 0 ? null : parts.filter((part) => typeof part === 'string');
    const isWhole =
      typeof text === 'string' &&
      times instanceof Float64Array &&
      numbers instanceof Float64Array &&
      (texts?.length ?? 0) === parts.length;
    if (!isWhole) throw foreignState(this.#program.spec.name);
    const state = JSON.parse(text) as LogState;
    this.#knownTo = state.knownTo;
    this.#judge.restore({ partitions: state.judge.partitions, identities: { times, numbers, texts } });
    return state.phase;
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = null;
  }
}

function foreignState(source: string): FscError {
  return new FscError(
    'FSC7117',
    1,
    `the saved log of \`${source}\` does not fit its locations`,
    'it was made from a history and a stream that are not those read now',
    'restore the locations in fsc.json, or start anew with --rebuild',
  );
}

/** Positions of one phase, without the phase's name before the partitions'. */
function phasePart(position: LogPosition, phase: string): LogPosition {
  const partitions: Record<string, PositionEntry> = Object.create(null);
  const prefix = `${phase}:`;
  for (const [name, entry] of Object.entries(position.partitions)) {
    if (name.startsWith(prefix)) partitions[name.slice(prefix.length)] = entry;
  }
  return { partitions };
}

/** Entries of every phase but the one named. */
function otherPhases(position: LogPosition, phase: string): Partitions {
  const partitions: Record<string, PositionEntry> = Object.create(null);
  for (const [name, entry] of Object.entries(position.partitions)) {
    if (!name.startsWith(`${phase}:`)) partitions[name] = entry;
  }
  return partitions;
}

/** `base` stays as it is for as long as the phase is read. */
function merged(base: LogPosition, phase: string, part: LogPosition): LogPosition {
  const [moved, stayed] = partsOf(part);
  const done = stayed === undefined ? base.partitions : beside(base.partitions, phase, stayed);
  return grownPosition(done, named(phase, moved));
}

/** What stays from batch to batch, as it stands among the entries of other phases. */
const BESIDE = new WeakMap<Partitions, { readonly base: Partitions; readonly all: Partitions }>();

function beside(base: Partitions, phase: string, stayed: Partitions): Partitions {
  const made = BESIDE.get(stayed);
  if (made?.base === base) return made.all;
  const all = grownPosition(base, named(phase, stayed)).partitions;
  BESIDE.set(stayed, { base, all });
  return all;
}

function named(phase: string, part: Partitions): Partitions {
  const partitions: Record<string, PositionEntry> = Object.create(null);
  for (const [name, entry] of Object.entries(part)) partitions[`${phase}:${name}`] = entry;
  return partitions;
}
