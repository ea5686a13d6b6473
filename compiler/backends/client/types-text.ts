/** The part of `index.d.ts` that is the same in every project. It imports nothing, so that it type-checks anywhere. */
export const CLIENT_TYPES = `/**
 * The typed client of this project's online features. Values: bigint columns are \`bigint\`, decimals are strings with all their digits,
 * timestamps ISO 8601 strings in UTC with up to six decimals, dates \`YYYY-MM-DD\`, NULL is \`null\`.
 */

export interface ConnectOptions {
  /** The project's folder. Default: the one that this client was generated in. */
  readonly project?: string | undefined;
  /** Profile of fsc.json. Default: FSC_PROFILE. */
  readonly profile?: string | undefined;
  /** \`lmdb\`, or the folder of an LMDB store. Default: as fsc.json says. */
  readonly online?: string | undefined;
  /** What \`now\` is: the wall clock, or the newest event time. Default: as fsc.json says. */
  readonly clock?: 'wall' | 'events' | undefined;
  /** Default: as fsc.json says. */
  readonly namespace?: string | undefined;
  /** Above this lag an answer is not exact. Default: 5000. */
  readonly maxLagMillis?: number | undefined;
}

export interface At {
  /** ISO 8601 (no offset means UTC) or a Date. Default: now. */
  readonly at?: string | Date | null | undefined;
}

export interface Meta {
  /** The instant of the answer. */
  readonly asOf: string;
  /** False where the answer may have gone stale. */
  readonly exact: boolean;
  /** Records are known up to here; null before the first. */
  readonly knownTo: string | null;
  /** While no event arrives, the aggregates do not change from validFrom up to, not including, validTo; null: for ever. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
}

export interface Answer<Row> {
  /** null where the view's SELECT has no row. */
  readonly row: Row | null;
  readonly meta: Meta;
}

export type ViewName = keyof Views;
export type Key<V extends ViewName> = Views[V]['key'];
export type Row<V extends ViewName> = Views[V]['row'];

/** One key, or a list of keys, a view; a view that is undefined is left out. */
export type Requests = { readonly [V in ViewName]?: Key<V> | readonly Key<V>[] | undefined };
/** No other name than a view's. */
export type OnlyViews<R> = { readonly [V in Exclude<keyof R, ViewName>]: never };
export type Answers<R extends Requests> = { readonly [V in keyof R & ViewName]: Answered<V, R[V]> };
type Answered<V extends ViewName, Given> = Given extends undefined
  ? undefined
  : Given extends readonly unknown[]
    ? Answer<Row<V>>[]
    : Answer<Row<V>>;

export interface Client {
  /** One entity (of a request view: one request). */
  get<V extends ViewName>(view: V, key: Key<V>, options?: At): Promise<Answer<Row<V>>>;
  /** Many entities, answered in their order. */
  getMany<V extends ViewName>(view: V, keys: readonly Key<V>[], options?: At): Promise<Answer<Row<V>>[]>;
  /** Several views, all at one instant. */
  getViews<const R extends Requests>(requests: R & OnlyViews<R>, options?: At): Promise<Answers<R>>;
  close(): Promise<void>;
}

export declare function connect(options?: ConnectOptions): Promise<Client>;
`;
