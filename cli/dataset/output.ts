/** Where a training set goes: a file that is whole or not there, or JSON lines on stdout. */
import { QuerySession } from '../../runtime/engines/duckdb/query.ts';
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import { counted, formatCount, plural } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { InputFile } from '../inputs.ts';
import type { Io } from '../io.ts';
import { OutFile } from '../out-file.ts';
import { writeJsonRows } from '../result-rows.ts';
import type { DatasetOptions } from './options.ts';

export class Output {
  /** CSV has no types: texts of a CSV file go into another as they are. */
  readonly takesTexts: boolean;
  readonly #io: Io;
  readonly #options: DatasetOptions;
  /** null: stdout. */
  readonly #file: OutFile | null;

  private constructor(io: Io, options: DatasetOptions, file: OutFile | null) {
    this.#io = io;
    this.#options = options;
    this.#file = file;
    this.takesTexts = options.out.endsWith('.csv');
  }

  static at(io: Io, options: DatasetOptions): Output {
    return new Output(io, options, options.out === '-' ? null : OutFile.at(io.cwd, options.out));
  }

  refuseInput(inputs: Iterable<InputFile>): void {
    this.#file?.refuseInput([{ reader: 'the labels are read from it', path: this.#options.place.path }]);
    this.#file?.refuseInput(inputs);
  }

  /** Gives the number of rows, which must be that of the labels. */
  async write(session: DuckDbSession, sql: string, labels: number): Promise<number> {
    const query = new QuerySession(session, this.#io.signal);
    const { numbers } = this.#options;
    const file = this.#file;
    if (file === null) {
      const { columns, parts } = await query.query(sql);
      return checked(await writeJsonRows(this.#io.stdout, columns, parts, numbers), labels);
    }
    // Written once and read once: zstd would take longer than the features do.
    return file.write(async () => checked(await file.fill(query, sql, numbers, 'snappy'), labels));
  }
}

/** The labels' file is read twice. */
function checked(rows: number, labels: number): number {
  if (rows === labels) return rows;
  throw new FscError(
    'FSC7013',
    1,
    'the labels changed while they were read',
    `there ${plural(labels, 'was', 'were')} ${counted(labels, 'label')} at first and ${formatCount(rows)} at the end`,
    'run it again',
  );
}
