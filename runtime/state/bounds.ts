import { addMonths, type TemporalUnit, truncMicros } from '../values/temporal.ts';
import { leaveInstant } from '../values/windows.ts';

/** Window bounds snapped by date_trunc, for generated code; plain ones are written out there. */

/** date_trunc(unit, t) + months + micros. */
export function boundAt(trunc: TemporalUnit, offsetMonths: number, offsetMicros: number, t: number): number {
  return addMonths(truncMicros(trunc, t), offsetMonths) + offsetMicros;
}

/** The first t at which `boundAt` is at least y. */
export function firstReaching(trunc: TemporalUnit, offsetMonths: number, offsetMicros: number, y: number): number {
  return leaveInstant({ trunc, offsetMonths, offsetMicros, inclusive: false }, y);
}
