/**
 * Keeps the number of the last transaction, which LMDB has in its lock file, from going back.
 *
 * Who opens an environment writes the number there that it read from the file's head a moment before (LMDB's ITS#9496, mended in LMDB 0.9.30 and not in
 * lmdb-js 3.5.6). Where another process commits in that moment, its transaction is taken back: readers see the one before it, and the next transaction
 * begins from that one and takes its place, which nobody is told of. Where it commits two, the next one fails (`mdb_page_touch no parent`).
 *
 * So who has opened an environment puts the number right, and who writes looks once more where nobody else can commit: in its transaction.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { DATA_FILE, LOCK_FILE, lastTransaction, MAGIC } from './lmdb-file.ts';

/** In the lock file, after magic and format: 8 bytes, in the machine's order (little-endian wherever the library has a build). */
const NUMBER_AT = 8;
const HEAD_BYTES = 16;

/** How often others may commit, or open it in just that moment, until something else is wrong. */
const ATTEMPTS = 100;
const TAKEN_BACK = new Error('the number of its last transaction goes back again and again');

export class LastTransaction {
  readonly #data: number;
  readonly #lock: number;
  readonly #bytes = Buffer.alloc(HEAD_BYTES);

  private constructor(folder: string) {
    this.#lock = lockFileOf(join(folder, LOCK_FILE));
    this.#data = openSync(join(folder, DATA_FILE), 'r');
  }

  /** Of an environment that this process has just opened, and may lock. Throws what the file system says. */
  static settled(folder: string): LastTransaction {
    const last = new LastTransaction(folder);
    try {
      last.#settle();
      return last;
    } catch (error) {
      last.close();
      throw error;
    }
  }

  #settle(): void {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const committed = this.#committed();
      if (this.#number() >= committed) return;
      // If another one commits meanwhile, this takes it back: which the next look finds out, or the next writer.
      this.#write(committed);
    }
    throw TAKEN_BACK;
  }

  /** A write transaction of the environment, which begins where the last one ended, whoever opens it meanwhile. What `work` throws undoes it. */
  transact<T>(root: RootDatabase<Uint8Array, string>, work: () => T): T {
    for (let attempt = 1; ; attempt++) {
      try {
        return root.transactionSync(() => {
          if (!this.#isFollowedBy(root.getWriteTxnId())) throw TAKEN_BACK;
          return work();
        });
      } catch (error) {
        if (error !== TAKEN_BACK || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Whether a write transaction that has begun, and not ended, follows the one committed last. If not it has to be given up, and the next one does. */
  #isFollowedBy(transaction: number): boolean {
    const committed = this.#committed();
    if (transaction === committed + 1) return true;
    this.#write(committed);
    return false;
  }

  #committed(): number {
    const number = lastTransaction(this.#data);
    if (number === null) throw new Error('the head of its file is damaged');
    return number;
  }

  #number(): number {
    readSync(this.#lock, this.#bytes, 0, HEAD_BYTES, 0);
    if (this.#bytes.readUInt32LE(0) !== MAGIC) throw new Error('lock.mdb is no lock file of LMDB');
    return Number(this.#bytes.readBigUInt64LE(NUMBER_AT));
  }

  #write(number: number): void {
    this.#bytes.writeBigUInt64LE(BigInt(number), NUMBER_AT);
    writeSync(this.#lock, this.#bytes, NUMBER_AT, HEAD_BYTES - NUMBER_AT, NUMBER_AT);
  }

  close(): void {
    closeSync(this.#data);
  }
}

/**
 * LMDB's own descriptor of the lock file, of an environment that is open: another one must not be closed, since that gives up all locks that the process
 * has on the file (POSIX, fcntl), LMDB's with them. Other threads have it open for a moment as they open the environment, so it has to be the only one.
 */
function lockFileOf(path: string): number {
  const { dev, ino } = statSync(path);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [file, ...others] = openFiles().filter((one) => isFile(one, dev, ino));
    if (file !== undefined && others.length === 0) return file;
  }
  throw new Error(`lock.mdb is not found once among the open files of this process (${OPEN_FILES})`);
}

/** Linux; macOS and the BSDs. */
const OPEN_FILES = existsSync('/proc/self/fd') ? '/proc/self/fd' : '/dev/fd';

function openFiles(): number[] {
  return readdirSync(OPEN_FILES).map(Number);
}

function isFile(descriptor: number, dev: number, ino: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.dev === dev && stat.ino === ino;
  } catch {
    // Closed since it was listed.
    return false;
  }
}
