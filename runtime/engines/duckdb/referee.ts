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

export interface RefereeResult extends ResultColumns {
  /** The raw text aborted (overflow, failed cast), and the guarded form was run in its place (rules.md 25). */
  readonly guarded: boolean;
}

export interface RefereeRun {
  readonly text: string;
  readonly views: readonly { readonly name: string; readonly text: string }[];
  /** Emitted SQL at the same instant. */
  readonly guardedText: string;
}

/** A session in which the user's own text means what fsc says it means. */
export async function refereeSession(options: DuckDbOptions = {}): Promise<Referee> {
  const session = await openDuckDb({ ...options, disabledOptimizers: [WRONG_FOR_OWN_TEXT, RAISES_FOR_LIKE] });
  for (const statement of PREAMBLE) await session.run(statement);
  return new Referee(session);
}

export class Referee {
  readonly session: DuckDbSession;
  /** Cases in which the raw text aborted. */
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
    try {
      for (const view of query.views) {
        await this.session.run(`CREATE OR REPLACE TEMP VIEW ${quoteName(view.name)} AS ${view.text}`);
      }
      return { ...(await this.session.readColumns(query.text)), guarded: false };
    } catch (error) {
      if (!isAbortedEvaluation(error)) throw error;
      this.guardedCases += 1;
      return { ...(await this.session.readColumns(query.guardedText)), guarded: true };
    }
  }

  close(): void {
    this.session.close();
  }
}

/** Values made it stop, not names or types. */
function isAbortedEvaluation(error: unknown): boolean {
  return error instanceof FscError && /^(Out of Range|Conversion|Invalid Input) Error/.test(error.message);
}
