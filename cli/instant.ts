import { checkAsOf } from '../runtime/values/as-of.ts';
import { FscError } from '../runtime/values/errors.ts';
import { parseTimestamp } from '../runtime/values/temporal.ts';

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
  return checkAsOf(parseInstant(text, nowMicros), `\`${text}\``, 'FSC7007');
}
