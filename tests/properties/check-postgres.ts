/** Machine 2: the emitted functions in PostgreSQL, and the user's own text there as the second referee. */
import { Random } from '../generators/random.ts';
import { hold, type Labels } from './check-dataset.ts';
import type { PostgresMachines } from './machines/postgres.ts';
import type { Ties } from './machines/replay.ts';
import { answered, type Expected, type Oracle } from './oracle.ts';
import { DEVIATION_ROUNDS_BY, divergentColumns, roundedColumns, rowsDiverge } from './postgres-divergence.ts';
import type { CompiledView, Project } from './project.ts';
import type { Report } from './report.ts';

export interface PostgresBudget {
  /** Views that are asked; without them all. */
  readonly views?: readonly CompiledView[];
  /** Instants a view; Infinity for all. */
  readonly functionInstants: number;
  readonly refereeInstants: number;
}

/** Tables hold what all lines gave: emitted SQL knows nothing of n. */
export async function checkPostgres(
  machines: PostgresMachines,
  project: Project,
  oracle: Oracle,
  report: Report,
  budget: PostgresBudget,
): Promise<void> {
  const random = new Random(project.seed * 7 + 6);
  await machines.load(project, oracle.accepted);
  for (const view of budget.views ?? project.views) {
    await checkFunction(machines, view, oracle, report, random, budget.functionInstants);
    await checkReferee(machines, view, oracle, report, random, budget.refereeInstants);
  }
}

async function checkFunction(
  machines: PostgresMachines,
  view: CompiledView,
  oracle: Oracle,
  report: Report,
  random: Random,
  count: number,
): Promise<void> {
  const asked = answered(view, oracle, random, count);
  if (asked.length === 0) return;
  const answers = await machines.emittedRows(
    view,
    asked.map(({ t }) => t),
  );
  asked.forEach(({ t, wanted }, i) => {
    report.compare('emitted Postgres', view, `at ${t}`, wanted, answers[i] ?? []);
  });
}

async function checkReferee(
  machines: PostgresMachines,
  view: CompiledView,
  oracle: Oracle,
  report: Report,
  random: Random,
  count: number,
): Promise<void> {
  const divergent = divergentColumns(view.plan);
  const rounded = roundedColumns(view.plan);
  const areOtherRows = rowsDiverge(view.plan);
  for (const { t, wanted } of answered(view, oracle, random, count)) {
    if (areOtherRows) {
      report.count('Postgres referee: rows that diverge');
      continue;
    }
    // Raw SQL may keep other rows where a condition fails to have a value.
    if (wanted.filterErrors > 0) {
      report.count('Postgres referee: errors in WHERE');
      continue;
    }
    const rows = await machines.refereeRows(view, t);
    if (rows !== null) {
      const columns = wanted.columns.filter(({ key, name }) => key || !divergent.has(name));
      report.count('Postgres referee: columns that diverge', wanted.columns.length - columns.length);
      report.compare('Postgres referee', view, `at ${t}`, { ...widened(wanted, rounded), columns }, rows, {
        skipErrors: true,
      });
      continue;
    }
    report.count('Postgres referee: guarded');
    report.compare('guarded Postgres', view, `at ${t}`, wanted, await machines.guardedRows(view, t));
  }
}

/** As `wanted`, with room for the rounding of these columns. */
function widened(wanted: Expected, columns: ReadonlySet<string>): Expected {
  if (columns.size === 0) return wanted;
  const rows = wanted.rows.map((row) => {
    const cells = Object.entries(row.cells).map(([name, cell]) => {
      if (!columns.has(name) || typeof cell.value !== 'number') return [name, cell] as const;
      return [name, { ...cell, tolerance: cell.tolerance + Math.abs(cell.value) * DEVIATION_ROUNDS_BY }] as const;
    });
    return { ...row, cells: Object.fromEntries(cells) };
  });
  return { ...wanted, rows };
}

/** Over the tables that `checkPostgres` has made. */
export async function checkPostgresDataset(
  machines: PostgresMachines,
  set: Labels,
  ties: Ties,
  tied: number | null,
  report: Report,
): Promise<void> {
  const { project, view, labels } = set;
  const rows = await machines.datasetRows(project, view, labels, ties);
  if (rows.length !== labels.length) report.fault('Postgres dataset', view.name, `  ${rows.length} rows`);
  hold(set, 'Postgres dataset', ties, rows, (name) => name, report);
  const counted = rows.filter((row) => row['fsc tied'] === true).length;
  if (tied !== null && counted !== tied)
    report.fault('Postgres dataset', view.name, `  ${tied} labels are tied, it counts ${counted}`);
}
