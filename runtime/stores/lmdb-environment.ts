/**
 * Opens an LMDB environment beside processes that close it.
 *
 * The last user of an environment destroys the mutexes in its lock file as it closes it. Who opens it within those microseconds waits for that, and
 * then takes the destroyed mutexes for whole ones (LMDB's ITS#10095; later versions leave them alone): no transaction begins, `Invalid argument`.
 * Nothing is lost. They are made anew for the next who opens the environment while nobody else has it open, so all that failed have to close it.
 * The library's own `open` does not, where it fails at its first transaction; so its environment is opened here first, and tried.
 */
import type { RootDatabase } from 'lmdb';
import { messageOf } from '../values/errors.ts';
import { LastTransaction } from './lmdb-last-transaction.ts';

export interface EnvironmentOptions {
  /** The folder of the environment. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Whether the library can lock it. */
  readonly isLocked: boolean;
}

export interface Environment {
  readonly root: RootDatabase<Uint8Array, string>;
  /** null: this process may not lock it, and only reads. */
  readonly last: LastTransaction | null;
}

/** Of the library's native part, which it exports without types. */
interface Native {
  readonly Env: new () => NativeEnvironment;
  readonly Txn: new (environment: NativeEnvironment, flags: number) => { abort(): void };
}
interface NativeEnvironment {
  /** Shared with whoever has the file open in this process: what opened it first decides. Throws, and is closed then. */
  open(options: NativeOptions, ...flags: number[]): void;
  close(): void;
}

interface NativeOptions {
  readonly path: string;
  readonly keyBytes: Uint8Array;
  readonly mapSize: number;
  readonly maxReaders: number;
}

/** What the library's `open` gives to an environment of ours. */
const READ_ONLY = 0x20000;
const OVERLAPPING_SYNC = 0x1000;
const MAP_BYTES = 0x20000;
const KEY_BYTES = 0x1000;
/** Processes and threads that read at the same time, 64 bytes each in the lock file. */
const MOST_READERS = 1024;

/** Two that hold up one another wait for as long as chance says: a second in all. */
const ATTEMPTS = 20;
const PAUSE_MS = 10;

/** Why it cannot be used for now. */
export type Refusal =
  /** Whoever else has it open holds locks that are gone. */
  | 'locks-gone'
  /** A process of the same number, in another container, has it open: the library tells its users apart by their numbers, and waits 10 s. */
  | 'number-taken';

/** What is said where the mutexes, or the lock file itself, are not whole. */
const LOCKS_GONE = /Invalid argument|MDB_INVALID/;
const NUMBER_TAKEN = /Resource temporarily unavailable/;

export type Library = typeof import('lmdb');

/** A refusal is one that did not pass within a second. */
export async function openEnvironment(library: Library, options: EnvironmentOptions): Promise<Environment | Refusal> {
  for (let attempt = 1; ; attempt++) {
    const tried = tryEnvironment(library, options);
    if (tried.kind !== 'refused') return openTried(library, options, tried);
    if (attempt === ATTEMPTS) return tried.why;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt * Math.random()));
  }
}

type Tried =
  | { readonly kind: 'usable'; readonly environment: NativeEnvironment; readonly last: LastTransaction | null }
  /** For another reason, of which the library's `open` tells. */
  | { readonly kind: 'unusable' }
  | { readonly kind: 'refused'; readonly why: Refusal };

function tryEnvironment(library: Library, { path, readOnly, isLocked }: EnvironmentOptions): Tried {
  const { Env, Txn } = (library as unknown as { readonly nativeAddon: Native }).nativeAddon;
  const environment = new Env();
  const flags = readOnly ? READ_ONLY : overlappingSync();
  try {
    environment.open(
      { path, keyBytes: Buffer.alloc(KEY_BYTES), mapSize: MAP_BYTES, maxReaders: MOST_READERS },
      flags,
      flags & OVERLAPPING_SYNC,
    );
  } catch (error) {
    return whyNot(error);
  }
  try {
    new Txn(environment, READ_ONLY).abort();
  } catch (error) {
    environment.close();
    return whyNot(error);
  }
  try {
    // At once: until then readers may see the transaction before the last one.
    return { kind: 'usable', environment, last: isLocked ? LastTransaction.settled(path) : null };
  } catch (error) {
    environment.close();
    throw error;
  }
}

function whyNot(error: unknown): Tried {
  const message = messageOf(error);
  if (LOCKS_GONE.test(message)) return { kind: 'refused', why: 'locks-gone' };
  if (NUMBER_TAKEN.test(message)) return { kind: 'refused', why: 'number-taken' };
  return { kind: 'unusable' };
}

function overlappingSync(): number {
  return process.platform === 'win32' ? 0 : OVERLAPPING_SYNC;
}

function openTried(library: Library, { path, readOnly, isLocked }: EnvironmentOptions, tried: Tried): Environment {
  let last = tried.kind === 'usable' ? tried.last : null;
  try {
    const root = library.open<Uint8Array, string>({
      path,
      readOnly,
      encoding: 'binary',
      noMemInit: false,
      noSubdir: false,
      maxReaders: MOST_READERS,
    });
    if (isLocked) last ??= LastTransaction.settled(path);
    return { root, last };
  } catch (error) {
    last?.close();
    throw error;
  } finally {
    if (tried.kind === 'usable') tried.environment.close();
  }
}
