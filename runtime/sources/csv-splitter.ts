import { isUtf8 } from 'node:buffer';
import { INVALID_UTF8 } from '../log/record-texts.ts';
import { counted } from '../values/counted.ts';
import type { ByteInput } from './byte-input.ts';
import { MAX_LINE_BYTES } from './line-splitter.ts';

/**
 * One CSV record (RFC 4180). `fields[i]` is null for an empty field without quotes (NULL); `""` is the empty string.
 */
export interface CsvRecord {
  readonly fields: readonly (string | null)[];
  readonly text: string;
  /** Why it is no record. */
  readonly fault: string | null;
  /** Byte of the input after it. */
  readonly end: number;
  /** The input ended in it, or after it without a newline. */
  readonly isOpen: boolean;
}

/** Why it is no record under a header so wide; null: it is one. */
export function recordFault({ fault, fields }: Pick<CsvRecord, 'fault' | 'fields'>, width: number): string | null {
  if (fault !== null || fields.length === width) return fault;
  return `${counted(fields.length, 'field')} where the header has ${width}`;
}

/** Why a record is too long; a line of JSON has its own words. */
export const RECORD_TOO_LONG = 'record over 1 MiB';
/** Of a record that is too long, this much is kept for the quarantine. */
const KEPT_BYTES = 1024;

const QUOTE = 34;
const COMMA = 44;
const RETURN = 13;
const NEWLINE = 10;

const FIELD_START = 0;
const PLAIN = 1;
const QUOTED = 2;
/** After a quote within quotes: the field's end, or the first half of an escaped quote. */
const MAYBE_END = 3;

function nextState(state: number, byte: number): number {
  if (state === QUOTED) return byte === QUOTE ? MAYBE_END : QUOTED;
  if (state === MAYBE_END && byte === QUOTE) return QUOTED;
  if (byte === COMMA) return FIELD_START;
  return state === FIELD_START && byte === QUOTE ? QUOTED : PLAIN;
}

/**
 * Splits bytes into records. One whose quotes are wrong ends at its first newline, so that a stray quote costs one line, not the rest of
 * the file.
 */
export class CsvSplitter {
  readonly #input: ByteInput;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Byte of the input at which `#bytes` begins. */
  #offset: number;
  #hasEnded = false;
  /** After the first newline inside quotes; −1: none. */
  #firstNewline = -1;

  constructor(input: ByteInput, fromByte: number) {
    this.#input = input;
    this.#offset = fromByte;
  }

  /** null at the end. Blank lines are no records. */
  async next(): Promise<CsvRecord | null> {
    for (;;) {
      if (this.#at >= this.#bytes.length && !(await this.#fill())) return null;
      const end = await this.#recordEnd();
      const record = this.#take(end);
      if (record !== null) return record;
    }
  }

  async #fill(): Promise<boolean> {
    if (this.#hasEnded) return false;
    const chunk = await this.#input.read();
    if (chunk === null) {
      this.#hasEnded = true;
      return false;
    }
    const rest = this.#bytes.subarray(this.#at);
    this.#offset += this.#at;
    this.#at = 0;
    if (this.#offset === 0 && rest.length === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) {
      this.#offset = 3;
      this.#bytes = Buffer.from(chunk.subarray(3));
    } else this.#bytes = Buffer.concat([rest, chunk]);
    return true;
  }

  /** Index after the record's last byte (its newline included). Reads on until it is there. */
  async #recordEnd(): Promise<number> {
    let state = FIELD_START;
    this.#firstNewline = -1;
    let i = this.#at;
    for (;;) {
      if (i >= this.#bytes.length) {
        const scanned = i - this.#at;
        const newline = this.#firstNewline - this.#at;
        if (!(await this.#fill())) return this.#bytes.length;
        i = this.#at + scanned;
        if (this.#firstNewline >= 0) this.#firstNewline = this.#at + newline;
        continue;
      }
      const byte = this.#bytes[i]!;
      i += 1;
      if (byte === NEWLINE) {
        if (state !== QUOTED) return i;
        if (this.#firstNewline < 0) this.#firstNewline = i;
      }
      state = nextState(state, byte);
      if (this.#firstNewline >= 0 && i - this.#at > MAX_LINE_BYTES) return i;
    }
  }

  #take(end: number): CsvRecord | null {
    const record = this.#recordTo(end);
    const isSpread = this.#firstNewline > this.#at && this.#firstNewline < end;
    const isWhole = record === null || record.fault === null || !isSpread;
    const taken = isWhole ? end : this.#firstNewline;
    const result = isWhole ? record : this.#recordTo(taken);
    this.#at = taken;
    return result;
  }

  #recordTo(end: number): CsvRecord | null {
    const from = this.#at;
    let last = end;
    if (last > from && this.#bytes[last - 1] === NEWLINE) last -= 1;
    if (last > from && this.#bytes[last - 1] === RETURN) last -= 1;
    if (last === from) return null;
    const endByte = this.#offset + end;
    const isOpen = this.#hasEnded && last === end;
    if (last - from > MAX_LINE_BYTES) {
      const text = this.#bytes.toString('utf8', from, from + KEPT_BYTES);
      return { fields: [], text, fault: RECORD_TOO_LONG, end: endByte, isOpen };
    }
    const bytes = this.#bytes.subarray(from, last);
    const text = bytes.toString('utf8');
    if (!isUtf8(bytes)) return { fields: [], text, fault: INVALID_UTF8, end: endByte, isOpen };
    const fields: (string | null)[] = [];
    return { fields, text, fault: splitFields(text, fields), end: endByte, isOpen };
  }

  /** Bytes of the input that were read. */
  get endByte(): number {
    return this.#offset + this.#bytes.length;
  }

  async close(): Promise<void> {
    await this.#input.close();
  }
}

/** Fills `fields`; gives what is wrong, or null. */
export function splitFields(text: string, fields: (string | null)[]): string | null {
  let at = 0;
  for (;;) {
    if (text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at + 1);
      if (close < 0) return 'a quoted field has no end';
      fields.push(text.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      const field = text.slice(at, end);
      if (field.includes('"')) return 'a quote inside a field without quotes';
      fields.push(field === '' ? null : field);
      at = end;
    }
    if (at >= text.length) return null;
    if (text.charCodeAt(at) !== COMMA) return 'text after a quoted field';
    at += 1;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text.charCodeAt(at + 1) !== QUOTE) return at;
  }
  return -1;
}
