import { crc32 } from 'node:zlib';
import { FscError } from '../values/errors.ts';
import { FEW, grownPosition, type Position, PositionTeller } from '../values/positions.ts';
import type { Heartbeat } from './store.ts';

type Core = Omit<Heartbeat, 'positions'>;
type Positions = Heartbeat['positions'];

/** `base`: to be kept beside the others from now on; null: the one that is kept stays. */
export interface EncodedHeartbeat {
  readonly core: Uint8Array;
  readonly positions: Uint8Array;
  readonly base: Uint8Array | null;
}

/** What is kept of positions: the bytes themselves, and those of their base. */
export interface StoredPositions {
  readonly positions: Uint8Array | undefined;
  readonly base: Uint8Array | undefined;
}

/** What was written of a view's one source. */
interface Told {
  readonly source: string;
  readonly teller: PositionTeller<unknown>;
  /** Of the base. */
  seal: string;
}

/** Before positions that tell what moved; then the seal of their base, then their own. */
const MOVED_MARK = '~';

/**
 * Heartbeats as JSON after the checksum of it, in eight hex digits, and a blank. No lookup needs positions, so they are kept apart and read on demand; a
 * core whose bytes have not changed is not parsed again. Positions of many partitions (a file each) are written once, as a base, and then what moved
 * since: heartbeats come several times a second, for every view.
 */
export class HeartbeatCodec {
  readonly #last = new Map<string, { readonly bytes: Uint8Array; readonly heartbeat: Heartbeat }>();
  /** By this writer, by view. */
  readonly #told = new Map<string, Told>();

  encode(heartbeat: Heartbeat): EncodedHeartbeat {
    const { positions, ...core } = heartbeat;
    return { core: sealed(JSON.stringify(core)), ...this.#encodePositions(heartbeat.view, positions) };
  }

  #encodePositions(view: string, positions: Positions): Omit<EncodedHeartbeat, 'core'> {
    const [source = '', ...others] = Object.keys(positions);
    const position = positions[source];
    let told = this.#told.get(view);
    if (others.length > 0 || !isPosition(position) || (told === undefined && hasFew(position)))
      return { positions: sealed(JSON.stringify(positions)), base: null };
    if (told?.source !== source) told = { source, teller: new PositionTeller(), seal: '' };
    this.#told.set(view, told);
    const moved = told.teller.moved(position);
    if (moved !== null) return { positions: movedBytes(told.seal, { [source]: { partitions: moved } }), base: null };
    const text = JSON.stringify(positions);
    told.seal = sealOf(text);
    return { positions: movedBytes(told.seal, {}), base: Buffer.from(told.seal + text) };
  }

  /** What was encoded last was not written. */
  forgetBases(): void {
    this.#told.clear();
  }

  /** `bytes` must be the caller's own copy. */
  decode(view: string, bytes: Uint8Array, stored: () => StoredPositions): Heartbeat {
    const last = this.#last.get(view);
    if (last !== undefined && Buffer.compare(last.bytes, bytes) === 0) return last.heartbeat;
    const core = JSON.parse(opened(view, bytes)) as Core;
    const heartbeat = Object.defineProperty({ ...core }, 'positions', {
      get: () => positionsOf(view, stored()),
      enumerable: true,
    }) as Heartbeat;
    this.#last.set(view, { bytes, heartbeat });
    return heartbeat;
  }
}

/** They are written as a whole. */
function hasFew({ partitions }: Position<unknown>): boolean {
  return Object.keys(partitions).length <= FEW;
}

function isPosition(value: unknown): value is Position<unknown> {
  return typeof value === 'object' && value !== null && 'partitions' in value;
}

function movedBytes(seal: string, moved: Positions): Uint8Array {
  return Buffer.concat([Buffer.from(MOVED_MARK + seal), sealed(JSON.stringify(moved))]);
}

function positionsOf(view: string, { positions: bytes, base }: StoredPositions): Positions {
  // All are written at once.
  if (bytes === undefined) throw corrupt(view, 'its positions are missing');
  if (bytes[0] !== MOVED_MARK.charCodeAt(0)) return parsed(view, bytes);
  const movedAt = MOVED_MARK.length + SEAL_LENGTH;
  const seal = bytes.subarray(MOVED_MARK.length, movedAt);
  const moved = parsed(view, bytes.subarray(movedAt));
  if (base === undefined || Buffer.compare(base.subarray(0, SEAL_LENGTH), seal) !== 0)
    throw corrupt(view, 'the positions that its own go on from are missing');
  return Object.fromEntries(
    Object.entries(parsed(view, base)).map(([source, whole]) => [source, onFrom(whole, moved[source])]),
  );
}

function onFrom(whole: unknown, moved: unknown): unknown {
  return isPosition(whole) && isPosition(moved) ? grownPosition(whole.partitions, moved.partitions) : whole;
}

function parsed(view: string, bytes: Uint8Array): Positions {
  return JSON.parse(opened(view, bytes)) as Positions;
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
