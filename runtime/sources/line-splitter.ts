import { isUtf8 } from 'node:buffer';
import { INVALID_UTF8, LINE_TOO_LONG, type LineFault, RecordLines } from '../log/record-texts.ts';
import type { ByteInput } from './byte-input.ts';

/** Longer lines are refused, so that a file without newlines can't fill the memory. */
export const MAX_LINE_BYTES = 1 << 20;
/** Of a line that is too long, this much is kept for the quarantine. */
const KEPT_BYTES = 1024;

const NEWLINE = 10;
const RETURN = 13;

/** Lines in the bytes that they came in; blank ones are none. All is used again for the next batch. */
export interface LineBatch {
  readonly lines: RecordLines;
  /** Bytes of the input consumed after each line, newline included. */
  readonly endBytes: Float64Array;
  readonly count: number;
  /** The input ended in the middle of the last line, or after it without a newline. */
  readonly isOpen: boolean;
}

/**
 * Splits bytes into lines (LF or CRLF; the last one may lack it). Blank lines are no records and are passed over. Invalid UTF-8 and
 * lines over the limit come as lines with a fault.
 */
export class LineSplitter {
  readonly #input: ByteInput;
  #carry: Buffer = Buffer.alloc(0);
  /** Byte of the input at which `#carry` begins. */
  #carryAt: number;
  /** Unread whole lines of the chunk. */
  #block: Buffer = Buffer.alloc(0);
  #blockAt = 0;
  #blockIsUtf8 = true;
  /** Byte of the input at which `#block` begins. */
  #blockOffset = 0;
  #hasEnded = false;
  /** What was taken last is the end of the input, without a newline. */
  #isLastOpen = false;
  /** Inside a line that is too long, whose rest is thrown away. */
  #skipping: LineFault | null = null;
  #isStart: boolean;
  #count = 0;
  readonly #faults = new Map<number, LineFault>();
  #starts = new Int32Array(1);
  #ends = new Int32Array(1);
  #endBytes = new Float64Array(1);

  constructor(input: ByteInput, fromByte: number) {
    this.#input = input;
    this.#carryAt = fromByte;
    this.#isStart = fromByte === 0;
  }

  /** Up to `maxLines`; at most one wait for input where lines are at hand already. null at the end. */
  async next(maxLines: number): Promise<LineBatch | null> {
    this.#count = 0;
    this.#faults.clear();
    while (this.#count === 0) {
      if (this.#blockAt >= this.#block.length && !(await this.#fill())) return null;
      // Each line has a byte. A small file has few, and there may be thousands of such files.
      this.#reserve(Math.min(maxLines, this.#count + this.#block.length - this.#blockAt));
      this.#split(maxLines);
    }
    const lines = new RecordLines(this.#block, this.#starts, this.#ends, this.#count, this.#faults);
    const isOpen = this.#isLastOpen && this.#blockAt >= this.#block.length;
    return { lines, endBytes: this.#endBytes, count: this.#count, isOpen };
  }

  #reserve(maxLines: number): void {
    if (this.#starts.length >= maxLines) return;
    const [starts, ends, endBytes] = [this.#starts, this.#ends, this.#endBytes];
    this.#starts = new Int32Array(maxLines);
    this.#ends = new Int32Array(maxLines);
    this.#endBytes = new Float64Array(maxLines);
    // A line that was too long may stand there already.
    this.#starts.set(starts);
    this.#ends.set(ends);
    this.#endBytes.set(endBytes);
  }

  /** The next whole lines into `#block`. False at the end. */
  async #fill(): Promise<boolean> {
    while (!this.#hasEnded) {
      const room = this.#carry.length;
      const chunk = await this.#input.read(room);
      if (chunk === null) {
        this.#hasEnded = true;
        // Stopped in the middle of a line, too: what was taken off a pipe is kept. No beginning of a record is a record.
        return this.#takeLast();
      }
      this.#carry.copy(chunk);
      if (this.#takeChunk(chunk, room)) return true;
    }
    return false;
  }

  /** Bytes from `#carryAt` on, the first `known` of which hold no end of a line. */
  #takeChunk(chunk: Buffer, known: number): boolean {
    const last = chunk.lastIndexOf(NEWLINE);
    if (last < known) {
      this.#keep(chunk);
      return false;
    }
    let from = 0;
    if (this.#skipping !== null) {
      from = chunk.indexOf(NEWLINE) + 1;
      this.#finishLong(this.#carryAt + from);
    }
    this.#carry = Buffer.from(chunk.subarray(last + 1));
    this.#setBlock(chunk.subarray(from, last + 1), this.#carryAt + from);
    this.#carryAt += last + 1;
    return from <= last || this.#count > 0;
  }

  #keep(chunk: Buffer): void {
    if (this.#skipping !== null) {
      this.#carryAt += chunk.length;
      return;
    }
    this.#carry = Buffer.from(chunk);
    if (chunk.length <= MAX_LINE_BYTES + 2) return;
    this.#skipping = tooLong(chunk, 0);
    this.#carryAt += chunk.length;
    this.#carry = Buffer.alloc(0);
  }

  #finishLong(end: number): void {
    this.#isStart = false;
    this.#pushFault(this.#skipping!, end);
    this.#skipping = null;
  }

  #takeLast(): boolean {
    if (this.#skipping !== null) {
      this.#isLastOpen = true;
      this.#finishLong(this.#carryAt);
      return true;
    }
    if (this.#carry.length === 0) return false;
    this.#isLastOpen = true;
    this.#setBlock(this.#carry, this.#carryAt);
    this.#carryAt += this.#carry.length;
    this.#carry = Buffer.alloc(0);
    return true;
  }

  #setBlock(block: Buffer, offset: number): void {
    this.#block = block;
    this.#blockAt = 0;
    this.#blockOffset = offset;
    this.#blockIsUtf8 = isUtf8(block);
  }

  #split(maxLines: number): void {
    const block = this.#block;
    while (this.#count < maxLines && this.#blockAt < block.length) {
      const start = this.#blockAt;
      const newline = block.indexOf(NEWLINE, start);
      const next = newline < 0 ? block.length : newline + 1;
      let end = newline < 0 ? block.length : newline;
      if (end > start && block[end - 1] === RETURN) end -= 1;
      this.#blockAt = next;
      this.#line(this.#isStart ? start + bomLength(block, start) : start, end, this.#blockOffset + next);
      this.#isStart = false;
    }
  }

  #line(start: number, end: number, endByte: number): void {
    if (isBlank(this.#block, start, end)) return;
    if (end - start > MAX_LINE_BYTES) this.#pushFault(tooLong(this.#block, start), endByte);
    else if (this.#blockIsUtf8 || isUtf8(this.#block.subarray(start, end))) this.#push(start, end, endByte);
    else this.#pushFault({ reason: INVALID_UTF8, text: this.#block.toString('utf8', start, end) }, endByte);
  }

  #pushFault(fault: LineFault, endByte: number): void {
    this.#faults.set(this.#count, fault);
    this.#push(0, 0, endByte);
  }

  #push(start: number, end: number, endByte: number): void {
    const index = this.#count;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#endBytes[index] = endByte;
    this.#count = index + 1;
  }

  /** Bytes of the input that were read. */
  get endByte(): number {
    return this.#carryAt + this.#carry.length;
  }

  async close(): Promise<void> {
    await this.#input.close();
  }
}

function tooLong(bytes: Buffer, start: number): LineFault {
  return { reason: LINE_TOO_LONG, text: bytes.toString('utf8', start, start + KEPT_BYTES) };
}

function isBlank(block: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = block[i]!;
    if (byte !== 32 && byte !== 9 && byte !== RETURN) return false;
  }
  return true;
}

function bomLength(block: Buffer, at: number): number {
  return block[at] === 0xef && block[at + 1] === 0xbb && block[at + 2] === 0xbf ? 3 : 0;
}
