import bindings from '@duckdb/node-bindings';

/** A string of at most this many bytes stands inside DuckDB's 16-byte string_t (zero-padded), a longer one behind a pointer. */
const INLINE_BYTES = 12;
const WORDS_PER_STRING = 4;
/** Past this many entries a new dictionary is begun, so that a column of unique texts can't fill the memory. */
const DICTIONARY_LIMIT = 1 << 21;

const AHEAD = 256;
const guesses = new Int32Array(AHEAD);

let nextDictionaryId = 1;

/** Ids for dictionaries, unique in the process. */
export function newDictionaryId(): number {
  const id = nextDictionaryId;
  nextDictionaryId += 1;
  return id;
}

/**
 * Codes for DuckDB's string_t without making a JavaScript string of each: short texts are compared as four 32-bit words. The
 * dictionary only grows, until it is replaced whole (`renewIfFull`, between batches), and then `dictionaryId` changes.
 */
export class TextInterner {
  dictionary: string[] = [];
  dictionaryId: number = newDictionaryId();
  #slots = new Int32Array(1 << 10).fill(-1);
  /** Four words an entry; the first (the byte length) is over INLINE_BYTES for texts that stand in `#long`. */
  #words = new Int32Array(WORDS_PER_STRING << 9);
  #long = new Map<string, number>();

  renewIfFull(): void {
    if (this.dictionary.length < DICTIONARY_LIMIT) return;
    this.dictionary = [];
    this.dictionaryId = newDictionaryId();
    this.#slots = new Int32Array(1 << 10).fill(-1);
    this.#words = new Int32Array(WORDS_PER_STRING << 9);
    this.#long = new Map();
  }

  /**
   * Codes of `count` string_t into `codes` from `at` on, 0 where `nulls` (from `at` on too) has a NULL: bytes under it are undefined. A few
   * hundred at a time and step by step, so that with many distinct texts the looks into memory do not wait for each other.
   */
  codes(words: Int32Array, count: number, codes: Int32Array, at: number, nulls: Uint8Array | null): void {
    for (let from = 0; from < count; from += AHEAD) {
      const size = Math.min(AHEAD, count - from);
      this.#guess(words, from, size);
      const known = this.#words;
      for (let i = 0; i < size; i += 1) {
        const row = from + i;
        const word = row * WORDS_PER_STRING;
        const guess = guesses[i]!;
        const base = guess * WORDS_PER_STRING;
        if (nulls !== null && nulls[at + row] === 1) codes[at + row] = 0;
        else if (
          guess >= 0 &&
          known[base] === words[word] &&
          known[base + 1] === words[word + 1] &&
          known[base + 2] === words[word + 2] &&
          known[base + 3] === words[word + 3]
        ) {
          codes[at + row] = guess;
        } else codes[at + row] = this.#code(words, word);
      }
    }
  }

  /** The codes in the first slots that the texts may have, −1 for none. A long text's words are those of no entry. */
  #guess(words: Int32Array, from: number, size: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let i = 0; i < size; i += 1) {
      const word = (from + i) * WORDS_PER_STRING;
      guesses[i] = hashWords(words[word]!, words[word + 1]!, words[word + 2]!, words[word + 3]!) & mask;
    }
    for (let i = 0; i < size; i += 1) guesses[i] = slots[guesses[i]!]!;
  }

  /** Code of the string_t at word index `at` of `words` (which views `buffer` from `byteOffset` on). */
  #code(words: Int32Array, at: number): number {
    const length = words[at]!;
    if (length > INLINE_BYTES || length < 0) return this.#longCode(words, at);
    const w1 = words[at + 1]!;
    const w2 = words[at + 2]!;
    const w3 = words[at + 3]!;
    const mask = this.#slots.length - 1;
    let slot = hashWords(length, w1, w2, w3) & mask;
    for (;;) {
      const code = this.#slots[slot]!;
      if (code < 0) return this.#insertInline(words, at, slot);
      const base = code * WORDS_PER_STRING;
      const known = this.#words;
      if (known[base] === length && known[base + 1] === w1 && known[base + 2] === w2 && known[base + 3] === w3) {
        return code;
      }
      slot = (slot + 1) & mask;
    }
  }

  #insertInline(words: Int32Array, at: number, slot: number): number {
    const code = this.#append(inlineText(words, at));
    const base = code * WORDS_PER_STRING;
    for (let i = 0; i < WORDS_PER_STRING; i += 1) this.#words[base + i] = words[at + i]!;
    this.#slots[slot] = code;
    if (this.dictionary.length * 2 > this.#slots.length) this.#rehash();
    return code;
  }

  #longCode(words: Int32Array, at: number): number {
    const text = longText(words, at);
    const known = this.#long.get(text);
    if (known !== undefined) return known;
    const code = this.#append(text);
    this.#words[code * WORDS_PER_STRING] = INLINE_BYTES + 1;
    this.#long.set(text, code);
    return code;
  }

  #append(text: string): number {
    const code = this.dictionary.length;
    this.dictionary.push(text);
    if ((code + 1) * WORDS_PER_STRING > this.#words.length) {
      const grown = new Int32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    return code;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    const words = this.#words;
    for (let code = 0; code < this.dictionary.length; code += 1) {
      const base = code * WORDS_PER_STRING;
      const length = words[base]!;
      if (length > INLINE_BYTES) continue;
      let slot = hashWords(length, words[base + 1]!, words[base + 2]!, words[base + 3]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = code;
    }
    this.#slots = slots;
  }
}

function hashWords(length: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(w1 ^ Math.imul(length, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w3, 0x27d4eb2f);
  return hash ^ (hash >>> 16);
}

// Buffer's decoder keeps a leading U+FEFF, which TextDecoder would swallow.
function inlineText(words: Int32Array, at: number): string {
  return Buffer.from(words.buffer, words.byteOffset + at * 4 + 4, words[at]!).toString('utf8');
}

function longText(words: Int32Array, at: number): string {
  const length = words[at]! >>> 0;
  const bytes = bindings.get_data_from_pointer(words.buffer as ArrayBuffer, words.byteOffset + at * 4 + 8, length);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
