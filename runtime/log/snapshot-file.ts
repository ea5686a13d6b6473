/**
 * Snapshots: named sections, each a typed array or a text, in one file that is renamed into place.
 *
 *   magic (8) · version u32 · bytes of the table u32 · checksum of the table u32 · 0 u32 · table (JSON) · sections, each at a multiple of 8
 *
 * Every byte is under a checksum, so that a flipped bit is an error and never a value.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { counted } from '../values/counted.ts';
import { errorCode, FscError } from '../values/errors.ts';
import { writeWhole } from './durable-file.ts';

export type Section = Uint8Array | Int32Array | Float64Array | Uint32Array | string;

const MAGIC = Buffer.from('FSCSNAP\n', 'latin1');
export const SNAPSHOT_VERSION = 1;
const HEAD_BYTES = 24;
const ALIGNMENT = 8;
/** One write call takes at most 2 GiB. */
const PART_BYTES = 1 << 26;

type SectionType = 'u8' | 'i32' | 'f64' | 'u32' | 'text';

interface TableEntry {
  readonly name: string;
  readonly type: SectionType;
  readonly bytes: number;
  readonly checksum: number;
}

/**
 * Whole or not at all; a file that was there before stays until the new one is on the disk. `isGivenUp` is asked between parts: a large snapshot
 * takes long, and nothing depends on it. False: it was given up.
 */
export async function writeSections(
  path: string,
  sections: ReadonlyMap<string, Section>,
  isGivenUp: () => boolean = () => false,
): Promise<boolean> {
  const parts = [...sections].map(([name, section]) => ({ name, type: typeOf(section), bytes: bytesOf(section) }));
  const table: TableEntry[] = parts.map(({ name, type, bytes }) => ({
    name,
    type,
    bytes: bytes.length,
    checksum: checksumOf(bytes),
  }));
  const text = Buffer.from(JSON.stringify({ byteOrder: endianness(), sections: table }));
  return writeWhole(path, async (file) => {
    await writeAll(file, Buffer.concat([headOf(text), text, padding(HEAD_BYTES + text.length)]));
    for (const { bytes } of parts) {
      for (let at = 0; at < bytes.length; at += PART_BYTES) {
        if (isGivenUp()) return false;
        await writeAll(file, bytes.subarray(at, at + PART_BYTES));
        // A sync of everything at the end could not be given up.
        if (bytes.length > PART_BYTES) await file.datasync();
      }
      await writeAll(file, padding(bytes.length));
    }
    return !isGivenUp();
  });
}

function headOf(table: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(SNAPSHOT_VERSION, 8);
  head.writeUInt32LE(table.length, 12);
  head.writeUInt32LE(crc32(table), 16);
  head.writeUInt32LE(crc32(head.subarray(0, 20)), 20);
  return head;
}

function typeOf(section: Section): SectionType {
  if (typeof section === 'string') return 'text';
  if (section instanceof Float64Array) return 'f64';
  if (section instanceof Int32Array) return 'i32';
  return section instanceof Uint32Array ? 'u32' : 'u8';
}

function bytesOf(section: Section): Uint8Array {
  if (typeof section === 'string') return Buffer.from(section);
  return new Uint8Array(section.buffer, section.byteOffset, section.byteLength);
}

function checksumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += PART_BYTES) sum = crc32(bytes.subarray(at, at + PART_BYTES), sum);
  return sum;
}

function padding(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(PART_BYTES, bytes.length - at));
    at += bytesWritten;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** null if there is no such file. */
export async function readSections(path: string): Promise<Map<string, Section> | null> {
  const file = await openIfThere(path);
  if (file === null) return null;
  try {
    return await readFile(file, path);
  } finally {
    await file.close();
  }
}

/** One section alone; null if there is no such file or section. */
export async function readSection(path: string, name: string): Promise<Section | null> {
  const file = await openIfThere(path);
  if (file === null) return null;
  try {
    const { entries, start } = await readHead(file, path);
    return (await readTable(file, path, entries, start, name)).get(name) ?? null;
  } finally {
    await file.close();
  }
}

async function readFile(file: FileHandle, path: string): Promise<Map<string, Section>> {
  const { entries, start } = await readHead(file, path);
  return readTable(file, path, entries, start, null);
}

async function readHead(
  file: FileHandle,
  path: string,
): Promise<{ readonly entries: readonly TableEntry[]; readonly start: number }> {
  const head = Buffer.from(await readExactly(file, path, 0, HEAD_BYTES));
  if (!head.subarray(0, 8).equals(MAGIC)) throw corrupt(path, 'it is no snapshot of fsc');
  if (crc32(head.subarray(0, 20)) !== head.readUInt32LE(20)) throw corrupt(path, 'its head does not have its checksum');
  const version = head.readUInt32LE(8);
  if (version > SNAPSHOT_VERSION) throw tooNew(path, version, SNAPSHOT_VERSION);
  const length = head.readUInt32LE(12);
  const text = Buffer.from(await readExactly(file, path, HEAD_BYTES, length));
  if (crc32(text) !== head.readUInt32LE(16)) throw corrupt(path, 'its table does not have its checksum');
  const table = JSON.parse(text.toString()) as { byteOrder: string; sections: TableEntry[] };
  if (table.byteOrder !== endianness()) throw corrupt(path, 'it was written by a machine of another byte order');
  return { entries: table.sections, start: HEAD_BYTES + length };
}

async function readTable(
  file: FileHandle,
  path: string,
  table: readonly TableEntry[],
  start: number,
  /** null: all of them. */
  wanted: string | null,
): Promise<Map<string, Section>> {
  const sections = new Map<string, Section>();
  let at = start + padding(start).length;
  for (const { name, type, bytes, checksum } of table) {
    if (wanted === null || name === wanted) {
      const content = await readExactly(file, path, at, bytes);
      if (checksumOf(content) !== checksum) throw corrupt(path, `section ${name} does not have its checksum`);
      sections.set(name, sectionOf(type, content));
    }
    at += bytes + padding(bytes).length;
  }
  return sections;
}

async function readExactly(file: FileHandle, path: string, at: number, length: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (at + length > size) throw corrupt(path, `it ends after ${counted(size, 'byte')}`);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(PART_BYTES, length - done), at + done);
    if (bytesRead === 0) throw corrupt(path, 'it ends early');
    done += bytesRead;
  }
  return bytes;
}

function sectionOf(type: SectionType, bytes: Uint8Array): Section {
  switch (type) {
    case 'text':
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    case 'f64':
      return new Float64Array(bytes.buffer);
    case 'i32':
      return new Int32Array(bytes.buffer);
    case 'u32':
      return new Uint32Array(bytes.buffer);
    case 'u8':
      return bytes;
  }
}

function corrupt(path: string, why: string): FscError {
  return new FscError(
    'FSC7113',
    1,
    `the snapshot ${path} is corrupt`,
    why,
    'nothing was changed; restore the file from a backup, or start anew with --rebuild',
  );
}

export function tooNew(path: string, version: number, known: number): FscError {
  return new FscError(
    'FSC7112',
    1,
    `${path} was written by a newer fsc`,
    `its format is ${version}, this version reads up to ${known}; nothing was changed`,
    'use the newer fsc',
  );
}
