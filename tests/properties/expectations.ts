/** What the naive evaluator answers, computed once for each question. */
import type { Case, Row, ViewSpec } from '../generators/view-spec.ts';
import type { NaiveRow, World } from '../reference/evaluate.ts';
import { evaluate } from '../reference/evaluate.ts';
import { newNotes } from '../reference/expressions.ts';
import { accepted } from '../reference/verdicts.ts';

/** `exclude own`: labels carry the source's primary key, and only the event that it names is left out (rules.md 35). */
export type Ties = 'include' | 'exclude' | 'exclude own';

export interface Expected {
  readonly rows: readonly NaiveRow[];
  /** WHERE or HAVING rests on a comparison that the tolerances leave open: which rows there are is open too. */
  readonly isOpen: boolean;
  /** Expression errors of WHERE and HAVING, where raw SQL may keep other rows. */
  readonly filterErrors: number;
}

export class Expectations {
  readonly test: Case;
  readonly #accepted = new Map<number, readonly Row[]>();
  readonly #known = new Map<string, Expected>();

  constructor(test: Case) {
    this.test = test;
  }

  /** Accepted records of the first `n` lines, in the log's order. */
  accepted(n: number): readonly Row[] {
    let rows = this.#accepted.get(n);
    if (rows === undefined) {
      rows = accepted(this.test.log.slice(0, n), this.test.source);
      this.#accepted.set(n, rows);
    }
    return rows;
  }

  /** The view's rows at t over the first `n` lines; shape D: over the case's requests. */
  at(view: ViewSpec, t: bigint, n: number): Expected {
    const key = `${view.name} ${t} ${n}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.over(view, t, this.accepted(n), this.test.requests);
      this.#known.set(key, known);
    }
    return known;
  }

  /** The same over any records and requests. */
  over(view: ViewSpec, t: bigint, records: readonly Row[], requests: readonly Row[]): Expected {
    const { source, views } = this.test;
    const world: World = { source, accepted: records, views, requests };
    const notes = newNotes();
    const rows = evaluate(view, world, t, notes);
    return { rows, isOpen: notes.uncertain, filterErrors: notes.errors };
  }
}
