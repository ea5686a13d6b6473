import { newDictionaryId } from './text-interner.ts';

/** Past this much a new dictionary is begun, so that a column of unique texts can't fill the memory. */
const MAX_TEXTS = 1 << 19;
const MAX_BYTES = 1 << 25;

const FIRST_SLOTS = 1 << 10;

/**
 * Codes for texts that stand as UTF-8 in a buffer, without making a string of each. The dictionary only grows, until it is replaced whole
 * (`renewIfFull`, between batches), and then `dictionaryId` changes. Code 0 is the empty text, which NULLs have.
 */
export class ByteInterner {
  dictionary: string[] = [''];
  dictionaryId: number = newDictionaryId();
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #hashes = new Int32Array(FIRST_SLOTS / 2);
  /** Where each text's bytes begin in `#bytes`; the next one's beginning is its end. */
  #starts = new Int32Array(FIRST_SLOTS / 2 + 1);
  #bytes = Buffer.alloc(1 << 12);

  renewIfFull(): void {
    if (this.dictionary.length < MAX_TEXTS && this.#starts[this.dictionary.length]! < MAX_BYTES) return;
    this.dictionary = [''];
    this.dictionaryId = newDictionaryId();
    this.#slots = new Int32Array(FIRST_SLOTS).fill(-1);
    this.#hashes = new Int32Array(FIRST_SLOTS / 2);
    this.#starts = new Int32Array(FIRST_SLOTS / 2 + 1);
    this.#bytes = Buffer.alloc(1 << 12);
  }

  codeOf(text: string): number {
    if (text === '') return 0;
    const bytes = Buffer.from(text);
    let hash = 0;
    for (let at = 0; at < bytes.length; at += 1) hash = addByte(hash, bytes[at]!);
    return this.code(bytes, 0, bytes.length, hash);
  }

  /** Of valid UTF-8; `hash` is made of its bytes by `addByte`, from 0 on. */
  code(bytes: Buffer, start: number, end: number, hash: number): number {
    if (start === end) return 0;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const code = slots[slot]!;
      if (code < 0) return this.#insert(bytes, start, end, hash, slot);
      if (this.#hashes[code] === hash && this.#isSame(code, bytes, start, end)) return code;
      slot = (slot + 1) & mask;
    }
  }

  #isSame(code: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.#starts[code]!;
    if (this.#starts[code + 1]! - from !== end - start) return false;
    const known = this.#bytes;
    for (let i = start, k = from; i < end; i += 1, k += 1) if (known[k] !== bytes[i]) return false;
    return true;
  }

  #insert(bytes: Buffer, start: number, end: number, hash: number, slot: number): number {
    const code = this.dictionary.length;
    const from = this.#starts[code]!;
    const to = from + end - start;
    if (to > this.#bytes.length) {
      const larger = Buffer.alloc(2 * to);
      this.#bytes.copy(larger, 0, 0, from);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, from, start, end);
    this.#starts[code + 1] = to;
    this.#hashes[code] = hash;
    this.#slots[slot] = code;
    this.dictionary.push(bytes.toString('utf8', start, end));
    if (this.dictionary.length === this.#hashes.length) this.#grow();
    return code;
  }

  /** Twice as many places. */
  #grow(): void {
    const hashes = new Int32Array(2 * this.#hashes.length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const starts = new Int32Array(hashes.length + 1);
    starts.set(this.#starts);
    this.#starts = starts;
    const slots = new Int32Array(2 * hashes.length).fill(-1);
    const mask = slots.length - 1;
    for (let code = 1; code < this.dictionary.length; code += 1) {
      const hash = hashes[code]!;
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = code;
    }
    this.#slots = slots;
  }
}

export function addByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193) ^ (hash >>> 17);
}
