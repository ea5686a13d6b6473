/**
 * Many strings into a vector of DuckDB at once. A call a string is what most of the time of loading went to; DuckDB's string_t is 16 bytes, its
 * length and the string itself up to 12 bytes, or its first four bytes and a pointer, so that a column of them is one copy.
 */
import bindings from '@duckdb/node-bindings';
import type { RecordLines } from '../../log/record-texts.ts';
import type { TextVector } from '../../values/batch.ts';

const INLINE_BYTES = 12;
const WORDS = 4;
const TWO_32 = 4294967296;

/** Rows of one vector. */
const CHUNK_ROWS = 2048;

type CodedText = TextVector & { readonly codes: Int32Array; readonly dictionary: string[] };

/** string_t of the texts of a dictionary; a length over INLINE_BYTES where it is too long to stand in one. */
interface KnownTexts {
  words: Int32Array;
  count: number;
}

/** A column of lines, beside the vectors that batches are made of. */
export interface LinesVector {
  readonly kind: 'lines';
  readonly lines: RecordLines;
  readonly nulls: null;
}

/** A vector from one of its rows on. */
export interface VectorPart {
  readonly vector: bindings.Vector;
  readonly at: number;
}

export function isCoded(source: TextVector): source is CodedText {
  return source.codes !== null && source.dictionary !== null;
}

export class StringFiller {
  readonly #words = new Int32Array(CHUNK_ROWS * WORDS);
  readonly #known = new WeakMap<readonly string[], KnownTexts>();

  fillCoded(target: VectorPart, source: CodedText, rows: Int32Array | null, from: number, count: number): void {
    const { codes, dictionary, nulls } = source;
    const texts = this.#textsOf(dictionary);
    const words = this.#words;
    const long: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const row = rows === null ? from + i : rows[from + i]!;
      const isNull = nulls !== null && nulls[row] === 1;
      const text = codes[row]! * WORDS;
      const isHere = !isNull && texts[text]! <= INLINE_BYTES;
      if (!isNull && !isHere) long.push(i);
      const word = i * WORDS;
      // Written out, which is a third of the time of a loop.
      words[word] = isHere ? texts[text]! : 0;
      words[word + 1] = isHere ? texts[text + 1]! : 0;
      words[word + 2] = isHere ? texts[text + 2]! : 0;
      words[word + 3] = isHere ? texts[text + 3]! : 0;
    }
    this.#copy(target, count);
    for (const i of long) {
      const row = rows === null ? from + i : rows[from + i]!;
      bindings.vector_assign_string_element(target.vector, target.at + i, dictionary[codes[row]!]!);
    }
  }

  #textsOf(dictionary: readonly string[]): Int32Array {
    const known = this.#known.get(dictionary) ?? { words: new Int32Array(0), count: 0 };
    if (known.count === dictionary.length) return known.words;
    if (known.words.length < dictionary.length * WORDS) {
      const words = new Int32Array(2 * dictionary.length * WORDS);
      words.set(known.words);
      known.words = words;
    }
    const bytes = Buffer.from(known.words.buffer);
    for (let code = known.count; code < dictionary.length; code += 1) {
      const text = dictionary[code]!;
      const length = Buffer.byteLength(text);
      known.words[code * WORDS] = length;
      if (length <= INLINE_BYTES) bytes.write(text, code * WORDS * 4 + 4);
    }
    known.count = dictionary.length;
    this.#known.set(dictionary, known);
    return known.words;
  }

  /** Lines from row `from` on. Between two of them may stand the bytes of one at fault, which DuckDB takes in no string. */
  fillLines(target: VectorPart, source: LinesVector, from: number, count: number): void {
    const { faults } = source.lines;
    const end = from + count;
    for (let row = from; row < end; row += 1) {
      const first = row;
      while (row < end && !faults.has(row)) row += 1;
      const at = target.at - from;
      if (row > first) this.#fillWhole({ ...target, at: at + first }, source, first, row - first);
      if (row < end) assignMarked({ ...target, at: at + row }, source, row);
    }
  }

  /** Of lines without a fault the bytes are copied as one string, which theirs then point into. */
  #fillWhole(target: VectorPart, source: LinesVector, from: number, count: number): void {
    const { lines } = source;
    const { start, end } = lines.extent(from, count);
    const block = lines.bytes.subarray(start, end);
    if (!block.includes(0)) this.#pointInto(target, block, lines.starts, lines.ends, from, count, start);
    else for (let i = 0; i < count; i += 1) assignMarked({ ...target, at: target.at + i }, source, from + i);
  }

  #pointInto(
    target: VectorPart,
    block: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    from: number,
    count: number,
    start: number,
  ): void {
    // It lives as long as the vector, whatever is put in its place there.
    bindings.vector_assign_string_element_len(target.vector, target.at, block);
    const data = bindings.vector_get_data(target.vector, (target.at + 1) * WORDS * 4);
    const pointer = Buffer.from(data.buffer, data.byteOffset + data.length - 8, 8);
    const low = pointer.readUInt32LE(0);
    const high = pointer.readUInt32LE(4);
    const words = this.#words;
    for (let i = 0; i < count; i += 1) {
      const at = starts[from + i]! - start;
      const length = ends[from + i]! - starts[from + i]!;
      const word = i * WORDS;
      words[word] = length;
      if (length <= INLINE_BYTES) {
        // Written out: a call of fill for three words takes longer than all the rest of a line.
        for (let k = 1; k < WORDS; k += 1) words[word + k] = 0;
        for (let k = 0; k < length; k += 1) words[word + 1 + (k >> 2)]! |= block[at + k]! << (8 * (k & 3));
        continue;
      }
      words[word + 1] = block[at]! | (block[at + 1]! << 8) | (block[at + 2]! << 16) | (block[at + 3]! << 24);
      words[word + 2] = low + at;
      words[word + 3] = high + (low + at >= TWO_32 ? 1 : 0);
    }
    this.#copy(target, count);
  }

  #copy({ vector, at }: VectorPart, count: number): void {
    bindings.copy_data_to_vector(vector, at * WORDS * 4, this.#words.buffer, 0, count * WORDS * 4);
  }
}

function assignMarked({ vector, at }: VectorPart, { lines }: LinesVector, row: number): void {
  bindings.vector_assign_string_element(vector, at, plainText(lines.markedText(row)));
}

/** What can stand in a database. */
export function plainText(record: string): string {
  return record.replaceAll('\u0000', '\ufffd').toWellFormed();
}
