import type { Heartbeat } from './store.ts';

type Core = Omit<Heartbeat, 'positions'>;

/**
 * Heartbeats as JSON. Positions may be long (a file each) and no lookup needs them, so they are kept apart and read on demand; a core whose
 * bytes have not changed is not parsed again.
 */
export class HeartbeatCodec {
  readonly #last = new Map<string, { readonly bytes: Uint8Array; readonly heartbeat: Heartbeat }>();

  encode(heartbeat: Heartbeat): { readonly core: Uint8Array; readonly positions: Uint8Array } {
    const { positions, ...core } = heartbeat;
    return { core: Buffer.from(JSON.stringify(core)), positions: Buffer.from(JSON.stringify(positions)) };
  }

  /** `bytes` must be the caller's own copy. */
  decode(view: string, bytes: Uint8Array, positions: () => Readonly<Record<string, unknown>>): Heartbeat {
    const last = this.#last.get(view);
    if (last !== undefined && Buffer.compare(last.bytes, bytes) === 0) return last.heartbeat;
    const core = JSON.parse(Buffer.from(bytes).toString('utf8')) as Core;
    const heartbeat = Object.defineProperty({ ...core }, 'positions', {
      get: positions,
      enumerable: true,
    }) as Heartbeat;
    this.#last.set(view, { bytes, heartbeat });
    return heartbeat;
  }
}
