/** What a run of random cases has shown, beyond what `tests/generators/coverage.ts` counts: edges of windows, and the machines' own. */
import { addCoverage, type Coverage, missing } from '../generators/coverage.ts';
import { walk } from '../generators/print-sql.ts';
import type { Case, Expr, Row, ViewSpec } from '../generators/view-spec.ts';
import { evaluateExpr, newNotes } from '../reference/expressions.ts';
import { accepted } from '../reference/verdicts.ts';
import type { Report } from './report.ts';

export class RunCoverage {
  readonly #cases: Coverage = new Map();
  readonly #edges = new Set<string>();
  readonly counts = new Map<string, number>();
  cases = 0;
  rejected = 0;

  add(test: Case, report: Report): void {
    this.cases++;
    if ([...report.counts.keys()].some((name) => name.startsWith('rejected'))) this.rejected++;
    addCoverage(this.#cases, test);
    addEdges(this.#edges, test);
    for (const [name, n] of report.counts) this.counts.set(name, (this.counts.get(name) ?? 0) + n);
  }

  /** Counters that stayed at 0. */
  missing(): string[] {
    return [
      ...missing(this.#cases),
      ...EDGES.filter((name) => !this.#edges.has(name)),
      ...COUNTS.filter((name) => !this.counts.has(name)),
    ];
  }

  summary(): string {
    const counts = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => `  ${name}: ${n}`);
    return [`${this.cases} cases, ${this.rejected} rejected`, ...counts].join('\n');
  }
}

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
];

/** A condition on the event time with an event exactly on its bound. */
const EDGES: readonly string[] = [
  ...['>', '>=', '<', '<='].map((op) => `edge: ${op} now - interval`),
  ...['>', '>='].flatMap((op) => ['hour', 'day'].map((unit) => `edge: ${op} trunc ${unit}`)),
  'edge: < trunc hour',
  'edge: < trunc day',
  'edge: >= trunc month - interval',
  'edge: between now - interval',
  'edge: age',
];

function addEdges(edges: Set<string>, test: Case): void {
  const rows = accepted(test.log, test.source);
  for (const view of test.views)
    for (const condition of conditionsOf(view)) {
      walk(condition, (e) => {
        for (const { name, bound } of boundsOf(e, test.source.eventTime)) {
          if (!edges.has(name) && isReached(bound, rows, test)) edges.add(name);
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
  if (e.node === 'between' && isTime(e.arg)) return [{ name: `edge: between ${formOf(e.low)}`, bound: e.low }];
  if (e.node !== 'binary' || !(e.op in FLIPPED)) return [];
  if (isTime(e.left)) return [{ name: `edge: ${e.op} ${formOf(e.right)}`, bound: e.right }];
  if (isTime(e.right)) return [{ name: `edge: ${FLIPPED[e.op]} ${formOf(e.left)}`, bound: e.left }];
  const isAge = e.left.node === 'binary' && e.left.op === '-' && e.left.left.node === 'now' && isTime(e.left.right);
  return isAge && e.left.node === 'binary' ? [{ name: 'edge: age', bound: { ...e.left, right: e.right } }] : [];
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
