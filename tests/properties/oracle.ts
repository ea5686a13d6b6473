/** Who knows what a view's rows are: the naive evaluator for random cases, a file for cases that are kept. */
import type { Random } from '../generators/random.ts';
import type { ColumnInfo } from '../reference/compare.ts';
import type { NaiveRow } from '../reference/evaluate.ts';
import type { Records } from './machines/duckdb.ts';
import type { CompiledView } from './project.ts';

export interface Expected {
  readonly rows: readonly NaiveRow[];
  readonly columns: readonly ColumnInfo[];
  /** WHERE or HAVING rests on a comparison that the tolerances leave open: which rows there are is open too. */
  readonly isOpen: boolean;
  /** Expression errors of WHERE and HAVING, where raw SQL may keep other rows. */
  readonly filterErrors: number;
}

export interface Oracle {
  readonly instants: readonly bigint[];
  /** Numbers of lines, the whole log's among them. */
  readonly prefixes: readonly number[];
  /** The view's rows at t over the first `n` lines (shape D: a row a request); null: it does not know. */
  at(view: CompiledView, t: bigint, n: number): Expected | null;
  /** A rows view: every row of the SELECT at t, over all lines. */
  everyRow(view: CompiledView, t: bigint): Expected | null;
  /** By line; null: it does not know. */
  verdicts(n: number): readonly string[] | null;
  /** Accepted records of the whole log in its order. */
  readonly accepted: Records;
}

export function linesOf({ prefixes }: Oracle): number {
  return Math.max(...prefixes);
}

/** Some instants at which the oracle knows the view's rows over all lines. */
export function answered(view: CompiledView, oracle: Oracle, random: Random, count: number) {
  const lines = linesOf(oracle);
  return random.sample(oracle.instants, count).flatMap((t) => {
    const wanted = oracle.at(view, t, lines);
    return wanted === null ? [] : [{ t, wanted }];
  });
}
