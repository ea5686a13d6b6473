import { crc32 } from 'node:zlib';
import { FscError } from '../values/errors.ts';
import { normaliseBigint } from '../values/hybrid.ts';
import type { SqlType, Value } from '../values/types.ts';
import {
  CHECKSUM_BYTES,
  CODE_NULL,
  CODE_VALUE,
  CODE_WIDE,
  CODE_ZERO,
  FLAG_GENERATION,
  FLAG_HAS_ROW,
  FLAG_MORE_PAGES,
  GENERATION_BYTES,
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
/** CRC-32 of bytes that end in their own CRC-32, whatever came before them: saves a view of the bytes before it. */
const CHECKSUM_RESIDUE = 0x2144df1c;
const scratch = new Uint8Array(16);
const scratchView = new DataView(scratch.buffer);

/** Where an instant lies: before the row's first, inside, or at or after the end of what it covers. */
export type RowPlace = 'before' | 'inside' | 'beyond';

/**
 * Reads rows of one layout. `find` goes through the steps up to t and remembers where each slot's latest value stands; only
 * `readSlots` decodes values, once a slot. The reader is its own cursor: one row at a time.
 */
export class RowReader {
  /** Of the row: the first instant it speaks for, the first it does not (Infinity = for ever). */
  fromMicros = 0;
  coveredToMicros = 0;
  morePages = false;
  /** null: a row by itself. */
  generation: number | null = null;
  /** Of the step found: is there a row, since when, until when (Infinity = for ever). */
  hasRow = false;
  validFromMicros = 0;
  validToMicros = 0;

  readonly #forms: Uint8Array;
  readonly #tag: number;
  readonly #codes: Uint8Array;
  readonly #places: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(slotTypes: readonly SqlType[]) {
    this.#forms = slotForms(slotTypes);
    this.#tag = layoutTag(slotTypes);
    this.#codes = new Uint8Array(slotTypes.length);
    this.#places = new Int32Array(slotTypes.length);
  }

  /**
   * Finds the step at t; beyond the end of what the row covers, the last one. `row` must not change until `readSlots`. `keyChecksum`: CRC-32 of
   * the key that it is stored under.
   */
  find(row: Uint8Array, keyChecksum: number, tMicros: number): RowPlace {
    const end = this.#open(row, keyChecksum);
    if (tMicros < this.fromMicros) return 'before';
    if (this.hasRow) this.#readBase();
    else this.#codes.fill(CODE_NULL);
    this.#readSteps(tMicros, end);
    return tMicros < this.coveredToMicros ? 'inside' : 'beyond';
  }

  /** Slots at the step found, if there is a row. */
  readSlots(out: Value[]): void {
    const codes = this.#codes;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] as number;
      const form = this.#forms[i] as number;
      if (code === CODE_NULL) out[i] = null;
      else if (code === CODE_ZERO) out[i] = zeroOf(form);
      else out[i] = this.#valueAt(this.#places[i] as number, form, code);
    }
  }

  /** Checks the row and reads its header; gives where the steps end. */
  #open(row: Uint8Array, keyChecksum: number): number {
    if (row[0] !== ROW_FORMAT && row.length > 0 && (row[0] as number) > ROW_FORMAT) throw newerFormat(row[0] as number);
    const body = row.length - CHECKSUM_BYTES;
    if (body < HEADER_BYTES || crc32(row, keyChecksum) !== CHECKSUM_RESIDUE) throw corruptRow();
    if (readUint32(row, 2) !== this.#tag) throw foreignLayout();
    const flags = row[1] as number;
    this.#bytes = row;
    this.#at = HEADER_BYTES;
    this.fromMicros = readFloat64(row, 6);
    this.coveredToMicros = readFloat64(row, 14);
    this.hasRow = (flags & FLAG_HAS_ROW) !== 0;
    this.morePages = (flags & FLAG_MORE_PAGES) !== 0;
    const paged = (flags & FLAG_GENERATION) !== 0;
    this.generation = paged ? readFloat64(row, body - GENERATION_BYTES) : null;
    return paged ? body - GENERATION_BYTES : body;
  }

  #readBase(): void {
    const codes = this.#codes;
    const bytes = this.#bytes;
    for (let i = 0; i < codes.length; i++) {
      codes[i] = ((bytes[this.#at + (i >> 2)] as number) >> (2 * (i & 3))) & 3;
    }
    this.#at += (codes.length + 3) >> 2;
    for (let i = 0; i < codes.length; i++) {
      if ((codes[i] as number) < CODE_VALUE) continue;
      this.#places[i] = this.#at;
      this.#skip(this.#forms[i] as number, codes[i] as number);
    }
  }

  #readSteps(tMicros: number, end: number): void {
    this.validFromMicros = this.fromMicros;
    this.validToMicros = this.coveredToMicros;
    let at = this.fromMicros;
    while (this.#at < end) {
      const passed = this.#unsigned();
      at += passed % 2 === 1 ? ((passed - 1) / 2) * MICROS : passed / 2;
      if (at > tMicros) {
        this.validToMicros = at;
        return;
      }
      this.validFromMicros = at;
      const head = this.#unsigned();
      this.hasRow = (head & 1) === 1;
      this.#readChanged(head >>> 1);
    }
  }

  #readChanged(changed: number): void {
    let slot = -1;
    for (let i = 0; i < changed; i++) {
      const entry = this.#unsigned();
      slot += (entry >>> 2) + 1;
      const code = entry & 3;
      this.#codes[slot] = code;
      if (code < CODE_VALUE) continue;
      this.#places[slot] = this.#at;
      this.#skip(this.#forms[slot] as number, code);
    }
  }

  #skip(form: number, code: number): void {
    switch (form) {
      case HOLDS_INTEGER:
        if (code === CODE_WIDE) this.#at += 16;
        else this.#skipVarint();
        break;
      case HOLDS_DOUBLE:
        this.#at += 8;
        break;
      case HOLDS_REAL:
        this.#at += 4;
        break;
      case HOLDS_TEXT: {
        const size = this.#unsigned();
        this.#at += size;
        break;
      }
      case HOLDS_INTERVAL:
        for (let i = 0; i < 3; i++) this.#skipVarint();
        break;
    }
  }

  #skipVarint(): void {
    while ((this.#bytes[this.#at++] as number) >= 128);
  }

  #unsigned(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++] as number;
    if (byte < 128) return byte;
    let value = byte - 128;
    let scale = 128;
    for (;;) {
      byte = bytes[this.#at++] as number;
      if (byte < 128) return value + byte * scale;
      value += (byte - 128) * scale;
      scale *= 128;
    }
  }

  #signed(): number {
    const first = this.#bytes[this.#at++] as number;
    const low = first & 63;
    const magnitude = first >= 128 ? low + this.#unsigned() * 64 : low;
    return (first & 64) === 0 ? magnitude : -magnitude;
  }

  #valueAt(place: number, form: number, code: number): Value {
    this.#at = place;
    switch (form) {
      case HOLDS_DOUBLE:
        return readFloat64(this.#bytes, place);
      case HOLDS_REAL:
        return readFloat32(this.#bytes, place);
      case HOLDS_BOOLEAN:
        return true;
      case HOLDS_TEXT:
        return this.#text();
      case HOLDS_INTERVAL: {
        const months = this.#signed();
        const days = this.#signed();
        return { months, days, micros: this.#signed() };
      }
      default:
        return code === CODE_WIDE ? readInt128(this.#bytes, place) : this.#signed();
    }
  }

  #text(): string {
    const size = this.#unsigned();
    const bytes = this.#bytes;
    return Buffer.from(bytes.buffer, bytes.byteOffset + this.#at, size).toString('utf8');
  }
}

function zeroOf(form: number): Value {
  if (form === HOLDS_BOOLEAN) return false;
  return form === HOLDS_TEXT ? '' : 0;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}

function readFloat64(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) scratch[i] = bytes[at + i] as number;
  return scratchView.getFloat64(0, true);
}

function readFloat32(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) scratch[i] = bytes[at + i] as number;
  return scratchView.getFloat32(0, true);
}

function readInt128(bytes: Uint8Array, at: number): Value {
  for (let i = 0; i < 16; i++) scratch[i] = bytes[at + i] as number;
  return normaliseBigint((scratchView.getBigInt64(8, true) << 64n) | scratchView.getBigUint64(0, true));
}

function corruptRow(): FscError {
  return new FscError(
    'FSC7201',
    1,
    'an online row is corrupt',
    'its checksum does not match its bytes',
    'remove the online store (.fsc/online) and run again: rows are made again from the state',
  );
}

function newerFormat(format: number): FscError {
  return new FscError(
    'FSC7202',
    1,
    `an online row has format ${format}`,
    `this fsc reads formats up to ${ROW_FORMAT}`,
    'use the fsc version that wrote it, or remove the online store and run again',
  );
}

function foreignLayout(): FscError {
  return new FscError(
    'FSC7203',
    1,
    'an online row has the columns of another plan',
    'it was written by another version of the view',
    'run fsc compile and fsc run --mode stream, so that program and rows are of one plan',
  );
}
