/**
 * Keys of online rows:
 *
 * ```
 * namespace · view · 8 bytes of the fingerprint's hash · kind (0 head, 1 page, 2 long key) · entity key [· from]
 * ```
 *
 * Names are length-prefixed (long ones hashed) and entity keys are prefix-free, so no name or key can run into the next part. Heads stand
 * together in order of their entity; pages stand apart, so that a scan of the entities does not read them. The key of an entity whose bytes
 * are over 512, which only a computed one has (records with such columns are refused), is their hash, and they stand under it themselves.
 */
import { createHash } from 'node:crypto';
import { FscError, messageOf } from '../values/errors.ts';
import { decodeKey, encodeKey, encodeLongKey } from '../values/key-bytes.ts';
import type { SqlType, Value } from '../values/types.ts';
import { ByteArena } from './byte-arena.ts';
import type { StoredRow } from './store.ts';

/** LMDB refuses longer ones. */
export const MAX_STORE_KEY_BYTES = 1978;

const HEAD = 0;
const PAGE = 1;
const LONG_KEY = 2;
const MAX_NAME_BYTES = 250;
const HASHED_NAME = 255;
/** Of the hash of a fingerprint. */
export const PLAN_BYTES = 8;
const FROM_BYTES = 8;
const TWO_32 = 2 ** 32;
/** No key begins so: as a length it would be more than any key has. */
const HASHED_KEY = Uint8Array.of(255, 255);
const HASH_BYTES = 32;

export interface RowKeysOptions {
  readonly namespace: string;
  readonly view: string;
  readonly fingerprint: string;
  readonly entityTypes: readonly SqlType[];
}

export class RowKeys {
  /** Every key of the view by this plan starts so. */
  readonly planPrefix: Uint8Array;
  /** Every head of the view starts so, every page so. */
  readonly headPrefix: Uint8Array;
  readonly pagePrefix: Uint8Array;
  readonly #longPrefix: Uint8Array;
  readonly #entityTypes: readonly SqlType[];
  readonly #arena = new ByteArena();

  constructor(options: RowKeysOptions) {
    const prefix = planPrefix(viewPrefix(options.namespace, options.view), options.fingerprint);
    this.planPrefix = prefix;
    this.headPrefix = append(prefix, Uint8Array.of(HEAD));
    this.pagePrefix = append(prefix, Uint8Array.of(PAGE));
    this.#longPrefix = append(prefix, Uint8Array.of(LONG_KEY));
    this.#entityTypes = options.entityTypes;
  }

  /** null: no entity can have this key (NULL, not text in any database), so it has no row. */
  entity(keys: readonly Value[]): Uint8Array | null {
    const encoded = encodeKey(keys, this.#entityTypes);
    if (encoded.ok) return encoded.bytes;
    return encoded.isTooLong ? this.#hashed(keys) : null;
  }

  #hashed(keys: readonly Value[]): Uint8Array | null {
    const encoded = encodeLongKey(keys, this.#entityTypes);
    return encoded.ok ? hashedKey(encoded.bytes) : null;
  }

  /** Where the bytes of a hashed entity stand; null: it is not hashed. */
  longKey(entity: Uint8Array): Uint8Array | null {
    return isHashed(entity) ? this.#append(this.#longPrefix, entity) : null;
  }

  /** The row that holds the bytes of the hashed entity with these keys; null: it is not hashed. */
  longKeyRow(entity: Uint8Array, keys: readonly Value[]): StoredRow | null {
    const key = this.longKey(entity);
    if (key === null) return null;
    const encoded = encodeLongKey(keys, this.#entityTypes);
    if (!encoded.ok) throw new Error(encoded.reason);
    return { key, value: encoded.bytes };
  }

  head(entity: Uint8Array): Uint8Array {
    return this.#append(this.headPrefix, entity);
  }

  /** All pages of the entity start so. */
  pages(entity: Uint8Array): Uint8Array {
    return this.#append(this.pagePrefix, entity);
  }

  page(entity: Uint8Array, fromMicros: number): Uint8Array {
    return this.#append(this.pages(entity), instantBytes(fromMicros));
  }

  #append(head: Uint8Array, tail: Uint8Array): Uint8Array {
    return put(this.#arena.take(head.length + tail.length), head, tail);
  }

  /** The entity's bytes from a head's key. */
  entityOfHead(key: Uint8Array): Uint8Array {
    return key.subarray(this.headPrefix.length);
  }

  /** The entity's values. `long`: what stands under `longKey`, if there is one. */
  valuesOf(entity: Uint8Array, long: Uint8Array | null): Value[] {
    if (isHashed(entity) && (long === null || Buffer.compare(hashedKey(long), entity) !== 0))
      throw corruptKey('the bytes of a long key are not those of its hash');
    try {
      return decodeKey(long ?? entity, this.#entityTypes);
    } catch (error) {
      // Text that is none any more: checksums are the rows' and come later.
      throw corruptKey(messageOf(error));
    }
  }

  /** The entity's bytes from a page's key. */
  entityOfPage(key: Uint8Array): Uint8Array {
    return key.subarray(this.pagePrefix.length, key.length - FROM_BYTES);
  }
}

/** Every key of the view starts so, by whatever plan. */
export function viewPrefix(namespace: string, view: string): Uint8Array {
  return append(nameBytes(namespace), nameBytes(view));
}

export function planPrefix(view: Uint8Array, fingerprint: string): Uint8Array {
  return append(view, createHash('sha256').update(fingerprint).digest().subarray(0, PLAN_BYTES));
}

function hashedKey(bytes: Uint8Array): Uint8Array {
  return append(HASHED_KEY, createHash('sha256').update(bytes).digest());
}

function isHashed(entity: Uint8Array): boolean {
  return entity.length === HASHED_KEY.length + HASH_BYTES && entity[0] === HASHED_KEY[0] && entity[1] === HASHED_KEY[1];
}

function corruptKey(cause: string): FscError {
  return new FscError(
    'FSC7201',
    1,
    'the key of an online row is corrupt',
    cause,
    'remove the online store (.fsc/online) and run again: rows are made again from the state',
  );
}

function nameBytes(name: string): Uint8Array {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length <= MAX_NAME_BYTES) return append(Uint8Array.of(bytes.length), bytes);
  return append(Uint8Array.of(HASHED_NAME), createHash('sha256').update(bytes).digest());
}

/** Eight bytes in order of the instant. Two halves, since an offset over ±(2^53−1) would not be exact. */
function instantBytes(micros: number): Uint8Array {
  const high = Math.floor(micros / TWO_32);
  const out = new Uint8Array(FROM_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, high + 0x80000000);
  view.setUint32(4, micros - high * TWO_32);
  return out;
}

function append(head: Uint8Array, tail: Uint8Array): Uint8Array {
  return put(new Uint8Array(head.length + tail.length), head, tail);
}

/** Keys are short: loops are faster than calls. */
function put(out: Uint8Array, head: Uint8Array, tail: Uint8Array): Uint8Array {
  for (let i = 0; i < head.length; i++) out[i] = head[i] as number;
  for (let i = 0; i < tail.length; i++) out[head.length + i] = tail[i] as number;
  return out;
}
