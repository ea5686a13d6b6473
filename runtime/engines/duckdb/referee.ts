import { FscError } from '../../values/errors.ts';
import type { SourceSpec } from '../../values/manifest.ts';
import { columnTypeText, quoteName } from './load.ts';
import {
  type DuckDbOptions,
  type DuckDbSession,
  openDuckDb,
  RAISES_FOR_LIKE,
  type ResultColumns,
  WRONG_FOR_OWN_TEXT,
} from './session.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();

/** rules.md 25. C collation is DuckDB's own default. */
const PREAMBLE = [
  "SET TimeZone = 'UTC'",
  'SET integer_division = true',
  'SET ieee_floating_point_ops = false',
  "SET default_null_order = 'nulls_last'",
  "SET default_collation = ''",
  `CREATE MACRO lower(x) AS translate(x, '${UPPER}', '${LOWER}')`,
  `CREATE MACRO upper(x) AS translate(x, '${LOWER}', '${UPPER}')`,
  // DuckDB's own takes other spaces of Unicode too. With the second form for what is emitted.
  "CREATE MACRO trim(x) AS ltrim(rtrim(x, ' '), ' '), (x, blanks) AS ltrim(rtrim(x, blanks), blanks)",
  ...['substr', 'substring'].map(substringMacro),
  // rules.md 21. `extract` is called so too; DuckDB's own gives integers, of which a quotient would be cut here.
  'CREATE MACRO date_part(field, x) AS CAST(system.main.date_part(field, x) AS double)',
];

/** DuckDB's own counts from the end of the text where fsc has no value. */
function substringMacro(name: string): string {
  const own = 'system.main.substring';
  const short = `(x, start) AS CASE WHEN start >= 1 THEN ${own}(x, start) END`;
  const long = `(x, start, count) AS CASE WHEN start >= 1 AND count >= 0 THEN ${own}(x, start, count) END`;
  return `CREATE MACRO ${name}${short}, ${long}`;
}

export interface RefereeAnswer extends ResultColumns {
  /** Ordinals of columns for which the raw text aborts (overflow, failed cast): they are NULL, and it is no word of the text. */
  readonly raising: ReadonlySet<number>;
}

export interface RefereeResult extends RefereeAnswer {
  /** The raw text aborted whatever was left out, and the guarded form was run in its place (rules.md 25). */
  readonly guarded: boolean;
}

export interface RefereeQuestion {
  readonly text: string;
  readonly views: readonly { readonly name: string; readonly text: string }[];
  readonly parts?: RefereeParts;
}

/** Columns that can be left out, and the text with NULL in the place of some. */
export interface RefereeParts {
  readonly columns: readonly number[];
  without(ordinals: ReadonlySet<number>): string;
}

export interface RefereeRun extends RefereeQuestion {
  /** Emitted SQL at the same instant. */
  readonly guardedText: string;
}

const NONE: ReadonlySet<number> = new Set();

/** A session in which the user's own text means what fsc says it means. */
export async function refereeSession(options: DuckDbOptions = {}): Promise<Referee> {
  const session = await openDuckDb({ ...options, disabledOptimizers: [WRONG_FOR_OWN_TEXT, RAISES_FOR_LIKE] });
  for (const statement of PREAMBLE) await session.run(statement);
  return new Referee(session);
}

export class Referee {
  readonly session: DuckDbSession;
  /** Cases in which the guarded form was run. */
  guardedCases = 0;

  constructor(session: DuckDbSession) {
    this.session = session;
  }

  /** The relation called like the source: records of `table` with event time at or before the instant. A request source has no time. */
  async setRelation(spec: SourceSpec, table: string, nowMicros: number): Promise<void> {
    const columns = spec.columns.map((column) => quoteName(column.name)).join(', ');
    const where =
      spec.eventTimeColumn < 0
        ? ''
        : ` WHERE ${quoteName(spec.columns[spec.eventTimeColumn]!.name)} <= CAST(make_timestamp(CAST(${nowMicros} AS BIGINT)) AS ${columnTypeText(spec.columns[spec.eventTimeColumn]!.type)})`;
    await this.session.run(
      `CREATE OR REPLACE TEMP VIEW ${quoteName(spec.name)} AS SELECT ${columns} FROM ${quoteName(table)}${where}`,
    );
  }

  async run(query: RefereeRun): Promise<RefereeResult> {
    const answer = await this.ask(query);
    if (answer !== null) return { ...answer, guarded: false };
    this.guardedCases += 1;
    return { ...(await this.session.readColumns(query.guardedText)), raising: NONE, guarded: true };
  }

  /** Where the text aborts, what it says without the columns that make it; null: its rows themselves do. */
  async ask({ text, views, parts }: RefereeQuestion): Promise<RefereeAnswer | null> {
    const whole = await unlessAborted(async () => {
      for (const view of views) {
        await this.session.run(`CREATE OR REPLACE TEMP VIEW ${quoteName(view.name)} AS ${view.text}`);
      }
      return { ...(await this.session.readColumns(text)), raising: NONE };
    });
    if (whole !== null || parts === undefined || !(await this.#canSay(parts, []))) return whole;
    const raising = new Set(await this.#raising(parts, parts.columns));
    return unlessAborted(async () => ({ ...(await this.session.readColumns(parts.without(raising))), raising }));
  }

  /** Those of the columns for which the text aborts: by halves, as they are few. */
  async #raising(parts: RefereeParts, columns: readonly number[]): Promise<readonly number[]> {
    if (await this.#canSay(parts, columns)) return [];
    if (columns.length <= 1) return columns;
    const half = columns.length >> 1;
    const left = await this.#raising(parts, columns.slice(0, half));
    return [...left, ...(await this.#raising(parts, columns.slice(half)))];
  }

  /** If the text has these columns without aborting. Only their hash leaves the engine: a count of what is never NULL would reckon nothing. */
  async #canSay({ columns, without }: RefereeParts, wanted: readonly number[]): Promise<boolean> {
    const text = without(new Set(columns.filter((column) => !wanted.includes(column))));
    const said = await unlessAborted(() =>
      this.session.readColumns(`SELECT max(hash(COLUMNS(*))) FROM (\n${text}\n) AS own`, 1).then(() => true),
    );
    return said ?? false;
  }

  close(): void {
    this.session.close();
  }
}

async function unlessAborted<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (!isAbortedEvaluation(error)) throw error;
    return null;
  }
}

/** Values made it stop, not names or types. */
function isAbortedEvaluation(error: unknown): boolean {
  return error instanceof FscError && /^(Out of Range|Conversion|Invalid Input) Error/.test(error.message);
}
