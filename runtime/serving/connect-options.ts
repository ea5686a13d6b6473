/** What `connect` takes, held against what it was given: an option that is misspelt, or does not fit, would be ignored or fail later. */
import type { OnlineStore } from '../stores/store.ts';
import type { Clock } from '../time/clock.ts';
import { FscError } from '../values/errors.ts';

export interface ConnectOptions {
  readonly project?: string | undefined;
  readonly profile?: string | undefined;
  readonly online?: string | undefined;
  readonly clock?: 'wall' | 'events' | undefined;
  readonly namespace?: string | undefined;
  readonly maxLagMillis?: number | undefined;
  /** Instead of `online`: a store that the caller opened and closes itself. */
  readonly store?: OnlineStore | undefined;
  /** For tests. */
  readonly wall?: Clock | undefined;
}

interface Fit {
  readonly fits: (value: unknown) => boolean;
  /** What the option is not, if it does not fit. */
  readonly fault: string;
}

const STRING: Fit = { fits: (value) => typeof value === 'string', fault: 'is no string' };
const object = (fault: string): Fit => ({ fits: (value) => typeof value === 'object' && value !== null, fault });

const FITS: Readonly<Record<keyof ConnectOptions, Fit>> = {
  project: STRING,
  profile: STRING,
  online: STRING,
  clock: { fits: (value) => value === 'wall' || value === 'events', fault: 'is neither "wall" nor "events"' },
  namespace: STRING,
  maxLagMillis: {
    fits: (value) => typeof value === 'number' && value >= 0,
    fault: 'is no number of milliseconds from 0',
  },
  store: object('is no store'),
  wall: object('is no clock'),
};
const TOLD_OPTIONS = 'project, profile, online, clock, namespace, maxLagMillis or store';

export function checkConnectOptions(options: unknown): asserts options is ConnectOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new FscError('FSC7226', 2, 'the options are no object', null, 'write { project: folder }, or nothing');
  for (const [name, value] of Object.entries(options)) {
    if (!isOption(name)) throw unknownOption(name, `connect takes ${TOLD_OPTIONS}`);
    const { fits, fault } = FITS[name];
    if (value !== undefined && !fits(value))
      throw new FscError('FSC7226', 2, `\`${name}\` ${fault}`, null, 'leave it out for the default');
  }
}

function isOption(name: string): name is keyof ConnectOptions {
  return Object.hasOwn(FITS, name);
}

export function unknownOption(name: string, known: string): FscError {
  return new FscError('FSC7226', 2, `unknown option \`${name}\`: ${known}`, null, null);
}
