/**
 * The structured form of sources, views and logs that random cases are made of. One spec is printed as the SQL a user
 * would write and evaluated naively; nothing here is shared with the product.
 */

export type Type =
  | { readonly kind: 'smallint' | 'integer' | 'bigint' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'real' | 'double' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text'; readonly max?: number }
  | { readonly kind: 'date' | 'timestamp' | 'timestamptz' | 'interval' };

export const SMALLINT: Type = { kind: 'smallint' };
export const INTEGER: Type = { kind: 'integer' };
export const BIGINT: Type = { kind: 'bigint' };
export const REAL: Type = { kind: 'real' };
export const DOUBLE: Type = { kind: 'double' };
export const BOOLEAN: Type = { kind: 'boolean' };
export const TEXT: Type = { kind: 'text' };
export const DATE: Type = { kind: 'date' };
export const TIMESTAMP: Type = { kind: 'timestamp' };
export const TIMESTAMPTZ: Type = { kind: 'timestamptz' };
export const INTERVAL: Type = { kind: 'interval' };
export const decimal = (precision: number, scale: number): Type => ({ kind: 'decimal', precision, scale });

/** Months and microseconds; days are 86,400 seconds. */
export interface Interval {
  readonly months: number;
  readonly micros: bigint;
}

/**
 * The value of a column: integers as bigint, decimals as bigint in units of the type's scale, doubles as number, dates as
 * days and timestamps as microseconds since 1970 (bigint).
 */
export type Value = null | boolean | bigint | number | string;

export type Row = Readonly<Record<string, Value>>;

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '||'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'is distinct from'
  | 'is not distinct from'
  | 'like'
  | 'not like'
  | 'and'
  | 'or';

export type ScalarFunction =
  | 'coalesce'
  | 'nullif'
  | 'greatest'
  | 'least'
  | 'lower'
  | 'upper'
  | 'length'
  | 'substr'
  | 'trim'
  | 'replace'
  | 'starts_with'
  | 'abs'
  | 'round'
  | 'floor'
  | 'ceil'
  | 'trunc'
  | 'sqrt'
  | 'exp'
  | 'ln'
  | 'power'
  | 'mod'
  | 'sign'
  | 'date_trunc'
  | 'extract'
  | 'date_part';

export type AggregateFunction =
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'bool_and'
  | 'bool_or'
  | 'var_samp'
  | 'var_pop'
  | 'stddev_samp'
  | 'stddev_pop'
  | 'latest'
  | 'earliest';

export type WindowFunction = AggregateFunction | 'lag' | 'row_number' | 'first_value' | 'last_value';

export type FrameBound =
  | { readonly kind: 'unbounded' }
  | { readonly kind: 'current' }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'range'; readonly interval: Interval; readonly text: string };

export interface Frame {
  readonly mode: 'range' | 'rows';
  readonly start: FrameBound;
  readonly end: FrameBound;
  /** `ROWS 3 PRECEDING` instead of `BETWEEN … AND CURRENT ROW`. */
  readonly short?: boolean;
}

export interface Over {
  readonly partition: readonly string[];
  /** Event time alone, or event time and the key. */
  readonly order: 'time' | 'time and key';
  /** None is the standard's RANGE UNBOUNDED PRECEDING. */
  readonly frame?: Frame;
  /** Printed in the WINDOW clause under this name. */
  readonly name?: string;
}

export interface ColumnExpr {
  readonly node: 'column';
  readonly type: Type;
  readonly name: string;
  readonly table?: string;
}
export interface LiteralExpr {
  readonly node: 'literal';
  readonly type: Type;
  readonly value: Value | Interval;
  readonly text?: string;
}
export interface NowExpr {
  readonly node: 'now';
  readonly type: Type;
}
export interface BinaryExpr {
  readonly node: 'binary';
  readonly type: Type;
  readonly op: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
}
export interface UnaryExpr {
  readonly node: 'unary';
  readonly type: Type;
  readonly op: 'not' | '-' | 'is null' | 'is not null' | 'is true' | 'is false';
  readonly arg: Expr;
}
export interface BetweenExpr {
  readonly node: 'between';
  readonly type: Type;
  readonly negated: boolean;
  readonly arg: Expr;
  readonly low: Expr;
  readonly high: Expr;
}
export interface InExpr {
  readonly node: 'in';
  readonly type: Type;
  readonly negated: boolean;
  readonly arg: Expr;
  readonly list: readonly Expr[];
}
export interface CaseExpr {
  readonly node: 'case';
  readonly type: Type;
  readonly whens: readonly { readonly when: Expr; readonly result: Expr }[];
  readonly otherwise?: Expr;
}
export interface CastExpr {
  readonly node: 'cast';
  readonly type: Type;
  readonly arg: Expr;
  /** Printed as `x::type`. */
  readonly short?: boolean;
}
export interface CallExpr {
  readonly node: 'call';
  readonly type: Type;
  readonly fn: ScalarFunction;
  readonly args: readonly Expr[];
  readonly unit?: string;
}
export interface AggregateExpr {
  readonly node: 'aggregate';
  readonly type: Type;
  readonly fn: AggregateFunction;
  readonly arg?: Expr;
  readonly distinct?: boolean;
  /** Conjuncts of FILTER (WHERE …). */
  readonly filter: readonly Expr[];
}
export interface WindowExpr {
  readonly node: 'window';
  readonly type: Type;
  readonly fn: WindowFunction;
  readonly args: readonly Expr[];
  readonly filter: readonly Expr[];
  readonly over: Over;
}

export type Expr =
  | ColumnExpr
  | LiteralExpr
  | NowExpr
  | BinaryExpr
  | UnaryExpr
  | BetweenExpr
  | InExpr
  | CaseExpr
  | CastExpr
  | CallExpr
  | AggregateExpr
  | WindowExpr;

export interface ColumnSpec {
  readonly name: string;
  readonly type: Type;
  readonly notNull: boolean;
  readonly check?: Expr;
  readonly fallback?: LiteralExpr;
  /** `-- @from`: where the line has it, at most one level down, and how an instant is written there. */
  readonly from?: { readonly path: readonly string[]; readonly unit?: 'epoch_us' };
  /** Generators' hints: values that sums overflow on; values small enough for exp and power. */
  readonly huge?: boolean;
  readonly small?: boolean;
  /** NaN and the infinities are among its values. */
  readonly special?: boolean;
}

export interface SourceSpec {
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly eventTime: string;
  /** Empty: @key none. */
  readonly key: readonly string[];
  readonly lateness: { readonly micros: bigint; readonly text: string };
  /** The tag is left out where lateness is the default. */
  readonly latenessTag: boolean;
  readonly order: 'arrival' | 'none';
  /** The column that names a line's partition. */
  readonly partition?: string;
  /** `@only`: other records are none of the source's. */
  readonly only?: Expr;
  /** A live source, all of whose records become known at this instant: only there can one be ahead. */
  readonly knownAt?: bigint;
  /** The tag; without it the least of a minute and the lateness. */
  readonly maxAhead?: { readonly micros: bigint; readonly text: string };
}

export interface RequestSpec {
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
}

export interface Output {
  readonly name: string;
  readonly expr: Expr;
}

interface ViewBase {
  readonly name: string;
  readonly outputs: readonly Output[];
}

/** As-of aggregate: the first `keys` outputs are the group's expressions. */
export interface AggregateView extends ViewBase {
  readonly shape: 'A';
  readonly source: string;
  readonly keys: readonly Output[];
  readonly where: readonly Expr[];
  readonly having?: Expr;
}

/** Rows: the value of an entity is its last row. */
export interface RowsView extends ViewBase {
  readonly shape: 'B';
  readonly source: string;
  readonly entity: readonly string[];
  /** No OVER: `-- @entity` names the entity. */
  readonly entityTag: boolean;
  readonly where: readonly Expr[];
}

export interface JoinSpec {
  readonly kind: 'left' | 'inner';
  readonly view: string;
  readonly alias: string;
  /** View's key column = request's column. */
  readonly on: readonly { readonly key: string; readonly request: string }[];
}

/** Request view: one row a request (an inner join may drop it). */
export interface RequestView extends ViewBase {
  readonly shape: 'D';
  readonly request: string;
  readonly alias: string;
  readonly joins: readonly JoinSpec[];
}

export type ViewSpec = AggregateView | RowsView | RequestView;

/** One field of a JSON line: a value with the text it is written as, or a text that no value of the column has. */
export type Cell = { readonly value: Value; readonly json: string } | { readonly bad: string };

/** One line of the log, in arrival order. A column without a cell is missing from the line. */
export type LogLine =
  | { readonly kind: 'event'; readonly cells: Readonly<Record<string, Cell>>; readonly extra?: string }
  | { readonly kind: 'poison'; readonly text: string };

export type Verdict = 'skipped' | 'malformed' | 'constraint' | 'range' | 'ahead' | 'late' | 'duplicate' | 'accepted';

export interface Case {
  readonly seed: number;
  /** Which of the seed's logs it has; without it, the first. */
  readonly nth?: number;
  /** How its SQL is written; without one, plainly. */
  readonly style?: number;
  readonly source: SourceSpec;
  readonly request?: RequestSpec;
  readonly views: readonly ViewSpec[];
  readonly log: readonly LogLine[];
  /** Rows of the request, in order. */
  readonly requests: readonly Row[];
  /** Instants t in microseconds. */
  readonly instants: readonly bigint[];
  /** Prefixes n: the log is its first n lines. */
  readonly prefixes: readonly number[];
}

export const versioned = (view: ViewSpec): string => `${view.name}_v1`;
