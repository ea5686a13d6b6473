import { crc32 } from 'node:zlib';
import type { IntervalValue, SqlType, Value } from '../values/types.ts';
import { ByteWriter, MAX_INT } from './byte-writer.ts';
import {
  CHECKSUM_BYTES,
  CODE_NULL,
  CODE_VALUE,
  CODE_WIDE,
  CODE_ZERO,
  FLAG_GENERATION,
  FLAG_HAS_ROW,
  FLAG_MORE_PAGES,
  HEADER_BYTES,
  HOLDS_BOOLEAN,
  HOLDS_DOUBLE,
  HOLDS_INTEGER,
  HOLDS_INTERVAL,
  HOLDS_REAL,
  HOLDS_TEXT,
  layoutTag,
  ROW_FORMAT,
  slotForms,
} from './row-layout.ts';

const MICROS = 1_000_000;
const header = new DataView(new ArrayBuffer(HEADER_BYTES));

/**
 * Writes one row or page at a time: `begin`, any number of `step`s in order of time, `finish`. Buffers are reused, so nothing is
 * allocated per step. Slots are compared with the last step's, so a step that changes nothing writes nothing.
 */
export class RowEncoder {
  readonly #forms: Uint8Array;
  readonly #tag: number;
  readonly #out = new ByteWriter();
  /** Slots as last written; meaningful while there was a row. NULLs before the first. */
  readonly #last: Value[];
  #hasRow = false;
  #baseHasRow = false;
  #fromMicros = 0;
  #lastMicros = 0;

  constructor(slotTypes: readonly SqlType[]) {
    this.#forms = slotForms(slotTypes);
    this.#tag = layoutTag(slotTypes);
    this.#last = new Array<Value>(slotTypes.length).fill(null);
  }

  /** Bytes so far, without what `finish` adds. */
  get length(): number {
    return this.#out.length;
  }

  begin(fromMicros: number, hasRow: boolean, slots: readonly Value[]): void {
    this.#out.length = 0;
    for (let i = 0; i < HEADER_BYTES; i++) this.#out.byte(0);
    this.#fromMicros = fromMicros;
    this.#lastMicros = fromMicros;
    this.#hasRow = hasRow;
    this.#baseHasRow = hasRow;
    if (hasRow) this.#writeBase(slots);
    else this.#last.fill(null);
  }

  /** False: nothing differs from the last step, and nothing was written. */
  step(atMicros: number, hasRow: boolean, slots: readonly Value[]): boolean {
    const changed = hasRow ? this.#countChanged(slots) : 0;
    if (changed === 0 && hasRow === this.#hasRow) return false;
    const passed = atMicros - this.#lastMicros;
    if (passed <= 0) throw new Error(`a step at ${atMicros} after one at ${this.#lastMicros}`);
    const fraction = passed <= MAX_INT ? (passed | 0) % MICROS : passed % MICROS;
    this.#out.unsigned(fraction === 0 ? (passed / MICROS) * 2 + 1 : passed * 2);
    this.#out.unsigned(changed * 2 + (hasRow ? 1 : 0));
    if (changed > 0) this.#writeChanged(slots);
    this.#hasRow = hasRow;
    this.#lastMicros = atMicros;
    return true;
  }

  /**
   * The row, covering [from, coveredTo) with what was written up to `length` (take back the last step by giving the length before
   * it). A `generation` other than null makes the row a page, or the head of pages. `key`: the one that it is stored under, which its checksum
   * covers too, so that it is found under no other.
   */
  finish(
    key: Uint8Array,
    coveredToMicros: number,
    length: number,
    generation: number | null,
    more: boolean,
  ): Uint8Array {
    this.#out.length = length;
    if (generation !== null) this.#out.float64(generation);
    const flags =
      (this.#baseHasRow ? FLAG_HAS_ROW : 0) |
      (more ? FLAG_MORE_PAGES : 0) |
      (generation === null ? 0 : FLAG_GENERATION);
    header.setUint8(0, ROW_FORMAT);
    header.setUint8(1, flags);
    header.setUint32(2, this.#tag, true);
    header.setFloat64(6, this.#fromMicros, true);
    header.setFloat64(14, coveredToMicros, true);
    const row = this.#out.copy(CHECKSUM_BYTES);
    for (let i = 0; i < HEADER_BYTES; i++) row[i] = header.getUint8(i);
    const end = row.length - CHECKSUM_BYTES;
    const checksum = crc32(new Uint8Array(row.buffer, row.byteOffset, end), crc32(key));
    for (let i = 0; i < CHECKSUM_BYTES; i++) row[end + i] = checksum >>> (8 * i);
    return row;
  }

  #countChanged(slots: readonly Value[]): number {
    const last = this.#last;
    let changed = 0;
    for (let i = 0; i < last.length; i++) {
      if (!sameValue(last[i] as Value, slots[i] as Value)) changed++;
    }
    return changed;
  }

  #writeChanged(slots: readonly Value[]): void {
    const last = this.#last;
    let gap = 0;
    for (let i = 0; i < last.length; i++) {
      const value = slots[i] as Value;
      if (sameValue(last[i] as Value, value)) {
        gap++;
        continue;
      }
      const code = codeOf(value);
      this.#out.unsigned(gap * 4 + code);
      if (code >= CODE_VALUE) this.#writeValue(this.#forms[i] as number, value);
      last[i] = value;
      gap = 0;
    }
  }

  #writeBase(slots: readonly Value[]): void {
    const last = this.#last;
    for (let i = 0; i < last.length; i += 4) {
      let codes = 0;
      for (let j = 0; j < 4 && i + j < last.length; j++) codes |= codeOf(slots[i + j] as Value) << (2 * j);
      this.#out.byte(codes);
    }
    for (let i = 0; i < last.length; i++) {
      const value = slots[i] as Value;
      if (codeOf(value) >= CODE_VALUE) this.#writeValue(this.#forms[i] as number, value);
      last[i] = value;
    }
  }

  #writeValue(form: number, value: Value): void {
    switch (form) {
      case HOLDS_INTEGER:
        if (typeof value === 'bigint') this.#out.int128(value);
        else this.#out.signed(safeInteger(value));
        break;
      case HOLDS_DOUBLE:
        this.#out.float64(value as number);
        break;
      case HOLDS_REAL:
        this.#out.float32(value as number);
        break;
      case HOLDS_BOOLEAN:
        break; // false has the code of zero, so a value is true
      case HOLDS_TEXT:
        this.#out.text(wellFormed(value as string));
        break;
      case HOLDS_INTERVAL: {
        const interval = value as IntervalValue;
        this.#out.signed(interval.months);
        this.#out.signed(interval.days);
        this.#out.signed(interval.micros);
        break;
      }
    }
  }
}

function codeOf(value: Value): number {
  if (value === null) return CODE_NULL;
  if (value === 0 || value === false || value === '') return CODE_ZERO;
  return typeof value === 'bigint' || typeof value === 'object' ? CODE_WIDE : CODE_VALUE;
}

/** NaN is itself; −0 is 0. */
function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a === 'number') return Number.isNaN(a) && Number.isNaN(b);
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  return a.months === b.months && a.days === b.days && a.micros === b.micros;
}

function safeInteger(value: Value): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new Error(`${typeof value} is no value of an integer slot`);
}

/** A lone surrogate would be written as another character. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Error('text with a lone surrogate in a slot');
  return text;
}
