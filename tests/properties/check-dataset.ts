/** Machines 6 and 7: every label in its order, each with the view's values at its instant. */
import { Random } from '../generators/random.ts';
import type { Row, SourceSpec } from '../generators/view-spec.ts';
import type { ActualRow } from '../reference/compare.ts';
import { columnsOf, compareRows } from '../reference/compare.ts';
import { compare, lift, newNotes } from '../reference/expressions.ts';
import type { Expectations, Ties } from './expectations.ts';
import { countTies, expectedAt, type Label, makeLabels } from './labels.ts';
import { datasetRows } from './machines/dataset.ts';
import { macroSession, prepareMacros } from './machines/duckdb.ts';
import { replayLabels } from './machines/replay.ts';
import type { Compiled, CompiledView } from './project.ts';
import { describe, type Report } from './report.ts';

export async function checkDataset(project: Compiled, expected: Expectations, report: Report): Promise<void> {
  const { test } = project;
  const random = new Random(test.seed * 7 + 4);
  const sorted = inEventOrder(expected.accepted(test.log.length), test.source);
  const session = await macroSession();
  await prepareMacros(session, project, expected.accepted(test.log.length));
  for (const view of project.views) {
    const labels = makeLabels(project, view, expected, random);
    for (const ties of tiesOf(test.source)) {
      const { rows, tiedLabels } = await replayLabels(project, view, labels, sorted, ties, random);
      const check = new LabelCheck(project, view, labels, ties, expected, report);
      check.hold('replay', rows, (name) => name);
      const wanted = countTies(project, view, labels, expected);
      report.count('labels: tied', wanted);
      if (wanted !== tiedLabels)
        report.fault('replay', view.name, `  ${wanted} labels are tied, it counts ${tiedLabels}`);
    }
    const ties = random.pick(['include', 'exclude'] as const);
    const form = random.pick(['join', 'windows'] as const);
    const rows = await datasetRows(session, project, view, labels, ties, form);
    const check = new LabelCheck(project, view, labels, ties, expected, report);
    check.order(`dataset SQL, ${form}`, rows);
    check.hold(`dataset SQL, ${form}`, rows, (name) => `f_${name}`);
  }
}

class LabelCheck {
  constructor(
    private readonly project: Compiled,
    private readonly view: CompiledView,
    private readonly labels: readonly Label[],
    private readonly ties: Ties,
    private readonly expected: Expectations,
    private readonly report: Report,
  ) {}

  order(machine: string, rows: readonly ActualRow[]): void {
    const places = rows.map((row) => Number(row['label']));
    if (places.length === this.labels.length && places.every((place, i) => place === i)) return;
    this.report.fault(machine, this.view.name, `  labels came back as ${places.join(' ')}`);
  }

  hold(machine: string, rows: readonly ActualRow[], rename: (feature: string) => string): void {
    const { project, view, ties, report } = this;
    const keys = new Set(view.program.spec.entity.map((column) => column.name));
    const columns = columnsOf(view.spec).filter((column) => !keys.has(column.name));
    this.labels.forEach((label, i) => {
      const wanted = expectedAt(project, view, label, this.expected, ties);
      if (wanted.isOpen) {
        report.count(`${machine}: left open`);
        return;
      }
      report.count(`${machine}: labels`);
      const actual: Record<string, unknown> = Object.create(null);
      for (const { name } of columns) actual[name] = rows[i]?.[rename(name)];
      const question = `${view.name} at label ${i} (${label.t}), ties ${ties}`;
      if (wanted.row === null) {
        const filled = columns.filter(({ name }) => actual[name] !== null);
        if (filled.length > 0) report.fault(machine, question, `  no row, yet ${filled.map((c) => c.name).join(', ')}`);
        return;
      }
      const differences = compareRows([wanted.row], [actual], columns, { byPosition: true });
      if (differences.length > 0) report.fault(machine, question, describe(differences));
    });
  }
}

/** Without a key no label can name its own event. */
function tiesOf(source: SourceSpec): readonly Ties[] {
  return source.key.length > 0 ? ['include', 'exclude', 'exclude own'] : ['include', 'exclude'];
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
