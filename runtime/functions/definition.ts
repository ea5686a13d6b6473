import type { SqlType, Value } from '../values/types.ts';

/** A forgotten dialect does not type-check. */
export type Dialect = 'duckdb' | 'postgres';

/** For exact arguments. `exact`: equal in every machine. `double`: equal within design.md section 4's tolerance. */
export type AgreementClass = 'exact' | 'double';

/** What a call site tells a form: argument types after coercion, and the result type. */
export interface CallTypes {
  readonly args: readonly SqlType[];
  readonly result: SqlType;
}

/** SQL text over printed (already parenthesised where needed) arguments, or why the dialect cannot say it. */
export type SqlForm = (args: readonly string[], types: CallTypes) => string | { readonly unsupported: string };

export type Resolution =
  | {
      readonly ok: true;
      readonly args: readonly SqlType[];
      readonly result: SqlType;
      readonly agreement: AgreementClass;
    }
  /** `message` is a one-line fault in lower case; `help` names the edit; `code` overrides the generic type error, e.g. 'FSC3010'. */
  | {
      readonly ok: false;
      readonly code: string | null;
      readonly message: string;
      readonly cause: string;
      readonly help: string;
      /** The argument at fault; null: the call as a whole. */
      readonly argument: number | null;
    };

/** A constant argument's value, or undefined where the argument is no constant: lets `resolve` look at `round(x, 2)` or a LIKE pattern. */
export type ConstantArg = Value | undefined;

/** Kinds of type that an argument may have before coercion: the tests draw their calls from them. */
export type ArgumentDomain = readonly SqlType['kind'][];

export interface FunctionDoc {
  readonly summary: string;
  /** How SQL writes it: `round(x)`, `round(x, digits)`. */
  readonly calls: readonly string[];
  /** What it takes, and what it gives for that. */
  readonly types: string;
  /** Paragraphs and list items that follow. */
  readonly details?: readonly string[];
  /** An SQL expression without columns and its value as text. Runs as a test in both databases and in the kernel. */
  readonly examples: readonly { readonly sql: string; readonly value: string }[];
}

/**
 * A scalar function or operator. Casts, comparisons and arithmetic are functions too; AND, OR, NOT, CASE, COALESCE, NULLIF
 * are lazy and belong to the expression printers.
 */
export interface ScalarFunction {
  readonly kind: 'scalar';
  /** Registry name, unique over scalars; kebab-free: `add`, `lower`, `cast`, `date_trunc`. File name = this name (or its family). */
  readonly name: string;
  /** How SQL calls it: `{fn: 'lower'}`, `{op: '+'}`; empty for `cast`, which the binder names itself. */
  readonly spellings: readonly ({ readonly fn: string } | { readonly op: string; readonly arity: 1 | 2 })[];
  readonly minArgs: number;
  /** Infinity for greatest/least/concat. */
  readonly maxArgs: number;
  readonly resolve: (args: readonly SqlType[], constants: readonly ConstantArg[], target: SqlType | null) => Resolution;
  /** NULL in → NULL out, checked by the printers before the kernel is called. */
  readonly strict: boolean;
  /** True if non-NULL arguments can give NULL (overflow, x/0, failed cast): counted as an expression error. */
  readonly canFail: (types: CallTypes) => boolean;
  /** Part of the fingerprint; raise it when the meaning changes. */
  readonly semantics: number;
  /** Guarded, total SQL: never raises, gives NULL where the kernel does. */
  readonly sql: Readonly<Record<Dialect, SqlForm>>;
  /**
   * JavaScript text over printed argument expressions (each a local name or literal, evaluated once by the caller, never NULL if
   * strict). May call kernels as `k.NAME(…)`. Gives null on failure. E.g. `(a, t) => \`k.addInt32(${a[0]}, ${a[1]})\``.
   */
  readonly js: (args: readonly string[], types: CallTypes) => string;
  /** Real, tested code that `js` refers to: `{ addInt32: (a: number, b: number) => number | null }`. Names unique over all functions. */
  readonly kernels: Readonly<Record<string, (...args: never[]) => Value>>;
  readonly domain: readonly ArgumentDomain[];
  readonly doc: FunctionDoc;
}

/** How the state of an aggregate can move (design.md section 5, Functions). */
export type Algebra = 'group' | 'monoid' | 'multiset';

/**
 * An aggregate. Its incremental operator lives in `runtime/state/operators` keyed by `operator`, so that a kernel can use state layouts;
 * everything that the compiler needs stands here.
 */
export interface AggregateFunction {
  readonly kind: 'aggregate';
  /** `count`, `sum`, …, `latest`, `earliest` (the array_agg(x ORDER BY …)[1] forms), `count_star`. */
  readonly name: string;
  readonly spellings: readonly { readonly fn: string }[];
  readonly arity: 0 | 1;
  readonly allowsDistinct: boolean;
  readonly resolve: (args: readonly SqlType[], distinct: boolean) => Resolution;
  readonly algebra: (arg: SqlType | null, distinct: boolean) => Algebra;
  /** Does the value depend on the order of events beyond their time (latest, earliest)? */
  readonly orderSensitive: boolean;
  /** Value over no rows. */
  readonly empty: 0 | null;
  readonly semantics: number;
  /** SQL of the call without FILTER/OVER, over printed argument; `latest` gets its order by text as args[1]. Must yield the result type exactly (cast inside). */
  readonly sql: Readonly<Record<Dialect, AggregateSqlForm>>;
  readonly domain: readonly ArgumentDomain[];
  readonly doc: FunctionDoc;
}

export interface AggregateSqlParts {
  readonly arg: string | null;
  readonly distinct: boolean;
  /** `ORDER BY …` text for latest/earliest, else null. */
  readonly orderBy: string | null;
  /** `FILTER (WHERE …)` text or ''. */
  readonly filter: string;
  /** `OVER (…)` text or ''. */
  readonly over: string;
}
export type AggregateSqlForm = (
  parts: AggregateSqlParts,
  types: CallTypes,
) => string | { readonly unsupported: string };
