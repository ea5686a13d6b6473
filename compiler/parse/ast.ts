import type { Span } from '../diagnostics/diagnostic.ts';

/** fsc's own syntax tree. Every node has the span of its own source text (parentheses around it excluded). */
export interface Identifier {
  readonly span: Span;
  /** Folded to lower case unless quoted. */
  readonly name: string;
  readonly quoted: boolean;
}

/** As written: `decimal(12, 2)` is {name: 'decimal', args: [12, 2]}; names lower case, aliases kept (`int8`, `varchar`, `timestamp with time zone`). */
export interface TypeName {
  readonly span: Span;
  readonly name: string;
  readonly args: readonly number[];
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '||' | '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Expr =
  /** `text` is the digits as written: `1`, `1.50`, `1e3`. */
  | { readonly kind: 'number'; readonly span: Span; readonly text: string }
  /** `value` is unescaped. */
  | { readonly kind: 'string'; readonly span: Span; readonly value: string }
  | { readonly kind: 'boolean'; readonly span: Span; readonly value: boolean }
  | { readonly kind: 'null'; readonly span: Span }
  /** TIMESTAMP '…', DATE '…', TIMESTAMPTZ '…' */
  | { readonly kind: 'typedString'; readonly span: Span; readonly type: TypeName; readonly value: string }
  /** INTERVAL '7 days' (unit null) or INTERVAL '7' DAY (unit 'day') */
  | { readonly kind: 'interval'; readonly span: Span; readonly value: string; readonly unit: string | null }
  | { readonly kind: 'column'; readonly span: Span; readonly qualifier: Identifier | null; readonly name: Identifier }
  /** `*` or `t.*`, only as a select item */
  | { readonly kind: 'star'; readonly span: Span; readonly qualifier: Identifier | null }
  | { readonly kind: 'unary'; readonly span: Span; readonly op: '-' | '+'; readonly operand: Expr }
  | { readonly kind: 'not'; readonly span: Span; readonly operand: Expr }
  /** n-ary: `a AND b AND c` is one node with three operands. */
  | { readonly kind: 'and' | 'or'; readonly span: Span; readonly operands: readonly Expr[] }
  | {
      readonly kind: 'binary';
      readonly span: Span;
      readonly op: BinaryOperator;
      readonly opSpan: Span;
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly kind: 'isNull'; readonly span: Span; readonly operand: Expr; readonly negated: boolean }
  | {
      readonly kind: 'isBoolean';
      readonly span: Span;
      readonly operand: Expr;
      readonly value: boolean;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'isDistinct';
      readonly span: Span;
      readonly left: Expr;
      readonly right: Expr;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'between';
      readonly span: Span;
      readonly operand: Expr;
      readonly low: Expr;
      readonly high: Expr;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'in';
      readonly span: Span;
      readonly operand: Expr;
      readonly list: readonly Expr[];
      readonly negated: boolean;
    }
  | {
      readonly kind: 'like';
      readonly span: Span;
      readonly operand: Expr;
      readonly pattern: Expr;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'case';
      readonly span: Span;
      readonly operand: Expr | null;
      readonly whens: readonly { readonly when: Expr; readonly then: Expr }[];
      readonly otherwise: Expr | null;
    }
  | { readonly kind: 'cast'; readonly span: Span; readonly operand: Expr; readonly type: TypeName }
  /** `field` lower case */
  | {
      readonly kind: 'extract';
      readonly span: Span;
      readonly field: string;
      readonly fieldSpan: Span;
      readonly operand: Expr;
    }
  | CallExpr
  /** `(array_agg(…))[1]` */
  | { readonly kind: 'subscript'; readonly span: Span; readonly operand: Expr; readonly index: Expr }
  /** Whatever parses but has no node of its own (subqueries, `~`, JSON arrows …): the binder reports `what`. */
  | { readonly kind: 'unsupported'; readonly span: Span; readonly what: string; readonly help: string };

/** Any call, also `now()`, `current_timestamp` (no parentheses: args []), aggregates and window functions. */
export interface CallExpr {
  readonly kind: 'call';
  readonly span: Span;
  /** Lower case unless quoted. */
  readonly name: string;
  readonly nameSpan: Span;
  readonly args: readonly Expr[];
  /** count(*) */
  readonly star: boolean;
  readonly distinct: boolean;
  readonly orderBy: readonly OrderItem[];
  readonly filter: Expr | null;
  readonly over: WindowRef | null;
  /** IGNORE NULLS or RESPECT NULLS, for the binder to refuse. */
  readonly nulls?: NullTreatment;
}

export interface NullTreatment {
  readonly span: Span;
  readonly word: 'ignore' | 'respect';
}

export interface OrderItem {
  readonly span: Span;
  readonly expr: Expr;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last' | null;
}

/** OVER w (name only) or OVER (… possibly starting with a base window name …). */
export type WindowRef =
  | { readonly kind: 'named'; readonly span: Span; readonly name: Identifier }
  | { readonly kind: 'inline'; readonly span: Span; readonly spec: WindowSpec };

export interface WindowSpec {
  readonly span: Span;
  readonly base: Identifier | null;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: Frame | null;
}

export type FrameBound =
  | { readonly kind: 'unboundedPreceding' | 'unboundedFollowing' | 'currentRow'; readonly span: Span }
  | { readonly kind: 'preceding' | 'following'; readonly span: Span; readonly offset: Expr };

export interface Frame {
  readonly span: Span;
  readonly mode: 'range' | 'rows' | 'groups';
  readonly start: FrameBound;
  /** The short form `ROWS 10 PRECEDING` has CURRENT ROW here, with the frame's span. */
  readonly end: FrameBound;
  /** null where not written */
  readonly exclude: { readonly span: Span; readonly what: 'current row' | 'group' | 'ties' | 'no others' } | null;
}

export interface SelectItem {
  readonly span: Span;
  readonly expr: Expr;
  readonly alias: Identifier | null;
}

export type FromItem =
  | {
      readonly kind: 'table';
      readonly span: Span;
      readonly name: Identifier;
      readonly schema: Identifier | null;
      readonly alias: Identifier | null;
    }
  | {
      readonly kind: 'subquery';
      readonly span: Span;
      readonly query: Query;
      readonly alias: Identifier | null;
      readonly lateral: boolean;
    }
  | { readonly kind: 'unsupported'; readonly span: Span; readonly what: string; readonly help: string };

export interface Join {
  readonly span: Span;
  /** Anything but inner and left is for the binder to refuse. */
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross' | 'comma' | 'natural' | 'asof';
  readonly typeSpan: Span;
  readonly item: FromItem;
  readonly on: Expr | null;
  readonly using: readonly Identifier[] | null;
}

export interface Select {
  readonly kind: 'select';
  readonly span: Span;
  readonly distinct: { readonly span: Span; readonly on: boolean } | null;
  readonly items: readonly SelectItem[];
  readonly from: FromItem | null;
  readonly joins: readonly Join[];
  readonly where: Expr | null;
  readonly groupBy: readonly Expr[];
  /** Span of a GROUP BY that is no plain list (ROLLUP, CUBE, GROUPING SETS), else null. */
  readonly groupingSets: Span | null;
  readonly having: Expr | null;
  readonly windows: readonly { readonly span: Span; readonly name: Identifier; readonly spec: WindowSpec }[];
  readonly orderBy: readonly OrderItem[];
  /** The clause with its words. */
  readonly orderBySpan: Span | null;
  readonly limit: Span | null;
  readonly offset: Span | null;
}

export interface Query {
  readonly span: Span;
  readonly ctes: readonly {
    readonly span: Span;
    readonly name: Identifier;
    readonly columns: readonly Identifier[] | null;
    readonly recursive: boolean;
    readonly query: Query;
  }[];
  readonly body: Select;
  /** Further branches of a set operation, empty for a plain SELECT. */
  readonly setOps: readonly {
    readonly op: 'union all' | 'union' | 'except' | 'intersect';
    readonly span: Span;
    readonly select: Select;
  }[];
}

/** `-- @tag value`. `value` is trimmed; a trailing explanation after two or more blanks is cut off (`10 minutes        how far…`). */
export interface Tag {
  readonly span: Span;
  /** Without the @ */
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: string;
  readonly valueSpan: Span;
}

export interface ColumnDefinition {
  readonly span: Span;
  readonly name: Identifier;
  readonly type: TypeName;
  readonly notNull: boolean;
  readonly primaryKey: boolean;
  readonly defaultValue: Expr | null;
  readonly checks: readonly { readonly span: Span; readonly expr: Expr }[];
  /** UNIQUE, REFERENCES, GENERATED …: for the catalog to refuse. */
  readonly unsupported: readonly { readonly span: Span; readonly what: string }[];
}

export interface Comment {
  readonly span: Span;
  readonly on: 'table' | 'view' | 'column';
  /** `flights` or [`flights`, `delay`] */
  readonly target: readonly Identifier[];
  readonly text: string;
}

/** A file of features/sources. */
export interface SourceFile {
  readonly kind: 'source';
  readonly tags: readonly Tag[];
  readonly table: Identifier;
  readonly columns: readonly ColumnDefinition[];
  /** PRIMARY KEY (a, b) written as a table constraint, else null. */
  readonly primaryKey: { readonly span: Span; readonly columns: readonly Identifier[] } | null;
  readonly checks: readonly { readonly span: Span; readonly expr: Expr }[];
  readonly unsupported: readonly { readonly span: Span; readonly what: string }[];
  readonly comments: readonly Comment[];
}

/** A file of features/<view>. Exactly one query, and COMMENT ON statements. */
export interface ViewFile {
  readonly kind: 'view';
  readonly tags: readonly Tag[];
  readonly query: Query;
  readonly comments: readonly Comment[];
}
