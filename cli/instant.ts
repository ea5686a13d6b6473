import { FscError } from '../runtime/values/errors.ts';
import { inTimestampRange, parseTimestamp } from '../runtime/values/temporal.ts';

/** T of cli.md: ISO 8601, a blank for the T, no seconds or a date alone are fine, no offset means UTC. `now` is the caller's. */
export function parseInstant(text: string, nowMicros: () => number): number {
  if (text === 'now') return nowMicros();
  const micros = parseTimestamp(text.trim());
  if (micros === null) {
    throw new FscError(
      'FSC7007',
      2,
      `\`${text}\` is no instant`,
      'instants are ISO 8601, UTC if there is no offset',
      'write it like 2001-03-01T12:00:00Z, 2001-03-01 or now',
    );
  }
  return micros;
}

/** T of `--as-of`: what values are computed at, to the microsecond. Ends of what is complete may be further away. */
export function parseAsOf(text: string, nowMicros: () => number): number {
  const micros = parseInstant(text, nowMicros);
  if (inTimestampRange(micros)) return micros;
  throw new FscError(
    'FSC7007',
    2,
    `\`${text}\` is too far away to compute values at`,
    'instants are whole microseconds within 2^53 of 1970: further away they would be rounded',
    'name an instant from 1684-07-29 to 2255-06-05',
  );
}
