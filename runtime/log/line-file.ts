/** Files of lines that are read in blocks: one may be larger than a string can be. */
import { closeSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../values/errors.ts';

const BLOCK_BYTES = 1 << 20;
const NEWLINE = 10;

export interface FileLine {
  /** Without its newline. */
  readonly text: string;
  /** The byte that it begins with. */
  readonly at: number;
  /** From 1. */
  readonly number: number;
  /** False: the file ends before its newline. */
  readonly isWhole: boolean;
}

/** Where a line begins, and its number. */
export type LinePlace = Pick<FileLine, 'at' | 'number'>;

const FIRST: LinePlace = { at: 0, number: 1 };

/** From some line on; none if there is no such file. What follows the last newline is a line that is not whole. */
export function* linesOf(path: string, from: LinePlace = FIRST): Generator<FileLine> {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    yield* linesIn(descriptor, from);
  } finally {
    closeSync(descriptor);
  }
}

function* linesIn(descriptor: number, from: LinePlace): Generator<FileLine> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  /** Of the line that the last block ended in. */
  let begun: Buffer[] = [];
  let { at, number } = from;
  for (let read = at; ; ) {
    const length = readSync(descriptor, block, 0, BLOCK_BYTES, read);
    if (length === 0) break;
    read += length;
    const bytes = block.subarray(0, length);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const own = bytes.subarray(start, end);
      const line = begun.length === 0 ? own : Buffer.concat([...begun, own]);
      begun = [];
      start = end + 1;
      yield { text: line.toString('utf8'), at, number, isWhole: true };
      at += line.length + 1;
      number += 1;
    }
    if (start < length) begun.push(Buffer.from(bytes.subarray(start)));
  }
  if (begun.length > 0) yield { text: Buffer.concat(begun).toString('utf8'), at, number, isWhole: false };
}

/** Lines of a file by where they begin. `close` when done. */
export class LineReader {
  readonly #descriptor: number;
  #block = Buffer.allocUnsafe(1 << 16);
  /** What of the file the block holds. */
  #from = 0;
  #to = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
  }

  /** The line that begins at a byte, without its newline; to the end of the file if there is none. */
  lineAt(at: number): string {
    for (let wanted = 1; ; wanted = 2 * (this.#to - at)) {
      const isEnd = !this.#hold(at, wanted);
      const start = at - this.#from;
      const held = this.#block.subarray(0, this.#to - this.#from);
      const end = held.indexOf(NEWLINE, start);
      if (end >= 0 || isEnd) return held.toString('utf8', start, end < 0 ? held.length : end);
    }
  }

  /** Sees that the block has `wanted` bytes from `at` on; false: the file ends before. */
  #hold(at: number, wanted: number): boolean {
    if (at >= this.#from && at + wanted <= this.#to) return true;
    if (wanted > this.#block.length) this.#block = Buffer.allocUnsafe(wanted);
    let length = 0;
    for (let read = 1; read > 0 && length < this.#block.length; length += read)
      read = readSync(this.#descriptor, this.#block, length, this.#block.length - length, at + length);
    this.#from = at;
    this.#to = at + length;
    return length >= wanted;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
