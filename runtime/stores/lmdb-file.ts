/**
 * A look at an LMDB file before the library maps it: the library ends the process on a file that is something else or was cut off.
 * Offsets in bytes, of the format's version 2: page header of 24, then the meta record.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** Of an environment's folder. */
export const DATA_FILE = 'data.mdb';
export const LOCK_FILE = 'lock.mdb';

/** Both files have it, of this machine's order. */
export const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const META_BYTES = 176;
const MAGIC_AT = 24;
const FORMAT_AT = 28;
const PAGE_SIZE_AT = 48;
const FREE_ROOT_AT = 88;
const MAIN_ROOT_AT = 136;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const NO_PAGE = 2n ** 64n - 1n;
/** Of a whole file, pages that one transaction took and gave back: some dozens. */
const MOST_UNWRITTEN_BYTES = 16 << 20;

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

/**
 * Appends zeros up to the last page that the file's head names. Reading a page beyond the end of the file would end the process, of one that is
 * zeros the library tells. A whole file too may end before that page, where the last ones are free. Appending harms no writer at work.
 */
export function appendMissingPages(path: string): void {
  const file = openSync(path, 'a+');
  try {
    const head = newestMeta(file);
    if (head === null) return;
    const missing = missingBytes(file, head);
    if (missing > 0 && missing <= MOST_UNWRITTEN_BYTES) writeSync(file, Buffer.alloc(missing));
  } finally {
    closeSync(file);
  }
}

/** Up to the last page that the head names. */
function missingBytes(file: number, { newest, pageSize }: Head): number {
  return (Number(newest.readBigUInt64LE(LAST_PAGE_AT)) + 1) * pageSize - fstatSync(file).size;
}

interface Head {
  readonly newest: Buffer;
  readonly pageSize: number;
}

function newestMeta(file: number): Head | null {
  const first = readMeta(file, 0);
  const pageSize = first?.readUInt32LE(PAGE_SIZE_AT) ?? 0;
  const second = pageSize >= 512 && pageSize <= 65_536 ? readMeta(file, pageSize) : null;
  if (first === null || second === null) return null;
  const isFirst = first.readBigUInt64LE(TRANSACTION_AT) > second.readBigUInt64LE(TRANSACTION_AT);
  return { newest: isFirst ? first : second, pageSize };
}

function faultOf(file: number): string | null {
  const head = newestMeta(file);
  if (head === null) return 'the file is no LMDB file, or its head is damaged';
  const { newest, pageSize } = head;
  // After the metas: a writer may be at work, and makes the file longer before it names the new pages.
  const pages = BigInt(Math.floor(fstatSync(file).size / pageSize));
  const missing = [FREE_ROOT_AT, MAIN_ROOT_AT].some((at) => {
    const root = newest.readBigUInt64LE(at);
    return root !== NO_PAGE && root >= pages;
  });
  return missing || missingBytes(file, head) > MOST_UNWRITTEN_BYTES
    ? 'the file is shorter than it was: part of it is missing'
    : null;
}

/** The transaction that was committed last, in an open file; null: its head is damaged. */
export function lastTransaction(file: number): number | null {
  const head = newestMeta(file);
  return head === null ? null : Number(head.newest.readBigUInt64LE(TRANSACTION_AT));
}

function readMeta(file: number, at: number): Buffer | null {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(file, bytes, 0, META_BYTES, at) < META_BYTES) return null;
  return bytes.readUInt32LE(MAGIC_AT) === MAGIC && bytes.readUInt32LE(FORMAT_AT) === FORMAT ? bytes : null;
}
