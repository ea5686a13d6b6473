/** Machines 6 and 7: every label in its order, each with the view's values at its instant. */
import type { Random } from '../generators/random.ts';
import type { ActualRow, ColumnInfo } from '../reference/compare.ts';
import { compareRows } from '../reference/compare.ts';
import type { NaiveRow } from '../reference/evaluate.ts';
import { type DatasetForm, datasetRows } from './machines/dataset.ts';
import { macroSession, type Records } from './machines/duckdb.ts';
import { type Label, replayLabels, type Ties } from './machines/replay.ts';
import type { CompiledView, Project } from './project.ts';
import { describe, type Report } from './report.ts';

export interface ExpectedLabel {
  /** Null: the SELECT has no row for it. */
  readonly row: NaiveRow | null;
  readonly isOpen: boolean;
}

/** A set of labels for one view. */
export interface Labels {
  readonly project: Project;
  readonly view: CompiledView;
  readonly labels: readonly Label[];
  readonly columns: readonly ColumnInfo[];
  expected(label: number, ties: Ties): ExpectedLabel;
}

/** `tied`: how many labels stand at the event time of an event of their entity (rules.md 35). */
export async function checkReplay(
  set: Labels,
  ties: Ties,
  sorted: Records,
  tied: number | null,
  report: Report,
  random: Random,
): Promise<void> {
  const { project, view, labels } = set;
  const { rows, tiedLabels } = await replayLabels(project, view, labels, sorted, ties, random);
  hold(set, 'replay', ties, rows, (name) => name, report);
  if (tied === null) return;
  report.count('labels: tied', tied);
  if (tied !== tiedLabels) report.fault('replay', view.name, `  ${tied} labels are tied, it counts ${tiedLabels}`);
}

/** Over the tables that `checkSql` has made. */
export async function checkDatasetSql(
  set: Labels,
  ties: 'include' | 'exclude',
  form: DatasetForm,
  report: Report,
): Promise<void> {
  const { project, view, labels } = set;
  const machine = `dataset SQL, ${form}`;
  const rows = await datasetRows(await macroSession(), project, view, labels, ties, form);
  const places = rows.map((row) => Number(row.label));
  if (places.length !== labels.length || places.some((place, i) => place !== i)) {
    report.fault(machine, view.name, `  labels came back as ${places.join(' ')}`);
  }
  hold(set, machine, ties, rows, (name) => `f_${name}`, report);
}

/** Each label's row against what is expected. */
export function hold(
  set: Labels,
  machine: string,
  ties: Ties,
  rows: readonly ActualRow[],
  rename: (feature: string) => string,
  report: Report,
): void {
  const keys = new Set(set.view.spec.entity.map(({ name }) => name));
  const columns = set.columns.filter(({ name }) => !keys.has(name));
  set.labels.forEach((label, i) => {
    const wanted = set.expected(i, ties);
    if (wanted.isOpen) {
      report.count(`${machine}: left open`);
      return;
    }
    report.count(`${machine}: labels`);
    if (wanted.row !== null) report.countSpecials(machine, { rows: [wanted.row], columns });
    const actual: Record<string, unknown> = Object.create(null);
    for (const { name } of columns) actual[name] = rows[i]?.[rename(name)];
    const fault = wanted.row === null ? filled(actual) : differences(wanted.row, actual, columns);
    if (fault !== '') report.fault(machine, `${set.view.name} at label ${i} (${label.t}), ties ${ties}`, fault);
  });
}

function differences(row: NaiveRow, actual: ActualRow, columns: readonly ColumnInfo[]): string {
  return describe(compareRows([row], [actual], columns, { byPosition: true }));
}

function filled(actual: ActualRow): string {
  const names = Object.keys(actual).filter((name) => actual[name] !== null);
  return names.length === 0 ? '' : `  no row, yet ${names.join(', ')}`;
}
