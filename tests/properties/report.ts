/** What the machines answered, held against what is expected. */
import type { ActualRow, CompareOptions, Difference } from '../reference/compare.ts';
import { compareRows } from '../reference/compare.ts';
import type { Expected } from './oracle.ts';
import type { CompiledView } from './project.ts';

export interface Fault {
  readonly machine: string;
  readonly question: string;
  readonly text: string;
}

/** Whether a smaller case fails as the first one did, and in no other way: else it would show something else. */
export function isSameFailure(first: readonly Fault[], faults: readonly Fault[]): boolean {
  const machines = new Set(first.map(({ machine }) => machine));
  return faults.length > 0 && faults.every(({ machine }) => machines.has(machine));
}

const SHOWN_DIFFERENCES = 4;
const SHOWN_FAULTS = 5;

/** The first of them; the others are likely the same. */
export function firstFaults(faults: readonly Fault[]): string {
  return faults.slice(0, SHOWN_FAULTS).map(printFault).join('\n');
}

export class Report {
  readonly faults: Fault[] = [];
  /** Named counts: rows compared a machine, answers left out and why. */
  readonly counts = new Map<string, number>();

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  fault(machine: string, question: string, text: string): void {
    this.faults.push({ machine, question, text });
  }

  /** Holds a machine's rows against the expected ones. */
  compare(
    machine: string,
    view: CompiledView,
    question: string,
    expected: Expected,
    actual: readonly ActualRow[],
    options: CompareOptions = {},
  ): void {
    if (expected.isOpen) {
      this.count(`${machine}: left open`);
      return;
    }
    this.count(`${machine}: answers`);
    this.count(`${machine}: rows`, expected.rows.length);
    this.countSpecials(machine, expected);
    const isUnordered = view.spec.shape === 'request' && options.byPosition !== true;
    const differences = isUnordered
      ? unmatched(expected, actual, options)
      : compareRows(expected.rows, actual, expected.columns, options);
    if (differences.length > 0) this.fault(machine, `${view.name} ${question}`, describe(differences));
  }

  /** NaN and the infinities among a machine's answers. */
  countSpecials(machine: string, { rows, columns }: Pick<Expected, 'rows' | 'columns'>): void {
    const doubles = columns.filter(({ agreement }) => agreement === 'double');
    for (const { cells } of rows)
      for (const { name } of doubles) {
        const { value } = cells[name]!;
        if (typeof value === 'number' && !Number.isFinite(value)) this.count(`${machine}: ${value}`);
      }
  }

  /** Rows that no key tells apart. */
  compareUnordered(
    machine: string,
    view: CompiledView,
    question: string,
    expected: Expected,
    actual: readonly ActualRow[],
  ): void {
    if (expected.isOpen) return;
    this.count(`${machine}: rows`, expected.rows.length);
    const differences = unmatched(expected, actual, {});
    if (differences.length > 0) this.fault(machine, `${view.name} ${question}`, describe(differences));
  }
}

/** Rows of requests in no order: each expected row takes the first of the actual ones that it agrees with. */
function unmatched({ rows, columns }: Expected, actual: readonly ActualRow[], options: CompareOptions): Difference[] {
  const byPosition = { ...options, byPosition: true };
  const rest = [...actual];
  const left = rows.filter((row) => {
    const at = rest.findIndex((one) => compareRows([row], [one], columns, byPosition).length === 0);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return compareRows(left, rest, columns, byPosition);
}

export function describe(differences: readonly Difference[]): string {
  const shown = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map((d) => `  ${d.key} ${d.column}: expected ${d.expected}, got ${d.actual}`);
  const more = differences.length - shown.length;
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

export function printFault({ machine, question, text }: Fault): string {
  return `${machine}: ${question}\n${text}`;
}
