import { FscError } from '../values/errors.ts';
import type { WriterStamp } from './store.ts';

/** Whether a writer's stamp came before another. */
export function isBefore(stamp: WriterStamp, other: WriterStamp): boolean {
  return stamp.epoch < other.epoch || (stamp.epoch === other.epoch && stamp.sequence < other.sequence);
}

/** Refuses a writer that another one has overtaken. An equal stamp is a retry. */
export function refuseStale(seen: WriterStamp | null, stamp: WriterStamp, store: string): void {
  if (seen === null || !isBefore(stamp, seen)) return;
  throw new FscError(
    'FSC7204',
    3,
    `this process may no longer write to the online store (${store})`,
    `it writes as epoch ${stamp.epoch}, sequence ${stamp.sequence}; the store has seen ${seen.epoch}, ${seen.sequence}`,
    'another run has taken over; stop this one',
  );
}
