import { crc32 } from 'node:zlib';
import type { ErrorCounter, ProjectInput, ViewProgram } from '../state/program.ts';
import { RowKeys } from '../stores/row-key.ts';
import { RowReader } from '../stores/row-reader.ts';
import type { OnlineStore } from '../stores/store.ts';
import { FscError } from '../values/errors.ts';
import { printTimestamp } from '../values/temporal.ts';
import type { Value } from '../values/types.ts';

/** What a lookup needs of a view: the generated module of a view is one, also without its group. */
export type LookupView = Pick<ViewProgram, 'spec' | 'slotTypes' | 'project' | 'joinKeys'>;

/** What the rows say of one entity at one instant. */
export type Found =
  | {
      readonly kind: 'row';
      /** null: the SELECT has no row for the entity. */
      readonly row: readonly Value[] | null;
      /** The steps that were stored cover the instant. */
      readonly covered: boolean;
      /** Bounds of the aggregates' step; null: unknown, or for ever. */
      readonly validFrom: number | null;
      readonly validTo: number | null;
    }
  /** The instant is before the first that the row speaks for. */
  | { readonly kind: 'notOnline'; readonly fromMicros: number };

/** The entity was never seen up to what the store knows. */
const UNKNOWN_ENTITY: Found = { kind: 'row', row: null, covered: true, validFrom: null, validTo: null };

/** Reads and projects the stored rows of one view (shapes A and B). One lookup at a time: buffers are reused. */
export class ViewReader {
  readonly view: LookupView;
  readonly keys: RowKeys;
  readonly #reader: RowReader;
  readonly #headChecksum: number;
  readonly #outputs: number;
  readonly #slots: Value[];
  readonly #input: ProjectInput;

  constructor(view: LookupView, namespace: string, errors: ErrorCounter) {
    const { spec } = view;
    this.view = view;
    this.keys = new RowKeys({
      namespace,
      view: spec.name,
      fingerprint: spec.fingerprint,
      entityTypes: spec.entity.map((column) => column.type),
    });
    this.#headChecksum = crc32(this.keys.headPrefix);
    this.#reader = new RowReader(view.slotTypes);
    this.#outputs = spec.entity.length + spec.features.length;
    this.#slots = new Array<Value>(view.slotTypes.length).fill(null);
    this.#input = { slots: this.#slots, keys: [], nowMicros: 0, request: [], features: [], errors };
  }

  /** `head`: what the store has under the entity's head key. Synchronous unless the row is paged and the store is not. */
  read(
    store: OnlineStore,
    entity: Uint8Array | null,
    keys: readonly Value[],
    head: Uint8Array | null,
    tMicros: number,
  ): Found | Promise<Found> {
    if (entity === null || head === null) return UNKNOWN_ENTITY;
    const checksum = crc32(entity, this.#headChecksum);
    const place = this.#reader.find(head, checksum, tMicros);
    if (place === 'before') return { kind: 'notOnline', fromMicros: this.#reader.fromMicros };
    if (place === 'beyond' && this.#reader.morePages)
      return this.#readPage(store, entity, keys, head, checksum, tMicros);
    return this.#project(keys, tMicros, place === 'inside');
  }

  /**
   * The page that holds t. Pages of an earlier flush may stand between those of this one (they are told by their generation), and a store
   * that is not transactional may show a head before its pages: then the last step that is known is given, as not covered.
   */
  async #readPage(
    store: OnlineStore,
    entity: Uint8Array,
    keys: readonly Value[],
    head: Uint8Array,
    checksum: number,
    tMicros: number,
  ): Promise<Found> {
    const reader = this.#reader;
    const prefix = this.keys.pages(entity);
    const { generation, coveredToMicros: headEnd } = reader;
    let before = tMicros;
    while (before >= headEnd) {
      const page = await store.floor(prefix, this.keys.page(entity, before));
      if (page === null) break;
      const place = reader.find(page.value, crc32(page.key), tMicros);
      if (place === 'before') throw new Error('a page stands under an instant before its own');
      if (reader.generation === generation) return this.#project(keys, tMicros, place === 'inside');
      before = reader.fromMicros - 1;
    }
    reader.find(head, checksum, tMicros);
    return this.#project(keys, tMicros, false);
  }

  #project(keys: readonly Value[], tMicros: number, covered: boolean): Found {
    const reader = this.#reader;
    const validFrom = reader.validFromMicros;
    const validTo = reader.validToMicros === Number.POSITIVE_INFINITY ? null : reader.validToMicros;
    let row: Value[] | null = null;
    if (reader.hasRow) {
      const input = this.#input;
      reader.readSlots(this.#slots);
      input.keys = keys;
      input.nowMicros = tMicros;
      const out = new Array<Value>(this.#outputs).fill(null);
      if (this.view.project(input, out)) row = out;
    }
    return { kind: 'row', row, covered, validFrom, validTo };
  }
}

/** `isNow`: no instant was asked for, so a value of the past is not what is wanted. */
export function beforeRow(
  view: string,
  { asOf, fromMicros }: { readonly asOf: number; readonly fromMicros: number },
  isNow: boolean,
): FscError {
  return new FscError(
    'FSC7220',
    1,
    `\`${view}\` at ${printTimestamp(asOf)} is not online`,
    `the online row begins at ${printTimestamp(fromMicros)}: rows hold the present and its future`,
    isNow
      ? 'that is ahead of the clock here: set the clocks of writer and reader alike, or make the rows anew with fsc run --mode stream --rebuild if they were written with "clock": "events"'
      : `compute values of the past: fsc dataset --entities FILE --as-of T --view ${view} --out FILE`,
  );
}
