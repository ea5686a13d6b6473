import { REACH_BACK_MICROS } from '../stores/row-builder.ts';
import type { StreamRunOptions } from './stream-run.ts';

/**
 * Up to where the state of a run may be folded: rows begin at min(newest, clock) − 5 s (rules.md 6). Events of files may be ahead of the clock by
 * more than the lateness (flights that are planned), and then so is the settle line, by which records are judged late. What the present has not
 * reached stays in the tail, or no row could speak for now.
 */
export function foldableTo(settleLineMicros: number, options: Pick<StreamRunOptions, 'clock' | 'clockMode'>): number {
  if (options.clockMode === 'events') return settleLineMicros;
  return Math.min(settleLineMicros, options.clock.nowMicros() - REACH_BACK_MICROS);
}
