import { crc32 } from 'node:zlib';
import { FscError } from '../values/errors.ts';
import type { Heartbeat } from './store.ts';

type Core = Omit<Heartbeat, 'positions'>;

/**
 * Heartbeats as JSON after the checksum of it, in eight hex digits, and a blank. Positions may be long (a file each) and no lookup needs them, so they are kept apart and read on demand; a core whose
 * bytes have not changed is not parsed again.
 */
export class HeartbeatCodec {
  readonly #last = new Map<string, { readonly bytes: Uint8Array; readonly heartbeat: Heartbeat }>();

  encode(heartbeat: Heartbeat): { readonly core: Uint8Array; readonly positions: Uint8Array } {
    const { positions, ...core } = heartbeat;
    return { core: sealed(JSON.stringify(core)), positions: sealed(JSON.stringify(positions)) };
  }

  /** `bytes` must be the caller's own copy. */
  decode(view: string, bytes: Uint8Array, positions: () => Uint8Array | undefined): Heartbeat {
    const last = this.#last.get(view);
    if (last !== undefined && Buffer.compare(last.bytes, bytes) === 0) return last.heartbeat;
    const core = JSON.parse(opened(view, bytes)) as Core;
    const heartbeat = Object.defineProperty({ ...core }, 'positions', {
      get: () => positionsOf(view, positions()),
      enumerable: true,
    }) as Heartbeat;
    this.#last.set(view, { bytes, heartbeat });
    return heartbeat;
  }
}

function positionsOf(view: string, bytes: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  // Both are written at once.
  if (bytes === undefined) throw corrupt(view, 'its positions are missing');
  return JSON.parse(opened(view, bytes)) as Readonly<Record<string, unknown>>;
}

const SEAL_LENGTH = 9;

function sealed(text: string): Uint8Array {
  return Buffer.from(`${sealOf(text)}${text}`);
}

/** A wrong bit could make another instant out of now. */
function opened(view: string, bytes: Uint8Array): string {
  const all = Buffer.from(bytes).toString('utf8');
  const text = all.slice(SEAL_LENGTH);
  if (all.slice(0, SEAL_LENGTH) === sealOf(text)) return text;
  throw corrupt(view, 'its bytes are not those that its checksum was made of');
}

function corrupt(view: string, why: string): FscError {
  return new FscError(
    'FSC7201',
    1,
    `the heartbeat of \`${view}\` in the online store is corrupt`,
    why,
    'remove the store and run again: rows are made again from the state',
  );
}

function sealOf(text: string): string {
  return `${crc32(text).toString(16).padStart(8, '0')} `;
}
