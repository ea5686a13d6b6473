/**
 * A look at an LMDB file before the library maps it: the library ends the process on a file that is something else or was cut off.
 * Offsets in bytes, of the format's version 2: page header of 24, then the meta record.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const META_BYTES = 176;
const MAGIC_AT = 24;
const FORMAT_AT = 28;
const PAGE_SIZE_AT = 48;
const FREE_ROOT_AT = 88;
const MAIN_ROOT_AT = 136;
const TRANSACTION_AT = 152;
const NO_PAGE = 2n ** 64n - 1n;

/** Why the file cannot be a whole LMDB file, or null. */
export function faultOfLmdbFile(path: string): string | null {
  const file = openSync(path, 'r');
  try {
    return faultOf(file);
  } finally {
    closeSync(file);
  }
}

/** A writer found the disk full before it had written its second page: nothing was ever in the file. */
export function isUnborn(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const first = readMeta(file, 0);
    if (first === null) return size === 0;
    return size < 2 * first.readUInt32LE(PAGE_SIZE_AT) && first.readBigUInt64LE(TRANSACTION_AT) === 0n;
  } finally {
    closeSync(file);
  }
}

function faultOf(file: number): string | null {
  const first = readMeta(file, 0);
  const pageSize = first?.readUInt32LE(PAGE_SIZE_AT) ?? 0;
  const second = pageSize >= 512 && pageSize <= 65_536 ? readMeta(file, pageSize) : null;
  if (first === null || second === null) return 'the file is no LMDB file, or its head is damaged';
  const newest = first.readBigUInt64LE(TRANSACTION_AT) > second.readBigUInt64LE(TRANSACTION_AT) ? first : second;
  // After the metas: a writer may be at work, and makes the file longer before it names the new pages.
  const pages = BigInt(Math.floor(fstatSync(file).size / pageSize));
  const missing = [FREE_ROOT_AT, MAIN_ROOT_AT].some((at) => {
    const root = newest.readBigUInt64LE(at);
    return root !== NO_PAGE && root >= pages;
  });
  return missing ? 'the file is shorter than it was: part of it is missing' : null;
}

function readMeta(file: number, at: number): Buffer | null {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(file, bytes, 0, META_BYTES, at) < META_BYTES) return null;
  return bytes.readUInt32LE(MAGIC_AT) === MAGIC && bytes.readUInt32LE(FORMAT_AT) === FORMAT ? bytes : null;
}
