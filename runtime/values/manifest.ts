import type { SqlType, Value } from './types.ts';

/**
 * The plain data that the compiler hands to the runtime (inside generated modules and `generated/manifest.json`). JSON-safe:
 * a default or constant bigint is written as a decimal string by the manifest codec.
 */
export interface ColumnSpec {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  /** `DEFAULT` of the declaration, already typed; undefined-by-absence means none. Fills a missing field before NOT NULL is checked. */
  readonly hasDefault: boolean;
  readonly defaultValue: Value;
  /** `@from`: path into the JSON object or the file's column name; default is [name]. */
  readonly path: readonly string[];
  /** `@from … epoch_ms`: how a number becomes a timestamp; null: as `cli.md` says. */
  readonly epochUnit: 'epoch_s' | 'epoch_ms' | 'epoch_us' | null;
  readonly description: string | null;
}

export type SourceKind = 'log' | 'request';

export interface SourceSpec {
  readonly name: string;
  readonly kind: SourceKind;
  readonly columns: readonly ColumnSpec[];
  /** Index into columns; -1 for a request source. */
  readonly eventTimeColumn: number;
  /** Primary key without the event time column, in declared order. Empty with `@key none`. */
  readonly keyColumns: readonly number[];
  readonly latenessMicros: number;
  readonly maxAheadMicros: number;
  /** `@known_time`: a file column that is not among `columns`; null: the event time. */
  readonly knownTimePath: readonly string[] | null;
  /** `@partition COLUMN`: index into columns for JSONL with several partitions; -1: the whole is one partition. */
  readonly partitionColumn: number;
  /** Constraint texts for quarantine reasons; the i-th belongs to the i-th function of SourceProgram.checks. */
  readonly checks: readonly { readonly sql: string }[];
  readonly onlySql: string | null;
  readonly description: string | null;
  /** Columns (besides `columns`) that `@only` reads, by path: an `@only` may test a field that is not declared. */
  readonly onlyPaths: readonly (readonly string[])[];
  /** Hash over what decides verdicts (names, types, key, times, checks, only). */
  readonly fingerprint: string;
}

export interface FeatureSpec {
  readonly name: string;
  readonly type: SqlType;
  /** exact | double | inexact (double class values whose comparison could flip, see design.md section 4). */
  readonly agreement: 'exact' | 'double';
  readonly description: string | null;
  /** Source columns that the feature depends on, `source.column`. */
  readonly lineage: readonly string[];
  /** Zero-based position in the view's SELECT list (entity columns included). */
  readonly ordinal: number;
}

export interface EntityColumnSpec {
  readonly name: string;
  readonly type: SqlType;
  readonly ordinal: number;
}

export type ViewShape = 'aggregate' | 'rows' | 'request';

export interface ViewSpec {
  /** `airport_delays_v1` */
  readonly name: string;
  readonly shape: ViewShape;
  readonly fingerprint: string;
  /** Log source for shapes A and B; the request source for D. */
  readonly source: string;
  readonly entity: readonly EntityColumnSpec[];
  readonly features: readonly FeatureSpec[];
  /** Shape D: the views joined, in order of their joins. `keys[i]` is the request column that feeds the i-th entity column. */
  readonly joins: readonly { readonly view: string; readonly inner: boolean }[];
  readonly description: string | null;
  readonly owner: string | null;
  /** Human sentences on the state kept per entity (explain). */
  readonly stateNotes: readonly string[];
}
