/**
 * Canonical bytes of an entity key (design.md section 7): typed, length-prefixed, so ('a:b','c') is not ('a','b:c'), and 1.0 is 1.00
 * at one declared type. Layout per value: length as LEB128, then the value's bytes.
 */
import { normaliseBigint } from './hybrid.ts';
import type { SqlType, Value } from './types.ts';

export const MAX_KEY_BYTES = 512;

export type KeyResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string; readonly isTooLong: boolean };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TOO_LONG: KeyResult = { ok: false, reason: `a key is longer than ${MAX_KEY_BYTES} bytes`, isTooLong: true };
const IS_NULL: KeyResult = { ok: false, reason: 'a key is NULL', isTooLong: false };
const NO_TEXT: KeyResult = { ok: false, reason: 'a key holds U+0000 or a lone surrogate', isTooLong: false };

/** Where keys are put together: one that fits, and a length of two bytes and a text of three bytes a unit beyond it. */
const scratch = new Uint8Array(MAX_KEY_BYTES + 2 + 3 * MAX_KEY_BYTES);

/** Keys are of exact types; NULL, real and double never get here (compile errors). */
export function encodeKey(values: readonly Value[], types: readonly SqlType[]): KeyResult {
  let at = 0;
  for (let i = 0; i < types.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) return IS_NULL;
    if (typeof value === 'string') {
      if (!isText(value)) return NO_TEXT;
      if (value.length > MAX_KEY_BYTES) return TOO_LONG;
      at = putText(value, at);
    } else if (typeof value === 'boolean') {
      scratch[at] = 1;
      scratch[at + 1] = value ? 1 : 0;
      at += 2;
    } else if (typeof value === 'number' && Number.isSafeInteger(value)) at = putInteger(value, at);
    else if (typeof value === 'number' || typeof value === 'bigint') at = putWide(BigInt(value), at);
    else throw new Error('an interval is no key');
    if (at > MAX_KEY_BYTES) return TOO_LONG;
  }
  return { ok: true, bytes: scratch.slice(0, at) };
}

/** The same layout, however long. */
export function encodeLongKey(values: readonly Value[], types: readonly SqlType[]): KeyResult {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < types.length; i++) {
    const value = values[i];
    if (typeof value === 'string' && isText(value)) {
      parts.push(longText(value));
      continue;
    }
    const short = encodeKey(values.slice(i, i + 1), types.slice(i, i + 1));
    if (!short.ok) return short;
    parts.push(short.bytes);
  }
  return { ok: true, bytes: Buffer.concat(parts) };
}

function isText(value: string): boolean {
  return !value.includes('\u0000') && value.isWellFormed();
}

function longText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Uint8Array.from([...length, rest]), bytes]);
}

/** Gives where the next value goes. */
function putText(text: string, at: number): number {
  const { length } = text;
  // The usual key is short and ASCII: its length is one byte.
  if (length < 128) {
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) break;
      scratch[at + 1 + i] = unit;
    }
    if (i === length) {
      scratch[at] = length;
      return at + 1 + length;
    }
  }
  const { written } = encoder.encodeInto(text, scratch.subarray(at + 2));
  if (written < 128) scratch.copyWithin(at + 1, at + 2, at + 2 + written);
  return putLength(written, at) + written;
}

function putLength(length: number, at: number): number {
  if (length < 128) {
    scratch[at] = length;
    return at + 1;
  }
  scratch[at] = (length & 127) | 128;
  scratch[at + 1] = length >>> 7;
  return at + 2;
}

/** Two's complement, big-endian, shortest. */
function putInteger(value: number, at: number): number {
  let length = 1;
  for (let limit = 128; value >= limit || value < -limit; limit *= 256) length++;
  scratch[at] = length;
  let rest = value;
  for (let i = length; i > 0; i--) {
    const upper = Math.floor(rest / 256);
    scratch[at + i] = rest - upper * 256;
    rest = upper;
  }
  return at + 1 + length;
}

function putWide(value: bigint, at: number): number {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    bytes.unshift(Number(rest & 255n));
    rest >>= 8n;
    const sign = (bytes[0] as number) >= 128;
    if ((rest === 0n && !sign) || (rest === -1n && sign)) break;
  }
  scratch[at] = bytes.length;
  scratch.set(bytes, at + 1);
  return at + 1 + bytes.length;
}

export function decodeKey(bytes: Uint8Array, types: readonly SqlType[]): Value[] {
  const out: Value[] = [];
  let at = 0;
  for (const type of types) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    out.push(valueOfBytes(bytes.subarray(at, at + length), type));
    at += length;
  }
  return out;
}

function valueOfBytes(bytes: Uint8Array, type: SqlType): Value {
  if (type.kind === 'text') return decoder.decode(bytes);
  if (type.kind === 'boolean') return bytes[0] === 1;
  let value = (bytes[0] as number) >= 128 ? -1n : 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return normaliseBigint(value);
}
