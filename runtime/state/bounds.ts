import { addMonths, boundaryAtOrAfter, type TemporalUnit, truncMicros } from '../values/temporal.ts';

/**
 * Window bounds snapped by date_trunc, for generated code; plain ones are written out there. Only units of whole months have months (the
 * compiler refuses others), so that adding them to a start of a unit clamps no day.
 */

/** date_trunc(unit, t) + months + micros. */
export function boundAt(trunc: TemporalUnit, offsetMonths: number, offsetMicros: number, t: number): number {
  return addMonths(truncMicros(trunc, t), offsetMonths) + offsetMicros;
}

/** The first t at which `boundAt` is at least y: the bound is a step function of the unit, so t is the start of one. */
export function firstReaching(trunc: TemporalUnit, offsetMonths: number, offsetMicros: number, y: number): number {
  const start = y - offsetMicros;
  if (offsetMonths === 0) return boundaryAtOrAfter(trunc, start);
  return boundaryAtOrAfter(trunc, addMonths(boundaryAtOrAfter('month', start), -offsetMonths));
}
