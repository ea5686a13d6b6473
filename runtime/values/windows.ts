/**
 * Window bounds as functions of t (compiler/plan InstantBound): thresholds at an instant, and for an event the instants at which it enters
 * and leaves. A bound is `base(t) + offset`, base = t or the start of t's unit; all legal bounds never move back as t grows.
 */
import { addMonths, nextBoundary, type TemporalUnit, truncMicros } from './temporal.ts';

export interface WindowBound {
  readonly trunc: TemporalUnit | null;
  readonly offsetMonths: number;
  readonly offsetMicros: number;
  readonly inclusive: boolean;
}

/** The bound's instant at t. */
export function boundAt(bound: WindowBound, tMicros: number): number {
  const base = bound.trunc === null ? tMicros : truncMicros(bound.trunc, tMicros);
  return addMonths(base, bound.offsetMonths) + bound.offsetMicros;
}

/** Least event time (integer micros) inside a lower bound at t. */
export function lowerThreshold(bound: WindowBound, tMicros: number): number {
  const at = boundAt(bound, tMicros);
  return bound.inclusive ? at : at + 1;
}

/** Greatest event time (integer micros) inside an upper bound at t. */
export function upperThreshold(bound: WindowBound, tMicros: number): number {
  const at = boundAt(bound, tMicros);
  return bound.inclusive ? at : at - 1;
}

/** Least t at which an event at `tsMicros` is no longer inside the lower bound. */
export function leaveInstant(bound: WindowBound, tsMicros: number): number {
  // inside while boundAt(t) <= ts (inclusive) or < ts; outside once boundAt(t) >= limit
  return firstReaching(bound, bound.inclusive ? tsMicros + 1 : tsMicros);
}

/** Least t at which an event at `tsMicros` is inside the upper bound (its own event time <= t is not considered). */
export function enterInstant(bound: WindowBound, tsMicros: number): number {
  return firstReaching(bound, bound.inclusive ? tsMicros : tsMicros + 1);
}

/** Least t with boundAt(t) >= limit. boundAt is monotone, and for truncated bounds a step function of the unit. */
function firstReaching(bound: WindowBound, limitMicros: number): number {
  if (bound.trunc === null) return limitMicros - bound.offsetMicros; // months are 0 here
  const shifted = addMonths(limitMicros - bound.offsetMicros, -bound.offsetMonths);
  // Start a little early (clamped month ends), then walk unit by unit: at most a few steps.
  let start = truncMicros(bound.trunc, shifted);
  for (
    let previous = truncMicros(bound.trunc, start - 1);
    boundOfUnit(bound, previous) >= limitMicros;
    previous = truncMicros(bound.trunc, start - 1)
  )
    start = previous;
  while (boundOfUnit(bound, start) < limitMicros) start = nextBoundary(bound.trunc, start);
  return start;
}

function boundOfUnit(bound: WindowBound, unitStart: number): number {
  return addMonths(unitStart, bound.offsetMonths) + bound.offsetMicros;
}
