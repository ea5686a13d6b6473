/**
 * The embedded online store: one LMDB environment (`.fsc/online/`), shared by processes. Readers see a consistent snapshot and are never
 * blocked; a killed writer leaves what it committed. Loaded lazily, since the library is native code.
 *
 * Two tables: `rows` (keys and values as they are) and `meta` (format, writer's stamp, heartbeats).
 */
import { createHash, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, RangeIterable, RootDatabase } from 'lmdb';
import { FscError, messageOf } from '../values/errors.ts';
import { hasPrefix, prefixEnd, sortedByKey } from './bytes.ts';
import { HeartbeatCodec, type StoredPositions } from './heartbeat-codec.ts';
import { type Environment, openEnvironment } from './lmdb-environment.ts';
import {
  cannotOpen,
  cannotWrite,
  corrupt,
  diskFull,
  hasNoRoom,
  isOutside,
  nothingRunYet,
  notLockable,
  refused,
  replaced,
} from './lmdb-faults.ts';
import { appendMissingPages, DATA_FILE, faultOfLmdbFile, isUnborn, LOCK_FILE } from './lmdb-file.ts';
import type { LastTransaction } from './lmdb-last-transaction.ts';
import { UnlockedReads } from './lmdb-unlocked.ts';
import { refuseStale } from './stamp.ts';
import type { Heartbeat, OnlineStore, StoredRow, WriterStamp } from './store.ts';

/** Raise it when older versions could not read what this one writes. */
const STORE_FORMAT = 1;

/** A transaction holds up the event loop, so a large write is several: signals and readers get their turn. */
const ROWS_PER_TRANSACTION = 20_000;
const SCAN_CHUNK = 1000;

/** How long a reader may go on reading a file that another one has taken the place of. */
const PLACE_CHECK_MS = 1000;
/** How long pages stay unused that a reader saw which was killed: the file grows by all that is written meanwhile. */
const READER_CHECK_MS = 1000;
const FORMAT_KEY = 'format';
const IDENTITY_KEY = 'identity';

export interface LmdbStoreOptions {
  /** The folder of the environment. */
  readonly path: string;
  /** A reader never creates anything. */
  readonly readOnly: boolean;
  /** Heartbeats and the writer's stamp are kept for each namespace; rows have it in their keys. */
  readonly namespace: string;
}

type Root = RootDatabase<Uint8Array, string>;
type Rows = Database<Uint8Array, Uint8Array>;
type Meta = Database<Uint8Array, string>;

interface Tables {
  readonly rows: Rows;
  readonly meta: Meta;
}

export async function openLmdbStore(options: LmdbStoreOptions): Promise<OnlineStore> {
  const file = join(options.path, DATA_FILE);
  if (!isThere(file) || isBegun(file)) {
    if (options.readOnly) throw nothingRunYet(options.path);
    makeFolder(options.path);
    clear(file);
  } else {
    refuseDamaged(file);
  }
  const isLocked = canLock(options);
  try {
    return await openWhole(options, isLocked);
  } catch (error) {
    throw error instanceof FscError ? error : cannotOpen(options.path, error);
  }
}

async function openWhole(options: LmdbStoreOptions, isLocked: boolean): Promise<OnlineStore> {
  const environment = await openUsable(options, isLocked);
  let unlocked: UnlockedReads | null = null;
  try {
    unlocked = isLocked ? null : new UnlockedReads(join(options.path, DATA_FILE));
    return new LmdbStore(options, environment, unlocked);
  } catch (error) {
    unlocked?.close();
    environment.last?.close();
    await environment.root.close();
    throw error;
  }
}

async function openUsable({ path, readOnly }: LmdbStoreOptions, isLocked: boolean): Promise<Environment> {
  try {
    const environment = await openEnvironment(await import('lmdb'), { path, readOnly, isLocked });
    if (typeof environment === 'string') throw refused(path, environment);
    return environment;
  } catch (error) {
    if (error instanceof Error && error.message === 'Database not found') throw nothingRunYet(path);
    throw error;
  }
}

class LmdbStore implements OnlineStore {
  readonly name: string;
  readonly #root: Root;
  readonly #rows: Rows;
  readonly #meta: Meta;
  readonly #path: string;
  readonly #namespace: string;
  /** What the library found broken. It is not asked again: reading on after such a fault can end the process. */
  #damage: FscError | null = null;
  readonly #heartbeats = new HeartbeatCodec();
  readonly #metaKeys = {
    stamp: new Map<string, string>(),
    heartbeat: new Map<string, string>(),
    positions: new Map<string, string>(),
    base: new Map<string, string>(),
  };

  /** null: a lock keeps what is being read. */
  readonly #unlocked: UnlockedReads | null;
  /** null: this process may not lock it, and only reads. */
  readonly #last: LastTransaction | null;
  readonly #file: FileId;
  #nextPlaceCheckMs = performance.now() + PLACE_CHECK_MS;
  #nextReaderCheckMs = performance.now() + READER_CHECK_MS;

  constructor(options: LmdbStoreOptions, { root, last }: Environment, unlocked: UnlockedReads | null) {
    this.#unlocked = unlocked;
    this.#last = last;
    this.#file = fileAt(options.path);
    this.name = `lmdb ${options.path}`;
    this.#path = options.path;
    this.#namespace = options.namespace;
    this.#root = root;
    const { readOnly } = options;
    const open = (): Tables => this.#openTables(readOnly);
    ({ meta: this.#meta, rows: this.#rows } = readOnly ? open() : this.#transaction(open));
  }

  /** A writer, in its transaction, makes them. */
  #openTables(readOnly: boolean): Tables {
    // undefined, whatever its type says: a writer that has just made the file comes to its tables in a moment.
    const meta: Meta | undefined = this.#root.openDB<Uint8Array, string>({ name: 'meta', encoding: 'binary' });
    const rows: Rows | undefined = this.#root.openDB<Uint8Array, Uint8Array>({
      name: 'rows',
      encoding: 'binary',
      keyEncoding: 'binary',
    });
    if (meta === undefined || rows === undefined) throw nothingRunYet(this.#path);
    this.#checkFormat(meta, readOnly);
    return { meta, rows };
  }

  #checkFormat(meta: Meta, readOnly: boolean): void {
    const format = this.#readMeta<number>(FORMAT_KEY, meta);
    if (format !== null && format > STORE_FORMAT) {
      throw new FscError(
        'FSC7202',
        1,
        `the online store has format ${format}`,
        `this fsc knows formats up to ${STORE_FORMAT}`,
        'use the fsc version that wrote it, or remove the folder and run again',
      );
    }
    if (readOnly) return;
    if (format === null) meta.putSync(FORMAT_KEY, metaBytes(STORE_FORMAT));
    if (this.#readMeta<string>(IDENTITY_KEY, meta) === null) meta.putSync(IDENTITY_KEY, metaBytes(randomUUID()));
  }

  identity(): string {
    return this.#readMeta<string>(IDENTITY_KEY) ?? '';
  }

  /** Names go through JSON, so that none runs into the next; long ones are hashed, since LMDB limits keys. */
  #metaKey(kind: 'stamp' | 'heartbeat' | 'positions' | 'base', view = ''): string {
    let key = this.#metaKeys[kind].get(view);
    if (key === undefined) {
      const name = JSON.stringify([this.#namespace, view]);
      key = `${kind}:${name.length <= 300 ? name : createHash('sha256').update(name).digest('hex')}`;
      this.#metaKeys[kind].set(view, key);
    }
    return key;
  }

  #readMeta<T>(key: string, meta = this.#meta): T | null {
    return this.#reading(() => {
      const bytes = meta.get(key);
      return bytes === undefined ? null : (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
    });
  }

  /** Whatever the library finds wrong with its pages, or we with what stands in them, is told as ours. */
  #reading<T>(read: () => T): T {
    if (this.#damage !== null) throw this.#damage;
    if (performance.now() >= this.#nextPlaceCheckMs) this.#refuseReplaced();
    try {
      return this.#unlocked === null ? read() : this.#unlocked.read(read);
    } catch (error) {
      if (error instanceof FscError) throw error;
      const why = messageOf(error);
      if (isOutside(why)) throw cannotOpen(this.#path, error);
      this.#damage = corrupt(this.#path, why);
      throw this.#damage;
    }
  }

  /** Who removed the folder, or put another one in its place, would be answered from the old one for ever, and written to in vain. */
  #refuseReplaced(): void {
    const { dev, ino } = fileAt(this.#path);
    if (dev !== this.#file.dev || ino !== this.#file.ino) throw replaced(this.#path);
    this.#nextPlaceCheckMs = performance.now() + PLACE_CHECK_MS;
  }

  async write(stamp: WriterStamp, rows: readonly StoredRow[], heartbeat: Heartbeat | null): Promise<void> {
    const sorted = sortedByKey(rows);
    for (let from = 0; from === 0 || from < sorted.length; from += ROWS_PER_TRANSACTION) {
      const to = Math.min(sorted.length, from + ROWS_PER_TRANSACTION);
      // The heartbeat vouches for the rows, so it comes with the last of them.
      this.#commit(stamp, sorted, from, to, to === sorted.length ? heartbeat : null);
      if (to < sorted.length) await nextTurn();
    }
  }

  #commit(stamp: WriterStamp, rows: readonly StoredRow[], from: number, to: number, heartbeat: Heartbeat | null): void {
    this.#refuseReplaced();
    try {
      this.#clearDeadReaders();
      this.#transaction(() => {
        refuseStale(this.#readMeta<WriterStamp>(this.#metaKey('stamp')), stamp, this.name);
        this.#meta.putSync(this.#metaKey('stamp'), metaBytes({ epoch: stamp.epoch, sequence: stamp.sequence }));
        for (let i = from; i < to; i++) this.#put(rows[i] as StoredRow);
        if (heartbeat !== null) this.#putHeartbeat(heartbeat);
      });
    } catch (error) {
      this.#heartbeats.forgetBases();
      throw error instanceof FscError ? error : cannotWrite(this.#path, error);
    }
  }

  /** The library does so where somebody opens the store, and where transactions are asynchronous. */
  #clearDeadReaders(): void {
    if (performance.now() < this.#nextReaderCheckMs) return;
    this.#root.readerCheck();
    this.#nextReaderCheckMs = performance.now() + READER_CHECK_MS;
  }

  #transaction<T>(work: () => T): T {
    // Who may not lock the store does not write.
    return (this.#last as LastTransaction).transact(this.#root, work);
  }

  #put(row: StoredRow): void {
    if (row.value === null) this.#rows.removeSync(row.key);
    else this.#rows.putSync(row.key, row.value);
  }

  #putHeartbeat(heartbeat: Heartbeat): void {
    const { core, positions, base } = this.#heartbeats.encode(heartbeat);
    this.#meta.putSync(this.#metaKey('heartbeat', heartbeat.view), core);
    this.#meta.putSync(this.#metaKey('positions', heartbeat.view), positions);
    if (base !== null) this.#meta.putSync(this.#metaKey('base', heartbeat.view), base);
  }

  getMany(keys: readonly Uint8Array[]): (Uint8Array | null)[] {
    const out: (Uint8Array | null)[] = new Array(keys.length);
    return this.#reading(() => {
      for (let i = 0; i < keys.length; i++) out[i] = this.#rows.getBinary(keys[i] as Uint8Array) ?? null;
      return out;
    });
  }

  async *scan(prefix: Uint8Array): AsyncGenerator<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
    const end = prefixEnd(prefix);
    let start = prefix;
    let inclusive = true;
    // In chunks that each see the newest state, so that a long scan keeps no old pages alive and lets others have their turn.
    for (;;) {
      const chunk = this.#reading(() => [...this.#range(start, end)]);
      for (const entry of chunk) {
        if (!inclusive && Buffer.compare(entry.key, start) === 0) continue;
        yield { key: entry.key, value: entry.value };
      }
      const last = chunk[chunk.length - 1];
      if (last === undefined || chunk.length < SCAN_CHUNK) return;
      start = last.key;
      inclusive = false;
      await nextTurn();
    }
  }

  #range(
    start: Uint8Array,
    end: Uint8Array | null,
  ): RangeIterable<{ key: Uint8Array; value: Uint8Array; version?: number }> {
    return this.#rows.getRange({ start, limit: SCAN_CHUNK, ...(end === null ? {} : { end }) });
  }

  floor(prefix: Uint8Array, key: Uint8Array): { readonly key: Uint8Array; readonly value: Uint8Array } | null {
    const [entry] = this.#reading(() => [...this.#rows.getRange({ start: key, reverse: true, limit: 1 })]);
    if (entry === undefined || !hasPrefix(entry.key, prefix)) return null;
    return { key: entry.key, value: entry.value };
  }

  heartbeat(view: string): Heartbeat | null {
    const core = this.#reading(() => this.#meta.getBinary(this.#metaKey('heartbeat', view)));
    if (core === undefined) return null;
    // Both at once: between two reads a writer may have written them anew.
    const stored = (): StoredPositions =>
      this.#reading(() => ({
        positions: this.#meta.getBinary(this.#metaKey('positions', view)),
        base: this.#meta.getBinary(this.#metaKey('base', view)),
      }));
    return this.#heartbeats.decode(view, core, stored);
  }

  heartbeats(): readonly string[] {
    const prefix = this.#metaKey('heartbeat').slice(0, -'""]'.length);
    // Names that are hashed, of hundreds of characters, are not among them.
    const keys = this.#reading(() => [...this.#meta.getKeys({ start: prefix, end: `${prefix}\u{10ffff}` })]);
    return keys.flatMap((key) => viewOf(key.slice(prefix.length, -1)));
  }

  stamp(): WriterStamp | null {
    return this.#readMeta<WriterStamp>(this.#metaKey('stamp'));
  }

  async close(): Promise<void> {
    this.#unlocked?.close();
    this.#last?.close();
    await this.#root.close();
  }
}

/** None: a flipped bit made something else of the name. */
function viewOf(name: string): string[] {
  try {
    return [JSON.parse(name) as string];
  } catch {
    return [];
  }
}

function metaBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface FileId {
  readonly dev: number;
  readonly ino: number;
}

/** Numbers of a file stay its own as long as anybody has it open. 0: there is none. */
function fileAt(path: string): FileId {
  return statSync(join(path, DATA_FILE), { throwIfNoEntry: false }) ?? { dev: 0, ino: 0 };
}

/** A folder that this user may not look into may well have a store in it. */
function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw cannotOpen(file, error);
  }
}

/** A writer that was killed at once, or found the disk full, leaves a file without a store in it; the next one begins again. */
function isBegun(file: string): boolean {
  try {
    return isUnborn(file);
  } catch (error) {
    throw cannotOpen(file, error);
  }
}

function refuseDamaged(file: string): void {
  let fault: string | null;
  try {
    fault = faultOfLmdbFile(file);
  } catch (error) {
    throw cannotOpen(file, error);
  }
  if (fault !== null) throw corrupt(file, fault);
  try {
    appendMissingPages(file);
  } catch {
    // Who may only read the file, or finds the disk full, reads what is there.
  }
}

/** Whether the library can lock the store: it reads without where it may not write the lock file. It dies of one that the disk has no room for. */
function canLock({ path, readOnly }: LmdbStoreOptions): boolean {
  const file = join(path, LOCK_FILE);
  const blocks = statSync(file, { throwIfNoEntry: false })?.blocks ?? null;
  const isLockable = isWritable(blocks === null ? path : file);
  if (!isLockable && !readOnly) throw notLockable(path);
  if (isLockable && (blocks ?? 0) === 0 && hasNoRoom(path)) throw diskFull(`cannot open the online store in ${path}`);
  return isLockable;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Nothing was ever in it, and the library dies of a file that begins like one of its own and has only half a head. */
function clear(file: string): void {
  try {
    if (existsSync(file)) truncateSync(file);
  } catch (error) {
    throw cannotOpen(file, error);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw cannotOpen(path, error);
  }
}
