/**
 * Canonical bytes of an entity key (design.md section 7): typed, length-prefixed, so ('a:b','c') is not ('a','b:c'), and 1.0 is 1.00
 * at one declared type. Layout per value: length as LEB128, then the value's bytes.
 */
import { normaliseBigint } from './hybrid.ts';
import type { SqlType, Value } from './types.ts';

export const MAX_KEY_BYTES = 512;

export type KeyResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Keys are of exact types; NULL, real and double never get here (compile errors). */
export function encodeKey(values: readonly Value[], types: readonly SqlType[]): KeyResult {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let i = 0; i < types.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) return { ok: false, reason: 'a key is NULL' };
    if (typeof value === 'string' && (value.includes('\u0000') || !value.isWellFormed())) {
      return { ok: false, reason: 'a key holds U+0000 or a lone surrogate' };
    }
    const bytes = valueBytes(value, types[i] as SqlType);
    const prefix =
      bytes.length < 128 ? Uint8Array.of(bytes.length) : Uint8Array.of((bytes.length & 127) | 128, bytes.length >>> 7);
    if (bytes.length >= 16384) return { ok: false, reason: `a key is longer than ${MAX_KEY_BYTES} bytes` };
    parts.push(prefix, bytes);
    length += prefix.length + bytes.length;
  }
  if (length > MAX_KEY_BYTES) return { ok: false, reason: `a key is longer than ${MAX_KEY_BYTES} bytes` };
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return { ok: true, bytes: out };
}

function valueBytes(value: Exclude<Value, null>, type: SqlType): Uint8Array {
  switch (type.kind) {
    case 'text':
      return encoder.encode(value as string);
    case 'boolean':
      return Uint8Array.of(value === true ? 1 : 0);
    default:
      return integerBytes(BigInt(value as number | bigint));
  }
}

/** Two's complement, big-endian, shortest. */
function integerBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    bytes.unshift(Number(rest & 255n));
    rest >>= 8n;
    const sign = (bytes[0] as number) >= 128;
    if ((rest === 0n && !sign) || (rest === -1n && sign)) break;
  }
  return Uint8Array.from(bytes);
}

export function decodeKey(bytes: Uint8Array, types: readonly SqlType[]): Value[] {
  const out: Value[] = [];
  let at = 0;
  for (const type of types) {
    let length = bytes[at++] as number;
    if (length >= 128) length = (length & 127) | ((bytes[at++] as number) << 7);
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
