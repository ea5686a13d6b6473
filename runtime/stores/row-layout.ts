/**
 * The bytes of an online row (design.md section 7): a step function of t and its future.
 *
 * ```
 * byte     format version
 * byte     flags: 1 there is a row at `from` · 2 pages follow · 4 a generation stands before the checksum
 * uint32   layout tag: a hash of the slots' types, so that rows of another layout are told from corrupt ones
 * float64  from: the first instant that the row speaks for
 * float64  coveredTo: the first instant that it does not; Infinity = for ever
 * base     if there is a row: 2 bits a slot (NULL, zero, value, wide), then the values of those that have one
 * steps    { time since the last, 2 × changed slots + row?, changed × { 4 × gap of the slot + code, value } }
 * float64  generation, if flagged
 * uint32   CRC-32 of all bytes before it
 * ```
 *
 * Integers are little-endian or varints. A step's time is 2 × µs, or 2 × seconds + 1 where it is whole seconds. Slots over nothing
 * (NULL, 0, false, '') cost two bits each.
 */
import { crc32 } from 'node:zlib';
import { printType, type SqlType } from '../values/types.ts';

export const ROW_FORMAT = 1;

export const FLAG_HAS_ROW = 1;
export const FLAG_MORE_PAGES = 2;
export const FLAG_GENERATION = 4;

export const HEADER_BYTES = 22;
export const CHECKSUM_BYTES = 4;
export const GENERATION_BYTES = 8;

export const CODE_NULL = 0;
/** 0, false or the empty string. */
export const CODE_ZERO = 1;
export const CODE_VALUE = 2;
/** A bigint beyond ±(2^53−1), or an interval. */
export const CODE_WIDE = 3;

export const HOLDS_INTEGER = 0;
export const HOLDS_DOUBLE = 1;
export const HOLDS_REAL = 2;
export const HOLDS_BOOLEAN = 3;
export const HOLDS_TEXT = 4;
export const HOLDS_INTERVAL = 5;

/** How the values of each slot are written. */
export function slotForms(types: readonly SqlType[]): Uint8Array {
  return Uint8Array.from(types, formOf);
}

function formOf(type: SqlType): number {
  switch (type.kind) {
    case 'double':
      return HOLDS_DOUBLE;
    case 'real':
      return HOLDS_REAL;
    case 'boolean':
      return HOLDS_BOOLEAN;
    case 'text':
      return HOLDS_TEXT;
    case 'interval':
      return HOLDS_INTERVAL;
    default:
      return HOLDS_INTEGER;
  }
}

export function layoutTag(types: readonly SqlType[]): number {
  return crc32(types.map(printType).join('\n'));
}
