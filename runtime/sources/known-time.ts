import { FscError } from '../values/errors.ts';
import { type ReadResult, taken } from '../values/text.ts';
import { readInstantText } from './fast-timestamp.ts';

/** Files whose columns are known beforehand, and none of them is the known time: without this their records would be known too early. */
export function noKnownTime(source: string, column: string): FscError {
  return new FscError(
    'FSC7103',
    2,
    `the files of \`${source}\` have no timestamp column \`${column}\``,
    '@known_time names it',
    'name a timestamp column of the files, or drop the tag: a record is then known from its event time on',
  );
}

/** NaN: there is none. */
export function readKnownTime(text: string | null): ReadResult {
  return text === null ? taken(Number.NaN) : readInstantText(text.trim());
}

/** Why a record is malformed whose known time says something, but no instant. */
export function unreadableKnownTime(path: readonly string[], reason: string): string {
  return `@known_time ${path.join('.')}: ${reason}`;
}
