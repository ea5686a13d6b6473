/**
 * Constant intervals that compare equal and are two: a month and 30 days, a year and 360. DuckDB 1.5 takes one for the other wherever it
 * looks for equal expressions (common subexpressions and aggregates, conditions of an OR), and moves instants by the wrong one.
 */
import { sumOfIntervals, timesInterval } from '../../runtime/functions/moves.ts';
import { isTemporal } from '../../runtime/functions/support.ts';
import { compareIntervals, negateInterval } from '../../runtime/values/interval.ts';
import type { IntervalValue } from '../../runtime/values/types.ts';
import { planChildren } from '../bind/walk.ts';
import type { SourceText, Span } from '../diagnostics/diagnostic.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { PlanExpr } from '../plan/plan.ts';
import type { ViewDraft, ViewInput } from '../plan/view-input.ts';
import { allExprs } from './agreement.ts';

export interface ConstantInterval {
  readonly value: IntervalValue;
  readonly span: Span;
}

/** What an expression of constants alone comes to; null where it is none, or NULL. */
export function knownInterval(expr: PlanExpr): IntervalValue | null {
  if (expr.type.kind !== 'interval') return null;
  if (expr.kind === 'const') return expr.value as IntervalValue | null;
  if (expr.kind !== 'call') return null;
  const [left, right] = expr.args;
  if (left === undefined || right === undefined) return null;
  if (expr.fn === 'scale_interval') return scaled(left, right) ?? scaled(right, left);
  const [a, b] = [knownInterval(left), knownInterval(right)];
  if (a === null || b === null) return null;
  return sumOfIntervals(a, expr.fn === 'subtract_temporal' ? negateInterval(b) : b);
}

function scaled(of: PlanExpr, by: PlanExpr): IntervalValue | null {
  const value = knownInterval(of);
  if (value === null || by.kind !== 'const' || typeof by.value !== 'number') return null;
  return timesInterval(value, by.value);
}

/** Two that compare equal; null where there are none. */
export function equalIntervals<T extends ConstantInterval>(found: readonly T[]): readonly [T, T] | null {
  for (const [i, later] of found.entries()) {
    const earlier = found.slice(0, i).find((one) => areConfused(one.value, later.value));
    if (earlier !== undefined) return [earlier, later];
  }
  return null;
}

/** A day and 24 hours move a timestamp without zone alike. */
function areConfused(a: IntervalValue, b: IntervalValue): boolean {
  return a.months !== b.months && compareIntervals(a, b) === 0;
}

/** Constants whose value matters beyond their length. `withMoves`: also those by which instants or dates are moved as they stand. */
export function intervalsIn(expr: PlanExpr, withMoves: boolean): readonly ConstantInterval[] {
  const value = knownInterval(expr);
  if (value !== null) return [{ value, span: expr.span }];
  const isExcepted = isOfTheLength(expr) || (!withMoves && isMove(expr));
  return planChildren(expr).flatMap((child) =>
    isExcepted && knownInterval(child) !== null ? [] : intervalsIn(child, withMoves),
  );
}

/** A comparison, or a field, which is a number before DuckDB looks for equals. */
function isOfTheLength(expr: PlanExpr): boolean {
  return expr.kind === 'call' && expr.type.kind !== 'interval' && !isTemporal(expr.type);
}

function isMove(expr: PlanExpr): boolean {
  return expr.kind === 'call' && expr.args.some(({ type }) => isTemporal(type));
}

/** Emitted SQL spells moves so that no two are equal (`duckdbMoved`); of other constants DuckDB could not tell equal ones apart. */
export function refuseEqualIntervals(draft: ViewDraft, { faults, file }: ViewInput): void {
  const joins = draft.kind === 'request' ? draft.joins : [];
  const inFile = (source: SourceText, exprs: readonly PlanExpr[]): readonly PlacedInterval[] =>
    exprs.flatMap((expr) => intervalsIn(expr, false)).map((interval) => ({ ...interval, file: source }));
  const found = [...joins.flatMap(({ view }) => inFile(view.file, allExprs(view))), ...inFile(file, allExprs(draft))];
  const equal = equalIntervals(found);
  if (equal === null) return;
  const [earlier, later] = equal;
  const [first, second] = equal.map((one) => textOf(one.file, one.span));
  // Two joined views that are each right by themselves.
  const span = joins.find(({ view }) => view.file === later.file)?.span ?? later.span;
  faults.error('FSC3018', span, `\`${second}\` is as long as \`${first}\`, which DuckDB takes for the same`, {
    secondary: earlier.file === file ? [{ span: earlier.span, text: 'as long, with months of 30 days' }] : [],
  });
}

interface PlacedInterval extends ConstantInterval {
  readonly file: SourceText;
}
