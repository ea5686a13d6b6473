/**
 * What a frame of the journal holds.
 *
 *   lines:     kind u32 · bytes of the head u32 · head (JSON) · starts i32 each · ends i32 each · the lines' bytes
 *   any other: JSON, so that its first byte is `{`; the only kind of version 1
 *
 * A position names every file that was consumed, and a history may be of thousands. So the first frame of a journal tells the whole of it
 * (`position`), and so does one after which much has moved; the others tell what moved since the last of those (`since`, `moved`; from version 3 on).
 */
import { type FscError, messageOf } from '../values/errors.ts';
import { grownPosition, PositionTeller } from '../values/positions.ts';
import { type LogBatch, type LogPosition, MALFORMED, type Partitions, type PositionEntry } from './contract.ts';
import { corruptJournal, type Frame, lookAtFrames, type PlacedFrame } from './journal.ts';
import { type LineFault, RecordLines, type RecordTexts } from './record-texts.ts';

/** What the journal keeps of a batch. */
export interface JournalEntry {
  readonly position: LogPosition;
  readonly idle: readonly string[];
  /** The records themselves where the source can't be read again, with their known times; null for files. */
  readonly records: RecordTexts | null;
  readonly knownTimes: ArrayLike<number> | null;
  /** Rows that were malformed: invalid UTF-8 or too long a line does not show in the text that is kept. */
  readonly malformed: readonly number[];
}

export type EntryParts = Pick<LogBatch, 'position' | 'idle' | 'records' | 'knownTimeMicros' | 'verdicts'>;

/** `since`: of the frame whose position `moved` goes on from; that one tells the whole of it. */
type ToldPosition = Pick<JournalEntry, 'position'> | { readonly since: number; readonly moved: Partitions };

/** Where frames go on from. */
export interface WholePosition {
  readonly sequence: number;
  readonly position: LogPosition;
}

/** Of one journal, frame by frame. */
export class EntryEncoder {
  readonly #teller: PositionTeller<PositionEntry>;
  #whole: number;

  /** `whole`: the last in the journal that is told as a whole; null: none is. */
  constructor(whole: WholePosition | null) {
    this.#teller = new PositionTeller(whole?.position ?? null);
    this.#whole = whole?.sequence ?? 0;
  }

  /** `isFirst`: of the journal. Gives parts that are one after the other in the frame: the lines are not copied for it. */
  encode(batch: EntryParts, sequence: number, isFirst: boolean): readonly Uint8Array[] {
    if (isFirst) this.#teller.reset();
    const { position } = batch;
    const moved = this.#teller.moved(position);
    if (moved === null) this.#whole = sequence;
    return encodeEntry(batch, moved === null ? { position } : { since: this.#whole, moved });
  }
}

function encodeEntry(batch: EntryParts, told: ToldPosition): readonly Uint8Array[] {
  const { idle, records, knownTimeMicros, verdicts } = batch;
  const malformed = records === null ? [] : rowsOf(verdicts.subarray(0, records.length), MALFORMED);
  if (records instanceof RecordLines) return encodeLines(batch, told, records, malformed);
  const knownTimes = records === null ? null : Array.from(knownTimeMicros.subarray(0, records.length));
  return [Buffer.from(JSON.stringify({ ...told, idle, records, knownTimes, malformed }))];
}

function rowsOf(verdicts: Uint8Array, verdict: number): number[] {
  const rows: number[] = [];
  for (let row = verdicts.indexOf(verdict); row >= 0; row = verdicts.indexOf(verdict, row + 1)) rows.push(row);
  return rows;
}

/** First word of a payload of lines. A JSON text's first byte is another. */
const LINES = 2;
const LINES_HEAD_BYTES = 8;

interface LinesFacts {
  readonly idle: readonly string[];
  readonly count: number;
  /** One for all where they are the same, as they are where the clock tells them. */
  readonly knownTimes: number | readonly number[];
  readonly malformed: readonly number[];
  readonly faults: readonly (readonly [number, LineFault])[];
}

type LinesHead = ToldPosition & LinesFacts;

function encodeLines(
  { idle, knownTimeMicros }: EntryParts,
  told: ToldPosition,
  lines: RecordLines,
  malformed: number[],
): Buffer[] {
  const count = lines.length;
  const known = knownTimeMicros.subarray(0, count);
  const isOne = isConstant(known);
  const faults = [...lines.faults].filter(([row]) => row < count);
  const knownTimes = isOne ? known[0]! : Array.from(known);
  const head: LinesHead = { ...told, idle, count, knownTimes, malformed, faults };
  const headText = Buffer.from(JSON.stringify(head));
  const first = Buffer.allocUnsafe(LINES_HEAD_BYTES);
  first.writeUInt32LE(LINES, 0);
  first.writeUInt32LE(headText.length, 4);
  const { start, end } = lines.extent(0, count);
  const places = new Int32Array(2 * count);
  for (let row = 0; row < count; row += 1) {
    if (lines.starts[row] === lines.ends[row]) continue;
    places[row] = lines.starts[row]! - start;
    places[count + row] = lines.ends[row]! - start;
  }
  return [first, headText, Buffer.from(places.buffer), lines.bytes.subarray(start, end)];
}

function isConstant(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i += 1) if (values[i] !== values[0]) return false;
  return values.length > 0;
}

/** `frames`: all of a journal, from its first on. Gives those after the sequence. */
export function decodeEntries(frames: readonly Frame[], afterSequence: number, path: string): DecodedEntries {
  const entries: JournalEntry[] = [];
  let whole: WholePosition | null = null;
  for (const frame of frames) {
    const { told, facts } = decoded(frame, path);
    const { sequence } = frame;
    if ('position' in told) whole = { sequence, position: told.position };
    const position = whole === null || ('since' in told && told.since !== whole.sequence) ? null : whole.position;
    if (position === null) throw corruptFrame(path, sequence, 'the frame that it goes on from is missing');
    if (sequence > afterSequence) entries.push(withPosition(facts, told, position));
  }
  return { entries, whole };
}

export interface DecodedEntries {
  readonly entries: readonly JournalEntry[];
  /** The last position that is told as a whole; null: none is. */
  readonly whole: WholePosition | null;
}

interface DecodedFrame {
  readonly told: ToldPosition;
  readonly facts: EntryFacts;
}

function decoded({ sequence, payload }: Frame, path: string): DecodedFrame {
  try {
    if (payload[0] === LINES) return decodeLines(payload);
    const { idle, records, knownTimes, malformed, ...told } = JSON.parse(payload.toString()) as JsonEntry;
    return { told, facts: { idle, records, knownTimes, malformed } };
  } catch (error) {
    throw corruptFrame(path, sequence, messageOf(error));
  }
}

function corruptFrame(path: string, sequence: number, why: string): FscError {
  return corruptJournal(path, 0, `frame ${sequence}: ${why}`);
}

type EntryFacts = Omit<JournalEntry, 'position'>;
type JsonEntry = ToldPosition & EntryFacts;

function withPosition(facts: EntryFacts, told: ToldPosition, whole: LogPosition): JournalEntry {
  if ('position' in told) return { position: whole, ...facts };
  return { position: grownPosition(whole.partitions, told.moved), ...facts };
}

function decodeLines(payload: Buffer): DecodedFrame {
  const bytesAt = LINES_HEAD_BYTES + payload.readUInt32LE(4);
  const head = JSON.parse(payload.toString('utf8', LINES_HEAD_BYTES, bytesAt)) as LinesHead;
  const { idle, count, malformed, knownTimes, faults, ...told } = head;
  const linesAt = bytesAt + 8 * count;
  // Into memory of its own, where integers stand at multiples of four.
  const places = new Int32Array(Uint8Array.from(payload.subarray(bytesAt, linesAt)).buffer);
  const [starts, ends] = [places.subarray(0, count), places.subarray(count)];
  const lines = payload.subarray(linesAt);
  if (places.length !== 2 * count || !arePlaces(starts, ends, lines.length))
    throw new Error('lines are not where they should be');
  const records = new RecordLines(lines, starts, ends, count, new Map(faults));
  const known = typeof knownTimes === 'number' ? new Float64Array(count).fill(knownTimes) : knownTimes;
  return { told, facts: { idle, records, knownTimes: known, malformed } };
}

function arePlaces(starts: Int32Array, ends: Int32Array, size: number): boolean {
  return starts.every((start, row) => start >= 0 && start <= ends[row]! && ends[row]! <= size);
}

/** The position that the last whole frame tells; null: there is none, or nobody can tell while a run is at work on the journal. */
export function lastJournaled(path: string): LogPosition | null {
  return lookAtFrames(path, (frames, bytesOf) => {
    const toldBy = (frame: PlacedFrame): ToldPosition =>
      toldIn(frame.length, (from, most) => bytesOf(frame, from, most));
    const last = frames.at(-1);
    if (last === undefined) return null;
    const told = toldBy(last);
    if ('position' in told) return told.position;
    const whole = frames.find(({ sequence }) => sequence === told.since);
    const before = whole === undefined ? null : toldBy(whole);
    return before === null || !('position' in before) ? null : grownPosition(before.position.partitions, told.moved);
  });
}

/** Of a frame of lines its head tells. */
function toldIn(length: number, bytesAt: (from: number, length: number) => Buffer): ToldPosition {
  const first = bytesAt(0, LINES_HEAD_BYTES);
  const text = first[0] === LINES ? bytesAt(LINES_HEAD_BYTES, first.readUInt32LE(4)) : bytesAt(0, length);
  return JSON.parse(text.toString()) as ToldPosition;
}
