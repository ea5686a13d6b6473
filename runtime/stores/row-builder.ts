/**
 * From an entity's future to the rows that are stored of it (design.md section 7, rules.md 30).
 *
 * `stream`: all steps if they fit max(1 kB, 2 × base), otherwise as many as cover four flush intervals, at most 64 kB.
 * `complete`: the whole future, in a head and pages of a few kB where it is long, so that a lookup never decodes more than a page.
 */
import type { FutureWalk } from '../state/program.ts';
import type { SqlType, Value } from '../values/types.ts';
import { RowEncoder } from './row-encoder.ts';
import type { RowKeys } from './row-key.ts';
import { CHECKSUM_BYTES, GENERATION_BYTES, HEADER_BYTES } from './row-layout.ts';
import type { StoredRow, WriterStamp } from './store.ts';

/** Rows start this long before min(newest, clock): readers' clocks may be behind. */
export const REACH_BACK_MICROS = 5_000_000;

const SOFT_BYTES = 1024;
const HARD_BYTES = 65_536;
const PAGE_BYTES = 4096;
const FLUSHES_COVERED = 4;
const TRAILER_BYTES = CHECKSUM_BYTES + GENERATION_BYTES;

export interface BuildOptions {
  readonly budget: 'stream' | 'complete';
  readonly flushIntervalMicros: number;
  /** Of this flush: tells its pages from those of another. See `generationOf`. */
  readonly generation: number;
  /** Spreads renewals: the entity's id or any other number that stays. */
  readonly jitterSeed: number;
  /** What lookups ask for by now; default: REACH_BACK after the row's first instant. */
  readonly nowMicros?: number;
}

export interface BuiltRow {
  /** The head, then its pages; before them the bytes of a hashed key, so that no head stands without them. */
  readonly rows: readonly StoredRow[];
  /**
   * When the row must be renewed if it does not become dirty before. null: never, it covers the whole future; Infinity: no renewal would help,
   * since 64 kB of steps don't reach the present.
   */
  readonly renewAtMicros: number | null;
  /** There is no row at the start and there will never be one. (The head is kept all the same: it answers for instants before.) */
  readonly empty: boolean;
}

/** A number that no two flushes of a store share while epochs stay below two million and sequences below 2^32. */
export function generationOf(stamp: WriterStamp): number {
  return stamp.epoch * 2 ** 32 + stamp.sequence;
}

/** Builds the rows of one view. Holds an encoder, so one builder a view, used from one place at a time. */
export class RowBuilder {
  readonly #encoder: RowEncoder;
  readonly #keys: RowKeys;

  constructor(slotTypes: readonly SqlType[], keys: RowKeys) {
    this.#encoder = new RowEncoder(slotTypes);
    this.#keys = keys;
  }

  /** null: the key can have no row (it would have been refused at ingestion). The walk stands at the first instant of the row. */
  build(walk: FutureWalk, entityKeys: readonly Value[], options: BuildOptions): BuiltRow | null {
    const entity = this.#keys.entity(entityKeys);
    if (entity === null) return null;
    const built = options.budget === 'stream' ? this.#one(walk, entity, options) : this.#paged(walk, entity, options);
    const long = this.#keys.longKeyRow(entity, entityKeys);
    return long === null ? built : { ...built, rows: [long, ...built.rows] };
  }

  #one(walk: FutureWalk, entity: Uint8Array, options: BuildOptions): BuiltRow {
    const encoder = this.#encoder;
    const from = walk.atMicros;
    const now = options.nowMicros ?? from + REACH_BACK_MICROS;
    const needed = now + FLUSHES_COVERED * options.flushIntervalMicros;
    encoder.begin(from, walk.hasRow, walk.out);
    const soft = Math.max(SOFT_BYTES, 2 * encoder.length);
    let empty = !walk.hasRow;
    let coveredTo = Number.POSITIVE_INFINITY;
    let length = encoder.length;
    while (nextInstant(walk)) {
      if (!encoder.step(walk.atMicros, walk.hasRow, walk.out)) continue;
      empty &&= !walk.hasRow;
      const size = encoder.length + TRAILER_BYTES;
      if (size > HARD_BYTES || (size > soft && walk.atMicros >= needed)) {
        coveredTo = walk.atMicros;
        break;
      }
      length = encoder.length;
    }
    const key = this.#keys.head(entity);
    const value = encoder.finish(key, coveredTo, length, null, false);
    const renewAtMicros = coveredTo === Number.POSITIVE_INFINITY ? null : renewal(now, coveredTo, options.jitterSeed);
    return { rows: [{ key, value }], renewAtMicros, empty };
  }

  #paged(walk: FutureWalk, entity: Uint8Array, options: BuildOptions): BuiltRow {
    const encoder = this.#encoder;
    const rows: StoredRow[] = [];
    let key = this.#keys.head(entity);
    let empty = !walk.hasRow;
    let limit = this.#beginPage(walk);
    let length = encoder.length;
    while (nextInstant(walk)) {
      if (!encoder.step(walk.atMicros, walk.hasRow, walk.out)) continue;
      empty &&= !walk.hasRow;
      if (encoder.length <= limit) {
        length = encoder.length;
        continue;
      }
      // The step that did not fit begins the next page, as its base.
      rows.push({ key, value: encoder.finish(key, walk.atMicros, length, options.generation, true) });
      key = this.#keys.page(entity, walk.atMicros);
      limit = this.#beginPage(walk);
      length = encoder.length;
    }
    const generation = rows.length === 0 ? null : options.generation;
    rows.push({ key, value: encoder.finish(key, Number.POSITIVE_INFINITY, length, generation, false) });
    return { rows, renewAtMicros: null, empty };
  }

  /** Gives how long the page may get: at least one step fits whatever the base. */
  #beginPage(walk: FutureWalk): number {
    this.#encoder.begin(walk.atMicros, walk.hasRow, walk.out);
    return Math.max(PAGE_BYTES, 4 * (this.#encoder.length - HEADER_BYTES)) - TRAILER_BYTES;
  }
}

/** Nobody can ask for an instant beyond ±(2^53−1) µs, so the future ends there. */
function nextInstant(walk: FutureWalk): boolean {
  return walk.next() && walk.atMicros <= Number.MAX_SAFE_INTEGER;
}

/** Between 0.4 and 0.5 of the time that the row covers from now. */
function renewal(nowMicros: number, coveredToMicros: number, seed: number): number {
  if (coveredToMicros <= nowMicros) return Number.POSITIVE_INFINITY;
  const spread = (Math.imul(seed | 0, 0x9e3779b1) >>> 0) / 2 ** 32;
  return nowMicros + Math.floor((coveredToMicros - nowMicros) * (0.4 + 0.1 * spread));
}
