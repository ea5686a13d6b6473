/**
 * Keys of online rows:
 *
 * ```
 * namespace · view · 8 bytes of the fingerprint's hash · kind (0 head, 1 page) · entity key [· from]
 * ```
 *
 * Names are length-prefixed (long ones hashed) and entity keys are prefix-free, so no name or key can run into the next part. Heads stand
 * together in order of their entity; pages stand apart, so that a scan of the entities does not read them.
 */
import { createHash } from 'node:crypto';
import { FscError } from '../values/errors.ts';
import { decodeKey, encodeKey } from '../values/key-bytes.ts';
import type { SqlType, Value } from '../values/types.ts';
import { ByteArena } from './byte-arena.ts';

/** LMDB refuses longer ones. */
export const MAX_STORE_KEY_BYTES = 1978;

const HEAD = 0;
const PAGE = 1;
const MAX_NAME_BYTES = 250;
const HASHED_NAME = 255;
const FROM_BYTES = 8;
const TWO_32 = 2 ** 32;

export interface RowKeysOptions {
  readonly namespace: string;
  readonly view: string;
  readonly fingerprint: string;
  readonly entityTypes: readonly SqlType[];
}

export class RowKeys {
  /** Every head of the view starts so, every page so. */
  readonly headPrefix: Uint8Array;
  readonly pagePrefix: Uint8Array;
  readonly #entityTypes: readonly SqlType[];
  readonly #arena = new ByteArena();

  constructor(options: RowKeysOptions) {
    const tag = createHash('sha256').update(options.fingerprint).digest().subarray(0, 8);
    const prefix = Buffer.concat([nameBytes(options.namespace), nameBytes(options.view), tag]);
    this.headPrefix = append(prefix, Uint8Array.of(HEAD));
    this.pagePrefix = append(prefix, Uint8Array.of(PAGE));
    this.#entityTypes = options.entityTypes;
  }

  /** null: no entity can have this key (NULL, too long, not text in any database), so it has no row. */
  entity(keys: readonly Value[]): Uint8Array | null {
    const encoded = encodeKey(keys, this.#entityTypes);
    return encoded.ok ? encoded.bytes : null;
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

  /** The entity's values from a head's key. */
  entityOfHead(key: Uint8Array): Value[] {
    try {
      return decodeKey(key.subarray(this.headPrefix.length), this.#entityTypes);
    } catch (error) {
      // Text that is none any more: checksums are the rows' and come later.
      throw corruptKey(error);
    }
  }

  /** The entity's bytes from a page's key. */
  entityOfPage(key: Uint8Array): Uint8Array {
    return key.subarray(this.pagePrefix.length, key.length - FROM_BYTES);
  }
}

function corruptKey(error: unknown): FscError {
  return new FscError(
    'FSC7201',
    1,
    'the key of an online row is corrupt',
    error instanceof Error ? error.message : String(error),
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
