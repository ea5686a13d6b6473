/** What a run of random cases has shown, beyond what `tests/generators/coverage.ts` counts: edges of windows, and the machines' own. */
import { addCoverage, type Coverage, isAge, missing, PAIRS } from '../generators/coverage.ts';
import { walk } from '../generators/print-sql.ts';
import type { Case, Expr, Row, ViewSpec } from '../generators/view-spec.ts';
import { evaluateExpr, newNotes } from '../reference/expressions.ts';
import { accepted } from '../reference/verdicts.ts';
import type { Report } from './report.ts';

export class RunCoverage {
  readonly #cases: Coverage = new Map();
  readonly #edges: Coverage = new Map();
  /** Cases by the machine that answered. */
  readonly #asked = new Map<string, number>();
  readonly counts = new Map<string, number>();
  cases = 0;
  rejected = 0;

  add(test: Case, report: Report): void {
    this.cases++;
    if ([...report.counts.keys()].some((name) => name.startsWith('rejected'))) this.rejected++;
    addCoverage(this.#cases, test);
    addEdges(this.#edges, test);
    for (const [name, n] of report.counts) this.counts.set(name, (this.counts.get(name) ?? 0) + n);
    for (const machine of machinesOf(report)) this.#asked.set(machine, (this.#asked.get(machine) ?? 0) + 1);
  }

  /** Machines that gave no answer in too many of the cases. */
  seldomAsked(): string[] {
    const least = (this.cases - this.rejected) * ASKED_OF_ALL;
    return EVERY_CASE.filter((machine) => (this.#asked.get(machine) ?? 0) < least);
  }

  /** Counters that stayed at 0. */
  missing(): string[] {
    return [
      ...missing(this.#cases),
      ...PAIRS.filter((name) => !this.#cases.has(name)),
      ...EDGES.filter((name) => !this.#edges.has(name)),
      ...COUNTS.filter((name) => !this.counts.has(name)),
    ];
  }

  summary(): string {
    const counts = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => `  ${name}: ${n}`);
    const asked = [...this.#asked].map(([machine, n]) => `  cases in ${machine}: ${n}`).sort();
    return [`${this.cases} cases, ${this.rejected} rejected`, ...asked, ...counts].join('\n');
  }
}

/** Those that every case is put to. Of a few cases nothing is certain enough to be compared. */
const EVERY_CASE: readonly string[] = [
  'verdicts',
  'stream',
  'online, complete',
  'online, stream',
  'replay',
  'emitted DuckDB',
  'referee',
  'emitted Postgres',
  'Postgres referee',
];
const ASKED_OF_ALL = 0.85;

function machinesOf({ counts }: Report): ReadonlySet<string> {
  const machines = [...counts.keys()].map((name) => /^(.+): (?:answers|labels|records|guarded)$/.exec(name)?.[1]);
  return new Set(machines.filter((machine) => machine !== undefined));
}

/** Those that are to answer with NaN and infinities. */
const SPECIAL: readonly string[] = [
  ...EVERY_CASE.filter((machine) => machine !== 'verdicts'),
  'stream without settling',
  'runs',
  'dataset SQL, join',
  'dataset SQL, windows',
  'Postgres dataset',
];

/** What the machines must have been asked at least once. */
const COUNTS: readonly string[] = [
  'referee: answers',
  'referee: guarded',
  'emitted DuckDB: answers',
  'stream: answers',
  'stream: restarts',
  'stream without settling: answers',
  'online, complete: answers',
  'online, stream: answers',
  'online, stream: not covered',
  'runs: answers',
  'runs: kills',
  'replay: labels',
  'labels: tied',
  'dataset SQL, join: labels',
  'dataset SQL, windows: labels',
  'emitted Postgres: answers',
  'Postgres referee: answers',
  'Postgres referee: guarded',
  'Postgres dataset: labels',
  ...SPECIAL.flatMap((machine) => [Number.NaN, Infinity, -Infinity].map((value) => `${machine}: ${value}`)),
];

const SNAPPED = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'].map((unit) => `trunc ${unit}`);
const COMPARISONS = ['>', '>=', '<', '<='];

/** A condition on the event time with an event exactly on its bound, in every form that a window has. */
const EDGES: readonly string[] = [
  ...COMPARISONS.map((op) => `edge: ${op} now - interval`),
  ...['<', '<='].map((op) => `edge: ${op} now`),
  ...[...COMPARISONS, 'between', 'between, to'].map((form) => `edge: age ${form}`),
  'edge: between now - interval',
  ...['now', 'now - interval'].map((bound) => `edge: between, to ${bound}`),
  ...[...COMPARISONS, 'between', 'between, to'].flatMap((form) =>
    SNAPPED.flatMap((bound) => ['', ' - interval', ' + interval'].map((shift) => `edge: ${form} ${bound}${shift}`)),
  ),
];

/** Looks no further once there are enough: an edge is found by trying every event. */
const ENOUGH = 10;

export function addEdges(edges: Coverage, test: Case): void {
  const rows = accepted(test.log, test.source);
  for (const view of test.views)
    for (const condition of conditionsOf(view)) {
      walk(condition, (e) => {
        for (const { name, bound } of boundsOf(e, test.source.eventTime)) {
          const known = edges.get(name) ?? 0;
          if (known < ENOUGH && isReached(bound, rows, test)) edges.set(name, known + 1);
        }
      });
    }
}

function conditionsOf(view: ViewSpec): readonly Expr[] {
  if (view.shape === 'D') return [];
  const filters: Expr[] = [];
  for (const { expr } of view.outputs)
    walk(expr, (e) => {
      if (e.node === 'aggregate') filters.push(...e.filter);
    });
  return [...view.where, ...filters];
}

interface NamedBound {
  readonly name: string;
  readonly bound: Expr;
}

const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };

function boundsOf(e: Expr, eventTime: string): readonly NamedBound[] {
  const isTime = (x: Expr): boolean => x.node === 'column' && x.name === eventTime;
  if (e.node === 'between' && isTime(e.arg)) {
    return [
      { name: `edge: between ${formOf(e.low)}`, bound: e.low },
      { name: `edge: between, to ${formOf(e.high)}`, bound: e.high },
    ];
  }
  if (e.node === 'between' && isAge(e.arg, eventTime)) {
    return [
      { name: 'edge: age between', bound: { ...e.arg, right: e.low } },
      { name: 'edge: age between, to', bound: { ...e.arg, right: e.high } },
    ];
  }
  if (e.node !== 'binary' || !(e.op in FLIPPED)) return [];
  if (isTime(e.left)) return [{ name: `edge: ${e.op} ${formOf(e.right)}`, bound: e.right }];
  if (isTime(e.right)) return [{ name: `edge: ${FLIPPED[e.op]} ${formOf(e.left)}`, bound: e.left }];
  if (isAge(e.left, eventTime)) return [{ name: `edge: age ${e.op}`, bound: { ...e.left, right: e.right } }];
  if (isAge(e.right, eventTime)) return [{ name: `edge: age ${FLIPPED[e.op]}`, bound: { ...e.right, right: e.left } }];
  return [];
}

function formOf(bound: Expr): string {
  if (bound.node === 'now') return 'now';
  if (bound.node === 'call') return `trunc ${bound.unit}`;
  return bound.node === 'binary' ? `${formOf(bound.left)} ${bound.op} interval` : bound.node;
}

function isReached(bound: Expr, rows: readonly Row[], test: Case): boolean {
  return test.instants.some((t) => {
    const scope = { t, notes: newNotes(), column: () => null, aggregate: () => null };
    const at = evaluateExpr(bound, scope);
    return rows.some((row) => row[test.source.eventTime] === at);
  });
}
