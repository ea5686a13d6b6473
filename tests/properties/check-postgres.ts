/** Machine 2: the emitted functions in PostgreSQL, and the user's own text there as the second referee. */
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { Random } from '../generators/random.ts';
import { hold, type Labels } from './check-dataset.ts';
import type { PostgresMachines } from './machines/postgres.ts';
import type { Ties } from './machines/replay.ts';
import { type Expected, linesOf, type Oracle } from './oracle.ts';
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
  for (const { t, wanted } of answered(view, oracle, random, count)) {
    // Raw SQL may keep other rows where a condition fails to have a value.
    if (wanted.filterErrors > 0) {
      report.count('Postgres referee: errors in WHERE');
      continue;
    }
    const rows = await machines.refereeRows(view, t);
    if (rows !== null) {
      const { columns, left } = comparable(view, wanted);
      report.count('Postgres referee: columns that diverge', left);
      report.compare('Postgres referee', view, `at ${t}`, { ...wanted, columns }, rows, { skipErrors: true });
      continue;
    }
    report.count('Postgres referee: guarded');
    report.compare('guarded Postgres', view, `at ${t}`, wanted, await machines.guardedRows(view, t));
  }
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

/** Without the columns in which the raw text means something else in PostgreSQL (tests/postgres/divergences.test.ts shows each row). */
function comparable({ plan }: CompiledView, { columns }: Expected) {
  const differs = (name: string): boolean => {
    const output = plan.outputs.find((one) => one.name === name);
    if (output === undefined) return false;
    // Of such a value by itself only the last bits differ, which its tolerance covers.
    return divergesInPostgres(output.expr, plan) || (!isBare(output.expr, plan) && holdsNumeric(output.expr, plan));
  };
  const kept = columns.filter(({ key, name }) => key || !differs(name));
  return { columns: kept, left: columns.length - kept.length };
}

/** round of a double takes halves to even; the sum of reals is a real. */
function divergesInPostgres(node: unknown, plan: ViewPlan): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if (Array.isArray(node)) return node.some((one) => divergesInPostgres(one, plan));
  const { kind, fn, args, arg, argType, slot, join, ordinal } = node as PlanNode;
  if (kind === 'call' && fn === 'round' && args?.[0] !== undefined && isFloat(args[0].type.kind)) return true;
  // The plan widens reals before it sums them.
  if (fn === 'sum' && (argType?.kind === 'real' || arg?.args?.[0]?.type.kind === 'real')) return true;
  if (kind === 'slot' && plan.kind !== 'request') return divergesInPostgres(plan.slots[slot as number], plan);
  if (kind === 'feature' && plan.kind === 'request') {
    const inner = plan.joins[join as number]?.view;
    return inner !== undefined && divergesInPostgres(inner.outputs[ordinal as number]?.expr, inner);
  }
  return Object.values(node).some((one) => divergesInPostgres(one, plan));
}

function isBare(node: unknown, plan: ViewPlan): boolean {
  const { kind, join, ordinal } = node as PlanNode;
  if (kind !== 'feature' || plan.kind !== 'request') return kind === 'slot';
  const inner = plan.joins[join as number]?.view;
  return inner !== undefined && isBare(inner.outputs[ordinal as number]?.expr, inner);
}

/** avg, variance and stddev of exact values are numeric there, and so is what is reckoned with them; fsc, as DuckDB, does it in doubles. */
function holdsNumeric(node: unknown, plan: ViewPlan): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if (Array.isArray(node)) return node.some((one) => holdsNumeric(one, plan));
  const { kind, fn, argType, slot, join, ordinal } = node as PlanNode;
  const isExact = argType !== undefined && argType !== null && !isFloat(argType.kind);
  if (isExact && fn !== undefined && /^(avg|var|stddev)/.test(fn)) return true;
  if (kind === 'slot' && plan.kind !== 'request') return holdsNumeric(plan.slots[slot as number], plan);
  if (kind === 'feature' && plan.kind === 'request') {
    const inner = plan.joins[join as number]?.view;
    return inner !== undefined && holdsNumeric(inner.outputs[ordinal as number]?.expr, inner);
  }
  return Object.values(node).some((one) => holdsNumeric(one, plan));
}

interface PlanNode {
  readonly kind?: string;
  readonly fn?: string;
  readonly args?: readonly { readonly type: SqlType }[];
  readonly arg?: { readonly args?: readonly { readonly type: SqlType }[] } | null;
  readonly argType?: SqlType | null;
  readonly slot?: number;
  readonly join?: number;
  readonly ordinal?: number;
}

function isFloat(kind: SqlType['kind']): boolean {
  return kind === 'double' || kind === 'real';
}

function answered(view: CompiledView, oracle: Oracle, random: Random, count: number) {
  const lines = linesOf(oracle);
  return random.sample(oracle.instants, count).flatMap((t) => {
    const wanted = oracle.at(view, t, lines);
    return wanted === null ? [] : [{ t, wanted }];
  });
}
