/**
 * Reads of an LMDB file that this process cannot lock: another user's, or on a volume that is mounted read-only. A run does not see these reads, and
 * writes over pages that are being read: values turn out torn or missing, and the library may end the process. So it is read as long as no run writes.
 *
 * A transaction takes no page that the one committed last can see (`mdb_page_alloc`: only what was freed before the oldest reader, without readers
 * that is the last transaction). So what was read is whole if none was committed until then, even if one has begun.
 */
import { closeSync, openSync } from 'node:fs';
import { FscError } from '../values/errors.ts';
import { lastTransaction } from './lmdb-file.ts';

export class UnlockedReads {
  readonly #path: string;
  readonly #file: number;
  readonly #opened: number | null;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    this.#opened = lastTransaction(this.#file);
  }

  /** Whatever the read gives or throws, if nothing was committed since this was opened; else that is thrown in its place. */
  read<T>(read: () => T): T {
    try {
      return read();
    } finally {
      this.#refuseWritten();
    }
  }

  #refuseWritten(): void {
    if (lastTransaction(this.#file) === this.#opened) return;
    throw new FscError(
      'FSC7200',
      3,
      `cannot read the online store ${this.#path} while a run writes it`,
      'this user may not write the lock.mdb beside it, by which a run sees what is being read',
      'give this user the right to write the folder, and open the store again',
    );
  }

  close(): void {
    closeSync(this.#file);
  }
}
