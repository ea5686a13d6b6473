import type { SourceSpec, ViewSpec } from '../../runtime/values/manifest.ts';
import type { TemporalUnit } from '../../runtime/values/temporal.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import type { SourceText, Span } from '../diagnostics/diagnostic.ts';

/**
 * The typed relational plan. Stage of an expression is told by the leaves it may hold:
 * stage 1 (enrich, per event): `column`; stage 3 (project, at lookup): `slot`, `key`, `now`, and in request views `request` and `feature`.
 * Everything that is not a leaf or lazy is a `call` of a function of runtime/functions by its registry name.
 */
export type PlanExpr =
  | { readonly kind: 'const'; readonly type: SqlType; readonly value: Value; readonly span: Span }
  /** Index into SourceSpec.columns. */
  | {
      readonly kind: 'column';
      readonly type: SqlType;
      readonly column: number;
      readonly name: string;
      readonly span: Span;
    }
  /** Index into the view's slots. */
  | { readonly kind: 'slot'; readonly type: SqlType; readonly slot: number; readonly span: Span }
  /** Index into the view's entity columns. */
  | { readonly kind: 'key'; readonly type: SqlType; readonly key: number; readonly span: Span }
  /** Shape D: index into the request source's columns. */
  | {
      readonly kind: 'request';
      readonly type: SqlType;
      readonly column: number;
      readonly name: string;
      readonly span: Span;
    }
  /** Shape D: an output (entity column or feature, by ordinal) of the view of the join-th join. */
  | {
      readonly kind: 'feature';
      readonly type: SqlType;
      readonly join: number;
      readonly ordinal: number;
      readonly span: Span;
    }
  /** The instant t; type timestamp. */
  | { readonly kind: 'now'; readonly type: SqlType; readonly span: Span }
  | {
      readonly kind: 'call';
      readonly type: SqlType;
      readonly fn: string;
      readonly args: readonly PlanExpr[];
      readonly span: Span;
    }
  | { readonly kind: 'and' | 'or'; readonly type: SqlType; readonly args: readonly PlanExpr[]; readonly span: Span }
  | { readonly kind: 'not'; readonly type: SqlType; readonly arg: PlanExpr; readonly span: Span }
  | {
      readonly kind: 'isNull';
      readonly type: SqlType;
      readonly arg: PlanExpr;
      readonly negated: boolean;
      readonly span: Span;
    }
  /** Searched form only; `CASE x WHEN y` is bound to `x = y` conditions. `otherwise` is a NULL const where ELSE is missing. */
  | {
      readonly kind: 'case';
      readonly type: SqlType;
      readonly whens: readonly { readonly when: PlanExpr; readonly then: PlanExpr }[];
      readonly otherwise: PlanExpr;
      readonly span: Span;
    }
  | { readonly kind: 'coalesce'; readonly type: SqlType; readonly args: readonly PlanExpr[]; readonly span: Span };
// NULLIF(a,b) is bound to CASE WHEN a = b THEN NULL ELSE a END; BETWEEN and IN to comparisons with AND/OR;
// IS TRUE / IS NOT FALSE … to coalesce(x, false) and so on; IS DISTINCT FROM to the function `is_distinct`.

/**
 * A window bound as a function of t: `base(t) + offset`, base = t or date_trunc(unit, t). An event is inside while
 * `bound <(=) event time` (lower) or `event time <(=) bound` (upper). Only monotone bounds get here (rules.md 15): months ≠ 0 only
 * where trunc is month, quarter or year, and then `offsetMicros` is added after the calendar months.
 */
export interface InstantBound {
  readonly trunc: TemporalUnit | null;
  readonly offsetMonths: number;
  readonly offsetMicros: number;
  readonly inclusive: boolean;
}

/** Conjunction of all bounds; both empty = whole history up to t. `event time <= t` always holds besides. Several bounds on a side: all must hold. */
export interface InstantWindow {
  readonly lower: readonly InstantBound[];
  readonly upper: readonly InstantBound[];
}

/** Frame of an OVER window relative to the row; offsets are PRECEDING, so `end: 0` is CURRENT ROW. null = UNBOUNDED PRECEDING. */
export type RowFrame =
  | { readonly mode: 'range'; readonly startMicros: number | null; readonly endMicros: number }
  | { readonly mode: 'rows'; readonly start: number | null; readonly end: number };

export interface AggregateCall {
  /** Registry name in runtime/functions: count_star, count, sum, avg, min, max, bool_and, …, latest, earliest. */
  readonly fn: string;
  readonly distinct: boolean;
  /** Stage 1; null for count_star. */
  readonly arg: PlanExpr | null;
  readonly argType: SqlType | null;
  readonly type: SqlType;
  readonly span: Span;
}

/** One thing kept or computed per entity. Shape A has aggregates only. */
export type Slot =
  /** Shape A. `filter` is the stage-1 rest of FILTER after its window was taken out (WHERE not included); null = true. */
  | {
      readonly kind: 'aggregate';
      readonly call: AggregateCall;
      readonly filter: PlanExpr | null;
      readonly window: InstantWindow;
      readonly type: SqlType;
    }
  /** Shape B: a stage-1 expression of the latest row. */
  | { readonly kind: 'rowValue'; readonly expr: PlanExpr; readonly type: SqlType }
  /** Shape B: aggregate over a frame of the latest row. */
  | {
      readonly kind: 'frame';
      readonly call: AggregateCall;
      readonly filter: PlanExpr | null;
      readonly frame: RowFrame;
      readonly type: SqlType;
    }
  /** Shape B: first_value / last_value over a frame; row_number counts from the partition's start. */
  | {
      readonly kind: 'frameValue';
      readonly which: 'first' | 'last';
      readonly expr: PlanExpr;
      readonly frame: RowFrame;
      readonly type: SqlType;
    }
  /** Shape B: value `offset` rows before (lag), `otherwise` (stage 1, of the current row) where there is none. */
  | {
      readonly kind: 'lag';
      readonly expr: PlanExpr;
      readonly offset: number;
      readonly otherwise: PlanExpr | null;
      readonly type: SqlType;
    }
  | { readonly kind: 'rowNumber'; readonly type: SqlType };

export interface Output {
  readonly name: string;
  readonly span: Span;
  /** Stage 3. An entity column is `key`. */
  readonly expr: PlanExpr;
  readonly type: SqlType;
}

interface ViewPlanBase {
  readonly spec: ViewSpec;
  readonly file: SourceText;
  /** Span of the query inside the file, for the referee: the file's own bytes without comments' tags and COMMENT ON statements. */
  readonly querySpan: Span;
  /** In SELECT order. */
  readonly outputs: readonly Output[];
}

/** Shape A. A row exists at t iff at least one event passes `where` inside `whereWindow`, and `having` is true. */
export interface AggregateViewPlan extends ViewPlanBase {
  readonly kind: 'aggregate';
  readonly source: SourceSpec;
  /** Stage-1 expressions, one an entity column. */
  readonly entity: readonly PlanExpr[];
  readonly where: PlanExpr | null;
  /** Applies to every slot besides the slot's own window. */
  readonly whereWindow: InstantWindow;
  readonly slots: readonly Slot[];
  readonly having: PlanExpr | null;
}

/**
 * Shape B. The latest row at t is the one with the greatest (event time, key) among events that pass `where` inside `whereWindow` at t;
 * frames are taken over exactly those events, relative to it.
 */
export interface RowsViewPlan extends ViewPlanBase {
  readonly kind: 'rows';
  readonly source: SourceSpec;
  readonly entity: readonly PlanExpr[];
  readonly where: PlanExpr | null;
  readonly whereWindow: InstantWindow;
  readonly slots: readonly Slot[];
}

/** Shape D. */
export interface RequestViewPlan extends ViewPlanBase {
  readonly kind: 'request';
  readonly request: SourceSpec;
  readonly joins: readonly RequestJoin[];
  /** Stage 3 filter; a row that fails it is no row. */
  readonly where: PlanExpr | null;
}

export interface RequestJoin {
  readonly view: ViewPlan;
  readonly inner: boolean;
  /** One an entity column of the view, in its order: stage-3 over `request` (and constants). */
  readonly keys: readonly PlanExpr[];
  readonly span: Span;
}

export type ViewPlan = AggregateViewPlan | RowsViewPlan | RequestViewPlan;

/** A source with its ingestion expressions (stage 1 over its own columns). */
export interface SourcePlan {
  readonly spec: SourceSpec;
  readonly file: SourceText;
  /** Same order as spec.checks; a record breaks a check where it is FALSE (NULL passes). */
  readonly checks: readonly PlanExpr[];
  /** `@only`: columns of `onlyColumns`; a record is taken where it is TRUE. */
  readonly only: PlanExpr | null;
  /** Columns that `only` reads: declared ones first (same indexes as spec.columns), then undeclared JSON fields as text. */
  readonly onlyColumns: readonly { readonly name: string; readonly type: SqlType; readonly path: readonly string[] }[];
}

export interface ProjectPlan {
  readonly sources: readonly SourcePlan[];
  readonly views: readonly ViewPlan[];
}
