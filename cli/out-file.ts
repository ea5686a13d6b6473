/** `--out FILE`: rows of a query in a file that is whole or not there. */
import { randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { assertDistinctNames, type QuerySession } from '../runtime/engines/duckdb/query.ts';
import { errorCode, FscError, isDiskFull, messageOf } from '../runtime/values/errors.ts';
import type { InputFile } from './inputs.ts';
import { type NumberFormat, writeJsonRows } from './result-rows.ts';

type OutFormat = 'parquet' | 'csv' | 'jsonl';

export class OutFile {
  /** As the user wrote it. */
  readonly name: string;
  /** What is filled, before it takes the file's place. */
  readonly temporary: string;
  readonly #path: string;
  readonly #format: OutFormat;

  private constructor(name: string, path: string, format: OutFormat) {
    this.name = name;
    this.#path = path;
    this.#format = format;
    this.temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  }

  /** Before anything is computed: a name that can't be written is told at once. */
  static at(cwd: string, name: string): OutFile {
    const format = /\.(parquet|csv|jsonl)$/.exec(name)?.[1];
    if (format !== 'parquet' && format !== 'csv' && format !== 'jsonl') {
      throw new FscError(
        'FSC7001',
        2,
        `--out ${name}: the format is not known`,
        'it is told by the ending: .parquet, .csv or .jsonl',
        'rename the file',
      );
    }
    const path = resolve(cwd, name);
    const folder = dirname(path);
    if (!existsSync(folder) || !statSync(folder).isDirectory())
      throw cannotWrite(name, `there is no folder ${folder}`, 2);
    if (existsSync(path) && statSync(path).isDirectory()) throw cannotWrite(name, 'it is a folder', 2);
    return new OutFile(name, path, format);
  }

  /** What is read is not replaced, under whatever name it goes. */
  refuseInput(inputs: Iterable<InputFile>): void {
    const own = identityOf(this.#path);
    if (own === null) return;
    for (const { reader, path } of inputs) {
      if (identityOf(path) !== own) continue;
      throw new FscError('FSC7010', 2, `cannot write ${this.name}`, `it would be replaced, and ${reader}`, OTHER_NAME);
    }
  }

  /** Calls `fill`, which gives the number of rows, and puts the file into its place. */
  async write(fill: () => Promise<number>): Promise<number> {
    try {
      const rows = await fill();
      this.commit();
      return rows;
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  commit(): void {
    try {
      renameSync(this.temporary, this.#path);
    } catch (error) {
      throw this.#fault(error);
    }
  }

  discard(): void {
    rmSync(this.temporary, { force: true });
  }

  /** The rows of the query into the temporary file. */
  async fill(
    session: QuerySession,
    sql: string,
    numbers: NumberFormat,
    compression: 'zstd' | 'snappy' = 'zstd',
  ): Promise<number> {
    try {
      if (this.#format !== 'jsonl') return await session.copy(sql, this.temporary, this.#format, compression);
      return await this.#fillJsonLines(session, sql, numbers);
    } catch (error) {
      throw this.#fault(error);
    }
  }

  async #fillJsonLines(session: QuerySession, sql: string, numbers: NumberFormat): Promise<number> {
    const { columns, parts } = await session.query(sql);
    assertDistinctNames(columns.map(({ name }) => name));
    const stream = createWriteStream(this.temporary);
    stream.on('error', () => undefined); // told by what writes
    try {
      const rows = await writeJsonRows(stream, columns, parts, numbers);
      stream.end();
      await finished(stream);
      return rows;
    } finally {
      // Whatever happened: what is removed afterwards is not opened any more.
      if (!stream.closed) await new Promise<void>((resolve) => stream.destroy().once('close', resolve));
    }
  }

  /** A fault of the file; anything else as it is. */
  #fault(error: unknown): unknown {
    const message = messageOf(error);
    if (error instanceof FscError) {
      return /^IO Error/.test(message) ? cannotWrite(this.name, error.message, error.exitCode === 3 ? 3 : 2) : error;
    }
    if (isDiskFull(error)) return cannotWrite(this.name, 'the disk is full', 3);
    return errorCode(error) !== null ? cannotWrite(this.name, message, 2) : error;
  }
}

const OTHER_NAME = 'name another file: --out takes the place of one that is there';

/** The same for all names and links of a file; null: there is none. */
function identityOf(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

function cannotWrite(name: string, why: string, exitCode: 2 | 3): FscError {
  return new FscError('FSC7010', exitCode, `cannot write ${name}`, why, 'nothing was left behind');
}
