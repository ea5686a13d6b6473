import { FscError } from './errors.ts';
import { inTimestampRange } from './temporal.ts';

/** The instant that values are computed at, to the microsecond. `place` names it for the message, `code` is that of the layer which asks. */
export function checkAsOf(micros: number, place: string, code: string): number {
  if (inTimestampRange(micros)) return micros;
  throw new FscError(
    code,
    2,
    `${place} is too far away to compute values at`,
    'instants are whole microseconds within 2^53 of 1970: further away they would be rounded',
    'name an instant from 1684-07-29 to 2255-06-05',
  );
}
