/**
 * The online store: an ordered map of bytes with one writer epoch. Contract suite: `tests/contracts/store.ts`, run by every implementation.
 * Keys and values are opaque here; their codecs are `runtime/stores/row-key.ts` and `runtime/stores/row-codec.ts`.
 */
export interface OnlineStore {
  readonly name: string;
  /** Of this very store and no other, from its first opening for writing on: a writer tells by it that its rows are gone. */
  identity(): string | Promise<string>;
  /**
   * Writes all or, if it throws, leaves it unspecified which; rows are idempotent (same stamp, same row). Refuses (throws
   * FSC7xxx stale writer) if the store has seen a higher epoch. Durable when the promise resolves, as far as the store is.
   */
  write(stamp: WriterStamp, rows: readonly StoredRow[], heartbeat: Heartbeat | null): Promise<void>;
  /** In order of `keys`; null where there is none. Synchronous stores return the array itself, so that a lookup need not wait for a turn. */
  getMany(keys: readonly Uint8Array[]): (Uint8Array | null)[] | Promise<(Uint8Array | null)[]>;
  /** Rows whose key starts with prefix, in byte order. */
  scan(prefix: Uint8Array): AsyncIterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  /** The greatest key <= `key` that starts with `prefix`, for paged rows. */
  floor(
    prefix: Uint8Array,
    key: Uint8Array,
  ):
    | { readonly key: Uint8Array; readonly value: Uint8Array }
    | null
    | Promise<{ readonly key: Uint8Array; readonly value: Uint8Array } | null>;
  /** Last heartbeat written for the view's source, or null. */
  heartbeat(view: string): Heartbeat | null | Promise<Heartbeat | null>;
  /** Views that have a heartbeat. */
  heartbeats(): readonly string[] | Promise<readonly string[]>;
  /** The greatest stamp that was written with; null before the first. A new writer takes a later epoch. */
  stamp(): WriterStamp | null | Promise<WriterStamp | null>;
  close(): Promise<void>;
}

export interface WriterStamp {
  readonly epoch: number;
  readonly sequence: number;
}

export interface StoredRow {
  readonly key: Uint8Array;
  /** null deletes. */
  readonly value: Uint8Array | null;
}

/** What lets an answer say whether it is exact (design.md section 7, rules.md 31). One a view. */
export interface Heartbeat {
  readonly view: string;
  readonly fingerprint: string;
  /** Wall clock when written. */
  readonly writtenAtMicros: number;
  /** Least newest known time over live partitions; null before the first record. */
  readonly knownToMicros: number | null;
  /** Newest accepted event time; what `now` is with `clock: events`. */
  readonly newestMicros: number | null;
  /** Age of the backlog at writing. */
  readonly backlogMicros: number;
  /** Finite input has ended: lag is 0 from now on. */
  readonly ended: boolean;
  /** Positions consumed, by source. */
  readonly positions: Readonly<Record<string, unknown>>;
}
