/** The naive evaluator as the oracle of a random case. */
import type { Case, Row, SourceSpec, ViewSpec } from '../generators/view-spec.ts';
import { versioned } from '../generators/view-spec.ts';
import { columnsOf } from '../reference/compare.ts';
import type { World } from '../reference/evaluate.ts';
import { evaluate, evaluateEveryRow } from '../reference/evaluate.ts';
import { compare, lift, newNotes } from '../reference/expressions.ts';
import { judge } from '../reference/verdicts.ts';
import type { Records } from './machines/duckdb.ts';
import type { Expected, Oracle } from './oracle.ts';
import type { CompiledView, Project } from './project.ts';
import { rowOf } from './values.ts';

type Judged = ReturnType<typeof judge>[number];

export class Naive implements Oracle {
  readonly test: Case;
  readonly instants: readonly bigint[];
  readonly prefixes: readonly number[];
  readonly #project: Project;
  readonly #rows = new Map<number, readonly Row[]>();
  readonly #known = new Map<string, Expected>();
  readonly #judged = new Map<number, readonly Judged[]>();
  #accepted: Records | null = null;
  #sorted: Records | null = null;

  constructor(test: Case, project: Project) {
    this.test = test;
    this.instants = test.instants;
    this.prefixes = [...new Set([...test.prefixes, test.log.length])];
    this.#project = project;
  }

  specOf(view: CompiledView): ViewSpec {
    const spec = this.test.views.find((one) => versioned(one) === view.name);
    if (spec === undefined) throw new Error(`${view.name} is not of the case`);
    return spec;
  }

  /** Accepted records of the first `n` lines, in the log's order. */
  rows(n: number): readonly Row[] {
    let rows = this.#rows.get(n);
    if (rows === undefined) {
      rows = this.#judgedLines(n).flatMap(({ verdict, row }) => (verdict === 'accepted' && row !== null ? [row] : []));
      this.#rows.set(n, rows);
    }
    return rows;
  }

  #judgedLines(n: number): readonly Judged[] {
    const known = this.#judged.get(n) ?? judge(this.test.log.slice(0, n), this.test.source);
    this.#judged.set(n, known);
    return known;
  }

  get accepted(): Records {
    this.#accepted ??= this.#records(this.rows(this.test.log.length));
    return this.#accepted;
  }

  /** As `accepted`, in order of (event time, key). */
  get sorted(): Records {
    this.#sorted ??= this.#records(inEventOrder(this.rows(this.test.log.length), this.test.source));
    return this.#sorted;
  }

  #records(rows: readonly Row[]): Records {
    return rows.map((row) => rowOf(this.#project.source.columns, row));
  }

  verdicts(n: number): readonly string[] {
    return this.#judgedLines(n).map(({ verdict }) => verdict);
  }

  at(view: CompiledView, t: bigint, n: number): Expected {
    const key = `${view.name} ${t} ${n}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.over(view, t, this.rows(n), this.test.requests);
      this.#known.set(key, known);
    }
    return known;
  }

  everyRow(view: CompiledView, t: bigint): Expected {
    const { source, views, requests, log } = this.test;
    const spec = this.specOf(view);
    const world: World = { source, accepted: this.rows(log.length), views, requests };
    const notes = newNotes();
    const rows = evaluateEveryRow(spec, world, t, notes);
    return { rows, columns: columnsOf(spec), isOpen: notes.uncertain, filterErrors: notes.errors };
  }

  /** The same over any records and requests. */
  over(view: CompiledView, t: bigint, records: readonly Row[], requests: readonly Row[]): Expected {
    const { source, views } = this.test;
    const spec = this.specOf(view);
    const world: World = { source, accepted: records, views, requests };
    const notes = newNotes();
    const rows = evaluate(spec, world, t, notes);
    return { rows, columns: columnsOf(spec), isOpen: notes.uncertain, filterErrors: notes.errors };
  }
}

function inEventOrder(rows: readonly Row[], source: SourceSpec): Row[] {
  const columns = [source.eventTime, ...source.key].map((name) => source.columns.find((c) => c.name === name)!);
  return [...rows].sort((a, b) => {
    for (const { name, type } of columns) {
      const order = compare(lift(a[name]!), type, lift(b[name]!), type, newNotes());
      if (order !== 0) return order;
    }
    return 0;
  });
}
